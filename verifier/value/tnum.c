/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers by their known bits. Each function returns a tnum that holds every result of the operator
 * on members of its operands; where the kernel could be sharper and is not, neither are we, because
 * its verdict shows the difference. Nothing here can fail.
 */
#include "verifier/value/tnum.h"

struct tnum tnum_range(uint64_t low, uint64_t high)
{
	uint64_t differ = low ^ high, unknown;

	if (differ == 0)
		return tnum_const(low);
	if (differ >> 63)
		return TNUM_UNKNOWN;
	unknown = (UINT64_C(2) << (63 - __builtin_clzll(differ))) - 1;
	return (struct tnum){ low & ~unknown, unknown };
}

struct tnum tnum_lsh(struct tnum t, unsigned int shift)
{
	return (struct tnum){ t.value << shift, t.mask << shift };
}

struct tnum tnum_rsh(struct tnum t, unsigned int shift)
{
	return (struct tnum){ t.value >> shift, t.mask >> shift };
}

struct tnum tnum_arsh(struct tnum t, unsigned int shift, unsigned int width_bits)
{
	if (width_bits == 32)
		return (struct tnum){ (uint32_t)((int32_t)t.value >> shift),
				      (uint32_t)((int32_t)t.mask >> shift) };
	return (struct tnum){ (uint64_t)((int64_t)t.value >> shift),
			      (uint64_t)((int64_t)t.mask >> shift) };
}

/* A carry that differs between the least and the greatest sum makes its bit unknown. */
struct tnum tnum_add(struct tnum a, struct tnum b)
{
	uint64_t least = a.value + b.value;
	uint64_t greatest = least + (a.mask + b.mask);
	uint64_t unknown = (least ^ greatest) | a.mask | b.mask;

	return (struct tnum){ least & ~unknown, unknown };
}

struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	uint64_t base = a.value - b.value;
	uint64_t unknown = ((base + a.mask) ^ (base - b.mask)) | a.mask | b.mask;

	return (struct tnum){ base & ~unknown, unknown };
}

struct tnum tnum_and(struct tnum a, struct tnum b)
{
	uint64_t ones = a.value & b.value;

	return (struct tnum){ ones, tnum_max(a) & tnum_max(b) & ~ones };
}

struct tnum tnum_or(struct tnum a, struct tnum b)
{
	uint64_t ones = a.value | b.value;

	return (struct tnum){ ones, (a.mask | b.mask) & ~ones };
}

struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	uint64_t unknown = a.mask | b.mask;

	return (struct tnum){ (a.value ^ b.value) & ~unknown, unknown };
}

struct tnum tnum_mul_parts(struct tnum a, struct tnum b)
{
	struct tnum doubt = tnum_const(0);
	uint64_t sure = a.value * b.value;

	for (; a.value | a.mask; a = tnum_rsh(a, 1), b = tnum_lsh(b, 1)) {
		if (a.value & 1)
			doubt = tnum_add(doubt, (struct tnum){ 0, b.mask });
		else if (a.mask & 1)
			doubt = tnum_add(doubt, (struct tnum){ 0, tnum_max(b) });
	}
	return tnum_add(tnum_const(sure), doubt);
}

struct tnum tnum_mul_long(struct tnum a, struct tnum b)
{
	struct tnum sum = tnum_const(0);

	for (; a.value | a.mask; a = tnum_rsh(a, 1), b = tnum_lsh(b, 1)) {
		if (a.value & 1)
			sum = tnum_add(sum, b);
		else if (a.mask & 1)
			sum = tnum_union(sum, tnum_add(sum, b));
	}
	return sum;
}

static uint64_t swap_low(uint64_t bits, unsigned int bytes)
{
	return __builtin_bswap64(bits) >> (64 - 8 * bytes);
}

struct tnum tnum_swap(struct tnum t, unsigned int bytes)
{
	return (struct tnum){ swap_low(t.value, bytes), swap_low(t.mask, bytes) };
}

struct tnum tnum_intersect(struct tnum a, struct tnum b)
{
	uint64_t unknown = a.mask & b.mask;

	return (struct tnum){ (a.value | b.value) & ~unknown, unknown };
}

struct tnum tnum_union(struct tnum a, struct tnum b)
{
	uint64_t unknown = (a.value ^ b.value) | a.mask | b.mask;

	return (struct tnum){ a.value & b.value & ~unknown, unknown };
}

bool tnum_overlap(struct tnum a, struct tnum b)
{
	return ((a.value ^ b.value) & ~a.mask & ~b.mask) == 0;
}

bool tnum_within(struct tnum outer, struct tnum inner)
{
	return (inner.mask & ~outer.mask) == 0 && (inner.value & ~outer.mask) == outer.value;
}

struct tnum tnum_low(struct tnum t, unsigned int bytes)
{
	uint64_t keep = bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * bytes)) - 1;

	return (struct tnum){ t.value & keep, t.mask & keep };
}

struct tnum tnum_with_low32(struct tnum t, struct tnum low)
{
	const uint64_t high = ~UINT64_C(0xffffffff);

	return (struct tnum){ (t.value & high) | (low.value & ~high),
			      (t.mask & high) | (low.mask & ~high) };
}

bool tnum_is_aligned(struct tnum t, uint64_t size)
{
	return size == 0 || (tnum_max(t) & (size - 1)) == 0;
}

/*
 * The unknown bits of a member form a counter, spread over the mask. The least member above `after`
 * is found by counting on from the part of `after` that the mask can hold: the known bits of the
 * distance are filled with ones, so that adding one carries over them.
 */
uint64_t tnum_next(struct tnum t, uint64_t after)
{
	uint64_t distance, stuck, filled;

	if (after >= tnum_max(t))
		return tnum_max(t);
	if (after < t.value)
		return t.value;
	distance = after - t.value;
	stuck = distance & ~t.mask;
	filled = distance | ~t.mask;
	if (stuck)	/* below the highest bit no member can have, every member is smaller */
		filled |= (UINT64_C(2) << (63 - __builtin_clzll(stuck))) - 1;
	return t.value | ((filled + 1) & t.mask);
}
