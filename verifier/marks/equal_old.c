/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing states as 6.1 does: one mode, read marks decide what counts, byte-equal registers match
 * at once and most pointers match in no other way. Promises that kernel's answer, no better one.
 */
#include "verifier/marks/equal_old.h"

#include "verifier/marks/ids.h"
#include "verifier/state/refs.h"
#include "verifier/state/state.h"

/* Old ids are renamed to current ones; two old ids may share one. */
static bool old_ids_match(struct idmap *m, uint32_t old, uint32_t cur)
{
	for (uint32_t i = 0; i < m->cnt; i++)
		if (m->pair[i].old == old)
			return m->pair[i].cur == cur;
	if (m->cnt == IDS_MAX)
		return false;
	m->pair[m->cnt].old = old;
	m->pair[m->cnt].cur = cur;
	m->cnt++;
	return true;
}

/* Type, fixed offset and what it points to. */
static bool same_target(const struct reg *a, const struct reg *b)
{
	return a->type == b->type && a->off == b->off && !memcmp(a->raw, b->raw, sizeof(a->raw));
}

static bool same_bytes(const struct reg *a, const struct reg *b)
{
	return same_target(a, b) && a->id == b->id && a->ref == b->ref &&
	       !memcmp(&a->v, &b->v, sizeof(a->v));
}

static bool old_map_safe(struct env *env, const struct reg *old, const struct reg *cur)
{
	if (!same_target(old, cur))
		return false;
	if (reg_maybe_null(old))
		return old_ids_match(env->idmap, old->id, cur->id);
	return val_within(&old->v, &cur->v);
}

static bool old_packet_safe(struct env *env, const struct reg *old, const struct reg *cur)
{
	if (cur->type != old->type || old->off != cur->off)
		return false;
	if (old->range < 0 || cur->range < 0) {
		if (old->range != cur->range)
			return false;
	} else if (old->range > cur->range) {
		return false;
	}
	if (old->id && !old_ids_match(env->idmap, old->id, cur->id))
		return false;
	return val_within(&old->v, &cur->v);
}

static bool old_reg_safe(struct env *env, const struct reg *old, const struct reg *cur,
			 bool precise)
{
	bool equal = same_bytes(old, cur);

	if (old->type == REG_STACK)
		return equal && old->frame == cur->frame;
	if (equal || old->type == REG_NOT_INIT)
		return true;
	if (cur->type == REG_NOT_INIT)
		return false;
	switch (reg_base(old)) {
	case REG_SCALAR:
		if (env->explore_alu_limits || !reg_is_scalar(cur))
			return false;
		return (!precise && !(env->watch && env->watch->all_precise)) ||
		       val_within(&old->v, &cur->v);
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
		return old_map_safe(env, old, cur);
	case REG_PKT_META:
	case REG_PKT:
		return old_packet_safe(env, old, cur);
	default:
		return false;
	}
}

static bool old_slot_safe(struct env *env, const struct slot *old, const struct slot *cur,
			  bool allocated, bool precise)
{
	for (uint32_t i = 0; i < 8; i++) {
		if (old->byte[i] == SLOT_INVALID ||
		    (old->byte[i] == SLOT_MISC && env->allow_uninit_stack))
			continue;
		if (!allocated)
			return false;
		if (old->byte[i] == SLOT_MISC && cur->byte[i] == SLOT_ZERO)
			continue;
		if (old->byte[i] != cur->byte[i])
			return false;
		if (i == 7 && old->byte[7] == SLOT_SPILL &&
		    !old_reg_safe(env, &old->r, &cur->r, precise))
			return false;
	}
	return true;
}

static bool old_frame_safe(struct env *env, const struct level *ol, const struct frame *cur)
{
	const struct frame *old = ol->f;

	ids_reset(env);
	for (uint32_t i = 0; i < ENV_REGS; i++)
		if ((ol->read_r >> i & 1) &&
		    !old_reg_safe(env, &old->r[i], &cur->r[i],
				  !env->cap_bpf || (ol->prec_r >> i & 1)))
			return false;
	for (uint32_t spi = 0; spi < old->slot_cnt; spi++)
		if ((ol->read_s >> spi & 1) &&
		    !old_slot_safe(env, frame_slot(old, spi), frame_slot(cur, spi),
				   spi < cur->slot_cnt, !env->cap_bpf || (ol->prec_s >> spi & 1)))
			return false;
	return true;
}

static bool old_held_safe(const struct state *old, const struct state *cur)
{
	if (refs_cnt(old) != refs_cnt(cur) || old->active_locks != cur->active_locks ||
	    old->active_lock_id != cur->active_lock_id)
		return false;
	for (uint32_t i = 0; i < refs_cnt(old); i++)
		if (old->held->h[i].id != cur->held->h[i].id ||
		    old->held->h[i].insn_idx != cur->held->h[i].insn_idx)
			return false;
	return true;
}

bool equal_states_old(struct env *env, const struct state *old, const struct state *cur)
{
	if (old->curframe != cur->curframe || (old->speculative && !cur->speculative))
		return false;
	if (!old_held_safe(old, cur))
		return false;
	for (uint32_t i = 0; i <= old->curframe; i++)
		if (old->l[i].f->callsite != cur->l[i].f->callsite ||
		    !old_frame_safe(env, &old->l[i], cur->l[i].f))
			return false;
	return true;
}
