/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where functions start and end. Promises that after these passes every jump stays in its function
 * and no function falls into the next. The kfuncs that are called are resolved on the way, since
 * the kernel reports both in the order of the instructions.
 */
#include "verifier/pass/subprog.h"

#include <stdlib.h>

#include "verifier/btf/btfprog.h"
#include "verifier/kernel/insn.h"
#include "verifier/pass/kfuncs.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"

static int subprog_add(struct env *env, int64_t start)
{
	uint32_t i;

	if (start < 0 || start >= env->insn_cnt)
		return verdict_reject(env, EINVAL, CODE_CALL_TARGET, "call to invalid destination");
	if (subprog_at(env, (uint32_t)start) >= 0)
		return 0;
	if (env->subprog_cnt >= env->lim->subprogs)
		return verdict_reject(env, E2BIG, CODE_CALL_FUNCTIONS, "too many subprograms");
	for (i = env->subprog_cnt++; i > 0 && env->subprogs[i - 1].start > start; i--)
		env->subprogs[i] = env->subprogs[i - 1];
	memset(&env->subprogs[i], 0, sizeof(env->subprogs[i]));
	env->subprogs[i].start = (uint32_t)start;
	env->subprogs[i].name = "";
	return 0;
}

int subprog_find_all(struct env *env)
{
	const struct bpf_insn *insn;
	int r = subprog_add(env, 0);
	uint32_t i;

	for (i = 0; r >= 0 && i < env->insn_cnt; i++) {
		insn = &env->insns[i];
		if (!insn_is_pseudo_func(insn) && !insn_is_subprog_call(insn) &&
		    !insn_is_kfunc_call(insn))
			continue;
		if (!env->cap_bpf)
			return verdict_reject_at(env, i, EPERM, CODE_CAP_BPF,
						 "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN");
		r = insn_is_kfunc_call(insn) ? kfunc_add(env, i)
					     : subprog_add(env, (int64_t)i + insn->imm + 1);
	}
	if (r < 0)
		return r;
	r = btfprog_exception_callback(env);
	if (r > 0) {
		uint32_t start = (uint32_t)r;

		r = subprog_add(env, start);
		if (r < 0)
			return r;
		env->exception_subprog = subprog_at(env, start);
		env->subprogs[env->exception_subprog].is_cb = true;
		env->subprogs[env->exception_subprog].is_async_cb = true;
		env->subprogs[env->exception_subprog].is_exception_cb = true;
	}
	if (r < 0)
		return r;
	env->subprogs[env->subprog_cnt].start = env->insn_cnt;
	return 0;
}

static void note_special(struct subprog *sub, const struct bpf_insn *insn)
{
	if (insn_is_helper_call(insn) && insn->imm == BPF_FUNC_tail_call)
		sub->has_tail_call = sub->tail_call_reachable = true;
	if (BPF_CLASS(insn->code) == BPF_LD &&
	    (BPF_MODE(insn->code) == BPF_ABS || BPF_MODE(insn->code) == BPF_IND))
		sub->has_ld_abs = true;
}

int subprog_check_bounds(struct env *env)
{
	struct subprog *sub = env->subprogs;
	const struct bpf_insn *insn;
	int64_t to;
	uint32_t i;

	for (i = 0; i < env->insn_cnt; i++) {
		insn = &env->insns[i];
		note_special(sub, insn);
		if (insn_is_jmp_class(insn) && BPF_OP(insn->code) != BPF_EXIT &&
		    BPF_OP(insn->code) != BPF_CALL && !(insn_is_gotox(insn) && env->beh->gotox_last)) {
			to = (int64_t)i + insn_jmp_off(insn) + 1;
			if (to < sub->start || to >= sub[1].start)
				return verdict_reject_at(env, i, EINVAL, CODE_JUMP_RANGE,
							 "jump out of range from insn %u to %lld", i,
							 (long long)to);
		}
		if (i + 1 != sub[1].start)
			continue;
		if (insn->code != (BPF_JMP | BPF_EXIT) && insn->code != (BPF_JMP32 | BPF_JA) &&
		    insn->code != (BPF_JMP | BPF_JA) && !(insn_is_gotox(insn) && env->beh->gotox_last))
			return verdict_reject_at(env, i, EINVAL, CODE_FALL_THROUGH,
						 "last insn is not an exit or jmp");
		sub->exit_idx = i;
		sub++;
	}
	return 0;
}

/* ---- functions that are taken out ---------------------------------------------------------------- */

/*
 * The kernel takes out what was never stepped, one run of instructions after another, and moves
 * the references over it. One that points into such a run keeps its distance, so that it names what
 * comes to stand there, and the JIT then looks for a function: at most one answer a function, so
 * that many references cost nothing.
 */
struct removed {
	const struct env *env;
	uint32_t *before;		/* how many are taken out before this instruction */
	int64_t *moved[2];		/* of function i, referred to from behind or from before; -1: not known yet */
};

static bool is_out(const struct removed *rm, uint32_t idx)
{
	return rm->before[idx + 1] != rm->before[idx];
}

static void count_removed(const struct removed *rm)
{
	const struct env *env = rm->env;
	bool second = false;

	for (uint32_t i = 0; i < env->insn_cnt; i++) {
		bool out = !env->aux[second ? i - 1 : i].seen;

		rm->before[i + 1] = rm->before[i] + out;
		second = !second && insn_is_ldimm64(&env->insns[i]);
	}
}

/* Where a reference to `start` from before it points in the end. */
static int64_t moved_forward(const struct removed *rm, uint32_t start)
{
	uint32_t first = start, pos, i;
	int64_t at;

	while (is_out(rm, start) && first && is_out(rm, first - 1))
		first--;
	at = (int64_t)start - rm->before[first];
	for (i = first; i < rm->env->insn_cnt; i++) {
		if (!is_out(rm, i))
			continue;
		for (pos = i; i < rm->env->insn_cnt && is_out(rm, i);)
			i++;
		if (at >= (int64_t)pos - rm->before[pos] + (i - pos))
			at -= i - pos;
	}
	return at;
}

static int64_t moved(const struct removed *rm, uint32_t subprog, bool forward)
{
	uint32_t start = rm->env->subprogs[subprog].start, end = start;

	if (rm->moved[forward][subprog] >= 0)
		return rm->moved[forward][subprog];
	while (end < rm->env->insn_cnt && is_out(rm, end))
		end++;
	rm->moved[forward][subprog] = !is_out(rm, start) ? (int64_t)start - rm->before[start] :
				      forward		 ? moved_forward(rm, start) :
							   (int64_t)start - rm->before[end];
	return rm->moved[forward][subprog];
}

static bool begins_there(const struct removed *rm, int64_t at)
{
	const struct env *env = rm->env;

	for (uint32_t i = 0; i < env->subprog_cnt; i++)
		if (env->aux[env->subprogs[i].start].seen &&
		    (int64_t)env->subprogs[i].start - rm->before[env->subprogs[i].start] == at)
			return true;
	return false;
}

static int check_references(struct env *env, const struct removed *rm)
{
	for (uint32_t i = 0; i < env->insn_cnt; i++) {
		const struct bpf_insn *insn = &env->insns[i];
		int callee = insn_is_pseudo_func(insn) && env->aux[i].seen
				     ? subprog_at(env, i + (uint32_t)insn->imm + 1)
				     : -1;

		if (callee >= 0 && !env->aux[env->subprogs[callee].start].seen &&
		    !begins_there(rm, moved(rm, (uint32_t)callee, insn->imm >= 0)))
			return verdict_reject_at(env, i, EFAULT, CODE_FUNC_REMOVED,
						 "No program starts at insn %u: the function is never called",
						 env->subprogs[callee].start);
	}
	return 0;
}

int subprog_check_removed(struct env *env)
{
	struct removed rm = { .env = env };
	uint32_t left = 0;

	/* Asked again by later rules, which call fewer functions: what is removed the first walk has told. */
	if (env->beh != &env->target->behave)
		return 0;
	for (uint32_t i = 0; i < env->subprog_cnt; i++)
		left += env->aux[env->subprogs[i].start].seen;
	/* With a single function left nobody looks; with exceptions there is one more at the end. */
	if (left < 2 || left == env->subprog_cnt || !env->cap_bpf || env->seen_exception ||
	    (env->target->flags & BGV_TARGET_NO_JIT))
		return 0;
	rm.before = pool_calloc(env, env->insn_cnt + 1, sizeof(*rm.before));
	for (int i = 0; i < 2; i++) {
		rm.moved[i] = pool_calloc(env, env->subprog_cnt, sizeof(*rm.moved[i]));
		if (!rm.before || !rm.moved[i])
			return verdict_nomem(env);
		memset(rm.moved[i], -1, env->subprog_cnt * sizeof(*rm.moved[i]));
	}
	count_removed(&rm);
	return check_references(env, &rm);
}
