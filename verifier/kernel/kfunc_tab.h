/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNC_TAB_H
#define VERIFIER_KFUNC_TAB_H

#include <stdbool.h>
#include <stdint.h>

#include "verifier/kernel/behave.h"

/* Flags the kernel registers a kfunc with. */
enum kfunc_flag {
	KF_ACQ = 1 << 0, KF_REL = 1 << 1, KF_NULL = 1 << 2, KF_TRUST = 1 << 3, KF_SLEEP = 1 << 4,
	KF_DESTR = 1 << 5, KF_RCU = 1 << 6, KF_NEW = 1 << 7, KF_NEXT = 1 << 8, KF_DESTROY = 1 << 9,
	KF_RCUP = 1 << 10, KF_LOCKSAFE = 1 << 11, KF_PERFMON = 1 << 12,
};
#define KF_ITER (KF_NEW | KF_NEXT | KF_DESTROY)

/* Those with rules of their own: KF_IS(name) is the number of `name`. */
#define KFUNC_SPECIALS(X) \
	X(bpf_obj_new_impl) X(bpf_obj_drop_impl) X(bpf_percpu_obj_new_impl) \
	X(bpf_percpu_obj_drop_impl) X(bpf_refcount_acquire_impl) X(bpf_list_push_front_impl) \
	X(bpf_list_push_back_impl) X(bpf_list_pop_front) X(bpf_list_pop_back) X(bpf_list_front) \
	X(bpf_list_back) X(bpf_rbtree_add_impl) X(bpf_rbtree_remove) X(bpf_rbtree_first) \
	X(bpf_rbtree_root) X(bpf_rbtree_left) X(bpf_rbtree_right) X(bpf_cast_to_kern_ctx) \
	X(bpf_rdonly_cast) X(bpf_rcu_read_lock) X(bpf_rcu_read_unlock) X(bpf_preempt_disable) \
	X(bpf_preempt_enable) X(bpf_local_irq_save) X(bpf_local_irq_restore) \
	X(bpf_res_spin_lock) X(bpf_res_spin_unlock) X(bpf_res_spin_lock_irqsave) \
	X(bpf_res_spin_unlock_irqrestore) X(bpf_dynptr_from_skb) X(bpf_dynptr_from_xdp) \
	X(bpf_dynptr_from_skb_meta) X(bpf_dynptr_slice) X(bpf_dynptr_slice_rdwr) \
	X(bpf_dynptr_clone) X(bpf_throw) X(bpf_wq_set_callback_impl) X(bpf_session_cookie) \
	X(bpf_iter_css_task_new) X(bpf_iter_num_new) X(bpf_iter_num_next) \
	X(bpf_iter_num_destroy) X(bpf_task_work_schedule_signal_impl) \
	X(bpf_task_work_schedule_resume_impl) X(bpf_wq_init) X(bpf_xdp_pull_data) \
	X(bpf_get_kmem_cache) X(__bpf_trap) X(bpf_list_add) X(bpf_list_del) X(bpf_session_is_return) \
	X(bpf_dynptr_from_file) X(bpf_dynptr_file_discard)

enum kfunc_special {
	KFS_NONE,
#define KFUNC_SPECIAL(name) KFS_##name,
	KFUNC_SPECIALS(KFUNC_SPECIAL)
#undef KFUNC_SPECIAL
	KFS_CNT,
};
#define KF_IS(k, name) ((k)->special == KFS_##name)

/* Do these hand an object over to a list or tree? */
static inline bool kfunc_is_push(enum kfunc_special s)
{
	return s == KFS_bpf_list_push_front_impl || s == KFS_bpf_list_push_back_impl ||
	       s == KFS_bpf_list_add || s == KFS_bpf_rbtree_add_impl;
}

/* What else a row asks for: of the attach type, or of the hook. */
enum kfunc_condition {
	KFUNC_IF_ANY,
	KFUNC_IF_ITER,
	KFUNC_IF_SESSION,
	KFUNC_IF_NOT_SENDMSG,
	KFUNC_IF_SCHED_EXT,
};

/* What one kernel says of a kfunc. */
struct kfunc_rule {
	bool present;
	uint32_t flags;			/* enum kfunc_flag */
	uint64_t types;			/* program types, as bits */
	enum kfunc_condition condition;
};

/* The row of kfunc.def for that kernel; NULL: it has none. */
const struct kfunc_rule *kfunc_tab_rule(enum profile profile, const char *name);

/* Flags of kernels from 7.0 on, as far as these behaviours know them. */
uint32_t kfunc_tab_flags_of_7(const struct behave *beh, const char *name);

/* Its rules, if it has some of its own, by today's name or the one before. */
enum kfunc_special kfunc_tab_special(const char *name);

/* Only in a mode of our own: what without CAP_PERFMON no helper would give. */
bool kfunc_tab_leaks(const char *name);

#endif
