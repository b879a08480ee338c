/* SPDX-License-Identifier: Apache-2.0 */
/* What a map costs the kernel in memory, as quotas count it. */
#ifndef BPFGATE_DAEMON_MAPSIZE_H
#define BPFGATE_DAEMON_MAPSIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/broker/store/ledger.h"

/* What there is on this machine now. Local storage has at most one value for each of its kind. */
struct mapsize_world {
	unsigned int cpu_cnt;
	uint64_t tasks, cgroups, inodes, sockets;
};

/* Counts them. What the kernel does not tell counts as 65,536. */
void mapsize_look(struct mapsize_world *ret_world);

/* An upper estimate of the bytes when full; UINT64_MAX when the product does not fit. */
uint64_t mapsize_of(const struct ledger_map *map, const struct mapsize_world *world);

/* Its size is not said when it is made: it grows with what there is in the world. */
bool mapsize_grows(uint32_t type);

#endif
