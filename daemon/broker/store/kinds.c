/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to say what a descriptor is without waiting for anybody. The name under /proc/self/fd is made by the
 * kernel alone: a path begins with a slash, so no file can be called as those that have none. Seals are
 * known to memory files only, a domain to sockets only. What lies on the device of
 * the host's cgroup tree or bpffs is of it; the device is had without asking for attributes (AT_STATX_DONT_SYNC).
 * It refuses nothing; what it does not know is strange.
 */
#include "daemon/broker/store/kinds.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon/shared/kern_info.h"
#include "proto/own.h"

#define KINDS_ELEMENTS_MAX 65536u  /* of a map: looked through within a millisecond or two */
#define KINDS_MEMORY_MAX (1u << 20) /* of a file in memory that is given back within a millisecond */

static const struct {
	const char *name;
	bool is_start;	/* a number follows */
	enum kind kind;
} kinds_names[] = {
	{ "anon_inode:bpf-map", false, KIND_MAP },
	{ "anon_inode:bpf-prog", false, KIND_PROG },
	{ "anon_inode:bpf_link", false, KIND_LINK },	/* as made */
	{ "anon_inode:bpf-link", false, KIND_LINK },	/* as found by id or pin */
	{ "anon_inode:btf", false, KIND_BTF },
	{ "anon_inode:[perf_event]", false, KIND_PERF_EVENT },
	{ "anon_inode:[pidfd]", false, KIND_PIDFD },
	{ "pidfd:[", true, KIND_PIDFD },	/* since Linux 6.9 */
	{ "net:[", true, KIND_NETNS },
};

/* Where the host has them: the cgroup tree alone or beside version 1. */
static const struct {
	const char *path;
	uint32_t magic;
	enum kind kind;
} kinds_roots[] = {
	{ "/sys/fs/cgroup", CGROUP2_SUPER_MAGIC, KIND_CGROUP },
	{ "/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC, KIND_CGROUP },
	{ "/sys/fs/bpf", BPF_FS_MAGIC, KIND_BPFFS },
};

static bool kinds_is_unix(int fd)
{
	socklen_t len = sizeof(int);
	int domain = 0;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

static enum kind kinds_of_device(int fd)
{
	struct statx stx;
	struct statfs fs;
	struct stat root;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &stx) < 0)
		return KIND_STRANGE;
	for (size_t i = 0; i < ARRAY_CNT(kinds_roots); i++)
		if (stat(kinds_roots[i].path, &root) == 0 &&
		    root.st_dev == makedev(stx.stx_dev_major, stx.stx_dev_minor) &&
		    statfs(kinds_roots[i].path, &fs) == 0 &&
		    (uint32_t)fs.f_type == kinds_roots[i].magic)
			return kinds_roots[i].kind;
	return KIND_STRANGE;
}

static enum kind kinds_of_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_CNT(kinds_names); i++)
		if (kinds_names[i].is_start ?
			    strncmp(name, kinds_names[i].name, strlen(kinds_names[i].name)) == 0 :
			    strcmp(name, kinds_names[i].name) == 0)
			return kinds_names[i].kind;
	return KIND_STRANGE;
}

void kinds_read_name(int fd, char *ret_name, size_t bytes)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, ret_name, bytes - 1);
	ret_name[n > 0 ? n : 0] = '\0';
}

enum kind kinds_of(int fd)
{
	char name[64];

	kinds_read_name(fd, name, sizeof(name));
	if (*name && *name != '/') {
		if (strncmp(name, "socket:", 7) == 0)
			return kinds_is_unix(fd) ? KIND_UNIX : KIND_STRANGE;
		return kinds_of_name(name);
	}
	if (fcntl(fd, F_GET_SEALS) >= 0)
		return KIND_MEMFD;
	return *name ? kinds_of_device(fd) : KIND_STRANGE;
}

/* Its blocks, not its size: some may lie past the end. What is sealed does not grow any more. */
static bool kinds_is_small(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (uint64_t)st.st_blocks * 512 <= KINDS_MEMORY_MAX;
}

/* Who closes the last of a map's descriptors looks through its elements for timers and the like. */
static bool kinds_has_few_elements(int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return kern_info_get(fd, &info, &len) == 0 && info.max_entries <= KINDS_ELEMENTS_MAX;
}

bool kinds_close_is_quick(int fd)
{
	enum kind kind = kinds_of(fd);

	return kind == KIND_PROG || kind == KIND_BTF || kind == KIND_BPFFS ||
	       (kind == KIND_MAP && kinds_has_few_elements(fd)) ||
	       (kind == KIND_MEMFD && (fcntl(fd, F_GET_SEALS) & F_SEAL_GROW) && kinds_is_small(fd));
}

bool kinds_may_be_passed_on(int fd)
{
	enum kind kind = kinds_of(fd);

	return kind != KIND_STRANGE && kind != KIND_UNIX && kind != KIND_MEMFD;
}
