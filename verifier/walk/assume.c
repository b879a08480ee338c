/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out of a rejection, tried on the abstract program: the state is changed as the check that is proposed
 * would change it on the way that goes on. Never in a walk whose verdict counts.
 */
#include "verifier/walk/assume.h"

#include "verifier/access/null.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/value/branch.h"

static int assume_packet(struct env *env, const struct assume *assume)
{
	const struct reg known = env_regs(env)[assume->regno];
	struct reg_iter it = REG_ITER(env, env->cur);
	const struct reg *r;
	struct reg *w;

	while (reg_is_pkt(&known) && (r = reg_iter_next(&it))) {
		if (r->type != known.type || r->id != known.id || r->range >= (int64_t)assume->n)
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		w->range = (int32_t)assume->n;
	}
	return 0;
}

static int assume_at_most(struct env *env, const struct assume *assume)
{
	struct reg *r = &env_regs(env)[assume->regno];
	struct val most;

	val_known(&most, assume->n);
	if (reg_is_scalar(r) &&
	    branch_predict(env->beh, BPF_JLE, false, &r->v, &most) == BRANCH_UNKNOWN)
		(void)branch_refine(env->beh, BPF_JLE, false, BRANCH_YES, &r->v, &most);
	return 0;
}

static int assume_at_least(struct env *env, const struct assume *assume)
{
	struct reg *r = &env_regs(env)[assume->regno];
	struct val least;

	val_known(&least, assume->n);
	if (reg_is_scalar(r) &&
	    branch_predict(env->beh, BPF_JGE, false, &r->v, &least) == BRANCH_UNKNOWN)
		(void)branch_refine(env->beh, BPF_JGE, false, BRANCH_YES, &r->v, &least);
	return 0;
}

static int assume_not_null(struct env *env, const struct assume *assume)
{
	const struct reg known = env_regs(env)[assume->regno];

	return reg_maybe_null(&known) ? null_settle(env, env->cur, &known, false) : 0;
}

static int assume_zero(struct env *env, const struct assume *assume)
{
	if (reg_base(&env_regs(env)[assume->regno]) == REG_NOT_INIT)
		reg_set_known(&env_regs(env)[assume->regno], 0);
	return 0;
}

static int assume_released(struct env *env, const struct assume *assume)
{
	struct state *st = env->cur;
	uint32_t i = 0;

	while (i < refs_cnt(st)) {
		if (st->held->h[i].type != HELD_REF || refs_release(env, st->held->h[i].id) < 0)
			i++;
	}
	return 0;
}

/* As the proposal packs it: where it begins, and how many bytes. */
static int assume_written(struct env *env, const struct assume *assume)
{
	struct frame *f = assume->regno <= env->cur->curframe ? state_frame_mut(env, env->cur, assume->regno) : NULL;
	int64_t off = (int32_t)(uint32_t)assume->n, end = off + (int64_t)(assume->n >> 32);
	struct slot *s;

	for (; f && off < end && off < 0; off++) {
		if (off < -8 * ENV_SLOTS || stack_slot(f, (uint32_t)((-off - 1) / 8))->byte[(-off - 1) % 8] != SLOT_INVALID)
			continue;
		s = stack_slot_mut(env, f, (uint32_t)((-off - 1) / 8));
		if (!s)
			return verdict_nomem(env);
		s->byte[(-off - 1) % 8] = SLOT_MISC;
	}
	return 0;
}

static int assume_left(struct env *env, const struct assume *assume)
{
	struct state *st = env->cur;
	uint32_t i = 0;

	while (i < refs_cnt(st)) {
		const struct held *h = &st->held->h[i];

		if (h->type == HELD_REF || refs_drop_lock(env, st, h->type, h->id, h->object) < 0)
			i++;
	}
	st->active_locks = st->preempt_locks = st->rcu_locks = 0;
	st->active_irq_id = st->active_lock_id = st->active_lock_object = st->active_lock_object_id = 0;
	return 0;
}

int assume_apply(struct env *env, const struct assume *assumes, uint32_t cnt)
{
	static int (*const apply[])(struct env *, const struct assume *) = {
		[ASSUME_NOT_NULL] = assume_not_null, [ASSUME_PACKET] = assume_packet,
		[ASSUME_AT_MOST] = assume_at_most,   [ASSUME_ZERO] = assume_zero,
		[ASSUME_AT_LEAST] = assume_at_least,
		[ASSUME_RELEASED] = assume_released, [ASSUME_LEFT] = assume_left,
		[ASSUME_WRITTEN] = assume_written,
	};
	uint32_t i;
	int r = 0;

	for (i = 0; i < cnt && r >= 0; i++)
		if (assumes[i].kind != ASSUME_NOTHING && assumes[i].insn_idx == env->insn_idx)
			r = apply[assumes[i].kind](env, &assumes[i]);
	return r < 0 ? r : 0;
}
