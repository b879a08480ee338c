/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of kernel functions. The prototype and the suffixes of its parameters' names say what
 * each must be; the register must be that. Promises the kernel's order of checks and its errno;
 * refuses what has no such meaning.
 */
#include "verifier/call/kfunc_arg.h"

#include "proto/array.h"
#include "verifier/access/bounds.h"
#include "verifier/access/btfptr.h"
#include "verifier/access/dynptr.h"
#include "verifier/access/iter.h"
#include "verifier/access/lock.h"
#include "verifier/access/mem.h"
#include "verifier/access/memop.h"
#include "verifier/access/null.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/btf/ctxtype.h"
#include "verifier/call/helper_arg.h"
#include "verifier/call/kfunc_graph.h"
#include "verifier/marks/precise.h"
#include "verifier/state/env.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

static bool param_ends(const struct kfunc_meta *m, uint32_t i, const char *suffix)
{
	return i < btf_vlen_of(m->k->proto) &&
	       btf_text_ends(btf_view_str(m->k->view, btf_params_of(m->k->proto)[i].name_off),
			     suffix);
}

/* ---- numbers ---- */

static int note_constant(const struct karg *a, uint32_t regno)
{
	const struct reg *r = &env_regs(a->env)[regno];

	if (a->m->has_const)
		return kfarg_bad(a, EFAULT, "is a second constant");
	if (!reg_is_const(r))
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_CONST, "R%u must be a known constant",
				      regno);
	a->m->has_const = true;
	a->m->constant = r->v.tv;
	return 0;
}

static int buffer_size(const struct karg *a, bool rdonly)
{
	const struct reg *r = reg_of(a);

	a->m->ret_rdonly = rdonly;
	if (a->m->ret_bytes)
		return kfarg_bad(a, EINVAL, "is a second buffer size");
	if (!reg_is_const(r))
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_CONST, "R%u is not a const",
				      a->regno);
	if (r->v.tv > UINT32_MAX)
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_CONST,
				      "R%u rdonly/rdwr_buf_size exceeds u32 max", a->regno);
	a->m->ret_bytes = r->v.tv;
	return precise_mark_reg(a->env, a->regno);
}

static int check_number(const struct karg *a)
{
	int r;

	if (!reg_is_scalar(reg_of(a)))
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_ARG, "R%u is not a scalar", a->regno);
	if (btf_text_ends(a->name, "__k")) {
		r = note_constant(a, a->regno);
		return r < 0 ? r : precise_mark_reg(a->env, a->regno);
	}
	if (strcmp(a->name, "rdonly_buf_size") == 0)
		return buffer_size(a, true);
	if (strcmp(a->name, "rdwr_buf_size") == 0)
		return buffer_size(a, false);
	return 0;
}

/* ---- which kind of pointer ---- */

static bool points_to(const struct karg *a, const char *name)
{
	return a->ref && btf_kind_of(a->ref) == BTF_KIND_STRUCT &&
	       strcmp(btf_view_str(a->m->k->view, a->ref->name_off), name) == 0;
}

static bool is_iter_arg(const struct karg *a)
{
	uint32_t flags = a->m->k->flags;

	if (flags & KF_ITER)
		return a->i == 0;
	return btf_text_ends(a->name, "__iter");
}

static bool is_size_of(const struct karg *a)
{
	return (param_ends(a->m, a->i + 1, "__sz") || param_ends(a->m, a->i + 1, "__szk")) &&
	       reg_is_scalar(&env_regs(a->env)[a->regno + 1]);
}

static bool is_base_object(const struct reg *r)
{
	return reg_base(r) == REG_BTF_ID || reg_base(r) == REG_SOCKET ||
	       reg_base(r) == REG_SOCK_COMMON || reg_base(r) == REG_TCP_SOCK ||
	       reg_base(r) == REG_MAP_PTR;
}

static bool is_function(const struct karg *a)
{
	return a->ref && btf_kind_of(a->ref) == BTF_KIND_FUNC_PROTO;
}

static bool is_nullable(const struct karg *a)
{
	return btf_text_ends(a->name, "__nullable") || btf_text_ends(a->name, "__arena");
}

/* Told by the parameter alone: suffixes first, then the struct it names. -1: the register tells. */
static int kind_by_param(const struct karg *a)
{
	static const struct { const char *suffix; enum kfarg kind; } suffixes[] = {
		{ "__alloc", KFARG_ALLOC }, { "__refcounted_kptr", KFARG_REFCOUNTED },
	};
	static const struct { const char *name; enum kfarg kind; } structs[] = {
		{ "bpf_list_head", KFARG_LIST_HEAD }, { "bpf_list_node", KFARG_LIST_NODE },
		{ "bpf_rb_root", KFARG_RB_ROOT }, { "bpf_rb_node", KFARG_RB_NODE },
	};

	for (size_t i = 0; i < ARRAY_CNT(suffixes); i++)
		if (btf_text_ends(a->name, suffixes[i].suffix))
			return (int)suffixes[i].kind;
	if (points_to(a, "bpf_dynptr") || points_to(a, "bpf_dynptr_kern"))
		return KFARG_DYNPTR;
	if (is_iter_arg(a))
		return KFARG_ITER;
	for (size_t i = 0; i < ARRAY_CNT(structs); i++)
		if (points_to(a, structs[i].name))
			return (int)structs[i].kind;
	if (btf_text_ends(a->name, "__str"))
		return KFARG_STRING;
	if (btf_text_ends(a->name, "__const_map"))
		return KFARG_CONST_MAP;
	if (btf_text_ends(a->name, "__map"))
		return KFARG_MAP;
	if (points_to(a, "bpf_wq"))
		return KFARG_WQ;
	if (points_to(a, "bpf_timer"))
		return KFARG_TIMER;
	if (points_to(a, "bpf_task_work"))
		return KFARG_TASK_WORK;
	if (btf_text_ends(a->name, "__irq_flag"))
		return KFARG_IRQ_FLAG;
	if (points_to(a, "bpf_res_spin_lock"))
		return KFARG_RES_LOCK;
	return -1;
}

bool kfunc_is_scalar_struct(const struct btf_view *view, const struct btf_type *t)
{
	/* the members still to look at, of at most four nested structs */
	struct { const struct btf_type *t; uint32_t next; } at[4] = { { t, 0 } };
	uint32_t depth = 1;

	if (!btf_is_struct(t))
		return false;
	while (depth) {
		const struct btf_type *s = at[depth - 1].t, *m;
		uint32_t i = at[depth - 1].next++;

		if (i == btf_vlen_of(s)) {
			depth--;
			continue;
		}
		m = btf_skip_mods(view, btf_members_of(s)[i].type, NULL);
		if (m && btf_is_struct(m)) {
			if (depth == 4)
				return false;
			at[depth].t = m;
			at[depth++].next = 0;
			continue;
		}
		if (m && btf_kind_of(m) == BTF_KIND_ARRAY)
			m = btf_array_of(m)->nelems
				    ? btf_skip_mods(view, btf_array_of(m)->type, NULL)
				    : NULL;
		if (!m || !btf_is_scalar(m))
			return false;
	}
	return true;
}

/* The kernel's word for the kind of a type. */
static const char *kind_word(const struct btf_type *t)
{
	static const char *const words[] = {
		[BTF_KIND_PTR] = "PTR",	    [BTF_KIND_ARRAY] = "ARRAY", [BTF_KIND_STRUCT] = "STRUCT",
		[BTF_KIND_UNION] = "UNION", [BTF_KIND_FWD] = "FWD",	[BTF_KIND_FUNC_PROTO] = "FUNC_PROTO",
	};
	uint32_t kind = btf_kind_of(t);

	return kind < ARRAY_CNT(words) && words[kind] ? words[kind] : "UNKNOWN";
}

static int kind_of_pointer(struct karg *a)
{
	const struct reg *r = reg_of(a);
	const struct btf_view *view = a->m->k->view;
	bool sized;
	int kind;

	if (KF_IS(a->m->k, bpf_cast_to_kern_ctx) ||
	    (a->env->beh->session_ctx && (KF_IS(a->m->k, bpf_session_cookie) ||
					  KF_IS(a->m->k, bpf_session_is_return))) ||
	    ctxtype_is_ours(a->env, view, a->param->type, a->i))
		return KFARG_CTX;
	if (is_nullable(a) && reg_is_zero(r) && !is_size_of(a))
		return KFARG_NULL;
	kind = kind_by_param(a);
	if (kind >= 0)
		return kind;
	if (is_base_object(r) && !(a->env->beh->args_old && reg_maybe_null(r))) {
		if (!btf_is_struct(a->ref))
			return kfarg_bad(a, EINVAL, "has a pointer type that is not supported");
		return KFARG_OBJECT;
	}
	if (is_function(a))
		return KFARG_CALLBACK;
	sized = is_size_of(a);
	if (!btf_is_scalar(a->ref) && !kfunc_is_scalar_struct(view, a->ref) &&
	    !(sized && btf_is_void(a->ref)))
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_ARG,
				      "arg#%u pointer type %s %s must point to %sscalar, or struct with scalar", a->i,
				      kind_word(a->ref), btf_view_str(view, a->ref->name_off), sized ? "void, " : "");
	return sized ? KFARG_MEM_SIZE : KFARG_MEM;
}

/* ---- each kind ---- */

static int arg_ctx(struct karg *a)
{
	if (reg_of(a)->type != REG_CTX)
		return kfarg_bad(a, EINVAL, "expected pointer to ctx");
	if (KF_IS(a->m->k, bpf_cast_to_kern_ctx)) {
		a->m->ret_btf_id = ctxtype_kernel(a->env, a->env->prog_type);
		if (!a->m->ret_btf_id)
			return kfarg_bad(a, EINVAL, "has no kernel context");
	}
	return 0;
}

static int arg_alloc(struct karg *a)
{
	const struct reg *r = reg_of(a);

	if (r->type == (REG_BTF_ID | REG_F_ALLOC)) {
		if (!KF_IS(a->m->k, bpf_obj_drop_impl))
			return kfarg_bad(a, EINVAL, "expected for bpf_obj_drop_impl()");
	} else if (r->type == (REG_BTF_ID | REG_F_ALLOC | REG_F_PERCPU)) {
		if (!KF_IS(a->m->k, bpf_percpu_obj_drop_impl))
			return kfarg_bad(a, EINVAL, "expected for bpf_percpu_obj_drop_impl()");
	} else {
		return kfarg_bad(a, EINVAL, "expected pointer to allocated object");
	}
	if (!r->ref)
		return kfarg_bad(a, EINVAL, "allocated object must be referenced");
	a->m->arg_btf = r->btf;
	a->m->arg_btf_id = r->btf_id;
	return 0;
}

static int arg_refcounted(struct karg *a)
{
	const struct reg *r = reg_of(a);
	const struct btfrec *rec;

	/* what an RCU section no longer holds is nobody's (kernels before 7.3 took it) */
	if (reg_base(r) != REG_BTF_ID || !(r->type & REG_F_ALLOC) || (r->type & REG_F_UNTRUSTED))
		return kfarg_bad(a, EINVAL, "is neither owning or non-owning ref");
	a->m->owning = !(r->type & REG_F_NON_OWN_REF) && r->ref;
	rec = btfrec_of_type(a->env, r->btf, r->btf_id);
	if (!rec || rec->refcount_off < 0)
		return kfarg_bad(a, EINVAL, "doesn't point to a type with bpf_refcount field");
	a->m->arg_btf = r->btf;
	a->m->arg_btf_id = r->btf_id;
	return 0;
}

static uint32_t dynptr_kind_flags(const struct karg *a)
{
	switch (a->m->k->special) {
	case KFS_bpf_dynptr_from_skb:
		return REG_F_DYNPTR_SKB;
	case KFS_bpf_dynptr_from_xdp:
		return REG_F_DYNPTR_XDP;
	case KFS_bpf_dynptr_from_skb_meta:
		return REG_F_DYNPTR_SKB_META;
	case KFS_bpf_dynptr_from_file:
	case KFS_bpf_dynptr_file_discard:
		return REG_F_DYNPTR_FILE;
	default:
		return 0;
	}
}

static int arg_dynptr(struct karg *a)
{
	bool uninit = btf_text_ends(a->name, "__uninit");
	uint32_t flags = reg_base(reg_of(a)) == REG_DYNPTR ? REG_F_RDONLY : 0;
	struct dynptr_origin from = { 0, a->m->ref };	/* of the packet or file */
	int r;

	if (uninit)
		flags |= REG_F_UNINIT;
	flags |= dynptr_kind_flags(a);
	if (uninit && KF_IS(a->m->k, bpf_dynptr_clone)) {
		if (!a->m->dynptr_type)
			return kfarg_bad(a, EFAULT, "is cloned from no dynptr");
		flags |= dynptr_flags_of_type(a->m->dynptr_type);
		from = a->m->dynptr_from;
	}
	r = dynptr_check_arg(a->env, a->regno, a->insn_idx, flags, from);
	if (r < 0 || uninit)
		return r;
	if (KF_IS(a->m->k, bpf_dynptr_file_discard))
		a->m->release_regno = a->regno;
	return dynptr_facts(a->env, a->regno, &a->m->dynptr_id, &a->m->dynptr_from,
			    &a->m->dynptr_type);
}

static bool css_task_iter_allowed(const struct env *env)
{
	return env->prog_type == BPF_PROG_TYPE_LSM || env_in_sleepable(env) ||
	       (env->prog_type == BPF_PROG_TYPE_TRACING && env->attach_type == BPF_TRACE_ITER);
}

static int arg_iter(struct karg *a)
{
	uint32_t flags = a->m->k->flags;
	enum iter_call call = flags & KF_NEW ? ITER_NEW : flags & KF_NEXT ? ITER_NEXT
			    : flags & KF_DESTROY ? ITER_DESTROY : ITER_NONE;
	const struct reg *slot;
	int r;

	if (KF_IS(a->m->k, bpf_iter_css_task_new) && !css_task_iter_allowed(a->env))
		return verdict_reject(
			a->env, EINVAL, CODE_KFUNC_ITER,
			"css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs");
	r = iter_check_arg(a->env, a->regno, a->insn_idx, call, a->m->k->btf, a->ref_id,
			   flags & KF_RCUP, &a->m->iter_frame, &a->m->iter_spi);
	if (r < 0 || call == ITER_NEW || call == ITER_DESTROY)
		return r;
	slot = &frame_slot(state_frame(a->env->cur, a->m->iter_frame), a->m->iter_spi)->r;
	a->m->iter_rcu = slot->type & REG_F_RCU;
	a->m->ref = slot->ref;	/* memory that next returns dies with the iterator */
	return 0;
}

static int arg_string(struct karg *a)
{
	if (reg_of(a)->type != REG_MAP_VALUE)
		return kfarg_bad(a, EINVAL, "doesn't point to a const string");
	return helper_check_const_str(a->env, a->regno);
}

/* Workqueues and task_work sit at one place of a map value. */
static int map_value_field(struct karg *a, uint32_t kind)
{
	const struct reg *r = reg_of(a);
	const struct btf_member_field *f;

	if (r->type != REG_MAP_VALUE)
		return kfarg_bad(a, EINVAL, "doesn't point to a map value");
	if (!val_is_const(&r->v))
		return verdict_reject(
			a->env, EINVAL, CODE_KFUNC_ARG,
			"R%u doesn't have constant offset. %s has to be at the constant offset",
			a->regno, btfrec_kind_name(kind));
	f = btfrec_find(a->env->maps[r->map - 1].rec, (uint32_t)r->off + (uint32_t)r->v.tv);
	if (!f || f->kind != kind)
		return verdict_reject(
			a->env, EINVAL, CODE_KFUNC_ARG, "off %lld doesn't point to 'struct %s'",
			(long long)r->off + (long long)r->v.tv, btfrec_kind_name(kind));
	if (a->m->map)
		return kfarg_bad(a, EFAULT, "is a second map value");
	a->m->map = r->map;
	a->m->map_uid = r->map_uid;
	return 0;
}

static int arg_wq(struct karg *a)
{
	return map_value_field(a, BTFREC_WORKQUEUE);
}

static int arg_timer(struct karg *a)
{
	return map_value_field(a, BTFREC_TIMER);
}

static int arg_task_work(struct karg *a)
{
	return map_value_field(a, BTFREC_TASK_WORK);
}

static int arg_irq_flag(struct karg *a)
{
	bool lock = KF_IS(a->m->k, bpf_res_spin_lock_irqsave) ||
		    KF_IS(a->m->k, bpf_res_spin_unlock_irqrestore);
	bool save = KF_IS(a->m->k, bpf_res_spin_lock_irqsave) || KF_IS(a->m->k, bpf_local_irq_save);

	return lock_irq_arg(a->env, a->regno, save, lock ? IRQ_LOCK : IRQ_NATIVE);
}

static int arg_res_lock(struct karg *a)
{
	const struct reg *r = reg_of(a);
	bool irq = KF_IS(a->m->k, bpf_res_spin_lock_irqsave) ||
		   KF_IS(a->m->k, bpf_res_spin_unlock_irqrestore);
	bool take = KF_IS(a->m->k, bpf_res_spin_lock_irqsave) || KF_IS(a->m->k, bpf_res_spin_lock);

	if (r->type != REG_MAP_VALUE && r->type != (REG_BTF_ID | REG_F_ALLOC))
		return kfarg_bad(a, EINVAL, "doesn't point to map value or allocated object");
	return lock_spin_arg(a->env, a->regno, take, LOCK_RES | (irq ? LOCK_IRQ : 0));
}

/* One of the names is the other with ___init: bitwise the same, but not to be passed for it. */
static bool nocast_alias(const char *a, const char *b)
{
	const size_t suffix = strlen("___init");
	size_t n = strlen(a), m = strlen(b);

	if (n + suffix == m)
		return btf_text_ends(b, "___init") && strncmp(a, b, n) == 0;
	return m + suffix == n && btf_text_ends(a, "___init") && strncmp(a, b, m) == 0;
}

static bool is_projection(const char *want, const char *have)
{
	return (strcmp(want, "__sk_buff") == 0 && strcmp(have, "sk_buff") == 0) ||
	       (strcmp(want, "xdp_md") == 0 && strcmp(have, "xdp_buff") == 0);
}

/* The kernel type behind a socket or map register. */
static uint32_t type_of_base(const struct env *env, const struct reg *r)
{
	const char *name = reg_base(r) == REG_SOCKET	    ? "sock"
			   : reg_base(r) == REG_SOCK_COMMON ? "sock_common"
			   : reg_base(r) == REG_TCP_SOCK    ? "tcp_sock"
							    : "bpf_map";

	return btf_view_find(env->target->vmlinux, BTF_KIND_STRUCT, name);
}

static int match_object(struct karg *a, uint32_t want_btf, uint32_t want_id)
{
	const struct reg *r = reg_of(a);
	uint32_t btf = 0, id;
	const char *have, *want = btf_view_name(btf_of(a->env, want_btf), want_id);
	bool strict;

	if (reg_base(r) == REG_BTF_ID) {
		btf = r->btf;
		id = r->btf_id;
	} else {
		id = type_of_base(a->env, r);
	}
	have = btf_view_name(btf_of(a->env, btf), id);
	strict = ((a->m->k->flags & KF_REL) && r->ref) || nocast_alias(have, want);
	if (is_projection(want, have) ||
	    btfptr_ids_match(a->env, btf, id, r->off, want_btf, want_id, strict))
		return 0;
	return verdict_reject(
		a->env, EINVAL, CODE_KFUNC_TYPE,
		"kernel function %s args#%u expected pointer to %s but R%u has a pointer to %s",
		a->m->k->name, a->i, want, a->regno, have);
}

static bool has_unsafe_flags(const struct reg *r)
{
	return reg_flags(r) & ~(REG_F_ALLOC | REG_F_TRUSTED | REG_F_NON_OWN_REF);
}

static int arg_object(struct karg *a)
{
	const struct reg *r = reg_of(a);

	if (reg_base(r) == REG_BTF_ID && has_unsafe_flags(r) && !btfptr_is_rcu(r))
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_ARG,
				      "arg#%u is %s expected ptr_ or socket", a->i,
				      reg_type_name(r));
	if (!is_base_object(r))
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_ARG,
				      "arg#%u is %s expected ptr_ or socket", a->i,
				      reg_type_name(r));
	return match_object(a, a->m->k->btf, a->ref_id);
}

static int arg_map(struct karg *a)
{
	const struct reg *r = reg_of(a);

	if (reg_base(r) == REG_MAP_PTR) {
		if (a->m->map && (a->m->map != r->map || a->m->map_uid != r->map_uid))
			return verdict_reject(
				a->env, EINVAL, CODE_KFUNC_MAP,
				"workqueue pointer in R1 map_uid=%u doesn't match map pointer in R2 map_uid=%u",
				a->m->map_uid, r->map_uid);
		a->m->map = r->map;
		a->m->map_uid = r->map_uid;
	} else if (reg_base(r) != REG_BTF_ID) {
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_MAP,
				      "pointer in R%u isn't map pointer", a->regno);
	}
	return match_object(a, 0,
			    btf_view_find(a->env->target->vmlinux, BTF_KIND_STRUCT, "bpf_map"));
}

/* A map that the program names, and the same as that of the field before it. */
static int arg_const_map(struct karg *a)
{
	const struct reg *r = reg_of(a);

	if (reg_base(r) != REG_MAP_PTR || reg_maybe_null(r))
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_MAP,
				      "pointer in R%u isn't map pointer", a->regno);
	return arg_map(a);
}

static int arg_callback(struct karg *a)
{
	const struct reg *r = reg_of(a);

	if (reg_base(r) != REG_FUNC)
		return kfarg_bad(a, EINVAL, "expected pointer to func");
	a->m->subprog = r->subprog;
	return 0;
}

static int arg_mem(struct karg *a)
{
	uint32_t bytes;

	if (btf_size_of(a->m->k->view, a->ref_id, &bytes) < 0)
		return kfarg_bad(a, EINVAL, "reference type size cannot be determined");
	return mem_check_reg(a->env, a->regno, bytes);
}

/*
 * Memory and its size in the next register; readable and writable, for the prototype does not tell.
 */
static int arg_mem_size(struct karg *a)
{
	const struct reg saved = *reg_of(a);
	int r = 0;

	if (!reg_is_zero(&saved) || (!btf_text_ends(a->name, "__opt") && !is_nullable(a))) {
		if (reg_maybe_null(&saved))
			null_clear_flag(a->env, reg_of(a));
		r = mem_check_region_reg(a->env, a->regno + 1, ACCESS_READ, true, NULL);
		if (r >= 0)
			r = mem_check_region_reg(a->env, a->regno + 1, ACCESS_WRITE, true, NULL);
		if (reg_maybe_null(&saved))
			*reg_of(a) = saved;
	}
	if (r >= 0 && param_ends(a->m, a->i + 1, "__szk"))
		r = note_constant(a, a->regno + 1);
	return r;
}

static int arg_null(struct karg *a)
{
	return precise_mark_reg(a->env, a->regno);
}

static int (*const arg_checks[KFARG_CNT])(struct karg *a) = {
	[KFARG_NULL] = arg_null,
	[KFARG_CTX] = arg_ctx,
	[KFARG_ALLOC] = arg_alloc,
	[KFARG_REFCOUNTED] = arg_refcounted,
	[KFARG_DYNPTR] = arg_dynptr,
	[KFARG_ITER] = arg_iter,
	[KFARG_LIST_HEAD] = kfunc_graph_list_head,
	[KFARG_LIST_NODE] = kfunc_graph_list_node,
	[KFARG_RB_ROOT] = kfunc_graph_rb_root,
	[KFARG_RB_NODE] = kfunc_graph_rb_node,
	[KFARG_STRING] = arg_string,
	[KFARG_MAP] = arg_map,
	[KFARG_CONST_MAP] = arg_const_map,
	[KFARG_TIMER] = arg_timer,
	[KFARG_WQ] = arg_wq,
	[KFARG_TASK_WORK] = arg_task_work,
	[KFARG_IRQ_FLAG] = arg_irq_flag,
	[KFARG_RES_LOCK] = arg_res_lock,
	[KFARG_OBJECT] = arg_object,
	[KFARG_CALLBACK] = arg_callback,
	[KFARG_MEM] = arg_mem,
	[KFARG_MEM_SIZE] = arg_mem_size,
};

/* ---- in the kernel's order ---- */

static int check_trust(struct karg *a)
{
	const struct reg *r = reg_of(a);
	uint32_t flags = a->m->k->flags;
	bool trusted =
		(flags & KF_TRUST) || !a->env->beh->kfunc_trusted_is_flag || (flags & KF_REL);

	if (a->kind != KFARG_MAP && a->kind != KFARG_ALLOC && a->kind != KFARG_OBJECT)
		return 0;
	if ((!trusted && !(flags & KF_RCU)) || btfptr_is_trusted(a->env, r))
		return 0;
	if (!(flags & KF_RCU))
		return verdict_reject(a->env, EINVAL, CODE_KFUNC_TRUST,
				      "R%u must be referenced or trusted", a->regno);
	return btfptr_is_rcu(r) ? 0
				: verdict_reject(a->env, EINVAL, CODE_KFUNC_TRUST,
						 "R%u must be a rcu pointer", a->regno);
}

static int check_null(const struct karg *a)
{
	const struct reg *r = reg_of(a);
	uint32_t flags = a->m->k->flags;
	bool asked = (flags & (KF_TRUST | KF_RCU | KF_REL)) ||
		     (a->env->beh->kfunc_null_first && !btf_text_ends(a->name, "__opt"));

	if (a->env->beh->args_old)
		return 0;
	if (asked && (reg_is_zero(r) || reg_maybe_null(r)) &&
	    !is_nullable(a))
		return verdict_reject(a->env, EACCES, CODE_KFUNC_NULL,
				      "Possibly NULL pointer passed to trusted arg%u", a->i);
	return 0;
}

static int check_pointer(struct karg *a)
{
	const struct reg *r = reg_of(a);
	bool release = a->m->k->flags & KF_REL;
	uint32_t off_flags = release && r->ref ? REG_F_RELEASE : 0;
	int ret = check_null(a);

	if (ret < 0)
		return ret;
	if (r->ref) {
		if (release && a->m->ref)
			return kfarg_bad(a, EFAULT, "is a second referenced argument");
		a->m->ref = r->ref;
		if (release)
			a->m->release_regno = a->regno;
	}
	ret = a->env->beh->args_old ? bounds_check_arg_off(a->env, r, a->regno, off_flags) : 0;
	if (ret >= 0)
		ret = kind_of_pointer(a);
	if (ret < 0)
		return ret;
	a->kind = (enum kfarg)ret;
	if (a->kind == KFARG_CTX)
		off_flags |= REG_F_AS_CTX;
	if (a->kind == KFARG_NULL)
		return arg_null(a);
	ret = check_trust(a);
	if (ret >= 0 && !a->env->beh->args_old)
		ret = bounds_check_arg_off(a->env, r, a->regno, off_flags);
	if (ret >= 0 && a->kind == KFARG_REFCOUNTED && a->env->beh->refcounted_at_0)
		ret = bounds_check_off(a->env, r, a->regno, reg_base(r) != REG_BTF_ID);
	return ret < 0 ? ret : arg_checks[a->kind](a);
}

/* One argument; *i moves on over a size that was taken with its memory. */
static int check_arg(struct env *env, struct kfunc_meta *m, uint32_t insn_idx, uint32_t *i)
{
	const struct btf_view *view = m->k->view;
	struct karg a = { .env = env, .m = m, .insn_idx = insn_idx, .i = *i, .regno = *i + 1,
			  .param = &btf_params_of(m->k->proto)[*i] };
	const struct btf_type *t = btf_skip_mods(view, a.param->type, NULL);
	int r;

	env->arg_regno = a.regno;
	a.name = btf_view_str(view, a.param->name_off);
	if (btf_text_ends(a.name, "__ign") || btf_text_ends(a.name, "__prog"))
		return 0;
	if (t && btf_is_scalar(t))
		return check_number(&a);
	if (!t || !btf_is_ptr(t))
		return kfarg_bad(&a, EINVAL, "has an unrecognized type");
	a.ref = btf_skip_mods(view, t->type, &a.ref_id);
	if (!a.ref)
		return kfarg_bad(&a, EINVAL, "has a type that does not end");
	r = check_pointer(&a);
	*i += r >= 0 && a.kind == KFARG_MEM_SIZE;
	return r;
}

int kfunc_check_args(struct env *env, struct kfunc_meta *m, uint32_t insn_idx)
{
	uint32_t n = btf_vlen_of(m->k->proto);
	int r = 0;

	if (n > PROGRAM_ARGS_MAX)
		return verdict_reject(env, EINVAL, CODE_KFUNC_ARG, "Function %s has %u > %d args",
				      m->k->name, n, PROGRAM_ARGS_MAX);
	for (uint32_t i = 0; r >= 0 && i < n; i++)
		r = check_arg(env, m, insn_idx, &i);
	if (r < 0)
		return r;
	if ((m->k->flags & KF_REL) && !m->release_regno)
		return verdict_reject(env, EINVAL, CODE_KFUNC_RELEASE,
				      "release kernel function %s expects refcounted PTR_TO_BTF_ID",
				      m->k->name);
	return 0;
}
