/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc/self/fd says of a handle. Asks the daemon only about sockets of the kind handles are;
 * every other link stays as the kernel gave it, and so does one the daemon knows nothing about.
 */
#include "client/library/whatfd.h"

#include "client/library/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between the largest struct bpf_map_info and the smallest bpf_prog_info of any kernel since 5.10. */
enum { WHATFD_MAP_INFO_MAX = 136, WHATFD_INFO_BYTES = 256 };

int whatfd_number(const char *path, pid_t pid)
{
	char own[32];
	char *end;
	long n;

	snprintf(own, sizeof(own), "/proc/%d/fd/", (int)pid);
	if (!strncmp(path, "/proc/self/fd/", 14))
		path += 14;
	else if (!strncmp(path, own, strlen(own)))
		path += strlen(own);
	else
		return -1;
	n = strtol(path, &end, 10);
	return end == path || *end || n < 0 || n > INT32_MAX ? -1 : (int)n;
}

const char *whatfd_name(int fd)
{
	struct call_outcome ignored;
	uint8_t info[WHATFD_INFO_BYTES] = { 0 };
	uint8_t attr[ATTR_BYTES] = { 0 };

	if (!call_maybe_handle(fd))
		return NULL;
	attr_put_u32(attr, ATTR_INFO_BPF_FD, (uint32_t)fd);
	attr_put_u32(attr, ATTR_INFO_INFO_LEN, sizeof(info));
	attr_put_u64(attr, ATTR_INFO_INFO, (uintptr_t)info);
	if (call_bpf(CMD_OBJ_GET_INFO_BY_FD, attr, ATTR_END_INFO_INFO, &ignored) < 0)
		return NULL;
	return attr_u32(attr, ATTR_INFO_INFO_LEN) > WHATFD_MAP_INFO_MAX ? "anon_inode:bpf-prog" :
									  "anon_inode:bpf-map";
}

long whatfd_rename_link(const char *path, char *buf, size_t link_bytes, size_t buf_bytes)
{
	const char *name;
	int fd;

	if (link_bytes < 7 || memcmp(buf, "socket:", 7))
		return (long)link_bytes;
	fd = whatfd_number(path, getpid());
	name = fd < 0 ? NULL : whatfd_name(fd);
	if (!name)
		return (long)link_bytes;
	link_bytes = strlen(name) < buf_bytes ? strlen(name) : buf_bytes;
	memcpy(buf, name, link_bytes);
	return (long)link_bytes;
}
