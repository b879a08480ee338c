/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's ways to open a file and to ask whether it is there, replaced for those files of root's
 * that the daemon shows: of tracefs, and /proc/kallsyms. The kernel is asked first and its answer stands for every other file; so
 * root, and who may read tracefs, sees the kernel's own. Promises to change nothing else.
 */
#include "client/preload/preload.h"
#include "client/preload/preload_pins.h"
#include "client/library/tracefile.h"
#include "proto/own.h"
#include "proto/raw.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's fopen() under another name; where there is none ours is made of open() and fdopen(). */
FILE *_IO_fopen(const char *path, const char *mode) __attribute__((weak));

/* Variants of large files and of fortified callers, which headers declare only to those. */
int open64(const char *path, int flags, ...);
int openat64(int dir_fd, const char *path, int flags, ...);
FILE *fopen64(const char *path, const char *mode);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir_fd, const char *path, int flags);
int __openat64_2(int dir_fd, const char *path, int flags);

/* The daemon's file; else the kernel's answer. */
static long files_show(const char *path, int flags, long answer)
{
	int fd, kernels = (int)answer;

	if (flags & (O_ACCMODE | O_PATH | O_CREAT))
		return answer;
	fd = tracefile_instead(path, true, answer);
	if (fd < 0)
		return answer;
	if (kernels >= 0)
		own_close_fd(&kernels);
	if (!(flags & O_CLOEXEC))
		(void)fcntl(fd, F_SETFD, 0);
	return fd;
}

static int files_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	int pin;
	long r;

	if (preload_pins_open(dir_fd, path, flags, mode, &pin))
		return (int)preload_result(pin);
	r = raw_syscall(__NR_openat, dir_fd, (long)path, flags, (long)mode, 0, 0);
	return (int)preload_result(r == -EFAULT ? r : files_show(path, flags, r));
}

/* The mode, which is there only with flags that make a file. */
#define FILES_MODE(flags, last, mode)                                                              \
	do {                                                                                       \
		va_list ap;                                                                        \
		if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) {                         \
			va_start(ap, last);                                                        \
			(mode) = va_arg(ap, mode_t);                                               \
			va_end(ap);                                                                \
		}                                                                                  \
	} while (0)

PUBLIC int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	FILES_MODE(flags, flags, mode);
	return files_open(AT_FDCWD, path, flags, mode);
}

PUBLIC int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	FILES_MODE(flags, flags, mode);
	return files_open(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

PUBLIC int openat(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	FILES_MODE(flags, flags, mode);
	return files_open(dir_fd, path, flags, mode);
}

PUBLIC int openat64(int dir_fd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	FILES_MODE(flags, flags, mode);
	return files_open(dir_fd, path, flags | O_LARGEFILE, mode);
}

/* The fortified ones take no mode, and end the process where one would be needed. */
static int files_open_2(int dir_fd, const char *path, int flags)
{
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		abort();
	return files_open(dir_fd, path, flags, 0);
}

PUBLIC int __open_2(const char *path, int flags)
{
	return files_open_2(AT_FDCWD, path, flags);
}

PUBLIC int __open64_2(const char *path, int flags)
{
	return files_open_2(AT_FDCWD, path, flags | O_LARGEFILE);
}

PUBLIC int __openat_2(int dir_fd, const char *path, int flags)
{
	return files_open_2(dir_fd, path, flags);
}

PUBLIC int __openat64_2(int dir_fd, const char *path, int flags)
{
	return files_open_2(dir_fd, path, flags | O_LARGEFILE);
}

/* ---- streams ---- */

static FILE *files_fopen_plainly(const char *path, const char *mode)
{
	int access = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
	int flags = access |
		    (*mode == 'w'   ? O_CREAT | O_TRUNC
		     : *mode == 'a' ? O_CREAT | O_APPEND
				    : 0) |
		    (strchr(mode, 'e') ? O_CLOEXEC : 0) | (strchr(mode, 'x') ? O_EXCL : 0);
	int fd = files_open(AT_FDCWD, path, flags, 0666);
	FILE *file = fd < 0 ? NULL : fdopen(fd, mode);

	if (fd >= 0 && !file)
		own_close_fd(&fd);
	return file;
}

PUBLIC FILE *fopen(const char *path, const char *mode)
{
	FILE *file = _IO_fopen ? _IO_fopen(path, mode) : NULL, *shown;
	int saved = errno, fd;

	if (!_IO_fopen)
		return files_fopen_plainly(path, mode);
	if (*mode != 'r' || strchr(mode, '+') || (!file && saved == EFAULT))
		return file;
	if (file || !preload_pins_open(AT_FDCWD, path, O_RDONLY | (strchr(mode, 'e') ? O_CLOEXEC : 0), 0, &fd))
		fd = tracefile_instead(path, true, file ? 0 : -saved);
	shown = fd < 0 ? NULL : fdopen(fd, mode);
	if (shown && !strchr(mode, 'e'))
		(void)fcntl(fd, F_SETFD, 0);
	if (fd >= 0 && !shown)
		own_close_fd(&fd);
	if (shown && file)
		(void)fclose(file);
	errno = saved;
	return shown ? shown : file;
}

PUBLIC FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

/* A list of events that is not there for the caller: said, too. */
PUBLIC DIR *opendir(const char *path)
{
	int fd = files_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		own_close_fd(&fd);
	return dir;
}

/* ---- is it there? ---- */

static long files_look(const char *path, int mode, long refusal)
{
	int fd = mode & (W_OK | X_OK) ? -1 : tracefile_instead(path, false, refusal);

	if (fd < 0)
		return refusal;
	own_close_fd(&fd);
	return 0;
}

PUBLIC int access(const char *path, int mode)
{
	long r = preload_pins_access(AT_FDCWD, path, mode);

	return (int)preload_result(r < 0 && r != -EFAULT ? files_look(path, mode, r) : r);
}
