/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts that are the arguments of a kernel function: one 8-byte slot an argument, typed by the
 * function's BTF. Promises the register kinds the kernel gives: numbers for integers, trusted,
 * plain or maybe-null objects for struct pointers. Trusts attach.c to have found the function;
 * refuses writes, odd offsets and pointers that name no struct.
 */
#include "verifier/access/btfctx.h"
#include "verifier/kernel/names.h"
#include "verifier/value/alu.h"
#include "verifier/btf/btf.h"

#define CTX_SLOTS_MAX 12	/* the kernel's MAX_BPF_FUNC_ARGS */

/* ---- which argument ---- */

static uint32_t slot_bytes(const struct btf_view *view, uint32_t type_id)
{
	const struct btf_type *t = btf_skip_mods(view, type_id, NULL);

	if (!t || btf_is_ptr(t))
		return 8;
	return (t->size + 7) / 8 * 8;
}

/* Number of the argument at an offset; argument count + 1 when it lies behind the return slot. */
static uint32_t arg_at(const struct btf_view *view, const struct btf_type *proto, uint32_t first,
		       uint32_t off)
{
	uint32_t end = 0, n = btf_vlen_of(proto) - first;

	for (uint32_t i = 0; i < n; i++) {
		end += slot_bytes(view, btf_params_of(proto)[first + i].type);
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
	for (size_t i = 0; i < sizeof(iter_args) / sizeof(iter_args[0]); i++)
		if (iter_args[i].slot == slot && strcmp(iter_args[i].func, env->att.name) == 0)
			return iter_args[i].type;
	return 0;
}

/* The four bits raw_tp_null.def has for the argument; of a module's tracepoint nothing is known. */
static uint32_t raw_tp_arg(const struct env *env, uint32_t arg)
{
	if (env->attach_type != BPF_TRACE_RAW_TP || env->beh->args_old)
		return 0;
	for (size_t i = 0; i < sizeof(raw_tp_null) / sizeof(raw_tp_null[0]); i++)
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
	return verdict_reject(env, EACCES, "CTX-ARG", "func '%s' arg%u %s", env->att.name, arg,
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

	id = btfctx_is_ctx_of(env, type, view, param->type) ? btfctx_kernel_ctx(env, type) : 0;
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
	if (stub_arg_is(env, arg, "__ref"))
		return verdict_unsupported(env, "referenced struct_ops arguments");
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
	return 0;
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
		return verdict_reject(env, EACCES, "CTX-ARG", "func '%s' size %u must be 8",
				      env->att.name, op->size);
	special = iter_arg_type(env, arg);
	if ((special & REG_BASE_MASK) == REG_BUF) {
		set_object(env, op, special, 0);
		return 0;
	}
	if (points_to_number(env, view, t))
		return set_number(env, op, false);
	return load_object(env, op, view, t, param, arg);
}

/* The slot behind the last argument: the return value, where the program may see it. */
static int load_return(struct env *env, const struct memop *op, const struct btf_view *view,
		       const struct btf_type *proto, uint32_t arg)
{
	const struct btf_type *t = btf_skip_mods(view, proto->type, NULL);
	bool sees = env->attach_type == BPF_LSM_MAC || env->attach_type == BPF_LSM_CGROUP ||
		    env->attach_type == BPF_TRACE_FEXIT || env->attach_type == BPF_MODIFY_RETURN ||
		    env->attach_type == AT_TRACE_FSESSION;

	if (!sees)
		return verdict_reject(env, EACCES, "CTX-ARG",
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
	if (slot < ENV_ARGS_MAX || (slot == ENV_ARGS_MAX && env->attach_type == BPF_TRACE_FEXIT))
		return set_number(env, op, false);
	return verdict_reject(env, EACCES, "CTX-ARG", "func '%s' doesn't have %u-th argument",
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
		return verdict_reject(env, EACCES, "CTX-WRITE",
				      "invalid bpf_context access off=%d size=%u: LSM arguments are not written", off,
				      op->size);
	if (off < 0 || off >= 8 * CTX_SLOTS_MAX || off % (int32_t)op->size ||
	    op->access != ACCESS_READ)
		return verdict_reject(env, EACCES, "CTX-ACCESS",
				      "invalid bpf_context access off=%d size=%u", off, op->size);
	if (off % 8)
		return verdict_reject(env, EACCES, "CTX-ACCESS",
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
	arg = arg_at(view, proto, first, (uint32_t)off);
	if (arg > btf_vlen_of(proto) - first)
		return verdict_reject(env, EACCES, "CTX-ARG",
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

int btfctx_check_ret(struct env *env, uint32_t regno)
{
	const struct btf_type *t = ret_type(env);

	(void)regno;
	if (!t || !btf_is_ptr(t))
		return 0;
	return verdict_unsupported(env, "struct_ops members that return kernel pointers");
}

/* ---- which types stand for a program's context ---- */

static const char *const type_names[] = {
	[BPF_PROG_TYPE_SOCKET_FILTER] = "SOCKET_FILTER",
	[BPF_PROG_TYPE_KPROBE] = "KPROBE",
	[BPF_PROG_TYPE_SCHED_CLS] = "SCHED_CLS",
	[BPF_PROG_TYPE_SCHED_ACT] = "SCHED_ACT",
	[BPF_PROG_TYPE_TRACEPOINT] = "TRACEPOINT",
	[BPF_PROG_TYPE_XDP] = "XDP",
	[BPF_PROG_TYPE_PERF_EVENT] = "PERF_EVENT",
	[BPF_PROG_TYPE_CGROUP_SKB] = "CGROUP_SKB",
	[BPF_PROG_TYPE_CGROUP_SOCK] = "CGROUP_SOCK",
	[BPF_PROG_TYPE_LWT_IN] = "LWT_IN",
	[BPF_PROG_TYPE_LWT_OUT] = "LWT_OUT",
	[BPF_PROG_TYPE_LWT_XMIT] = "LWT_XMIT",
	[BPF_PROG_TYPE_SOCK_OPS] = "SOCK_OPS",
	[BPF_PROG_TYPE_SK_SKB] = "SK_SKB",
	[BPF_PROG_TYPE_CGROUP_DEVICE] = "CGROUP_DEVICE",
	[BPF_PROG_TYPE_SK_MSG] = "SK_MSG",
	[BPF_PROG_TYPE_RAW_TRACEPOINT] = "RAW_TRACEPOINT",
	[BPF_PROG_TYPE_CGROUP_SOCK_ADDR] = "CGROUP_SOCK_ADDR",
	[BPF_PROG_TYPE_LWT_SEG6LOCAL] = "LWT_SEG6LOCAL",
	[BPF_PROG_TYPE_LIRC_MODE2] = "LIRC_MODE2",
	[BPF_PROG_TYPE_SK_REUSEPORT] = "SK_REUSEPORT",
	[BPF_PROG_TYPE_FLOW_DISSECTOR] = "FLOW_DISSECTOR",
	[BPF_PROG_TYPE_CGROUP_SYSCTL] = "CGROUP_SYSCTL",
	[BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE] = "RAW_TRACEPOINT_WRITABLE",
	[BPF_PROG_TYPE_CGROUP_SOCKOPT] = "CGROUP_SOCKOPT",
	[BPF_PROG_TYPE_TRACING] = "TRACING",
	[BPF_PROG_TYPE_STRUCT_OPS] = "STRUCT_OPS",
	[BPF_PROG_TYPE_EXT] = "EXT",
	[BPF_PROG_TYPE_LSM] = "LSM",
	[BPF_PROG_TYPE_SK_LOOKUP] = "SK_LOOKUP",
	[BPF_PROG_TYPE_SYSCALL] = "SYSCALL",
	[32] = "NETFILTER",
};

/*
 * The kernel keeps one struct with two members a program type, named after it: its context as
 * programs see it and as the kernel has it. The one with that suffix; 0: none.
 */
static uint32_t ctx_member(const struct env *env, uint32_t prog_type, const char *suffix)
{
	const struct btf_view *view = env->target->vmlinux;
	uint32_t id = view ? btf_view_find(view, BTF_KIND_STRUCT, "bpf_ctx_convert") : 0;
	const struct btf_type *t = id ? btf_view_type(view, id) : NULL;
	char want[64] = "BPF_PROG_TYPE_";

	if (!t || prog_type >= sizeof(type_names) / sizeof(type_names[0]) || !type_names[prog_type])
		return 0;
	strcat(want, type_names[prog_type]);
	strcat(want, suffix);
	for (uint32_t i = 0; i < btf_vlen_of(t); i++)
		if (strcmp(btf_view_str(view, btf_members_of(t)[i].name_off), want) == 0)
			return btf_members_of(t)[i].type;
	return 0;
}

uint32_t btfctx_kernel_ctx(const struct env *env, uint32_t prog_type)
{
	uint32_t id = ctx_member(env, prog_type, "_kern");

	return id && btf_skip_mods(env->target->vmlinux, id, &id) ? id : 0;
}

static bool is_projection(const char *ours, const char *theirs)
{
	return (strcmp(ours, "__sk_buff") == 0 && strcmp(theirs, "sk_buff") == 0) ||
	       (strcmp(ours, "xdp_md") == 0 && strcmp(theirs, "xdp_buff") == 0);
}

/* Does a typedef of that name stand behind const and the like, before the struct? */
static bool pointee_is_typedef(const struct btf_view *view, const struct btf_type *ptr,
			       const char *name)
{
	const struct btf_type *t = btf_view_type(view, ptr->type);

	for (int i = 0; t && i < BTF_DEPTH_MAX; i++) {
		switch (btf_kind_of(t)) {
		case BTF_KIND_TYPEDEF:
			return strcmp(btf_view_str(view, t->name_off), name) == 0;
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			t = btf_view_type(view, t->type);
			break;
		default:
			return false;
		}
	}
	return false;
}

bool btfctx_is_ctx_of(const struct env *env, uint32_t prog_type, const struct btf_view *view,
		      uint32_t ptr_type_id)
{
	const struct btf_view *kernel = env->target->vmlinux;
	const struct btf_type *ptr = btf_skip_mods(view, ptr_type_id, NULL), *t, *ctx;
	uint32_t id = ctx_member(env, prog_type, "_prog");
	const char *name, *ctx_name;

	if (!ptr || !btf_is_ptr(ptr) || !id)
		return false;
	if (prog_type == BPF_PROG_TYPE_KPROBE &&
	    pointee_is_typedef(view, ptr, "bpf_user_pt_regs_t"))
		return true;
	t = btf_skip_mods(view, ptr->type, NULL);
	if (!t || btf_kind_of(t) != BTF_KIND_STRUCT)
		return false;
	name = btf_view_str(view, t->name_off);
	ctx = btf_view_type(kernel, id);
	for (int i = 0; ctx && i < BTF_DEPTH_MAX; i++) {
		ctx_name = btf_view_str(kernel, ctx->name_off);
		if (!*ctx_name)
			return false; /* types without a named context take the tag arg:ctx only */
		if (is_projection(ctx_name, name) || strcmp(ctx_name, name) == 0)
			return true;
		if (btf_kind_of(ctx) != BTF_KIND_TYPEDEF)
			return false;
		ctx = btf_view_type(kernel, ctx->type);
	}
	return false;
}

bool btfctx_is_ctx_type(struct env *env, const struct btf_view *view, uint32_t ptr_type_id,
			uint32_t arg)
{
	(void)arg;
	return btfctx_is_ctx_of(env, env->prog_type, view, ptr_type_id);
}

/* May `u64 *` stand for the context? */
static bool takes_u64_ctx(const struct env *env)
{
	switch (env->prog_type) {
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_STRUCT_OPS:
		return true;
	case BPF_PROG_TYPE_TRACING:
		return env->attach_type == BPF_TRACE_RAW_TP ||
		       env->attach_type == BPF_TRACE_FENTRY ||
		       env->attach_type == BPF_TRACE_FEXIT || env->attach_type == BPF_MODIFY_RETURN;
	default:
		return false;
	}
}

static bool special_ctx_fits(const struct env *env, const struct btf_type *t, const char *name)
{
	bool is_struct = btf_kind_of(t) == BTF_KIND_STRUCT;

	if (env->prog_type == BPF_PROG_TYPE_TRACEPOINT || env->prog_type == BPF_PROG_TYPE_SYSCALL ||
	    env->prog_type == BPF_PROG_TYPE_EXT)
		return true;
	if (takes_u64_ctx(env) && btf_kind_of(t) == BTF_KIND_INT && t->size == 8)
		return true;
	if (env->prog_type == BPF_PROG_TYPE_KPROBE || env->prog_type == BPF_PROG_TYPE_PERF_EVENT)
		return is_struct && strcmp(name, "pt_regs") == 0;
	if (env->prog_type != BPF_PROG_TYPE_TRACING || !is_struct)
		return false;
	return env->attach_type == BPF_TRACE_ITER
		       ? btf_text_begins(name, "bpf_iter__")
		       : env->attach_type == BPF_TRACE_RAW_TP &&
				 strcmp(name, "bpf_raw_tracepoint_args") == 0;
}

int btfctx_check_ctx_tag(struct env *env, const struct btf_view *view, uint32_t ptr_type_id,
			 uint32_t arg)
{
	const struct btf_view *kernel = env->target->vmlinux;
	const struct btf_type *ptr = btf_skip_mods(view, ptr_type_id, NULL), *t, *ctx;
	uint32_t id;
	const char *name;

	if (!kernel)
		return verdict_unsupported(env, "arg:ctx without the kernel's BTF");
	if ((env->prog_type == BPF_PROG_TYPE_KPROBE ||
	     env->prog_type == BPF_PROG_TYPE_PERF_EVENT) &&
	    pointee_is_typedef(view, ptr, "bpf_user_pt_regs_t"))
		return 0;
	t = btf_skip_mods(view, ptr->type, NULL);
	if (!t || btf_is_void(t))
		return 0;
	name = btf_view_str(view, t->name_off);
	if (!*name)
		return verdict_reject(env, EINVAL, "BTF-ARG", "arg#%u type doesn't have a name",
				      arg);
	if (special_ctx_fits(env, t, name))
		return 0;
	id = ctx_member(env, env->prog_type, "_prog");
	ctx = id ? btf_skip_mods(kernel, id, NULL) : NULL;
	if (!ctx || btf_kind_of(ctx) != BTF_KIND_STRUCT)
		return verdict_reject(env, EINVAL, "BTF-ARG", "arg#%u should be void pointer", arg);
	if (btf_kind_of(t) != BTF_KIND_STRUCT ||
	    strcmp(btf_view_str(kernel, ctx->name_off), name) != 0)
		return verdict_reject(env, EINVAL, "BTF-ARG", "arg#%u should be `struct %s *`", arg,
				      btf_view_str(kernel, ctx->name_off));
	return 0;
}
