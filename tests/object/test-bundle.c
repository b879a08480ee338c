/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles: what is written is read back, and bytes that nobody would write are refused. Each
 * refusal changes one thing in bytes that decode, which the same test shows.
 */
#include <check.h>
#include <stdlib.h>

#include "object/bundle_wire.h"
#include "proto/own.h"
#include "tests/object/sample.h"

struct bytes {
	uint8_t *data;
	size_t cnt;
};

static struct sample sample;

static struct bytes encode_sample(void)
{
	struct bytes b = { 0 };

	sample_init(&sample);
	ck_assert_int_eq(bundle_encode(&sample.prog, &sample.answer, &b.data, &b.cnt), 0);
	return b;
}

static int decode(const void *data, size_t cnt)
{
	OWN_BUNDLE struct bundle *bundle = NULL;

	return bundle_decode(data, cnt, &bundle);
}

/* Offset of the n-th section with that tag; fails the test when there is none. */
static size_t find_section(const struct bytes *b, uint32_t tag, size_t n)
{
	size_t at = BUNDLE_HEADER_BYTES;
	uint32_t head[2];

	while (at < b->cnt) {
		memcpy(head, b->data + at, sizeof(head));
		if (head[0] == tag && !n--)
			return at;
		at += sizeof(head) + (head[1] + 7) / 8 * 8;
	}
	ck_abort_msg("no section %u", tag);
	return 0;
}

static void set_u32(struct bytes *b, size_t at, uint32_t value)
{
	memcpy(b->data + at, &value, sizeof(value));
}

/* Changes one number in good bytes and expects that refusal. */
static void refuses_u32(uint32_t tag, size_t n, size_t off, uint32_t value, int err)
{
	struct bytes b = encode_sample();
	size_t at = tag ? find_section(&b, tag, n) + 8 + off : off;

	ck_assert_int_eq(decode(b.data, b.cnt), 0);
	set_u32(&b, at, value);
	ck_assert_int_eq(decode(b.data, b.cnt), err);
	free(b.data);
}

START_TEST(what_is_written_is_read_back)
{
	struct bytes b = encode_sample(), again = { 0 };
	OWN_BUNDLE struct bundle *bundle = NULL;

	ck_assert_int_eq(bundle_decode(b.data, b.cnt, &bundle), 0);
	ck_assert_uint_eq(bundle->prog.insn_cnt, 9);
	ck_assert_mem_eq(bundle->prog.insns, sample.insns, 9 * sizeof(struct bpf_insn));
	ck_assert_str_eq(bundle->prog.license, "Dual BSD/GPL");
	ck_assert_uint_eq(bundle->prog.map_cnt, 3);
	ck_assert_uint_eq(bundle->prog.maps[0].inner_idx, 3);
	ck_assert_uint_eq(bundle->prog.maps[2].map_extra, 77);
	ck_assert_mem_eq(bundle->prog.maps[1].contents, "0123456789ab", 12);
	ck_assert_uint_eq(bundle->prog.mode, BGV_MODE_NO_PERFMON);
	ck_assert_uint_eq(bundle->prog.func_info_cnt, 2);
	ck_assert_str_eq(bundle->prog.attach_prog->license, "GPL");
	ck_assert_uint_eq(bundle->prog.attach_prog->btfs[0].bytes, sample_btf_bytes);
	ck_assert(bundle->answer.known);
	ck_assert_uint_eq(bundle->answer.insn_processed, 1ull << 33);
	ck_assert_str_eq(bundle->answer.source, "sample.bpf.o:sample");
	ck_assert_int_eq(bundle_encode(&bundle->prog, &bundle->answer, &again.data, &again.cnt), 0);
	ck_assert_uint_eq(again.cnt, b.cnt);
	ck_assert_mem_eq(again.data, b.data, b.cnt);
	free(b.data);
	free(again.data);
}
END_TEST

START_TEST(the_least_program_is_read_back)
{
	const struct bgv_program nothing = { .prog_type = 1 };
	OWN_BUNDLE struct bundle *bundle = NULL;
	struct bytes b = { 0 };

	ck_assert_int_eq(bundle_encode(&nothing, NULL, &b.data, &b.cnt), 0);
	ck_assert_int_eq(bundle_decode(b.data, b.cnt, &bundle), 0);
	ck_assert_uint_eq(bundle->prog.insn_cnt, 0);
	ck_assert_ptr_null(bundle->prog.license);
	ck_assert(!bundle->answer.known);
	free(b.data);
}
END_TEST

START_TEST(a_bundle_cut_anywhere_is_refused)
{
	struct bytes b = encode_sample();

	ck_assert_int_eq(decode(b.data, b.cnt), 0);
	for (size_t cnt = 0; cnt < b.cnt; cnt++) {
		uint8_t *cut = malloc(cnt ? cnt : 1); /* its own block: reading past it is seen */

		memcpy(cut, b.data, cnt);
		ck_assert_int_eq(decode(cut, cnt), -EBADMSG);
		if (cnt >= BUNDLE_HEADER_BYTES) {
			struct bytes honest = { cut, cnt };

			set_u32(&honest, 12, (uint32_t)cnt);
			/* Without its last sections it may be a smaller bundle, but never by half a
			 * section. */
			if (cnt % 8)
				ck_assert_int_eq(decode(cut, cnt), -EBADMSG);
			else
				(void)decode(cut, cnt);
		}
		free(cut);
	}
	free(b.data);
}
END_TEST

/* Whatever decodes has one encoding: no byte is ignored, no byte means two things. */
START_TEST(every_byte_that_is_accepted_counts)
{
	struct bytes b = encode_sample();
	size_t accepted = 0;

	for (size_t i = 0; i < b.cnt; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			OWN_BUNDLE struct bundle *bundle = NULL;
			OWN_MEM uint8_t *again = NULL;
			size_t again_cnt = 0;

			b.data[i] ^= (uint8_t)(1u << bit);
			if (bundle_decode(b.data, b.cnt, &bundle) == 0) {
				ck_assert_int_eq(bundle_encode(&bundle->prog, &bundle->answer,
							       &again, &again_cnt),
						 0);
				ck_assert_uint_eq(again_cnt, b.cnt);
				ck_assert_mem_eq(again, b.data, b.cnt);
				accepted++;
			}
			b.data[i] ^= (uint8_t)(1u << bit);
		}
	ck_assert_uint_gt(accepted, 0); /* bits of instructions, for example */
	free(b.data);
}
END_TEST

START_TEST(bytes_left_over_are_refused)
{
	struct bytes b = encode_sample();
	uint8_t *more = calloc(1, b.cnt + 8);

	memcpy(more, b.data, b.cnt);
	ck_assert_int_eq(decode(more, b.cnt), 0);
	ck_assert_int_eq(decode(more, b.cnt + 8), -EBADMSG);
	free(more);
	free(b.data);
}
END_TEST

START_TEST(another_version_is_said_to_be_one)
{
	refuses_u32(0, 0, 8, BUNDLE_VERSION + 1, -EPROTONOSUPPORT);
}
END_TEST

START_TEST(indices_that_point_nowhere_are_refused)
{
	refuses_u32(BUNDLE_TAG_PROG, 0, 5 * 4, 3, -EBADMSG); /* prog_btf: there are 2 */
	refuses_u32(BUNDLE_TAG_PROG, 0, 7 * 4, 3, -EBADMSG); /* attach_btf */
	refuses_u32(BUNDLE_TAG_PROG, 0, 4 * 4, 4, -EBADMSG); /* fd_array_cnt: there are 3 maps */
	refuses_u32(BUNDLE_TAG_MAP, 1, 20, 3, -EBADMSG);     /* btf */
	refuses_u32(BUNDLE_TAG_MAP, 0, 44, 4, -EBADMSG);     /* inner */
	refuses_u32(BUNDLE_TAG_MAP, 2, 44, 1, -EBADMSG);     /* a template with a template */
	refuses_u32(BUNDLE_TAG_CONTENTS, 0, 0, 3, -EBADMSG); /* contents of map 3 */
	refuses_u32(BUNDLE_TAG_CONTENTS, 0, 0, 0, -EBADMSG); /* map 0 is not frozen */
}
END_TEST

START_TEST(record_counts_must_fit_their_records)
{
	refuses_u32(BUNDLE_TAG_PROG, 0, 11 * 4, 3, -EBADMSG);
	refuses_u32(BUNDLE_TAG_PROG, 0, 10 * 4, 0x80000008,
		    -EBADMSG);				      /* 32-bit product would fit */
	refuses_u32(BUNDLE_TAG_PROG, 0, 13 * 4, 1u << 31, 0); /* times size 0: no records */
}
END_TEST

START_TEST(sections_out_of_order_twice_or_unknown_are_refused)
{
	struct bytes b = encode_sample();
	size_t license = find_section(&b, BUNDLE_TAG_LICENSE, 0);

	set_u32(&b, license, BUNDLE_TAG_NAME); /* then there are two names */
	ck_assert_int_eq(decode(b.data, b.cnt), -EBADMSG);
	set_u32(&b, license, BUNDLE_TAG_LOG);
	ck_assert_int_eq(decode(b.data, b.cnt), -EBADMSG);
	set_u32(&b, license, 0);
	ck_assert_int_eq(decode(b.data, b.cnt), -EBADMSG);
	set_u32(&b, license, BUNDLE_TAG_LICENSE);
	ck_assert_int_eq(decode(b.data, b.cnt), 0);
	set_u32(&b, find_section(&b, BUNDLE_TAG_LOG, 0), BUNDLE_TAG_LOG + 1);
	ck_assert_int_eq(decode(b.data, b.cnt), -EBADMSG);
	free(b.data);
}
END_TEST

START_TEST(text_has_one_end)
{
	struct bytes b = encode_sample();
	size_t license = find_section(&b, BUNDLE_TAG_LICENSE, 0) + 8;

	b.data[license + 12] = '!'; /* its NUL */
	ck_assert_int_eq(decode(b.data, b.cnt), -EBADMSG);
	b.data[license + 12] = '\0';
	ck_assert_int_eq(decode(b.data, b.cnt), 0);
	b.data[license + 4] = '\0';
	ck_assert_int_eq(decode(b.data, b.cnt), -EBADMSG);
	free(b.data);
}
END_TEST

START_TEST(an_attach_target_has_no_attach_target)
{
	struct bytes b = encode_sample();
	struct bgv_program deeper = sample.target;
	uint8_t *none = NULL;
	size_t cnt = 0;

	deeper.attach_prog = &sample.target;
	sample.prog.attach_prog = &deeper;
	ck_assert_int_eq(bundle_encode(&sample.prog, NULL, &none, &cnt), -EINVAL);
	/* The same by hand: the target's last section says it is one. */
	set_u32(&b,
		find_section(&b, BUNDLE_TAG_ATTACH_PROG, 0) + 8 + BUNDLE_HEADER_BYTES + 8 +
			BUNDLE_PROG_BYTES,
		BUNDLE_TAG_ATTACH_PROG);
	ck_assert_int_eq(decode(b.data, b.cnt), -EBADMSG);
	free(b.data);
}
END_TEST

/* Many tiny sections must not make much memory, nor more than their limit be counted. */
START_TEST(too_many_sections_are_refused)
{
	const uint32_t cnt = BUNDLE_BTFS_MAX;
	struct bytes b = { calloc(1, 2000 * 16 + 1000), 0 };

	for (uint32_t extra = 0; extra < 2; extra++) {
		memcpy(b.data, BUNDLE_MAGIC, 8);
		set_u32(&b, 8, BUNDLE_VERSION);
		set_u32(&b, 16, BUNDLE_TAG_PROG);
		set_u32(&b, 20, BUNDLE_PROG_BYTES);
		b.cnt = 24 + BUNDLE_PROG_BYTES;
		for (uint32_t i = 0; i < cnt + extra; i++, b.cnt += 16) {
			set_u32(&b, b.cnt, BUNDLE_TAG_BTF);
			set_u32(&b, b.cnt + 4, 1);
		}
		set_u32(&b, 12, (uint32_t)b.cnt);
		ck_assert_int_eq(decode(b.data, b.cnt), extra ? -E2BIG : 0);
	}
	free(b.data);
}
END_TEST

START_TEST(lengths_beyond_the_bytes_are_refused)
{
	refuses_u32(BUNDLE_TAG_LOG, 0, -4, 0xffffffff, -EBADMSG);
	refuses_u32(BUNDLE_TAG_LOG, 0, -4, 0xfffffff8, -EBADMSG);
	refuses_u32(BUNDLE_TAG_LOG, 0, -4, 17, -EBADMSG);
	refuses_u32(BUNDLE_TAG_INSNS, 0, -4, 9 * 8 - 1, -EBADMSG);
}
END_TEST

START_TEST(a_program_that_contradicts_itself_is_not_written)
{
	uint8_t *data = NULL;
	size_t cnt = 0;

	sample_init(&sample);
	sample.prog.func_info_cnt = 3;
	ck_assert_int_eq(bundle_encode(&sample.prog, NULL, &data, &cnt), -EINVAL);
	sample_init(&sample);
	sample.maps[1].btf_idx = 3;
	ck_assert_int_eq(bundle_encode(&sample.prog, NULL, &data, &cnt), -EINVAL);
	sample_init(&sample);
	sample.btfs[1].bytes = 0;
	ck_assert_int_eq(bundle_encode(&sample.prog, NULL, &data, &cnt), -EINVAL);
	sample_init(&sample);
	sample.prog.map_cnt = BUNDLE_MAPS_MAX + 1;
	ck_assert_int_eq(bundle_encode(&sample.prog, NULL, &data, &cnt), -E2BIG);
	sample_init(&sample);
	ck_assert_int_eq(bundle_encode(&sample.prog, NULL, &data, &cnt), 0);
	free(data);
}
END_TEST

static void expect_reason(const char *log, const char *reason)
{
	struct bundle_answer answer = { .log = log, .log_bytes = strlen(log) };
	size_t bytes = 99;
	const char *text = bundle_answer_reason(&answer, &bytes);

	ck_assert_uint_eq(bytes, strlen(reason));
	ck_assert_int_eq(strncmp(text, reason, bytes), 0);
}

START_TEST(the_reason_is_the_last_line_before_counters_and_explanations)
{
	const struct bundle_answer silent = { 0 };
	size_t bytes = 9;

	ck_assert_str_eq(bundle_answer_reason(&silent, &bytes), "");
	ck_assert_uint_eq(bytes, 0);
	expect_reason("0: exit\nR0 !read_ok\nprocessed 1 insns\n", "R0 !read_ok");
	expect_reason("R0 !read_ok\nprocessed 1 insns\nverification time 3 usec\nstack depth 0\n", "R0 !read_ok");
	expect_reason("0: exit\nR0 !read_ok\n\nVerification failed: Use: it is not set\n\nSuggestion:\n  Set it.\n"
		      "processed 1 insns\n", "R0 !read_ok");
	expect_reason("processed 1 insns\n", "");
	expect_reason("", "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bundle");
	TCase *tc = tcase_create("bundle");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, what_is_written_is_read_back);
	tcase_add_test(tc, the_least_program_is_read_back);
	tcase_add_test(tc, a_bundle_cut_anywhere_is_refused);
	tcase_add_test(tc, every_byte_that_is_accepted_counts);
	tcase_add_test(tc, bytes_left_over_are_refused);
	tcase_add_test(tc, another_version_is_said_to_be_one);
	tcase_add_test(tc, indices_that_point_nowhere_are_refused);
	tcase_add_test(tc, record_counts_must_fit_their_records);
	tcase_add_test(tc, sections_out_of_order_twice_or_unknown_are_refused);
	tcase_add_test(tc, text_has_one_end);
	tcase_add_test(tc, an_attach_target_has_no_attach_target);
	tcase_add_test(tc, too_many_sections_are_refused);
	tcase_add_test(tc, lengths_beyond_the_bytes_are_refused);
	tcase_add_test(tc, a_program_that_contradicts_itself_is_not_written);
	tcase_add_test(tc, the_reason_is_the_last_line_before_counters_and_explanations);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
