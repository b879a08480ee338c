/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that what is kept is in the service manager's fd store under a name from which it can be
 * restored, and leaves it when it is dropped. FDPOLL=0, because the manager would drop map and program
 * descriptors, which always poll as hung up. Trusts the manager to hand back what it was given; a name
 * that does not parse is closed.
 */
#include "daemon/parent/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "proto/own.h"

#define NAME_MAX_BYTES 96
#define LEDGER_NAME    "ledger"
#define ASIDE_NAME     "ledger-aside"

void notify_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
			 (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
}

void notify_status(const char *status)
{
	(void)sd_notifyf(0, "STATUS=%s", status);
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

uint64_t notify_watchdog_ns(void)
{
	uint64_t usec = 0;

	return sd_watchdog_enabled(0, &usec) > 0 ? usec * 1000 : 0;
}

/* ---- the store ------------------------------------------------------------------------------ */

static void store(const char *name, int fd)
{
	char text[NAME_MAX_BYTES + 32];

	(void)snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	(void)sd_pid_notify_with_fds(0, 0, text, &fd, 1);
}

static void forget(const char *name)
{
	(void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

static void name_kept(const struct kept *kept, char *ret_name)
{
	(void)snprintf(ret_name, NAME_MAX_BYTES, "kept.%" PRIu64 ".%u.%u.%u.%u", kept->keep_id,
		       kept->kind, kept->obj_id, kept->uid, kept->pinned);
}

static void name_handle(const struct handle *handle, char *ret_name)
{
	(void)snprintf(ret_name, NAME_MAX_BYTES, "handle.%" PRIu64 ".%" PRIu64, handle->of->keep_id,
		       handle->cookie);
}

/* What was stored before may be another file. Those set aside first: what was the ledger may be one now. */
void notify_store_ledger(const struct ledger_file *file)
{
	forget(ASIDE_NAME);
	for (uint32_t i = 0; i < file->aside_cnt; i++)
		store(ASIDE_NAME, file->aside[i]);
	forget(LEDGER_NAME);
	store(LEDGER_NAME, file->fd);
}

void notify_store_kept(struct kept *kept)
{
	char name[NAME_MAX_BYTES];

	if (kept->stored || !kept_is_held(kept))
		return;
	name_kept(kept, name);
	store(name, kept->fd);
	kept->stored = true;
}

void notify_store_handle(const struct handle *handle)
{
	char name[NAME_MAX_BYTES];

	name_handle(handle, name);
	store(name, handle->source.fd);
}

void notify_forget_kept(struct kept *kept)
{
	char name[NAME_MAX_BYTES];

	if (!kept->stored)
		return;
	name_kept(kept, name);
	forget(name);
	kept->stored = false;
}

void notify_forget_handle(const struct handle *handle)
{
	char name[NAME_MAX_BYTES];

	name_handle(handle, name);
	forget(name);
}

/* ---- restoring ------------------------------------------------------------------------------ */

static int inherit_kept(struct keep *keep, const char *name, int *fd)
{
	struct kept like = { .stored = true };
	struct kept *kept;

	if (sscanf(name, "kept.%" SCNu64 ".%u.%u.%u.%u", &like.keep_id, &like.kind, &like.obj_id,
		   &like.uid, &like.pinned) != 5 || !like.keep_id || keep_find(keep, like.keep_id))
		return 0;
	return keep_add(keep, TAKE_FD(*fd), &like, &kept);
}

static int inherit_handle(struct keep *keep, const char *name, int *fd)
{
	uint64_t keep_id, cookie;
	struct kept *kept;

	if (sscanf(name, "handle.%" SCNu64 ".%" SCNu64, &keep_id, &cookie) != 2)
		return 0;
	kept = keep_find(keep, keep_id);
	return kept ? keep_restore_handle(keep, kept, TAKE_FD(*fd), cookie) : 0;
}

static int inherit_one(struct keep *keep, struct inherited *inherited, const char *name, int *fd)
{
	if (strncmp(name, "handle.", 7) == 0)
		return 0; /* after the objects */
	if (strncmp(name, "kept.", 5) == 0)
		return inherit_kept(keep, name, fd);
	if (strcmp(name, LEDGER_NAME) == 0 && inherited->ledger.fd < 0)
		inherited->ledger.fd = TAKE_FD(*fd);
	else if (strcmp(name, ASIDE_NAME) == 0 && inherited->ledger.aside_cnt < LEDGER_ASIDE_MAX)
		inherited->ledger.aside[inherited->ledger.aside_cnt++] = TAKE_FD(*fd);
	else if (sd_is_socket(*fd, AF_UNIX, SOCK_SEQPACKET, 1) > 0 && inherited->listen_fd < 0)
		inherited->listen_fd = TAKE_FD(*fd);
	return 0;
}

static void drop_orphans(struct keep *keep)
{
	struct kept *kept, *tmp;

	HASH_ITER (hh, keep->by_id, kept, tmp) {
		if (!kept_is_held(kept)) {
			notify_forget_kept(kept);
			keep_drop(keep, kept);
		}
	}
}

static void free_names(char **names, int cnt)
{
	int i;

	for (i = 0; names && i < cnt; i++)
		free(names[i]);
	free(names);
}

int notify_inherit(struct keep *keep, struct inherited *ret_inherited)
{
	char **names = NULL;
	int cnt = sd_listen_fds_with_names(1, &names);
	int i, r = 0;

	*ret_inherited = (struct inherited){ .listen_fd = -1, .ledger.fd = -1 };
	if (cnt <= 0)
		return cnt;
	OWN_MEM int *fds = calloc((size_t)cnt, sizeof(*fds));
	if (!fds) {
		free_names(names, cnt);
		return -ENOMEM;
	}
	for (i = 0; i < cnt; i++) {
		fds[i] = SD_LISTEN_FDS_START + i;
		if (r == 0)
			r = inherit_one(keep, ret_inherited, names[i], &fds[i]);
	}
	for (i = 0; i < cnt; i++) {
		if (r == 0 && fds[i] >= 0 && strncmp(names[i], "handle.", 7) == 0)
			r = inherit_handle(keep, names[i], &fds[i]);
		own_close_fd(&fds[i]);
	}
	free_names(names, cnt);
	drop_orphans(keep);
	return r;
}
