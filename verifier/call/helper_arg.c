/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of helpers. Promises that each register holds what the helper's prototype asks for
 * before the helper is said to run: the kind of pointer, its offset, the memory behind it.
 */
#include "verifier/call/helper_arg.h"

#include <stdio.h>

#include "verifier/access/bounds.h"
#include "verifier/access/btfptr.h"
#include "verifier/access/ctx.h"
#include "verifier/access/dynptr.h"
#include "verifier/access/kptr.h"
#include "verifier/access/lock.h"
#include "verifier/access/mapval.h"
#include "verifier/access/mem.h"
#include "verifier/access/regcheck.h"
#include "verifier/btf/btfrec.h"
#include "verifier/kernel/names.h"
#include "verifier/marks/precise.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

#define TYPES_MAX 11

/* Register types that fit an argument kind; 0 ends the list. Flags of the argument are folded first. */
static const uint32_t mem_types[TYPES_MAX] = {
	REG_STACK, REG_PKT, REG_PKT_META, REG_MAP_KEY, REG_MAP_VALUE, REG_MEM,
	REG_MEM | REG_F_RINGBUF, REG_BUF, REG_BTF_ID | REG_F_TRUSTED,
};
/* From 7.1 on also a syscall program's context, which is plain memory. */
static const uint32_t newer_mem_types[TYPES_MAX] = {
	REG_STACK, REG_PKT, REG_PKT_META, REG_MAP_KEY, REG_MAP_VALUE, REG_MEM,
	REG_MEM | REG_F_RINGBUF, REG_BUF, REG_BTF_ID | REG_F_TRUSTED, REG_CTX,
};
/* Keys and values of older kernels. */
static const uint32_t old_key_types[TYPES_MAX] = {
	REG_STACK, REG_PKT, REG_PKT_META, REG_MAP_KEY, REG_MAP_VALUE,
};
static const uint32_t sock_types[TYPES_MAX] = {
	REG_SOCK_COMMON, REG_SOCKET, REG_TCP_SOCK, REG_XDP_SOCK,
};
static const uint32_t btf_sock_types[TYPES_MAX] = {
	REG_SOCK_COMMON, REG_SOCKET, REG_TCP_SOCK, REG_XDP_SOCK, REG_BTF_ID,
	REG_BTF_ID | REG_F_TRUSTED,
};
static const uint32_t btf_types[TYPES_MAX] = {
	REG_BTF_ID, REG_BTF_ID | REG_F_TRUSTED, REG_BTF_ID | REG_F_RCU,
};
static const uint32_t percpu_types[TYPES_MAX] = {
	REG_BTF_ID | REG_F_PERCPU, REG_BTF_ID | REG_F_PERCPU | REG_F_RCU,
	REG_BTF_ID | REG_F_PERCPU | REG_F_TRUSTED,
};
static const uint32_t lock_types[TYPES_MAX] = { REG_MAP_VALUE, REG_BTF_ID | REG_F_ALLOC };
static const uint32_t scalar_types[TYPES_MAX] = { REG_SCALAR };
static const uint32_t ctx_types[TYPES_MAX] = { REG_CTX };
static const uint32_t map_types[TYPES_MAX] = { REG_MAP_PTR };
static const uint32_t fullsock_types[TYPES_MAX] = { REG_SOCKET };
static const uint32_t value_types[TYPES_MAX] = { REG_MAP_VALUE };
static const uint32_t ringbuf_types[TYPES_MAX] = { REG_MEM | REG_F_RINGBUF };
static const uint32_t func_types[TYPES_MAX] = { REG_FUNC };
static const uint32_t stack_types[TYPES_MAX] = { REG_STACK };
static const uint32_t dynptr_types[TYPES_MAX] = { REG_STACK, REG_DYNPTR };

static const uint32_t *const types_of[HARG_CNT] = {
	[HARG_SCALAR] = scalar_types, [HARG_CTX] = ctx_types, [HARG_MAP_PTR] = map_types,
	[HARG_MAP_KEY] = mem_types, [HARG_MAP_VALUE] = mem_types, [HARG_MEM] = mem_types,
	[HARG_SIZE] = scalar_types, [HARG_SIZE_OR_ZERO] = scalar_types,
	[HARG_ALLOC_SIZE] = scalar_types, [HARG_SOCK] = fullsock_types,
	[HARG_SOCK_COMMON] = sock_types, [HARG_BTF_SOCK_COMMON] = btf_sock_types,
	[HARG_BTF_ID] = btf_types, [HARG_PERCPU_BTF_ID] = percpu_types,
	[HARG_CONST_STR] = value_types, [HARG_RINGBUF_MEM] = ringbuf_types,
	[HARG_SPIN_LOCK] = lock_types, [HARG_TIMER] = value_types, [HARG_KPTR_SLOT] = lock_types,
	[HARG_STACK] = stack_types, [HARG_FUNC] = func_types, [HARG_DYNPTR] = dynptr_types,
};

/* What one check works on. */
struct argcheck {
	struct env *env;
	const struct helper_proto *proto;
	const struct helper_arg *arg;
	uint32_t regno, insn_idx;
	uint8_t kind;			/* of the argument, after resolving by map type */
	struct call_meta *meta;
};

static const struct reg *arg_reg(const struct argcheck *c)
{
	return &env_regs(c->env)[c->regno];
}

/* In maps of sockets a "value" is a socket (resolve_map_arg_type). */
static int arg_resolve_kind(struct argcheck *c)
{
	uint32_t type;

	if (c->kind != HARG_MAP_VALUE)
		return 0;
	if (!c->meta->map)
		return verdict_reject(c->env, EACCES, CODE_HELPER_ARG,
				      "invalid map_ptr to access map->type");
	type = c->env->maps[c->meta->map - 1].shape->type;
	if (type != MT_SOCKMAP && type != MT_SOCKHASH)
		return 0;
	if (c->arg->flags & (REG_F_UNINIT | REG_F_MAYBE_NULL))
		return verdict_reject(c->env, EINVAL, CODE_HELPER_ARG,
				      "invalid arg_type for sockmap/sockhash");
	c->kind = HARG_BTF_SOCK_COMMON;
	return 0;
}

static int arg_refuse_type(const struct argcheck *c, const uint32_t *types)
{
	char have[REGNAME_BYTES], one[REGNAME_BYTES], want[REGNAME_BYTES * 2] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < TYPES_MAX && types[i] && used < sizeof(want); i++)
		used += (size_t)snprintf(want + used, sizeof(want) - used, "%s%s", i ? ", " : "",
					 regname_type(types[i], one));
	c->env->arg_types = types;
	return verdict_reject(c->env, EACCES, CODE_HELPER_ARG, "R%u type=%s expected=%s", c->regno,
			      regname_type(arg_reg(c)->type, have), want);
}

/* A kernel object where one of a certain struct is wanted. */
static int arg_check_btf(const struct argcheck *c)
{
	struct env *env = c->env;
	const struct reg *r = arg_reg(c);
	bool strict = (c->arg->flags & REG_F_RELEASE) && c->proto->id != HELPER_SK_RELEASE;
	const char *want = c->kind == HARG_BTF_SOCK_COMMON ? "sock_common" : c->arg->btf;
	int id;

	if (reg_maybe_null(r) &&
	    (!(c->arg->flags & REG_F_MAYBE_NULL) || (c->arg->flags & REG_F_RELEASE)))
		return verdict_reject(env, EACCES, CODE_HELPER_NULL,
				      "Possibly NULL pointer passed to helper arg%u", c->regno);
	if (c->proto->id == HELPER_KPTR_XCHG)
		return kptr_check_match(env, c->meta->kptr_field, c->regno);
	id = ctx_btf_struct(env, want);
	if (id < 0)
		return id;
	if (!btfptr_ids_match(env, r->btf, r->btf_id, r->off, 0, (uint32_t)id, strict))
		return verdict_reject(env, EACCES, CODE_HELPER_BTF,
				      "R%u is of another type but %s is expected", c->regno, want);
	return 0;
}

/* check_reg_type() */
static int arg_check_type(const struct argcheck *c)
{
	const struct reg *r = arg_reg(c);
	const uint32_t *types = types_of[c->kind];
	uint32_t type = r->type, i;

	if (types == mem_types && c->kind != HARG_MEM && c->env->beh->args_old)
		types = old_key_types;
	else if (types == mem_types && c->env->beh->ctx_offset_deref)
		types = newer_mem_types;
	if (c->arg->flags & REG_F_RDONLY)
		type &= ~REG_F_RDONLY;
	if (c->arg->flags & REG_F_MAYBE_NULL)
		type &= ~REG_F_MAYBE_NULL;
	if (c->kind == HARG_MEM)
		type &= ~REG_F_DYNPTR_MASK;
	if (c->proto->id == HELPER_KPTR_XCHG && c->regno == 2 && (type & REG_F_ALLOC))
		type &= ~(REG_F_ALLOC | REG_F_PERCPU);
	for (i = 0; i < TYPES_MAX && types[i]; i++)
		if (types[i] == type)
			break;
	if (i == TYPES_MAX || !types[i])
		return arg_refuse_type(c, types);
	if (reg_base(r) != REG_BTF_ID)
		return 0;
	if (types == mem_types || types == newer_mem_types) {
		if (c->arg->flags & REG_F_RDONLY)
			return 0;
		return verdict_reject(c->env, EACCES, CODE_HELPER_WRITE,
				      "bpf_%s() may write into memory pointed by R%u", c->proto->name,
				      c->regno);
	}
	if (r->type & REG_F_PERCPU && c->kind != HARG_BTF_ID)
		return 0;	/* the helpers that take them look themselves */
	if ((r->type & REG_F_ALLOC) && c->kind != HARG_BTF_ID)
		return 0;	/* locks and slots in own objects: likewise */
	return arg_check_btf(c);
}

static int arg_check_release(const struct argcheck *c)
{
	struct env *env = c->env;
	const struct reg *r = arg_reg(c);
	int ret;

	if (!(c->arg->flags & REG_F_RELEASE))
		return 0;
	if (c->kind == HARG_DYNPTR) {
		ret = dynptr_check_release(env, c->regno);
		if (ret < 0)
			return ret;
	} else if (!r->ref && !reg_is_zero(r)) {
		return verdict_reject(env, EINVAL, CODE_REF_RELEASE,
				      "R%u must be referenced when passed to release function",
				      c->regno);
	}
	c->meta->release_regno = (uint8_t)c->regno;
	return 0;
}

static int arg_note_ref(const struct argcheck *c)
{
	const struct reg *r = arg_reg(c);

	if (!r->ref || c->kind == HARG_KPTR_SLOT)
		return 0;
	if (c->meta->ref_obj_id)
		return verdict_reject(c->env, EFAULT, CODE_REF_TWICE,
				      "more than one arg with ref_obj_id R%u %u %u", c->regno, r->ref,
				      c->meta->ref_obj_id);
	c->meta->ref_obj_id = r->ref;
	return 0;
}

/* ---- one function an argument kind that needs more than its type -------------------------------- */

static int arg_map_ptr(const struct argcheck *c)
{
	const struct reg *r = arg_reg(c);

	if (c->meta->map && (c->meta->map != r->map || c->meta->map_uid != r->map_uid))
		return verdict_reject(c->env, EINVAL, CODE_TIMER_MAP,
				      "timer pointer in R1 map_uid=%u doesn't match map pointer in R2 "
				      "map_uid=%u", c->meta->map_uid, r->map_uid);
	c->meta->map = r->map;
	c->meta->map_uid = r->map_uid;
	return 0;
}

/* How many bytes from byte downwards (towards higher addresses) are of a kind. */
static uint32_t slot_run(const struct slot *s, int byte, uint8_t kind)
{
	uint32_t n = 0;

	while (byte >= 0 && s->byte[byte] == kind) {
		n++;
		byte--;
	}
	return n;
}

/* get_constant_map_key(): 1 and *ret_key when the key on the stack is one known number; 0: it is not. */
static int arg_const_key(const struct argcheck *c, uint32_t key_size, int64_t *ret_key)
{
	const struct reg *r = arg_reg(c);
	const struct slot *s;
	int32_t stack_off;
	uint32_t at, spi;
	int byte, ret;

	if (!c->env->cap_bpf || r->type != REG_STACK || !val_is_const(&r->v))
		return 0;
	stack_off = r->off + (int32_t)r->v.tv;
	at = (uint32_t)(-stack_off - 1);
	spi = at / 8;
	byte = (int)(at % 8);
	s = frame_slot(state_frame(c->env->cur, r->frame), spi);
	if (slot_run(s, byte, SLOT_ZERO) >= key_size) {
		*ret_key = 0;
		return 1;
	}
	if (s->byte[7] != SLOT_SPILL || !reg_is_scalar(&s->r))
		return 0;
	if (slot_run(s, byte, SLOT_SPILL) != key_size || !val_is_const(&s->r.v))
		return 0;
	*ret_key = (int64_t)s->r.v.tv;
	ret = precise_mark_slot(c->env, r->frame, spi);
	return ret < 0 ? ret : 1;
}

static int arg_map_key(const struct argcheck *c)
{
	const struct bgv_map *map;
	int ret;

	if (!c->meta->map)
		return verdict_reject(c->env, EACCES, CODE_HELPER_ARG,
				      "invalid map_ptr to access map->key");
	map = c->env->maps[c->meta->map - 1].shape;
	ret = mem_check_region(c->env, c->regno, map->key_size, ACCESS_READ, false, NULL);
	if (ret < 0 || !c->env->beh->array_key_nonnull)
		return ret;
	c->meta->const_map_key = -1;
	if (map->type != MT_ARRAY && map->type != MT_PERCPU_ARRAY)
		return 0;
	ret = arg_const_key(c, map->key_size, &c->meta->const_map_key);
	return ret < 0 ? ret : 0;
}

static enum access arg_access(const struct helper_arg *arg)
{
	return arg->flags & REG_F_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

static int arg_map_value(const struct argcheck *c)
{
	uint32_t bytes;

	if ((c->arg->flags & REG_F_MAYBE_NULL) && reg_is_zero(arg_reg(c)))
		return 0;
	if (!c->meta->map)
		return verdict_reject(c->env, EACCES, CODE_HELPER_ARG,
				      "invalid map_ptr to access map->value");
	bytes = c->env->maps[c->meta->map - 1].shape->value_size;
	/* Peeking at a bloom filter asks for a value; it writes none. */
	if (c->proto->id == HELPER_MAP_PEEK_ELEM &&
	    c->env->maps[c->meta->map - 1].shape->type == MT_BLOOM_FILTER)
		return mem_check_region(c->env, c->regno, bytes, ACCESS_READ, false, c->meta);
	c->meta->raw_mode = c->arg->flags & REG_F_UNINIT;
	return mem_check_region(c->env, c->regno, bytes, arg_access(c->arg), false, c->meta);
}

static int arg_percpu(const struct argcheck *c)
{
	const struct reg *r = arg_reg(c);

	if (!r->btf_id)
		return verdict_reject(c->env, EACCES, CODE_HELPER_BTF,
				      "Helper has invalid btf_id in R%u", c->regno);
	c->meta->ret_btf = r->btf;
	c->meta->ret_btf_id = r->btf_id;
	return 0;
}

static int arg_spin_lock(const struct argcheck *c)
{
	return lock_spin_arg(c->env, c->regno, c->proto->id == HELPER_SPIN_LOCK, 0);
}

/* process_timer_func(): exactly at the timer of a map value. */
static int arg_timer(const struct argcheck *c)
{
	struct env *env = c->env;
	const struct reg *r = arg_reg(c);
	const struct map_info *map = &env->maps[r->map - 1];
	const int err = env_field_errno(env);
	int64_t off = r->off + (int64_t)r->v.tv;

	if (!val_is_const(&r->v))
		return verdict_reject(env, err, CODE_TIMER_OFFSET,
				      "R%u doesn't have constant offset. bpf_timer has to be at the "
				      "constant offset", c->regno);
	if (!map->shape->btf_idx)
		return verdict_reject(env, err, CODE_TIMER_BTF,
				      "map '%.15s' has to have BTF in order to use bpf_timer",
				      map->shape->name);
	if (!btfrec_has(map->rec, BTFREC_TIMER))
		return verdict_reject(env, err, CODE_TIMER_NONE, "map '%.15s' has no valid bpf_timer",
				      map->shape->name);
	if (map->rec->timer_off != off)
		return verdict_reject(env, err, CODE_TIMER_OFFSET,
				      "off %lld doesn't point to 'struct bpf_timer' that is at %d",
				      (long long)off, map->rec->timer_off);
	c->meta->map = r->map;
	c->meta->map_uid = r->map_uid;
	return 0;
}

static int arg_func(const struct argcheck *c)
{
	c->meta->subprog = arg_reg(c)->subprog;
	return 0;
}

/* Memory that the helper reads or writes as one number. */
static int arg_check_aligned(const struct argcheck *c)
{
	const struct reg *r = arg_reg(c);
	struct tnum at = tnum_add(val_tnum(&r->v), tnum_const((uint64_t)(int64_t)r->off));

	if (reg_is_pkt(r))	/* NET_IP_ALIGN */
		at = tnum_add(at, tnum_const(2));
	if (tnum_is_aligned(at, c->arg->size))
		return 0;
	return verdict_reject(c->env, EACCES, CODE_ALIGN, "misaligned access off %d size %u", r->off,
			      c->arg->size);
}

static int arg_mem(const struct argcheck *c)
{
	int ret;

	c->meta->raw_mode = c->arg->flags & REG_F_UNINIT;
	if (!(c->arg->flags & REG_F_FIXED_SIZE))
		return 0;	/* the size argument after it checks */
	ret = mem_check_region(c->env, c->regno, c->arg->size, arg_access(c->arg), false, c->meta);
	if (ret < 0 || !(c->arg->flags & REG_F_ALIGNED))
		return ret;
	return arg_check_aligned(c);
}

static int arg_size(const struct argcheck *c)
{
	return mem_check_region_reg(c->env, c->regno, arg_access(c->arg - 1),
				    c->kind == HARG_SIZE_OR_ZERO, c->meta);
}

static int arg_dynptr(const struct argcheck *c)
{
	return dynptr_check_arg(c->env, c->regno, c->insn_idx, c->arg->flags,
				(struct dynptr_origin){ 0 });
}

static int arg_alloc_size(const struct argcheck *c)
{
	const struct reg *r = arg_reg(c);

	if (!val_is_const(&r->v))
		return verdict_reject(c->env, EACCES, CODE_SIZE_NOT_CONST, "R%u is not a known constant'",
				      c->regno);
	c->meta->mem_size = (uint32_t)r->v.tv;
	return precise_mark_reg(c->env, c->regno);
}

int helper_check_const_str(struct env *env, uint32_t regno)
{
	const struct reg *r = &env_regs(env)[regno];
	uint32_t map = r->map;
	int64_t off = r->off;
	const uint8_t *text;
	size_t bytes;
	int ret;

	if (!mapval_is_frozen(env, map))
		return verdict_reject(env, EACCES, CODE_STR_RDONLY,
				      "R%u does not point to a readonly map'", regno);
	if (!val_is_const(&r->v))
		return verdict_reject(env, EACCES, CODE_STR_VAR_OFFSET,
				      "R%u is not a constant address'", regno);
	if (!mapval_has_direct(env, map))
		return verdict_reject(env, EACCES, CODE_STR_DIRECT,
				      "no direct value access support for this map type");
	ret = mapval_check(env, regno, r->off,
			   env->maps[map - 1].shape->value_size - (uint32_t)r->off, false, true);
	if (ret < 0)
		return ret;
	off += (int64_t)env_regs(env)[regno].v.tv;
	ret = mapval_direct(env, map, (uint64_t)off);
	if (ret < 0)
		return verdict_reject(env, -ret, CODE_STR_DIRECT, "direct value access on string failed");
	text = mapval_contents(env, map, (uint64_t)off, &bytes);
	if (!text)
		return verdict_unsupported(env, "constant string of a map whose contents are unknown");
	if (!memchr(text, 0, bytes))
		return verdict_reject(env, EINVAL, CODE_STR_NUL, "string is not zero-terminated");
	return 0;
}

static int arg_const_str(const struct argcheck *c)
{
	return helper_check_const_str(c->env, c->regno);
}

static int arg_kptr_slot(const struct argcheck *c)
{
	return kptr_check_slot_arg(c->env, c->regno, c->meta);
}

static int (*const check_of[HARG_CNT])(const struct argcheck *c) = {
	[HARG_MAP_PTR] = arg_map_ptr, [HARG_MAP_KEY] = arg_map_key, [HARG_MAP_VALUE] = arg_map_value,
	[HARG_PERCPU_BTF_ID] = arg_percpu, [HARG_SPIN_LOCK] = arg_spin_lock,
	[HARG_TIMER] = arg_timer, [HARG_FUNC] = arg_func, [HARG_MEM] = arg_mem,
	[HARG_SIZE] = arg_size, [HARG_SIZE_OR_ZERO] = arg_size, [HARG_DYNPTR] = arg_dynptr,
	[HARG_ALLOC_SIZE] = arg_alloc_size, [HARG_CONST_STR] = arg_const_str,
	[HARG_KPTR_SLOT] = arg_kptr_slot,
};

/* Type and offset, unless the register is an allowed NULL. */
static int arg_check_reg(struct argcheck *c)
{
	const struct reg *r = arg_reg(c);
	int ret;

	if (reg_is_zero(r) && (c->arg->flags & REG_F_MAYBE_NULL))
		return precise_mark_reg(c->env, c->regno);
	ret = arg_check_type(c);
	if (ret < 0)
		return ret;
	r = arg_reg(c);
	if (c->kind == HARG_DYNPTR && r->type == REG_STACK)
		return 0;
	return bounds_check_arg_off(c->env, r, c->regno,
				 c->arg->flags | (c->kind == HARG_CTX ? REG_F_AS_CTX : 0));
}

int helper_arg_check(struct env *env, const struct helper_proto *proto, uint32_t arg,
		     uint32_t insn_idx, struct call_meta *meta)
{
	struct argcheck c = {
		.env = env, .proto = proto, .arg = &proto->arg[arg], .regno = arg + 1,
		.insn_idx = insn_idx, .kind = proto->arg[arg].kind, .meta = meta,
	};
	int ret;

	if (c.kind == HARG_NONE)
		return 0;
	env->arg_regno = c.regno;
	ret = regcheck_read(env, c.regno);
	if (ret < 0)
		return ret;
	if (c.kind == HARG_ANYTHING) {
		if (env_is_unpriv(env) && !reg_is_scalar(arg_reg(&c)))
			return verdict_reject(env, EACCES, CODE_LEAK,
					      "R%u leaks addr into helper function", c.regno);
		return 0;
	}
	if (reg_is_pkt(arg_reg(&c)) && !ctx_may_access_pkt(env, meta, ACCESS_READ))
		return verdict_reject(env, EACCES, CODE_HELPER_PKT,
				      "helper access to the packet is not allowed");
	ret = arg_resolve_kind(&c);
	if (ret >= 0)
		ret = arg_check_reg(&c);
	if (ret >= 0)
		ret = arg_check_release(&c);
	if (ret >= 0)
		ret = arg_note_ref(&c);
	if (ret < 0 || !check_of[c.kind])
		return ret;
	return check_of[c.kind](&c);
}
