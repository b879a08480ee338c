/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's calls for names of files, replaced for what lies below the bpffs: there pins are files for the caller, whose
 * names are the daemon's. Of every other path only the text is looked at, and the kernel is asked as before.
 */
#include "client/library/pinfile.h"
#include "client/preload/preload.h"
#include "client/preload/preload_pins.h"
#include "client/library/self.h"
#include "proto/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Variants of large files, which headers declare only to those who ask. */
struct stat64;
struct statfs64;
int stat64(const char *path, struct stat64 *st);
int lstat64(const char *path, struct stat64 *st);
int fstatat64(int dir_fd, const char *path, struct stat64 *st, int flags);
int statfs64(const char *path, struct statfs64 *fs);
int euidaccess(const char *path, int mode);
int eaccess(const char *path, int mode);
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);

static struct pinfile_view pins_view(struct codec_source *src)
{
	self_init_source(src);
	return (struct pinfile_view){ .src = src };
}

bool preload_pins_open(int dir_fd, const char *path, int flags, mode_t mode, int *ret_fd)
{
	struct codec_source src;
	const struct pinfile_view view = pins_view(&src);
	char plain[PATH_MAX];
	enum pinfile_where where = pinfile_find(0, dir_fd, path, plain);

	return pinfile_open(&view, where, plain, flags, mode, ret_fd);
}

/* What to look at instead of the caller's path: that, from the root, or (*dir_fd, path) as they were. */
static const char *pins_look_at(int *dir_fd, const char *path, char at[PATH_MAX])
{
	struct codec_source src;
	char plain[PATH_MAX];
	enum pinfile_where where = pinfile_find(0, *dir_fd, path, plain);

	if (where == PINFILE_ELSEWHERE)
		return path;
	const struct pinfile_view view = pins_view(&src);

	if (!pinfile_stand_in(&view, where, plain, at))
		return path;
	*dir_fd = AT_FDCWD;
	return at;
}

/* ---- looking ---- */

static int pins_stat(int dir_fd, const char *path, void *st, int flags)
{
	char at[PATH_MAX];

	path = pins_look_at(&dir_fd, path, at);
	return (int)preload_result(raw_syscall(__NR_newfstatat, dir_fd, (long)path, (long)st, flags, 0, 0));
}

PUBLIC int stat(const char *restrict path, struct stat *restrict st)
{
	return pins_stat(AT_FDCWD, path, st, 0);
}

PUBLIC int lstat(const char *restrict path, struct stat *restrict st)
{
	return pins_stat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

PUBLIC int fstatat(int dir_fd, const char *restrict path, struct stat *restrict st, int flags)
{
	return pins_stat(dir_fd, path, st, flags);
}

/* On these machines the two structs are one. */
PUBLIC int stat64(const char *path, struct stat64 *st)
{
	return pins_stat(AT_FDCWD, path, st, 0);
}

PUBLIC int lstat64(const char *path, struct stat64 *st)
{
	return pins_stat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

PUBLIC int fstatat64(int dir_fd, const char *path, struct stat64 *st, int flags)
{
	return pins_stat(dir_fd, path, st, flags);
}

PUBLIC int statx(int dir_fd, const char *restrict path, int flags, unsigned int mask, struct statx *restrict st)
{
	char at[PATH_MAX];

	path = pins_look_at(&dir_fd, path, at);
	return (int)preload_result(raw_syscall(__NR_statx, dir_fd, (long)path, flags, (long)mask, (long)st, 0));
}

/* It is the bpffs that a pin lies in, whatever its stand-in lies in. */
static int pins_statfs(const char *path, void *fs)
{
	char at[PATH_MAX];
	int dir_fd = AT_FDCWD;

	if (pins_look_at(&dir_fd, path, at) == at)
		path = PINFILE_BPFFS;
	return (int)preload_result(raw_syscall(__NR_statfs, (long)path, (long)fs, 0, 0, 0, 0));
}

PUBLIC int statfs(const char *path, struct statfs *fs)
{
	return pins_statfs(path, fs);
}

PUBLIC int statfs64(const char *path, struct statfs64 *fs)
{
	return pins_statfs(path, fs);
}

long preload_pins_access(int dir_fd, const char *path, int mode)
{
	char at[PATH_MAX];

	path = pins_look_at(&dir_fd, path, at);
	return raw_syscall(__NR_faccessat, dir_fd, (long)path, mode, 0, 0, 0);
}

PUBLIC int faccessat(int dir_fd, const char *path, int mode, int flags)
{
	char at[PATH_MAX];
	long r;

	if (flags == 0)
		return (int)preload_result(preload_pins_access(dir_fd, path, mode));
	path = pins_look_at(&dir_fd, path, at);
	r = raw_syscall(__NR_faccessat2, dir_fd, (long)path, mode, flags, 0, 0);
	return (int)preload_result(r == -ENOSYS ? -EINVAL : r);
}

PUBLIC int euidaccess(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

PUBLIC int eaccess(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

/* There, what it is called is the stand-in's: relative paths mean the same as before. */
PUBLIC int chdir(const char *path)
{
	char at[PATH_MAX];
	int dir_fd = AT_FDCWD;

	path = pins_look_at(&dir_fd, path, at);
	return (int)preload_result(raw_syscall(__NR_chdir, (long)path, 0, 0, 0, 0, 0));
}

/* ---- changing ---- */

PUBLIC int mkdirat(int dir_fd, const char *path, mode_t mode)
{
	struct codec_source src;
	const struct pinfile_view view = pins_view(&src);
	struct call_outcome outcome = { 0 };
	char plain[PATH_MAX];

	if (pinfile_find(0, dir_fd, path, plain) == PINFILE_ELSEWHERE)
		return (int)preload_result(raw_syscall(__NR_mkdirat, dir_fd, (long)path, (long)mode, 0, 0, 0));
	return (int)preload_result(pinfile_mkdir(&view, plain, mode, &outcome));
}

PUBLIC int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

PUBLIC int unlinkat(int dir_fd, const char *path, int flags)
{
	struct codec_source src;
	const struct pinfile_view view = pins_view(&src);
	char plain[PATH_MAX];

	if (flags & ~AT_REMOVEDIR || pinfile_find(0, dir_fd, path, plain) == PINFILE_ELSEWHERE)
		return (int)preload_result(raw_syscall(__NR_unlinkat, dir_fd, (long)path, flags, 0, 0, 0));
	return (int)preload_result(flags & AT_REMOVEDIR ? pinfile_rmdir(&view, plain) : pinfile_unlink(&view, plain));
}

PUBLIC int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

PUBLIC int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

PUBLIC int remove(const char *path)
{
	int saved = errno;

	if (unlink(path) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	errno = saved;
	return rmdir(path);
}

PUBLIC int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	struct codec_source src;
	const struct pinfile_view view = pins_view(&src);
	struct call_outcome outcome = { 0 };
	char old[PATH_MAX], new[PATH_MAX];

	if (pinfile_find(0, from_fd, from, old) == PINFILE_ELSEWHERE ||
	    pinfile_find(0, to_fd, to, new) == PINFILE_ELSEWHERE)
		return (int)preload_result(raw_syscall(__NR_renameat2, from_fd, (long)from, to_fd, (long)to, (long)flags, 0));
	return (int)preload_result(pinfile_rename(&view, old, new, flags, &outcome));
}

PUBLIC int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}

PUBLIC int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}
