/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value domain against concrete arithmetic. Every operator, refinement and prediction is tried
 * on all ranges and all bit patterns of four bits, placed at the low end, across bit 32 and across
 * the sign, and on random 64-bit values; a result that misses a concrete outcome fails. What the
 * kernel was seen to compute is compared for equality.
 */
#include <check.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "verifier/value/alu.h"
#include "proto/array.h"
#include "verifier/value/branch.h"
#include "verifier/value/divide.h"

static const struct behave *behaviours[4];

static void set_up(void)
{
	behaviours[0] = behave_of_profile(PROFILE_6_1);
	behaviours[1] = behave_of_profile(PROFILE_6_12);
	behaviours[2] = behave_of_profile(PROFILE_6_18_44);
	behaviours[3] = behave_of_profile(PROFILE_7_3);
}

/* ---- concrete semantics, written from the instruction set's document ---- */

static uint64_t concrete32(uint8_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_AND: return a & b;
	case BPF_OR: return a | b;
	case BPF_XOR: return a ^ b;
	case BPF_LSH: return a << (b & 31);
	case BPF_RSH: return a >> (b & 31);
	case BPF_ARSH: return (uint32_t)((int32_t)a >> (b & 31));
	case BPF_DIV: return b ? a / b : 0;
	case BPF_MOD: return b ? a % b : a;
	default: return -a;
	}
}

static uint64_t concrete64(uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_AND: return a & b;
	case BPF_OR: return a | b;
	case BPF_XOR: return a ^ b;
	case BPF_LSH: return a << (b & 63);
	case BPF_RSH: return a >> (b & 63);
	case BPF_ARSH: return (uint64_t)((int64_t)a >> (b & 63));
	case BPF_DIV: return b ? a / b : 0;
	case BPF_MOD: return b ? a % b : a;
	default: return -a;
	}
}

static uint64_t concrete(uint8_t op, bool alu32, uint64_t a, uint64_t b)
{
	return alu32 ? (uint32_t)concrete32(op, (uint32_t)a, (uint32_t)b) : concrete64(op, a, b);
}

static bool holds(uint8_t op, bool jmp32, uint64_t a, uint64_t b)
{
	int64_t sa = jmp32 ? (int32_t)a : (int64_t)a, sb = jmp32 ? (int32_t)b : (int64_t)b;

	if (jmp32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case BPF_JEQ: return a == b;
	case BPF_JNE: return a != b;
	case BPF_JSET: return (a & b) != 0;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	case BPF_JLT: return a < b;
	case BPF_JLE: return a <= b;
	case BPF_JSGT: return sa > sb;
	case BPF_JSGE: return sa >= sb;
	case BPF_JSLT: return sa < sb;
	default: return sa <= sb;
	}
}

static const uint8_t alu_ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH,
				   BPF_RSH, BPF_ARSH, BPF_DIV, BPF_MOD, BPF_NEG };
static const uint8_t jmp_ops[] = { BPF_JEQ, BPF_JNE, BPF_JSET, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE,
				   BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE };
/* ck_assert notes each success; in loops of millions only failures may cost. */
#define must(ok, ...)                                                                              \
	do {                                                                                       \
		if (!(ok))                                                                         \
			ck_abort_msg(__VA_ARGS__);                                                 \
	} while (0)

/* ---- small sets: a value and all its members ---- */

struct set {
	struct val v;
	uint64_t member[16];
	unsigned int cnt;
};

struct sets {
	struct set *at;
	unsigned int cnt;
};

/* Where four bits stand: number n of 0..15 is base + n * step. */
struct place {
	uint64_t base, step;
};

static const struct place places[] = {
	{ 0, 1 },
	{ (uint64_t)-8, 1 },			/* across the sign of 64 and of 32 bits */
	{ UINT64_C(0x7ffffffffffffff8), 1 },	/* across the greatest s64 */
	{ 0x7ffffff8, 1 },			/* across the greatest s32 */
	{ UINT64_C(0xfffffff8), 1 },		/* across bit 32 */
	{ 0, UINT64_C(1) << 30 },		/* bits 30 to 33 */
};

static void set_from(struct set *s, const struct behave *bh, struct val v, struct place p)
{
	s->cnt = 0;
	for (uint64_t n = 0; n < 16; n++)
		if (val_has(&v, p.base + n * p.step))
			s->member[s->cnt++] = p.base + n * p.step;
	s->v = v;
	val_sync(bh, &s->v);
	for (unsigned int i = 0; i < s->cnt; i++)
		must(val_has(&s->v, s->member[i]), "sync lost %#llx",
			      (unsigned long long)s->member[i]);
}

/* All unsigned ranges, all signed ranges of the low half, and all bit patterns at a place. */
static struct sets sets_of(const struct behave *bh, struct place p)
{
	struct sets all = { calloc(400, sizeof(struct set)), 0 };
	struct val v;

	for (uint64_t low = 0; low < 16; low++)
		for (uint64_t high = low; high < 16; high++) {
			val_unknown(&v);
			if (p.base + low * p.step <= p.base + high * p.step) {
				v.ul = p.base + low * p.step;
				v.uh = p.base + high * p.step;
			} else {
				v.sl = (int64_t)(p.base + low * p.step);
				v.sh = (int64_t)(p.base + high * p.step);
			}
			set_from(&all.at[all.cnt++], bh, v, p);
		}
	for (uint64_t mask = 0; mask < 16; mask++)
		for (uint64_t value = 0; value < 16; value++) {
			if (value & mask)
				continue;
			val_unknown(&v);
			v.tv = (p.base & ~(15 * p.step)) | value * p.step;
			v.tm = mask * p.step;
			set_from(&all.at[all.cnt++], bh, v, p);
		}
	return all;
}

static void try_operator(const struct behave *bh, uint8_t op, bool alu32, const struct set *a,
			 const struct set *b)
{
	struct val d = a->v;

	alu_apply(bh, op, alu32, &d, &b->v);
	for (unsigned int i = 0; i < a->cnt; i++)
		for (unsigned int j = 0; j < b->cnt; j++)
			must(val_has(&d, concrete(op, alu32, a->member[i], b->member[j])),
			     "op %#x alu32 %d: %#llx, %#llx", op, alu32,
			     (unsigned long long)a->member[i], (unsigned long long)b->member[j]);
}

static void try_jump(const struct behave *bh, uint8_t op, bool jmp32, const struct set *a,
		     const struct set *b)
{
	struct val yes_a = a->v, yes_b = b->v, no_a = a->v, no_b = b->v;
	enum branch_taken taken = branch_predict(bh, op, jmp32, &a->v, &b->v);

	branch_refine(bh, op, jmp32, BRANCH_YES, &yes_a, &yes_b);
	branch_refine(bh, op, jmp32, BRANCH_NO, &no_a, &no_b);
	for (unsigned int i = 0; i < a->cnt; i++)
		for (unsigned int j = 0; j < b->cnt; j++) {
			bool is = holds(op, jmp32, a->member[i], b->member[j]);

			must(taken == BRANCH_UNKNOWN || taken == (enum branch_taken)is,
				      "jump %#x jmp32 %d predicted wrongly", op, jmp32);
			must(val_has(is ? &yes_a : &no_a, a->member[i]) &&
				     val_has(is ? &yes_b : &no_b, b->member[j]),
			     "jump %#x jmp32 %d is %d: %#llx, %#llx lost", op, jmp32, is,
			     (unsigned long long)a->member[i], (unsigned long long)b->member[j]);
		}
}

/*
 * A stride over the right-hand sides keeps the run short; the loop index is kernel and pair of
 * places.
 */
START_TEST(no_outcome_is_missed_at_small_widths)
{
	const struct behave *bh = behaviours[_i / 36];
	struct sets a = sets_of(bh, places[_i % 36 / 6]), b = sets_of(bh, places[_i % 6]);

	for (unsigned int i = 0; i < a.cnt; i++)
		for (unsigned int j = (i + (unsigned int)_i) % 31; j < b.cnt; j += 31) {
			for (unsigned int k = 0; k < ARRAY_CNT(alu_ops); k++) {
				try_operator(bh, alu_ops[k], false, &a.at[i], &b.at[j]);
				try_operator(bh, alu_ops[k], true, &a.at[i], &b.at[j]);
			}
			for (unsigned int k = 0; k < ARRAY_CNT(jmp_ops); k++) {
				try_jump(bh, jmp_ops[k], false, &a.at[i], &b.at[j]);
				try_jump(bh, jmp_ops[k], true, &a.at[i], &b.at[j]);
			}
		}
	free(a.at);
	free(b.at);
}
END_TEST

/* ---- random 64-bit values around a chosen member ---- */

static uint64_t rng_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random64(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

/* Numbers near the places where rules change are as likely as others. */
static uint64_t random_number(void)
{
	static const uint64_t edges[] = { 0,
					  1,
					  UINT64_C(1) << 31,
					  UINT64_C(1) << 32,
					  UINT64_C(1) << 63,
					  UINT64_C(0xffffffff),
					  UINT64_MAX };

	switch (random64() % 4) {
	case 0:
		return edges[random64() % ARRAY_CNT(edges)] + random64() % 16 - 8;
	case 1: return random64() >> (random64() % 64);
	case 2: return ~(random64() >> (random64() % 64));
	default: return random64();
	}
}

static struct val random_around(const struct behave *bh, uint64_t member)
{
	struct val v = VAL_FULL;
	uint64_t other = random_number();

	if (random64() % 2) {
		v.tm = random64() & random64() & (random64() >> (random64() % 64));
		v.tv = member & ~v.tm;
	}
	if (random64() % 2) {
		v.ul = other < member ? other : member;
		v.uh = other < member ? member : other;
	}
	other = random_number();
	if (random64() % 2) {
		v.sl = (int64_t)other < (int64_t)member ? (int64_t)other : (int64_t)member;
		v.sh = (int64_t)other < (int64_t)member ? (int64_t)member : (int64_t)other;
	}
	other = random_number();
	if (random64() % 2) {
		v.wl = (uint32_t)other < (uint32_t)member ? (uint32_t)other : (uint32_t)member;
		v.wh = (uint32_t)other < (uint32_t)member ? (uint32_t)member : (uint32_t)other;
	}
	if (random64() % 2) {
		v.xl = (int32_t)other < (int32_t)member ? (int32_t)other : (int32_t)member;
		v.xh = (int32_t)other < (int32_t)member ? (int32_t)member : (int32_t)other;
	}
	val_sync(bh, &v);
	must(val_has(&v, member), "sync lost %#llx", (unsigned long long)member);
	return v;
}

START_TEST(no_outcome_is_missed_at_random)
{
	const struct behave *bh = behaviours[_i];

	for (unsigned int n = 0; n < 400000; n++) {
		uint64_t a = random_number(),
			 b = random64() % 3 ? random_number() : random64() % 64;
		struct set x = { random_around(bh, a), { a }, 1 },
			   y = { random_around(bh, b), { b }, 1 };
		bool narrow = random64() % 2;

		if (random64() % 3 == 0)
			val_known(&y.v, b);
		try_operator(bh, alu_ops[random64() % ARRAY_CNT(alu_ops)], narrow, &x, &y);
		try_jump(bh, jmp_ops[random64() % ARRAY_CNT(jmp_ops)], narrow, &x, &y);
	}
}
END_TEST

static struct val masked(const struct behave *bh, uint64_t and_mask, uint64_t or_mask)
{
	struct val v = VAL_FULL, k;

	val_known(&k, and_mask);
	alu_apply(bh, BPF_AND, false, &v, &k);
	val_known(&k, or_mask);
	alu_apply(bh, BPF_OR, false, &v, &k);
	return v;
}

/* ---- division by a constant, as 7.0 and later do it ---- */

static uint64_t concrete_division(struct divide how, uint64_t a, uint64_t b)
{
	int64_t x = how.alu32 ? (int32_t)(uint32_t)a : (int64_t)a, y = how.alu32 ? (int32_t)(uint32_t)b : (int64_t)b;
	uint64_t r;

	if (!how.is_signed)
		return how.alu32 ? concrete32(how.mod ? BPF_MOD : BPF_DIV, (uint32_t)a, (uint32_t)b)
				 : concrete64(how.mod ? BPF_MOD : BPF_DIV, a, b);
	if (y == 0)
		r = how.mod ? (uint64_t)x : 0;
	else if (y == -1)
		r = how.mod ? 0 : 0 - (uint64_t)x;
	else
		r = (uint64_t)(how.mod ? x % y : x / y);
	return how.alu32 ? (uint32_t)r : r;
}

START_TEST(no_quotient_is_missed)
{
	const struct behave *bh = behaviours[3];
	struct divide how = { .mod = _i & 1, .alu32 = _i & 2, .is_signed = _i & 4 };

	for (unsigned int n = 0; n < 200000; n++) {
		uint64_t a = random_number(), b = random64() % 3 ? random_number() : random64() % 8 - 4, want;
		struct val v = random_around(bh, a), by, was = v;

		val_known(&by, b);
		(void)divide_apply(bh, how, &v, &by);
		want = concrete_division(how, a, b);
		must(val_has(&v, want), "division %d: %#llx by %#llx: %#llx lost", _i, (unsigned long long)a,
		     (unsigned long long)b, (unsigned long long)want);
		by = VAL_FULL;
		v = was;
		(void)divide_apply(bh, how, &v, &by);
		must(val_is_unknown(&v) || how.alu32, "division by anything tells something");
	}
}
END_TEST

START_TEST(a_quotient_is_bounded)
{
	struct val v = masked(behaviours[3], 255, 0), by;

	val_known(&by, 10);
	(void)divide_apply(behaviours[3], (struct divide){ 0 }, &v, &by);
	ck_assert_uint_eq(v.uh, 25);
	v = masked(behaviours[3], 255, 0);
	(void)divide_apply(behaviours[3], (struct divide){ .mod = true }, &v, &by);
	ck_assert_uint_eq(v.uh, 9);
}
END_TEST

START_TEST(narrowing_keeps_its_members)
{
	const struct behave *bh = behaviours[_i];

	for (unsigned int n = 0; n < 300000; n++) {
		uint64_t a = random_number(), bytes = UINT64_C(1) << (random64() % 3),
			 bits = 8 * bytes;
		struct val v = random_around(bh, a), t = v, s = v, s32 = v, e = v, p = v, q = v;
		uint64_t field = (UINT64_C(1) << bits) - 1;
		int64_t sx = (int64_t)(a << (64 - bits)) >> (64 - bits);

		val_truncate(bh, &t, (uint32_t)bytes);
		must(val_has(&t, a & field), "narrowing lost a member");
		val_sext(bh, &s, (uint32_t)bytes);
		must(val_has(&s, (uint64_t)sx), "narrowing lost a member");
		if (bytes < 4) {
			val_sext32(bh, &s32, (uint32_t)bytes);
			must(val_has(&s32, (uint32_t)sx), "narrowing lost a member");
		}
		alu_end(bh, ALU_TO_BE, 32, &e);
		must(val_has(&e, __builtin_bswap32((uint32_t)a)), "narrowing lost a member");
		alu_linked(bh, &p, -5, false);
		must(val_has(&p, a - 5), "narrowing lost a member");
		val_known(&s, 12);
		alu_pointer(bh, BPF_SUB, &q, &s);
		must(val_has(&q, a - 12), "narrowing lost a member");
	}
}
END_TEST

START_TEST(next_member_is_the_least_above)
{
	for (uint64_t mask = 0; mask < 64; mask++)
		for (uint64_t value = 0; value < 64; value++) {
			struct tnum t = { value, mask };

			for (uint64_t z = 0; !(value & mask) && z < 64; z++) {
				uint64_t best = tnum_max(t);

				for (uint64_t n = 63; n > z; n--)
					best = tnum_has(t, n) ? n : best;
				ck_assert_uint_eq(tnum_next(t, z), best);
			}
		}
}
END_TEST

/* ---- what kernels were seen to compute ---- */

START_TEST(multiplication_follows_the_bits_of_dst)
{
	struct val a = masked(behaviours[2], 2, 1), three, b = a, c;

	val_known(&three, 3);
	c = three;
	alu_apply(behaviours[2], BPF_MUL, false, &b, &three);
	ck_assert_uint_eq(b.tm, 0xa);
	alu_apply(behaviours[2], BPF_MUL, false, &c, &a);
	ck_assert_uint_eq(c.tm, 0xe);
	b = masked(behaviours[1], 2, 1);
	alu_apply(behaviours[1], BPF_MUL, false, &b, &three);
	ck_assert_uint_eq(b.tm, 0xe);
}
END_TEST

START_TEST(one_member_in_range_is_the_value)
{
	struct val v = masked(behaviours[2], 8, 0), three;

	val_known(&three, 3);
	branch_refine(behaviours[2], BPF_JGT, false, BRANCH_YES, &v, &three);
	ck_assert(val_is(&v, 8));
	v = masked(behaviours[1], 8, 0);
	branch_refine(behaviours[1], BPF_JGT, false, BRANCH_YES, &v, &three);
	ck_assert(!val_is_const(&v));
}
END_TEST

START_TEST(a_pair_across_zero_shrinks_to_one_arm)
{
	struct val v = VAL_FULL, k;

	val_known(&k, (uint64_t)-15);
	branch_refine(behaviours[2], BPF_JSGE, false, BRANCH_YES, &v, &k);
	val_known(&k, 99);
	branch_refine(behaviours[2], BPF_JSLE, false, BRANCH_YES, &v, &k);
	val_known(&k, 200);
	branch_refine(behaviours[2], BPF_JLE, false, BRANCH_YES, &v, &k);
	ck_assert_int_eq(v.sl, 0);
	ck_assert_int_eq(v.sh, 99);
	ck_assert_uint_eq(v.uh, 99);
}
END_TEST

START_TEST(sums_that_all_wrap_keep_their_range)
{
	for (int i = 1; i < 3; i++) {
		struct val v = VAL_FULL, k;

		v.ul = UINT64_MAX - 254;
		val_sync(behaviours[i], &v);
		val_known(&k, 4096);
		v.sl = INT64_MIN;	/* leave the unsigned pair alone to tell */
		alu_apply(behaviours[i], BPF_ADD, false, &v, &k);
		ck_assert(i == 2 ? v.uh == 4095 : v.uh >= 4095);
	}
}
END_TEST

START_TEST(negation_is_a_range_only_in_newer_kernels)
{
	struct val v = masked(behaviours[2], 15, 0);

	alu_apply(behaviours[2], BPF_NEG, false, &v, &v);
	ck_assert_int_eq(v.sl, -15);
	ck_assert_int_eq(v.sh, 0);
	v = masked(behaviours[1], 15, 0);
	alu_apply(behaviours[1], BPF_NEG, false, &v, &v);
	ck_assert(val_is_unknown(&v));
}
END_TEST

START_TEST(shifts_by_unknown_lose_the_upper_half_too)
{
	struct val v = masked(behaviours[2], 255, 0), by = masked(behaviours[2], 7, 0);

	alu_apply(behaviours[2], BPF_LSH, true, &v, &by);
	ck_assert(val_is_unknown(&v));
	v = masked(behaviours[2], 255, 0);
	val_known(&by, 10);
	alu_apply(behaviours[2], BPF_DIV, true, &v, &by);
	ck_assert(val_is_unknown(&v));
	v = masked(behaviours[2], 255, 0);
	alu_apply(behaviours[2], BPF_LSH, true, &v, &by);
	ck_assert_uint_eq(v.uh, 255 << 10);
}
END_TEST

START_TEST(sign_extension_by_shifts_forks_a_bool)
{
	struct val v = VAL_FULL, k, zero, ones;

	val_known(&k, 63);
	alu_apply(behaviours[2], BPF_ARSH, false, &v, &k);
	val_known(&k, 16);
	ck_assert(alu_forks(behaviours[2], BPF_AND, &v, &k, &zero, &ones));
	ck_assert(val_is(&zero, 0) && val_is(&ones, UINT64_MAX));
	ck_assert(!alu_forks(behaviours[0], BPF_AND, &v, &k, &zero, &ones));
	ck_assert(!alu_forks(behaviours[2], BPF_XOR, &v, &k, &zero, &ones));
}
END_TEST

START_TEST(byte_swap_moves_known_bits)
{
	struct val v = masked(behaviours[2], 255, 0);

	alu_end(behaviours[2], ALU_TO_BE, 16, &v);
	ck_assert_uint_eq(v.tm, 0xff00);
	ck_assert_uint_eq(v.uh, 0xff00);
	v = masked(behaviours[1], 255, 0);
	alu_end(behaviours[1], ALU_TO_BE, 16, &v);
	ck_assert(val_is_unknown(&v));
}
END_TEST

START_TEST(disjoint_bits_decide_equality)
{
	struct val a = masked(behaviours[2], 6, 0), b = masked(behaviours[2], 6, 1);

	ck_assert_int_eq(branch_predict(behaviours[2], BPF_JEQ, false, &a, &b), BRANCH_NO);
	ck_assert_int_eq(branch_predict(behaviours[0], BPF_JEQ, false, &a, &b), BRANCH_UNKNOWN);
	ck_assert_int_eq(branch_predict(behaviours[2], BPF_JLE, false, &a, &a), BRANCH_UNKNOWN);
}
END_TEST

START_TEST(a_contradiction_resets_the_ranges_and_keeps_the_bits)
{
	struct val v = masked(behaviours[2], UINT64_MAX, 1), k;

	v.ul = v.uh = 7;
	val_known(&k, 9);
	ck_assert(!branch_refine(behaviours[2], BPF_JGT, false, BRANCH_YES, &v, &k));
	ck_assert_uint_eq(v.uh, UINT64_MAX);
	ck_assert_uint_eq(v.tv & 1, 1);
}
END_TEST

static Suite *values_suite(void)
{
	Suite *s = suite_create("values");
	TCase *t = tcase_create("soundness"), *k = tcase_create("kernel");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, no_outcome_is_missed_at_small_widths, 0, 4 * 36);
	tcase_add_loop_test(t, no_outcome_is_missed_at_random, 0, 4);
	tcase_add_loop_test(t, no_quotient_is_missed, 0, 8);
	tcase_add_test(t, a_quotient_is_bounded);
	tcase_add_loop_test(t, narrowing_keeps_its_members, 0, 4);
	tcase_add_test(t, next_member_is_the_least_above);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(k, set_up, NULL);
	tcase_add_test(k, multiplication_follows_the_bits_of_dst);
	tcase_add_test(k, one_member_in_range_is_the_value);
	tcase_add_test(k, a_pair_across_zero_shrinks_to_one_arm);
	tcase_add_test(k, sums_that_all_wrap_keep_their_range);
	tcase_add_test(k, negation_is_a_range_only_in_newer_kernels);
	tcase_add_test(k, shifts_by_unknown_lose_the_upper_half_too);
	tcase_add_test(k, sign_extension_by_shifts_forks_a_bool);
	tcase_add_test(k, byte_swap_moves_known_bits);
	tcase_add_test(k, disjoint_bits_decide_equality);
	tcase_add_test(k, a_contradiction_resets_the_ranges_and_keeps_the_bits);
	suite_add_tcase(s, k);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(values_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
