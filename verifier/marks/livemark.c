/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read marks up the chain of checkpoints. Each level keeps, per register, where its value stood in
 * the parent checkpoint (up), whether it was written since (written), and, in checkpoints, whether a
 * descendant read it (read). What was never read need not be equal.
 */
#include "verifier/marks/livemark.h"

#define UP_VALID 0x80u
#define UP(frame, regno) ((uint8_t)(UP_VALID | (frame) << 4 | (regno)))
#define ARGS 0x3eu

/* From register (fr, r) of st upwards. */
static void mark_reg(struct state *st, uint32_t fr, uint32_t r)
{
	const struct level *l = &st->l[fr];
	struct level *p;
	uint8_t up;

	while (!(l->written_r >> r & 1) && (l->up[r] & UP_VALID) && st->parent) {
		up = l->up[r];
		st = st->parent;
		fr = up >> 4 & 7;
		r = up & 15;
		if (fr > st->curframe)
			return;
		p = &st->l[fr];
		if (p->read_r >> r & 1)
			return;
		p->read_r |= (uint16_t)(1u << r);
		l = p;
	}
}

static void mark_slots(struct state *st, uint32_t fr, uint64_t slots)
{
	const struct level *l = &st->l[fr];
	struct level *p;

	for (;;) {
		slots &= ~l->written_s & l->linked_s;
		st = st->parent;
		if (!slots || !st || fr > st->curframe)
			return;
		p = &st->l[fr];
		slots &= ~p->read_s;
		p->read_s |= slots;
		l = p;
	}
}

void livemark_read_reg(struct env *env, uint32_t regno)
{
	if (env->beh->live_marks && regno < BPF_REG_10)
		mark_reg(env->cur, env->cur->curframe, regno);
}

void livemark_write_reg(struct env *env, uint32_t regno)
{
	if (env->beh->live_marks && regno < BPF_REG_10)
		env->cur->l[env->cur->curframe].written_r |= (uint16_t)(1u << regno);
}

void livemark_read_slots(struct env *env, uint32_t frameno, uint64_t slots)
{
	mark_slots(env->cur, frameno, slots);
}

void livemark_write_slots(struct env *env, uint32_t frameno, uint64_t slots)
{
	env->cur->l[frameno].written_s |= slots;
}

void livemark_checkpoint(struct env *env, struct state *cur)
{
	struct level *l;
	uint32_t fr, r;

	if (!env->beh->live_marks)
		return;
	for (fr = 0; fr <= cur->curframe; fr++) {
		l = &cur->l[fr];
		l->read_r = l->written_r = 0;
		l->read_s = l->written_s = 0;
		l->linked_s = l->f->slot_cnt >= 64 ? UINT64_MAX : (1ull << l->f->slot_cnt) - 1;
		/* r0 to r5 of a caller are not connected: a call writes them before they are read */
		for (r = 0; r < BPF_REG_10; r++)
			l->up[r] = fr < cur->curframe && r < 6 ? 0 : UP(fr, r);
		/*
		 * 6.1 forgets that they were written, too, so that r0 after a callback counts as read before the call.
		 * Later kernels make the call again after the callback.
		 */
		if (fr < cur->curframe && !env->beh->callbacks_converge) {
			l->up[0] = UP(fr, 0);
			cur->parent->l[fr].written_r &= (uint16_t)~1u;
		}
	}
}

void livemark_propagate(struct env *env, const struct state *old, struct state *cur)
{
	const struct level *o;
	struct level *c;
	uint32_t fr, r;
	uint64_t slots;

	if (!env->beh->live_marks)
		return;
	for (fr = 0; fr <= old->curframe; fr++) {
		o = &old->l[fr];
		c = &cur->l[fr];
		for (r = fr < old->curframe ? 6 : 0; r < BPF_REG_10; r++) {
			if (!(o->read_r >> r & 1) || (c->read_r >> r & 1))
				continue;
			c->read_r |= (uint16_t)(1u << r);
			mark_reg(cur, fr, r);
		}
		slots = o->read_s & ~c->read_s;
		if (c->f->slot_cnt < 64)
			slots &= (1ull << c->f->slot_cnt) - 1;
		c->read_s |= slots;
		mark_slots(cur, fr, slots);
	}
}

void livemark_pass_args(struct env *env, struct state *st)
{
	const struct level *from = &st->l[st->curframe - 1u];
	struct level *to = &st->l[st->curframe];

	if (!env->beh->live_marks)
		return;
	memcpy(to->up + 1, from->up + 1, 5);
	to->written_r = from->written_r & ARGS;
}

void livemark_pass_result(struct env *env, struct state *st)
{
	const struct level *from = &st->l[st->curframe];
	struct level *to = &st->l[st->curframe - 1u];

	if (!env->beh->live_marks)
		return;
	to->up[0] = from->up[0];
	to->written_r = (uint16_t)((to->written_r & ~1u) | (from->written_r & 1u));
}

void livemark_inherit(struct env *env, uint32_t dst, uint32_t src)
{
	struct level *l = &env->cur->l[env->cur->curframe];

	if (!env->beh->live_marks || dst >= BPF_REG_10)
		return;
	l->up[dst] = src < BPF_REG_10 ? l->up[src] : 0;
	l->written_r &= (uint16_t)~(1u << dst);
	if (src < BPF_REG_10 && (l->written_r >> src & 1))
		l->written_r |= (uint16_t)(1u << dst);
}
