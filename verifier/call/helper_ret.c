/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a helper leaves in r0. Promises a register that covers every value the helper can return,
 * with the identity and the reference that later checks need.
 */
#include "verifier/call/helper_ret.h"

#include "verifier/access/ctx.h"
#include "verifier/access/null.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/kernel/names.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

#define ERRNO_MAX 4095

struct retctx {
	struct env *env;
	const struct helper_proto *proto;
	struct call_meta *meta;
};

static struct reg *ret_reg(const struct retctx *c)
{
	return &env_regs(c->env)[0];
}

static int ret_integer(const struct retctx *c)
{
	reg_set_unknown(ret_reg(c));
	return 0;
}

static int ret_void(const struct retctx *c)
{
	reg_set_not_init(ret_reg(c));
	return 0;
}

/*
 * An array lookup by a constant key inside the array finds something. Of arrays that may stand for others of
 * another length in an outer map, the length known here is not the one that counts.
 */
static bool ret_lookup_hits(const struct retctx *c)
{
	const struct bgv_map *map = c->env->maps[c->meta->map - 1].shape;

	return c->proto->id == HELPER_MAP_LOOKUP_ELEM && c->env->beh->array_key_nonnull &&
	       (map->type == MT_ARRAY || map->type == MT_PERCPU_ARRAY) &&
	       !(map->map_flags & MAP_F_INNER_MAP) &&
	       c->meta->const_map_key >= 0 && c->meta->const_map_key < map->max_entries;
}

static int ret_map_value(const struct retctx *c)
{
	struct reg *r = ret_reg(c);
	uint32_t flags = c->proto->ret_flags;

	if (!c->meta->map)
		return verdict_reject(c->env, EINVAL, CODE_HELPER_MAP, "helper returns a value of no map");
	if (ret_lookup_hits(c))
		flags &= ~REG_F_MAYBE_NULL;
	reg_set_ptr(r, REG_MAP_VALUE | flags);
	r->map = c->meta->map;
	r->map_uid = c->meta->map_uid;
	if (!(flags & REG_F_MAYBE_NULL) &&
	    btfrec_has(c->env->maps[c->meta->map - 1].rec, BTFREC_LOCK))
		r->id = env_new_id(c->env);
	if (c->env->beh->lookup_refines) {
		if (flags & REG_F_MAYBE_NULL)
			r->id = env_new_id(c->env);
		null_refine_lookup(c->env, r);
	}
	return 0;
}

static int ret_sock(const struct retctx *c)
{
	reg_set_ptr(ret_reg(c), REG_SOCKET | c->proto->ret_flags);
	return 0;
}

static int ret_sock_common(const struct retctx *c)
{
	reg_set_ptr(ret_reg(c), REG_SOCK_COMMON | c->proto->ret_flags);
	return 0;
}

static int ret_tcp_sock(const struct retctx *c)
{
	reg_set_ptr(ret_reg(c), REG_TCP_SOCK | c->proto->ret_flags);
	return 0;
}

static int ret_ringbuf_mem(const struct retctx *c)
{
	reg_set_ptr(ret_reg(c), REG_MEM | REG_F_RINGBUF | c->proto->ret_flags);
	ret_reg(c)->mem_size = c->meta->mem_size;
	return 0;
}

static int ret_dynptr_mem(const struct retctx *c)
{
	reg_set_ptr(ret_reg(c), REG_MEM | c->proto->ret_flags);
	ret_reg(c)->mem_size = c->meta->mem_size;
	return 0;
}

static int ret_btf_id(const struct retctx *c)
{
	struct reg *r;
	int id = ctx_btf_struct(c->env, c->proto->ret_btf);

	if (id < 0)
		return id;
	r = ret_reg(c);
	reg_set_ptr(r, REG_BTF_ID | c->proto->ret_flags);
	r->btf = 0;
	r->btf_id = (uint32_t)id;
	return 0;
}

/* What had been in the slot: a kernel object, or one of the program's own. */
static int ret_kptr(const struct retctx *c)
{
	const struct btf_member_field *f = c->meta->kptr_field;
	struct reg *r = ret_reg(c);

	reg_set_ptr(r, REG_BTF_ID | c->proto->ret_flags);
	if (f->btf) {	/* not of the kernel's BTF */
		r->type |= REG_F_ALLOC;
		if (f->kind == BTFREC_KPTR_PERCPU)
			r->type |= REG_F_PERCPU;
	}
	r->btf = f->btf;
	r->btf_id = f->btf_id;
	return 0;
}

/* this_cpu_ptr, per_cpu_ptr: memory of the variable's size, or a struct. */
static int ret_percpu_deref(const struct retctx *c)
{
	struct env *env = c->env;
	const struct btf_view *view = btf_of(env, c->meta->ret_btf);
	const struct btf_type *t;
	struct reg *r = ret_reg(c);
	uint32_t flags = c->proto->ret_flags, bytes, id;

	if (!view)
		return verdict_unsupported(env, "a per-cpu variable without its BTF");
	t = btf_skip_mods(view, c->meta->ret_btf_id, &id);
	if (!t)
		return verdict_reject(env, EINVAL, CODE_HELPER_BTF, "per-cpu variable of no type");
	if (!btf_is_struct(t)) {
		if (btf_size_of(view, c->meta->ret_btf_id, &bytes) < 0)
			return verdict_reject(env, EINVAL, CODE_HELPER_BTF,
					      "unable to resolve the size of type '%s'",
					      btf_view_name(view, id));
		reg_set_ptr(r, REG_MEM | flags);
		r->mem_size = bytes;
		return 0;
	}
	flags &= ~REG_F_RDONLY;
	reg_set_ptr(r, REG_BTF_ID | (c->meta->percpu_alloc ? REG_F_ALLOC | REG_F_RCU : flags));
	r->btf = c->meta->ret_btf;
	r->btf_id = c->meta->ret_btf_id;
	return 0;
}

static int (*const ret_of[])(const struct retctx *c) = {
	[HRET_INTEGER] = ret_integer, [HRET_VOID] = ret_void, [HRET_MAP_VALUE] = ret_map_value,
	[HRET_SOCK] = ret_sock, [HRET_SOCK_COMMON] = ret_sock_common,
	[HRET_TCP_SOCK] = ret_tcp_sock, [HRET_RINGBUF_MEM] = ret_ringbuf_mem,
	[HRET_DYNPTR_MEM] = ret_dynptr_mem, [HRET_PERCPU_DEREF] = ret_percpu_deref,
	[HRET_BTF_ID] = ret_btf_id, [HRET_KPTR] = ret_kptr,
};

static bool ret_acquires(const struct retctx *c)
{
	uint32_t type;

	if (c->proto->flags & HELPER_F_ACQUIRE)
		return true;
	if (!(c->proto->flags & HELPER_F_ACQUIRE_MAP) || !c->meta->map)
		return false;
	type = c->env->maps[c->meta->map - 1].shape->type;
	return type == MT_SOCKMAP || type == MT_SOCKHASH;
}

/* Identity and reference of the pointer in r0. */
static int ret_identify(const struct retctx *c, uint32_t insn_idx)
{
	struct reg *r = ret_reg(c);
	uint32_t ref;
	int ret;

	if (reg_maybe_null(r) && !(c->proto->ret == HRET_MAP_VALUE && c->env->beh->lookup_refines))
		r->id = env_new_id(c->env);
	if (c->proto->ret == HRET_DYNPTR_MEM)
		r->dynptr_id = c->meta->dynptr_id;
	if ((c->proto->flags & HELPER_F_PTR_CAST) || c->proto->ret == HRET_DYNPTR_MEM) {
		r->ref = c->meta->ref_obj_id;
		return 0;
	}
	if (!ret_acquires(c) || c->proto->ret == HRET_INTEGER)
		return 0;
	ret = refs_acquire(c->env, insn_idx, &ref);
	if (ret < 0)
		return ret;
	r = ret_reg(c);
	r->id = ref;
	r->ref = ref;
	return 0;
}

/* Does bpf_get_retval give what the hook may return? Programs for getsockopt see any number. */
static bool ret_is_errno(const struct env *env)
{
	if (!env->beh->get_retval_range || env->attach_type == AT_CGROUP_GETSOCKOPT)
		return false;
	return env->prog_type != PT_LSM || (env->attach_type == AT_LSM_CGROUP && env->att.ret_range);
}

/* Lengths of strings and stacks, or an errno; the number of this CPU. */
static void ret_refine(const struct retctx *c)
{
	struct val *v = &ret_reg(c)->v;
	uint32_t last = c->env->target->nr_cpus - 1;

	switch (c->proto->id) {
	case HELPER_GET_STACK:
	case HELPER_GET_TASK_STACK:
	case HELPER_PROBE_READ_STR:
	case HELPER_PROBE_READ_KERNEL_STR:
	case HELPER_PROBE_READ_USER_STR:
		v->sh = (int64_t)c->meta->msize_max;
		v->xh = (int32_t)c->meta->msize_max;
		v->sl = -ERRNO_MAX;
		v->xl = -ERRNO_MAX;
		break;
	case HELPER_GET_SMP_PROCESSOR_ID:
		if (!c->env->beh->cpu_id_range)
			return;
		v->ul = 0;
		v->wl = 0;
		v->sl = 0;
		v->xl = 0;
		v->uh = last;
		v->wh = last;
		v->sh = last;
		v->xh = (int32_t)last;
		break;
	case HELPER_GET_RETVAL:
		if (!ret_is_errno(c->env))
			return;
		v->sl = c->env->prog_type == PT_LSM ? c->env->att.ret_lo : -ERRNO_MAX;
		v->sh = c->env->prog_type == PT_LSM ? c->env->att.ret_hi : 0;
		v->xl = (int32_t)v->sl;
		v->xh = (int32_t)v->sh;
		break;
	default:
		return;
	}
	val_sync(c->env->beh, v);
	val_settle(c->env->beh, v);
}

int helper_ret_set(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
		   struct call_meta *meta)
{
	struct retctx c = { .env = env, .proto = proto, .meta = meta };
	int r = ret_of[proto->ret](&c);

	if (r >= 0)
		r = ret_identify(&c, insn_idx);
	if (r >= 0 && proto->ret == HRET_INTEGER)
		ret_refine(&c);
	return r;
}
