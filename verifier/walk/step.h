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

#endif
