/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's side of daemon/privsep.h towards bpfgated: asks, answers, and what it tells unasked. */
#ifndef BPFGATE_DAEMON_TO_PARENT_H
#define BPFGATE_DAEMON_TO_PARENT_H

#include <systemd/sd-event.h>

#include "daemon/privsep.h"
#include "proto/packet.h"

struct to_parent;

/* The answer to one ask; fds may be taken. */
typedef void (*to_parent_answer_fn)(void *ctx, const struct keep_tell *tell,
				    struct packet_fds *fds);
/* What nobody asked for: tell->kind is TELL_*. */
typedef void (*to_parent_told_fn)(void *ctx, const struct keep_tell *tell, struct packet_fds *fds);
/* bpfgated is gone: nothing can go on. */
typedef void (*to_parent_gone_fn)(void *ctx);

/* take_fd is the channel; scratch as peer_new(). *ret_to_parent is the caller's. */
int to_parent_new(sd_event *event, uint8_t *scratch, int take_fd, to_parent_told_fn on_told,
		  to_parent_gone_fn on_gone, void *ctx, struct to_parent **ret_to_parent);
/* Returns how many still waited for an answer: they are not called, so what they hold stays held. NULL is fine: 0. */
unsigned int to_parent_free(struct to_parent *to_parent);

/*
 * Sends the ask (ask_id is filled in) with `ask->bytes` bytes after it and borrowed fds. on_answer is
 * called exactly once, later; it may be NULL when the answer does not matter. 0, or -errno and then
 * no answer comes.
 */
int to_parent_ask(struct to_parent *to_parent, struct keep_ask *ask, const void *bytes,
		  const int *fds, size_t fd_cnt, to_parent_answer_fn on_answer, void *ctx);

/* The same where nobody waits: drop something, tell the status. Failures are the parent's to see. */
void to_parent_ask_drop(struct to_parent *to_parent, uint64_t keep_id);
void to_parent_tell_text(struct to_parent *to_parent, enum keep_ask_kind kind, int result,
			 const char *text);
void to_parent_pong(struct to_parent *to_parent);

#endif
