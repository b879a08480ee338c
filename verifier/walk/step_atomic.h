/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STEP_ATOMIC_H
#define VERIFIER_STEP_ATOMIC_H

#include "verifier/state/env.h"

/* The atomic instruction at env->insn_idx. 0 or negative. */
int step_atomic(struct env *env, const struct bpf_insn *insn);

#endif
