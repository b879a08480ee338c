/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a ledger is replaced whole or not at all, that none is deleted before its records
 * are in another, and that one which is begun names everything that is pinned already, so that no
 * broker lets go of it.
 */
#include "daemon/parent/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon/parent/ledger_copy.h"
#include "proto/own.h"

#define PATH_BYTES 512

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* ---- files ----------------------------------------------------------------------------------- */

/* An empty memfd that no later process can make executable. */
static int make_memory(int *ret_fd)
{
	OWN_FD int fd =
		memfd_create("bpfgate-ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before 6.3 */
		fd = memfd_create("bpfgate-ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int check_file(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077)
		return -EPERM;
	return fs.f_type == TMPFS_MAGIC ? 0 : -ENOTSUP;
}

static int is_same_file(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}

static int copy_range(int from, int to, off_t at, off_t end)
{
	char buf[65536];

	while (at < end) {
		size_t want = end - at < (off_t)sizeof(buf) ? (size_t)(end - at) : sizeof(buf);
		ssize_t got = pread(from, buf, want, at);

		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		if (pwrite(to, buf, (size_t)got, at) != got)
			return -EIO;
		at += got;
	}
	return 0;
}

/* Holes stay holes: the ledger is mostly those. */
static int copy_sparse(int from, int to)
{
	off_t size = lseek(from, 0, SEEK_END), at = 0, hole;
	int r = size < 0 || ftruncate(to, 0) < 0 || ftruncate(to, size) < 0 ? -errno : 0;

	while (r == 0 && (at = lseek(from, at, SEEK_DATA)) >= 0) {
		hole = lseek(from, at, SEEK_HOLE);
		r = hole < 0 ? -errno : copy_range(from, to, at, hole);
		at = hole;
	}
	return r;
}

static int path_new(const char *path, char *ret_path)
{
	return snprintf(ret_path, PATH_BYTES, "%s.new", path) >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

static int path_aside(const char *path, uint32_t i, char *ret_path)
{
	return snprintf(ret_path, PATH_BYTES, "%s.aside-%u", path, i + 1) >= PATH_BYTES
		       ? -ENAMETOOLONG
		       : 0;
}

/* Written aside, to be renamed: whoever dies meanwhile leaves the old one. Without a path, memory.
 */
static int make_fresh(const char *path, int *ret_fd)
{
	OWN_FD int fd = -1;
	char fresh[PATH_BYTES];
	int r = path ? path_new(path, fresh) : make_memory(ret_fd);

	if (r < 0 || !path)
		return r;
	(void)unlink(fresh);
	fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : check_file(fd);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

static int put_in_place(const char *path)
{
	char fresh[PATH_BYTES];
	int r = path ? path_new(path, fresh) : 0;

	if (r < 0 || !path)
		return r;
	return rename(fresh, path) < 0 ? -errno : 0;
}

static int replace_file(const char *path, int old_fd, int *ret_fd)
{
	OWN_FD int fd = -1;
	int r = make_fresh(path, &fd);

	if (r == 0 && old_fd >= 0)
		r = copy_sparse(old_fd, fd);
	if (r == 0)
		r = put_in_place(path);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

static int open_file(const char *path, int old_fd, int *ret_fd)
{
	OWN_FD int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0 && errno != ENOENT)
		return -errno;
	if (fd < 0 || (old_fd >= 0 && !is_same_file(fd, old_fd)))
		return replace_file(path, old_fd, ret_fd);
	r = check_file(fd);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

static int open_any(const char *path, struct ledger_file *file)
{
	OWN_FD int fd = -1;
	int r;

	if (!path && file->fd >= 0)
		return 0;
	r = path ? open_file(path, file->fd, &fd) : make_memory(&fd);
	if (r < 0)
		return r;
	own_close_fd(&file->fd);
	file->fd = TAKE_FD(fd);
	return 0;
}

/* ---- a new ledger ---------------------------------------------------------------------------- */

/* Who pinned it is not known: it is root's, under a name that no client's pin can have. */
static void orphan_fill(const struct kept *kept, uint32_t number, struct ledger_rec *rec)
{
	rec->kind = LEDGER_PIN;
	rec->id = number;
	rec->pin.keep_id = kept->keep_id;
	rec->pin.obj_kind = kept->kind;
	rec->pin.obj_id = kept->obj_id;
	snprintf(rec->pin.path, sizeof(rec->pin.path), LEDGER_ORPHAN "%" PRIu64, kept->keep_id);
}

static int begin(const struct keep *keep, int fd)
{
	OWN_MEM struct ledger_rec *recs = calloc(HASH_COUNT(keep->by_id) + 1, sizeof(*recs));
	const struct kept *kept;
	uint32_t cnt = 0;

	if (!recs)
		return -ENOMEM;
	for (kept = keep->by_id; kept; kept = kept->hh.next)
		if (kept->pinned) {
			orphan_fill(kept, cnt + 1, &recs[cnt]);
			cnt++;
		}
	if (cnt)
		fprintf(stderr, "bpfgated: of %u pinned objects it is not known whose they are\n",
			cnt);
	return ledger_copy_recs(recs, cnt, fd);
}

/* ---- layouts --------------------------------------------------------------------------------- */

static int is_linked_to(const char *path, int fd)
{
	OWN_FD int other = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return other >= 0 && is_same_file(other, fd);
}

static int set_aside_file(const char *path, int fd)
{
	char aside[PATH_BYTES];

	for (uint32_t i = 0; i < LEDGER_ASIDE_MAX; i++) {
		int r = path_aside(path, i, aside);

		if (r < 0)
			return r;
		/* There already: the last one died before it had another in its place. */
		if (link(path, aside) == 0 || is_linked_to(aside, fd)) {
			fprintf(stderr,
				"bpfgated: the ledger is not of a version known here; it is kept as %s\n",
				aside);
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -ENOSPC;
}

static int set_aside(const char *path, struct ledger_file *file)
{
	if (path)
		return set_aside_file(path, file->fd);
	if (file->aside_cnt == LEDGER_ASIDE_MAX)
		return -ENOSPC;
	file->aside[file->aside_cnt++] = TAKE_FD(file->fd);
	return 0;
}

/* The old one goes when the new one is whole. */
static int make_readable(const char *path, const struct keep *keep, struct ledger_file *file)
{
	OWN_FD int fd = -1;
	int is = ledger_copy_look(file->fd), r;

	if (is < 0 || is == LEDGER_IS_OURS)
		return is < 0 ? is : 0;
	r = make_fresh(path, &fd);
	if (r == 0)
		r = is == LEDGER_IS_OLD ? ledger_copy(file->fd, fd) : begin(keep, fd);
	if (r == 0 && is == LEDGER_IS_UNKNOWN)
		r = set_aside(path, file);
	if (r == 0)
		r = put_in_place(path);
	if (r < 0)
		return r;
	own_close_fd(&file->fd);
	file->fd = TAKE_FD(fd);
	return 0;
}

static int take_over_files(const char *path, struct ledger_file *file)
{
	char aside[PATH_BYTES];

	for (uint32_t i = 0; path && i < LEDGER_ASIDE_MAX; i++) {
		OWN_FD int fd = -1;
		int r = path_aside(path, i, aside);

		if (r < 0)
			return r;
		fd = open(aside, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		if (check_file(fd) == 0 && ledger_copy(fd, file->fd) == 0)
			(void)unlink(aside);
		else
			file->set_aside++;
	}
	return 0;
}

static void take_over_memory(struct ledger_file *file)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < file->aside_cnt; i++) {
		if (ledger_copy(file->aside[i], file->fd) == 0)
			own_close_fd(&file->aside[i]);
		else
			file->aside[left++] = file->aside[i];
	}
	file->aside_cnt = left;
	file->set_aside += left;
}

int ledger_file_open(const char *path, const struct keep *keep, struct ledger_file *file)
{
	int r = open_any(path, file);

	file->set_aside = 0;
	if (r == 0)
		r = make_readable(path, keep, file);
	if (r == 0)
		r = take_over_files(path, file);
	if (r == 0)
		take_over_memory(file);
	return r;
}

void ledger_file_done(struct ledger_file *file)
{
	own_close_fd(&file->fd);
	for (uint32_t i = 0; i < file->aside_cnt; i++)
		own_close_fd(&file->aside[i]);
	file->aside_cnt = 0;
}
