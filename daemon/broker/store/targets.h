/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded programs as their judges saw them: a program that attaches to one of them is judged
 * together with it. Kept while they live and there is room; what is not kept (any more) must be
 * loaded again to be a target.
 */
#ifndef BPFGATE_DAEMON_TARGETS_H
#define BPFGATE_DAEMON_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/broker/store/ledger.h"

struct targets;

/* 0 or -ENOMEM; NULL may be freed. */
int targets_new(struct targets **ret_targets);
void targets_free(struct targets *targets);

/*
 * Keeps the program bundle (object/bundle.h) of a program that is in the ledger, charged to
 * account: older ones of the same user give way. Without room it is freed, which is not an error.
 */
void targets_put(struct targets *targets, struct quota_account *account,
		 const struct ledger_rec *rec, uint8_t *take_bytes, size_t bytes);
/* Of this very program. Valid until the next targets_put() or targets_sweep(). NULL: not kept. */
const uint8_t *targets_find(const struct targets *targets, const struct ledger_rec *rec,
			    size_t *ret_bytes);
/* Lets go of what the ledger does not know any more. */
void targets_sweep(struct targets *targets, const struct ledger *ledger);

#endif
