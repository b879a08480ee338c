/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as arcs of a circle: `base` and the `size` numbers after it, over the end of the
 * unsigned axis and on from 0. Promises that no step loses a member, and the kernel's order of
 * steps. An arc is made of a value's two pairs, and gives them back; its 32-bit form is the same
 * with the circle's length.
 */
#include "verifier/value/circ.h"

#include "verifier/kernel/behave.h"
#include "verifier/value/tnum.h"
#include "verifier/value/val.h"

#define SIGN64 (UINT64_C(1) << 63)

/* Both widths: `last` is the circle's greatest number. */
struct arc {
	uint64_t base, size;
	bool empty;
};

static const struct arc nothing = { .empty = true };

static bool crosses_end(const struct arc *a, uint64_t last)
{
	return a->size > last - a->base;
}

static bool arc_has(const struct arc *a, uint64_t last, uint64_t number)
{
	return !a->empty && ((number - a->base) & last) <= a->size;
}

/* What is in both. Two pieces: the smaller arc, which holds them. */
static struct arc meet(const struct arc *x, const struct arc *y, uint64_t last)
{
	const struct arc *a = x->base <= y->base ? x : y, *b = a == x ? y : x;
	uint64_t gap = b->base - a->base, tail;

	if (x->empty || y->empty)
		return nothing;
	if (b->size > last - gap) { /* seen from a's base b goes around the circle's end */
		if (gap <= a->size)
			return a->size <= b->size ? *a : *b;
		tail = (gap + b->size) & last;
		return (struct arc){ a->base, tail < a->size ? tail : a->size, false };
	}
	if (gap > a->size)
		return nothing;
	return (struct arc){ b->base, a->size - gap < b->size ? a->size - gap : b->size, false };
}

static struct arc of_ends(uint64_t low, uint64_t high, uint64_t last)
{
	uint64_t size = (high - low) & last;

	return (struct arc){ size == last ? 0 : low & last, size, false };
}

static struct arc arc64_of(const struct val *v)
{
	struct arc u = of_ends(v->ul, v->uh, UINT64_MAX);
	struct arc s = of_ends((uint64_t)v->sl, (uint64_t)v->sh, UINT64_MAX);

	return v->ul > v->uh || v->sl > v->sh ? nothing : meet(&u, &s, UINT64_MAX);
}

static struct arc arc32_of(const struct val *v)
{
	struct arc u = of_ends(v->wl, v->wh, UINT32_MAX);
	struct arc s = of_ends((uint32_t)v->xl, (uint32_t)v->xh, UINT32_MAX);

	return v->wl > v->wh || v->xl > v->xh ? nothing : meet(&u, &s, UINT32_MAX);
}

static void show64(struct val *v, const struct arc *a)
{
	bool both_signs = arc_has(a, UINT64_MAX, SIGN64 - 1) && arc_has(a, UINT64_MAX, SIGN64);
	int64_t first = (int64_t)a->base, final = (int64_t)(a->base + a->size);

	if (a->empty) {
		v->ul = 1;
		v->uh = 0;
		return;
	}
	v->ul = crosses_end(a, UINT64_MAX) ? 0 : a->base;
	v->uh = crosses_end(a, UINT64_MAX) ? UINT64_MAX : a->base + a->size;
	v->sl = both_signs ? INT64_MIN : first < final ? first : final;
	v->sh = both_signs ? INT64_MAX : first < final ? final : first;
}

static void show32(struct val *v, const struct arc *a)
{
	bool both_signs =
		arc_has(a, UINT32_MAX, 0x7fffffffu) && arc_has(a, UINT32_MAX, 0x80000000u);
	int32_t first = (int32_t)(uint32_t)a->base, final = (int32_t)(uint32_t)(a->base + a->size);

	if (a->empty) {
		v->wl = 1;
		v->wh = 0;
		return;
	}
	v->wl = crosses_end(a, UINT32_MAX) ? 0 : (uint32_t)a->base;
	v->wh = crosses_end(a, UINT32_MAX) ? UINT32_MAX : (uint32_t)(a->base + a->size);
	v->xl = both_signs ? INT32_MIN : first < final ? first : final;
	v->xh = both_signs ? INT32_MAX : first < final ? final : first;
}

/* ---- known bits and a range ---- */

static struct arc of_bits(uint64_t value, uint64_t mask, uint64_t sign, uint64_t last)
{
	if ((mask | value) & sign)
		return of_ends(value | (mask & sign), value | (mask & ~sign), last);
	return of_ends(value, value | mask, last);
}

/* Where one member of the bits lies in the unsigned range, it is the number. */
static bool one_member(const struct val *v, uint64_t *ret_number)
{
	struct tnum t = val_tnum(v);
	uint64_t next = tnum_next(t, v->ul), most = tnum_max(t);

	if (tnum_has(t, v->ul)) {
		*ret_number = v->ul;
		return next > v->uh;
	}
	*ret_number = next == most ? most : next;
	return next == most || (next <= v->uh && tnum_next(t, next) > v->uh);
}

/* False: no member is left. */
static bool clamp_by_bits(struct val *v)
{
	struct arc bits = of_bits((uint32_t)v->tv, (uint32_t)v->tm, 0x80000000u, UINT32_MAX);
	struct arc a = arc32_of(v);
	uint64_t number;

	a = meet(&a, &bits, UINT32_MAX);
	show32(v, &a);
	bits = of_bits(v->tv, v->tm, SIGN64, UINT64_MAX);
	a = arc64_of(v);
	a = meet(&a, &bits, UINT64_MAX);
	show64(v, &a);
	if (!a.empty && one_member(v, &number))
		val_known(v, number);
	return !circ_is_empty(v);
}

/* ---- the two widths ---- */

static struct arc low_of(const struct arc *a)
{
	if (a->empty)
		return nothing;
	return (struct arc){ a->size >= UINT32_MAX ? 0 : (uint32_t)a->base,
			     a->size >= UINT32_MAX ? UINT32_MAX : a->size, false };
}

/* From the first to the last number of a whose low half is in b. */
static struct arc narrowed(const struct arc *a, const struct arc *b)
{
	const struct arc seen = { (b->base - a->base) & UINT32_MAX, b->size,
				  b->empty }; /* from a's base */
	uint64_t at = a->size & UINT32_MAX, first, final,
		 end = (seen.base + seen.size) & UINT32_MAX;

	if (a->empty || b->empty)
		return nothing;
	first = arc_has(&seen, UINT32_MAX, 0) ? 0 : seen.base;
	if (first > a->size)
		return nothing;
	final = a->size;
	if (!arc_has(&seen, UINT32_MAX, at))
		final -= (at - end) & UINT32_MAX;
	if (final > a->size || final < first)
		return nothing;
	return (struct arc){ a->base + first, final - first, false };
}

/* The same of each end alone, inside its own block of 2^32. */
static struct arc narrowed_ends(const struct arc *a, const struct arc *b)
{
	uint64_t low = a->base & ~(uint64_t)UINT32_MAX, end = a->base + a->size,
		 high = end & ~(uint64_t)UINT32_MAX;

	if (a->empty || b->empty)
		return nothing;
	if (crosses_end(a, UINT64_MAX) || crosses_end(b, UINT32_MAX))
		return *a;
	low |= b->base;
	high |= b->base + b->size;
	low = low > a->base ? low : a->base;
	high = high < end ? high : end;
	if (low > high)
		return nothing;
	return (struct arc){ low, high - low, false };
}

/* Before circular_halves the widths never contradict each other. */
static void exchange(const struct behave *bh, struct arc *a, struct arc *low)
{
	struct arc from = low_of(a), both = meet(low, &from, UINT32_MAX);

	if (bh->circular_halves) {
		*low = both;
		*a = narrowed(a, low);
		return;
	}
	if (!both.empty)
		*low = both;
	both = narrowed_ends(a, low);
	if (!both.empty)
		*a = both;
}

/* ---- all of it ---- */

bool circ_is_empty(const struct val *v)
{
	return v->ul > v->uh || v->sl > v->sh || v->wl > v->wh || v->xl > v->xh;
}

void circ_sync(const struct behave *bh, struct val *v)
{
	struct arc a = arc64_of(v), low = arc32_of(v);

	show64(v, &a);
	show32(v, &low);
	if (circ_is_empty(v) || !clamp_by_bits(v))
		return;
	a = arc64_of(v);
	low = arc32_of(v);
	exchange(bh, &a, &low);
	exchange(bh, &a, &low);
	show64(v, &a);
	show32(v, &low);
	if (circ_is_empty(v))
		return;
	val_bits_from_ranges(v);
	(void)clamp_by_bits(v);
}
