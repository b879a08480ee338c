/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing the ledger with the kernel: what has gone there is forgotten here. */
#ifndef BPFGATE_DAEMON_RECONCILE_H
#define BPFGATE_DAEMON_RECONCILE_H

#include "daemon/broker/ask/decide.h"

struct reconcile;

/* 0 or -ENOMEM. Freeing (NULL is fine) forgets who waits, without a call. */
int reconcile_new(struct broker *broker, struct reconcile **ret_reconcile);
void reconcile_free(struct reconcile *reconcile);

/*
 * Reconciles, then calls again(work), once. Many may wait for the same look. 0, or -errno and then
 * `again` is not called. work may be NULL: then nobody waits.
 */
int reconcile_then(struct broker *broker, struct work *work, decide_again_fn again);

#endif
