/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out that can be tried on the abstract program, by what is known of the refused value: where
 * it was lost, what it was read from, which argument it is. What stands here says only what to try;
 * mend.c tries it.
 */
#include "verifier/tell/why_mend.h"

#include <string.h>

#include "verifier/btf/btf.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/helper_allow.h"
#include "verifier/tell/origin.h"
#include "verifier/walk/assume.h"
#include "verifier/walk/tale.h"

#define MEMORY_ENOUGH                                                                              \
	65536 /* bytes behind a pointer that a mended program would pass: as many as may be asked  \
		 for */

static const struct bpf_insn *refused(const struct why *w)
{
	return &w->env->insns[w->now->insn_idx];
}

/* ---- calls that are not made ----------------------------------------------------------------- */

/* Does the call take, give back, begin or end something? Without it others would be wrong. */
static bool has_counterpart(const struct why *w, const struct bpf_insn *i)
{
	struct why_call call = why_call_of(w, i);
	const struct helper_proto *proto = call.helper;

	if (insn_is_helper_call(i))
		return (proto && ((proto->flags & (HELPER_F_RELEASE | HELPER_F_ACQUIRE)) || proto->id == HELPER_SPIN_LOCK ||
				  proto->id == HELPER_SPIN_UNLOCK || proto->id == HELPER_DYNPTR_FROM_MEM)) ||
		       i->imm == BPF_FUNC_tail_call;
	return !call.kfunc || (call.kfunc->flags & (KF_ACQ | KF_REL | KF_ITER)) || call.kfunc->special != KFS_NONE;
}

bool why_may_be_left_out(const struct why *w, const struct tale *t)
{
	const struct bpf_insn *i = t ? &w->env->insns[t->insn_idx] : NULL;

	return i && (!insn_is_call(i) || !has_counterpart(w, i));
}

void why_propose_without_call(struct why *w)
{
	char callee[WHY_NAME_BYTES];

	if (!w->now || !why_may_be_left_out(w, w->now))
		return;
	if (why_propose_other(w, "do without %.60s: the rest of the program holds without it",
			      why_callee(w, w->now->insn_idx, callee)))
		why_propose_also(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0, 0);
}

/* ---- values that were lost, or are none ------------------------------------------------------ */

/* The instruction that acquired what the lost pointer belonged to; -1: it belonged to nothing. */
static int64_t acquired_at(const struct origin *o)
{
	const struct tale_held *held = o->at->held;
	uint32_t ref = o->at->r[o->regno]->ref, i;

	for (i = 0; ref && i < held->cnt; i++)
		if (held->h[i].type == HELD_REF && held->h[i].id == ref)
			return held->h[i].insn_idx;
	return -1;
}

static void propose_lost(struct why *w)
{
	const struct origin *o = &w->origin;
	int64_t at;

	if (reg_is_pkt(o->at->r[o->regno]) || reg_base(o->at->r[o->regno]) == REG_PKT_END ||
	    reg_is_pkt_slice(o->at->r[o->regno])) {
		why_propose(w, ASSUME_KEPT, UINT32_MAX, 0, 0);
		return;
	}
	at = acquired_at(o);
	if (at < 0)
		return;
	if (why_call_ends(w, refused(w), KF_REL)) /* once is enough */
		why_propose(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0);
	else
		why_propose(w, ASSUME_LATE, o->at->insn_idx, 0, (uint64_t)at);
}

/* The test that leaves NULL: its branches exchanged, or the way of NULL ends there. */
static void propose_zero(struct why *w)
{
	const struct origin *o = &w->origin;
	char name[WHY_NAME_BYTES];

	why_propose(w, ASSUME_FLIPPED, o->at->insn_idx, 0, 0);
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	if (why_propose_other(
		    w, "return on the way where %.60s is NULL, and use it on the other only", name))
		why_propose_also(w, ASSUME_NOT_NULL, o->at->insn_idx, o->regno, 0, 0);
}

/* bpf_probe_read_kernel() gives any number, and is for all with these rights. */
static void propose_probe_read(struct why *w)
{
	const struct origin *o = &w->origin;
	const struct bpf_insn *i = &w->env->insns[o->at->insn_idx];

	if (!w->env->gpl || !w->env->cap_perfmon || BPF_CLASS(refused(w)->code) != BPF_LDX ||
	    (BPF_CLASS(i->code) != BPF_LDX && !insn_is_call(i)))
		return;
	why_propose(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0);
}

void why_propose_use(struct why *w)
{
	if (!w->now || w->regno < 0)
		return;
	if (w->origin.kind == ORIGIN_LOST)
		propose_lost(w);
	else if (w->origin.kind == ORIGIN_ZERO)
		propose_zero(w);
	else if ((w->origin.kind == ORIGIN_LOADED || w->origin.kind == ORIGIN_RESULT) && w->origin.at &&
		 reg_is_scalar(w->now->r[w->regno]))
		propose_probe_read(w);
	else if (w->origin.kind == ORIGIN_ARGUMENT)
		why_propose(w, ASSUME_STATIC, w->now->insn_idx, 0, 0);
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* What the helper takes there, by the kind of its argument. */
static void propose_helper(struct why *w, const struct reg *used)
{
	const struct helper_proto *proto = helper_proto_of(w->env, refused(w)->imm);
	const struct helper_arg *arg = proto ? &proto->arg[w->regno - 1] : NULL;
	uint32_t at = w->now->insn_idx, regno = (uint32_t)w->regno;

	switch (arg ? arg->kind : HARG_NONE) {
	case HARG_MAP_KEY:
	case HARG_MAP_VALUE:
	case HARG_MEM:
		why_propose(w, ASSUME_MEMORY, at, regno, MEMORY_ENOUGH);
		break;
	case HARG_SIZE:
	case HARG_SIZE_OR_ZERO:
	case HARG_SCALAR:
		if (!reg_is_scalar(used))
			why_propose_also(w, ASSUME_NUMBER, at, regno, 1, 1);
		break;
	case HARG_ALLOC_SIZE:
		if (reg_is_scalar(used) && used->v.uh < UINT32_MAX)
			why_propose_also(w, ASSUME_NUMBER, at, regno, used->v.uh, used->v.uh);
		break;
	case HARG_CTX:
		why_propose(w, ASSUME_CONTEXT, at, regno, 0);
		break;
	case HARG_MAP_PTR:
		if (reg_base(used) == REG_MAP_VALUE)
			why_propose(w, ASSUME_MAP, at, regno, used->map);
		break;
	default:
		break;
	}
}

static void propose_kfunc(struct why *w)
{
	const struct kfunc *k = kfunc_at(w->env, refused(w));
	uint32_t at = w->now->insn_idx, regno = (uint32_t)w->regno, ref_id = 0;
	const struct btf_type *t, *ref;

	if (!k || !k->proto || regno > btf_vlen_of(k->proto) || (k->flags & KF_REL) ||
	    k->special != KFS_NONE)
		return;
	t = btf_skip_mods(k->view, btf_params_of(k->proto)[regno - 1].type, NULL);
	ref = t && btf_is_ptr(t)
		      ? btf_pointee(k->view, btf_params_of(k->proto)[regno - 1].type, &ref_id)
		      : NULL;
	if (ref && btf_is_struct(ref) && reg_base(w->now->r[regno]) == REG_BTF_ID)
		why_propose(w, ASSUME_TRUSTED, at, regno, 0);
	if (ref && btf_is_struct(ref))
		why_propose_also(w, ASSUME_OBJECT, at, regno, k->btf, ref_id);
}

static void propose_function(struct why *w)
{
	int sub = subprog_at(w->env, w->now->insn_idx + (uint32_t)refused(w)->imm + 1);
	const struct subprog *to = sub < 0 ? NULL : &w->env->subprogs[sub];
	const struct subprog_arg *arg =
		to && w->regno <= to->arg_cnt ? &to->args[w->regno - 1] : NULL;
	uint32_t at = w->now->insn_idx, regno = (uint32_t)w->regno;

	if (arg && arg->kind == ARG_MEM)
		why_propose(w, ASSUME_MEMORY, at, regno, arg->mem_size);
	else if (arg && arg->kind == ARG_CTX)
		why_propose(w, ASSUME_CONTEXT, at, regno, 0);
	else if (arg && arg->kind == ARG_BTF)
		why_propose_also(w, ASSUME_OBJECT, at, regno, arg->btf, arg->btf_id);
	else if (arg && arg->kind == ARG_SCALAR)
		why_propose_also(w, ASSUME_NUMBER, at, regno, 0, 0);
}

void why_propose_argument(struct why *w)
{
	const struct reg *used = w->now && w->regno >= BPF_REG_1 && w->regno <= BPF_REG_5
					 ? w->now->r[w->regno]
					 : NULL;

	if (!used || w->origin.kind == ORIGIN_LOST || reg_maybe_null(used))
		return;
	if (insn_is_helper_call(refused(w)))
		propose_helper(w, used);
	else if (insn_is_kfunc_call(refused(w)))
		propose_kfunc(w);
	else if (insn_is_subprog_call(refused(w)))
		propose_function(w);
}

/* ---- values that an assumption made ------------------------------------------------------------------------------ */

/* Does it make a value of its own, where it stands or of what it does not step? */
static bool makes_value(enum assume_kind kind, bool instead)
{
	if (instead)
		return kind == ASSUME_SKIPPED || kind == ASSUME_LATE;
	return kind == ASSUME_ZERO || kind == ASSUME_NUMBER || kind == ASSUME_MEMORY || kind == ASSUME_CONTEXT ||
	       kind == ASSUME_MAP || kind == ASSUME_OBJECT || kind == ASSUME_RELEASED;
}

bool why_is_assumed(const struct env *env, const struct tale *t, uint32_t regno)
{
	const struct assume *a;
	struct origin o;
	uint32_t i;

	if (!env->assume_cnt)
		return false;
	origin_find_root(env, t, regno, &o);
	for (i = 0; i < env->assume_cnt; i++) {
		a = &env->assumes[i];
		if ((o.at && o.at->insn_idx == a->insn_idx && makes_value(a->kind, true)) ||
		    (o.made && o.made->insn_idx == a->insn_idx && makes_value(a->kind, false)))
			return true;
	}
	return false;
}
