/* SPDX-License-Identifier: Apache-2.0 */
/* Whose request is read next: accounts in turn, each by what its requests cost. */
#ifndef BPFGATE_DAEMON_TURNS_H
#define BPFGATE_DAEMON_TURNS_H

#include <systemd/sd-event.h>

struct session;
struct turns;

/* 0, -ENOMEM or -errno of sd-event. */
int turns_new(sd_event *event, struct turns **ret_turns);
/* No session may wait any more. NULL is fine. */
void turns_free(struct turns *turns);

/* The session may have something to say: it is looked at when its account has its turn. */
void turns_want(struct turns *turns, struct session *session);
/* It is about to go, waiting or not. */
void turns_forget(struct turns *turns, struct session *session);

#endif
