/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States stored where paths meet: where they are found, and how a loop of an iterator or callback that goes on looks
 * back at its last round.
 */
#include "verifier/marks/stored.h"

#include "verifier/marks/equal_old.h"
#include "verifier/marks/ids.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

struct state **stored_bucket(struct env *env, uint32_t insn_idx, const struct state *st)
{
	uint32_t site = (uint32_t)st->l[st->curframe].f->callsite;

	return &env->explored[(insn_idx ^ site) % env->insn_cnt];
}

bool stored_same_callsites(const struct state *a, const struct state *b)
{
	uint32_t i;

	if (a->curframe != b->curframe)
		return false;
	for (i = 0; i <= a->curframe; i++)
		if (a->l[i].f->callsite != b->l[i].f->callsite)
			return false;
	return true;
}

struct state *stored_find_prev(struct env *env, uint32_t insn_idx)
{
	return env->cur->parent ? stored_find_prev_of(env, env->cur->parent, insn_idx) : NULL;
}

struct state *stored_find_prev_of(struct env *env, const struct state *from, uint32_t insn_idx)
{
	struct state *st;

	for (st = *stored_bucket(env, insn_idx, from); st; st = st->next)
		if (st->insn_idx == insn_idx && st->branches && stored_same_callsites(st, from) &&
		    st->dfs_depth < from->dfs_depth)
			return st;
	return NULL;
}

/* A scalar imprecise so far that changed between iterations: any value, so that the loop converges. */
static bool must_widen(struct env *env, const struct reg *old, const struct reg *now, bool precise)
{
	return reg_is_scalar(old) && reg_is_scalar(now) && env->cap_bpf && !precise &&
	       !equal_regs_exactly(env, old, now);
}

static int widen_frame(struct env *env, const struct level *ol, struct state *pending, uint32_t fr)
{
	const struct frame *nf = pending->l[fr].f;
	const struct slot *os, *ns;
	struct frame *w;
	struct slot *ws;
	uint32_t i;

	for (i = 0; i < ENV_REGS; i++) {
		if (!must_widen(env, &ol->f->r[i], &nf->r[i], ol->prec_r >> i & 1))
			continue;
		w = state_frame_mut(env, pending, fr);
		if (!w)
			return verdict_nomem(env);
		nf = w;
		reg_set_unknown(&w->r[i]);
	}
	for (i = 0; i < ol->f->slot_cnt && i < nf->slot_cnt; i++) {
		os = frame_slot(ol->f, i);
		ns = frame_slot(nf, i);
		if (os->byte[7] != SLOT_SPILL || ns->byte[7] != SLOT_SPILL ||
		    !must_widen(env, &os->r, &ns->r, ol->prec_s >> i & 1))
			continue;
		w = state_frame_mut(env, pending, fr);
		ws = w ? frame_slot_mut(env, w, i) : NULL;
		if (!ws)
			return verdict_nomem(env);
		nf = w;
		reg_set_unknown(&ws->r);
	}
	return 0;
}

int stored_widen(struct env *env, struct state *prev, struct state *pending)
{
	uint32_t fr;
	int r = 0;

	ids_reset(env);
	for (fr = prev->curframe + 1u; fr-- > 0 && r >= 0;)
		r = widen_frame(env, &prev->l[fr], pending, fr);
	return r;
}
