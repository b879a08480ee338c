/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service manager is told, and what it holds for us over a restart of the unit: each kept object
 * and each handle under a name that says all of it. Without a service manager every call does nothing.
 */
#ifndef BPFGATE_DAEMON_NOTIFY_H
#define BPFGATE_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/parent/keep.h"
#include "daemon/parent/ledger_file.h"

/* sd_notify(3) with what a service says of itself; nothing where there is no service manager. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_status(const char *status);
void notify_stopping(void);
void notify_watchdog(void);

/* What the service manager watches for, or 0. */
uint64_t notify_watchdog_ns(void);

/* And those that were set aside and no file holds. */
void notify_store_ledger(const struct ledger_file *file);
/* Stores what somebody holds and is not stored yet; forgets what is. */
void notify_store_kept(struct kept *kept);
void notify_forget_kept(struct kept *kept);
void notify_store_handle(const struct handle *handle);
void notify_forget_handle(const struct handle *handle);

/* What was inherited: the listening socket, the ledger, and what was kept (into keep). */
struct inherited {
	int listen_fd;	/* -1: none; owned */
	struct ledger_file ledger;
};

/* 0 or -errno. Objects that nobody holds (lost between two steps) are dropped. */
int notify_inherit(struct keep *keep, struct inherited *ret_inherited);

#endif
