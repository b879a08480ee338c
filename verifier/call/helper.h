/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_H
#define VERIFIER_HELPER_H

#include "verifier/access/memop.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/state/env.h"

/* The files of a helper call: helper.c drives, each function is one step. */

/* helper_arg.c: check_func_arg() of argument arg (0..4). */
int helper_arg_check(struct env *env, const struct helper_proto *proto, uint32_t arg,
		     uint32_t insn_idx, struct call_meta *meta);

/* Is regs[regno], a map value, a constant string: a frozen map's bytes, NUL-terminated? (check_reg_const_str) */
int helper_check_const_str(struct env *env, uint32_t regno);

/* helper_special.c: what single helpers ask beside their prototype, after the arguments. */
int helper_special_check(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
			 struct call_meta *meta, bool *ret_changes_pkt);
/* … and after the result: map type, instruction pointer. */
int helper_special_after(struct env *env, const struct helper_proto *proto,
			 const struct call_meta *meta);

/* helper_ret.c: r0, references, ranges. */
int helper_ret_set(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
		   struct call_meta *meta);

/* helper_callback.c: the helpers that call back. */
int helper_callback_push(struct env *env, uint32_t id, uint32_t insn_idx,
			 const struct call_meta *meta);

/* helper_printf.c: does the format, NUL-terminated within bytes, fit that many arguments? */
bool helper_printf_ok(const uint8_t *format, size_t bytes, uint32_t arg_cnt);

/* The helper call at an instruction. 0 or negative. */
int helper_call(struct env *env, uint32_t insn_idx);
/* of do_misc_fixups, what may fail */
int helper_check_tail_calls(struct env *env);

#endif
