/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts that are the arguments of a kernel function: one 8-byte slot an argument, typed by the
 * function's BTF. Promises the register kinds the kernel gives: numbers for integers, trusted,
 * plain or maybe-null objects for struct pointers. Trusts attach.c to have found the function;
 * refuses writes, odd offsets and pointers that name no struct.
 */
#include "verifier/access/btfctx.h"

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/ctxtype.h"
#include "verifier/kernel/names.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/value/alu.h"
#include "verifier/state/refs.h"
#include "verifier/access/bounds.h"

#define CTX_SLOTS_MAX PROGRAM_CTX_ARGS

/* ---- which argument ---- */

static uint32_t slot_bytes(const struct btf_view *view, uint32_t type_id)
{
	const struct btf_type *t = btf_skip_mods(view, type_id, NULL);

	if (!t || btf_is_ptr(t))
		return 8;
	return (t->size + 7) / 8 * 8;
}

/* Number of the argument at an offset; argument count + 1 when it lies past the return slot. */
static uint32_t arg_at(const struct btf_view *view, const struct btf_type *proto, uint32_t off)
{
	uint32_t end = 0, n = btf_vlen_of(proto);

	for (uint32_t i = 0; i < n; i++) {
		end += slot_bytes(view, btf_params_of(proto)[i].type);
		if (off < end)
			return i;
	}
	end += slot_bytes(view, proto->type);
	return off < end ? n : n + 1;
}

static bool args_are_trusted(const struct env *env)
{
	if (env->beh->args_old)
		return false;
	switch (env->prog_type) {
	case BPF_PROG_TYPE_TRACING:
		return env->attach_type == BPF_TRACE_RAW_TP || env->attach_type == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_LSM:
		return !env->att.untrusted_args;
	default:
		return env->prog_type == BPF_PROG_TYPE_STRUCT_OPS;
	}
}

/* ---- what some arguments are beyond their type ---- */

struct iter_arg {
	const char *func;
	uint32_t slot;
	uint32_t type;
};

#define OBJECT_OR_NULL (REG_BTF_ID | REG_F_MAYBE_NULL)

static const struct iter_arg iter_args[] = {
	{ "bpf_iter_bpf_link",		1, OBJECT_OR_NULL },
	{ "bpf_iter_bpf_map",		1, OBJECT_OR_NULL | REG_F_TRUSTED },
	{ "bpf_iter_bpf_map_elem",	2, REG_BUF | REG_F_MAYBE_NULL | REG_F_RDONLY },
	{ "bpf_iter_bpf_map_elem",	3, REG_BUF | REG_F_MAYBE_NULL },
	{ "bpf_iter_bpf_prog",		1, OBJECT_OR_NULL },
	{ "bpf_iter_bpf_sk_storage_map", 2, OBJECT_OR_NULL },
	{ "bpf_iter_bpf_sk_storage_map", 3, REG_BUF | REG_F_MAYBE_NULL },
	{ "bpf_iter_cgroup",		1, OBJECT_OR_NULL | REG_F_TRUSTED },
	{ "bpf_iter_dmabuf",		1, OBJECT_OR_NULL },
	{ "bpf_iter_ipv6_route",	1, OBJECT_OR_NULL },
	{ "bpf_iter_kmem_cache",	1, OBJECT_OR_NULL | REG_F_TRUSTED },
	{ "bpf_iter_ksym",		1, OBJECT_OR_NULL },
	{ "bpf_iter_netlink",		1, OBJECT_OR_NULL },
	{ "bpf_iter_sockmap",		2, REG_BUF | REG_F_MAYBE_NULL | REG_F_RDONLY },
	{ "bpf_iter_sockmap",		3, OBJECT_OR_NULL },
	{ "bpf_iter_task",		1, OBJECT_OR_NULL | REG_F_TRUSTED },
	{ "bpf_iter_task_file",		1, OBJECT_OR_NULL },
	{ "bpf_iter_task_file",		3, OBJECT_OR_NULL },
	{ "bpf_iter_task_vma",		1, OBJECT_OR_NULL },
	{ "bpf_iter_task_vma",		2, OBJECT_OR_NULL },
	{ "bpf_iter_tcp",		1, OBJECT_OR_NULL | REG_F_TRUSTED },
	{ "bpf_iter_udp",		1, OBJECT_OR_NULL | REG_F_TRUSTED },
	{ "bpf_iter_unix",		1, OBJECT_OR_NULL },
};

static const struct {
	const char *name;
	uint64_t mask;
} raw_tp_null[] = {
#define RAW_TP_NULL(name, mask) { #name, mask },
#include "verifier/kernel/raw_tp_null.def"
#undef RAW_TP_NULL
};

static uint32_t iter_arg_type(const struct env *env, uint32_t slot)
{
	if (env->prog_type != BPF_PROG_TYPE_TRACING || env->attach_type != BPF_TRACE_ITER)
		return 0;
	for (size_t i = 0; i < ARRAY_CNT(iter_args); i++)
		if (iter_args[i].slot == slot && strcmp(iter_args[i].func, env->att.name) == 0)
			return iter_args[i].type;
	return 0;
}

/* The four bits raw_tp_null.def has for the argument; of a module's tracepoint nothing is known. */
static uint32_t raw_tp_arg(const struct env *env, uint32_t arg)
{
	if (env->attach_type != BPF_TRACE_RAW_TP || env->beh->args_old)
		return 0;
	for (size_t i = 0; i < ARRAY_CNT(raw_tp_null); i++)
		if (strcmp(raw_tp_null[i].name, env->att.name) == 0)
			return (uint32_t)(raw_tp_null[i].mask >> (arg * 4)) & 0xf;
	return env->att.btf ? 1 : 0;
}

/* Suffix of the parameter in the struct_ops stub function, which is where the kernel notes it. */
static bool stub_arg_is(struct env *env, uint32_t arg, const char *suffix)
{
	const struct btf_view *view = btf_of(env, env->att.btf);
	const struct btf_type *func, *proto;
	uint32_t id;

	id = env->prog_type == BPF_PROG_TYPE_STRUCT_OPS ? env->att.stub_func_id : 0;
	func = id ? btf_view_type(view, id) : NULL;
	proto = func ? btf_view_type(view, func->type) : NULL;
	return proto && arg < btf_vlen_of(proto) &&
	       btf_text_ends(btf_view_str(view, btf_params_of(proto)[arg].name_off), suffix);
}

/* ---- the access ---- */

static int reject_arg(struct env *env, const char *what, uint32_t arg)
{
	return verdict_reject(env, EACCES, CODE_CTX_ARG, "func '%s' arg%u %s", env->att.name, arg,
			      what);
}

static int set_number(struct env *env, const struct memop *op, bool is_ret)
{
	struct reg *r;

	if (op->value_regno < 0)
		return 0;
	r = &env_regs(env)[op->value_regno];
	reg_set_unknown(r);
	if (is_ret && env->att.ret_range)
		alu_clamp_s32(env->beh, &r->v, (int32_t)env->att.ret_lo, (int32_t)env->att.ret_hi);
	return 0;
}

static void set_object(struct env *env, const struct memop *op, uint32_t type, uint32_t id)
{
	struct reg *r;

	if (op->value_regno < 0)
		return;
	r = &env_regs(env)[op->value_regno];
	reg_set_ptr(r, type);
	if (reg_base(r) == REG_BTF_ID) {
		r->btf = env->att.btf;
		r->btf_id = id;
	}
	if (type & REG_F_MAYBE_NULL)
		r->id = env_new_id(env);
}

/* tcp congestion control sees its sockets as TCP sockets. */
static uint32_t promoted_type(struct env *env, const struct btf_view *view, uint32_t id)
{
	if (env->prog_type == BPF_PROG_TYPE_STRUCT_OPS && env->att.ops_name &&
	    strcmp(env->att.ops_name, "tcp_congestion_ops") == 0 &&
	    strcmp(btf_view_name(view, id), "sock") == 0)
		return btf_view_find(view, BTF_KIND_STRUCT, "tcp_sock");
	return id;
}

/*
 * An argument of a traced program: its context, as the kernel has it; other pointers are nobody's.
 */
static int load_program_ctx(struct env *env, const struct memop *op, const struct btf_view *view,
			    const struct btf_param *param, uint32_t arg)
{
	uint32_t type = env->prog->attach_prog->prog_type, id;

	id = ctxtype_is_of(env, type, view, param->type) ? ctxtype_kernel(env, type) : 0;
	if (!id)
		return reject_arg(env, "is no context", arg);
	set_object(env, op, REG_BTF_ID, id);
	if (op->value_regno >= 0)
		env_regs(env)[op->value_regno].btf = 0;
	return 0;
}

static int load_object(struct env *env, const struct memop *op, const struct btf_view *view,
		       const struct btf_type *ptr, const struct btf_param *param, uint32_t arg)
{
	uint32_t type = REG_BTF_ID, id, special = iter_arg_type(env, arg),
		 raw = raw_tp_arg(env, arg);
	const struct btf_type *t = btf_skip_mods(view, ptr->type, &id);
	const char *tag = btf_ptr_tag(view, ptr);

	if (env->prog->attach_prog)
		return load_program_ctx(env, op, view, param, arg);
	if (!t || !btf_is_struct(t))
		return reject_arg(env, "type is not a struct", arg);
	if (raw & 2)
		return set_number(env, op, false);
	if (special) {
		type = special & ~(env->beh->args_old ? REG_F_TRUSTED : 0);
	} else {
		type |= args_are_trusted(env) ? REG_F_TRUSTED : 0;
		if ((raw & 1) ||
		    (!env->beh->args_old &&
		     (btf_text_ends(btf_view_str(view, param->name_off), "__nullable") ||
		      stub_arg_is(env, arg, "__nullable"))))
			type |= REG_F_MAYBE_NULL;
		if (strcmp(tag, "user") == 0)
			type |= REG_F_USER;
		if (strcmp(tag, "percpu") == 0)
			type |= REG_F_PERCPU;
	}
	set_object(env, op, type, promoted_type(env, view, id));
	if (op->value_regno >= 0 && env->att.arg_ref[arg])
		env_regs(env)[op->value_regno].ref = env->att.arg_ref[arg];
	return 0;
}

/* What a queue puts its dropped packets into: a list that only its own functions take. */
static bool is_list_of_drops(const struct env *env, uint32_t arg)
{
	return arg == 2 && env->prog_type == BPF_PROG_TYPE_STRUCT_OPS && env->att.ops_name &&
	       strcmp(env->att.ops_name, "Qdisc_ops") == 0 && strcmp(env->att.name, "enqueue") == 0;
}

static bool points_to_number(const struct env *env, const struct btf_view *view, const struct btf_type *ptr)
{
	const struct btf_type *t = btf_skip_mods(view, ptr->type, NULL);

	if (env->beh->ptr_args_are_numbers)
		return t && !btf_is_struct(t);
	if (t && btf_is_void(t))
		return env->beh->const_void_args || !ptr->type;
	return t && btf_kind_of(t) == BTF_KIND_INT;
}

static int load_arg(struct env *env, const struct memop *op, const struct btf_view *view,
		    const struct btf_param *param, uint32_t arg)
{
	const struct btf_type *t = btf_skip_mods(view, param->type, NULL);
	uint32_t special;

	if (!t)
		return reject_arg(env, "has a type that does not end", arg);
	if ((btf_is_scalar(t) && t->size <= 8) || btf_is_struct(t))
		return set_number(env, op, false);
	if (!btf_is_ptr(t))
		return reject_arg(env, "has a type. Only pointer access is allowed", arg);
	if (op->size != 8)
		return verdict_reject(env, EACCES, CODE_CTX_ARG, "func '%s' size %u must be 8",
				      env->att.name, op->size);
	special = iter_arg_type(env, arg);
	if ((special & REG_BASE_MASK) == REG_BUF) {
		set_object(env, op, special, 0);
		return 0;
	}
	if (is_list_of_drops(env, arg)) {
		special = btf_view_find(view, BTF_KIND_STRUCT, "bpf_sk_buff_ptr");
		if (special)
			set_object(env, op, REG_BTF_ID | REG_F_TRUSTED, special);
		return special ? 0 : reject_arg(env, "type is not a struct", arg);
	}
	if (points_to_number(env, view, t))
		return set_number(env, op, false);
	if (env->att.arg_ref[arg] && !refs_has(env, env->att.arg_ref[arg]))
		return verdict_reject(env, EACCES, CODE_CTX_RELEASED,
				      "invalid bpf_context access off=%d. Reference may already be released",
				      op->off + env_regs(env)[op->regno].off);
	return load_object(env, op, view, t, param, arg);
}

/* The slot after the last argument: the return value, where the program may see it. */
static int load_return(struct env *env, const struct memop *op, const struct btf_view *view,
		       const struct btf_type *proto, uint32_t arg)
{
	const struct btf_type *t = btf_skip_mods(view, proto->type, NULL);
	bool sees = env->attach_type == BPF_LSM_MAC || env->attach_type == BPF_LSM_CGROUP ||
		    env->attach_type == BPF_TRACE_FEXIT || env->attach_type == BPF_MODIFY_RETURN ||
		    env->attach_type == AT_TRACE_FSESSION;

	if (!sees)
		return verdict_reject(env, EACCES, CODE_CTX_ARG,
				      "func '%s' doesn't have %u-th argument", env->att.name,
				      arg + 1);
	if (!t || btf_is_void(t) || (env->attach_type == BPF_MODIFY_RETURN &&
				     (btf_kind_of(t) != BTF_KIND_INT || t->size > 8)))
		return reject_arg(env, "(return) has a type. Only pointer access is allowed", arg);
	if ((btf_is_scalar(t) && t->size <= 8) || btf_is_struct(t))
		return set_number(env, op, env->attach_type == BPF_LSM_MAC);
	if (!btf_is_ptr(t) || op->size != 8)
		return reject_arg(env, "(return) cannot be read so", arg);
	if (points_to_number(env, view, t))
		return set_number(env, op, false);
	t = btf_skip_mods(view, t->type, &arg);
	if (!t || !btf_is_struct(t))
		return reject_arg(env, "(return) type is not a struct", 0);
	set_object(env, op, REG_BTF_ID | (args_are_trusted(env) ? REG_F_TRUSTED : 0), arg);
	return 0;
}

/*
 * A function whose BTF the kernel does not rely on: five numbers, and a result where one is seen.
 */
static int untyped_slot(struct env *env, const struct memop *op, uint32_t slot)
{
	if (slot < PROGRAM_ARGS_MAX || (slot == PROGRAM_ARGS_MAX && env->attach_type == BPF_TRACE_FEXIT))
		return set_number(env, op, false);
	return verdict_reject(env, EACCES, CODE_CTX_ARG, "func '%s' doesn't have %u-th argument",
			      env->att.name, slot + 1);
}

int btfctx_access(struct env *env, const struct memop *op)
{
	const struct btf_view *view = btf_of(env, env->att.btf);
	int32_t off = op->off + env_regs(env)[op->regno].off;
	const struct btf_type *proto;
	uint32_t first, arg;

	/* kernels let LSM programs write here and then believe what they read: SOUNDNESS.md */
	if (op->access != ACCESS_READ && env->prog_type == BPF_PROG_TYPE_LSM)
		return verdict_reject(env, EACCES, CODE_CTX_WRITE,
				      "invalid bpf_context access off=%d size=%u: LSM arguments are not written", off,
				      op->size);
	if (off < 0 || off >= 8 * CTX_SLOTS_MAX || off % (int32_t)op->size ||
	    op->access != ACCESS_READ)
		return verdict_reject(env, EACCES, CODE_CTX_ACCESS,
				      "invalid bpf_context access off=%d size=%u", off, op->size);
	if (off % 8)
		return verdict_reject(env, EACCES, CODE_CTX_ACCESS,
				      "func '%s' offset %d is not multiple of 8", env->att.name,
				      off);
	proto = view && env->att.proto_id ? btf_view_type(view, env->att.proto_id) : NULL;
	if (!proto && env->prog->attach_prog)
		return untyped_slot(env, op, (uint32_t)off / 8);
	if (!proto)
		return verdict_unsupported(env, "context of an attach target without BTF");
	/* the typedef of a raw tracepoint begins with void *__data, which programs do not see */
	first = env->prog_type == BPF_PROG_TYPE_TRACING && env->attach_type == BPF_TRACE_RAW_TP;
	if (btf_vlen_of(proto) < first)
		return reject_arg(env, "does not exist", 0);
	arg = arg_at(view, proto, (uint32_t)off);
	if (arg > btf_vlen_of(proto) - first)
		return verdict_reject(env, EACCES, CODE_CTX_ARG,
				      "func '%s' doesn't have %u-th argument", env->att.name,
				      arg + 1);
	if (arg == btf_vlen_of(proto) - first)
		return load_return(env, op, view, proto, arg);
	return load_arg(env, op, view, &btf_params_of(proto)[first + arg], arg);
}

/* ---- returns of hooks ---- */

static const struct btf_type *ret_type(const struct env *env)
{
	const struct btf_view *view = btf_of((struct env *)env, env->att.btf);
	const struct btf_type *proto =
		view && env->att.proto_id ? btf_view_type(view, env->att.proto_id) : NULL;

	return proto ? btf_skip_mods(view, proto->type, NULL) : NULL;
}

bool btfctx_hook_is_void(const struct env *env)
{
	const struct btf_type *t = ret_type(env);

	return t && btf_is_void(t);
}

bool btfctx_returns_pointer(const struct env *env)
{
	const struct btf_type *t = ret_type(env);

	return t && btf_is_ptr(t);
}

int btfctx_check_ret(struct env *env, uint32_t regno)
{
	const struct btf_view *view = btf_of(env, env->att.btf);
	const struct reg *r = &env_regs(env)[regno];
	const struct btf_type *t = ret_type(env);
	uint32_t id;

	if (!t || !btf_is_ptr(t) || reg_base(r) != REG_BTF_ID || !r->ref || !refs_has(env, r->ref) ||
	    r->btf != env->att.btf || !btf_skip_mods(view, t->type, &id) || r->btf_id != id)
		return 0;
	return bounds_check_off(env, r, regno, false) < 0 ? -EACCES : 1;
}

/* ---- arguments that come with a reference ---- */

static bool has_ref_arg(struct env *env)
{
	for (uint32_t i = 0; i < CTX_SLOTS_MAX; i++)
		if (stub_arg_is(env, i, "__ref"))
			return true;
	return false;
}

int btfctx_check_tail_calls(struct env *env)
{
	for (uint32_t i = 0; has_ref_arg(env) && i < env->subprog_cnt; i++)
		if (env->subprogs[i].has_tail_call)
			return verdict_reject(env, EINVAL, CODE_TAIL_CALL_REF,
					      "program with __ref argument cannot tail call");
	return 0;
}

int btfctx_acquire_args(struct env *env)
{
	int r = 0;

	for (uint32_t i = 0; i < CTX_SLOTS_MAX && r >= 0; i++)
		if (stub_arg_is(env, i, "__ref"))
			r = refs_acquire(env, 0, &env->att.arg_ref[i]);
	return r;
}
