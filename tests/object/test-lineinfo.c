/* SPDX-License-Identifier: Apache-2.0 */
/* Line info names the line, and line info that lies names none. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object/lineinfo.h"

#define STRINGS_OFF 24

/* A BTF of strings only, and two records: instruction 0 at a.c:7:3, instruction 2 at a.c:9:1. */
struct sample {
	uint8_t btf[STRINGS_OFF + 24];
	uint32_t records[2][4];
	struct bgv_blob blob;
	struct bgv_program prog;
};

static void sample_init(struct sample *s)
{
	const uint32_t head[6] = { 0x0001eb9f, STRINGS_OFF, 0, 0, 0, 24 };

	memset(s, 0, sizeof(*s));
	memcpy(s->btf, head, sizeof(head));
	memcpy(s->btf + STRINGS_OFF, "\0a.c\0\t  return x;\0}\0....", 24);
	s->records[0][1] = s->records[1][1] = 1;
	s->records[0][2] = 5;
	s->records[0][3] = 7 << 10 | 3;
	s->records[1][0] = 2;
	s->records[1][2] = 18;
	s->records[1][3] = 9 << 10 | 1;
	s->blob = (struct bgv_blob){ s->btf, sizeof(s->btf) };
	s->prog = (struct bgv_program){
		.insn_cnt = 4,
		.btfs = &s->blob,
		.btf_cnt = 1,
		.prog_btf_idx = 1,
		.line_info = { s->records, sizeof(s->records) },
		.line_info_rec_size = 16,
		.line_info_cnt = 2,
	};
}

static int find(const struct sample *s, uint32_t insn_idx)
{
	struct lineinfo line;

	return lineinfo_find(&s->prog, insn_idx, &line);
}

START_TEST(each_record_is_told_by_its_number)
{
	struct lineinfo line;
	struct sample s;
	uint32_t insn_idx = 99;

	sample_init(&s);
	ck_assert_int_eq(lineinfo_record(&s.prog, 0, &insn_idx, &line), 0);
	ck_assert_uint_eq(insn_idx, 0);
	ck_assert_uint_eq(line.line, 7);
	ck_assert_str_eq(line.text, "return x;");
	ck_assert_int_eq(lineinfo_record(&s.prog, 1, &insn_idx, &line), 0);
	ck_assert_uint_eq(insn_idx, 2);
	ck_assert_uint_eq(line.line, 9);
	ck_assert_int_eq(lineinfo_record(&s.prog, 2, &insn_idx, &line), -ENOENT);
	ck_assert_int_eq(lineinfo_record(&s.prog, UINT32_MAX, &insn_idx, &line), -ENOENT);
	s.records[1][1] = 1000;
	ck_assert_int_eq(lineinfo_record(&s.prog, 1, &insn_idx, &line), -EBADMSG);
	ck_assert_int_eq(lineinfo_record(&s.prog, 0, &insn_idx, &line), 0);
	s.prog.line_info_cnt = 0;
	ck_assert_int_eq(lineinfo_record(&s.prog, 0, &insn_idx, &line), -ENOENT);
}
END_TEST

START_TEST(an_instruction_has_the_line_before_it)
{
	struct lineinfo line;
	struct sample s;

	sample_init(&s);
	ck_assert_int_eq(lineinfo_find(&s.prog, 1, &line), 0);
	ck_assert_str_eq(line.file, "a.c");
	ck_assert_str_eq(line.text, "return x;");
	ck_assert_uint_eq(line.line, 7);
	ck_assert_uint_eq(line.column, 3);
	ck_assert_int_eq(lineinfo_find(&s.prog, 3, &line), 0);
	ck_assert_str_eq(line.text, "}");
	ck_assert_uint_eq(line.line, 9);
	ck_assert_int_eq(find(&s, 4), -ENOENT); /* there is no such instruction */
}
END_TEST

START_TEST(line_info_that_lies_names_no_line)
{
	struct sample s;

	sample_init(&s);
	ck_assert_int_eq(find(&s, 0), 0);
	s.records[0][2] = 24; /* past the strings */
	ck_assert_int_eq(find(&s, 0), -ENOENT);
	s.records[0][2] = 20; /* a string that does not end */
	ck_assert_int_eq(find(&s, 0), -ENOENT);
	sample_init(&s);
	s.prog.line_info_cnt = 3;
	ck_assert_int_eq(find(&s, 0), -ENOENT);
	sample_init(&s);
	s.prog.line_info_rec_size = 8;
	s.prog.line_info_cnt = 4;
	ck_assert_int_eq(find(&s, 0), -ENOENT);
	sample_init(&s);
	s.prog.prog_btf_idx = 2;
	ck_assert_int_eq(find(&s, 0), -ENOENT);
	sample_init(&s);
	s.blob.bytes = STRINGS_OFF - 1;
	ck_assert_int_eq(find(&s, 0), -ENOENT);
}
END_TEST

START_TEST(any_header_is_read_safely)
{
	struct sample s;

	for (size_t i = 0; i < STRINGS_OFF * 8; i++) {
		uint8_t *alone = malloc(sizeof(s.btf)); /* its own block: reading past it is seen */

		sample_init(&s);
		memcpy(alone, s.btf, sizeof(s.btf));
		alone[i / 8] ^= (uint8_t)(1u << i % 8);
		s.blob.data = alone;
		(void)find(&s, 0);
		free(alone);
	}
	sample_init(&s);
	ck_assert_int_eq(find(&s, 0), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lineinfo");
	TCase *tc = tcase_create("lineinfo");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, each_record_is_told_by_its_number);
	tcase_add_test(tc, an_instruction_has_the_line_before_it);
	tcase_add_test(tc, line_info_that_lies_names_no_line);
	tcase_add_test(tc, any_header_is_read_safely);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
