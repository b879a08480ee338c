/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a call does, known before it is stepped: for the graph passes and for marks that walk back over it. Promises
 * nothing of a function that the program may not call but that it may read all arguments.
 */
#include "verifier/state/callfacts.h"

#include <string.h>

#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/helper_allow.h"

void call_facts_of_helper(const struct env *env, int32_t func_id, struct call_facts *ret)
{
	struct helper_caller caller = helper_caller_of(env);
	const struct helper_proto *proto;

	memset(ret, 0, sizeof(*ret));
	ret->nargs = HELPER_ARGS_MAX;
	if (helper_tab_find(&caller, func_id, &proto) < 0 || helper_locked_down(env, func_id))
		return;
	ret->known = true;
	ret->is_void = proto->ret == HRET_VOID;
	ret->nargs = 0;
	while (ret->nargs < HELPER_ARGS_MAX && proto->arg[ret->nargs].kind != HARG_NONE)
		ret->nargs++;
	ret->sync_callback = proto->flags & HELPER_F_SYNC_CB;
	ret->async_callback = proto->flags & HELPER_F_ASYNC_CB;
	ret->changes_pkt = proto->flags & HELPER_F_CHANGES_PKT;
	ret->might_sleep = proto->flags & HELPER_F_MIGHT_SLEEP;
	ret->fastcall = (proto->flags & HELPER_F_FASTCALL) && env->target->profile != PROFILE_6_1 &&
			!(env->target->flags & BGV_TARGET_NO_JIT);
}

static void kfunc_facts(const struct env *env, const struct bpf_insn *insn, struct call_facts *ret)
{
	const struct kfunc *k = kfunc_at(env, insn);

	memset(ret, 0, sizeof(*ret));
	ret->nargs = 5;
	if (!k)
		return;
	ret->known = true;
	ret->nargs = k->arg_cnt;
	ret->is_void = k->is_void;
	ret->sync_callback = KF_IS(k, bpf_rbtree_add_impl);
	ret->async_callback = KF_IS(k, bpf_wq_set_callback_impl) ||
			      KF_IS(k, bpf_task_work_schedule_signal_impl) ||
			      KF_IS(k, bpf_task_work_schedule_resume_impl);
	ret->iter_next = k->flags & KF_NEXT;
	ret->changes_pkt = KF_IS(k, bpf_xdp_pull_data);
	ret->might_sleep = k->flags & KF_SLEEP;
	ret->fastcall = KF_IS(k, bpf_cast_to_kern_ctx) || KF_IS(k, bpf_rdonly_cast);
	ret->noreturn = KF_IS(k, bpf_throw);
}

void call_facts_of(const struct env *env, const struct bpf_insn *insn, struct call_facts *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->nargs = PROGRAM_ARGS_MAX;
	if (insn_is_helper_call(insn))
		call_facts_of_helper(env, insn->imm, ret);
	else if (insn_is_kfunc_call(insn))
		kfunc_facts(env, insn, ret);
}
