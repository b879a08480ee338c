/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EQUAL_H
#define VERIFIER_EQUAL_H

#include "verifier/state/env.h"

enum exact {
	EXACT_NOT,	/* imprecise old scalars match anything */
	EXACT_FULLY,	/* equal up to ids */
	EXACT_RANGE,	/* ranges within, precise or not */
};

/* Is everything that is safe from `old` on safe from `cur` on? (states_equal) */
bool equal_states(struct env *env, const struct state *old, const struct state *cur,
		  enum exact exact);
/* The same as 6.1 compares, where there is but one mode. */
bool equal_states_old(struct env *env, const struct state *old, const struct state *cur);
/* Cheap refusal before EXACT_FULLY: are the registers of the top frames the same bytes? */
bool equal_maybe_looping(const struct state *old, const struct state *cur);
/* Equal up to ids, as EXACT_FULLY compares (regs_exact); uses the env's id map as it is. */
bool equal_regs_exactly(struct env *env, const struct reg *old, const struct reg *cur);
/* Do iterators that are active in old stand at another depth in cur? */
bool equal_iter_depths_differ(const struct state *old, const struct state *cur);

#endif
