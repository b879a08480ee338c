/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of kernel functions: which function, may this program call it, and the order of what a call
 * checks and does. Prototypes come from the target's BTF; flags and permission, which the BTF does
 * not tell, from kfunc.def. A function without a row is unsupported, never guessed.
 */
#include "verifier/call/kfunc.h"

#include "proto/array.h"
#include "verifier/access/iter.h"
#include "verifier/call/kfunc_arg.h"
#include "verifier/call/kfunc_ret.h"
#include "verifier/call/kfunc_special.h"
#include "verifier/kernel/names.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

/* ---- the call ---- */

/* Functions of one struct_ops type: which of its members may call them. */
static bool ops_may_call(const struct env *env, const char *name)
{
	static const struct {
		const char *ops, *name, *member;	/* member NULL: all */
	} rows[] = {
		{ "Qdisc_ops", "bpf_skb_get_hash", NULL },
		{ "Qdisc_ops", "bpf_kfree_skb", NULL },
		{ "Qdisc_ops", "bpf_dynptr_from_skb", NULL },
		{ "Qdisc_ops", "bpf_qdisc_skb_drop", "enqueue" },
		{ "Qdisc_ops", "bpf_qdisc_watchdog_schedule", "enqueue" },
		{ "Qdisc_ops", "bpf_qdisc_watchdog_schedule", "dequeue" },
		{ "Qdisc_ops", "bpf_qdisc_bstats_update", "dequeue" },
	};

	for (size_t i = 0; env->att.ops_name && i < ARRAY_CNT(rows); i++)
		if (!strcmp(rows[i].name, name) && !strcmp(rows[i].ops, env->att.ops_name) &&
		    (!rows[i].member || !strcmp(rows[i].member, env->att.name)))
			return true;
	return false;
}

/* Before the arguments; 6.1: after them, with another errno. */
static int check_may_sleep(struct env *env, const struct kfunc *k)
{
	if (!(k->flags & KF_SLEEP) || env_in_sleepable(env))
		return 0;
	return verdict_reject(env, env->beh->args_old ? EINVAL : EACCES, CODE_KFUNC_SLEEP,
			      "program must be sleepable to call sleepable kfunc %s", k->name);
}

static int check_may_call(struct env *env, const struct kfunc *k)
{
	if (!k->known)
		return verdict_unsupported(env, "kernel function %s has no row for this kernel",
					   k->name);
	if (!k->allowed && !(env->prog_type == PT_STRUCT_OPS && ops_may_call(env, k->name)))
		return verdict_reject(env, EACCES, CODE_KFUNC_ALLOWED,
				      "calling kernel function %s is not allowed", k->name);
	if ((k->flags & KF_RCUP) && env->beh->rcu_iter_needs_section && !env_in_rcu(env))
		return verdict_reject(env, EACCES, CODE_KFUNC_RCU,
				      "kernel func %s requires RCU critical section protection", k->name);
	if (k->flags & KF_DESTR)	/* needs CAP_SYS_BOOT, which nobody here holds */
		return verdict_reject(env, EACCES, CODE_KFUNC_DESTRUCTIVE,
				      "destructive kfunc calls require CAP_SYS_BOOT capability");
	if ((k->flags & KF_PERFMON) && !env->cap_perfmon)
		return verdict_reject(env, EPERM, CODE_CAP_PERFMON,
				      "%s is allowed only to CAP_PERFMON and CAP_SYS_ADMIN", k->name);
	if (env->leak_rules && kfunc_tab_leaks(k->name))
		return verdict_reject(env, EPERM, CODE_CAP_PERFMON,
				      "kernel function %s is granted only with CAP_PERFMON", k->name);
	return env->beh->args_old ? 0 : check_may_sleep(env, k);
}

int kfunc_call(struct env *env, uint32_t insn_idx)
{
	const struct kfunc *k = kfunc_at(env, &env->insns[insn_idx]);
	struct kfunc_meta m = { .k = k };
	int r;

	if (!k) { /* stepped over now, refused at the end: kfunc_check_missing() */
		env->missing_kfunc = insn_idx + 1;
		return 0;
	}
	env->aux[insn_idx].is_iter_next = k->flags & KF_NEXT;
	r = check_may_call(env, k);
	if (r >= 0)
		r = kfunc_before_args(env, &m, insn_idx);
	if (r >= 0)
		r = kfunc_check_args(env, &m, insn_idx);
	if (r >= 0 && env->beh->args_old)
		r = check_may_sleep(env, k);
	if (r >= 0)
		r = kfunc_apply_effects(env, &m, insn_idx);
	if (r >= 0)
		r = kfunc_set_ret(env, &m, insn_idx);
	if (r >= 0 && (k->flags & KF_NEXT))
		r = iter_next(env, insn_idx, m.iter_frame, m.iter_spi);
	return r;
}
