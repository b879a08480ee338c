/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction backwards: which scalars before it made the wanted ones after it. Every write ends
 * a wish or moves it to its source; a call moves wishes between frames.
 */
#include "verifier/marks/backtrack.h"

#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/state/link.h"
#include "verifier/state/verdict.h"

#define ARGS 0x3eu	/* r1..r5 */

static bool wanted(const struct backtrack *bt, uint32_t reg)
{
	return bt->reg[bt->frame] >> reg & 1;
}
static void want(struct backtrack *bt, uint32_t reg)
{
	bt->reg[bt->frame] |= (uint16_t)(1u << reg);
}
static void unwant(struct backtrack *bt, uint32_t reg)
{
	bt->reg[bt->frame] &= (uint16_t)~(1u << reg);
}

static int bug(struct env *env, uint32_t idx)
{
	return verdict_reject(env, EFAULT, CODE_INTERNAL, "backtracking failed at insn %u", idx);
}

static bool enter_frame(struct env *env, struct backtrack *bt)
{
	if (bt->frame + 1 >= env->lim->frames)
		return false;
	bt->frame++;
	bt->reg[bt->frame] = 0;
	bt->slot[bt->frame] = 0;
	return true;
}

/* Wishes about one of several scalars refined together are wishes about all of them. */
static void join_links(struct backtrack *bt, const struct hist *hist)
{
	struct linked set;
	bool some = false;
	uint32_t i;

	if (!hist || !hist->linked)
		return;
	link_unpack(hist->linked, &set);
	for (i = 0; i < set.cnt && !some; i++)
		some = (set.e[i].is_reg ? bt->reg[set.e[i].frame] : bt->slot[set.e[i].frame]) >>
			       set.e[i].at & 1;
	for (i = 0; some && i < set.cnt; i++) {
		if (set.e[i].is_reg)
			bt->reg[set.e[i].frame] |= (uint16_t)(1u << set.e[i].at);
		else
			bt->slot[set.e[i].frame] |= 1ull << set.e[i].at;
	}
}

static void back_alu(struct backtrack *bt, const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);

	if (!wanted(bt, i->dst_reg) || op == BPF_END || op == BPF_NEG)
		return;
	if (op == BPF_MOV)
		unwant(bt, i->dst_reg);
	if (BPF_SRC(i->code) == BPF_X && i->src_reg != BPF_REG_10)
		want(bt, i->src_reg);
}

static void back_load(struct backtrack *bt, uint32_t reg, const struct hist *hist)
{
	if (!wanted(bt, reg))
		return;
	unwant(bt, reg);
	if (hist && (hist->flags & HIST_STACK))
		bt->slot[hist->frame] |= 1ull << hist->spi;
}

/* A wanted base register cannot be: it is a pointer. Then something was lost: the hammer. */
static int back_store(struct backtrack *bt, const struct bpf_insn *i, const struct hist *hist)
{
	if (wanted(bt, i->dst_reg))
		return ENOTSUPP;
	if (!hist || !(hist->flags & HIST_STACK))
		return 0;
	if (!(bt->slot[hist->frame] >> hist->spi & 1))
		return 0;
	bt->slot[hist->frame] &= ~(1ull << hist->spi);
	if (BPF_CLASS(i->code) == BPF_STX)
		want(bt, i->src_reg);
	return 0;
}

/* Out of the frame that the walk entered here, which may want nothing but its arguments any more. */
static int back_leave_frame(struct env *env, struct backtrack *bt, uint32_t idx)
{
	if ((bt->reg[bt->frame] & ~ARGS) || bt->slot[bt->frame] || bt->frame == 0)
		return bug(env, idx);
	bt->reg[bt->frame] = 0;
	bt->frame--;
	return 0;
}

/* The caller wants what the function wanted of its arguments; a callback's come from nowhere. */
static int back_static_call(struct env *env, struct backtrack *bt, uint32_t idx)
{
	uint16_t args = bt->reg[bt->frame] & ARGS;
	int r = back_leave_frame(env, bt, idx);

	if (r == 0)
		bt->reg[bt->frame] |= args;
	return r;
}

/* Was a function left here, by a tail call that succeeded? Then from here on back we are in it. */
static bool left_by_tail_call(const struct bpf_insn *i, uint32_t idx, int64_t subseq)
{
	return insn_is_helper_call(i) && i->imm == BPF_FUNC_tail_call && subseq != (int64_t)idx + 1;
}

static int back_call(struct env *env, struct backtrack *bt, uint32_t idx, int64_t subseq)
{
	const struct bpf_insn *i = &env->insns[idx];
	int callee;

	if (i->src_reg == BPF_PSEUDO_CALL) {
		callee = subprog_at(env, idx + (uint32_t)i->imm + 1);
		if (callee < 0)
			return bug(env, idx);
		if (!env->subprogs[callee].is_global)
			return back_static_call(env, bt, idx);
	} else if (env->aux[idx].calls_callback && (int64_t)idx != subseq - 1) {
		return back_leave_frame(env, bt, idx);
	} else if (i->src_reg == BPF_PSEUDO_KFUNC_CALL && i->imm == 0) {
		return ENOTSUPP;
	}
	unwant(bt, 0);
	if (bt->reg[bt->frame] & ARGS)
		return bug(env, idx);
	return left_by_tail_call(i, idx, subseq) && !enter_frame(env, bt) ? bug(env, idx) : 0;
}

/* An exit of a called function or callback: from here on back we are in the callee. */
static int back_exit(struct env *env, struct backtrack *bt, uint32_t idx, int64_t subseq)
{
	bool from_call = subseq >= 1 && insn_is_subprog_call(&env->insns[subseq - 1]);
	bool r0 = from_call && wanted(bt, 0);

	if (from_call && (bt->reg[bt->frame] & ARGS))
		return bug(env, idx);
	unwant(bt, 0);
	if (!enter_frame(env, bt))
		return bug(env, idx);
	if (r0)
		want(bt, 0);
	return 0;
}

static void back_cond(struct backtrack *bt, const struct bpf_insn *i, const struct hist *hist)
{
	if (BPF_SRC(i->code) != BPF_X)
		return;
	if (!wanted(bt, i->dst_reg) && !wanted(bt, i->src_reg))
		return;
	if (!hist || !(hist->flags & HIST_SRC_STACK))
		want(bt, i->src_reg);
	if (!hist || !(hist->flags & HIST_DST_STACK))
		want(bt, i->dst_reg);
}

static int back_ld(struct env *env, struct backtrack *bt, uint32_t idx, int64_t subseq)
{
	const struct bpf_insn *i = &env->insns[idx];

	if (BPF_MODE(i->code) == BPF_IMM) {
		unwant(bt, i->dst_reg);
		return 0;
	}
	if (wanted(bt, 0) || wanted(bt, i->dst_reg))
		return ENOTSUPP;
	if (subseq == (int64_t)idx + 1)
		return 0;
	if (!env->beh->ld_abs_backtracks) {
		bt->lost = true;
		return 0;
	}
	return enter_frame(env, bt) ? 0 : bug(env, idx);
}

static int back_atomic(struct backtrack *bt, const struct bpf_insn *i, const struct hist *hist)
{
	if (i->imm == INSN_LOAD_ACQ) {
		back_load(bt, i->dst_reg, hist);
	} else if (i->imm == INSN_STORE_REL) {
		return back_store(bt, i, hist);
	} else if (i->imm & BPF_FETCH) {
		back_load(bt, i->imm == BPF_CMPXCHG ? 0 : i->src_reg, hist);
	} else {
		return back_store(bt, i, hist);
	}
	return 0;
}

static int back_jmp(struct env *env, struct backtrack *bt, uint32_t idx, int64_t subseq,
		    const struct hist *hist)
{
	const struct bpf_insn *i = &env->insns[idx];

	switch (BPF_OP(i->code)) {
	case BPF_CALL:
		return back_call(env, bt, idx, subseq);
	case BPF_EXIT:
		return back_exit(env, bt, idx, subseq);
	default:
		back_cond(bt, i, hist);
		return 0;
	}
}

int backtrack_insn(struct env *env, struct backtrack *bt, uint32_t idx, int64_t subseq_idx,
		   const struct hist *hist)
{
	const struct bpf_insn *i = &env->insns[idx];
	int r = 0;

	if (i->code == 0)	/* second half of an ld_imm64 */
		return 0;
	join_links(bt, hist);
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		back_alu(bt, i);
		break;
	case BPF_LDX:
		back_load(bt, i->dst_reg, hist);
		break;
	case BPF_STX:
		r = BPF_MODE(i->code) == BPF_ATOMIC ? back_atomic(bt, i, hist)
						    : back_store(bt, i, hist);
		break;
	case BPF_ST:
		r = back_store(bt, i, hist);
		break;
	case BPF_LD:
		r = back_ld(env, bt, idx, subseq_idx);
		break;
	default:
		r = back_jmp(env, bt, idx, subseq_idx, hist);
	}
	if (r)
		return r;
	join_links(bt, hist);
	return 0;
}
