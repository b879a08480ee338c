/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: who owns each kernel object that was made through us, and the facts it was judged by.
 *
 * It lives in a memfd that bpfgated keeps, so it survives the broker. Only the broker maps it. A
 * record is written first and published last, by its kind, so that dying at any instruction leaves
 * either no record or a whole one. How a field is added so that older and newer daemons read each
 * other's: daemon/shared/ledger_layout.h.
 */
#ifndef BPFGATE_DAEMON_LEDGER_H
#define BPFGATE_DAEMON_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/broker/store/quota.h"

#define LEDGER_MAPS_MAX		64	/* the kernel's MAX_USED_MAPS */
#define LEDGER_KFUNCS_MAX	48	/* distinct kfuncs; the richest scheduler uses about 30 */
#define LEDGER_PROOFS_MAX	3
#define LEDGER_DIGESTS_MAX	2	/* canonical, and of the object it came from */

enum ledger_kind {
	LEDGER_FREE,
	LEDGER_PROG,
	LEDGER_MAP,
	LEDGER_LINK,
	LEDGER_BTF,
	LEDGER_PIN,
	LEDGER_PERF,
	LEDGER_KIND_CNT,
};

struct ledger_proof {
	char signer[64];
	uint8_t cert_sha256[32];
};

struct ledger_prog {
	uint32_t type, expected_attach_type, prog_flags, insn_cnt;
	uint32_t attach_btf_id;
	uint32_t probe;			/* 1: a feature probe, never attachable */
	uint32_t granted_fd;		/* 1: its owner holds the real descriptor, not a handle */
	uint32_t by_object;		/* bit n: proofs[n] is of the whole object; else of instructions alone */
	uint64_t handle;		/* socket cookie of its handle; 0: a real fd was granted */
	uint64_t helpers[8];
	uint32_t helper_beyond;
	uint32_t kfunc_cnt, map_cnt, proof_cnt, digest_cnt;
	uint32_t kfuncs[LEDGER_KFUNCS_MAX];	/* BTF ids in vmlinux: stable while it runs */
	uint32_t maps[LEDGER_MAPS_MAX];		/* kernel ids; the program keeps them alive */
	struct ledger_proof proofs[LEDGER_PROOFS_MAX];
	uint8_t digests[LEDGER_DIGESTS_MAX][32];
	uint8_t tag[8];
};

struct ledger_map {
	uint32_t type, key_size, value_size, max_entries, map_flags;
	uint32_t inner_id;		/* kernel id of the template; 0: none */
	uint64_t map_extra, bytes;
	uint32_t btf_id, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
	uint32_t has_excl_hash;
	uint8_t excl_hash[32];
};

#define LEDGER_CGROUPS_MAX 24	/* deeper ones are judged by their nearest ancestors */

/* Enough of the target to decide about it again, when the link gets another program. */
struct ledger_link {
	uint32_t prog_id, attach_type;
	uint32_t kind;			/* enum policy_attach_kind */
	uint32_t ifindex;
	uint64_t netns_dev, netns_ino;
	uint32_t in_netns;		/* not the daemon's own namespace */
	uint32_t cgroup_cnt;
	struct {
		uint64_t dev, ino;
	} cgroups[LEDGER_CGROUPS_MAX];
	char name[128];			/* interface, function, event; "" when there is none */
	char target[64];		/* for people */
};

struct ledger_btf {
	uint64_t bytes;			/* of kernel memory */
};

/* A perf event that programs write into. Its `id` is the lower half of the kernel's. */
struct ledger_perf {
	uint64_t bytes;			/* of kernel memory */
};

/* What is pinned and nobody knows by whom has this name, and a number; a client's begins with a slash. */
#define LEDGER_ORPHAN "orphan-"

enum ledger_place_state {
	LEDGER_PLACE_OLD,	/* recorded before there were places: the first that asks for the path has it */
	LEDGER_PLACE_NONE,	/* its client sent no directory */
	LEDGER_PLACE_KNOWN,
};

/* The directory that a path led its client to. */
struct ledger_place {
	uint32_t state;			/* enum ledger_place_state */
	uint32_t below;			/* how many parts of the path are below it */
	uint64_t dev, ino;
	uint64_t born_ns;		/* since the epoch; 0: its file system does not say */
};

/* A name for an object that bpfgated keeps. Its `id` is a number of ours. */
struct ledger_pin {
	uint64_t keep_id;
	uint32_t obj_kind, obj_id;	/* enum keep_obj, the kernel's id */
	char path[256];
	struct ledger_place place;
};

struct ledger_rec {
	uint32_t kind;			/* enum ledger_kind; written last */
	uint32_t id;			/* the kernel's */
	uint32_t uid;			/* of the process that asked: with its unit, the owner (owner.h) */
	uint32_t account;		/* the user that pays for it */
	uint64_t decision;
	uint64_t made_s;		/* seconds since the epoch */
	uint64_t made_ns;		/* monotonic, of this boot */
	char name[16];
	char rule[QUOTA_RULE_BYTES];
	char unit[256];			/* whole, as struct ident has it */
	union {
		struct ledger_prog prog;
		struct ledger_map map;
		struct ledger_link link;
		struct ledger_btf btf;
		struct ledger_pin pin;
		struct ledger_perf perf;
	};
};

struct ledger;

/*
 * Bytes of the memfd (bpfgated makes it; an empty one is grown, sparse and zeroed). Whoever is alone gets
 * half of the slots: see quota_charge_share().
 */
#define LEDGER_SLOTS	32768u
size_t ledger_bytes(void);

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
void ledger_set_link_prog(struct ledger *ledger, uint32_t link_id, uint32_t prog_id);

/* Walks all of one kind in no order: start with *cursor = 0. NULL at the end. */
const struct ledger_rec *ledger_walk(const struct ledger *ledger, enum ledger_kind kind,
				     uint32_t *cursor);
size_t ledger_cnt(const struct ledger *ledger, enum ledger_kind kind);
/* A pin of which nobody knows whose it is. */
bool ledger_is_orphan(const struct ledger_rec *rec);

#endif
