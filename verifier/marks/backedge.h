/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BACKEDGE_H
#define VERIFIER_BACKEDGE_H

#include "verifier/state/env.h"

/* Once the graph is known (scc_compute()); 0 or undecided for memory. */
int backedge_init(struct env *env);
/* st was just stored: if it stands in a loop no other state entered, it is that visit's entry. */
int backedge_enter(struct env *env, struct state *st);
/* All paths from st have ended: if it is a visit's entry, marks flow over the kept back edges. */
int backedge_exit(struct env *env, struct state *st);
/* cur equals `old` inside a loop: keeps a copy of cur until the visit ends. */
int backedge_add(struct env *env, struct state *old);
/* Marks of st may still grow by back edges (incomplete_read_marks). */
bool backedge_pending(const struct env *env, const struct state *st);

#endif
