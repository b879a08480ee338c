/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_H
#define VERIFIER_HELPER_H

#include "verifier/state/env.h"

/* The helper call at an instruction. 0 or negative. */
int helper_call(struct env *env, uint32_t insn_idx);
/* of do_misc_fixups, what may fail */
int helper_check_tail_calls(struct env *env);

#endif
