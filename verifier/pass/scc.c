/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops: strongly connected components of each function's instructions (Tarjan's algorithm with a
 * stack of its own). Calls are plain edges to the next instruction. An instruction in no loop has
 * component 0.
 */
#include "verifier/pass/scc.h"

#include "verifier/kernel/insn.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"
#include "verifier/state/jumptab.h"

#define NOT_ON_STACK UINT32_MAX

struct tarjan {
	uint32_t *pre;		/* order of discovery, from 1; 0: not seen */
	uint32_t *low;		/* least pre reachable; NOT_ON_STACK once the component is known */
	uint32_t *comp;		/* open components' instructions */
	uint32_t *dfs;
	uint32_t comp_cnt, dfs_cnt, next_pre, next_scc;
};

static bool has_self_edge(const struct env *env, uint32_t w)
{
	uint32_t buf[2], n, i;
	const uint32_t *succ = jumptab_successors(env, w, buf, &n);

	for (i = 0; i < n; i++)
		if (succ[i] == w)
			return true;
	return false;
}

/* All successors of w are done: w heads a component if nothing older is reachable. */
static void close_component(struct env *env, struct tarjan *t, uint32_t w)
{
	uint32_t member, id = 0;

	if (t->low[w] < t->pre[w])
		return;
	if (t->comp[t->comp_cnt - 1] != w || has_self_edge(env, w))
		id = t->next_scc++;
	do {
		member = t->comp[--t->comp_cnt];
		t->low[member] = NOT_ON_STACK;
		env->aux[member].scc = id;
	} while (member != w);
}

static void walk(struct env *env, struct tarjan *t, uint32_t root)
{
	uint32_t buf[2], n, i, w;
	const uint32_t *succ;
	bool pushed;

	t->dfs[0] = root;
	t->dfs_cnt = 1;
	while (t->dfs_cnt) {
		w = t->dfs[t->dfs_cnt - 1];
		if (!t->pre[w]) {
			t->pre[w] = t->low[w] = t->next_pre++;
			t->comp[t->comp_cnt++] = w;
		}
		succ = jumptab_successors(env, w, buf, &n);
		pushed = false;
		for (i = 0; i < n && !pushed; i++) {
			if (!t->pre[succ[i]]) {
				t->dfs[t->dfs_cnt++] = succ[i];
				pushed = true;
			} else if (t->low[succ[i]] < t->low[w]) {
				t->low[w] = t->low[succ[i]];
			}
		}
		if (pushed)
			continue;
		close_component(env, t, w);
		t->dfs_cnt--;
	}
}

/* Edges that all lead forward make no loop. */
static bool has_way_back(const struct env *env)
{
	uint32_t buf[2], n, i;
	const uint32_t *succ;

	for (i = 0; i < env->insn_cnt; i += insn_len(&env->insns[i]))
		for (succ = jumptab_successors(env, i, buf, &n); n; n--)
			if (succ[n - 1] <= i)
				return true;
	return false;
}

static int find_components(struct env *env)
{
	uint32_t n = env->insn_cnt + 1u, i;
	struct tarjan t = {
		.pre = pool_calloc(env, n, sizeof(uint32_t)),
		.low = pool_calloc(env, n, sizeof(uint32_t)),
		.comp = pool_calloc(env, n, sizeof(uint32_t)),
		.dfs = pool_calloc(env, n, sizeof(uint32_t)),
		.next_pre = 1,
		.next_scc = 1,
	};

	if (!t.pre || !t.low || !t.comp || !t.dfs)
		return verdict_nomem(env);
	for (i = 0; i < env->insn_cnt; i += insn_len(&env->insns[i]))
		if (!t.pre[i])
			walk(env, &t, i);
	env->scc_cnt = t.next_scc;
	return 0;
}

int scc_compute(struct env *env)
{
	env->scc_cnt = 1;
	return has_way_back(env) ? find_components(env) : 0;
}
