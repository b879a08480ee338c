/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precision: where a scalar's value mattered, the scalars it was made from are marked in every
 * checkpoint of the path, so that those compare values there. Everything else may differ, which is
 * what makes pruning work. Marks live in the stored states; the current one needs none.
 */
#include "verifier/marks/precise.h"

#include "verifier/kernel/names.h"
#include "verifier/marks/backtrack.h"
#include "verifier/marks/precise_old.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

static bool bt_empty(const struct backtrack *bt)
{
	uint32_t i;

	for (i = 0; i <= bt->frame; i++)
		if (bt->reg[i] || bt->slot[i])
			return false;
	return true;
}

/* All scalars of one level, as masks. */
static void mark_level_all(struct level *l)
{
	const struct slot *s;
	uint32_t i;

	for (i = 0; i < BPF_REG_10; i++)
		if (reg_is_scalar(&l->f->r[i]) && !(l->dead_r & 1u << i))
			l->prec_r |= (uint16_t)(1u << i);
	for (i = 0; i < l->f->slot_cnt; i++) {
		s = frame_slot(l->f, i);
		if (s->byte[7] == SLOT_SPILL && reg_is_scalar(&s->r) && !(l->dead_s >> i & 1))
			l->prec_s |= 1ull << i;
	}
}

void precise_mark_all(struct state *st)
{
	uint32_t i;

	for (st = st->parent; st; st = st->parent)
		for (i = 0; i <= st->curframe; i++)
			mark_level_all(&st->l[i]);
}

static void set_slots(struct level *l, uint64_t *wanted, bool *changed)
{
	uint64_t left = *wanted;
	const struct slot *s;
	uint32_t i;

	for (; left; left &= left - 1) {
		i = (uint32_t)__builtin_ctzll(left);
		s = frame_slot(l->f, i);
		if (s->byte[7] != SLOT_SPILL || !reg_is_scalar(&s->r) || (l->dead_s >> i & 1) ||
		    (l->prec_s >> i & 1)) {
			*wanted &= ~(1ull << i);
			continue;
		}
		l->prec_s |= 1ull << i;
		*changed = true;
	}
}

/* Sets the wished marks in a stored state; wishes it already knew, or that are not scalars, end. */
static void set_marks(struct state *st, struct backtrack *bt, bool *changed)
{
	struct level *l;
	uint16_t left;
	uint32_t fr, i;

	for (fr = 0; fr <= bt->frame; fr++) {
		l = &st->l[fr];
		for (left = bt->reg[fr]; left; left &= (uint16_t)(left - 1)) {
			i = (uint32_t)__builtin_ctz(left);
			if (!reg_is_scalar(&l->f->r[i]) || (l->dead_r >> i & 1) ||
			    (l->prec_r >> i & 1)) {
				bt->reg[fr] &= (uint16_t)~(1u << i);
				continue;
			}
			l->prec_r |= (uint16_t)(1u << i);
			*changed = true;
		}
		set_slots(l, &bt->slot[fr], changed);
	}
}

int64_t precise_prev_insn(const struct state *st, uint32_t idx, const struct hist **h,
			  uint32_t *cnt)
{
	int64_t prev;

	if (idx == st->first_insn_idx) {
		if (*cnt == 0)
			return -ENOENT;
		if (*cnt == 1 && (*h)->idx == idx)
			return -ENOENT;
	}
	if (*cnt && (*h)->idx == idx) {
		prev = (*h)->prev_idx;
		*h = (*h)->older;
		(*cnt)--;
		return prev;
	}
	return (int64_t)idx - 1;
}

/* The entry of a global function or async callback: its arguments need nothing further back. */
static int at_entry(struct env *env, struct state *st, struct backtrack *bt)
{
	uint32_t i;

	if (st->curframe == 0 && st->l[0].f->subprog > 0 && st->l[0].f->callsite == -1 &&
	    !bt->slot[bt->frame] && !(bt->reg[bt->frame] & ~0x3eu)) {
		for (i = 1; i <= 5; i++)
			if ((bt->reg[bt->frame] >> i & 1) && reg_is_scalar(&st->l[0].f->r[i]))
				st->l[0].prec_r |= (uint16_t)(1u << i);
		return 0;
	}
	return verdict_reject(env, EFAULT, CODE_INTERNAL, "backtracking reached a function entry");
}

/* Walks back over st's own part. 1: nothing is wished any more; 0: go on at its parent. */
static int walk_part(struct env *env, struct state *st, struct backtrack *bt, uint32_t last_idx,
		     int64_t *subseq, bool *skip_first)
{
	const struct hist *h = st->hist;
	uint32_t cnt = st->hist_cnt;
	int64_t i = last_idx;
	int r;

	for (;;) {
		r = 0;
		if (*skip_first)
			*skip_first = false;
		else
			r = backtrack_insn(env, bt, (uint32_t)i, *subseq,
					   cnt && h->idx == i ? h : NULL);
		if (r)
			return r;
		if (bt_empty(bt))
			return 1;
		*subseq = i;
		i = precise_prev_insn(st, (uint32_t)i, &h, &cnt);
		if (i == -ENOENT)
			return 0;
		if (i < 0 || i >= env->insn_cnt)
			return verdict_reject(env, EFAULT, CODE_INTERNAL, "backtracking idx %lld",
					      (long long)i);
	}
}

static int mark_chain(struct env *env, struct state *start, struct backtrack *bt, bool *changed)
{
	struct state *st = start;
	uint32_t last_idx = st->insn_idx, first_idx;
	int64_t subseq = -1;
	bool skip_first = true;
	int r;

	if (!env->cap_bpf || bt_empty(bt))
		return 0;
	for (;;) {
		if (last_idx == UINT32_MAX) {
			r = at_entry(env, st, bt);
			break;
		}
		first_idx = st->first_insn_idx;
		r = walk_part(env, st, bt, last_idx, &subseq, &skip_first);
		if (r)
			break;
		st = st->parent;
		r = st ? 0 : ENOTSUPP;
		if (!st)
			break;
		set_marks(st, bt, changed);
		if (bt_empty(bt))
			break;
		subseq = first_idx;
		last_idx = st->last_insn_idx;
	}
	if (r == ENOTSUPP || (r >= 0 && bt->lost))
		precise_mark_all(start);
	return r < 0 ? r : 0;
}

int precise_mark_reg(struct env *env, uint32_t regno)
{
	struct backtrack bt = { .frame = env->cur->curframe };
	bool changed = false;

	if (!reg_is_scalar(&env_regs(env)[regno]))
		return verdict_reject(env, EFAULT, CODE_INTERNAL, "backtracking misuse");
	if (env->beh->prune_old)
		return precise_mark_reg_old(env, bt.frame, regno);
	bt.reg[bt.frame] = (uint16_t)(1u << regno);
	return mark_chain(env, env->cur, &bt, &changed);
}

int precise_mark_slot(struct env *env, uint32_t frameno, uint32_t spi)
{
	struct backtrack bt = { .frame = env->cur->curframe };
	bool changed = false;

	if (env->beh->prune_old)
		return precise_mark_slot_old(env, frameno, spi);
	bt.slot[frameno] = 1ull << spi;
	return mark_chain(env, env->cur, &bt, &changed);
}

int precise_propagate(struct env *env, const struct state *old, struct state *cur,
		      bool *ret_changed)
{
	struct backtrack bt = { .frame = cur->curframe };
	bool changed = false;
	uint32_t i;
	int r;

	if (env->beh->prune_old)
		return precise_propagate_old(env, old);
	for (i = 0; i <= old->curframe; i++) {
		bt.reg[i] = (uint16_t)(old->l[i].prec_r & ~old->l[i].dead_r);
		bt.slot[i] = old->l[i].prec_s & ~old->l[i].dead_s;
		if (env->beh->live_marks) {
			bt.reg[i] &= old->l[i].read_r;
			bt.slot[i] &= old->l[i].read_s;
		}
	}
	r = mark_chain(env, cur, &bt, &changed);
	if (ret_changed && changed)
		*ret_changed = true;
	return r;
}
