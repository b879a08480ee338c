/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: states kept at prune points, looked up by later paths, aged and evicted. The rules
 * when to keep, compare and evict are the kernel's, for they decide how much is explored.
 */
#include "verifier/walk/checkpoint.h"

#include "verifier/kernel/insn.h"
#include "verifier/marks/backedge.h"
#include "verifier/marks/equal.h"
#include "verifier/marks/equal_old.h"
#include "verifier/marks/hist.h"
#include "verifier/marks/livemark.h"
#include "verifier/marks/loopentry.h"
#include "verifier/marks/precise.h"
#include "verifier/marks/slotlive.h"
#include "verifier/marks/stored.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

enum match { MATCH_MISS, MATCH_HIT, MATCH_LOOP_HIT };

/* ---- cleaning: what no continuation reads needs not be equal ------------------------------------ */

static int clean_state(struct env *env, struct state *st)
{
	uint64_t alive[ENV_FRAMES_MAX];
	uint32_t i;
	int r;

	st->cleaned = true;
	r = slotlive_query(env, st, alive);
	if (r < 0)
		return r;
	for (i = 0; i <= st->curframe; i++) {
		uint16_t live = env->aux[state_frame_insn(st, i)].live_regs;

		st->l[i].dead_r = (uint16_t)(~live & 0x3ff);
		st->l[i].dead_s = ~alive[i];
		if (env->beh->live_marks) {
			st->l[i].dead_r = (uint16_t)(~st->l[i].read_r & 0x3ff);
			st->l[i].dead_s = ~st->l[i].read_s;
		}
		st->l[i].prec_r &= (uint16_t)~st->l[i].dead_r;
		st->l[i].prec_s &= ~st->l[i].dead_s;
	}
	return 0;
}

static int clean_finished(struct env *env, uint32_t insn_idx)
{
	struct state *st;
	int r = 0;

	for (st = *stored_bucket(env, insn_idx, env->cur); st && r >= 0; st = st->next) {
		if (st->branches || st->cleaned || st->insn_idx != insn_idx ||
		    !stored_same_callsites(st, env->cur) || backedge_pending(env, st) ||
		    loopentry_is_open(st))
			continue;
		r = clean_state(env, st);
	}
	return r;
}

/* ---- matching ------------------------------------------------------------------------------------- */

static bool iter_is_active(const struct env *env)
{
	const struct reg *r = &env_regs(env)[1];
	int64_t off = r->off + (int64_t)r->v.tv;
	const struct slot *s;

	if (reg_base(r) != REG_STACK || off >= 0 || off < -512 || r->frame > env->cur->curframe)
		return false;
	s = frame_slot(env->cur->l[r->frame].f, (uint32_t)((-off - 1) / 8));
	return s->r.iter_state == ITER_ACTIVE;
}

static int loop_hit(struct env *env, struct state *old)
{
	if (env->beh->loop_entries)
		loopentry_update(env, env->cur, old);
	return MATCH_LOOP_HIT;
}

/* An unfinished old state cannot prune; it can prove that a loop converged, or never ends. */
static int match_unfinished(struct env *env, struct state *old, uint32_t insn_idx)
{
	struct state *cur = env->cur;
	const struct frame *of = old->l[old->curframe].f;

	if (of->in_async_callback && of->async_entry != env_top(env)->async_entry)
		return MATCH_MISS;
	if (env->aux[insn_idx].is_iter_next)
		return equal_states(env, old, cur, EXACT_RANGE) && iter_is_active(env)
			       ? loop_hit(env, old) : MATCH_MISS;
	if (insn_is_may_goto(&env->insns[insn_idx]) &&
	    old->may_goto_depth != cur->may_goto_depth &&
	    equal_states(env, old, cur, EXACT_RANGE))
		return loop_hit(env, old);
	if (env->aux[insn_idx].calls_callback && env->beh->callbacks_converge)
		return equal_states(env, old, cur, EXACT_RANGE) ? MATCH_HIT : MATCH_MISS;
	if (equal_maybe_looping(old, cur) && equal_states(env, old, cur, EXACT_FULLY) &&
	    !equal_iter_depths_differ(old, cur) &&
	    old->may_goto_depth == cur->may_goto_depth &&
	    old->callback_unroll_depth == cur->callback_unroll_depth)
		return verdict_reject(env, EINVAL, CODE_INFINITE_LOOP,
				      "infinite loop detected at insn %u", insn_idx);
	return MATCH_MISS;
}

static int match(struct env *env, struct state *old, uint32_t insn_idx)
{
	bool loop;

	if (old->branches)
		return match_unfinished(env, old, insn_idx);
	loop = backedge_pending(env, old) || loopentry_is_open(old);
	if (!equal_states(env, old, env->cur, loop ? EXACT_RANGE : EXACT_NOT))
		return MATCH_MISS;
	if (loop && env->beh->loop_entries)
		loopentry_update(env, env->cur, loopentry_get(old));
	return loop ? MATCH_LOOP_HIT : MATCH_HIT;
}

/* The old state's marks become ours; in a loop they may not be complete yet. */
static int take_over(struct env *env, struct state *old, bool loop)
{
	int r = 0;

	old->hit_cnt++;
	livemark_propagate(env, old, env->cur);
	if (env->aux[env->insn_idx].jmp_point)
		r = hist_push(env, 0, 0);
	if (r >= 0)
		r = precise_propagate(env, old, env->cur, NULL);
	if (r >= 0 && loop)
		r = backedge_add(env, old);
	return r < 0 ? r : 1;
}

/* ---- keeping --------------------------------------------------------------------------------------- */

/* A copy of the current state becomes its parent; the reference returned is the caller's. */
static struct state *split_state(struct env *env, uint32_t insn_idx)
{
	struct state *cur = env->cur, *st = state_copy(env, cur);
	uint32_t i;

	if (!st)
		return NULL;
	st->insn_idx = insn_idx;
	for (i = 0; i <= st->curframe; i++)	/* marks are a path's own, from here on afresh */
		st->l[i].prec_r = 0, st->l[i].prec_s = 0;
	st->refs++;		/* cur's, as its parent */
	state_put(env, cur->parent);
	cur->parent = st;
	cur->first_insn_idx = insn_idx;
	cur->dfs_depth = st->dfs_depth + 1;
	hist_put(env, cur->hist);
	cur->hist = NULL;
	cur->hist_cnt = 0;
	livemark_checkpoint(env, cur);
	return st;
}

static int keep_state(struct env *env, uint32_t insn_idx)
{
	struct state **bucket = stored_bucket(env, insn_idx, env->cur), *st;

	env->total_states++;
	env->prev_jmps_processed = env->jmps_processed;
	env->prev_insn_processed = env->insn_processed;
	st = split_state(env, insn_idx);
	if (!st)
		return verdict_nomem(env);
	st->next = *bucket;
	*bucket = st;		/* the list's reference */
	st->on_list = st->kept = true;
	if (++env->kept_states > env->peak_states)
		env->peak_states = env->kept_states;
	return backedge_enter(env, st);
}

int checkpoint_for_watch(struct env *env)
{
	struct state *st = split_state(env, env->insn_idx);

	if (!st)
		return verdict_nomem(env);
	state_put(env, st);
	return 0;
}

static void evict(struct env *env, struct state **link)
{
	struct state *st = *link;

	*link = st->next;
	st->next = NULL;
	st->on_list = false;
	state_put(env, st);
}

/* 6.1 asks this of BPF_F_TEST_STATE_FREQ, too. */
static bool too_early_in_loop(const struct env *env, bool force)
{
	return (!force || env->beh->prune_old) && env->jmps_processed - env->prev_jmps_processed < 20 &&
	       env->insn_processed - env->prev_insn_processed < 100;
}

int checkpoint_visit(struct env *env)
{
	uint32_t insn_idx = env->insn_idx, states = 0, n;
	struct state *cur = env->cur, **link, *old;
	bool force = env->test_state_freq || env->aux[insn_idx].force_checkpoint ||
		     cur->hist_cnt > env->lim->history;
	bool add = force || (env->jmps_processed - env->prev_jmps_processed >= 2 &&
			     env->insn_processed - env->prev_insn_processed >= 8);
	int r = clean_finished(env, insn_idx);

	if (r < 0)
		return r;
	for (link = stored_bucket(env, insn_idx, cur); (old = *link);) {
		states++;
		if (old->insn_idx != insn_idx) {
			link = &old->next;
			continue;
		}
		r = match(env, old, insn_idx);
		if (r < 0)
			return r;
		if (r != MATCH_MISS)
			return take_over(env, old, r == MATCH_LOOP_HIT);
		if (old->branches && too_early_in_loop(env, force))
			add = false;
		if (add)
			old->miss_cnt++;
		n = env->aux[insn_idx].force_checkpoint && old->branches ? 64 : 3;
		if (old->miss_cnt > old->hit_cnt * n + n)
			evict(env, link);
		else
			link = &old->next;
	}
	if (env->max_states_per_insn < states)
		env->max_states_per_insn = states;
	if ((!env->cap_bpf && states > env->lim->states_unpriv) || !add)
		return 0;
	return keep_state(env, insn_idx);
}

int checkpoint_path_done(struct env *env, struct state *st)
{
	int r = 0;

	for (; st && r >= 0; st = st->parent) {
		st->branches--;
		if (!st->branches && st->parent && st->loop_entry)
			loopentry_update(env, st->parent, st->loop_entry);
		if (st->branches)
			break;
		r = backedge_exit(env, st);
	}
	return r;
}

void checkpoint_forget_all(struct env *env)
{
	uint32_t i;

	for (i = 0; i < env->insn_cnt; i++)
		while (env->explored[i])
			evict(env, &env->explored[i]);
}
