/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a path: how the refused value was copied, kept on the stack, narrowed and widened before it was used, and
 * which references, locks and sections were taken and left meanwhile. Says only what the recorded steps show.
 */
#include "verifier/tell/why_life.h"

#include <stdio.h>
#include <string.h>

#include "proto/array.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/tell/origin.h"
#include "verifier/walk/tale.h"

#define HELD_EVENTS_MAX 12u /* newest ones; older ones are told least */

/* Does an event say something of that instruction already, be it in other words, unless it is of that kind? */
static bool is_told(const struct why *w, uint32_t insn_idx, enum why_kind but)
{
	const struct bgv_result *res = w->env->result;
	uint32_t i;

	for (i = 0; i < res->event_cnt; i++)
		if (res->events[i].kind != WHY_BRANCH && res->events[i].kind != but && res->events[i].insn_idx == insn_idx)
			return true;
	return false;
}

/* ---- the value ----------------------------------------------------------------------------------- */

/* Before a copy it has the name of what is copied. */
static const char *name_before(const struct why *w, const struct origin_step *s, char name[WHY_NAME_BYTES])
{
	const struct bpf_insn *i = &w->env->insns[s->at->insn_idx];
	bool is_copy = s->change == ORIGIN_COPIED && BPF_CLASS(i->code) != BPF_LDX;

	return why_name(w, s->at->insn_idx, is_copy ? i->src_reg : s->regno, name);
}

static void tell_moved(struct why *w, const struct origin_step *s)
{
	char from[WHY_NAME_BYTES], to[WHY_NAME_BYTES];

	name_before(w, s, from);
	why_name(w, s->after->insn_idx, s->regno, to);
	if (s->change == ORIGIN_SPILLED)
		why_aside(w, WHY_SPILLED, s->at->insn_idx, (int32_t)s->regno, "%s is kept on the stack here", from);
	else if (s->change == ORIGIN_FILLED)
		why_aside(w, WHY_COPIED, s->at->insn_idx, (int32_t)s->regno, "%s is read back from the stack here", to);
	else if (strcmp(from, to) && *from == '`' && *to == '`' && w->cls == DIAG_COMPILER)
		why_event(w, WHY_COPIED, s->at->insn_idx, (int32_t)s->regno, "%s is copied here, as %s", from, to);
	else if (strcmp(from, to))
		why_aside(w, WHY_COPIED, s->at->insn_idx, (int32_t)s->regno, "%s is copied here, as %s", from, to);
	else
		why_aside(w, WHY_COPIED, s->at->insn_idx, (int32_t)s->regno, "%s is copied here", from);
}

static void tell_range(struct why *w, const struct origin_step *s)
{
	char name[WHY_NAME_BYTES], is[WHY_NAME_BYTES], was[WHY_NAME_BYTES];
	const struct bpf_insn *i = &w->env->insns[s->at->insn_idx];

	why_name(w, s->after->insn_idx, s->regno, name);
	if (s->change == ORIGIN_WIDENED) {
		why_range(s->after->r[s->regno], is);
		why_range(s->at->r[insn_is_jmp_class(i) || BPF_SRC(i->code) != BPF_X || BPF_OP(i->code) != BPF_MOV ?
				   s->regno : i->src_reg], was);
		why_event(w, WHY_WIDENED, s->at->insn_idx, (int32_t)s->regno,
			  "here the bounds of %.60s are lost: %.60s before, %.60s after", name, was, is);
	} else {
		why_describe(w, s->after->r[s->regno], is);
		why_aside(w, s->change == ORIGIN_TESTED ? WHY_TESTED : WHY_NARROWED, s->at->insn_idx, (int32_t)s->regno,
			  "this leaves %.60s: %.80s", name, is);
	}
}

static void tell_value(struct why *w, const struct tale *t, uint32_t regno)
{
	struct origin_steps steps;
	uint32_t i;

	origin_find_steps(w->env, t, regno, &steps);
	for (i = steps.cnt; i > 0; i--) {
		const struct origin_step *s = &steps.step[i - 1];

		/* what was made of a bounded number says what it was made of */
		if (is_told(w, s->at->insn_idx, s->change == ORIGIN_WIDENED ? WHY_CALL : WHY_BRANCH))
			continue;
		if (s->change == ORIGIN_COPIED || s->change == ORIGIN_SPILLED || s->change == ORIGIN_FILLED)
			tell_moved(w, s);
		else
			tell_range(w, s);
	}
}

/* ---- what the path held -------------------------------------------------------------------------- */

static const char *held_name(uint32_t type)
{
	return type == HELD_REF ? "a reference" : type == HELD_IRQ ? "an irq flag" : "a lock";
}

static bool has(const struct tale_held *held, const struct held *h)
{
	uint32_t i;

	for (i = 0; i < held->cnt; i++)
		if (held->h[i].type == h->type && held->h[i].id == h->id)
			return true;
	return false;
}

/* Is there one in `in` that is not in `out`? NULL: none. */
static const struct held *more_of(const struct tale_held *in, const struct tale_held *out)
{
	uint32_t i;

	for (i = 0; i < in->cnt; i++)
		if (!has(out, &in->h[i]))
			return &in->h[i];
	return NULL;
}

static bool tell_section(struct why *w, const struct tale *at, const struct tale_held *after)
{
	const struct {
		const char *name;
		bool before, behind;
	} sections[] = {
		{ "an RCU read section", at->held->rcu, after->rcu },
		{ "a section without preemption", at->held->preempt, after->preempt },
		{ "a section without interrupts", at->held->irq, after->irq },
	};
	char who[WHY_NAME_BYTES];
	uint32_t i;

	for (i = 0; i < ARRAY_CNT(sections); i++) {
		if (sections[i].before == sections[i].behind)
			continue;
		why_aside(w, sections[i].behind ? WHY_ENTERED : WHY_LEFT, at->insn_idx, -1, "%.60s %s %s here",
			  why_actor(w, at->insn_idx, who), sections[i].behind ? "enters" : "leaves", sections[i].name);
		return true;
	}
	return false;
}

static bool tell_taken(struct why *w, const struct tale *at, const struct tale_held *after)
{
	const struct held *taken = more_of(after, at->held), *given = taken ? NULL : more_of(at->held, after);
	char who[WHY_NAME_BYTES];

	if (!taken && !given)
		return false;
	why_aside(w, taken ? WHY_ACQUIRED : WHY_RELEASED, at->insn_idx, -1, "%.60s %s %s here",
		  why_actor(w, at->insn_idx, who), taken ? "takes" : "gives back", held_name(taken ? taken->type : given->type));
	return true;
}

static void tell_held(struct why *w)
{
	const struct tale *t, *later = w->now;
	uint32_t told = 0;

	for (t = w->now->older; t && told < HELD_EVENTS_MAX; later = t, t = t->older)
		if (t->held != later->held && insn_is_call(&w->env->insns[t->insn_idx]) && !is_told(w, t->insn_idx, WHY_BRANCH))
			told += tell_section(w, t, later->held) || tell_taken(w, t, later->held);
}

/* ---- all of it ----------------------------------------------------------------------------------- */

void why_tell_life(struct why *w)
{
	if (!w->now)
		return;
	if (w->number)
		tell_value(w, w->number, w->number_regno);
	if (w->regno >= 0)
		tell_value(w, w->now, (uint32_t)w->regno);
	if (w->regno >= 0 && w->origin.kind == ORIGIN_LOST && w->origin.at)
		tell_value(w, w->origin.at, w->origin.regno);
	tell_held(w);
}
