/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands on the broker's side. A command without a row here is refused, whatever the
 * wire's table says of it; a test holds the two against each other.
 */
#include "daemon/broker/cmd/dispatch.h"

#include <errno.h>

#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/call_form.h"
#include "proto/own.h"
#include "proto/perf.h"
#include "proto/pinname.h"
#include "proto/refusal.h"
#include "proto/trace.h"

typedef void (*dispatch_fn)(struct work *work);

static const dispatch_fn dispatch_rows[CMD_CNT] = {
	[CMD_MAP_CREATE] = map_create,
	[CMD_PROG_LOAD] = prog_load,
	[CMD_BTF_LOAD] = btf_load,
	[CMD_LINK_CREATE] = link_create,
	[CMD_PROG_ATTACH] = prog_attach,
	[CMD_PROG_DETACH] = prog_attach,
	[CMD_RAW_TRACEPOINT_OPEN] = raw_tracepoint_open,
	[CMD_PROG_QUERY] = prog_query,
	[CMD_TASK_FD_QUERY] = task_fd_query,
	[CMD_TOKEN_CREATE] = token_create,
	[CMD_PROG_GET_NEXT_ID] = virtual_next_id,
	[CMD_MAP_GET_NEXT_ID] = virtual_next_id,
	[CMD_BTF_GET_NEXT_ID] = virtual_next_id,
	[CMD_LINK_GET_NEXT_ID] = virtual_next_id,
	[CMD_PROG_GET_FD_BY_ID] = virtual_fd_by_id,
	[CMD_MAP_GET_FD_BY_ID] = virtual_fd_by_id,
	[CMD_BTF_GET_FD_BY_ID] = virtual_fd_by_id,
	[CMD_LINK_GET_FD_BY_ID] = virtual_fd_by_id,
	[CMD_OBJ_GET_INFO_BY_FD] = info_by_fd,
	[CMD_LINK_UPDATE] = link_update,
	[CMD_MAP_UPDATE_ELEM] = map_update,
	[CMD_PROG_TEST_RUN] = test_run,
	[CMD_PROG_BIND_MAP] = prog_bind_map,
	[CMD_PROG_ASSOC_STRUCT_OPS] = prog_assoc,
	[CMD_ITER_CREATE] = iter_create,
	[CMD_OBJ_PIN] = obj_pin,
	[CMD_OBJ_GET] = obj_get,
	[CMD_PROG_STREAM_READ_BY_FD] = stream_read,
};

static const dispatch_fn dispatch_ours[CMD_OURS_CNT] = {
	[CMD_PERF_OUTPUT_OPEN - CMD_OURS_FIRST] = perf_output_open,
	[CMD_PERF_EVENT_OPEN - CMD_OURS_FIRST] = perf_event_open,
	[CMD_PERF_EVENT_SET_BPF - CMD_OURS_FIRST] = perf_event_set_bpf,
	[CMD_TRACE_OPEN - CMD_OURS_FIRST] = trace_open,
	[CMD_PIN_NAME - CMD_OURS_FIRST] = pin_name,
};

static dispatch_fn dispatch_find(uint32_t cmd)
{
	if (cmd < CMD_CNT)
		return dispatch_rows[cmd];
	return cmd - CMD_OURS_FIRST < CMD_OURS_CNT ? dispatch_ours[cmd - CMD_OURS_FIRST] : NULL;
}

bool dispatch_has_handler(uint32_t cmd)
{
	return dispatch_find(cmd);
}

void dispatch_work(struct work *work)
{
	uint32_t cmd = work->req.cmd;
	int r = call_form_check(&work->req);

	/* A rule that refuses a group could not see it. */
	if (work->ident->groups_unknown)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_GROUPS,
			    "the caller is in more than %u groups, or they are not known", IDENT_GROUPS_MAX);
	else if (r < 0)
		work_reply(work, r);
	else if (dispatch_has_handler(cmd))
		dispatch_find(cmd)(work);
	else
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_NOT_OFFERED,
			    "bpfgate does not carry out %s", work->req.row->name);
}
