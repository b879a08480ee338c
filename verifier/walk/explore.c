/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk: depth first over all paths, one instruction at a time, with a stack of pending states.
 * Promises to visit what the kernel visits in the kernel's order, so that both count the same
 * instructions. Ends on the first rejection, or when a budget runs out.
 */
#include "verifier/walk/explore.h"

#include <time.h>

#include "verifier/access/spec.h"
#include "verifier/call/call.h"
#include "verifier/marks/backedge.h"
#include "verifier/marks/hist.h"
#include "verifier/marks/ids.h"
#include "verifier/marks/slotlive.h"
#include "verifier/state/pending.h"
#include "verifier/state/pool.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/walk/assume.h"
#include "verifier/walk/checkpoint.h"
#include "verifier/walk/step.h"
#include "verifier/walk/tale.h"
#include "verifier/access/btfctx.h"

#define BUDGET_STEPS 512u	/* how often the clock is read */

/* ---- the loop ------------------------------------------------------------------------------------ */

static uint64_t thread_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int check_budget(struct env *env)
{
	const struct bgv_limits *lim = &env->opt->limits;

	if (lim->insns && env->insn_processed > lim->insns)
		return verdict_undecided(env, "instructions");
	if (lim->time_ns && env->insn_processed % BUDGET_STEPS == 0 &&
	    thread_ns() - env->start_ns > lim->time_ns)
		return verdict_undecided(env, "time");
	return 0;
}

/* Does a watcher want a state here that has none, for the marks of this very instruction? */
static bool watch_wants_state(const struct env *env, uint32_t states_before)
{
	return env->watch && env->watch->done && env->beh->live_marks &&
	       env->total_states == states_before;
}

/* Counts the instruction. STEP_PATH_ENDS: an equal state was proved safe. */
static int arrive(struct env *env)
{
	uint32_t states = env->total_states;
	int r;

	env->cur_hist = NULL;
	if (env->insn_idx >= env->insn_cnt)
		return verdict_reject(env, EFAULT, CODE_INTERNAL, "invalid insn idx %u",
				      env->insn_idx);
	if (++env->insn_processed > env->lim->processed)
		return verdict_reject(env, E2BIG, CODE_TOO_LARGE,
				      "BPF program is too large. Processed %u insn",
				      env->insn_processed);
	r = check_budget(env);
	if (r < 0)
		return r;
	env->cur->last_insn_idx = env->prev_insn_idx;
	env->cur->insn_idx = env->insn_idx;
	if (env->aux[env->insn_idx].prune_point) {
		r = checkpoint_visit(env);
		if (r > 0 && env->trace)
			env->trace->equal(env);
		if (r)
			return r < 0 ? r : STEP_PATH_ENDS;
	}
	if (watch_wants_state(env, states)) {
		r = checkpoint_for_watch(env);
		if (r < 0)
			return r;
	}
	return env->aux[env->insn_idx].jmp_point ? hist_push(env, 0, 0) : 0;
}

static int step(struct env *env)
{
	uint32_t insn_idx = env->insn_idx;
	int r, mr;

	env->aux[insn_idx].seen = true;
	env->arg_regno = 0;
	if (ENV_EXPLAINS && env->assume_cnt) {
		r = assume_before(env);
		if (r < 0)
			return r;
	}
	if (ENV_EXPLAINS && env->tales)
		tale_record(env);
	if (env->cur->speculative && env->aux[insn_idx].nospec)
		return STEP_PATH_ENDS;
	r = slotlive_step_begin(env, insn_idx);
	if (r < 0)
		return r;
	if (env->trace)
		env->trace->step(env);
	if (env->watch)
		env->watch->look(env->watch->ctx, env);
	r = ENV_EXPLAINS && env->assume_cnt ? assume_step(env) : step_insn(env);
	if (r >= 0 || spec_may_end_path(env, r)) {
		mr = slotlive_step_end(env);
		if (mr < 0)
			return mr;
	}
	if (r < 0 && spec_may_end_path(env, r)) {
		env->aux[insn_idx].nospec = true;
		env->aux[insn_idx].alu_state = 0;
		verdict_forgive(env);
		return STEP_PATH_ENDS;
	}
	/* After a store whose result no guess may see stands a barrier: guesses end there. */
	if (r == 0 && env->cur->speculative && env->beh->spec_ends_path &&
	    env->aux[insn_idx].nospec_result)
		return STEP_PATH_ENDS;
	return r;
}

static int path_ends(struct env *env)
{
	int r = slotlive_update(env);

	return r < 0 ? r : checkpoint_path_done(env, env->cur);
}

static int walk(struct env *env)
{
	uint32_t at;
	int r;

	for (;;) {
		at = env->insn_idx;
		r = arrive(env);
		if (r == 0) {
			r = step(env);
			env->prev_insn_idx = at;
		}
		if (r < 0)
			return r;
		if (r != STEP_PATH_ENDS)
			continue;
		r = path_ends(env);
		if (r < 0)
			return r;
		if (!pending_pop(env))
			return 0;
		slotlive_leave_instance(env);
	}
}

/* ---- roots: main and global functions --------------------------------------------------------------- */

static int explore_function(struct env *env, uint32_t subprog, bool may_sleep)
{
	struct state *st = state_new(env, 1);
	struct frame *f = frame_new(env, 0, subprog, -1);
	int r;

	if (!st || !f)
		return verdict_nomem(env);
	st->l[0].f = f;
	st->branches = 1;
	st->first_insn_idx = env->subprogs[subprog].start;
	st->last_insn_idx = UINT32_MAX;
	st->in_sleepable = may_sleep;
	env->cur = st;
	env->insn_idx = env->subprogs[subprog].start;
	env->prev_insn_idx = UINT32_MAX;
	slotlive_leave_instance(env);
	r = call_enter_root(env, subprog);
	if (r >= 0 && !subprog)
		r = btfctx_acquire_args(env);
	if (env->trace)
		env->trace->enter(env, subprog);
	if (r >= 0)
		r = walk(env);
	if (r >= 0)
		checkpoint_forget_all(env);
	if (r >= 0 && env->trace)
		env->trace->leave(env, subprog);
	return r;
}

static int explore_globals(struct env *env)
{
	bool again = true, by_context = env->beh->globals_by_context;
	uint32_t i;
	int r;

	if (env->exception_subprog)
		env->subprogs[env->exception_subprog].called[by_context && env->sleepable] = true;
	while (again) {
		again = false;
		for (i = 2; i < 2 * env->subprog_cnt; i++) {
			struct subprog *sub = &env->subprogs[i / 2];

			if (!sub->is_global || sub->verified_in[i % 2] || (i % 2 && !by_context) ||
			    (!sub->called[i % 2] && !env->beh->globals_first))
				continue;
			r = explore_function(env, i / 2, by_context ? i % 2 : env->sleepable);
			if (r < 0)
				return r;
			sub->verified_in[i % 2] = true;
			again = true;
		}
	}
	return 0;
}

int explore_program(struct env *env)
{
	int r;

	env->idmap = pool_zalloc(env, sizeof(struct idmap));
	if (!env->idmap)
		return verdict_nomem(env);
	env->start_ns = thread_ns();
	if (env->record)
		tale_begin(env, TALE_BYTES_MAX);
	assume_begin(env);
	if (env->trace)
		env->trace->begin(env);
	r = slotlive_init(env);
	if (r >= 0)
		r = backedge_init(env);
	if (r >= 0 && env->beh->globals_first)
		r = explore_globals(env);
	if (r >= 0)
		r = explore_function(env, 0, env->sleepable);
	if (r >= 0 && !env->beh->globals_first)
		r = explore_globals(env);
	if (r >= 0)	/* a refused path is kept: it can be asked why */
		env->cur = NULL;
	return r;
}
