/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments that are lists, trees and their nodes. Promises that a root is where its record says,
 * guarded by a lock that is held, and that a node is of the type and at the offset that the root's
 * tag names. Trusts the records of btfrec.c.
 */
#include "verifier/call/kfunc_graph.h"

#include "verifier/access/btfptr.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/call/kfunc_special.h"
#include "verifier/state/env.h"
#include "verifier/state/refs.h"
#include "verifier/state/verdict.h"

/* Is the lock that guards the object held? */
static bool its_lock_held(const struct env *env, const struct reg *r)
{
	uint32_t object = reg_base(r) == REG_MAP_VALUE ? r->map : 1u << 31 | r->btf;

	return refs_find_lock(env->cur, HELD_LOCK_MASK, r->id, object);
}

static int check_root(struct karg *a, uint32_t kind, const char *name)
{
	const struct reg *r = reg_of(a);
	const struct btf_member_field *f;
	const struct btfrec *rec;
	uint32_t off;

	if (r->type != REG_MAP_VALUE && r->type != (REG_BTF_ID | REG_F_ALLOC))
		return kfarg_bad(a, EINVAL, "expected pointer to map value or allocated object");
	if (r->type == (REG_BTF_ID | REG_F_ALLOC) && !r->ref)
		return kfarg_bad(a, EINVAL, "allocated object must be referenced");
	if (!val_is_const(&r->v))
		return verdict_reject(
			a->env, EINVAL, CODE_GRAPH_ROOT,
			"R%u doesn't have constant offset. %s has to be at the constant offset",
			a->regno, name);
	rec = reg_base(r) == REG_MAP_VALUE ? a->env->maps[r->map - 1].rec
					   : btfrec_of_type(a->env, r->btf, r->btf_id);
	off = (uint32_t)r->off + (uint32_t)r->v.tv;
	f = btfrec_find(rec, off);
	if (!f || f->kind != kind)
		return verdict_reject(a->env, EINVAL, CODE_GRAPH_ROOT, "%s not found at offset=%u",
				      name, off);
	if (!its_lock_held(a->env, r))
		return verdict_reject(
			a->env, EINVAL, CODE_GRAPH_LOCK,
			a->env->cur->active_locks
				? "held lock and object are not in the same allocation: bpf_spin_lock at off=%d must be held for %s"
				: "bpf_spin_lock at off=%d must be held for %s",
			rec->spin_lock_off, name);
	a->m->root = f;
	return 0;
}

int kfunc_graph_list_head(struct karg *a)
{
	return check_root(a, BTFREC_LIST_HEAD, "bpf_list_head");
}

int kfunc_graph_rb_root(struct karg *a)
{
	return check_root(a, BTFREC_RB_ROOT, "bpf_rb_root");
}

/* The node must be of the type, and at the offset, that the root's tag names. */
static int check_node(struct karg *a, uint32_t kind, const char *name)
{
	const struct reg *r = reg_of(a);
	const struct btf_member_field *root = a->m->root, *f;
	uint32_t off = (uint32_t)r->off + (uint32_t)r->v.tv;

	if (!val_is_const(&r->v))
		return verdict_reject(
			a->env, EINVAL, CODE_GRAPH_NODE,
			"R%u doesn't have constant offset. %s has to be at the constant offset",
			a->regno, name);
	f = btfrec_find(btfrec_of_type(a->env, r->btf, r->btf_id), off);
	if (!f || f->kind != kind)
		return verdict_reject(a->env, EINVAL, CODE_GRAPH_NODE, "%s not found at offset=%u",
				      name, off);
	if (!root)	/* rbtree_left, rbtree_right take a node alone: it names its tree's type */
		return 0;
	if (!btfptr_ids_match(a->env, r->btf, r->btf_id, 0, root->btf, root->btf_id, true))
		return verdict_reject(
			a->env, EINVAL, CODE_GRAPH_NODE,
			"operation on %s expects arg#1 %s at offset=%u in struct %s, but arg is at offset=%u in struct %s",
			btfrec_kind_name(root->kind), name, root->node_offset,
			btf_view_name(btf_of(a->env, root->btf), root->btf_id), off,
			btf_view_name(btf_of(a->env, r->btf), r->btf_id));
	a->m->arg_btf = r->btf;
	a->m->arg_btf_id = r->btf_id;
	if (off != root->node_offset)
		return verdict_reject(a->env, EINVAL, CODE_GRAPH_NODE,
				      "arg#1 offset=%u, but expected %s at offset=%u", off, name,
				      root->node_offset);
	return 0;
}

static int owned_object(struct karg *a)
{
	const struct reg *r = reg_of(a);

	if (r->type != (REG_BTF_ID | REG_F_ALLOC))
		return kfarg_bad(a, EINVAL, "expected pointer to allocated object");
	return r->ref ? 0 : kfarg_bad(a, EINVAL, "allocated object must be referenced");
}

/* May be in the list already, so owned by it. */
static bool not_owned_will_do(const struct karg *a)
{
	const struct reg *r = reg_of(a);

	return btf_text_ends(a->name, "__nonown_allowed") && (r->type & REG_F_NON_OWN_REF) && !r->ref;
}

int kfunc_graph_list_node(struct karg *a)
{
	int r = not_owned_will_do(a) ? 0 : owned_object(a);

	return r < 0 ? r : check_node(a, BTFREC_LIST_NODE, "bpf_list_node");
}

int kfunc_graph_rb_node(struct karg *a)
{
	const struct reg *r = reg_of(a);
	int ret;

	if (KF_IS(a->m->k, bpf_rbtree_add_impl)) {
		ret = owned_object(a);
		if (ret < 0)
			return ret;
	} else {
		if (!a->env->beh->graph_walk && (!(r->type & REG_F_NON_OWN_REF) || r->ref))
			return verdict_reject(a->env, EINVAL, CODE_GRAPH_NODE,
					      "rbtree_remove node input must be non-owning ref");
		if (!(r->type & REG_F_NON_OWN_REF) && !r->ref)
			return verdict_reject(
				a->env, EINVAL, CODE_GRAPH_NODE,
				"%s can only take non-owning or refcounted bpf_rb_node pointer",
				a->m->k->name);
		if (kfunc_in_rbtree_callback(a->env))
			return verdict_reject(a->env, EINVAL, CODE_GRAPH_NODE,
					      "%s not allowed in rbtree cb", a->m->k->name);
	}
	return check_node(a, BTFREC_RB_NODE, "bpf_rb_node");
}
