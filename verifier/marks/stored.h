/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STORED_H
#define VERIFIER_STORED_H

#include "verifier/state/env.h"

/*
 * The list of states stored at an instruction with st's call site. Buckets are shared by call sites, as in the
 * kernel: neighbours age each other's states.
 */
struct state **stored_bucket(struct env *env, uint32_t insn_idx, const struct state *st);
/* Were the frames of both entered by the same calls? */
bool stored_same_callsites(const struct state *a, const struct state *b);
/* Widens scalars of cur against the previous unfinished entry with the same call sites. */
int stored_widen(struct env *env, struct state *prev, struct state *pending);
/* find_prev_entry() and widen_imprecise_scalars() for an iterator next or callback call. */
struct state *stored_find_prev(struct env *env, uint32_t insn_idx);
/* The same as seen from another state than the current one's parent. */
struct state *stored_find_prev_of(struct env *env, const struct state *from, uint32_t insn_idx);

#endif
