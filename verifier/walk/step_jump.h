/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STEP_JUMP_H
#define VERIFIER_STEP_JUMP_H

#include "verifier/state/env.h"

/* The conditional jump at env->insn_idx, which moves to the target - 1. 0 or negative. */
int step_jump(struct env *env, const struct bpf_insn *insn);

#endif
