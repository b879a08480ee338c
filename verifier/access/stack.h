/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STACK_H
#define VERIFIER_STACK_H

#include "verifier/access/memop.h"
#include "verifier/state/env.h"

/*
 * Of the stack: checks the access at off below the frame of its base register; for loads with value_regno >= 0 also sets that register (unknown scalar or what
 * the kind gives). mem.c narrows scalars afterwards.
 */
int stack_read(struct env *env, const struct memop *op, int32_t off);
int stack_write(struct env *env, const struct memop *op, int32_t off);
/* Bits of the highest set one in its largest value (get_reg_width). */
static inline uint32_t stack_reg_width(const struct reg *r)
{
	return r->v.uh ? 64u - (uint32_t)__builtin_clzll(r->v.uh) : 0;
}

/* check_stack_range_initialized() for stack regions. */
int stack_check_region(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok,
		       enum access access, struct call_meta *meta);

#endif
