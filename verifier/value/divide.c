/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of quotients and remainders by a constant. One width is computed, as the kernel does, and
 * the rest learned from it; the least signed number by -1 stays what it is, as the instruction
 * leaves it.
 */
#include "verifier/value/divide.h"

#include "verifier/kernel/behave.h"
#include "verifier/value/val.h"

struct span {
	int64_t low, high;
};

static struct span signed_quotient(struct span d, int64_t by, int64_t least, int64_t most)
{
	int64_t a, b;

	if (d.low == least && by == -1) /* it alone overflows back to itself */
		return d.high == least ? d : (struct span){ least, most };
	a = d.low / by;
	b = d.high / by;
	return a < b ? (struct span){ a, b } : (struct span){ b, a };
}

/* False: the remainder is the dividend itself. */
static bool signed_remainder(struct span *d, int64_t by)
{
	uint64_t size = by > 0 ? (uint64_t)by : 0 - (uint64_t)by;
	int64_t most = (int64_t)(size - 1);

	if (d->low >= -most && d->high <= most)
		return false;
	if (d->low >= 0)
		*d = (struct span){ 0, d->high < most ? d->high : most };
	else if (d->high <= 0)
		*d = (struct span){ d->low > -most ? d->low : -most, 0 };
	else
		*d = (struct span){ -most, most };
	return true;
}

static bool divide_signed(struct divide how, struct val *d, int64_t by)
{
	struct span s = how.alu32 ? (struct span){ d->xl, d->xh } : (struct span){ d->sl, d->sh };

	if (!how.mod)
		s = how.alu32 ? signed_quotient(s, by, INT32_MIN, INT32_MAX)
			      : signed_quotient(s, by, INT64_MIN, INT64_MAX);
	else if (!signed_remainder(&s, by))
		return false;
	val_unknown(d);
	if (how.alu32) {
		d->xl = (int32_t)s.low;
		d->xh = (int32_t)s.high;
	} else {
		d->sl = s.low;
		d->sh = s.high;
	}
	return true;
}

static bool divide_unsigned(struct divide how, struct val *d, uint64_t by)
{
	uint64_t low = how.alu32 ? d->wl : d->ul, high = how.alu32 ? d->wh : d->uh;

	if (how.mod && high < by)
		return false;
	low = how.mod ? 0 : low / by;
	high = how.mod ? by - 1 : high / by;
	val_unknown(d);
	if (how.alu32) {
		d->wl = (uint32_t)low;
		d->wh = (uint32_t)high;
	} else {
		d->ul = low;
		d->uh = high;
	}
	return true;
}

static bool is_number(bool alu32, const struct val *v)
{
	return alu32 ? val_is_const32(v) && v->xl == v->xh && v->wl == v->wh
		     : val_is_const(v) && v->sl == v->sh && v->ul == v->uh;
}

bool divide_apply(const struct behave *bh, struct divide how, struct val *dst,
		  const struct val *src)
{
	uint64_t by = how.alu32 ? src->wl : src->ul;

	if (!is_number(how.alu32, src)) {
		val_unknown(dst);
		return true;
	}
	if (by == 0 && !how.mod)
		val_known(dst, 0);
	else if (by != 0 && how.is_signed)
		(void)divide_signed(how, dst, how.alu32 ? src->xl : src->sl);
	else if (by != 0)
		(void)divide_unsigned(how, dst, by);
	if (how.alu32)
		val_zext(dst);
	val_sync(bh, dst);
	return val_settle(bh, dst);
}
