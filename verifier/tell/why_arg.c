/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of calls that do not fit: which one, of which function, what it takes by its contract
 * (a helper's prototype, a kernel function's BTF, a global function's own), and what is passed
 * instead and since when.
 */
#include "verifier/tell/why_arg.h"

#include <stdio.h>
#include <string.h>

#include "verifier/btf/btf.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/helper_allow.h"
#include "verifier/tell/origin.h"
#include "verifier/tell/why_mend.h"
#include "verifier/tell/why_value.h"
#include "verifier/walk/assume.h"

#define TAKES_BYTES 160

/* ---- what is taken --------------------------------------------------------------------------- */

static const char *const helper_takes[HARG_CNT] = {
	[HARG_SCALAR] = "a number",
	[HARG_CTX] = "the program's context",
	[HARG_MAP_PTR] = "a map",
	[HARG_MAP_KEY] =
		"memory that holds a key (&key: the address of a variable, packet bytes, a map's key or value, or allocated)",
	[HARG_MAP_VALUE] =
		"memory that holds a value (&value: the address of a variable, packet bytes, a map's key or value, or allocated)",
	[HARG_MEM] =
		"memory: the stack, packet, a map's key or value, allocated or of a ring buffer",
	[HARG_SIZE] = "a number, the size of the memory before it",
	[HARG_SIZE_OR_ZERO] = "a number, the size of the memory before it",
	[HARG_ALLOC_SIZE] = "a constant number",
	[HARG_SOCK] = "a full socket (struct bpf_sock)",
	[HARG_SOCK_COMMON] = "a socket",
	[HARG_BTF_SOCK_COMMON] =
		"a socket (struct bpf_sock, bpf_tcp_sock, bpf_xdp_sock or a kernel one)",
	[HARG_PERCPU_BTF_ID] = "the address of a per-CPU variable (__ksym) or object",
	[HARG_CONST_STR] = "a constant string (const char[] in .rodata)",
	[HARG_RINGBUF_MEM] = "what bpf_ringbuf_reserve() returned",
	[HARG_SPIN_LOCK] = "a struct bpf_spin_lock in a map value or own object",
	[HARG_TIMER] = "a struct bpf_timer in a map value",
	[HARG_KPTR_SLOT] = "a __kptr member of a map value or own object",
	[HARG_STACK] = "a pointer to the stack, or NULL",
	[HARG_FUNC] = "a static function",
	[HARG_DYNPTR] = "a struct bpf_dynptr on the stack",
};

static void takes_helper(const struct why *w, const struct bpf_insn *i, char buf[TAKES_BYTES])
{
	const struct helper_proto *proto = helper_proto_of(w->env, i->imm);
	const struct helper_arg *arg = proto ? &proto->arg[w->regno - 1] : NULL;

	if (!arg || arg->kind >= HARG_CNT)
		return;
	if (arg->kind == HARG_BTF_ID)
		snprintf(buf, TAKES_BYTES, "%s%.60s%s",
			 arg->btf ? "a trusted pointer to struct " : "an acquired kernel object",
			 arg->btf ? arg->btf : "",
			 arg->flags & REG_F_MAYBE_NULL ? ", or NULL" : "");
	else if (helper_takes[arg->kind])
		snprintf(buf, TAKES_BYTES, "%s%s", helper_takes[arg->kind],
			 arg->flags & REG_F_MAYBE_NULL ? ", or NULL" : "");
}

static const char *kfunc_trust(uint32_t flags, const char *name)
{
	if (flags & KF_REL)
		return "an acquired pointer to ";
	if (flags & KF_RCU)
		return "a trusted or RCU pointer to ";
	if (btf_text_ends(name, "__alloc"))
		return "an own object of ";
	return flags & KF_TRUST ? "a trusted pointer to " : "a pointer to ";
}

/* By the parameter's type, and what its name says of it. */
static void takes_kfunc(const struct why *w, const struct bpf_insn *i, char buf[TAKES_BYTES])
{
	const struct kfunc *k = kfunc_at(w->env, i);
	const struct btf_param *param;
	const struct btf_type *t, *ref;
	const char *name;
	uint32_t ref_id = 0;

	if (!k || !k->proto || (uint32_t)w->regno > btf_vlen_of(k->proto))
		return;
	param = &btf_params_of(k->proto)[w->regno - 1];
	name = btf_view_str(k->view, param->name_off);
	t = btf_skip_mods(k->view, param->type, NULL);
	ref = t && btf_is_ptr(t) ? btf_pointee(k->view, param->type, &ref_id) : NULL;
	if (t && btf_is_scalar(t))
		snprintf(buf, TAKES_BYTES, "a %snumber",
			 btf_text_ends(name, "__k") || btf_text_ends(name, "__szk") ? "constant " : "");
	else if (btf_text_ends(name, "__str"))
		snprintf(buf, TAKES_BYTES, "a constant string (const char[] in .rodata)");
	else if (btf_text_ends(name, "__map"))
		snprintf(buf, TAKES_BYTES, "a map");
	else if (ref && btf_kind_of(ref) == BTF_KIND_FUNC_PROTO)
		snprintf(buf, TAKES_BYTES, "a static function");
	else if (ref && btf_is_struct(ref))
		snprintf(buf, TAKES_BYTES, "%sstruct %.60s%s", kfunc_trust(k->flags, name),
			 btf_view_name(k->view, ref_id),
			 btf_text_ends(name, "__nullable") ? ", or NULL" : "");
	else if (ref)
		snprintf(buf, TAKES_BYTES,
			 "memory: the stack, packet, a map's key or value, or allocated");
}

static void takes_function(const struct why *w, uint32_t insn_idx, char buf[TAKES_BYTES])
{
	int sub = subprog_at(w->env, insn_idx + (uint32_t)w->env->insns[insn_idx].imm + 1);
	const struct subprog *to = sub < 0 ? NULL : &w->env->subprogs[sub];
	const struct subprog_arg *arg;
	const char *null;

	if (!to || w->regno > to->arg_cnt)
		return;
	arg = &to->args[w->regno - 1];
	null = arg->flags & REG_F_MAYBE_NULL ? ", or NULL" : "";
	if (arg->kind == ARG_SCALAR)
		snprintf(buf, TAKES_BYTES, "a number");
	else if (arg->kind == ARG_CTX)
		snprintf(buf, TAKES_BYTES, "the program's context, unmoved");
	else if (arg->kind == ARG_MEM)
		snprintf(buf, TAKES_BYTES, "a pointer to memory of %u bytes%s", arg->mem_size,
			 *null ? null : ", not NULL");
	else if (arg->kind == ARG_BTF)
		snprintf(buf, TAKES_BYTES, "%s pointer to struct %.60s%s",
			 arg->flags & REG_F_UNTRUSTED ? "an untrusted"
			 : arg->flags & REG_F_RCU     ? "an RCU"
						      : "a trusted",
			 btf_view_name(btf_of(w->env, arg->btf), arg->btf_id), null);
	else if (arg->kind == ARG_DYNPTR)
		snprintf(buf, TAKES_BYTES, "a dynptr that was made");
	else if (arg->kind == ARG_ARENA)
		snprintf(buf, TAKES_BYTES, "a pointer into the arena, or a number");
}

static const char *takes_of(const struct why *w, char buf[TAKES_BYTES])
{
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];

	*buf = 0;
	if (w->regno < BPF_REG_1 || w->regno > BPF_REG_5)
		return buf;
	if (insn_is_helper_call(i))
		takes_helper(w, i, buf);
	else if (insn_is_kfunc_call(i))
		takes_kfunc(w, i, buf);
	else if (insn_is_subprog_call(i))
		takes_function(w, w->now->insn_idx, buf);
	return buf;
}

/* ---- what is passed -------------------------------------------------------------------------- */

/* A pointer to the right struct that the kernel does not vouch for. */
static bool tell_trust(struct why *w, const struct reg *used, const char *name, const char *callee)
{
	const struct bpf_insn *i = w->origin.at && w->origin.kind == ORIGIN_LOADED
					   ? &w->env->insns[w->origin.at->insn_idx]
					   : NULL;
	char from[WHY_NAME_BYTES];

	if (reg_base(used) != REG_BTF_ID || strcmp(w->env->result->code, "KFUNC-TRUST"))
		return false;
	if (i && BPF_CLASS(i->code) == BPF_LDX &&
	    reg_base(w->origin.at->r[i->src_reg]) != REG_CTX) {
		why_cause(
			w,
			"argument %d of %.40s, %.40s, is not trusted: it was read from %.60s, and the object may be gone",
			w->regno, callee, name, why_describe(w, w->origin.at->r[i->src_reg], from));
		why_way_out(
			w,
			"acquire a reference to it first (inside bpf_rcu_read_lock() where the member is __rcu)");
		why_propose(w, ASSUME_TRUSTED, w->now->insn_idx, (uint32_t)w->regno, 0);
	} else {
		why_cause(w, "argument %d of %.40s, %.40s, is not trusted: it is %.60s", w->regno,
			  callee, name, why_describe(w, used, from));
		why_propose(w, ASSUME_TRUSTED, w->now->insn_idx, (uint32_t)w->regno, 0);
	}
	return true;
}

/* Only what was acquired, and is held still, can be released. */
static bool tell_release(struct why *w, const struct reg *used, const char *name,
			 const char *callee)
{
	const char *code = w->env->result->code;
	char what[WHY_NAME_BYTES];

	if (strcmp(code, "KFUNC-RELEASE") && strcmp(code, "REF-RELEASE") &&
	    strcmp(code, "REF-UNACQUIRED"))
		return false;
	why_cause(
		w,
		"%.40s releases what was acquired; %.40s is %.60s, which nothing on this way acquired",
		callee, name, why_describe(w, used, what));
	why_way_out(w, "release only what a function that acquires returned; do not release this");
	why_propose(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0);
	return true;
}

static bool tell_packet(struct why *w, const char *name, const char *callee)
{
	if (strcmp(w->env->result->code, "HELPER-PKT"))
		return false;
	why_cause(
		w,
		"argument %d of %.40s, %.40s, points into the packet, which this function does not take",
		w->regno, callee, name);
	return true;
}

/* The number that the function's prototype (__szk, __k) wants to be a constant, and is none. */
static void choose_constant(struct why *w)
{
	const struct kfunc *k = kfunc_at(w->env, &w->env->insns[w->now->insn_idx]);
	const char *name;
	uint32_t i;

	for (i = 0; k && k->proto && i < btf_vlen_of(k->proto) && i < 5; i++) {
		name = btf_view_str(k->view, btf_params_of(k->proto)[i].name_off);
		if ((btf_text_ends(name, "__szk") || btf_text_ends(name, "__k")) && reg_is_scalar(w->now->r[i + 1]) &&
		    !reg_is_const(w->now->r[i + 1]))
			w->regno = (int32_t)i + 1;
	}
}

/* What stands after a call is named in it; which of its pointers is to be released stands first.
 */
static void choose_argument(struct why *w)
{
	if (!strcmp(w->env->result->code, "KFUNC-RELEASE"))
		w->regno = BPF_REG_1;
	else if (!strcmp(w->env->result->code, "KFUNC-CONST"))
		choose_constant(w);
}

static void propose(struct why *w, const struct reg *used)
{
	if (reg_base(used) == REG_NOT_INIT)
		why_propose(w, ASSUME_ZERO, w->now->insn_idx, (uint32_t)w->regno, 0);
}

void why_tell_argument(struct why *w)
{
	char name[WHY_NAME_BYTES], what[WHY_NAME_BYTES], callee[WHY_NAME_BYTES], takes[TAKES_BYTES];
	const struct reg *used;

	if (!w->now || !insn_is_call(&w->env->insns[w->now->insn_idx]))
		return;
	choose_argument(w);
	used = w->regno >= 0 ? w->now->r[w->regno] : NULL;
	if (!used)
		return;
	origin_find(w->env, w->now, (uint32_t)w->regno, &w->origin);
	if (reg_maybe_null(used) && strcmp(w->env->result->code, "KFUNC-TRUST"))
		why_tell_null(w);
	else
		why_tell_origin(w);
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	why_callee(w, w->now->insn_idx, callee);
	if (w->origin.kind == ORIGIN_LOST && reg_is_scalar(used)) {
		why_propose_use(w);
		why_cause_lost(w, name);
	}
	if (reg_is_scalar(used) && w->origin.kind == ORIGIN_ZERO)
		why_cause_number(w, name);
	if (tell_trust(w, used, name, callee) || tell_release(w, used, name, callee) ||
	    tell_packet(w, name, callee))
		return;
	takes_of(w, takes);
	why_cause(w, "argument %d of %.40s, %.40s, is %.60s%s%s", w->regno, callee, name,
		  why_describe(w, used, what), *takes ? "; it takes " : ": not what it takes",
		  takes);
	if (*takes)
		why_way_out(w, "pass %s", takes);
	propose(w, used);
	why_propose_argument(w);
}
