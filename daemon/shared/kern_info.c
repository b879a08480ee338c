/* SPDX-License-Identifier: Apache-2.0 */
/* Promises to look at objects and nothing else: the one thing that the broker may ask bpf(2) for. */
#include "daemon/shared/kern_info.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int kern_info_get(int fd, void *info, uint32_t *len)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = *len;
	attr.info.info = (uint64_t)(uintptr_t)info;
	if (syscall(__NR_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr.info)) < 0)
		return -errno;
	*len = attr.info.info_len;
	return 0;
}
