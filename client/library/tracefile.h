/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the kernel that tracing clients read and that are root's: having them shown by the
 * daemon. */
#ifndef BPFGATE_CLIENT_TRACEFILE_H
#define BPFGATE_CLIENT_TRACEFILE_H

#include <stdbool.h>

/* Whether opening this path may show root more than others: below tracefs, where that is mounted,
 * and /proc/kallsyms. */
bool tracefile_concerns(const char *path);

/*
 * What to give in place of the kernel's answer to an open for reading, or (!opens) to whether that
 * is possible; r: -errno, or not negative. The daemon's file, the caller's, at its beginning and
 * close-on-exec; or -1: the kernel's answer stands. If that shows less than root sees, it has been
 * said on stderr, once in a process for tracefs and once for the kernel's addresses, with the rule
 * that would show it.
 */
int tracefile_instead(const char *path, bool opens, long r);

#endif
