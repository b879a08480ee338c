/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precision as 6.1 follows it: one frame at a time, stack slots only where r10 names them, and no
 * way back through a call, where all scalars of all ancestors become precise instead.
 */
#include "verifier/marks/precise_old.h"

#include "verifier/kernel/names.h"
#include "verifier/marks/precise.h"
#include "verifier/state/callfacts.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

/* What is wanted, in one frame. */
struct want {
	uint32_t frame;
	uint16_t reg;
	uint64_t slot;
};

static int old_bug(struct env *env, uint32_t idx)
{
	return verdict_reject(env, EFAULT, CODE_INTERNAL, "backtracking failed at insn %u", idx);
}

static int old_back_load(struct want *w, const struct bpf_insn *i, bool fetch)
{
	uint32_t load = i->dst_reg, base = i->src_reg, spi;

	if (fetch) {
		load = i->imm == BPF_CMPXCHG ? BPF_REG_0 : i->src_reg;
		base = i->dst_reg;
	}
	if (!(w->reg >> load & 1))
		return 0;
	w->reg &= (uint16_t)~(1u << load);
	if (base != BPF_REG_10)
		return 0;
	spi = (uint32_t)(-i->off - 1) / 8;
	if (spi >= ENV_SLOTS)
		return -1;
	w->slot |= 1ull << spi;
	return 0;
}

static int old_back_store(struct want *w, const struct bpf_insn *i)
{
	uint32_t spi;

	if (w->reg >> i->dst_reg & 1)
		return ENOTSUPP;
	if (i->dst_reg != BPF_REG_10)
		return 0;
	spi = (uint32_t)(-i->off - 1) / 8;
	if (spi >= ENV_SLOTS)
		return -1;
	if (!(w->slot >> spi & 1))
		return 0;
	w->slot &= ~(1ull << spi);
	if (BPF_CLASS(i->code) == BPF_STX)
		w->reg |= (uint16_t)(1u << i->src_reg);
	return 0;
}

static void old_back_alu(struct want *w, const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);

	if (!(w->reg >> i->dst_reg & 1) || op == BPF_END || op == BPF_NEG)
		return;
	if (op == BPF_MOV)
		w->reg &= (uint16_t)~(1u << i->dst_reg);
	if (BPF_SRC(i->code) == BPF_X)
		w->reg |= (uint16_t)(1u << i->src_reg);
}

static int old_back_jump(struct env *env, struct want *w, const struct bpf_insn *i)
{
	struct call_facts facts;
	uint16_t both = (uint16_t)(1u << i->dst_reg | 1u << i->src_reg);

	if (BPF_OP(i->code) == BPF_CALL) {
		if (i->src_reg == BPF_PSEUDO_CALL)
			return ENOTSUPP;
		if (i->src_reg == BPF_PSEUDO_KFUNC_CALL && i->imm == 0)
			return ENOTSUPP;
		call_facts_of(env, i, &facts);
		if (i->src_reg == 0 && (facts.sync_callback || facts.async_callback))
			return ENOTSUPP;
		w->reg &= (uint16_t)~1u;
		return w->reg & 0x3f ? -1 : 0;
	}
	if (BPF_OP(i->code) == BPF_EXIT)
		return ENOTSUPP;
	if (BPF_OP(i->code) != BPF_JA && BPF_SRC(i->code) == BPF_X && (w->reg & both))
		w->reg |= both;
	return 0;
}

static bool is_fetch(const struct bpf_insn *i)
{
	return BPF_CLASS(i->code) == BPF_STX && BPF_MODE(i->code) == BPF_ATOMIC &&
	       (i->imm & BPF_FETCH);
}

/* Moves the wishes back over one instruction. ENOTSUPP: the hammer; -1: a bug. */
static int old_back(struct env *env, struct want *w, const struct bpf_insn *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		old_back_alu(w, i);
		return 0;
	case BPF_LDX:
		return old_back_load(w, i, false);
	case BPF_STX:
	case BPF_ST:
		return is_fetch(i) ? old_back_load(w, i, true) : old_back_store(w, i);
	case BPF_JMP:
	case BPF_JMP32:
		return old_back_jump(env, w, i);
	default:	/* BPF_LD; the second half of ld_imm64 is passed over, too */
		if (!i->code || !(w->reg >> i->dst_reg & 1))
			return 0;
		w->reg &= (uint16_t)~(1u << i->dst_reg);
		return BPF_MODE(i->code) == BPF_IND || BPF_MODE(i->code) == BPF_ABS ? ENOTSUPP : 0;
	}
}

/* Marks what is wanted in a stored state; drops what is not a scalar. ENOTSUPP: a slot it lacks. */
static int old_set_marks(struct state *st, struct want *w, bool *ret_new)
{
	struct level *l = &st->l[w->frame];

	*ret_new = false;
	for (uint32_t i = 0; i < BPF_REG_10; i++) {
		if (!(w->reg >> i & 1))
			continue;
		if (!reg_is_scalar(&l->f->r[i]) || (l->dead_r >> i & 1)) {
			w->reg &= (uint16_t)~(1u << i);
			continue;
		}
		*ret_new |= !(l->prec_r >> i & 1);
		l->prec_r |= (uint16_t)(1u << i);
	}
	for (uint32_t i = 0; i < ENV_SLOTS; i++) {
		const struct slot *s;

		if (!(w->slot >> i & 1))
			continue;
		if (i >= l->f->slot_cnt)
			return ENOTSUPP;
		s = frame_slot(l->f, i);
		if (s->byte[7] != SLOT_SPILL || !reg_is_scalar(&s->r) || (l->dead_s >> i & 1)) {
			w->slot &= ~(1ull << i);
			continue;
		}
		*ret_new |= !(l->prec_s >> i & 1);
		l->prec_s |= 1ull << i;
	}
	return 0;
}

/* At the entry of a global function: its arguments, and nothing before them. */
static int old_at_entry(struct env *env, struct state *st, const struct want *w)
{
	if (st->curframe != 0 || !st->l[0].f->subprog || st->l[0].f->callsite != -1 || w->slot ||
	    (w->reg & ~0x3eu))
		return old_bug(env, 0);
	for (uint32_t i = 1; i <= 5; i++)
		if ((w->reg >> i & 1) && reg_is_scalar(&st->l[0].f->r[i]))
			st->l[0].prec_r |= (uint16_t)(1u << i);
	return 0;
}

/* Over one state's part of the path. 1: nothing is wanted any more, ENOTSUPP, 0 or negative. */
static int old_walk(struct env *env, const struct state *st, struct want *w, uint32_t last_idx,
		    bool *skip_first)
{
	const struct hist *h = st->hist;
	uint32_t cnt = st->hist_cnt;
	int64_t i = last_idx;
	int r;

	for (;;) {
		r = *skip_first ? 0 : old_back(env, w, &env->insns[i]);
		*skip_first = false;
		if (r)
			return r == ENOTSUPP ? r : old_bug(env, (uint32_t)i);
		if (!w->reg && !w->slot)
			return 1;
		i = precise_prev_insn(st, (uint32_t)i, &h, &cnt);
		if (i == -ENOENT)
			return 0;
		if (i < 0 || i >= env->insn_cnt)
			return old_bug(env, 0);
	}
}

static int old_mark(struct env *env, struct state *st, struct want w)
{
	uint32_t last_idx = env->insn_idx;
	bool skip_first = true, fresh;
	int r;

	if (!env->cap_bpf || (!w.reg && !w.slot))
		return 0;
	for (;;) {
		if (last_idx == UINT32_MAX)
			return old_at_entry(env, st, &w);
		r = old_walk(env, st, &w, last_idx, &skip_first);
		if (r == ENOTSUPP) {
			precise_mark_all(st);
			return 0;
		}
		if (r)
			return r < 0 ? r : 0;
		st = st->parent;
		if (!st)
			return 0;
		if (old_set_marks(st, &w, &fresh) == ENOTSUPP) {
			precise_mark_all(st);
			return 0;
		}
		if ((!w.reg && !w.slot) || !fresh)
			return 0;
		last_idx = st->last_insn_idx;
	}
}

int precise_mark_reg_old(struct env *env, uint32_t frame, uint32_t regno)
{
	return old_mark(env, env->cur, (struct want){ frame, (uint16_t)(1u << regno), 0 });
}

int precise_mark_slot_old(struct env *env, uint32_t frame, uint32_t spi)
{
	const struct slot *s = frame_slot(env->cur->l[frame].f, spi);

	if (s->byte[7] != SLOT_SPILL || !reg_is_scalar(&s->r))
		return 0;
	return old_mark(env, env->cur, (struct want){ frame, 0, 1ull << spi });
}

int precise_propagate_old(struct env *env, const struct state *old)
{
	int r = 0;

	for (uint32_t fr = old->curframe + 1u; fr-- > 0;) {
		const struct level *l = &old->l[fr];
		uint32_t regs = l->prec_r & l->read_r & ~(uint32_t)l->dead_r;
		uint64_t slots = l->prec_s & l->read_s & ~l->dead_s;

		for (uint32_t i = 0; i < BPF_REG_10 && r >= 0; i++)
			if (regs >> i & 1)
				r = precise_mark_reg_old(env, fr, i);
		for (uint32_t i = 0; i < ENV_SLOTS && r >= 0; i++)
			if (slots >> i & 1)
				r = precise_mark_slot_old(env, fr, i);
	}
	return r;
}
