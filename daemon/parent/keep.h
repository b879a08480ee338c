/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bpfgated keeps: objects (mostly programs), each held by handles and pins. A handle is a socket
 * pair: the client has one end, we have the other, and when the client's last copy is closed ours hangs
 * up. An object that nobody holds any more is closed.
 */
#ifndef BPFGATE_DAEMON_KEEP_H
#define BPFGATE_DAEMON_KEEP_H

#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "daemon/parent/source.h"

struct kept {
	uint64_t keep_id;
	uint64_t approval_id;
	int fd;			/* the object: owned */
	uint32_t kind;		/* enum keep_obj */
	uint32_t obj_id;	/* as the loader told; for the record */
	uint32_t uid;		/* of the loader's client */
	uint32_t box_id;	/* the loader it came from; 0 after a restart */
	uint32_t pinned;	/* 1: held without a handle */
	bool stored;		/* the service manager has a copy (notify.c) */
	struct handle *handles;
	UT_hash_handle hh;
};

struct handle {
	struct source source;	/* in the event loop: hangs up when the client lets go */
	struct kept *of;
	uint64_t cookie;	/* SO_COOKIE of the client's end */
	struct handle *next;
};

struct keep {
	struct kept *by_id;
	uint64_t next_id;
	uint32_t fd_cnt;	/* descriptors held here */
	uint32_t fd_max;
	int epoll;		/* borrowed */
	const char *pin_dir;	/* pinfs.c; NULL: none */
	source_fn handle_ready;	/* the event loop's callback for handles */
};

/* Reads RLIMIT_NOFILE for fd_max, leaving `spare` descriptors to everything else. */
void keep_init(struct keep *keep, int epoll, source_fn handle_ready, uint32_t spare);
void keep_done(struct keep *keep);

/* Takes fd (also on failure). `like` gives the other fields; keep_id 0 means a new one. 0 or -EMFILE, -ENOMEM. */
int keep_add(struct keep *keep, int take_fd, const struct kept *like, struct kept **ret_kept);
struct kept *keep_find(struct keep *keep, uint64_t keep_id);

/* Makes one more handle: *ret_client_fd is the caller's to send and close. 0 or -errno. */
int keep_add_handle(struct keep *keep, struct kept *kept, struct handle **ret_handle,
		    int *ret_client_fd);
/* The same with our end as it came from the service manager (taken, also on failure). */
int keep_restore_handle(struct keep *keep, struct kept *kept, int take_fd, uint64_t cookie);

/* Closes one handle. Returns true when nothing holds the object any more: then keep_drop() it. */
bool keep_close_handle(struct keep *keep, struct handle *handle);
void keep_drop(struct keep *keep, struct kept *kept);

static inline bool kept_is_held(const struct kept *kept)
{
	return kept->handles || kept->pinned;
}

#endif
