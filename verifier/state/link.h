/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_LINK_H
#define VERIFIER_LINK_H

#include "verifier/state/env.h"

/* Holders of one or two linked scalars, in the order they are met. */
struct linked {
	uint32_t cnt;
	struct linked_at { uint8_t frame, at; bool is_reg; } e[ENV_LINKED_MAX];
};

/* Before `copy = src`: gives a changing scalar a link id (assign_scalar_id_before_mov). */
void link_before_copy(struct env *env, struct reg *src);
static inline void link_drop(struct reg *r)
{
	r->id = 0;
	r->off = 0;
}

/*
 * Adds the holders of `id` in the current state, but registers that nobody reads any more; holders beyond the kernel's limit lose their link.
 * 0 or negative.
 */
int link_collect(struct env *env, uint32_t id, struct linked *set);
/* Every holder in st gets what is now known of *known (a register of st), plus its delta. */
int link_sync(struct env *env, struct state *st, const struct reg *known,
	      const struct linked *set);

uint64_t link_pack(const struct linked *set);	/* at most 6 of them; never 0 for a non-empty set */
void link_unpack(uint64_t packed, struct linked *ret_set);

#endif
