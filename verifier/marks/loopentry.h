/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_LOOPENTRY_H
#define VERIFIER_LOOPENTRY_H

#include "verifier/state/env.h"

/* The outermost state known to head the loop st is part of; NULL: none. Shortens the chain to it. */
struct state *loopentry_get(struct state *st);
/* cur was found to run into hdr, a state of its own path or of a loop still open. */
void loopentry_update(struct env *env, struct state *cur, struct state *hdr);
/* st is part of a loop that is still being walked: its marks may be incomplete. */
static inline bool loopentry_is_open(struct state *st)
{
	struct state *entry = st->loop_entry ? loopentry_get(st) : NULL;

	return entry && entry->branches;
}

#endif
