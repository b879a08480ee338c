/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_ARG_H
#define VERIFIER_HELPER_ARG_H

#include "verifier/access/memop.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/state/env.h"

/* check_func_arg() of argument arg (0..4). */
int helper_arg_check(struct env *env, const struct helper_proto *proto, uint32_t arg,
		     uint32_t insn_idx, struct call_meta *meta);
/* Is regs[regno], a map value, a constant string: a frozen map's bytes, NUL-terminated? (check_reg_const_str) */
int helper_check_const_str(struct env *env, uint32_t regno);

#endif
