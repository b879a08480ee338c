/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attach types and map types as the table of the kernel's types has them: which members of link_create's union each attach
 * type uses, and what its target is; what the values of a map hold. Pure data; a type without a row has no target and no
 * members, or holds plain values.
 */
#include "proto/cmd.h"

#include "proto/own.h"

static const struct cmd_attach attach_rows[CMD_ATTACH_CNT] = {
#define KERNEL_ATTACH_TYPE(number, NAME, since, LINK, fields, target, KIND) \
	[number] = { #NAME, CMD_ATTACH_##fields, CMD_TARGET_##target, KERNEL_LINK_##LINK },
#include "proto/kernel_types.def"
};

const struct cmd_attach *cmd_attach_of(uint32_t attach_type)
{
	return attach_type < CMD_ATTACH_CNT ? &attach_rows[attach_type] : NULL;
}

/* What the table says of a map's values. */
struct map_value {
	bool is_percpu, is_fd, is_prog;
	uint8_t fd_off;
};

#define VALUE_PLAIN     { 0 }
#define VALUE_PERCPU    { .is_percpu = true }
#define VALUE_FD_AT_0   { .is_fd = true }
#define VALUE_PROG_AT_0 { .is_fd = true, .is_prog = true }
#define VALUE_PROG_AT_4 { .is_fd = true, .is_prog = true, .fd_off = 4 } /* after an interface or a queue's size */

static const struct map_value map_values[KERNEL_MAP_CNT] = {
#define KERNEL_MAP_TYPE(number, NAME, name, since, caps, value) [number] = VALUE_##value,
#include "proto/kernel_types.def"
};

static struct map_value value_of(uint32_t map_type)
{
	return map_type < ARRAY_CNT(map_values) ? map_values[map_type] : (struct map_value)VALUE_PLAIN;
}

int cmd_value_fd_off(uint32_t map_type)
{
	return value_of(map_type).is_fd ? value_of(map_type).fd_off : -ENOENT;
}

int cmd_value_prog_off(uint32_t map_type)
{
	return value_of(map_type).is_prog ? value_of(map_type).fd_off : -ENOENT;
}

bool cmd_value_is_percpu(uint32_t map_type)
{
	return value_of(map_type).is_percpu;
}
