/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which types stand for a program's context: by the kernel's own list, by name, or by the tag arg:ctx.
 */
#include "verifier/btf/ctxtype.h"

#include <string.h>

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/state/verdict.h"

static const char *const type_names[] = {
#define KERNEL_PROG_TYPE(number, NAME, ...) [number] = #NAME,
#include "proto/kernel_types.def"
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

	if (!t || prog_type >= ARRAY_CNT(type_names) || !type_names[prog_type])
		return 0;
	strcat(want, type_names[prog_type]);
	strcat(want, suffix);
	for (uint32_t i = 0; i < btf_vlen_of(t); i++)
		if (strcmp(btf_view_str(view, btf_members_of(t)[i].name_off), want) == 0)
			return btf_members_of(t)[i].type;
	return 0;
}

uint32_t ctxtype_kernel(const struct env *env, uint32_t prog_type)
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

bool ctxtype_is_of(const struct env *env, uint32_t prog_type, const struct btf_view *view,
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

bool ctxtype_is_ours(struct env *env, const struct btf_view *view, uint32_t ptr_type_id,
			uint32_t arg)
{
	(void)arg;
	return ctxtype_is_of(env, env->prog_type, view, ptr_type_id);
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

int ctxtype_check_tag(struct env *env, const struct btf_view *view, uint32_t ptr_type_id,
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
		return verdict_reject(env, EINVAL, CODE_BTF_ARG, "arg#%u type doesn't have a name",
				      arg);
	if (special_ctx_fits(env, t, name))
		return 0;
	id = ctx_member(env, env->prog_type, "_prog");
	ctx = id ? btf_skip_mods(kernel, id, NULL) : NULL;
	if (!ctx || btf_kind_of(ctx) != BTF_KIND_STRUCT)
		return verdict_reject(env, EINVAL, CODE_BTF_ARG, "arg#%u should be void pointer", arg);
	if (btf_kind_of(t) != BTF_KIND_STRUCT ||
	    strcmp(btf_view_str(kernel, ctx->name_off), name) != 0)
		return verdict_reject(env, EINVAL, CODE_BTF_ARG, "arg#%u should be `struct %s *`", arg,
				      btf_view_str(kernel, ctx->name_off));
	return 0;
}
