/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins as files. Their names are the daemon's, and below the bpffs no file has them: what a client does there with calls
 * for files is done to the names, and what it looks at is a stand-in, an empty file or directory of the caller's own.
 */
#ifndef BPFGATE_CLIENT_PINFILE_H
#define BPFGATE_CLIENT_PINFILE_H

#include "client/library/call.h"
#include "proto/codec.h"

#include <limits.h>
#include <sys/types.h>

/* Where every tool pins. */
#define PINFILE_BPFFS "/sys/fs/bpf"

/* Whose call it is: that of the source's process, a thread of which is tid, or our own with 0. */
struct pinfile_view {
	const struct codec_source *src;
	pid_t tid;
};

enum pinfile_where {
	PINFILE_ELSEWHERE, /* nothing to do with pins */
	PINFILE_BELOW,	   /* below the bpffs */
	PINFILE_STAND_IN,  /* the same, reached through the descriptor of a stand-in: the kernel would take that for it */
};

/* What the path means, relative to an open directory (or AT_FDCWD), as a plain path from the root. */
enum pinfile_where pinfile_find(pid_t tid, int dir_number, const char *path, char ret_path[PATH_MAX]);

/*
 * Which path of ours to look at instead. false: what is there is the kernel's own, by the path that the caller gave.
 */
bool pinfile_stand_in(const struct pinfile_view *view, enum pinfile_where where, const char *path, char ret_path[PATH_MAX]);

/* As the calls of these names, with paths from pinfile_find(). 0 or -errno. */
int pinfile_mkdir(const struct pinfile_view *view, const char *path, mode_t mode, struct call_outcome *outcome);
int pinfile_rmdir(const struct pinfile_view *view, const char *path);
int pinfile_unlink(const struct pinfile_view *view, const char *path);
int pinfile_rename(const struct pinfile_view *view, const char *from, const char *to, unsigned int flags,
		   struct call_outcome *outcome);

/* What is pinned there, as a descriptor of the caller's; or -errno. */
int pinfile_get(const struct pinfile_view *view, const char *path);

/*
 * As open(2): true, and *ret_fd is the descriptor or -errno. A pinned iterator begins to run, what else is pinned cannot
 * be read (EIO), a directory is its stand-in. false: what is there is the kernel's own.
 */
bool pinfile_open(const struct pinfile_view *view, enum pinfile_where where, const char *path, int flags, mode_t mode,
		  int *ret_fd);

#endif
