/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's door: makes an env, runs the passes in the kernel's order, and turns how they ended
 * into a result. Promises an answer for any input, and that nothing outlives it but the result.
 */
#include "verifier/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/btfprog.h"
#include "verifier/call/helper.h"
#include "verifier/mend.h"
#include "verifier/pass/attach.h"
#include "verifier/pass/cfg.h"
#include "verifier/pass/depth.h"
#include "verifier/pass/fastcall.h"
#include "verifier/pass/kfuncs.h"
#include "verifier/pass/live.h"
#include "verifier/pass/load.h"
#include "verifier/pass/precheck.h"
#include "verifier/pass/scc.h"
#include "verifier/pass/subprog.h"
#include "verifier/request.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"
#include "verifier/tell/trace.h"
#include "verifier/tell/why.h"
#include "verifier/walk/explore.h"
#include "verifier/walk/step_mem.h"

#ifndef BPF_F_STRICT_ALIGNMENT
#define BPF_F_STRICT_ALIGNMENT (1u << 0)
#endif
#define FLAG_ANY_ALIGNMENT	(1u << 1)
#define FLAG_TEST_STATE_FREQ	(1u << 3)
#define FLAG_SLEEPABLE		(1u << 4)
#define FLAG_TEST_INVARIANTS	(1u << 7)

uint64_t request_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void set_rules(struct env *env)
{
	const struct bgv_program *p = env->prog;
	uint32_t caps = p->caps;

	if (caps & BGV_CAP_SYS_ADMIN)	/* stands for the finer ones, as in the kernel */
		caps |= BGV_CAP_BPF | BGV_CAP_PERFMON | BGV_CAP_NET_ADMIN;
	if (p->mode == BGV_MODE_NO_PERFMON)
		caps &= ~BGV_CAP_PERFMON;
	env->cap_bpf = caps & BGV_CAP_BPF;
	env->leak_rules = p->mode == BGV_MODE_LEAK_RULES;
	/* What it unlocks gives the kernel away: of all that only the loops and the CPU's guesses are granted. */
	env->cap_perfmon = (caps & BGV_CAP_PERFMON) && !env->leak_rules;
	env->cap_net_admin = caps & BGV_CAP_NET_ADMIN;
	env->cap_sys_admin = caps & BGV_CAP_SYS_ADMIN;
	env->allow_ptr_leaks = env->cap_perfmon;
	env->allow_uninit_stack = env->cap_perfmon;
	env->bypass_spec_v1 = (caps & BGV_CAP_PERFMON) || (env->target->flags & BGV_TARGET_MITIGATIONS_OFF);
	env->bypass_spec_v4 = env->bypass_spec_v1;
	env->strict_alignment = (p->prog_flags & BPF_F_STRICT_ALIGNMENT) &&
				!(p->prog_flags & FLAG_ANY_ALIGNMENT);
	env->test_state_freq = env->cap_bpf && (p->prog_flags & FLAG_TEST_STATE_FREQ);
	env->test_reg_invariants = p->prog_flags & FLAG_TEST_INVARIANTS;
	env->sleepable = p->prog_flags & FLAG_SLEEPABLE;
	env->prog_type = p->prog_type;
	env->attach_type = p->expected_attach_type;
}

/* Where the order of the passes differs between kernels, one of two places is empty. */
static int attach_early(struct env *env)
{
	return env->beh->attach_before_maps ? attach_check(env) : 0;
}

static int attach_late(struct env *env)
{
	return env->beh->attach_before_maps ? 0 : attach_check(env);
}

static int run_passes(struct env *env)
{
	static int (*const passes[])(struct env *) = {
		btfprog_check_early, subprog_find_all, subprog_check_bounds, btfprog_check,
		attach_early, load_resolve_ldimm64, cfg_check, attach_late, scc_compute,
		live_compute, fastcall_mark, explore_program, depth_check, step_check_rewrites,
		helper_check_tail_calls, kfunc_check_missing, subprog_check_removed,
	};
	int r = env->target->known_machine ? precheck_load(env)
					   : verdict_unsupported(env, "kernels of this architecture");
	size_t i;

	if (r >= 0)
		r = load_copy_program(env);
	for (i = 0; i < ARRAY_CNT(passes) && r >= 0; i++)
		r = passes[i](env);
	return r;
}

static void fill_stats(const struct env *env, struct bgv_stats *stats)
{
	uint32_t i;

	stats->insn_processed = env->insn_processed;
	stats->total_states = env->total_states;
	stats->peak_states = env->peak_states;
	stats->max_states_per_insn = env->max_states_per_insn;
	stats->peak_bytes = pool_peak_bytes(env->pool);
	for (i = 0; i < 8 && i < env->subprog_cnt; i++)
		stats->stack_depth[i] = env->subprogs[i].stack_depth;
}

/* What a program attaches to was loaded before: that must be our verdict, too. */
static int verify_other(struct env *env, const struct bgv_program *other, const struct env_watch *watch)
{
	const struct bgv_options opt = { .limits = env->opt->limits };
	struct bgv_result res;
	int r = 0;

	if (api_verify_watched(env->target, other, &opt, watch, &res) < 0)
		return verdict_nomem(env);
	if (res.verdict != BGV_ACCEPT)
		r = verdict_unsupported(env, "the program to attach to is not loaded by our rules: %.120s",
					res.message);
	bgv_result_done(&res);
	return r;
}

static int verify(const struct request *q, struct pool *pool, struct bgv_result *res,
		  bool *ret_callback_once)
{
	struct env *env = pool_take(pool, sizeof(*env));
	uint64_t start = request_now_ns();
	int r;

	if (!env)
		return -ENOMEM;
	memset(env, 0, sizeof(*env));
	env->pool = pool;
	env->watch = q->watch;
	env->verify_other = verify_other;
	env->target = q->target;
	env->beh = q->beh;
	env->lim = &q->target->limits;
	env->prog = q->prog;
	env->opt = q->opt;
	env->result = res;
	set_rules(env);
	env->record = q->record;
	if (q->trace)
		trace_begin(env, q->opt->log_level);
	env->assumes = q->assumes;
	env->assume_cnt = q->assume_cnt;
	env->propose = q->ret_propose;
	r = run_passes(env);
	if (r >= 0 && !res->verdict)
		res->verdict = BGV_ACCEPT;
	if (!res->verdict) {	/* a way out that forgot to say why */
		env->cur = NULL;
		verdict_unsupported(env, "internal: no reason for %d", r);
	}
	if (q->watch && q->watch->done)
		q->watch->done(q->watch->ctx);
	if (q->record && res->verdict == BGV_REJECT) {
		why_record(env);
		if (q->ret_comes_of_it)
			*q->ret_comes_of_it = env->comes_of_it;
	}
	if (env->subprogs)
		fill_stats(env, &res->stats);
	res->stats.time_ns = request_now_ns() - start;
	res->log = verdict_take_log(env);
	trace_end(env);
	if (env->btfs)
		btf_env_done(env);
	*ret_callback_once = env->callback_once;
	return 0;
}

int request_verify(const struct request *q, struct bgv_result *ret_res, bool *ret_callback_once)
{
	struct pool *pool = pool_new(q->opt->limits.memory_bytes);
	struct bgv_result res = { .insn_idx = UINT32_MAX };
	int r;

	if (!pool)
		return -ENOMEM;
	r = verify(q, pool, &res, ret_callback_once);
	pool_free(pool);
	if (r >= 0)
		*ret_res = res;
	return r;
}

static bool wants_log(const struct bgv_options *opt, enum bgv_verdict verdict)
{
	if (!opt->log_bytes || !(opt->log_level & 3))
		return false;
	return verdict == BGV_REJECT || (verdict == BGV_ACCEPT && (opt->log_level & (2 | BGV_LOG_REFUSED_ONLY)) == 2);
}

/* What is refused is walked once more for its log, so that what is allowed costs nothing more. */
static void verify_for_log(const struct request *q, struct bgv_result *res)
{
	struct bgv_result traced;
	struct request again = *q;
	bool once;

	again.watch = NULL;
	again.trace = true;
	if (request_verify(&again, &traced, &once) < 0)
		return;
	if (traced.verdict == res->verdict && traced.insn_idx == res->insn_idx) {
		free(res->log);
		res->log = traced.log;
		traced.log = NULL;
	}
	bgv_result_done(&traced);
}

static int verify_alone(const struct request *q, struct bgv_result *ret_res, bool *ret_callback_once)
{
	uint64_t began_ns = request_now_ns();
	int r = request_verify(q, ret_res, ret_callback_once);

	if (r >= 0 && q->opt->explain && ret_res->verdict == BGV_REJECT)
		mend_explain(q, ret_res, began_ns);
	if (r >= 0 && wants_log(q->opt, ret_res->verdict))
		verify_for_log(q, ret_res);
	return r;
}

static void say_which_round(struct bgv_result *res)
{
	static const char why[] = " (in a later round of a callback, which this kernel does not look at)";
	size_t len = strlen(res->message);

	snprintf(res->message + len, sizeof(res->message) - len, "%s", why);
}

/*
 * 6.1 accepts after one round of a callback what may go wrong in the second. Ours asks again by the
 * rules of later kernels, and takes the answer when it is worse; the counts stay 6.1's.
 */
static int verify_callbacks(const struct request *q, struct bgv_result *res)
{
	struct behave beh = *q->beh;
	struct request again = *q;
	struct bgv_result second;
	bool once;
	int r;

	beh.callbacks_converge = true;
	again.beh = &beh;
	r = verify_alone(&again, &second, &once);
	if (r < 0)
		return r;
	second.stats.time_ns += res->stats.time_ns;
	res->stats.time_ns = second.stats.time_ns;
	if (second.verdict != BGV_ACCEPT) {
		bgv_result_done(res);
		*res = second;
		say_which_round(res);
	} else {
		bgv_result_done(&second);
	}
	return 0;
}

int api_verify_watched(const struct bgv_target *target, const struct bgv_program *prog,
		       const struct bgv_options *opt, const struct env_watch *watch,
		       struct bgv_result *ret_result)
{
	static const struct bgv_options none;
	const struct request q = { target, prog, opt ? opt : &none, watch, &target->behave, false };
	struct bgv_result res;
	bool once = false;
	int r = verify_alone(&q, &res, &once);

	if (r >= 0 && once && res.verdict == BGV_ACCEPT)
		r = verify_callbacks(&q, &res);
	if (r < 0)
		return r;
	*ret_result = res;
	return 0;
}

int bgv_verify(const struct bgv_target *target, const struct bgv_program *prog,
	       const struct bgv_options *opt, struct bgv_result *ret_result)
{
	return api_verify_watched(target, prog, opt, NULL, ret_result);
}

static void free_events(struct bgv_result *result)
{
	uint32_t i;

	for (i = 0; i < result->event_cnt; i++)
		free((void *)result->events[i].text);
	free(result->events);
	free(result->log);
}

void bgv_result_done(struct bgv_result *result)
{
	struct bgv_result *more, *next;

	if (!result)
		return;
	free_events(result);
	for (more = result->more; more; more = next) {
		next = more->more;
		free_events(more);
		free(more);
	}
	result->more = NULL;
	result->events = NULL;
	result->event_cnt = 0;
	result->log = NULL;
}

const char *bgv_verdict_name(enum bgv_verdict verdict)
{
	static const char *const names[] = { "none", "accept", "reject", "unsupported", "undecided" };

	return (size_t)verdict < ARRAY_CNT(names) ? names[verdict] : "?";
}
