/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One walk over the type section, noting where each name is. Promises never to read outside the
 * bytes it was given, whatever they say; trusts nothing; refuses BTF whose types do not exactly fill
 * their section, so that an id means one type.
 */
#include "object/btfname.h"

#include <endian.h>
#include <linux/btf.h>
#include <string.h>

#include "proto/own.h"

struct btfname {
	const struct btfname *base;
	const char *strings;
	uint32_t string_bytes, first_string; /* split BTF continues the base's strings and ids */
	uint32_t first_id, cnt;
	uint32_t *name_offs;
};

/* Bytes after a struct btf_type, by kind: fixed, and for each of vlen. */
static const struct {
	uint8_t known, fixed, each;
} kind_bytes[] = {
	[BTF_KIND_INT] = { 1, 4, 0 },
	[BTF_KIND_PTR] = { 1, 0, 0 },
	[BTF_KIND_ARRAY] = { 1, sizeof(struct btf_array), 0 },
	[BTF_KIND_STRUCT] = { 1, 0, sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { 1, 0, sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { 1, 0, sizeof(struct btf_enum) },
	[BTF_KIND_FWD] = { 1, 0, 0 },
	[BTF_KIND_TYPEDEF] = { 1, 0, 0 },
	[BTF_KIND_VOLATILE] = { 1, 0, 0 },
	[BTF_KIND_CONST] = { 1, 0, 0 },
	[BTF_KIND_RESTRICT] = { 1, 0, 0 },
	[BTF_KIND_FUNC] = { 1, 0, 0 },
	[BTF_KIND_FUNC_PROTO] = { 1, 0, sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { 1, 4, 0 },
	[BTF_KIND_DATASEC] = { 1, 0, sizeof(struct btf_var_secinfo) },
	[BTF_KIND_FLOAT] = { 1, 0, 0 },
	[BTF_KIND_DECL_TAG] = { 1, 4, 0 },
	[BTF_KIND_TYPE_TAG] = { 1, 0, 0 },
	[BTF_KIND_ENUM64] = { 1, 0, sizeof(struct btf_enum64) },
};

static uint32_t load_u32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return le32toh(v);
}

/* Bytes of the type at `at`, of which `left` exist; 0 when it does not fit or is of no known kind. */
static size_t type_bytes(const uint8_t *at, size_t left)
{
	uint32_t info, kind;
	size_t bytes;

	if (left < sizeof(struct btf_type))
		return 0;
	info = load_u32(at + 4);
	kind = info >> 24 & 0x1f;
	if (kind >= ARRAY_CNT(kind_bytes) || !kind_bytes[kind].known)
		return 0;
	bytes = sizeof(struct btf_type) + kind_bytes[kind].fixed +
		(size_t)kind_bytes[kind].each * (info & 0xffff);
	return bytes <= left ? bytes : 0;
}

/* Fills name_offs, or only counts when it is NULL; -EINVAL when the types do not fill the section. */
static int walk_types(const uint8_t *at, size_t left, uint32_t *name_offs, uint32_t *ret_cnt)
{
	uint32_t cnt = 0;
	size_t bytes;

	while (left) {
		bytes = type_bytes(at, left);
		if (!bytes)
			return -EINVAL;
		if (name_offs)
			name_offs[cnt] = load_u32(at);
		cnt++;
		at += bytes;
		left -= bytes;
	}
	*ret_cnt = cnt;
	return 0;
}

/* Sections by (offset, length) after the header; each must lie inside. */
static int find_sections(const uint8_t *bytes, size_t cnt, const uint8_t **ret_types, uint32_t *type_cnt,
			 const char **ret_strings, uint32_t *string_cnt)
{
	uint32_t hdr, type_off, str_off;
	size_t body;

	if (cnt < sizeof(struct btf_header) || bytes[0] != (BTF_MAGIC & 0xff) ||
	    bytes[1] != BTF_MAGIC >> 8 || bytes[2] != 1)
		return -EINVAL;
	hdr = load_u32(bytes + 4);
	if (hdr < sizeof(struct btf_header) || hdr > cnt)
		return -EINVAL;
	body = cnt - hdr;
	type_off = load_u32(bytes + 8);
	*type_cnt = load_u32(bytes + 12);
	str_off = load_u32(bytes + 16);
	*string_cnt = load_u32(bytes + 20);
	if (type_off > body || *type_cnt > body - type_off || str_off > body ||
	    *string_cnt > body - str_off || !*string_cnt)
		return -EINVAL;
	*ret_types = bytes + hdr + type_off;
	*ret_strings = (const char *)bytes + hdr + str_off;
	return (*ret_strings)[*string_cnt - 1] ? -EINVAL : 0;
}

int btfname_new(const void *bytes, size_t bytes_cnt, const struct btfname *base,
		struct btfname **ret_names)
{
	struct btfname *names = calloc(1, sizeof(*names));
	const uint8_t *types = NULL;
	uint32_t type_cnt = 0;
	int r;

	if (!names)
		return -ENOMEM;
	names->base = base;
	names->first_id = base ? base->first_id + base->cnt : 1;
	names->first_string = base ? base->first_string + base->string_bytes : 0;
	r = find_sections(bytes, bytes_cnt, &types, &type_cnt, &names->strings, &names->string_bytes);
	if (r >= 0)
		r = walk_types(types, type_cnt, NULL, &names->cnt);
	if (r >= 0) {
		names->name_offs = calloc((size_t)names->cnt + 1, sizeof(*names->name_offs));
		r = names->name_offs ? walk_types(types, type_cnt, names->name_offs, &names->cnt) :
				       -ENOMEM;
	}
	if (r < 0) {
		btfname_free(names);
		return r;
	}
	*ret_names = names;
	return 0;
}

void btfname_free(struct btfname *names)
{
	if (!names)
		return;
	free(names->name_offs);
	free(names);
}

static const char *string_at(const struct btfname *names, uint32_t off)
{
	while (names && off < names->first_string)
		names = names->base;
	if (!names || off - names->first_string >= names->string_bytes)
		return NULL;
	return names->strings + (off - names->first_string);
}

const char *btfname_get(const struct btfname *names, uint32_t type_id)
{
	const struct btfname *owner = names;
	const char *name;

	while (owner && type_id < owner->first_id)
		owner = owner->base;
	if (!owner || type_id - owner->first_id >= owner->cnt)
		return NULL;
	name = string_at(owner, owner->name_offs[type_id - owner->first_id]);
	return name && *name ? name : NULL;
}
