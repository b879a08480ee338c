/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack's bytes: which of them were never written, whose they are, and accesses beside the
 * frame. Variables are called by debug info (bgv_options.stack_name_of), else by their place below
 * r10.
 */
#include "verifier/tell/why_stack.h"

#include <stdio.h>
#include <string.h>

#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/tell/why.h"
#include "verifier/tell/why_number.h"
#include "verifier/tell/why_value.h"
#include "verifier/walk/assume.h"
#include "verifier/walk/tale.h"

#define FRAME_BYTES 512

/* A run of bytes [lo, hi) that hold nothing. */
struct hole {
	int64_t lo, hi;
	uint32_t bytes; /* all such bytes of the access, in other runs, too */
};

static uint8_t byte_at(const struct tale *t, int64_t off)
{
	return tale_slot(t, (uint32_t)((-off - 1) / 8))->byte[(-off - 1) % 8];
}

static bool find_hole(const struct why *w, const struct tale *t, struct hole *ret_hole)
{
	struct hole hole = { 0 };
	int64_t off;

	for (off = w->env->span.lo; off < w->env->span.hi && off < 0; off++) {
		if (off < -FRAME_BYTES || byte_at(t, off) != SLOT_INVALID)
			continue;
		if (!hole.bytes++)
			hole.lo = off;
		if (hole.bytes == off - hole.lo + 1)
			hole.hi = off + 1;
	}
	*ret_hole = hole;
	return hole.bytes;
}

/* The frame's newest step: the refused one's own, or the caller's whose variable is passed down. */
static const struct tale *frame_of_span(const struct why *w)
{
	uint32_t frameno = w->env->span.frame;
	const struct reg *base = w->regno >= 0 ? w->now->r[w->regno] : NULL;

	if (frameno == UINT32_MAX)
		frameno = base && reg_base(base) == REG_STACK ? base->frame : w->now->frameno;
	return tale_of_frame(w->now, frameno);
}

/* "`key.pad` (bytes 4 to 7 of `key`)", "bytes 4 to 7 of `key` (padding)", "r10-12 to r10-9". */
static void name_hole(const struct why *w, const struct tale *t, const struct hole *hole, char *buf,
		      size_t bytes)
{
	char name[WHY_NAME_BYTES];
	struct bgv_stack_name v;

	if (why_stack_variable(w, t, hole->lo, &v) && hole->hi <= (int64_t)v.off + v.bytes) {
		long long lo = (long long)(hole->lo - v.off),
			  hi = (long long)(hole->hi - 1 - v.off);

		if (hole->hi - hole->lo == v.bytes)
			snprintf(buf, bytes, "all %u bytes of `%.60s`", v.bytes, v.variable);
		else if (!*v.path)
			snprintf(buf, bytes, "bytes %lld to %lld of `%.50s`, which are padding,",
				 lo, hi, v.variable);
		else
			snprintf(buf, bytes, "bytes %lld to %lld of `%.40s` (`%.60s`)", lo, hi,
				 v.variable, v.path);
		return;
	}
	if (w->regno >= 0 && insn_is_call(&w->env->insns[w->now->insn_idx]) &&
	    why_variable(w, w->now->insn_idx, (uint32_t)w->regno, name))
		snprintf(buf, bytes, "bytes %lld to %lld of the %lld at `%.60s`",
			 (long long)(hole->lo - w->env->span.lo),
			 (long long)(hole->hi - 1 - w->env->span.lo),
			 (long long)(w->env->span.hi - w->env->span.lo), name);
	else
		snprintf(buf, bytes, "the stack's bytes r10%+lld to r10%+lld", (long long)hole->lo,
			 (long long)hole->hi - 1);
}

/* What is read is not plain memory, but the place of a dynptr, an iterator or an irq flag. */
static bool tell_object_read(struct why *w, const struct tale *t)
{
	static const char *const kinds[] = { [SLOT_DYNPTR] = "a dynptr",
					     [SLOT_ITER] = "an iterator",
					     [SLOT_IRQ_FLAG] = "an irq flag" };
	int64_t off;
	uint8_t b;

	for (off = w->env->span.lo; off < w->env->span.hi && off < 0; off++) {
		b = off < -FRAME_BYTES ? SLOT_INVALID : byte_at(t, off);
		if (b != SLOT_DYNPTR && b != SLOT_ITER && b != SLOT_IRQ_FLAG)
			continue;
		why_cause(
			w,
			"what is read here is the inside of %s (r10%+lld), which only its own functions read",
			kinds[b], (long long)off);
		why_way_out(
			w,
			"use the functions made for it; copy the data it leads to, not the object itself");
		return true;
	}
	return false;
}

void why_tell_uninit(struct why *w)
{
	const struct tale *t = w->now && w->env->span.set ? frame_of_span(w) : NULL;
	char name[2 * WHY_NAME_BYTES], who[WHY_NAME_BYTES];
	struct hole hole;

	if (!t || tell_object_read(w, t) || !find_hole(w, t, &hole))
		return;
	name_hole(w, t, &hole, name, sizeof(name));
	if (insn_is_call(&w->env->insns[w->now->insn_idx]))
		why_cause(w, "%.130s were never written on this way, and %.50s reads them", name,
			  why_callee(w, w->now->insn_idx, who));
	else
		why_cause(w, "%.160s are read here, and were never written on this way", name);
	why_event(w, WHY_NEEDED, w->now->insn_idx, w->regno,
		  "%lld bytes are read here, %u of them hold nothing",
		  (long long)(w->env->span.hi - w->env->span.lo), hole.bytes);
	why_event_numbers(w, w->env->span.hi - w->env->span.lo,
			  w->env->span.hi - w->env->span.lo - hole.bytes);
	w->told_need = true;
	why_way_out(w, "initialise the whole variable, padding included: = {}, or memset()");
	why_propose(w, ASSUME_WRITTEN, w->now->insn_idx, t->frameno,
		    (uint64_t)(uint32_t)w->env->span.lo |
			    (uint64_t)(w->env->span.hi - w->env->span.lo) << 32);
}

/* ---- beside the frame, or the variable ------------------------------------------------------- */

static void tell_beside(struct why *w, const struct tale *t)
{
	long long lo = (long long)w->env->span.lo, hi = (long long)w->env->span.hi - 1;
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];
	char callee[WHY_NAME_BYTES], name[WHY_NAME_BYTES] = "";
	struct bgv_stack_name v;

	if (insn_is_call(i))
		why_callee(w, w->now->insn_idx, callee);
	else
		snprintf(callee, sizeof(callee), "this %s", why_verb(i));
	if (lo >= -FRAME_BYTES && lo < 0 && why_stack_variable(w, t, lo, &v)) {
		snprintf(name, sizeof(name), "`%.60s`", v.variable);
		why_cause(w, "%.50s touches bytes %lld to %lld of %.60s, which has %u", callee,
			  lo - v.off, hi - v.off, name, v.bytes);
	}
	if (hi >= 0)
		why_cause(
			w,
			"%.50s touches the stack from r10%+lld to r10%+lld: %lld bytes above the frame's end",
			callee, lo, hi, hi + 1);
	else
		why_cause(
			w,
			"%.50s touches the stack from r10%+lld to r10%+lld: a frame has %d bytes, r10-%d to r10-1",
			callee, lo, hi, FRAME_BYTES, FRAME_BYTES);
	if (lo < -FRAME_BYTES)
		why_way_out(w, "put what is larger than the frame into a map's value (a per-CPU array), or split it");
	why_way_out(w, "keep index and size within the variable");
}

void why_tell_stack(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	const struct tale *t;

	if (!used)
		return;
	if (reg_is_scalar(used) || used->v.tm) {
		why_tell_offset(w);
		return;
	}
	why_tell_origin(w);
	t = w->env->span.set ? frame_of_span(w) : NULL;
	if (t)
		tell_beside(w, t);
}
