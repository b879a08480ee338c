/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would BTF_LOAD of these bytes succeed? The kernel's three looks at program BTF: the header, each
 * record for itself, and what the records say of one another (loops, depths, members inside their
 * struct). Works on any bytes; answers with the errno the kernel has and one line of why. Records
 * of special fields are judged where a program uses them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/profile.h"

#define BTF_LOAD_MAX	(16u << 20)	/* the kernel's BTF_MAX_SIZE */
#define TYPES_MAX	0xfffffu	/* BTF_MAX_TYPE */
#define NAMES_MAX	0xffffffu	/* BTF_MAX_NAME_OFFSET */
#define NAME_BYTES_MAX	512u		/* KSYM_NAME_LEN */
#define MESSAGE_BYTES	256u
#define INFO_BITS	0x9f00ffffu	/* BTF_INFO_MASK */

struct check {
	struct btf_view *view;
	char *message;			/* MESSAGE_BYTES, or NULL */
	uint8_t *visit;			/* by type: enum visit */
	uint32_t depth;
	uint32_t stack[BTF_DEPTH_MAX];
	uint32_t next[BTF_DEPTH_MAX];	/* reference to look at next */
	int mode;			/* enum mode */
};

static int fail(const struct check *c, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(const struct check *c, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (c->message)
		(void)vsnprintf(c->message, MESSAGE_BYTES, fmt, args);
	va_end(args);
	return -err;
}

/* ---- the header ---- */

static int check_sections(const struct check *c, const struct btf_header *h, size_t bytes)
{
	uint64_t total = bytes - h->hdr_len;
	bool types_first = h->type_off <= h->str_off;
	uint64_t first_off = types_first ? h->type_off : h->str_off;
	uint64_t first_len = types_first ? h->type_len : h->str_len;
	uint64_t second_off = types_first ? h->str_off : h->type_off;
	uint64_t second_len = types_first ? h->str_len : h->type_len;

	if (first_off != 0 || second_off != first_len)
		return fail(c, EINVAL, "Unsupported section found or sections overlap");
	if (second_off + second_len != total)
		return fail(c, EINVAL, "Total section length does not fit");
	if (h->str_off + (uint64_t)h->str_len != total)
		return fail(c, EINVAL, "String section is not at the end");
	if (!h->str_len || h->str_len - 1 > NAMES_MAX)
		return fail(c, EINVAL, "Invalid string section");
	if (h->type_off % 4 || !h->type_len)
		return fail(c, EINVAL, h->type_len ? "Unaligned type_off" : "No type found");
	return 0;
}

static int check_header(const struct check *c, const uint8_t *data, size_t bytes)
{
	struct btf_header h = { 0 };

	if (bytes > BTF_LOAD_MAX)
		return fail(c, E2BIG, "BTF is larger than 16 MB");
	if (bytes < offsetof(struct btf_header, type_off))
		return fail(c, EINVAL, "hdr_len not found");
	memcpy(&h, data, bytes < sizeof(h) ? bytes : sizeof(h));
	if (bytes < h.hdr_len)
		return fail(c, EINVAL, "btf_header not found");
	for (size_t i = sizeof(h); i < h.hdr_len; i++)
		if (data[i])
			return fail(c, E2BIG, "Unsupported btf_header");
	if (h.hdr_len < sizeof(h))	/* what is missing counts as zero */
		memset((uint8_t *)&h + h.hdr_len, 0, sizeof(h) - h.hdr_len);
	if (h.magic != BTF_MAGIC)
		return fail(c, EINVAL, "Invalid magic");
	if (h.version != BTF_VERSION || h.flags)
		return fail(c, ENOTSUPP, "Unsupported version or flags");
	if (bytes == h.hdr_len)
		return fail(c, EINVAL, "No data");
	return check_sections(c, &h, bytes);
}

/* ---- names ---- */

enum name_rule { NAME_NONE, NAME_MAY, NAME_IDENTIFIER, NAME_TEXT, NAME_SECTION };

static bool is_identifier(const char *s)
{
	size_t n = strnlen(s, NAME_BYTES_MAX + 1);

	if (n == 0 || n > NAME_BYTES_MAX || isdigit((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_' && *s != '.')
			return false;
	return true;
}

static bool is_section(const char *s)
{
	size_t n = strnlen(s, NAME_BYTES_MAX + 1);

	if (n == 0 || n > NAME_BYTES_MAX)
		return false;
	for (; *s; s++)
		if (!isprint((unsigned char)*s))
			return false;
	return true;
}

static bool name_obeys(const struct btf_view *view, uint32_t off, enum name_rule rule)
{
	const char *name = btf_view_str(view, off);

	switch (rule) {
	case NAME_NONE:
		return off == 0;
	case NAME_MAY:
		return off == 0 || is_identifier(name);
	case NAME_IDENTIFIER:
		return off != 0 && is_identifier(name);
	case NAME_TEXT:
		return *name;
	default:
		return off != 0 && is_section(name);
	}
}

/* ---- each record for itself ---- */

static int check_int(const struct check *c, const struct btf_type *t, uint32_t id)
{
	uint32_t data, encoding, bits;

	memcpy(&data, t + 1, sizeof(data));
	encoding = BTF_INT_ENCODING(data);
	bits = BTF_INT_BITS(data) + BTF_INT_OFFSET(data);
	if ((data & ~0x0fff00ffu) || bits > 128 || (bits + 7) / 8 > t->size)
		return fail(c, EINVAL, "[%u] INT: invalid bits", id);
	if (encoding && encoding != BTF_INT_SIGNED && encoding != BTF_INT_CHAR &&
	    encoding != BTF_INT_BOOL)
		return fail(c, ENOTSUPP, "[%u] INT: unsupported encoding", id);
	return 0;
}

static int check_array(const struct check *c, const struct btf_type *t, uint32_t id)
{
	if (t->size || !btf_array_of(t)->type || !btf_array_of(t)->index_type)
		return fail(c, EINVAL, "[%u] ARRAY: invalid elem, index or size", id);
	return 0;
}

static int check_members(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const struct btf_member *m = btf_members_of(t);
	uint32_t last = 0, bits;

	for (uint32_t i = 0; i < btf_vlen_of(t); i++) {
		bits = btf_member_bits(t, &m[i]);
		if (!name_obeys(c->view, m[i].name_off, NAME_MAY) || !m[i].type)
			return fail(c, EINVAL, "[%u] STRUCT: invalid member name or type", id);
		if ((btf_kind_of(t) == BTF_KIND_UNION && bits) || bits < last ||
		    (bits + 7) / 8 > t->size)
			return fail(c, EINVAL, "[%u] STRUCT: invalid member bits_offset", id);
		last = bits;
	}
	return 0;
}

static int check_enum(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const uint8_t *at = (const uint8_t *)(t + 1);
	size_t each = btf_kind_of(t) == BTF_KIND_ENUM ? sizeof(struct btf_enum)
						      : sizeof(struct btf_enum64);
	uint32_t name;

	if (t->size > 8 || t->size == 0 || (t->size & (t->size - 1)))
		return fail(c, EINVAL, "[%u] ENUM: unexpected size", id);
	for (uint32_t i = 0; i < btf_vlen_of(t); i++) {
		memcpy(&name, at + i * each, sizeof(name));
		if (!name_obeys(c->view, name, NAME_IDENTIFIER))
			return fail(c, EINVAL, "[%u] ENUM: invalid name", id);
	}
	return 0;
}

static int check_fwd(const struct check *c, const struct btf_type *t, uint32_t id)
{
	return t->type ? fail(c, EINVAL, "[%u] FWD: type != 0", id) : 0;
}

static int check_func(const struct check *c, const struct btf_type *t, uint32_t id)
{
	return btf_vlen_of(t) > BTF_FUNC_GLOBAL ? fail(c, EINVAL, "[%u] FUNC: invalid linkage", id)
						: 0;
}

static int check_var(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const struct btf_var *v = (const struct btf_var *)(t + 1);

	if (!t->type || (v->linkage != BTF_VAR_STATIC && v->linkage != BTF_VAR_GLOBAL_ALLOCATED))
		return fail(c, EINVAL, "[%u] VAR: invalid type or linkage", id);
	return 0;
}

static int check_section(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const struct btf_var_secinfo *s = btf_vars_of(t);
	uint64_t end = 0;

	if (!t->size)
		return fail(c, EINVAL, "[%u] DATASEC: size == 0", id);
	for (uint32_t i = 0; i < btf_vlen_of(t); i++) {
		if (!s[i].type || s[i].offset < end || s[i].offset >= t->size || !s[i].size ||
		    s[i].size > t->size)
			return fail(c, EINVAL, "[%u] DATASEC: invalid variable", id);
		end = (uint64_t)s[i].offset + s[i].size;
		if (end > t->size)
			return fail(c, EINVAL, "[%u] DATASEC: invalid offset+size", id);
	}
	return 0;
}

static int check_float(const struct check *c, const struct btf_type *t, uint32_t id)
{
	if (t->size != 2 && t->size != 4 && t->size != 8 && t->size != 12 && t->size != 16)
		return fail(c, EINVAL, "[%u] FLOAT: invalid type_size", id);
	return 0;
}

static int check_decl_tag(const struct check *c, const struct btf_type *t, uint32_t id)
{
	if (((const struct btf_decl_tag *)(t + 1))->component_idx < -1)
		return fail(c, EINVAL, "[%u] DECL_TAG: invalid component_idx", id);
	return 0;
}

static const struct kind_rule {
	enum name_rule name;
	bool takes_vlen, takes_kflag;
	int (*check)(const struct check *c, const struct btf_type *t, uint32_t id);
} kind_rules[] = {
	[BTF_KIND_INT]		= { NAME_MAY, false, false, check_int },
	[BTF_KIND_PTR]		= { NAME_NONE, false, false, NULL },
	[BTF_KIND_ARRAY]	= { NAME_NONE, false, false, check_array },
	[BTF_KIND_STRUCT]	= { NAME_MAY, true, true, check_members },
	[BTF_KIND_UNION]	= { NAME_MAY, true, true, check_members },
	[BTF_KIND_ENUM]		= { NAME_MAY, true, true, check_enum },
	[BTF_KIND_FWD]		= { NAME_IDENTIFIER, false, true, check_fwd },
	[BTF_KIND_TYPEDEF]	= { NAME_IDENTIFIER, false, false, NULL },
	[BTF_KIND_VOLATILE]	= { NAME_NONE, false, false, NULL },
	[BTF_KIND_CONST]	= { NAME_NONE, false, false, NULL },
	[BTF_KIND_RESTRICT]	= { NAME_NONE, false, false, NULL },
	[BTF_KIND_FUNC]		= { NAME_IDENTIFIER, true, false, check_func },
	[BTF_KIND_FUNC_PROTO]	= { NAME_NONE, true, false, NULL },
	[BTF_KIND_VAR]		= { NAME_IDENTIFIER, false, false, check_var },
	[BTF_KIND_DATASEC]	= { NAME_SECTION, true, false, check_section },
	[BTF_KIND_FLOAT]	= { NAME_MAY, false, false, check_float },
	[BTF_KIND_DECL_TAG]	= { NAME_TEXT, false, false, check_decl_tag },
	[BTF_KIND_TYPE_TAG]	= { NAME_TEXT, false, false, NULL },
	[BTF_KIND_ENUM64]	= { NAME_MAY, true, true, check_enum },
};

static int check_record(const struct check *c, uint32_t id)
{
	const struct btf_type *t = btf_view_type(c->view, id);
	const struct kind_rule *rule = &kind_rules[btf_kind_of(t)];

	if (t->info & ~INFO_BITS)
		return fail(c, EINVAL, "[%u] Invalid btf_info", id);
	/* integers and floats take any name the section has */
	if (btf_kind_of(t) != BTF_KIND_INT && btf_kind_of(t) != BTF_KIND_FLOAT &&
	    !name_obeys(c->view, t->name_off, rule->name))
		return fail(c, EINVAL, "[%u] Invalid name", id);
	if ((!rule->takes_vlen && btf_vlen_of(t)) || (!rule->takes_kflag && btf_kflag_of(t)))
		return fail(c, EINVAL, "[%u] Invalid vlen or kflag", id);
	return rule->check ? rule->check(c, t, id) : 0;
}

/* ---- what records say of one another: loops and depth ---- */

enum visit { VISIT_NEW, VISIT_OPEN, VISIT_DONE };
/*
 * What ends a chain depends on where it began: a struct may point to itself, but not contain
 * itself.
 */
enum mode { MODE_TBD, MODE_PTR, MODE_INSIDE };

static bool is_modifier(const struct btf_type *t)
{
	uint32_t kind = btf_kind_of(t);

	return kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_CONST ||
	       kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG;
}

static bool needs_resolve(const struct btf_type *t)
{
	uint32_t kind = btf_kind_of(t);

	return is_modifier(t) || btf_is_ptr(t) || btf_is_struct(t) || kind == BTF_KIND_ARRAY ||
	       kind == BTF_KIND_VAR || kind == BTF_KIND_FUNC || kind == BTF_KIND_DECL_TAG ||
	       kind == BTF_KIND_DATASEC;
}

static bool is_sink(const struct check *c, const struct btf_type *t)
{
	switch (c->mode) {
	case MODE_PTR:
		return !is_modifier(t) && !btf_is_ptr(t);
	case MODE_INSIDE:
		return !is_modifier(t) && btf_kind_of(t) != BTF_KIND_ARRAY && !btf_is_struct(t);
	default:
		return !needs_resolve(t);
	}
}

/* Reference number i of a record; false when there is none. */
static bool reference_at(const struct btf_type *t, uint32_t i, uint32_t *ret_id)
{
	switch (btf_kind_of(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (i < btf_vlen_of(t))
			*ret_id = btf_members_of(t)[i].type;
		return i < btf_vlen_of(t);
	case BTF_KIND_DATASEC:
		if (i < btf_vlen_of(t))
			*ret_id = btf_vars_of(t)[i].type;
		return i < btf_vlen_of(t);
	case BTF_KIND_ARRAY:
		*ret_id = i ? btf_array_of(t)->type : btf_array_of(t)->index_type;
		return i < 2;
	case BTF_KIND_FUNC:	/* its prototype is checked for itself */
		return false;
	default:
		*ret_id = t->type;
		return i == 0;
	}
}

static int open_type(struct check *c, uint32_t id)
{
	const struct btf_type *t = btf_view_type(c->view, id);

	if (c->depth == BTF_DEPTH_MAX)
		return fail(c, E2BIG, "[%u] Exceeded max resolving depth:%d", id, BTF_DEPTH_MAX);
	if (c->visit[id] != VISIT_NEW)
		return fail(c, EEXIST, "[%u] Loop detected", id);
	c->visit[id] = VISIT_OPEN;
	c->stack[c->depth] = id;
	c->next[c->depth++] = 0;
	if (c->mode == MODE_TBD)
		c->mode = btf_is_ptr(t)						 ? MODE_PTR
			  : btf_is_struct(t) || btf_kind_of(t) == BTF_KIND_ARRAY ? MODE_INSIDE
										 : MODE_TBD;
	return 0;
}

static int resolve(struct check *c, uint32_t id)
{
	int r;

	c->mode = MODE_TBD;
	c->depth = 0;
	r = open_type(c, id);
	while (r >= 0 && c->depth) {
		uint32_t at = c->stack[c->depth - 1], to = 0;

		if (btf_kind_of(btf_view_type(c->view, at)) == BTF_KIND_DATASEC)
			c->mode = MODE_TBD;
		if (!reference_at(btf_view_type(c->view, at), c->next[c->depth - 1]++, &to)) {
			c->visit[at] = VISIT_DONE;
			c->depth--;
			continue;
		}
		if (to && c->visit[to] != VISIT_DONE && !is_sink(c, btf_view_type(c->view, to)))
			r = open_type(c, to);
	}
	return r;
}

/* ---- ... and what they refer to ---- */

static bool is_source_only(const struct btf_type *t)
{
	uint32_t kind = btf_kind_of(t);

	return kind == BTF_KIND_VAR || kind == BTF_KIND_DECL_TAG || kind == BTF_KIND_DATASEC;
}

static bool has_size(const struct btf_view *view, uint32_t id)
{
	uint32_t bytes;

	return btf_size_of(view, id, &bytes) == 0;
}

static bool is_regular_int(const struct btf_type *t)
{
	uint32_t data, bits;

	memcpy(&data, t + 1, sizeof(data));
	bits = BTF_INT_BITS(data);
	return BTF_INT_OFFSET(data) == 0 && bits == t->size * 8 &&
	       (bits == 8 || bits == 16 || bits == 32 || bits == 64 || bits == 128);
}

/* A plain or bit-field member lies inside its struct and is aligned as its kind must be. */
static bool member_fits(const struct check *c, const struct btf_type *t, const struct btf_member *m)
{
	const struct btf_type *mt = btf_skip_mods(c->view, m->type, NULL);
	uint64_t at = btf_member_bits(t, m), width = btf_member_bitfield(t, m), bits;
	uint32_t bytes, data = 0;

	if (!mt || btf_size_of(c->view, m->type, &bytes) < 0)
		return false;
	bits = (uint64_t)bytes * 8;
	if (btf_kind_of(mt) == BTF_KIND_INT) {
		memcpy(&data, mt + 1, sizeof(data));
		bits = BTF_INT_BITS(data);
		if (btf_kflag_of(t) && !is_regular_int(mt))
			return false;
		at += btf_kflag_of(t) ? 0 : BTF_INT_OFFSET(data);
	}
	if (width && btf_kind_of(mt) != BTF_KIND_INT && btf_kind_of(mt) != BTF_KIND_ENUM &&
	    btf_kind_of(mt) != BTF_KIND_ENUM64)
		return false;
	if (width > bits || (width ? width : bits) + at % 8 > 128)
		return width <= bits && btf_kind_of(mt) != BTF_KIND_INT && at % 8 == 0 &&
		       at + bits <= (uint64_t)t->size * 8;
	if (!width && at % 8 && (btf_kind_of(mt) != BTF_KIND_INT || btf_kflag_of(t)))
		return false;
	return (at + (width ? width : bits) + 7) / 8 <= t->size;
}

static int check_struct_refs(const struct check *c, const struct btf_type *t, uint32_t id)
{
	for (uint32_t i = 0; i < btf_vlen_of(t); i++) {
		const struct btf_member *m = &btf_members_of(t)[i];

		if (is_source_only(btf_view_type(c->view, m->type)) || !member_fits(c, t, m))
			return fail(c, EINVAL, "[%u] STRUCT: invalid member", id);
	}
	return 0;
}

static int check_array_refs(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const struct btf_type *index = btf_skip_mods(c->view, btf_array_of(t)->index_type, NULL);
	const struct btf_type *elem = btf_skip_mods(c->view, btf_array_of(t)->type, NULL);

	if (!index || btf_kind_of(index) != BTF_KIND_INT || !is_regular_int(index))
		return fail(c, EINVAL, "[%u] ARRAY: invalid index", id);
	if (!elem || is_source_only(btf_view_type(c->view, btf_array_of(t)->type)) ||
	    !has_size(c->view, id) || (btf_kind_of(elem) == BTF_KIND_INT && !is_regular_int(elem)))
		return fail(c, EINVAL, "[%u] ARRAY: invalid elem", id);
	return 0;
}

/* Pointers and modifiers may also end in void, a forward declaration or a prototype. */
static int check_chain_refs(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const struct btf_type *end = btf_skip_mods(c->view, t->type, NULL);

	if (is_source_only(btf_view_type(c->view, t->type)) || !end ||
	    (!has_size(c->view, t->type) && !btf_is_void(end) && btf_kind_of(end) != BTF_KIND_FWD &&
	     btf_kind_of(end) != BTF_KIND_FUNC_PROTO))
		return fail(c, EINVAL, "[%u] Invalid type_id", id);
	return 0;
}

static int check_proto_refs(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const struct btf_param *p = btf_params_of(t);
	uint32_t n = btf_vlen_of(t);

	if (t->type &&
	    (is_source_only(btf_view_type(c->view, t->type)) || !has_size(c->view, t->type)))
		return fail(c, EINVAL, "[%u] FUNC_PROTO: invalid return type", id);
	if (n && !p[n - 1].type) {
		if (p[n - 1].name_off)
			return fail(c, EINVAL, "[%u] FUNC_PROTO: invalid arg#%u", id, n);
		n--;
	}
	for (uint32_t i = 0; i < n; i++)
		if (!name_obeys(c->view, p[i].name_off, NAME_MAY) || !p[i].type ||
		    is_source_only(btf_view_type(c->view, p[i].type)) ||
		    !has_size(c->view, p[i].type))
			return fail(c, EINVAL, "[%u] FUNC_PROTO: invalid arg#%u", id, i + 1);
	return 0;
}

static int check_func_refs(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const struct btf_type *proto = btf_view_type(c->view, t->type);

	if (btf_kind_of(proto) != BTF_KIND_FUNC_PROTO)
		return fail(c, EINVAL, "[%u] FUNC: invalid type_id", id);
	for (uint32_t i = 0; i < btf_vlen_of(proto); i++)
		if (!btf_params_of(proto)[i].name_off && btf_params_of(proto)[i].type)
			return fail(c, EINVAL, "[%u] FUNC: invalid arg#%u", id, i + 1);
	return 0;
}

static int check_var_refs(const struct check *c, const struct btf_type *t, uint32_t id)
{
	if (is_source_only(btf_view_type(c->view, t->type)) || !has_size(c->view, t->type))
		return fail(c, EINVAL, "[%u] VAR: invalid type_id", id);
	return 0;
}

/* Does a section name it that comes before, or an earlier entry of this one? */
static bool named_before(const struct check *c, uint32_t id, uint32_t entry)
{
	uint32_t var = btf_vars_of(btf_view_type(c->view, id))[entry].type;

	for (uint32_t section = 1; section <= id; section++) {
		const struct btf_type *t = btf_view_type(c->view, section);
		uint32_t cnt = section == id ? entry : btf_vlen_of(t);

		if (btf_kind_of(t) != BTF_KIND_DATASEC)
			continue;
		for (uint32_t i = 0; i < cnt; i++)
			if (btf_vars_of(t)[i].type == var)
				return true;
	}
	return false;
}

/*
 * An entry is as large as its variable. The kernel looks at that where it has met the variable before, by its number
 * or in a section; where the section leads it there first, it does not come back to the size.
 */
static bool too_small(const struct check *c, uint32_t id, uint32_t entry, uint32_t bytes)
{
	const struct btf_var_secinfo *s = &btf_vars_of(btf_view_type(c->view, id))[entry];

	return s->size < bytes && (s->type < id || named_before(c, id, entry));
}

static int check_section_refs(const struct check *c, const struct btf_type *t, uint32_t id)
{
	for (uint32_t i = 0; i < btf_vlen_of(t); i++) {
		const struct btf_type *v = btf_view_type(c->view, btf_vars_of(t)[i].type);
		uint32_t bytes;

		if (btf_kind_of(v) != BTF_KIND_VAR || btf_size_of(c->view, v->type, &bytes) < 0 ||
		    too_small(c, id, i, bytes))
			return fail(c, EINVAL, "[%u] DATASEC: not a VAR, or too small for it", id);
	}
	return 0;
}

static int check_tag_refs(const struct check *c, const struct btf_type *t, uint32_t id)
{
	const struct btf_type *to = btf_view_type(c->view, t->type);
	int32_t component = ((const struct btf_decl_tag *)(t + 1))->component_idx;
	uint32_t kind = btf_kind_of(to);

	if (kind != BTF_KIND_FUNC && !btf_is_struct(to) && kind != BTF_KIND_VAR &&
	    kind != BTF_KIND_TYPEDEF)
		return fail(c, EINVAL, "[%u] DECL_TAG: invalid type", id);
	if (component == -1)
		return 0;
	if (kind == BTF_KIND_FUNC)
		to = btf_view_type(c->view, to->type);
	if (kind == BTF_KIND_VAR || kind == BTF_KIND_TYPEDEF ||
	    (uint32_t)component >= btf_vlen_of(to))
		return fail(c, EINVAL, "[%u] DECL_TAG: invalid component_idx", id);
	return 0;
}

static int check_refs(const struct check *c, uint32_t id)
{
	const struct btf_type *t = btf_view_type(c->view, id);

	if (is_modifier(t) || btf_is_ptr(t))
		return check_chain_refs(c, t, id);
	if (btf_is_struct(t))
		return check_struct_refs(c, t, id);
	switch (btf_kind_of(t)) {
	case BTF_KIND_ARRAY:
		return check_array_refs(c, t, id);
	case BTF_KIND_FUNC_PROTO:
		return check_proto_refs(c, t, id);
	case BTF_KIND_FUNC:
		return check_func_refs(c, t, id);
	case BTF_KIND_VAR:
		return check_var_refs(c, t, id);
	case BTF_KIND_DATASEC:
		return check_section_refs(c, t, id);
	default:
		return btf_kind_of(t) == BTF_KIND_DECL_TAG ? check_tag_refs(c, t, id) : 0;
	}
}

/* Type tags stand before all other modifiers of a chain. */
static int check_tag_order(const struct check *c, uint32_t id)
{
	const struct btf_type *t = btf_view_type(c->view, id);
	bool in_tags = btf_kind_of(t) == BTF_KIND_TYPE_TAG;

	for (int i = 0; is_modifier(t); i++) {
		if (i > BTF_DEPTH_MAX)
			return fail(c, ELOOP, "[%u] Max chain length or cycle detected", id);
		if (btf_kind_of(t) != BTF_KIND_TYPE_TAG)
			in_tags = false;
		else if (!in_tags)
			return fail(c, EINVAL, "[%u] Type tags don't precede modifiers", id);
		t = btf_view_type(c->view, t->type);
	}
	return 0;
}

static int check_all(struct check *c)
{
	uint32_t cnt = btf_view_cnt(c->view);
	int r = 0;

	if (cnt - 1 > TYPES_MAX)
		return fail(c, E2BIG, "Too many types");
	for (uint32_t id = 1; r >= 0 && id < cnt; id++)
		r = check_record(c, id);
	for (uint32_t id = 1; r >= 0 && id < cnt; id++) {
		if (needs_resolve(btf_view_type(c->view, id)) && c->visit[id] == VISIT_NEW)
			r = resolve(c, id);
		if (r >= 0)
			r = check_refs(c, id);
	}
	for (uint32_t id = 1; r >= 0 && id < cnt; id++)
		r = check_tag_order(c, id);
	return r;
}

int bgv_btf_check(const struct bgv_target *target, const void *btf, size_t btf_bytes,
		  char *ret_message)
{
	struct check c = { .message = ret_message };
	int r;

	(void)target;
	if (ret_message)
		*ret_message = '\0';
	r = check_header(&c, btf, btf_bytes);
	if (r < 0)
		return r;
	r = btf_view_new(btf, btf_bytes, NULL, &c.view);
	if (r < 0)
		return r == -EINVAL ? fail(&c, EINVAL, "malformed type or string section") : r;
	c.visit = calloc(btf_view_cnt(c.view), 1);
	r = c.visit ? check_all(&c) : -ENOMEM;
	free(c.visit);
	btf_view_free(c.view);
	return r;
}
