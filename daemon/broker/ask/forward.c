/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One translation for all commands that are carried out as they came: what the table says is a
 * descriptor, a pointer or an output is treated as such, and nothing else in the attr is touched.
 * Deciding is not done here, with one exception: a handle that another user's program stands behind
 * is refused wherever it turns up.
 */
#include "daemon/broker/ask/forward.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/iter_info.h"
#include "daemon/broker/store/kinds.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/store/owner.h"

/* No command of these brings back more than this; larger room is the client's imagination. */
#define FORWARD_OUT_MAX (16u << 20)

/*
 * Rules share maps, a pinned one by its pin, and the BTF that describes them. A program or a link
 * is the right to attach: it stays its owner's.
 */
static const struct ledger_rec *forward_find_sharable(struct work *work,
						      const struct ledger_rec *rec)
{
	if (rec->kind == LEDGER_PIN && rec->pin.obj_kind == KEEP_MAP)
		return ledger_find(work->broker->ledger, LEDGER_MAP, rec->pin.obj_id);
	return rec->kind == LEDGER_MAP || rec->kind == LEDGER_BTF ? rec : NULL;
}

/* The question whether a rule shares somebody else's object with the caller. */
struct forward_share {
	struct policy_subject owner;
	struct policy_map_facts map;
	struct policy_request request;
};

static void forward_ask_share(const struct ledger_rec *rec, struct forward_share *share)
{
	share->owner = (struct policy_subject){ .uid = rec->uid,
						.gid = (gid_t)-1,
						.unit = rec->unit[0] ? rec->unit : NULL };
	share->request = (struct policy_request){ .verb = POLICY_SHARE, .owner = &share->owner };
	if (rec->kind != LEDGER_MAP)
		return;
	facts_of_map(rec, &share->map);
	share->request.map = &share->map;
}

/* What rules share of somebody else's object: nothing, looking, or using. */
static bool forward_is_shared(struct work *work, const struct ledger_rec *named, bool to_use)
{
	const struct ledger_rec *rec = forward_find_sharable(work, named);
	struct forward_share share;
	struct policy_decision *ruling;
	bool allowed;

	if (!rec)
		return false;
	forward_ask_share(rec, &share);
	ruling = malloc(sizeof(*ruling));
	if (!ruling)
		return false;
	decide_silently(work, &share.request, ruling);
	allowed = ruling->verdict == POLICY_ALLOW && (!to_use || ruling->share_rw);
	free(ruling);
	return allowed;
}

bool forward_decide_shared(struct work *work, const struct ledger_rec *named)
{
	const struct ledger_rec *rec = forward_find_sharable(work, named);
	struct forward_share share;

	if (!rec) {
		work_reply(work, -ENOENT);
		return false;
	}
	forward_ask_share(rec, &share);
	return decide(work, &share.request, NULL);
}

bool forward_may_use(struct work *work, const struct ledger_rec *rec)
{
	return !rec || owner_has(work->ident, rec) || forward_is_shared(work, rec, true);
}

bool forward_may_see(struct work *work, const struct ledger_rec *rec)
{
	return !rec || owner_has(work->ident, rec) || forward_is_shared(work, rec, false);
}

static int forward_add_fd(struct work *work, const struct cmd_fd *field)
{
	int fd = work_fd_at(work, field->off), number;
	struct client_obj obj;

	if (fd < 0)
		return fd;
	if (client_obj_of_fd(work->broker, fd, &obj) < 0) {
		/*
		 * Cgroups, namespaces, perf events: the kernel says whether it is the right thing. The file of
		 * probes is one that was looked at (files.c).
		 */
		if (!kinds_may_be_passed_on(fd) && field->only_for != CMD_ATTACH_UPROBE_MULTI)
			return -EBADF;
		number = loader_add_fd(work->loader_call, fd);
	} else {
		/* Real descriptors are rights already; a handle is one only in its owner's hands.
		 */
		if (obj.keep_id && !forward_may_use(work, obj.rec))
			return -EPERM;
		number = client_obj_add_to_call(&obj, work->loader_call);
	}
	if (number < 0)
		return number;
	attr_put_u32(work->loader_call->ask.attr, field->off, (uint32_t)number);
	return 0;
}

/* The file that was decided about, wherever the client's path leads now: the kernel finds it among
 * the loader's own. */
static int forward_add_file(struct work *work, const struct cmd_ptr *ptr)
{
	int file = work_fd(work, WIRE_FD_FILE), number;
	char path[32];

	if (file < 0)
		return file;
	number = loader_add_fd(work->loader_call, file);
	if (number < 0)
		return number;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", number);
	return loader_add_in(work->loader_call, ptr->off, path, (uint32_t)strlen(path) + 1, NULL);
}

static int forward_add_ptr(struct work *work, const struct cmd_ptr *ptr,
			   const struct request_ptr *got)
{
	if (got->state == WIRE_PTR_NULL)
		return 0;
	if (got->state == WIRE_PTR_FAULT)
		return -EFAULT;
	/* Outputs start as zeros; of info.c's struct nothing is read. */
	if (ptr->content == CMD_FILE)
		return forward_add_file(work, ptr);
	if (ptr->content == CMD_CTX)
		return loader_add_both(work->loader_call, ptr->off, got->data, got->bytes, NULL);
	if (ptr->content == CMD_ITER_INFO)
		return iter_info_add(work, ptr, got);
	if (ptr->dir == CMD_IN)
		return loader_add_in(work->loader_call, ptr->off, got->data, got->bytes, NULL);
	if (got->room > FORWARD_OUT_MAX)
		return -E2BIG;
	return loader_add_out(work->loader_call, ptr->off, got->room, 0);
}

static int forward_add_ptrs(struct work *work)
{
	const struct cmd_row *row = work->req.row;
	int r = 0;

	for (int i = 0; i < row->ptr_cnt && r >= 0; i++)
		if (!row->ptrs[i].in_info &&
		    cmd_used_for(row, row->ptrs[i].only_for, work->req.attr))
			r = forward_add_ptr(work, &row->ptrs[i], &work->req.ptrs[i]);
	return r;
}

int forward_fill(struct work *work, uint64_t caps)
{
	const struct cmd_row *row = work->req.row;
	struct loader_call *call = work_new_loader_call(work, work->req.cmd, caps);
	int r = 0;

	if (!call)
		return -ENOMEM;
	call->ask.result_fd = row->returns_fd ? DOOR_FD_BROKER : DOOR_FD_NONE;
	for (int i = 0; i < row->fd_cnt && r >= 0; i++)
		if (cmd_fd_used(row, &row->fds[i], work->req.attr, (uint32_t)work->ident->pid))
			r = forward_add_fd(work, &row->fds[i]);
	return r < 0 ? r : forward_add_ptrs(work);
}

static void forward_take_ptrs(struct work *work, const struct loader_result *result)
{
	const struct cmd_row *row = work->req.row;
	unsigned int nth = 0;

	for (int i = 0; i < row->ptr_cnt; i++) {
		const uint8_t *data;
		uint32_t bytes;

		if (row->ptrs[i].in_info || !(row->ptrs[i].dir & CMD_OUT) ||
		    work->req.ptrs[i].state != WIRE_PTR_PRESENT ||
		    !cmd_used_for(row, row->ptrs[i].only_for, work->req.attr))
			continue;
		data = loader_result_out(work->loader_call, result, nth++, &bytes);
		/* The kernel writes the context of this type alone, and the caller's may not be to be written. */
		if (row->ptrs[i].content == CMD_CTX && (!work->ctx_comes_back || !work->req.ptrs[i].room))
			continue;
		if (data && bytes > 0)
			reply_set_buf(&work->reply, &work->req, row->ptrs[i].off, data, bytes);
	}
}

void forward_take_outputs(struct work *work, const struct loader_result *result)
{
	const struct cmd_row *row = work->req.row;

	for (int i = 0; i < row->out_cnt; i++) {
		const struct cmd_out *out = &row->outs[i];
		uint64_t value;

		if ((uint32_t)out->off + out->bytes > result->answer->attr_bytes)
			continue;
		value = out->bytes == 8 ? attr_u64(result->answer->attr, out->off)
					: attr_u32(result->answer->attr, out->off);
		reply_set_out(&work->reply, &work->req, out->off, value);
	}
	forward_take_ptrs(work, result);
}
