/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: who owns each kernel object that was made through us, and the facts it was judged by.
 *
 * It lives in a memfd that bpfgated keeps, so it survives the broker. Only the broker maps it. A
 * record is written first and published last, by its kind, so that dying at any instruction leaves
 * either no record or a whole one.
 */
#ifndef BPFGATE_DAEMON_LEDGER_H
#define BPFGATE_DAEMON_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/broker/store/quota.h"
#include "daemon/shared/ledger_rec.h"

struct ledger;

/*
 * Maps fd (borrowed), indexes what it holds and charges it to its owners in quota. -EBADMSG when it is
 * a ledger of another layout: bpfgated lets none get here (ledger_file.h). *ret_ledger is the caller's.
 */
int ledger_open(int fd, struct quota_table *quota, struct ledger **ret_ledger);
void ledger_close(struct ledger *ledger);

/* What a record's user pays: a slot, one object, and its bytes; and the same for the rule. Zero is empty. */
struct ledger_charge {
	struct quota_charge slot, one, bytes, rule_one, rule_bytes;
};
/*
 * Promises a slot and charges the rest; rule may be NULL or empty. -EDQUOT: the user has as many, or as
 * many bytes, as the daemon grants. -ENOSPC: it has its share of the ledger. Nothing is charged then.
 */
int ledger_charge(struct quota_account *account, const char *rule, enum ledger_kind kind, uint64_t bytes,
		  struct ledger_charge *charge);
/* The same for a program or map of a feature probe, which counts as neither. */
int ledger_charge_probe(struct quota_account *account, struct ledger_charge *charge);
void ledger_charge_done(struct ledger_charge *charge);
/* What this map takes has changed. */
void ledger_set_map_bytes(struct ledger *ledger, uint32_t id, uint64_t bytes);

/*
 * Copies rec into a slot and publishes it; the slot takes over the charge, which must have been promised
 * one if anybody's were. -ENOSPC when full, -EEXIST when (kind, id) is there: then the charge stays with
 * the caller.
 */
int ledger_add(struct ledger *ledger, const struct ledger_rec *rec, struct ledger_charge *charge);
/* NULL when unknown. The record may be read until the next ledger_remove(). */
const struct ledger_rec *ledger_find(const struct ledger *ledger, enum ledger_kind kind, uint32_t id);
/* Forgets it; an unknown one is fine. */
void ledger_remove(struct ledger *ledger, enum ledger_kind kind, uint32_t id);
void ledger_set_pin_place(struct ledger *ledger, uint32_t id, const struct ledger_place *place);
/* Its path and place. Dying within leaves no record. */
void ledger_set_pin_name(struct ledger *ledger, uint32_t id, const struct ledger_pin *name);
void ledger_set_link_prog(struct ledger *ledger, uint32_t link_id, uint32_t prog_id);

/* Walks all of one kind in no order: start with *cursor = 0. NULL at the end. */
const struct ledger_rec *ledger_walk(const struct ledger *ledger, enum ledger_kind kind,
				     uint32_t *cursor);
size_t ledger_cnt(const struct ledger *ledger, enum ledger_kind kind);
/* A pin of which nobody knows whose it is. */
bool ledger_is_orphan(const struct ledger_rec *rec);

#endif
