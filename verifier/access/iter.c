/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open-coded iterators: stack objects made by new, walked by next, ended by destroy. next forks:
 * the drained path goes on with NULL, the active one waits with what is imprecise widened, so that
 * loops converge.
 */
#include "verifier/access/iter.h"

#include "verifier/access/mem.h"
#include "verifier/access/null.h"
#include "verifier/access/objslot.h"
#include "verifier/btf/btf.h"
#include "verifier/marks/stored.h"
#include "verifier/state/pending.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

static const char *iter_name(struct env *env, uint32_t btf, uint32_t id)
{
	const struct btf_view *view = btf_of(env, btf);
	const char *name = view ? btf_view_name(view, id) : "?";

	return btf_text_begins(name, "bpf_iter_") ? name + strlen("bpf_iter_") : name;
}

static int make(struct env *env, uint32_t regno, uint32_t insn_idx, uint32_t btf, uint32_t id,
		uint32_t cnt, bool rcu_protected)
{
	const struct reg reg = env_regs(env)[regno];
	struct reg it;
	uint32_t spi, ref;
	bool free_slots = true;
	int r = 0;

	/* Directly after the frame counts as its first slot, until it is written to. */
	if (cnt == 1 && val_is_const(&reg.v) && (int64_t)reg.off + (int64_t)reg.v.tv == 0)
		r = mem_store_slots(env, regno, insn_idx, cnt);
	if (r < 0)
		return r;
	r = objslot_find(env, &reg, "iter", cnt, &spi);
	for (uint32_t i = 0; r >= 0 && i < cnt; i++)
		for (uint32_t b = 0; b < 8; b++)
			free_slots &=
				frame_slot(state_frame(env->cur, reg.frame), spi - i)->byte[b] !=
				SLOT_ITER;
	if ((r < 0 && r != -ERANGE) || !free_slots)
		return verdict_reject(env, EINVAL, CODE_ITER_ARG,
				      "expected uninitialized iter_%s as arg #%u",
				      iter_name(env, btf, id), regno - 1);
	r = mem_store_slots(env, regno, insn_idx, cnt);
	if (r >= 0)
		r = refs_acquire(env, insn_idx, &ref);
	for (uint32_t i = 0; r >= 0 && i < cnt; i++) {
		reg_set_ptr(&it, REG_STACK);
		if (rcu_protected)
			it.type |= env_in_rcu(env) ? REG_F_RCU : REG_F_UNTRUSTED;
		it.ref = i == 0 ? ref : 0;
		it.iter_btf = btf;
		it.iter_btf_id = id;
		it.iter_state = ITER_ACTIVE;
		r = objslot_set(env, reg.frame, spi - i, SLOT_ITER, &it);
	}
	return r;
}

/* 0; -EINVAL: not such an iterator; -EPROTO: one whose RCU section is over. */
static int check_made(const struct frame *f, uint32_t spi, uint32_t cnt, uint32_t btf, uint32_t id)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const struct slot *s = frame_slot(f, spi - i);

		if (s->byte[7] == SLOT_ITER && (s->r.type & REG_F_UNTRUSTED))
			return -EPROTO;
		if (!objslot_is(f, spi - i, SLOT_ITER) || (i == 0) != (s->r.ref != 0) ||
		    s->r.iter_btf != btf || s->r.iter_btf_id != id)
			return -EINVAL;
	}
	return 0;
}

static int end(struct env *env, uint32_t frameno, uint32_t spi, uint32_t cnt)
{
	uint32_t ref = frame_slot(state_frame(env->cur, frameno), spi)->r.ref;
	int r = refs_release(env, ref);

	if (r < 0)
		return verdict_reject(env, EFAULT, CODE_ITER_ARG, "iterator without a reference");
	for (uint32_t i = 0; r >= 0 && i < cnt; i++)
		r = objslot_clear(env, frameno, spi - i);
	return r;
}

int iter_check_arg(struct env *env, uint32_t regno, uint32_t insn_idx, enum iter_call call,
		   uint32_t btf, uint32_t id, bool rcu_protected, uint32_t *ret_frame,
		   uint32_t *ret_spi)
{
	const struct reg reg = env_regs(env)[regno];
	const struct btf_view *view = btf_of(env, btf);
	uint32_t cnt = view ? btf_view_type(view, id)->size / 8 : 0, spi;
	int r;

	if (reg.type != REG_STACK)
		return verdict_reject(env, EINVAL, CODE_ITER_ARG,
				      "arg#%u expected pointer to an iterator on stack", regno - 1);
	if (cnt == 0 || cnt > ENV_SLOTS)
		return verdict_reject(env, EINVAL, CODE_ITER_ARG,
				      "expected valid iter pointer as arg #%u", regno - 1);
	if (call == ITER_NEW)
		return make(env, regno, insn_idx, btf, id, cnt, rcu_protected);
	r = objslot_find(env, &reg, "iter", cnt, &spi);
	if (r >= 0)
		r = check_made(state_frame(env->cur, reg.frame), spi, cnt, btf, id);
	if (r == -EPROTO)
		return verdict_reject(env, EPROTO, CODE_ITER_RCU,
				      "expected an RCU CS when using bpf_iter_%s_next",
				      iter_name(env, btf, id));
	if (r < 0)
		return verdict_reject(env, EINVAL, CODE_ITER_ARG,
				      "expected an initialized iter_%s as arg #%u",
				      iter_name(env, btf, id), regno - 1);
	r = objslot_read(env, reg.frame, spi, cnt);
	if (r < 0)
		return r;
	*ret_frame = reg.frame;
	*ret_spi = spi;
	return call == ITER_DESTROY ? end(env, reg.frame, spi, cnt) : 0;
}

/* The iterator's slot in a state, for writing; NULL: out of memory. */
static struct slot *iter_slot(struct env *env, struct state *st, uint32_t frame, uint32_t spi)
{
	struct frame *f = state_frame_mut(env, st, frame);

	return f ? frame_slot_mut(env, f, spi) : NULL;
}

static int push_active(struct env *env, uint32_t insn_idx, uint32_t frame, uint32_t spi)
{
	struct state *prev = stored_find_prev(env, insn_idx);
	struct state *st = pending_push(env, insn_idx + 1, insn_idx, false, ENOMEM);
	struct slot *s;
	int r = 0;

	if (!st)
		return -ENOMEM;	/* recorded by pending_push */
	s = iter_slot(env, st, frame, spi);
	if (!s)
		return verdict_nomem(env);
	s->r.iter_state = ITER_ACTIVE;
	s->r.iter_depth++;
	if (prev)
		r = stored_widen(env, prev, st);
	if (r >= 0)
		null_clear_flag(env, &st->l[st->curframe].f->r[0]);
	return r;
}

int iter_next(struct env *env, uint32_t insn_idx, uint32_t frame, uint32_t spi)
{
	struct slot *s;
	int r = 0;

	if (frame_slot(state_frame(env->cur, frame), spi)->r.iter_state == ITER_ACTIVE)
		r = push_active(env, insn_idx, frame, spi);
	if (r < 0)
		return r;
	s = iter_slot(env, env->cur, frame, spi);
	if (!s)
		return verdict_nomem(env);
	s->r.iter_state = ITER_DRAINED;
	reg_set_known(&env_regs(env)[0], 0);
	return 0;
}
