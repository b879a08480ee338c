/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one verification is made of: program.h, the program decoded, types.h, what is known on a
 * path, and the rest.
 *
 * Ownership in one paragraph. Everything lives in the env's arena and pools and dies with the env,
 * so nobody frees what pool.c gave but through its own put function. Frames, stack pages,
 * reference sets and history entries are counted and shared between states; who writes asks for a
 * private copy first (state_frame_mut, frame_slot_mut). The top frame of env->cur and of a state
 * just returned by pending_push() is always private, so env_regs() may be written freely.
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
#include "verifier/state/program.h"
#include "verifier/state/types.h"

/* 0 in tests/bench/check-plain only: what explanations need on the way of an accepted program, left out. */
#ifndef ENV_EXPLAINS
#define ENV_EXPLAINS 1
#endif

struct jumptab;		/* jumptab.h */
struct assume;		/* assume.h */
struct btf_view;	/* btf.h: parsed BTF */
struct slotlive;	/* slotlive.c */
struct tales;		/* tale.h */
struct proposals;	/* assume.h */
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

/* Who writes the log of a walk (trace.c). Changes nothing of it. */
struct env_trace {
	void (*begin)(struct env *env);			/* all passes before the walk are done */
	void (*enter)(struct env *env, uint32_t subprog);	/* main, or a global function, is walked */
	void (*leave)(struct env *env, uint32_t subprog);	/* all its paths are allowed */
	void (*step)(struct env *env);			/* an instruction is about to be stepped */
	void (*equal)(struct env *env);			/* an equal state was proved safe: the path ends */
	/* A path that waited is taken up; log_pos: where the log was when it was put aside. */
	void (*resume)(struct env *env, uint64_t log_pos);
};

/* What an assumption put aside for one step (assume.c). */
struct heldset;
struct env_aside {
	bool set;
	struct heldset *held;
	uint32_t locks, preempt, rcu, irq, lock_id, lock_object, lock_object_id;
};

struct env {
	const struct env_watch *watch;	/* NULL but in tests */
	const struct env_trace *trace;	/* NULL: no log is written */
	/* Verifies another program, watched: 0, or negative when ours is not that it loads. The door's own (api.c). */
	int (*verify_other)(struct env *env, const struct bgv_program *other, const struct env_watch *watch);
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
		uint32_t arg_ref[PROGRAM_CTX_ARGS];	/* struct_ops: what main holds of each argument; 0: nothing */
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
	struct jumptab **jumptabs;	/* of each indirect jump; NULL: the program has none */
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
	uint32_t bound_map;		/* 1 + the map that was bound last; of a rejected type: that one */
	uint32_t unset_regno;		/* of a rejected read: the register that holds nothing */
	uint32_t arg_regno;		/* of the call being stepped: the argument looked at; 0: none yet */
	bool record;			/* this walk is for an explanation */
	const struct assume *assumes;	/* assume.h; of a walk whose verdict does not count */
	uint32_t assume_cnt;
	struct proposals *propose;	/* what would mend the rejection (why.c); NULL: nobody asks */
	bool comes_of_it;		/* the rejection is of a value that an assumption made */
	bool packet_kept;		/* assumed: pointers into the packet live on */
	struct env_aside aside;
	struct tales *tales;		/* the walk is recorded for an explanation; NULL: it is not */

	/* owned by others */
	struct kfuncs *kfuncs;		/* those the program calls, resolved; NULL: none yet */
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

#endif
