/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_JUMPTAB_H
#define VERIFIER_JUMPTAB_H

#include "verifier/state/env.h"

/* Where an indirect jump may lead: instructions in rising order, each once. */
struct jumptab {
	uint32_t cnt;
	uint32_t at[];
};

/*
 * An array of instructions that the program names (bpf_insn_array_init): frozen, and every element one of its
 * instructions. 0 or rejected; unsupported where its contents are not known.
 */
int jumptab_bind(struct env *env, uint32_t map_idx);

/*
 * All places where the gotox at t may lead, by the arrays whose first element lies in its function; found once and
 * kept in env->jumptabs. 0 or rejected.
 */
int jumptab_of_insn(struct env *env, uint32_t t, const struct jumptab **ret_tab);

/* Elements first to last of a bound map; NULL: out of memory. */
struct jumptab *jumptab_of_map(struct env *env, uint32_t map_idx, uint32_t first, uint32_t last);

/*
 * Successors of instruction idx within its function, fall-through first. No edge leaves an exit; calls fall
 * through. buf is room for two; what is returned points into it or into a table of env's.
 */
const uint32_t *jumptab_successors(const struct env *env, uint32_t idx, uint32_t buf[2], uint32_t *ret_cnt);

#endif
