/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from a seed, the same on every machine (splitmix64). */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_RNG_H
#define BPFGATE_TESTS_DIFFERENTIAL_RNG_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/array.h"

static inline uint64_t rng_next(uint64_t *rng)
{
	uint64_t z = *rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint32_t rng_pick(uint64_t *rng, uint32_t cnt)
{
	return (uint32_t)(rng_next(rng) % cnt);
}

static inline bool rng_chance(uint64_t *rng, uint32_t percent)
{
	return rng_pick(rng, 100) < percent;
}

/* Numbers at which range analysis has edges. */
static inline int32_t rng_number(uint64_t *rng)
{
	static const int32_t edges[] = { 0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 48, 63, 64, 127, 128, 255, 256, 4096,
					 0xffff, 0x7fff, 0x7fffffff, -1, -2, -8, -16, -64, -256, -0x7fffffff - 1 };

	if (rng_chance(rng, 70))
		return edges[rng_pick(rng, ARRAY_CNT(edges))];
	return rng_chance(rng, 50) ? (int32_t)rng_pick(rng, 64) : (int32_t)rng_next(rng);
}

#endif
