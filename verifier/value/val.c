/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a number, and how its five views teach one another. The deductions, their order
 * and the number of rounds mirror the kernel's, because a value that is tighter or looser than the
 * kernel's leads to another verdict. Every deduction keeps all members (checked exhaustively at
 * small widths in tests/verifier); only a value without members may come out contradictory.
 */
#include "verifier/value/val.h"

#include <string.h>

#include "verifier/kernel/behave.h"
#include "verifier/value/circ.h"
#include "verifier/value/tnum.h"

#define LOW_HALF UINT64_C(0xffffffff)

static inline void raise_u64(uint64_t *end, uint64_t by) { *end = by > *end ? by : *end; }
static inline void lower_u64(uint64_t *end, uint64_t by) { *end = by < *end ? by : *end; }
static inline void raise_s64(int64_t *end, int64_t by) { *end = by > *end ? by : *end; }
static inline void lower_s64(int64_t *end, int64_t by) { *end = by < *end ? by : *end; }
static inline void raise_u32(uint32_t *end, uint32_t by) { *end = by > *end ? by : *end; }
static inline void lower_u32(uint32_t *end, uint32_t by) { *end = by < *end ? by : *end; }
static inline void raise_s32(int32_t *end, int32_t by) { *end = by > *end ? by : *end; }
static inline void lower_s32(int32_t *end, int32_t by) { *end = by < *end ? by : *end; }

static inline void within_u64(struct val *v, uint64_t low, uint64_t high)
{
	raise_u64(&v->ul, low);
	lower_u64(&v->uh, high);
}

static inline void within_s64(struct val *v, int64_t low, int64_t high)
{
	raise_s64(&v->sl, low);
	lower_s64(&v->sh, high);
}

static inline void within_u32(struct val *v, uint32_t low, uint32_t high)
{
	raise_u32(&v->wl, low);
	lower_u32(&v->wh, high);
}

static inline void within_s32(struct val *v, int32_t low, int32_t high)
{
	raise_s32(&v->xl, low);
	lower_s32(&v->xh, high);
}

void val_known32(struct val *v, uint32_t number)
{
	val_set_tnum(v, tnum_with_low32(val_tnum(v), tnum_const(number)));
	v->wl = v->wh = number;
	v->xl = v->xh = (int32_t)number;
}

void val_unbound64(struct val *v)
{
	v->ul = 0;
	v->uh = UINT64_MAX;
	v->sl = INT64_MIN;
	v->sh = INT64_MAX;
}

void val_unbound32(struct val *v)
{
	v->wl = 0;
	v->wh = UINT32_MAX;
	v->xl = INT32_MIN;
	v->xh = INT32_MAX;
}

void val_unbound(struct val *v)
{
	val_unbound64(v);
	val_unbound32(v);
}

/* ---- the tnum clamps the pairs ---- */

void val_clamp32_by_bits(struct val *v)
{
	uint32_t value = (uint32_t)v->tv, mask = (uint32_t)v->tm;

	within_s32(v, (int32_t)(value | (mask & 0x80000000u)),
		   (int32_t)(value | (mask & 0x7fffffffu)));
	within_u32(v, value, value | mask);
}

static void clamp64_by_bits(struct val *v)
{
	const uint64_t sign = UINT64_C(1) << 63;

	within_s64(v, (int64_t)(v->tv | (v->tm & sign)), (int64_t)(v->tv | (v->tm & ~sign)));
	within_u64(v, v->tv, v->tv | v->tm);
}

/* D10: when just one member of the tnum lies in the u64 range, it is the value. */
static void settle_one_member(struct val *v)
{
	struct tnum t = val_tnum(v);
	uint64_t next = tnum_next(t, v->ul), most = tnum_max(t);

	if (tnum_has(t, v->ul)) {
		if (next > v->uh)
			val_known(v, v->ul);
	} else if (next == most) {
		val_known(v, most);
	} else if (next <= v->uh && tnum_next(t, next) > v->uh) {
		val_known(v, next);
	}
}

void val_clamp_by_bits(const struct behave *bh, struct val *v)
{
	val_clamp32_by_bits(v);
	clamp64_by_bits(v);
	if (bh->tnum_one_member)
		settle_one_member(v);
}

/* ---- the pairs teach each other ---- */

/*
 * D1, D2: ends with one common upper half bound the low half, signed or unsigned as they are
 * ordered.
 */
static void low_from_common_upper(struct val *v)
{
	if (v->ul >> 32 == v->uh >> 32) {
		within_u32(v, (uint32_t)v->ul, (uint32_t)v->uh);
		if ((int32_t)v->ul <= (int32_t)v->uh)
			within_s32(v, (int32_t)v->ul, (int32_t)v->uh);
	}
	if (v->sl >> 32 == v->sh >> 32) {
		if ((uint32_t)v->sl <= (uint32_t)v->sh)
			within_u32(v, (uint32_t)v->sl, (uint32_t)v->sh);
		if ((int32_t)v->sl <= (int32_t)v->sh)
			within_s32(v, (int32_t)v->sl, (int32_t)v->sh);
	}
}

/* D3: from one upper half to the next, while the low half goes from negative to non-negative. */
static void low_from_next_upper(struct val *v)
{
	if ((uint32_t)(v->ul >> 32) + 1 == (uint32_t)(v->uh >> 32) &&
	    (int32_t)v->ul < 0 && (int32_t)v->uh >= 0)
		within_s32(v, (int32_t)v->ul, (int32_t)v->uh);
	if ((uint32_t)(v->sl >> 32) + 1 == (uint32_t)(v->sh >> 32) &&
	    (int32_t)v->sl < 0 && (int32_t)v->sh >= 0)
		within_s32(v, (int32_t)v->sl, (int32_t)v->sh);
}

/* D4-D6: the two 32-bit pairs. */
static void exchange_signs32(const struct behave *bh, struct val *v)
{
	if ((int32_t)v->wl <= (int32_t)v->wh)
		within_s32(v, (int32_t)v->wl, (int32_t)v->wh);
	if ((uint32_t)v->xl <= (uint32_t)v->xh) {
		within_u32(v, (uint32_t)v->xl, (uint32_t)v->xh);
	} else if (bh->half_arms_across_sign && v->wh < (uint32_t)v->xl) {	/* only the arm from 0 up */
		v->xl = (int32_t)v->wl;
		lower_u32(&v->wh, (uint32_t)v->xh);
	} else if (bh->half_arms_across_sign && (uint32_t)v->xh < v->wl) {	/* only the negative arm */
		v->xh = (int32_t)v->wh;
		raise_u32(&v->wl, (uint32_t)v->xl);
	}
}

/* D7: the same for the 64-bit pairs. */
static void exchange_signs64(const struct behave *bh, struct val *v)
{
	if ((int64_t)v->ul <= (int64_t)v->uh)
		within_s64(v, (int64_t)v->ul, (int64_t)v->uh);
	if ((uint64_t)v->sl <= (uint64_t)v->sh) {
		within_u64(v, (uint64_t)v->sl, (uint64_t)v->sh);
	} else if (bh->arms_across_sign && v->uh < (uint64_t)v->sl) {
		v->sl = (int64_t)v->ul;
		lower_u64(&v->uh, (uint64_t)v->sh);
	} else if (bh->arms_across_sign && (uint64_t)v->sh < v->ul) {
		v->sh = (int64_t)v->uh;
		raise_u64(&v->ul, (uint64_t)v->sl);
	}
}

/* D8: the low half of each 64-bit end can be no further out than the low half's own end. */
static void ends_from_low_pair(struct val *v, uint32_t low, uint32_t high)
{
	within_u64(v, (v->ul & ~LOW_HALF) | low, (v->uh & ~LOW_HALF) | high);
	within_s64(v, (int64_t)(((uint64_t)v->sl & ~LOW_HALF) | low),
		   (int64_t)(((uint64_t)v->sh & ~LOW_HALF) | high));
}

/* D9: a non-negative low half inside a sign-extended range: the upper half is zero. */
static void upper_is_zero(struct val *v)
{
	if (v->xl < 0 || v->sl < INT32_MIN || v->sh > INT32_MAX)
		return;
	v->sl = v->xl;
	v->sh = v->xh;
	v->ul = (uint64_t)(int64_t)v->xl;
	v->uh = (uint64_t)(int64_t)v->xh;
	val_set_tnum(v, tnum_intersect(val_tnum(v), tnum_range((uint64_t)v->sl, (uint64_t)v->sh)));
}

static void deduce_round(const struct behave *bh, struct val *v)
{
	low_from_common_upper(v);
	low_from_next_upper(v);
	exchange_signs32(bh, v);
	exchange_signs64(bh, v);
	ends_from_low_pair(v, v->wl, v->wh);
	if ((uint32_t)v->xl <= (uint32_t)v->xh)
		ends_from_low_pair(v, (uint32_t)v->xl, (uint32_t)v->xh);
	upper_is_zero(v);
}

/* ---- the older engine (6.1): one round, signs learned only where one side is settled ---- */

static void exchange_signs32_old(struct val *v)
{
	if (v->xl >= 0 || v->xh < 0) {
		within_u32(v, (uint32_t)v->xl, (uint32_t)v->xh);
		v->xl = (int32_t)v->wl;
		v->xh = (int32_t)v->wh;
	} else if ((int32_t)v->wh >= 0) {
		v->xl = (int32_t)v->wl;
		lower_u32(&v->wh, (uint32_t)v->xh);
		v->xh = (int32_t)v->wh;
	} else if ((int32_t)v->wl < 0) {
		raise_u32(&v->wl, (uint32_t)v->xl);
		v->xl = (int32_t)v->wl;
		v->xh = (int32_t)v->wh;
	}
}

static void exchange_signs64_old(struct val *v)
{
	if (v->sl >= 0 || v->sh < 0) {
		within_u64(v, (uint64_t)v->sl, (uint64_t)v->sh);
		v->sl = (int64_t)v->ul;
		v->sh = (int64_t)v->uh;
	} else if ((int64_t)v->uh >= 0) {
		v->sl = (int64_t)v->ul;
		lower_u64(&v->uh, (uint64_t)v->sh);
		v->sh = (int64_t)v->uh;
	} else if ((int64_t)v->ul < 0) {
		raise_u64(&v->ul, (uint64_t)v->sl);
		v->sl = (int64_t)v->ul;
		v->sh = (int64_t)v->uh;
	}
}

/* ---- all together ---- */

/* Three rounds; one that changes nothing would change nothing again. */
static void deduce(const struct behave *bh, struct val *v)
{
	struct val before;

	for (int round = 0; round < 3; round++) {
		before = *v;
		deduce_round(bh, v);
		if (!memcmp(&before, v, sizeof(before)))
			return;
	}
}

void val_sync(const struct behave *bh, struct val *v)
{
	if (bh->bounds_circular) {
		if (!val_is_settled(v))
			circ_sync(bh, v);
		return;
	}
	val_clamp_by_bits(bh, v);
	if (val_is_settled(v))
		return;
	if (bh->bounds_old) {
		exchange_signs32_old(v);
		exchange_signs64_old(v);
	} else {
		deduce(bh, v);
	}
	val_bits_from_ranges(v);
	val_clamp_by_bits(bh, v);
}

static bool agrees_with_constant(const struct val *v)
{
	if (v->tm == 0 && (v->ul != v->tv || v->uh != v->tv ||
			   v->sl != (int64_t)v->tv || v->sh != (int64_t)v->tv))
		return false;
	if ((uint32_t)v->tm != 0)
		return true;
	return v->wl == (uint32_t)v->tv && v->wh == (uint32_t)v->tv &&
	       v->xl == (int32_t)v->tv && v->xh == (int32_t)v->tv;
}

bool val_settle(const struct behave *bh, struct val *v)
{
	if (bh->bounds_old)
		return true;
	if (v->ul <= v->uh && v->sl <= v->sh && v->wl <= v->wh && v->xl <= v->xh &&
	    agrees_with_constant(v))
		return true;
	val_unbound(v);
	return false;
}

void val_ends_from_low(struct val *v)
{
	v->ul = v->wl;
	v->uh = v->wh;
	v->sl = v->xl >= 0 && v->xh >= 0 ? v->xl : 0;
	v->sh = v->xl >= 0 && v->xh >= 0 ? v->xh : (int64_t)UINT32_MAX;
}

void val_zext(struct val *v)
{
	val_set_tnum(v, tnum_low(val_tnum(v), 4));
	val_ends_from_low(v);
}

/* 6.1 takes the low half's ends from the whole only when these fit. */
void val_low_from_ends(const struct behave *bh, struct val *v)
{
	val_unbound32(v);
	if (v->sl >= INT32_MIN && v->sl <= INT32_MAX && v->sh >= INT32_MIN && v->sh <= INT32_MAX) {
		v->xl = (int32_t)v->sl;
		v->xh = (int32_t)v->sh;
	}
	if (v->ul <= UINT32_MAX && v->uh <= UINT32_MAX) {
		v->wl = (uint32_t)v->ul;
		v->wh = (uint32_t)v->uh;
	}
	val_sync(bh, v);
}

void val_truncate(const struct behave *bh, struct val *v, uint32_t bytes)
{
	uint64_t field;

	if (bytes >= 8)
		return;
	field = (UINT64_C(1) << (8 * bytes)) - 1;
	val_set_tnum(v, tnum_low(val_tnum(v), bytes));
	if ((v->ul & ~field) == (v->uh & ~field)) {
		v->ul &= field;
		v->uh &= field;
	} else {
		v->ul = 0;
		v->uh = field;
	}
	v->sl = (int64_t)v->ul;
	v->sh = (int64_t)v->uh;
	if (bh->bounds_old) {
		if (bytes < 4)
			val_low_from_ends(bh, v);
		return;
	}
	if (bytes < 4)
		val_unbound32(v);
	val_sync(bh, v);
}

/* The number's low `bytes` taken as signed. */
static int64_t sign_extended(uint64_t number, uint32_t bytes)
{
	uint32_t spare_bits = 64 - 8 * bytes;

	return (int64_t)(number << spare_bits) >> spare_bits;
}

/*
 * Ends whose bits above the field are equal can be extended one by one, if both get the same sign.
 * Then *ret_low and *ret_high are the extended ends in order.
 */
static bool ends_extend(int64_t low, int64_t high, uint32_t bytes, int64_t *ret_low,
			int64_t *ret_high)
{
	int64_t a = sign_extended((uint64_t)low, bytes), b = sign_extended((uint64_t)high, bytes);

	if (low >> (8 * bytes) != high >> (8 * bytes) || (a >= 0) != (b >= 0))
		return false;
	*ret_low = a < b ? a : b;
	*ret_high = a < b ? b : a;
	return true;
}

void val_sext(const struct behave *bh, struct val *v, uint32_t bytes)
{
	int64_t limit, low, high;

	(void)bh;
	if (bytes >= 8)
		return;
	if (val_is_const(v)) {
		val_known(v, (uint64_t)sign_extended(v->tv, bytes));
		return;
	}
	if (ends_extend(v->sl, v->sh, bytes, &low, &high)) {
		val_set_tnum(v, tnum_range((uint64_t)low, (uint64_t)high));
		v->ul = (uint64_t)low;
		v->uh = (uint64_t)high;
		v->wl = (uint32_t)low;
		v->wh = (uint32_t)high;
	} else {
		limit = INT64_C(1) << (8 * bytes - 1);
		low = -limit;
		high = limit - 1;
		val_unknown(v);
	}
	v->sl = low;
	v->sh = high;
	v->xl = (int32_t)low;
	v->xh = (int32_t)high;
}

void val_sext32(const struct behave *bh, struct val *v, uint32_t bytes)
{
	int64_t limit, low, high;

	if (val_is_const(v)) {
		low = sign_extended(v->tv, bytes);
		val_set_tnum(v, tnum_const((uint64_t)low));
		v->wl = v->wh = (uint32_t)low;
		v->xl = v->xh = (int32_t)low;
	} else if (ends_extend(v->xl, v->xh, bytes, &low, &high)) {
		val_set_tnum(v, tnum_low(tnum_range((uint64_t)low, (uint64_t)high), 4));
		v->wl = (uint32_t)low;
		v->wh = (uint32_t)high;
		v->xl = (int32_t)low;
		v->xh = (int32_t)high;
	} else {
		limit = INT64_C(1) << (8 * bytes - 1);
		val_unbound32(v);
		v->xl = (int32_t)-limit;
		v->xh = (int32_t)(limit - 1);
		val_set_tnum(v, tnum_low(TNUM_UNKNOWN, 4));
	}
	val_zext(v);
	val_sync(bh, v);
}

bool val_within(const struct val *outer, const struct val *inner)
{
	return outer->ul <= inner->ul && outer->uh >= inner->uh &&
	       outer->sl <= inner->sl && outer->sh >= inner->sh &&
	       outer->wl <= inner->wl && outer->wh >= inner->wh &&
	       outer->xl <= inner->xl && outer->xh >= inner->xh &&
	       tnum_within(val_tnum(outer), val_tnum(inner));
}

bool val_has(const struct val *v, uint64_t number)
{
	uint32_t low = (uint32_t)number;

	return tnum_has(val_tnum(v), number) && number >= v->ul && number <= v->uh &&
	       (int64_t)number >= v->sl && (int64_t)number <= v->sh &&
	       low >= v->wl && low <= v->wh && (int32_t)low >= v->xl && (int32_t)low <= v->xh;
}
