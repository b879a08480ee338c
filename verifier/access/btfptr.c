/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores through pointers to kernel objects. Promises that an access is of a member the
 * type has, and that a loaded pointer is trusted no more than the kernel trusts it: by the pattern
 * structs of its BTF (`X__safe_rcu` and its sisters), by type tags, and by where the program
 * stands. Refuses user and percpu memory, moved pointers, and writes but to rows of the table
 * below.
 */
#include "verifier/access/btfptr.h"

#include "proto/array.h"
#include "verifier/access/bounds.h"
#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/kernel/names.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

#define TRUST_FLAGS (REG_F_ALLOC | REG_F_TRUSTED | REG_F_NON_OWN_REF)

bool btfptr_is_rcu(const struct reg *r)
{
	return r->type & REG_F_RCU;
}

bool btfptr_is_trusted(const struct env *env, const struct reg *r)
{
	uint32_t base = reg_base(r), flags = reg_flags(r);

	if (r->ref)
		return true;
	if (env->beh->args_old || (flags & ~TRUST_FLAGS))
		return false;
	return (flags & TRUST_FLAGS) || base == REG_SOCKET || base == REG_SOCK_COMMON ||
	       base == REG_TCP_SOCK || base == REG_MAP_PTR;
}

void btfptr_set_reg(struct env *env, uint32_t regno, uint32_t btf, uint32_t id, uint32_t flags)
{
	struct reg *r = &env_regs(env)[regno];

	reg_set_ptr(r, REG_BTF_ID | flags);
	r->btf = btf;
	r->btf_id = id;
	if (flags & REG_F_MAYBE_NULL)
		r->id = env_new_id(env);
}

/* ---- the walk ---- */

/* State of one walk. */
struct walker {
	const struct btf_view *view;
	const struct btf_type *t;	/* the struct it is in */
	int64_t off;			/* in that struct */
	uint32_t size;
	bool flex;			/* may go past the end into a flexible array */
	int opaque; /* what a pointer to no struct ends in: WALK_OPAQUE or a number */
	bool old;			/* 6.1: unions are nothing special, nor is the tag rcu */
	struct walk *out;
};

enum { WALK_AGAIN = 100, WALK_NEXT_MEMBER = 101 };	/* beside enum walk_end */

static const struct btf_type *array_element(const struct btf_view *view, const struct btf_type *t,
					    uint32_t *ret_id, uint64_t *ret_cnt)
{
	uint64_t cnt = 1;

	for (int i = 0; t && btf_kind_of(t) == BTF_KIND_ARRAY; i++) {
		if (i > BTF_DEPTH_MAX || cnt > UINT32_MAX)
			return NULL;
		cnt *= btf_array_of(t)->nelems;
		t = btf_skip_mods(view, btf_array_of(t)->type, ret_id);
	}
	*ret_cnt = cnt;
	return t;
}

/* Past the end of the struct: only into the elements of a last member without length. */
static int walk_past_end(struct walker *w)
{
	uint32_t n = btf_vlen_of(w->t), start;
	const struct btf_member *last;
	const struct btf_type *t;

	if (!w->flex || n == 0)
		return -EACCES;
	last = &btf_members_of(w->t)[n - 1];
	t = btf_skip_mods(w->view, last->type, NULL);
	if (!t || btf_kind_of(t) != BTF_KIND_ARRAY || btf_array_of(t)->nelems != 0)
		return -EACCES;
	start = btf_member_bits(w->t, last) / 8;
	if (w->off < start)
		return -EACCES;
	t = btf_skip_mods(w->view, btf_array_of(t)->type, NULL);
	if (t && btf_kind_of(t) == BTF_KIND_INT)
		return WALK_SCALAR;
	if (!t || !btf_is_struct(t) || !t->size)
		return -EACCES;
	w->off = (w->off - start) % t->size;
	w->t = t;
	return WALK_AGAIN;
}

static int walk_pointer(struct walker *w, const struct btf_type *ptr, const struct btf_member *m)
{
	const char *tag = btf_ptr_tag(w->view, ptr);
	uint32_t id;
	const struct btf_type *t = btf_skip_mods(w->view, ptr->type, &id);

	if (!t || !btf_is_struct(t))
		return w->opaque;
	w->out->id = id;
	w->out->field = btf_view_str(w->view, m->name_off);
	if (strcmp(tag, "user") == 0)
		w->out->flags |= REG_F_USER;
	else if (strcmp(tag, "percpu") == 0)
		w->out->flags |= REG_F_PERCPU;
	else if (strcmp(tag, "rcu") == 0 && !w->old)
		w->out->flags |= REG_F_RCU;
	return WALK_PTR;
}

/* A member that overlaps the access, at byte `start`. */
static int walk_member(struct walker *w, const struct btf_member *m, uint32_t start)
{
	uint32_t id = m->type, bytes;
	uint64_t cnt = 1, end, elem_start = start, elem_bytes;
	const struct btf_type *t = btf_skip_mods(w->view, id, &id);
	int r;

	if (!t || btf_size_of(w->view, id, &bytes) < 0)
		return -EFAULT;
	end = (uint64_t)start + bytes;
	if ((uint64_t)w->off >= end)
		return WALK_NEXT_MEMBER;
	elem_bytes = bytes;
	if (btf_kind_of(t) == BTF_KIND_ARRAY) {
		t = array_element(w->view, t, &id, &cnt);
		if (!t || cnt == 0 || bytes / cnt == 0)
			return WALK_NEXT_MEMBER;
		elem_bytes = bytes / cnt;
		elem_start += ((uint64_t)w->off - start) / elem_bytes * elem_bytes;
	}
	if (btf_is_struct(t)) {
		w->t = t;
		w->out->id = id;
		w->off -= (int64_t)elem_start;
		return w->off == 0 ? WALK_STRUCT : WALK_AGAIN;
	}
	if (btf_is_ptr(t)) {
		if (elem_bytes != w->size || (uint64_t)w->off != elem_start)
			return -EACCES;
		r = walk_pointer(w, t, m);
		if (r != WALK_NEXT_MEMBER)
			return r;
	}
	if ((uint64_t)w->off + w->size > end && !(w->out->flags & REG_F_UNTRUSTED))
		return -EACCES;
	return WALK_SCALAR;
}

static int walk_struct(struct walker *w)
{
	const struct btf_type *t = w->t;
	const struct btf_member *m = btf_members_of(t);
	int r;

	if (btf_kind_of(t) == BTF_KIND_UNION && btf_vlen_of(t) != 1 && !w->old)
		w->out->flags |= REG_F_UNTRUSTED;
	if (w->off + w->size > t->size)
		return walk_past_end(w);
	for (uint32_t i = 0; i < btf_vlen_of(t); i++) {
		uint32_t bits = btf_member_bits(t, &m[i]), field = btf_member_bitfield(t, &m[i]);
		uint32_t start = bits / 8;

		if (w->off + w->size <= start)
			break;
		if (field) {
			if (w->off <= start && (bits + field + 7) / 8 <= w->off + w->size)
				return WALK_SCALAR;
			continue;
		}
		if (w->off < start)
			break;
		r = walk_member(w, &m[i], start);
		if (r != WALK_NEXT_MEMBER)
			return r;
	}
	return -EINVAL;
}

/* To the first member that is not a struct around the access, or starts there; bounded by nesting. */
static int walk_on(struct walker *w)
{
	int r = WALK_AGAIN;

	for (int i = 0; r == WALK_AGAIN && i <= BTF_DEPTH_MAX; i++)
		r = w->t && btf_is_struct(w->t) ? walk_struct(w) : -EINVAL;
	return r == WALK_AGAIN ? -EINVAL : r;
}

bool btfptr_ids_match(struct env *env, uint32_t btf, uint32_t id, int32_t off, uint32_t want_btf,
		      uint32_t want_id, bool strict)
{
	const struct btf_view *view = btf_of(env, btf), *want = btf_of(env, want_btf);
	struct walk out = { .btf = btf };
	struct walker w = { .view = view, .off = off, .size = 1, .flex = true, .out = &out,
			    .opaque = WALK_NEXT_MEMBER };

	if (!view || !want)
		return false;
	if (off == 0 && btf_same_type(view, id, want, want_id))
		return true;
	if (strict || off < 0)
		return false;
	w.t = btf_skip_mods(view, id, NULL);
	for (int i = 0; i <= BTF_DEPTH_MAX; i++) {
		if (walk_on(&w) != WALK_STRUCT)
			return false;
		if (btf_same_type(view, out.id, want, want_id))
			return true;
		w.off = 0;
	}
	return false;
}

static int reject_walk(struct env *env, int r, const struct btf_view *view, uint32_t id,
		       int32_t off, uint32_t size)
{
	if (r != -EINVAL && (uint64_t)off + size > btf_view_type(view, id)->size)
		return verdict_reject(env, -r, CODE_BTF_FIELD, "access beyond struct %s at off %d size %u",
				      btf_view_name(view, id), off, size);
	return verdict_reject(env, -r, CODE_BTF_FIELD, r == -EINVAL ?
			      "struct %s doesn't have field at offset %d (size %u)" :
			      "access beyond struct %s or its member at off %d size %u",
			      btf_view_name(view, id), off, size);
}

/* flex is off for own types, whose size is all there is. */
static int walk_to_end(struct env *env, uint32_t btf, uint32_t id, int32_t off, uint32_t size,
		       bool flex, struct walk *out)
{
	const struct btf_view *view = btf_of(env, btf);
	struct walker w = { .view = view, .off = off, .size = size, .flex = flex, .out = out,
			    .opaque = env->beh->arg_untrusted ? WALK_OPAQUE : WALK_NEXT_MEMBER,
			    .old = env->beh->args_old };
	int r;

	memset(out, 0, sizeof(*out));
	out->btf = btf;
	out->field = "";
	if (!view)
		return verdict_unsupported(env, "kernel objects without the kernel's BTF");
	w.t = btf_skip_mods(view, id, NULL);
	for (int i = 0; i <= BTF_DEPTH_MAX; i++) {
		r = walk_on(&w);
		if (r < 0)
			return reject_walk(env, r, view, id, off, size);
		if (r != WALK_STRUCT)
			return r;
		w.off = 0;
	}
	return reject_walk(env, -EINVAL, view, id, off, size);
}

int btfptr_walk(struct env *env, uint32_t btf, uint32_t id, int32_t off, uint32_t size,
		struct walk *ret_walk)
{
	return walk_to_end(env, btf, id, off, size, true, ret_walk);
}

/* ---- trust of a loaded pointer ---- */

/* Does the pattern struct `name + suffix` list the field with that pointee? */
static bool pattern_lists(const struct btf_view *view, uint32_t id, const struct walk *w,
			  const char *suffix)
{
	const struct btf_type *t = btf_view_type(view, id);
	char name[64];
	uint32_t safe, pointee;

	if (strlen(btf_view_str(view, t->name_off)) + strlen(suffix) >= sizeof(name))
		return false;
	strcpy(name, btf_view_str(view, t->name_off));
	strcat(name, suffix);
	safe = btf_view_find(view, btf_kind_of(t), name);
	t = safe ? btf_view_type(view, safe) : NULL;
	for (uint32_t i = 0; t && i < btf_vlen_of(t); i++) {
		const struct btf_member *m = &btf_members_of(t)[i];
		const struct btf_type *ptr = btf_view_type(view, m->type);

		if (btf_is_ptr(ptr) && btf_skip_mods(view, ptr->type, &pointee) &&
		    pointee == w->id && strcmp(btf_view_str(view, m->name_off), w->field) == 0)
			return true;
	}
	return false;
}

static uint32_t flags_inside_rcu(const struct btf_view *view, const struct reg *r,
				 const struct walk *w)
{
	bool or_null;

	if (pattern_lists(view, r->btf_id, w, "__safe_rcu"))
		return w->flags | REG_F_RCU;
	or_null = pattern_lists(view, r->btf_id, w, "__safe_rcu_or_null");
	if ((w->flags & REG_F_RCU) || or_null)
		return (w->flags & ~(or_null ? REG_F_UNTRUSTED : 0)) | REG_F_RCU | REG_F_MAYBE_NULL;
	if (w->flags & (REG_F_PERCPU | REG_F_USER))
		return w->flags;
	return w->flags & ~(TRUST_FLAGS | REG_F_RCU);
}

static uint32_t loaded_flags(struct env *env, const struct reg *r, const struct walk *w)
{
	const struct btf_view *view = btf_of(env, r->btf);

	if (env->beh->args_old)
		return w->flags | (r->type & REG_F_UNTRUSTED);
	if (r->type & REG_F_UNTRUSTED)
		return REG_F_UNTRUSTED;
	if (!btfptr_is_trusted(env, r) && !btfptr_is_rcu(r))
		return w->flags & ~(TRUST_FLAGS | REG_F_RCU);
	if (pattern_lists(view, r->btf_id, w, "__safe_trusted"))
		return w->flags | REG_F_TRUSTED;
	if (pattern_lists(view, r->btf_id, w, "__safe_trusted_or_null"))
		return w->flags | REG_F_TRUSTED | REG_F_MAYBE_NULL;
	if (env_in_rcu(env) && !reg_maybe_null(r))
		return flags_inside_rcu(view, r, w);
	return REG_F_UNTRUSTED;
}

/* Memory that may be read, by faulting loads, and no more. */
static void set_opaque(struct env *env, uint32_t regno)
{
	reg_set_ptr(&env_regs(env)[regno], REG_MEM | REG_F_RDONLY | REG_F_UNTRUSTED);
}

/* ---- writes ---- */

/*
 * Members of kernel structs that programs may write: by who, struct of the pointer, struct and path
 * of the field. A write begins where the field does, but in those that may be written in parts.
 */
static const struct writable {
	uint32_t prog_type;
	const char *ops;	/* struct_ops: name; else NULL */
	const char *object;
	const char *holder, *field, *inner;
	bool in_parts;
	const char *seen_as;	/* the field holds one of these, of which inner is a field; NULL: its own type */
} writables[] = {
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "sock", "sk_pacing_rate", NULL },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "sock", "sk_pacing_status", NULL },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "inet_connection_sock", "icsk_ca_priv",
	  NULL, .in_parts = true },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "inet_connection_sock", "icsk_ack",
	  "pending" },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "tcp_sock", "snd_cwnd", NULL },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "tcp_sock", "snd_cwnd_cnt", NULL },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "tcp_sock", "snd_cwnd_stamp", NULL },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "tcp_sock", "snd_ssthresh", NULL },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "tcp_sock", "ecn_flags", NULL },
	{ PT_STRUCT_OPS, "tcp_congestion_ops", "tcp_sock", "tcp_sock", "app_limited", NULL },
	{ PT_STRUCT_OPS, "sched_ext_ops", "task_struct", "task_struct", "scx", "slice", .in_parts = true },
	{ PT_STRUCT_OPS, "sched_ext_ops", "task_struct", "task_struct", "scx", "dsq_vtime", .in_parts = true },
	{ PT_STRUCT_OPS, "sched_ext_ops", "task_struct", "task_struct", "scx", "disallow", .in_parts = true },
	{ PT_STRUCT_OPS, "Qdisc_ops", "Qdisc", "Qdisc", "limit", NULL },
	{ PT_STRUCT_OPS, "Qdisc_ops", "Qdisc", "Qdisc", "q", "qlen" },
	{ PT_STRUCT_OPS, "Qdisc_ops", "Qdisc", "Qdisc", "qstats", NULL, .in_parts = true },
	{ PT_STRUCT_OPS, "Qdisc_ops", "sk_buff", "sk_buff", "tstamp", NULL },
	{ PT_STRUCT_OPS, "Qdisc_ops", "sk_buff", "sk_buff", "cb", "data", true, "qdisc_skb_cb" },
	{ PT_SCHED_CLS, NULL, "nf_conn___init", "nf_conn", "mark", NULL },
	{ PT_SCHED_CLS, NULL, "nf_conn", "nf_conn", "mark", NULL },
	{ PT_SCHED_ACT, NULL, "nf_conn___init", "nf_conn", "mark", NULL },
	{ PT_SCHED_ACT, NULL, "nf_conn", "nf_conn", "mark", NULL },
	{ PT_XDP, NULL, "nf_conn___init", "nf_conn", "mark", NULL },
	{ PT_XDP, NULL, "nf_conn", "nf_conn", "mark", NULL },
};

/* Byte range of a named member; its type in *ret_type. */
static bool member_range(const struct btf_view *view, const struct btf_type *t, const char *name,
			 uint32_t *off, uint32_t *ret_bytes, const struct btf_type **ret_type)
{
	for (uint32_t i = 0; t && btf_is_struct(t) && i < btf_vlen_of(t); i++) {
		const struct btf_member *m = &btf_members_of(t)[i];

		if (strcmp(btf_view_str(view, m->name_off), name) != 0)
			continue;
		*off += btf_member_bits(t, m) / 8;
		*ret_type = btf_skip_mods(view, m->type, NULL);
		return btf_size_of(view, m->type, ret_bytes) == 0;
	}
	return false;
}

static bool row_covers(const struct btf_view *view, const struct writable *row, int32_t off,
		       uint32_t size)
{
	uint32_t id = btf_view_find(view, BTF_KIND_STRUCT, row->holder), at = 0, bytes;
	const struct btf_type *t;

	if (!id || !member_range(view, btf_view_type(view, id), row->field, &at, &bytes, &t))
		return false;
	if (row->seen_as) {
		id = btf_view_find(view, BTF_KIND_STRUCT, row->seen_as);
		t = id ? btf_view_type(view, id) : NULL;
	}
	if (row->inner && !member_range(view, t, row->inner, &at, &bytes, &t))
		return false;
	if (!row->in_parts && (uint32_t)off != at)
		return false;
	return (uint32_t)off >= at && (uint64_t)(uint32_t)off + size <= (uint64_t)at + bytes;
}

static int check_kernel_write(struct env *env, const struct reg *r, int32_t off, uint32_t size)
{
	const struct btf_view *view = btf_of(env, r->btf);
	const char *object = btf_view_name(view, r->btf_id);
	const struct btf_type *t = btf_view_type(view, r->btf_id);

	/* the state of bpf_dummy_ops exists to be written in tests, all of it */
	if (env->prog_type == PT_STRUCT_OPS && env->att.ops_name &&
	    strcmp(env->att.ops_name, "bpf_dummy_ops") == 0 &&
	    strcmp(object, "bpf_dummy_ops_state") == 0 && (uint64_t)(uint32_t)off + size <= t->size)
		return 0;
	for (size_t i = 0; i < ARRAY_CNT(writables); i++) {
		const struct writable *row = &writables[i];

		if (row->prog_type == env->prog_type && strcmp(row->object, object) == 0 &&
		    (!row->ops ||
		     (env->att.ops_name && strcmp(row->ops, env->att.ops_name) == 0)) &&
		    row_covers(view, row, off, size))
			return 0;
	}
	if (env->prog_type != PT_STRUCT_OPS && env->prog_type != PT_XDP && env->prog_type != PT_SCHED_CLS)
		return verdict_reject(env, EACCES, CODE_BTF_WRITE, "only read is supported");
	return verdict_reject(env, EACCES, CODE_BTF_WRITE,
			      "no write support to %s at off %d: only read is supported", object,
			      off);
}

/* ---- loads and stores ---- */

static int check_base(struct env *env, const struct reg *r, const struct memop *op, int32_t off)
{
	const struct btf_view *view = btf_of(env, r->btf);
	const char *name = view ? btf_view_name(view, r->btf_id) : "?";

	if (!env->allow_ptr_leaks)
		return verdict_reject(
			env, EPERM, CODE_CAP_PERFMON,
			"'struct %s' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN",
			name);
	if (!env->gpl && (!r->btf || r->btf != env->prog->prog_btf_idx) && !env->beh->args_old)
		return verdict_reject(
			env, EINVAL, CODE_BTF_LICENSE,
			"Cannot access kernel 'struct %s' from non-GPL compatible program", name);
	if (off < 0)
		return verdict_reject(env, EACCES, CODE_BTF_OFFSET,
				      "R%u is ptr_%s invalid negative access: off=%d", op->regno,
				      name, off);
	if (!val_is(&r->v, 0))
		return verdict_reject(env, EACCES, CODE_BTF_OFFSET,
				      "R%u is ptr_%s invalid variable offset: off=%d", op->regno,
				      name, off);
	if (r->type & (REG_F_USER | REG_F_PERCPU))
		return verdict_reject(env, EACCES, CODE_BTF_MEMORY,
				      "R%u is ptr_%s access %s memory: off=%d", op->regno, name,
				      r->type & REG_F_USER ? "user" : "percpu", off);
	return 0;
}

static int check_own_fields(struct env *env, const struct reg *r, int32_t off, uint32_t size)
{
	const struct btfrec *rec =
		r->type & REG_F_ALLOC ? btfrec_of_type(env, r->btf, r->btf_id) : NULL;

	for (uint32_t i = 0; rec && i < rec->cnt; i++)
		if ((uint32_t)off < rec->field[i].off + rec->field[i].size &&
		    rec->field[i].off < (uint32_t)off + size)
			return verdict_reject(env, EACCES, CODE_BTF_FIELD,
					      "direct access to %s is disallowed",
					      btfrec_kind_name(rec->field[i].kind));
	return 0;
}

int btfptr_access(struct env *env, const struct memop *op)
{
	const struct reg r = env_regs(env)[op->regno];
	int32_t off = (int32_t)((uint32_t)op->off + (uint32_t)r.off);
	bool own = r.type & REG_F_ALLOC;
	struct walk w;
	int ret = check_base(env, &r, op, off);

	if (ret < 0)
		return ret;
	if (op->access != ACCESS_READ) {
		/* what was found by walking may not be there, and no store's fault is handled */
		if ((r.type & REG_F_UNTRUSTED) ||
		    (!own && !env->beh->args_old && !(r.type & (REG_F_TRUSTED | REG_F_RCU))))
			return verdict_reject(env, EACCES, CODE_BTF_WRITE, "only read is supported");
		if (!own)
			return check_kernel_write(env, &r, off, op->size);
	}
	if (own && env->beh->alloc_must_be_held && !r.ref && !(r.type & (REG_F_NON_OWN_REF | REG_F_RCU)))
		return verdict_reject(env, EFAULT, CODE_BTF_MEMORY, "allocated object must have a referenced id");
	ret = check_own_fields(env, &r, off, op->size);
	if (ret < 0)
		return ret;
	ret = walk_to_end(env, r.btf, r.btf_id, off, op->size, !own, &w);
	if (ret < 0 || op->access != ACCESS_READ || op->value_regno < 0)
		return ret < 0 ? ret : 0;
	if (ret == WALK_PTR && !own)
		btfptr_set_reg(env, (uint32_t)op->value_regno, r.btf, w.id,
			       loaded_flags(env, &r, &w));
	else if (ret == WALK_OPAQUE)
		set_opaque(env, (uint32_t)op->value_regno);
	else
		env_mark_unknown(env, (uint32_t)op->value_regno);
	return 0;
}

/* ---- arguments of global functions ---- */

int btfptr_check_subprog_arg(struct env *env, uint32_t regno, const struct subprog_arg *arg)
{
	const struct reg *r = &env_regs(env)[regno];
	uint32_t flags = reg_flags(r) & ~REG_F_MAYBE_NULL;

	if (arg->flags & REG_F_UNTRUSTED)
		return 0;	/* only read, by faulting loads */
	if (reg_base(r) != REG_BTF_ID || (flags && flags != REG_F_TRUSTED && flags != REG_F_RCU))
		return verdict_reject(env, EACCES, CODE_CALL_ARG,
				      "R%u type=%s expected=ptr_, trusted_ptr_, rcu_ptr_", regno,
				      reg_type_name(r));
	if (reg_maybe_null(r) && !(arg->flags & REG_F_MAYBE_NULL))
		return verdict_reject(env, EACCES, CODE_CALL_ARG,
				      "Possibly NULL pointer passed to helper arg%u", regno);
	if (!btfptr_ids_match(env, r->btf, r->btf_id, r->off, arg->btf, arg->btf_id, false))
		return verdict_reject(env, EACCES, CODE_CALL_ARG,
				      "R%u is of type %s but %s is expected", regno,
				      btf_view_name(btf_of(env, r->btf), r->btf_id),
				      btf_view_name(btf_of(env, arg->btf), arg->btf_id));
	return bounds_check_arg_off(env, r, regno, 0);
}

/* ---- struct bpf_map ---- */

static const char *const map_structs[] = {
	[BPF_MAP_TYPE_HASH] = "bpf_htab",
	[BPF_MAP_TYPE_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_PROG_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_PERCPU_HASH] = "bpf_htab",
	[BPF_MAP_TYPE_PERCPU_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_STACK_TRACE] = "bpf_stack_map",
	[BPF_MAP_TYPE_CGROUP_ARRAY] = "bpf_array",
	[BPF_MAP_TYPE_LRU_HASH] = "bpf_htab",
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = "bpf_htab",
	[BPF_MAP_TYPE_LPM_TRIE] = "lpm_trie",
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = "bpf_array",
	[BPF_MAP_TYPE_HASH_OF_MAPS] = "bpf_htab",
	[BPF_MAP_TYPE_DEVMAP] = "bpf_dtab",
	[BPF_MAP_TYPE_SOCKMAP] = "bpf_stab",
	[BPF_MAP_TYPE_CPUMAP] = "bpf_cpu_map",
	[BPF_MAP_TYPE_XSKMAP] = "xsk_map",
	[BPF_MAP_TYPE_SOCKHASH] = "bpf_shtab",
	[BPF_MAP_TYPE_CGROUP_STORAGE] = "bpf_cgroup_storage_map",
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = "reuseport_array",
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = "bpf_cgroup_storage_map",
	[BPF_MAP_TYPE_QUEUE] = "bpf_queue_stack",
	[BPF_MAP_TYPE_STACK] = "bpf_queue_stack",
	[BPF_MAP_TYPE_SK_STORAGE] = "bpf_local_storage_map",
	[BPF_MAP_TYPE_DEVMAP_HASH] = "bpf_dtab",
	[BPF_MAP_TYPE_STRUCT_OPS] = "bpf_struct_ops_map",
	[BPF_MAP_TYPE_RINGBUF] = "bpf_ringbuf_map",
	[BPF_MAP_TYPE_INODE_STORAGE] = "bpf_local_storage_map",
	[BPF_MAP_TYPE_TASK_STORAGE] = "bpf_local_storage_map",
	[BPF_MAP_TYPE_BLOOM_FILTER] = "bpf_bloom_filter",
	[BPF_MAP_TYPE_USER_RINGBUF] = "bpf_ringbuf_map",
	[32] = "bpf_local_storage_map",
	[33] = "bpf_arena",
};

int btfptr_map_access(struct env *env, const struct memop *op)
{
	const struct reg r = env_regs(env)[op->regno];
	const struct btf_view *view = env->target->vmlinux;
	uint32_t type = r.map ? env->maps[r.map - 1].shape->type : 0, id;
	int32_t off = (int32_t)((uint32_t)op->off + (uint32_t)r.off);
	struct walk w;
	int ret;

	if (!view)
		return verdict_unsupported(env, "reading struct bpf_map without the kernel's BTF");
	if (type >= ARRAY_CNT(map_structs) || !map_structs[type])
		return verdict_reject(env, ENOTSUPP, CODE_MAP_PTR,
				      "map_ptr access not supported for map type %u", type);
	id = btf_view_find(view, BTF_KIND_STRUCT, map_structs[type]);
	if (!id)
		return verdict_unsupported(env, "struct %s is not in the kernel's BTF",
					   map_structs[type]);
	if (!env->allow_ptr_leaks)
		return verdict_reject(
			env, EPERM, CODE_CAP_PERFMON,
			"'struct %s' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN",
			map_structs[type]);
	if (off < 0)
		return verdict_reject(env, EACCES, CODE_MAP_PTR,
				      "R%u is %s invalid negative access: off=%d", op->regno,
				      map_structs[type], off);
	if (op->access != ACCESS_READ)
		return verdict_reject(env, EACCES, CODE_MAP_PTR, "only read from %s is supported",
				      map_structs[type]);
	ret = btfptr_walk(env, 0, id, off, op->size, &w);
	if (ret < 0 || op->value_regno < 0)
		return ret < 0 ? ret : 0;
	if (ret == WALK_PTR)
		btfptr_set_reg(env, (uint32_t)op->value_regno, 0, w.id, w.flags);
	else if (ret == WALK_OPAQUE)
		set_opaque(env, (uint32_t)op->value_regno);
	else
		env_mark_unknown(env, (uint32_t)op->value_regno);
	return 0;
}
