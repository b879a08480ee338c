/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types by number: a reader of raw BTF that believes nothing. A view exists only of bytes whose
 * every record, name and reference is inside its section, so that the accessors need no checks;
 * chains of types may still be circular, and walkers bound their steps (BTF_DEPTH_MAX).
 */
#ifndef VERIFIER_BTF_H
#define VERIFIER_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/btf.h>

struct env;
struct btf_view;

#define BTF_DEPTH_MAX 32	/* the kernel's own bound on nesting and chains */

/*
 * Copies and indexes the bytes. base: the kernel's BTF, for a module's (must outlive the view);
 * else NULL. 0, -EINVAL (malformed) or -ENOMEM. btf_view_free(NULL) is fine.
 */
int btf_view_new(const void *data, size_t bytes, const struct btf_view *base,
		 struct btf_view **ret_view);
void btf_view_free(struct btf_view *view);

/* Numbers below this are types; 0 is void. */
uint32_t btf_view_cnt(const struct btf_view *view);
/* The record of a type; that of void for 0; NULL when there is no such number. */
const struct btf_type *btf_view_type(const struct btf_view *view, uint32_t id);
/* A name by its offset; "" when there is none. Never NULL. */
const char *btf_view_str(const struct btf_view *view, uint32_t off);
const char *btf_view_name(const struct btf_view *view, uint32_t id);
/* The lowest type of that kind and name; 0: none. A module's view looks in its base first. */
uint32_t btf_view_find(const struct btf_view *view, uint32_t kind, const char *name);

/* The next of that kind and name with a higher number, in the same view; 0: none. */
uint32_t btf_view_find_next(const struct btf_view *view, uint32_t kind, const char *name,
			    uint32_t after);
/* Is the offset inside the names? */
bool btf_str_fits(const struct btf_view *view, uint32_t off);

static inline uint32_t btf_kind_of(const struct btf_type *t) { return BTF_INFO_KIND(t->info); }
static inline uint32_t btf_vlen_of(const struct btf_type *t) { return BTF_INFO_VLEN(t->info); }
static inline bool btf_kflag_of(const struct btf_type *t) { return BTF_INFO_KFLAG(t->info); }
static inline const struct btf_member *btf_members_of(const struct btf_type *t)
{
	return (const struct btf_member *)(t + 1);
}
static inline const struct btf_param *btf_params_of(const struct btf_type *t)
{
	return (const struct btf_param *)(t + 1);
}
static inline const struct btf_array *btf_array_of(const struct btf_type *t)
{
	return (const struct btf_array *)(t + 1);
}
static inline const struct btf_var_secinfo *btf_vars_of(const struct btf_type *t)
{
	return (const struct btf_var_secinfo *)(t + 1);
}
static inline bool btf_is_struct(const struct btf_type *t)
{
	return btf_kind_of(t) == BTF_KIND_STRUCT || btf_kind_of(t) == BTF_KIND_UNION;
}
static inline bool btf_is_ptr(const struct btf_type *t) { return btf_kind_of(t) == BTF_KIND_PTR; }
static inline bool btf_is_void(const struct btf_type *t) { return t->info == 0; }
/* Integers and enumerations: what travels in a register as a number. */
static inline bool btf_is_scalar(const struct btf_type *t)
{
	return btf_kind_of(t) == BTF_KIND_INT || btf_kind_of(t) == BTF_KIND_ENUM ||
	       btf_kind_of(t) == BTF_KIND_ENUM64;
}

static inline uint32_t btf_member_bits(const struct btf_type *t, const struct btf_member *m)
{
	return btf_kflag_of(t) ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
}
static inline uint32_t btf_member_bitfield(const struct btf_type *t, const struct btf_member *m)
{
	return btf_kflag_of(t) ? BTF_MEMBER_BITFIELD_SIZE(m->offset) : 0;
}

/*
 * Behind const, volatile, restrict, typedef and type tags; its number in *ret_id (may be NULL).
 * NULL: no such type, or an endless chain.
 */
const struct btf_type *btf_skip_mods(const struct btf_view *view, uint32_t id, uint32_t *ret_id);
/* The type a pointer (behind modifiers) points to, behind its modifiers; NULL: not a pointer. */
const struct btf_type *btf_pointee(const struct btf_view *view, uint32_t id, uint32_t *ret_id);
/* The type tag right behind the pointer type `ptr`, "" without one. */
const char *btf_ptr_tag(const struct btf_view *view, const struct btf_type *ptr);
/* Size in bytes of a type behind modifiers and arrays. 0, or -EINVAL (has none). */
int btf_size_of(const struct btf_view *view, uint32_t id, uint32_t *ret_bytes);

/*
 * The value of the decl tag on (type, component) that begins with `prefix`, after the one with
 * number `after` (0: the first); its number in *ret_id (may be NULL). NULL: none. component -1: the
 * type.
 */
const char *btf_decl_tag(const struct btf_view *view, uint32_t id, int32_t component,
			 const char *prefix, uint32_t after, uint32_t *ret_id);

/* Does the text end, or begin, with the other? */
bool btf_text_ends(const char *text, const char *suffix);
bool btf_text_begins(const char *text, const char *prefix);

/*
 * The view env structs name by `btf`: 0 the target's, else 1 + index into the program's blobs,
 * parsed at first use. NULL: none given, or malformed.
 */
const struct btf_view *btf_of(struct env *env, uint32_t btf);
/* Frees what btf_of() parsed. */
void btf_env_done(struct env *env);

/* Are (a, a_id) and (b, b_id) one type, also when a module's view names the kernel's type? */
bool btf_same_type(const struct btf_view *a, uint32_t a_id, const struct btf_view *b,
		   uint32_t b_id);

#endif
