/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one verification. Promises that nothing leaks (all of it goes with the pool), that the
 * byte budget is never exceeded, and that taking and giving a small block costs a few instructions:
 * there is no malloc per step of the walk. Trusts its callers to give blocks back with their size.
 */
#include "verifier/state/pool.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/state/env.h"

#define CHUNK_BYTES (256u * 1024)
#define ALIGN 16u
#define CLASS_CNT (POOL_SMALL_MAX / ALIGN + 1)

struct chunk {
	struct chunk *next;
	size_t bytes, used;
	max_align_t data[];
};

struct block {
	struct block *next;
};

struct pool {
	struct chunk *chunks;		/* newest first; the first one is being filled */
	struct block *spare[CLASS_CNT];
	uint64_t limit, bytes;
};

struct pool *pool_new(uint64_t limit_bytes)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool)
		pool->limit = limit_bytes ? limit_bytes : UINT64_MAX;
	return pool;
}

void pool_free(struct pool *pool)
{
	struct chunk *c, *next;

	if (!pool)
		return;
	for (c = pool->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(pool);
}

static struct chunk *pool_grow(struct pool *pool, size_t bytes)
{
	size_t want = bytes > CHUNK_BYTES / 4 ? bytes : CHUNK_BYTES;
	struct chunk *c;

	/* a budget smaller than a chunk must still serve small programs */
	if (pool->bytes + want > pool->limit && bytes <= CHUNK_BYTES / 4)
		want = bytes > 4096 ? bytes : 4096;
	if (want > pool->limit || pool->bytes > pool->limit - want)
		return NULL;
	c = malloc(sizeof(*c) + want);
	if (!c)
		return NULL;
	c->bytes = want;
	c->used = 0;
	pool->bytes += want;
	if (bytes > CHUNK_BYTES / 4 && pool->chunks) {	/* keep filling the current one */
		c->next = pool->chunks->next;
		pool->chunks->next = c;
	} else {
		c->next = pool->chunks;
		pool->chunks = c;
	}
	return c;
}

void *pool_take(struct pool *pool, size_t bytes)
{
	size_t need = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct chunk *c = pool->chunks;
	struct block *b;
	void *p;

	if (need < bytes)
		return NULL;
	if (need <= POOL_SMALL_MAX && (b = pool->spare[need / ALIGN])) {
		pool->spare[need / ALIGN] = b->next;
		return b;
	}
	if (!c || c->bytes - c->used < need)
		c = pool_grow(pool, need);
	if (!c)
		return NULL;
	p = (char *)c->data + c->used;
	c->used += need;
	return p;
}

void pool_give(struct pool *pool, void *block, size_t bytes)
{
	size_t need = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct block *b = block;

	if (!b || need > POOL_SMALL_MAX)
		return;
	b->next = pool->spare[need / ALIGN];
	pool->spare[need / ALIGN] = b;
}

uint64_t pool_peak_bytes(const struct pool *pool)
{
	return pool->bytes;
}

void *pool_zalloc(struct env *env, size_t bytes)
{
	void *p = pool_take(env->pool, bytes ? bytes : 1);

	if (p)
		memset(p, 0, bytes);
	return p;
}

void *pool_calloc(struct env *env, size_t cnt, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(cnt, bytes, &total))
		return NULL;
	return pool_zalloc(env, total);
}
