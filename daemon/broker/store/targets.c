/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded in bytes, and fair: nobody gets to hold more than is free, so whoever fills it takes from
 * itself. Programs are told apart by number and by when they were recorded, since the kernel gives
 * numbers out again. The bytes are the broker's own encoding of what a client sent; nothing here
 * reads them.
 */
#include "daemon/broker/store/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <uthash.h>

#include "proto/own.h"

/* A thousand ordinary programs with their BTF. */
#define TARGETS_BYTES_MAX (64u << 20)

struct target_entry {
	uint32_t id;
	uint64_t made_ns;
	struct quota_charge charge;
	uint8_t *bytes;
	size_t byte_cnt;
	UT_hash_handle hh;
	TAILQ_ENTRY(target_entry) link;
};

struct targets {
	struct target_entry *entries;
	TAILQ_HEAD(target_queue, target_entry) order; /* oldest first */
};

int targets_new(struct targets **ret_targets)
{
	struct targets *targets = calloc(1, sizeof(*targets));

	if (!targets)
		return -ENOMEM;
	TAILQ_INIT(&targets->order);
	*ret_targets = targets;
	return 0;
}

static void targets_drop(struct targets *targets, struct target_entry *entry)
{
	HASH_DELETE(hh, targets->entries, entry);
	TAILQ_REMOVE(&targets->order, entry, link);
	quota_charge_done(&entry->charge);
	free(entry->bytes);
	free(entry);
}

void targets_free(struct targets *targets)
{
	struct target_entry *entry;

	if (!targets)
		return;
	while ((entry = TAILQ_FIRST(&targets->order)))
		targets_drop(targets, entry);
	free(targets);
}

static bool targets_has_room(const struct quota_account *account, size_t bytes)
{
	uint64_t all = quota_total(account, QUOTA_TARGET_BYTES) + bytes;

	return all <= TARGETS_BYTES_MAX &&
	       account->used[QUOTA_TARGET_BYTES] + bytes <= TARGETS_BYTES_MAX - all;
}

static bool targets_make_room(struct targets *targets, const struct quota_account *account,
			      size_t bytes)
{
	struct target_entry *entry = TAILQ_FIRST(&targets->order), *next;

	for (; entry && !targets_has_room(account, bytes); entry = next) {
		next = TAILQ_NEXT(entry, link);
		if (entry->charge.account == account)
			targets_drop(targets, entry);
	}
	return targets_has_room(account, bytes);
}

static struct target_entry *targets_lookup(const struct targets *targets, uint32_t id)
{
	struct target_entry *entry;

	HASH_FIND(hh, targets->entries, &id, sizeof(id), entry);
	return entry;
}

void targets_put(struct targets *targets, struct quota_account *account,
		 const struct ledger_rec *rec, uint8_t *take_bytes, size_t bytes)
{
	struct target_entry *entry = targets_lookup(targets, rec->id);
	OWN_MEM uint8_t *owned = take_bytes;

	if (entry)
		targets_drop(targets, entry);
	if (!targets_make_room(targets, account, bytes))
		return;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return;
	if (quota_charge(account, QUOTA_TARGET_BYTES, bytes, &entry->charge) < 0) {
		free(entry);
		return;
	}
	entry->id = rec->id;
	entry->made_ns = rec->made_ns;
	entry->bytes = TAKE_PTR(owned);
	entry->byte_cnt = bytes;
	HASH_ADD(hh, targets->entries, id, sizeof(entry->id), entry);
	TAILQ_INSERT_TAIL(&targets->order, entry, link);
}

const uint8_t *targets_find(const struct targets *targets, const struct ledger_rec *rec,
			    size_t *ret_bytes)
{
	const struct target_entry *entry = targets_lookup(targets, rec->id);

	if (!entry || entry->made_ns != rec->made_ns)
		return NULL;
	*ret_bytes = entry->byte_cnt;
	return entry->bytes;
}

void targets_sweep(struct targets *targets, const struct ledger *ledger)
{
	struct target_entry *entry = TAILQ_FIRST(&targets->order), *next;

	for (; entry; entry = next) {
		const struct ledger_rec *rec = ledger_find(ledger, LEDGER_PROG, entry->id);

		next = TAILQ_NEXT(entry, link);
		if (!rec || rec->made_ns != entry->made_ns)
			targets_drop(targets, entry);
	}
}
