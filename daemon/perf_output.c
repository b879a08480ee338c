/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events that programs write into: the broker's side. Who was granted a map that takes such events may
 * have the events: they hold nothing but what the caller's own programs write. Others get the kernel's
 * EACCES.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>

#include "daemon/caps.h"
#include "daemon/commands.h"
#include "daemon/owner.h"
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

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result < 0) {
		work_reply(work, result->answer->result);
		return;
	}
	/* A grant like any other is written down. */
	if (work_begin_decision(work) < 0) {
		work_reply(work, -ENOMEM);
		return;
	}
	work->decision->verdict = DECISION_ALLOWED;
	snprintf(work->decision->summary, sizeof(work->decision->summary),
		 "a perf event for programs to write into");
	work_reply_fd(work, result->fd);
}

void perf_output_open(struct work *work)
{
	struct loader_call *call;

	if (!perf_output_has_map(work)) {
		work_refuse(work, EACCES, DECISION_BY_BROKER, "PERF",
			    "perf events are for who holds a perf event array made through bpfgate");
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
