/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kernel lacks or keeps from a program: functions it does not have, or not for this type of
 * program, hooks that cannot be attached to, capabilities and licenses. From which kernel on, and
 * for which types, by the tables.
 */
#include "verifier/tell/why_load.h"

#include <stdio.h>
#include <string.h>

#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/profile.h"
#include "verifier/kernel/progtype.h"
#include "verifier/state/env.h"
#include "verifier/state/helper_allow.h"
#include "verifier/state/diag.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"
#include "verifier/tell/why_mend.h"
#include "verifier/walk/assume.h"

#define TYPES_SHOWN 4u

/*
 * What libbpf puts in the place of an instruction that must not be reached: a relocation of types
 * that failed, a map that was not made, a weak kernel function that is not there. Numbers of its
 * making, no helpers of anyone.
 */
#define POISON_TYPES 195896080
#define POISON_MAP   2001000000
#define POISON_KFUNC 2002000000
#define POISON_CNT   1000000

static const char *type_name(const struct env *env)
{
	const struct progtype *type = progtype_find(env->target->profile, env->prog_type);

	return type && type->name ? type->name : "this";
}

/* ---- poisoned instructions ------------------------------------------------------------------- */

static bool is_poison(int32_t imm, int32_t first)
{
	return imm >= first && imm < first + POISON_CNT;
}

static bool tell_poison(struct why *w, int32_t imm)
{
	char operand[WHY_NAME_BYTES] = "", callee[WHY_NAME_BYTES];
	struct srcline line;
	bool found = srcline_find(w->env->prog, w->view, w->env->insn_idx, &line);

	if (imm == POISON_TYPES) {
		if (found)
			(void)srcline_operand(&line, operand, sizeof(operand));
		why_cause(
			w,
			"%s%.60s%s needs a member, type or value that this kernel's BTF does not have: its CO-RE relocation failed",
			*operand ? "`" : "", *operand ? operand : "this statement",
			*operand ? "`" : "");
		why_way_out(
			w,
			"test bpf_core_field_exists() or bpf_core_type_exists() first, or use a kernel that has it");
	} else if (is_poison(imm, POISON_MAP)) {
		why_cause(
			w,
			"the map used here was not created: the program was told not to (bpf_map__set_autocreate())");
		why_way_out(w, "create the map, or keep this code from being reached");
	} else if (is_poison(imm, POISON_KFUNC)) {
		if (!found || !srcline_callee(&line, callee, sizeof(callee)))
			snprintf(callee, sizeof(callee), "the kernel function called here");
		why_cause(
			w,
			"%.60s() is weak, and this kernel does not have it: the call must not be reached",
			callee);
		why_way_out(w, "test bpf_ksym_exists() before the call");
	} else {
		return false;
	}
	w->cls = DIAG_FEATURE;
	return true;
}

/* ---- helpers --------------------------------------------------------------------------------- */

/* The first kernel after this one that gives the program the helper; NULL: none that is known here.
 */
static const char *later_kernel(const struct env *env, int32_t id)
{
	struct helper_caller caller = helper_caller_of(env);
	const struct helper_proto *proto;
	uint32_t p;

	for (p = caller.profile + 1u; p < PROFILE_CNT; p++) {
		caller.profile = (enum profile)p;
		if (helper_tab_find(&caller, id, &proto) == 0)
			return profile_name((enum profile)p);
	}
	return NULL;
}

/* Program types that may call it, "kprobe, tracepoint"; how many there are. */
static uint32_t list_types(const struct env *env, int32_t id, char *buf, size_t bytes)
{
	struct helper_caller caller = helper_caller_of(env);
	const struct helper_proto *proto;
	const struct progtype *type;
	uint32_t t, cnt = 0;
	size_t used = 0;

	*buf = 0;
	for (t = 1; t < PT_CNT; t++) {
		caller.prog_type = t;
		caller.attach_type = 0;
		type = progtype_find(caller.profile, t);
		if (!type || !type->name || helper_tab_find(&caller, id, &proto) < 0)
			continue;
		if (cnt++ < TYPES_SHOWN && used < bytes)
			used += (size_t)snprintf(buf + used, bytes - used, "%s%s",
						 cnt > 1 ? ", " : "", type->name);
	}
	return cnt;
}

/* Would another capability do? */
static bool needs_caps(const struct env *env, int32_t id)
{
	struct helper_caller caller = helper_caller_of(env);
	const struct helper_proto *proto;

	caller.caps = BGV_CAP_ALL;
	return helper_tab_find(&caller, id, &proto) == 0 &&
	       (proto->caps & ~helper_caller_of(env).caps);
}

/* The program as one of a type that may call it: where it asks for nothing else of its own type. */
static void propose_types(struct why *w, int32_t id)
{
	struct helper_caller caller = helper_caller_of(w->env);
	const struct helper_proto *proto;
	const struct progtype *type;
	struct proposal *p;
	uint32_t t, cnt = 0;

	for (t = 1; t < PT_CNT && cnt < TYPES_SHOWN; t++) {
		caller.prog_type = t;
		caller.attach_type = 0;
		type = progtype_find(caller.profile, t);
		if (t == w->env->prog_type || !type || !type->name || helper_tab_find(&caller, id, &proto) < 0)
			continue;
		p = why_propose_other(w, "use a program of type %.40s (as one it loads), or another function", type->name);
		if (!p)
			return;
		p->whole = true;
		why_propose_also(w, ASSUME_TYPE, UINT32_MAX, 0, t, 0);
		cnt++;
	}
}

void why_tell_helper(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	const char *code = w->env->result->code, *later;
	char types[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];
	uint32_t cnt;

	w->regno = -1;
	w->here = "called here";
	if (!insn_is_helper_call(i) || tell_poison(w, i->imm))
		return;
	why_callee(w, w->env->insn_idx, callee);
	later = later_kernel(w->env, i->imm);
	if (!strcmp(code, "HELPER-UNKNOWN")) {
		why_cause(w, "this kernel has no helper number %d (%.60s)%s%s", i->imm, callee,
			  later ? "; the first that is known to have it is " : "",
			  later ? later : "");
		if (later)
			why_way_out(
				w,
				"use Linux %s or newer, or test bpf_core_enum_value_exists(enum bpf_func_id, ...) before",
				later);
		return;
	}
	if (needs_caps(w->env, i->imm)) {
		why_cause(w, "%.60s needs a capability that the loader does not have here", callee);
		why_way_out(
			w,
			"ask the administrator for a rule that grants it (\"perfmon\", \"caps\")");
		w->cls = DIAG_POLICY;
		return;
	}
	cnt = list_types(w->env, i->imm, types, sizeof(types));
	why_cause(w, "%.60s is not for programs of type %.40s%s%s%s", callee, type_name(w->env),
		  later ? " before Linux "
		  : cnt ? "; it is for "
			: " on this kernel",
		  later ? later : types, !later && cnt > TYPES_SHOWN ? " and others" : "");
	if (later)
		why_way_out(w, "use Linux %s or newer, or another function", later);
	else if (cnt)
		why_way_out(w, "use a program of type %.90s, or another function", types);
	propose_types(w, i->imm);
	why_propose_without_call(w);
}

/* ---- kernel functions ------------------------------------------------------------------------ */

void why_tell_kfunc(struct why *w)
{
	const char *code = w->env->result->code;
	uint32_t at = w->env->result->insn_idx;
	char callee[WHY_NAME_BYTES];

	w->regno = -1;
	w->here = "called here";
	if (at >= w->env->insn_cnt || !insn_is_call(&w->env->insns[at]))
		return;
	why_callee(w, at, callee);
	if (!strcmp(code, "KFUNC-ALLOWED")) {
		why_cause(
			w,
			"%.60s is a kernel function that this kernel does not offer to programs of type %.40s",
			callee, type_name(w->env));
		why_way_out(w, "call it from a program of another type, or use a helper");
		why_propose_without_call(w);
	} else if (!strcmp(code, "KFUNC-ID")) {
		why_cause(w, "this kernel has no function %.60s that programs may call", callee);
		why_way_out(
			w,
			"declare it __weak and test bpf_ksym_exists(), or use a newer kernel (or load its module)");
	} else if (!strcmp(code, "KFUNC-SLEEP")) {
		why_cause(w, "%.60s may sleep, and this program may not", callee);
		why_way_out(
			w,
			"make the program sleepable (section \"lsm.s/\", \"fentry.s/\", \"syscall\", ...)");
		why_propose(w, ASSUME_SLEEPABLE, UINT32_MAX, 0, 0);
	}
}

/* ---- licenses, hooks, maps ------------------------------------------------------------------- */

void why_tell_license(struct why *w)
{
	char callee[WHY_NAME_BYTES] = "this";
	const char *license = w->env->prog->license;

	if (w->env->result->insn_idx < w->env->insn_cnt && insn_is_call(&w->env->insns[w->env->result->insn_idx]))
		why_callee(w, w->env->result->insn_idx, callee);
	w->regno = -1;
	w->here = "called here";
	why_cause(w,
		  "%.60s is for GPL-compatible programs only; the license of this one is \"%.40s\"",
		  callee, license ? license : "");
	why_way_out(
		w,
		"declare a GPL-compatible license: char _license[] SEC(\"license\") = \"GPL\"; or do without it");
	why_propose(w, ASSUME_LICENSE, UINT32_MAX, 0, 0);
}

/* The first instruction that names the map; UINT32_MAX: none does. */
static uint32_t first_use(const struct env *env, uint32_t map)
{
	uint32_t i;

	for (i = 0; i < env->insn_cnt; i++)
		if (insn_is_ldimm64(&env->insns[i]) && env->aux[i].map == map)
			return i;
	return UINT32_MAX;
}

/* A map that programs of this type, or that may sleep, do not get: by its own type or a field of its value. */
void why_tell_map_type(struct why *w)
{
	const struct env *env = w->env;
	const struct bgv_map *shape = env->bound_map ? env->maps[env->bound_map - 1].shape : NULL;
	const char *type = shape ? why_map_type_name(shape->type) : NULL;
	const char *message = env->result->message;
	uint32_t at = shape ? first_use(env, env->bound_map) : UINT32_MAX;
	const char *field = strstr(message, "bpf_spin_lock") ? "struct bpf_spin_lock" :
			    strstr(message, "bpf_timer")     ? "struct bpf_timer" :
			    strstr(message, "bpf_wq")	     ? "struct bpf_wq" :
			    strstr(message, "list_head")     ? "list or tree" : NULL;

	if (!shape)
		return;
	w->regno = -1;
	if (at != UINT32_MAX)
		why_event(w, WHY_CALL, at, -1, "the map `%.16s` is used here", shape->name);
	if (field && (env->prog_type == BPF_PROG_TYPE_SOCKET_FILTER || !env->sleepable)) {
		why_cause(w, "map `%.16s` has a %s in its value, which programs of type %.40s (tracing) cannot use",
			  shape->name, field, type_name(env));
		why_way_out(w, "use atomic operations (__sync_fetch_and_add()) or a per-CPU map, or another program type");
	} else {
		why_cause(w, "map `%.16s` is of type %.30s, which a program of type %.40s%s cannot use", shape->name,
			  type ? type : "?", type_name(env), env->sleepable ? " that may sleep" : "");
		if (env->sleepable)
			why_way_out(w, "use an array, hash, ring buffer or local storage map, or a program that does not sleep");
	}
	w->cls = DIAG_FEATURE;
}

void why_tell_attach(struct why *w)
{
	const struct env *env = w->env;
	const char *name = env->att.name ? env->att.name : env->prog->attach_name;

	w->regno = -1;
	if (name && *name)
		why_cause(w, "a program of type %.30s cannot be attached to `%.60s`: %.120s",
			  type_name(env), name, env->result->message);
	else
		why_cause(w, "a program of type %.30s cannot be loaded like this: %.150s",
			  type_name(env), env->result->message);
	if (!strcmp(env->result->code, "ATTACH-SLEEP"))
		why_way_out(
			w,
			"drop \".s\" from the section's name, or attach to a hook that may sleep");
}
