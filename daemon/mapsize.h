/* SPDX-License-Identifier: Apache-2.0 */
/* What a map costs the kernel in memory, as quotas count it. */
#ifndef BPFGATE_DAEMON_MAPSIZE_H
#define BPFGATE_DAEMON_MAPSIZE_H

#include <stdint.h>

#include "daemon/ledger.h"

/* An upper estimate of the bytes when full; UINT64_MAX when the product does not fit. */
uint64_t mapsize_of(const struct ledger_map *map, unsigned int cpu_cnt);

#endif
