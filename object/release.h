/* SPDX-License-Identifier: Apache-2.0 */
/* How bundles and profiles name a kernel (BUNDLE.md, section 15). */
#ifndef BPFGATE_OBJECT_RELEASE_H
#define BPFGATE_OBJECT_RELEASE_H

#include <stddef.h>

#define RELEASE_BYTES 96

/* The running kernel: "6.18.44-fc", "6.1.0-56-amd64 (6.1.192)"; "" when uname fails. */
void release_running(char *text, size_t text_bytes);

/* The version a profile is named by: "6.18.44", "6.1.192". */
void release_version(const char *release, char *version, size_t version_bytes);

#endif
