/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a pin's name away: bpf(2) has no command for it, since a pin there is a file. */
#ifndef BPFGATE_DAEMON_UNPIN_H
#define BPFGATE_DAEMON_UNPIN_H

#include "daemon/broker/work/broker.h"
#include "daemon/broker/store/ident.h"

/*
 * Removes the pin of this path and place for this client; with LEDGER_PLACE_NONE the only one of this path, wherever it
 * is. The object lives on while anything else holds it. 0; -ENOENT: there is none, or it is another user's; -ENOTUNIQ;
 * -ENOTEMPTY: a directory of pins in which something lies.
 */
int unpin_name(struct broker *broker, const struct ident *ident, const struct ledger_pin *name);

/* Removes this pin (a record of the ledger, which is gone then). 0, or as unpin_let_go(). */
int unpin_record(struct broker *broker, const struct ledger_rec *pin);

/* Lets bpfgated go of an object that no pin names any more. 0, or -errno when it could not be told. */
int unpin_let_go(struct broker *broker, uint64_t keep_id);

#endif
