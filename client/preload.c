/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's syscall(), replaced: bpf() goes through libbpfgate, everything else to the kernel as before.
 * libbpf, bpftool, BCC and their like issue bpf() through this function. Also readlink() of
 * /proc/self/fd/N, because tools read there what kind of BPF object an fd is, and a handle would say
 * "socket"; perf_event_open() of the events that BPF programs write into; and unlink() of what was pinned below the bpffs, since those pins are the daemon's. Promises to change nothing else: no constructor, no signal, no environment.
 */
#include "client/bpfgate.h"
#include "client/perf.h"
#include "proto/raw.h"
#include "client/whatfd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where every tool pins. */
#define PRELOAD_BPFFS "/sys/fs/bpf/"

#define PUBLIC __attribute__((visibility("default")))

/* glibc's fortified variants, which its headers declare only to fortified callers. */
ssize_t __readlink_chk(const char *path, char *buf, size_t bytes, size_t buf_bytes);
ssize_t __readlinkat_chk(int dir_fd, const char *path, char *buf, size_t bytes, size_t buf_bytes);

static long preload_result(long r)
{
	if (r >= 0 || r < -4095)
		return r;
	errno = (int)-r;
	return -1;
}

/* The kernel first: most events need nobody's help. */
static long preload_perf(const long *args)
{
	long r = raw_syscall(__NR_perf_event_open, args[0], args[1], args[2], args[3], args[4], 0);

	if (r == -EACCES || r == -EPERM) {
		int fd = perf_open_output((const struct perf_event_attr *)args[0], (pid_t)args[1],
					  (int)args[2], (int)args[3]);

		r = fd >= 0 ? fd : r;
	}
	return preload_result(r);
}

PUBLIC long syscall(long nr, ...)
{
	long args[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == __NR_perf_event_open)
		return preload_perf(args);
	if (nr == __NR_bpf)
		return bpfgate_bpf((int)args[0], (void *)args[1], (unsigned int)args[2]);
	return preload_result(
		raw_syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]));
}

PUBLIC ssize_t readlinkat(int dir_fd, const char *restrict path, char *restrict buf, size_t bytes)
{
	long r = raw_syscall(__NR_readlinkat, dir_fd, (long)path, (long)buf, (long)bytes, 0, 0);

	if (r > 0)
		r = whatfd_rename_link(path, buf, (size_t)r, bytes);
	return preload_result(r);
}

PUBLIC ssize_t readlink(const char *restrict path, char *restrict buf, size_t bytes)
{
	return readlinkat(AT_FDCWD, path, buf, bytes);
}

PUBLIC ssize_t __readlinkat_chk(int dir_fd, const char *path, char *buf, size_t bytes,
				size_t buf_bytes)
{
	if (bytes > buf_bytes)
		abort();
	return readlinkat(dir_fd, path, buf, bytes);
}

PUBLIC ssize_t __readlink_chk(const char *path, char *buf, size_t bytes, size_t buf_bytes)
{
	return __readlinkat_chk(AT_FDCWD, path, buf, bytes, buf_bytes);
}

/* The daemon is asked only about what the kernel would not remove, and only below the bpffs. */
static bool preload_is_pin(const char *path)
{
	return !strncmp(path, PRELOAD_BPFFS, strlen(PRELOAD_BPFFS));
}

PUBLIC int unlink(const char *path)
{
	long r = raw_syscall(__NR_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);

	if (r < 0 && r != -EFAULT && preload_is_pin(path) && bpfgate_unpin(path) == 0)
		r = 0;
	return (int)preload_result(r);
}
