/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known at a point of a path: registers, stack, frames, what is held, and the state of them all. Plain
 * structs; who may change one, and how, env.h says.
 */
#ifndef VERIFIER_TYPES_H
#define VERIFIER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/kernel/regname.h"
#include "verifier/value/val.h"

#define ENV_FRAMES_MAX	16	/* the largest limits.frames of any profile */
#define ENV_REGS	11	/* r0..r10 */
#define ENV_SLOTS	64	/* 8-byte stack slots of a frame */
#define ENV_PAGE_SLOTS	4	/* slots of a page, shared until written */
#define ENV_PAGES	(ENV_SLOTS / ENV_PAGE_SLOTS)
#define ENV_SUBPROGS_MAX 258	/* 256, main, and room for a hidden default exception callback */
#define ENV_LINKED_MAX	64	/* the largest limits.linked of any profile */

struct tale;		/* tale.h: a step of a path that is explained */

/* ---- registers ---------------------------------------------------------------------------- */

/* struct reg.id of a scalar: link id, and which sort of constant was added since. */
#define REG_ID_ADD64		(1u << 31)
#define REG_ID_ADD32		(1u << 30)
#define REG_ID_DELTA		(REG_ID_ADD64 | REG_ID_ADD32)

/* struct reg.range of a packet pointer that was compared at or beyond the end. */
#define REG_PKT_AT_END		(-1)
#define REG_PKT_BEYOND_END	(-2)

enum iter_state { ITER_INVALID, ITER_ACTIVE, ITER_DRAINED };

/* An abstract value; compared byte by byte up to v, so every byte is always set. */
struct reg {
	uint32_t type;		/* enum reg_base | REG_F_* */
	int32_t off;		/* fixed offset; of a linked scalar: its delta */
	uint32_t id;		/* maybe-null, packet, lock identity; of a scalar: link; 0: none */
	uint32_t ref;		/* reference it owns or derives from; 0: none */
	union {
		int32_t range;					/* REG_PKT, REG_PKT_META */
		struct { uint32_t map, map_uid; };		/* 1 + index into env->maps */
		struct { uint32_t btf, btf_id; };		/* btf: 0 vmlinux, else 1 + btfs index */
		struct { uint32_t mem_size, dynptr_id; };	/* REG_MEM */
		struct { uint32_t dynptr_type, dynptr_first;	/* slot, REG_DYNPTR */
			 uint32_t dynptr_parent; };		/* reference of the object it reads; 0: none */
		struct { uint32_t iter_btf, iter_btf_id;	/* iterator slot; btf as above */
			 uint16_t iter_state; uint16_t pad0; uint32_t iter_depth; };
		struct { uint32_t irq_class; };			/* irq flag slot: IRQ_* of lock.h */
		uint32_t subprog;				/* REG_FUNC */
		uint32_t raw[4];
	};
	uint32_t frame;		/* REG_STACK: the frame it points into */
	uint32_t subreg_def;	/* unused by verdicts; 0 */
	struct val v;
};

static inline uint32_t reg_base(const struct reg *r) { return r->type & REG_BASE_MASK; }
static inline uint32_t reg_flags(const struct reg *r) { return r->type & ~REG_BASE_MASK; }
static inline bool reg_maybe_null(const struct reg *r) { return r->type & REG_F_MAYBE_NULL; }
static inline bool reg_is_scalar(const struct reg *r) { return r->type == REG_SCALAR; }
/* The known bits say exactly one value (tnum_is_const of the kernel). */
static inline bool reg_is_const(const struct reg *r)
{
	return r->type == REG_SCALAR && r->v.tm == 0;
}
static inline bool reg_is_zero(const struct reg *r)	/* register_is_null */
{
	return reg_is_const(r) && r->v.tv == 0;
}
static inline bool reg_is_pkt(const struct reg *r)
{
	return reg_base(r) == REG_PKT || reg_base(r) == REG_PKT_META;
}

/* The kernel's word for what it holds, for one message: "map_value_or_null". */
#define reg_type_name(r) regname_type((r)->type, (char[REGNAME_BYTES]){ 0 })
/* A slice of a packet dynptr: dies with packet data. */
static inline bool reg_is_pkt_slice(const struct reg *r)
{
	return reg_base(r) == REG_MEM &&
	       (r->type & (REG_F_DYNPTR_SKB | REG_F_DYNPTR_XDP | REG_F_DYNPTR_SKB_META));
}

/* ---- stack, frames, states ---------------------------------------------------------------- */

enum slot_byte {
	SLOT_INVALID, SLOT_SPILL, SLOT_MISC, SLOT_ZERO, SLOT_DYNPTR, SLOT_ITER, SLOT_IRQ_FLAG,
};

/* Eight bytes of stack. r means something when byte[7] is SPILL, DYNPTR, ITER or IRQ_FLAG. */
struct slot {
	struct reg r;
	uint8_t byte[8];
};

struct page {
	uint32_t refs;
	struct slot s[ENV_PAGE_SLOTS];
};

/* Slot spi covers bytes [-8 * (spi + 1), -8 * spi) below r10. */
struct frame {
	uint32_t refs;
	int32_t callsite;		/* instruction of the call; -1: main of an exploration */
	uint32_t frameno;
	uint32_t subprog;
	uint32_t async_entry;		/* async_entry_cnt */
	uint32_t callback_depth;
	int64_t ret_lo, ret_hi;		/* what a callback may return */
	bool in_callback, in_async_callback, in_exception_callback;
	uint8_t slot_cnt;		/* slots in use: no slot at or above this one was touched */
	struct reg r[ENV_REGS];
	struct page *pg[ENV_PAGES];	/* NULL: four invalid slots */
};

/* What is held: references, locks, irq flags; in order of acquisition. */
enum held_type {
	HELD_REF = 1 << 1,
	HELD_IRQ = 1 << 2,
	HELD_LOCK = 1 << 3,
	HELD_RES_LOCK = 1 << 4,
	HELD_RES_LOCK_IRQ = 1 << 5,
};
#define HELD_LOCK_MASK (HELD_LOCK | HELD_RES_LOCK | HELD_RES_LOCK_IRQ)

struct held {
	uint32_t type;			/* enum held_type */
	uint32_t id;
	uint32_t insn_idx;		/* where it was acquired */
	uint32_t object;		/* locks: 1 + map index, or (1u << 31 | btf) */
	uint32_t object_id;		/* locks in allocated objects: BTF type; else 0 */
};

struct heldset {
	uint32_t refs;
	uint32_t cnt;
	struct held h[];
};

/* An instruction of the path since the parent state; newest first; shared. */
struct hist {
	struct hist *older;
	uint32_t refs;
	uint32_t idx, prev_idx;
	uint16_t flags;			/* HIST_* */
	uint8_t frame, spi;		/* HIST_STACK */
	uint64_t linked;		/* scalars refined together here, packed by link.c; 0: none */
};
#define HIST_STACK	(1u << 0)	/* reads or writes slot (frame, spi) */
#define HIST_DST_STACK	(1u << 1)	/* a compared register is a stack pointer */
#define HIST_SRC_STACK	(1u << 2)

/* A call level: a shared frame, and this state's own marks on it. */
struct level {
	struct frame *f;
	uint64_t prec_s;	/* slots holding a scalar that must be precise */
	uint64_t dead_s;	/* slots known dead (cleaned) */
	uint64_t read_s, written_s, linked_s;	/* livemark.c; kernels without static liveness */
	uint16_t prec_r;
	uint16_t dead_r;
	uint16_t read_r, written_r;
	uint8_t up[ENV_REGS];
};

struct state {
	struct state *parent;
	struct hist *hist;
	struct heldset *held;		/* NULL: nothing */
	struct state *equal;		/* of a kept back edge: the stored state it equalled */
	struct state *loop_entry;	/* kernels with loop entries */
	struct state *next;		/* in whatever list holds it */
	const struct tale *tale;	/* the path so far, for who explains; NULL: not recorded */
	uint32_t refs;
	uint32_t insn_idx;
	uint32_t prev_insn_idx;		/* of a pending state */
	uint32_t first_insn_idx, last_insn_idx;
	uint32_t hist_cnt;
	uint32_t branches;
	uint32_t dfs_depth;
	uint32_t callback_unroll_depth;
	uint32_t may_goto_depth;
	uint64_t log_pos;		/* of a pending state: where the log was */
	uint32_t hit_cnt, miss_cnt;
	uint32_t active_locks;		/* counts */
	uint32_t preempt_locks;
	uint32_t rcu_locks;
	uint32_t active_irq_id;
	uint32_t active_lock_id;	/* bpf_spin_lock held: reg id, and object as in struct held */
	uint32_t active_lock_object;
	uint32_t active_lock_object_id;
	bool speculative;
	bool in_sleepable;
	bool cleaned;
	bool used_as_loop_entry;
	bool on_list;			/* still on its explored list */
	bool kept;			/* stored at a prune point: counts among those alive */
	uint8_t curframe;
	uint8_t level_cap;		/* levels there is room for */
	struct level l[];		/* curframe + 1 of them are valid */
};

#endif
