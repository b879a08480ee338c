/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_MAPVAL_H
#define VERIFIER_MAPVAL_H

#include "verifier/access/memop.h"
#include "verifier/state/env.h"

/* All of these take a map as registers hold it: 1 + index into env->maps, never 0. */

/* Flags of the map as programs meet them: device maps are read-only for programs. */
uint32_t mapval_flags(const struct env *env, uint32_t map);

/* bpf_map_is_rdonly(): nobody can change its values any more. */
bool mapval_is_frozen(const struct env *env, uint32_t map);

/* Is its type one whose single value has a direct address (map_direct_value_addr exists)? */
bool mapval_has_direct(const struct env *env, uint32_t map);

/*
 * map_direct_value_addr(): 0 when offset off of the single value can be addressed, else
 * -ENOTSUPP or -EINVAL without a verdict.
 */
int mapval_direct(const struct env *env, uint32_t map, uint64_t off);

/*
 * Contents from off on, of a frozen map whose bytes the caller gave: *ret_bytes left of the value.
 * NULL: not known.
 */
const uint8_t *mapval_contents(const struct env *env, uint32_t map, uint64_t off,
			       size_t *ret_bytes);

/*
 * A value, by mem_access(): checks the access; for loads with value_regno >= 0 also sets that register (unknown scalar or what
 * the kind gives). mem.c narrows scalars afterwards.
 */
int mapval_access(struct env *env, const struct memop *op);
/* check_map_access(): bounds and special fields; src_btf: access by a helper. */
int mapval_check(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok,
		 bool by_helper);
int mapval_check_type(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		      enum access access);
/* Special fields of maps: fills env->maps[i].rec. map × program type rules. */
int mapval_bind(struct env *env, uint32_t map_idx);	/* check_map_prog_compatibility */

#endif
