/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out of a rejection, tried on the abstract program: the state is changed as the check that is proposed
 * would change it on the way that goes on. Never in a walk whose verdict counts.
 */
#include "verifier/walk/assume.h"

#include "verifier/access/null.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/value/branch.h"
#include "verifier/walk/step.h"
#include "verifier/access/dynslot.h"

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
	if (reg_is_const(r) && r->v.uh > assume->n)
		reg_set_known(r, assume->n);
	else if (reg_is_scalar(r) &&
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

/* A value that was made of nothing the program has: what a mended program would have there. */
static int assume_number(struct env *env, const struct assume *assume)
{
	struct reg *r = &env_regs(env)[assume->regno];
	struct val lo, hi;

	reg_set_unknown(r);
	val_known(&lo, assume->n);
	val_known(&hi, assume->m);
	(void)branch_refine(env->beh, BPF_JSGE, false, BRANCH_YES, &r->v, &lo);
	(void)branch_refine(env->beh, BPF_JSLE, false, BRANCH_YES, &r->v, &hi);
	if (assume->n == assume->m)
		reg_set_known(r, assume->n);
	return 0;
}

static int assume_unmoved(struct env *env, const struct assume *assume)
{
	struct reg *r = &env_regs(env)[assume->regno];

	if (reg_is_scalar(r) || reg_base(r) == REG_NOT_INIT)
		return 0;
	r->off = 0;
	val_known(&r->v, 0);
	return 0;
}

static int assume_trusted(struct env *env, const struct assume *assume)
{
	struct reg *r = &env_regs(env)[assume->regno];

	if (reg_base(r) == REG_BTF_ID)
		r->type = REG_BTF_ID | REG_F_TRUSTED;
	return 0;
}

static int assume_memory(struct env *env, const struct assume *assume)
{
	struct reg *r = &env_regs(env)[assume->regno];

	reg_set_ptr(r, REG_MEM);
	r->mem_size = (uint32_t)assume->n;
	return 0;
}

static int assume_context(struct env *env, const struct assume *assume)
{
	reg_set_ptr(&env_regs(env)[assume->regno], REG_CTX);
	return 0;
}

static int assume_map(struct env *env, const struct assume *assume)
{
	struct reg *r = &env_regs(env)[assume->regno];

	reg_set_ptr(r, REG_MAP_PTR);
	r->map = (uint32_t)assume->n;
	return 0;
}

static int assume_object(struct env *env, const struct assume *assume)
{
	struct reg *r = &env_regs(env)[assume->regno];

	reg_set_ptr(r, REG_BTF_ID | REG_F_TRUSTED);
	r->btf = (uint32_t)assume->n;
	r->btf_id = (uint32_t)assume->m;
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
		if (st->held->h[i].type != HELD_REF || dynslot_release(env, st->held->h[i].id) < 0)
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
		if (off < -8 * ENV_SLOTS ||
		    frame_slot(f, (uint32_t)((-off - 1) / 8))->byte[(-off - 1) % 8] != SLOT_INVALID)
			continue;
		s = frame_slot_mut(env, f, (uint32_t)((-off - 1) / 8));
		if (!s)
			return verdict_nomem(env);
		s->byte[(-off - 1) % 8] = SLOT_MISC;
	}
	return 0;
}

static void leave_sections(struct state *st)
{
	st->active_locks = st->preempt_locks = st->rcu_locks = 0;
	st->active_irq_id = st->active_lock_id = st->active_lock_object = st->active_lock_object_id = 0;
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
	leave_sections(st);
	return 0;
}

/* ---- around an instruction, and instead of it ------------------------------------------------------ */

/* What is held is put aside; take_back() takes it back. */
static int assume_outside(struct env *env, const struct assume *assume)
{
	struct state *st = env->cur;

	(void)assume;
	env->aside = (struct env_aside){ true, st->held, st->active_locks, st->preempt_locks, st->rcu_locks,
					 st->active_irq_id, st->active_lock_id, st->active_lock_object,
					 st->active_lock_object_id };
	st->held = NULL;
	leave_sections(st);
	return 0;
}

static void take_back(struct env *env)
{
	const struct env_aside *aside = &env->aside;
	struct state *st = env->cur;

	refs_put_set(env, st->held);
	st->held = aside->held;
	st->active_locks = aside->locks;
	st->preempt_locks = aside->preempt;
	st->rcu_locks = aside->rcu;
	st->active_irq_id = aside->irq;
	st->active_lock_id = aside->lock_id;
	st->active_lock_object = aside->lock_object;
	st->active_lock_object_id = aside->lock_object_id;
	env->aside.set = false;
}

/* At an end of the program: what was acquired there, and was to be released before. */
static int assume_late(struct env *env, const struct assume *assume)
{
	struct state *st = env->cur;
	uint32_t i = 0;

	while (i < refs_cnt(st)) {
		if (st->held->h[i].type != HELD_REF || st->held->h[i].insn_idx != assume->n ||
		    refs_release(env, st->held->h[i].id) < 0)
			i++;
	}
	return 0;
}

static bool is_end(const struct env *env)
{
	return !env->cur->curframe && env->insns[env->insn_idx].code == (BPF_JMP | BPF_EXIT);
}

static bool is_assumed(const struct env *env, enum assume_kind kind, uint32_t insn_idx)
{
	uint32_t i;

	for (i = 0; i < env->assume_cnt; i++)
		if (env->assumes[i].kind == kind && env->assumes[i].insn_idx == insn_idx)
			return true;
	return false;
}

static bool skips(const struct env *env)
{
	return is_assumed(env, ASSUME_SKIPPED, env->insn_idx) || is_assumed(env, ASSUME_LATE, env->insn_idx);
}

static void set_any(struct env *env, uint32_t regno)
{
	if (regno < BPF_REG_10)	/* what is refused may name a register that nobody can write, or that is none */
		env_mark_unknown(env, regno);
}

static int skip(struct env *env)
{
	const struct bpf_insn *i = &env->insns[env->insn_idx];
	uint32_t regno;

	env->aux[env->insn_idx].seen = true;
	env->insn_idx++;
	if (insn_is_call(i)) {
		for (regno = BPF_REG_1; regno <= BPF_REG_5; regno++)
			env_mark_not_init(env, regno);
		set_any(env, 0);
	} else if (BPF_CLASS(i->code) == BPF_LD) {
		env->insn_idx += insn_is_ldimm64(i);
		set_any(env, insn_is_ldimm64(i) ? i->dst_reg : 0u);
	} else if (BPF_CLASS(i->code) == BPF_LDX || BPF_CLASS(i->code) == BPF_ALU || BPF_CLASS(i->code) == BPF_ALU64) {
		set_any(env, i->dst_reg);
	} else if (BPF_CLASS(i->code) == BPF_STX && BPF_MODE(i->code) == BPF_ATOMIC && (i->imm & BPF_FETCH)) {
		set_any(env, i->imm == BPF_CMPXCHG ? 0u : i->src_reg);
	}
	return 0;
}

int assume_step(struct env *env)
{
	uint32_t at = env->insn_idx;
	int r = skips(env) ? skip(env) : step_insn(env);

	if (env->aside.set && r >= 0)
		take_back(env);
	return r == 0 && is_assumed(env, ASSUME_ENDS, at) ? STEP_PATH_ENDS : r;
}

/* ---- all of them -------------------------------------------------------------------------------------- */

int assume_before(struct env *env)
{
	static int (*const apply[ASSUME_KIND_CNT])(struct env *, const struct assume *) = {
		[ASSUME_NOT_NULL] = assume_not_null, [ASSUME_PACKET] = assume_packet,
		[ASSUME_AT_MOST] = assume_at_most,   [ASSUME_ZERO] = assume_zero,
		[ASSUME_AT_LEAST] = assume_at_least, [ASSUME_NUMBER] = assume_number,
		[ASSUME_UNMOVED] = assume_unmoved,   [ASSUME_TRUSTED] = assume_trusted,
		[ASSUME_MEMORY] = assume_memory,     [ASSUME_CONTEXT] = assume_context,
		[ASSUME_MAP] = assume_map,	     [ASSUME_OBJECT] = assume_object,
		[ASSUME_RELEASED] = assume_released, [ASSUME_LEFT] = assume_left,
		[ASSUME_WRITTEN] = assume_written,   [ASSUME_OUTSIDE] = assume_outside,
	};
	const struct assume *a;
	uint32_t i;
	int r = 0;

	for (i = 0; i < env->assume_cnt && r >= 0; i++) {
		a = &env->assumes[i];
		if (a->insn_idx == env->insn_idx && apply[a->kind] && a->regno < BPF_REG_10)
			r = apply[a->kind](env, a);
		else if (a->kind == ASSUME_LATE && is_end(env))
			r = assume_late(env, a);
	}
	return r < 0 ? r : 0;
}

void assume_begin(struct env *env)
{
	uint32_t i, sub;

	for (i = 0; i < env->assume_cnt; i++) {
		env->packet_kept |= env->assumes[i].kind == ASSUME_KEPT;
		for (sub = 1; env->assumes[i].kind == ASSUME_STATIC && sub < env->subprog_cnt; sub++)
			if (env->assumes[i].insn_idx >= env->subprogs[sub].start &&
			    env->assumes[i].insn_idx < env->subprogs[sub + 1].start)
				env->subprogs[sub].is_global = false;
	}
}
