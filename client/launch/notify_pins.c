/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to answer nothing but calls whose paths lead below the bpffs, and to do there with the launcher's rights, which
 * are the caller's, what the caller asked for. It trusts the paths no more than the caller: they were read once, and what
 * is done is done to what was read.
 */
#include "client/launch/notify_pins.h"

#include "client/launch/notify_filter.h"
#include "client/library/pinfile.h"
#include "proto/own.h"
#include "proto/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

struct pins_request {
	const struct other *other;
	const __u64 *args;
	const struct pins_row *row;
	struct pinfile_view view;
	enum pinfile_where where;
	char path[PATH_MAX], to[PATH_MAX];
	struct notify_pins_answer *answer;
};

/* Where the arguments stand; -1: the call has none. */
struct pins_row {
	uint32_t nr;
	int8_t dir, path, to_dir, to, flags, out, more;
	bool (*run)(struct pins_request *req);
};

static int pins_flags(const struct pins_request *req)
{
	return req->row->flags < 0 ? 0 : (int)req->args[req->row->flags];
}

static bool pins_answer(struct pins_request *req, long value)
{
	req->answer->value = value;
	return true;
}

static bool pins_look_at(const struct pins_request *req, char at[PATH_MAX])
{
	return pinfile_stand_in(&req->view, req->where, req->path, at);
}

static bool pins_write(struct pins_request *req, long r, const void *out, size_t bytes)
{
	const struct codec_source *src = &req->other->source;

	if (r >= 0)
		r = src->write(src->ctx, req->args[req->row->out], out, bytes);
	return pins_answer(req, r);
}

/* ---- the calls ---- */

static bool pins_open(struct pins_request *req)
{
	mode_t mode = (mode_t)req->args[req->row->more];
	int fd;

	if (!pinfile_open(&req->view, req->where, req->path, pins_flags(req) | O_CLOEXEC, mode, &fd))
		return false;
	req->answer->fd = fd;
	return pins_answer(req, fd < 0 ? fd : 0);
}

static bool pins_stat(struct pins_request *req)
{
	struct stat st = { 0 };
	char at[PATH_MAX];

	return pins_look_at(req, at) &&
	       pins_write(req,
			  raw_syscall(__NR_newfstatat, AT_FDCWD, (long)(uintptr_t)at, (long)(uintptr_t)&st,
				      pins_flags(req), 0, 0),
			  &st, sizeof(st));
}

static bool pins_statx(struct pins_request *req)
{
	struct statx st = { 0 };
	char at[PATH_MAX];

	return pins_look_at(req, at) &&
	       pins_write(req,
			  raw_syscall(__NR_statx, AT_FDCWD, (long)(uintptr_t)at, pins_flags(req),
				      (long)req->args[req->row->more], (long)(uintptr_t)&st, 0),
			  &st, sizeof(st));
}

/* It is the bpffs that a pin lies in, whatever its stand-in lies in. */
static bool pins_statfs(struct pins_request *req)
{
	struct statfs fs = { 0 };
	char at[PATH_MAX];

	return pins_look_at(req, at) &&
	       pins_write(req,
			  raw_syscall(__NR_statfs, (long)(uintptr_t)PINFILE_BPFFS, (long)(uintptr_t)&fs, 0, 0,
				      0, 0),
			  &fs, sizeof(fs));
}

static bool pins_access(struct pins_request *req)
{
	char at[PATH_MAX];

	return pins_look_at(req, at) &&
	       pins_answer(req, raw_syscall(__NR_faccessat, AT_FDCWD, (long)(uintptr_t)at,
					    (long)req->args[req->row->more], 0, 0, 0));
}

static bool pins_mkdir(struct pins_request *req)
{
	return pins_answer(req, pinfile_mkdir(&req->view, req->path, (mode_t)req->args[req->row->more],
					      &req->answer->outcome));
}

static bool pins_rmdir(struct pins_request *req)
{
	return pins_answer(req, pinfile_rmdir(&req->view, req->path));
}

static bool pins_unlink(struct pins_request *req)
{
	if (pins_flags(req) & ~AT_REMOVEDIR)
		return false;
	return pins_flags(req) ? pins_rmdir(req) : pins_answer(req, pinfile_unlink(&req->view, req->path));
}

static bool pins_rename(struct pins_request *req)
{
	return pins_answer(req, pinfile_rename(&req->view, req->path, req->to, (unsigned int)pins_flags(req),
					       &req->answer->outcome));
}

/* clang-format off */
/*	  number		dir path to_dir to flags out more */
static const struct pins_row pins_rows[] = {
	{ __NR_openat,		0,  1,	 -1,	-1, 2,	 -1, 3, pins_open },
	{ NOTIFY_OLD(open),	-1, 0,	 -1,	-1, 1,	 -1, 2, pins_open },
	{ __NR_newfstatat,	0,  1,	 -1,	-1, 3,	 2,  -1, pins_stat },
	{ NOTIFY_OLD(stat),	-1, 0,	 -1,	-1, -1,	 1,  -1, pins_stat },
	{ NOTIFY_OLD(lstat),	-1, 0,	 -1,	-1, -1,	 1,  -1, pins_stat },
	{ __NR_statx,		0,  1,	 -1,	-1, 2,	 4,  3, pins_statx },
	{ __NR_statfs,		-1, 0,	 -1,	-1, -1,	 1,  -1, pins_statfs },
	{ __NR_faccessat,	0,  1,	 -1,	-1, -1,	 -1, 2, pins_access },
	{ __NR_faccessat2,	0,  1,	 -1,	-1, -1,	 -1, 2, pins_access },
	{ NOTIFY_OLD(access),	-1, 0,	 -1,	-1, -1,	 -1, 1, pins_access },
	{ __NR_mkdirat,		0,  1,	 -1,	-1, -1,	 -1, 2, pins_mkdir },
	{ NOTIFY_OLD(mkdir),	-1, 0,	 -1,	-1, -1,	 -1, 1, pins_mkdir },
	{ __NR_unlinkat,	0,  1,	 -1,	-1, 2,	 -1, -1, pins_unlink },
	{ NOTIFY_OLD(unlink),	-1, 0,	 -1,	-1, -1,	 -1, -1, pins_unlink },
	{ NOTIFY_OLD(rmdir),	-1, 0,	 -1,	-1, -1,	 -1, -1, pins_rmdir },
	{ __NR_renameat2,	0,  1,	 2,	3,  4,	 -1, -1, pins_rename },
	{ __NR_renameat,	0,  1,	 2,	3,  -1,	 -1, -1, pins_rename },
	{ NOTIFY_OLD(rename),	-1, 0,	 -1,	1,  -1,	 -1, -1, pins_rename },
};
/* clang-format on */

static const struct pins_row *pins_row_of(uint32_t nr)
{
	for (size_t i = 0; i < ARRAY_CNT(pins_rows); i++)
		if (pins_rows[i].nr == nr)
			return &pins_rows[i];
	return NULL;
}

uint32_t notify_pins_call(size_t i)
{
	return i < ARRAY_CNT(pins_rows) ? pins_rows[i].nr : 0;
}

/* ---- which name is meant ---- */

static enum pinfile_where pins_find(const struct codec_source *src, pid_t tid, const __u64 *args, int dir,
				    int path, char ret_path[PATH_MAX])
{
	int number = dir < 0 ? AT_FDCWD : (int)args[dir];
	char text[PATH_MAX];

	if (!other_read_text(src, args[path], text, sizeof(text)))
		return PINFILE_ELSEWHERE;
	return pinfile_find(tid, number, text, ret_path);
}

bool notify_pins_has_call(uint32_t nr)
{
	return pins_row_of(nr);
}

bool notify_pins_is_meant(const struct codec_source *src, pid_t tid, const struct seccomp_data *data)
{
	const struct pins_row *row = pins_row_of((uint32_t)data->nr);
	char path[PATH_MAX];

	return row && pins_find(src, tid, data->args, row->dir, row->path, path) != PINFILE_ELSEWHERE;
}

bool notify_pins_do(const struct other *other, const struct seccomp_data *data,
		    struct notify_pins_answer *ret_answer)
{
	struct pins_request req = { .other = other,
				    .args = data->args,
				    .row = pins_row_of((uint32_t)data->nr),
				    .view = { &other->source, other->tid },
				    .answer = ret_answer };

	*ret_answer = (struct notify_pins_answer){ .fd = -1 };
	if (!req.row)
		return false;
	req.where = pins_find(&other->source, other->tid, req.args, req.row->dir, req.row->path, req.path);
	if (req.where == PINFILE_ELSEWHERE ||
	    (req.row->to >= 0 &&
	     pins_find(&other->source, other->tid, req.args, req.row->to_dir, req.row->to, req.to) == PINFILE_ELSEWHERE))
		return false;
	return req.row->run(&req);
}
