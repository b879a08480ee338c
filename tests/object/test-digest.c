/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical digest changes with everything that DIGEST.md covers and with nothing else; BTF ids
 * count by name. Names come from raw BTF, which may be hostile.
 */
#include <check.h>
#include <stdlib.h>

#include "object/digest.h"
#include "proto/own.h"
#include "tests/object/sample.h"

static struct btfname *vmlinux;

static void setup(void)
{
	ck_assert_int_eq(btfname_new(sample_btf, sample_btf_bytes, NULL, &vmlinux), 0);
}

static void teardown(void)
{
	btfname_free(vmlinux);
	vmlinux = NULL;
}

/* The sample, but its kfunc is vmlinux's. */
static void digest_sample_init(struct sample *s)
{
	sample_init(s);
	s->insns[6].off = 0;
}

static void digest_sample(const struct sample *s, uint32_t flags, uint8_t digest[DIGEST_BYTES])
{
	const struct digest_options opt = { .vmlinux = vmlinux, .flags = flags };

	ck_assert_int_eq(digest_program(&s->prog, &opt, digest), 0);
}

typedef void (*change_fn)(struct sample *s);

static bool digest_changes(change_fn change, uint32_t flags)
{
	uint8_t before[DIGEST_BYTES], after[DIGEST_BYTES];
	struct sample s;

	digest_sample_init(&s);
	digest_sample(&s, flags, before);
	change(&s);
	digest_sample(&s, flags, after);
	return memcmp(before, after, sizeof(before)) != 0;
}

static void change_nothing(struct sample *s)
{
}
static void change_type(struct sample *s)
{
	s->prog.prog_type++;
}
static void change_attach_type(struct sample *s)
{
	s->prog.expected_attach_type++;
}
static void change_flags(struct sample *s)
{
	s->prog.prog_flags ^= 1;
}
static void change_ifindex(struct sample *s)
{
	s->prog.prog_ifindex = 3;
}
static void change_license(struct sample *s)
{
	s->prog.license = "MIT";
}
static void change_insn(struct sample *s)
{
	s->insns[7].imm = 1;
}
static void change_insn_cnt(struct sample *s)
{
	s->prog.insn_cnt++;
}
static void change_map_form(struct sample *s)
{
	s->insns[2].src_reg = BPF_PSEUDO_MAP_IDX;
}
static void change_map_shape(struct sample *s)
{
	s->maps[1].value_size = 16;
}
static void change_map_flags(struct sample *s)
{
	s->maps[0].map_flags = 1;
}
static void change_inner_shape(struct sample *s)
{
	s->maps[2].max_entries++;
}
static void change_which_map(struct sample *s)
{
	s->insns[2].imm = 1;
}
static void change_ksym(struct sample *s)
{
	s->insns[4].imm = 1;
}
static void change_kfunc(struct sample *s)
{
	s->insns[6].imm = 1;
}
static void change_kfunc_module(struct sample *s)
{
	s->insns[6].off = 2;
}
static void change_target(struct sample *s)
{
	s->prog.attach_btf_id = 1;
}
static void change_no_target(struct sample *s)
{
	s->prog.attach_btf_id = 0;
	s->prog.attach_name = NULL;
}
static void change_contents(struct sample *s)
{
	s->value[0]++;
}

static void change_map_numbers(struct sample *s) /* the same maps, listed the other way round */
{
	struct bgv_map first = s->maps[0];

	s->maps[0] = s->maps[1];
	s->maps[1] = first;
	s->insns[0].imm = 0;
	s->insns[2].imm = 1;
}

static void change_names(struct sample *s)
{
	s->prog.name = "other";
	s->maps[0].name[0]++;
	s->prog.func_info_cnt = 0;
	s->prog.func_info = (struct bgv_blob){ 0 };
	s->prog.mode = BGV_MODE_FULL;
}

static void change_token_flag(struct sample *s)
{
	s->prog.prog_flags |= 1u << 16;
}

static const change_fn that_count[] = {
	change_type,	  change_attach_type, change_flags,	   change_ifindex,
	change_license,	  change_insn,	      change_insn_cnt,	   change_map_form,
	change_map_shape, change_map_flags,   change_inner_shape,  change_which_map,
	change_ksym,	  change_kfunc,	      change_kfunc_module, change_target,
	change_no_target,
};

static const change_fn that_do_not[] = {
	change_nothing, change_contents, change_map_numbers, change_names, change_token_flag,
};

START_TEST(what_decides_about_a_program_changes_its_digest)
{
	ck_assert(digest_changes(that_count[_i], 0));
}
END_TEST

START_TEST(what_does_not_decide_leaves_the_digest)
{
	ck_assert(!digest_changes(that_do_not[_i], 0));
}
END_TEST

/* Half a pair of instructions at the end: the kernel refuses it, and nothing after it is read. */
START_TEST(what_follows_the_instructions_does_not_count)
{
	struct bpf_insn insns[3] = { { .code = 0xb7 }, { .code = 0x18, .dst_reg = 1, .imm = 7 } };
	const struct bgv_program prog = { .insns = insns, .insn_cnt = 2, .prog_type = 1, .license = "GPL" };
	const struct digest_options opt = { 0 };
	uint8_t one[DIGEST_BYTES], other[DIGEST_BYTES];

	insns[2].imm = 1;
	ck_assert_int_eq(digest_program(&prog, &opt, one), 0);
	insns[2].imm = 2;
	ck_assert_int_eq(digest_program(&prog, &opt, other), 0);
	ck_assert_mem_eq(one, other, DIGEST_BYTES);
	insns[1].imm = 8;
	ck_assert_int_eq(digest_program(&prog, &opt, other), 0);
	ck_assert_mem_ne(one, other, DIGEST_BYTES);
}
END_TEST

START_TEST(contents_count_where_asked)
{
	ck_assert(digest_changes(change_contents, DIGEST_WITH_CONTENTS));
	ck_assert(!digest_changes(change_nothing, DIGEST_WITH_CONTENTS));
}
END_TEST

START_TEST(btf_ids_count_by_name)
{
	static const uint8_t renumbered[] = {
		/* as sample_btf, after one more INT */
		0x9f, 0xeb, 1,	0,   24,  0,   0, 0,   0,   0,	 0,   0,   68,	0, 0, 0,  68, 0,
		0,    0,    12, 0,   0,	  0,   1, 0,   0,   0,	 0,   0,   0,	1, 4, 0,  0,  0,
		32,   0,    0,	1,   1,	  0,   0, 0,   0,   0,	 0,   1,   4,	0, 0, 0,  32, 0,
		0,    1,    0,	0,   0,	  0,   0, 0,   0,   2,	 1,   0,   0,	0, 0, 0,  0,  0,
		0,    0,    0,	13,  1,	  0,   0, 0,   5,   0,	 0,   0,   1,	0, 0, 12, 4,  0,
		0,    0,    0,	'i', 'n', 't', 0, 't', 'a', 'r', 'g', 'e', 't', 0,
	};
	uint8_t before[DIGEST_BYTES], after[DIGEST_BYTES];
	struct sample s;

	digest_sample_init(&s);
	digest_sample(&s, 0, before);
	teardown();
	ck_assert_int_eq(btfname_new(renumbered, sizeof(renumbered), NULL, &vmlinux), 0);
	s.insns[4].imm = 5;
	s.insns[6].imm = 5;
	digest_sample(&s, 0, after);
	ck_assert_mem_eq(before, after, sizeof(before));
}
END_TEST

START_TEST(what_cannot_be_named_has_no_digest)
{
	const struct digest_options with = { .vmlinux = vmlinux }, without = { 0 };
	uint8_t out[DIGEST_BYTES];
	struct sample s;

	digest_sample_init(&s);
	ck_assert_int_eq(digest_program(&s.prog, &with, out), 0);
	ck_assert_int_eq(digest_program(&s.prog, &without, out), -ENOENT);
	s.insns[4].imm = 2; /* a pointer has no name */
	ck_assert_int_eq(digest_program(&s.prog, &with, out), -ENOENT);
	s.insns[4].imm = 99;
	ck_assert_int_eq(digest_program(&s.prog, &with, out), -ENOENT);
}
END_TEST

START_TEST(a_map_that_is_not_there_has_no_digest)
{
	const struct digest_options opt = { .vmlinux = vmlinux };
	uint8_t out[DIGEST_BYTES];
	struct sample s;

	digest_sample_init(&s);
	ck_assert_int_eq(digest_program(&s.prog, &opt, out), 0);
	s.insns[0].imm = 3;
	ck_assert_int_eq(digest_program(&s.prog, &opt, out), -EINVAL);
	s.insns[0].imm = -1;
	ck_assert_int_eq(digest_program(&s.prog, &opt, out), -EINVAL);
}
END_TEST

/* The encoding is a promise to signers: these bytes may never change. */
START_TEST(the_encoding_stands)
{
	static const struct bpf_insn insns[] = { { .code = 0xb7, .imm = 2 }, { .code = 0x95 } };
	const struct bgv_program prog = { .insns = insns,
					  .insn_cnt = 2,
					  .prog_type = 6,
					  .expected_attach_type = 37,
					  .license = "GPL" };
	const struct digest_options opt = { 0 };
	char hex[DIGEST_HEX_BYTES];
	uint8_t out[DIGEST_BYTES];
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt = 0;

	ck_assert_int_eq(digest_encode(&prog, &opt, &bytes, &cnt), 0);
	ck_assert_uint_eq(cnt, 18 + 16 + 1 + 4 + 4 + 3 + 4 + 16 + 4 + 4);
	ck_assert_int_eq(digest_program(&prog, &opt, out), 0);
	digest_to_hex(out, hex);
	ck_assert_str_eq(hex, "55f28dd2e7c765d8bce166e180b34fcf6011c2e7cf82c0ffde9aa3c0a62c68b2");
}
END_TEST

START_TEST(btf_cut_or_changed_anywhere_is_read_safely)
{
	struct btfname *names = NULL;

	for (size_t cnt = 0; cnt < sample_btf_bytes; cnt++) {
		uint8_t *cut = malloc(cnt ? cnt : 1);

		memcpy(cut, sample_btf, cnt);
		ck_assert_int_eq(btfname_new(cut, cnt, NULL, &names), -EINVAL);
		free(cut);
	}
	for (size_t i = 0; i < 8 * sample_btf_bytes; i++) {
		uint8_t *changed = malloc(sample_btf_bytes);

		memcpy(changed, sample_btf, sample_btf_bytes);
		changed[i / 8] ^= (uint8_t)(1u << i % 8);
		if (btfname_new(changed, sample_btf_bytes, NULL, &names) == 0) {
			for (uint32_t id = 0; id < 8; id++) {
				const char *name = btfname_get(names, id);

				ck_assert(!name || strlen(name) < sample_btf_bytes);
			}
			btfname_free(names);
		}
		free(changed);
	}
	ck_assert_str_eq(btfname_get(vmlinux, 4), "target");
	ck_assert_ptr_null(btfname_get(vmlinux, 0));
	ck_assert_ptr_null(btfname_get(vmlinux, 5));
}
END_TEST

/* Another instruction instead of the sample's kfunc call. */
static void digest_of_call(struct bpf_insn call, uint8_t digest[DIGEST_BYTES])
{
	struct sample s;

	digest_sample_init(&s);
	s.insns[6] = call;
	digest_sample(&s, 0, digest);
}

START_TEST(a_kfunc_that_is_not_there_is_one_word)
{
	static const struct bpf_insn before_1_3 = { .code = 0x85, .src_reg = 2 },
				     since = { .code = 0x85, .imm = DIGEST_ABSENT_KFUNC_MIN + 1 },
				     other = { .code = 0x85, .imm = DIGEST_ABSENT_KFUNC_MAX },
				     helper = { .code = 0x85, .imm = DIGEST_ABSENT_KFUNC_MAX + 1 },
				     there = { .code = 0x85, .src_reg = 2, .imm = 4 };
	uint8_t absent[DIGEST_BYTES], digest[DIGEST_BYTES];

	digest_of_call(before_1_3, absent);
	digest_of_call(since, digest);
	ck_assert_mem_eq(absent, digest, DIGEST_BYTES);
	digest_of_call(other, digest);
	ck_assert_mem_eq(absent, digest, DIGEST_BYTES);
	/* The controls: any other call is another program. */
	digest_of_call(helper, digest);
	ck_assert_mem_ne(absent, digest, DIGEST_BYTES);
	digest_of_call(there, digest);
	ck_assert_mem_ne(absent, digest, DIGEST_BYTES);
}
END_TEST

/* The sample with a constant where it names a BTF id; called a symbol's address when there is a name. */
static void digest_of_constant(uint64_t value, const char *name, uint8_t digest[DIGEST_BYTES])
{
	const struct digest_symbol symbol = { .insn_idx = 4, .name = name };
	const struct digest_options opt = { .vmlinux = vmlinux, .symbols = &symbol, .symbol_cnt = name ? 1 : 0 };
	struct sample s;

	digest_sample_init(&s);
	s.insns[4] = (struct bpf_insn){ .code = 0x18, .dst_reg = 3, .imm = (int32_t)value };
	s.insns[5] = (struct bpf_insn){ .imm = (int32_t)(value >> 32) };
	ck_assert_int_eq(digest_program(&s.prog, &opt, digest), 0);
}

START_TEST(an_address_counts_by_its_symbols_name)
{
	uint8_t hidden[DIGEST_BYTES], digest[DIGEST_BYTES];

	digest_of_constant(0, "_stext", hidden);
	digest_of_constant(0xffffffff81000000, "_stext", digest);
	ck_assert_mem_eq(hidden, digest, DIGEST_BYTES);
	digest_of_constant(0, "_etext", digest);
	ck_assert_mem_ne(hidden, digest, DIGEST_BYTES);
	/* The control: a constant that no source calls an address counts as it is. */
	digest_of_constant(0, NULL, hidden);
	digest_of_constant(0xffffffff81000000, NULL, digest);
	ck_assert_mem_ne(hidden, digest, DIGEST_BYTES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("digest");
	TCase *tc = tcase_create("digest");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_decides_about_a_program_changes_its_digest, 0,
			    (int)ARRAY_CNT(that_count));
	tcase_add_loop_test(tc, what_does_not_decide_leaves_the_digest, 0,
			    (int)ARRAY_CNT(that_do_not));
	tcase_add_test(tc, what_follows_the_instructions_does_not_count);
	tcase_add_test(tc, contents_count_where_asked);
	tcase_add_test(tc, btf_ids_count_by_name);
	tcase_add_test(tc, what_cannot_be_named_has_no_digest);
	tcase_add_test(tc, a_map_that_is_not_there_has_no_digest);
	tcase_add_test(tc, the_encoding_stands);
	tcase_add_test(tc, a_kfunc_that_is_not_there_is_one_word);
	tcase_add_test(tc, an_address_counts_by_its_symbols_name);
	tcase_add_test(tc, btf_cut_or_changed_anywhere_is_read_safely);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
