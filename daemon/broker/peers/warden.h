/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's side of daemon/privsep.h towards bpfgated: asks, answers, and what it tells unasked. */
#ifndef BPFGATE_DAEMON_WARDEN_H
#define BPFGATE_DAEMON_WARDEN_H

#include <systemd/sd-event.h>

#include "daemon/privsep.h"
#include "proto/packet.h"

struct warden;

/* The answer to one ask; fds may be taken. */
typedef void (*warden_answer_fn)(void *ctx, const struct keep_tell *tell, struct packet_fds *fds);
/* What nobody asked for: tell->kind is TELL_*. */
typedef void (*warden_told_fn)(void *ctx, const struct keep_tell *tell, struct packet_fds *fds);
/* bpfgated is gone: nothing can go on. */
typedef void (*warden_gone_fn)(void *ctx);

/* take_fd is the channel; scratch as chan_new(). *ret_warden is the caller's. */
int warden_new(sd_event *event, uint8_t *scratch, int take_fd, warden_told_fn on_told,
	     warden_gone_fn on_gone, void *ctx, struct warden **ret_warden);
/* Returns how many still waited for an answer: they are not called, so what they hold stays held. NULL is fine: 0. */
unsigned int warden_free(struct warden *warden);

/*
 * Sends the ask (ask_id is filled in) with `ask->bytes` bytes behind it and borrowed fds. on_answer is
 * called exactly once, later; it may be NULL when the answer does not matter. 0, or -errno and then
 * no answer comes.
 */
int warden_ask(struct warden *warden, struct keep_ask *ask, const void *bytes, const int *fds,
	     size_t fd_cnt, warden_answer_fn on_answer, void *ctx);

/* The same where nobody waits: drop something, tell the status. Failures are the parent's to see. */
void warden_ask_drop(struct warden *warden, uint64_t keep_id);
void warden_tell_text(struct warden *warden, enum keep_ask_kind kind, int result, const char *text);
void warden_pong(struct warden *warden);

#endif
