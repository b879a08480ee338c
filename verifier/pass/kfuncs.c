/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions pass, for kfuncs: every call is resolved, dead ones too, by the target's BTF and the table of kfuncs.
 * A function without a row is known by name only; what calls it is unsupported, never guessed.
 */
#include "verifier/pass/kfuncs.h"

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/names.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"

static bool condition_holds(const struct env *env, enum kfunc_condition condition)
{
	switch (condition) {
	case KFUNC_IF_ITER:
		return env->attach_type == BPF_TRACE_ITER;
	case KFUNC_IF_SESSION:	/* kprobe.session, uprobe.session */
		return env->attach_type == AT_TRACE_KPROBE_SESSION ||
		       env->attach_type == AT_TRACE_UPROBE_SESSION ||
		       env->attach_type == AT_TRACE_FSESSION ||
		       env->attach_type == AT_TRACE_FSESSION_MULTI;
	case KFUNC_IF_NOT_SENDMSG: /* a socket's hook that would call itself */
		return env->prog_type != PT_LSM ||
		       strcmp(btf_view_name(env->target->vmlinux, env->prog->attach_btf_id),
			      "bpf_lsm_socket_sendmsg") != 0;
	case KFUNC_IF_SCHED_EXT: /* of the structs of functions, schedulers only */
		return env->prog_type != PT_STRUCT_OPS ||
		       (env->att.ops_name && strcmp(env->att.ops_name, "sched_ext_ops") == 0);
	default:
		return true;
	}
}

static void apply_row(const struct env *env, struct kfunc *k)
{
	const struct kfunc_rule *rule = kfunc_tab_rule(env->target->profile, k->name);

	k->special = kfunc_tab_special(k->name);
	if (!rule)
		return;
	k->known = true;
	k->flags = rule->flags | kfunc_tab_flags_of_7(env->beh, k->name);
	k->allowed = env->prog_type < 64 && (rule->types >> env->prog_type & 1) &&
		     condition_holds(env, rule->condition);
}

static int start_table(struct env *env, uint32_t at)
{
	if (!env->target->vmlinux)
		return verdict_unsupported(env, "kernel functions without the kernel's BTF");
	if (env->target->flags & BGV_TARGET_NO_JIT)
		return verdict_reject_at(env, at, ENOTSUPP, CODE_KFUNC_JIT,
					 "JIT is required for calling kernel function");
	if (!env->gpl)
		return verdict_reject_at(
			env, at, EINVAL, CODE_KFUNC_LICENSE,
			"cannot call kernel function from non-GPL compatible program");
	env->kfuncs = pool_zalloc(env, sizeof(struct kfuncs));
	return env->kfuncs ? 0 : verdict_nomem(env);
}

/* Arguments of a prototype that travel in registers. */
static uint8_t arg_count(const struct btf_type *proto)
{
	return (uint8_t)(btf_vlen_of(proto) > 5 ? 5 : btf_vlen_of(proto));
}

static int resolve(struct env *env, uint32_t at, struct kfunc *k)
{
	const struct btf_type *func;

	if ((int16_t)k->off < 0)
		return verdict_reject_at(
			env, at, EINVAL, CODE_KFUNC_OFF,
			"negative offset disallowed for kernel module function call");
	/* the program's own BTF is nothing that an fd_array named for a call */
	if (k->off > env->prog->btf_cnt || (k->off && k->off == env->prog->prog_btf_idx))
		return verdict_reject_at(env, at, EPROTO, CODE_KFUNC_OFF,
					 "kfunc offset > 0 without fd_array is invalid");
	k->btf = k->off;
	k->view = btf_of(env, k->btf);
	if (!k->view)
		return verdict_reject_at(env, at, EINVAL, CODE_KFUNC_OFF,
					 "invalid module BTF fd specified");
	func = btf_view_type(k->view, k->id);
	if (!func || btf_kind_of(func) != BTF_KIND_FUNC)
		return verdict_reject_at(env, at, EINVAL, CODE_KFUNC_ID,
					 "kernel btf_id %u is not a function", k->id);
	k->proto = btf_view_type(k->view, func->type);
	if (!k->proto || btf_kind_of(k->proto) != BTF_KIND_FUNC_PROTO)
		return verdict_reject_at(
			env, at, EINVAL, CODE_KFUNC_ID,
			"kernel function btf_id %u does not have a valid func_proto", k->id);
	k->name = btf_view_str(k->view, func->name_off);
	if (btf_text_begins(k->name,
			    "bpf_xdp_metadata_rx_")) /* bound programs are unsupported before */
		return verdict_reject_at(env, at, EINVAL, CODE_KFUNC_DEVICE,
					 "metadata kfuncs require device-bound program");
	k->arg_cnt = arg_count(k->proto);
	k->is_void = k->proto->type == 0;
	apply_row(env, k);
	return 0;
}

int kfunc_add(struct env *env, uint32_t insn_idx)
{
	const struct bpf_insn *insn = &env->insns[insn_idx];
	struct kfuncs *tab;
	int r;

	if (!env->kfuncs) {
		r = start_table(env, insn_idx);
		if (r < 0)
			return r;
	}
	if (!insn->imm && !insn->off)
		return 0;	/* must be gone, or never stepped, by the end */
	if (kfunc_at(env, insn))
		return 0;
	tab = env->kfuncs;
	if (tab->cnt == ARRAY_CNT(tab->at))
		return verdict_reject_at(env, insn_idx, E2BIG, CODE_KFUNC_COUNT,
					 "too many different kernel function calls");
	tab->at[tab->cnt].id = (uint32_t)insn->imm;
	tab->at[tab->cnt].off = (uint16_t)insn->off;
	r = resolve(env, insn_idx, &tab->at[tab->cnt]);
	if (r >= 0)
		tab->cnt++;
	return r;
}

int kfunc_check_missing(struct env *env)
{
	if (!env->missing_kfunc)
		return 0;
	return verdict_reject_at(env, env->missing_kfunc - 1, EINVAL, CODE_KFUNC_ID,
				 "invalid kernel function call not eliminated in verifier pass");
}
