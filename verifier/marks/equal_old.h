/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EQUAL_OLD_H
#define VERIFIER_EQUAL_OLD_H

#include "verifier/state/env.h"

/* equal_states() as 6.1 compares, where there is but one mode. */
bool equal_states_old(struct env *env, const struct state *old, const struct state *cur);
/* Cheap refusal before EXACT_FULLY: are the registers of the top frames the same bytes? */
bool equal_maybe_looping(const struct state *old, const struct state *cur);
/* Equal up to ids, as EXACT_FULLY compares (regs_exact); uses the env's id map as it is. */
bool equal_regs_exactly(struct env *env, const struct reg *old, const struct reg *cur);
/* Do iterators that are active in old stand at another depth in cur? */
bool equal_iter_depths_differ(const struct state *old, const struct state *cur);

#endif
