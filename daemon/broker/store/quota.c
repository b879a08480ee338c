/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a client makes us hold is charged to its user before it exists, and the charge lives in the
 * object it pays for, so freeing the object gives it back. Who the user of a uid is, others decide
 * (people.h). It refuses what exceeds the daemon's own limits; the limits of a rule are the policy's.
 */
#include "daemon/broker/store/quota.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "proto/own.h"

#define QUOTA_OWED_MAX_NS 1000000000u
#define QUOTA_MINUTE_NS	(60ull * 1000 * 1000 * 1000)

struct quota_slot {
	struct quota_account account;	/* first: a slot is found by its account */
	UT_hash_handle hh;
};

struct quota_table {
	struct quota_slot *slots;
	struct quota_slot *rules;	/* by the rule's name */
	uint64_t total[QUOTA_RES_CNT];	/* of all users */
	struct quota_limits limits;
};

static const char *const quota_names[QUOTA_RES_CNT] = {
	[QUOTA_CONNECTIONS] = "connections",
	[QUOTA_BYTES] = "bytes",
	[QUOTA_FDS] = "fds",
	[QUOTA_UNREAD] = "unread",
	[QUOTA_QUEUED] = "queued",
	[QUOTA_PROGRAMS] = "programs",
	[QUOTA_MAPS] = "maps",
	[QUOTA_MAP_BYTES] = "map_bytes",
	[QUOTA_LINKS] = "links",
	[QUOTA_BTFS] = "btfs",
	[QUOTA_PERF] = "perf_events",
	[QUOTA_KERNEL_BYTES] = "kernel_bytes",
	[QUOTA_PINS] = "pins",
	[QUOTA_PROBES] = "probes",
	[QUOTA_HANDLES] = "handles",
	[QUOTA_SLOTS] = "records",
	[QUOTA_TARGET_BYTES] = "target_bytes",
};

static const struct quota_limits quota_defaults = { {
	/* A crowd of one user may not take the 20,000 fds a small machine allows a process. */
	[QUOTA_CONNECTIONS] = 1024,
	/* Four requests of the largest size with their replies. */
	[QUOTA_BYTES] = 256u << 20,
	/* Sixteen requests with the most fds a message carries. */
	[QUOTA_FDS] = 4096,
	/* In flight they count against our own RLIMIT_NOFILE, for all users together. */
	[QUOTA_UNREAD] = 256,
	/* Judges are few; a queue this long is minutes of work. */
	[QUOTA_QUEUED] = 64,
	[QUOTA_PROGRAMS] = UINT64_MAX,
	[QUOTA_MAPS] = UINT64_MAX,
	[QUOTA_MAP_BYTES] = UINT64_MAX,
	[QUOTA_LINKS] = UINT64_MAX,
	[QUOTA_BTFS] = UINT64_MAX,
	/* A large machine's CPUs, for several maps that take such events; to see who lives is some milliseconds. */
	[QUOTA_PERF] = 1024,
	/* The BTF of a hundred large applications. */
	[QUOTA_KERNEL_BYTES] = 256u << 20,
	[QUOTA_PINS] = UINT64_MAX,
	/* A loader probes one thing after another and closes what it made. */
	[QUOTA_PROBES] = 64,
	/* bpfgated keeps the other end of each, for all users together. A tool opens what it lists, and closes it. */
	[QUOTA_HANDLES] = 256,
	/* See quota_charge_share(). */
	[QUOTA_SLOTS] = UINT64_MAX,
	/* A share of what all may hold: targets.c. */
	[QUOTA_TARGET_BYTES] = UINT64_MAX,
} };

const struct quota_limits *quota_default_limits(void)
{
	return &quota_defaults;
}

const char *quota_res_name(enum quota_res res)
{
	return res < QUOTA_RES_CNT ? quota_names[res] : "?";
}

int quota_table_new(const struct quota_limits *limits, struct quota_table **ret_table)
{
	struct quota_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->limits = limits ? *limits : quota_defaults;
	*ret_table = table;
	return 0;
}

static void quota_free_slot(struct quota_slot *slot)
{
	struct quota_table *table = slot->account.table;
	struct quota_slot **head = slot->account.rule[0] ? &table->rules : &table->slots;

	assert(slot->account.ref_cnt == 0);
	for (int i = 0; i < QUOTA_RES_CNT; i++)
		assert(slot->account.used[i] == 0);
	HASH_DELETE(hh, *head, slot);
	free(slot);
}

void quota_table_free(struct quota_table *table)
{
	struct quota_slot *slot, *next;

	if (!table)
		return;
	HASH_ITER(hh, table->slots, slot, next)
		quota_free_slot(slot);
	HASH_ITER(hh, table->rules, slot, next)
		quota_free_slot(slot);
	free(table);
}

static void quota_sweep_slot(struct quota_slot *slot, uint64_t now_ns)
{
	if (slot->account.ref_cnt == 0 && slot->account.minute + 2 <= now_ns / QUOTA_MINUTE_NS)
		quota_free_slot(slot);
}

void quota_sweep(struct quota_table *table, uint64_t now_ns)
{
	struct quota_slot *slot, *next;

	HASH_ITER(hh, table->slots, slot, next)
		quota_sweep_slot(slot, now_ns);
	HASH_ITER(hh, table->rules, slot, next)
		quota_sweep_slot(slot, now_ns);
}

int quota_account_get(struct quota_table *table, uid_t uid, struct quota_account **ret_account)
{
	struct quota_slot *slot;

	HASH_FIND(hh, table->slots, &uid, sizeof(uid), slot);
	if (!slot) {
		slot = calloc(1, sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		slot->account.uid = uid;
		TAILQ_INIT(&slot->account.waiting);
		slot->account.table = table;
		HASH_ADD(hh, table->slots, account.uid, sizeof(uid), slot);
	}
	slot->account.ref_cnt++;
	*ret_account = &slot->account;
	return 0;
}

int quota_rule_get(struct quota_table *table, const char *rule, struct quota_account **ret_account)
{
	size_t len = strnlen(rule, QUOTA_RULE_BYTES - 1);
	struct quota_slot *slot;

	HASH_FIND(hh, table->rules, rule, len, slot);
	if (!slot) {
		slot = calloc(1, sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		slot->account.uid = (uid_t)-1;
		slot->account.table = table;
		memcpy(slot->account.rule, rule, len);
		HASH_ADD_KEYPTR(hh, table->rules, slot->account.rule, len, slot);
	}
	slot->account.ref_cnt++;
	*ret_account = &slot->account;
	return 0;
}

void quota_account_unref(struct quota_account *account)
{
	/* An account without references stays until quota_sweep(): it remembers recent loads. */
	if (account)
		account->ref_cnt--;
}

struct quota_account *quota_rule_next(struct quota_table *table, struct quota_account *account)
{
	struct quota_slot *slot = account ? ((struct quota_slot *)account)->hh.next : table->rules;

	return slot ? &slot->account : NULL;
}

struct quota_account *quota_account_next(struct quota_table *table, struct quota_account *account)
{
	struct quota_slot *slot = account ? ((struct quota_slot *)account)->hh.next : table->slots;

	return slot ? &slot->account : NULL;
}

void quota_charge_anyway(struct quota_account *account, enum quota_res res, uint64_t amount,
			 struct quota_charge *charge)
{
	assert(!charge->account);
	account->ref_cnt++;
	account->used[res] += amount;
	if (!account->rule[0])
		account->table->total[res] += amount;
	*charge = (struct quota_charge){ account, res, amount };
}

uint64_t quota_total(const struct quota_account *account, enum quota_res res)
{
	return account->table->total[res];
}

int quota_charge_share(struct quota_account *account, enum quota_res res, uint64_t whole,
		       struct quota_charge *charge)
{
	uint64_t total = account->table->total[res];

	if (total >= whole || account->used[res] >= whole - total)
		return -ENOSPC;
	quota_charge_anyway(account, res, 1, charge);
	return 0;
}

int quota_charge(struct quota_account *account, enum quota_res res, uint64_t amount,
		 struct quota_charge *charge)
{
	uint64_t limit = account->table->limits.per_uid[res], sum;

	if (!SIZE_ADD(account->used[res], amount, &sum) || sum > limit)
		return -EDQUOT;
	quota_charge_anyway(account, res, amount, charge);
	return 0;
}

void quota_charge_done(struct quota_charge *charge)
{
	struct quota_account *account = charge->account;

	if (!account)
		return;
	assert(account->used[charge->res] >= charge->amount);
	account->used[charge->res] -= charge->amount;
	if (!account->rule[0])
		account->table->total[charge->res] -= charge->amount;
	*charge = (struct quota_charge){ 0 };
	quota_account_unref(account);
}

bool quota_may_note(struct quota_account *account, uint64_t now_ns)
{
	uint64_t minute = now_ns / QUOTA_MINUTE_NS + 1;

	if (account->noted_minute == minute)
		return false;
	account->noted_minute = minute;
	return true;
}

void quota_owe(struct quota_account *account, uint64_t ns)
{
	uint64_t owed;

	if (!SIZE_ADD(account->owed_ns, ns, &owed) || owed > QUOTA_OWED_MAX_NS)
		owed = QUOTA_OWED_MAX_NS;
	account->owed_ns = owed;
}

static void quota_roll_minute(struct quota_account *account, uint64_t now_ns)
{
	uint64_t minute = now_ns / QUOTA_MINUTE_NS;

	if (minute == account->minute)
		return;
	account->loads[0] = minute == account->minute + 1 ? account->loads[1] : 0;
	account->loads[1] = 0;
	account->minute = minute;
}

void quota_note_load(struct quota_account *account, uint64_t now_ns)
{
	quota_roll_minute(account, now_ns);
	account->loads[1]++;
}

uint64_t quota_loads_per_minute(struct quota_account *account, uint64_t now_ns)
{
	uint64_t left;

	quota_roll_minute(account, now_ns);
	left = QUOTA_MINUTE_NS - now_ns % QUOTA_MINUTE_NS;
	return account->loads[1] + account->loads[0] * (left / 1000) / (QUOTA_MINUTE_NS / 1000);
}
