/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_VERIFIER_TNUM_H
#define BPFGATE_VERIFIER_TNUM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A set of numbers by their bits: a bit set in `mask` is unknown, any other equals that of `value`.
 * `value & mask` is 0 in every tnum that these functions make from tnums that keep to it.
 */
struct tnum {
	uint64_t value, mask;
};

#define TNUM_UNKNOWN ((struct tnum){ 0, UINT64_MAX })

static inline struct tnum tnum_const(uint64_t value)
{
	return (struct tnum){ value, 0 };
}

static inline bool tnum_is_const(struct tnum t)
{
	return t.mask == 0;
}

/* Is `value` a member? */
static inline bool tnum_has(struct tnum t, uint64_t value)
{
	return (value & ~t.mask) == t.value;
}

static inline uint64_t tnum_max(struct tnum t)
{
	return t.value | t.mask;
}

/* The smallest tnum that holds every number of [low, high], low <= high. */
struct tnum tnum_range(uint64_t low, uint64_t high);

struct tnum tnum_lsh(struct tnum t, unsigned int shift);	/* shift < 64 */
struct tnum tnum_rsh(struct tnum t, unsigned int shift);
struct tnum tnum_arsh(struct tnum t, unsigned int shift, unsigned int width_bits); /* 32 or 64 */
struct tnum tnum_add(struct tnum a, struct tnum b);
struct tnum tnum_sub(struct tnum a, struct tnum b);
struct tnum tnum_and(struct tnum a, struct tnum b);
struct tnum tnum_or(struct tnum a, struct tnum b);
struct tnum tnum_xor(struct tnum a, struct tnum b);

/* Partial products summed apart from their uncertainty (6.1, 6.12); commutes up to precision. */
struct tnum tnum_mul_parts(struct tnum a, struct tnum b);
/* Long multiplication over a's bits, a union where a bit is unknown (6.18). */
struct tnum tnum_mul_long(struct tnum a, struct tnum b);

/* The bytes of the low `bytes` (2, 4, 8) reversed, the others dropped. */
struct tnum tnum_swap(struct tnum t, unsigned int bytes);

/*
 * Members of both. When they contradict each other, a disputed known bit comes out as 1, as in the
 * kernel.
 */
struct tnum tnum_intersect(struct tnum a, struct tnum b);
/* The smallest tnum with all members of both. */
struct tnum tnum_union(struct tnum a, struct tnum b);
/* Do they have a member in common? */
bool tnum_overlap(struct tnum a, struct tnum b);
/* Is every member of `inner` one of `outer`? */
bool tnum_within(struct tnum outer, struct tnum inner);

struct tnum tnum_low(struct tnum t, unsigned int bytes);	/* keeps the low 1..8 bytes */
struct tnum tnum_with_low32(struct tnum t, struct tnum low);	/* replaces the low half */
bool tnum_is_aligned(struct tnum t, uint64_t size); /* size: power of two, or 0: always */

/* The least member above `after`, or the greatest member when there is none. */
uint64_t tnum_next(struct tnum t, uint64_t after);

#endif
