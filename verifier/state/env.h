/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one verification is made of: the internal structs every file of verifier/ shares, and the
 * functions by which the files call each other.
 *
 * Ownership in one paragraph. Everything lives in the env's arena and pools and dies with the env,
 * so nobody frees what pool.c gave but through its own put function. Frames, stack pages,
 * reference sets and history entries are counted and shared between states; who writes asks for a
 * private copy first (state_frame_mut, stack_slot_mut). The top frame of env->cur and of a state
 * just returned by explore_push() is always private, so env_regs() may be written freely.
 * A frame or slot pointer is valid until the next call that can make a private copy of it.
 *
 * Returns. 0 or positive: go on. Negative: the verification ends, with the verdict already
 * recorded by verdict.c; pass the number on unchanged. Nobody returns a negative number without
 * having called a verdict_* function (or got it from one that did).
 */
#ifndef VERIFIER_ENV_H
#define VERIFIER_ENV_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/bpf.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/kernel/profile.h"
#include "verifier/state/regname.h"
#include "verifier/value/val.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524	/* the kernel's own, never seen in libc headers */
#endif

#define ENV_FRAMES_MAX	16	/* the largest limits.frames of any profile */
#define ENV_REGS	11	/* r0..r10 */
#define ENV_SLOTS	64	/* 8-byte stack slots of a frame */
#define ENV_PAGE_SLOTS	4	/* slots of a page, shared until written */
#define ENV_PAGES	(ENV_SLOTS / ENV_PAGE_SLOTS)
#define ENV_SUBPROGS_MAX 258	/* 256, main, and room for a hidden default exception callback */
#define ENV_LINKED_MAX	64	/* the largest limits.linked of any profile */
#define ENV_ARGS_MAX	5

struct btf_view;	/* btf.h: parsed BTF */
struct btfrec;		/* btfrec.h: special fields of a map value or local type */
struct btf_member_field;/* btfrec.h: one of them */
struct env;
struct kfunc;		/* kfunc.h: a resolved kfunc */
struct tale;		/* tale.h: a step of a path that is explained */
struct tales;
/* 0 in tests/bench/check-plain only: what explanations need on the way of an accepted program, left out. */
#ifndef ENV_EXPLAINS
#define ENV_EXPLAINS 1
#endif

struct assume;		/* assume.h */

/* ---- registers ---------------------------------------------------------------------------- */

/* What a register holds: one base kind in the low byte, flags above it. */
enum reg_base {
	REG_NOT_INIT = 0,
	REG_SCALAR,
	REG_CTX,
	REG_MAP_PTR,		/* a struct bpf_map */
	REG_MAP_VALUE,
	REG_MAP_KEY,
	REG_STACK,
	REG_PKT_META,
	REG_PKT,
	REG_PKT_END,
	REG_FLOW_KEYS,
	REG_SOCKET,
	REG_SOCK_COMMON,
	REG_TCP_SOCK,
	REG_TP_BUFFER,		/* writable raw tracepoint record */
	REG_XDP_SOCK,
	REG_BTF_ID,		/* a kernel object (btf, btf_id) or an own allocated one (REG_F_ALLOC) */
	REG_MEM,		/* mem_size bytes */
	REG_ARENA,
	REG_BUF,
	REG_FUNC,		/* subprog */
	REG_DYNPTR,		/* const dynptr argument of a callback or global function */
	REG_BASE_CNT,
};

#define REG_BASE_MASK		0xffu
#define REG_F_MAYBE_NULL	(1u << 8)
#define REG_F_RDONLY		(1u << 9)
#define REG_F_RINGBUF		(1u << 10)	/* memory from ringbuf_reserve */
#define REG_F_USER		(1u << 11)
#define REG_F_PERCPU		(1u << 12)
#define REG_F_UNTRUSTED		(1u << 13)
#define REG_F_UNINIT		(1u << 14)	/* argument types only */
#define REG_F_DYNPTR_LOCAL	(1u << 15)
#define REG_F_DYNPTR_RINGBUF	(1u << 16)
#define REG_F_DYNPTR_SKB	(1u << 17)
#define REG_F_DYNPTR_XDP	(1u << 18)
#define REG_F_ALLOC		(1u << 19)	/* from bpf_obj_new */
#define REG_F_TRUSTED		(1u << 20)
#define REG_F_RCU		(1u << 21)
#define REG_F_NON_OWN_REF	(1u << 22)
#define REG_F_FIXED_SIZE	(1u << 23)	/* argument types only */
#define REG_F_RELEASE		(1u << 24)	/* argument types only: this argument is released */
#define REG_F_WRITE		(1u << 25)	/* argument types only: helper writes the memory */
#define REG_F_ALIGNED		(1u << 26)	/* argument types only */
#define REG_F_DYNPTR_SKB_META	(1u << 27)
#define REG_F_DYNPTR_FILE	(1u << 28)
#define REG_F_AS_CTX		(1u << 29)	/* argument types only: it must be the context itself */
#define REG_F_DYNPTR_MASK	(REG_F_DYNPTR_LOCAL | REG_F_DYNPTR_RINGBUF | REG_F_DYNPTR_SKB | \
				 REG_F_DYNPTR_XDP | REG_F_DYNPTR_SKB_META | REG_F_DYNPTR_FILE)

/* struct reg.id of a scalar: link id, and which sort of constant was added since. */
#define REG_ID_ADD64		(1u << 31)
#define REG_ID_ADD32		(1u << 30)
#define REG_ID_DELTA		(REG_ID_ADD64 | REG_ID_ADD32)

/* struct reg.range of a packet pointer that was compared at or beyond the end. */
#define REG_PKT_AT_END		(-1)
#define REG_PKT_BEYOND_END	(-2)

enum dynptr_type {
	DYNPTR_INVALID, DYNPTR_LOCAL, DYNPTR_RINGBUF, DYNPTR_SKB, DYNPTR_XDP, DYNPTR_SKB_META,
	DYNPTR_FILE,
};

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
		struct { uint32_t dynptr_type; uint32_t dynptr_first; };  /* slot, REG_DYNPTR */
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

/* reg.c: constructors. They set every field. */
void reg_set_not_init(struct reg *r);
void reg_set_unknown(struct reg *r);			/* any scalar */
void reg_set_known(struct reg *r, uint64_t value);	/* that scalar */
void reg_set_ptr(struct reg *r, uint32_t type);		/* pointer, off 0, variable part 0 */
/* An arena cast or a load whose result is not followed: as reg_set_unknown. */

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

/* ---- instructions and functions ----------------------------------------------------------- */

/* What graph passes and the walk must know of a call before stepping it. */
struct call_facts {
	bool known;		/* false: no such function for this program type */
	uint8_t nargs;		/* r1..rN it reads */
	bool is_void;
	bool sync_callback, async_callback;
	bool iter_next;
	bool changes_pkt;
	bool might_sleep;
	bool fastcall;		/* bpf_fastcall, and inlined by the target */
	bool noreturn;		/* bpf_throw */
};

struct insn_aux {			/* one an instruction: kept small, its pages are the price of a load */
	bool seen : 1;
	bool prune_point : 1, jmp_point : 1, force_checkpoint : 1, calls_callback : 1, jump_target : 1;
	bool is_iter_next : 1;
	bool storage_atomic : 1;
	bool fastcall_pattern : 1;
	bool nospec : 1, nospec_result : 1;	/* unprivileged: barriers */
	bool proves_packet : 1;	/* a compare here proved packet bytes, on some path */
	bool call_map_poisoned : 1, call_map_unpriv : 1;
	bool alu_arena : 1, alu_elsewhere : 1;	/* 64-bit arithmetic: on arena pointers, on others */
	bool has_ref_kptr : 1;
	bool loop_seen : 1, loop_inline : 1;	/* bpf_loop: may still be rewritten without a call */
	uint8_t fastcall_spills;
	uint16_t live_regs;		/* registers live before this instruction */
	uint32_t scc;			/* 0: in no loop */
	uint32_t ptr_type;		/* first pointer type seen by a load or store; 0: none yet */
	uint32_t ptr_btf;
	uint32_t map;			/* ld_imm64 of a map: 1 + map index */
	uint32_t map_off;
	struct { uint32_t type, btf, btf_id, mem_size; } var;	/* ld_imm64 of a BTF id */
	uint32_t alu_state, alu_limit;	/* unprivileged masking */
	uint32_t call_map;		/* helper calls: 1 + first map seen */
	uint32_t loop_subprog;
	uint64_t obj_size;		/* kfuncs: remembered sizes and offsets */
};

enum arg_kind {			/* argument of a global function */
	ARG_NONE, ARG_SCALAR, ARG_CTX, ARG_MEM, ARG_BTF, ARG_DYNPTR, ARG_ARENA, ARG_DONTCARE,
};

struct subprog_arg {
	enum arg_kind kind;
	uint32_t flags;			/* REG_F_MAYBE_NULL, _TRUSTED, _UNTRUSTED, _RDONLY, … */
	uint32_t mem_size, btf, btf_id;
	uint32_t dynptr_type;
};

struct subprog {
	uint32_t start;			/* end is the next one's start */
	uint32_t postorder_start;
	uint32_t exit_idx;
	uint16_t stack_depth;		/* bytes touched */
	int16_t fastcall_stack_off;
	bool keep_fastcall_stack;
	bool has_tail_call, tail_call_reachable, has_ld_abs;
	bool is_cb, is_async_cb, is_exception_cb;
	bool changes_pkt, might_sleep, might_throw;
	bool is_global;			/* by func_info linkage */
	bool returns_void;		/* a global function (void_globals) */
	bool called[2], verified_in[2];	/* a global function; from where nothing may sleep, and where it may */
	bool args_cached;
	bool priv_stack, no_priv_stack;
	int args_err;			/* btfprog_args_prepare() of it failed with this */
	uint8_t arg_cnt;
	struct subprog_arg args[ENV_ARGS_MAX];
	uint32_t func_id;		/* BTF_KIND_FUNC of func_info; 0: none */
	const char *name;		/* "" without func_info */
};

/* A map the program names, or a template of one. */
struct map_info {
	const struct bgv_map *shape;
	struct btfrec *rec;		/* special fields of its value; NULL: none */
	uint32_t inner;			/* 1 + index of the template; 0: none */
	bool used;
};

struct slotlive;		/* slotlive.c */
struct scc_visits;		/* backedge.c */
struct pool;			/* pool.c */

/*
 * For the soundness test: sees each state before its instruction is stepped. all_precise makes every
 * scalar count as precise when states are compared, so that a pruned path lies in what was seen, as far
 * as comparing looks: at live registers. Which those are, read marks tell on kernels that have them
 * (live_marks) once the walk is over: then done is called, while the states still stand, and each look
 * finds a copy of the current state as its parent, which look may state_get() and whose marks are
 * those of this very instruction.
 */
struct env_watch {
	void (*look)(void *ctx, const struct env *env);
	void (*done)(void *ctx);	/* NULL: not asked for */
	void *ctx;
	bool all_precise;
};

struct env {
	const struct env_watch *watch;	/* NULL but in tests */
	const struct bgv_target *target;
	const struct behave *beh;	/* = &target->behave */
	const struct profile_limits *lim;
	const struct bgv_program *prog;
	const struct bgv_options *opt;
	struct bgv_result *result;
	struct pool *pool;

	/* program, decoded */
	struct bpf_insn *insns;		/* our copy */
	uint32_t insn_cnt;
	struct insn_aux *aux;
	struct subprog *subprogs;	/* subprog_cnt + 1 (end marker) */
	uint32_t subprog_cnt;
	struct map_info *maps;
	uint32_t map_cnt;
	struct btf_view **btfs;		/* parsed on demand by btf.c; one per prog->btfs */
	uint32_t prog_type, attach_type;
	bool sleepable;
	bool gpl;
	bool recursion_check;		/* the kernel counts re-entries (trampolines): attach_check() */
	int exception_subprog;		/* own exception callback; 0: none */
	uint32_t arena_map;		/* 1 + map index */
	bool seen_exception, seen_direct_write;
	uint32_t missing_kfunc;		/* 1 + a stepped kfunc call with id 0; 0: none */
	uint32_t max_pkt_offset, max_ctx_offset, max_tp_access, max_rdonly, max_rdwr;
	bool has_callchain_buf, uses_cgroup_storage;
	bool callback_once;		/* a callback was walked once, as kernels do where callbacks_converge is not */

	/* attach target, filled by attach_check() */
	struct {
		uint32_t btf, func_id, proto_id;	/* BTF ids in that BTF; 0: none */
		const char *name;
		int64_t ret_lo, ret_hi;
		bool ret_range;			/* ret_lo, ret_hi are set */
		uint32_t struct_ops_member, struct_ops_type;
		const char *ops_name;		/* struct_ops: name of the kernel's struct; else NULL */
		uint32_t stub_func_id;		/* struct_ops: its stub for the member; 0: none */
		bool untrusted_args;		/* an LSM hook that sees objects half made or half gone */
	} att;

	/* capabilities as rules */
	bool cap_bpf, cap_perfmon, cap_net_admin, cap_sys_admin;
	bool leak_rules;		/* BGV_MODE_LEAK_RULES: no kernel is asked for these */
	bool allow_ptr_leaks, allow_uninit_stack, bypass_spec_v1, bypass_spec_v4;
	bool strict_alignment, test_state_freq, test_reg_invariants;
	bool explore_alu_limits;	/* unprivileged masked adds: scalars must be equal to prune */

	/* the walk */
	struct state *cur;
	uint32_t insn_idx, prev_insn_idx;
	struct state *pending;		/* stack, newest first */
	uint32_t pending_cnt;
	struct state **explored;	/* insn_cnt list heads */
	struct state *evicted;
	uint32_t *postorder;
	uint32_t scc_cnt;		/* components are 1..scc_cnt-1 */
	uint32_t id_gen;
	uint64_t start_ns;
	uint32_t insn_processed, prev_insn_processed;
	uint32_t jmps_processed, prev_jmps_processed;
	uint32_t total_states, peak_states, max_states_per_insn;
	uint32_t kept_states;		/* stored ones that are still alive */
	struct hist *cur_hist;		/* entry of the instruction being stepped; NULL: none */
	struct slotlive *slotlive;
	struct scc_visits *scc;
	void *idmap;			/* ids.c */
	void *bt;			/* precise.c */
	struct reg fake_reg[2];		/* constants as registers */
	struct { bool set; uint32_t regno; int64_t needed, proved; } need;	/* of a rejection */
	struct { bool set; uint32_t frame; int64_t lo, hi; } span;	/* of a rejected access to the stack: [lo, hi) */
	/* of a rejected call chain: its functions from the first, what each needs, and where it calls the next */
	struct { uint32_t cnt; struct { uint32_t subprog, bytes, call; } link[ENV_FRAMES_MAX + 1]; } chain;
	struct { bool set; int32_t lo, hi; } want;	/* of a rejected return value: what is allowed */
	const uint32_t *arg_types;	/* of a rejected argument: the types it may have, 0 at the end; NULL */
	uint32_t unset_regno;		/* of a rejected read: the register that holds nothing */
	uint32_t arg_regno;		/* of the call being stepped: the argument looked at; 0: none yet */
	bool record;			/* this walk is for an explanation */
	const struct assume *assumes;	/* assume.h; of a walk whose verdict does not count */
	uint32_t assume_cnt;
	struct assume *propose;		/* what would mend the rejection (why.c); NULL: nobody asks */
	struct tales *tales;		/* the walk is recorded for an explanation; NULL: it is not */

	/* owned by others */
	void *kfuncs;			/* kfunc.c: descriptors */
	void *btfprog;			/* btfprog.c */
	void *log;			/* verdict.c */
};

static inline struct frame *env_top(const struct env *env)
{
	return env->cur->l[env->cur->curframe].f;
}
static inline struct reg *env_regs(const struct env *env) { return env_top(env)->r; }

/* 6.1 has one errno for whatever is wrong with a lock, timer or kptr argument. */
static inline int env_field_errno(const struct env *env)
{
	return env->beh->args_old ? EACCES : EINVAL;
}
static inline struct insn_aux *env_aux(const struct env *env) { return &env->aux[env->insn_idx]; }
static inline bool env_is_unpriv(const struct env *env) { return !env->allow_ptr_leaks; }

/* ---- verdict.c ----------------------------------------------------------------------------- */

/*
 * Records a rejection at the current instruction (only the first counts) and returns -err.
 * code: stable diagnostic code, "STACK-OOB" (static storage); fmt: the kernel's class of message.
 */
int verdict_reject(struct env *env, int err, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Another line of the kernel's about the rejection that was just recorded, behind ": ". Returns r. */
int verdict_add(struct env *env, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Before verdict_reject(): how many bytes were needed through that register, how many are proved. */
static inline void verdict_need(struct env *env, uint32_t regno, int64_t needed, int64_t proved)
{
	if (!ENV_EXPLAINS || env->result->verdict)
		return;
	env->need.set = true;
	env->need.regno = regno;
	env->need.needed = needed;
	env->need.proved = proved;
}

/* Before verdict_reject(): the bytes of a frame that were to be touched, [lo, hi) from its r10. */
static inline void verdict_span(struct env *env, uint32_t frame, int64_t lo, int64_t hi)
{
	if (env->result->verdict)
		return;
	env->span.set = true;
	env->span.frame = frame;
	env->span.lo = lo;
	env->span.hi = hi;
}

/* This library cannot judge it: the reason names the feature. Returns a negative of its own. */
int verdict_unsupported(struct env *env, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A budget (memory, time, instructions) ran out. */
int verdict_undecided(struct env *env, const char *what);
int verdict_nomem(struct env *env);
/* r is what verdict_unsupported or _undecided returned: no speculative path may swallow it. */
bool verdict_is_final(int r);
/* log_level 2: one line of the log. */
void verdict_log(struct env *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- pool.c -------------------------------------------------------------------------------- */

/* Zeroed memory of the env's arena; NULL: over budget (then return verdict_nomem(env)). */
void *pool_zalloc(struct env *env, size_t bytes);
void *pool_calloc(struct env *env, size_t cnt, size_t bytes);
char *pool_strdup(struct env *env, const char *s);

/* ---- state.c: frames, slots ---------------------------------------------------------------- */

static inline const struct frame *state_frame(const struct state *st, uint32_t frameno)
{
	return st->l[frameno].f;
}
/* Private copy of a level's frame, for writing; NULL: out of memory. */
struct frame *state_frame_mut(struct env *env, struct state *st, uint32_t frameno);

/* Read-only view of slot spi; never NULL (an untouched slot is all SLOT_INVALID). spi < ENV_SLOTS. */
const struct slot *stack_slot(const struct frame *f, uint32_t spi);
/* Slot for writing, in a private frame; NULL: out of memory. Raises slot_cnt. */
struct slot *stack_slot_mut(struct env *env, struct frame *f, uint32_t spi);

/*
 * Walks every register and spilled register of a state (bpf_for_each_reg_in_vstate):
 *	struct reg_iter it = REG_ITER(env, st);
 *	const struct reg *r;
 *	while ((r = reg_iter_next(&it)))
 *		if (wanted(r)) { struct reg *w = reg_iter_mut(&it); if (!w) return nomem; change(w); }
 * it.spi is UINT32_MAX at a register, else the slot; it.regno the register.
 */
struct reg_iter {
	struct env *env;
	struct state *st;
	uint32_t frameno, regno, spi;
	bool slots;
	bool started;
};
#define REG_ITER(e, s) { .env = (e), .st = (s) }
const struct reg *reg_iter_next(struct reg_iter *it);
struct reg *reg_iter_mut(struct reg_iter *it);
/* The slot whose spilled register the iterator stands at, for writing (it.spi set). */
struct slot *reg_iter_slot_mut(struct reg_iter *it);

/* A fresh id (++env->id_gen). */
uint32_t env_new_id(struct env *env);

/* regs[regno] of the top frame := unknown scalar / not initialised. */
void env_mark_unknown(struct env *env, uint32_t regno);
void env_mark_not_init(struct env *env, uint32_t regno);

/* ---- refs.c: references and locks held ----------------------------------------------------- */

/* Acquires a reference at this instruction; its id in *ret_id. 0 or negative. */
int refs_acquire(struct env *env, uint32_t insn_idx, uint32_t *ret_id);
/* HELD_IRQ, locks: also keeps the object. */
int refs_acquire_typed(struct env *env, struct state *st, const struct held *h);
const struct held *refs_find(const struct state *st, uint32_t type_mask, uint32_t id);
bool refs_has(const struct env *env, uint32_t id);	/* find_reference_state */
/* Drops the entry only. 0, or -EINVAL without a verdict when there is none. */
int refs_drop(struct env *env, struct state *st, uint32_t type_mask, uint32_t id);
/* A lock held in that object (as in struct held); NULL: none. Dropping it: as refs_drop(). */
const struct held *refs_find_lock(const struct state *st, uint32_t type_mask, uint32_t id,
				  uint32_t object);
int refs_drop_lock(struct env *env, struct state *st, uint32_t type_mask, uint32_t id,
		   uint32_t object);
/* release_reference(): drops it and kills all registers and slots with that ref. -EINVAL: none. */
int refs_release(struct env *env, uint32_t id);
/* check_reference_leak(); exception_exit: frames' callbacks do not excuse. Rejects on a leak. */
int refs_check_leak(struct env *env, bool exception_exit);
/* check_resource_leak(): references, locks, irq, rcu, preempt; prefix "BPF_EXIT instruction in main prog". */
int refs_check_resources(struct env *env, bool exception_exit, bool check_lock, const char *prefix);
uint32_t refs_cnt(const struct state *st);

/* ---- register checks ----------------------------------------------------------------------- */

enum access { ACCESS_READ = 1, ACCESS_WRITE = 2 };

/* check_reg_arg(): readable / writable (not r10). Rejects EACCES. Write also forgets nothing. */
int reg_check_read(struct env *env, uint32_t regno);
int reg_check_write(struct env *env, uint32_t regno);		/* marks unknown */
int reg_check_write_nomark(struct env *env, uint32_t regno);

/* ---- null.c --------------------------------------------------------------------------------- */

/* A maybe-null pointer is found not NULL: its flag goes; some maps' values turn into what they hold. */
void null_clear_flag(const struct env *env, struct reg *r);
/* What a look-up in a map of maps or sockets found, where that is told at once (lookup_refines); keeps the flag. */
void null_refine_lookup(const struct env *env, struct reg *r);
/* In st, all holders of known->id are NULL, or not NULL (mark_ptr_or_null_regs). 0 or negative. */
int null_settle(struct env *env, struct state *st, const struct reg *known, bool is_null);
/* ---- precise.c, hist ------------------------------------------------------------------------ */

int precise_mark_reg(struct env *env, uint32_t regno);		/* mark_chain_precision */
int precise_mark_slot(struct env *env, uint32_t frameno, uint32_t spi);
/* Puts the instruction being stepped into the path's history, or adds to its entry (hist.c). */
int hist_push(struct env *env, uint32_t flags, uint64_t linked);
int hist_push_stack(struct env *env, uint32_t frame, uint32_t spi);	/* a spill or fill */

/* ---- slotlive.c: stack accesses of helpers and kfuncs ---------------------------------------- */

int slotlive_read(struct env *env, uint32_t frameno, uint64_t slots);	/* mask, bit spi */
void slotlive_write(struct env *env, uint32_t frameno, uint64_t slots);

/* May this call be made while a bpf_spin_lock is held? (lock.c) */
bool lock_allows_call(struct env *env, const struct bpf_insn *insn);
/* check_reg_type() of an ARG_BTF argument of a global function, and its offset. (btfptr.c) */
int btfptr_check_subprog_arg(struct env *env, uint32_t regno, const struct subprog_arg *arg);
/* A const dynptr argument of a global function or callback (in r, of whatever frame). */
void dynptr_set_arg(struct env *env, struct reg *r, uint32_t dynptr_type);

/* ---- explore.c ------------------------------------------------------------------------------ */

/*
 * A pending copy of the current state that will go on at insn_idx. The caller may change its top
 * frame and fields until the next step. Owned by the env. NULL: the verdict is recorded
 * (over 8192 pending: err_if_full, EFAULT or ENOMEM).
 */
struct state *explore_push(struct env *env, uint32_t insn_idx, uint32_t prev_insn_idx,
			   bool speculative, int err_if_full);
/* A pending root state for an async callback in subprog; its frame 0 regs are not initialised. */
struct state *explore_push_async(struct env *env, uint32_t insn_idx, uint32_t subprog,
				 bool sleepable);
/* Widens scalars of cur against the previous unfinished entry with the same call sites. */
int explore_widen(struct env *env, struct state *prev, struct state *pending);
/* find_prev_entry() and widen_imprecise_scalars() for an iterator next or callback call. */
struct state *explore_find_prev(struct env *env, uint32_t insn_idx);
/* The same as seen from another state than the current one's parent. */
struct state *explore_find_prev_of(struct env *env, const struct state *from, uint32_t insn_idx);

/* ---- mem.c: memory access, dispatched by pointer kind ------------------------------------------ */

struct memop {
	uint32_t insn_idx;
	uint32_t regno;		/* base register */
	int32_t off;		/* of the instruction */
	uint32_t size;		/* bytes */
	enum access access;
	int value_regno;	/* loaded into or stored from; -1: none or unknown */
	bool strict_once;	/* alignment always checked */
	bool sext;		/* sign-extending load */
};

int mem_access(struct env *env, const struct memop *op);	/* check_mem_access */
/* Would storing register regno (-1: none) leak a pointer? (is_pointer_value) */
bool mem_is_leak(const struct env *env, int regno);
/*
 * Handlers: check the access; for loads with value_regno >= 0 also set that register (unknown
 * scalar or what the kind gives). mem.c narrows scalars afterwards.
 */
int ctx_access(struct env *env, const struct memop *op);	/* ctx.c */
int ctx_sock_access(struct env *env, const struct memop *op);	/* ctx.c: the four socket kinds */
int mapval_access(struct env *env, const struct memop *op);	/* mapval.c */
int mapval_ptr_access(struct env *env, const struct memop *op);	/* btfptr.c: REG_MAP_PTR by BTF */
int btfptr_access(struct env *env, const struct memop *op);	/* btfptr.c */

/* check_mem_region_access(): [off + smin, off + umax + size) within mem_size. */
/*
 * How far the pointer may be from its object's start. Where kernels keep constants apart (offsets_apart) that is its
 * variable part, and 0 is returned; elsewhere the sum with its constant part, which is returned.
 */
int32_t ptr_whole_offset(const struct env *env, const struct reg *r, struct val *ret);
int mem_check_bounds(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		     uint32_t mem_size, bool zero_ok);
/* __check_mem_access(): fixed offset only. */
int mem_check_fixed(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		    uint32_t mem_size, bool zero_ok);
/* check_map_access(): bounds and special fields; src_btf: access by a helper. (mapval.c) */
int mapval_check(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok,
		 bool by_helper);
int mapval_check_type(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		      enum access access);
/* check_packet_access(), flow keys; also raises max_pkt_offset. */
int pkt_check(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok);
/* may_access_direct_pkt_data() of the program type (ctx.c); meta: the call asking, NULL: direct. */
struct call_meta;
bool ctx_may_access_pkt(struct env *env, const struct call_meta *meta, enum access access);

/* check_ptr_off_reg(): fixed_ok false: offset 0 and no variable part. */
int ptr_check_off(struct env *env, const struct reg *r, uint32_t regno, bool fixed_ok);
/* check_func_arg_reg_off(): arg_flags of the argument type. */
int ptr_check_arg_off(struct env *env, const struct reg *r, uint32_t regno, uint32_t arg_type);

/* check_helper_mem_access(): region [regno, size). meta may be NULL. */
int mem_check_region(struct env *env, uint32_t regno, uint32_t size, enum access access,
		     bool zero_ok, struct call_meta *meta);
/* check_mem_size_reg(): size in register regno, memory in regno - 1. */
int mem_check_region_reg(struct env *env, uint32_t regno, enum access access, bool zero_ok,
			 struct call_meta *meta);
/* check_mem_reg(): mem_size bytes readable and writable, for global functions and kfuncs. */
int mem_check_reg(struct env *env, uint32_t regno, uint32_t mem_size);
/* check_stack_range_initialized() for stack regions. */
int stack_check_region(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok,
		       enum access access, struct call_meta *meta);

/* destroy_if_dynptr_stack_slot(): before slot spi of f is overwritten. (dynptr.c) */
int dynptr_destroy_slot(struct env *env, struct frame *f, uint32_t spi);

/* All packet pointers and packet slices of the state die (clear_all_pkt_pointers). */
int pkt_invalidate_all(struct env *env);

/* ---- calls -------------------------------------------------------------------------------- */

/* What the arguments of one call told so far; zeroed before the first argument. */
struct call_meta {
	uint32_t func_id;
	uint32_t map;			/* 1 + map index; 0: none */
	uint32_t map_uid;
	bool raw_mode;			/* a region to be written before it is read */
	bool pkt_access;
	bool percpu_alloc;		/* the percpu argument is an own object */
	uint8_t release_regno;
	uint32_t regno;
	int32_t access_size;		/* of the raw region */
	uint32_t mem_size;
	uint64_t msize_max;
	uint32_t ref_obj_id;
	uint32_t dynptr_id;
	uint32_t btf, btf_id;
	uint32_t ret_btf, ret_btf_id;
	uint32_t subprog;
	int64_t const_map_key;
	const struct btf_member_field *kptr_field;
};

/* Static, global and callback calls: call.c. */
/* BPF_PSEUDO_CALL at insn_idx. CALL_THROWS: it is a global function that may throw, the path on which it does */
#define CALL_THROWS 1
int call_subprog(struct env *env, uint32_t insn_idx);
/*
 * set_callee fills the callee's r1-r5 from the caller's (set_map_elem_callback_state & co.):
 * 0 or negative. callee is private; caller is the calling frame.
 */
typedef int (*call_set_callee)(struct env *env, struct frame *caller, struct frame *callee,
			       uint32_t insn_idx);
/* push_callback_call(): pending state in the callback; async by is_async. */
int call_push_callback(struct env *env, uint32_t insn_idx, uint32_t subprog, bool is_async,
		       bool async_sleepable, call_set_callee set_callee);
/* clear_caller_saved_regs(): r0-r5 (r1-r5 of a fastcall-like kfunc: by the caller) not initialised. */
void call_clear_caller_saved(struct env *env);

/* Helpers (helper.c) and kfuncs (kfunc.c) at env->insn_idx. */
int helper_call(struct env *env, uint32_t insn_idx);
int kfunc_call(struct env *env, uint32_t insn_idx);
/* Facts for the graph passes; unknown helper: all five arguments, nothing else. */
void helper_facts(const struct env *env, int32_t func_id, struct call_facts *ret);
void kfunc_facts(const struct env *env, const struct bpf_insn *insn, struct call_facts *ret);
/* add_kfunc_call(): resolves at the functions pass; rejects bad ids. */
int kfunc_add(struct env *env, uint32_t insn_idx);
/* The load of a callback's or sub-function's address is by ld_imm64 BPF_PSEUDO_FUNC: core. */

/* ---- passes of others ------------------------------------------------------------------------ */

int btfprog_check_early(struct env *env);	/* check_btf_info_early: records, func_info */
/* Start of the own exception callback (BTF decl tag); 0: none; negative: rejected. */
int btfprog_exception_callback(struct env *env);
int btfprog_check(struct env *env);		/* line info, core_relo, func_info at starts */
/* Fills subprog->args (btf_prepare_func_args); 0 or negative. Cached. */
int btfprog_args(struct env *env, uint32_t subprog);
/* ld_imm64 of a BTF id: fills aux->var. imm: BTF id; btf: 0 vmlinux, else 1 + index. */
int btfprog_pseudo_btf_id(struct env *env, uint32_t insn_idx);
/* Special fields of maps: fills env->maps[i].rec. map × program type rules. */
int mapval_bind(struct env *env, uint32_t map_idx);	/* check_map_prog_compatibility */
int attach_check_load(struct env *env);		/* "before" pass: flags, attach type, capability */
int attach_check(struct env *env);		/* attach pass: targets, struct_ops, LSM, sleepable */
int ret_check(struct env *env, uint32_t regno);	/* check_return_code at main (or exception) exit */
bool ctx_may_ld_abs(const struct env *env);	/* program types with skb */
int lock_check_sleepable(struct env *env, const char *what);	/* nothing that forbids sleeping */
bool env_in_sleepable(const struct env *env);	/* in_sleepable() */
bool env_in_rcu(const struct env *env);		/* in_rcu_cs() */

/* arguments of a global function call in the caller (btf_check_func_arg_match): call.c. */

#endif
