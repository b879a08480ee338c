/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map values. Promises that an access stays inside the value, keeps off its special fields, obeys
 * the map's flags; that loads from frozen maps give the constants they hold. Trusts the shapes it
 * was given, as the caller recorded them; refuses maps a program of this type may not name.
 */
#include "verifier/access/mapval.h"

#include <string.h>

#include "verifier/access/bounds.h"
#include "verifier/access/kptr.h"
#include "verifier/btf/btfrec.h"
#include "verifier/kernel/names.h"
#include "verifier/state/reg.h"
#include "verifier/state/verdict.h"

static const struct {
	bool direct;
	uint32_t sleepable, profiles;
} map_types[MT_CNT] = {
#define MAP_TYPE(id, NAME, name, direct, sleepable, profiles) [id] = { direct, sleepable, profiles },
#include "verifier/kernel/map_types.def"
#undef MAP_TYPE
};

static const struct bgv_map *mapval_shape(const struct env *env, uint32_t map)
{
	return env->maps[map - 1].shape;
}

uint32_t mapval_flags(const struct env *env, uint32_t map)
{
	const struct bgv_map *shape = mapval_shape(env, map);

	if (shape->type == MT_INSN_ARRAY)
		return shape->map_flags | MAP_F_RDONLY_PROG;
	/* A lookup gives the device's own field: programs must not write there. */
	if (shape->type == MT_DEVMAP || shape->type == MT_DEVMAP_HASH)
		return shape->map_flags | MAP_F_RDONLY_PROG;
	return shape->map_flags;
}

bool mapval_is_frozen(const struct env *env, uint32_t map)
{
	return (mapval_flags(env, map) & MAP_F_RDONLY_PROG) && mapval_shape(env, map)->frozen;
}

bool mapval_has_direct(const struct env *env, uint32_t map)
{
	uint32_t type = mapval_shape(env, map)->type;

	return type < MT_CNT && map_types[type].direct;
}

int mapval_direct(const struct env *env, uint32_t map, uint64_t off)
{
	const struct bgv_map *shape = mapval_shape(env, map);

	if (shape->type == MT_ARRAY && shape->max_entries != 1)
		return -ENOTSUPP;
	return off >= shape->value_size ? -EINVAL : 0;
}

const uint8_t *mapval_contents(const struct env *env, uint32_t map, uint64_t off,
			       size_t *ret_bytes)
{
	const struct bgv_map *shape = mapval_shape(env, map);
	size_t bytes = shape->contents_bytes;

	if (bytes > shape->value_size)
		bytes = shape->value_size;
	if (!shape->contents || off >= bytes)
		return NULL;
	*ret_bytes = bytes - off;
	return (const uint8_t *)shape->contents + off;
}

int mapval_check_type(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		      enum access access)
{
	uint32_t map = env_regs(env)[regno].map;
	uint32_t value_size = mapval_shape(env, map)->value_size;
	uint32_t flags = mapval_flags(env, map);

	if (access == ACCESS_WRITE && (flags & MAP_F_RDONLY_PROG))
		return verdict_reject(env, EACCES, CODE_MAP_RDONLY,
				      "write into map forbidden, value_size=%u off=%d size=%u",
				      value_size, off, size);
	if (access == ACCESS_READ && (flags & MAP_F_WRONLY_PROG))
		return verdict_reject(env, EACCES, CODE_MAP_WRONLY,
				      "read from map forbidden, value_size=%u off=%d size=%u",
				      value_size, off, size);
	return 0;
}

/* How much lies behind a pointer to its value; a jump table is one of addresses. */
static uint32_t mapval_bytes(const struct env *env, uint32_t map)
{
	const struct bgv_map *shape = mapval_shape(env, map);

	return shape->type == MT_INSN_ARRAY ? shape->max_entries * (uint32_t)sizeof(uint64_t) : shape->value_size;
}

/* An access that may touch field f: only a plain 8-byte one at exactly a kptr passes. */
static int mapval_check_field(struct env *env, const struct reg *r,
			      const struct btf_member_field *f, int32_t off, uint32_t size,
			      bool by_helper)
{
	if (!btfrec_is_kptr(f))
		return verdict_reject(env, EACCES, CODE_FIELD_ACCESS,
				      "%s cannot be accessed directly by load/store",
				      btfrec_kind_name(f->kind));
	if (by_helper)
		return verdict_reject(env, EACCES, CODE_KPTR_INDIRECT,
				      "kptr cannot be accessed indirectly by helper");
	if (!val_is_const(&r->v))
		return verdict_reject(env, EACCES, CODE_KPTR_VAR_OFFSET,
				      "kptr access cannot have variable offset");
	if ((uint64_t)f->off != (uint64_t)(int64_t)off + r->v.tv)
		return verdict_reject(env, EACCES, CODE_KPTR_OFFSET,
				      "kptr access misaligned expected=%u off=%llu", f->off,
				      (unsigned long long)((uint64_t)(int64_t)off + r->v.tv));
	if (size != sizeof(uint64_t))
		return verdict_reject(env, EACCES, CODE_KPTR_SIZE, "kptr access size must be BPF_DW");
	return 0;
}

int mapval_check(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok,
		 bool by_helper)
{
	uint32_t map = env_regs(env)[regno].map;
	const struct btfrec *rec = env->maps[map - 1].rec;
	const struct reg *r;
	struct val v;
	int ret;

	ret = bounds_check(env, regno, off, size, mapval_bytes(env, map), zero_ok);
	if (ret < 0 || !rec)
		return ret;
	r = &env_regs(env)[regno];
	off -= bounds_whole_offset(env, r, &v);
	for (uint32_t i = 0; i < rec->cnt; i++) {
		const struct btf_member_field *f = &rec->field[i];

		/* [first, last) of the access against [off, off + size) of the field */
		if (v.sl + off >= (int64_t)f->off + f->size ||
		    f->off >= v.uh + (uint64_t)(int64_t)off + size)
			continue;
		ret = mapval_check_field(env, r, f, off, size, by_helper);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* The number a load of size bytes reads there, sign-extended where the instruction says so. */
static uint64_t mapval_number(const uint8_t *at, uint32_t size, bool sext)
{
	uint64_t n = 0;

	memcpy(&n, at, size);	/* programs and targets are little-endian */
	if (sext && size < 8 && (n >> (8 * size - 1) & 1))
		n |= UINT64_MAX << (8 * size);
	return n;
}

/* A load at a constant offset of a frozen map is a constant; 1: done, 0: not such a load. */
static int mapval_load_const(struct env *env, const struct memop *op, uint32_t map, int64_t off)
{
	const uint8_t *at;
	size_t left;
	int ret;

	if (!mapval_is_frozen(env, map) || !mapval_has_direct(env, map))
		return 0;
	if (mapval_shape(env, map)->type == MT_INSN_ARRAY)
		return 0;
	ret = mapval_direct(env, map, (uint64_t)off);
	if (ret < 0)
		return verdict_reject(env, -ret, CODE_MAP_DIRECT,
				      "direct value access of a frozen map failed");
	at = mapval_contents(env, map, (uint64_t)off, &left);
	if (!at || left < op->size)
		return 0;
	reg_set_known(&env_regs(env)[op->value_regno], mapval_number(at, op->size, op->sext));
	return 1;
}

/* The place it leads to is as well known as the place it was loaded from. */
static int mapval_load_insn(struct env *env, const struct memop *op)
{
	struct reg r = env_regs(env)[op->regno];

	if (op->size != sizeof(uint64_t))
		return verdict_reject(env, EACCES, CODE_GOTOX, "Invalid read of %u bytes from insn_array", op->size);
	r.type = REG_INSN;
	r.off += op->off;
	r.id = r.ref = 0;
	env_regs(env)[op->value_regno] = r;
	return 0;
}

int mapval_access(struct env *env, const struct memop *op)
{
	const struct reg *r = &env_regs(env)[op->regno];
	const struct btf_member_field *field = NULL;
	uint32_t map = r->map;
	int32_t off = op->off + r->off;
	int ret;

	if (op->access == ACCESS_WRITE && op->value_regno >= 0 && env_is_unpriv(env) &&
	    !reg_is_scalar(&env_regs(env)[op->value_regno]))
		return verdict_reject(env, EACCES, CODE_LEAK, "R%d leaks addr into map",
				      op->value_regno);
	ret = mapval_check_type(env, op->regno, off, op->size, op->access);
	if (ret >= 0)
		ret = mapval_check(env, op->regno, off, op->size, false, false);
	if (ret < 0)
		return ret;

	r = &env_regs(env)[op->regno];
	if (val_is_const(&r->v) && env->maps[map - 1].rec)
		field = btfrec_find(env->maps[map - 1].rec, (uint32_t)((uint64_t)off + r->v.tv));
	if (field && btfrec_is_kptr(field))
		return kptr_map_access(env, op, field);
	if (op->access != ACCESS_READ || op->value_regno < 0)
		return 0;
	if (mapval_shape(env, map)->type == MT_INSN_ARRAY)
		return mapval_load_insn(env, op);
	if (val_is_const(&r->v)) {
		ret = mapval_load_const(env, op, map, (int64_t)off + (int64_t)r->v.tv);
		if (ret != 0)
			return ret < 0 ? ret : 0;
	}
	env_mark_unknown(env, (uint32_t)op->value_regno);
	return 0;
}

/* Extensions are known for what they replace by the attach pass only. */
static uint32_t mapval_prog_type(const struct env *env)
{
	return env->prog->prog_type == PT_EXT && !env->beh->attach_before_maps ? PT_EXT : env->prog_type;
}

/* Programs that run where locks, timers and lists cannot be used. */
static bool mapval_is_tracing(const struct env *env)
{
	switch (mapval_prog_type(env)) {
	case PT_KPROBE:
	case PT_TRACEPOINT:
	case PT_PERF_EVENT:
	case PT_RAW_TRACEPOINT:
	case PT_RAW_TRACEPOINT_WRITABLE:
		return true;
	default:
		return false;
	}
}

static int mapval_bind_fields(struct env *env, const struct btfrec *rec)
{
	bool tracing = mapval_is_tracing(env);

	if (tracing && btfrec_has(rec, BTFREC_LIST_HEAD | BTFREC_RB_ROOT))
		return verdict_reject(env, EINVAL, CODE_MAP_TYPE,
				      "tracing progs cannot use bpf_{list_head,rb_root} yet");
	if (btfrec_has(rec, BTFREC_SPIN_LOCK | BTFREC_RES_SPIN_LOCK)) {
		if (mapval_prog_type(env) == PT_SOCKET_FILTER)
			return verdict_reject(env, EINVAL, CODE_MAP_TYPE,
					      "socket filter progs cannot use bpf_spin_lock yet");
		if (tracing && (btfrec_has(rec, BTFREC_SPIN_LOCK) || !env->beh->tracing_res_locks))
			return verdict_reject(env, EINVAL, CODE_MAP_TYPE,
					      "tracing progs cannot use bpf_spin_lock yet");
		if (env->sleepable && env->target->profile == PROFILE_6_1)
			return verdict_reject(env, EINVAL, CODE_MAP_TYPE,
					      "sleepable progs cannot use bpf_spin_lock yet");
	}
	if (tracing && !env->beh->tracing_timers) {
		if (btfrec_has(rec, BTFREC_TIMER))
			return verdict_reject(env, EINVAL, CODE_MAP_TYPE,
					      "tracing progs cannot use bpf_timer yet");
		if (btfrec_has(rec, BTFREC_WORKQUEUE))
			return verdict_reject(env, EINVAL, CODE_MAP_TYPE,
					      "tracing progs cannot use bpf_wq yet");
	}
	return 0;
}

/* Special fields of a map's value. MAP_CREATE lets one be that does not parse: it has none. */
static int mapval_bind_record(struct env *env, uint32_t map_idx)
{
	int ret = btfrec_of_map(env, map_idx, &env->maps[map_idx].rec);

	if (ret == -ENOMEM)
		return verdict_nomem(env);
	if (ret < 0)
		env->maps[map_idx].rec = NULL;
	return 0;
}

int mapval_bind(struct env *env, uint32_t map_idx)
{
	const struct bgv_map *shape = env->maps[map_idx].shape;
	int ret;

	env->bound_map = map_idx + 1;
	if (shape->type >= MT_CNT || !(map_types[shape->type].profiles & (1u << env->target->profile)))
		return verdict_unsupported(env, "map type %u on this kernel", shape->type);
	ret = mapval_bind_record(env, map_idx);
	if (ret >= 0 && env->maps[map_idx].inner)
		ret = mapval_bind_record(env, env->maps[map_idx].inner - 1);
	if (ret < 0)
		return ret;
	if (env->maps[map_idx].rec) {
		ret = mapval_bind_fields(env, env->maps[map_idx].rec);
		if (ret < 0)
			return ret;
	}
	if (shape->type == MT_STRUCT_OPS)
		return verdict_reject(env, EINVAL, CODE_MAP_TYPE,
				      "bpf_struct_ops map cannot be used in prog");
	if (env->sleepable && !(map_types[shape->type].sleepable & (1u << env->target->profile)))
		return verdict_reject(env, EINVAL, CODE_MAP_TYPE,
				      "Sleepable programs can only use array, hash, ringbuf and local "
				      "storage maps");
	return 0;
}
