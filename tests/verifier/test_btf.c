/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BTF reader and its judge: small type sections written by hand, each refusal beside a control
 * that differs in the thing refused only, and damaged bytes by the hundred thousand, which must
 * neither crash nor let an accessor out of its section.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"
#include "verifier/tell/srcline.h"

#define ENOTSUPP_KERNEL 524

/* A BTF in the making. */
struct maker {
	uint32_t words[256];
	uint32_t word_cnt;
	char names[256];
	uint32_t names_len;
	uint8_t bytes[2048];
	size_t len;
};

static void maker_start(struct maker *m)
{
	memset(m, 0, sizeof(*m));
	m->names_len = 1;
}

static uint32_t name(struct maker *m, const char *s)
{
	uint32_t at = m->names_len;

	strcpy(m->names + at, s);
	m->names_len += (uint32_t)strlen(s) + 1;
	return at;
}

static void word(struct maker *m, uint32_t w)
{
	m->words[m->word_cnt++] = w;
}

static void type(struct maker *m, uint32_t name_off, uint32_t kind, uint32_t vlen,
		 uint32_t size_or_type)
{
	word(m, name_off);
	word(m, kind << 24 | vlen);
	word(m, size_or_type);
}

static void integer(struct maker *m, const char *s, uint32_t bytes)
{
	type(m, name(m, s), BTF_KIND_INT, 0, bytes);
	word(m, bytes * 8);
}

static void member(struct maker *m, const char *s, uint32_t id, uint32_t bits)
{
	word(m, name(m, s));
	word(m, id);
	word(m, bits);
}

static void maker_end(struct maker *m)
{
	struct btf_header h = { .magic = BTF_MAGIC,
				.version = BTF_VERSION,
				.hdr_len = sizeof(h),
				.type_len = m->word_cnt * 4,
				.str_off = m->word_cnt * 4,
				.str_len = m->names_len };

	memcpy(m->bytes, &h, sizeof(h));
	memcpy(m->bytes + sizeof(h), m->words, m->word_cnt * 4);
	memcpy(m->bytes + sizeof(h) + m->word_cnt * 4, m->names, m->names_len);
	m->len = sizeof(h) + m->word_cnt * 4 + m->names_len;
}

/*
 * 1 int, 2 struct node { int a; struct node *next; }, 3 node*, 4 array int[3], 5 typedef, 6 proto,
 * 7 func, 8 tag
 */
static void good(struct maker *m)
{
	maker_start(m);
	integer(m, "int", 4);
	type(m, name(m, "node"), BTF_KIND_STRUCT, 2, 16);
	member(m, "a", 1, 0);
	member(m, "next", 3, 64);
	type(m, 0, BTF_KIND_PTR, 0, 2);
	type(m, 0, BTF_KIND_ARRAY, 0, 0);
	word(m, 1);
	word(m, 1);
	word(m, 3);
	type(m, name(m, "alias"), BTF_KIND_TYPEDEF, 0, 2);
	type(m, 0, BTF_KIND_FUNC_PROTO, 1, 1);
	word(m, name(m, "arg"));
	word(m, 3);
	type(m, name(m, "f"), BTF_KIND_FUNC, 1, 6);
	type(m, name(m, "arg:nonnull"), BTF_KIND_DECL_TAG, 0, 7);
	word(m, 0);
	maker_end(m);
}

static int judge(const struct maker *m)
{
	char message[256];

	return bgv_btf_check(NULL, m->bytes, m->len, message);
}

START_TEST(a_well_formed_btf_is_accepted_and_read)
{
	struct maker m;
	struct btf_view *v = NULL;
	uint32_t id, bytes;

	good(&m);
	ck_assert_int_eq(judge(&m), 0);
	ck_assert_int_eq(btf_view_new(m.bytes, m.len, NULL, &v), 0);
	ck_assert_uint_eq(btf_view_cnt(v), 9);
	ck_assert_uint_eq(btf_view_find(v, BTF_KIND_STRUCT, "node"), 2);
	ck_assert_uint_eq(btf_view_find(v, BTF_KIND_UNION, "node"), 0);
	ck_assert_int_eq(btf_size_of(v, 4, &bytes), 0);
	ck_assert_uint_eq(bytes, 12);
	ck_assert_ptr_nonnull(btf_pointee(v, 3, &id));
	ck_assert_uint_eq(id, 2);
	ck_assert_str_eq(btf_decl_tag(v, 7, 0, "arg:", 0, &id), "nonnull");
	ck_assert_ptr_null(btf_decl_tag(v, 7, 1, "arg:", 0, NULL));
	btf_view_free(v);
}
END_TEST

/* Word index (after the header) and value that make the good one bad. */
static const struct spoil {
	uint32_t at, value;
	int err;
} spoils[] = {
	{ 0, 0xffff, EINVAL },				/* name of int: outside */
	{ 1, 0x00000001, EINVAL },			/* kind 0 */
	{ 1, 0x1f000000, EINVAL },			/* unknown kind */
	{ 1, 0x01000001, EINVAL },			/* int with vlen */
	{ 2, 3, EINVAL },				/* 32 bits in 3 bytes */
	{ 3, 0x08000020, ENOTSUPP_KERNEL },		/* unknown encoding */
	{ 5, BTF_KIND_STRUCT << 24 | 200, EINVAL },	/* members past the section */
	{ 6, 8, EINVAL },				/* struct too small for its pointer */
	{ 8, 0, EINVAL },				/* member of type void */
	{ 8, 2, EEXIST },				/* struct that contains itself */
	{ 8, 100, EINVAL },				/* member of no type */
	{ 11, 2, EEXIST },				/* the second one, too */
	{ 12, 1, EINVAL },				/* pointer not at a byte */
	{ 13, 1, EINVAL },				/* pointer with a name */
	{ 15, 77, EINVAL },				/* pointer to no type */
	{ 19, 0, EINVAL },				/* array of void */
	{ 20, 3, EINVAL },				/* array indexed by pointers */
	{ 22, 0, EINVAL },				/* typedef without a name */
	{ 24, 5, EEXIST },				/* typedef of itself */
	{ 29, 7, EINVAL },				/* argument of function type */
	{ 32, 1, EINVAL },				/* function of an int */
	{ 35, 3, EINVAL },				/* tag on a pointer */
	{ 36, 9, EINVAL },				/* tag on argument 9 of 1 */
	{ 36, (uint32_t)-2, EINVAL },
};

START_TEST(each_spoilt_word_is_refused_with_the_kernels_errno)
{
	struct maker m;

	good(&m);
	ck_assert_uint_lt(spoils[_i].at, m.word_cnt);
	m.words[spoils[_i].at] = spoils[_i].value;
	maker_end(&m);
	ck_assert_int_eq(judge(&m), -spoils[_i].err);
}
END_TEST

/* A section with one int in it, `bytes` long; the variable before it or after. */
static int judge_section(uint32_t bytes, bool behind)
{
	struct maker m;
	uint32_t var = behind ? 3 : 2, var_name, section_name;

	maker_start(&m);
	integer(&m, "int", 4);
	var_name = name(&m, "v");
	section_name = name(&m, ".data");
	for (uint32_t i = 2; i <= 3; i++) {
		if (i == var) {
			type(&m, var_name, BTF_KIND_VAR, 0, 1);
			word(&m, 1);
			continue;
		}
		type(&m, section_name, BTF_KIND_DATASEC, 1, bytes ? bytes : 1);
		word(&m, var);
		word(&m, 0);
		word(&m, bytes);
	}
	maker_end(&m);
	return judge(&m);
}

/* As 6.18.44 says (asked by BTF_LOAD): the size counts only where the variable was met before its section. */
START_TEST(a_section_is_as_large_as_the_variables_before_it)
{
	ck_assert_int_eq(judge_section(4, false), 0);
	ck_assert_int_eq(judge_section(1, false), -EINVAL);
	ck_assert_int_eq(judge_section(4, true), 0);
	ck_assert_int_eq(judge_section(1, true), 0);
	ck_assert_int_eq(judge_section(0, true), -EINVAL);
}
END_TEST

START_TEST(headers_are_judged_first)
{
	struct maker m;
	struct btf_header *h = (struct btf_header *)m.bytes;

	good(&m);
	h->version = 2;
	ck_assert_int_eq(judge(&m), -ENOTSUPP_KERNEL);
	good(&m);
	h->magic = 0x1234;
	ck_assert_int_eq(judge(&m), -EINVAL);
	good(&m);
	h->str_off += 4;
	ck_assert_int_eq(judge(&m), -EINVAL);
	good(&m);
	m.len--;
	ck_assert_int_eq(judge(&m), -EINVAL);
	good(&m);
	m.bytes[m.len - 1] = 'x';
	ck_assert_int_eq(judge(&m), -EINVAL);
	ck_assert_int_eq(bgv_btf_check(NULL, m.bytes, 0, NULL), -EINVAL);
}
END_TEST

/* 33 pointers and modifiers deep: the kernel gives up at 32. */
START_TEST(chains_end_at_the_kernels_depth)
{
	for (uint32_t depth = 31; depth <= 34; depth++) {
		struct maker m;

		maker_start(&m);
		for (uint32_t i = 1; i <= depth; i++)
			type(&m, 0, BTF_KIND_PTR, 0, i + 1);
		integer(&m, "int", 4);
		maker_end(&m);
		ck_assert_int_eq(judge(&m), depth <= 32 ? 0 : -E2BIG);
	}
}
END_TEST

static uint64_t rng_state = 88172645463325252u;

static uint64_t random64(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static void read_everything(const struct btf_view *v)
{
	uint32_t id, bytes;

	for (uint32_t i = 0; i < btf_view_cnt(v); i++) {
		(void)strlen(btf_view_name(v, i));
		(void)btf_skip_mods(v, i, &id);
		(void)btf_pointee(v, i, &id);
		(void)btf_size_of(v, i, &bytes);
		(void)btf_decl_tag(v, i, -1, "", 0, NULL);
	}
	ck_assert_ptr_null(btf_view_type(v, btf_view_cnt(v)));
}

START_TEST(damaged_bytes_never_lead_outside)
{
	struct maker m;

	for (unsigned int n = 0; n < 200000; n++) {
		struct btf_view *v = NULL;
		uint8_t *exact;

		good(&m);
		for (uint64_t k = random64() % 4 + 1; k; k--)
			m.bytes[random64() % m.len] =
				(uint8_t)(random64() % 5 ? random64() % 32 : random64());
		m.len -= random64() % 8 ? 0 : random64() % m.len;
		exact = malloc(m.len ? m.len
				     : 1); /* so that a checker sees the first byte too far */
		memcpy(exact, m.bytes, m.len);
		(void)bgv_btf_check(NULL, exact, m.len, NULL);
		if (btf_view_new(exact, m.len, NULL, &v) == 0)
			read_everything(v);
		btf_view_free(v);
		free(exact);
	}
}
END_TEST

/* The walk over all instructions against the look-up of each, over records in and out of order, without text, damaged. */
static void check_numbers(const struct btf_view *v, const uint32_t recs[][4], uint32_t cnt, size_t bytes)
{
	struct bgv_program prog = { .line_info = { recs, bytes },
				    .line_info_rec_size = sizeof(recs[0]),
				    .line_info_cnt = cnt };
	uint32_t lines[12];
	struct srcline line;

	srcline_numbers(&prog, v, 12, lines);
	for (uint32_t i = 0; i < 12; i++)
		ck_assert_uint_eq(lines[i], srcline_find(&prog, v, i, &line) && *line.text ? line.line : 0);
}

START_TEST(the_lines_of_all_instructions_are_those_of_each)
{
	struct maker m;
	struct btf_view *v = NULL;
	uint32_t lines[12], text;

	maker_start(&m);
	integer(&m, "int", 4);
	text = name(&m, "x++;");
	maker_end(&m);
	ck_assert_int_eq(btf_view_new(m.bytes, m.len, NULL, &v), 0);
	{
		const uint32_t recs[][4] = { { 1, 0, text, 7 << 10 | 3 },  { 3, 0, text, 8 << 10 },
					     { 3, 0, text, 9 << 10 },      { 2, 0, text, 10 << 10 },
					     { 6, 0, 0, 11 << 10 },        { 8, 0, 999999, 12 << 10 },
					     { 10, 0, text, 13 << 10 | 1 } };
		const struct bgv_program prog = { .line_info = { recs, sizeof(recs) },
						  .line_info_rec_size = sizeof(recs[0]),
						  .line_info_cnt = 7 };

		check_numbers(v, recs, 7, sizeof(recs));
		check_numbers(v, recs, 7, sizeof(recs) - 1);
		check_numbers(v, recs, 0, 0);
		check_numbers(NULL, recs, 7, sizeof(recs));
		srcline_numbers(&prog, v, 12, lines);
		ck_assert_uint_eq(lines[0], 0);
		ck_assert_uint_eq(lines[1], 7);
		ck_assert_uint_eq(lines[5], 10);
		ck_assert_uint_eq(lines[6], 0);
		ck_assert_uint_eq(lines[11], 13);
	}
	btf_view_free(v);
}
END_TEST

static Suite *btf_suite(void)
{
	Suite *s = suite_create("btf");
	TCase *t = tcase_create("btf");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_well_formed_btf_is_accepted_and_read);
	tcase_add_loop_test(t, each_spoilt_word_is_refused_with_the_kernels_errno, 0,
			    (int)(ARRAY_CNT(spoils)));
	tcase_add_test(t, a_section_is_as_large_as_the_variables_before_it);
	tcase_add_test(t, headers_are_judged_first);
	tcase_add_test(t, chains_end_at_the_kernels_depth);
	tcase_add_test(t, damaged_bytes_never_lead_outside);
	tcase_add_test(t, the_lines_of_all_instructions_are_those_of_each);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(btf_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
