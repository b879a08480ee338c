/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the kernel create this map? The rules of each type are rows of map_shapes.def; what is not
 * said there, memory and limits of a machine, is not judged. Trusts its table; believes nothing of
 * the shape.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "verifier/bpfgate-verifier.h"
#include "proto/array.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/profile.h"

#define MESSAGE_BYTES	 256u
#define PERCPU_BYTES_MAX 32768u /* the smallest unit of per-CPU memory */
#define STACK_DEPTH_BYTES                                                                          \
	1016u /* 127 addresses, what sysctl kernel.perf_event_max_stack is by default */
#define PAGE_BYTES	 4096u
#define BLOOM_HASHES_MAX 15u
#define ARENA_PAGES_MAX	 (1u << 20)

enum map_flag {
	NO_PREALLOC = 1u << 0,
	NO_COMMON_LRU = 1u << 1,
	NUMA = 1u << 2,
	RW = 1u << 3 | 1u << 4, /* for user space: read-only or write-only */
	BUILD_ID = 1u << 5,
	SEED = 1u << 6,
	PROG_RW = 1u << 7 | 1u << 8, /* for programs */
	CLONE = 1u << 9,
	MMAPABLE = 1u << 10,
	PRESERVE = 1u << 11,
	INNER = 1u << 12,
	LINK = 1u << 13,
	VTYPE_BTF = 1u << 15,
	TOKEN = 1u << 16,
	SEGV = 1u << 17,
	NO_USER = 1u << 18,
	OVERWRITE = 1u << 19,
};

#define OVERWRITE_SINCE (6u << 24 | 19u << 16)

enum map_entries { SOME = 1, ZERO, RING };
enum map_more { STACKS = 1, TEMPLATE, TYPES, HASHES, PAGES };

/* A size in bytes: one of two, or from the first to the second. */
struct size_rule {
	uint32_t least, most;
	bool both_only;
};

struct map_shape {
	struct size_rule key, value;
	enum map_entries entries;
	uint32_t must, may;
	enum map_more more;
};

#define ANY                                                                                        \
	{                                                                                          \
		1, UINT32_MAX, false                                                               \
	}
#define NONE                                                                                       \
	{                                                                                          \
		0, 0, false                                                                        \
	}
#define ONE(n)                                                                                     \
	{                                                                                          \
		n, n, false                                                                        \
	}
#define TWO(n, m)                                                                                  \
	{                                                                                          \
		n, m, true                                                                         \
	}
#define SPAN(n, m)                                                                                 \
	{                                                                                          \
		n, m, false                                                                        \
	}
#define PERCPU                                                                                     \
	{                                                                                          \
		1, PERCPU_BYTES_MAX, false                                                         \
	}

static const struct map_shape shapes[MT_CNT] = {
#define SHAPE(NAME, keys, values, entries, must, may, more)                                        \
	[MT_##NAME] = { keys, values, entries, must, may, more },
#include "verifier/kernel/map_shapes.def"
#undef SHAPE
};

static const uint32_t shape_profiles[MT_CNT] = {
#define MAP_TYPE(id, NAME, name, direct, sleepable, profiles) [id] = profiles,
#include "verifier/kernel/map_types.def"
#undef MAP_TYPE
};

static int __attribute__((format(printf, 3, 4)))
refuse(char *message, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (message)
		(void)vsnprintf(message, MESSAGE_BYTES, fmt, ap);
	va_end(ap);
	return -err;
}

static bool size_fits(const struct size_rule *rule, uint32_t bytes)
{
	return rule->both_only ? bytes == rule->least || bytes == rule->most
			       : bytes >= rule->least && bytes <= rule->most;
}

static int check_size(const struct size_rule *rule, const char *what, uint32_t bytes, char *message)
{
	if (size_fits(rule, bytes))
		return 0;
	if (!rule->most)
		return refuse(message, EINVAL, "the %s size must be 0, not %u", what, bytes);
	if (rule->least == rule->most)
		return refuse(message, EINVAL, "the %s size must be %u, not %u", what, rule->least,
			      bytes);
	if (rule->both_only)
		return refuse(message, EINVAL, "the %s size must be %u or %u, not %u", what,
			      rule->least, rule->most, bytes);
	return bytes < rule->least
		       ? refuse(message, EINVAL, "the %s size must be at least %u, not %u", what,
				rule->least, bytes)
		       : refuse(message, rule->most == PERCPU_BYTES_MAX ? E2BIG : EINVAL,
				"the %s size must be at most %u, not %u", what, rule->most, bytes);
}

static const char *flag_name(uint32_t bit)
{
	static const char *const names[] = { "BPF_F_NO_PREALLOC",  "BPF_F_NO_COMMON_LRU",
					     "BPF_F_NUMA_NODE",	   "BPF_F_RDONLY",
					     "BPF_F_WRONLY",	   "BPF_F_STACK_BUILD_ID",
					     "BPF_F_ZERO_SEED",	   "BPF_F_RDONLY_PROG",
					     "BPF_F_WRONLY_PROG",  "BPF_F_CLONE",
					     "BPF_F_MMAPABLE",	   "BPF_F_PRESERVE_ELEMS",
					     "BPF_F_INNER_MAP",	   "BPF_F_LINK",
					     "BPF_F_PATH_FD",	   "BPF_F_VTYPE_BTF_OBJ_FD",
					     "BPF_F_TOKEN_FD",	   "BPF_F_SEGV_ON_FAULT",
					     "BPF_F_NO_USER_CONV", "BPF_F_RB_OVERWRITE" };

	return bit < ARRAY_CNT(names) ? names[bit] : "a flag that no kernel knows";
}

static int check_flags(const struct bgv_target *target, const struct map_shape *shape,
		       uint32_t flags, char *message)
{
	uint32_t may = shape->may | shape->must, wrong;

	if (target->version < OVERWRITE_SINCE)
		may &= ~(uint32_t)OVERWRITE;
	if (target->profile != PROFILE_6_1)
		may |= TOKEN;
	wrong = flags & ~may;
	if (wrong)
		return refuse(message, EINVAL, "%s is no flag of this type on this kernel",
			      flag_name((uint32_t)__builtin_ctz(wrong)));
	if ((flags & shape->must) != shape->must)
		return refuse(message, EINVAL, "this type needs %s",
			      flag_name((uint32_t)__builtin_ctz(shape->must & ~flags)));
	if ((flags & RW) == RW || (flags & PROG_RW) == PROG_RW)
		return refuse(message, EINVAL, "a map cannot be both read-only and write-only");
	return 0;
}

static int check_entries(const struct map_shape *shape, uint32_t cnt, char *message)
{
	if (shape->entries == SOME && !cnt)
		return refuse(message, EINVAL, "it must have at least one entry");
	if (shape->entries == ZERO && cnt)
		return refuse(message, EINVAL, "max_entries must be 0 for this type, not %u", cnt);
	if (shape->entries == RING && (!cnt || cnt & (cnt - 1) || cnt % PAGE_BYTES))
		return refuse(message, EINVAL,
			      "its size must be a power of two and whole pages, not %u", cnt);
	return 0;
}

static int check_extra(const struct map_shape *shape, uint64_t extra, char *message)
{
	if (shape->more == HASHES && extra > BLOOM_HASHES_MAX)
		return refuse(message, EINVAL,
			      "map_extra, the number of hash functions, must be at most %u",
			      BLOOM_HASHES_MAX);
	if (shape->more == PAGES && extra % PAGE_BYTES)
		return refuse(message, EINVAL,
			      "map_extra, where the arena is mapped, must be whole pages");
	if (shape->more != HASHES && shape->more != PAGES && extra)
		return refuse(message, EINVAL, "map_extra must be 0 for this type");
	return 0;
}

static int check_stacks(const struct bgv_map *map, char *message)
{
	uint32_t entry = map->map_flags & BUILD_ID ? 32 : 8, most = STACK_DEPTH_BYTES / 8 * entry;

	if (map->value_size < 8 || map->value_size % entry)
		return refuse(message, EINVAL, "the value size must be a multiple of %u, not %u",
			      entry, map->value_size);
	if (map->value_size > most)
		return refuse(message, EINVAL,
			      "the value size must be at most %u (perf_event_max_stack), not %u",
			      most, map->value_size);
	return 0;
}

/* What a map of maps holds: no maps of maps, and nothing that counts its holders. */
static int check_template(const struct bgv_map *inner, char *message)
{
	if (!inner)
		return refuse(message, EBADF, "a map of maps needs an inner map as a template");
	if (inner->type == MT_ARRAY_OF_MAPS || inner->type == MT_HASH_OF_MAPS)
		return refuse(message, EINVAL, "the inner map cannot be a map of maps itself");
	if (inner->type == MT_CGROUP_STORAGE || inner->type == MT_PERCPU_CGROUP_STORAGE ||
	    inner->type == MT_STRUCT_OPS)
		return refuse(message, ENOTSUPP, "the inner map cannot be of type %s",
			      names_map_type(inner->type));
	return 0;
}

static int check_more(const struct map_shape *shape, const struct bgv_map *map,
		      const struct bgv_map *inner, char *message)
{
	switch (shape->more) {
	case STACKS:
		return check_stacks(map, message);
	case TEMPLATE:
		return check_template(inner, message);
	case TYPES:
		if (!map->btf_key_type_id || !map->btf_value_type_id)
			return refuse(message, EINVAL,
				      "this type needs types of key (int) and value in BTF");
		return 0;
	case PAGES:
		if (map->max_entries > ARENA_PAGES_MAX)
			return refuse(message, E2BIG, "an arena has at most 4 GB");
		return 0;
	default:
		return 0;
	}
}

static int check_shape(const struct bgv_target *target, const struct bgv_map *map,
		       const struct bgv_map *inner, char *message)
{
	const struct map_shape *shape = &shapes[map->type];
	int r = check_size(&shape->key, "key", map->key_size, message);

	if (r >= 0)
		r = check_size(&shape->value, "value", map->value_size, message);
	if (r >= 0)
		r = check_flags(target, shape, map->map_flags, message);
	if (r >= 0)
		r = check_entries(shape, map->max_entries, message);
	if (r >= 0)
		r = check_extra(shape, map->map_extra, message);
	return r < 0 ? r : check_more(shape, map, inner, message);
}

int bgv_map_check(const struct bgv_target *target, const struct bgv_map *map,
		  const struct bgv_map *inner, char *ret_message)
{
	const char *name = names_map_type(map->type);

	if (ret_message)
		ret_message[0] = '\0';
	if (!name || !map->type)
		return refuse(ret_message, EINVAL, "no kernel that is known has map type %u",
			      map->type);
	if (!(shape_profiles[map->type] & 1u << target->profile))
		return refuse(ret_message, EINVAL, "this kernel has no maps of type %s", name);
	/* those of struct_ops are made of a type of the kernel's, and libbpf makes them right */
	return map->type == MT_STRUCT_OPS ? 0 : check_shape(target, map, inner, ret_message);
}
