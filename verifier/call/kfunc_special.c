/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What calls of kernel functions do beside their result: callbacks, sections entered and left,
 * references given up, objects handed to a list or tree, exceptions. In the kernel's order, which
 * decides the message when two things are wrong.
 */
#include "verifier/call/kfunc_special.h"

#include <stdio.h>

#include "verifier/access/dynptr.h"
#include "verifier/access/lock.h"
#include "verifier/access/pkt.h"
#include "verifier/btf/btfrec.h"
#include "verifier/call/call.h"
#include "verifier/call/ret.h"
#include "verifier/kernel/names.h"
#include "verifier/state/env.h"
#include "verifier/state/pending.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/value/alu.h"
#include "verifier/access/dynslot.h"

static bool is_rbtree_special(enum kfunc_special s)
{
	return s == KFS_bpf_rbtree_add_impl || s == KFS_bpf_rbtree_remove ||
	       s == KFS_bpf_rbtree_first || s == KFS_bpf_rbtree_root || s == KFS_bpf_rbtree_left ||
	       s == KFS_bpf_rbtree_right;
}

bool kfunc_in_rbtree_callback(const struct env *env)
{
	for (uint32_t n = env->cur->curframe; n; n--) {
		const struct frame *f = state_frame(env->cur, n);
		const struct kfunc *k = f->in_callback && f->callsite >= 0
						? kfunc_at(env, &env->insns[f->callsite])
						: NULL;

		if (k && is_rbtree_special(k->special))
			return true;
	}
	return false;
}

int kfunc_set_non_owning(struct env *env, struct reg *r)
{
	const struct btfrec *rec = btfrec_of_type(env, r->btf, r->btf_id);

	if (!env->cur->active_locks || (r->type & REG_F_NON_OWN_REF))
		return verdict_reject(env, EFAULT, CODE_GRAPH_OWN,
				      "non-owning reference outside of a lock");
	r->type |= REG_F_NON_OWN_REF;
	if (rec && rec->refcount_off >= 0)
		r->type |= REG_F_RCU;
	return 0;
}

/* ---- callbacks ---- */

static void graph_node(struct reg *r, const struct btf_member_field *root)
{
	reg_set_ptr(r, REG_BTF_ID | REG_F_ALLOC);
	r->btf = root->btf;
	r->btf_id = root->btf_id;
	r->off = (int32_t)root->node_offset;
}

/* less(a, b): two nodes of the tree, not owned. */
static int callee_less(struct env *env, struct frame *caller, struct frame *callee,
		       uint32_t insn_idx)
{
	const struct reg *root = &caller->r[1];
	const struct btfrec *rec = reg_base(root) == REG_MAP_VALUE ? env->maps[root->map - 1].rec
				 : btfrec_of_type(env, root->btf, root->btf_id);
	const struct btf_member_field *f = btfrec_find(rec, (uint32_t)root->off);
	int r = 0;

	(void)insn_idx;
	if (!f || f->kind != BTFREC_RB_ROOT)
		return verdict_reject(env, EFAULT, CODE_GRAPH_ROOT, "tree root is not where it was");
	for (uint32_t i = 1; r >= 0 && i <= 2; i++) {
		graph_node(&callee->r[i], f);
		r = kfunc_set_non_owning(env, &callee->r[i]);
	}
	for (uint32_t i = 3; i <= 5; i++)
		reg_set_not_init(&callee->r[i]);
	callee->in_callback = true;
	callee->ret_lo = 0;
	callee->ret_hi = 1;
	return r;
}

static void map_regs(struct env *env, struct frame *callee, const struct reg *from)
{
	static const uint32_t types[] = { REG_MAP_PTR, REG_MAP_KEY, REG_MAP_VALUE };

	for (uint32_t i = 0; i < 3; i++) {
		reg_set_ptr(&callee->r[i + 1], types[i]);
		callee->r[i + 1].map = from->map;
		callee->r[i + 1].map_uid = from->map_uid;
	}
	if (env->beh->callback_value_id)
		callee->r[3].id = env_new_id(env);
	reg_set_not_init(&callee->r[4]);
	reg_set_not_init(&callee->r[5]);
	callee->in_async_callback = true;
}

/* callback(map, key, value) of the workqueue's map. */
static int callee_wq(struct env *env, struct frame *caller, struct frame *callee, uint32_t insn_idx)
{
	(void)insn_idx;
	map_regs(env, callee, &caller->r[1]);
	callee->ret_lo = callee->ret_hi = 0;
	return 0;
}

static int callee_task_work(struct env *env, struct frame *caller, struct frame *callee,
			    uint32_t insn_idx)
{
	(void)insn_idx;
	map_regs(env, callee, &caller->r[3]);
	callee->ret_lo = INT32_MIN;
	callee->ret_hi = INT32_MAX;
	return 0;
}

static int push_callback(struct env *env, const struct kfunc_meta *m, uint32_t insn_idx)
{
	switch (m->k->special) {
	case KFS_bpf_rbtree_add_impl:
		return call_push_callback(env, insn_idx, m->subprog, false, false, callee_less);
	case KFS_bpf_wq_set_callback_impl:
		return call_push_callback(env, insn_idx, m->subprog, true, true, callee_wq);
	case KFS_bpf_task_work_schedule_signal_impl:
	case KFS_bpf_task_work_schedule_resume_impl:
		return call_push_callback(env, insn_idx, m->subprog, true, true, callee_task_work);
	default:
		return 0;
	}
}

/* ---- sections ---- */

static int sections(struct env *env, const struct kfunc_meta *m)
{
	const struct kfunc *k = m->k;
	bool rcu = KF_IS(k, bpf_rcu_read_lock) || KF_IS(k, bpf_rcu_read_unlock);
	char what[128];

	if (rcu && env->cur->rcu_locks && kfunc_in_rbtree_callback(env))
		return verdict_reject(
			env, EACCES, CODE_RCU_CALLBACK,
			"Calling bpf_rcu_read_{lock,unlock} in unnecessary rbtree callback");
	switch (k->special) {
	case KFS_bpf_rcu_read_lock:
		return lock_rcu_enter(env);
	case KFS_bpf_rcu_read_unlock:
		return lock_rcu_leave(env);
	case KFS_bpf_preempt_disable:
		return lock_preempt_enter(env);
	case KFS_bpf_preempt_enable:
		return lock_preempt_leave(env);
	default:
		break;
	}
	if (k->flags & KF_SLEEP) {
		snprintf(what, sizeof(what), "kernel func %s", k->name);
		return lock_check_sleepable(env, what);
	}
	return 0;
}

/* ---- ownership ---- */

static int release(struct env *env, const struct kfunc_meta *m)
{
	int r;

	if (!m->release_regno)
		return 0;
	if (m->dynptr_from.ref)
		return dynptr_release_arg(env, m->release_regno);
	r = dynslot_release(env, env_regs(env)[m->release_regno].ref);
	if (r == -EINVAL)
		return verdict_reject(env, EINVAL, CODE_REF_RELEASE,
				      "kfunc %s reference has not been acquired before",
				      m->k->name);
	return r;
}

/* The object now belongs to the list or tree: its pointers stay, owning nothing. */
static int hand_over(struct env *env, const struct kfunc_meta *m)
{
	struct reg_iter it = REG_ITER(env, env->cur);
	uint32_t ref = env_regs(env)[2].ref;
	const struct reg *r;
	struct reg *w;
	int err;

	if (!kfunc_is_push(m->k->special))
		return 0;
	if (!ref || !refs_has(env, ref))
		return verdict_reject(env, EFAULT, CODE_GRAPH_OWN,
				      "kfunc %s conversion of owning ref to non-owning failed",
				      m->k->name);
	while ((r = reg_iter_next(&it))) {
		if (r->ref != ref)
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		w->ref = 0;
		err = kfunc_set_non_owning(env, w);
		if (err < 0)
			return err;
	}
	return dynslot_release(env, ref);
}

static int throw(struct env *env, const struct kfunc_meta *m)
{
	int r;

	if (!KF_IS(m->k, bpf_throw))
		return 0;
	env->seen_exception = true;
	if (env->exception_subprog)
		return 0;
	r = ret_check(env,
		      1); /* with the default callback the cookie is what the program returns */
	return r < 0 ? r : 0;
}

/* bpf_res_spin_lock may fail: a pending path goes on with an error and without the lock. */
static int fork_failed_lock(struct env *env, const struct kfunc_meta *m, uint32_t insn_idx)
{
	struct state *st;
	struct frame *f;

	if (!KF_IS(m->k, bpf_res_spin_lock) && !KF_IS(m->k, bpf_res_spin_lock_irqsave))
		return 0;
	st = pending_push(env, insn_idx + 1, insn_idx, false, ENOMEM);
	if (!st)
		return -ENOMEM;	/* recorded by pending_push */
	f = st->l[st->curframe].f;
	for (uint32_t i = 0; i <= 5; i++)
		reg_set_not_init(&f->r[i]);
	reg_set_unknown(&f->r[0]);
	alu_clamp_s32(env->beh, &f->r[0].v, -4095, -1);
	return 0;
}

int kfunc_before_args(struct env *env, const struct kfunc_meta *m, uint32_t insn_idx)
{
	if (KF_IS(m->k, __bpf_trap))
		return verdict_reject(env, EFAULT, CODE_KFUNC_TRAP,
				      "unexpected __bpf_trap() due to uninitialized variable?");
	return fork_failed_lock(env, m, insn_idx);
}

/* What tracing programs, which may run in an NMI, must not free: fields that take locks to be freed. */
static int check_drop(struct env *env, const struct kfunc_meta *m)
{
	const uint32_t safe = BTFREC_SPIN_LOCK | BTFREC_RES_SPIN_LOCK | BTFREC_TIMER | BTFREC_WORKQUEUE |
			      BTFREC_TASK_WORK | BTFREC_KPTR_UNREF | BTFREC_REFCOUNT;
	const struct btfrec *rec;

	if (!env->beh->drop_nmi_unsafe ||
	    (!KF_IS(m->k, bpf_obj_drop_impl) && !KF_IS(m->k, bpf_percpu_obj_drop_impl)))
		return 0;
	switch (env->prog_type) {
	case PT_KPROBE:
	case PT_TRACEPOINT:
	case PT_PERF_EVENT:
	case PT_RAW_TRACEPOINT:
	case PT_RAW_TRACEPOINT_WRITABLE:
		break;
	case PT_TRACING:
		if (env->attach_type != BPF_TRACE_ITER && !env->sleepable)
			break;
		return 0;
	default:
		return 0;
	}
	rec = btfrec_of_type(env, m->arg_btf, m->arg_btf_id);
	for (uint32_t i = 0; rec && i < rec->cnt; i++)
		if (!(rec->field[i].kind & safe))
			return verdict_reject(env, EINVAL, CODE_KFUNC_NMI,
					      "%s cannot be used in tracing programs on types with NMI unsafe fields",
					      m->k->name);
	return 0;
}

int kfunc_apply_effects(struct env *env, struct kfunc_meta *m, uint32_t insn_idx)
{
	int r = check_drop(env, m);

	if (r >= 0)
		r = push_callback(env, m, insn_idx);
	if (r >= 0)
		r = sections(env, m);
	if (r >= 0)
		r = release(env, m);
	if (r >= 0)
		r = hand_over(env, m);
	if (r >= 0)
		r = throw(env, m);
	if (r >= 0 && KF_IS(m->k, bpf_xdp_pull_data))
		r = pkt_invalidate_all(env);
	return r;
}
