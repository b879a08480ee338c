/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of kernel functions: what r0 holds after the call, by the prototype and by the rules of
 * those whose type depends on their arguments. Maybe-null results get an identity, acquired ones a
 * reference.
 */
#include "verifier/call/kfunc_ret.h"

#include "proto/array.h"
#include "verifier/access/ctx.h"
#include "verifier/access/dynptr.h"
#include "verifier/access/memop.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/call/kfunc_arg.h"
#include "verifier/call/kfunc_special.h"
#include "verifier/marks/livemark.h"
#include "verifier/state/env.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

#define PERCPU_OBJECT_MAX 512	/* the kernel's BPF_GLOBAL_PERCPU_MA_MAX_SIZE */

static struct reg *r0_of(struct env *env)
{
	return &env_regs(env)[0];
}

/* ---- those whose type the arguments tell ---- */

static int ret_new_object(struct env *env, const struct kfunc_meta *m)
{
	bool percpu = KF_IS(m->k, bpf_percpu_obj_new_impl);
	uint32_t btf = env->prog->prog_btf_idx;
	const struct btf_view *view = btf ? btf_of(env, btf) : NULL;
	const struct btf_type *t;

	if (m->constant > UINT32_MAX)
		return verdict_reject(env, EINVAL, CODE_OBJ_NEW,
				      "local type ID argument must be in range [0, U32_MAX]");
	if (!view)
		return verdict_reject(env, EINVAL, CODE_OBJ_NEW,
				      "bpf_obj_new/bpf_percpu_obj_new requires prog BTF");
	t = btf_view_type(view, (uint32_t)m->constant);
	if (!t || btf_kind_of(t) != BTF_KIND_STRUCT)
		return verdict_reject(
			env, EINVAL, CODE_OBJ_NEW,
			"bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct");
	if (percpu && t->size > PERCPU_OBJECT_MAX)
		return verdict_reject(env, EINVAL, CODE_OBJ_NEW,
				      "bpf_percpu_obj_new type size (%u) is greater than %d",
				      t->size, PERCPU_OBJECT_MAX);
	if (percpu && !kfunc_is_scalar_struct(view, t))
		return verdict_reject(
			env, EINVAL, CODE_OBJ_NEW,
			"bpf_percpu_obj_new type ID argument must be of a struct of scalars");
	if (percpu && btfrec_of_type(env, btf, (uint32_t)m->constant))
		return verdict_reject(
			env, EINVAL, CODE_OBJ_NEW,
			"bpf_percpu_obj_new type ID argument must not contain special fields");
	reg_set_ptr(r0_of(env), REG_BTF_ID | REG_F_ALLOC | (percpu ? REG_F_PERCPU : 0));
	r0_of(env)->btf = btf;
	r0_of(env)->btf_id = (uint32_t)m->constant;
	return 0;
}

static int ret_same_object(struct env *env, const struct kfunc_meta *m)
{
	reg_set_ptr(r0_of(env), REG_BTF_ID | REG_F_ALLOC);
	r0_of(env)->btf = m->arg_btf;
	r0_of(env)->btf_id = m->arg_btf_id;
	return 0;
}

static int ret_node(struct env *env, const struct kfunc_meta *m)
{
	if (!m->root)
		return verdict_reject(env, EFAULT, CODE_GRAPH_ROOT,
				      "kernel function %s without a root", m->k->name);
	reg_set_ptr(r0_of(env), REG_BTF_ID | REG_F_ALLOC);
	r0_of(env)->btf = m->root->btf;
	r0_of(env)->btf_id = m->root->btf_id;
	r0_of(env)->off = (int32_t)m->root->node_offset;
	return 0;
}

static int ret_kern_ctx(struct env *env, const struct kfunc_meta *m)
{
	reg_set_ptr(r0_of(env), REG_BTF_ID | REG_F_TRUSTED);
	r0_of(env)->btf = 0;
	r0_of(env)->btf_id = m->ret_btf_id;
	return 0;
}

static int ret_rdonly_cast(struct env *env, const struct kfunc_meta *m)
{
	const struct btf_type *t =
		m->constant > UINT32_MAX ? NULL : btf_view_type(m->k->view, (uint32_t)m->constant);

	if (t && btf_is_void(t) && env->beh->arg_untrusted) {
		reg_set_ptr(r0_of(env), REG_MEM | REG_F_RDONLY | REG_F_UNTRUSTED);
		return 0;
	}
	if (!t || !btf_is_struct(t))
		return verdict_reject(
			env, EINVAL, CODE_RDONLY_CAST,
			"kfunc bpf_rdonly_cast type ID argument must be of a struct or void");
	reg_set_ptr(r0_of(env), REG_BTF_ID | REG_F_UNTRUSTED);
	r0_of(env)->btf = m->k->btf;
	r0_of(env)->btf_id = (uint32_t)m->constant;
	return 0;
}

static int ret_slice(struct env *env, const struct kfunc_meta *m)
{
	bool rdonly = KF_IS(m->k, bpf_dynptr_slice);
	uint32_t type = REG_MEM | (rdonly ? REG_F_RDONLY : 0);

	if (!m->has_const || !m->dynptr_type)
		return verdict_reject(env, EFAULT, CODE_DYNPTR_SLICE,
				      "slice without a dynptr or a constant size");
	if (!rdonly && !ctx_may_access_pkt(env, NULL, ACCESS_WRITE))
		return verdict_reject(env, EINVAL, CODE_DYNPTR_SLICE,
				      "the prog does not allow writes to packet data");
	reg_set_ptr(r0_of(env), type | dynptr_flags_of_type(m->dynptr_type));
	r0_of(env)->mem_size = (uint32_t)m->constant;
	r0_of(env)->dynptr_id = m->dynptr_id;
	return 0;
}

static const struct {
	enum kfunc_special special;
	int (*set)(struct env *env, const struct kfunc_meta *m);
} special_rets[] = {
	{ KFS_bpf_obj_new_impl, ret_new_object }, { KFS_bpf_percpu_obj_new_impl, ret_new_object },
	{ KFS_bpf_refcount_acquire_impl, ret_same_object },
	{ KFS_bpf_list_pop_front, ret_node }, { KFS_bpf_list_pop_back, ret_node },
	{ KFS_bpf_list_del, ret_node }, { KFS_bpf_list_front, ret_node }, { KFS_bpf_list_back, ret_node },
	{ KFS_bpf_rbtree_remove, ret_node }, { KFS_bpf_rbtree_first, ret_node },
	{ KFS_bpf_rbtree_root, ret_node }, { KFS_bpf_rbtree_left, ret_node },
	{ KFS_bpf_rbtree_right, ret_node },
	{ KFS_bpf_cast_to_kern_ctx, ret_kern_ctx }, { KFS_bpf_rdonly_cast, ret_rdonly_cast },
	{ KFS_bpf_dynptr_slice, ret_slice }, { KFS_bpf_dynptr_slice_rdwr, ret_slice },
};

/* ---- those whose type the prototype tells ---- */

static int ret_memory(struct env *env, struct kfunc_meta *m, uint32_t pointee)
{
	uint32_t bytes;

	if (!m->ret_bytes && btf_size_of(m->k->view, pointee, &bytes) == 0) {
		m->ret_bytes = bytes;
		m->ret_rdonly = true;
	}
	if (!m->ret_bytes)
		return verdict_reject(
			env, EINVAL, CODE_KFUNC_RET,
			"kernel function %s returns a pointer type that is not supported",
			m->k->name);
	reg_set_ptr(r0_of(env), REG_MEM | (m->ret_rdonly ? REG_F_RDONLY : 0));
	r0_of(env)->mem_size = (uint32_t)m->ret_bytes;
	r0_of(env)->ref = m->ref;
	return 0;
}

static int ret_pointer(struct env *env, struct kfunc_meta *m, const struct btf_type *ptr)
{
	const struct btf_type *t;
	uint32_t id;

	for (size_t i = 0; i < ARRAY_CNT(special_rets); i++)
		if (special_rets[i].special == m->k->special)
			return special_rets[i].set(env, m);
	t = btf_skip_mods(m->k->view, ptr->type, &id);
	if (!t)
		return verdict_reject(env, EINVAL, CODE_KFUNC_RET,
				      "kernel function %s returns an endless type", m->k->name);
	if (btf_is_void(t)) {
		reg_set_unknown(r0_of(env));
		return 0;
	}
	if (!btf_is_struct(t))
		return ret_memory(env, m, id);
	reg_set_ptr(r0_of(env), REG_BTF_ID);
	r0_of(env)->btf = m->k->btf;
	r0_of(env)->btf_id = id;
	if (m->k->flags & KF_NEXT)
		r0_of(env)->type |= m->iter_rcu ? REG_F_RCU : REG_F_TRUSTED;
	return 0;
}

/* Identity and reference of a returned pointer. */
static int own_pointer(struct env *env, const struct kfunc_meta *m, uint32_t insn_idx)
{
	struct reg *r0 = r0_of(env);
	bool is_node = m->root && !(m->k->flags & KF_ACQ);
	const struct btfrec *rec;
	uint32_t ref;
	int r;

	if (kfunc_ret_null(m)) {
		r0->type |= REG_F_MAYBE_NULL;
		r0->id = env_new_id(env);
	}
	if (m->k->flags & KF_ACQ) {
		r = refs_acquire(env, insn_idx, &ref);
		if (r < 0)
			return r;
		r0 = r0_of(env);
		r0->ref = ref;
		if (kfunc_ret_null(m))
			r0->id = ref;
	} else if (is_node) {
		r = kfunc_set_non_owning(env, r0);
		if (r < 0)
			return r;
	}
	rec = (r0->type & REG_F_ALLOC) ? btfrec_of_type(env, r0->btf, r0->btf_id) : NULL;
	if (btfrec_has(rec, BTFREC_LOCK) && !r0->id)
		r0->id = env_new_id(env);
	return 0;
}

int kfunc_set_ret(struct env *env, struct kfunc_meta *m, uint32_t insn_idx)
{
	const struct btf_type *t = btf_skip_mods(m->k->view, m->k->proto->type, NULL);
	int r;

	/* unlike helpers, where liveness is marked: arguments count as read, the rest not as
	 * written */
	for (uint32_t i = 1; i <= btf_vlen_of(m->k->proto); i++)
		livemark_read_reg(env, i);
	for (uint32_t i = 0; i <= 5; i++)
		reg_set_not_init(&env_regs(env)[i]);
	if (t && !btf_is_void(t))
		livemark_write_reg(env, 0);
	if (KF_IS(m->k, bpf_session_cookie))
		m->ret_bytes = 8;	/* writable, unlike what a pointer to a number gives */
	if (!t)
		return verdict_reject(env, EINVAL, CODE_KFUNC_RET,
				      "kernel function %s returns an endless type", m->k->name);
	if (btf_is_scalar(t)) {
		if (KF_IS(m->k, bpf_res_spin_lock) || KF_IS(m->k, bpf_res_spin_lock_irqsave))
			reg_set_known(r0_of(env), 0);
		else
			reg_set_unknown(r0_of(env));
		return 0;
	}
	if (!btf_is_ptr(t))
		return 0;
	r = ret_pointer(env, m, t);
	if (r < 0 || reg_is_scalar(r0_of(env)))
		return r;
	return own_pointer(env, m, insn_idx);
}
