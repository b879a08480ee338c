/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control flow: everything is reachable, no jump lands inside an instruction, and the places where
 * the walk compares states (prune points) or records its way (jump points) are marked. Depth first
 * with a stack of its own, fall-through before target, as the marks depend on nothing else.
 */
#include "verifier/pass/cfg.h"

#include "verifier/kernel/insn.h"
#include "verifier/state/callfacts.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"
#include "verifier/state/jumptab.h"

enum { UNSEEN = 0, DISCOVERED = 0x10, EXPLORED = 0x20, FALLTHROUGH = 1, BRANCH = 2 };
enum { DONE, KEEP };

struct cfg {
	uint8_t *state;
	uint32_t *stack;
	uint32_t depth;
};

static void mark_prune(struct env *env, uint32_t idx) { env->aux[idx].prune_point = true; }
static void mark_jmp(struct env *env, uint32_t idx) { env->aux[idx].jmp_point = true; }

/* Follows the edge t -> w. DONE: nothing new; KEEP: w was pushed; negative: rejected. */
static int push_edge(struct env *env, struct cfg *cfg, uint32_t t, int64_t w, int edge,
		     bool may_loop)
{
	if (edge == FALLTHROUGH && cfg->state[t] >= (DISCOVERED | FALLTHROUGH))
		return DONE;
	if (edge == BRANCH && cfg->state[t] >= (DISCOVERED | BRANCH))
		return DONE;
	if (w < 0 || w >= env->insn_cnt)
		return verdict_reject_at(env, t, EINVAL, CODE_JUMP_RANGE,
					 "jump out of range from insn %u to %lld", t, (long long)w);
	if (edge == BRANCH) {
		mark_prune(env, (uint32_t)w);
		mark_jmp(env, (uint32_t)w);
		env->aux[w].jump_target = true;
	}
	if (cfg->state[w] == UNSEEN) {
		cfg->state[t] = (uint8_t)(DISCOVERED | edge);
		cfg->state[w] = DISCOVERED;
		cfg->stack[cfg->depth++] = (uint32_t)w;
		return KEEP;
	}
	if ((cfg->state[w] & 0xf0) == DISCOVERED) {
		bool recursion = edge == BRANCH && env->insns[t].code == (BPF_JMP | BPF_CALL);

		if (env->cap_bpf && !(recursion && env->beh->recursion_einval) &&
		    (may_loop || env->beh->back_edge_anywhere))
			return DONE;
		return verdict_reject_at(env, t, EINVAL, CODE_BACK_EDGE,
					 "back-edge from insn %u to %lld", t, (long long)w);
	}
	cfg->state[t] = (uint8_t)(DISCOVERED | edge);
	return DONE;
}

/* Effects of a callee become the caller's as far as they are known when the edge is met. */
static void merge_callee(struct env *env, uint32_t t, uint32_t w)
{
	struct subprog *caller = &env->subprogs[subprog_containing(env, t)];
	const struct subprog *callee = &env->subprogs[subprog_containing(env, w)];

	caller->changes_pkt |= callee->changes_pkt;
	caller->might_sleep |= callee->might_sleep;
	caller->might_throw |= callee->might_throw;
}

static int visit_call(struct env *env, struct cfg *cfg, uint32_t t, bool into_callee)
{
	uint32_t len = insn_len(&env->insns[t]);
	int64_t w = (int64_t)t + env->insns[t].imm + 1;
	int r = push_edge(env, cfg, t, (int64_t)t + len, FALLTHROUGH, false);

	if (r)
		return r;
	mark_prune(env, t + len);
	mark_jmp(env, t + len);
	if (!into_callee)
		return DONE;
	mark_prune(env, t);
	merge_callee(env, t, (uint32_t)w);
	return push_edge(env, cfg, t, w, BRANCH, insn_is_pseudo_func(&env->insns[t]));
}

static void mark_call(struct env *env, uint32_t t)
{
	struct subprog *sub = &env->subprogs[subprog_containing(env, t)];
	struct call_facts facts;

	call_facts_of(env, &env->insns[t], &facts);
	if (facts.async_callback)
		mark_prune(env, t);
	env->aux[t].calls_callback |= facts.sync_callback;
	if (facts.sync_callback && env->beh->callbacks_converge) {
		env->aux[t].force_checkpoint = true;
		mark_prune(env, t);
		mark_jmp(env, t);
	}
	if (facts.iter_next) {
		mark_prune(env, t);
		env->aux[t].force_checkpoint = true;
	}
	sub->changes_pkt |= facts.changes_pkt;
	sub->might_sleep |= facts.might_sleep;
	sub->might_throw |= facts.noreturn;
}

static int visit_gotox(struct env *env, struct cfg *cfg, uint32_t t)
{
	const struct jumptab *tab;
	int r = jumptab_of_insn(env, t, &tab);
	bool pushed = false;

	if (r < 0)
		return r;
	mark_prune(env, t);
	for (uint32_t i = 0; i < tab->cnt; i++) {
		uint32_t w = tab->at[i];

		mark_jmp(env, w);
		env->aux[w].jump_target = true;
		if (cfg->state[w] != UNSEEN)
			continue;
		cfg->state[w] = DISCOVERED;
		cfg->stack[cfg->depth++] = w;
		pushed = true;
	}
	return pushed ? KEEP : DONE;
}

static int visit_goto(struct env *env, struct cfg *cfg, uint32_t t)
{
	const struct bpf_insn *insn = &env->insns[t];
	int64_t w = (int64_t)t + insn_jmp_off(insn) + 1;
	int r;

	if (insn_is_gotox(insn))
		return visit_gotox(env, cfg, t);
	r = push_edge(env, cfg, t, w, FALLTHROUGH, true);
	if (r)
		return r;
	mark_prune(env, (uint32_t)w);
	mark_jmp(env, (uint32_t)w);
	env->aux[w].jump_target = true;
	return DONE;
}

static int visit(struct env *env, struct cfg *cfg, uint32_t t)
{
	const struct bpf_insn *insn = &env->insns[t];
	int r;

	if (insn_is_pseudo_func(insn))
		return visit_call(env, cfg, t, true);
	if (!insn_is_jmp_class(insn))
		return push_edge(env, cfg, t, (int64_t)t + insn_len(insn), FALLTHROUGH, false);
	if (BPF_OP(insn->code) == BPF_EXIT)
		return DONE;
	if (BPF_OP(insn->code) == BPF_CALL) {
		mark_call(env, t);
		return visit_call(env, cfg, t, insn->src_reg == BPF_PSEUDO_CALL);
	}
	if (BPF_OP(insn->code) == BPF_JA)
		return visit_goto(env, cfg, t);
	mark_prune(env, t);
	if (insn_is_may_goto(insn))
		env->aux[t].force_checkpoint = true;
	r = push_edge(env, cfg, t, (int64_t)t + 1, FALLTHROUGH, true);
	return r ? r : push_edge(env, cfg, t, (int64_t)t + insn->off + 1, BRANCH, true);
}

static int walk_from(struct env *env, struct cfg *cfg, uint32_t start)
{
	uint32_t t;
	int r;

	cfg->state[start] = DISCOVERED;
	cfg->stack[0] = start;
	cfg->depth = 1;
	while (cfg->depth) {
		t = cfg->stack[cfg->depth - 1];
		r = visit(env, cfg, t);
		if (r < 0)
			return r;
		if (r == DONE) {
			cfg->state[t] = EXPLORED;
			cfg->depth--;
		}
	}
	return 0;
}

static int check_all_reached(struct env *env, const struct cfg *cfg)
{
	uint32_t i;

	for (i = 0; i < env->insn_cnt; i++) {
		if (cfg->state[i] != EXPLORED)
			return verdict_reject_at(env, i, EINVAL, CODE_UNREACHABLE,
						 "unreachable insn %u", i);
		if (!insn_is_ldimm64(&env->insns[i]))
			continue;
		if (cfg->state[i + 1] != UNSEEN)
			return verdict_reject_at(env, i, EINVAL, CODE_JUMP_LDIMM64,
						 "jump into the middle of ldimm64 insn %u", i);
		i++;
	}
	return 0;
}

/*
 * Per function, a postorder of sorts (compute_postorder). Nodes are marked when pushed, so a successor that
 * waits on the stack may come out after its predecessor even where there is no loop: whoever walks in
 * this order must repeat until nothing changes.
 */
static int compute_postorder(struct env *env, struct cfg *cfg)
{
	uint32_t s, i, t, w, cnt = 0, buf[2], n;
	const uint32_t *succ;
	bool pushed;

	env->postorder = pool_calloc(env, env->insn_cnt + 1u, sizeof(*env->postorder));
	if (!env->postorder)
		return verdict_nomem(env);
	memset(cfg->state, UNSEEN, env->insn_cnt);
	for (s = 0; s < env->subprog_cnt; s++) {
		env->subprogs[s].postorder_start = cnt;
		cfg->stack[0] = env->subprogs[s].start;
		cfg->state[cfg->stack[0]] = DISCOVERED;
		cfg->depth = 1;
		while (cfg->depth) {
			t = cfg->stack[cfg->depth - 1];
			succ = jumptab_successors(env, t, buf, &n);
			pushed = false;
			if (cfg->state[t] != EXPLORED) {
				cfg->state[t] = EXPLORED;
				for (i = 0; i < n; i++) {
					w = succ[i];
					if (cfg->state[w] != UNSEEN)
						continue;
					cfg->state[w] = DISCOVERED;
					cfg->stack[cfg->depth++] = w;
					pushed = true;
				}
			}
			if (!pushed) {
				env->postorder[cnt++] = t;
				cfg->depth--;
			}
		}
	}
	env->subprogs[env->subprog_cnt].postorder_start = cnt;
	return 0;
}

int cfg_check(struct env *env)
{
	struct cfg cfg = {
		.state = pool_calloc(env, env->insn_cnt + 1u, 1),
		.stack = pool_calloc(env, env->insn_cnt + 1u, sizeof(uint32_t)),
	};
	int r;

	if (!cfg.state || !cfg.stack)
		return verdict_nomem(env);
	r = walk_from(env, &cfg, 0);
	if (r >= 0 && env->exception_subprog)
		r = walk_from(env, &cfg, env->subprogs[env->exception_subprog].start);
	if (r >= 0)
		r = check_all_reached(env, &cfg);
	return r < 0 ? r : compute_postorder(env, &cfg);
}
