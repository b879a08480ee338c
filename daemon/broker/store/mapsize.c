/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas must be decided before the map exists, so its cost is computed, not asked for: elements times
 * (key + value + the kernel's own part), for every CPU where the type keeps a value per CPU. Maps that
 * grow are charged full at once, because nothing tells us when they do. Local storage has no size: it is
 * charged for as many sockets, tasks, inodes or cgroups as there are, and again after each count.
 */
#include "daemon/broker/store/mapsize.h"

#include <inttypes.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/cmd.h"
#include "proto/own.h"

/* The kernel's part of an element of a hash, trie or list map, rounded up. */
#define MAPSIZE_ELEM_OVERHEAD 96u
#define MAPSIZE_BASE	      4096u	/* struct bpf_map and its like */
#define MAPSIZE_PAGE	      4096u

#define MAPSIZE_LOCAL_OVERHEAD 384u	/* an element, and its owner's list of them */
#define MAPSIZE_UNKNOWN	      65536u	/* as many memory cgroups as a kernel can have */

/* Which count each kind of local storage grows with. */
static const struct {
	uint32_t type;
	size_t owners;
} mapsize_local[] = {
	{ BPF_MAP_TYPE_CGROUP_STORAGE, offsetof(struct mapsize_world, cgroups) },
	{ BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, offsetof(struct mapsize_world, cgroups) },
	{ BPF_MAP_TYPE_SK_STORAGE, offsetof(struct mapsize_world, sockets) },
	{ BPF_MAP_TYPE_INODE_STORAGE, offsetof(struct mapsize_world, inodes) },
	{ BPF_MAP_TYPE_TASK_STORAGE, offsetof(struct mapsize_world, tasks) },
	{ KERNEL_MAP_CGRP_STORAGE, offsetof(struct mapsize_world, cgroups) },
};

/* ---- the world ---- */

/* The number after `key` in a small file of the kernel's; false when there is none. */
static bool mapsize_read(const char *path, const char *key, uint64_t *ret_number)
{
	char text[1024], *at;
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return false;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	at = strstr(text, key);
	return at && sscanf(at + strlen(key), "%" SCNu64, ret_number) == 1;
}

static uint64_t mapsize_count(const char *path, const char *key)
{
	uint64_t number;

	return mapsize_read(path, key, &number) ? number : MAPSIZE_UNKNOWN;
}

static uint64_t mapsize_count_cgroups(void)
{
	static const char *const paths[] = { "/sys/fs/cgroup/cgroup.stat", "/sys/fs/cgroup/unified/cgroup.stat" };
	uint64_t living, dying;

	/* Those that are being removed keep what they have until the last use ends. */
	for (size_t i = 0; i < ARRAY_CNT(paths); i++)
		if (mapsize_read(paths[i], "nr_descendants ", &living) &&
		    mapsize_read(paths[i], "nr_dying_descendants ", &dying))
			return 1 + living + dying;
	return MAPSIZE_UNKNOWN;
}

void mapsize_look(struct mapsize_world *ret_world)
{
	ret_world->cpu_cnt = (unsigned int)sysconf(_SC_NPROCESSORS_CONF);
	ret_world->tasks = mapsize_count("/proc/loadavg", "/");
	ret_world->cgroups = mapsize_count_cgroups();
	ret_world->inodes = mapsize_count("/proc/sys/fs/inode-nr", "");
	/* Each is an open file, but for those of TCP that nobody has accepted yet or that were closed early. */
	ret_world->sockets = mapsize_count("/proc/sys/fs/file-nr", "") +
			     mapsize_count("/proc/net/sockstat", " alloc ");
}

/* ---- maps ---- */

bool mapsize_grows(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_CNT(mapsize_local); i++)
		if (mapsize_local[i].type == type)
			return true;
	return false;
}

static uint64_t mapsize_owners(uint32_t type, const struct mapsize_world *world)
{
	uint64_t cnt = 0;

	for (size_t i = 0; i < ARRAY_CNT(mapsize_local); i++)
		if (mapsize_local[i].type == type)
			memcpy(&cnt, (const char *)world + mapsize_local[i].owners, sizeof(cnt));
	return cnt;
}

static uint64_t mapsize_of_elem(const struct ledger_map *map, unsigned int cpu_cnt)
{
	uint64_t value = ((uint64_t)map->value_size + 7) & ~7ull, bytes;
	uint64_t key = ((uint64_t)map->key_size + 7) & ~7ull;

	if (cmd_value_is_percpu(map->type))
		value *= cpu_cnt;
	if (map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY)
		return value;
	if (mapsize_grows(map->type))
		key = MAPSIZE_LOCAL_OVERHEAD;
	if (!SIZE_ADD(key + MAPSIZE_ELEM_OVERHEAD, value, &bytes))
		return UINT64_MAX;
	return bytes;
}

uint64_t mapsize_of(const struct ledger_map *map, const struct mapsize_world *world)
{
	uint64_t bytes, elems = map->max_entries ? map->max_entries : 1;

	if (mapsize_grows(map->type))
		elems = mapsize_owners(map->type, world);

	/* The data of a ring buffer is max_entries bytes, an arena's max_entries pages. */
	if (map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_USER_RINGBUF)
		return (uint64_t)map->max_entries + 3 * MAPSIZE_PAGE;
	if (map->type == KERNEL_MAP_ARENA)
		return elems * MAPSIZE_PAGE + MAPSIZE_BASE;
	if (!SIZE_MUL(mapsize_of_elem(map, world->cpu_cnt), elems, &bytes) ||
	    !SIZE_ADD(bytes, (uint64_t)MAPSIZE_BASE, &bytes))
		return UINT64_MAX;
	return bytes;
}
