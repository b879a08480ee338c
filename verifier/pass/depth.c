/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stack and frames of every chain of calls in the text, dead calls included, as the kernel adds them
 * up after the walk. Each level keeps where it goes on, so there is no recursion.
 */
#include "verifier/pass/depth.h"

#include "verifier/kernel/insn.h"
#include "verifier/pass/fastcall.h"
#include "verifier/state/callfacts.h"
#include "verifier/state/verdict.h"

#define PRIV_STACK_MIN 64

/* A chain of calls; where globals do not count for its length, each function is in it once at most. */
#define CHAIN_MAX 256

struct chain {
	uint32_t ret_insn[CHAIN_MAX], ret_prog[CHAIN_MAX], ret_calls[CHAIN_MAX];
	uint32_t frame, calls, depth, idx, at; /* calls: since the last global function, where those begin anew */
	bool tail_call_reachable, priv;
};

static uint32_t rounded(const struct env *env, uint32_t depth)
{
	uint32_t to = env->lim->stack_round;

	if (env->beh->stack_round_16 && !(env->target->flags & BGV_TARGET_NO_JIT))
		return (depth + 15) / 16 * 16;	/* the interpreter's frames are coarser */
	depth = depth ? depth : 1;
	return (depth + to - 1) / to * to;
}

static bool in_callback(const struct env *env, const struct chain *c)
{
	bool in_cb = env->subprogs[c->idx].is_cb;
	uint32_t j;

	for (j = 0; j < c->frame && !in_cb; j++)
		in_cb = env->subprogs[c->ret_prog[j]].is_cb;
	return in_cb;
}

/* For who explains: the chain as it stands. */
static void note_chain(struct env *env, const struct chain *c)
{
	uint32_t j, idx;

	env->chain.cnt = 0;
	for (j = 0; j <= c->frame && j < ENV_FRAMES_MAX; j++) {
		idx = j == c->frame ? c->idx : c->ret_prog[j];
		env->chain.link[j].subprog = idx;
		env->chain.link[j].bytes = env->subprogs[idx].priv_stack ? 0 : rounded(env, env->subprogs[idx].stack_depth);
		env->chain.link[j].call = j == c->frame ? UINT32_MAX : c->ret_insn[j] - 1;
		env->chain.cnt++;
	}
}

static int enter(struct env *env, struct chain *c)
{
	struct subprog *sub = &env->subprogs[c->idx];
	uint32_t bytes = rounded(env, sub->stack_depth);

	if (sub->has_ld_abs && in_callback(env, c))
		return verdict_reject_at(env, sub->start, EINVAL, CODE_LD_ABS_CALLBACK,
					 "cannot use BPF_LD_[ABS|IND] within callback");
	if (c->idx && sub->has_tail_call && c->depth >= env->lim->tail_call_stack)
		return verdict_reject_at(env, sub->start, EACCES, CODE_TAIL_CALL_STACK,
					 "tail_calls are not allowed when call stack of previous frames is %u bytes. Too large",
					 c->depth);
	if (!c->priv)
		sub->no_priv_stack = true;
	else if (!sub->no_priv_stack && bytes >= PRIV_STACK_MIN)
		sub->priv_stack = true;
	if (sub->priv_stack) {
		if (bytes > env->lim->stack_bytes)
			return verdict_reject_at(env, sub->start, EACCES, CODE_STACK_DEPTH,
						 "stack size of subprog %u is %u. Too large", c->idx,
						 bytes);
		return 0;
	}
	c->depth += bytes;
	if (c->depth > env->lim->stack_bytes)
		note_chain(env, c);
	if (c->depth > env->lim->stack_bytes)
		return verdict_reject_at(env, sub->start, EACCES, CODE_STACK_DEPTH,
					 "combined stack size of %u calls is %u. Too large",
					 c->frame + 1, c->depth);
	return 0;
}

static int check_throw(struct env *env, const struct chain *c)
{
	struct call_facts facts;

	call_facts_of(env, &env->insns[c->at], &facts);
	if (!facts.noreturn || !in_callback(env, c))
		return 0;
	return verdict_reject_at(env, c->at, EINVAL, CODE_THROW_CALLBACK,
				 "bpf_throw kfunc (insn %u) cannot be called from callback subprog %u",
				 c->at, c->idx);
}

/* The call at c->at: 1 when it was entered, 0 when the chain goes on after it. */
static int follow(struct env *env, struct chain *c)
{
	const struct bpf_insn *insn = &env->insns[c->at];
	uint32_t target = c->at + (uint32_t)insn->imm + 1;
	int sidx = subprog_at(env, target);
	int r;

	if (sidx < 0)
		return verdict_reject_at(env, c->at, EFAULT, CODE_INTERNAL, "no program starts there");
	if (env->subprogs[sidx].is_async_cb) {
		if (env->subprogs[sidx].has_tail_call && !env->beh->tail_call_not_in_cb)
			return verdict_reject_at(env, c->at, EFAULT, CODE_TAIL_CALL_ASYNC,
						 "subprog has tail_call and async cb");
		if (!insn_is_subprog_call(insn))
			return 0;
		if (env->subprogs[sidx].is_exception_cb)
			return verdict_reject_at(env, c->at, EINVAL, CODE_EXCEPTION_CALL,
						 "insn %u cannot call exception cb directly", c->at);
	}
	c->ret_insn[c->frame] = c->at + 1;
	c->ret_prog[c->frame] = c->idx;
	c->ret_calls[c->frame] = c->calls;
	c->at = target;
	c->idx = (uint32_t)sidx;
	if (env->beh->tail_call_not_in_cb)
		c->tail_call_reachable = env->subprogs[sidx].has_tail_call;
	else
		c->tail_call_reachable |= env->subprogs[sidx].has_tail_call;
	c->frame++;
	c->calls = env->subprogs[sidx].is_global && !env->beh->global_chain_counts ? 0 : c->calls + 1;
	if (c->calls >= env->lim->frames || c->frame >= CHAIN_MAX)
		note_chain(env, c);
	if (c->calls >= env->lim->frames || c->frame >= CHAIN_MAX)
		return verdict_reject_at(env, c->at, E2BIG, CODE_CALL_DEPTH,
					 "the call stack of %u frames is too deep !", c->calls);
	r = enter(env, c);
	return r < 0 ? r : 1;
}

/* From this function, or one that it calls: no callback may be on the way here. */
static int check_tail_call(struct env *env, struct chain *c)
{
	if (!c->tail_call_reachable)
		return 0;
	if (in_callback(env, c))
		return verdict_reject_at(env, c->at, EINVAL, CODE_TAIL_CALL_CALLBACK,
					 "cannot tail call within callback");
	env->subprogs[c->idx].tail_call_reachable = true;
	for (uint32_t j = 0; j < c->frame; j++)
		env->subprogs[c->ret_prog[j]].tail_call_reachable = true;
	return 0;
}

static int leave(struct env *env, struct chain *c)
{
	uint32_t j;
	int r = env->beh->tail_call_not_in_cb ? check_tail_call(env, c) : 0;

	if (r < 0)
		return r;
	for (j = 0; !env->beh->tail_call_not_in_cb && c->tail_call_reachable && j < c->frame; j++) {
		if (env->subprogs[c->ret_prog[j]].is_exception_cb)
			return verdict_reject_at(env, c->at, EINVAL, CODE_TAIL_CALL_EXCEPTION,
						 "cannot tail call within exception cb");
		env->subprogs[c->ret_prog[j]].tail_call_reachable = true;
	}
	if (c->frame == 0)
		return 1;
	if (!env->subprogs[c->idx].priv_stack)
		c->depth -= rounded(env, env->subprogs[c->idx].stack_depth);
	c->frame--;
	c->at = c->ret_insn[c->frame];
	c->idx = c->ret_prog[c->frame];
	c->calls = c->ret_calls[c->frame];
	if (env->beh->tail_call_not_in_cb)
		c->tail_call_reachable = env->subprogs[c->idx].has_tail_call ||
					 env->subprogs[c->idx].tail_call_reachable;
	return 0;
}

static int check_from(struct env *env, uint32_t subprog, bool priv)
{
	struct chain c = { .idx = subprog, .at = env->subprogs[subprog].start, .priv = priv,
			   .tail_call_reachable = env->beh->tail_call_not_in_cb &&
						  env->subprogs[subprog].has_tail_call };
	const struct bpf_insn *insn;
	uint64_t steps = 0;
	int r = enter(env, &c);

	while (r >= 0) {
		if (c.at >= env->subprogs[c.idx + 1].start) {
			r = leave(env, &c);
			if (r)
				return r < 0 ? r : 0;
			continue;
		}
		if (++steps > 50000000ull)	/* the kernel walks on; nobody waits for that */
			return verdict_undecided(env, "call chains");
		insn = &env->insns[c.at];
		r = insn_is_kfunc_call(insn) && !insn->off ? check_throw(env, &c) : 0;
		if (r >= 0 && (insn_is_subprog_call(insn) || insn_is_pseudo_func(insn)))
			r = follow(env, &c);
		if (r == 0)
			c.at++;
	}
	return r;
}

static bool may_have_private_stack(const struct env *env)
{
	uint32_t i;

	if (!env->beh->private_stack || (env->target->flags & BGV_TARGET_NO_JIT))
		return false;
	for (i = 0; i < env->subprog_cnt; i++)
		if (env->subprogs[i].has_tail_call)
			return false;
	switch (env->prog_type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return true;
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_STRUCT_OPS:
		return env->recursion_check;
	default:
		return false;
	}
}

int depth_check(struct env *env)
{
	bool priv = may_have_private_stack(env);
	uint32_t i;
	int r;

	fastcall_shrink_stacks(env);
	for (i = env->subprog_cnt; i-- > 0;) {
		if (i && !env->subprogs[i].is_async_cb)
			continue;
		r = check_from(env, i, !i && priv);
		if (r < 0)
			return r;
	}
	return 0;
}
