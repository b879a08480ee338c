/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that wait: copies of the state, newest first. Promises that there are never more than the kernel would
 * keep.
 */
#include "verifier/state/pending.h"

#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

static int add_pending(struct env *env, struct state *st, int err_if_full)
{
	st->next = env->pending;
	env->pending = st;
	env->pending_cnt++;
	if (env->pending_cnt > env->lim->pending)
		return verdict_reject(env, env->beh->pending_efault ? err_if_full : E2BIG,
				      CODE_TOO_COMPLEX, "The sequence of %u jumps is too complex.",
				      env->pending_cnt);
	return 0;
}

struct state *pending_push(struct env *env, uint32_t insn_idx, uint32_t prev_insn_idx,
			   bool speculative, int err_if_full)
{
	struct state *st = state_copy(env, env->cur);

	if (!st) {
		verdict_nomem(env);
		return NULL;
	}
	st->insn_idx = insn_idx;
	st->prev_insn_idx = prev_insn_idx;
	st->speculative |= speculative;
	st->log_pos = verdict_log_pos(env);
	if (add_pending(env, st, err_if_full) < 0)
		return NULL;
	if (st->parent)
		st->parent->branches++;
	return st;
}

struct state *pending_push_async(struct env *env, uint32_t insn_idx, uint32_t subprog,
				 bool sleepable)
{
	struct state *st = state_new(env, 1);
	struct frame *f = frame_new(env, 0, subprog, -1);

	if (!st || !f) {
		verdict_nomem(env);
		return NULL;
	}
	st->l[0].f = f;
	st->branches = 1;
	st->in_sleepable = sleepable;
	st->insn_idx = insn_idx;
	st->prev_insn_idx = env->insn_idx;
	st->log_pos = verdict_log_pos(env);
	return add_pending(env, st, ENOMEM) < 0 ? NULL : st;
}

bool pending_pop(struct env *env)
{
	struct state *st = env->pending;

	state_put(env, env->cur);
	env->cur = NULL;
	if (!st)
		return false;
	env->pending = st->next;
	st->next = NULL;
	env->pending_cnt--;
	env->cur = st;
	env->insn_idx = st->insn_idx;
	env->prev_insn_idx = st->prev_insn_idx;
	if (env->trace)
		env->trace->resume(env, st->log_pos);
	return true;
}
