/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CPU may run ahead of a decided branch, for programs loaded without CAP_PERFMON: the other
 * side is walked too, as a speculative path, which may read nothing that a program may not see.
 */
#include "verifier/spec.h"

bool spec_may_end_path(const struct env *env, int r)
{
	return env->cur && env->cur->speculative && env->beh->spec_ends_path &&
	       (r == -EPERM || r == -EACCES || r == -EINVAL);
}

int spec_push_untaken(struct env *env, uint32_t insn_idx, uint32_t prev_insn_idx)
{
	struct state *st = explore_push(env, insn_idx, prev_insn_idx, true, EFAULT);

	return st ? 0 : -EFAULT;
}

static int move_unfit(struct env *env, uint32_t regno, const char *why)
{
	return verdict_reject(env, EACCES, "SPEC-MATH", "R%u %s, prohibited for !root", regno, why);
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

int spec_before_move(struct env *env, const struct bpf_insn *insn, const struct reg *ptr,
		     const struct reg *off, bool dst_is_ptr)
{
	bool imm = val_is_const(&off->v), neg = off->v.sl < 0, left;
	struct reg *dst = &env_regs(env)[insn->dst_reg], saved;
	int64_t limit, max;
	int r;

	if (env->bypass_spec_v1 || BPF_SRC(insn->code) == BPF_K)
		return 0;
	if (!env->cur->speculative) {
		if (!imm && neg != (off->v.sh < 0))
			return move_unfit(env, insn->dst_reg, "has unknown scalar with mixed signed bounds");
		left = (BPF_OP(insn->code) == BPF_ADD) == neg;
		limit = room(env, ptr, left, &max);
		if (limit < 0)
			return move_unfit(env, insn->dst_reg, "has pointer with unsupported alu operation");
		if (limit >= max)
			return move_unfit(env, insn->dst_reg, "tried to add or sub beyond pointer bounds");
		if (!imm)
			env->explore_alu_limits = true;
	}
	if (imm)
		return 0;
	saved = *dst;
	if (!dst_is_ptr)
		*dst = *ptr;
	r = spec_push_untaken(env, env->insn_idx + 1, env->insn_idx);
	env_regs(env)[insn->dst_reg] = saved;
	return r;
}

int spec_after_move(struct env *env, uint32_t regno)
{
	const struct reg *r = &env_regs(env)[regno];
	int64_t off;

	if (env->bypass_spec_v1)
		return 0;
	if (r->type == REG_STACK) {
		if (!val_is_const(&r->v))
			return verdict_reject(env, EACCES, "SPEC-STACK",
					      "R%u variable stack access prohibited for !root", regno);
		off = r->off + (int64_t)r->v.tv;
		if (off >= 0 || off < -512)
			return verdict_reject(env, EACCES, "SPEC-STACK",
					      "R%u stack pointer arithmetic goes out of range, prohibited for !root; off=%lld",
					      regno, (long long)off);
	}
	if (r->type == REG_MAP_VALUE && mapval_check(env, regno, r->off, 1, false, true) < 0)
		return -EACCES;
	return 0;
}
