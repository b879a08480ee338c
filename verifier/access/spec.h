/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_SPEC_H
#define VERIFIER_SPEC_H

#include "verifier/state/env.h"

/* r ended a step of a speculative path: may the path simply stop there, behind a barrier? */
bool spec_may_end_path(const struct env *env, int r);
/*
 * The way a decided jump does not take, walked speculatively (sanitize_speculative_path). There the
 * jump's operands may hold anything; jump NULL: a masked addition, which decides nothing.
 */
int spec_push_untaken(struct env *env, const struct bpf_insn *jump, uint32_t insn_idx,
		      uint32_t prev_insn_idx);

/* How one pointer addition will be masked. */
struct spec_move {
	bool masked;		/* a mask is needed at all */
	bool left;		/* it moves towards lower addresses */
	uint32_t state, limit;
};

/*
 * Pointer arithmetic without CAP_PERFMON: the offset must have one sign and stay in the object, the
 * same on every path, and a masked add is also walked with the mask's other outcome
 * (sanitize_ptr_alu). Before: dst still holds its operand. After: the result must point into its
 * object.
 */
int spec_before_move(struct env *env, const struct bpf_insn *insn, const struct reg *ptr,
		     const struct reg *off, bool dst_is_ptr, struct spec_move *ret_move);
int spec_after_move(struct env *env, uint32_t regno, const struct spec_move *move);
/* Addition or subtraction of scalars by an instruction that must not be a pointer's elsewhere. */
int spec_scalar(struct env *env, const struct bpf_insn *insn);

#endif
