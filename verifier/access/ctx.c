/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access to the context and behind socket pointers. Promises that a load or store goes through
 * only where a row of the tables allows it for this program type, attach type and kernel; what a
 * load gives is what the row says. Contexts that BTF describes are btfptr.c's.
 */
#include "verifier/access/ctx.h"

#include <string.h>

#include <linux/btf.h>

#include "verifier/access/bounds.h"
#include "verifier/access/btfctx.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/ctx_tab.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/progtype.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

/* Register type and flags of a field's kind. */
static const uint32_t reg_type_of[] = {
	[CTXK_SCALAR] = REG_SCALAR, [CTXK_PACKET] = REG_PKT, [CTXK_PACKET_END] = REG_PKT_END,
	[CTXK_PACKET_META] = REG_PKT_META, [CTXK_SOCK] = REG_SOCKET,
	[CTXK_SOCK_COMMON] = REG_SOCK_COMMON, [CTXK_FLOW_KEYS] = REG_FLOW_KEYS,
	[CTXK_BTF_ID] = REG_BTF_ID,
};

int ctx_btf_struct(struct env *env, const char *name)
{
	uint32_t id;

	if (!env->target->vmlinux)
		return verdict_unsupported(env, "struct %s without BTF of the kernel", name);
	id = btf_view_find(env->target->vmlinux, BTF_KIND_STRUCT, name);
	if (!id)
		return verdict_unsupported(env, "struct %s, which the kernel's BTF lacks", name);
	return (int)id;
}

static bool ctx_by_btf(const struct env *env)
{
	return env->prog_type == PT_TRACING || env->prog_type == PT_LSM ||
	       env->prog_type == PT_STRUCT_OPS;
}

/* May this loader make the access the field allows, on this kernel? */
static bool ctx_field_permits(const struct env *env, const struct ctx_field *f, enum access access)
{
	if (access == ACCESS_WRITE && (f->flags & CTX_F_WRITE_KPROBES) && !env->target->kprobes)
		return false;
	if (env->cap_bpf)
		return true;
	return !(f->flags & (access == ACCESS_READ ? CTX_F_READ_CAP_BPF : CTX_F_WRITE_CAP_BPF));
}

static int ctx_refuse(struct env *env, const struct memop *op, int32_t off)
{
	return verdict_reject(env, EACCES, CODE_CTX_ACCESS,
			      "invalid bpf_context access off=%d size=%u", off, op->size);
}

static int ctx_set_result(struct env *env, const struct memop *op, const struct ctx_field *f)
{
	struct reg *r = &env_regs(env)[op->value_regno];
	uint32_t type = reg_type_of[f->kind];

	if (f->kind == CTXK_SCALAR) {
		reg_set_unknown(r);
		return 0;
	}
	if (f->flags & CTX_F_NULLABLE)
		type |= REG_F_MAYBE_NULL;
	if (f->flags & CTX_F_TRUSTED)
		type |= REG_F_TRUSTED;
	reg_set_ptr(r, type);
	if (f->flags & CTX_F_NULLABLE)
		r->id = env_new_id(env);
	if (f->kind == CTXK_BTF_ID) {
		int id = ctx_btf_struct(env, f->btf);

		if (id < 0)
			return id;
		r->btf = 0;
		r->btf_id = (uint32_t)id;
	}
	return 0;
}

/* Access through the tables at a constant, non-negative offset. */
static int ctx_access_table(struct env *env, const struct memop *op, int32_t off)
{
	const struct ctx_field *f;

	f = off < 0 ? NULL : ctx_tab_find(env->target->profile, env->target->arch, env->prog_type, env->attach_type,
					  (uint32_t)off, op->size, op->access == ACCESS_WRITE);
	if (!f || !ctx_field_permits(env, f, op->access))
		return ctx_refuse(env, op, off);
	if (env->prog_type == PT_SYSCALL && (uint32_t)off >= env->lim->syscall_ctx)
		return ctx_refuse(env, op, off);
	/* A pointer field holds no number whose sign could be extended. */
	if (op->sext && f->kind != CTXK_SCALAR)
		return ctx_refuse(env, op, off);
	if ((uint32_t)off + op->size > env->max_ctx_offset)
		env->max_ctx_offset = (uint32_t)off + op->size;
	if (op->access == ACCESS_READ && op->value_regno >= 0)
		return ctx_set_result(env, op, f);
	return 0;
}

bool ctx_is_unconverted(const struct env *env)
{
	switch (env->prog_type) {
	case PT_KPROBE:
	case PT_TRACEPOINT:
	case PT_RAW_TRACEPOINT:
	case PT_RAW_TRACEPOINT_WRITABLE:
	case PT_TRACING:
	case PT_STRUCT_OPS:
	case PT_LSM:
	case PT_SYSCALL:
	case PT_CGROUP_DEVICE:
	case PT_LIRC_MODE2:
	case PT_EXT:
	case PT_NETFILTER:
		return true;
	default:
		return false;
	}
}

/* Bytes that the one who runs it hands over: any of them, at any offset below 64 KiB. */
static int ctx_access_syscall(struct env *env, const struct memop *op)
{
	const struct reg *r = &env_regs(env)[op->regno];
	int64_t last = (int64_t)op->off + r->off + (int64_t)r->v.uh;
	int ret = bounds_check(env, op->regno, op->off + r->off, op->size, env->lim->syscall_ctx, false);

	if (ret < 0)
		return ret;
	if (last >= env->lim->syscall_ctx)
		return ctx_refuse(env, op, op->off);
	if ((uint32_t)last + op->size > env->max_ctx_offset)
		env->max_ctx_offset = (uint32_t)last + op->size;
	if (op->access == ACCESS_READ && op->value_regno >= 0)
		env_mark_unknown(env, (uint32_t)op->value_regno);
	return 0;
}

int ctx_access(struct env *env, const struct memop *op)
{
	struct reg *r = &env_regs(env)[op->regno];
	const struct reg *value = op->value_regno >= 0 ? &env_regs(env)[op->value_regno] : NULL;
	int32_t off = op->off;
	int ret;

	if (op->access == ACCESS_WRITE && value && env_is_unpriv(env) && !reg_is_scalar(value))
		return verdict_reject(env, EACCES, CODE_LEAK, "R%d leaks addr into ctx",
				      op->value_regno);
	if (op->access == ACCESS_WRITE && !value && !env->beh->st_to_ctx)
		return verdict_reject(env, EACCES, CODE_CTX_ST,
				      "BPF_ST stores into R%u ctx is not allowed", op->regno);
	if (env->beh->ctx_offset_deref && env->prog_type == PT_SYSCALL)
		return ctx_access_syscall(env, op);
	ret = bounds_check_off(env, r, op->regno, env->beh->ctx_offset_deref && ctx_is_unconverted(env));
	if (ret < 0)
		return ret;
	off += r->off;
	if (ctx_by_btf(env)) {
		ret = btfctx_access(env, op);
		return ret < 0 && env->result->code && !strcmp(env->result->code, "CTX-ARG") ?
		       verdict_add(env, ret, "invalid bpf_context access off=%d size=%u", off, op->size) : ret;
	}
	/* the first argument of a writable raw tracepoint is a record of its own, read whole as a pointer */
	if (env->prog_type == PT_RAW_TRACEPOINT_WRITABLE && off == 0) {
		if (op->size != 8 || op->access != ACCESS_READ)
			return ctx_refuse(env, op, off);
		if (op->value_regno >= 0)
			reg_set_ptr(&env_regs(env)[op->value_regno], REG_TP_BUFFER);
		return 0;
	}
	return ctx_access_table(env, op, off);
}

static const char *ctx_sock_name(uint32_t base)
{
	switch (base) {
	case REG_SOCKET:
		return "sock";
	case REG_SOCK_COMMON:
		return "sock_common";
	case REG_TCP_SOCK:
		return "tcp_sock";
	default:
		return "xdp_sock";
	}
}

int ctx_sock_access(struct env *env, const struct memop *op)
{
	const struct reg *r = &env_regs(env)[op->regno];
	uint32_t base = reg_base(r);
	int64_t off = (int64_t)op->off + r->off;

	if (op->access == ACCESS_WRITE)
		return verdict_reject(env, EACCES, CODE_SOCK_WRITE, "R%u cannot write into %s", op->regno,
				      ctx_sock_name(base));
	if (r->v.sl < 0)
		return verdict_reject(env, EACCES, CODE_NEG_OFFSET,
				      "R%u min value is negative, either use unsigned index or do a "
				      "if (index >=0) check.", op->regno);
	if (off < 0 || off > UINT16_MAX || !ctx_tab_pointee(base, (uint32_t)off, op->size))
		return verdict_reject(env, EACCES, CODE_SOCK_ACCESS,
				      "R%u invalid %s access off=%lld size=%u", op->regno,
				      ctx_sock_name(base), (long long)off, op->size);
	if (op->value_regno >= 0)
		env_mark_unknown(env, (uint32_t)op->value_regno);
	return 0;
}

bool ctx_may_access_pkt(struct env *env, const struct call_meta *meta, enum access access)
{
	const struct progtype *type = progtype_find(env->target->profile, env->prog_type);

	if (!type || !(type->flags & PROGTYPE_PKT_READ))
		return false;
	if (!(type->flags & PROGTYPE_PKT_WRITE)) {
		if (access == ACCESS_WRITE)
			return false;
		return !meta || meta->pkt_access;
	}
	if (type->flags & PROGTYPE_PKT_OWN) {
		if (access == ACCESS_WRITE)
			env->seen_direct_write = true;
		return true;
	}
	if (meta)
		return meta->pkt_access;
	env->seen_direct_write = true;
	return true;
}

bool ctx_may_ld_abs(const struct env *env)
{
	const struct progtype *type = progtype_find(env->target->profile, env->prog_type);

	return type && (type->flags & PROGTYPE_LD_ABS);
}
