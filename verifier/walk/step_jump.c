/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditional jumps: is it decided; if not, both ways are walked, each with what it teaches about
 * the operands, their linked holders, packet ranges and NULL.
 */
#include "verifier/walk/step_jump.h"

#include "verifier/access/mem.h"
#include "verifier/access/null.h"
#include "verifier/access/pkt.h"
#include "verifier/access/regcheck.h"
#include "verifier/access/spec.h"
#include "verifier/kernel/insn.h"
#include "verifier/marks/hist.h"
#include "verifier/marks/precise.h"
#include "verifier/marks/stored.h"
#include "verifier/state/link.h"
#include "verifier/state/pending.h"
#include "verifier/state/reg.h"
#include "verifier/state/verdict.h"
#include "verifier/value/branch.h"
#include "verifier/walk/step_alu.h"

struct jump {
	const struct bpf_insn *insn;
	uint8_t op;
	bool jmp32, x;
	struct reg *dst, *src;		/* src: a register of this frame, or env->fake_reg[0] */
	struct state *other;
	struct linked linked;
};

static bool is_pkt_any(const struct reg *r)
{
	return reg_is_pkt(r) || r->type == REG_PKT_END;
}

/* ---- may_goto -------------------------------------------------------------------------------------- */

/* The target now, the next instruction pending with scalars widened, so that loops converge. */
static int step_may_goto(struct env *env, const struct bpf_insn *i)
{
	struct state *prev, *pending;

	if (i->src_reg || i->dst_reg || i->imm || (i->off == 0 && !env->beh->may_goto_off0))
		return verdict_reject(env, EINVAL, CODE_INSN_RESERVED, "invalid may_goto off %d imm %d",
				      i->off, i->imm);
	prev = stored_find_prev(env, env->insn_idx);
	pending = pending_push(env, env->insn_idx + 1, env->insn_idx, false, ENOMEM);
	if (!pending)
		return -ENOMEM;
	pending->may_goto_depth++;
	env->insn_idx = insn_at(env->insn_idx, i->off);
	return prev ? stored_widen(env, prev, pending) : 0;
}

/* ---- decided jumps ---------------------------------------------------------------------------------- */

static bool known_not_null(const struct env *env, const struct reg *r)
{
	const uint32_t trusted = REG_F_TRUSTED | REG_F_ALLOC;
	const int64_t max = env->lim->var_off;

	if (reg_maybe_null(r) || r->v.sl <= -max || r->v.sh >= max)
		return false;
	switch (reg_base(r)) {
	case REG_SOCKET:
	case REG_TCP_SOCK:
	case REG_SOCK_COMMON:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
		return true;
	case REG_XDP_SOCK:
	case REG_MAP_PTR:
	case REG_BUF:
		return env->beh->jeq_infers_not_null;
	case REG_MEM:
		return env->beh->jeq_infers_not_null && !(r->type & REG_F_UNTRUSTED);
	case REG_BTF_ID:
		if (!env->beh->jeq_infers_not_null)
			return false;
		return r->ref || ((reg_flags(r) & trusted) && !(reg_flags(r) & ~trusted));
	default:
		return false;
	}
}

/* is_branch_taken(): -1 undecided, else 0 or 1. */
static int predict(const struct env *env, const struct jump *j)
{
	const struct reg *a = j->dst, *b = j->src, *t;

	if (is_pkt_any(a) && is_pkt_any(b) && !j->jmp32)
		return pkt_predict(a, b, j->op);
	if (a == b && reg_is_scalar(a) && env->beh->branch_same_reg) {
		int same = branch_predict_same(j->op, j->jmp32, &a->v);

		if (same >= 0)
			return same;
	}
	if (reg_is_scalar(a) && reg_is_scalar(b))
		return branch_predict(env->beh, j->op, j->jmp32, &a->v, &b->v);
	if (j->jmp32)	/* the low half of a pointer may well be 0 */
		return -1;
	if (!reg_is_const(b) && env->beh->branch_zero_left) {
		t = a;
		a = b;
		b = t;
	}
	if (!reg_is_const(b) || !known_not_null(env, a) || !reg_is_zero(b))
		return -1;
	if (j->op == BPF_JEQ)
		return 0;
	return j->op == BPF_JNE ? 1 : -1;
}

static int go_decided(struct env *env, const struct jump *j, int taken)
{
	uint32_t target = insn_at(env->insn_idx, j->insn->off);
	int r = 0;

	if (reg_is_scalar(j->dst))
		r = precise_mark_reg(env, j->insn->dst_reg);
	if (r >= 0 && j->x && reg_is_scalar(j->src))
		r = precise_mark_reg(env, j->insn->src_reg);
	if (r >= 0 && !env->bypass_spec_v1)
		r = spec_push_untaken(env, j->insn, taken ? env->insn_idx + 1 : target + 1, env->insn_idx);
	if (r >= 0 && taken)
		env->insn_idx = target;
	return r;
}

/* ---- undecided jumps --------------------------------------------------------------------------------- */

static int collect_links(struct env *env, struct jump *j)
{
	int r = 0;

	j->linked.cnt = 0;
	if (j->x && reg_is_scalar(j->src) && j->src->id)
		r = link_collect(env, j->src->id, &j->linked);
	if (r >= 0 && reg_is_scalar(j->dst) && j->dst->id)
		r = link_collect(env, j->dst->id, &j->linked);
	if (r >= 0 && j->linked.cnt > 1 && env->beh->scalar_ids_compared)
		r = hist_push(env, 0, link_pack(&j->linked));
	return r;
}

static struct reg *other_reg(const struct jump *j, uint32_t regno)
{
	return &j->other->l[j->other->curframe].f->r[regno];
}

static int refine(struct env *env, struct jump *j)
{
	struct reg *od = other_reg(j, j->insn->dst_reg);
	struct reg *os = j->x ? other_reg(j, j->insn->src_reg) : &env->fake_reg[1];
	bool ok;

	if (!reg_is_scalar(j->dst) || !reg_is_scalar(j->src))
		return 0;
	if (!j->x)
		env->fake_reg[1] = env->fake_reg[0];
	ok = branch_refine(env->beh, j->op, j->jmp32, BRANCH_NO, &j->dst->v, &j->src->v);
	ok &= branch_refine(env->beh, j->op, j->jmp32, BRANCH_YES, &od->v, &os->v);
	return step_settle(env, ok);
}

static int sync_links(struct env *env, struct jump *j)
{
	int r = 0;

	if (j->x && reg_is_scalar(j->src) && j->src->id) {
		r = link_sync(env, env->cur, j->src, &j->linked);
		if (r >= 0)
			r = link_sync(env, j->other, other_reg(j, j->insn->src_reg), &j->linked);
	}
	if (r >= 0 && reg_is_scalar(j->dst) && j->dst->id) {
		r = link_sync(env, env->cur, j->dst, &j->linked);
		if (r >= 0)
			r = link_sync(env, j->other, other_reg(j, j->insn->dst_reg), &j->linked);
	}
	return r;
}

/* Equal to a pointer that is not NULL: not NULL either. */
static void learn_from_pointer(const struct env *env, const struct jump *j)
{
	struct reg *d = j->dst, *s = j->src;
	bool d_ok = known_not_null(env, d), s_ok = known_not_null(env, s);

	if (!env->beh->jeq_infers_not_null || j->jmp32 || !j->x || reg_is_scalar(s) || reg_is_scalar(d) ||
	    reg_base(s) == REG_BTF_ID || reg_base(d) == REG_BTF_ID)
		return;
	if (j->op == BPF_JEQ) {
		d = other_reg(j, j->insn->dst_reg);
		s = other_reg(j, j->insn->src_reg);
	} else if (j->op != BPF_JNE) {
		return;
	}
	if (d_ok && reg_maybe_null(s))
		null_clear_flag(env, s);
	if (s_ok && reg_maybe_null(d))
		null_clear_flag(env, d);
}

static int learn_null(struct env *env, const struct jump *j)
{
	struct reg known = *j->dst;
	int r = null_settle(env, env->cur, &known, j->op == BPF_JNE);

	return r < 0 ? r : null_settle(env, j->other, &known, j->op == BPF_JEQ);
}

/* 0 on the right: as a number, or (newer kernels) in a register, which then counts. */
static bool against_zero(const struct env *env, const struct jump *j)
{
	return j->x ? env->beh->null_by_zero_reg && reg_is_zero(j->src) : j->insn->imm == 0;
}

static int learn_pointers(struct env *env, struct jump *j)
{
	int r;

	learn_from_pointer(env, j);
	if (!j->jmp32 && (j->op == BPF_JEQ || j->op == BPF_JNE) && reg_maybe_null(j->dst) &&
	    against_zero(env, j)) {
		r = j->x ? precise_mark_reg(env, j->insn->src_reg) : 0;
		return r < 0 ? r : learn_null(env, j);
	}
	if (pkt_learn(env, j->insn, j->other, &r))
		return r;
	if (mem_is_leak(env, j->insn->dst_reg))
		return verdict_reject(env, EACCES, CODE_PTR_COMPARE, "R%u pointer comparison prohibited",
				      j->insn->dst_reg);
	return 0;
}

static int go_both(struct env *env, struct jump *j)
{
	int r = collect_links(env, j);

	if (r < 0)
		return r;
	j->other = pending_push(env, insn_at(env->insn_idx, j->insn->off) + 1, env->insn_idx,
				false, EFAULT);
	if (!j->other)
		return -EFAULT;
	r = refine(env, j);
	if (r >= 0)
		r = sync_links(env, j);
	return r < 0 ? r : learn_pointers(env, j);
}

/* ---- the instruction ----------------------------------------------------------------------------------- */

static int check_operands(struct env *env, struct jump *j)
{
	const struct bpf_insn *i = j->insn;
	struct reg *regs = env_regs(env);
	int r = regcheck_read(env, i->dst_reg);

	if (r < 0)
		return r;
	j->dst = &regs[i->dst_reg];
	if (!j->x) {
		if (i->src_reg)
			return verdict_reject(env, EINVAL, CODE_INSN_RESERVED,
					      "BPF_JMP/JMP32 uses reserved fields");
		j->src = &env->fake_reg[0];
		reg_set_known(j->src, (uint64_t)(int64_t)i->imm);
		return 0;
	}
	if (i->imm)
		return verdict_reject(env, EINVAL, CODE_INSN_RESERVED,
				      "BPF_JMP/JMP32 uses reserved fields");
	r = regcheck_read(env, i->src_reg);
	if (r < 0)
		return r;
	j->src = &regs[i->src_reg];
	if (!(is_pkt_any(j->dst) && is_pkt_any(j->src)) && mem_is_leak(env, i->src_reg))
		return verdict_reject(env, EACCES, CODE_PTR_COMPARE, "R%u pointer comparison prohibited",
				      i->src_reg);
	return 0;
}

int step_jump(struct env *env, const struct bpf_insn *i)
{
	struct jump j = { .insn = i, .op = BPF_OP(i->code), .x = BPF_SRC(i->code) == BPF_X,
			  .jmp32 = BPF_CLASS(i->code) == BPF_JMP32 };
	uint32_t flags;
	int r;

	if (insn_is_may_goto(i))
		return step_may_goto(env, i);
	r = check_operands(env, &j);
	if (r < 0)
		return r;
	flags = (j.dst->type == REG_STACK ? HIST_DST_STACK : 0u) |
		(j.x && j.src->type == REG_STACK ? HIST_SRC_STACK : 0u);
	if (flags) {
		r = hist_push(env, flags, 0);
		if (r < 0)
			return r;
	}
	r = predict(env, &j);
	return r >= 0 ? go_decided(env, &j, r) : go_both(env, &j);
}
