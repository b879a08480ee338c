/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of fixed records in shared memory, and indexes over it in private memory. It promises that
 * a broker which starts over finds every record that was published, and none that was half written.
 * It trusts the memfd only as far as its header and the kinds of its records: ids and texts in it were
 * written by a broker that may have been lied to, so texts are bounded when read.
 */
#include "daemon/broker/store/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <uthash.h>

#include "daemon/shared/ledger_layout.h"
#include "proto/own.h"

struct ledger_key {
	uint32_t kind, id;
};

/* One per slot; in the index by key while the slot is in use. */
struct ledger_slot {
	struct ledger_key key;
	struct ledger_charge charge;
	struct ledger_slot *next_free;
	UT_hash_handle hh;
};

struct ledger {
	struct ledger_header *header;
	size_t bytes;			/* of the mapping */
	uint32_t rec_bytes, slot_cnt;	/* a newer daemon's records may be larger than ours */
	struct ledger_slot *slots, *free_slots;
	struct ledger_slot *index;
	size_t cnt[LEDGER_KIND_CNT];
};

static struct ledger_rec *ledger_rec_at(const struct ledger *ledger, size_t i)
{
	return (struct ledger_rec *)((uint8_t *)(ledger->header + 1) + i * ledger->rec_bytes);
}

static struct ledger_rec *ledger_rec_of(const struct ledger *ledger, const struct ledger_slot *slot)
{
	return slot ? ledger_rec_at(ledger, (size_t)(slot - ledger->slots)) : NULL;
}

static struct ledger_slot *ledger_slot_of(const struct ledger *ledger, uint32_t kind, uint32_t id)
{
	struct ledger_key key = { kind, id };
	struct ledger_slot *slot;

	HASH_FIND(hh, ledger->index, &key, sizeof(key), slot);
	return slot;
}

static void ledger_index_slot(struct ledger *ledger, struct ledger_slot *slot)
{
	const struct ledger_rec *rec = ledger_rec_of(ledger, slot);

	slot->key = (struct ledger_key){ rec->kind, rec->id };
	HASH_ADD(hh, ledger->index, key, sizeof(slot->key), slot);
	ledger->cnt[rec->kind]++;
}

static void ledger_release_slot(struct ledger *ledger, struct ledger_slot *slot)
{
	slot->next_free = ledger->free_slots;
	ledger->free_slots = slot;
}

/* 0 or -EBADMSG. An empty one is begun. */
static int ledger_check_header(struct ledger *ledger)
{
	struct ledger_header *header = ledger->header;

	if (header->magic == 0 && ledger->bytes == ledger_bytes()) {
		ledger_header_begin(header);
		__atomic_store_n(&header->magic, LEDGER_MAGIC, __ATOMIC_RELEASE);
	}
	if (!ledger_header_is_ours(header, ledger->bytes))
		return -EBADMSG;
	ledger->rec_bytes = header->rec_bytes;
	ledger->slot_cnt = header->slot_cnt;
	ledger->slots = calloc(ledger->slot_cnt, sizeof(*ledger->slots));
	return ledger->slots ? 0 : -ENOMEM;
}

/*
 * A second record of the same object cannot be ours: the first counts. What a newer daemon knows and we do
 * not is its: the slot stays as it is.
 */
static bool ledger_slot_is_used(const struct ledger *ledger, uint32_t i)
{
	const struct ledger_rec *rec = ledger_rec_at(ledger, i);

	return rec->kind > LEDGER_FREE && rec->kind < LEDGER_KIND_CNT &&
	       !ledger_slot_of(ledger, rec->kind, rec->id);
}

static bool ledger_slot_is_free(const struct ledger *ledger, uint32_t i)
{
	return ledger_rec_at(ledger, i)->kind < LEDGER_KIND_CNT;
}

static enum quota_res ledger_res_of(enum ledger_kind kind)
{
	static const enum quota_res res[LEDGER_KIND_CNT] = {
		[LEDGER_PROG] = QUOTA_PROGRAMS,
		[LEDGER_MAP] = QUOTA_MAPS,
		[LEDGER_LINK] = QUOTA_LINKS,
		[LEDGER_BTF] = QUOTA_BTFS,
		[LEDGER_PIN] = QUOTA_PINS,
		[LEDGER_PERF] = QUOTA_PERF,
	};

	return res[kind];
}

/* Rules count the memory of maps; what they do not count has a limit of ours. */
static enum quota_res ledger_bytes_res_of(enum ledger_kind kind)
{
	return kind == LEDGER_MAP ? QUOTA_MAP_BYTES : QUOTA_KERNEL_BYTES;
}

/* Limits of a rule are the policy's: it was asked before. */
static void ledger_charge_rule(struct quota_account *rule, enum ledger_kind kind, uint64_t bytes,
			       struct ledger_charge *charge)
{
	quota_charge_anyway(rule, ledger_res_of(kind), 1, &charge->rule_one);
	if (bytes)
		quota_charge_anyway(rule, ledger_bytes_res_of(kind), bytes, &charge->rule_bytes);
	quota_account_unref(rule);
}

static int ledger_charge_user(struct quota_account *account, enum ledger_kind kind, uint64_t bytes,
			      struct ledger_charge *charge)
{
	int r = quota_charge_share(account, QUOTA_SLOTS, LEDGER_SLOTS, &charge->slot);

	if (r >= 0)
		r = quota_charge(account, ledger_res_of(kind), 1, &charge->one);
	if (r >= 0 && bytes)
		r = quota_charge(account, ledger_bytes_res_of(kind), bytes, &charge->bytes);
	return r;
}

int ledger_charge(struct quota_account *account, const char *rule, enum ledger_kind kind, uint64_t bytes,
		  struct ledger_charge *charge)
{
	struct quota_account *by_rule = NULL;
	int r = 0;

	if (rule && rule[0])
		r = quota_rule_get(account->table, rule, &by_rule);
	if (r >= 0)
		r = ledger_charge_user(account, kind, bytes, charge);
	if (r < 0) {
		quota_account_unref(by_rule);
		ledger_charge_done(charge);
		return r;
	}
	if (by_rule)
		ledger_charge_rule(by_rule, kind, bytes, charge);
	return 0;
}

int ledger_charge_probe(struct quota_account *account, struct ledger_charge *charge)
{
	int r = quota_charge_share(account, QUOTA_SLOTS, LEDGER_SLOTS, &charge->slot);

	if (r >= 0)
		r = quota_charge(account, QUOTA_PROBES, 1, &charge->one);
	if (r < 0)
		ledger_charge_done(charge);
	return r;
}

void ledger_charge_done(struct ledger_charge *charge)
{
	quota_charge_done(&charge->slot);
	quota_charge_done(&charge->one);
	quota_charge_done(&charge->bytes);
	quota_charge_done(&charge->rule_one);
	quota_charge_done(&charge->rule_bytes);
}

static uint64_t ledger_bytes_of(const struct ledger_rec *rec)
{
	if (rec->kind == LEDGER_MAP)
		return rec->map.bytes;
	if (rec->kind == LEDGER_BTF)
		return rec->btf.bytes;
	return rec->kind == LEDGER_PERF ? rec->perf.bytes : 0;
}

static int ledger_charge_found_rule(struct quota_table *quota, const struct ledger_rec *rec,
				    struct ledger_charge *charge)
{
	struct quota_account *rule;
	int r;

	if (!rec->rule[0])
		return 0;
	r = quota_rule_get(quota, rec->rule, &rule);
	if (r >= 0)
		ledger_charge_rule(rule, rec->kind, ledger_bytes_of(rec), charge);
	return r;
}

/* What is in the ledger exists, whatever a limit says. */
static int ledger_charge_found(struct quota_table *quota, const struct ledger_rec *rec,
			       struct ledger_charge *charge)
{
	bool probe = rec->kind == LEDGER_PROG && rec->prog.probe;
	struct quota_account *account;
	int r = quota_account_get(quota, rec->account, &account);

	if (r < 0)
		return r;
	quota_charge_anyway(account, QUOTA_SLOTS, 1, &charge->slot);
	quota_charge_anyway(account, probe ? QUOTA_PROBES : ledger_res_of(rec->kind), 1, &charge->one);
	if (ledger_bytes_of(rec))
		quota_charge_anyway(account, ledger_bytes_res_of(rec->kind), ledger_bytes_of(rec),
				    &charge->bytes);
	quota_account_unref(account);
	return probe ? 0 : ledger_charge_found_rule(quota, rec, charge);
}

static int ledger_build_index(struct ledger *ledger, struct quota_table *quota)
{
	for (uint32_t i = 0; i < ledger->header->used_cnt; i++) {
		struct ledger_slot *slot = &ledger->slots[i];
		int r;

		if (!ledger_slot_is_used(ledger, i)) {
			if (ledger_slot_is_free(ledger, i))
				ledger_release_slot(ledger, slot);
			continue;
		}
		ledger_index_slot(ledger, slot);
		r = ledger_charge_found(quota, ledger_rec_at(ledger, i), &slot->charge);
		if (r < 0)
			return r;
	}
	return 0;
}

static int ledger_map(int fd, struct ledger *ledger)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0) {
		if (ftruncate(fd, (off_t)ledger_bytes()) < 0)
			return -errno;
		st.st_size = (off_t)ledger_bytes();
	}
	if (st.st_size < (off_t)sizeof(struct ledger_header))
		return -EBADMSG;
	ledger->bytes = (size_t)st.st_size;
	ledger->header = mmap(NULL, ledger->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ledger->header != MAP_FAILED)
		return 0;
	ledger->header = NULL;
	return -ENOMEM;
}

int ledger_open(int fd, struct quota_table *quota, struct ledger **ret_ledger)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	int r;

	if (!ledger)
		return -ENOMEM;
	r = ledger_map(fd, ledger);
	if (r == 0)
		r = ledger_check_header(ledger);
	if (r == 0)
		r = ledger_build_index(ledger, quota);
	if (r < 0) {
		ledger_close(ledger);
		return r;
	}
	*ret_ledger = ledger;
	return 0;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	HASH_CLEAR(hh, ledger->index);
	for (uint32_t i = 0; ledger->slots && i < ledger->header->used_cnt; i++)
		ledger_charge_done(&ledger->slots[i].charge);
	if (ledger->header)
		munmap(ledger->header, ledger->bytes);
	free(ledger->slots);
	free(ledger);
}

/* Reading a page of the memfd allocates it, so slots are taken into use one by one. */
static struct ledger_slot *ledger_take_slot(struct ledger *ledger)
{
	struct ledger_slot *slot = ledger->free_slots;

	if (slot)
		ledger->free_slots = slot->next_free;
	else if (ledger->header->used_cnt < ledger->slot_cnt)
		slot = &ledger->slots[ledger->header->used_cnt++];
	return slot;
}

int ledger_add(struct ledger *ledger, const struct ledger_rec *rec, struct ledger_charge *charge)
{
	struct ledger_slot *slot;
	struct ledger_rec *to;

	if (ledger_slot_of(ledger, rec->kind, rec->id))
		return -EEXIST;
	slot = ledger_take_slot(ledger);
	if (!slot)
		return -ENOSPC;

	to = ledger_rec_of(ledger, slot);
	memcpy((char *)to + sizeof(to->kind), (const char *)rec + sizeof(rec->kind),
	       sizeof(*rec) - sizeof(rec->kind));
	memset(to + 1, 0, ledger->rec_bytes - sizeof(*rec));
	__atomic_store_n(&to->kind, rec->kind, __ATOMIC_RELEASE);
	ledger_index_slot(ledger, slot);
	slot->charge = *charge;
	*charge = (struct ledger_charge){ 0 };
	return 0;
}

const struct ledger_rec *ledger_find(const struct ledger *ledger, enum ledger_kind kind, uint32_t id)
{
	return ledger_rec_of(ledger, ledger_slot_of(ledger, kind, id));
}

void ledger_remove(struct ledger *ledger, enum ledger_kind kind, uint32_t id)
{
	struct ledger_slot *slot = ledger_slot_of(ledger, kind, id);

	if (!slot)
		return;
	__atomic_store_n(&ledger_rec_of(ledger, slot)->kind, LEDGER_FREE, __ATOMIC_RELEASE);
	HASH_DELETE(hh, ledger->index, slot);
	ledger_charge_done(&slot->charge);
	ledger->cnt[kind]--;
	ledger_release_slot(ledger, slot);
}

static void ledger_recharge(struct quota_charge *charge, uint64_t amount)
{
	struct quota_account *account = charge->account;
	enum quota_res res = charge->res;

	if (!account)
		return;
	account->ref_cnt++;
	quota_charge_done(charge);
	quota_charge_anyway(account, res, amount, charge);
	quota_account_unref(account);
}

void ledger_set_map_bytes(struct ledger *ledger, uint32_t id, uint64_t bytes)
{
	struct ledger_slot *slot = ledger_slot_of(ledger, LEDGER_MAP, id);

	if (!slot)
		return;
	ledger_rec_of(ledger, slot)->map.bytes = bytes;
	ledger_recharge(&slot->charge.bytes, bytes);
	ledger_recharge(&slot->charge.rule_bytes, bytes);
}

void ledger_set_pin_place(struct ledger *ledger, uint32_t id, const struct ledger_place *place)
{
	struct ledger_rec *rec = ledger_rec_of(ledger, ledger_slot_of(ledger, LEDGER_PIN, id));

	if (rec)
		rec->pin.place = *place;
}

void ledger_set_pin_name(struct ledger *ledger, uint32_t id, const struct ledger_pin *name)
{
	struct ledger_rec *rec = ledger_rec_of(ledger, ledger_slot_of(ledger, LEDGER_PIN, id));

	if (!rec)
		return;
	__atomic_store_n(&rec->kind, LEDGER_FREE, __ATOMIC_RELEASE);
	memcpy(rec->pin.path, name->path, sizeof(rec->pin.path));
	rec->pin.place = name->place;
	__atomic_store_n(&rec->kind, LEDGER_PIN, __ATOMIC_RELEASE);
}

void ledger_set_link_prog(struct ledger *ledger, uint32_t link_id, uint32_t prog_id)
{
	struct ledger_rec *rec = ledger_rec_of(ledger, ledger_slot_of(ledger, LEDGER_LINK, link_id));

	if (rec)
		rec->link.prog_id = prog_id;
}

const struct ledger_rec *ledger_walk(const struct ledger *ledger, enum ledger_kind kind,
				     uint32_t *cursor)
{
	while (*cursor < ledger->header->used_cnt) {
		uint32_t i = (*cursor)++;

		if (ledger->slots[i].key.kind == kind && ledger_rec_at(ledger, i)->kind == kind)
			return ledger_rec_at(ledger, i);
	}
	return NULL;
}

size_t ledger_cnt(const struct ledger *ledger, enum ledger_kind kind)
{
	return ledger->cnt[kind];
}

bool ledger_is_orphan(const struct ledger_rec *rec)
{
	return rec->kind == LEDGER_PIN &&
	       strncmp(rec->pin.path, LEDGER_ORPHAN, sizeof(LEDGER_ORPHAN) - 1) == 0;
}
