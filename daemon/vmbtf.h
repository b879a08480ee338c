/* SPDX-License-Identifier: Apache-2.0 */
/* Names of types and functions in the running kernel's BTF, by id. */
#ifndef BPFGATE_DAEMON_VMBTF_H
#define BPFGATE_DAEMON_VMBTF_H

#include <stddef.h>
#include <stdint.h>

/*
 * The name of type `id`, written to ret_name (cut to fit), and its BTF kind as the result. -ENOENT when
 * there is no such id or it has no name; -errno when the kernel has no BTF. Reads the file anew: it
 * is the kernel's, megabytes large, and seldom asked.
 */
int vmbtf_find_name(uint32_t id, char *ret_name, size_t name_bytes);

#endif
