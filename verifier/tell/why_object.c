/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that live on the stack and have a life of their own: dynptrs, iterators, irq flags. What
 * stands in the place that is used, who made it, and who ended or overwrote it.
 */
#include "verifier/tell/why_object.h"

#include <stdio.h>
#include <string.h>

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/helper_allow.h"
#include "verifier/tell/why.h"
#include "verifier/tell/why_mend.h"
#include "verifier/walk/assume.h"
#include "verifier/walk/tale.h"

/* The place an argument points to. */
struct place {
	const struct tale *t; /* of the frame it lies in, at or before the refused step */
	uint32_t spi;
	int64_t off; /* below r10 */
	bool whole;  /* at the start of a slot, by a constant */
};

static bool find_place(const struct why *w, const struct reg *r, int32_t extra,
		       struct place *ret_place)
{
	struct place p = { .off = (int64_t)r->off + extra + (int64_t)r->v.tv };

	if (reg_base(r) != REG_STACK)
		return false;
	p.t = tale_of_frame(w->now, r->frame);
	p.whole = r->v.tm == 0 && p.off % 8 == 0;
	if (!p.t || p.off >= 0 || p.off < -(int64_t)ENV_SLOTS * 8)
		return false;
	p.spi = (uint32_t)((-p.off - 1) / 8);
	*ret_place = p;
	return true;
}

static const struct {
	const char *prefix; /* of the diagnostic's code */
	uint8_t byte;
	const char *a, *the;
} objects[] = {
	{ "DYNPTR-", SLOT_DYNPTR, "a dynptr", "the dynptr" },
	{ "ITER-", SLOT_ITER, "an iterator", "the iterator" },
	{ "IRQ-", SLOT_IRQ_FLAG, "an irq flag", "the irq flag" },
};

/* What the diagnostic is about: the index of its row. */
static uint32_t wanted_object(const struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	char callee[WHY_NAME_BYTES];
	uint32_t k;

	for (k = 0; k < ARRAY_CNT(objects); k++)
		if (btf_text_begins(w->env->result->code, objects[k].prefix))
			return k;
	/* STACK-OBJECT: by what is called */
	why_callee(w, w->env->insn_idx, callee);
	return !insn_is_kfunc_call(i)		      ? 0
	       : btf_text_begins(callee, "bpf_iter_") ? 1
	       : strstr(callee, "_irq")		      ? 2
						      : 0;
}

/* Does the function make the object? Then the place must be free. */
static bool makes_object(const struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];
	const struct helper_proto *proto;
	const struct kfunc *k;

	if (insn_is_helper_call(i)) {
		proto = helper_proto_of(w->env, i->imm);
		return proto && w->regno >= 1 && (proto->arg[w->regno - 1].flags & REG_F_UNINIT);
	}
	k = insn_is_kfunc_call(i) ? kfunc_at(w->env, i) : NULL;
	if (!k)
		return false;
	return (k->flags & KF_NEW) || KF_IS(k, bpf_local_irq_save) ||
	       KF_IS(k, bpf_res_spin_lock_irqsave) ||
	       (w->regno >= 1 && (uint32_t)w->regno <= btf_vlen_of(k->proto) &&
		btf_text_ends(btf_view_str(k->view, btf_params_of(k->proto)[w->regno - 1].name_off),
			      "__uninit"));
}

static bool is_object(const struct slot *s)
{
	return s->byte[7] == SLOT_DYNPTR || s->byte[7] == SLOT_ITER || s->byte[7] == SLOT_IRQ_FLAG;
}

static const char *object_name(const struct slot *s)
{
	return s->byte[7] == SLOT_DYNPTR ? "the dynptr"
	       : s->byte[7] == SLOT_ITER ? "the iterator"
					 : "the irq flag";
}

/* How the object there was made, as an event; its place in words into at. Returns false: not known.
 */
static bool tell_making(struct why *w, const struct tale *t, uint32_t spi, char at[WHY_NAME_BYTES])
{
	const struct tale *maker = tale_slot_maker(t, spi);
	char who[WHY_NAME_BYTES];

	snprintf(at, WHY_NAME_BYTES, "?");
	if (!maker)
		return false;
	why_place(w, maker->insn_idx, at);
	why_event(w, WHY_CREATED, maker->insn_idx, -1, "%s makes %s here",
		  why_actor(w, maker->insn_idx, who), object_name(tale_slot(t, spi)));
	return true;
}

/* A kernel function knows what it writes to; a helper may write to anything. */
static bool ends_object(const struct why *w, const struct bpf_insn *i)
{
	return insn_is_kfunc_call(i) || why_call_ends(w, i, KF_DESTROY | KF_REL);
}

/* The call that ends it again is left out, else what overwrites it. */
static void propose_unended(struct why *w, const struct tale *maker)
{
	if (ends_object(w, &w->env->insns[maker->insn_idx])) {
		if (why_call_ends(w, &w->env->insns[w->now->insn_idx], KF_DESTROY | KF_REL)) /* once is enough */
			why_propose(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0);
	} else if (why_may_be_left_out(w, maker)) {
		why_propose(w, ASSUME_SKIPPED, maker->insn_idx, 0, 0);
	}
}

/* How the object that stands before that step's instruction ended by it. */
static const char *ending(const struct why *w, const struct tale *maker, bool now)
{
	bool ends = ends_object(w, &w->env->insns[maker->insn_idx]);

	return ends ? now ? "ends" : "ended" : now ? "overwrites" : "overwrote";
}

/* There is no such object: was there one? */
static void cause_of_missing(struct why *w, const struct place *p, uint32_t what, const char *name)
{
	const struct tale *maker = tale_slot_maker(p->t, p->spi);
	char who[WHY_NAME_BYTES], at[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];

	why_callee(w, w->now->insn_idx, callee);
	if (maker && is_object(tale_slot(maker, p->spi))) {
		tell_making(w, maker, p->spi, at);
		why_event(w, WHY_LOST, maker->insn_idx, -1, "%s %s %s here",
			  why_actor(w, maker->insn_idx, who), ending(w, maker, true),
			  object_name(tale_slot(maker, p->spi)));
		why_cause(w, "%.40s, argument %d of %.40s, is no longer %s: %.60s %s it", name,
			  w->regno, callee, objects[what].a, why_actor_at(w, maker->insn_idx, at), ending(w, maker, false));
		why_way_out(w, !strcmp(ending(w, maker, false), "ended") ? "use it before that, or make it again" :
									"use it before that, or write to another variable");
		propose_unended(w, maker);
		return;
	}
	why_cause(w, "%.40s, argument %d of %.40s, is not %s: nothing made one there on this way",
		  name, w->regno, callee, objects[what].a);
	why_way_out(
		w,
		what == 0
			? "make it first with a function for it (bpf_dynptr_from_*(), bpf_ringbuf_reserve_dynptr()), at the same address"
		: what == 1
			? "begin with the iterator's _new() function, or use bpf_for_each() or bpf_for()"
			: "save with the function of the same kind first");
}

/* Interrupts are restored as they were before the newest flag was saved, by that one. */
static bool cause_of_order(struct why *w, const char *name, const char *at)
{
	char newest[WHY_NAME_BYTES], place[WHY_NAME_BYTES];
	const struct tale *t;

	for (t = w->now->older; t && t->held->irq == w->now->held->irq; t = t->older)
		;
	if (!t || !w->now->held->irq)
		return false;
	why_name(w, t->insn_idx, BPF_REG_1, newest);
	why_event(w, WHY_CREATED, t->insn_idx, -1, "%.60s is saved last here", newest);
	why_cause(w, "%.40s, saved on %.30s, is restored before %.40s, which was saved last (%.30s)", name, at, newest,
		  why_place(w, t->insn_idx, place));
	why_way_out(w, "restore %.60s first: the newest before the older", newest);
	return true;
}

/* There is an object, and the place should be free, or it is of another kind, or at another place.
 */
static void cause_of_present(struct why *w, const struct place *p, uint32_t what, const char *name)
{
	char at[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];

	why_callee(w, w->now->insn_idx, callee);
	tell_making(w, p->t, p->spi, at);
	if (!strcmp(w->env->result->code, "IRQ-ORDER") && cause_of_order(w, name, at))
		return;
	if (tale_slot(p->t, p->spi)->byte[7] == SLOT_DYNPTR &&
	    !tale_slot(p->t, p->spi)->r.dynptr_first) {
		why_cause(
			w,
			"%.40s, argument %d of %.40s, points into the middle of the dynptr of %.30s",
			name, w->regno, callee, at);
		why_way_out(w, "pass the address of the dynptr itself");
		return;
	}
	if (makes_object(w)) {
		why_cause(w, "%.40s makes %s in %.40s, which holds %s of %.30s that is in use",
			  callee, objects[what].a, name, objects[what].a, at);
		why_way_out(w, "end that one first, or use another variable");
		return;
	}
	why_cause(
		w,
		"%.40s, argument %d of %.40s, is %s of %.30s, but not of the kind, or in the state, that is taken",
		name, w->regno, callee, objects[what].a, at);
}

static void cause_of_place(struct why *w, const struct reg *used, uint32_t what, const char *name)
{
	char callee[WHY_NAME_BYTES], is[WHY_NAME_BYTES];

	why_callee(w, w->now->insn_idx, callee);
	if (reg_base(used) == REG_DYNPTR)
		why_cause(
			w,
			"%.40s, argument %d of %.40s, is the dynptr that the callback was given: it can be read, and neither made again nor released",
			name, w->regno, callee);
	else if (reg_base(used) != REG_STACK)
		why_cause(w, "%.40s, argument %d of %.40s, is %.50s; %s lives on the stack", name,
			  w->regno, callee, why_describe(w, used, is), objects[what].a);
	else if (used->v.tm)
		why_cause(
			w,
			"%.40s, argument %d of %.40s, is at a variable place on the stack: %s stands at a constant one",
			name, w->regno, callee, objects[what].a);
	else
		why_cause(
			w,
			"%.40s, argument %d of %.40s, lies at r10%+lld: no place where a whole %s of 8-byte slots fits",
			name, w->regno, callee, (long long)used->off + (long long)used->v.tv,
			objects[what].a + 2);
	why_way_out(w,
		    reg_base(used) == REG_DYNPTR
			    ? "only read it; its owner ends it"
			    : "declare it as a local variable, and pass its own address, unmoved");
}

static void tell_argument_object(struct why *w)
{
	const struct reg *used = w->regno >= 0 ? w->now->r[w->regno] : NULL;
	uint32_t what = wanted_object(w);
	char name[WHY_NAME_BYTES];
	struct place p;

	if (!used)
		return;
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	if (!find_place(w, used, 0, &p) || !p.whole)
		cause_of_place(w, used, what, name);
	else if (tale_slot(p.t, p.spi)->byte[7] == objects[what].byte)
		cause_of_present(w, &p, what, name);
	else if (!strcmp(w->env->result->code, "STACK-OBJECT"))
		cause_of_place(w, used, what, name);
	else
		cause_of_missing(w, &p, what, name);
}

/* ---- what is in use is overwritten ----------------------------------------------------------- */

/* The object that the refused step would write to: by a store, or by a function through an
 * argument. */
static bool find_written(const struct why *w, struct place *ret_place)
{
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];
	struct place p;
	int64_t off;
	uint32_t regno;

	if (!insn_is_call(i)) {
		if (!find_place(w, w->now->r[i->dst_reg], i->off, &p) ||
		    !is_object(tale_slot(p.t, p.spi)))
			return false;
		*ret_place = p;
		return true;
	}
	for (regno = BPF_REG_1; regno <= BPF_REG_5; regno++) {
		if (!find_place(w, w->now->r[regno], 0, &p))
			continue;
		for (off = p.off; off < 0; off += 8) { /* what is written begins there */
			p.spi = (uint32_t)((-off - 1) / 8);
			if (!is_object(tale_slot(p.t, p.spi)))
				continue;
			*ret_place = p;
			return true;
		}
	}
	return false;
}

static void tell_overwritten(struct why *w)
{
	char who[WHY_NAME_BYTES], at[WHY_NAME_BYTES], name[WHY_NAME_BYTES] = "";
	struct bgv_stack_name v;
	struct place p;

	if (!find_written(w, &p))
		return;
	tell_making(w, p.t, p.spi, at);
	if (why_stack_variable(w, p.t, p.off, &v))
		snprintf(name, sizeof(name), " `%.60s`", v.variable);
	why_cause(w, "%.60s would overwrite %s%s made on %.30s, which is in use still",
		  why_actor(w, w->now->insn_idx, who), object_name(tale_slot(p.t, p.spi)), name, at);
	why_way_out(w, "end %s first (submit, discard, destroy or restore), or write elsewhere",
		    object_name(tale_slot(p.t, p.spi)));
	if (!insn_is_call(&w->env->insns[w->now->insn_idx]))
		why_propose(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0);
}

void why_tell_object(struct why *w)
{
	if (!w->now)
		return;
	if (!strcmp(w->env->result->code, "DYNPTR-OVERWRITE")) {
		w->here = "this overwrites it";
		tell_overwritten(w);
	} else if (insn_is_call(&w->env->insns[w->now->insn_idx])) {
		tell_argument_object(w);
	}
}
