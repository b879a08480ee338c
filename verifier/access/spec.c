/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU may run ahead of a decided branch, for programs loaded without CAP_PERFMON: the other
 * side is walked too, as a speculative path, which may read nothing that a program may not see.
 */
#include "verifier/access/spec.h"

#include "verifier/access/mapval.h"
#include "verifier/state/pending.h"
#include "verifier/state/reg.h"
#include "verifier/state/verdict.h"

/* struct insn_aux.alu_state: how an addition is masked; 0: not yet seen. */
#define ALU_SANITIZE_SRC	(1u << 0)
#define ALU_SANITIZE_DST	(1u << 1)
#define ALU_NEG_VALUE		(1u << 2)
#define ALU_NON_POINTER		(1u << 3)
#define ALU_IMMEDIATE		(1u << 4)

bool spec_may_end_path(const struct env *env, int r)
{
	return env->cur && env->cur->speculative && env->beh->spec_ends_path &&
	       (r == -EPERM || r == -EACCES || r == -EINVAL);
}

int spec_push_untaken(struct env *env, const struct bpf_insn *jump, uint32_t insn_idx,
		      uint32_t prev_insn_idx)
{
	struct state *st = pending_push(env, insn_idx, prev_insn_idx, true, EFAULT);
	struct reg *regs;

	if (!st)
		return -EFAULT;
	regs = st->l[st->curframe].f->r;
	if (jump)
		reg_set_unknown(&regs[jump->dst_reg]);
	if (jump && BPF_SRC(jump->code) == BPF_X)
		reg_set_unknown(&regs[jump->src_reg]);
	return 0;
}

static int move_unfit(struct env *env, uint32_t regno, const char *why)
{
	return verdict_reject(env, EACCES, CODE_SPEC_MATH, "R%u %s, prohibited for !root", regno, why);
}

/* How far the pointer may still move before it leaves its object; -1: this kind may not move. */
static int64_t room(const struct env *env, const struct reg *ptr, bool left, int64_t *ret_max)
{
	if (ptr->type == REG_STACK) {
		*ret_max = 512 + left;
		return (uint32_t)-(int64_t)(ptr->v.tv + (uint64_t)(int64_t)ptr->off);
	}
	if (ptr->type == REG_MAP_VALUE) {
		*ret_max = env->maps[ptr->map - 1].shape->value_size;
		return (uint32_t)((left ? (uint64_t)ptr->v.sl : ptr->v.uh) + (uint64_t)(int64_t)ptr->off);
	}
	return -1;
}

static int find_limit(struct env *env, uint32_t regno, const struct reg *ptr, bool left,
		      uint32_t *ret_limit)
{
	int64_t max = 0, limit = room(env, ptr, left, &max);

	if (limit < 0)
		return move_unfit(env, regno, "has pointer with unsupported alu operation");
	if (limit >= max)
		return move_unfit(env, regno, "tried to add or sub beyond pointer bounds");
	*ret_limit = (uint32_t)limit;
	return 0;
}

/* One instruction has one mask: all paths through it must need the same. */
static int commit_mask(struct env *env, uint32_t regno, uint32_t state, uint32_t limit)
{
	struct insn_aux *aux = env_aux(env);

	if (aux->alu_state && (aux->alu_state != state || aux->alu_limit != limit))
		return move_unfit(env, regno, "tried to add from different maps, paths or scalars");
	aux->alu_state = state;
	aux->alu_limit = limit;
	return 0;
}

static bool needs_mask(const struct env *env, const struct bpf_insn *insn)
{
	return !env->bypass_spec_v1 && BPF_SRC(insn->code) == BPF_X && !env_aux(env)->nospec;
}

int spec_scalar(struct env *env, const struct bpf_insn *insn)
{
	if (!needs_mask(env, insn) || (BPF_OP(insn->code) != BPF_ADD && BPF_OP(insn->code) != BPF_SUB))
		return 0;
	return commit_mask(env, insn->dst_reg, ALU_NON_POINTER, 0);
}

static int plan_mask(struct env *env, const struct bpf_insn *insn, const struct reg *ptr,
		     const struct reg *off, bool dst_is_ptr, struct spec_move *move)
{
	bool neg = off->v.sl < 0, imm = val_is_const(&off->v);

	if (!imm && neg != (off->v.sh < 0))
		return move_unfit(env, insn->dst_reg,
				  "has unknown scalar with mixed signed bounds");
	move->masked = true;
	move->left = (BPF_OP(insn->code) == BPF_ADD) == neg;
	move->state = (neg ? ALU_NEG_VALUE : 0u) | (imm ? ALU_IMMEDIATE : 0u) |
		      (dst_is_ptr ? ALU_SANITIZE_SRC : ALU_SANITIZE_DST);
	if (!imm)
		env->explore_alu_limits = true;
	return find_limit(env, insn->dst_reg, ptr, move->left, &move->limit);
}

int spec_before_move(struct env *env, const struct bpf_insn *insn, const struct reg *ptr,
		     const struct reg *off, bool dst_is_ptr, struct spec_move *ret_move)
{
	struct reg *dst = &env_regs(env)[insn->dst_reg], saved;
	int r = 0;

	memset(ret_move, 0, sizeof(*ret_move));
	if (!needs_mask(env, insn))
		return 0;
	if (!env->cur->speculative)
		r = plan_mask(env, insn, ptr, off, dst_is_ptr, ret_move);
	if (r < 0 || val_is_const(&off->v))
		return r;
	saved = *dst;
	if (!dst_is_ptr)
		*dst = *ptr;
	r = spec_push_untaken(env, NULL, env->insn_idx + 1, env->insn_idx);
	env_regs(env)[insn->dst_reg] = saved;
	return r;
}

static int check_inside(struct env *env, uint32_t regno)
{
	const struct reg *r = &env_regs(env)[regno];
	int64_t off;

	if (r->type == REG_STACK) {
		if (!val_is_const(&r->v))
			return verdict_reject(env, EACCES, CODE_SPEC_STACK,
					      "R%u variable stack access prohibited for !root", regno);
		off = r->off + (int64_t)r->v.tv;
		if (off >= 0 || off < -512)
			return verdict_reject(env, EACCES, CODE_SPEC_STACK,
					      "R%u stack pointer arithmetic goes out of range, prohibited for !root; off=%lld",
					      regno, (long long)off);
	}
	if (r->type == REG_MAP_VALUE && mapval_check(env, regno, r->off, 1, false, true) < 0)
		return -EACCES;
	return 0;
}

int spec_after_move(struct env *env, uint32_t regno, const struct spec_move *move)
{
	uint32_t limit;
	int r;

	if (env->bypass_spec_v1)
		return 0;
	r = check_inside(env, regno);
	if (r < 0 || !move->masked)
		return r;
	r = find_limit(env, regno, &env_regs(env)[regno], move->left, &limit);
	if (r < 0)
		return r;
	limit = move->limit > limit ? move->limit - limit : limit - move->limit;
	return commit_mask(env, regno, move->state, limit);
}
