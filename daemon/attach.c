/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LINK_CREATE, PROG_ATTACH, PROG_DETACH and RAW_TRACEPOINT_OPEN: one way for all. The program must be one
 * of ours and be the caller's, the target is identified, and one rule in force now must grant the
 * caller, the program's recorded facts and the target. Then the call is made as it came, in the network
 * namespace of the client's socket where that matters.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "daemon/caps.h"
#include "daemon/cgroups.h"
#include "daemon/commands.h"
#include "daemon/decide.h"
#include "daemon/forward.h"
#include "daemon/obj.h"
#include "daemon/record.h"
#include "daemon/session.h"
#include "daemon/standing.h"
#include "daemon/target.h"

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

struct attach {
	const struct attach_fields *fields;
	struct obj prog;
	struct ledger_rec rec;		/* of the program: copied, the ledger may change while we wait */
	struct target target;
};

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
	record_begin(work, &rec);
	memcpy(rec.name, attach->rec.name, sizeof(rec.name));
	rec.link.prog_id = attach->rec.id;
	attach_note_target(&rec.link, &attach->target);
	return record_add(work, &rec);
}

static void attach_on_done(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	const struct attach *attach = work->state;
	int err;

	if (!work_loader_answered(work, result))
		return;
	err = result->answer->result;
	if (err < 0) {
		work_refuse(work, -err, DECISION_BY_KERNEL, "KERNEL", "the kernel refused: %s",
			    strerror(-err));
		return;
	}
	/* What is not written down is not handed out: with its only descriptor the link goes. */
	if (work->req.row->returns_fd && attach_record_link(work, attach, result->answer->obj_id) < 0) {
		work_refuse(work, ENOSPC, DECISION_BY_BROKER, "LEDGER",
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

static void attach_run(struct work *work)
{
	struct attach *attach = work->state;
	int r = forward_fill(work, caps_for_attach(attach->rec.prog.type));

	if (r >= 0 && attach->target.in_netns)
		r = work_enter_netns(work);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	work->loader_call->ask.obj_kind = work->req.row->returns_fd ? KEEP_LINK : 0;
	work_submit_loader(work, attach_on_done);
}

static void attach_on_standing(struct work *work, int err)
{
	if (err == -EPERM)
		work_refuse(work, EPERM, DECISION_BY_POLICY, "STANDING",
			    "another user's program stands at this cgroup, and only one can");
	else if (err < 0)
		work_reply(work, err);
	else
		attach_run(work);
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
	granted = decide(work, &request, attach_decide);
	free(facts);
	if (!granted)
		return;
	decide_note_program(work, &attach->rec);
	if (work->req.row->returns_fd && !decide_charge(work, LEDGER_LINK, 0, attach_decide))
		return;
	if (!work->req.row->returns_fd && attach->target.policy.kind == POLICY_ATTACH_CGROUP)
		standing_check(work, attach->rec.id, attach_on_standing);
	else
		attach_run(work);
}

/*
 * An iterator over one object names it by a number inside iter_info, which would mean something else in
 * the loader: such iterators are not offered.
 */
static bool attach_names_object(const struct work *work)
{
	const struct request_ptr *info = work_ptr(work, ATTR_LINK_CREATE_ITER_INFO);

	if (work->req.cmd != CMD_LINK_CREATE || info->state != WIRE_PTR_PRESENT)
		return false;
	for (uint32_t i = 0; i < info->bytes; i++)
		if (info->data[i])
			return true;
	return false;
}

static void attach_on_target(struct work *work, int err)
{
	struct attach *attach = work->state;

	if (err >= 0 && attach->target.policy.kind == POLICY_ATTACH_ITER && attach_names_object(work))
		work_refuse(work, EPERM, DECISION_BY_BROKER, "ITER-INFO",
			    "iterators over one object are not offered");
	else if (err == -EPERM)
		work_refuse(work, EPERM, DECISION_BY_BROKER, "TARGET",
			    "bpfgate does not attach to targets of this kind");
	else if (err < 0)
		work_reply(work, err);
	else
		attach_decide(work);
}

/* The program of the call, if it may be attached at all. */
static int attach_find_prog(struct work *work, struct attach *attach)
{
	int r = obj_of_number(work, (int32_t)work_u32(work, attach->fields->prog), KEEP_PROG,
			      &attach->prog);

	if (r < 0)
		return r;
	if (attach->prog.rec)
		attach->rec = *attach->prog.rec;
	return 0;
}

/* Detaching, the kernel looks at the cgroup first and at the program then. */
static int attach_missing_prog(struct work *work, int err)
{
	const struct cmd_attach *type = cmd_attach_of(work_u32(work, ATTR_ATTACH_TYPE));
	struct policy_object_id ids[CGROUPS_DEPTH_MAX];
	int fd;

	if (work->req.cmd != CMD_PROG_DETACH || !type || type->target != CMD_TARGET_CGROUP)
		return err;
	fd = work_fd(work, (int32_t)work_u32(work, ATTR_ATTACH_TARGET_FD));
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
	work->state_free = free;
	attach->fields = fields;
	/* Who is at the limit of links must still be able to take one away. */
	work->reuses_link = work->req.cmd == CMD_PROG_DETACH;
	r = attach_find_prog(work, attach);
	if (r < 0)
		work_reply(work, attach_missing_prog(work, r));
	else if (!attach->prog.rec)
		work_refuse(work, EPERM, DECISION_BY_BROKER, "FOREIGN-PROG",
			    "program %u was not loaded through bpfgate", attach->prog.id);
	else if (attach->rec.prog.probe)
		/* What root gets from the probes that try to attach: their targets do not exist. */
		work_refuse(work, EBADF, DECISION_BY_BROKER, "PROBE",
			    "what a feature probe loads is never attached");
	else if (!forward_may_use(work, attach->prog.rec))
		work_refuse(work, EPERM, DECISION_BY_POLICY, "OWNER",
			    "program %u belongs to another user", attach->prog.id);
	else
		target_find(work, &fields->target, &attach->rec, &attach->target, attach_on_target);
}

void link_create(struct work *work)
{
	attach_start(work, &attach_link_create);
}

void prog_attach(struct work *work)
{
	attach_start(work, &attach_prog_attach);
}

void raw_tracepoint_open(struct work *work)
{
	attach_start(work, &attach_raw_tracepoint);
}
