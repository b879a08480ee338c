/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every layout that a ledger ever had, and how a record of it is written today. Promises that no
 * record of an old ledger is dropped, and that a fact which was not recorded then is unknown now,
 * never wrong. Trusts the header as far as it was checked here; what records say is only copied.
 */
#include "daemon/shared/ledger_layout.h"

#include <stddef.h>
#include <string.h>

#include "proto/own.h"

/* The part of one kind may grow into what the largest needs; more changes the layout (see the
 * header). */
static_assert(sizeof(struct ledger_rec) == 1312, "another layout: raise LEDGER_VERSION");
static_assert(offsetof(struct ledger_rec, prog) == 376, "another layout: raise LEDGER_VERSION");

/* Old records began as today's do: kind, id, uid, a reserved word, decision, made_s. */
#define OLD_MADE_S 24
#define OLD_RULE   64
#define OLD_UNIT   128

struct ledger_layout {
	uint32_t rec_bytes, slot_cnt;
	uint32_t kind_cnt; /* kinds at and above did not exist */
	uint32_t made_ns;  /* where it is; 0: there was none */
	uint32_t name;	   /* where it is; rule and unit follow it */
	uint32_t body;	   /* where the part of the kind is */
	bool knows_grant;  /* struct ledger_prog has granted_fd */
};

/* All had version 0. The first two have one size and differ in links only: see
 * layout_convert_link(). */
static const struct ledger_layout layouts[] = {
	{ 1168, 16384, LEDGER_PIN, 0, 32, 240, false },
	{ 1176, 16384, LEDGER_PIN, 32, 40, 248, false },
	{ 1184, 16384, LEDGER_PERF, 32, 40, 248, true },
};

size_t ledger_bytes(void)
{
	return sizeof(struct ledger_header) + (size_t)LEDGER_SLOTS * sizeof(struct ledger_rec);
}

void ledger_header_begin(struct ledger_header *header)
{
	header->rec_bytes = sizeof(struct ledger_rec);
	header->slot_cnt = LEDGER_SLOTS;
	header->used_cnt = 0;
	header->version = LEDGER_VERSION | LEDGER_READERS << 16;
}

static bool header_fits(const struct ledger_header *header, uint64_t file_bytes)
{
	return header->magic == LEDGER_MAGIC && header->rec_bytes % sizeof(uint64_t) == 0 &&
	       header->used_cnt <= header->slot_cnt &&
	       file_bytes == sizeof(*header) + (uint64_t)header->slot_cnt * header->rec_bytes;
}

bool ledger_header_is_ours(const struct ledger_header *header, uint64_t file_bytes)
{
	uint32_t version = header->version & 0xffff, readers = header->version >> 16;

	if (!header_fits(header, file_bytes))
		return false;
	if (version == LEDGER_VERSION)
		return header->rec_bytes == sizeof(struct ledger_rec) &&
		       header->slot_cnt == LEDGER_SLOTS;
	return version > LEDGER_VERSION && readers > 0 && readers <= LEDGER_VERSION &&
	       header->rec_bytes >= sizeof(struct ledger_rec) &&
	       header->rec_bytes <= LEDGER_REC_MAX && header->slot_cnt > 0 &&
	       header->slot_cnt <= LEDGER_SLOTS_MAX;
}

const struct ledger_layout *ledger_layout_find(const struct ledger_header *header,
					       uint64_t file_bytes)
{
	if (!header_fits(header, file_bytes) || header->version != 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_CNT(layouts); i++)
		if (layouts[i].rec_bytes == header->rec_bytes &&
		    layouts[i].slot_cnt == header->slot_cnt)
			return &layouts[i];
	return NULL;
}

static uint32_t word_at(const uint8_t *from, size_t at)
{
	uint32_t word;

	memcpy(&word, from + at, sizeof(word));
	return word;
}

static bool is_zero(const uint8_t *from, size_t bytes)
{
	return bytes == 0 || (from[0] == 0 && memcmp(from, from + 1, bytes - 1) == 0);
}

/* Before there was granted_fd, a program without a handle was granted as itself. */
static void layout_convert_prog(const struct ledger_layout *layout, const uint8_t *body,
				struct ledger_prog *prog)
{
	const size_t grant = offsetof(struct ledger_prog, granted_fd);
	const size_t handle = offsetof(struct ledger_prog, handle);

	if (layout->knows_grant) {
		memcpy(prog, body, sizeof(*prog));
		return;
	}
	memcpy(prog, body, grant);
	memcpy((uint8_t *)prog + handle, body + grant, sizeof(*prog) - handle);
	prog->granted_fd = prog->handle == 0;
}

/* The very first links were shorter, had other members, and no cgroups. What they did not say is
 * unknown. */
static void layout_convert_link(const struct ledger_layout *layout, const uint8_t *body,
				struct ledger_link *link)
{
	enum {
		FIRST_IFINDEX = 8,
		FIRST_KIND = 12,
		FIRST_COOKIE = 16,
		FIRST_TARGET = 24,
		FIRST_BYTES = 88
	};

	memcpy(link, body, sizeof(*link));
	if (layout->made_ns || !is_zero(body + FIRST_BYTES, sizeof(*link) - FIRST_BYTES))
		return;
	memset(link, 0, sizeof(*link));
	link->prog_id = word_at(body, 0);
	link->attach_type = word_at(body, 4);
	link->ifindex = word_at(body, FIRST_IFINDEX);
	link->kind = word_at(body, FIRST_KIND);
	link->in_netns = !is_zero(body + FIRST_COOKIE, sizeof(uint64_t));
	memcpy(link->target, body + FIRST_TARGET, sizeof(link->target));
}

static void layout_convert_body(const struct ledger_layout *layout, const uint8_t *body,
				struct ledger_rec *rec)
{
	switch (rec->kind) {
	case LEDGER_PROG:
		layout_convert_prog(layout, body, &rec->prog);
		break;
	case LEDGER_MAP:
		memcpy(&rec->map, body, sizeof(rec->map));
		break;
	case LEDGER_LINK:
		layout_convert_link(layout, body, &rec->link);
		break;
	case LEDGER_BTF:
		rec->btf.bytes = word_at(body, 0);
		break;
	case LEDGER_PIN:
		memcpy(&rec->pin, body, offsetof(struct ledger_pin, place));
		break;
	}
}

bool ledger_layout_convert(const struct ledger_layout *layout, const uint8_t *from,
			   struct ledger_rec *ret_rec)
{
	uint32_t kind = word_at(from, 0);

	if (kind == LEDGER_FREE || (layout && kind >= layout->kind_cnt))
		return false;
	if (!layout) {
		memcpy(ret_rec, from, sizeof(*ret_rec));
		return true;
	}
	memset(ret_rec, 0, sizeof(*ret_rec));
	memcpy(ret_rec, from, OLD_MADE_S + sizeof(ret_rec->made_s));
	ret_rec->account = ret_rec->uid; /* a reserved word then: who asked, paid */
	if (layout->made_ns)
		memcpy(&ret_rec->made_ns, from + layout->made_ns, sizeof(ret_rec->made_ns));
	memcpy(ret_rec->name, from + layout->name, sizeof(ret_rec->name));
	memcpy(ret_rec->rule, from + layout->name + sizeof(ret_rec->name), OLD_RULE);
	memcpy(ret_rec->unit, from + layout->name + sizeof(ret_rec->name) + OLD_RULE, OLD_UNIT);
	layout_convert_body(layout, from + layout->body, ret_rec);
	return true;
}
