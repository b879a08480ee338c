/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program's own BTF says of its functions: the records of func, line and CO-RE info are in
 * order, and what global functions take. Trusts the view (btf.c) to be well formed, nothing in it
 * to be true; refuses records with the errno the kernel has for them. CO-RE records that the kernel
 * itself would have to apply are not supported: every loader in use applies them before.
 */
#include "verifier/btf/btfprog.h"

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/ctxtype.h"
#include "verifier/state/verdict.h"

#define RECORD_BYTES_MAX	252	/* the kernel's MAX_FUNCINFO_REC_SIZE */
#define FUNC_RECORD_MIN		8
#define LINE_RECORD_MIN		16
#define CORE_RECORD_MIN		16

/* Enough of a record for every kind. */
struct record {
	uint32_t word[4];
};

static bool record_size_ok(uint32_t size, uint32_t min)
{
	return size >= min && size <= RECORD_BYTES_MAX && size % 4 == 0;
}

/* Record i of a table: its known part; a non-zero byte after it is E2BIG. */
static int record_at(const struct bgv_blob *table, uint32_t size, uint32_t known, uint32_t i,
		     struct record *ret_record)
{
	const uint8_t *at = (const uint8_t *)table->data + (size_t)i * size;

	if (!table->data || (size_t)(i + UINT64_C(1)) * size > table->bytes)
		return -EFAULT;
	for (uint32_t b = known; b < size; b++)
		if (at[b])
			return -E2BIG;
	memset(ret_record, 0, sizeof(*ret_record));
	memcpy(ret_record, at, size < known ? size : known);
	return 0;
}

static int reject_record(struct env *env, int r, const char *what)
{
	return verdict_reject(env, -r, CODE_BTF_RECORD, r == -E2BIG ? "nonzero tailing record in %s"
							       : "cannot read %s", what);
}

/* Without func_info, functions may not hold what needs a typed return. */
static int check_abnormal_return(struct env *env)
{
	for (uint32_t i = 1; i < env->subprog_cnt; i++) {
		if (env->subprogs[i].has_ld_abs)
			return verdict_reject(env, EINVAL, CODE_BTF_LD_ABS,
					      "LD_ABS is not allowed in subprogs without BTF");
		if (env->subprogs[i].has_tail_call)
			return verdict_reject(env, EINVAL, CODE_BTF_TAIL_CALL,
					      "tail_call is not allowed in subprogs without BTF");
	}
	return 0;
}

/* ---- func_info ---- */

static int check_func_record(struct env *env, const struct btf_view *view, const struct record *rec,
			     uint32_t i, uint32_t prev_off)
{
	const struct btf_type *func, *proto;

	if (i == 0 && rec->word[0])
		return verdict_reject(env, EINVAL, CODE_BTF_FUNC_INFO,
				      "nonzero insn_off %u for the first func info record",
				      rec->word[0]);
	if (i && rec->word[0] <= prev_off)
		return verdict_reject(
			env, EINVAL, CODE_BTF_FUNC_INFO,
			"same or smaller insn offset (%u) than previous func info record (%u)",
			rec->word[0], prev_off);
	func = btf_view_type(view, rec->word[1]);
	proto = func && btf_kind_of(func) == BTF_KIND_FUNC ? btf_view_type(view, func->type) : NULL;
	if (!proto || btf_kind_of(proto) != BTF_KIND_FUNC_PROTO)
		return verdict_reject(env, EINVAL, CODE_BTF_FUNC_INFO,
				      "invalid type id %d in func info", (int)rec->word[1]);
	return 0;
}

int btfprog_check_early(struct env *env)
{
	const struct bgv_program *prog = env->prog;
	const struct btf_view *view;
	struct record rec = { 0 };
	uint32_t prev = 0;
	int r;

	if (!prog->func_info_cnt && !prog->line_info_cnt)
		return 0;
	if (!prog->prog_btf_idx || prog->prog_btf_idx > prog->btf_cnt)
		return verdict_reject(env, EBADF, CODE_BTF_FD, "no BTF for func_info or line_info");
	view = btf_of(env, prog->prog_btf_idx);
	if (!view)
		return verdict_reject(env, EINVAL, CODE_BTF_MALFORMED,
				      "the program's BTF is malformed");
	if (!prog->func_info_cnt)
		return 0;
	if (!record_size_ok(prog->func_info_rec_size, FUNC_RECORD_MIN))
		return verdict_reject(env, EINVAL, CODE_BTF_FUNC_INFO, "invalid func info rec size %u",
				      prog->func_info_rec_size);
	for (uint32_t i = 0; i < prog->func_info_cnt; i++) {
		r = record_at(&prog->func_info, prog->func_info_rec_size, FUNC_RECORD_MIN, i, &rec);
		if (r < 0)
			return reject_record(env, r, "func info");
		r = check_func_record(env, view, &rec, i, prev);
		if (r < 0)
			return r;
		prev = rec.word[0];
	}
	return 0;
}

/* Integers of at most 8 bytes without odd bits, and enumerations. */
static bool returns_scalar(const struct btf_view *view, const struct btf_type *proto)
{
	const struct btf_type *t = btf_skip_mods(view, proto->type, NULL);

	return t && btf_is_scalar(t) && t->size <= 8;
}

static int check_func(struct env *env, const struct btf_view *view, uint32_t i)
{
	const struct bgv_program *prog = env->prog;
	struct subprog *sub = &env->subprogs[i];
	const struct btf_type *func;
	struct record rec;
	bool scalar;
	int r;

	r = record_at(&prog->func_info, prog->func_info_rec_size, FUNC_RECORD_MIN, i, &rec);
	if (r < 0)
		return reject_record(env, r, "func info");
	if (sub->start != rec.word[0])
		return verdict_reject(
			env, EINVAL, CODE_BTF_FUNC_INFO,
			"func_info BTF section doesn't match subprog layout in BPF program");
	func = btf_view_type(view, rec.word[1]);
	sub->func_id = rec.word[1];
	sub->name = btf_view_str(view, func->name_off);
	sub->is_global = btf_vlen_of(func) == BTF_FUNC_GLOBAL;
	scalar = returns_scalar(view, btf_view_type(view, func->type));
	if (i && !scalar && sub->has_ld_abs)
		return verdict_reject(env, EINVAL, CODE_BTF_LD_ABS,
				      "LD_ABS is only allowed in functions that return 'int'.");
	if (i && !scalar && sub->has_tail_call)
		return verdict_reject(env, EINVAL, CODE_BTF_TAIL_CALL,
				      "tail_call is only allowed in functions that return 'int'.");
	return 0;
}

static int check_funcs(struct env *env, const struct btf_view *view)
{
	int r = 0;

	if (!env->prog->func_info_cnt)
		return check_abnormal_return(env);
	if (env->prog->func_info_cnt != env->subprog_cnt)
		return verdict_reject(
			env, EINVAL, CODE_BTF_FUNC_INFO,
			"number of funcs in func_info doesn't match number of subprogs");
	for (uint32_t i = 0; r >= 0 && i < env->subprog_cnt; i++)
		r = check_func(env, view, i);
	return r;
}

/* ---- line_info ---- */

static int check_line(struct env *env, const struct btf_view *view, const struct record *rec,
		      uint32_t i, uint32_t prev_off, uint32_t *func)
{
	uint32_t off = rec->word[0];

	if ((i && off <= prev_off) || off >= env->insn_cnt)
		return verdict_reject(
			env, EINVAL, CODE_BTF_LINE_INFO,
			"Invalid line_info[%u].insn_off:%u (prev_offset:%u prog->len:%u)", i, off,
			prev_off, env->insn_cnt);
	if (!env->insns[off].code)
		return verdict_reject(env, EINVAL, CODE_BTF_LINE_INFO,
				      "Invalid insn code at line_info[%u].insn_off", i);
	if (!btf_str_fits(view, rec->word[1]) || !btf_str_fits(view, rec->word[2]))
		return verdict_reject(env, EINVAL, CODE_BTF_LINE_INFO,
				      "Invalid line_info[%u].line_off or .file_name_off", i);
	if (*func == env->subprog_cnt)
		return 0;
	if (off == env->subprogs[*func].start)
		(*func)++;
	else if (env->subprogs[*func].start < off)
		return verdict_reject(env, EINVAL, CODE_BTF_LINE_INFO,
				      "missing bpf_line_info for func#%u", *func);
	return 0;
}

static int check_lines(struct env *env, const struct btf_view *view)
{
	const struct bgv_program *prog = env->prog;
	uint32_t prev = 0, func = 0;
	struct record rec;
	int r;

	if (!prog->line_info_cnt)
		return 0;
	if (prog->line_info_cnt > INT32_MAX / LINE_RECORD_MIN ||
	    !record_size_ok(prog->line_info_rec_size, LINE_RECORD_MIN))
		return verdict_reject(env, EINVAL, CODE_BTF_LINE_INFO,
				      "invalid line info record size");
	for (uint32_t i = 0; i < prog->line_info_cnt; i++) {
		r = record_at(&prog->line_info, prog->line_info_rec_size, LINE_RECORD_MIN, i, &rec);
		if (r < 0)
			return reject_record(env, r, "line_info");
		r = check_line(env, view, &rec, i, prev, &func);
		if (r < 0)
			return r;
		prev = rec.word[0];
	}
	if (func != env->subprog_cnt)
		return verdict_reject(env, EINVAL, CODE_BTF_LINE_INFO,
				      "missing bpf_line_info for %u funcs starting from func#%u",
				      env->subprog_cnt - func, func);
	return 0;
}

static int check_core_records(struct env *env)
{
	const struct bgv_program *prog = env->prog;
	struct record rec;
	int r;

	if (!prog->core_relo_cnt)
		return 0;
	if (prog->core_relo_cnt > INT32_MAX / CORE_RECORD_MIN ||
	    !record_size_ok(prog->core_relo_rec_size, CORE_RECORD_MIN))
		return verdict_reject(env, EINVAL, CODE_BTF_CORE, "invalid CO-RE record size");
	r = record_at(&prog->core_relos, prog->core_relo_rec_size, CORE_RECORD_MIN, 0, &rec);
	if (r < 0)
		return reject_record(env, r, "core_relo");
	if (rec.word[0] % 8 || rec.word[0] / 8 >= env->insn_cnt)
		return verdict_reject(env, EINVAL, CODE_BTF_CORE,
				      "Invalid core_relo[0].insn_off:%u prog->len:%u", rec.word[0],
				      env->insn_cnt);
	return verdict_unsupported(env, "CO-RE relocations applied by the kernel");
}

int btfprog_check(struct env *env)
{
	const struct btf_view *view;
	int r;

	if (!env->prog->func_info_cnt && !env->prog->line_info_cnt)
		return check_abnormal_return(env);
	view = btf_of(env, env->prog->prog_btf_idx);
	if (!view)
		return verdict_reject(env, EINVAL, CODE_BTF_MALFORMED,
				      "the program's BTF is malformed");
	r = check_funcs(env, view);
	if (r >= 0)
		r = check_lines(env, view);
	return r < 0 ? r : check_core_records(env);
}

/* ---- the exception callback ---- */

/* Index of the func_info record of a type; func_info_cnt: none. */
static uint32_t record_of_func(const struct env *env, uint32_t id, uint32_t *ret_insn_off)
{
	struct record rec;
	uint32_t i;

	for (i = 0; i < env->prog->func_info_cnt; i++) {
		if (record_at(&env->prog->func_info, env->prog->func_info_rec_size, FUNC_RECORD_MIN,
			      i, &rec) < 0)
			return env->prog->func_info_cnt;
		*ret_insn_off = rec.word[0];
		if (rec.word[1] == id)
			break;
	}
	return i;
}

int btfprog_exception_callback(struct env *env)
{
	const struct btf_view *view;
	uint32_t main_id, id, tag = 0, off;
	struct record rec;
	const char *name;

	if (!env->prog->func_info_cnt || !env->beh->exceptions)
		return 0;
	view = btf_of(env, env->prog->prog_btf_idx);
	if (!view || record_at(&env->prog->func_info, env->prog->func_info_rec_size,
			       FUNC_RECORD_MIN, 0, &rec) < 0)
		return 0;
	main_id = rec.word[1];
	name = btf_decl_tag(view, main_id, -1, "exception_callback:", 0, &tag);
	if (!name)
		return 0;
	if (btf_decl_tag(view, main_id, -1, "exception_callback:", tag, NULL))
		return verdict_reject(env, EEXIST, CODE_EXCEPTION_TAG,
				      "multiple exception callback tags for main subprog");
	id = btf_view_find(view, BTF_KIND_FUNC, name);
	if (!id)
		return verdict_reject(env, EINVAL, CODE_EXCEPTION_TAG,
				      "exception callback '%s' could not be found in BTF", name);
	if (btf_vlen_of(btf_view_type(view, id)) != BTF_FUNC_GLOBAL)
		return verdict_reject(env, EINVAL, CODE_EXCEPTION_TAG,
				      "exception callback '%s' must have global linkage", name);
	if (record_of_func(env, id, &off) == env->prog->func_info_cnt)
		return verdict_reject(env, EINVAL, CODE_EXCEPTION_TAG,
				      "exception callback '%s' could not be found in BTF", name);
	if (off == 0)
		return verdict_reject(env, EINVAL, CODE_EXCEPTION_TAG,
				      "exception callback cannot be the main function");
	return (int)off;
}

/* ---- arguments of functions ---- */

enum arg_tag {
	TAG_CTX = 1 << 0, TAG_NONNULL = 1 << 1, TAG_TRUSTED = 1 << 2, TAG_NULLABLE = 1 << 3,
	TAG_ARENA = 1 << 4, TAG_UNTRUSTED = 1 << 5, TAG_BAD = 1 << 6, TAG_STATIC = 1 << 7,
};

static uint32_t tag_by_name(const struct env *env, const char *name)
{
	static const struct { const char *name; uint32_t tag;
	} tags[] = {
		{ "ctx", TAG_CTX },	    { "nonnull", TAG_NONNULL },
		{ "trusted", TAG_TRUSTED }, { "nullable", TAG_NULLABLE },
		{ "arena", TAG_ARENA },	    { "untrusted", TAG_UNTRUSTED },
	};

	for (size_t i = 0; i < ARRAY_CNT(tags); i++)
		if (strcmp(tags[i].name, name) == 0)
			return tags[i].tag == TAG_UNTRUSTED && !env->beh->arg_untrusted
				       ? TAG_BAD
				       : tags[i].tag;
	return TAG_BAD;
}

static bool points_into_arena(const struct env *env, const struct btf_view *view, const struct btf_type *t)
{
	return env->beh->arena_type_tags && t && btf_is_ptr(t) && !strcmp(btf_ptr_tag(view, t), "arena");
}

static uint32_t arg_tags(const struct env *env, const struct btf_view *view,
			 const struct subprog *sub, uint32_t i)
{
	uint32_t tags = 0, at = 0;
	const char *name;

	if (!env->beh->arg_tags)
		return 0;
	while ((name = btf_decl_tag(view, sub->func_id, (int32_t)i, "arg:", at, &at)))
		tags |= sub->is_global ? tag_by_name(env, name) : TAG_STATIC;
	return tags;
}

int btfprog_kernel_type(struct env *env, const struct btf_view *view, uint32_t id)
{
	const struct btf_view *kernel = env->target->vmlinux;
	const struct btf_type *t = btf_skip_mods(view, id, &id);
	const char *name = t ? btf_view_str(view, t->name_off) : "", *flavour = strstr(name, "___");
	char plain[128];
	uint32_t found;

	if (!kernel)
		return -EOPNOTSUPP;
	if (!t || !*name || strlen(name) >= sizeof(plain))
		return -ENOENT;
	strcpy(plain, name);
	if (flavour && flavour != name)
		plain[flavour - name] = '\0';
	found = btf_view_find(kernel, btf_kind_of(t), plain);
	if (!found)
		return -ENOENT;
	return btf_view_find_next(kernel, btf_kind_of(t), plain, found) ? -ESRCH : (int)found;
}

static int bad_arg(struct env *env, int err, uint32_t i, const char *what)
{
	return verdict_reject(env, err, CODE_BTF_ARG, "arg#%u %s", i, what);
}

static bool is_dynptr_type(const struct btf_view *view, const struct btf_type *t)
{
	bool fwd_struct = btf_kind_of(t) == BTF_KIND_FWD && !btf_kflag_of(t);

	return (btf_kind_of(t) == BTF_KIND_STRUCT || fwd_struct) &&
	       strcmp(btf_view_str(view, t->name_off), "bpf_dynptr") == 0;
}

/* arg:trusted and arg:untrusted name a type of the kernel. */
static int kernel_object_arg(struct env *env, const struct btf_view *view, uint32_t pointee,
			     uint32_t i, uint32_t flags, struct subprog_arg *arg)
{
	int id = btfprog_kernel_type(env, view, pointee);

	if (id == -EOPNOTSUPP)
		return verdict_unsupported(env,
					   "arguments of kernel types without the kernel's BTF");
	if (id < 0)
		return bad_arg(env, -id, i,
			       id == -ESRCH ? "reference type is ambiguous"
					    : "reference type has no matches");
	if ((flags & REG_F_UNTRUSTED) &&
	    !btf_is_struct(btf_view_type(env->target->vmlinux, (uint32_t)id)))
		return bad_arg(env, EINVAL, i,
			       "has a type, but only struct or primitive types are allowed");
	arg->kind = ARG_BTF;
	arg->flags = flags;
	arg->btf_id = (uint32_t)id;
	return 0;
}

static int untrusted_arg(struct env *env, const struct btf_view *view, uint32_t pointee, uint32_t i,
			 uint32_t tags, struct subprog_arg *arg)
{
	const struct btf_type *t = btf_view_type(view, pointee);

	if (tags != TAG_UNTRUSTED)
		return bad_arg(env, EINVAL, i, "untrusted cannot be combined with any other tags");
	if (!btf_is_void(t) && !btf_is_scalar(t))
		return kernel_object_arg(env, view, pointee, i, REG_F_UNTRUSTED, arg);
	arg->kind = ARG_MEM;
	arg->flags = REG_F_RDONLY | REG_F_UNTRUSTED;
	arg->mem_size = 0;
	return 0;
}

static int mem_arg(struct env *env, const struct btf_view *view, uint32_t pointee, uint32_t i,
		   uint32_t tags, struct subprog_arg *arg)
{
	if (tags & TAG_NULLABLE)
		return bad_arg(env, EINVAL, i, "has invalid combination of tags");
	if (btf_size_of(view, pointee, &arg->mem_size) < 0)
		return verdict_reject(env, EINVAL, CODE_BTF_ARG,
				      "arg#%u reference type('%s') size cannot be determined", i,
				      btf_view_name(view, pointee));
	arg->kind = ARG_MEM;
	arg->flags = tags & TAG_NONNULL ? 0 : REG_F_MAYBE_NULL;
	return 0;
}

/* 0: understood; -EINVAL without a verdict: a static function whose argument says nothing. */
static int pointer_arg(struct env *env, const struct btf_view *view, uint32_t type_id, uint32_t i,
		       uint32_t tags, bool is_global, struct subprog_arg *arg)
{
	const struct btf_type *t;
	uint32_t pointee;

	if ((tags & TAG_CTX) || ctxtype_is_ours(env, view, type_id, i)) {
		if (tags & ~(uint32_t)TAG_CTX)
			return bad_arg(env, EINVAL, i, "has invalid combination of tags");
		arg->kind = ARG_CTX;
		return tags & TAG_CTX ? ctxtype_check_tag(env, view, type_id, i) : 0;
	}
	t = btf_pointee(view, type_id, &pointee);
	if (!t)
		return bad_arg(env, EINVAL, i, "has a type that does not end");
	if (!env->beh->args_old && is_dynptr_type(view, t)) {
		arg->kind = ARG_DYNPTR;
		arg->flags = REG_F_RDONLY;
		return tags ? bad_arg(env, EINVAL, i, "has invalid combination of tags") : 0;
	}
	if (tags & TAG_TRUSTED) {
		if (tags & TAG_NONNULL)
			return bad_arg(env, EINVAL, i, "has invalid combination of tags");
		return kernel_object_arg(
			env, view, pointee, i,
			REG_F_TRUSTED | (tags & TAG_NULLABLE ? REG_F_MAYBE_NULL : 0), arg);
	}
	if (tags & TAG_UNTRUSTED)
		return untrusted_arg(env, view, pointee, i, tags, arg);
	if (tags & TAG_ARENA) {
		arg->kind = ARG_ARENA;
		return tags == TAG_ARENA ? 0
					 : bad_arg(env, EINVAL, i,
						   "arena cannot be combined with any other tags");
	}
	return is_global ? mem_arg(env, view, pointee, i, tags, arg) : -EINVAL;
}

static int one_arg(struct env *env, const struct btf_view *view, const struct subprog *sub,
		   uint32_t i, uint32_t type_id, struct subprog_arg *arg)
{
	const struct btf_type *t = btf_skip_mods(view, type_id, NULL);
	uint32_t tags = arg_tags(env, view, sub, i);

	if (points_into_arena(env, view, t))
		tags |= TAG_ARENA;
	if (tags & (TAG_STATIC | TAG_BAD))
		return bad_arg(env, EOPNOTSUPP, i,
			       tags & TAG_STATIC ? "type tag is not supported in static functions"
						 : "has unsupported set of tags");
	if (t && btf_is_ptr(t))
		return pointer_arg(env, view, type_id, i, tags, sub->is_global, arg);
	if (tags)
		return bad_arg(env, EINVAL, i, "has pointer tag, but is not a pointer type");
	if (t && btf_is_scalar(t)) {
		arg->kind = ARG_SCALAR;
		return 0;
	}
	if (!sub->is_global)
		return -EINVAL;
	return verdict_reject(env, EINVAL, CODE_BTF_ARG, "Arg#%u type in %s() is not supported yet.",
			      i, sub->name);
}

/* The function's prototype if it can be called with what BTF says; NULL with *ret_err set. */
static const struct btf_type *usable_proto(struct env *env, const struct btf_view *view,
					   const struct subprog *sub, int *ret_err)
{
	const struct btf_type *proto, *ret;

	*ret_err = -EINVAL;
	if (!view || !sub->func_id) {
		if (sub->is_global)
			*ret_err = verdict_reject(env, EFAULT, CODE_BTF_ARG,
						  "Global functions need valid BTF");
		return NULL;
	}
	proto = btf_view_type(view, btf_view_type(view, sub->func_id)->type);
	if (btf_vlen_of(proto) > PROGRAM_ARGS_MAX) {
		if (sub->is_global)
			*ret_err = verdict_reject(
				env, EINVAL, CODE_BTF_ARG,
				"Global function %s() with %u > %d args. Buggy compiler.",
				sub->name, btf_vlen_of(proto), PROGRAM_ARGS_MAX);
		return NULL;
	}
	ret = btf_skip_mods(view, proto->type, NULL);
	if (ret && btf_is_void(ret) && sub->is_global && env->beh->void_globals)
		return proto;
	if (points_into_arena(env, view, ret) && sub != env->subprogs)
		return proto;
	if (!ret || !btf_is_scalar(ret)) {
		if (sub->is_global)
			*ret_err = verdict_reject(
				env, env->beh->arena_type_tags ? EOPNOTSUPP : EINVAL, CODE_BTF_ARG,
				"Global function %s() doesn't return scalar. Only those are supported.",
				sub->name);
		return NULL;
	}
	return proto;
}

int btfprog_args(struct env *env, uint32_t subprog)
{
	struct subprog *sub = &env->subprogs[subprog];
	const struct btf_view *view =
		env->prog->prog_btf_idx ? btf_of(env, env->prog->prog_btf_idx) : NULL;
	const struct btf_type *proto;
	int r;

	if (sub->args_cached)
		return 0;
	proto = usable_proto(env, view, sub, &r);
	if (!proto)
		return r;
	for (uint32_t i = 0; i < btf_vlen_of(proto); i++) {
		memset(&sub->args[i], 0, sizeof(sub->args[i]));
		r = one_arg(env, view, sub, i, btf_params_of(proto)[i].type, &sub->args[i]);
		if (r < 0)
			return r;
	}
	sub->arg_cnt = (uint8_t)btf_vlen_of(proto);
	sub->returns_void = proto->type == 0;
	sub->args_cached = true;
	return 0;
}

/* ---- ld_imm64 of a kernel variable or function ---- */

static bool is_percpu_var(const struct btf_view *view, uint32_t var_id)
{
	uint32_t sec = btf_view_find(view, BTF_KIND_DATASEC, ".data..percpu");
	const struct btf_type *t = sec ? btf_view_type(view, sec) : NULL;

	for (uint32_t i = 0; t && i < btf_vlen_of(t); i++)
		if (btf_vars_of(t)[i].type == var_id)
			return true;
	return false;
}

int btfprog_pseudo_btf_id(struct env *env, uint32_t insn_idx)
{
	struct insn_aux *aux = &env->aux[insn_idx];
	uint32_t id = (uint32_t)env->insns[insn_idx].imm,
		 btf = (uint32_t)env->insns[insn_idx + 1].imm;
	const struct btf_view *view = btf_of(env, btf);
	const struct btf_type *t = view ? btf_view_type(view, id) : NULL;
	uint32_t type;

	if (!view)
		return btf ? verdict_reject(env, EINVAL, CODE_BTF_FD,
					    "invalid module BTF object FD specified.")
			   : verdict_unsupported(env, "kernel variables without the kernel's BTF");
	if (!t)
		return verdict_reject(env, ENOENT, CODE_BTF_ID,
				      "ldimm64 insn specifies invalid btf_id %u.", id);
	if (btf_kind_of(t) == BTF_KIND_FUNC && env->beh->ldimm64_func) {
		aux->var.type = REG_MEM | REG_F_RDONLY;
		aux->var.mem_size = 0;
		return 0;
	}
	if (btf_kind_of(t) != BTF_KIND_VAR)
		return verdict_reject(env, EINVAL, CODE_BTF_ID,
				      "pseudo btf_id %u in ldimm64 isn't KIND_VAR or KIND_FUNC",
				      id);
	if (env->leak_rules)	/* some hold addresses, such as those of per-CPU memory and of tasks */
		return verdict_reject(env, EPERM, CODE_CAP_PERFMON,
				      "kernel variable '%s' is read only with CAP_PERFMON", btf_view_name(view, id));
	if (env->target->flags & BGV_TARGET_NO_DATA_SYMBOLS)
		return verdict_reject(env, ENOENT, CODE_BTF_ID,
				      "ldimm64 failed to find the address for kernel symbol '%s'.",
				      btf_view_name(view, id));
	type = t->type;
	aux->var.btf = btf;
	aux->var.btf_id = type;
	t = btf_skip_mods(view, type, NULL);
	aux->var.type = REG_BTF_ID;
	if (is_percpu_var(view, id))
		aux->var.type |= REG_F_PERCPU;
	else if (!t || !btf_is_struct(t)) {
		aux->var.type = REG_MEM | REG_F_RDONLY;
		if (btf_size_of(view, type, &aux->var.mem_size) < 0)
			return verdict_reject(env, EINVAL, CODE_BTF_ID,
					      "ldimm64 unable to resolve the size of type '%s'",
					      btf_view_name(view, type));
	}
	return 0;
}
