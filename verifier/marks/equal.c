/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing a stored state with the current one. Promises that "equal" means: whatever continuation
 * was proved safe from the old state is safe from the current one. Trusts the marks (precision, dead
 * registers and slots) of finished old states; unfinished ones are compared without them.
 */
#include "verifier/marks/equal.h"

#include "verifier/marks/equal_old.h"
#include "verifier/marks/ids.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"

static bool same_object(const struct reg *a, const struct reg *b)
{
	return a->type == b->type && a->off == b->off && !memcmp(a->raw, b->raw, sizeof(a->raw));
}

static bool same_val(const struct val *a, const struct val *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool equal_regs_exactly(struct env *env, const struct reg *old, const struct reg *cur)
{
	return same_object(old, cur) && same_val(&old->v, &cur->v) &&
	       ids_match(env->idmap, old->id, cur->id) &&
	       ids_match(env->idmap, old->ref, cur->ref);
}

static bool scalar_safe(struct env *env, const struct reg *old, const struct reg *cur,
			bool precise, enum exact exact)
{
	const struct behave *beh = env->beh;

	if (env->explore_alu_limits)	/* masks were made for these very ranges */
		return same_object(old, cur) && same_val(&old->v, &cur->v) &&
		       ids_match_scalar(beh, env->idmap, old->id, cur->id);
	if (!precise && exact == EXACT_NOT && !(env->watch && env->watch->all_precise))
		return true;
	if (old->id && (old->id & REG_ID_DELTA) != (cur->id & REG_ID_DELTA))
		return false;
	if ((old->id & REG_ID_DELTA) && old->off != cur->off)
		return false;
	if (!ids_match_scalar(beh, env->idmap, old->id, cur->id))
		return false;
	return val_within(&old->v, &cur->v);
}

static bool packet_safe(struct env *env, const struct reg *old, const struct reg *cur)
{
	if (old->range < 0 || cur->range < 0) {
		if (old->range != cur->range)
			return false;
	} else if (old->range > cur->range) {
		return false;
	}
	return old->off == cur->off && ids_match(env->idmap, old->id, cur->id) &&
	       val_within(&old->v, &cur->v);
}

/* regsafe(): precise says whether the old register, if a scalar, is marked. */
static bool reg_safe(struct env *env, const struct reg *old, const struct reg *cur, bool precise,
		     enum exact exact)
{
	if (exact == EXACT_FULLY)
		return equal_regs_exactly(env, old, cur);
	if (old->type == REG_NOT_INIT &&
	    (exact == EXACT_NOT || cur->type == REG_NOT_INIT || env->beh->live_static))
		return true;
	if (old->type != cur->type)
		return false;
	switch (reg_base(old)) {
	case REG_SCALAR:
		return scalar_safe(env, old, cur, precise, exact);
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_MEM:
	case REG_BUF:
	case REG_TP_BUFFER:
		return same_object(old, cur) && val_within(&old->v, &cur->v) &&
		       ids_match(env->idmap, old->id, cur->id) &&
		       ids_match(env->idmap, old->ref, cur->ref);
	case REG_PKT_META:
	case REG_PKT:
		return packet_safe(env, old, cur);
	case REG_STACK:
		return equal_regs_exactly(env, old, cur) && old->frame == cur->frame;
	case REG_ARENA:
		return true;
	case REG_INSN:
		return old->off == cur->off && old->map == cur->map && val_within(&old->v, &cur->v);
	default:
		return equal_regs_exactly(env, old, cur);
	}
}

static bool slot_all_misc(const struct env *env, const struct slot *s)
{
	uint32_t i;

	for (i = 0; i < 8; i++)
		if (s->byte[i] != SLOT_MISC &&
		    !(s->byte[i] == SLOT_INVALID && env->allow_uninit_stack))
			return false;
	return true;
}

/* The slot as a scalar register: its full spill, or an unknown one when all bytes are misc. */
static const struct reg *slot_as_scalar(const struct env *env, const struct slot *s,
					const struct reg *unknown)
{
	if (s->byte[0] == SLOT_SPILL && s->r.type == REG_SCALAR)
		return &s->r;
	return slot_all_misc(env, s) ? unknown : NULL;
}

static bool slot_object_safe(struct env *env, const struct slot *old, const struct slot *cur,
			     bool precise, enum exact exact)
{
	const struct reg *o = &old->r, *c = &cur->r;

	switch (old->byte[7]) {
	case SLOT_SPILL:
		return reg_safe(env, o, c, precise, exact);
	case SLOT_DYNPTR:
		return o->dynptr_type == c->dynptr_type && o->dynptr_first == c->dynptr_first &&
		       ids_match(env->idmap, o->ref, c->ref) &&
		       ids_match(env->idmap, o->dynptr_parent, c->dynptr_parent);
	case SLOT_ITER:	/* the depth does not matter, and would prevent convergence */
		return o->type == c->type && o->iter_btf == c->iter_btf &&
		       o->iter_btf_id == c->iter_btf_id && o->iter_state == c->iter_state &&
		       ids_match(env->idmap, o->ref, c->ref);
	case SLOT_IRQ_FLAG:
		return ids_match(env->idmap, o->ref, c->ref) && o->irq_class == c->irq_class;
	default:
		return true;
	}
}

static bool slot_ignored(const struct env *env, uint8_t byte)
{
	return byte == SLOT_INVALID || (byte == SLOT_MISC && env->allow_uninit_stack);
}

static bool slot_safe(struct env *env, const struct slot *old, const struct slot *cur,
		      bool allocated, bool precise, enum exact exact)
{
	struct reg unknown;
	const struct reg *o, *c;
	uint32_t i;

	if (exact != EXACT_NOT && memcmp(old->byte, cur->byte, sizeof(old->byte)))
		return false;
	for (i = 0; i < 8 && slot_ignored(env, old->byte[i]); i++)
		;
	if (i == 8)
		return true;
	if (!allocated)	/* used there, and here not even made */
		return false;
	reg_set_unknown(&unknown);
	o = slot_as_scalar(env, old, &unknown);
	c = slot_as_scalar(env, cur, &unknown);
	if (o && c)
		return reg_safe(env, o, c, o == &old->r ? precise : !env->cap_bpf, exact);
	for (i = 0; i < 8; i++) {
		if (slot_ignored(env, old->byte[i]))
			continue;
		if (old->byte[i] == SLOT_MISC && cur->byte[i] == SLOT_ZERO)
			continue;
		if (old->byte[i] != cur->byte[i])
			return false;
	}
	return slot_ignored(env, old->byte[7]) || old->byte[7] != cur->byte[7] ||
	       slot_object_safe(env, old, cur, precise, exact);
}

static bool stack_safe(struct env *env, const struct level *ol, const struct frame *cur,
		       enum exact exact)
{
	static const uint8_t invalid[8];
	const struct frame *old = ol->f;
	uint32_t spi;

	for (spi = 0; spi < old->slot_cnt; spi++) {
		if (exact != EXACT_NOT && spi >= cur->slot_cnt)
			return false;
		if (ol->dead_s & (1ull << spi)) {
			if (exact != EXACT_NOT &&
			    memcmp(frame_slot(cur, spi)->byte, invalid, sizeof(invalid)))
				return false;
			continue;
		}
		if (env->beh->live_marks && exact == EXACT_NOT && !(ol->read_s >> spi & 1))
			continue;
		if (!old->pg[spi / ENV_PAGE_SLOTS] && exact == EXACT_NOT) {
			spi |= ENV_PAGE_SLOTS - 1;
			continue;
		}
		if (!slot_safe(env, frame_slot(old, spi), frame_slot(cur, spi), spi < cur->slot_cnt,
			       !env->cap_bpf || (ol->prec_s >> spi & 1), exact))
			return false;
	}
	return true;
}

static bool frame_safe(struct env *env, const struct level *ol, const struct frame *cur,
		       uint32_t live, enum exact exact)
{
	const struct frame *old = ol->f;
	uint32_t i;

	if (old->callback_depth > cur->callback_depth)
		return false;
	for (i = 0; i < ENV_REGS; i++) {
		if (!(live & (1u << i)))
			continue;
		if (ol->dead_r & (1u << i))
			continue;	/* cleaned: matches as an uninitialised one */
		if (env->beh->live_marks && exact == EXACT_NOT && !(ol->read_r >> i & 1))
			continue;
		if (!reg_safe(env, &old->r[i], &cur->r[i],
			      !env->cap_bpf || (ol->prec_r >> i & 1), exact))
			return false;
	}
	return stack_safe(env, ol, cur, exact);
}

static bool held_safe(struct env *env, const struct state *old, const struct state *cur)
{
	const struct held *o, *c;
	uint32_t i;

	if (refs_cnt(old) != refs_cnt(cur))
		return false;
	if (old->active_locks != cur->active_locks ||
	    old->preempt_locks != cur->preempt_locks || old->rcu_locks != cur->rcu_locks)
		return false;
	if (!ids_match(env->idmap, old->active_irq_id, cur->active_irq_id))
		return false;
	if (!ids_match(env->idmap, old->active_lock_id, cur->active_lock_id) ||
	    old->active_lock_object != cur->active_lock_object ||
	    old->active_lock_object_id != cur->active_lock_object_id)
		return false;
	for (i = 0; i < refs_cnt(old); i++) {
		o = &old->held->h[i];
		c = &cur->held->h[i];
		if (o->type != c->type || !ids_match(env->idmap, o->id, c->id))
			return false;
		if (o->object != c->object || o->object_id != c->object_id)
			return false;
	}
	return true;
}

bool equal_states(struct env *env, const struct state *old, const struct state *cur,
		  enum exact exact)
{
	uint32_t i;

	if (env->beh->prune_old && exact != EXACT_RANGE)	/* they have no such mode; api.c asks for it */
		return equal_states_old(env, old, cur);
	if (old->curframe != cur->curframe)
		return false;
	if (old->speculative && !cur->speculative)
		return false;
	if (old->in_sleepable != cur->in_sleepable)
		return false;
	for (i = 0; i <= old->curframe; i++)
		if (old->l[i].f->callsite != cur->l[i].f->callsite)
			return false;
	ids_reset(env);
	if (!held_safe(env, old, cur))
		return false;
	for (i = 0; i <= old->curframe; i++) {
		uint32_t live = env->aux[state_frame_insn(old, i)].live_regs;

		if (!frame_safe(env, &old->l[i], cur->l[i].f, live, exact))
			return false;
	}
	return true;
}

bool equal_maybe_looping(const struct state *old, const struct state *cur)
{
	if (old->curframe != cur->curframe)
		return false;
	return !memcmp(old->l[old->curframe].f->r, cur->l[cur->curframe].f->r,
		       sizeof(old->l[0].f->r));
}

bool equal_iter_depths_differ(const struct state *old, const struct state *cur)
{
	const struct slot *o;
	uint32_t i, spi;

	for (i = 0; i <= old->curframe; i++) {
		for (spi = 0; spi < old->l[i].f->slot_cnt; spi++) {
			o = frame_slot(old->l[i].f, spi);
			if (o->byte[0] != SLOT_ITER || o->r.iter_state != ITER_ACTIVE)
				continue;
			if (frame_slot(cur->l[i].f, spi)->r.iter_depth != o->r.iter_depth)
				return true;
		}
	}
	return false;
}
