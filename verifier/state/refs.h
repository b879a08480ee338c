/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REFS_H
#define VERIFIER_REFS_H

#include "verifier/state/env.h"

void refs_get_set(struct heldset *set);			/* NULL is fine */
void refs_put_set(struct env *env, struct heldset *set);

/* Acquires a reference at this instruction; its id in *ret_id. 0 or negative. */
int refs_acquire(struct env *env, uint32_t insn_idx, uint32_t *ret_id);
/* HELD_IRQ, locks: also keeps the object. */
int refs_acquire_typed(struct env *env, struct state *st, const struct held *h);
const struct held *refs_find(const struct state *st, uint32_t type_mask, uint32_t id);
bool refs_has(const struct env *env, uint32_t id);	/* find_reference_state */
/* Drops the entry only. 0, or -EINVAL without a verdict when there is none. */
int refs_drop(struct env *env, struct state *st, uint32_t type_mask, uint32_t id);
/* A lock held in that object (as in struct held); NULL: none. Dropping it: as refs_drop(). */
const struct held *refs_find_lock(const struct state *st, uint32_t type_mask, uint32_t id,
				  uint32_t object);
int refs_drop_lock(struct env *env, struct state *st, uint32_t type_mask, uint32_t id,
		   uint32_t object);
/* release_reference(): drops it and kills all registers and slots with that ref. -EINVAL: none. */
int refs_release(struct env *env, uint32_t id);
/* check_reference_leak(); exception_exit: frames' callbacks do not excuse. Rejects on a leak. */
int refs_check_leak(struct env *env, bool exception_exit);
/* check_resource_leak(): references, locks, irq, rcu, preempt; prefix "BPF_EXIT instruction in main prog". */
int refs_check_resources(struct env *env, bool exception_exit, bool check_lock, const char *prefix);
uint32_t refs_cnt(const struct state *st);

#endif
