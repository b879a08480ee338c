/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked scalars: registers and spills that hold the same number, or that number plus a constant.
 * What a jump teaches about one is known of all, up to the kernel's limit of holders; those beyond
 * it lose their link, for a stale one would be unsound.
 */
#include "verifier/state/link.h"

#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/value/alu.h"

#define PACK_MAX 6u
#define PACK_BITS 10u	/* frame 3, position 6, register or slot 1 */

void link_before_copy(struct env *env, struct reg *src)
{
	if (!reg_is_scalar(src))
		return;
	if (src->id & REG_ID_DELTA)	/* the copy would need the same delta: a fresh link instead */
		link_drop(src);
	if (!src->id && (env->beh->link_constants || !val_is_const(&src->v)))
		src->id = env_new_id(env);
}

static int collect_one(struct env *env, struct reg_iter *it, const struct reg *r, uint32_t id,
		       struct linked *set)
{
	struct reg *w;

	if (!reg_is_scalar(r) || (r->id & ~REG_ID_DELTA) != id)
		return 0;
	if (set->cnt < env->lim->linked && set->cnt < ENV_LINKED_MAX) {
		set->e[set->cnt++] = (struct linked_at){
			.frame = (uint8_t)it->frameno,
			.at = (uint8_t)(it->slots ? it->spi : it->regno),
			.is_reg = !it->slots,
		};
		return 0;
	}
	w = reg_iter_mut(it);
	if (!w)
		return verdict_nomem(env);
	link_drop(w);
	return 0;
}

int link_collect(struct env *env, uint32_t id, struct linked *set)
{
	struct state *st = env->cur;
	struct reg_iter it = REG_ITER(env, st);
	const struct slot *s;
	uint32_t fr, live;
	int r = 0;

	id &= ~REG_ID_DELTA;
	for (fr = st->curframe + 1u; fr-- > 0 && r >= 0;) {
		live = env->aux[state_frame_insn(st, fr)].live_regs;
		it.frameno = fr;
		it.slots = false;
		for (it.regno = 0; it.regno < BPF_REG_10 && r >= 0; it.regno++)
			if (live >> it.regno & 1)
				r = collect_one(env, &it, &st->l[fr].f->r[it.regno], id, set);
		it.slots = true;
		for (it.spi = 0; it.spi < st->l[fr].f->slot_cnt && r >= 0; it.spi++) {
			s = frame_slot(st->l[fr].f, it.spi);
			if (s->byte[env->beh->spill_bounded_only ? 0 : 7] == SLOT_SPILL)
				r = collect_one(env, &it, &s->r, id, set);
		}
	}
	return r;
}

static const struct reg *holder(const struct state *st, const struct linked_at *at)
{
	const struct frame *f = st->l[at->frame].f;

	return at->is_reg ? &f->r[at->at] : &frame_slot(f, at->at)->r;
}

static struct reg *holder_mut(struct env *env, struct state *st, const struct linked_at *at)
{
	struct frame *f = state_frame_mut(env, st, at->frame);
	struct slot *s;

	if (!f)
		return NULL;
	if (at->is_reg)
		return &f->r[at->at];
	s = frame_slot_mut(env, f, at->at);
	return s ? &s->r : NULL;
}

/* *w := *known, plus the difference of their deltas. */
static void follow(struct env *env, struct reg *w, const struct reg *known)
{
	struct reg old = *w;

	*w = *known;
	if (!((old.id | known->id) & REG_ID_DELTA) || old.off == known->off)
		return;
	w->off = old.off;
	w->id = old.id;
	/* in 64 bits: the difference of two 32-bit deltas may need 33, which 6.18 does not see */
	alu_linked(env->beh, &w->v, (int64_t)old.off - known->off,
		   ((old.id | known->id) & REG_ID_ADD32) != 0);
}

int link_sync(struct env *env, struct state *st, const struct reg *known,
	      const struct linked *set)
{
	struct reg k = *known;	/* a copy: the holder may share its page */
	const struct reg *r;
	struct reg *w;
	uint32_t i;

	for (i = 0; i < set->cnt; i++) {
		r = holder(st, &set->e[i]);
		if (!reg_is_scalar(r) || r == known ||
		    (r->id & ~REG_ID_DELTA) != (k.id & ~REG_ID_DELTA))
			continue;
		/* links by 32-bit and by 64-bit additions do not mix */
		if ((r->id & REG_ID_DELTA) && (k.id & REG_ID_DELTA) &&
		    (r->id & REG_ID_DELTA) != (k.id & REG_ID_DELTA))
			continue;
		w = holder_mut(env, st, &set->e[i]);
		if (!w)
			return verdict_nomem(env);
		follow(env, w, &k);
	}
	return 0;
}

uint64_t link_pack(const struct linked *set)
{
	uint64_t packed = 0;
	uint32_t i;

	for (i = 0; i < set->cnt && i < PACK_MAX; i++)
		packed = packed << PACK_BITS | (uint64_t)set->e[i].frame << 7 |
			 (uint64_t)set->e[i].at << 1 | set->e[i].is_reg;
	return packed << 4 | i;
}

void link_unpack(uint64_t packed, struct linked *ret_set)
{
	uint32_t i;

	ret_set->cnt = packed & 0xf;
	packed >>= 4;
	for (i = 0; i < ret_set->cnt; i++, packed >>= PACK_BITS)
		ret_set->e[i] = (struct linked_at){ .frame = packed >> 7 & 7,
						    .at = packed >> 1 & 63, .is_reg = packed & 1 };
}
