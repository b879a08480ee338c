/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory access by kind of pointer: alignment, who may be read or written, and the checks of the
 * simple kinds (memory of known size, buffers, keys). Kinds with tables of their own are handed to
 * their files. Region arguments of helpers pass the same checks with their size.
 */
#include "verifier/access/mem.h"

#include <stdio.h>

#include "verifier/access/bounds.h"
#include "verifier/access/btfptr.h"
#include "verifier/access/ctx.h"
#include "verifier/access/mapval.h"
#include "verifier/access/pkt.h"
#include "verifier/access/stack.h"
#include "verifier/kernel/names.h"
#include "verifier/marks/precise.h"
#include "verifier/state/link.h"
#include "verifier/state/reg.h"
#include "verifier/state/verdict.h"

#define FLOW_KEYS_BYTES 56	/* struct bpf_flow_keys of the user API */

bool mem_is_leak(const struct env *env, int regno)
{
	return regno >= 0 && !env->allow_ptr_leaks &&
	       env_regs(env)[regno].type != REG_SCALAR;
}

static int leak(struct env *env, int regno, const char *where)
{
	return verdict_reject(env, EACCES, CODE_PTR_LEAK, "R%d leaks addr into %s", regno, where);
}

static int no_write(struct env *env, const struct memop *op)
{
	return verdict_reject(env, EACCES, CODE_MEM_READONLY, "R%u cannot write into %s", op->regno,
			      reg_type_name(&env_regs(env)[op->regno]));
}

/* ---- alignment ---------------------------------------------------------------------------------- */

/* In the kernel's words: later ones print what is known as a number. */
static int misaligned(struct env *env, const struct memop *op, const struct reg *r)
{
	static const char *const names[REG_BASE_CNT] = {
		[REG_FLOW_KEYS] = "flow keys ", [REG_MAP_KEY] = "key ", [REG_MAP_VALUE] = "value ",
		[REG_CTX] = "context ", [REG_STACK] = "stack ", [REG_SOCKET] = "sock ",
		[REG_SOCK_COMMON] = "sock_common ", [REG_TCP_SOCK] = "tcp_sock ", [REG_XDP_SOCK] = "xdp_sock ",
	};
	const char *name = names[reg_base(r)] ? names[reg_base(r)] : "";
	unsigned long long known = r->v.tv;
	char at[64];

	if (r->v.tm || env->target->profile == PROFILE_6_1)
		snprintf(at, sizeof(at), "(0x%llx; 0x%llx)", known, (unsigned long long)r->v.tm);
	else
		snprintf(at, sizeof(at), known <= UINT16_MAX ? "%llu" : "0x%llx", known);
	if (reg_is_pkt(r))
		return verdict_reject(env, EACCES, CODE_MISALIGNED, "misaligned packet access off 2+%s+%d+%d size %u", at, r->off,
				      op->off, op->size);
	return verdict_reject(env, EACCES, CODE_MISALIGNED, "misaligned %saccess off %s+%d+%d size %u", name, at, r->off,
			      op->off, op->size);
}

static int check_alignment(struct env *env, const struct memop *op, const struct reg *r)
{
	bool strict = env->strict_alignment || op->strict_once;
	uint64_t add = (uint64_t)((int64_t)r->off + op->off);
	struct tnum at;

	if (r->type == REG_ARENA || op->size == 1)
		return 0;
	if (r->type == REG_STACK ||
	    (r->type == REG_MAP_VALUE && env->maps[r->map - 1].shape->type == MT_INSN_ARRAY))
		strict = true;
	if (!strict)
		return 0;
	if (r->type == REG_PKT || r->type == REG_PKT_META)
		add += 2;	/* NET_IP_ALIGN */
	at = tnum_add(val_tnum(&r->v), tnum_const(add));
	if (tnum_is_aligned(at, op->size))
		return 0;
	return misaligned(env, op, r);
}

/* ---- the simple kinds ------------------------------------------------------------------------------ */

static void result_unknown(struct env *env, const struct memop *op)
{
	if (op->value_regno >= 0 && op->access == ACCESS_READ)
		env_mark_unknown(env, (uint32_t)op->value_regno);
}

static int key_access(struct env *env, const struct memop *op, const struct reg *r, int32_t off)
{
	int err;

	if (op->access == ACCESS_WRITE)
		return verdict_reject(env, EACCES, CODE_MEM_READONLY,
				      "write to change key R%u not allowed", op->regno);
	err = bounds_check(env, op->regno, off, op->size,
			       env->maps[r->map - 1].shape->key_size, false);
	if (err >= 0)
		result_unknown(env, op);
	return err;
}

static int plain_access(struct env *env, const struct memop *op, const struct reg *r, int32_t off)
{
	bool rdonly = r->type & REG_F_RDONLY;
	int err = 0;

	if (reg_maybe_null(r))
		return verdict_reject(env, EACCES, CODE_PTR_MAYBE_NULL, "R%u invalid mem access '%s'",
				      op->regno, reg_type_name(r));
	if (op->access == ACCESS_WRITE && rdonly)
		return no_write(env, op);
	if (op->access == ACCESS_WRITE && mem_is_leak(env, op->value_regno))
		return leak(env, op->value_regno, "mem");
	if (env->leak_rules && (r->type & REG_F_UNTRUSTED))	/* at an address of the program's own making */
		return verdict_reject(env, EPERM, CODE_CAP_PERFMON,
				      "R%u untrusted memory is read only with CAP_PERFMON", op->regno);
	if (!(r->type & REG_F_UNTRUSTED))	/* faults are handled: any offset */
		err = bounds_check(env, op->regno, off, op->size, r->mem_size, false);
	if (err >= 0)
		result_unknown(env, op);
	return err;
}

static int buffer_check(struct env *env, const struct reg *r, uint32_t regno, int32_t off,
			uint32_t size, uint32_t *high)
{
	if (off < 0)
		return verdict_reject(env, EACCES, CODE_BUF_OOB,
				      "R%u invalid buffer access: off=%d, size=%u", regno, off, size);
	if (!val_is(&r->v, 0))
		return verdict_reject(env, EACCES, CODE_BUF_OOB,
				      "R%u invalid variable buffer offset: off=%d", regno, off);
	if ((uint32_t)off + size > *high)
		*high = (uint32_t)off + size;
	return 0;
}

static int buffer_access(struct env *env, const struct memop *op, const struct reg *r, int32_t off)
{
	bool rdonly = r->type & REG_F_RDONLY;
	uint32_t *high = r->type == REG_TP_BUFFER ? &env->max_tp_access
						  : rdonly ? &env->max_rdonly : &env->max_rdwr;
	int err;

	if (reg_maybe_null(r))
		return verdict_reject(env, EACCES, CODE_PTR_MAYBE_NULL, "R%u invalid mem access '%s'",
				      op->regno, reg_type_name(r));
	if (rdonly && op->access == ACCESS_WRITE)
		return no_write(env, op);
	err = buffer_check(env, r, op->regno, off, op->size, high);
	if (err >= 0)
		result_unknown(env, op);
	return err;
}

static int packet_access(struct env *env, const struct memop *op, int32_t off)
{
	int err;

	if (op->access == ACCESS_WRITE && !ctx_may_access_pkt(env, NULL, op->access))
		return verdict_reject(env, EACCES, CODE_PKT_WRITE, "cannot write into packet");
	if (op->access == ACCESS_WRITE && mem_is_leak(env, op->value_regno))
		return leak(env, op->value_regno, "packet");
	err = pkt_check(env, op->regno, off, op->size, false);
	if (err >= 0)
		result_unknown(env, op);
	return err;
}

static int flow_keys_access(struct env *env, const struct memop *op, int32_t off)
{
	if (op->access == ACCESS_WRITE && mem_is_leak(env, op->value_regno))
		return leak(env, op->value_regno, "flow keys");
	if (off < 0 || (uint32_t)off + op->size > FLOW_KEYS_BYTES)
		return verdict_reject(env, EACCES, CODE_FLOW_KEYS_OOB,
				      "invalid access to flow keys off=%d size=%u", off, op->size);
	result_unknown(env, op);
	return 0;
}

static int stack_access(struct env *env, const struct memop *op, int32_t off)
{
	return op->access == ACCESS_READ ? stack_read(env, op, off) : stack_write(env, op, off);
}

static int by_kind(struct env *env, const struct memop *op)
{
	const struct reg *r = &env_regs(env)[op->regno];
	int32_t off = op->off + r->off;

	switch (reg_base(r)) {
	case REG_STACK:
		return stack_access(env, op, off);
	case REG_CTX:
		return ctx_access(env, op);
	case REG_PKT:
	case REG_PKT_META:
		return packet_access(env, op, off);
	case REG_FLOW_KEYS:
		return flow_keys_access(env, op, off);
	case REG_MEM:
		return plain_access(env, op, r, off);
	case REG_MAP_VALUE:
		if (!reg_maybe_null(r))
			return mapval_access(env, op);
		break;
	case REG_MAP_KEY:
		if (!reg_maybe_null(r))
			return key_access(env, op, r, off);
		break;
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		if (!reg_maybe_null(r))
			return ctx_sock_access(env, op);
		break;
	case REG_BTF_ID:
		if (!reg_maybe_null(r))
			return btfptr_access(env, op);
		break;
	case REG_MAP_PTR:
		if (!reg_maybe_null(r))
			return btfptr_map_access(env, op);
		break;
	case REG_TP_BUFFER:
	case REG_BUF:
		return buffer_access(env, op, r, off);
	case REG_ARENA:
		result_unknown(env, op);
		return 0;
	default:
		break;
	}
	return verdict_reject(env, EACCES, reg_maybe_null(r) ? CODE_PTR_MAYBE_NULL : CODE_MEM_KIND,
			      "R%u invalid mem access '%s'", op->regno, reg_type_name(r));
}

int mem_access(struct env *env, const struct memop *op)
{
	struct reg *v;
	int err = check_alignment(env, op, &env_regs(env)[op->regno]);

	if (err >= 0)
		err = by_kind(env, op);
	if (err < 0 || op->access != ACCESS_READ || op->value_regno < 0 || op->size == 8)
		return err;
	v = &env_regs(env)[op->value_regno];
	if (!reg_is_scalar(v))
		return 0;
	if (!op->sext) {
		val_truncate(env->beh, &v->v, op->size);
		return 0;
	}
	/* with its sign extended it is another number than the one it was filled from (kernels before 7.2: linked) */
	if (v->v.uh >= UINT64_C(1) << (8 * op->size - 1))
		link_drop(v);
	val_sext(env->beh, &v->v, op->size);
	return 0;
}

int mem_store_slots(struct env *env, uint32_t regno, uint32_t insn_idx, uint32_t cnt)
{
	struct memop op = { .insn_idx = insn_idx, .regno = regno, .size = 8, .access = ACCESS_WRITE,
			    .value_regno = -1 };
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < cnt; i++) {
		op.off = (int32_t)(8 * i);
		r = mem_access(env, &op);
	}
	return r;
}

/* ---- regions ---------------------------------------------------------------------------------------- */

static int region_of_buffer(struct env *env, const struct reg *r, uint32_t regno, uint32_t size,
			    enum access access)
{
	bool rdonly = r->type & REG_F_RDONLY;

	if (rdonly && access == ACCESS_WRITE)
		return verdict_reject(env, EACCES, CODE_MEM_READONLY, "R%u cannot write into %s", regno,
				      reg_type_name(r));
	return buffer_check(env, r, regno, r->off, size, rdonly ? &env->max_rdonly : &env->max_rdwr);
}

static int region_unfit(struct env *env, const struct reg *r, uint32_t regno, uint32_t size,
			bool zero_ok)
{
	if (zero_ok && size == 0 && reg_is_zero(r))
		return 0;
	return verdict_reject(env, EACCES, CODE_ARG_TYPE, "R%u type=%s expected=fp", regno,
			      reg_type_name(r));
}

static int region_of_ctx(struct env *env, const struct reg *r, uint32_t regno, uint32_t size,
			 enum access access, bool zero_ok)
{
	struct memop op = { .insn_idx = env->insn_idx, .regno = regno, .off = (int32_t)size - 1,
			    .size = 1, .access = access, .value_regno = -1 };

	if (env->beh->ctx_offset_deref && env->prog_type == PT_SYSCALL) {
		int err = bounds_check(env, regno, r->off, size, env->lim->syscall_ctx, zero_ok);

		if (err >= 0 && (uint32_t)r->off + (uint32_t)r->v.uh + size > env->max_ctx_offset)
			env->max_ctx_offset = (uint32_t)r->off + (uint32_t)r->v.uh + size;
		return err;
	}
	if (!ctx_is_unconverted(env) || env->beh->ctx_offset_deref)
		return region_unfit(env, r, regno, size, zero_ok);
	if (size == 0)
		return zero_ok ? 0 : verdict_reject(env, EACCES, CODE_MEM_ZERO_SIZE,
						    "invalid zero-sized read");
	return mem_access(env, &op);
}

int mem_check_region(struct env *env, uint32_t regno, uint32_t size, enum access access,
		     bool zero_ok, struct call_meta *meta)
{
	const struct reg *r = &env_regs(env)[regno];
	/* the kernel asks for reading only, and lets helpers write to kernel objects: ours does not */
	struct memop op = { .insn_idx = env->insn_idx, .regno = regno, .size = size,
			    .access = access, .value_regno = -1 };
	int err;

	switch (reg_base(r)) {
	case REG_PKT:
	case REG_PKT_META:
		return pkt_check(env, regno, r->off, size, zero_ok);
	case REG_MAP_KEY:
		if (access == ACCESS_WRITE)
			return verdict_reject(env, EACCES, CODE_MEM_READONLY,
					      "R%u cannot write into map_key", regno);
		return bounds_check(env, regno, r->off, size,
					env->maps[r->map - 1].shape->key_size, false);
	case REG_MAP_VALUE:
		err = mapval_check_type(env, regno, r->off, size, access);
		return err < 0 ? err : mapval_check(env, regno, r->off, size, zero_ok, true);
	case REG_MEM:
		if ((r->type & REG_F_RDONLY) && access == ACCESS_WRITE)
			return verdict_reject(env, EACCES, CODE_MEM_READONLY, "R%u cannot write into %s",
					      regno, reg_type_name(r));
		return bounds_check(env, regno, r->off, size, r->mem_size, zero_ok);
	case REG_BUF:
		return region_of_buffer(env, r, regno, size, access);
	case REG_STACK:
		return stack_check_region(env, regno, r->off, size, zero_ok, access, meta);
	case REG_BTF_ID:
		return btfptr_access(env, &op);
	case REG_CTX:
		return region_of_ctx(env, r, regno, size, access, zero_ok);
	default:
		return region_unfit(env, r, regno, size, zero_ok);
	}
}

int mem_check_region_reg(struct env *env, uint32_t regno, enum access access, bool zero_ok,
			 struct call_meta *meta)
{
	const struct reg *r = &env_regs(env)[regno];
	int err;

	if (meta)
		meta->msize_max = r->v.uh;
	if (!val_is_const(&r->v))
		meta = NULL;	/* the region may be smaller: it must be initialised */
	if (r->v.sl < 0)
		return verdict_reject(env, EACCES, CODE_SIZE_NEGATIVE,
				      "R%u min value is negative, either use unsigned or 'var &= const'",
				      regno);
	if (r->v.ul == 0 && !zero_ok)
		return verdict_reject(env, EACCES, CODE_MEM_ZERO_SIZE,
				      "R%u invalid zero-sized read: u64=[%llu,%llu]", regno,
				      (unsigned long long)r->v.ul, (unsigned long long)r->v.uh);
	if (r->v.uh >= env->lim->var_size)
		return verdict_reject(env, EACCES, CODE_SIZE_UNBOUNDED,
				      "R%u unbounded memory access, use 'var &= const' or 'if (var < const)'",
				      regno);
	err = mem_check_region(env, regno - 1, (uint32_t)r->v.uh, access, zero_ok, meta);
	return err < 0 ? err : precise_mark_reg(env, regno);
}

int mem_check_reg(struct env *env, uint32_t regno, uint32_t mem_size)
{
	struct reg *r = &env_regs(env)[regno];
	uint32_t was = r->type;
	int err;

	if (reg_is_zero(r))
		return 0;
	r->type &= ~REG_F_MAYBE_NULL;	/* whoever gets it checks for NULL itself */
	err = mem_check_region(env, regno, mem_size, ACCESS_READ, true, NULL);
	if (err >= 0)
		err = mem_check_region(env, regno, mem_size, ACCESS_WRITE, true, NULL);
	env_regs(env)[regno].type = was;
	return err;
}
