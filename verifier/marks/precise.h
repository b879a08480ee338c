/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PRECISE_H
#define VERIFIER_PRECISE_H

#include "verifier/state/env.h"

/*
 * Marks from `old`, a stored state that `cur` equals, flow into cur's ancestors (propagate_precision).
 * *ret_changed (may be NULL) is set when a mark was new. 0 or negative.
 */
int precise_propagate(struct env *env, const struct state *old, struct state *cur,
		      bool *ret_changed);
/* The big hammer: all scalars of all ancestors of st. */
void precise_mark_all(struct state *st);

/*
 * One instruction back within st's part of the path; *h is the newest entry not yet passed, *cnt how
 * many there are. -ENOENT: at its first instruction.
 */
int64_t precise_prev_insn(const struct state *st, uint32_t idx, const struct hist **h,
			  uint32_t *cnt);

/* The scalar that the register, or slot, of the current state holds mattered. 0 or negative. */
int precise_mark_reg(struct env *env, uint32_t regno);		/* mark_chain_precision */
int precise_mark_slot(struct env *env, uint32_t frameno, uint32_t spi);

#endif
