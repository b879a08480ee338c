/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of a rejection, by its diagnostic: one teller a kind of cause. Each says only what the recorded
 * steps show; where they show nothing the diagnostic's own meaning stands.
 */
#include "verifier/why_tell.h"

#include <stdio.h>
#include <string.h>

#include "verifier/helper_tab.h"
#include "verifier/insn.h"
#include "verifier/refs.h"

/* ---- where a value comes from ----------------------------------------------------------------- */

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
		  why_callee(w, o->at->insn_idx, callee), why_describe(w, o->made->r[o->regno], what));
}

static void tell_lost(struct why *w, const struct origin *o)
{
	char callee[WHY_NAME_BYTES], what[WHY_NAME_BYTES];
	const struct reg *was = o->at->r[o->regno];

	why_callee(w, o->at->insn_idx, callee);
	if (o->kind == ORIGIN_CLOBBERED)
		why_event(w, WHY_LOST, o->at->insn_idx, (int32_t)o->regno,
			  "%s leaves r%u unset, as every call does", callee, o->regno);
	else if (reg_is_pkt(was) || reg_base(was) == REG_PKT_END || reg_is_pkt_slice(was))
		why_event(w, WHY_LOST, o->at->insn_idx, (int32_t)o->regno,
			  "%s may move the packet: pointers into it and checks before it are void", callee);
	else
		why_event(w, WHY_LOST, o->at->insn_idx, (int32_t)o->regno, "after %s it is no longer %s",
			  callee, why_describe(w, was, what));
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
		why_event(w, WHY_CALL, o->at->insn_idx, (int32_t)o->regno, "the value is set here");
	else if (o->kind == ORIGIN_MATH)
		why_event(w, WHY_CALL, o->at->insn_idx, (int32_t)o->regno, "the value is computed here");
	else if (o->kind == ORIGIN_ZERO)
		why_event(w, WHY_LOST, o->at->insn_idx, (int32_t)o->regno, "on this way %s is NULL",
			  why_name(w, o->at->insn_idx, o->regno, name));
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

static void tell_null(struct why *w)
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

/* ---- what is no pointer ------------------------------------------------------------------------ */

static void cause_of_number(struct why *w, const char *name)
{
	const struct origin *o = &w->origin;
	const struct bpf_insn *i = o->at ? &w->env->insns[o->at->insn_idx] : NULL;
	char what[WHY_NAME_BYTES];

	switch (o->kind) {
	case ORIGIN_ZERO:
		why_cause(w, "%s is NULL here: the test before leaves only this way to it", name);
		why_way_out(w, "swap the branches: use it where it is not NULL");
		break;
	case ORIGIN_LOST:
		why_cause(w, "%s is void: %s called after it was made", name, why_callee(w, o->at->insn_idx, what));
		if (reg_is_pkt(o->at->r[o->regno]))
			why_way_out(w, "read data and data_end from the context again after the call, and check again");
		else
			why_way_out(w, "use it before the call, or get it again after it");
		break;
	case ORIGIN_LOADED:
		why_cause(w, "%s is a number here: it was read from %s, and what memory holds is no pointer to the verifier",
			  name, why_describe(w, o->at->r[i->src_reg], what));
		why_way_out(w, "follow it with bpf_core_read() or bpf_probe_read_kernel() (user memory: bpf_probe_read_user())");
		break;
	case ORIGIN_MATH:
		why_cause(w, "%s is a number here: arithmetic made it one", name);
		why_way_out(w, "keep the pointer, and add the offset to it as a number");
		break;
	case ORIGIN_RESULT:
		why_cause(w, "%s is a number here: %s returns no pointer", name,
			  why_callee(w, o->at->insn_idx, what));
		break;
	case ORIGIN_CONSTANT:
		if (!reg_is_zero(w->now->r[w->regno]))
			break;
		why_cause(w, "%s is NULL here: it was set so, or a test on every way here leaves nothing else", name);
		why_way_out(w, "use it where it is not NULL: swap the branches of the test");
		break;
	case ORIGIN_ARGUMENT:
		why_cause(w, "%s is a number here: this function is verified on its own, and its argument is not known to be a pointer",
			  name);
		why_way_out(w, "make the function static, or declare the argument's type and tag (__arg_nonnull, __arg_trusted)");
		break;
	default:
		break;
	}
}

static void tell_kind(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES];

	if (!used)
		return;
	if (reg_maybe_null(used)) {
		tell_null(w);
		return;
	}
	why_tell_origin(w);
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	if (reg_is_scalar(used))
		cause_of_number(w, name);
	why_cause(w, "%s is %s: no memory that can be accessed like this", name, why_describe(w, used, what));
}

/* ---- arguments --------------------------------------------------------------------------------- */

/* The types that the argument may have, in words: "; it takes a map value or the stack". */
static void list_types(const struct why *w, char *buf, size_t bytes)
{
	const uint32_t *types = w->env->arg_types;
	size_t used = 0;

	*buf = 0;
	for (uint32_t i = 0; types && types[i] && used < bytes; i++)
		if (!i || strcmp(why_type(types[i]), why_type(types[i - 1])))
			used += (size_t)snprintf(buf + used, bytes - used, "%s%s", i ? ", " : "; it takes ",
						 why_type(types[i]));
}

static void tell_argument(struct why *w)
{
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES], callee[WHY_NAME_BYTES], takes[WHY_NAME_BYTES];
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;

	if (!used || !insn_is_call(&w->env->insns[w->now->insn_idx]))
		return;
	if (reg_maybe_null(used))
		tell_null(w);
	else
		why_tell_origin(w);
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	if (w->origin.kind == ORIGIN_LOST || (reg_is_scalar(used) && w->origin.kind == ORIGIN_ZERO))
		cause_of_number(w, name);
	list_types(w, takes, sizeof(takes));
	why_cause(w, "argument %d of %.40s, %.50s, is %.50s%s", w->regno,
		  why_callee(w, w->now->insn_idx, callee), name, why_describe(w, used, what),
		  *takes ? takes : ": not what it takes");
}

/* A call that is refused for what no value shows: which call, what the code means, the verifier's words. */
static void tell_call(struct why *w)
{
	const struct env *env = w->env;
	const struct diag *diag = diag_find(env->result->code);
	char name[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];

	if (!w->now || !diag || !insn_is_call(&env->insns[w->now->insn_idx]))
		return;
	why_callee(w, w->now->insn_idx, callee);
	if (w->regno > 0 && why_variable(w, w->now->insn_idx, (uint32_t)w->regno, name))
		why_cause(w, "%.40s, argument %d (`%.30s`): %s (%s)", callee, w->regno, name, diag->meaning,
			  env->result->message);
	else
		why_cause(w, "%.40s: %s (%s)", callee, diag->meaning, env->result->message);
}

static void tell_context(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	char operand[WHY_NAME_BYTES] = "";
	struct srcline line;

	if (insn_is_jmp_class(i))
		return;
	if (srcline_find(w->env->prog, w->view, w->env->insn_idx, &line))
		(void)srcline_operand(&line, operand, sizeof(operand));
	why_cause(w, "%s%.60s%s (%u bytes at %d of the context) is not for this program type to %s, or not in this size",
		  *operand ? "`" : "", *operand ? operand : "the field", *operand ? "`" : "", insn_bytes(i), i->off,
		  BPF_CLASS(i->code) == BPF_LDX ? "read" : "write");
}

/* ---- registers and stack that hold nothing ------------------------------------------------------ */

static void tell_unset(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	char name[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];
	uint32_t regno = w->env->unset_regno;

	if (!w->now || reg_base(w->now->r[regno]) != REG_NOT_INIT)
		return;
	w->regno = (int32_t)regno;
	origin_find(w->env, w->now, regno, &w->origin);
	why_tell_origin(w);
	why_name(w, w->now->insn_idx, regno, name);
	if (w->origin.kind == ORIGIN_CLOBBERED)
		why_cause(w, "%s holds nothing: %s, as every call, ends what r1 to r5 held", name,
			  why_callee(w, w->origin.at->insn_idx, callee));
	else if (BPF_OP(i->code) == BPF_EXIT && insn_is_jmp_class(i))
		why_cause(w, "the return value was never set on this way");
	else
		why_cause(w, "%s was never set on this way", name);
	if (w->origin.kind != ORIGIN_CLOBBERED)
		why_propose(w, ASSUME_ZERO, w->now->insn_idx, regno, 0);
}

static void tell_uninit(struct why *w)
{
	char name[WHY_NAME_BYTES];

	if (!w->now || w->regno < 0)
		return;
	if (why_variable(w, w->now->insn_idx, (uint32_t)w->regno, name))
		why_cause(w, "some bytes of `%.60s` on the stack were never written, padding included", name);
}

/* ---- references --------------------------------------------------------------------------------- */

static void tell_leak(struct why *w)
{
	const struct state *st = w->env->cur;
	char callee[WHY_NAME_BYTES];
	uint32_t i, at;

	for (i = 0; i < refs_cnt(st); i++) {
		if (st->held->h[i].type != HELD_REF)
			continue;
		at = st->held->h[i].insn_idx;
		why_callee(w, at, callee);
		why_event(w, WHY_CALL, at, -1, "%s acquired it here", callee);
		why_cause(w, "what %s acquired is not released on the way to this %s", callee,
			  insn_is_call(&w->env->insns[w->env->insn_idx]) ? "call" : "return");
		why_propose(w, ASSUME_RELEASED, w->env->insn_idx, 0, 0);
		return;
	}
}

/* ---- what the program returns -------------------------------------------------------------------- */

static void tell_return(struct why *w)
{
	char range[WHY_NAME_BYTES], what[WHY_NAME_BYTES];

	if (!w->now)
		return;
	w->regno = 0;
	origin_find(w->env, w->now, 0, &w->origin);
	why_tell_origin(w);
	if (reg_is_scalar(w->now->r[0]) && w->env->want.set) {
		why_cause(w, "%s is returned here; allowed is %d to %d", why_range(w->now->r[0], range),
			  w->env->want.lo, w->env->want.hi);
		why_way_out(w, "return a value from %d to %d on every way", w->env->want.lo, w->env->want.hi);
	} else if (reg_is_scalar(w->now->r[0]))
		why_cause(w, "%s is returned here, which is not allowed", why_range(w->now->r[0], range));
	else
		why_cause(w, "the program returns %s here, not a number", why_describe(w, w->now->r[0], what));
}

/* ---- walks that are too long --------------------------------------------------------------------- */

#define COST_LINES 3

/* The instruction of a line that was stepped most; the lines that cost most come first. */
static void tell_cost(struct why *w)
{
	const struct env *env = w->env;
	const uint32_t *visits = env->tales ? env->tales->visits : NULL;
	uint32_t last = UINT32_MAX, best, i, k, total = env->insn_processed;

	for (k = 0; visits && k < COST_LINES; k++) {
		best = UINT32_MAX;
		for (i = 0; i < env->insn_cnt; i++)
			if (visits[i] < last && (best == UINT32_MAX || visits[i] > visits[best]))
				best = i;
		if (best == UINT32_MAX || visits[best] < 2)
			break;
		last = visits[best];
		why_event(w, WHY_COST, best, -1, "stepped %u times of %u steps in all", last, total);
		why_event_numbers(w, last, 0);
	}
}

/* ---- by diagnostic -------------------------------------------------------------------------------- */

static const struct {
	const char *code;	/* or how it begins; the first row counts */
	void (*tell)(struct why *w);
} tellers[] = {
	{ "PKT-", why_tell_packet },
	{ "PTR-MAYBE-NULL", tell_null },
	{ "MEM-KIND", tell_kind },
	{ "MAP-VALUE-OOB", why_tell_offset },
	{ "MAP-KEY-OOB", why_tell_offset },
	{ "MEM-OOB", why_tell_offset },
	{ "MEM-UNBOUNDED", why_tell_offset },
	{ "MEM-NEGATIVE", why_tell_offset },
	{ "BUF-OOB", why_tell_offset },
	{ "STACK-OOB", why_tell_offset },
	{ "STACK-VARIABLE", why_tell_offset },
	{ "SIZE-", why_tell_size },
	{ "MEM-ZERO-SIZE", why_tell_size },
	{ "PTR-MATH-UNBOUNDED", why_tell_math },
	{ "REG-UNINIT", tell_unset },
	{ "STACK-UNINIT", tell_uninit },
	{ "REF-LEAK", tell_leak },
	{ "RET-", tell_return },
	{ "TOO-", tell_cost },
	{ "HELPER-ARG", tell_argument },
	{ "HELPER-NULL", tell_argument },
	{ "HELPER-BTF", tell_argument },
	{ "HELPER-PKT", tell_argument },
	{ "HELPER-", tell_call },
	{ "KFUNC-NULL", tell_argument },
	{ "KFUNC-ARG", tell_argument },
	{ "KFUNC-TRUST", tell_argument },
	{ "KFUNC-TYPE", tell_argument },
	{ "KFUNC-RELEASE", tell_argument },
	{ "ARG-", tell_argument },
	{ "CALL-ARG", tell_argument },
	{ "BTF-ARG", tell_argument },
	{ "PTR-OFFSET", tell_call },
	{ "CALLBACK-RETURN", tell_return },
	{ "CTX-ACCESS", tell_context },
	{ "CTX-WRITE", tell_context },
	{ "", tell_call },
};

static void tell_need(struct why *w)
{
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES];
	const struct env *env = w->env;

	if (env->need.set && env->need.proved >= 0 && env->need.needed > env->need.proved)
		why_event(w, WHY_NEEDED, env->result->insn_idx, w->regno, "this %s reaches byte %lld",
			  why_verb(&env->insns[env->result->insn_idx]), (long long)env->need.needed - 1);
	else if (w->now && w->regno >= 0)
		why_event(w, WHY_NEEDED, env->result->insn_idx, w->regno, "here %s is %s",
			  why_name(w, w->now->insn_idx, (uint32_t)w->regno, name),
			  why_describe(w, w->now->r[w->regno], what));
	else
		why_event(w, WHY_NEEDED, env->result->insn_idx, w->regno, "%s", env->result->message);
	why_event_numbers(w, env->need.set ? env->need.needed : 0, env->need.set ? env->need.proved : 0);
}

void why_tell(struct why *w)
{
	const char *code = w->env->result->code;
	size_t i;

	for (i = 0; code && w->env->cur && i < sizeof(tellers) / sizeof(tellers[0]); i++)
		if (!strncmp(code, tellers[i].code, strlen(tellers[i].code)))
			break;
	if (code && w->env->cur && i < sizeof(tellers) / sizeof(tellers[0]))
		tellers[i].tell(w);
	else if (w->now && w->regno >= 0)
		why_tell_origin(w);
	if (w->env->result->insn_idx != UINT32_MAX)
		tell_need(w);
}
