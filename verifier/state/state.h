/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STATE_H
#define VERIFIER_STATE_H

#include "verifier/state/env.h"

/* A fresh frame: registers not initialised, no stack; refs 1. NULL: out of memory. */
struct frame *frame_new(struct env *env, uint32_t frameno, uint32_t subprog, int32_t callsite);
struct frame *frame_get(struct frame *f);
void frame_put(struct env *env, struct frame *f);	/* NULL is fine */
struct frame *frame_copy(struct env *env, const struct frame *f);

/* A state with room for `levels` frames, zeroed, refs 1. NULL: out of memory. */
struct state *state_new(struct env *env, uint32_t levels);
/*
 * A copy that shares all frames but the top one, which the copy has for itself. The parent, the
 * history and what is held are shared; refs 1, marks empty, no branches. NULL: out of memory.
 */
struct state *state_copy(struct env *env, const struct state *st);
struct state *state_get(struct state *st);
void state_put(struct env *env, struct state *st);	/* NULL is fine */
/* A state with at least one level more than *st uses: *st itself or its replacement. */
struct state *state_grow(struct env *env, struct state *st);

struct hist *hist_get(struct hist *h);
void hist_put(struct env *env, struct hist *h);

/* Instruction that frame `frameno` of st stands at: its call site, or st->insn_idx for the top one. */
static inline uint32_t state_frame_insn(const struct state *st, uint32_t frameno)
{
	return frameno == st->curframe ? st->insn_idx : (uint32_t)st->l[frameno + 1].f->callsite;
}

#endif
