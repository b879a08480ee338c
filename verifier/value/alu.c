/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators on scalars. Promises: the result holds every number that the operator makes from
 * members of its operands, and it is the value the target kernel would have. A 32-bit operator
 * works on the low halves and zero-extends. Trusts that the caller refused what is not an operator,
 * immediate shifts too wide and divisions by an immediate zero.
 */
#include "verifier/value/alu.h"

#include <linux/bpf.h>

#include "verifier/kernel/behave.h"
#include "verifier/value/tnum.h"
#include "verifier/value/val.h"

/* ---- additive: both widths at once ---- */

/*
 * Unsigned ends of a sum: kept when none wraps, or (newer kernels) when both do. The kernel
 * computes into the ends before it knows; so do we, and `full` says that they must go.
 */
static bool wraps_apart(const struct behave *bh, bool low_wraps, bool high_wraps)
{
	return bh->add_sub_both_wrap ? low_wraps != high_wraps : low_wraps || high_wraps;
}

static void add32(const struct behave *bh, struct val *d, const struct val *s)
{
	bool low, high;

	low = __builtin_add_overflow(d->xl, s->xl, &d->xl);
	if (__builtin_add_overflow(d->xh, s->xh, &d->xh) || low) {
		d->xl = INT32_MIN;
		d->xh = INT32_MAX;
	}
	low = __builtin_add_overflow(d->wl, s->wl, &d->wl);
	high = __builtin_add_overflow(d->wh, s->wh, &d->wh);
	if (wraps_apart(bh, low, high)) {
		d->wl = 0;
		d->wh = UINT32_MAX;
	}
}

static void add64(const struct behave *bh, struct val *d, const struct val *s)
{
	bool low, high;

	low = __builtin_add_overflow(d->sl, s->sl, &d->sl);
	if (__builtin_add_overflow(d->sh, s->sh, &d->sh) || low) {
		d->sl = INT64_MIN;
		d->sh = INT64_MAX;
	}
	low = __builtin_add_overflow(d->ul, s->ul, &d->ul);
	high = __builtin_add_overflow(d->uh, s->uh, &d->uh);
	if (wraps_apart(bh, low, high)) {
		d->ul = 0;
		d->uh = UINT64_MAX;
	}
}

static void sub32(const struct behave *bh, struct val *d, const struct val *s)
{
	bool low, high;

	low = __builtin_sub_overflow(d->xl, s->xh, &d->xl);
	if (__builtin_sub_overflow(d->xh, s->xl, &d->xh) || low) {
		d->xl = INT32_MIN;
		d->xh = INT32_MAX;
	}
	low = __builtin_sub_overflow(d->wl, s->wh, &d->wl);
	high = __builtin_sub_overflow(d->wh, s->wl, &d->wh);
	if (bh->add_sub_both_wrap ? low && !high : low) {
		d->wl = 0;
		d->wh = UINT32_MAX;
	}
}

static void sub64(const struct behave *bh, struct val *d, const struct val *s)
{
	bool low, high;

	low = __builtin_sub_overflow(d->sl, s->sh, &d->sl);
	if (__builtin_sub_overflow(d->sh, s->sl, &d->sh) || low) {
		d->sl = INT64_MIN;
		d->sh = INT64_MAX;
	}
	low = __builtin_sub_overflow(d->ul, s->uh, &d->ul);
	high = __builtin_sub_overflow(d->uh, s->ul, &d->uh);
	if (bh->add_sub_both_wrap ? low && !high : low) {
		d->ul = 0;
		d->uh = UINT64_MAX;
	}
}

static void op_add(const struct behave *bh, struct val *d, const struct val *s)
{
	add32(bh, d, s);
	add64(bh, d, s);
	val_set_tnum(d, tnum_add(val_tnum(d), val_tnum(s)));
}

static void op_sub(const struct behave *bh, struct val *d, const struct val *s)
{
	sub32(bh, d, s);
	sub64(bh, d, s);
	val_set_tnum(d, tnum_sub(val_tnum(d), val_tnum(s)));
}

/* ---- multiplication ---- */

/* Signed ends by the four products of the ends (newer kernels). */
static void mul_signed64(struct val *d, const struct val *s)
{
	int64_t p[4], low, high;

	if (__builtin_mul_overflow(d->sl, s->sl, &p[0]) ||
	    __builtin_mul_overflow(d->sl, s->sh, &p[1]) ||
	    __builtin_mul_overflow(d->sh, s->sl, &p[2]) ||
	    __builtin_mul_overflow(d->sh, s->sh, &p[3])) {
		d->sl = INT64_MIN;
		d->sh = INT64_MAX;
		return;
	}
	low = high = p[0];
	for (int i = 1; i < 4; i++) {
		low = p[i] < low ? p[i] : low;
		high = p[i] > high ? p[i] : high;
	}
	d->sl = low;
	d->sh = high;
}

static void mul_signed32(struct val *d, const struct val *s)
{
	int64_t p[4] = { (int64_t)d->xl * s->xl, (int64_t)d->xl * s->xh,
			 (int64_t)d->xh * s->xl, (int64_t)d->xh * s->xh };
	int64_t low = p[0], high = p[0];

	for (int i = 1; i < 4; i++) {
		low = p[i] < low ? p[i] : low;
		high = p[i] > high ? p[i] : high;
	}
	d->xl = low < INT32_MIN || high > INT32_MAX ? INT32_MIN : (int32_t)low;
	d->xh = low < INT32_MIN || high > INT32_MAX ? INT32_MAX : (int32_t)high;
}

static void mul_newer(struct val *d, const struct val *s)
{
	bool low, high;

	high = __builtin_mul_overflow(d->wh, s->wh, &d->wh);
	low = __builtin_mul_overflow(d->wl, s->wl, &d->wl);
	if (low || high) {
		d->wl = 0;
		d->wh = UINT32_MAX;
	}
	mul_signed32(d, s);
	high = __builtin_mul_overflow(d->uh, s->uh, &d->uh);
	low = __builtin_mul_overflow(d->ul, s->ul, &d->ul);
	if (low || high) {
		d->ul = 0;
		d->uh = UINT64_MAX;
	}
	mul_signed64(d, s);
}

/* Older kernels multiply only non-negative numbers of at most half the width. */
static void mul_older32(struct val *d, const struct val *s)
{
	if (s->xl < 0 || d->xl < 0 || s->wh > UINT16_MAX || d->wh > UINT16_MAX) {
		val_unbound32(d);
		return;
	}
	d->wl *= s->wl;
	d->wh *= s->wh;
	d->xl = d->wh > INT32_MAX ? INT32_MIN : (int32_t)d->wl;
	d->xh = d->wh > INT32_MAX ? INT32_MAX : (int32_t)d->wh;
}

static void mul_older64(struct val *d, const struct val *s)
{
	if (s->sl < 0 || d->sl < 0 || s->uh > UINT32_MAX || d->uh > UINT32_MAX) {
		val_unbound64(d);
		return;
	}
	d->ul *= s->ul;
	d->uh *= s->uh;
	d->sl = d->uh > INT64_MAX ? INT64_MIN : (int64_t)d->ul;
	d->sh = d->uh > INT64_MAX ? INT64_MAX : (int64_t)d->uh;
}

static void op_mul(const struct behave *bh, struct val *d, const struct val *s)
{
	if (bh->tnum_mul_long) {
		val_set_tnum(d, tnum_mul_long(val_tnum(d), val_tnum(s)));
		mul_newer(d, s);
		return;
	}
	val_set_tnum(d, tnum_mul_parts(val_tnum(d), val_tnum(s)));
	mul_older32(d, s);
	mul_older64(d, s);
}

/*
 * ---- bitwise: the tnum is exact, the unsigned pair follows, the signed one copies it if it may
 * ----
 */

enum bits_kind { BITS_AND, BITS_OR, BITS_XOR };

/*
 * May the signed pair be the unsigned one? 6.1 asks the operands' signs, later kernels the
 * result's.
 */
static void bits_signed64(const struct behave *bh, struct val *d, bool operands_positive)
{
	bool same = bh->bounds_old ? operands_positive : (int64_t)d->ul <= (int64_t)d->uh;

	d->sl = same ? (int64_t)d->ul : INT64_MIN;
	d->sh = same ? (int64_t)d->uh : INT64_MAX;
}

static void bits_signed32(const struct behave *bh, struct val *d, bool operands_positive)
{
	bool same = bh->bounds_old ? operands_positive : (int32_t)d->wl <= (int32_t)d->wh;

	d->xl = same ? (int32_t)d->wl : INT32_MIN;
	d->xh = same ? (int32_t)d->wh : INT32_MAX;
}

/* d has its new tnum and its old pairs. */
static void bits32(const struct behave *bh, enum bits_kind kind, struct val *d, const struct val *s)
{
	uint32_t ones = (uint32_t)d->tv, top = (uint32_t)(d->tv | d->tm);
	bool positive = d->xl >= 0 && s->xl >= 0;

	if (val_is_const32(s) && val_is_const32(d)) {
		val_known32(d, ones);
		return;
	}
	if (kind == BITS_AND)
		d->wh = s->wh < d->wh ? s->wh : d->wh;
	else
		d->wh = top;
	if (kind == BITS_OR)
		d->wl = s->wl > d->wl ? s->wl : d->wl;
	else
		d->wl = ones;
	bits_signed32(bh, d, positive);
}

static void bits64(const struct behave *bh, enum bits_kind kind, struct val *d, const struct val *s)
{
	bool positive = d->sl >= 0 && s->sl >= 0;

	if (val_is_const(s) && val_is_const(d)) {
		val_known(d, d->tv);
		return;
	}
	if (kind == BITS_AND)
		d->uh = s->uh < d->uh ? s->uh : d->uh;
	else
		d->uh = d->tv | d->tm;
	if (kind == BITS_OR)
		d->ul = s->ul > d->ul ? s->ul : d->ul;
	else
		d->ul = d->tv;
	bits_signed64(bh, d, positive);
	val_clamp_by_bits(bh, d);
}

static void op_and(const struct behave *bh, struct val *d, const struct val *s)
{
	val_set_tnum(d, tnum_and(val_tnum(d), val_tnum(s)));
	bits32(bh, BITS_AND, d, s);
	bits64(bh, BITS_AND, d, s);
}

static void op_or(const struct behave *bh, struct val *d, const struct val *s)
{
	val_set_tnum(d, tnum_or(val_tnum(d), val_tnum(s)));
	bits32(bh, BITS_OR, d, s);
	bits64(bh, BITS_OR, d, s);
}

static void op_xor(const struct behave *bh, struct val *d, const struct val *s)
{
	val_set_tnum(d, tnum_xor(val_tnum(d), val_tnum(s)));
	bits32(bh, BITS_XOR, d, s);
	bits64(bh, BITS_XOR, d, s);
}

/* ---- shifts by a constant below the width ---- */

static void lsh_pair32(struct val *d, uint64_t shift)
{
	d->xl = INT32_MIN;
	d->xh = INT32_MAX;
	if (shift > 31 || d->wh > UINT64_C(1) << (31 - shift)) {
		d->wl = 0;
		d->wh = UINT32_MAX;
	} else {
		d->wl <<= shift;
		d->wh <<= shift;
	}
}

static void lsh32(const struct behave *bh, struct val *d, uint32_t shift)
{
	struct tnum low = tnum_low(val_tnum(d), 4);

	lsh_pair32(d, shift);
	val_set_tnum(d, tnum_low(tnum_lsh(low, shift), 4));
	val_unbound64(d);
	val_clamp32_by_bits(d);
}

static void lsh64(const struct behave *bh, struct val *d, uint32_t shift)
{
	/* compilers sign-extend by << 32, s>> 32: the low half's sign survives exactly that shift
	 */
	d->sl = shift == 32 ? (int64_t)((uint64_t)(int64_t)d->xl << 32) : INT64_MIN;
	d->sh = shift == 32 ? (int64_t)((uint64_t)(int64_t)d->xh << 32) : INT64_MAX;
	if (d->uh > UINT64_C(1) << (63 - shift)) {
		d->ul = 0;
		d->uh = UINT64_MAX;
	} else {
		d->ul <<= shift;
		d->uh <<= shift;
	}
	lsh_pair32(d, shift);
	val_set_tnum(d, tnum_lsh(val_tnum(d), shift));
	val_clamp_by_bits(bh, d);
}

static void rsh32(const struct behave *bh, struct val *d, uint32_t shift)
{
	d->xl = INT32_MIN;
	d->xh = INT32_MAX;
	val_set_tnum(d, tnum_rsh(tnum_low(val_tnum(d), 4), shift));
	d->wl >>= shift;
	d->wh >>= shift;
	val_unbound64(d);
	val_clamp32_by_bits(d);
}

static void rsh64(const struct behave *bh, struct val *d, uint32_t shift)
{
	d->sl = INT64_MIN;
	d->sh = INT64_MAX;
	val_set_tnum(d, tnum_rsh(val_tnum(d), shift));
	d->ul >>= shift;
	d->uh >>= shift;
	val_unbound32(d);
	val_clamp_by_bits(bh, d);
}

static void arsh32(const struct behave *bh, struct val *d, uint32_t shift)
{
	d->xl >>= shift;
	d->xh >>= shift;
	val_set_tnum(d, tnum_arsh(tnum_low(val_tnum(d), 4), shift, 32));
	d->wl = 0;
	d->wh = UINT32_MAX;
	val_unbound64(d);
	val_clamp32_by_bits(d);
}

static void arsh64(const struct behave *bh, struct val *d, uint32_t shift)
{
	d->sl >>= shift;
	d->sh >>= shift;
	val_set_tnum(d, tnum_arsh(val_tnum(d), shift, 64));
	d->ul = 0;
	d->uh = UINT64_MAX;
	val_unbound32(d);
	val_clamp_by_bits(bh, d);
}

/* ---- dispatch ---- */

/* What may be computed at all; everything else gives an unknown value. */
enum op_class { OP_NONE, OP_ADDITIVE, OP_BITS, OP_SHIFT };

struct op_row {
	enum op_class class;
	bool old_any_src;	/* 6.1 computes it for a source that is not a constant, too */
	void (*both)(const struct behave *bh, struct val *d, const struct val *s);
	void (*shift32)(const struct behave *bh, struct val *d, uint32_t shift);
	void (*shift64)(const struct behave *bh, struct val *d, uint32_t shift);
};

static const struct op_row op_rows[16] = {
	[BPF_ADD >> 4]	= { OP_ADDITIVE, true, .both = op_add },
	[BPF_SUB >> 4]	= { OP_ADDITIVE, true, .both = op_sub },
	[BPF_MUL >> 4]	= { OP_ADDITIVE, false, .both = op_mul },
	[BPF_AND >> 4]	= { OP_BITS, true, .both = op_and },
	[BPF_OR >> 4]	= { OP_BITS, false, .both = op_or },
	[BPF_XOR >> 4]	= { OP_BITS, false, .both = op_xor },
	[BPF_LSH >> 4]	= { OP_SHIFT, false, .shift32 = lsh32, .shift64 = lsh64 },
	[BPF_RSH >> 4]	= { OP_SHIFT, false, .shift32 = rsh32, .shift64 = rsh64 },
	[BPF_ARSH >> 4]	= { OP_SHIFT, false, .shift32 = arsh32, .shift64 = arsh64 },
};

static bool src_is_const(bool alu32, const struct val *s)
{
	return alu32 ? val_is_const32(s) : val_is_const(s);
}

/* A constant whose pairs say something else, or ends in the wrong order. */
static bool src_is_bad(bool alu32, const struct val *s)
{
	bool known = src_is_const(alu32, s);

	if (alu32)
		return s->xl > s->xh || s->wl > s->wh ||
		       (known && (s->xl != s->xh || s->wl != s->wh));
	return s->sl > s->sh || s->ul > s->uh || (known && (s->sl != s->sh || s->ul != s->uh));
}

static bool may_compute(const struct behave *bh, const struct op_row *row, bool alu32,
			const struct val *s)
{
	bool known = src_is_const(alu32, s);

	if (row->class == OP_NONE)
		return false;
	if (bh->bounds_old && (src_is_bad(alu32, s) || (!known && !row->old_any_src)))
		return false;
	if (row->class != OP_SHIFT)
		return true;
	return known && !src_is_bad(alu32, s) && s->uh < (alu32 ? 32 : 64);
}

static bool apply_neg(const struct behave *bh, bool alu32, struct val *dst)
{
	struct val minus = *dst;

	if (!bh->neg_range) {
		val_unknown(dst);
		return true;
	}
	val_known(dst, 0);
	op_sub(bh, dst, &minus);
	if (alu32)
		val_zext(dst);
	val_sync(bh, dst);
	return val_settle(bh, dst);
}

/* Two numbers make one, whatever a kernel's bounds engine is: its first clamp by the tnum settles it. */
static bool fold_constants(uint8_t op, bool alu32, struct val *dst, const struct val *src)
{
	uint64_t number;

	if (!val_is_settled(dst) || !val_is_settled(src))
		return false;
	switch (op) {
	case BPF_ADD:
		number = dst->tv + src->tv;
		break;
	case BPF_SUB:
		number = dst->tv - src->tv;
		break;
	case BPF_AND:
		number = dst->tv & src->tv;
		break;
	case BPF_OR:
		number = dst->tv | src->tv;
		break;
	default:
		return false;
	}
	val_known(dst, alu32 ? (uint32_t)number : number);
	return true;
}

bool alu_apply(const struct behave *bh, uint8_t op, bool alu32, struct val *dst,
	       const struct val *src)
{
	const struct op_row *row = &op_rows[op >> 4];
	struct val s;

	if (op == BPF_NEG)
		return apply_neg(bh, alu32, dst);
	if (fold_constants(op, alu32, dst, src))
		return true;
	s = *src;
	if (!may_compute(bh, row, alu32, &s)) {
		val_unknown(dst);
		/* the old kernel gives up before it extends only for operands it cannot use at all
		 */
		if (bh->bounds_old && alu32 && src_is_const(alu32, &s) && !src_is_bad(alu32, &s)) {
			val_zext(dst);
			val_sync(bh, dst);
		}
		return true;
	}
	if (row->class != OP_SHIFT)
		row->both(bh, dst, &s);
	else if (alu32)
		row->shift32(bh, dst, s.wl);
	else
		row->shift64(bh, dst, (uint32_t)s.ul);
	if (alu32)
		val_zext(dst);
	val_sync(bh, dst);
	return val_settle(bh, dst);
}

bool alu_end(const struct behave *bh, enum alu_swap how, uint32_t bits, struct val *dst)
{
	if (!bh->bswap_known_bits) {
		val_unknown(dst);
		return true;
	}
	if (how != ALU_TO_LE) {
		val_set_tnum(dst, tnum_swap(val_tnum(dst), bits / 8));
		val_unbound(dst);
	}
	val_truncate(bh, dst, bits / 8);
	val_sync(bh, dst);
	return val_settle(bh, dst);
}

bool alu_forks(const struct behave *bh, uint8_t op, const struct val *dst, const struct val *src,
	       struct val *ret_zero, struct val *ret_ones)
{
	if (!bh->fork_minus_one || (op != BPF_AND && op != BPF_OR) || !val_is_const(src))
		return false;
	if (dst->sl == -1 && dst->sh == 0) {
		val_known(ret_zero, 0);
		val_known(ret_ones, UINT64_MAX);
		return true;
	}
	if (dst->xl != -1 || dst->xh != 0)
		return false;
	*ret_zero = *ret_ones = *dst;
	val_known32(ret_zero, 0);
	val_known32(ret_ones, UINT32_MAX);
	return true;
}

/* ---- pointers and links ---- */

void alu_pointer(const struct behave *bh, uint8_t op, struct val *ptr, const struct val *scalar)
{
	/* for pointers every kernel gives up as soon as one end wraps */
	struct behave plain = *bh;

	plain.add_sub_both_wrap = false;
	val_unbound32(ptr);
	if (op == BPF_ADD) {
		add64(&plain, ptr, scalar);
		val_set_tnum(ptr, tnum_add(val_tnum(ptr), val_tnum(scalar)));
	} else {
		sub64(&plain, ptr, scalar);
		val_set_tnum(ptr, tnum_sub(val_tnum(ptr), val_tnum(scalar)));
	}
	val_sync(bh, ptr);
}

bool alu_scalar_is_bad(const struct val *scalar)
{
	return src_is_bad(false, scalar);
}

void alu_linked(const struct behave *bh, struct val *v, int64_t delta, bool zext)
{
	struct val by;

	val_known(&by, (uint64_t)delta);
	op_add(bh, v, &by);
	if (!bh->link_delta_sub)
		return;	/* 6.12 leaves the sum as it is */
	if (zext)
		val_zext(v);
	val_sync(bh, v);
}

/* ---- knowledge from outside ---- */

bool alu_clamp_s32(const struct behave *bh, struct val *v, int32_t low, int32_t high)
{
	v->xl = low > v->xl ? low : v->xl;
	v->xh = high < v->xh ? high : v->xh;
	v->sl = low > v->sl ? low : v->sl;
	v->sh = high < v->sh ? high : v->sh;
	val_sync(bh, v);
	return val_settle(bh, v);
}

bool alu_set_upto(const struct behave *bh, struct val *v, uint32_t max)
{
	v->ul = 0;
	v->uh = max;
	v->sl = 0;
	v->sh = max;
	v->wl = 0;
	v->wh = max;
	v->xl = 0;
	v->xh = (int32_t)max;
	val_sync(bh, v);
	return val_settle(bh, v);
}
