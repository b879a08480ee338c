/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_VERIFIER_VAL_H
#define BPFGATE_VERIFIER_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verifier/kernel/behave.h"
#include "verifier/value/tnum.h"

/*
 * What is known of a 64-bit number: its bits (tv, tm: a tnum), and its unsigned and signed ends as
 * a whole (ul..uh, sl..sh) and of its low half (wl..wh, xl..xh). The pairs are not kept minimal:
 * which deductions ran, in which order, is part of the kernel's verdict.
 */
struct val {
	uint64_t tv, tm;
	uint64_t ul, uh;
	int64_t sl, sh;
	uint32_t wl, wh;
	int32_t xl, xh;
};

#define VAL_FULL ((struct val){ 0, UINT64_MAX, 0, UINT64_MAX, INT64_MIN, INT64_MAX, \
				0, UINT32_MAX, INT32_MIN, INT32_MAX })

static inline struct tnum val_tnum(const struct val *v)
{
	return (struct tnum){ v->tv, v->tm };
}

static inline void val_set_tnum(struct val *v, struct tnum t)
{
	v->tv = t.value;
	v->tm = t.mask;
}

static inline void val_unknown(struct val *v)
{
	*v = VAL_FULL;
}

/* Exactly this number. */
static inline void val_known(struct val *v, uint64_t number)
{
	v->tv = v->ul = v->uh = number;
	v->tm = 0;
	v->sl = v->sh = (int64_t)number;
	v->wl = v->wh = (uint32_t)number;
	v->xl = v->xh = (int32_t)number;
}

void val_known32(struct val *v, uint32_t number); /* the low half; the upper half's bits stay */

/*
 * Is the number (its low half) constant by its bits? That is what the kernel asks nearly
 * everywhere.
 */
static inline bool val_is_const(const struct val *v)
{
	return v->tm == 0;
}

static inline bool val_is_const32(const struct val *v)
{
	return (uint32_t)v->tm == 0;
}

static inline bool val_is(const struct val *v, uint64_t number)
{
	return v->tm == 0 && v->tv == number;
}

/* One number, and every pair says so: no deduction can change it. */
static inline bool val_is_settled(const struct val *v)
{
	return v->tm == 0 && v->ul == v->tv && v->uh == v->tv && v->sl == (int64_t)v->tv &&
	       v->sh == (int64_t)v->tv && v->wl == (uint32_t)v->tv && v->wh == (uint32_t)v->tv &&
	       v->xl == (int32_t)v->tv && v->xh == (int32_t)v->tv;
}

static inline bool val_is_unknown(const struct val *v)
{
	return v->tm == UINT64_MAX && v->ul == 0 && v->uh == UINT64_MAX && v->sl == INT64_MIN &&
	       v->sh == INT64_MAX && v->wl == 0 && v->wh == UINT32_MAX && v->xl == INT32_MIN &&
	       v->xh == INT32_MAX;
}

void val_unbound(struct val *v);	/* all four pairs full; the tnum stays */
void val_unbound64(struct val *v);
void val_unbound32(struct val *v);

/* What the ranges say of the bits, both widths; the other way round is each kernel's own. */
static inline void val_bits_from_ranges(struct val *v)
{
	struct tnum whole = tnum_intersect(val_tnum(v), tnum_range(v->ul, v->uh));
	struct tnum low = tnum_intersect(tnum_low(whole, 4), tnum_range(v->wl, v->wh));

	val_set_tnum(v, tnum_with_low32(whole, low));
}

/* The kernel's round of deductions after each operator and refinement (reg_bounds_sync). */
void val_sync(const struct behave *bh, struct val *v);

/*
 * Its first step alone: the tnum clamps all pairs (one member in the range settles the value) ...
 */
void val_clamp_by_bits(const struct behave *bh, struct val *v);
/* ... or the 32-bit pairs only. */
void val_clamp32_by_bits(struct val *v);

/*
 * Do the pairs contradict themselves or a constant tnum? Then they become full, the tnum stays and
 * the answer is false (reg_bounds_sanity_check). Always true where the kernel has no such check.
 */
bool val_settle(const struct behave *bh, struct val *v);

/* w = w: the low half zero-extended; no sync (zext_32_to_64). */
void val_zext(struct val *v);

/*
 * The value cut to its low `bytes` (1, 2, 4; 8: nothing happens), or sign-extended from them, as
 * loads, fills and narrow moves do (coerce_reg_to_size and its _sx forms). sext32 extends to 32
 * bits and zero-extends. A load starts with an unknown value.
 */
void val_truncate(const struct behave *bh, struct val *v, uint32_t bytes);
void val_sext(const struct behave *bh, struct val *v, uint32_t bytes);
void val_sext32(const struct behave *bh, struct val *v, uint32_t bytes);

/* u64 and s64 pair from the 32-bit pairs of a zero-extended number (tnum is the caller's). */
void val_ends_from_low(struct val *v);

/*
 * The 32-bit pairs from the 64-bit ones where these fit, then synced: how 6.1 narrows, there only.
 */
void val_low_from_ends(const struct behave *bh, struct val *v);

/* Is every pair, and the tnum, of `inner` inside `outer`'s? (range_within and tnum_in) */
bool val_within(const struct val *outer, const struct val *inner);

/* May the number be this one? For tests and the soundness runs. */
bool val_has(const struct val *v, uint64_t number);

#endif
