/* SPDX-License-Identifier: Apache-2.0 */
/* A client's call, field by field, as a call of the loader: by the command table, decided elsewhere. */
#ifndef BPFGATE_DAEMON_FORWARD_H
#define BPFGATE_DAEMON_FORWARD_H

#include "daemon/broker/work/work.h"

/*
 * Makes work->loader_call from the request: every descriptor of the table translated (handles are lent),
 * every pointer's contents along, every output brought back. The result descriptor, if the command has
 * one, comes to the broker. -EBADF for a descriptor that was not sent, -EFAULT for a pointer that the
 * client cannot read, -EPERM for a handle of another user, -E2BIG, -ENOMEM.
 */
int forward_fill(struct work *work, uint64_t caps);

/* Copies what the call brought back into the reply: output fields and buffers. */
void forward_take_outputs(struct work *work, const struct loader_result *result);

/* Whether this user may use that object: its own, what is nobody's, or what a rule shares with it. */
bool forward_may_use(struct work *work, const struct ledger_rec *rec);

/*
 * Decides about using another's object that a rule shares with this user; work->ruling says how far. false: the work
 * has been answered.
 */
bool forward_decide_shared(struct work *work, const struct ledger_rec *rec);

/* The same as forward_may_use() for looking at it. */
bool forward_may_see(struct work *work, const struct ledger_rec *rec);

#endif
