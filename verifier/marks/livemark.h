/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_LIVEMARK_H
#define VERIFIER_LIVEMARK_H

#include "verifier/state/env.h"

/*
 * Liveness as kernels before 6.15 learn it: a read marks the value's place in every checkpoint it came
 * from, up to the one after which it was written. No effect where liveness is static.
 */
void livemark_read_reg(struct env *env, uint32_t regno);	/* of the top frame */
void livemark_write_reg(struct env *env, uint32_t regno);
void livemark_read_slots(struct env *env, uint32_t frameno, uint64_t slots);
void livemark_write_slots(struct env *env, uint32_t frameno, uint64_t slots);

/* cur's registers and slots from here on come from st, which was just stored. */
void livemark_checkpoint(struct env *env, struct state *cur);
/* What was read after `old` is read after cur too: they are equal. */
void livemark_propagate(struct env *env, const struct state *old, struct state *cur);
/* A static call's arguments, and a function's result, keep the place they came from. */
void livemark_pass_args(struct env *env, struct state *st);	/* after the frame was pushed */
void livemark_pass_result(struct env *env, struct state *st);	/* before it is popped */
/* regs[dst] becomes a copy of regs[src] with all it remembers (scalar += pointer). */
void livemark_inherit(struct env *env, uint32_t dst, uint32_t src);

#endif
