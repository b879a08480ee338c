/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNC_H
#define VERIFIER_KFUNC_H

#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/state/env.h"
#include "verifier/access/iter.h"

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

/* The kfunc call at an instruction. 0 or negative. */
int kfunc_call(struct env *env, uint32_t insn_idx);

#endif
