/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attach types of Linux 7.3: which members of link_create's union each one uses, and what its
 * target is; and the map types whose values are fds. Pure data; an attach type without a row has
 * no target and no union members, a map type without a row holds plain values.
 */
#include "proto/cmd.h"

#include "proto/own.h"

static const struct cmd_attach attach_rows[CMD_ATTACH_CNT] = {
#define KERNEL_ATTACH_TYPE(number, NAME, cls, target) [number] = { #NAME, CMD_ATTACH_##cls, CMD_TARGET_##target },
#include "proto/kernel_types.def"
};

const struct cmd_attach *cmd_attach_of(uint32_t attach_type)
{
	return attach_type < CMD_ATTACH_CNT ? &attach_rows[attach_type] : NULL;
}

static const struct {
	uint8_t map_type;
	uint8_t off;
} value_fd_rows[] = {
	{ 3, 0 },  /* PROG_ARRAY */
	{ 4, 0 },  /* PERF_EVENT_ARRAY */
	{ 8, 0 },  /* CGROUP_ARRAY */
	{ 12, 0 }, /* ARRAY_OF_MAPS */
	{ 13, 0 }, /* HASH_OF_MAPS */
	{ 14, 4 }, /* DEVMAP: interface, program */
	{ 15, 0 }, /* SOCKMAP */
	{ 16, 4 }, /* CPUMAP: queue size, program */
	{ 17, 0 }, /* XSKMAP */
	{ 18, 0 }, /* SOCKHASH */
	{ 20, 0 }, /* REUSEPORT_SOCKARRAY */
	{ 25, 4 }, /* DEVMAP_HASH */
};

int cmd_value_fd_off(uint32_t map_type)
{
	for (size_t i = 0; i < ARRAY_CNT(value_fd_rows); i++)
		if (value_fd_rows[i].map_type == map_type)
			return value_fd_rows[i].off;
	return -ENOENT;
}
