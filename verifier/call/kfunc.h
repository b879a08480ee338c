/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNC_H
#define VERIFIER_KFUNC_H

#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/state/env.h"
#include "verifier/access/iter.h"

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

/* A kfunc the program calls; lives with the env. */
struct kfunc {
	uint32_t id, off;		/* as in the instruction: BTF id, 0 or 1 + index of a module's BTF */
	uint32_t btf;			/* as in struct reg */
	const struct btf_view *view;
	const struct btf_type *proto;
	const char *name;
	enum kfunc_special special;
	bool known;			/* kfunc.def has it for this kernel */
	bool allowed;			/* to this program type */
	uint32_t flags;			/* enum kfunc_flag */
};

/* The resolved kfunc of a call; NULL: none was resolved (imm 0). */
const struct kfunc *kfunc_at(const struct env *env, const struct bpf_insn *insn);

/* What the arguments of one call told. */
struct kfunc_meta {
	const struct kfunc *k;
	uint32_t release_regno, ref;
	bool owning;			/* refcount_acquire was given an owning reference */
	bool has_const;
	uint64_t constant;		/* of the one constant or size argument */
	uint64_t ret_bytes;
	bool ret_rdonly;
	uint32_t subprog;		/* callback */
	uint32_t arg_btf, arg_btf_id;	/* the own object passed */
	uint32_t ret_btf_id;		/* cast_to_kern_ctx */
	const struct btf_member_field *root;	/* list head or tree root */
	uint32_t dynptr_id, dynptr_ref;
	enum dynptr_type dynptr_type;
	uint32_t iter_frame, iter_spi;
	bool iter_rcu;
	uint32_t map, map_uid;
};

static inline bool kfunc_ret_null(const struct kfunc_meta *m)
{
	return (m->k->flags & KF_NULL) && !(KF_IS(m->k, bpf_refcount_acquire_impl) && m->owning);
}

int kfunc_check_args(struct env *env, struct kfunc_meta *m, uint32_t insn_idx);	/* kfunc_arg.c */
int kfunc_set_ret(struct env *env, struct kfunc_meta *m, uint32_t insn_idx);	/* kfunc_ret.c */

/*
 * What happens before the arguments are looked at: a trap, the path on which a lock was not taken.
 */
int kfunc_before_args(struct env *env, const struct kfunc_meta *m, uint32_t insn_idx);

/*
 * Locks, RCU, preemption, callbacks, ownership: what the call does beside its result
 * (kfunc_special.c).
 */
int kfunc_apply_effects(struct env *env, struct kfunc_meta *m, uint32_t insn_idx);

/* Is the program inside the less() callback of bpf_rbtree_add? */
bool kfunc_in_rbtree_callback(const struct env *env);
/* Is every member of the struct a number, or a struct of such, four levels deep at most? */
bool kfunc_is_scalar_struct(const struct btf_view *view, const struct btf_type *t);
/* An own object that is held now without owning it, while the lock is. */
int kfunc_set_non_owning(struct env *env, struct reg *r);

#endif
