/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles put together section by section: each one missing, twice, out of its order, and of each
 * length at which a rule of BUNDLE.md changes. The smallest good bundle is the control.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object/bundle.h"
#include "object/bundle_wire.h"
#include "object/digest.h"
#include "proto/own.h"
#include "tests/object/sample.h"

struct bundle_bytes {
	uint8_t *bytes;
	size_t len, room;
};

static void put(struct bundle_bytes *b, const void *bytes, size_t n)
{
	while (b->len + n > b->room) {
		b->room = b->room ? 2 * b->room : 4096;
		b->bytes = realloc(b->bytes, b->room);
	}
	if (bytes)
		memcpy(b->bytes + b->len, bytes, n);
	else
		memset(b->bytes + b->len, 0, n);
	b->len += n;
}

static void put_u32(struct bundle_bytes *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void begin(struct bundle_bytes *b)
{
	*b = (struct bundle_bytes){ 0 };
	put(b, BUNDLE_MAGIC, 8);
	put_u32(b, BUNDLE_VERSION);
	put_u32(b, 0);
}

static void section(struct bundle_bytes *b, uint32_t tag, const void *bytes, size_t n)
{
	put_u32(b, tag);
	put_u32(b, (uint32_t)n);
	put(b, bytes, n);
	put(b, NULL, -n % 8);
}

static int end(struct bundle_bytes *b)
{
	uint32_t len = (uint32_t)b->len;
	struct bundle *bundle = NULL;
	int r;

	memcpy(b->bytes + 12, &len, sizeof(len));
	r = bundle_decode(b->bytes, b->len, &bundle);
	bundle_free(bundle);
	free(b->bytes);
	return r;
}

/* What stands in a section of this length: text that ends in its NUL, or zeroes. */
static void put_of(struct bundle_bytes *b, uint32_t tag, size_t n)
{
	OWN_MEM char *bytes = calloc(1, n + 1);
	bool is_text = tag == BUNDLE_TAG_LICENSE || tag == BUNDLE_TAG_NAME ||
		       tag == BUNDLE_TAG_ATTACH_NAME || tag == BUNDLE_TAG_SOURCE ||
		       tag == BUNDLE_TAG_RELEASE;

	if (is_text && n)
		memset(bytes, 'x', n - 1);
	section(b, tag, bytes, n);
}

/* The record sizes and counts in PROG that fit `n` bytes of one of the three infos. */
static void put_prog(struct bundle_bytes *b, uint32_t tag, size_t n)
{
	uint32_t fields[BUNDLE_PROG_FIELDS] = { 1 };
	uint32_t at = tag == BUNDLE_TAG_FUNC_INFO ? 10 : tag == BUNDLE_TAG_LINE_INFO ? 12 : 14;

	if (tag >= BUNDLE_TAG_FUNC_INFO && tag <= BUNDLE_TAG_CORE_RELOS) {
		fields[at] = 1;
		fields[at + 1] = (uint32_t)n;
	}
	section(b, BUNDLE_TAG_PROG, fields, sizeof(fields));
}

/* A bundle with this section `times` times, and what it needs before it. */
static int with(uint32_t tag, size_t n, int times)
{
	struct bundle_bytes b;

	begin(&b);
	if (tag != BUNDLE_TAG_PROG)
		put_prog(&b, tag, n * (size_t)times);
	if (tag == BUNDLE_TAG_RELEASE || tag == BUNDLE_TAG_LOG)
		put_of(&b, BUNDLE_TAG_ANSWER, BUNDLE_ANSWER_BYTES);
	for (int i = 0; i < times; i++)
		put_of(&b, tag, n);
	return end(&b);
}

START_TEST(each_section_once_or_as_often_as_it_may)
{
	static const struct {
		uint32_t tag;
		size_t bytes;
		int most;
	} rows[] = {
		{ BUNDLE_TAG_PROG, BUNDLE_PROG_BYTES, 1 },
		{ BUNDLE_TAG_INSNS, 8, 1 },
		{ BUNDLE_TAG_LICENSE, 4, 1 },
		{ BUNDLE_TAG_NAME, 4, 1 },
		{ BUNDLE_TAG_ATTACH_NAME, 4, 1 },
		{ BUNDLE_TAG_BTF, 4, BUNDLE_BTFS_MAX },
		{ BUNDLE_TAG_MAP, BUNDLE_MAP_BYTES, BUNDLE_MAPS_MAX },
		{ BUNDLE_TAG_FUNC_INFO, 4, 1 },
		{ BUNDLE_TAG_LINE_INFO, 4, 1 },
		{ BUNDLE_TAG_CORE_RELOS, 4, 1 },
		{ BUNDLE_TAG_SOURCE, 4, 1 },
		{ BUNDLE_TAG_ANSWER, BUNDLE_ANSWER_BYTES, 1 },
		{ BUNDLE_TAG_RELEASE, 4, 1 },
		{ BUNDLE_TAG_LOG, 4, 1 },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		int r = with(rows[i].tag, rows[i].bytes, rows[i].most + 1);

		ck_assert_msg(with(rows[i].tag, rows[i].bytes, rows[i].most) == 0, "tag %u",
			      rows[i].tag);
		ck_assert_msg(r == (rows[i].most > 1 ? -E2BIG : -EBADMSG), "tag %u twice: %d",
			      rows[i].tag, r);
	}
}
END_TEST

START_TEST(each_section_at_each_length)
{
	static const struct {
		uint32_t tag;
		size_t least, most,
			unit; /* most: the first of which more is wrong; 0: tried no further */
	} rows[] = {
		{ BUNDLE_TAG_PROG, BUNDLE_PROG_BYTES, BUNDLE_PROG_BYTES, 1 },
		{ BUNDLE_TAG_INSNS, 8, 0, 8 },
		{ BUNDLE_TAG_LICENSE, 1, BUNDLE_TEXT_MAX, 1 },
		{ BUNDLE_TAG_NAME, 1, BUNDLE_TEXT_MAX, 1 },
		{ BUNDLE_TAG_ATTACH_NAME, 1, BUNDLE_TEXT_MAX, 1 },
		{ BUNDLE_TAG_BTF, 1, 0, 1 },
		{ BUNDLE_TAG_MAP, BUNDLE_MAP_BYTES, BUNDLE_MAP_BYTES, 1 },
		{ BUNDLE_TAG_FUNC_INFO, 1, 0, 1 },
		{ BUNDLE_TAG_LINE_INFO, 1, 0, 1 },
		{ BUNDLE_TAG_CORE_RELOS, 1, 0, 1 },
		{ BUNDLE_TAG_SOURCE, 1, BUNDLE_TEXT_MAX, 1 },
		{ BUNDLE_TAG_ANSWER, BUNDLE_ANSWER_BYTES, BUNDLE_ANSWER_BYTES, 1 },
		{ BUNDLE_TAG_RELEASE, 1, BUNDLE_TEXT_MAX, 1 },
		{ BUNDLE_TAG_LOG, 1, BUNDLE_LOG_MAX, 1 },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		uint32_t tag = rows[i].tag;

		ck_assert_msg(with(tag, rows[i].least, 1) == 0, "tag %u", tag);
		ck_assert_msg(with(tag, rows[i].least - 1, 1) == -EBADMSG, "tag %u less", tag);
		ck_assert_msg(with(tag, 0, 1) == -EBADMSG, "tag %u empty", tag);
		ck_assert_msg((with(tag, 2 * rows[i].least + 1, 1) == 0) ==
				      (rows[i].unit == 1 && rows[i].most != rows[i].least),
			      "tag %u odd", tag);
		if (!rows[i].most)
			continue;
		ck_assert_msg(with(tag, rows[i].most, 1) == 0, "tag %u most", tag);
		ck_assert_msg(with(tag, rows[i].most + 1, 1) == -EBADMSG, "tag %u more", tag);
	}
	ck_assert_int_eq(with(BUNDLE_TAG_INSNS, 8u * BUNDLE_INSNS_MAX, 1), 0);
	ck_assert_int_eq(with(BUNDLE_TAG_INSNS, 8u * BUNDLE_INSNS_MAX + 8, 1), -E2BIG);
	ck_assert_int_eq(with(0, 8, 1), -EBADMSG);
	ck_assert_int_eq(with(BUNDLE_TAG_LOG + 1, 8, 1), -EBADMSG);
}
END_TEST

START_TEST(sections_come_in_the_order_of_their_tags)
{
	for (uint32_t first = BUNDLE_TAG_INSNS; first <= BUNDLE_TAG_FUNC_INFO; first++)
		for (uint32_t second = BUNDLE_TAG_INSNS; second <= BUNDLE_TAG_FUNC_INFO; second++) {
			bool again = first == second &&
				     (first == BUNDLE_TAG_BTF || first == BUNDLE_TAG_MAP);
			struct bundle_bytes b;

			if (first == BUNDLE_TAG_CONTENTS || second == BUNDLE_TAG_CONTENTS)
				continue;
			begin(&b);
			put_prog(&b, BUNDLE_TAG_FUNC_INFO,
				 first == BUNDLE_TAG_FUNC_INFO || second == BUNDLE_TAG_FUNC_INFO
					 ? BUNDLE_MAP_BYTES
					 : 0);
			put_of(&b, first, BUNDLE_MAP_BYTES);
			put_of(&b, second, BUNDLE_MAP_BYTES);
			ck_assert_msg(end(&b) == (first < second || again ? 0 : -EBADMSG), "%u %u",
				      first, second);
		}
}
END_TEST

START_TEST(what_only_an_answer_makes_good)
{
	for (uint32_t tag = BUNDLE_TAG_RELEASE; tag <= BUNDLE_TAG_LOG; tag++) {
		struct bundle_bytes b;

		begin(&b);
		put_prog(&b, 0, 0);
		put_of(&b, tag, 4);
		ck_assert_int_eq(end(&b), -EBADMSG);
		ck_assert_int_eq(with(tag, 4, 1), 0);
	}
}
END_TEST

/* Contents of map `idx`, when two maps are there and frozen. */
static int contents_of(uint32_t first, uint32_t second, uint32_t pad, uint8_t frozen, size_t bytes)
{
	uint8_t map[BUNDLE_MAP_BYTES] = { [48] = frozen };
	uint32_t value[8] = { first, pad };
	struct bundle_bytes b;

	begin(&b);
	put_prog(&b, 0, 0);
	section(&b, BUNDLE_TAG_MAP, map, sizeof(map));
	section(&b, BUNDLE_TAG_MAP, map, sizeof(map));
	section(&b, BUNDLE_TAG_CONTENTS, value, bytes);
	value[0] = second;
	if (second != UINT32_MAX)
		section(&b, BUNDLE_TAG_CONTENTS, value, bytes);
	return end(&b);
}

START_TEST(contents_are_of_frozen_maps_once_and_in_order)
{
	ck_assert_int_eq(contents_of(0, UINT32_MAX, 0, 1, 16), 0);
	ck_assert_int_eq(contents_of(1, UINT32_MAX, 0, 1, 16), 0);
	ck_assert_int_eq(contents_of(2, UINT32_MAX, 0, 1, 16), -EBADMSG);
	ck_assert_int_eq(contents_of(0, 1, 0, 1, 16), 0);
	ck_assert_int_eq(contents_of(1, 0, 0, 1, 16), -EBADMSG);
	ck_assert_int_eq(contents_of(0, 0, 0, 1, 16), -EBADMSG);
	ck_assert_int_eq(contents_of(1, 1, 0, 1, 16), -EBADMSG);
	ck_assert_int_eq(contents_of(0, UINT32_MAX, 1, 1, 16), -EBADMSG);
	ck_assert_int_eq(contents_of(0, UINT32_MAX, 0, 0, 16), -EBADMSG);
	ck_assert_int_eq(contents_of(0, UINT32_MAX, 0, 1, 8), -EBADMSG);
	ck_assert_int_eq(contents_of(0, UINT32_MAX, 0, 1, 9), 0);
}
END_TEST

START_TEST(a_header_alone_is_no_bundle)
{
	struct bundle_bytes b;

	begin(&b);
	ck_assert_int_eq(end(&b), -EBADMSG);
	begin(&b);
	b.bytes[8] = BUNDLE_VERSION + 1;
	ck_assert_int_eq(end(&b), -EPROTONOSUPPORT);
	begin(&b);
	put_prog(&b, 0, 0);
	ck_assert_int_eq(end(&b), 0);
	begin(&b);
	put_prog(&b, 0, 0);
	b.bytes[0] ^= 1;
	ck_assert_int_eq(end(&b), -EBADMSG);
	ck_assert(bundle_is_bundle("bpfgbndl12345678", 16));
	ck_assert(!bundle_is_bundle("bpfgbndl1234567", 15));
	ck_assert(!bundle_is_bundle("bpfgbndL12345678", 16));
}
END_TEST

START_TEST(a_bundle_of_128_mib_is_written_and_no_larger_one)
{
	struct bgv_blob btf = { calloc(1, BUNDLE_BYTES_MAX), 1 << 20 };
	struct bpf_insn insn = { .code = 0x95 };
	struct bgv_program prog = { .insns = &insn, .insn_cnt = 1, .btfs = &btf, .btf_cnt = 1 };
	uint8_t *bytes = NULL;
	size_t cnt;

	ck_assert_int_eq(bundle_encode(&prog, NULL, &bytes, &cnt), 0);
	free(bytes);
	btf.bytes = BUNDLE_BYTES_MAX;
	ck_assert_int_eq(bundle_encode(&prog, NULL, &bytes, &cnt), -E2BIG);
	free((void *)(uintptr_t)btf.data);
}
END_TEST

/* The target's name is looked up in the BTF that it says is its own, not in its neighbours. */
START_TEST(a_targets_name_is_in_its_own_btf)
{
	static const uint8_t none[8] = { 1 };
	struct digest_options opt = { 0 };
	struct bgv_blob btfs[3] = { { none, sizeof(none) },
				    { sample_btf, sample_btf_bytes },
				    { none, sizeof(none) } };
	uint8_t one[DIGEST_BYTES], three[DIGEST_BYTES];
	struct sample s;

	sample_init(&s);
	ck_assert_int_eq(digest_program(&s.prog, &opt, one), -ENOENT); /* a type of vmlinux */
	s.insns[4] = s.insns[7];
	s.insns[5] = s.insns[7];
	s.insns[6] = s.insns[7];
	ck_assert_int_eq(digest_program(&s.prog, &opt, one), 0);
	s.target.btfs = btfs;
	s.target.btf_cnt = 3;
	s.target.prog_btf_idx = 2;
	ck_assert_int_eq(digest_program(&s.prog, &opt, three), 0);
	s.target.prog_btf_idx = 1;
	ck_assert_int_ne(digest_program(&s.prog, &opt, three), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("object/sections");
	TCase *tc = tcase_create("sections");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, each_section_once_or_as_often_as_it_may);
	tcase_add_test(tc, each_section_at_each_length);
	tcase_add_test(tc, sections_come_in_the_order_of_their_tags);
	tcase_add_test(tc, what_only_an_answer_makes_good);
	tcase_add_test(tc, contents_are_of_frozen_maps_once_and_in_order);
	tcase_add_test(tc, a_header_alone_is_no_bundle);
	tcase_add_test(tc, a_bundle_of_128_mib_is_written_and_no_larger_one);
	tcase_add_test(tc, a_targets_name_is_in_its_own_btf);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
