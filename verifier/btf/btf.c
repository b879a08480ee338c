/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw BTF to numbered types. Promises that no accessor reads outside the bytes: sections, record
 * lengths, names and type references are checked once, when the view is made. Trusts nothing;
 * refuses what is malformed. Whether the kernel would load it is another question (btfcheck.c).
 */
#include "verifier/btf/btf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/array.h"
#include "verifier/state/env.h"
#include "verifier/state/pool.h"

#define BTF_BYTES_MAX (256u << 20)	/* vmlinux has 6 MB */

struct btf_view {
	uint8_t *bytes;			/* our copy */
	const struct btf_view *base;
	const uint8_t *types;
	const char *strs;
	uint32_t str_start; /* offset of the first own name: length of the base's names */
	uint32_t str_len;
	uint32_t first;			/* number of the first own type */
	uint32_t cnt;			/* numbers below are types */
	uint32_t *at;			/* by number - first: offset of the record */
	uint32_t *slots;		/* names: open addressing, own types only */
	uint32_t slot_mask;
};

static const struct btf_type void_type;

/* ---- making a view ---- */

/* Bytes that follow the common record, or -EINVAL for an unknown kind. */
static int64_t record_tail(uint32_t kind, uint32_t vlen)
{
	static const struct { uint8_t once, each; bool known; } tails[] = {
		[BTF_KIND_INT]		= { 4, 0, true },
		[BTF_KIND_PTR]		= { 0, 0, true },
		[BTF_KIND_ARRAY]	= { sizeof(struct btf_array), 0, true },
		[BTF_KIND_STRUCT]	= { 0, sizeof(struct btf_member), true },
		[BTF_KIND_UNION]	= { 0, sizeof(struct btf_member), true },
		[BTF_KIND_ENUM]		= { 0, sizeof(struct btf_enum), true },
		[BTF_KIND_FWD]		= { 0, 0, true },
		[BTF_KIND_TYPEDEF]	= { 0, 0, true },
		[BTF_KIND_VOLATILE]	= { 0, 0, true },
		[BTF_KIND_CONST]	= { 0, 0, true },
		[BTF_KIND_RESTRICT]	= { 0, 0, true },
		[BTF_KIND_FUNC]		= { 0, 0, true },
		[BTF_KIND_FUNC_PROTO]	= { 0, sizeof(struct btf_param), true },
		[BTF_KIND_VAR]		= { sizeof(struct btf_var), 0, true },
		[BTF_KIND_DATASEC]	= { 0, sizeof(struct btf_var_secinfo), true },
		[BTF_KIND_FLOAT]	= { 0, 0, true },
		[BTF_KIND_DECL_TAG]	= { sizeof(struct btf_decl_tag), 0, true },
		[BTF_KIND_TYPE_TAG]	= { 0, 0, true },
		[BTF_KIND_ENUM64]	= { 0, sizeof(struct btf_enum64), true },
	};

	if (kind >= ARRAY_CNT(tails) || !tails[kind].known)
		return -EINVAL;
	return tails[kind].once + (int64_t)tails[kind].each * vlen;
}

static bool section_fits(uint32_t off, uint32_t len, size_t bytes, uint32_t hdr_len)
{
	return off <= bytes - hdr_len && len <= bytes - hdr_len - off;
}

static int locate_sections(struct btf_view *v, size_t bytes, uint32_t *ret_type_len)
{
	struct btf_header h;

	if (bytes < sizeof(h))
		return -EINVAL;
	memcpy(&h, v->bytes, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION || h.hdr_len < sizeof(h) ||
	    h.hdr_len > bytes || h.hdr_len % 4 || h.type_off % 4)
		return -EINVAL;
	if (!section_fits(h.type_off, h.type_len, bytes, h.hdr_len) ||
	    !section_fits(h.str_off, h.str_len, bytes, h.hdr_len))
		return -EINVAL;
	v->types = v->bytes + h.hdr_len + h.type_off;
	v->strs = (const char *)v->bytes + h.hdr_len + h.str_off;
	v->str_len = h.str_len;
	if (h.str_len == 0 ? !v->base : v->strs[h.str_len - 1] != '\0')
		return -EINVAL;
	if (!v->base && v->strs[0] != '\0')
		return -EINVAL;
	*ret_type_len = h.type_len;
	return 0;
}

/* Where each record starts; counts them. */
static int index_records(struct btf_view *v, uint32_t type_len)
{
	uint32_t cap = type_len / (uint32_t)sizeof(struct btf_type) + 1, n = 0, off = 0;

	v->at = malloc((size_t)cap * sizeof(*v->at));
	if (!v->at)
		return -ENOMEM;
	while (off < type_len) {
		const struct btf_type *t = (const struct btf_type *)(v->types + off);
		int64_t tail;

		if (type_len - off < sizeof(*t))
			return -EINVAL;
		tail = record_tail(btf_kind_of(t), btf_vlen_of(t));
		if (tail < 0 || tail > type_len - off - (int64_t)sizeof(*t))
			return -EINVAL;
		v->at[n++] = off;
		off += (uint32_t)sizeof(*t) + (uint32_t)tail;
	}
	v->cnt = v->first + n;
	return 0;
}

bool btf_str_fits(const struct btf_view *view, uint32_t off)
{
	return off < view->str_start + view->str_len;
}

static bool members_fit(const struct btf_view *v, const struct btf_type *t)
{
	const struct btf_member *m = btf_members_of(t);

	for (uint32_t i = 0; i < btf_vlen_of(t); i++)
		if (!btf_str_fits(v, m[i].name_off) || m[i].type >= v->cnt)
			return false;
	return true;
}

static bool params_fit(const struct btf_view *v, const struct btf_type *t)
{
	const struct btf_param *p = btf_params_of(t);

	for (uint32_t i = 0; i < btf_vlen_of(t); i++)
		if (!btf_str_fits(v, p[i].name_off) || p[i].type >= v->cnt)
			return false;
	return t->type < v->cnt;
}

static bool values_fit(const struct btf_view *v, const struct btf_type *t)
{
	const uint8_t *at = (const uint8_t *)(t + 1);
	size_t each = btf_kind_of(t) == BTF_KIND_ENUM ? sizeof(struct btf_enum)
						      : sizeof(struct btf_enum64);
	uint32_t name;

	for (uint32_t i = 0; i < btf_vlen_of(t); i++) {
		memcpy(&name, at + i * each, sizeof(name));
		if (!btf_str_fits(v, name))
			return false;
	}
	return true;
}

static bool vars_fit(const struct btf_view *v, const struct btf_type *t)
{
	const struct btf_var_secinfo *s = btf_vars_of(t);

	for (uint32_t i = 0; i < btf_vlen_of(t); i++)
		if (s[i].type >= v->cnt)
			return false;
	return true;
}

/* Are all names and type numbers of a record inside? */
static bool record_fits(const struct btf_view *v, const struct btf_type *t)
{
	if (!btf_str_fits(v, t->name_off))
		return false;
	switch (btf_kind_of(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return members_fit(v, t);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return values_fit(v, t);
	case BTF_KIND_FUNC_PROTO:
		return params_fit(v, t);
	case BTF_KIND_DATASEC:
		return vars_fit(v, t);
	case BTF_KIND_ARRAY:
		return btf_array_of(t)->type < v->cnt && btf_array_of(t)->index_type < v->cnt;
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
		return true;
	default:
		return t->type < v->cnt;
	}
}

/* ---- names ---- */

static uint32_t name_hash(const char *name, uint32_t kind)
{
	uint32_t h = 2166136261u ^ kind;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h;
}

static int index_names(struct btf_view *v)
{
	uint32_t n = v->cnt - v->first, size = 16;

	while (size < n + n / 2)
		size *= 2;
	v->slots = calloc(size, sizeof(*v->slots));
	if (!v->slots)
		return -ENOMEM;
	v->slot_mask = size - 1;
	for (uint32_t id = v->first; id < v->cnt; id++) {
		const struct btf_type *t = btf_view_type(v, id);
		const char *name = btf_view_str(v, t->name_off);
		uint32_t i;

		if (!*name)
			continue;
		i = name_hash(name, btf_kind_of(t)) & v->slot_mask;
		while (v->slots[i])
			i = (i + 1) & v->slot_mask;
		v->slots[i] = id;
	}
	return 0;
}

/* Equal names stand in the order of their numbers, because they were put in so. */
uint32_t btf_view_find_next(const struct btf_view *view, uint32_t kind, const char *name,
			    uint32_t after)
{
	for (uint32_t i = name_hash(name, kind) & view->slot_mask; view->slots[i];
	     i = (i + 1) & view->slot_mask) {
		const struct btf_type *t = btf_view_type(view, view->slots[i]);

		if (view->slots[i] > after && btf_kind_of(t) == kind &&
		    strcmp(btf_view_str(view, t->name_off), name) == 0)
			return view->slots[i];
	}
	return 0;
}

uint32_t btf_view_find(const struct btf_view *view, uint32_t kind, const char *name)
{
	uint32_t id = view && view->base ? btf_view_find_next(view->base, kind, name, 0) : 0;

	return id || !view ? id : btf_view_find_next(view, kind, name, 0);
}

static int view_fill(struct btf_view *v, const void *data, size_t bytes)
{
	uint32_t type_len;
	int r;

	v->bytes = malloc(bytes);
	if (!v->bytes)
		return -ENOMEM;
	memcpy(v->bytes, data, bytes);
	r = locate_sections(v, bytes, &type_len);
	if (r < 0)
		return r;
	r = index_records(v, type_len);
	if (r < 0)
		return r;
	for (uint32_t id = v->first; id < v->cnt; id++)
		if (!record_fits(v, btf_view_type(v, id)))
			return -EINVAL;
	return index_names(v);
}

int btf_view_new(const void *data, size_t bytes, const struct btf_view *base,
		 struct btf_view **ret_view)
{
	struct btf_view *v;
	int r;

	if (bytes < sizeof(struct btf_header) || bytes > BTF_BYTES_MAX || (base && base->base))
		return -EINVAL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->base = base;
	v->first = base ? base->cnt : 1;
	v->str_start = base ? base->str_start + base->str_len : 0;
	r = view_fill(v, data, bytes);
	if (r < 0) {
		btf_view_free(v);
		return r;
	}
	*ret_view = v;
	return 0;
}

void btf_view_free(struct btf_view *view)
{
	if (!view)
		return;
	free(view->slots);
	free(view->at);
	free(view->bytes);
	free(view);
}

/* ---- reading ---- */

uint32_t btf_view_cnt(const struct btf_view *view)
{
	return view->cnt;
}

const struct btf_type *btf_view_type(const struct btf_view *view, uint32_t id)
{
	if (id == 0)
		return &void_type;
	if (id >= view->cnt)
		return NULL;
	if (id < view->first)
		view = view->base;
	return (const struct btf_type *)(view->types + view->at[id - view->first]);
}

const char *btf_view_str(const struct btf_view *view, uint32_t off)
{
	if (off < view->str_start)
		view = view->base;
	off -= view->str_start;
	return off < view->str_len ? view->strs + off : "";
}

const char *btf_view_name(const struct btf_view *view, uint32_t id)
{
	const struct btf_type *t = btf_view_type(view, id);

	return t ? btf_view_str(view, t->name_off) : "";
}

static bool is_modifier(const struct btf_type *t)
{
	switch (btf_kind_of(t)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return true;
	default:
		return false;
	}
}

const struct btf_type *btf_skip_mods(const struct btf_view *view, uint32_t id, uint32_t *ret_id)
{
	const struct btf_type *t = btf_view_type(view, id);

	for (int i = 0; t && is_modifier(t); i++) {
		if (i > BTF_DEPTH_MAX)
			return NULL;
		id = t->type;
		t = btf_view_type(view, id);
	}
	if (t && ret_id)
		*ret_id = id;
	return t;
}

const struct btf_type *btf_pointee(const struct btf_view *view, uint32_t id, uint32_t *ret_id)
{
	const struct btf_type *t = btf_skip_mods(view, id, NULL);

	return t && btf_is_ptr(t) ? btf_skip_mods(view, t->type, ret_id) : NULL;
}

const char *btf_ptr_tag(const struct btf_view *view, const struct btf_type *ptr)
{
	const struct btf_type *t = btf_view_type(view, ptr->type);

	return t && btf_kind_of(t) == BTF_KIND_TYPE_TAG ? btf_view_str(view, t->name_off) : "";
}

int btf_size_of(const struct btf_view *view, uint32_t id, uint32_t *ret_bytes)
{
	uint64_t times = 1;
	const struct btf_type *t;

	for (int i = 0; i <= BTF_DEPTH_MAX; i++) {
		t = btf_skip_mods(view, id, NULL);
		if (!t)
			return -EINVAL;
		switch (btf_kind_of(t)) {
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
		case BTF_KIND_DATASEC:
			times *= t->size;
			break;
		case BTF_KIND_PTR:
			times *= 8;
			break;
		case BTF_KIND_ARRAY:
			times *= btf_array_of(t)->nelems;
			if (times > UINT32_MAX)
				return -EINVAL;
			id = btf_array_of(t)->type;
			continue;
		case BTF_KIND_VAR:
			id = t->type;
			continue;
		default:
			return -EINVAL;
		}
		if (times > UINT32_MAX)
			return -EINVAL;
		*ret_bytes = (uint32_t)times;
		return 0;
	}
	return -EINVAL;
}

const char *btf_decl_tag(const struct btf_view *view, uint32_t id, int32_t component,
			 const char *prefix, uint32_t after, uint32_t *ret_id)
{
	for (uint32_t i = after ? after + 1 : view->first; i < view->cnt; i++) {
		const struct btf_type *t = btf_view_type(view, i);
		const char *text;

		if (btf_kind_of(t) != BTF_KIND_DECL_TAG || t->type != id ||
		    ((const struct btf_decl_tag *)(t + 1))->component_idx != component)
			continue;
		text = btf_view_str(view, t->name_off);
		if (!btf_text_begins(text, prefix))
			continue;
		if (ret_id)
			*ret_id = i;
		return text + strlen(prefix);
	}
	return NULL;
}

bool btf_text_ends(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

bool btf_text_begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- views of one verification ---- */

/* A module's BTF continues the kernel's; the program's and its maps' stand alone. */
static bool blob_is_alone(const struct bgv_program *prog, uint32_t btf)
{
	if (btf == prog->prog_btf_idx || btf > prog->btf_cnt)
		return true;
	for (uint32_t i = 0; i < prog->map_cnt; i++)
		if (prog->maps[i].btf_idx == btf && !prog->maps[i].btf_vmlinux_value_type_id)
			return true;
	return false;
}

/* The bytes after a number: the program's blobs, then the BTF of the program it attaches to. */
static bool blob_of(const struct bgv_program *prog, uint32_t btf, struct bgv_blob *ret_blob)
{
	const struct bgv_program *target = prog->attach_prog;

	if (btf <= prog->btf_cnt) {
		*ret_blob = prog->btfs[btf - 1];
		return true;
	}
	if (!target || !target->prog_btf_idx || target->prog_btf_idx > target->btf_cnt)
		return false;
	*ret_blob = target->btfs[target->prog_btf_idx - 1];
	return true;
}

const struct btf_view *btf_of(struct env *env, uint32_t btf)
{
	const struct bgv_program *prog = env->prog;
	struct btf_view *view = NULL;
	struct bgv_blob blob;

	if (btf == 0)
		return env->target->vmlinux;
	if (btf > prog->btf_cnt + (prog->attach_prog != NULL))
		return NULL;
	if (!env->btfs) {
		env->btfs = pool_calloc(env, prog->btf_cnt + 1u, sizeof(*env->btfs));
		if (!env->btfs)
			return NULL;
	}
	if (!env->btfs[btf - 1] && blob_of(prog, btf, &blob) &&
	    btf_view_new(blob.data, blob.bytes,
			 blob_is_alone(prog, btf) ? NULL : env->target->vmlinux, &view) == 0)
		env->btfs[btf - 1] = view;
	return env->btfs[btf - 1];
}

void btf_env_done(struct env *env)
{
	if (!env->btfs)
		return;
	for (uint32_t i = 0; i <= env->prog->btf_cnt; i++)
		btf_view_free(env->btfs[i]);
	env->btfs = NULL;
}

bool btf_same_type(const struct btf_view *a, uint32_t a_id, const struct btf_view *b, uint32_t b_id)
{
	if (a_id != b_id)
		return false;
	if (a == b)
		return true;
	if (a && b && a->base == b)
		return a_id < b->cnt;
	return a && b && b->base == a && b_id < a->cnt;
}
