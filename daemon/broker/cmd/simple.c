/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that need little deciding: they act on objects that the client has a right to already, only
 * that one of them is a handle, or that the kernel asks for a capability. Test runs are decided by
 * rule and bounded: the kernel counts a repetition as nothing, the other users of a CPU do not.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/ask/scan.h"
#include "proto/kernel_types.h"
#include "proto/refusal.h"

/* A second of a small program; the kernel yields between repetitions, our loader is busy. */
#define SIMPLE_REPEAT_MAX  1000000u
#define SIMPLE_LIVE_FRAMES (1u << 1)	/* BPF_F_TEST_XDP_LIVE_FRAMES */

static void simple_on_done(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	int r;

	if (!work_loader_answered(work, result))
		return;
	r = result->answer->result;
	/* The kernel fills outputs of some failed calls too (ENOSPC of a test run). */
	forward_take_outputs(work, result);
	if (r >= 0 && work->decision)
		decide_note_allowed(work, work->state);
	else if (r >= 0 && work->req.row->returns_fd)
		decide_note_grant(work, "an iterator's descriptor");
	if (r >= 0 && work->req.row->returns_fd)
		work_reply_fd(work, result->fd);
	else
		work_reply(work, r);
}

static void simple_run(struct work *work, uint64_t caps)
{
	uint32_t cmd = work->req.cmd;
	int r = forward_fill(work, caps);

	/* What a program does when it runs, and what an iterator walks over, is of one namespace. */
	if (r >= 0 && (cmd == CMD_PROG_TEST_RUN || cmd == CMD_ITER_CREATE))
		r = work_enter_netns(work);
	if (r < 0)
		work_reply(work, r);
	else
		work_submit_loader(work, simple_on_done);
}

/* The program at this offset, which must be of ours and the caller's. true: go on. */
static bool simple_need_prog(struct work *work, uint16_t at, struct client_obj *ret_prog)
{
	int r = client_obj_at(work, at, KEEP_PROG, ret_prog);

	if (r < 0)
		work_reply(work, r);
	else if (ret_prog->rec && !forward_may_use(work, ret_prog->rec))
		work_refuse(work, EPERM, DECISION_BY_POLICY, REFUSAL_OWNER,
			    "program %u belongs to another user", ret_prog->id);
	else
		return true;
	return false;
}

void test_run(struct work *work)
{
	struct policy_request request = { .verb = POLICY_TEST_RUN };
	struct facts *facts;
	struct client_obj prog;
	bool granted;

	if (!simple_need_prog(work, ATTR_TEST_PROG_FD, &prog))
		return;
	if (!prog.rec || prog.rec->prog.probe) {
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_FOREIGN_PROG,
			    "program %u was not loaded through bpfgate to be run", prog.id);
		return;
	}
	/* It would write into the process that runs it: here the loader, with its capabilities. */
	if (scan_has_helper(prog.rec->prog.helpers, KERNEL_HELPER_probe_write_user)) {
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_WRITES_USER,
			    "a program that calls bpf_probe_write_user is not run by bpfgate");
		return;
	}
	facts = malloc(sizeof(*facts));
	if (!facts) {
		work_reply(work, -ENOMEM);
		return;
	}
	facts_of_record(work->broker->ledger, work->broker->vmbtf, prog.rec, facts);
	request.prog = &facts->prog;
	request.live_frames = work_u32(work, ATTR_TEST_FLAGS) & SIMPLE_LIVE_FRAMES;
	granted = decide(work, &request, NULL);
	free(facts);
	if (!granted)
		return;
	work->ctx_comes_back = prog.rec->prog.type == BPF_PROG_TYPE_SYSCALL;
	decide_note_program(work, prog.rec);
	work->decision->verdict = DECISION_ALLOWED;
	if (work_u32(work, ATTR_TEST_REPEAT) > SIMPLE_REPEAT_MAX)
		work_refuse(work, EINVAL, DECISION_BY_BROKER, REFUSAL_REPEAT,
			    "a test run may be repeated %u times at most", SIMPLE_REPEAT_MAX);
	else
		simple_run(work, 0);
}

void prog_bind_map(struct work *work)
{
	struct client_obj prog, map;
	int r;

	if (!simple_need_prog(work, ATTR_BIND_PROG_FD, &prog))
		return;
	r = client_obj_at(work, ATTR_BIND_MAP_FD, KEEP_MAP, &map);
	if (r < 0)
		work_reply(work, r);
	else
		simple_run(work, 0);
}

/* The running kernel is older than 7.0, which brought the command. */
static bool assoc_is_unknown(void)
{
	struct utsname uts;

	return uname(&uts) < 0 || strtoul(uts.release, NULL, 10) < 7;
}

void prog_assoc(struct work *work)
{
	struct client_obj prog, map;
	int r;

	if (assoc_is_unknown()) {
		work_reply(work, -EINVAL);
		return;
	}
	if (!simple_need_prog(work, ATTR_ASSOC_PROG_FD, &prog))
		return;
	r = client_obj_at(work, ATTR_ASSOC_MAP_FD, KEEP_MAP, &map);
	if (r < 0)
		work_reply(work, r);
	else if (!map.rec || !forward_may_use(work, map.rec))
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_FOREIGN_MAP,
			    "map %u is not one that bpfgate made for this user", map.id);
	else
		simple_run(work, 0);
}

void iter_create(struct work *work)
{
	struct client_obj link;
	int r = client_obj_at(work, ATTR_ITER_LINK_FD, KEEP_LINK, &link);

	if (r < 0)
		work_reply(work, r);
	else
		simple_run(work, 0);
}

void stream_read(struct work *work)
{
	struct client_obj prog;

	if (simple_need_prog(work, ATTR_STREAM_PROG_FD, &prog))
		simple_run(work, 0);
}
