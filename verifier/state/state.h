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

/* A shared history: one more who holds it; one less, and what nobody holds goes with all before it. NULL is fine. */
struct hist *hist_get(struct hist *h);
void hist_put(struct env *env, struct hist *h);

/* Instruction that frame `frameno` of st stands at: its call site, or st->insn_idx for the top one. */
static inline uint32_t state_frame_insn(const struct state *st, uint32_t frameno)
{
	return frameno == st->curframe ? st->insn_idx : (uint32_t)st->l[frameno + 1].f->callsite;
}

static inline const struct frame *state_frame(const struct state *st, uint32_t frameno)
{
	return st->l[frameno].f;
}
/* Private copy of a level's frame, for writing; NULL: out of memory. */
struct frame *state_frame_mut(struct env *env, struct state *st, uint32_t frameno);

/* Read-only view of slot spi; never NULL (an untouched slot is all SLOT_INVALID). spi < ENV_SLOTS. */
const struct slot *frame_slot(const struct frame *f, uint32_t spi);
/* Slot for writing, in a private frame; NULL: out of memory. Raises slot_cnt. */
struct slot *frame_slot_mut(struct env *env, struct frame *f, uint32_t spi);

/*
 * Walks every register and spilled register of a state (bpf_for_each_reg_in_vstate):
 *	struct reg_iter it = REG_ITER(env, st);
 *	const struct reg *r;
 *	while ((r = reg_iter_next(&it)))
 *		if (wanted(r)) { struct reg *w = reg_iter_mut(&it); if (!w) return nomem; change(w); }
 * it.spi is UINT32_MAX at a register, else the slot; it.regno the register.
 */
struct reg_iter {
	struct env *env;
	struct state *st;
	uint32_t frameno, regno, spi;
	bool slots;
	bool started;
};
#define REG_ITER(e, s) { .env = (e), .st = (s) }
const struct reg *reg_iter_next(struct reg_iter *it);
struct reg *reg_iter_mut(struct reg_iter *it);
/* The slot whose spilled register the iterator stands at, for writing (it.spi set). */
struct slot *reg_iter_slot_mut(struct reg_iter *it);

/* A fresh id (++env->id_gen). */
uint32_t env_new_id(struct env *env);

bool env_in_sleepable(const struct env *env);	/* in_sleepable() */
bool env_in_rcu(const struct env *env);		/* in_rcu_cs() */

#endif
