/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditional jumps between scalars: is the outcome known, and what does each outcome teach?
 * Promises that a refined value keeps every member for which the jump goes that way; an operand
 * that no such member has left may come out contradictory and is then reset, as in the kernel. Only
 * conditional jump operators are passed in.
 */
#include "verifier/value/branch.h"

#include <linux/bpf.h>

#include "verifier/kernel/behave.h"
#include "verifier/value/circ.h"
#include "verifier/value/tnum.h"
#include "verifier/value/val.h"

#define JSET_NOT (BPF_JSET | BPF_X)	/* the fall-through of JSET: no bit of the mask is set */

struct op_pair {
	uint8_t flipped, reversed;
};

/* By op >> 4: the operator with operands exchanged, and the one that holds when it does not. */
static const struct op_pair op_pairs[16] = {
	[BPF_JEQ >> 4]	= { BPF_JEQ, BPF_JNE },
	[BPF_JNE >> 4]	= { BPF_JNE, BPF_JEQ },
	[BPF_JSET >> 4]	= { BPF_JSET, JSET_NOT },
	[BPF_JGT >> 4]	= { BPF_JLT, BPF_JLE },
	[BPF_JGE >> 4]	= { BPF_JLE, BPF_JLT },
	[BPF_JLT >> 4]	= { BPF_JGT, BPF_JGE },
	[BPF_JLE >> 4]	= { BPF_JGE, BPF_JGT },
	[BPF_JSGT >> 4]	= { BPF_JSLT, BPF_JSLE },
	[BPF_JSGE >> 4]	= { BPF_JSLE, BPF_JSLT },
	[BPF_JSLT >> 4]	= { BPF_JSGT, BPF_JSGE },
	[BPF_JSLE >> 4]	= { BPF_JSGE, BPF_JSGT },
};

uint8_t branch_flip(uint8_t op)
{
	return op_pairs[op >> 4].flipped;
}

/* One width of a value, widened so that both widths compare alike. */
struct view {
	struct tnum t;
	uint64_t ul, uh;
	int64_t sl, sh;
};

static struct view view_of(const struct val *v, bool jmp32)
{
	if (jmp32)
		return (struct view){ tnum_low(val_tnum(v), 4), v->wl, v->wh, v->xl, v->xh };
	return (struct view){ val_tnum(v), v->ul, v->uh, v->sl, v->sh };
}

static bool is_const(const struct val *v, bool jmp32)
{
	return jmp32 ? val_is_const32(v) : val_is_const(v);
}

static bool low_halves_apart(const struct val *a, const struct val *b)
{
	return a->wl > b->wh || a->wh < b->wl || a->xl > b->xh || a->xh < b->xl;
}

/* a == b: yes, no, or not known. */
static enum branch_taken predict_eq(const struct behave *bh, bool jmp32, const struct val *a,
				    const struct val *b)
{
	struct view x = view_of(a, jmp32), y = view_of(b, jmp32);

	if (tnum_is_const(x.t) && tnum_is_const(y.t))
		return x.t.value == y.t.value ? BRANCH_YES : BRANCH_NO;
	if (bh->bounds_old)
		return BRANCH_UNKNOWN;
	if (bh->branch_disjoint_tnum && !tnum_overlap(x.t, y.t))
		return BRANCH_NO;
	if (x.ul > y.uh || x.uh < y.ul || x.sl > y.sh || x.sh < y.sl)
		return BRANCH_NO;
	return !jmp32 && low_halves_apart(a, b) ? BRANCH_NO : BRANCH_UNKNOWN;
}

static enum branch_taken predict_set(bool jmp32, const struct val *a, const struct val *b)
{
	struct view x, y;

	if (!is_const(b, jmp32)) {
		const struct val *swap = a;

		a = b;
		b = swap;
	}
	x = view_of(a, jmp32);
	y = view_of(b, jmp32);
	if (!tnum_is_const(y.t))
		return BRANCH_UNKNOWN;
	if (x.t.value & y.t.value)
		return BRANCH_YES;
	return tnum_max(x.t) & y.t.value ? BRANCH_UNKNOWN : BRANCH_NO;
}

/* x > y when `strict`, else x >= y; *a's and *b's ends of one signedness, as unsigned or signed. */
#define PREDICT_ORDER(low_a, high_a, low_b, high_b, strict)                                        \
	((strict) ? ((low_a) > (high_b)	   ? BRANCH_YES                                            \
		     : (high_a) <= (low_b) ? BRANCH_NO                                             \
					   : BRANCH_UNKNOWN)                                       \
		  : ((low_a) >= (high_b)  ? BRANCH_YES                                             \
		     : (high_a) < (low_b) ? BRANCH_NO                                              \
					  : BRANCH_UNKNOWN))

static enum branch_taken predict_order(uint8_t op, struct view x, struct view y)
{
	struct view swap = x;

	switch (op) {
	case BPF_JLT:
	case BPF_JLE:
	case BPF_JSLT:
	case BPF_JSLE:
		op = branch_flip(op);
		x = y;
		y = swap;
		break;
	default:
		break;
	}
	if (op == BPF_JGT || op == BPF_JGE)
		return PREDICT_ORDER(x.ul, x.uh, y.ul, y.uh, op == BPF_JGT);
	return PREDICT_ORDER(x.sl, x.sh, y.sl, y.sh, op == BPF_JSGT);
}

static enum branch_taken opposite(enum branch_taken taken)
{
	return taken == BRANCH_UNKNOWN ? taken : (enum branch_taken)!taken;
}

static enum branch_taken predict(const struct behave *bh, uint8_t op, bool jmp32, const struct val *dst,
				 const struct val *src)
{
	if (!bh->branch_two_ranges &&
	    !is_const(src, jmp32)) /* a constant on the left did not count */
		return BRANCH_UNKNOWN;
	switch (op) {
	case BPF_JEQ:
		return predict_eq(bh, jmp32, dst, src);
	case BPF_JNE:
		return opposite(predict_eq(bh, jmp32, dst, src));
	case BPF_JSET:
		return predict_set(jmp32, dst, src);
	default:
		return predict_order(op, view_of(dst, jmp32), view_of(src, jmp32));
	}
}

/* ---- refinement ---- */

/*
 * The operands' ends may be one and the same value (x op x), so each step reads what the one before
 * wrote, in the kernel's order.
 */
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

static void meet_eq32(struct val *a, struct val *b)
{
	struct tnum low = tnum_intersect(tnum_low(val_tnum(a), 4), tnum_low(val_tnum(b), 4));

	a->wl = MAX_OF(a->wl, b->wl);
	a->wh = MIN_OF(a->wh, b->wh);
	a->xl = MAX_OF(a->xl, b->xl);
	a->xh = MIN_OF(a->xh, b->xh);
	b->wl = a->wl;
	b->wh = a->wh;
	b->xl = a->xl;
	b->xh = a->xh;
	val_set_tnum(a, tnum_with_low32(val_tnum(a), low));
	val_set_tnum(b, tnum_with_low32(val_tnum(b), low));
}

static void meet_eq64(struct val *a, struct val *b)
{
	a->ul = MAX_OF(a->ul, b->ul);
	a->uh = MIN_OF(a->uh, b->uh);
	a->sl = MAX_OF(a->sl, b->sl);
	a->sh = MIN_OF(a->sh, b->sh);
	b->ul = a->ul;
	b->uh = a->uh;
	b->sl = a->sl;
	b->sh = a->sh;
	val_set_tnum(a, tnum_intersect(val_tnum(a), val_tnum(b)));
	val_set_tnum(b, val_tnum(a));
}

/* a != number: an end that equals it moves inwards. */
static void shave(struct val *a, uint64_t number, bool jmp32)
{
	uint32_t low = (uint32_t)number;

	if (jmp32) {
		a->wl += a->wl == low;
		a->wh -= a->wh == low;
		a->xl = (int32_t)((uint32_t)a->xl + (a->xl == (int32_t)low));
		a->xh = (int32_t)((uint32_t)a->xh - (a->xh == (int32_t)low));
		return;
	}
	a->ul += a->ul == number;
	a->uh -= a->uh == number;
	a->sl = (int64_t)((uint64_t)a->sl + (a->sl == (int64_t)number));
	a->sh = (int64_t)((uint64_t)a->sh - (a->sh == (int64_t)number));
}

static void set_bits(struct val *a, uint64_t mask, bool jmp32)
{
	struct tnum t = tnum_const(mask);

	if (mask == 0 || (mask & (mask - 1)) != 0)
		return;	/* several bits: which of them is set is not known */
	if (jmp32)
		val_set_tnum(a, tnum_with_low32(val_tnum(a), tnum_or(tnum_low(val_tnum(a), 4), t)));
	else
		val_set_tnum(a, tnum_or(val_tnum(a), t));
}

static void clear_bits(struct val *a, uint64_t mask, bool jmp32)
{
	struct tnum t = tnum_const(~mask);

	if (jmp32)
		val_set_tnum(a,
			     tnum_with_low32(val_tnum(a), tnum_and(tnum_low(val_tnum(a), 4), t)));
	else
		val_set_tnum(a, tnum_and(val_tnum(a), t));
}

/* a <= b (less: a < b), unsigned or signed. */
static void order_unsigned(struct val *a, struct val *b, bool less, bool jmp32)
{
	if (jmp32) {
		a->wh = MIN_OF(a->wh, b->wh - less);
		b->wl = MAX_OF(a->wl + less, b->wl);
	} else {
		a->uh = MIN_OF(a->uh, b->uh - less);
		b->ul = MAX_OF(a->ul + less, b->ul);
	}
}

/* The ends are moved as unsigned numbers: an end at the limit wraps, as the kernel's does. */
static void order_signed(struct val *a, struct val *b, bool less, bool jmp32)
{
	if (jmp32) {
		a->xh = MIN_OF(a->xh, (int32_t)((uint32_t)b->xh - less));
		b->xl = MAX_OF((int32_t)((uint32_t)a->xl + less), b->xl);
	} else {
		a->sh = MIN_OF(a->sh, (int64_t)((uint64_t)b->sh - less));
		b->sl = MAX_OF((int64_t)((uint64_t)a->sl + less), b->sl);
	}
}

/*
 * For operators that learn only against a constant: the other operand and that constant, or false.
 */
static bool const_side(struct val *dst, struct val *src, bool jmp32, struct val **ret_other,
		       uint64_t *ret_number)
{
	struct val *number = is_const(src, jmp32) ? src : dst;

	if (!is_const(number, jmp32))
		return false;
	*ret_other = number == src ? dst : src;
	*ret_number = jmp32 ? (uint32_t)number->tv : number->tv;
	return true;
}

/* `op` holds between *dst and *src. */
static void refine_holds(uint8_t op, bool jmp32, struct val *dst, struct val *src)
{
	struct val *other;
	uint64_t number;

	switch (op) {
	case BPF_JEQ:
		jmp32 ? meet_eq32(dst, src) : meet_eq64(dst, src);
		break;
	case BPF_JNE:
		if (const_side(dst, src, jmp32, &other, &number))
			shave(other, number, jmp32);
		break;
	case BPF_JSET:
		if (const_side(dst, src, jmp32, &other, &number))
			set_bits(other, number, jmp32);
		break;
	case JSET_NOT:
		if (const_side(dst, src, jmp32, &other, &number)) {
			/* on a dead branch the ranges would contradict the bits: they go first */
			val_unbound(other);
			clear_bits(other, number, jmp32);
		}
		break;
	case BPF_JLE:
	case BPF_JLT:
		order_unsigned(dst, src, op == BPF_JLT, jmp32);
		break;
	case BPF_JGE:
	case BPF_JGT:
		order_unsigned(src, dst, op == BPF_JGT, jmp32);
		break;
	case BPF_JSLE:
	case BPF_JSLT:
		order_signed(dst, src, op == BPF_JSLT, jmp32);
		break;
	default:
		order_signed(src, dst, op == BPF_JSGT, jmp32);
		break;
	}
}

/* ---- 6.1: one side is a constant, or equal 64-bit ranges; the widths meet only here ---- */

static void old_cap(struct val *v, uint8_t op, uint64_t number, bool jmp32)
{
	struct val limit;

	val_known(&limit, number);
	refine_holds(op, jmp32, v, &limit);
}

static void old_against(const struct behave *bh, struct val *v, uint8_t op, uint64_t number,
			bool jmp32)
{
	if (op == BPF_JEQ && jmp32) {
		val_known32(v, (uint32_t)number);
	} else if (op == BPF_JEQ) {
		val_known(v, number);
	} else if (op == BPF_JSET) {
		set_bits(v, number, jmp32);
	} else if (op == JSET_NOT) { /* stable 6.1 forgets the ranges first, as later kernels do */
		val_unbound(v);
		clear_bits(v, number, jmp32);
	} else if (op != BPF_JNE) {
		old_cap(v, op, number, jmp32);
	}

	if (!jmp32) {
		val_low_from_ends(bh, v);
		return;
	}
	if (v->tv >> 32 == 0 && v->tm >> 32 == 0) {
		val_ends_from_low(v);
	} else {
		val_unbound64(v);
		val_clamp_by_bits(bh, v);
	}
	val_sync(bh, v);
}

static void refine_old(const struct behave *bh, uint8_t op, bool jmp32, struct val *dst,
		       struct val *src)
{
	if (is_const(src, jmp32)) {
		old_against(bh, dst, op, jmp32 ? (uint32_t)src->tv : src->tv, jmp32);
	} else if (is_const(dst, jmp32)) {
		old_against(bh, src, op == JSET_NOT ? op : branch_flip(op),
			    jmp32 ? (uint32_t)dst->tv : dst->tv, jmp32);
	} else if (!jmp32 && op == BPF_JEQ) {
		meet_eq64(dst, src);
		val_sync(bh, dst);
		val_sync(bh, src);
	}
}

/* A way that leaves an operand without members is not gone. */
static enum branch_taken predict_by_refining(const struct behave *bh, uint8_t op, bool jmp32,
					     const struct val *dst, const struct val *src)
{
	struct val d = *dst, s = *src;

	refine_holds(op_pairs[op >> 4].reversed, jmp32, &d, &s);
	val_sync(bh, &d);
	val_sync(bh, &s);
	if (circ_is_empty(&d) || circ_is_empty(&s))
		return BRANCH_YES;
	d = *dst;
	s = *src;
	refine_holds(op, jmp32, &d, &s);
	val_sync(bh, &d);
	val_sync(bh, &s);
	return circ_is_empty(&d) || circ_is_empty(&s) ? BRANCH_NO : BRANCH_UNKNOWN;
}

enum branch_taken branch_predict(const struct behave *bh, uint8_t op, bool jmp32,
				 const struct val *dst, const struct val *src)
{
	enum branch_taken taken = predict(bh, op, jmp32, dst, src);

	if (taken != BRANCH_UNKNOWN || !bh->contradiction_ends)
		return taken;
	return predict_by_refining(bh, op, jmp32, dst, src);
}

enum branch_taken branch_predict_same(uint8_t op, bool jmp32, const struct val *v)
{
	struct view x = view_of(v, jmp32);

	switch (op) {
	case BPF_JGT:
	case BPF_JLT:
	case BPF_JSGT:
	case BPF_JSLT:
	case BPF_JNE:
		return BRANCH_NO;
	case BPF_JSET:
		if (tnum_is_const(x.t))
			return x.t.value ? BRANCH_YES : BRANCH_NO;
		return x.sl <= 0 && x.sh >= 0 ? BRANCH_UNKNOWN : BRANCH_YES;
	default:
		return BRANCH_YES;
	}
}

bool branch_refine(const struct behave *bh, uint8_t op, bool jmp32, enum branch_taken taken,
		   struct val *dst, struct val *src)
{
	bool fine;

	if (taken == BRANCH_NO)
		op = op_pairs[op >> 4].reversed;
	if (bh->bounds_old) {
		refine_old(bh, op, jmp32, dst, src);
		return true;
	}
	refine_holds(op, jmp32, dst, src);
	val_sync(bh, dst);
	val_sync(bh, src);
	fine = val_settle(bh, dst);
	return val_settle(bh, src) && fine;
}
