/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operator, comparison and deduction on values of all sorts, by the rules of every profile.
 * The values are such as a walk makes (by clamps, operators and compares from others), and some
 * that contradict themselves, as the kernel's may.
 */
#include <string.h>

#include "tests/cases/sweep.h"
#include "tests/differential/rng.h"
#include "verifier/value/alu.h"
#include "verifier/value/branch.h"

#define VALUES 220 /* pairs of each kind are drawn from so many */
#define DRAWS  700

static const uint8_t alu_ops[] = { BPF_ADD, BPF_SUB,  BPF_MUL, BPF_OR,	BPF_AND, BPF_LSH,
				   BPF_RSH, BPF_ARSH, BPF_XOR, BPF_DIV, BPF_MOD, BPF_NEG };
static const uint8_t jmp_ops[] = { BPF_JEQ,  BPF_JNE,  BPF_JGT,	 BPF_JGE,  BPF_JLT, BPF_JLE,
				   BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET };

struct values {
	const struct behave *bh;
	struct val v[VALUES];
	uint64_t rng;
};

static uint64_t number(uint64_t *rng)
{
	uint64_t n = (uint64_t)(int64_t)rng_number(rng);

	switch (rng_pick(rng, 6)) {
	case 0:
		return n << rng_pick(rng, 64);
	case 1:
		return (uint64_t)1 << rng_pick(rng, 64);
	case 2:
		return ((uint64_t)1 << rng_pick(rng, 64)) - 1;
	case 3:
		return n & UINT32_MAX;
	default:
		return n;
	}
}

static struct val *any(struct values *vs)
{
	return &vs->v[rng_pick(&vs->rng, VALUES)];
}

/* Nothing about it agrees. */
static struct val wild(uint64_t *rng)
{
	struct val v = { .tm = number(rng),
			 .ul = number(rng),
			 .uh = number(rng),
			 .sl = (int64_t)number(rng),
			 .sh = (int64_t)number(rng),
			 .wl = (uint32_t)number(rng),
			 .wh = (uint32_t)number(rng),
			 .xl = (int32_t)number(rng),
			 .xh = (int32_t)number(rng) };

	v.tv = number(rng) & ~v.tm;
	return v;
}

static struct val made(struct values *vs, uint32_t i)
{
	struct val v = VAL_FULL, w = VAL_FULL;
	uint32_t rounds;

	if (i % 8 == 7)
		return wild(&vs->rng);
	if (rng_chance(&vs->rng, 25) || !i)
		val_known(&v, number(&vs->rng));
	for (rounds = rng_pick(&vs->rng, 4); rounds; rounds--) {
		val_known(&w, number(&vs->rng));
		if (rng_chance(&vs->rng, 50))
			branch_refine(vs->bh, jmp_ops[rng_pick(&vs->rng, sizeof(jmp_ops))],
				      rng_chance(&vs->rng, 40),
				      rng_chance(&vs->rng, 50) ? BRANCH_YES : BRANCH_NO, &v, &w);
		else
			alu_apply(vs->bh, alu_ops[rng_pick(&vs->rng, sizeof(alu_ops))],
				  rng_chance(&vs->rng, 40), &v,
				  i && rng_chance(&vs->rng, 40) ? &vs->v[rng_pick(&vs->rng, i)]
								: &w);
	}
	return v;
}

static void values_make(struct values *vs, enum profile profile)
{
	memset(vs, 0, sizeof(*vs));
	vs->bh = behave_of_profile(profile);
	vs->rng = 17;
	for (uint32_t i = 0; i < VALUES; i++)
		vs->v[i] = made(vs, i);
}

static void add(struct digest *d, const struct val *v, uint64_t r)
{
	digest_bytes(d, v, sizeof(*v));
	digest_bytes(d, &r, sizeof(r));
}

static void tell(struct sweep *s, const char *what, uint32_t op, const struct values *vs,
		 enum profile profile, const struct digest *d)
{
	char name[64];

	(void)vs;
	snprintf(name, sizeof(name), "%s 0x%02x", what, op);
	sweep_row(s, name, sweep_versions[profile], d);
}

static void operators(struct sweep *s, struct values *vs, enum profile profile)
{
	for (size_t i = 0; i < sizeof(alu_ops); i++) {
		struct digest d = { 0 };

		for (int n = 0; n < 2 * DRAWS; n++) {
			struct val a = *any(vs), b = *any(vs), zero = a, ones = a, sum = a;
			bool alu32 = n & 1;

			add(&d, &a, alu_apply(vs->bh, alu_ops[i], alu32, &a, &b));
			add(&d, &zero, alu_forks(vs->bh, alu_ops[i], &sum, &b, &zero, &ones));
			add(&d, &ones, alu_scalar_is_bad(&b));
			if (alu_ops[i] == BPF_ADD || alu_ops[i] == BPF_SUB) {
				alu_pointer(vs->bh, alu_ops[i], &sum, &b);
				add(&d, &sum, 0);
			}
		}
		tell(s, "operator", alu_ops[i], vs, profile, &d);
	}
}

static void comparisons(struct sweep *s, struct values *vs, enum profile profile)
{
	for (size_t i = 0; i < sizeof(jmp_ops); i++) {
		struct digest d = { 0 };

		for (int n = 0; n < 4 * DRAWS; n++) {
			struct val a = *any(vs), b = *any(vs), same = a;
			bool jmp32 = n & 1, taken = n & 2;

			add(&d, &a, (uint64_t)branch_predict(vs->bh, jmp_ops[i], jmp32, &a, &b));
			add(&d, &a,
			    branch_refine(vs->bh, jmp_ops[i], jmp32, taken ? BRANCH_YES : BRANCH_NO,
					  &a, &b));
			add(&d, &b, branch_flip(jmp_ops[i]));
			add(&d, &same,
			    branch_refine(vs->bh, jmp_ops[i], jmp32, taken ? BRANCH_YES : BRANCH_NO,
					  &same, &same));
		}
		tell(s, "comparison", jmp_ops[i], vs, profile, &d);
	}
}

static void deductions(struct sweep *s, struct values *vs, enum profile profile)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8 };
	struct digest d = { 0 };

	for (int n = 0; n < 2 * DRAWS; n++) {
		struct val a = *any(vs), b = *any(vs), c;
		uint32_t bytes = sizes[n & 3];
		int32_t low = (int32_t)number(&vs->rng);
		bool settled;

		c = a;
		val_sync(vs->bh, &c);
		add(&d, &c, val_within(&a, &b));
		c = a;
		val_clamp_by_bits(vs->bh, &c);
		add(&d, &c, val_has(&a, number(&vs->rng)));
		c = a;
		val_clamp32_by_bits(&c);
		add(&d, &c, val_is_settled(&c));
		c = a;
		settled = val_settle(vs->bh, &c);
		add(&d, &c, settled);
		c = a;
		val_zext(&c);
		add(&d, &c, val_is_unknown(&c));
		c = a;
		val_truncate(vs->bh, &c, bytes);
		add(&d, &c, val_is_const(&c));
		c = a;
		val_sext(vs->bh, &c, bytes);
		add(&d, &c, val_is_const32(&c));
		c = a;
		val_sext32(vs->bh, &c, bytes > 2 ? 2 : bytes);
		add(&d, &c, 0);
		c = a;
		val_ends_from_low(&c);
		add(&d, &c, 0);
		c = a;
		val_low_from_ends(vs->bh, &c);
		add(&d, &c, 0);
		c = a;
		val_known32(&c, (uint32_t)number(&vs->rng));
		add(&d, &c, 0);
		c = a;
		alu_linked(vs->bh, &c, (int64_t)number(&vs->rng), n & 4);
		add(&d, &c, 0);
		c = a;
		settled = alu_clamp_s32(vs->bh, &c, low, low < 0 ? 0 : INT32_MAX);
		add(&d, &c, settled);
		c = a;
		settled = alu_set_upto(vs->bh, &c, (uint32_t)low & INT32_MAX);
		add(&d, &c, settled);
		c = a;
		settled = alu_end(vs->bh, (enum alu_swap)(n % 3), 16u << (n & 3) % 3, &c);
		add(&d, &c, settled);
	}
	tell(s, "deductions", 0, vs, profile, &d);
}

static void tnum_add_to(struct digest *d, struct tnum t)
{
	digest_bytes(d, &t, sizeof(t));
}

static void bits(struct sweep *s, struct values *vs)
{
	struct digest d = { 0 };

	for (int n = 0; n < 4 * DRAWS; n++) {
		struct tnum a = val_tnum(any(vs)), b = val_tnum(any(vs));
		uint64_t low = number(&vs->rng), high = number(&vs->rng);
		unsigned int shift = rng_pick(&vs->rng, 64), bytes = 1 + (unsigned int)n % 8;
		const uint64_t said[] = { tnum_has(a, low),
					  tnum_max(a),
					  tnum_overlap(a, b),
					  tnum_within(a, b),
					  tnum_is_aligned(a, (uint64_t)1 << shift % 5),
					  tnum_is_aligned(a, 0),
					  tnum_next(a, low) };

		tnum_add_to(&d, tnum_range(low < high ? low : high, low < high ? high : low));
		tnum_add_to(&d, tnum_lsh(a, shift));
		tnum_add_to(&d, tnum_rsh(a, shift));
		tnum_add_to(&d, tnum_arsh(a, shift, 64));
		tnum_add_to(&d, tnum_arsh(a, shift % 32, 32));
		tnum_add_to(&d, tnum_mul_parts(a, b));
		tnum_add_to(&d, tnum_mul_long(a, b));
		tnum_add_to(&d, tnum_swap(a, 2u << n % 3));
		tnum_add_to(&d, tnum_intersect(a, b));
		tnum_add_to(&d, tnum_union(a, b));
		tnum_add_to(&d, tnum_low(a, bytes));
		tnum_add_to(&d, tnum_with_low32(a, b));
		digest_bytes(&d, said, sizeof(said));
	}
	tell(s, "bits", 0, vs, PROFILE_6_18_44, &d);
}

void sweep_values(struct sweep *s)
{
	static struct values vs;

	for (enum profile p = 0; p < PROFILE_CNT; p++) {
		values_make(&vs, p);
		operators(s, &vs, p);
		comparisons(s, &vs, p);
		deductions(s, &vs, p);
	}
	bits(s, &vs);
}
