/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that what one user attached to a cgroup is not taken away by another whom a rule lets attach there
 * too. Trusts the kernel's list of the moment; the call itself comes after, so that who attaches in between is
 * not protected.
 */
#include "daemon/standing.h"

#include <errno.h>
#include <linux/bpf.h>

#include "daemon/caps.h"
#include "daemon/forward.h"

#define STANDING_MAX 64 /* the kernel has no more at a place: BPF_CGROUP_MAX_PROGS */

static bool standing_is_own(struct work *work, uint32_t prog_id)
{
	const struct ledger_rec *rec = ledger_find(work->broker->ledger, LEDGER_PROG, prog_id);

	return rec && forward_may_use(work, rec);
}

/* What the list of ids means for this call. */
static int standing_judge(struct work *work, const uint8_t *ids, uint32_t cnt)
{
	bool found = false, all_own = true;

	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t id = attr_u32(ids, i * sizeof(id));

		found = found || id == work->standing_of;
		all_own = all_own && standing_is_own(work, id);
	}
	if (work->req.cmd == CMD_PROG_DETACH)
		return found ? 0 : -ENOENT;
	return all_own ? 0 : -EPERM;
}

static void standing_on_listed(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	const uint8_t *ids;
	uint32_t bytes = 0, cnt;
	int r;

	if (!work_loader_answered(work, result))
		return;
	r = result->answer->result;
	cnt = attr_u32(result->answer->attr, ATTR_QUERY_PROG_CNT);
	ids = loader_result_out(work->loader_call, result, 0, &bytes);
	if (r >= 0 && cnt && (!ids || cnt > bytes / sizeof(uint32_t)))
		r = -EIO;
	if (r >= 0 && cnt &&
	    !(attr_u32(result->answer->attr, ATTR_QUERY_ATTACH_FLAGS) & BPF_F_ALLOW_MULTI))
		r = standing_judge(work, ids, cnt);
	work->on_standing(work, r < 0 ? r : 0);
}

static int standing_ask(struct work *work, int cgroup)
{
	struct loader_call *call = work_new_loader_call(work, CMD_PROG_QUERY, CAPS_BPF | CAPS_NET_ADMIN);
	uint32_t attach_type = work_u32(work, ATTR_ATTACH_TYPE);
	int number;

	if (!call)
		return -ENOMEM;
	memset(call->ask.attr, 0, sizeof(call->ask.attr));
	call->ask.attr_bytes = ATTR_END_QUERY_PROG_ATTACH_FLAGS;
	number = loader_add_fd(call, cgroup);
	if (number < 0)
		return number;
	attr_put_u32(call->ask.attr, ATTR_QUERY_TARGET_FD, (uint32_t)number);
	attr_put_u32(call->ask.attr, ATTR_QUERY_ATTACH_TYPE, attach_type);
	attr_put_u32(call->ask.attr, ATTR_QUERY_PROG_CNT, STANDING_MAX);
	return loader_add_out(call, ATTR_QUERY_PROG_IDS, STANDING_MAX * sizeof(uint32_t), 0);
}

void standing_check(struct work *work, uint32_t prog_id, standing_done_fn done)
{
	int cgroup = work_fd(work, (int32_t)work_u32(work, ATTR_ATTACH_TARGET_FD)), r;

	if (work->req.cmd == CMD_PROG_ATTACH &&
	    work_u32(work, ATTR_ATTACH_FLAGS) & BPF_F_ALLOW_MULTI) {
		done(work, 0);
		return;
	}
	work->standing_of = prog_id;
	work->on_standing = done;
	r = cgroup < 0 ? cgroup : standing_ask(work, cgroup);
	if (r < 0)
		done(work, r);
	else
		work_submit_loader(work, standing_on_listed);
}
