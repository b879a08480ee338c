/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops and marks. A state that equals an unfinished one may not have all its marks yet, since other
 * ways through the loop are still to be walked. So a visit of a loop, known by the call sites that
 * lead to it, keeps such states until everything that entered the loop is done; then precision flows
 * over them until nothing changes.
 */
#include "verifier/marks/backedge.h"

#include "verifier/marks/precise.h"
#include "verifier/state/pool.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

struct visit {
	struct visit *next;
	uint32_t callsite[ENV_FRAMES_MAX];
	struct state *entry;		/* borrowed: it has branches while it stands here */
	struct state *backedges;	/* owned copies, by next */
};

struct scc_visits {
	struct visit **of_scc;		/* by component */
};

int backedge_init(struct env *env)
{
	env->scc = pool_zalloc(env, sizeof(*env->scc));
	if (!env->scc)
		return verdict_nomem(env);
	env->scc->of_scc = pool_calloc(env, env->scc_cnt + 1u, sizeof(struct visit *));
	return env->scc->of_scc ? 0 : verdict_nomem(env);
}

/* The outermost frame of st that stands in a loop: its component, and the call sites to it. */
static uint32_t chain_of(const struct env *env, const struct state *st, uint32_t *callsite)
{
	uint32_t i, insn, scc;

	memset(callsite, 0, ENV_FRAMES_MAX * sizeof(*callsite));
	for (i = 0; i <= st->curframe; i++) {
		insn = state_frame_insn(st, i);
		scc = env->aux[insn].scc;
		if (scc)
			return scc;
		callsite[i] = insn;
	}
	return 0;
}

static struct visit *find(const struct env *env, const struct state *st, uint32_t *ret_scc,
			  uint32_t *callsite)
{
	struct visit *v;

	*ret_scc = chain_of(env, st, callsite);
	if (!*ret_scc)
		return NULL;
	for (v = env->scc->of_scc[*ret_scc]; v; v = v->next)
		if (!memcmp(v->callsite, callsite, sizeof(v->callsite)))
			return v;
	return NULL;
}

int backedge_enter(struct env *env, struct state *st)
{
	uint32_t callsite[ENV_FRAMES_MAX], scc;
	struct visit *v;

	if (!env->beh->loop_scc)
		return 0;
	v = find(env, st, &scc, callsite);
	if (!scc)
		return 0;
	if (!v) {
		v = pool_zalloc(env, sizeof(*v));
		if (!v)
			return verdict_nomem(env);
		memcpy(v->callsite, callsite, sizeof(callsite));
		v->next = env->scc->of_scc[scc];
		env->scc->of_scc[scc] = v;
	}
	if (!v->entry)
		v->entry = st;
	return 0;
}

static int propagate(struct env *env, struct visit *v)
{
	struct state *b, *next;
	uint32_t round = 0;
	bool changed;
	int r = 0;

	do {
		changed = false;
		if (round++ >= env->lim->scc_rounds) {
			for (b = v->backedges; b; b = b->next)
				precise_mark_all(b);
			break;
		}
		for (b = v->backedges; b && r >= 0; b = b->next)
			r = precise_propagate(env, b->equal, b, &changed);
	} while (changed && r >= 0);
	for (b = v->backedges; b; b = next) {
		next = b->next;
		state_put(env, b->equal);
		b->equal = NULL;
		state_put(env, b);
	}
	v->backedges = NULL;
	return r;
}

int backedge_exit(struct env *env, struct state *st)
{
	uint32_t callsite[ENV_FRAMES_MAX], scc;
	struct visit *v;

	if (!env->beh->loop_scc)
		return 0;
	v = find(env, st, &scc, callsite);
	if (!v || v->entry != st)
		return 0;
	v->entry = NULL;
	return propagate(env, v);
}

int backedge_add(struct env *env, struct state *old)
{
	uint32_t callsite[ENV_FRAMES_MAX], scc;
	struct visit *v;
	struct state *copy;

	if (!env->beh->loop_scc)
		return 0;
	v = find(env, old, &scc, callsite);
	if (!v)	/* the old state stands in a loop, so its visit exists */
		return verdict_reject(env, EFAULT, CODE_INTERNAL, "no visit for a back edge");
	copy = state_copy(env, env->cur);
	if (!copy)
		return verdict_nomem(env);
	copy->equal = state_get(old);
	copy->next = v->backedges;
	v->backedges = copy;
	return 0;
}

bool backedge_pending(const struct env *env, const struct state *st)
{
	uint32_t callsite[ENV_FRAMES_MAX], scc;
	const struct visit *v;

	if (!env->beh->loop_scc)
		return false;
	v = find(env, st, &scc, callsite);
	return v && v->backedges;
}
