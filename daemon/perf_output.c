/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events that programs write into: the broker's side. Who was granted a map that takes such events may
 * have the events, and pays for each as long as it lives: they hold nothing but what the caller's own programs
 * write. Others get the kernel's EACCES.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "daemon/caps.h"
#include "daemon/commands.h"
#include "daemon/decide.h"
#include "daemon/owner.h"
#include "daemon/perfs.h"
#include "proto/perf.h"

static bool perf_output_has_map(const struct work *work)
{
	const struct ledger_rec *rec = NULL;
	uint32_t after = 0;

	while ((rec = owner_next(work->broker->ledger, LEDGER_MAP, after, work->ident))) {
		if (rec->map.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			return true;
		after = rec->id;
	}
	return false;
}

static void perf_output_on_done(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	int r;

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result < 0) {
		work_reply(work, result->answer->result);
		return;
	}
	/* What nobody would know to be alive is not handed out; with its only descriptor it goes. */
	r = perfs_add(work->broker->perfs, result->fd, work->state);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	decide_note_grant(work, "a perf event for programs to write into");
	work_reply_fd(work, result->fd);
}

static void perf_output_free(void *state)
{
	perfs_charge_done(state);
	free(state);
}

void perf_output_open(struct work *work)
{
	struct loader_call *call;

	if (!perf_output_has_map(work)) {
		work_refuse(work, EACCES, DECISION_BY_BROKER, "PERF",
			    "perf events are for who holds a perf event array made through bpfgate");
		return;
	}
	work->state = calloc(1, sizeof(struct perfs_charge));
	work->state_free = perf_output_free;
	if (!work->state) {
		work_reply(work, -ENOMEM);
		return;
	}
	if (perfs_reserve(work->broker->perfs, work->account, work->state) < 0) {
		work_refuse(work, EMFILE, DECISION_BY_QUOTA, "HELD", "this user holds too many perf events");
		return;
	}
	call = work_new_loader_call(work, 0, CAPS_PERFMON);
	if (!call) {
		work_reply(work, -ENOMEM);
		return;
	}
	call->ask.op = DOOR_PERF;
	call->ask.attr_bytes = sizeof(struct perf_output);
	call->ask.result_fd = DOOR_FD_BROKER;
	work_submit_loader(work, perf_output_on_done);
}
