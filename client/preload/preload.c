/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's syscall(), replaced: bpf() goes through libbpfgate, everything else to the kernel as before.
 * libbpf, bpftool, BCC and their like issue bpf() through this function. Also readlink() of
 * /proc/self/fd/N, because tools read there what kind of BPF object an fd is, and a handle would say
 * "socket"; perf_event_open() of the events that BPF programs are attached to or write into, and the ioctl() that attaches
 * one; what names of files need is in preload_pins.c and preload_files.c. Promises to change nothing else: no constructor, no signal, no environment.
 */
#include "client/bpfgate.h"
#include "client/library/call.h"
#include "client/library/perf.h"
#include "client/preload/preload.h"
#include "client/library/self.h"
#include "proto/raw.h"
#include "client/library/whatfd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's fortified variants, which its headers declare only to fortified callers. */
ssize_t __readlink_chk(const char *path, char *buf, size_t bytes, size_t buf_bytes);
ssize_t __readlinkat_chk(int dir_fd, const char *path, char *buf, size_t bytes, size_t buf_bytes);

/* Asks the daemon; the kernel's own refusal stands where nobody could have said more. */
static long preload_ask_perf(const long *args, long refusal)
{
	struct codec_source src;
	const struct perf_caller caller = { &src, 0 };
	const struct perf_args perf = { (uint64_t)args[0], (pid_t)args[1], (int)args[2], (int)args[3],
					(unsigned long)args[4] };
	OWN_PERF_REQUEST struct perf_request request = PERF_REQUEST_INIT;
	const char *why;
	int fd;

	self_init_source(&src);
	if (perf_describe(&caller, &perf, &request, &why) < 0)
		return refusal;
	fd = bpfgate_bpf(CMD_PERF_EVENT_OPEN, &request.open, sizeof(request.open));
	if (fd < 0)
		return errno == EPERM ? refusal : -errno;
	if (!(perf.flags & PERF_FLAG_FD_CLOEXEC))
		(void)fcntl(fd, F_SETFD, 0);
	return fd;
}

/* The kernel first: what it grants needs nobody's help. */
static long preload_perf(const long *args)
{
	long r = raw_syscall(__NR_perf_event_open, args[0], args[1], args[2], args[3], args[4], 0);

	if (r == -EACCES || r == -EPERM)
		r = preload_ask_perf(args, r);
	return preload_result(r);
}

/* To the kernel a handle is not a program, which is EINVAL. */
static long preload_set_bpf(int perf_fd, int prog_fd)
{
	long r = raw_syscall(__NR_ioctl, perf_fd, (long)PERF_EVENT_IOC_SET_BPF, prog_fd, 0, 0, 0);
	struct perf_set_bpf set = { perf_fd, prog_fd };

	if (r == -EINVAL && call_maybe_handle(prog_fd))
		return bpfgate_bpf(CMD_PERF_EVENT_SET_BPF, &set, sizeof(set));
	return preload_result(r);
}

PUBLIC int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	long arg;

	va_start(ap, request);
	arg = va_arg(ap, long);
	va_end(ap);
	if (request == PERF_EVENT_IOC_SET_BPF)
		return (int)preload_set_bpf(fd, (int)arg);
	return (int)preload_result(raw_syscall(__NR_ioctl, fd, (long)request, arg, 0, 0, 0));
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
