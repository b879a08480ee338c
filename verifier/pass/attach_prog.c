/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that attach to programs. Promises the kernel's answer to: is there such a function, may
 * it be traced or replaced, and does a replacement take and return the same. What was found inside
 * the target, attach_look.c says.
 */
#include "verifier/pass/attach_prog.h"

#include "verifier/btf/btf.h"
#include "verifier/btf/ctxtype.h"
#include "verifier/kernel/names.h"
#include "verifier/pass/attach_look.h"
#include "verifier/state/verdict.h"

static int refuse(struct env *env, const char *what)
{
	return verdict_reject(env, EINVAL, CODE_ATTACH_PROG, "%s", what);
}

/* Index of the target's function with that BTF type; negative: none. */
static int64_t function_of(const struct bgv_program *target, uint32_t type_id)
{
	uint32_t id;

	for (uint32_t i = 0; i < target->func_info_cnt; i++) {
		size_t at = (size_t)i * target->func_info_rec_size + 4;

		if (!target->func_info.data || at + sizeof(id) > target->func_info.bytes)
			return -1;
		memcpy(&id, (const uint8_t *)target->func_info.data + at, sizeof(id));
		if (id == type_id)
			return i;
	}
	return -1;
}

/*
 * Can the kernel rely on the function's BTF? It does for global functions; main's must be one
 * context, and static ones count as unreliable as soon as an argument says nothing.
 */
static bool is_reliable(struct env *env, const struct btf_view *view, const struct btf_type *func,
			int64_t index)
{
	const struct btf_type *proto = btf_view_type(view, func->type);

	if (btf_kind_of(proto) != BTF_KIND_FUNC_PROTO)
		return false;
	if (index == 0)
		return btf_vlen_of(proto) == 1 &&
		       ctxtype_is_of(env, env->prog->attach_prog->prog_type, view,
					btf_params_of(proto)[0].type);
	if (btf_vlen_of(func) == BTF_FUNC_GLOBAL)
		return true;
	for (uint32_t i = 0; i < btf_vlen_of(proto); i++) {
		const struct btf_type *t = btf_skip_mods(view, btf_params_of(proto)[i].type, NULL);

		if (!t ||
		    (!btf_is_scalar(t) && !ctxtype_is_of(env, env->prog->attach_prog->prog_type,
							    view, btf_params_of(proto)[i].type)))
			return false;
	}
	return true;
}

/* ---- does a replacement fit? (btf_check_func_type_match) ---- */

static bool same_kind(const struct btf_type *a, const struct btf_type *b)
{
	return a && b && a->info == b->info;
}

static int match_arg(struct env *env, const struct btf_view *ours, const struct btf_view *theirs,
		     const struct btf_param *a, const struct btf_param *b, uint32_t i)
{
	const struct btf_type *t = btf_skip_mods(ours, a->type, NULL),
			      *u = btf_skip_mods(theirs, b->type, NULL);

	if (!same_kind(t, u) || (!btf_is_ptr(t) && t->size != u->size))
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG, "arg%u differs in kind or size",
				      i);
	if (btf_is_scalar(t))
		return 0;
	if (!btf_is_ptr(t))
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG, "arg%u has unrecognized type", i);
	t = btf_skip_mods(ours, t->type, NULL);
	u = btf_skip_mods(theirs, u->type, NULL);
	if (!t || !u || !btf_is_struct(t) || !btf_is_struct(u))
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG,
				      "arg%u is not a pointer to context", i);
	if (strcmp(btf_view_str(ours, t->name_off), btf_view_str(theirs, u->name_off)) != 0)
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG, "arg%u points to another struct",
				      i);
	return 0;
}

static int match_functions(struct env *env, const struct btf_view *theirs,
			   const struct btf_type *func)
{
	const struct btf_view *ours =
		env->prog->prog_btf_idx ? btf_of(env, env->prog->prog_btf_idx) : NULL;
	const struct btf_type *main, *p, *q;
	int r = 0;

	if (!env->prog->func_info_cnt || !ours)
		return refuse(env, "Program extension requires BTF");
	main = btf_view_type(ours, env->subprogs[0].func_id);
	if (btf_vlen_of(main) != BTF_FUNC_GLOBAL || btf_vlen_of(func) != BTF_FUNC_GLOBAL)
		return refuse(env, "extension or target is not a global function");
	p = btf_view_type(ours, main->type);
	q = btf_view_type(theirs, func->type);
	if (btf_vlen_of(p) != btf_vlen_of(q))
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG,
				      "%s() has %u args while the target has %u",
				      env->subprogs[0].name, btf_vlen_of(p), btf_vlen_of(q));
	if (!same_kind(btf_skip_mods(ours, p->type, NULL), btf_skip_mods(theirs, q->type, NULL)))
		return refuse(env, "return types do not match");
	for (uint32_t i = 0; r >= 0 && i < btf_vlen_of(p); i++)
		r = match_arg(env, ours, theirs, &btf_params_of(p)[i], &btf_params_of(q)[i], i);
	return r;
}

static int check_extension(struct env *env, const struct btf_view *view,
			   const struct btf_type *func, bool reliable, bool moves_packets)
{
	const struct bgv_program *target = env->prog->attach_prog;

	if (!reliable)
		return refuse(env, "Cannot replace static functions");
	if (env->subprogs[0].changes_pkt && !moves_packets)
		return refuse(env,
			      "Extension program changes packet data, while original does not");
	if (target->prog_type == PT_EXT)
		return refuse(env, "Cannot recursively attach");
	if (target->prog_type == PT_TRACING && (target->expected_attach_type == BPF_TRACE_FENTRY ||
						target->expected_attach_type == BPF_TRACE_FEXIT))
		return refuse(env, "Cannot extend fentry/fexit");
	if (target->prog_type == PT_TRACING || target->prog_type == PT_LSM ||
	    target->prog_type == PT_STRUCT_OPS)
		return verdict_unsupported(env, "extensions of programs whose context is BTF");
	return match_functions(env, view, func);
}

static int check_tracing(struct env *env)
{
	if (env->prog->attach_prog->attach_prog)
		return refuse(env, "Cannot nest tracing program attach more than once");
	switch (env->attach_type) {
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
		break;
	case BPF_MODIFY_RETURN:
		return refuse(env, "can't modify return codes of BPF program");
	default:
		return refuse(env, "Only FENTRY/FEXIT progs are attachable to another BPF prog");
	}
	return env->sleepable ? verdict_reject(env, EINVAL, CODE_ATTACH_SLEEP, "%s is not sleepable",
					       env->att.name)
			      : 0;
}

static int check_function(struct env *env, const struct btf_view *view,
			  const struct btf_type *func, uint32_t index)
{
	bool extends = env->prog->prog_type == PT_EXT, reliable;
	struct attach_look look;
	int r = attach_look(env, view, index, &look);

	if (r < 0)
		return r;
	if (!look.alive)
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG, "Subprog %s doesn't exist",
				      env->att.name);
	if (look.is_exception_cb)
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG,
				      "%s programs cannot attach to exception callback",
				      extends ? "Extension" : "FENTRY/FEXIT");
	reliable = !look.args_differ && is_reliable(env, view, func, index);
	env->att.proto_id = reliable ? func->type : 0;
	return extends ? check_extension(env, view, func, reliable, look.moves_packets)
		       : check_tracing(env);
}

int attach_prog_check(struct env *env)
{
	const struct bgv_program *prog = env->prog;
	const struct btf_view *view =
		prog->attach_prog->prog_btf_idx ? btf_of(env, attach_prog_btf(env)) : NULL;
	const struct btf_type *func;
	int64_t index;

	env->att.btf = attach_prog_btf(env);
	env->att.func_id = prog->attach_btf_id;
	env->att.name = "";
	if (!view)
		return refuse(
			env,
			"FENTRY/FEXIT program can only be attached to another program annotated with BTF");
	if (!env->att.func_id && prog->attach_name)
		env->att.func_id = btf_view_find(view, BTF_KIND_FUNC, prog->attach_name);
	func = env->att.func_id ? btf_view_type(view, env->att.func_id) : NULL;
	if (!func || !*btf_view_str(view, func->name_off))
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG, "attach_btf_id %u is invalid",
				      env->att.func_id);
	env->att.name = btf_view_str(view, func->name_off);
	index = function_of(prog->attach_prog, env->att.func_id);
	if (index < 0)
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG, "Subprog %s doesn't exist",
				      env->att.name);
	if (btf_kind_of(func) != BTF_KIND_FUNC)
		return verdict_reject(env, EINVAL, CODE_ATTACH_PROG,
				      "attach_btf_id %u is not a function", env->att.func_id);
	return check_function(env, view, func, (uint32_t)index);
}
