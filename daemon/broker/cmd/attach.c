/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LINK_CREATE, PROG_ATTACH, PROG_DETACH, RAW_TRACEPOINT_OPEN and PERF_EVENT_SET_BPF: one way for
 * all. The program must be one of ours and be the caller's, the target is identified, and one rule
 * in force now must grant the caller, the program's recorded facts and the target. Then the call is
 * made as it came, in the network namespace of the client's socket where that matters.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/ask/cgroups.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/ask/iter_info.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/ask/procs.h"
#include "daemon/broker/ask/new_record.h"
#include "daemon/broker/work/session.h"
#include "daemon/broker/ask/attached.h"
#include "daemon/broker/ask/target.h"
#include "proto/perf.h"
#include "proto/refusal.h"

/* A list that changes as often as this between looking and doing is somebody's game. */
enum { ATTACH_TRIES = 3 };

struct attach_fields {
	uint16_t prog;
	struct target_fields target;
};

static const struct attach_fields attach_link_create = {
	ATTR_LINK_CREATE_PROG_FD,
	{ ATTR_LINK_CREATE_ATTACH_TYPE, ATTR_LINK_CREATE_TARGET_FD, TARGET_NOWHERE },
};
static const struct attach_fields attach_prog_attach = {
	ATTR_ATTACH_BPF_FD,
	{ ATTR_ATTACH_TYPE, ATTR_ATTACH_TARGET_FD, TARGET_NOWHERE },
};
static const struct attach_fields attach_raw_tracepoint = {
	ATTR_RAW_TP_PROG_FD,
	{ TARGET_NOWHERE, TARGET_NOWHERE, ATTR_RAW_TP_NAME },
};

static const struct attach_fields attach_event = {
	offsetof(struct perf_set_bpf, prog_fd),
	{ TARGET_IS_EVENT, offsetof(struct perf_set_bpf, perf_fd), TARGET_NOWHERE },
};

struct attach {
	const struct attach_fields *fields;
	struct client_obj prog;
	struct ledger_rec rec; /* of the program: copied, the ledger may change while we wait */
	struct target target;
	struct attached attached;
	bool unnamed; /* PROG_DETACH without a program: rec is of the one that stands there */
	uint8_t tries;
	uint64_t keep_id; /* unnamed: by which bpfgated lends it */
	uint64_t opened;  /* ... and had it opened just for this; else 0 */
	struct to_parent *to_parent;
};

static void attach_free(void *state)
{
	struct attach *attach = state;

	if (attach->opened)
		to_parent_ask_drop(attach->to_parent, attach->opened);
	free(attach);
}

static void attach_note_target(struct ledger_link *link, const struct target *target)
{
	const struct policy_target *policy = &target->policy;

	link->kind = policy->kind;
	link->ifindex = policy->ifindex;
	link->netns_dev = policy->netns.dev;
	link->netns_ino = policy->netns.ino;
	link->in_netns = target->in_netns;
	for (size_t i = 0; i < policy->cgroup_cnt && i < LEDGER_CGROUPS_MAX; i++) {
		link->cgroups[i].dev = policy->cgroups[i].dev;
		link->cgroups[i].ino = policy->cgroups[i].ino;
		link->cgroup_cnt++;
	}
	if (policy->ifname || policy->name)
		snprintf(link->name, sizeof(link->name), "%.127s", target->name);
	memcpy(link->target, target->shown, sizeof(link->target));
}

static int attach_record_link(struct work *work, const struct attach *attach, uint32_t link_id)
{
	struct ledger_rec rec = { .kind = LEDGER_LINK, .id = link_id };

	if (!link_id)
		return -EIO;
	new_record_begin(work, &rec);
	memcpy(rec.name, attach->rec.name, sizeof(rec.name));
	rec.link.prog_id = attach->rec.id;
	attach_note_target(&rec.link, &attach->target);
	return new_record_add(work, &rec);
}

static void attach_look_again(struct work *work);

/* The list changed under us, which its owner never asked to be told. */
static bool attach_may_look_again(struct work *work)
{
	struct attach *attach = work->state;

	return !work_u64(work, ATTR_ATTACH_EXPECTED_REVISION) && attach->tries++ < ATTACH_TRIES;
}

/* The kernel was told a number: it was that of the process which was decided about only if that
 * still lives. */
static bool attach_has_lost_process(struct work *work, const struct attach *attach)
{
	struct proc_facts proc;

	return attach->target.pid &&
	       (procs_look(attach->target.pidfd, work->ident->uid, &proc) < 0 ||
		proc.pid != attach->target.pid);
}

static void attach_on_done(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	const struct attach *attach = work->state;
	int err;

	if (!work_loader_answered(work, result))
		return;
	err = result->answer->result;
	if (err == -ESTALE && attach->attached.revision && attach_may_look_again(work)) {
		attach_look_again(work);
		return;
	}
	if (err < 0) {
		work_refuse(work, -err, DECISION_BY_KERNEL, REFUSAL_KERNEL, "the kernel refused: %s",
			    strerror(-err));
		return;
	}
	if (attach_has_lost_process(work, attach)) {
		work_reply(work, -ESRCH);
		return;
	}
	/* What is not written down is not handed out: with its only descriptor the link goes. */
	if (work->req.row->returns_fd &&
	    attach_record_link(work, attach, result->answer->obj_id) < 0) {
		work_refuse(work, ENOSPC, DECISION_BY_BROKER, REFUSAL_LEDGER,
			    "the daemon can record no more objects");
		return;
	}
	forward_take_outputs(work, result);
	work->decision->verdict = DECISION_ALLOWED;
	snprintf(work->decision->summary, sizeof(work->decision->summary), "program %u at %s %s",
		 attach->rec.id, policy_attach_name(attach->target.policy.kind),
		 attach->target.shown);
	if (!work->req.row->returns_fd) {
		work_reply(work, err);
		return;
	}
	work_reply_fd(work, result->fd);
}

/* What was decided is what is executed: the list that was read, and the program that was found on
 * it. */
static int attach_bind(struct work *work)
{
	const struct attach *attach = work->state;
	struct door_ask *ask = &work->loader_call->ask;
	int number;

	/* 0: nothing was looked at, or the kernel numbers no changes there and would refuse to
	 * compare. */
	if (attach->attached.revision && !work_u64(work, ATTR_ATTACH_EXPECTED_REVISION)) {
		attr_put_u64(ask->attr, ATTR_ATTACH_EXPECTED_REVISION, attach->attached.revision);
		if (ask->attr_bytes < ATTR_END_ATTACH_EXPECTED_REVISION)
			ask->attr_bytes = ATTR_END_ATTACH_EXPECTED_REVISION;
	}
	if (attach->target.pid)
		attr_put_u32(ask->attr, ATTR_LINK_CREATE_UPROBE_MULTI_PID,
			     (uint32_t)attach->target.pid);
	if (!attach->unnamed)
		return 0;
	number = loader_add_lent(work->loader_call, attach->keep_id);
	if (number < 0)
		return number;
	attr_put_u32(ask->attr, ATTR_ATTACH_BPF_FD, (uint32_t)number);
	/* Flags and anchor said which one it is. */
	attr_put_u32(ask->attr, ATTR_ATTACH_FLAGS, 0);
	attr_put_u32(ask->attr, ATTR_ATTACH_RELATIVE_FD, 0);
	return 0;
}

/*
 * A replacement's call is written field by field: the table reads the request by its attach type, which is that of
 * cgroups here, and where a cgroup's call has a descriptor this one has a number of BTF.
 */
static int attach_fill_replacement(struct work *work, uint64_t caps)
{
	struct attach *attach = work->state;
	struct loader_call *call = work_new_loader_call(work, work->req.cmd, caps);
	struct door_ask *ask;
	int prog, target = 0;

	if (!call)
		return -ENOMEM;
	prog = client_obj_add_to_call(&attach->prog, call);
	if (prog >= 0 && attach->target.prog.kind)
		target = client_obj_add_to_call(&attach->target.prog, call);
	if (prog < 0 || target < 0)
		return prog < 0 ? prog : target;
	ask = &call->ask;
	ask->result_fd = DOOR_FD_BROKER;
	memset(ask->attr, 0, sizeof(ask->attr));
	attr_put_u32(ask->attr, ATTR_LINK_CREATE_PROG_FD, (uint32_t)prog);
	attr_put_u32(ask->attr, ATTR_LINK_CREATE_TARGET_FD, (uint32_t)target);
	attr_put_u32(ask->attr, ATTR_LINK_CREATE_FLAGS, work_u32(work, ATTR_LINK_CREATE_FLAGS));
	attr_put_u32(ask->attr, ATTR_LINK_CREATE_TARGET_BTF_ID,
		     work_u32(work, ATTR_LINK_CREATE_TARGET_BTF_ID));
	attr_put_u64(ask->attr, ATTR_LINK_CREATE_TRACING_COOKIE,
		     work_u64(work, ATTR_LINK_CREATE_TRACING_COOKIE));
	ask->attr_bytes = ATTR_END_LINK_CREATE_TRACING_COOKIE;
	return 0;
}

static int attach_fill(struct work *work, const struct attach *attach)
{
	uint64_t caps = caps_for_attach(attach->rec.prog.type);

	if (attach->rec.prog.type == BPF_PROG_TYPE_EXT && work->req.cmd == CMD_LINK_CREATE)
		return attach_fill_replacement(work, caps);
	return forward_fill(work, caps);
}

static void attach_run(struct work *work)
{
	struct attach *attach = work->state;
	int r = attach_fill(work, attach);

	if (r >= 0)
		r = attach_bind(work);
	if (r >= 0 && attach->target.in_netns)
		r = work_enter_netns(work);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	work->loader_call->ask.obj_kind = work->req.row->returns_fd ? KEEP_LINK : 0;
	if (work->req.cmd == CMD_PERF_EVENT_SET_BPF)
		work->loader_call->ask.op = DOOR_SET_BPF;
	work_submit_loader(work, attach_on_done);
}

static void attach_on_others(struct work *work, int err)
{
	if (err == -EPERM)
		work_refuse(work, EPERM, DECISION_BY_POLICY, REFUSAL_STANDING,
			    "another user's program stands there, and only one can");
	else if (err < 0)
		work_reply(work, err);
	else
		attach_run(work);
}

/* ---- detaching what was not named ---- */

static void attach_on_opened(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	struct attach *attach = work->state;

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result < 0) {
		work_reply(work, result->answer->result);
		return;
	}
	attach->keep_id = attach->opened = result->keep_id;
	attach_run(work);
}

/* bpfgated lends what it keeps; what only its place holds is opened by its id, by the ledger's own
 * loader. */
static void attach_borrow(struct work *work)
{
	struct attach *attach = work->state;
	const struct kept_obj *kept =
		handles_find_obj(work->broker->handles, KEEP_PROG, attach->rec.id);
	struct loader_call *call;

	if (attach->opened || kept) {
		attach->keep_id = attach->opened ? attach->opened : kept->keep_id;
		attach_run(work);
		return;
	}
	call = work_new_loader_call(work, CMD_PROG_GET_FD_BY_ID, CAPS_SYS_ADMIN);
	if (!call) {
		work_reply(work, -ENOMEM);
		return;
	}
	memset(call->ask.attr, 0, sizeof(call->ask.attr));
	attr_put_u32(call->ask.attr, ATTR_ID_PROG_ID, attach->rec.id);
	call->ask.attr_bytes = ATTR_END_ID_PROG_ID;
	call->ask.obj_kind = KEEP_PROG;
	call->ask.result_fd = DOOR_FD_KEEP;
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	work_submit_loader(work, attach_on_opened);
}

/*
 * A link to several functions: all are granted, or what is asked for next is one that is not. The
 * first is asked for anyway.
 */
static bool attach_may_all(struct work *work, struct policy_request *request)
{
	struct attach *attach = work->state;
	const char *name = attach->target.names;
	OWN_MEM struct policy_decision *ruling = NULL;
	struct decide_view view;
	bool all = true;

	if (attach->target.names_cnt < 2)
		return true;
	ruling = malloc(sizeof(*ruling));
	if (!ruling) {
		work_reply(work, -ENOMEM);
		return false;
	}
	decide_view_open(&view, work, request);
	for (uint32_t i = 0; all && i < attach->target.names_cnt; i++, name += strlen(name) + 1) {
		attach->target.policy.name = name;
		decide_in_view(&view, ruling);
		all = ruling->verdict == POLICY_ALLOW;
	}
	decide_view_close(&view);
	if (all)
		attach->target.policy.name = attach->target.names;
	return true;
}

static void attach_decide(struct work *work)
{
	struct attach *attach = work->state;
	struct policy_request request = { .verb = POLICY_ATTACH, .target = &attach->target.policy };
	struct facts *facts = malloc(sizeof(*facts));
	bool granted;

	if (!facts) {
		work_reply(work, -ENOMEM);
		return;
	}
	decide_refresh_rules(work);
	facts_of_record(work->broker->ledger, work->broker->vmbtf, &attach->rec, facts);
	request.prog = &facts->prog;
	granted = attach_may_all(work, &request) && decide(work, &request, attach_decide);
	free(facts);
	if (!granted)
		return;
	decide_note_program(work, &attach->rec);
	if (work->req.row->returns_fd && !decide_charge(work, LEDGER_LINK, 0, attach_decide))
		return;
	if (attach->unnamed)
		attach_borrow(work);
	else if (work->req.cmd == CMD_PROG_ATTACH || work->req.cmd == CMD_PROG_DETACH)
		attached_check(work, &attach->attached, attach->rec.id, attach_on_others);
	else
		attach_run(work);
}

static void attach_on_target(struct work *work, int err)
{
	struct attach *attach = work->state;

	const char *why = NULL;

	if (err >= 0 && attach->target.policy.kind == POLICY_ATTACH_ITER && work->req.cmd == CMD_LINK_CREATE)
		why = iter_info_check(work, attach->target.policy.name);
	if (why)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_ITER_INFO, "%s", why);
	else if (err == -EXDEV)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_EVENT,
			    "the perf event was not opened through this bpfgated");
	else if (err == -EPERM)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_TARGET, "%s",
			    attach->target.why ? attach->target.why
					       : "bpfgate does not attach to targets of this kind");
	else if (err < 0)
		work_reply(work, err);
	else
		attach_decide(work);
}

/* The program of the call, if it may be attached at all. */
static int attach_find_prog(struct work *work, struct attach *attach)
{
	int r = client_obj_at(work, attach->fields->prog, KEEP_PROG, &attach->prog);

	if (r < 0)
		return r;
	if (attach->prog.rec)
		attach->rec = *attach->prog.rec;
	return 0;
}

static void attach_on_found(struct work *work, int err)
{
	struct attach *attach = work->state;
	const struct ledger_rec *rec;

	rec = err < 0 ? NULL
		      : ledger_find(work->broker->ledger, LEDGER_PROG, attach->attached.prog_id);
	if (err == -EPERM || (err >= 0 && !rec)) {
		work_refuse(work, EPERM, DECISION_BY_POLICY, REFUSAL_STANDING,
			    "the program that would be detached is another user's");
		return;
	}
	if (err < 0) {
		work_reply(work, err);
		return;
	}
	if (attach->opened && attach->rec.id != rec->id) {
		to_parent_ask_drop(attach->to_parent, attach->opened);
		attach->opened = 0;
	}
	attach->rec = *rec;
	attach->target = (struct target){ 0 };
	target_find(work, &attach->fields->target, &attach->rec, &attach->target, attach_on_target);
}

static void attach_begin_unnamed(struct work *work)
{
	struct attach *attach = work->state;

	attached_find(work, &attach->attached, attach_on_found);
}

static void attach_look_again(struct work *work)
{
	struct attach *attach = work->state;

	if (attach->unnamed)
		attach_begin_unnamed(work);
	else
		attached_check(work, &attach->attached, attach->rec.id, attach_on_others);
}

/* The program that an attach replaces, where one is named: taking it away is its owner's right
 * alone. */
static int attach_check_replaced(struct work *work)
{
	struct client_obj replaced;
	int r;

	if (work->req.cmd != CMD_PROG_ATTACH ||
	    work_fd_at(work, ATTR_ATTACH_REPLACE_BPF_FD) == -ENOENT)
		return 0;
	r = client_obj_at(work, ATTR_ATTACH_REPLACE_BPF_FD, KEEP_PROG, &replaced);
	if (r < 0)
		return r;
	return replaced.rec && forward_may_use(work, replaced.rec) ? 0 : -EPERM;
}

static void attach_begin_named(struct work *work)
{
	struct attach *attach = work->state;
	int r = attach_check_replaced(work);

	if (r == -EPERM)
		work_refuse(work, EPERM, DECISION_BY_POLICY, REFUSAL_STANDING,
			    "the program that would be replaced is another user's");
	else if (r < 0)
		work_reply(work, r);
	else
		target_find(work, &attach->fields->target, &attach->rec, &attach->target,
			    attach_on_target);
}

/* Detaching, the kernel looks at the cgroup first and at the program then. */
static int attach_missing_prog(struct work *work, int err)
{
	const struct cmd_attach *type = cmd_attach_of(work_u32(work, ATTR_ATTACH_TYPE));
	struct policy_object_id ids[CGROUPS_DEPTH_MAX];
	int fd;

	if (work->req.cmd != CMD_PROG_DETACH || !type || type->target != CMD_TARGET_CGROUP)
		return err;
	fd = work_fd_at(work, ATTR_ATTACH_TARGET_FD);
	return fd < 0 || cgroups_find_ancestors(fd, ids) < 0 ? -EBADF : err;
}

static void attach_start(struct work *work, const struct attach_fields *fields)
{
	struct attach *attach = calloc(1, sizeof(*attach));
	int r;

	if (!attach) {
		work_reply(work, -ENOMEM);
		return;
	}
	work->state = attach;
	work->state_free = attach_free;
	attach->to_parent = work->broker->to_parent;
	attach->fields = fields;
	/* Who is at the limit of links must still be able to take one away. */
	work->reuses_link = work->req.cmd == CMD_PROG_DETACH;
	attach->unnamed = attached_is_unnamed(work);
	if (attach->unnamed) {
		/* Whose it is takes a loader to find out: who may attach nothing anyway costs none.
		 */
		if (!decide_names_for(work, POLICY_ATTACH))
			work_refuse_as(work, EPERM, DECISION_BY_POLICY,
				       policy_condition_name(POLICY_COND_WHO),
				       "no rule allows any program to this caller");
		else
			attach_begin_unnamed(work);
		return;
	}
	r = attach_find_prog(work, attach);
	if (r < 0)
		work_reply(work, attach_missing_prog(work, r));
	else if (!attach->prog.rec)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_FOREIGN_PROG,
			    "program %u was not loaded through bpfgate", attach->prog.id);
	else if (attach->rec.prog.probe)
		/* What root gets from the probes that try to attach: their targets do not exist. */
		work_refuse(work, EBADF, DECISION_BY_BROKER, REFUSAL_PROBE,
			    "what a feature probe loads is never attached");
	else if (!forward_may_use(work, attach->prog.rec))
		work_refuse(work, EPERM, DECISION_BY_POLICY, REFUSAL_OWNER,
			    "program %u belongs to another user", attach->prog.id);
	else
		attach_begin_named(work);
}

void link_create(struct work *work)
{
	attach_start(work, &attach_link_create);
}

void prog_attach(struct work *work)
{
	attach_start(work, &attach_prog_attach);
}

void perf_event_set_bpf(struct work *work)
{
	attach_start(work, &attach_event);
}

void raw_tracepoint_open(struct work *work)
{
	attach_start(work, &attach_raw_tracepoint);
}
