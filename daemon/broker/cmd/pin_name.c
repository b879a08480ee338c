/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients do to the names of pins with calls that are for files: look, list, make and remove directories, rename.
 * Promises that a caller sees and changes names of its own alone; that a name is given only where a rule would let it be
 * pinned ("pin_under"); and what the kernel answers for its own files. What is shared by a rule is opened by its name,
 * and shown to its owner only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/cmd/pin.h"
#include "daemon/broker/ask/pinnames.h"
#include "daemon/broker/ask/places.h"
#include "daemon/broker/ask/new_record.h"
#include "daemon/broker/ask/unpin.h"
#include "proto/path.h"
#include "proto/pinname.h"

_Static_assert((int)PIN_NAME_PROG == (int)KEEP_PROG && (int)PIN_NAME_BTF == (int)KEEP_BTF, "one numbering");

struct name_call {
	struct pin_name ask;
	struct ledger_rec rec;		/* LEDGER_PIN: the name that is meant */
	struct ledger_pin to;		/* RENAME */
	char *list;
	uint32_t list_bytes, list_room;	/* as much as the caller has */
};

static void name_free(void *state)
{
	struct name_call *call = state;

	free(call->list);
	free(call);
}

static uint32_t name_kind_of(const struct ledger_rec *rec)
{
	return pinnames_is_dir_rec(rec) ? (uint32_t)PIN_NAME_DIR : rec->pin.obj_kind;
}

static void name_look(struct work *work, struct name_call *call)
{
	const struct ledger_rec *rec = pinnames_find(work, &call->rec.pin);

	if (rec)
		work_reply(work, (int)name_kind_of(rec));
	else
		work_reply(work, pinnames_is_dir(work, &call->rec.pin) ? PIN_NAME_DIR : -ENOENT);
}

/* ---- what lies in a directory ---- */

/* Its first part: itself, or a directory that it lies in. What does not fit is left out. */
static void name_add(struct name_call *call, const struct ledger_rec *rec, const char *below)
{
	size_t len = strcspn(below, "/");
	bool itself = below[len] == '\0';

	if (pin_name_is_listed(call->list, call->list_bytes, below, len) || len + 2 > call->list_room - call->list_bytes)
		return;
	call->list[call->list_bytes] = (char)(itself ? name_kind_of(rec) : PIN_NAME_DIR);
	memcpy(call->list + call->list_bytes + 1, below, len);
	call->list[call->list_bytes + 1 + len] = '\0';
	call->list_bytes += (uint32_t)len + 2;
}

static void name_list(struct work *work, struct name_call *call)
{
	struct ledger_pin *dir = &call->rec.pin;
	const struct ledger_rec *rec;
	uint32_t cursor = 0;
	bool is_place = dir->place.state == LEDGER_PLACE_KNOWN && dir->place.below == 1;

	/* The last part stands for whatever lies there. */
	*strrchr(dir->path, '/') = '\0';
	if (dir->place.below)
		dir->place.below--;
	if (!is_place && !pinnames_is_dir(work, dir)) {
		work_reply(work, -ENOENT);
		return;
	}
	call->list_room = work->req.ptrs[2].state == WIRE_PTR_PRESENT ? work->req.ptrs[2].room : 0;
	call->list = malloc(call->list_room + 1);
	if (!call->list) {
		work_reply(work, -ENOMEM);
		return;
	}
	while ((rec = pinnames_next_below(work, dir, &cursor)))
		name_add(call, rec, pinnames_below(&rec->pin, &dir->place, places_rest(dir)));
	/* Who has nothing and may have nothing is not told that it could look. */
	if (!call->list_bytes && !decide_names_for(work, POLICY_PIN)) {
		work_reply(work, -EACCES);
		return;
	}
	reply_set_buf(&work->reply, &work->req, offsetof(struct pin_name, list), call->list, call->list_bytes);
	reply_set_out(&work->reply, &work->req, offsetof(struct pin_name, list_bytes), call->list_bytes);
	work_reply(work, PIN_NAME_DIR);
}

/* ---- directories ---- */

static void name_mkdir(struct work *work, struct name_call *call)
{
	struct ledger_pin *name = &call->rec.pin;
	int r;

	if (pinnames_is_dir(work, name) || pinnames_find(work, name)) {
		work_reply(work, -EEXIST);
		return;
	}
	if (!pin_decide(work, name, NULL, true))
		return;
	if (!pinnames_has_parent(work, name)) {
		work_reply(work, -ENOENT);
		return;
	}
	new_record_begin(work, &call->rec);
	if (!decide_charge(work, LEDGER_PIN, 0, NULL))
		return;
	call->rec.id = pinnames_number(work->broker->ledger);
	name->obj_kind = LEDGER_PIN_DIR;
	r = new_record_add(work, &call->rec);
	if (r >= 0) {
		places_watch(work, &call->rec);
		pin_note_allowed(work, name);
	}
	work_reply(work, r);
}

static void name_rmdir(struct work *work, struct name_call *call)
{
	const struct ledger_rec *rec = pinnames_find(work, &call->rec.pin);
	uint32_t cursor = 0;

	if (rec && !pinnames_is_dir_rec(rec))
		work_reply(work, -ENOTDIR);
	else if (pinnames_next_below(work, &call->rec.pin, &cursor))
		work_reply(work, -ENOTEMPTY);
	else if (rec)
		work_reply(work, unpin_record(work->broker, rec));
	else /* one that a rule names stays as long as the rule */
		work_reply(work, pinnames_is_dir(work, &call->rec.pin) ? -EBUSY : -ENOENT);
}

/* ---- rename ---- */

static int name_take_new(struct work *work, struct name_call *call)
{
	int fd, r = pinnames_take_path(&work->req.ptrs[1], call->to.path, sizeof(call->to.path));

	if (r < 0)
		return r;
	if (!call->ask.to_below || !path_last_parts(call->to.path, call->ask.to_below))
		return -EINVAL;
	fd = work_fd_at(work, offsetof(struct pin_name, to_dir));
	return fd < 0 ? -EINVAL : places_identify(fd, call->ask.to_below, &call->to.place);
}

/* What has the new name goes, if it may: as rename(2). */
static int name_make_room(struct work *work, const struct name_call *call, bool is_dir)
{
	const struct ledger_rec *there = pinnames_find(work, &call->to);
	uint32_t cursor = 0;
	bool full = pinnames_next_below(work, &call->to, &cursor);

	if (!there && !full)
		return 0;
	if (call->ask.flags & PIN_NAME_NOREPLACE)
		return -EEXIST;
	if (full || pinnames_is_dir_rec(there))
		return !is_dir ? -EISDIR : full ? -ENOTEMPTY : unpin_record(work->broker, there);
	return is_dir ? -ENOTDIR : unpin_record(work->broker, there);
}

/* The directory itself and all that lies in it have other paths then; before anything changes: do they fit? */
static bool name_fits(struct work *work, const struct name_call *call)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = pinnames_next_below(work, &call->rec.pin, &cursor))) {
		const char *rest = pinnames_below(&rec->pin, &call->rec.pin.place, places_rest(&call->rec.pin));

		if (strlen(call->to.path) + 1 + strlen(rest) >= sizeof(rec->pin.path))
			return false;
	}
	return true;
}

static uint32_t name_cnt_parts(const char *path)
{
	uint32_t cnt = 1;

	for (; *path; path++)
		cnt += *path == '/';
	return cnt;
}

static void name_move_one(struct work *work, const struct ledger_rec *rec, const struct ledger_pin *to)
{
	struct ledger_rec was = *rec;

	ledger_set_pin_name(work->broker->ledger, rec->id, to);
	places_look_after(work->broker->places, &was);
}

static void name_move(struct work *work, const struct name_call *call)
{
	const struct ledger_rec *rec = pinnames_find(work, &call->rec.pin);
	uint32_t cursor = 0;

	if (rec)
		name_move_one(work, rec, &call->to);
	while ((rec = pinnames_next_below(work, &call->rec.pin, &cursor))) {
		const char *rest = pinnames_below(&rec->pin, &call->rec.pin.place, places_rest(&call->rec.pin));
		struct ledger_pin to = call->to;

		/* name_fits() */
		strcat(strcat(to.path, "/"), rest);
		to.place.below += name_cnt_parts(rest);
		name_move_one(work, rec, &to);
	}
}

static int name_check_move(struct work *work, const struct name_call *call, bool is_dir)
{
	/* Into itself. */
	if (pinnames_below(&call->to, &call->rec.pin.place, places_rest(&call->rec.pin)))
		return -EINVAL;
	if (!pinnames_has_parent(work, &call->to))
		return -ENOENT;
	return is_dir && !name_fits(work, call) ? -ENAMETOOLONG : 0;
}

static void name_rename(struct work *work, struct name_call *call)
{
	const struct ledger_rec *rec = pinnames_find(work, &call->rec.pin);
	bool is_dir = rec && pinnames_is_dir_rec(rec);
	int r = name_take_new(work, call);

	if (r >= 0 && !rec)
		r = pinnames_is_dir(work, &call->rec.pin) ? -EBUSY : -ENOENT;
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	if (places_name_same(&call->to, &call->rec.pin)) {
		work_reply(work, 0);
		return;
	}
	if (!pin_decide(work, &call->to, is_dir ? NULL : pin_find_object(work->broker->ledger, &rec->pin), false))
		return;
	r = name_check_move(work, call, is_dir);
	if (r >= 0)
		r = name_make_room(work, call, is_dir);
	if (r >= 0) {
		name_move(work, call);
		pin_note_allowed(work, &call->to);
	}
	work_reply(work, r);
}

void pin_name(struct work *work)
{
	static void (*const ops[PIN_NAME_OP_CNT])(struct work *, struct name_call *) = {
		[PIN_NAME_LOOK] = name_look,   [PIN_NAME_LIST] = name_list,	[PIN_NAME_MKDIR] = name_mkdir,
		[PIN_NAME_RMDIR] = name_rmdir, [PIN_NAME_RENAME] = name_rename,
	};
	struct name_call *call = calloc(1, sizeof(*call));
	int r;

	if (!call) {
		work_reply(work, -ENOMEM);
		return;
	}
	work->state = call;
	work->state_free = name_free;
	memcpy(&call->ask, work->req.attr, sizeof(call->ask));
	call->rec.kind = LEDGER_PIN;
	r = pinnames_take(work, &work->req.ptrs[0], &call->rec.pin);
	if (r >= 0 && (call->ask.op >= PIN_NAME_OP_CNT || !ops[call->ask.op] ||
		       call->ask.flags & ~(PIN_NAME_NOREPLACE | PIN_NAME_TO_DIR) || call->ask.zero))
		r = -EINVAL;
	if (r < 0)
		work_reply(work, r);
	else
		ops[call->ask.op](work, call);
}
