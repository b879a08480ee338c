/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Special fields of map values and own types: locks, timers, kernel pointers, lists, trees. Found
 * by the names of their structs and by type tags, as the kernel finds them when the map is made or
 * the BTF is loaded. Nested structs and arrays are walked with a stack of fixed depth; refuses with
 * the errno the kernel has, and records no verdict.
 */
#include "verifier/btf/btfrec.h"

#include "proto/array.h"
#include "verifier/btf/btf.h"
#include "verifier/state/env.h"
#include "verifier/state/pool.h"

#define FIELDS_MAX 11		/* the kernel's BTF_FIELDS_MAX */

#define LOCAL_KINDS (BTFREC_LOCK | BTFREC_GRAPH | BTFREC_REFCOUNT | BTFREC_KPTR)
#define MAP_KINDS (BTFREC_LOCK | BTFREC_TIMER | BTFREC_KPTR | BTFREC_LIST_HEAD | BTFREC_RB_ROOT | \
		   BTFREC_REFCOUNT | BTFREC_WORKQUEUE | BTFREC_UPTR | BTFREC_TASK_WORK)

struct kind_row {
	uint32_t kind;
	const char *struct_name;	/* NULL: told by a type tag */
	const char *name;		/* in messages */
	uint32_t size, align;
	uint32_t once_with;		/* E2BIG when one of these was seen before */
};

static const struct kind_row kinds[] = {
	{ BTFREC_SPIN_LOCK, "bpf_spin_lock", "bpf_spin_lock", 4, 4, BTFREC_LOCK },
	{ BTFREC_RES_SPIN_LOCK, "bpf_res_spin_lock", "bpf_res_spin_lock", 4, 4, BTFREC_LOCK },
	{ BTFREC_TIMER, "bpf_timer", "bpf_timer", 16, 8, BTFREC_TIMER },
	{ BTFREC_WORKQUEUE, "bpf_wq", "bpf_wq", 16, 8, BTFREC_WORKQUEUE },
	{ BTFREC_TASK_WORK, "bpf_task_work", "bpf_task_work", 8, 8, BTFREC_TASK_WORK },
	{ BTFREC_LIST_HEAD, "bpf_list_head", "bpf_list_head", 16, 8, 0 },
	{ BTFREC_LIST_NODE, "bpf_list_node", "bpf_list_node", 24, 8, 0 },
	{ BTFREC_RB_ROOT, "bpf_rb_root", "bpf_rb_root", 16, 8, 0 },
	{ BTFREC_RB_NODE, "bpf_rb_node", "bpf_rb_node", 32, 8, 0 },
	{ BTFREC_REFCOUNT, "bpf_refcount", "bpf_refcount", 4, 4, BTFREC_REFCOUNT },
	{ BTFREC_KPTR_UNREF, NULL, "kptr", 8, 8, 0 },
	{ BTFREC_KPTR_REF, NULL, "kptr", 8, 8, 0 },
	{ BTFREC_KPTR_PERCPU, NULL, "percpu_kptr", 8, 8, 0 },
	{ BTFREC_UPTR, NULL, "uptr", 8, 8, 0 },
};

static const struct kind_row *row_of_kind(uint32_t kind)
{
	for (size_t i = 0; i < ARRAY_CNT(kinds); i++)
		if (kinds[i].kind == kind)
			return &kinds[i];
	return NULL;
}

const char *btfrec_kind_name(uint32_t kind)
{
	const struct kind_row *row = row_of_kind(kind);

	return row ? row->name : "unknown";
}

/* ---- scanning ---- */

struct found {
	uint32_t kind, off;
	uint32_t id;		/* kptr: pointee, in the scanned view; roots: type of the nodes */
	const char *node;	/* roots: name of the node's member */
};

/* A struct or section being scanned. */
struct scan_level {
	const struct btf_type *t;
	uint32_t id, next;	/* member to look at */
	uint32_t off;		/* of the struct in the whole */
	uint32_t first;		/* fields found before it */
	uint32_t times;		/* elements of the array it is one of */
};

struct scan {
	const struct btf_view *view;
	uint32_t mask, seen;
	bool old_tags;		/* those of 6.1 */
	bool uptr;		/* is a tag that this kernel knows */
	uint32_t cnt;
	struct found f[FIELDS_MAX];
	uint32_t depth;
	struct scan_level at[BTF_DEPTH_MAX];
};

/* One member, or one variable of a section. */
struct item {
	uint32_t type, off;
	uint32_t expect_bytes;		/* 0: any */
	uint32_t tag_id;		/* whose decl tag says what a root contains */
	int32_t tag_component;
};

static int add_found(struct scan *s, struct found f)
{
	if (s->cnt == FIELDS_MAX)
		return -E2BIG;
	s->f[s->cnt++] = f;
	return 0;
}

/* The fields from `first` on stand in the first of `times` elements: put them into the others. */
static int repeat(struct scan *s, uint32_t first, uint32_t times, uint32_t elem_bytes)
{
	uint32_t n = s->cnt - first;
	const uint32_t repeatable = BTFREC_KPTR | BTFREC_UPTR | BTFREC_LIST_HEAD | BTFREC_RB_ROOT;

	if (times <= 1)
		return 0;
	for (uint32_t i = first; i < first + n; i++)
		if (!(s->f[i].kind & repeatable))
			return -EINVAL;
	for (uint32_t k = 1; n && k < times; k++)
		for (uint32_t i = 0; i < n; i++) {
			struct found f = s->f[first + i];

			f.off += k * elem_bytes;
			if (add_found(s, f) < 0)
				return -E2BIG;
		}
	return 0;
}

/* A root's tag is "contains:TYPE:MEMBER"; -EINVAL without one, or with two. */
static int root_contents(const struct scan *s, const struct item *item, struct found *f)
{
	uint32_t tag;
	const char *text =
		btf_decl_tag(s->view, item->tag_id, item->tag_component, "contains:", 0, &tag);
	const char *colon = text ? strchr(text, ':') : NULL;
	char name[128];

	if (!colon || !colon[1] || (size_t)(colon - text) >= sizeof(name) ||
	    btf_decl_tag(s->view, item->tag_id, item->tag_component, "contains:", tag, NULL))
		return -EINVAL;
	memcpy(name, text, (size_t)(colon - text));
	name[colon - text] = '\0';
	f->id = btf_view_find(s->view, BTF_KIND_STRUCT, name);
	f->node = colon + 1;
	return f->id ? 0 : -ENOENT;
}

static int scan_kptr(struct scan *s, const struct item *item, const struct btf_type *t)
{
	static const struct { const char *tag; uint32_t kind; bool old; } tags[] = {
		{ "kptr_untrusted", BTFREC_KPTR_UNREF, false }, { "kptr", BTFREC_KPTR_REF, false },
		{ "percpu_kptr", BTFREC_KPTR_PERCPU, false }, { "uptr", BTFREC_UPTR, false },
		{ "kptr", BTFREC_KPTR_UNREF, true }, { "kptr_ref", BTFREC_KPTR_REF, true },
	};
	const struct btf_type *tag, *inner;
	struct found f = { .off = item->off };

	if (btf_kind_of(t) == BTF_KIND_VOLATILE)
		t = btf_view_type(s->view, t->type);
	if (!btf_is_ptr(t))
		return 0;
	tag = btf_view_type(s->view, t->type);
	if (btf_kind_of(tag) != BTF_KIND_TYPE_TAG)
		return 0;
	inner = btf_view_type(s->view, tag->type);
	if (btf_kind_of(inner) == BTF_KIND_TYPE_TAG)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_CNT(tags); i++)
		if (tags[i].old == s->old_tags &&
		    strcmp(tags[i].tag, btf_view_str(s->view, tag->name_off)) == 0)
			f.kind = tags[i].kind;
	if (f.kind == BTFREC_UPTR && !s->uptr)
		return -EINVAL;
	if (f.kind == BTFREC_UPTR && !(s->mask & BTFREC_UPTR))
		return 0;
	inner = btf_skip_mods(s->view, tag->type, &f.id);
	if (!f.kind || !inner || !btf_is_struct(inner))
		return -EINVAL;
	return add_found(s, f);
}

static int scan_named(struct scan *s, const struct item *item, const struct kind_row *row,
		      const struct btf_type *t)
{
	struct found f = { .kind = row->kind, .off = item->off };
	int r;

	if (s->seen & row->once_with)
		return -E2BIG;
	s->seen |= row->kind;
	if (t->size != row->size || item->off % row->align)
		return 0;
	if (row->kind == BTFREC_LIST_HEAD || row->kind == BTFREC_RB_ROOT) {
		r = root_contents(s, item, &f);
		if (r < 0)
			return r;
	}
	return add_found(s, f);
}

static const struct kind_row *row_of_struct(const struct scan *s, const struct btf_type *t)
{
	const char *name = btf_view_str(s->view, t->name_off);

	for (size_t i = 0; i < ARRAY_CNT(kinds); i++)
		if (kinds[i].struct_name && (kinds[i].kind & s->mask) &&
		    strcmp(kinds[i].struct_name, name) == 0)
			return &kinds[i];
	return NULL;
}

static int push_struct(struct scan *s, uint32_t id, const struct btf_type *t, uint32_t off,
		       uint32_t times)
{
	if (s->depth == BTF_DEPTH_MAX)
		return -E2BIG;
	s->at[s->depth++] = (struct scan_level){
		.t = t, .id = id, .off = off, .first = s->cnt, .times = times
	};
	return 0;
}

static int scan_item(struct scan *s, const struct item *item)
{
	const struct btf_type *t = btf_view_type(s->view, item->type);
	uint32_t id = item->type, first = s->cnt, bytes;
	const struct kind_row *row;
	uint64_t times = 1;
	int r;

	for (int i = 0; btf_kind_of(t) == BTF_KIND_ARRAY; i++) {
		if (i == BTF_DEPTH_MAX)
			return -E2BIG;
		times *= btf_array_of(t)->nelems;
		if (times > UINT32_MAX)
			return -E2BIG;
		id = btf_array_of(t)->type;
		t = btf_view_type(s->view, id);
	}
	if (times == 0)
		return 0;
	row = btf_is_struct(t) ? row_of_struct(s, t) : NULL;
	bytes = btf_is_struct(t) ? t->size : 8;
	if (item->expect_bytes && item->expect_bytes != (row ? row->size : bytes) * times)
		return 0;
	if (btf_is_struct(t) && !row)
		return push_struct(s, id, t, item->off, (uint32_t)times);
	if (!row && (!(s->mask & (BTFREC_KPTR | BTFREC_UPTR)) || item->off % 8))
		return 0;
	r = row ? scan_named(s, item, row, t) : scan_kptr(s, item, t);
	return r < 0 || s->cnt == first ? r
					: repeat(s, first, (uint32_t)times, row ? row->size : 8);
}

/* The next member of the innermost level, or its end. */
static int scan_step(struct scan *s)
{
	struct scan_level *l = &s->at[s->depth - 1];
	uint32_t i = l->next++;

	if (i == btf_vlen_of(l->t)) {
		s->depth--;
		return l->times > 1 ? repeat(s, l->first, l->times, l->t->size) : 0;
	}
	if (btf_kind_of(l->t) == BTF_KIND_DATASEC) {
		const struct btf_var_secinfo *v = &btf_vars_of(l->t)[i];

		return scan_item(s, &(struct item){ btf_view_type(s->view, v->type)->type,
						    v->offset, v->size, v->type, -1 });
	}
	if (btf_member_bits(l->t, &btf_members_of(l->t)[i]) % 8)
		return -EINVAL;
	return scan_item(
		s, &(struct item){ btf_members_of(l->t)[i].type,
				   l->off + btf_member_bits(l->t, &btf_members_of(l->t)[i]) / 8, 0,
				   l->id, (int32_t)i });
}

/* ---- from what was found to a record ---- */

static int finish_kptr(struct env *env, const struct btf_view *view, uint32_t btf,
		       const struct found *f, struct btf_member_field *field)
{
	const struct btf_type *t = btf_view_type(view, f->id);
	const struct btf_view *kernel = btf_of(env, 0);
	uint32_t id =
		kernel ? btf_view_find(kernel, btf_kind_of(t), btf_view_str(view, t->name_off)) : 0;

	/* what uptr names is the user's own; other names mean the kernel's type if it has one */
	field->btf = id && f->kind != BTFREC_UPTR ? 0 : btf;
	field->btf_id = id && f->kind != BTFREC_UPTR ? id : f->id;
	return 0;
}

static int finish_root(const struct btf_view *view, uint32_t btf, const struct found *f,
		       struct btf_member_field *field)
{
	const char *want = f->kind == BTFREC_LIST_HEAD ? "bpf_list_node" : "bpf_rb_node";
	const struct btf_type *t = btf_view_type(view, f->id), *node;
	bool seen = false;

	for (uint32_t i = 0; i < btf_vlen_of(t); i++) {
		const struct btf_member *m = &btf_members_of(t)[i];

		if (strcmp(f->node, btf_view_str(view, m->name_off)) != 0)
			continue;
		node = btf_view_type(view, m->type);
		if (seen || !btf_is_struct(node) ||
		    strcmp(want, btf_view_str(view, node->name_off)) != 0 ||
		    btf_member_bits(t, m) % 64)
			return -EINVAL;
		seen = true;
		field->node_offset = btf_member_bits(t, m) / 8;
	}
	field->btf = btf;
	field->btf_id = f->id;
	return seen ? 0 : -ENOENT;
}

static void note_offset(struct btfrec *rec, const struct btf_member_field *f)
{
	int32_t off = (int32_t)f->off;

	switch (f->kind) {
	case BTFREC_SPIN_LOCK:
		rec->spin_lock_off = off;
		break;
	case BTFREC_RES_SPIN_LOCK:
		rec->res_spin_lock_off = off;
		break;
	case BTFREC_TIMER:
		rec->timer_off = off;
		break;
	case BTFREC_WORKQUEUE:
		rec->wq_off = off;
		break;
	case BTFREC_REFCOUNT:
		rec->refcount_off = off;
		break;
	default:
		if (f->kind == BTFREC_TASK_WORK)
			rec->task_work_off = off;
		break;
	}
}

static int fill_field(struct env *env, const struct scan *s, uint32_t btf, const struct found *f,
		      struct btf_member_field *field)
{
	field->kind = f->kind;
	field->off = f->off;
	field->size = row_of_kind(f->kind)->size;
	if (btfrec_is_kptr(field))
		return finish_kptr(env, s->view, btf, f, field);
	if (f->kind & (BTFREC_LIST_HEAD | BTFREC_RB_ROOT))
		return finish_root(s->view, btf, f, field);
	return 0;
}

/* Roots need a lock beside them; a node of both a list and a tree needs a refcount. */
static int check_combination(const struct btfrec *rec)
{
	if ((rec->mask & (BTFREC_LIST_HEAD | BTFREC_RB_ROOT)) && rec->spin_lock_off < 0 &&
	    rec->res_spin_lock_off < 0)
		return -EINVAL;
	if (rec->refcount_off < 0 && (rec->mask & BTFREC_LIST_NODE) && (rec->mask & BTFREC_RB_NODE))
		return -EINVAL;
	return 0;
}

static int build_record(struct env *env, const struct scan *s, uint32_t btf, uint32_t value_bytes,
			struct btfrec **ret_rec)
{
	struct btfrec *rec = pool_zalloc(env, sizeof(*rec) + s->cnt * sizeof(rec->field[0]));
	uint32_t end = 0;
	int r;

	if (!rec)
		return -ENOMEM;
	rec->spin_lock_off = rec->res_spin_lock_off = rec->timer_off = -1;
	rec->wq_off = rec->refcount_off = rec->task_work_off = -1;
	for (uint32_t i = 0; i < s->cnt; i++) {
		struct btf_member_field *field = &rec->field[rec->cnt++];

		r = fill_field(env, s, btf, &s->f[i], field);
		if (r < 0)
			return r;
		if ((uint64_t)field->off + field->size > value_bytes)
			return -EFAULT;
		if (field->off < end)
			return -EEXIST;
		end = field->off + field->size;
		rec->mask |= field->kind;
		note_offset(rec, field);
	}
	r = check_combination(rec);
	if (r >= 0)
		*ret_rec = rec;
	return r;
}

int btfrec_parse(struct env *env, uint32_t btf, uint32_t id, uint32_t value_bytes, uint32_t mask,
		 struct btfrec **ret_rec)
{
	struct scan *s = pool_zalloc(env, sizeof(*s));
	const struct btf_type *t;
	int r;

	*ret_rec = NULL;
	if (!s)
		return -ENOMEM;
	s->view = btf_of(env, btf);
	s->mask = mask;
	s->old_tags = env->beh->kptr_tags_old;
	s->uptr = env->beh->uptr;
	t = s->view ? btf_skip_mods(s->view, id, &id) : NULL;
	if (!t)
		return -EINVAL;
	if (!btf_is_struct(t) && btf_kind_of(t) != BTF_KIND_DATASEC)
		return 0;
	r = push_struct(s, id, t, 0, 1);
	while (r >= 0 && s->depth)
		r = scan_step(s);
	return r < 0 || s->cnt == 0 ? r : build_record(env, s, btf, value_bytes, ret_rec);
}

/* ---- records by type and by map ---- */

struct rec_entry {
	struct rec_entry *next;
	uint32_t btf, id;
	struct btfrec *rec;
};

struct btfrec *btfrec_of_type(struct env *env, uint32_t btf, uint32_t id)
{
	const struct btf_view *view = btf ? btf_of(env, btf) : NULL;
	const struct btf_type *t = view ? btf_view_type(view, id) : NULL;
	struct rec_entry *e;

	if (!t || !btf_is_struct(t))
		return NULL;
	for (e = env->btfprog; e; e = e->next)
		if (e->btf == btf && e->id == id)
			return e->rec;
	e = pool_zalloc(env, sizeof(*e));
	if (!e)
		return NULL;
	e->btf = btf;
	e->id = id;
	if (btfrec_parse(env, btf, id, t->size, LOCAL_KINDS, &e->rec) < 0)
		e->rec = NULL;
	e->next = env->btfprog;
	env->btfprog = e;
	return e->rec;
}

struct btfrec *btfrec_pointee(struct env *env, const struct btf_member_field *field)
{
	return btfrec_of_type(env, field->btf, field->btf_id);
}

int btfrec_of_map(struct env *env, uint32_t map_idx, struct btfrec **ret_rec)
{
	const struct bgv_map *shape = env->maps[map_idx].shape;
	int r;

	*ret_rec = NULL;
	if (!shape->btf_idx || !shape->btf_value_type_id || shape->btf_vmlinux_value_type_id)
		return 0;
	r = btfrec_parse(env, shape->btf_idx, shape->btf_value_type_id, shape->value_size,
			 MAP_KINDS, ret_rec);
	/* One tag that it does not know, and 6.1 sees no kptr at all. */
	if (r == -EINVAL && env->beh->kptr_tags_old)
		r = btfrec_parse(env, shape->btf_idx, shape->btf_value_type_id, shape->value_size,
				 MAP_KINDS & ~BTFREC_KPTR, ret_rec);
	return r;
}

const struct btf_member_field *btfrec_find(const struct btfrec *rec, uint32_t off)
{
	for (uint32_t i = 0; rec && i < rec->cnt; i++)
		if (rec->field[i].off == off)
			return &rec->field[i];
	return NULL;
}
