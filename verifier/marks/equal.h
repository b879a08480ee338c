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
#endif
