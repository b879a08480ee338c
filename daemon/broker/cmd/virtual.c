/* SPDX-License-Identifier: Apache-2.0 */
/*
 * *_GET_NEXT_ID and *_GET_FD_BY_ID, which the kernel keeps for CAP_SYS_ADMIN, answered from the ledger: a
 * caller walks over the objects that are its own, and opens those and what a rule shares with it. An
 * object of somebody else is not there: ENOENT, as for an id that never was.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/store/btfs.h"
#include "daemon/broker/store/owner.h"
#include "daemon/broker/ask/reconcile.h"
#include "proto/own.h"
#include "proto/refusal.h"

static const struct virtual_row {
	const char *name;
	uint32_t next_cmd, open_cmd;
	enum ledger_kind kind;
	uint32_t obj_kind;
} virtual_rows[] = {
	{ "program", CMD_PROG_GET_NEXT_ID, CMD_PROG_GET_FD_BY_ID, LEDGER_PROG, KEEP_PROG },
	{ "map", CMD_MAP_GET_NEXT_ID, CMD_MAP_GET_FD_BY_ID, LEDGER_MAP, KEEP_MAP },
	{ "link", CMD_LINK_GET_NEXT_ID, CMD_LINK_GET_FD_BY_ID, LEDGER_LINK, KEEP_LINK },
	{ "BTF", CMD_BTF_GET_NEXT_ID, CMD_BTF_GET_FD_BY_ID, LEDGER_BTF, KEEP_BTF },
};

/* Of a command of this file; NULL of any other. */
static const struct virtual_row *virtual_row_of(uint32_t cmd)
{
	for (size_t i = 0; i < ARRAY_CNT(virtual_rows); i++) {
		if (virtual_rows[i].next_cmd == cmd || virtual_rows[i].open_cmd == cmd)
			return &virtual_rows[i];
	}
	return NULL;
}

static const char *virtual_name_of(uint32_t obj_kind)
{
	for (size_t i = 0; i < ARRAY_CNT(virtual_rows); i++) {
		if (virtual_rows[i].obj_kind == obj_kind)
			return virtual_rows[i].name;
	}
	return "object";
}

/* ---- the walk ---- */

/* The kernel's own BTF, which everybody reads in /sys/kernel/btf, is the first that it numbers. */
#define VIRTUAL_KERNELS_BTF 1u

static void virtual_answer_next(struct work *work)
{
	enum ledger_kind kind = virtual_row_of(work->req.cmd)->kind;
	uint32_t after = work_u32(work, ATTR_ID_START_ID);
	const struct ledger_rec *rec = owner_next(work->broker->ledger, kind, after, work->ident);

	if (kind == LEDGER_BTF && after < VIRTUAL_KERNELS_BTF && decide_names_for(work, POLICY_BTF_LOAD)) {
		reply_set_out(&work->reply, &work->req, ATTR_ID_NEXT_ID, VIRTUAL_KERNELS_BTF);
		work_reply(work, 0);
		return;
	}
	if (rec)
		reply_set_out(&work->reply, &work->req, ATTR_ID_NEXT_ID, rec->id);
	work_reply(work, rec ? 0 : -ENOENT);
}

void virtual_next_id(struct work *work)
{
	/* A walk begins with what really exists. */
	if (work_u32(work, ATTR_ID_START_ID) == 0 &&
	    reconcile_then(work->broker, work, virtual_answer_next) == 0)
		return;
	virtual_answer_next(work);
}

/* ---- opening ---- */

/*
 * Whose it is was decided when it was made or shared; that it was opened again is a grant all the same. What was
 * opened by its pin was decided about, and written down as that.
 */
static void virtual_note_opened(struct work *work, uint32_t obj_kind, uint32_t id)
{
	if (!work->decision)
		decide_note_grant(work, "%s %u opened by its id", virtual_name_of(obj_kind), id);
}

static void virtual_on_handle(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct work *work = ctx;
	OWN_FD int fd = packet_fds_take(fds, 0);
	const struct kept_obj *kept = handles_find_kept(work->broker->handles, work->handle_of);
	int r = tell->result;

	if (r >= 0)
		r = fd < 0 ? -EIO : handles_add(work->broker->handles, work->handle_of, tell->cookie,
						   &work->handle);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	if (kept)
		virtual_note_opened(work, kept->obj_kind, kept->obj_id);
	work_reply_fd(work, fd);
}

void virtual_reply_handle(struct work *work, uint64_t keep_id)
{
	struct keep_ask ask = { .kind = ASK_HANDLE, .cnt = 1, .keep_id = { keep_id } };
	int r;

	work->handle_of = keep_id;
	r = quota_charge(work->account, QUOTA_HANDLES, 1, &work->handle);
	if (r < 0) {
		work_refuse(work, EMFILE, DECISION_BY_QUOTA, REFUSAL_HANDLES,
			    "too many further handles of programs are open");
		return;
	}
	r = to_parent_ask(work->broker->to_parent, &ask, NULL, NULL, 0, virtual_on_handle, work);
	if (r < 0)
		work_reply(work, r);
}

static void virtual_on_opened(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result < 0) {
		/* Only this says that it is gone; the others say that the question was wrong. */
		if (result->answer->result == -ENOENT)
			ledger_remove(work->broker->ledger,
				      virtual_row_of(work->loader_call->ask.cmd)->kind,
				      attr_u32(work->loader_call->ask.attr, ATTR_ID_PROG_ID));
		work_reply(work, result->answer->result);
		return;
	}
	virtual_note_opened(work, work->loader_call->ask.obj_kind,
			    attr_u32(work->loader_call->ask.attr, ATTR_ID_PROG_ID));
	if (work->loader_call->ask.result_fd == DOOR_FD_KEEP)
		work_reply_kept(work, result->keep_id, false);
	else if (work->loader_call->ask.result_fd == DOOR_FD_HANDLE)
		work_reply_fd(work, result->handle_fd);
	else
		work_reply_fd(work, result->fd);
}

/* By the ledger's own loader: the one that may hold CAP_SYS_ADMIN, for ids that we chose. */
static void virtual_open(struct work *work, const struct ledger_rec *rec, uint32_t obj_kind)
{
	struct loader_call *call = work_new_loader_call(work, work->req.cmd, CAPS_SYS_ADMIN);

	if (!call) {
		work_reply(work, -ENOMEM);
		return;
	}
	/* A short attr must not cut off what narrows the descriptor. */
	if (call->ask.attr_bytes < ATTR_END_ID_OPEN_FLAGS)
		call->ask.attr_bytes = ATTR_END_ID_OPEN_FLAGS;
	memcpy(call->ask.attr, work->req.attr, call->ask.attr_bytes);
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	call->ask.obj_kind = obj_kind;
	call->ask.result_fd = DOOR_FD_BROKER;
	if (rec->kind == LEDGER_PROG)
		call->ask.result_fd = rec->prog.granted_fd ? DOOR_FD_KEEP : DOOR_FD_HANDLE;
	work_submit_loader(work, virtual_on_opened);
}

/* The kernel's and its modules' are public; what else has such a number is somebody's. */
static void virtual_on_kernels(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;

	if (!work_loader_answered(work, result))
		return;
	if (result->answer->result < 0)
		work_reply(work, result->answer->result);
	else if (!btfs_is_kernels(result->fd))
		work_reply(work, -ENOENT);
	else {
		virtual_note_opened(work, KEEP_BTF, work_u32(work, ATTR_ID_BTF_ID));
		work_reply_fd(work, result->fd);
	}
}

static void virtual_open_kernels(struct work *work)
{
	struct loader_call *call = work_new_loader_call(work, work->req.cmd, CAPS_SYS_ADMIN);

	if (!call) {
		work_reply(work, -ENOMEM);
		return;
	}
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	call->ask.obj_kind = KEEP_BTF;
	call->ask.result_fd = DOOR_FD_BROKER;
	work_submit_loader(work, virtual_on_kernels);
}

/* Of an object that a pin keeps: `cmd` with the attr that is in the call. */
static struct loader_call *virtual_begin_kept(struct work *work, uint32_t cmd, uint32_t id)
{
	struct loader_call *call = work_new_loader_call(work, cmd, CAPS_SYS_ADMIN);

	if (!call) {
		work_reply(work, -ENOMEM);
		return NULL;
	}
	memset(call->ask.attr, 0, sizeof(call->ask.attr));
	attr_put_u32(call->ask.attr, ATTR_ID_PROG_ID, id);
	call->uid = (uid_t)-1;
	call->loader_flags = LOADER_LEDGER;
	call->ask.result_fd = DOOR_FD_BROKER;
	return call;
}

void virtual_reply_map(struct work *work, const struct ledger_rec *map, uint32_t flags)
{
	struct loader_call *call = virtual_begin_kept(work, CMD_MAP_GET_FD_BY_ID, map->id);

	if (!call)
		return;
	attr_put_u32(call->ask.attr, ATTR_ID_OPEN_FLAGS, flags);
	call->ask.attr_bytes = ATTR_END_ID_OPEN_FLAGS;
	call->ask.obj_kind = KEEP_MAP;
	work_submit_loader(work, virtual_on_opened);
}

void virtual_reply_link(struct work *work, uint32_t link_id)
{
	struct loader_call *call = virtual_begin_kept(work, CMD_LINK_GET_FD_BY_ID, link_id);

	if (!call)
		return;
	call->ask.attr_bytes = ATTR_END_ID_LINK_ID;
	call->ask.obj_kind = KEEP_LINK;
	work_submit_loader(work, virtual_on_opened);
}

/* A map that is shared for reading is opened for reading. */
static bool virtual_narrow(struct work *work, const struct ledger_rec *rec)
{
	if (forward_may_use(work, rec))
		return true;
	if (rec->kind != LEDGER_MAP || !forward_may_see(work, rec))
		return false;
	attr_put_u32(work->req.attr, ATTR_ID_OPEN_FLAGS, BPF_F_RDONLY);
	return true;
}

void virtual_fd_by_id(struct work *work)
{
	const struct virtual_row *row = virtual_row_of(work->req.cmd);
	uint32_t id = work_u32(work, ATTR_ID_PROG_ID);
	const struct ledger_rec *rec = ledger_find(work->broker->ledger, row->kind, id);
	const struct kept_obj *kept;

	if (!rec && row->kind == LEDGER_BTF && id && decide_names_for(work, POLICY_BTF_LOAD)) {
		virtual_open_kernels(work);
		return;
	}
	if (!rec || !virtual_narrow(work, rec)) {
		work_reply(work, -ENOENT);
		return;
	}
	kept = handles_find_obj(work->broker->handles, row->obj_kind, id);
	if (kept && rec->kind == LEDGER_PROG)
		virtual_reply_handle(work, kept->keep_id);
	else
		virtual_open(work, rec, row->obj_kind);
}
