/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what is accessed lie inside the object, and may a pointer be offset where it is used? Says nothing of what
 * the bytes are.
 */
#include "verifier/access/bounds.h"

#include "verifier/kernel/names.h"
#include "verifier/state/verdict.h"
#include "verifier/value/alu.h"

int bounds_check_fixed(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		    uint32_t mem_size, bool zero_ok)
{
	const struct reg *r = &env_regs(env)[regno];

	if (off >= 0 && (int32_t)size >= 0 && (size || zero_ok) && (uint64_t)off + size <= mem_size)
		return 0;
	verdict_need(env, regno, (int64_t)off + size, mem_size);
	if (r->type == REG_MAP_VALUE)
		return verdict_reject(env, EACCES, CODE_MAP_VALUE_OOB,
				      "invalid access to map value, value_size=%u off=%d size=%u",
				      mem_size, off, size);
	if (r->type == REG_MAP_KEY)
		return verdict_reject(env, EACCES, CODE_MAP_KEY_OOB,
				      "invalid access to map key, key_size=%u off=%d size=%u",
				      mem_size, off, size);
	return verdict_reject(env, EACCES, CODE_MEM_OOB,
			      "invalid access to memory, mem_size=%u off=%d size=%u", mem_size, off,
			      size);
}

int32_t bounds_whole_offset(const struct env *env, const struct reg *r, struct val *ret)
{
	struct val by;

	*ret = r->v;
	if (env->beh->offsets_apart || !r->off)
		return 0;
	val_known(&by, (uint64_t)(int64_t)r->off);
	alu_pointer(env->beh, BPF_ADD, ret, &by);
	return r->off;
}

int bounds_check(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		     uint32_t mem_size, bool zero_ok)
{
	struct val v;
	int64_t low;
	int err;

	off -= bounds_whole_offset(env, &env_regs(env)[regno], &v);
	if (v.sl < 0 && (v.sl == INT64_MIN || __builtin_add_overflow(v.sl, off, &low) ||
			 low != (int32_t)low || low < 0))
		return verdict_reject(env, EACCES, CODE_MEM_NEGATIVE,
				      "R%u min value is negative, either use unsigned index or do a if (index >=0) check.",
				      regno);
	err = bounds_check_fixed(env, regno, (int32_t)(v.sl + off), size, mem_size, zero_ok);
	if (err < 0)
		return verdict_add(env, err, "R%u min value is outside of the allowed memory range", regno);
	if (v.uh >= env->lim->var_off)
		return verdict_reject(env, EACCES, CODE_MEM_UNBOUNDED,
				      "R%u unbounded memory access, make sure to bounds check any such access",
				      regno);
	err = bounds_check_fixed(env, regno, (int32_t)(v.uh + (uint64_t)off), size, mem_size, zero_ok);
	return err < 0 ? verdict_add(env, err, "R%u max value is outside of the allowed memory range", regno) : err;
}

int bounds_check_off(struct env *env, const struct reg *r, uint32_t regno, bool fixed_ok)
{
	if (r->off < 0)
		return verdict_reject(env, EACCES, CODE_PTR_OFFSET,
				      "negative offset %s ptr R%u off=%d disallowed",
				      reg_type_name(r), regno, r->off);
	if (!fixed_ok && r->off)
		return verdict_reject(env, EACCES, CODE_PTR_OFFSET,
				      "dereference of modified %s ptr R%u off=%d disallowed",
				      reg_type_name(r), regno, r->off);
	if (!val_is(&r->v, 0))
		return verdict_reject(env, EACCES, CODE_PTR_OFFSET,
				      "variable %s access var_off=(0x%llx; 0x%llx) disallowed",
				      reg_type_name(r), (unsigned long long)r->v.tv,
				      (unsigned long long)r->v.tm);
	return 0;
}

int bounds_check_arg_off(struct env *env, const struct reg *r, uint32_t regno, uint32_t arg_type)
{
	const uint32_t untrusted_mem = REG_MEM | REG_F_RDONLY | REG_F_UNTRUSTED;

	if (arg_type & REG_F_RELEASE) {
		if ((arg_type & REG_F_DYNPTR_MASK) && r->type == REG_STACK)
			return 0;
		if (r->off && (!env->beh->args_old || reg_base(r) == REG_BTF_ID))
			return verdict_reject(env, EINVAL, CODE_PTR_OFFSET,
					      "R%u must have zero offset when passed to release func or trusted arg to kfunc",
					      regno);
		return bounds_check_off(env, r, regno, false);
	}
	switch (r->type) {
	case REG_STACK:
	case REG_PKT:
	case REG_PKT_META:
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_MEM:
	case REG_MEM | REG_F_RDONLY:
	case REG_MEM | REG_F_RINGBUF:
	case REG_BUF:
	case REG_BUF | REG_F_RDONLY:
	case REG_ARENA:
	case REG_SCALAR:
		return 0;
	case REG_BTF_ID:
	case REG_BTF_ID | REG_F_ALLOC:
	case REG_BTF_ID | REG_F_TRUSTED:
	case REG_BTF_ID | REG_F_RCU:
	case REG_BTF_ID | REG_F_ALLOC | REG_F_NON_OWN_REF:
	case REG_BTF_ID | REG_F_ALLOC | REG_F_NON_OWN_REF | REG_F_RCU:
		return bounds_check_off(env, r, regno, true);
	case REG_CTX:
		if (env->beh->ctx_offset_deref && env->prog_type == PT_SYSCALL && !(arg_type & REG_F_AS_CTX))
			return 0;
		return bounds_check_off(env, r, regno, false);
	default:
		if (r->type == untrusted_mem)
			return 0;
		return bounds_check_off(env, r, regno, false);
	}
}
