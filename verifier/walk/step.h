/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STEP_H
#define VERIFIER_STEP_H

#include "verifier/state/env.h"

#define STEP_PATH_ENDS 1	/* step_insn(): this path is done */

/*
 * Checks and transfers the instruction at env->insn_idx; env->insn_idx becomes the next one.
 * 0, STEP_PATH_ENDS, or negative.
 */
int step_insn(struct env *env);
/* of convert_ctx_accesses(), what may fail */
int step_check_rewrites(struct env *env);

/* The instruction at env->insn_idx, by class. They do not move env->insn_idx unless they jump. */
int step_alu(struct env *env, const struct bpf_insn *insn);
int step_jump(struct env *env, const struct bpf_insn *insn);	/* conditional; moves to the target - 1 */
int step_atomic(struct env *env, const struct bpf_insn *insn);
int step_load(struct env *env, const struct bpf_insn *insn, bool strict_once);
int step_store(struct env *env, const struct bpf_insn *insn, bool strict_once);
/* Remembers which kind of pointer an instruction dereferences: two kinds may not share one. */
int step_note_ptr_type(struct env *env, uint32_t type, bool trust_mismatch_ok);
/* An operator's result: contradictions reset the ranges, or reject under the test flag. */
int step_settle(struct env *env, bool settled);

#endif
