/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_DYNPTR_H
#define VERIFIER_DYNPTR_H

#include "verifier/state/env.h"

/* What a dynptr is made of: the one that is cloned, or an object. */
struct dynptr_origin {
	uint32_t ref;		/* reference of the dynptr that is cloned; 0: none */
	uint32_t parent;	/* reference of the object it reads; 0: that is not held, or nobody's to give back */
};

/*
 * A dynptr argument of a helper or kfunc in regs[regno] (process_dynptr_func). arg_type:
 * REG_F_UNINIT makes a new one of type REG_F_DYNPTR_*, else one must be there, of that type if one
 * is named; REG_F_RDONLY: not written. from: of what it is made.
 */
int dynptr_check_arg(struct env *env, uint32_t regno, uint32_t insn_idx, uint32_t arg_type,
		     struct dynptr_origin from);

/*
 * Before a release: is it a referenced dynptr on the stack? (the release half of
 * check_func_arg_reg_off & co.)
 */
int dynptr_check_release(struct env *env, uint32_t regno);
/*
 * Releases the one regs[regno] points to: its slots, its slices, its reference
 * (unmark_stack_slots_dynptr).
 */
int dynptr_release_arg(struct env *env, uint32_t regno);

/* Identity, reference and type of the dynptr regs[regno] names. */
int dynptr_facts(struct env *env, uint32_t regno, uint32_t *ret_id, struct dynptr_origin *ret_origin,
		 enum dynptr_type *ret_type);

/*
 * The stack slot of a dynptr that regs[regno] points to; -EINVAL with a verdict; may be a lower
 * level's slot.
 */
int dynptr_slot(struct env *env, const struct reg *r, uint32_t *ret_spi);

/* REG_F_DYNPTR_* of a type and back; DYNPTR_INVALID where no flag is set. */
enum dynptr_type dynptr_type_of_flags(uint32_t arg_type);
uint32_t dynptr_flags_of_type(enum dynptr_type type);

/* A const dynptr argument of a global function or callback (in r, of whatever frame). */
void dynptr_set_arg(struct env *env, struct reg *r, uint32_t dynptr_type);

#endif
