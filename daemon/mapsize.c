/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas must be decided before the map exists, so its cost is computed, not asked for: elements times
 * (key + value + the kernel's own part), for every CPU where the type keeps a value per CPU. Maps that
 * grow are charged full at once, because nothing tells us when they do.
 */
#include "daemon/mapsize.h"

#include <linux/bpf.h>
#include <stdbool.h>

#include "proto/own.h"

/* The kernel's part of an element of a hash, trie or list map, rounded up. */
#define MAPSIZE_ELEM_OVERHEAD 96u
#define MAPSIZE_BASE	      4096u	/* struct bpf_map and its like */
#define MAPSIZE_PAGE	      4096u
#define MAPSIZE_ARENA_TYPE    33u	/* BPF_MAP_TYPE_ARENA, Linux 6.9 */

static bool mapsize_is_percpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static uint64_t mapsize_of_elem(const struct ledger_map *map, unsigned int cpu_cnt)
{
	uint64_t value = ((uint64_t)map->value_size + 7) & ~7ull, bytes;
	uint64_t key = ((uint64_t)map->key_size + 7) & ~7ull;

	if (mapsize_is_percpu(map->type))
		value *= cpu_cnt;
	if (map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY)
		return value;
	if (!SIZE_ADD(key + MAPSIZE_ELEM_OVERHEAD, value, &bytes))
		return UINT64_MAX;
	return bytes;
}

uint64_t mapsize_of(const struct ledger_map *map, unsigned int cpu_cnt)
{
	uint64_t bytes, elems = map->max_entries ? map->max_entries : 1;

	/* The data of a ring buffer is max_entries bytes, an arena's max_entries pages. */
	if (map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_USER_RINGBUF)
		return (uint64_t)map->max_entries + 3 * MAPSIZE_PAGE;
	if (map->type == MAPSIZE_ARENA_TYPE)
		return elems * MAPSIZE_PAGE + MAPSIZE_BASE;
	if (!SIZE_MUL(mapsize_of_elem(map, cpu_cnt), elems, &bytes) ||
	    !SIZE_ADD(bytes, (uint64_t)MAPSIZE_BASE, &bytes))
		return UINT64_MAX;
	return bytes;
}
