/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs in bpfgated, before it has children: the records are the last broker's, so they are copied
 * by the offsets of ledger_layout.c, and nothing here depends on what they say but their kind,
 * their number and, for pins, being equal. Promises that a record is written whole or not at all,
 * and that no other is touched.
 */
#include "daemon/parent/ledger_copy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "daemon/shared/ledger_layout.h"
#include "proto/own.h"

struct view {
	struct ledger_header *header;
	size_t bytes;
	uint32_t rec_bytes, slot_cnt, used_cnt;
	const struct ledger_layout *layout; /* NULL: today's */
};

static void view_done(struct view *view)
{
	if (view->header)
		munmap(view->header, view->bytes);
	view->header = NULL;
}

#define OWN_VIEW __attribute__((cleanup(view_done)))

/* 0; 1: nothing was ever in it; -EBADMSG: no layout that we know. Looks at the header only. */
static int view_look(int fd, struct view *ret_view)
{
	struct ledger_header header = { 0 };
	struct view view = { 0 };
	struct stat st;

	if (fstat(fd, &st) < 0 || pread(fd, &header, sizeof(header), 0) < 0)
		return -errno;
	if (header.magic == 0)
		return 1;
	view.bytes = (size_t)st.st_size;
	view.rec_bytes = header.rec_bytes;
	view.slot_cnt = header.slot_cnt;
	view.used_cnt = header.used_cnt;
	view.layout = ledger_layout_find(&header, view.bytes);
	if (!view.layout && !ledger_header_is_ours(&header, view.bytes))
		return -EBADMSG;
	*ret_view = view;
	return 0;
}

static int view_map(int fd, int prot, struct view *view)
{
	view->header = mmap(NULL, view->bytes, prot, MAP_SHARED, fd, 0);
	if (view->header != MAP_FAILED)
		return 0;
	view->header = NULL;
	return -errno;
}

static uint8_t *view_slot(const struct view *view, uint32_t i)
{
	return (uint8_t *)(view->header + 1) + (size_t)i * view->rec_bytes;
}

/* An empty one becomes one of ours. */
static int view_begin(int fd, struct view *ret_view)
{
	struct ledger_header header = { 0 };
	int r = view_look(fd, ret_view);

	if (r <= 0)
		return r;
	ledger_header_begin(&header);
	header.magic = LEDGER_MAGIC;
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)ledger_bytes()) < 0)
		return -errno;
	if (pwrite(fd, &header, sizeof(header), 0) != sizeof(header))
		return -EIO;
	return view_look(fd, ret_view);
}

/* ---- records --------------------------------------------------------------------------------- */

struct known {
	struct {
		uint32_t kind, id;
	} key;
	uint32_t slot;
	UT_hash_handle hh;
};

struct filling {
	struct view *to;
	struct known *known;
	struct known *mem; /* one for each slot */
	uint32_t free_at;  /* slots below are in use */
	uint32_t last_pin;
};

static struct known *filling_find(struct filling *filling, uint32_t kind, uint32_t id)
{
	struct known *known, key = { .key = { kind, id } };

	HASH_FIND(hh, filling->known, &key.key, sizeof(key.key), known);
	return known;
}

static void filling_note(struct filling *filling, const struct ledger_rec *rec, uint32_t slot)
{
	struct known *known = &filling->mem[slot];

	if (rec->kind == LEDGER_PIN && rec->id > filling->last_pin)
		filling->last_pin = rec->id;
	if (filling_find(filling, rec->kind, rec->id))
		return;
	known->key.kind = rec->kind;
	known->key.id = rec->id;
	known->slot = slot;
	HASH_ADD(hh, filling->known, key, sizeof(known->key), known);
}

static int filling_begin(struct filling *filling, struct view *to)
{
	*filling = (struct filling){ .to = to, .mem = calloc(to->slot_cnt, sizeof(*filling->mem)) };
	if (!filling->mem)
		return -ENOMEM;
	for (uint32_t i = 0; i < to->used_cnt; i++) {
		const struct ledger_rec *rec = (const struct ledger_rec *)view_slot(to, i);

		if (rec->kind != LEDGER_FREE)
			filling_note(filling, rec, i);
	}
	return 0;
}

static void filling_done(struct filling *filling)
{
	HASH_CLEAR(hh, filling->known);
	free(filling->mem);
}

/* One that does not know where it is may be any of that path. */
static bool is_same_place(const struct ledger_place *a, const struct ledger_place *b)
{
	return a->state == LEDGER_PLACE_OLD || b->state == LEDGER_PLACE_OLD ||
	       memcmp(a, b, sizeof(*a)) == 0;
}

static bool is_same_pin(const struct ledger_rec *a, const struct ledger_rec *b)
{
	return a->uid == b->uid && a->pin.keep_id == b->pin.keep_id &&
	       a->pin.obj_id == b->pin.obj_id && is_same_place(&a->pin.place, &b->pin.place) &&
	       strncmp(a->pin.path, b->pin.path, sizeof(a->pin.path)) == 0;
}

/* Numbers of pins are ours, given afresh by each ledger: one that is taken says nothing about the
 * pin. */
static bool filling_has(struct filling *filling, struct ledger_rec *rec)
{
	const struct known *known = filling_find(filling, rec->kind, rec->id);

	if (!known || rec->kind != LEDGER_PIN)
		return known;
	for (uint32_t i = 0; i < filling->to->used_cnt; i++) {
		const struct ledger_rec *have =
			(const struct ledger_rec *)view_slot(filling->to, i);

		if (have->kind == LEDGER_PIN && is_same_pin(have, rec))
			return true;
	}
	rec->id = filling->last_pin + 1;
	return false;
}

static int filling_find_slot(struct filling *filling, uint32_t *ret_slot)
{
	struct view *to = filling->to;

	for (; filling->free_at < to->slot_cnt; filling->free_at++) {
		const struct ledger_rec *rec =
			(const struct ledger_rec *)view_slot(to, filling->free_at);

		if (filling->free_at < to->used_cnt && rec->kind != LEDGER_FREE)
			continue;
		*ret_slot = filling->free_at++;
		return 0;
	}
	return -ENOSPC;
}

/* What is known here goes first, then what only a newer daemon knows, then the kind: published by
 * it. */
static int filling_add(struct filling *filling, const struct ledger_rec *rec, const uint8_t *more,
		       uint32_t more_bytes)
{
	struct view *to = filling->to;
	uint32_t slot = 0;
	uint8_t *at;
	int r = filling_find_slot(filling, &slot);

	if (r < 0)
		return r;
	if (slot >= to->used_cnt)
		to->header->used_cnt = to->used_cnt = slot + 1;
	at = view_slot(to, slot);
	memcpy(at + sizeof(rec->kind), (const uint8_t *)rec + sizeof(rec->kind),
	       sizeof(*rec) - sizeof(rec->kind));
	memset(at + sizeof(*rec), 0, to->rec_bytes - sizeof(*rec));
	if (more_bytes > to->rec_bytes - sizeof(*rec))
		more_bytes = to->rec_bytes - sizeof(*rec);
	if (more_bytes)
		memcpy(at + sizeof(*rec), more, more_bytes);
	__atomic_store_n((uint32_t *)at, rec->kind, __ATOMIC_RELEASE);
	filling_note(filling, rec, slot);
	return 0;
}

static int filling_take_all(struct filling *filling, const struct view *from)
{
	uint32_t more_bytes =
		from->layout ? 0 : from->rec_bytes - (uint32_t)sizeof(struct ledger_rec);
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < from->used_cnt; i++) {
		const uint8_t *slot = view_slot(from, i);
		struct ledger_rec rec;

		if (ledger_layout_convert(from->layout, slot, &rec) && !filling_has(filling, &rec))
			r = filling_add(filling, &rec, slot + sizeof(rec), more_bytes);
	}
	return r;
}

static int filling_open(int fd, struct view *view, struct filling *filling)
{
	int r = view_begin(fd, view);

	if (r == 0 && view->layout)
		r = -EBADMSG;
	if (r == 0)
		r = view_map(fd, PROT_READ | PROT_WRITE, view);
	return r == 0 ? filling_begin(filling, view) : r;
}

int ledger_copy(int from_fd, int to_fd)
{
	OWN_VIEW struct view from = { 0 }, to = { 0 };
	struct filling filling;
	int r = view_look(from_fd, &from);

	if (r != 0)
		return r < 0 ? r : 0;
	r = view_map(from_fd, PROT_READ, &from);
	if (r == 0)
		r = filling_open(to_fd, &to, &filling);
	if (r < 0)
		return r;
	r = filling_take_all(&filling, &from);
	filling_done(&filling);
	return r;
}

int ledger_copy_recs(const struct ledger_rec *recs, size_t cnt, int to_fd)
{
	OWN_VIEW struct view to = { 0 };
	struct filling filling;
	int r = filling_open(to_fd, &to, &filling);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < cnt; i++) {
		struct ledger_rec rec = recs[i];

		if (!filling_has(&filling, &rec))
			r = filling_add(&filling, &rec, NULL, 0);
	}
	filling_done(&filling);
	return r;
}

int ledger_copy_look(int fd)
{
	struct view view;
	int r = view_look(fd, &view);

	if (r < 0)
		return r == -EBADMSG ? LEDGER_IS_UNKNOWN : r;
	if (r > 0)
		return LEDGER_IS_EMPTY;
	return view.layout ? LEDGER_IS_OLD : LEDGER_IS_OURS;
}
