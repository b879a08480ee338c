/* SPDX-License-Identifier: Apache-2.0 */
/* What the preload library's other replaced calls do with pins. */
#ifndef BPFGATE_CLIENT_PRELOAD_PINS_H
#define BPFGATE_CLIENT_PRELOAD_PINS_H

#include <stdbool.h>
#include <sys/types.h>

/* true: it is about a pin, or about a directory in which some lie; *ret_fd is a descriptor or -errno. */
bool preload_pins_open(int dir_fd, const char *path, int flags, mode_t mode, int *ret_fd);

/* As the system call, also for pins. */
long preload_pins_access(int dir_fd, const char *path, int mode);

#endif
