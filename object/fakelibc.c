/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libc functions through which libbpf would reach the kernel and its files, defined by the
 * binary itself. Promises that no bpf(2) leaves a process that links this file: __NR_bpf is answered
 * here, always; every other system call goes to the kernel as asked. The pointer below is the one
 * global that this costs: neither syscall() nor fopen() carries a context.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* not zlib.h: with large files it makes one name of gzopen() and gzopen64(), both of which are defined here */
struct gzFile_s;
struct gzFile_s *gzdopen(int fd, const char *mode);
struct gzFile_s *gzopen(const char *path, const char *mode);
struct gzFile_s *gzopen64(const char *path, const char *mode);

#include "object/fakebpf.h"
#include "object/rawcall.h"
#include "proto/own.h"

#define EXPORT __attribute__((visibility("default")))

static const char vmlinux_path[] = "/sys/kernel/btf/vmlinux", symbols_path[] = "/proc/kallsyms";

static struct fakebpf *current_fake;

void fakelibc_use(struct fakebpf *fake)
{
	current_fake = fake;
}

RAWCALL_VARARGS EXPORT long syscall(long nr, ...)
{
	long arg[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < ARRAY_CNT(arg); i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (nr != __NR_bpf)
		ret = rawcall(nr, arg);
	else if (current_fake)
		ret = fakebpf_call(current_fake, (unsigned int)arg[0], (void *)arg[1],
				   (unsigned int)arg[2]);
	else
		ret = -EPERM;
	if (ret < 0 && ret >= -4095) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

/* The target's BTF, whatever kernel runs; NULL with ENOENT when there is none. */
static FILE *open_vmlinux(void)
{
	size_t bytes;
	const void *btf = fakebpf_vmlinux(current_fake, &bytes);

	if (btf && bytes)
		return fmemopen((void *)btf, bytes, "r");
	errno = ENOENT;
	return NULL;
}

/* The target's symbols. No file is needed for them: a judge may make none. */
static FILE *open_symbols(void)
{
	const char *text = fakebpf_kallsyms(current_fake);

	if (text)
		return fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	errno = ENOENT;
	return NULL;
}

/* While a fake is in use, no other file exists; else files are opened, for reading only. */
static FILE *open_for_reading(const char *path, const char *mode)
{
	OWN_FD int fd = -1;
	FILE *file;

	if (mode[0] != 'r' || strchr(mode, '+')) {
		errno = EACCES;
		return NULL;
	}
	if (current_fake) {
		if (!strcmp(path, vmlinux_path))
			return open_vmlinux();
		if (!strcmp(path, symbols_path))
			return open_symbols();
		errno = ENOENT;
		return NULL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (file)
		(void)TAKE_FD(fd);
	return file;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	return open_for_reading(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	return open_for_reading(path, mode);
}

EXPORT int faccessat(int dir_fd, const char *path, int mode, int flags)
{
	const long arg[6] = { dir_fd, (long)path, mode, 0, 0, 0 };
	long ret = -ENOENT;
	size_t bytes;

	if (!current_fake)
		ret = rawcall(__NR_faccessat, arg);
	else if (!strcmp(path, vmlinux_path) && fakebpf_vmlinux(current_fake, &bytes))
		ret = 0;
	if (ret >= 0)
		return 0;
	errno = (int)-ret;
	return -1;
}

EXPORT int access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, 0);
}

/* Configurations come as text, through libbpf's options: the files that it looks for are this machine's. */
static struct gzFile_s *open_gz(const char *path, const char *mode)
{
	OWN_FD int fd = -1;
	struct gzFile_s *file;

	if (current_fake || mode[0] != 'r') {
		errno = current_fake ? ENOENT : EACCES;
		return NULL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : gzdopen(fd, mode);
	if (file)
		(void)TAKE_FD(fd);
	return file;
}

EXPORT struct gzFile_s *gzopen64(const char *path, const char *mode)
{
	return open_gz(path, mode);
}

EXPORT struct gzFile_s *gzopen(const char *path, const char *mode)
{
	return open_gz(path, mode);
}

/* "#1 SMP Debian 6.1.192-1": where the version is not in the release it is in brackets after it. */
static void pretend_uname(struct utsname *un, const char *release)
{
	const char *version = strchr(release, '(');

	(void)snprintf(un->release, sizeof(un->release), "%.*s", (int)strcspn(release, " "), release);
	(void)snprintf(un->version, sizeof(un->version), "#1 SMP");
	if (version)
		(void)snprintf(un->version, sizeof(un->version), "#1 SMP Debian %.*s-1",
			       (int)strcspn(version + 1, ")"), version + 1);
}

EXPORT int uname(struct utsname *un)
{
	const char *release = current_fake ? fakebpf_release(current_fake) : NULL;
	long ret = rawcall3(__NR_uname, (long)un, 0, 0);

	if (ret < 0) {
		errno = (int)-ret;
		return -1;
	}
	if (release)
		pretend_uname(un, release);
	return 0;
}
