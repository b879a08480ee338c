/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of an object that is held already. */
#ifndef BPFGATE_DAEMON_KERN_INFO_H
#define BPFGATE_DAEMON_KERN_INFO_H

#include <stdint.h>

/* OBJ_GET_INFO_BY_FD: at most *len bytes into info; *len becomes the kernel's count. 0 or -errno. */
int kern_info_get(int fd, void *info, uint32_t *len);

#endif
