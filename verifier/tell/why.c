/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a program was rejected, in words that hold by what the verifier knew on the refused path: the value it
 * stumbled over, where that was made, what tests told of it, what took the knowledge away, and which test looks
 * as if it counted. The steps were recorded in a second walk (tale.h); without them the history gives the path.
 */
#include "verifier/tell/why.h"

#include "verifier/kernel/insn.h"
#include "verifier/marks/precise.h"
#include "verifier/state/pool.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why_life.h"
#include "verifier/tell/why_mend.h"
#include "verifier/tell/why_tell.h"
#include "verifier/tell/why_text.h"

#define PATH_MAX_INSNS	65536u
#define BRANCHES_MAX	24u	/* beyond are the oldest, and told least */

/* Instructions of the path, the refused one first. */
struct path {
	uint32_t *idx;
	uint32_t cnt;
};

const char *why_kind_name(uint32_t kind)
{
	static const char *const names[WHY_KIND_CNT] = {
		"needed", "proved", "lost", "branch", "call", "tested", "missed", "cost",
		"created", "acquired", "released", "entered", "left", "copied", "spilled", "widened", "way",
		"narrowed",
	};

	return kind < WHY_KIND_CNT ? names[kind] : "?";
}

/* ---- the path ---------------------------------------------------------------------------------- */

static void path_of_tale(const struct why *w, struct path *path)
{
	const struct tale *t;

	for (t = w->now; t && path->cnt < PATH_MAX_INSNS; t = t->older)
		path->idx[path->cnt++] = t->insn_idx;
}

static void path_of_history(struct env *env, struct path *path)
{
	const struct state *st = env->cur;
	const struct hist *h = st->hist;
	uint32_t cnt = st->hist_cnt;
	int64_t i = env->insn_idx;

	while (path->cnt < PATH_MAX_INSNS && i >= 0 && i < env->insn_cnt) {
		if (env->insns[i].code)
			path->idx[path->cnt++] = (uint32_t)i;
		i = precise_prev_insn(st, (uint32_t)i, &h, &cnt);
		while (i == -ENOENT && (st = st->parent)) {
			h = st->hist;
			cnt = st->hist_cnt;
			i = st->last_insn_idx == UINT32_MAX ? -1 : (int64_t)st->last_insn_idx;
		}
	}
}

static bool is_conditional(const struct bpf_insn *i)
{
	return insn_is_jmp_class(i) && BPF_OP(i->code) != BPF_CALL && BPF_OP(i->code) != BPF_EXIT &&
	       BPF_OP(i->code) != BPF_JA;
}

/* The newest jumps of the path, oldest first. */
static void tell_branches(struct why *w, const struct path *path)
{
	uint32_t from[BRANCHES_MAX], cnt = 0, k;
	bool taken;

	for (k = 1; k < path->cnt && cnt < BRANCHES_MAX; k++)
		if (is_conditional(&w->env->insns[path->idx[k]]))
			from[cnt++] = k;
	while (cnt--) {
		k = from[cnt];
		taken = path->idx[k - 1] != path->idx[k] + 1;
		why_event(w, WHY_BRANCH, path->idx[k], -1, taken ? "taken" : "not taken");
		why_event_numbers(w, taken, 0);
	}
}

static void tell_path(struct why *w, struct path *ret_path)
{
	ret_path->idx = pool_calloc(w->env, PATH_MAX_INSNS, sizeof(uint32_t));
	if (!ret_path->idx)
		return;
	if (w->now)
		path_of_tale(w, ret_path);
	else
		path_of_history(w->env, ret_path);
	tell_branches(w, ret_path);
}

/* How many steps before the refusal the path was there last; what is not on it comes first. */
static uint32_t steps_ago(const struct path *path, const struct bgv_event *ev)
{
	uint32_t k;

	for (k = 0; k < path->cnt && path->idx[k] != ev->insn_idx; k++)
		;
	return ev->kind == WHY_NEEDED ? 0 : k;
}

/* After the jumps the other events, in the order of the path. */
static void order_events(struct why *w, const struct path *path)
{
	struct bgv_result *res = w->env->result;
	struct bgv_event ev;
	uint32_t first, i, k;

	for (first = 0; first < res->event_cnt && res->events[first].kind == WHY_BRANCH; first++)
		;
	for (i = first + 1; i < res->event_cnt; i++) {
		ev = res->events[i];
		for (k = i; k > first && steps_ago(path, &res->events[k - 1]) < steps_ago(path, &ev); k--)
			res->events[k] = res->events[k - 1];
		res->events[k] = ev;
	}
}

/* ---- what it is about -------------------------------------------------------------------------- */

/* The register whose value the refused instruction stumbled over; -1: none in particular. */
static int32_t blamed_reg(const struct env *env)
{
	const struct bpf_insn *i = &env->insns[env->insn_idx];

	if (env->need.set)
		return (int32_t)env->need.regno;
	switch (BPF_CLASS(i->code)) {
	case BPF_LDX:
		return i->src_reg;
	case BPF_STX:
		if (BPF_MODE(i->code) == BPF_ATOMIC && i->imm == INSN_LOAD_ACQ)
			return i->src_reg;
		return i->dst_reg;
	case BPF_ST:
	case BPF_ALU:
	case BPF_ALU64:
		return i->dst_reg;
	case BPF_JMP:
	case BPF_JMP32:
		if (BPF_OP(i->code) == BPF_CALL)
			return env->arg_regno ? (int32_t)env->arg_regno : -1;
		return BPF_OP(i->code) == BPF_EXIT ? 0 : -1;
	default:
		return -1;
	}
}

/* The newest step is that of the refused instruction, unless the walk ended between two. */
static const struct tale *refused_step(const struct env *env)
{
	const struct tale *t = env->cur->tale;

	if (!env->tales || env->tales->lost || !t || t->insn_idx != env->result->insn_idx)
		return NULL;
	return t;
}

static void take_stock(struct why *w)
{
	w->regno = blamed_reg(w->env);
	if (w->regno >= ENV_REGS)	/* the instruction names a register that does not exist */
		w->regno = -1;
	w->now = refused_step(w->env);
	if (w->now && w->regno >= 0)
		origin_find(w->env, w->now, (uint32_t)w->regno, &w->origin);
}

/* Is it the shadow of what was assumed of a problem before it? */
static void note_what_it_comes_of(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	uint32_t regno;

	if (!w->now || !w->env->assume_cnt)
		return;
	if (w->regno >= 0) {
		w->env->comes_of_it = why_is_assumed(w->env, w->now, (uint32_t)w->regno);
		return;
	}
	for (regno = BPF_REG_1; insn_is_call(i) && regno <= BPF_REG_5; regno++)
		w->env->comes_of_it |= why_is_assumed(w->env, w->now, regno);
}

/* Where no way out is known the rest of the program may have problems of its own: as if this step were not there. */
static void go_on(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	struct proposals *all = w->env->propose;
	struct proposal *p;

	if (!w->now || !all || w->cls == DIAG_OBJECT || (insn_is_jmp_class(i) && BPF_OP(i->code) != BPF_CALL) || !why_may_be_left_out(w, w->now))
		return;
	p = why_propose_other(w, "%s", "");
	if (!p)
		return;
	p->goes_on = true;
	why_propose_also(w, ASSUME_SKIPPED, w->env->insn_idx, 0, 0, 0);
}

void why_record(struct env *env)
{
	const struct diag *diag = diag_find(env->result->code);
	struct why w = { .env = env, .view = srcline_view(env->prog), .regno = -1,
			 .cls = diag ? diag->cls : DIAG_SOURCE };
	struct path path = { 0 };

	if (env->cur) {
		take_stock(&w);
		tell_path(&w, &path);
	}
	why_tell(&w);
	why_tell_life(&w);
	order_events(&w, &path);
	note_what_it_comes_of(&w);
	go_on(&w);
	if (diag)
		why_cause(&w, "%s (%s)", diag->meaning, env->result->message);
	if (diag && diag->way_out)
		why_way_out(&w, "%s", diag->way_out);
	env->result->class_name = diag_class_name(w.cls);
	btf_view_free(w.view);
}
