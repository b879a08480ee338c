/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a value comes from and what became of it: who made it, read it, handed it over, and which
 * call or store took away what was known. Says only what the recorded steps show.
 */
#include "verifier/tell/why_value.h"

#include <string.h>

#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/tell/origin.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"
#include "verifier/walk/assume.h"
#include "verifier/walk/tale.h"

/* ---- what was lost --------------------------------------------------------------------------------- */

enum lost {
	LOST_OTHER,
	LOST_CALL, /* r1 to r5, by a call */
	LOST_PACKET,
	LOST_RELEASED,
	LOST_SLICE, /* its dynptr is no more */
	LOST_RCU,
	LOST_LOCK,
};

static bool holds(const struct tale_held *held, uint32_t ref)
{
	uint32_t i;

	for (i = 0; i < held->cnt; i++)
		if (held->h[i].type == HELD_REF && held->h[i].id == ref)
			return true;
	return false;
}

/* What the instruction that o->at stands before did to it. */
static enum lost lost_kind(const struct origin *o)
{
	const struct reg *was = o->at->r[o->regno];
	const struct tale_held *before = o->at->held, *after = o->made->held;

	if (o->kind == ORIGIN_CLOBBERED)
		return LOST_CALL;
	if (was->ref && holds(before, was->ref) && !holds(after, was->ref))
		return LOST_RELEASED;
	if (reg_is_pkt(was) || reg_base(was) == REG_PKT_END || reg_is_pkt_slice(was))
		return LOST_PACKET;
	if (reg_base(was) == REG_MEM && was->dynptr_id)
		return LOST_SLICE;
	if (before->rcu && !after->rcu)
		return LOST_RCU;
	return before->locks > after->locks ? LOST_LOCK : LOST_OTHER;
}

static void tell_lost(struct why *w, const struct origin *o)
{
	char callee[WHY_NAME_BYTES], what[WHY_NAME_BYTES];
	uint32_t at = o->at->insn_idx;
	int32_t regno = (int32_t)o->regno;

	why_actor(w, at, callee);
	why_describe(w, o->at->r[o->regno], what);
	switch (lost_kind(o)) {
	case LOST_CALL:
		why_event(w, WHY_LOST, at, regno, "%s leaves r%u unset, as every call does", callee,
			  o->regno);
		break;
	case LOST_PACKET:
		why_event(w, WHY_LOST, at, regno,
			  "%s may move the packet: pointers into it and checks before it are void",
			  callee);
		break;
	case LOST_RELEASED:
		why_event(w, WHY_LOST, at, regno,
			  "%s releases it here: no copy of the pointer is valid any more", callee);
		break;
	case LOST_SLICE:
		why_event(w, WHY_LOST, at, regno,
			  "%s ends the dynptr here, and with it the slices of it", callee);
		break;
	case LOST_RCU:
		why_event(w, WHY_LOST, at, regno,
			  "%s leaves the RCU section: what was read in it may be gone", callee);
		break;
	case LOST_LOCK:
		why_event(w, WHY_LOST, at, regno,
			  "%s gives the lock back: what it protected may be gone", callee);
		break;
	case LOST_OTHER:
		why_event(w, WHY_LOST, at, regno, "after %s it is no longer %s", callee, what);
		break;
	}
}

/* After the event: what was lost, as cause and way out. */
void why_cause_lost(struct why *w, const char *name)
{
	const struct origin *o = &w->origin;
	char what[WHY_NAME_BYTES];

	why_actor(w, o->at->insn_idx, what);
	switch (lost_kind(o)) {
	case LOST_CALL:
		why_cause(w, "%s holds nothing: %s, as every call, ends what r1 to r5 held", name,
			  what);
		break;
	case LOST_PACKET:
		why_cause(w, "%s is void: %s, called after it was made, may have moved the packet",
			  name, what);
		why_way_out(
			w,
			"read data and data_end from the context again after the call, and check again");
		break;
	case LOST_RELEASED:
		why_cause(w, "%s is void: it was released by %s", name, what);
		why_way_out(w, "use it before it is released, and release it once");
		break;
	case LOST_SLICE:
		why_cause(w, "%s is void: it points into a dynptr that %s ended", name, what);
		why_way_out(w, "use the slice before that, or take a new one of a valid dynptr");
		break;
	case LOST_RCU:
		why_cause(w, "%s is not protected any more: %s left the RCU section it was read in",
			  name, what);
		why_way_out(w, "use it inside the RCU section, or acquire a reference there");
		break;
	case LOST_LOCK:
		why_cause(w, "%s is not protected any more: %s gave the lock back", name, what);
		why_way_out(w, "use it before the unlock, or take it out of the list or tree");
		break;
	case LOST_OTHER:
		why_cause(w, "%s is void: %s came after it was made", name, what);
		why_way_out(w, "use it before, or get it again after it");
		break;
	}
}

/* ---- where it comes from --------------------------------------------------------------------- */

static void tell_loaded(struct why *w, const struct origin *o)
{
	char name[WHY_NAME_BYTES], base[WHY_NAME_BYTES];
	const struct bpf_insn *i = &w->env->insns[o->at->insn_idx];

	why_describe(w, o->at->r[i->src_reg], base);
	if (!*w->subject)
		why_name(w, w->env->result->insn_idx, (uint32_t)w->regno, name);
	why_event(w, WHY_CALL, o->at->insn_idx, (int32_t)o->regno, "%s is read here from %s",
		  *w->subject ? w->subject : name, base);
}

static void tell_result(struct why *w, const struct origin *o)
{
	char callee[WHY_NAME_BYTES], what[WHY_NAME_BYTES];

	why_event(w, WHY_CALL, o->at->insn_idx, (int32_t)o->regno, "%s returns %s",
		  why_callee(w, o->at->insn_idx, callee),
		  why_describe(w, o->made->r[o->regno], what));
}

static void tell_made(struct why *w, const struct origin *o, const char *how)
{
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES];

	why_name(w, w->env->result->insn_idx, (uint32_t)w->regno, name);
	why_event(w, WHY_CALL, o->at->insn_idx, (int32_t)o->regno, "%s is %s here: %s",
		  *w->subject ? w->subject : name, how,
		  why_describe(w, o->made->r[o->regno], what));
}

void why_tell_origin(struct why *w)
{
	const struct origin *o = &w->origin;
	char name[WHY_NAME_BYTES];

	if (o->kind == ORIGIN_LOADED)
		tell_loaded(w, o);
	else if (o->kind == ORIGIN_RESULT)
		tell_result(w, o);
	else if (o->kind == ORIGIN_CLOBBERED || o->kind == ORIGIN_LOST)
		tell_lost(w, o);
	else if (o->kind == ORIGIN_CONSTANT && o->at)
		tell_made(w, o, "set");
	else if (o->kind == ORIGIN_MATH)
		tell_made(w, o, "computed");
	else if (o->kind == ORIGIN_CALLBACK)
		why_event(w, WHY_CALL, o->at->insn_idx, -1, "%s hands it to the callback",
			  why_callee(w, o->at->insn_idx, name));
	else if (o->kind == ORIGIN_ZERO)
		why_event(w, WHY_LOST, o->at->insn_idx, (int32_t)o->regno, "on this way %s is NULL",
			  why_name(w, o->at->insn_idx, o->regno, name));
}

/* ---- numbers where a pointer is wanted ------------------------------------------------------- */

/* The call that wrote the bytes which the load reads; NULL: it was no call. */
static const struct tale *written_by_call(const struct why *w)
{
	const struct tale *load = w->origin.at, *t, *maker;
	const struct bpf_insn *i = &w->env->insns[load->insn_idx];
	const struct reg *base = load->r[i->src_reg];
	int64_t off = (int64_t)base->off + i->off;

	t = tale_of_frame(load, base->frame);
	if (!t || base->v.tm || off >= 0 || off < -(int64_t)ENV_SLOTS * 8)
		return NULL;
	maker = tale_slot_maker(t, (uint32_t)((-off - 1) / 8));
	return maker && insn_is_call(&w->env->insns[maker->insn_idx]) ? maker : NULL;
}

static void cause_of_stack(struct why *w, const char *name)
{
	const struct tale *maker = written_by_call(w);
	char callee[WHY_NAME_BYTES];

	if (maker) {
		why_callee(w, maker->insn_idx, callee);
		why_event(w, WHY_CALL, maker->insn_idx, -1, "%s writes it here", callee);
		why_cause(w, "%s is a number here: %s wrote its bytes, and what is copied from memory is no pointer to the verifier",
			  name, callee);
		why_way_out(w, "follow it with bpf_probe_read_kernel() or bpf_core_read() again (user memory: bpf_probe_read_user())");
		return;
	}
	why_cause(w, "%s is a number here: its bytes on the stack were written in parts, or over a pointer", name);
	why_way_out(w, "store and read the pointer as a whole, 8 bytes, aligned");
}

/* Memory that keeps no pointers for the verifier: where the value was read from says how to follow
 * it. */
static void cause_of_loaded(struct why *w, const char *name, const struct reg *base)
{
	char what[WHY_NAME_BYTES];

	if (reg_base(base) == REG_STACK) {
		cause_of_stack(w, name);
		return;
	}
	why_cause(
		w,
		"%s is a number here: it was read from %s, and what memory holds is no pointer to the verifier",
		name, why_describe(w, base, what));
	why_way_out(
		w,
		reg_base(base) == REG_MAP_VALUE
			? "follow it with bpf_probe_read_kernel() (user memory: bpf_probe_read_user()), or keep a __kptr in the map"
			: "follow it with bpf_core_read() or bpf_probe_read_kernel() (user memory: bpf_probe_read_user())");
}

static void cause_of_zero(struct why *w, const char *name)
{
	why_cause(w,
		  "%s is NULL here: it was set so, or a test on every way here leaves nothing else",
		  name);
	why_way_out(w, "use it where it is not NULL: swap the branches of the test");
}

/* A function, or a callback, that was called meanwhile put it where the pointer was. */
static bool cause_of_callee(struct why *w, const char *name)
{
	char place[WHY_NAME_BYTES];
	struct origin_steps steps;
	const char *function;
	const struct tale *at;
	uint32_t i;

	origin_find_steps(w->env, w->now, (uint32_t)w->regno, &steps);
	for (i = 0; i < steps.cnt && steps.step[i].change != ORIGIN_SPILLED; i++)
		;
	at = i < steps.cnt ? steps.step[i].at : NULL;
	if (!at || at->frameno <= w->now->frameno)
		return false;
	function = srcline_function(w->env->prog, w->view, at->insn_idx, NULL);
	why_place(w, at->insn_idx, place);
	why_event(w, WHY_SPILLED, at->insn_idx, (int32_t)steps.step[i].regno, "a number is stored here, in place of the pointer");
	why_cause(w, "%.60s is a number here: %.40s%s stored it in place of the pointer on %.30s, before this is reached", name,
		  *function ? function : "a function that was called", *function ? "()" : "", place);
	why_way_out(w, "keep the pointer in a variable that the function is not given");
	why_propose(w, ASSUME_SKIPPED, at->insn_idx, 0, 0);
	return true;
}

void why_cause_number(struct why *w, const char *name)
{
	const struct origin *o = &w->origin;
	const struct bpf_insn *i = o->at ? &w->env->insns[o->at->insn_idx] : NULL;
	char what[WHY_NAME_BYTES], is[WHY_NAME_BYTES];

	if (o->kind != ORIGIN_LOST && o->kind != ORIGIN_ZERO && cause_of_callee(w, name))
		return;
	switch (o->kind) {
	case ORIGIN_ZERO:
		why_cause(w, "%s is NULL here: the test before leaves only this way to it", name);
		why_way_out(w, "swap the branches: use it where it is not NULL");
		break;
	case ORIGIN_LOST:
		why_cause_lost(w, name);
		break;
	case ORIGIN_LOADED:
		cause_of_loaded(w, name,
				o->at->r[BPF_CLASS(i->code) == BPF_LDX ? i->src_reg : i->dst_reg]);
		break;
	case ORIGIN_MATH:
		why_cause(w, "%s is a number here: arithmetic made it one", name);
		why_way_out(w, "keep the pointer, and add the offset to it as a number");
		break;
	case ORIGIN_RESULT:
		why_cause(w, "%s is a number here: %s returns no pointer", name,
			  why_callee(w, o->at->insn_idx, what));
		if (insn_is_helper_call(i) && i->imm == BPF_FUNC_get_current_task)
			why_way_out(w, "use bpf_get_current_task_btf(), or read what it leads to with bpf_probe_read_kernel()");
		else
			why_way_out(w, "read what it leads to with bpf_probe_read_kernel() or bpf_core_read(), or use a function that returns a pointer");
		break;
	case ORIGIN_CONSTANT:
		if (reg_is_zero(w->now->r[w->regno]))
			cause_of_zero(w, name);
		else
			why_cause(w, "%s is the number %s here, not a pointer", name,
				  why_range(w->now->r[w->regno], is));
		break;
	case ORIGIN_CALLBACK:
		why_cause(w, "%s is a number here: %s hands no pointer to its callback", name,
			  why_callee(w, o->at->insn_idx, what));
		why_way_out(
			w,
			"pass a pointer as the callback's context, and test it if it may be NULL");
		break;
	case ORIGIN_ARGUMENT:
		why_cause(
			w,
			"%s is a number here: this function is verified on its own, and its argument is not known to be a pointer",
			name);
		why_way_out(
			w,
			"make the function static, or declare the argument's type and tag (__arg_nonnull, __arg_trusted)");
		break;
	default:
		break;
	}
}

/* ---- pointers that may be, or are, NULL -------------------------------------------------------- */

static bool is_null_test(const struct why *w, const struct tale *t, uint32_t *ret_regno)
{
	const struct bpf_insn *i = &w->env->insns[t->insn_idx];

	if (!insn_is_jmp_class(i) || BPF_SRC(i->code) != BPF_K || i->imm ||
	    (BPF_OP(i->code) != BPF_JEQ && BPF_OP(i->code) != BPF_JNE))
		return false;
	*ret_regno = i->dst_reg;
	return reg_maybe_null(t->r[i->dst_reg]);
}

/* The newest test of another pointer of the same kind: what was meant, perhaps. */
static void tell_other_test(struct why *w, const struct reg *used)
{
	char name[WHY_NAME_BYTES], of[WHY_NAME_BYTES];
	const struct tale *t;
	uint32_t regno;

	for (t = w->now->older; t; t = t->older) {
		if (!is_null_test(w, t, &regno) || reg_base(t->r[regno]) != reg_base(used) ||
		    t->r[regno]->id == used->id)
			continue;
		why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
			  "this tests %s, the result of another call, not %s", why_name(w, t->insn_idx, regno, name),
			  why_name(w, w->now->insn_idx, (uint32_t)w->regno, of));
		return;
	}
}

void why_tell_null(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	char name[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];

	if (!used || !reg_maybe_null(used))
		return;
	why_tell_origin(w);
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	if (w->origin.kind == ORIGIN_RESULT)
		why_cause(w, "%s may be NULL here: nothing on this way tests what %s returned", name,
			  why_callee(w, w->origin.at->insn_idx, callee));
	else
		why_cause(w, "%s may be NULL here: nothing on this way tests it", name);
	tell_other_test(w, used);
	why_propose(w, ASSUME_NOT_NULL, w->now->insn_idx, (uint32_t)w->regno, 0);
	if (*name == '`')
		why_way_out(w, "test %s before you use it: if (!%.*s) return ...;", name, (int)strlen(name) - 2,
			    name + 1);
}
