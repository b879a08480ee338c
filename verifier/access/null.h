/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_NULL_H
#define VERIFIER_NULL_H

#include "verifier/state/env.h"

/* A maybe-null pointer is found not NULL: its flag goes; some maps' values turn into what they hold. */
void null_clear_flag(const struct env *env, struct reg *r);
/* What a look-up in a map of maps or sockets found, where that is told at once (lookup_refines); keeps the flag. */
void null_refine_lookup(const struct env *env, struct reg *r);
/* In st, all holders of known->id are NULL, or not NULL (mark_ptr_or_null_regs). 0 or negative. */
int null_settle(struct env *env, struct state *st, const struct reg *known, bool is_null);

#endif
