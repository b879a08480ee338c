/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of the ledger. The broker writes and reads them; bpfgated copies them by ledger_layout.h, which says how a
 * field is added so that older and newer daemons read each other's.
 */
#ifndef BPFGATE_DAEMON_LEDGER_REC_H
#define BPFGATE_DAEMON_LEDGER_REC_H

#include <stdint.h>

#define LEDGER_SLOTS		32768u	/* of one file */
#define LEDGER_RULE_BYTES	64	/* of a rule's name */
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
	uint32_t target_type;		/* of the program that it was loaded to attach to; 0: to none */
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

/* As obj_kind: a directory, of which nothing is kept. */
#define LEDGER_PIN_DIR 16u

/* A name for an object that bpfgated keeps. Its `id` is a number of ours. */
struct ledger_pin {
	uint64_t keep_id;
	uint32_t obj_kind, obj_id;	/* enum keep_obj or LEDGER_PIN_DIR, the kernel's id */
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
	char rule[LEDGER_RULE_BYTES];
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

#endif
