/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes which program runs at an approved place is decided like an attach: a link that gets
 * another program, and a handle that is put into a program array, a device map or a CPU map. Links and
 * maps must be of ours, so that the place is known.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/ask/client_obj.h"

struct update {
	struct ledger_rec prog;		/* that is to run */
	uint32_t link_id;		/* 0: a map is updated */
	char target[160];
	struct policy_object_id cgroups[LEDGER_CGROUPS_MAX];
	struct policy_target policy;
};

static void update_decide(struct work *work);

static void update_on_done(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	struct update *update = work->state;
	int r;

	if (!work_loader_answered(work, result))
		return;
	r = result->answer->result;
	if (r < 0) {
		work_refuse(work, -r, DECISION_BY_KERNEL, REFUSAL_KERNEL, "the kernel refused: %s",
			    strerror(-r));
		return;
	}
	if (update->link_id)
		ledger_set_link_prog(work->broker->ledger, update->link_id, update->prog.id);
	work->decision->verdict = DECISION_ALLOWED;
	snprintf(work->decision->summary, sizeof(work->decision->summary), "program %u at %s %.100s",
		 update->prog.id, policy_attach_name(update->policy.kind), update->target);
	work_reply(work, r);
}

static void update_decide(struct work *work)
{
	struct update *update = work->state;
	struct policy_request request = { .verb = POLICY_ATTACH, .target = &update->policy };
	struct facts *facts = malloc(sizeof(*facts));
	bool granted;

	if (!facts) {
		work_reply(work, -ENOMEM);
		return;
	}
	facts_of_record(work->broker->ledger, work->broker->vmbtf, &update->prog, facts);
	request.prog = &facts->prog;
	/* No new link comes of it: the one that is there counts as the one that is asked for. */
	work->reuses_link = update->link_id != 0;
	granted = decide(work, &request, NULL);
	free(facts);
	if (!granted)
		return;
	decide_note_program(work, &update->prog);
	work_submit_loader(work, update_on_done);
}

/* The program that is to run; true: go on. */
static bool update_take_prog(struct work *work, const struct client_obj *prog)
{
	struct update *update = work->state;

	if (!prog->rec || prog->rec->prog.probe)
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_FOREIGN_PROG,
			    "program %u was not loaded through bpfgate to be attached", prog->id);
	else if (!forward_may_use(work, prog->rec))
		work_refuse(work, EPERM, DECISION_BY_POLICY, REFUSAL_OWNER,
			    "program %u belongs to another user", prog->id);
	else
		update->prog = *prog->rec;
	return update->prog.kind == LEDGER_PROG;
}

static bool update_begin(struct work *work)
{
	work->state = calloc(1, sizeof(struct update));
	work->state_free = free;
	if (!work->state)
		work_reply(work, -ENOMEM);
	return work->state != NULL;
}

/* ---- links ---- */

static void update_set_link_target(struct update *update, const struct ledger_link *link)
{
	struct policy_target *policy = &update->policy;

	memcpy(update->target, link->name, sizeof(link->name));
	update->target[sizeof(link->name) - 1] = '\0';
	policy->kind = link->kind;
	policy->ifindex = link->ifindex;
	policy->netns = (struct policy_object_id){ link->netns_dev, link->netns_ino };
	for (uint32_t i = 0; i < link->cgroup_cnt && i < LEDGER_CGROUPS_MAX; i++)
		update->cgroups[i] =
			(struct policy_object_id){ link->cgroups[i].dev, link->cgroups[i].ino };
	policy->cgroups = update->cgroups;
	policy->cgroup_cnt = link->cgroup_cnt;
	if (link->ifindex)
		policy->ifname = update->target[0] ? update->target : NULL;
	else
		policy->name = update->target[0] ? update->target : NULL;
}

void link_update(struct work *work)
{
	struct update *update;
	struct client_obj link, prog;
	int r;

	if (!update_begin(work))
		return;
	update = work->state;
	r = client_obj_at(work, ATTR_LINK_UPDATE_LINK_FD, KEEP_LINK, &link);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	if (!link.rec || !forward_may_use(work, link.rec)) {
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_FOREIGN_LINK,
			    "link %u is not one that bpfgate made for this user", link.id);
		return;
	}
	update->link_id = link.id;
	update_set_link_target(update, &link.rec->link);
	r = client_obj_at(work, ATTR_LINK_UPDATE_NEW_PROG_FD, KEEP_PROG, &prog);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	if (!update_take_prog(work, &prog))
		return;
	r = forward_fill(work, caps_for_attach(update->prog.prog.type));
	if (r < 0)
		work_reply(work, r);
	else
		update_decide(work);
}

/* ---- maps ---- */

/* The kernel reads as much of key and value as the map has: the client must have sent all of it. */
static int update_find_value_fd(const struct work *work, const struct ledger_map *map,
				uint32_t *ret_off)
{
	const struct request_ptr *value = work_ptr(work, ATTR_ELEM_VALUE);
	const struct request_ptr *key = work_ptr(work, ATTR_ELEM_KEY);
	int off = cmd_value_prog_off(map->type);

	if (value->state != WIRE_PTR_PRESENT || value->bytes < map->value_size)
		return -EFAULT;
	if (key->state != WIRE_PTR_PRESENT || key->bytes < map->key_size)
		return -EFAULT;
	if (off < 0 || value->bytes < (uint32_t)off + sizeof(int32_t))
		return -EINVAL;
	*ret_off = (uint32_t)off;
	return 0;
}

/* The value's descriptor becomes the number that the handle has in the loader. */
static int update_fill_map_call(struct work *work, uint32_t fd_off)
{
	const struct request_ptr *value = work_ptr(work, ATTR_ELEM_VALUE);
	struct loader_call *call;
	struct client_obj prog;
	uint32_t at = 0;
	int32_t number;
	int r = forward_fill(work, CAPS_BPF | CAPS_NET_ADMIN);

	if (r < 0)
		return r;
	call = work->loader_call;
	memcpy(&number, value->data + fd_off, sizeof(number));
	r = client_obj_of_number(work, number, KEEP_PROG, &prog);
	if (r >= 0)
		r = client_obj_add_to_call(&prog, call);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < call->ask.ptr_cnt; i++)
		if (call->ask.ptr[i].at == ATTR_ELEM_VALUE)
			at = call->ask.ptr[i].off + fd_off;
	memcpy(call->payload + at, &r, sizeof(r));
	/* The interface beside it is a number of the client's namespace. */
	return fd_off ? work_enter_netns(work) : 0;
}

void map_update(struct work *work)
{
	struct update *update;
	struct client_obj map, prog;
	int32_t number;
	uint32_t off = 0;
	int r;

	if (!update_begin(work))
		return;
	update = work->state;
	r = client_obj_at(work, ATTR_ELEM_MAP_FD, KEEP_MAP, &map);
	if (r >= 0 && !map.rec)
		r = -EPERM;
	if (r >= 0)
		r = update_find_value_fd(work, &map.rec->map, &off);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	memcpy(&number, work_ptr(work, ATTR_ELEM_VALUE)->data + off, sizeof(number));
	r = client_obj_of_number(work, number, KEEP_PROG, &prog);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	if (!update_take_prog(work, &prog))
		return;
	snprintf(update->target, sizeof(update->target), "%s",
		 policy_map_type_name(map.rec->map.type));
	update->policy.kind = POLICY_ATTACH_MAP;
	update->policy.name = update->target;
	r = update_fill_map_call(work, off);
	if (r < 0)
		work_reply(work, r);
	else
		update_decide(work);
}
