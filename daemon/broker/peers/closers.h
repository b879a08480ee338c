/* SPDX-License-Identifier: Apache-2.0 */
/* Closing what may take its time, off the event loop: processes that share the broker's descriptor table. */
#ifndef BPFGATE_DAEMON_CLOSERS_H
#define BPFGATE_DAEMON_CLOSERS_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "daemon/broker/store/handles.h"
#include "daemon/broker/store/quota.h"
#include "proto/channel.h"

struct closers;

/* From so many on nothing more is received from an account's connections. One message may bring 254 more. */
#define CLOSERS_WAITING_MAX 64u

/* An account has room again, or (NULL) one descriptor less waits. */
typedef void (*closers_room_fn)(void *ctx, struct quota_account *account);

/*
 * Starts the first process: before there are threads, a filter or sensitive descriptors of others. handles
 * is borrowed. -errno.
 */
int closers_new(sd_event *event, const struct handles *handles, closers_room_fn on_room, void *ctx,
		struct closers **ret_closers);
/* What still waits to be closed is closed at the end of the process. NULL is fine. */
void closers_free(struct closers *closers);

/*
 * Closes take_fd (-1 is fine), at once when that cannot wait, else by a process of ours: of each account at most
 * four at a time, so that those who make them wait keep the others' from nobody.
 */
void closers_let_go(struct closers *closers, struct quota_account *account, int take_fd);
/* The same for all descriptors of a message, and frees it. */
void closers_let_go_message(struct closers *closers, struct quota_account *account,
			    struct message *msg);

/* How many wait to be closed, or are being closed. */
unsigned int closers_cnt(const struct closers *closers);

/* Whether so much of it waits to be closed that nothing more may be received. */
bool closers_are_busy(const struct quota_account *account);

#endif
