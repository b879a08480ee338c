/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing tells us when a client closes a real descriptor, so from time to time the kernel is asked what
 * still exists. Records of what is not there any more go, and with them what their owners were charged.
 * When the kernel cannot be asked, nothing is forgotten.
 */
#include "daemon/broker/ask/reconcile.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/ask/orphans.h"

/* Four bytes an id: room for a million objects. */
#define RECONCILE_IDS_BYTES (4u << 20)

struct reconcile_waiter {
	struct work *work;
	decide_again_fn again;
	STAILQ_ENTRY(reconcile_waiter) link;
};

struct reconcile {
	struct broker *broker;
	struct loader_call *call;
	STAILQ_HEAD(, reconcile_waiter) waiters;
	unsigned int step;		/* kind that is being asked for; see reconcile_kinds */
	uint64_t began_ns;
	bool running;
};

/* Pins are names of ours: nothing in the kernel takes one away. */
static const struct {
	uint32_t obj_kind;
	enum ledger_kind kind;
	uint64_t caps;
} reconcile_kinds[] = {
	{ KEEP_LINK, LEDGER_LINK, CAPS_BPF | CAPS_PERFMON },
	{ KEEP_PROG, LEDGER_PROG, CAPS_BPF | CAPS_PERFMON },
	{ KEEP_MAP, LEDGER_MAP, CAPS_BPF | CAPS_PERFMON },
	{ KEEP_BTF, LEDGER_BTF, CAPS_SYS_ADMIN },
	{ IDS_OWN, LEDGER_FREE, CAPS_BPF | CAPS_PERFMON }, /* for orphans.c */
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
	loader_call_free(reconcile->call);
	free(reconcile);
}

static int reconcile_compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* What was made while we looked may not be in what we saw: its record waits for the next look. */
static void reconcile_forget(struct reconcile *reconcile, enum ledger_kind kind,
			     const uint32_t *ids, size_t id_cnt)
{
	struct ledger *ledger = reconcile->broker->ledger;
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(ledger, kind, &cursor)))
		if (rec->made_ns < reconcile->began_ns &&
		    !(id_cnt && bsearch(&rec->id, ids, id_cnt, sizeof(*ids), reconcile_compare_ids)))
			ledger_remove(ledger, kind, rec->id);
}

static void reconcile_finish(struct reconcile *reconcile)
{
	STAILQ_HEAD(, reconcile_waiter) waiters = STAILQ_HEAD_INITIALIZER(waiters);
	struct reconcile_waiter *waiter;

	reconcile->running = false;
	targets_sweep(reconcile->broker->targets, reconcile->broker->ledger);
	/* A waiter may ask again: that is a new look. */
	STAILQ_CONCAT(&waiters, &reconcile->waiters);
	while ((waiter = STAILQ_FIRST(&waiters))) {
		STAILQ_REMOVE_HEAD(&waiters, link);
		if (waiter->again)
			waiter->again(waiter->work);
		free(waiter);
	}
}

static void reconcile_use(struct reconcile *reconcile, enum ledger_kind kind, uint32_t *ids, size_t id_cnt)
{
	if (id_cnt)
		qsort(ids, id_cnt, sizeof(*ids), reconcile_compare_ids);
	if (kind == LEDGER_FREE)
		orphans_set(reconcile->broker, ids, id_cnt);
	else
		reconcile_forget(reconcile, kind, ids, id_cnt);
}

static void reconcile_on_ids(void *ctx, struct loader_result *result)
{
	struct reconcile *reconcile = ctx;
	uint32_t bytes = 0, *ids;
	size_t id_cnt;

	/* One kind that this kernel does not list keeps nobody from looking at the others. */
	if (result->err == 0 && result->answer->result >= 0) {
		ids = (uint32_t *)(uintptr_t)loader_result_out(reconcile->call, result, 0, &bytes);
		id_cnt = bytes / sizeof(*ids);
		reconcile_use(reconcile, reconcile_kinds[reconcile->step].kind, ids, id_cnt);
	}
	reconcile->step++;
	reconcile_step(reconcile);
}

static int reconcile_ask(struct reconcile *reconcile)
{
	struct loader_call *call = loader_call_new();
	int r;

	loader_call_free(reconcile->call);
	reconcile->call = call;
	if (!call)
		return -ENOMEM;
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	call->ask.op = DOOR_IDS;
	call->ask.obj_kind = reconcile_kinds[reconcile->step].obj_kind;
	call->ask.caps = reconcile_kinds[reconcile->step].caps;
	call->ask.attr_bytes = sizeof(uint64_t);
	call->on_done = reconcile_on_ids;
	call->ctx = reconcile;
	r = loader_add_out(call, 0, RECONCILE_IDS_BYTES, 0);
	return r < 0 ? r : loaders_submit(reconcile->broker->loaders, call);
}

/* A kind of which nothing is recorded needs no look. */
static void reconcile_step(struct reconcile *reconcile)
{
	for (; reconcile->step < ARRAY_CNT(reconcile_kinds); reconcile->step++) {
		enum ledger_kind kind = reconcile_kinds[reconcile->step].kind;

		if (kind != LEDGER_FREE && !ledger_cnt(reconcile->broker->ledger, kind))
			continue;
		reconcile->began_ns = clock_now_ns();
		if (reconcile_ask(reconcile) == 0)
			return;
	}
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
	if (reconcile->running)
		return 0;
	reconcile->running = true;
	reconcile->step = 0;
	reconcile_step(reconcile);
	return 0;
}
