/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that what one user attached is not replaced or taken away by another whom a rule lets attach there
 * too: what the kernel would do is worked out on its own list of the place, and decided by whose program that
 * is. Trusts the list of the moment. What is executed at an interface names the program and the list's
 * revision, and so it is at a cgroup where the kernel numbers changes (6.17); an older cgroup's one program, a
 * network namespace's flow dissector and a socket map's go whatever is named, so who attaches there in between is not protected.
 */
#include "daemon/broker/ask/attached.h"

#include <errno.h>
#include <linux/bpf.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/store/kinds.h"
#include "daemon/broker/ask/client_obj.h"

#define STANDING_MAX 64 /* the kernel has no more at a place: BPF_MPROG_MAX, BPF_CGROUP_MAX_PROGS */

#define STANDING_BEFORE (1u << 3)	/* BPF_F_BEFORE, which Debian 12's header lacks, and its like */
#define STANDING_AFTER	(1u << 4)
#define STANDING_FLAGS	(CMD_F_REPLACE | STANDING_BEFORE | STANDING_AFTER | CMD_F_ID | CMD_F_LINK)

/* What stands at a place, in order. */
struct attached_list {
	const uint8_t *progs, *links;	/* ids; links is NULL where none is told */
	uint32_t cnt;
	uint32_t flags;
	uint64_t revision;
};

/* Another program's or link's id, beside which something is said to be. */
struct attached_anchor {
	uint32_t id;			/* 0: none was named */
	bool is_link;
};

static const struct cmd_attach *attached_type(const struct work *work)
{
	return cmd_attach_of(work_u32(work, ATTR_ATTACH_TYPE));
}

bool attached_is_unnamed(const struct work *work)
{
	const struct cmd_attach *type = attached_type(work);

	return work->req.cmd == CMD_PROG_DETACH && type && work_fd_at(work, ATTR_ATTACH_BPF_FD) == -ENOENT &&
	       (type->cls == CMD_ATTACH_NETDEV || type->cls == CMD_ATTACH_CGROUP);
}

static bool attached_is_own(struct work *work, uint32_t prog_id)
{
	const struct ledger_rec *rec = ledger_find(work->broker->ledger, LEDGER_PROG, prog_id);

	return rec && forward_may_use(work, rec);
}

static uint32_t attached_id(const uint8_t *ids, uint32_t nth)
{
	return ids ? attr_u32(ids, nth * sizeof(uint32_t)) : 0;
}

/* ---- a program is named ---- */

static int attached_judge_named(struct work *work, const struct attached *attached,
				const struct attached_list *list)
{
	bool found = false, all_own = true;

	for (uint32_t i = 0; i < list->cnt; i++) {
		uint32_t id = attached_id(list->progs, i);

		found = found || id == attached->prog_id;
		all_own = all_own && attached_is_own(work, id);
	}
	if (work->req.cmd == CMD_PROG_DETACH)
		return found ? 0 : -ENOENT;
	return all_own ? 0 : -EPERM;
}

/* ---- none is: which one is it? ---- */

static int attached_get_anchor(struct work *work, uint32_t flags,
			       struct attached_anchor *ret_anchor)
{
	struct client_obj obj;
	int r;

	*ret_anchor = (struct attached_anchor){ .is_link = flags & CMD_F_LINK };
	if (flags & CMD_F_ID) {
		ret_anchor->id = work_u32(work, ATTR_ATTACH_RELATIVE_ID);
		return ret_anchor->id ? 0 : -ENOENT;
	}
	if (work_fd_at(work, ATTR_ATTACH_RELATIVE_FD) == -ENOENT)
		return 0;
	r = client_obj_at(work, ATTR_ATTACH_RELATIVE_FD,
			  ret_anchor->is_link ? KEEP_LINK : KEEP_PROG, &obj);
	if (r >= 0)
		ret_anchor->id = obj.id;
	return r;
}

static int attached_find_anchor(const struct attached_list *list,
				const struct attached_anchor *anchor)
{
	const uint8_t *ids = anchor->is_link ? list->links : list->progs;

	for (uint32_t i = 0; i < list->cnt; i++)
		if (attached_id(ids, i) == anchor->id)
			return (int)i;
	return -ENOENT;
}

/* Where the kernel would take one out: bpf_mprog_detach() without a program. */
static int attached_position(struct work *work, const struct attached_list *list)
{
	uint32_t flags = work_u32(work, ATTR_ATTACH_FLAGS);
	struct attached_anchor anchor;
	int last = (int)list->cnt - 1, at = 0, before, after;
	int r = attached_get_anchor(work, flags, &anchor);

	if (r >= 0 && anchor.id)
		r = at = attached_find_anchor(list, &anchor);
	if (r < 0)
		return r;
	if (!(flags & (STANDING_BEFORE | STANDING_AFTER)))
		return flags || anchor.id ? -EINVAL : last;
	before = anchor.id ? at - 1 : -1;
	after = anchor.id ? at + 1 : last + 1;
	if (flags & STANDING_BEFORE && flags & STANDING_AFTER && before != after)
		return -ERANGE;
	at = flags & STANDING_BEFORE ? before : after;
	return at < 0 ? 0 : at > last ? last : at;
}

/* One at a netdevice, of a list; or the only one of a cgroup. */
static int attached_pick(struct work *work, const struct attached_list *list)
{
	uint64_t revision = work_u64(work, ATTR_ATTACH_EXPECTED_REVISION);
	uint32_t flags = work_u32(work, ATTR_ATTACH_FLAGS);

	if (attached_type(work)->cls == CMD_ATTACH_CGROUP) {
		if (flags || work_u32(work, ATTR_ATTACH_RELATIVE_ID) || list->flags & BPF_F_ALLOW_MULTI)
			return -EINVAL;
		return list->cnt ? 0 : -ENOENT;
	}
	if (flags & ~STANDING_FLAGS || flags & CMD_F_REPLACE)
		return -EINVAL;
	if (revision && revision != list->revision)
		return -ESTALE;
	return list->cnt ? attached_position(work, list) : -ENOENT;
}

static int attached_judge_unnamed(struct work *work, struct attached *attached,
				  const struct attached_list *list)
{
	int at = attached_pick(work, list);

	if (at < 0)
		return at;
	if (attached_id(list->links, (uint32_t)at))
		return -EBUSY;
	attached->prog_id = attached_id(list->progs, (uint32_t)at);
	return attached_is_own(work, attached->prog_id) ? 0 : -EPERM;
}

/* ---- asking the kernel ---- */

static int attached_read(const struct work *work, const struct loader_result *result,
			 struct attached_list *list)
{
	const struct door_answer *answer = result->answer;
	uint32_t prog_bytes = 0, link_bytes = 0;

	if (answer->result < 0)
		return answer->result;
	*list = (struct attached_list){ .cnt = attr_u32(answer->attr, ATTR_QUERY_PROG_CNT),
					.flags = attr_u32(answer->attr, ATTR_QUERY_ATTACH_FLAGS),
					.revision = attr_u64(answer->attr, ATTR_QUERY_REVISION) };
	list->progs = loader_result_out(work->loader_call, result, 0, &prog_bytes);
	if (work->loader_call->ask.ptr_cnt > 1)
		list->links = loader_result_out(work->loader_call, result, 1, &link_bytes);
	if (list->cnt > prog_bytes / sizeof(uint32_t))
		return -EIO;
	if (list->links && list->cnt > link_bytes / sizeof(uint32_t))
		return -EIO;
	return 0;
}

/* Where several stand, an attach replaces none, and a detach that names one finds it or nothing. */
static bool attached_nothing_lost(const struct work *work, const struct attached_list *list)
{
	return attached_type(work)->cls == CMD_ATTACH_CGROUP && list->flags & BPF_F_ALLOW_MULTI;
}

static void attached_on_listed(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	struct attached *attached = work_about(work);
	struct attached_list list;
	int r;

	if (!work_loader_answered(work, result))
		return;
	r = attached_read(work, result, &list);
	if (r >= 0) {
		attached->revision = list.revision;
		if (attached_is_unnamed(work))
			r = attached_judge_unnamed(work, attached, &list);
		else if (list.cnt && !attached_nothing_lost(work, &list))
			r = attached_judge_named(work, attached, &list);
	}
	work_resume(work, r < 0 ? r : 0);
}

/* The place, as the query names it: a number of the client's namespace, or a descriptor. */
static int attached_add_place(struct work *work, struct loader_call *call)
{
	int fd;

	if (attached_type(work)->target == CMD_TARGET_IFINDEX) {
		attr_put_u32(call->ask.attr, ATTR_QUERY_TARGET_IFINDEX,
			     work_u32(work, ATTR_ATTACH_TARGET_IFINDEX));
		return work_enter_netns(work);
	}
	fd = attached_type(work)->target == CMD_TARGET_NETNS ? work->broker->netns_fd :
							       work_fd_at(work, ATTR_ATTACH_TARGET_FD);
	if (fd >= 0 && !kinds_may_be_passed_on(fd))
		return -EBADF;
	if (fd >= 0)
		fd = loader_add_fd(call, fd);
	if (fd >= 0)
		attr_put_u32(call->ask.attr, ATTR_QUERY_TARGET_FD, (uint32_t)fd);
	return fd;
}

static int attached_ask(struct work *work)
{
	struct loader_call *call = work_new_loader_call(work, CMD_PROG_QUERY, CAPS_BPF | CAPS_NET_ADMIN);
	uint32_t attach_type = work_u32(work, ATTR_ATTACH_TYPE);
	int r;

	if (!call)
		return -ENOMEM;
	memset(call->ask.attr, 0, sizeof(call->ask.attr));
	call->ask.attr_bytes = ATTR_END_QUERY_REVISION;
	attr_put_u32(call->ask.attr, ATTR_QUERY_ATTACH_TYPE, attach_type);
	attr_put_u32(call->ask.attr, ATTR_QUERY_PROG_CNT, STANDING_MAX);
	r = attached_add_place(work, call);
	if (r >= 0)
		r = loader_add_out(call, ATTR_QUERY_PROG_IDS, STANDING_MAX * sizeof(uint32_t), 0);
	if (r >= 0 && attached_type(work)->cls == CMD_ATTACH_NETDEV)
		r = loader_add_out(call, ATTR_QUERY_LINK_IDS, STANDING_MAX * sizeof(uint32_t), 0);
	return r;
}

static void attached_start(struct work *work)
{
	int r = attached_ask(work);

	if (r < 0)
		work_resume(work, r);
	else
		work_submit_loader(work, attached_on_listed);
}

void attached_find(struct work *work, struct attached *attached, work_then_fn then)
{
	attached->prog_id = 0;
	work_then(work, then, attached);
	attached_start(work);
}

/* Interfaces take the one that is named, and only that one; so do maps give it back. */
static bool attached_may_lose(const struct work *work)
{
	const struct cmd_attach *type = attached_type(work);

	if (type->target == CMD_TARGET_CGROUP)
		return work->req.cmd == CMD_PROG_DETACH ||
		       !(work_u32(work, ATTR_ATTACH_FLAGS) & BPF_F_ALLOW_MULTI);
	/* So does a network namespace, which has one dissector. */
	return work->req.cmd == CMD_PROG_ATTACH &&
	       (type->target == CMD_TARGET_MAP || type->target == CMD_TARGET_NETNS);
}

void attached_check(struct work *work, struct attached *attached, uint32_t prog_id,
		    work_then_fn then)
{
	*attached = (struct attached){ .prog_id = prog_id };
	work_then(work, then, attached);
	if (attached_type(work) && attached_may_lose(work))
		attached_start(work);
	else
		work_resume(work, 0);
}
