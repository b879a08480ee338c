/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_MAPVAL_H
#define VERIFIER_MAPVAL_H

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

#endif
