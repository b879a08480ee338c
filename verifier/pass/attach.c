/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a program attaches: may it, as what it is? Fills env->att with the function, its prototype
 * and its return range, on which contexts and return checks build. Trusts the kernel's BTF and the
 * tables of hooks; where only the running kernel knows (its error injection list), the answer is
 * unsupported, never yes.
 */
#include "verifier/pass/attach.h"

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/hooks.h"
#include "verifier/kernel/names.h"
#include "verifier/pass/attach_prog.h"
#include "verifier/state/verdict.h"
#include "verifier/access/btfctx.h"

static bool takes_btf_id(uint32_t prog_type)
{
	return prog_type == BPF_PROG_TYPE_TRACING || prog_type == BPF_PROG_TYPE_LSM ||
	       prog_type == BPF_PROG_TYPE_STRUCT_OPS || prog_type == BPF_PROG_TYPE_EXT;
}

/* ---- targets ---- */

/* To functions that only its link names: the program is judged as one for a function that takes nothing. */
static bool attaches_to_many(const struct env *env)
{
	return env->prog_type == BPF_PROG_TYPE_TRACING &&
	       (env->attach_type == AT_TRACE_FENTRY_MULTI || env->attach_type == AT_TRACE_FEXIT_MULTI ||
		env->attach_type == AT_TRACE_FSESSION_MULTI);
}

static int bad_target(struct env *env, const char *what)
{
	return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET, "attach_btf_id %u %s", env->att.func_id,
			      what);
}

/* The kind and the prefixes by which a target of this sort is found by name. */
static uint32_t find_by_name(struct env *env, const struct btf_view *view)
{
	static const char *const prefixes[] = { "", "btf_trace_", "bpf_iter_", "bpf_lsm_" };
	uint32_t kind = BTF_KIND_FUNC, first = 0, id;
	char name[160];

	if (!env->prog->attach_name)
		return 0;
	if (env->prog_type == BPF_PROG_TYPE_STRUCT_OPS)
		kind = BTF_KIND_STRUCT;
	else if (env->prog_type == BPF_PROG_TYPE_LSM)
		first = 3;
	else if (env->attach_type == BPF_TRACE_RAW_TP)
		kind = BTF_KIND_TYPEDEF, first = 1;
	else if (env->attach_type == BPF_TRACE_ITER)
		first = 2;
	if (strlen(env->prog->attach_name) + sizeof("btf_trace_") > sizeof(name))
		return 0;
	strcpy(name, prefixes[first]);
	strcat(name, env->prog->attach_name);
	id = btf_view_find(view, kind, name);
	return id ? id : btf_view_find(view, kind, env->prog->attach_name);
}

static bool is_kind(const struct btf_type *t, uint32_t kind)
{
	return t && btf_kind_of(t) == kind;
}

/*
 * A raw tracepoint's typedef names a pointer to its prototype; the function behind it has the same
 * one with the arguments' names, and is preferred.
 */
static int raw_tp_proto(struct env *env, const struct btf_view *view, const struct btf_type *t)
{
	char name[160] = "__bpf_trace_";
	uint32_t func;

	if (!is_kind(t, BTF_KIND_TYPEDEF))
		return bad_target(env, "is not a typedef");
	if (!btf_text_begins(env->att.name, "btf_trace_"))
		return bad_target(env, "points to wrong type name");
	env->att.name += strlen("btf_trace_");
	if (env->sleepable && env->beh->sleepable_raw_tp && strcmp(env->att.name, "sys_enter") && strcmp(env->att.name, "sys_exit"))
		return verdict_reject(env, EINVAL, CODE_ATTACH_SLEEP,
				      "Sleepable program cannot attach to non-faultable tracepoint %s", env->att.name);
	if (strlen(env->att.name) + sizeof("__bpf_trace_") < sizeof(name)) {
		strcat(name, env->att.name);
		func = btf_view_find(view, BTF_KIND_FUNC, name);
		if (func) {
			env->att.proto_id = btf_view_type(view, func)->type;
			return 0;
		}
	}
	t = btf_view_type(view, t->type);
	if (!is_kind(t, BTF_KIND_PTR) ||
	    !is_kind(btf_view_type(view, t->type), BTF_KIND_FUNC_PROTO))
		return verdict_reject(env, EFAULT, CODE_ATTACH_TARGET,
				      "tracepoint typedef names no prototype");
	env->att.proto_id = t->type;
	return 0;
}

/* Can a trampoline pass such arguments? (btf_distill_func_proto) */
static int check_proto(struct env *env, const struct btf_view *view, const struct btf_type *proto)
{
	const struct btf_param *p = btf_params_of(proto);
	const struct btf_type *t = btf_skip_mods(view, proto->type, NULL);

	if (btf_vlen_of(proto) > 12)
		return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET,
				      "The function %s has %u arguments. Too many.", env->att.name,
				      btf_vlen_of(proto));
	if (!t || btf_is_struct(t) ||
	    !(btf_is_void(t) || btf_is_ptr(t) || (btf_is_scalar(t) && t->size <= 8)))
		return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET,
				      "The function %s return type is unsupported.", env->att.name);
	for (uint32_t i = 0; i < btf_vlen_of(proto); i++) {
		t = btf_skip_mods(view, p[i].type, NULL);
		if (i + 1 == btf_vlen_of(proto) && p[i].type == 0)
			return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET,
					      "The function %s with variable args is unsupported.",
					      env->att.name);
		if (!t || !(btf_is_ptr(t) ||
			    ((btf_is_scalar(t) || btf_is_struct(t)) && t->size && t->size <= 16)))
			return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET,
					      "The function %s arg%u type is unsupported.",
					      env->att.name, i);
	}
	return 0;
}

static int func_proto(struct env *env, const struct btf_view *view, const struct btf_type *t)
{
	const struct btf_type *proto;

	if (!is_kind(t, BTF_KIND_FUNC))
		return bad_target(env, "is not a function");
	proto = btf_view_type(view, t->type);
	if (!is_kind(proto, BTF_KIND_FUNC_PROTO))
		return bad_target(env, "has no prototype");
	env->att.proto_id = t->type;
	return check_proto(env, view, proto);
}

/*
 * Is it on the kernel's error injection list? A kernel built without one has no struct for its
 * entries either; of the list itself only some names tell.
 */
enum injectable { INJECTABLE_NO, INJECTABLE_YES, INJECTABLE_UNKNOWN };

static enum injectable is_injectable(struct env *env)
{
	const struct btf_view *view = btf_of(env, 0);
	const char *name = env->att.name;

	if (view && !btf_view_find(view, BTF_KIND_STRUCT, "ei_entry") && env->beh->syscalls_by_name)
		return btf_text_begins(name, "__x64_") ? INJECTABLE_YES : INJECTABLE_NO;
	if (!view || !btf_view_find(view, BTF_KIND_STRUCT, "ei_entry"))
		return view ? INJECTABLE_NO : INJECTABLE_UNKNOWN;
	return btf_text_begins(name, "__x64_sys_") || btf_text_begins(name, "__ia32_sys_")
		       ? INJECTABLE_YES
		       : INJECTABLE_UNKNOWN;
}

static int check_sleepable_target(struct env *env)
{
	enum injectable list = is_injectable(env);

	if ((hooks_facts(env->att.name) & HOOK_SLEEPS_BDEV) && env->beh->lsm_bdev_sleeps)
		return 0;
	if ((hooks_facts(env->att.name) & HOOK_SLEEPS) &&
	    (env->prog_type == BPF_PROG_TYPE_LSM || !env->beh->args_old))
		return 0;
	if (env->prog_type == BPF_PROG_TYPE_LSM || list == INJECTABLE_NO)
		return verdict_reject(env, EINVAL, CODE_ATTACH_SLEEP, "%s is not sleepable",
				      env->att.name);
	if (list == INJECTABLE_YES)
		return 0;
	return verdict_unsupported(env, "whether %s may sleep is known to the running kernel only",
				   env->att.name);
}

static int check_modifiable(struct env *env)
{
	enum injectable list = is_injectable(env);

	if (((hooks_facts(env->att.name) & HOOK_MODIFIABLE) && !env->beh->args_old) ||
	    btf_text_begins(env->att.name, "security_") || list == INJECTABLE_YES)
		return 0;
	if (list == INJECTABLE_NO)
		return verdict_reject(env, EINVAL, CODE_ATTACH_MODIFY, "%s() is not modifiable",
				      env->att.name);
	return verdict_unsupported(
		env, "whether %s is modifiable is known to the running kernel only", env->att.name);
}

static int check_lsm(struct env *env, const struct btf_view *view)
{
	uint32_t facts = hooks_facts(env->att.name);
	const struct btf_type *ret =
		btf_skip_mods(view, btf_view_type(view, env->att.proto_id)->type, NULL);

	if (!env->gpl)
		return verdict_reject(env, EINVAL, CODE_ATTACH_LICENSE,
				      "LSM programs must have a GPL compatible license");
	if (facts & HOOK_DISABLED)
		return bad_target(env, "points to disabled hook");
	if (!btf_text_begins(env->att.name, "bpf_lsm_"))
		return bad_target(env, "points to wrong type name");
	env->att.untrusted_args = facts & HOOK_UNTRUSTED;
	if (ret && !btf_is_void(ret) && env->beh->lsm_ranges) {
		env->att.ret_range = true;
		env->att.ret_lo = facts & HOOK_BOOL ? 0 : -4095;
		env->att.ret_hi = facts & HOOK_BOOL ? 1 : 0;
	}
	return 0;
}

static int check_traced(struct env *env)
{
	uint32_t facts = hooks_facts(env->att.name);

	if (facts & HOOK_DENIED)
		return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET, "tracing %s is denied",
				      env->att.name);
	if ((facts & HOOK_NORETURN) &&
	    (env->attach_type == BPF_TRACE_FEXIT || env->attach_type == BPF_MODIFY_RETURN ||
	     env->attach_type == AT_TRACE_FSESSION))
		return verdict_reject(
			env, EINVAL, CODE_ATTACH_TARGET,
			"Attaching fexit/fmod_ret to __noreturn functions is rejected.");
	return 0;
}

static int check_function_target(struct env *env, const struct btf_view *view,
				 const struct btf_type *t)
{
	int r = func_proto(env, view, t);

	if (r < 0)
		return r;
	if (env->sleepable && !attaches_to_many(env))
		r = check_sleepable_target(env);
	else if (env->attach_type == BPF_MODIFY_RETURN)
		r = check_modifiable(env);
	if (r < 0)
		return r;
	return env->prog_type == BPF_PROG_TYPE_LSM ? check_lsm(env, view) : check_traced(env);
}

/* Of the many functions named bpf_iter_* these are what kernels register as targets, up to 7.3. */
static bool is_iter_target(const char *name)
{
	static const char *const targets[] = {
		"bpf_link", "bpf_map", "bpf_map_elem", "bpf_prog", "bpf_sk_storage_map", "cgroup", "dmabuf",
		"ipv6_route", "kmem_cache", "ksym", "netlink", "sockmap", "task", "task_file", "task_vma",
		"tcp", "udp", "unix",
	};

	if (!btf_text_begins(name, "bpf_iter_"))
		return false;
	for (size_t i = 0; i < ARRAY_CNT(targets); i++)
		if (!strcmp(name + strlen("bpf_iter_"), targets[i]))
			return true;
	return false;
}

static int check_iter_target(struct env *env, const struct btf_view *view, const struct btf_type *t)
{
	int r = func_proto(env, view, t);

	if (r >= 0 && !is_iter_target(env->att.name))
		return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET, "%s is no iterator",
				      env->att.name);
	return r;
}

/* ---- struct_ops ---- */

static bool ops_registered(const struct btf_view *view, const char *name)
{
	char value[160] = "bpf_struct_ops_";

	if (strlen(name) + sizeof("bpf_struct_ops_") > sizeof(value))
		return false;
	strcat(value, name);
	return btf_view_find(view, BTF_KIND_STRUCT, value);
}

static void find_stub(struct env *env, const struct btf_view *view, const char *member)
{
	char name[320];

	if (strlen(env->att.ops_name) + strlen(member) + 3 > sizeof(name))
		return;
	strcpy(name, env->att.ops_name);
	strcat(name, "__");
	strcat(name, member);
	env->att.stub_func_id = btf_view_find(view, BTF_KIND_FUNC, name);
}

/* Members the kernel's own check_member refuses: its errno, or 0. */
static int member_refused(const char *ops, const char *member, bool sleepable)
{
	if (strcmp(ops, "tcp_congestion_ops") == 0 && strcmp(member, "get_info") == 0)
		return ENOTSUPP;
	if (strcmp(ops, "bpf_dummy_ops") == 0 && sleepable && strcmp(member, "test_sleepable") != 0)
		return EINVAL;
	return 0;
}

static int check_struct_ops(struct env *env)
{
	const struct btf_view *view = btf_of(env, env->att.btf);
	const struct btf_type *t, *ptr;
	const struct btf_member *m;
	const char *name;
	uint32_t proto;
	int err;

	if (!env->gpl)
		return verdict_reject(env, EINVAL, CODE_ATTACH_LICENSE,
				      "struct ops programs must have a GPL compatible license");
	if (!env->att.func_id)
		return verdict_reject(env, ENOTSUPP, CODE_ATTACH_TARGET,
				      "struct_ops program without a struct");
	t = view ? btf_view_type(view, env->att.func_id) : NULL;
	if (!is_kind(t, BTF_KIND_STRUCT) || !ops_registered(view, btf_view_str(view, t->name_off)))
		return verdict_reject(env, ENOTSUPP, CODE_ATTACH_TARGET,
				      "attach_btf_id %u is not a supported struct",
				      env->att.func_id);
	env->att.ops_name = btf_view_str(view, t->name_off);
	if (env->attach_type >= btf_vlen_of(t))
		return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET,
				      "attach to invalid member idx %u of struct %s",
				      env->attach_type, env->att.ops_name);
	m = &btf_members_of(t)[env->attach_type];
	name = btf_view_str(view, m->name_off);
	ptr = btf_skip_mods(view, m->type, NULL);
	if (!ptr || !btf_is_ptr(ptr) ||
	    !is_kind(btf_skip_mods(view, ptr->type, &proto), BTF_KIND_FUNC_PROTO))
		return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET,
				      "attach to invalid member %s(@idx %u) of struct %s", name,
				      env->attach_type, env->att.ops_name);
	env->att.proto_id = proto;
	env->att.name = name;
	env->att.struct_ops_type = env->att.func_id;
	env->att.struct_ops_member = env->attach_type;
	err = member_refused(env->att.ops_name, name, env->sleepable);
	if (err)
		return verdict_reject(env, err, CODE_ATTACH_TARGET,
				      "attach to unsupported member %s of struct %s", name,
				      env->att.ops_name);
	find_stub(env, view, name);
	return btfctx_check_tail_calls(env);
}

/* ---- the pass ---- */

static bool can_sleep(const struct env *env)
{
	switch (env->prog_type) {
	case BPF_PROG_TYPE_TRACING:
		if (env->beh->sleepable_by_type)
			return true;
		return env->attach_type == BPF_TRACE_FENTRY ||
		       env->attach_type == BPF_TRACE_FEXIT ||
		       env->attach_type == BPF_MODIFY_RETURN || env->attach_type == BPF_TRACE_ITER ||
		       env->attach_type == AT_TRACE_FSESSION || attaches_to_many(env) ||
		       (env->attach_type == BPF_TRACE_RAW_TP && env->beh->sleepable_raw_tp);
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_TRACEPOINT:
		return env->beh->sleepable_raw_tp;
	default:
		return (env->prog_type == BPF_PROG_TYPE_LSM && env->attach_type != BPF_LSM_CGROUP) ||
		       env->prog_type == BPF_PROG_TYPE_KPROBE ||
		       env->prog_type == BPF_PROG_TYPE_STRUCT_OPS;
	}
}

static int resolve_target(struct env *env)
{
	const struct btf_view *view = btf_of(env, env->prog->attach_btf_idx);

	env->att.name = "";
	env->att.btf = env->prog->attach_btf_idx;
	if (!view)
		return verdict_unsupported(env, "attach targets without the kernel's BTF");
	env->att.func_id = attaches_to_many(env) ? btf_view_find(view, BTF_KIND_FUNC, "bpf_multi_func") :
			   env->prog->attach_btf_id ? env->prog->attach_btf_id : find_by_name(env, view);
	return 0;
}

static int check_btf_target(struct env *env)
{
	const struct btf_view *view = btf_of(env, env->att.btf);
	const struct btf_type *t;

	if (!env->att.func_id)
		return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET,
				      "Tracing programs must provide btf_id");
	t = btf_view_type(view, env->att.func_id);
	if (!t)
		return bad_target(env, "is invalid");
	env->att.name = btf_view_str(view, t->name_off);
	if (!*env->att.name)
		return bad_target(env, "doesn't have a name");
	switch (env->attach_type) {
	case BPF_TRACE_RAW_TP:
		return raw_tp_proto(env, view, t);
	case BPF_TRACE_ITER:
		return check_iter_target(env, view, t);
	default:
		return check_function_target(env, view, t);
	}
}

int attach_check(struct env *env)
{
	int r;

	if (env->prog_type == BPF_PROG_TYPE_SYSCALL)
		return env->sleepable ? 0 : verdict_reject(env, EINVAL, CODE_ATTACH_SLEEP,
							  "Syscall programs can only be sleepable");
	if (env->sleepable && !can_sleep(env))
		return verdict_reject(
			env, EINVAL, CODE_ATTACH_SLEEP,
			"Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable");
	if (!takes_btf_id(env->prog->prog_type))
		return 0;
	if (env->prog->attach_prog)
		return attach_prog_check(env);
	if (env->prog_type == BPF_PROG_TYPE_EXT)
		return verdict_reject(env, EINVAL, CODE_ATTACH_TARGET,
				      "Cannot replace kernel functions");
	r = resolve_target(env);
	if (r < 0)
		return r;
	return env->prog_type == BPF_PROG_TYPE_STRUCT_OPS ? check_struct_ops(env)
							  : check_btf_target(env);
}
