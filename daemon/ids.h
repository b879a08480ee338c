/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of all maps, programs or links in the kernel, read through BPF iterators of our own. */
#ifndef BPFGATE_DAEMON_IDS_H
#define BPFGATE_DAEMON_IDS_H

#include "daemon/broker.h"

struct ids;

/* The ids, in the kernel's order, valid during the call; err < 0: not known. */
typedef void (*ids_done_fn)(void *ctx, int err, uint32_t *ids, size_t id_cnt);

int ids_new(struct broker *broker, struct ids **ret_ids);
void ids_free(struct ids *ids);

/*
 * Reads all ids of one kind (KEEP_MAP, KEEP_PROG, KEEP_LINK). One question at a time: -EBUSY. on_done
 * is called exactly once, later.
 */
int ids_read(struct ids *ids, uint32_t obj_kind, ids_done_fn on_done, void *ctx);

#endif
