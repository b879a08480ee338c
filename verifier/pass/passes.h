/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PASSES_H
#define VERIFIER_PASSES_H

#include "verifier/state/env.h"

/* The passes around the walk, in the kernel's order; each 0 or negative (verdict recorded). */
int load_copy_program(struct env *env);		/* instructions, maps, counts */
int subprog_find_all(struct env *env);		/* add_subprog_and_kfunc */
int subprog_check_bounds(struct env *env);	/* check_subprogs */
int load_resolve_ldimm64(struct env *env);	/* resolve_pseudo_ldimm64, opcodes */
int cfg_check(struct env *env);			/* check_cfg, postorder */
int scc_compute(struct env *env);
int live_compute(struct env *env);		/* compute_live_registers */
int fastcall_mark(struct env *env);		/* mark_fastcall_patterns */
int explore_program(struct env *env);		/* main, then called global functions */
int depth_check(struct env *env);		/* check_max_stack_depth */
int step_check_rewrites(struct env *env);	/* of convert_ctx_accesses, what may fail */
int helper_check_tail_calls(struct env *env);	/* of do_misc_fixups, what may fail */
int kfunc_check_missing(struct env *env);	/* of fixup_kfunc_call */
int subprog_check_removed(struct env *env);	/* of jit_subprogs */

/* bgv_verify() with somebody looking on; watch may be NULL. */
int api_verify_watched(const struct bgv_target *target, const struct bgv_program *prog,
		       const struct bgv_options *opt, const struct env_watch *watch,
		       struct bgv_result *ret_result);

/* Index of the function that starts at / contains an instruction; -1: none starts there. */
int subprog_at(const struct env *env, uint32_t insn_idx);
uint32_t subprog_containing(const struct env *env, uint32_t insn_idx);

/* What a call instruction does, for the graph passes (known is false for static calls). */
void call_facts_of(const struct env *env, const struct bpf_insn *insn, struct call_facts *ret);

int verdict_reject_at(struct env *env, uint32_t insn_idx, int err, const char *code,
		      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The rejection stands, under another code and message; or, when none is recorded yet, becomes one. */
int verdict_rename(struct env *env, int err, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
char *verdict_take_log(struct env *env);
/* A speculative path ended where it may: the recorded rejection is dropped. */
void verdict_forgive(struct env *env);

#endif
