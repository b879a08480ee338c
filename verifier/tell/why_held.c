/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a path holds: references, locks, and the sections (RCU, preemption, irq) it is in. Which of
 * them is in the way, where it was taken or entered, and where it was given back before.
 */
#include "verifier/tell/why_held.h"

#include <string.h>

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/refs.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"
#include "verifier/walk/assume.h"
#include "verifier/walk/tale.h"

#define HELD_SHOWN 3u /* what is held beside them is told of in a later run */

static bool is_call_here(const struct why *w)
{
	return insn_is_call(&w->env->insns[w->env->insn_idx]);
}

/* "the call" or "the return" that it must not live to see. */
static const char *end_here(const struct why *w)
{
	return is_call_here(w) ? "call" : "return";
}

/*
 * A function has one exit for several returns: the line that leads into it says which return it is.
 * Nothing where that is the exit's own line.
 */
static void tell_return_line(struct why *w)
{
	struct srcline exit, line;
	const struct tale *t;

	if (!w->now || is_call_here(w) ||
	    !srcline_find(w->env->prog, w->view, w->now->insn_idx, &exit))
		return;
	for (t = tale_before(w->now); t; t = tale_before(t)) {
		if (!srcline_find(w->env->prog, w->view, t->insn_idx, &line) ||
		    line.line == exit.line)
			continue;
		why_event(w, WHY_WAY, t->insn_idx, -1, "from here the way leads to the return");
		return;
	}
}

/* ---- references ------------------------------------------------------------------------------ */

/* What the result of an acquiring call is called where it is tested or kept first; else "". */
static const char *acquired_name(const struct why *w, uint32_t ref, char name[WHY_NAME_BYTES])
{
	const struct tale *t;
	uint32_t i;

	*name = 0;
	for (t = w->now; t; t = t->older)
		for (i = 0; i < ENV_REGS; i++)
			if (t->r[i]->ref == ref && !reg_is_scalar(t->r[i]) &&
			    why_held_variable(w, t->insn_idx, i, name))
				return name;
	*name = 0;
	return name;
}

/* What gives back what a function acquired; NULL: not known. */
static const char *release_of(const char *acquirer)
{
	static const struct {
		const char *acquirer, *release;	/* how the name begins */
	} rows[] = {
		{ "bpf_ringbuf_reserve_dynptr(", "bpf_ringbuf_submit_dynptr() or bpf_ringbuf_discard_dynptr()" },
		{ "bpf_ringbuf_reserve(", "bpf_ringbuf_submit() or bpf_ringbuf_discard()" },
		{ "bpf_sk_lookup_", "bpf_sk_release()" },
		{ "bpf_skc_lookup_", "bpf_sk_release()" },
		{ "bpf_task_", "bpf_task_release()" },
		{ "bpf_cgroup_", "bpf_cgroup_release()" },
		{ "bpf_cpumask_", "bpf_cpumask_release()" },
		{ "bpf_get_task_exe_file(", "bpf_put_file()" },
		{ "bpf_obj_new", "bpf_obj_drop()" },
	};
	size_t i;

	for (i = 0; i < ARRAY_CNT(rows); i++)
		if (!strncmp(acquirer, rows[i].acquirer, strlen(rows[i].acquirer)))
			return rows[i].release;
	return NULL;
}

/* "bpf_iter_num" of "bpf_iter_num_new()"; 0: it makes no iterator. */
static int iterator_len(const char *callee)
{
	return !strncmp(callee, "bpf_iter_", 9) && btf_text_ends(callee, "_new()") ? (int)strlen(callee) - 6 : 0;
}

static bool is_tail_call(const struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];

	return insn_is_helper_call(i) && i->imm == BPF_FUNC_tail_call;
}

static void way_out_of_leak(struct why *w, const char *callee, const char *name)
{
	const char *release = release_of(callee);

	if (iterator_len(callee))
		why_way_out(w, "call %.*s_destroy() before this %s, on every way to it", iterator_len(callee), callee,
			    end_here(w));
	else if (release && is_tail_call(w))
		why_way_out(w, "call %s%s%.40s%s before this call, and return after it: where it comes back, it failed",
			    release, *name ? " with `" : "", name, *name ? "`" : "");
	else if (release)
		why_way_out(w, "call %s%s%.40s%s before this %s, on every way to it", release, *name ? " with `" : "",
			    name, *name ? "`" : "", end_here(w));
	else if (*name)
		why_way_out(w, "release `%.40s` before this %s, on every way to it", name, end_here(w));
}

static void cause_of_leak(struct why *w, const struct held *h)
{
	char callee[WHY_NAME_BYTES], name[WHY_NAME_BYTES], place[WHY_NAME_BYTES];

	why_callee(w, h->insn_idx, callee);
	why_place(w, h->insn_idx, place);
	if (iterator_len(callee))
		*name = 0;	/* what it handed out was not acquired, the iterator was */
	else
		acquired_name(w, h->id, name);
	why_event(w, WHY_ACQUIRED, h->insn_idx, -1, "%s acquired %s%s%s here", callee,
		  *name ? "`" : "", *name ? name : "it", *name ? "`" : "");
	why_cause(w, "what %.50s acquired%s%.40s%s on %.30s is not released on the way to this %s",
		  callee, *name ? " (`" : "", name, *name ? "`)" : "", place, end_here(w));
	way_out_of_leak(w, callee, name);
}

void why_tell_leak(struct why *w)
{
	const struct state *st = w->env->cur;
	uint32_t i, told = 0;

	for (i = 0; i < refs_cnt(st) && told < HELD_SHOWN; i++) {
		if (st->held->h[i].type != HELD_REF)
			continue;
		cause_of_leak(w, &st->held->h[i]);
		told++;
	}
	tell_return_line(w);
	w->here = is_call_here(w) ? "called with it still held"
				  : "the program returns here with it still held";
	if (!told)
		return;
	why_propose(w, ASSUME_RELEASED, w->env->insn_idx, 0, 0);
	if (is_tail_call(w))
		why_propose_also(w, ASSUME_ENDS, w->env->insn_idx, 0, 0, 0);
}

/* ---- locks ----------------------------------------------------------------------------------- */

/* What a lock call was given: "`&v->lock`", else "the lock". */
static const char *lock_name(const struct why *w, uint32_t insn_idx, char name[WHY_NAME_BYTES])
{
	if (*why_name(w, insn_idx, BPF_REG_1, name) != '`')
		strcpy(name, "the lock");
	return name;
}

/* The lock taken last; NULL: none is held. */
static const struct held *newest_lock(const struct state *st)
{
	uint32_t i;

	for (i = refs_cnt(st); i > 0; i--)
		if (st->held->h[i - 1].type & HELD_LOCK_MASK)
			return &st->held->h[i - 1];
	return NULL;
}

static void tell_locks(struct why *w)
{
	const struct state *st = w->env->cur;
	char callee[WHY_NAME_BYTES], name[WHY_NAME_BYTES];
	uint32_t i;

	for (i = 0; i < refs_cnt(st); i++)
		if (st->held->h[i].type & HELD_LOCK_MASK)
			why_event(w, WHY_ACQUIRED, st->held->h[i].insn_idx, -1, "%s takes %s here",
				  why_callee(w, st->held->h[i].insn_idx, callee),
				  lock_name(w, st->held->h[i].insn_idx, name));
}

/* The newest step whose instruction gave a lock back; NULL: none on the way. */
static const struct tale *last_unlock(const struct why *w)
{
	const struct tale *t, *later = w->now;

	for (t = w->now ? w->now->older : NULL; t; later = t, t = t->older)
		if (t->held->locks > later->held->locks)
			return t;
	return NULL;
}

static void tell_no_lock(struct why *w, const char *name, const char *callee)
{
	const struct tale *t = last_unlock(w);
	char at[WHY_NAME_BYTES];

	if (!t) {
		why_cause(w, "%.40s gives %.60s back, but no lock is taken on this way", callee,
			  name);
		why_way_out(w, "take the lock on every way that leads here, or do not unlock here");
		return;
	}
	why_event(w, WHY_RELEASED, t->insn_idx, -1, "the lock is given back here already");
	why_cause(w, "%.40s gives %.60s back, but that was done on %.30s already", callee, name,
		  why_place(w, t->insn_idx, at));
	why_way_out(w, "unlock once");
	why_propose(w, ASSUME_SKIPPED, w->env->insn_idx, 0, 0);
}

static void tell_unlock(struct why *w, const char *name, const char *callee)
{
	const struct held *h = newest_lock(w->env->cur);
	char other[WHY_NAME_BYTES], at[WHY_NAME_BYTES];

	if (!h) {
		tell_no_lock(w, name, callee);
		return;
	}
	why_cause(w,
		  "%.40s gives %.50s back, but what was taken last is %.50s of %.30s, another one",
		  callee, name, lock_name(w, h->insn_idx, other), why_place(w, h->insn_idx, at));
	if (!strcmp(name, other) && *name == '`')
		why_way_out(w,
			    "look the value up once, and lock and unlock through the same pointer");
	else
		why_way_out(w, "unlock %.60s first", other);
}

static void tell_lock_again(struct why *w, const char *name, const char *callee)
{
	const struct held *h = newest_lock(w->env->cur);
	char at[WHY_NAME_BYTES], other[WHY_NAME_BYTES];

	if (!h)
		return;
	why_cause(w, "%.40s takes %.50s while %.50s, taken on %.30s, is held still", callee, name,
		  lock_name(w, h->insn_idx, other), why_place(w, h->insn_idx, at));
	why_way_out(w, "unlock %.60s before this lock is taken", other);
}

static bool is_lock_call(const struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];

	return insn_is_helper_call(i) ? i->imm == BPF_FUNC_spin_lock || i->imm == BPF_FUNC_spin_unlock :
	       !insn_is_subprog_call(i);
}

static void cause_of_lock_held(struct why *w)
{
	const struct held *h = newest_lock(w->env->cur);
	char at[WHY_NAME_BYTES], name[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];

	if (!h)
		return;
	lock_name(w, h->insn_idx, name);
	why_place(w, h->insn_idx, at);
	if (is_call_here(w) && strcmp(w->env->result->code, "LOCK-HELD")) {
		why_cause(
			w,
			"%.40s is called while %.50s, taken on %.30s, is held: hardly anything may be called then",
			why_callee(w, w->env->insn_idx, callee), name, at);
		why_way_out(w, "unlock %.60s first, call, and lock again", name);
		if (!is_lock_call(w))
			why_propose(w, ASSUME_OUTSIDE, w->env->insn_idx, 0, 0);
		return;
	}
	why_cause(w, "%.50s, taken on %.30s, is not given back on the way to this %s", name, at,
		  end_here(w));
	why_way_out(w, "unlock %.60s on every way that leads here", name);
	why_propose(w, ASSUME_LEFT, w->env->insn_idx, 0, 0);
}

/* ---- sections -------------------------------------------------------------------------------- */

enum section { SECTION_RCU, SECTION_PREEMPT, SECTION_IRQ };

static const struct {
	const char *name, *enter, *leave;
} sections[] = {
	[SECTION_RCU] = { "the RCU read section", "bpf_rcu_read_lock()", "bpf_rcu_read_unlock()" },
	[SECTION_PREEMPT] = { "the section without preemption", "bpf_preempt_disable()",
			      "bpf_preempt_enable()" },
	[SECTION_IRQ] = { "the section without interrupts", "bpf_local_irq_save()",
			  "bpf_local_irq_restore()" },
};

static uint32_t depth_of(const struct tale_held *held, enum section s)
{
	return s == SECTION_RCU ? held->rcu : s == SECTION_PREEMPT ? held->preempt : held->irq;
}

/* The newest step whose instruction entered (left) such a section; NULL: none on the way. */
static const struct tale *find_border(const struct why *w, enum section s, bool entered)
{
	const struct tale *t, *later = w->now;

	for (t = w->now ? w->now->older : NULL; t; later = t, t = t->older)
		if (entered ? depth_of(t->held, s) < depth_of(later->held, s)
			    : depth_of(t->held, s) > depth_of(later->held, s))
			return t;
	return NULL;
}

static bool is_open(const struct why *w, enum section s)
{
	const struct state *st = w->env->cur;

	return s == SECTION_RCU	      ? st->rcu_locks
	       : s == SECTION_PREEMPT ? st->preempt_locks
				      : st->active_irq_id;
}

/* It is open here, and must not be. */
static void cause_of_open(struct why *w, enum section s)
{
	const struct tale *t = find_border(w, s, true);
	char at[WHY_NAME_BYTES] = "?", callee[WHY_NAME_BYTES];

	if (t) {
		why_place(w, t->insn_idx, at);
		why_event(w, WHY_ENTERED, t->insn_idx, -1, "%s begins here", sections[s].name);
	}
	if (is_call_here(w) && !btf_text_ends(w->env->result->code, "-HELD")) {
		why_cause(w, "%.50s may sleep, and is called inside %s that began on %.30s",
			  why_callee(w, w->env->insn_idx, callee), sections[s].name, at);
		why_way_out(w, "call it before %s or after %s", sections[s].enter,
			    sections[s].leave);
		why_propose(w, ASSUME_OUTSIDE, w->env->insn_idx, 0, 0);
		return;
	}
	why_cause(w, "%s that began on %.30s is not left on the way to this %s", sections[s].name,
		  at, end_here(w));
	why_way_out(w, "call %s on every way that leads here", sections[s].leave);
	why_propose(w, ASSUME_LEFT, w->env->insn_idx, 0, 0);
}

/* It is left here, and was not entered; or left before. */
static void cause_of_unmatched(struct why *w, enum section s)
{
	const struct tale *t = find_border(w, s, false);
	char at[WHY_NAME_BYTES];

	if (t) {
		why_event(w, WHY_LEFT, t->insn_idx, -1, "%s ends here already", sections[s].name);
		why_cause(w, "%s ends %s twice: it was left on %.30s already", sections[s].leave,
			  sections[s].name, why_place(w, t->insn_idx, at));
	} else {
		why_cause(w, "%s ends %s, which did not begin on this way", sections[s].leave,
			  sections[s].name);
	}
	why_way_out(w, "call %s once for each %s, on the same ways", sections[s].leave,
		    sections[s].enter);
	why_propose(w, ASSUME_SKIPPED, w->env->insn_idx, 0, 0);
}

/* A lock held, or a section open, where none may be. */
static void tell_in_the_way(struct why *w)
{
	enum section s;

	if (newest_lock(w->env->cur)) {
		tell_locks(w);
		cause_of_lock_held(w);
		return;
	}
	for (s = SECTION_RCU; s <= SECTION_IRQ; s++) {
		if (is_open(w, s)) {
			cause_of_open(w, s);
			return;
		}
	}
}

static void tell_lock_call(struct why *w)
{
	char name[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];
	const char *code = w->env->result->code;

	lock_name(w, w->env->insn_idx, name);
	why_callee(w, w->env->insn_idx, callee);
	tell_locks(w);
	if (!strcmp(code, "LOCK-UNLOCK") || !strcmp(code, "LOCK-ORDER"))
		tell_unlock(w, name, callee);
	else
		tell_lock_again(w, name, callee);
}

void why_tell_section(struct why *w)
{
	const char *code = w->env->result->code;

	w->here = is_call_here(w) ? "called here" : "the program returns here";
	if (!strcmp(code, "LOCK-UNLOCK") || !strcmp(code, "LOCK-ORDER") ||
	    !strcmp(code, "LOCK-AA") || !strcmp(code, "LOCK-TWO"))
		tell_lock_call(w);
	else if (!strcmp(code, "RCU-UNLOCK"))
		cause_of_unmatched(w, SECTION_RCU);
	else if (!strcmp(code, "PREEMPT"))
		cause_of_unmatched(w, SECTION_PREEMPT);
	else if (!strcmp(code, "RCU-NEST"))
		cause_of_open(w, SECTION_RCU);
	else
		tell_in_the_way(w);
	tell_return_line(w);
}
