/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of a rejection, by its diagnostic: one teller a kind of cause. Each says only what the recorded
 * steps show; where they show nothing the diagnostic's own meaning stands.
 */
#include "verifier/tell/why_tell.h"

#include <stdio.h>
#include <string.h>

#include "proto/array.h"
#include "verifier/kernel/ctx_tab.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/state/env.h"
#include "verifier/state/diag.h"
#include "verifier/tell/origin.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"
#include "verifier/tell/why_arg.h"
#include "verifier/tell/why_cost.h"
#include "verifier/tell/why_held.h"
#include "verifier/tell/why_load.h"
#include "verifier/tell/why_math.h"
#include "verifier/tell/why_mend.h"
#include "verifier/tell/why_number.h"
#include "verifier/tell/why_object.h"
#include "verifier/tell/why_packet.h"
#include "verifier/tell/why_stack.h"
#include "verifier/tell/why_value.h"
#include "verifier/walk/assume.h"

/* ---- what is not a pointer ------------------------------------------------------------------------ */

static void tell_kind(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES];

	if (!used)
		return;
	if (reg_maybe_null(used)) {
		why_tell_null(w);
		return;
	}
	why_tell_origin(w);
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	if (reg_is_scalar(used))
		why_cause_number(w, name);
	why_propose_use(w);
	why_cause(w, "%s is %s: no memory that can be accessed like this", name, why_describe(w, used, what));
}

/* ---- calls --------------------------------------------------------------------------------------- */

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

static void tell_sleeping_helper(struct why *w)
{
	char callee[WHY_NAME_BYTES];

	w->regno = -1;
	w->here = "called here";
	why_cause(w, "%.60s may sleep, and this program may not", why_callee(w, w->env->insn_idx, callee));
	why_way_out(w, "use a sleepable program (a section like fentry.s or lsm.s), or a function that does not sleep");
	why_propose(w, ASSUME_SLEEPABLE, UINT32_MAX, 0, 0);
	why_propose_without_call(w);
}

/* A program that may sleep is one thing, a section where nothing may another. */
static void tell_sleep(struct why *w)
{
	const struct state *st = w->env->cur;

	if (st->active_locks || st->rcu_locks || st->preempt_locks || st->active_irq_id)
		why_tell_section(w);
	else if (insn_is_helper_call(&w->env->insns[w->env->insn_idx]))
		tell_sleeping_helper(w);
	else
		why_tell_kfunc(w);
}

/* The types of maps that the helper takes. */
static void propose_map_types(struct why *w, uint32_t map)
{
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];
	char callee[WHY_NAME_BYTES];
	struct proposal *p;
	uint32_t type;

	for (type = 1; map && insn_is_helper_call(i) && type < MT_CNT; type++) {
		if (!helper_tab_takes_map(w->env->target->profile, (uint32_t)i->imm, type) || !why_map_type_name(type))
			continue;
		p = why_propose_other(w, "use a map of the type that the helper is for: %.60s takes one of type %.30s",
				      why_callee(w, w->now->insn_idx, callee), why_map_type_name(type));
		if (!p)
			return;
		p->whole = true;
		why_propose_also(w, ASSUME_MAP_TYPE, UINT32_MAX, 0, type, map - 1);
	}
}

/* The map of a call that does not take its type. */
static void tell_map(struct why *w)
{
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];
	uint32_t i;

	if (!w->now || !insn_is_call(&w->env->insns[w->now->insn_idx]))
		return;
	for (i = BPF_REG_1; i <= BPF_REG_5; i++) {
		if (reg_base(w->now->r[i]) != REG_MAP_PTR)
			continue;
		w->regno = (int32_t)i;
		why_cause(w, "%.50s does not take %.50s, which is of type %.30s (argument %u, %.40s)",
			  why_callee(w, w->now->insn_idx, callee), why_describe(w, w->now->r[i], what),
			  why_map_type(w, w->now->r[i]), i, why_name(w, w->now->insn_idx, i, name));
		propose_map_types(w, w->now->r[i]->map);
		return;
	}
	tell_call(w);
}

/* Memory that is there, and is not to be written (or read) by this program. */
static void tell_readonly(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES], who[WHY_NAME_BYTES];
	const char *code = w->env->result->code;

	if (!used || reg_is_scalar(used))
		return;
	why_tell_origin(w);
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	why_describe(w, used, what);
	why_actor(w, w->now->insn_idx, who);
	if (!strcmp(code, "PKT-WRITE"))
		why_cause(w, "%.50s would change the packet through %.50s: a program of this type may only read it", who, name);
	else if (!strcmp(code, "MAP-WRONLY"))
		why_cause(w, "%.50s would read %.50s (%.50s), a map that programs may only write", who, name, what);
	else
		why_cause(w, "%.50s would write to %.50s (%.50s), which this program may only read", who, name, what);
	if (reg_base(used) == REG_MAP_VALUE && used->map && strcmp(code, "PKT-WRITE"))
		why_propose_also(w, ASSUME_MAP_WRITABLE, UINT32_MAX, 0, 0, used->map - 1);
	else if (!insn_is_jmp_class(&w->env->insns[w->now->insn_idx]))
		why_propose(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0);
}

/* A hook's arguments are its function's: there is none in that place. */
static void tell_hook_argument(struct why *w)
{
	const struct env *env = w->env;
	const struct bpf_insn *i = &env->insns[env->insn_idx];
	const char *name = env->att.name ? env->att.name : "the hook's function";

	if (insn_is_jmp_class(i))
		return;
	why_cause(w, "`%.60s` has no argument %d (bytes %d to %d of the context), or not of this size", name, i->off / 8 + 1,
		  i->off, i->off + (int)insn_bytes(i) - 1);
}

/* A place of a kernel's object where it has nothing of that size. */
static void tell_btf_field(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES];

	if (!used || reg_base(used) != REG_BTF_ID || insn_is_jmp_class(i) ||
	    !strncmp(w->env->result->message, "direct access", 13))
		return;
	why_tell_origin(w);
	why_cause(w, "%.40s is %.60s, which has no member of %u bytes at byte %lld", why_name(w, w->now->insn_idx, (uint32_t)w->regno, name),
		  why_describe(w, used, what), insn_bytes(i), (long long)used->off + i->off);
	why_way_out(w, "read a member by its name and type, found by CO-RE (preserve_access_index, BPF_CORE_READ())");
}

/* A lock, timer or other field of a value or object that has functions of its own. */
static void tell_field(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	char what[WHY_NAME_BYTES], who[WHY_NAME_BYTES];
	const char *message = w->env->result->message;

	if (!used || strncmp(message, "bpf_", 4))
		return;
	why_cause(w, "%.50s touches the struct %.*s in %.60s, which only the functions made for it do",
		  why_actor(w, w->now->insn_idx, who), (int)strcspn(message, " "), message, why_describe(w, used, what));
	if (!insn_is_jmp_class(&w->env->insns[w->now->insn_idx]))
		why_propose(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0);
}

/* The field that lies there, in the size that it can be read in. */
static void tell_context_size(struct why *w, const struct bpf_insn *i)
{
	const struct env *env = w->env;
	const struct ctx_field *f;
	uint32_t bytes;

	for (bytes = 8; bytes && i->off >= 0; bytes /= 2) {
		f = ctx_tab_find(env->target->profile, env->target->arch, env->prog_type, env->attach_type,
				 (uint32_t)i->off - (uint32_t)i->off % bytes, bytes, false);
		if (!f)
			continue;
		why_way_out(w, "read `%.60s` in its own size, as %u bytes at %u of the context", f->name, bytes,
			    (uint32_t)i->off - (uint32_t)i->off % bytes);
		if (f->kind == CTXK_SCALAR)
			why_propose(w, ASSUME_SKIPPED, env->insn_idx, 0, 0);
		return;
	}
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
	if (BPF_CLASS(i->code) != BPF_LDX) {
		why_way_out(w, "do not write it: for this program type the field is read-only, or use the helper that changes it");
		why_propose(w, ASSUME_SKIPPED, w->env->insn_idx, 0, 0);
	} else {
		tell_context_size(w, i);
	}
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
		if (w->env->want.lo == w->env->want.hi)
			why_way_out(w, "return %d on every way", w->env->want.lo);
		else
			why_way_out(w, "return a value from %d to %d on every way", w->env->want.lo, w->env->want.hi);
	} else if (reg_is_scalar(w->now->r[0]))
		why_cause(w, "%s is returned here, which is not allowed", why_range(w->now->r[0], range));
	else
		why_cause(w, "the program returns %s here, not a number", why_describe(w, w->now->r[0], what));
	if (w->env->want.set)
		why_propose_also(w, ASSUME_NUMBER, w->now->insn_idx, 0, (uint64_t)(int64_t)w->env->want.lo,
				 (uint64_t)(int64_t)w->env->want.hi);
}

/* ---- by diagnostic -------------------------------------------------------------------------------- */

static const struct {
	const char *code;	/* or how it begins; the first row counts */
	void (*tell)(struct why *w);
	bool needs_walk;	/* only of a path; the others look whether there is one */
} tellers[] = {
	{ "PKT-WRITE", tell_readonly, true },
	{ "PKT-", why_tell_packet, true },
	{ "PTR-MAYBE-NULL", why_tell_null, true },
	{ "MEM-KIND", tell_kind, true },
	{ "MEM-READONLY", tell_readonly, true },
	{ "MAP-RDONLY", tell_readonly, true },
	{ "MAP-WRONLY", tell_readonly, true },
	{ "MAP-TYPE", why_tell_map_type, false },
	{ "MAP-VALUE-OOB", why_tell_offset, true },
	{ "MAP-KEY-OOB", why_tell_offset, true },
	{ "MEM-OOB", why_tell_offset, true },
	{ "MEM-UNBOUNDED", why_tell_offset, true },
	{ "MEM-NEGATIVE", why_tell_offset, true },
	{ "BUF-OOB", why_tell_offset, true },
	{ "STACK-OOB", why_tell_stack, true },
	{ "STACK-VARIABLE", why_tell_offset, true },
	{ "STACK-UNINIT", why_tell_uninit, true },
	{ "STACK-OBJECT", why_tell_object, true },
	{ "STACK-DEPTH", why_tell_depth, false },
	{ "CALL-DEPTH", why_tell_depth, false },
	{ "SIZE-NOT-CONST", why_tell_argument, true },
	{ "SIZE-", why_tell_size, true },
	{ "MEM-ZERO-SIZE", why_tell_size, true },
	{ "PTR-MATH-UNBOUNDED", why_tell_math, true },
	{ "PTR-MATH", why_tell_pointer_math, true },
	{ "PTR-OFFSET", why_tell_moved, true },
	{ "PTR-MIXED", why_tell_mixed, true },
	{ "REG-UNINIT", tell_unset, true },
	{ "REF-LEAK", why_tell_leak, true },
	{ "REF-RELEASE", why_tell_argument, true },
	{ "REF-UNACQUIRED", why_tell_argument, true },
	{ "DYNPTR-SLICE", tell_call, true },
	{ "DYNPTR-MEM", tell_call, true },
	{ "DYNPTR-", why_tell_object, true },
	{ "ITER-RCU", tell_call, true },
	{ "ITER-", why_tell_object, true },
	{ "IRQ-HELD", why_tell_section, true },
	{ "IRQ-", why_tell_object, true },
	{ "LOCK-ARG", tell_call, true },
	{ "LOCK-", why_tell_section, true },
	{ "RCU-CALLBACK", tell_call, true },
	{ "RCU-", why_tell_section, true },
	{ "PREEMPT", why_tell_section, true },
	{ "SLEEP", tell_sleep, true },
	{ "RET-", tell_return, true },
	{ "INFINITE-LOOP", why_tell_loop, true },
	{ "TOO-", why_tell_cost, true },
	{ "GPL", why_tell_license, false },
	{ "KFUNC-LICENSE", why_tell_license, false },
	{ "ATTACH-", why_tell_attach, false },
	{ "HELPER-ARG", why_tell_argument, true },
	{ "HELPER-NULL", why_tell_argument, true },
	{ "HELPER-BTF", why_tell_argument, true },
	{ "HELPER-PKT", why_tell_argument, true },
	{ "HELPER-UNKNOWN", why_tell_helper, true },
	{ "HELPER-TYPE", why_tell_helper, true },
	{ "HELPER-MAP", tell_map, true },
	{ "HELPER-", tell_call, true },
	{ "KFUNC-NULL", why_tell_argument, true },
	{ "KFUNC-ARG", why_tell_argument, true },
	{ "KFUNC-CONST", why_tell_argument, true },
	{ "KFUNC-TRUST", why_tell_argument, true },
	{ "KFUNC-TYPE", why_tell_argument, true },
	{ "KFUNC-RELEASE", why_tell_argument, true },
	{ "KFUNC-ALLOWED", why_tell_kfunc, false },
	{ "KFUNC-ID", why_tell_kfunc, false },
	{ "KFUNC-SLEEP", tell_sleep, true },
	{ "ARG-", why_tell_argument, true },
	{ "CALL-ARG", why_tell_argument, true },
	{ "BTF-ARG", why_tell_argument, true },
	{ "CALLBACK-RETURN", tell_return, true },
	{ "CTX-ACCESS", tell_context, true },
	{ "CTX-WRITE", tell_context, true },
	{ "CTX-ARG", tell_hook_argument, true },
	{ "FIELD-ACCESS", tell_field, true },
	{ "BTF-FIELD", tell_btf_field, true },
	{ "", tell_call, true },
};

static void tell_need(struct why *w)
{
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES];
	const struct env *env = w->env;

	if (env->need.set && env->need.proved >= 0 && env->need.needed > env->need.proved)
		why_event(w, WHY_NEEDED, env->result->insn_idx, w->regno, "this %s reaches byte %lld",
			  why_verb(&env->insns[env->result->insn_idx]), (long long)env->need.needed - 1);
	else if (w->now && w->regno >= 0 && !w->here)
		why_event(w, WHY_NEEDED, env->result->insn_idx, w->regno, "here %s is %s",
			  why_name(w, w->now->insn_idx, (uint32_t)w->regno, name),
			  why_describe(w, w->now->r[w->regno], what));
	else
		why_event(w, WHY_NEEDED, env->result->insn_idx, -1, "%s", w->here ? w->here : "refused here");
	why_event_numbers(w, env->need.set ? env->need.needed : 0, env->need.set ? env->need.proved : 0);
}

void why_tell(struct why *w)
{
	const char *code = w->env->result->code;
	size_t i;

	for (i = 0; code && i < ARRAY_CNT(tellers); i++)
		if (!strncmp(code, tellers[i].code, strlen(tellers[i].code)))
			break;
	if (code && i < ARRAY_CNT(tellers) && (w->env->cur || !tellers[i].needs_walk))
		tellers[i].tell(w);
	if (w->env->result->insn_idx != UINT32_MAX && !w->told_need)
		tell_need(w);
}
