/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing tells us when a client closes a real descriptor, so from time to time the kernel is asked what
 * still exists: a loader reads the ids of all maps, programs and links through BPF iterators. Records
 * of what is not there any more go, and with them what their owners were charged.
 */
#include "daemon/reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/caps.h"

struct reconcile_waiter {
	struct work *work;
	decide_again_fn again;
	STAILQ_ENTRY(reconcile_waiter) link;
};

struct reconcile {
	struct broker *broker;
	STAILQ_HEAD(, reconcile_waiter) waiters;
	unsigned int step;		/* kind that is being asked for; see reconcile_kinds */
	struct loader_call *call;
	/* Objects made after the ids were read are not in them. */
	uint64_t began_s;
};

/* In this order: a map may go only after the programs that were using it. */
static const struct {
	uint32_t obj_kind;
	enum ledger_kind kind;
} reconcile_kinds[] = {
	{ KEEP_LINK, LEDGER_LINK },
	{ KEEP_PROG, LEDGER_PROG },
	{ KEEP_MAP, LEDGER_MAP },
};

static void reconcile_step(struct reconcile *reconcile);

int reconcile_new(struct broker *broker, struct reconcile **ret_reconcile)
{
	struct reconcile *reconcile = calloc(1, sizeof(*reconcile));

	if (!reconcile)
		return -ENOMEM;
	reconcile->broker = broker;
	STAILQ_INIT(&reconcile->waiters);
	*ret_reconcile = reconcile;
	return 0;
}

void reconcile_free(struct reconcile *reconcile)
{
	struct reconcile_waiter *waiter;

	if (!reconcile)
		return;
	while ((waiter = STAILQ_FIRST(&reconcile->waiters))) {
		STAILQ_REMOVE_HEAD(&reconcile->waiters, link);
		free(waiter);
	}
	free(reconcile);
}

static int reconcile_compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Records made in the second of the look, or later, wait for the next one. */
static void reconcile_forget(struct reconcile *reconcile, enum ledger_kind kind, uint32_t *ids,
			     size_t id_cnt)
{
	struct ledger *ledger = reconcile->broker->ledger;
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	qsort(ids, id_cnt, sizeof(*ids), reconcile_compare_ids);
	while ((rec = ledger_walk(ledger, kind, &cursor)))
		if (rec->made_s < reconcile->began_s &&
		    !bsearch(&rec->id, ids, id_cnt, sizeof(*ids), reconcile_compare_ids))
			ledger_remove(ledger, kind, rec->id);
}

static void reconcile_finish(struct reconcile *reconcile)
{
	STAILQ_HEAD(, reconcile_waiter) waiters = STAILQ_HEAD_INITIALIZER(waiters);
	struct reconcile_waiter *waiter;

	loader_call_free(reconcile->call);
	reconcile->call = NULL;
	/* A waiter may ask again: that is a new look. */
	STAILQ_CONCAT(&waiters, &reconcile->waiters);
	while ((waiter = STAILQ_FIRST(&waiters))) {
		STAILQ_REMOVE_HEAD(&waiters, link);
		if (waiter->again)
			waiter->again(waiter->work);
		free(waiter);
	}
}

static void reconcile_on_ids(void *ctx, struct loader_result *result)
{
	struct reconcile *reconcile = ctx;
	uint32_t bytes = 0;
	const uint8_t *ids;

	if (result->err < 0 || result->answer->result < 0) {
		reconcile_finish(reconcile);
		return;
	}
	ids = loader_result_out(reconcile->call, result, 0, &bytes);
	/* An empty answer with an empty buffer is one: nothing of the kind exists. */
	if (reconcile->call->outs || bytes == 0) {
		uint32_t none = 0;

		reconcile_forget(reconcile, reconcile_kinds[reconcile->step].kind,
				 ids ? (uint32_t *)(uintptr_t)ids : &none, bytes / sizeof(none));
	}
	reconcile->step++;
	reconcile_step(reconcile);
}

/* Ids are four bytes; more objects than this in one kernel are not reconciled in one look. */
#define RECONCILE_IDS_BYTES (4u << 20)

static void reconcile_step(struct reconcile *reconcile)
{
	struct loader_call *call;
	int r;

	loader_call_free(reconcile->call);
	reconcile->call = NULL;
	if (reconcile->step == ARRAY_CNT(reconcile_kinds)) {
		reconcile_finish(reconcile);
		return;
	}
	call = loader_call_new();
	if (!call) {
		reconcile_finish(reconcile);
		return;
	}
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	call->ask.op = 0;
	call->ask.obj_kind = reconcile_kinds[reconcile->step].obj_kind;
	call->ask.caps = CAPS_BPF | CAPS_PERFMON;
	call->on_done = reconcile_on_ids;
	call->ctx = reconcile;
	reconcile->call = call;
	r = loader_add_out(call, 0, RECONCILE_IDS_BYTES, 0);
	if (r >= 0)
		r = loaders_submit(reconcile->broker->loaders, call);
	if (r < 0)
		reconcile_finish(reconcile);
}

int reconcile_then(struct broker *broker, struct work *work, decide_again_fn again)
{
	struct reconcile *reconcile = broker->reconcile;
	struct reconcile_waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return -ENOMEM;
	waiter->work = work;
	waiter->again = again;
	STAILQ_INSERT_TAIL(&reconcile->waiters, waiter, link);
	if (reconcile->call)
		return 0;
	reconcile->step = 0;
	reconcile->began_s = (uint64_t)broker_now_s();
	reconcile_step(reconcile);
	return 0;
}
