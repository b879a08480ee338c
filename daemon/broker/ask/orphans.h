/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our loaders made and no record knows: programs that outlived their ledger, held by links,
 * maps or clients. They are looked for at the start and every half minute, and shown to root.
 */
#ifndef BPFGATE_DAEMON_ORPHANS_H
#define BPFGATE_DAEMON_ORPHANS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/broker/work/broker.h"

struct orphans;

/* 0 or -ENOMEM; NULL may be freed. */
int orphans_new(struct orphans **ret_orphans);
void orphans_free(struct orphans *orphans);

/* The ids of all programs that the loaders' user made, as the kernel says, ascending. Tells the
 * journal when there are more. */
void orphans_set(struct broker *broker, const uint32_t *ids, size_t cnt);
/* The next one above `after` that has no record (now); 0: no more. */
uint32_t orphans_next(const struct broker *broker, uint32_t after);
size_t orphans_cnt(const struct broker *broker);

#endif
