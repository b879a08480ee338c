/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks that are too long, that never end, and call chains that need too much stack: where the
 * steps went, by source line; which loop; why its states did not merge; which functions the stack
 * is of.
 */
#include "verifier/tell/why_cost.h"

#include <stdio.h>
#include <string.h>

#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/pool.h"
#include "verifier/state/state.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"
#include "verifier/walk/tale.h"
#include "verifier/state/jumptab.h"

#define COST_LINES	 3u
#define STATES_LOOKED_AT 64u /* newest ones of one place: enough to see what differs */

/* ---- where the steps went -------------------------------------------------------------------- */

/* Steps of all instructions of the line that the instruction is of; without lines its own. */
static uint64_t steps_of_line(const struct why *w, const uint32_t *lines, uint32_t insn_idx)
{
	const uint32_t *visits = w->env->tales->visits;
	uint64_t steps = 0;
	uint32_t i;

	if (!lines[insn_idx])
		return visits[insn_idx];
	for (i = 0; i < w->env->insn_cnt; i++)
		if (lines[i] == lines[insn_idx])
			steps += visits[i];
	return steps;
}

/* The instruction stepped most, of those whose line was not told yet; UINT32_MAX: none. */
static uint32_t dearest(const struct env *env, const bool *told)
{
	const uint32_t *visits = env->tales->visits;
	uint32_t i, best = UINT32_MAX;

	for (i = 0; i < env->insn_cnt; i++)
		if (!told[i] && visits[i] > 1 && (best == UINT32_MAX || visits[i] > visits[best]))
			best = i;
	return best;
}

static void tell_lines(struct why *w, const uint32_t *lines)
{
	const struct env *env = w->env;
	uint32_t i, k, best;
	bool *told = pool_calloc(w->env, env->insn_cnt, sizeof(*told));
	uint64_t cost;

	if (!told)
		return;
	for (k = 0; k < COST_LINES; k++) {
		best = dearest(env, told);
		if (best == UINT32_MAX)
			return;
		cost = steps_of_line(w, lines, best);
		why_event(w, WHY_COST, best, -1,
			  "stepped %u times: %llu steps on this line, %llu%% of all",
			  env->tales->visits[best], (unsigned long long)cost,
			  (unsigned long long)(cost * 100 /
					       (env->insn_processed ? env->insn_processed : 1)));
		why_event_numbers(w, (int64_t)cost, 0);
		for (i = 0; i < env->insn_cnt; i++)
			told[i] |= i == best || (lines[i] && lines[i] == lines[best]);
	}
}

/* ---- the loop -------------------------------------------------------------------------------- */

struct loop {
	uint32_t scc, first_line, last_line;
	uint32_t head; /* where its rounds were compared last; UINT32_MAX: nowhere */
	uint64_t steps;
};

/* The loop that was stepped most, and where its rounds are compared. */
static bool find_loop(const struct why *w, const uint32_t *lines, struct loop *ret_loop)
{
	const struct env *env = w->env;
	const uint32_t *visits = env->tales->visits;
	struct loop loop = { .head = UINT32_MAX };
	uint32_t i, best = UINT32_MAX, line;
	const struct state *st;

	for (i = 0; i < env->insn_cnt; i++)
		if (env->aux[i].scc && (best == UINT32_MAX || visits[i] > visits[best]))
			best = i;
	if (best == UINT32_MAX || visits[best] < 2)
		return false;
	loop.scc = env->aux[best].scc;
	for (i = 0; i < env->insn_cnt; i++) {
		if (env->aux[i].scc != loop.scc)
			continue;
		loop.steps += visits[i];
		line = lines[i];
		if (line && (!loop.first_line || line < loop.first_line))
			loop.first_line = line;
		if (line > loop.last_line)
			loop.last_line = line;
	}
	for (st = env->cur->parent; st && loop.head == UINT32_MAX; st = st->parent)
		if (st->insn_idx < env->insn_cnt && env->aux[st->insn_idx].scc == loop.scc)
			loop.head = st->insn_idx;
	*ret_loop = loop;
	return true;
}

static const char *loop_name(const struct loop *loop, char buf[WHY_NAME_BYTES])
{
	if (!loop->first_line)
		snprintf(buf, WHY_NAME_BYTES, "the loop at instruction %u",
			 loop->head == UINT32_MAX ? 0 : loop->head);
	else if (loop->first_line == loop->last_line)
		snprintf(buf, WHY_NAME_BYTES, "the loop on line %u", loop->first_line);
	else
		snprintf(buf, WHY_NAME_BYTES, "the loop on lines %u to %u", loop->first_line,
			 loop->last_line);
	return buf;
}

/* States kept at the loop's head on the path, of one function's own frame; newest first. */
static uint32_t states_of(const struct env *env, uint32_t head,
			  const struct state *ret_states[STATES_LOOKED_AT])
{
	const struct state *st;
	uint32_t cnt = 0;

	for (st = env->cur->parent; st && cnt < STATES_LOOKED_AT; st = st->parent)
		if (st->insn_idx == head && (!cnt || st->curframe == ret_states[0]->curframe))
			ret_states[cnt++] = st;
	return cnt;
}

/* How many of the states hold another value in that register than the state before. */
static uint32_t count_differing(const struct state *const *states, uint32_t cnt, uint32_t regno)
{
	const struct reg *a, *b;
	uint32_t i, differ = 0;

	for (i = 1; i < cnt; i++) {
		a = &states[i - 1]->l[states[i - 1]->curframe].f->r[regno];
		b = &states[i]->l[states[i]->curframe].f->r[regno];
		differ += a->type != b->type || memcmp(&a->v, &b->v, sizeof(a->v)) != 0;
	}
	return differ;
}

/* Is it said differently of the two newest rounds? Bounds of no consequence may differ, too. */
static bool is_told_apart(const struct why *w, const struct state *const *states, uint32_t regno)
{
	char a[WHY_NAME_BYTES], b[WHY_NAME_BYTES];

	why_describe(w, &states[1]->l[states[1]->curframe].f->r[regno], a);
	return strcmp(a, why_describe(w, &states[0]->l[states[0]->curframe].f->r[regno], b)) != 0;
}

/* The register that keeps the states apart; -1: none of them. */
static int32_t find_differing(const struct why *w, uint32_t head, const struct state *const *states, uint32_t cnt)
{
	const struct env *env = w->env;
	uint32_t regno, differ, most = 0;
	int32_t best = -1;

	for (regno = 0; regno < ENV_REGS - 1; regno++) {
		if (env->aux[head].live_regs && !(env->aux[head].live_regs & (1u << regno)))
			continue;
		differ = is_told_apart(w, states, regno) ? count_differing(states, cnt, regno) : 0;
		if (differ > most) {
			most = differ;
			best = (int32_t)regno;
		}
	}
	return best;
}

/* The same of the stack: the slot's place below r10; 0: none. */
static int32_t find_differing_slot(const struct state *const *states, uint32_t cnt)
{
	const struct slot *a, *b;
	uint32_t i, spi, differ, most = 0;
	int32_t best = 0;

	for (spi = 0; spi < ENV_SLOTS; spi++) {
		for (differ = 0, i = 1; i < cnt; i++) {
			a = frame_slot(states[i - 1]->l[states[i - 1]->curframe].f, spi);
			b = frame_slot(states[i]->l[states[i]->curframe].f, spi);
			differ += a->byte[7] == SLOT_SPILL && b->byte[7] == SLOT_SPILL &&
				  memcmp(&a->r.v, &b->r.v, sizeof(a->r.v)) != 0;
		}
		if (differ > most) {
			most = differ;
			best = -(int32_t)(8 * (spi + 1));
		}
	}
	return best;
}

static const char *slot_name(const struct why *w, uint32_t insn_idx, int32_t off,
			     char buf[WHY_NAME_BYTES])
{
	const struct bgv_options *opt = w->env->opt;
	struct bgv_stack_name v = { 0 };

	if (opt->stack_name_of && opt->stack_name_of(opt->name_ctx, insn_idx, off, &v))
		snprintf(buf, WHY_NAME_BYTES, "`%.90s`", *v.path ? v.path : v.variable);
	else
		snprintf(buf, WHY_NAME_BYTES, "the stack at r10%d", off);
	return buf;
}

/* Why the rounds did not become one. Into buf: "`i` is another number each round"; "" when it is
 * not known. */
static const char *tell_apart(struct why *w, const struct loop *loop, char buf[WHY_NAME_BYTES])
{
	const struct state *states[STATES_LOOKED_AT];
	uint32_t cnt = states_of(w->env, loop->head, states);
	char name[WHY_NAME_BYTES], a[WHY_NAME_BYTES], b[WHY_NAME_BYTES];
	int32_t regno, off;

	*buf = 0;
	if (cnt < 2)
		return buf;
	regno = find_differing(w, loop->head, states, cnt);
	off = regno < 0 ? find_differing_slot(states, cnt) : 0;
	if (regno < 0 && !off)
		return buf;
	if (off) {
		snprintf(buf, WHY_NAME_BYTES, "%.60s differs in each",
			 slot_name(w, loop->head, off, name));
		why_event(w, WHY_MISSED, loop->head, -1, "the rounds do not become one: %s", buf);
		return buf;
	}
	why_describe(w, &states[1]->l[states[1]->curframe].f->r[regno], a);
	why_describe(w, &states[0]->l[states[0]->curframe].f->r[regno], b);
	snprintf(buf, WHY_NAME_BYTES, "%.60s differs in each",
		 why_name(w, loop->head, (uint32_t)regno, name));
	why_event(w, WHY_MISSED, loop->head, regno,
		  "the rounds do not become one: %s (%.50s, then %.50s)", buf, a, b);
	return buf;
}

static bool is_condition(const struct bpf_insn *i)
{
	return insn_is_jmp_class(i) && BPF_OP(i->code) != BPF_CALL && BPF_OP(i->code) != BPF_EXIT &&
	       BPF_OP(i->code) != BPF_JA;
}

static bool leads_out(const struct env *env, uint32_t at, uint32_t scc)
{
	uint32_t buf[2], i, cnt;
	const uint32_t *succ = jumptab_successors(env, at, buf, &cnt);

	for (i = 0; i < cnt; i++)
		if (succ[i] < env->insn_cnt && env->aux[succ[i]].scc != scc)
			return true;
	return false;
}

/* What one side of a test is where the walk was given up: "`n`, 1 to 4294967295". */
static const char *side_of_test(const struct why *w, uint32_t at, uint32_t regno,
				char buf[2 * WHY_NAME_BYTES])
{
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES];

	snprintf(buf, 2 * (size_t)WHY_NAME_BYTES, "%.60s, %.80s", why_name(w, at, regno, name),
		 why_describe(w, &env_regs(w->env)[regno], what));
	return buf;
}

/* The tests that the loop can be left by, with what they compare as it is where the walk was given
 * up. */
static void tell_exits(struct why *w, const struct loop *loop)
{
	char left[2 * WHY_NAME_BYTES], right[2 * WHY_NAME_BYTES];
	const struct env *env = w->env;
	const struct bpf_insn *i;
	uint32_t at, told = 0;

	for (at = 0; at < env->insn_cnt && told < COST_LINES; at++) {
		i = &env->insns[at];
		if (env->aux[at].scc != loop->scc || !is_condition(i) || insn_is_may_goto(i) ||
		    !leads_out(env, at, loop->scc) ||
		    subprog_containing(env, at) != env_top(env)->subprog)
			continue;
		told++;
		side_of_test(w, at, i->dst_reg, left);
		if (BPF_SRC(i->code) == BPF_X)
			why_event(w, WHY_TESTED, at, i->dst_reg,
				  "a way out of the loop: %.90s, against %.90s", left,
				  side_of_test(w, at, i->src_reg, right));
		else
			why_event(w, WHY_TESTED, at, i->dst_reg,
				  "a way out of the loop: %.100s, against %d", left, i->imm);
	}
}

static void tell_no_loop(struct why *w)
{
	why_cause(
		w,
		"verifying takes more than %u steps: the branches multiply the ways through the program",
		w->env->insn_processed ? w->env->insn_processed - 1 : 0);
	why_way_out(w, "move parts into global functions, which are verified once each");
}

void why_tell_cost(struct why *w)
{
	const struct env *env = w->env;
	char name[WHY_NAME_BYTES], apart[WHY_NAME_BYTES] = "";
	struct loop loop;
	uint32_t *lines;

	w->regno = -1;
	w->here = "the walk was given up here";
	if (!env->tales || !env->tales->visits)
		return;
	lines = pool_calloc(w->env, env->insn_cnt, sizeof(*lines));
	if (!lines)
		return;
	srcline_numbers(env->prog, w->view, env->insn_cnt, lines);
	tell_lines(w, lines);
	if (!find_loop(w, lines, &loop)) {
		tell_no_loop(w);
		return;
	}
	loop_name(&loop, name);
	tell_exits(w, &loop);
	if (loop.head != UINT32_MAX)
		tell_apart(w, &loop, apart);
	why_cause(w, "%s takes %llu of %u steps (%llu%%), and still does not end%s%.60s", name,
		  (unsigned long long)loop.steps, env->insn_processed,
		  (unsigned long long)(loop.steps * 100 /
				       (env->insn_processed ? env->insn_processed : 1)),
		  *apart ? ": its rounds do not become one, for " : "", apart);
	why_way_out(
		w,
		"bound the loop by fewer rounds, or let bpf_loop() (from 5.17) or bpf_for() (6.4) count them: then rounds become one");
}

/* ---- loops that never end -------------------------------------------------------------------- */

/* The tests of the round that just ended: what they look at is the same as a round ago. */
static uint32_t tell_round(struct why *w, const struct tale *last, uint32_t head)
{
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES];
	const struct bpf_insn *i;
	const struct tale *t;
	uint32_t told = 0;

	for (t = last; t && t->insn_idx != head && told < COST_LINES; t = tale_before(t)) {
		i = &w->env->insns[t->insn_idx];
		if (!is_condition(i))
			continue;
		why_event(w, WHY_TESTED, t->insn_idx, i->dst_reg,
			  "%s is the same in each round: %s",
			  why_name(w, t->insn_idx, i->dst_reg, name),
			  why_describe(w, t->r[i->dst_reg], what));
		if (!told++)
			why_cause(
				w,
				"the loop never ends: %.60s, which decides whether it goes on, is %.60s in each round",
				name, what);
	}
	return told;
}

void why_tell_loop(struct why *w)
{
	const struct tale *last = w->env->cur->tale;
	char place[WHY_NAME_BYTES];

	w->regno = -1;
	w->told_need = true;
	why_event(w, WHY_NEEDED, w->env->result->insn_idx, -1,
		  "the way comes back to here with nothing changed");
	if (last && !tell_round(w, last, w->env->result->insn_idx))
		why_cause(w, "the loop on %.30s never ends: it has no condition, and nothing in it leaves it",
			  why_place(w, w->env->result->insn_idx, place));
	why_way_out(w, "change what the loop's condition looks at in each round");
}

/* ---- call chains ----------------------------------------------------------------------------- */

static const char *function_name(const struct why *w, uint32_t subprog)
{
	const char *name = w->env->subprogs[subprog].name;

	return name && *name ? name : subprog ? "a function" : "the program";
}

void why_tell_depth(struct why *w)
{
	const struct env *env = w->env;
	char chain[128] = "";
	size_t used = 0;
	uint32_t i, total = 0;

	for (i = 0; i < env->chain.cnt; i++) {
		total += env->chain.link[i].bytes;
		if (used < sizeof(chain))
			used += (size_t)snprintf(chain + used, sizeof(chain) - used, "%s%.24s %u",
						 i ? " + " : "",
						 function_name(w, env->chain.link[i].subprog),
						 env->chain.link[i].bytes);
		if (env->chain.link[i].call != UINT32_MAX && i + 1 < env->chain.cnt)
			why_event(w, WHY_COST, env->chain.link[i].call, -1,
				  "%s() (%u bytes of stack) calls %s() here",
				  function_name(w, env->chain.link[i].subprog),
				  env->chain.link[i].bytes,
				  function_name(w, env->chain.link[i + 1].subprog));
	}
	if (!env->chain.cnt)
		return;
	if (!strcmp(env->result->code, "CALL-DEPTH")) {
		why_cause(w, "this chain of calls is %u functions deep; a kernel allows %u",
			  env->chain.cnt, env->lim->frames);
		return;
	}
	why_cause(w, "the calls %.120s need %u bytes of stack in all; a chain may have %u", chain,
		  total, env->lim->stack_bytes);
	w->env->need.set = true;
	w->env->need.needed = total;
	w->env->need.proved = env->lim->stack_bytes;
}
