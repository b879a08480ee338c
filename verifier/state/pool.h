/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_POOL_H
#define VERIFIER_POOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Memory of one verification: everything is given back at once by pool_free(). Blocks of up to
 * POOL_SMALL_MAX bytes can be given back earlier and are reused at their size.
 */
struct pool;

#define POOL_SMALL_MAX 4096

/* limit_bytes 0: no limit. NULL: out of memory. The caller owns it: pool_free(). */
struct pool *pool_new(uint64_t limit_bytes);
void pool_free(struct pool *pool);	/* NULL is fine */

/* bytes > 0, not zeroed; NULL: over the limit or out of memory. Lives until pool_give or pool_free. */
void *pool_take(struct pool *pool, size_t bytes);
/* block of exactly `bytes` from pool_take; larger ones stay until pool_free. NULL is fine. */
void pool_give(struct pool *pool, void *block, size_t bytes);

/* The most that was ever taken at once. */
uint64_t pool_peak_bytes(const struct pool *pool);

struct env;

/* Zeroed memory of the env's arena; NULL: over budget (then return verdict_nomem(env)). */
void *pool_zalloc(struct env *env, size_t bytes);
void *pool_calloc(struct env *env, size_t cnt, size_t bytes);

#endif
