/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STEP_ALU_H
#define VERIFIER_STEP_ALU_H

#include "verifier/state/env.h"

/* The arithmetic instruction at env->insn_idx. 0 or negative. */
int step_alu(struct env *env, const struct bpf_insn *insn);
/* An operator's result: contradictions reset the ranges, or reject under the test flag. */
int step_settle(struct env *env, bool settled);

#endif
