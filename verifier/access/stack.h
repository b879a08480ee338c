/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STACK_H
#define VERIFIER_STACK_H

#include "verifier/state/env.h"

int stack_read(struct env *env, const struct memop *op, int32_t off);
int stack_write(struct env *env, const struct memop *op, int32_t off);
/* Bits of the highest set one in its largest value (get_reg_width). */
static inline uint32_t stack_reg_width(const struct reg *r)
{
	return r->v.uh ? 64u - (uint32_t)__builtin_clzll(r->v.uh) : 0;
}

#endif
