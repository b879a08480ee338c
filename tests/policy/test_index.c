/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of places, held against jansson: both take the same texts, and every value of jansson's
 * tree has its place, and every place its value.
 */
#include "policy/json_index.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "proto/own.h"
#include "tests/policy/json_agree.h"
#include "tests/policy/rig.h"

static const char *const texts[] = {
	"{}", "[]", " [ ] ", "{\"a\": 1}", "[1, 2, 3]", "[1,2,]", "{\"a\": 1,}", "[,]", "{,}",
	"{\"a\" 1}", "{a: 1}", "{\"a\": }", "[[[[]]]]", "{\"a\": {\"b\": [{\"c\": null}]}}",
	"[true, false, null]", "[tru]", "[nul]", "[truefalse]", "[0, -0, 0.5, -1e5, 1E+5, 1e-5]", "[01]",
	"[-]", "[1.]", "[.5]", "[1e]", "[+1]", "[0x1]", "[\"\\u00e9\\n\\\"\\\\\"]", "[\"\\x\"]",
	"[\"\\u12\"]", "[\"\\ud834\\udd1e\"]", "[\"\\ud834\"]", "[\"\\udd1e\"]", "[\"\\ud834\\u0041\"]",
	"[\"\\u0000\"]", "[\"a\nb\"]", "[\"a\tb\"]", "[\"unended]", "[1", "{\"a\": [1}", "[1}", "{]",
	"[] []", "[]x", "", " ", "1", "\"a\"", "null", "{\"a\": 1, \"a\": 2}", "{\"\\u0061\": 1, \"a\": 2}",
	"{\"\": 1}", "{\"a\\u0062\": {\"c\": [\"d\"]}}", "/* c */ []", "[1] // c", "\xef\xbb\xbf[]",
	"[\"\xc3\xa9\"]", "{\"\xc3\xa9\": 1}",
};

START_TEST(index_and_jansson_agree)
{
	ck_assert_msg(json_agree(texts[_i], strlen(texts[_i])), "%s", texts[_i]);
}
END_TEST

static const char *const nuls[] = /* % is one */ { "[false%]", "[1%]", "[\"a\"%]", "[%]", "[]%", "[\"a%\"]", "{\"a%\": 1}" };

START_TEST(a_nul_is_no_json)
{
	struct json_index *index;
	struct json_fault fault;
	char text[16];
	size_t len = strlen(nuls[_i]);

	for (size_t i = 0; i < len; i++)
		text[i] = nuls[_i][i] == '%' ? '\0' : nuls[_i][i];
	ck_assert_int_eq(json_index_new(text, len, &index, &fault), -EBADMSG);
	ck_assert(json_agree(text, len));
}
END_TEST

START_TEST(places_are_bytes_and_lines_from_one)
{
	static const char text[] = "{\n \"a\": [1,\r\n\t\"\xc3\xa9\", {\"b\":true}]}";
	struct json_index *index;
	struct json_fault fault;
	const struct json_node *node;
	uint32_t a, b;

	ck_assert_int_eq(json_index_new(text, strlen(text), &index, &fault), 0);
	a = json_index_member(index, 0, "a");
	node = json_index_node(index, a);
	ck_assert_uint_eq(node->key.line, 2);
	ck_assert_uint_eq(node->key.column, 2);
	ck_assert_uint_eq(node->key.len, 3);
	ck_assert_uint_eq(node->value.column, 7);
	node = json_index_node(index, json_index_node(index, node->first_child)->next);
	ck_assert_uint_eq(node->value.line, 3);
	ck_assert_uint_eq(node->value.column, 2);
	ck_assert_uint_eq(node->value.len, 4);
	b = json_index_member(index, node->next, "b");
	node = json_index_node(index, b);
	ck_assert_uint_eq(node->key.column, 9);
	ck_assert_uint_eq(node->value.column, 13);
	ck_assert_uint_eq(node->value.len, 4);
	ck_assert_str_eq(json_index_key(index, b), "b");
	json_index_free(index);
}
END_TEST

START_TEST(faults_have_their_place)
{
	struct json_index *index;
	struct json_fault fault;

	ck_assert_int_lt(json_index_new("[1,\n  x]", 8, &index, &fault), 0);
	ck_assert_uint_eq(fault.span.line, 2);
	ck_assert_uint_eq(fault.span.column, 3);
	ck_assert_uint_eq(fault.span.offset, 6);
}
END_TEST

START_TEST(too_many_values_or_keys_are_refused)
{
	OWN_MEM char *text = malloc(JSON_BYTES_MAX);
	struct json_index *index;
	struct json_fault fault;
	size_t len, i;

	for (len = 0, text[len++] = '['; len < 2 * (JSON_NODES_MAX - 1);) {
		text[len++] = '1';
		text[len++] = ',';
	}
	text[len - 1] = ']';
	ck_assert_int_eq(json_index_new(text, len, &index, &fault), 0);
	json_index_free(index);
	memcpy(text + len - 1, ",1]", 3);
	ck_assert_int_lt(json_index_new(text, len + 2, &index, &fault), 0);
	ck_assert_ptr_nonnull(strstr(fault.message, "65536"));

	for (len = 0, text[len++] = '{', i = 0; i < JSON_KEYS_MAX; i++)
		len += (size_t)sprintf(text + len, "\"%zu\":1,", i);
	text[len - 1] = '}';
	ck_assert_int_eq(json_index_new(text, len, &index, &fault), 0);
	json_index_free(index);
	len = len - 1 + (size_t)sprintf(text + len - 1, ",\"x\":1}");
	ck_assert_int_lt(json_index_new(text, len, &index, &fault), 0);
	ck_assert_ptr_nonnull(strstr(fault.message, "1024 keys"));
}
END_TEST

/* Texts made from the pieces of JSON, most of them nearly right. */
START_TEST(index_and_jansson_agree_on_texts_made_at_random)
{
	static const char *const pieces[] = { "{",   "}",	"[",   "]", ",",	":",	 "\"a\"", "\"b\"",
					      "1",   "-2.5e3",	"0",   " ", "\n",	"true",	 "null",  "\"\\u0041\"",
					      "{}",  "[]",	"\"a\":", "\"b\":1", ",",  "\\",	 "\"",	  "\"\\ud834\\udd1e\"" };
	unsigned int seed = 1;
	char text[256];
	int round, i, cnt;

	for (round = 0; round < 200000; round++) {
		text[0] = '\0';
		cnt = 1 + rand_r(&seed) % 12;
		strcat(text, round % 2 ? "{\"k\":" : "[");
		for (i = 0; i < cnt; i++)
			strcat(text, pieces[(size_t)rand_r(&seed) % ARRAY_CNT(pieces)]);
		strcat(text, round % 2 ? "}" : "]");
		ck_assert_msg(json_agree(text, strlen(text)), "%s", text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy: places in JSON");
	TCase *tc = tcase_create("index");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, index_and_jansson_agree, 0, (int)ARRAY_CNT(texts));
	tcase_add_loop_test(tc, a_nul_is_no_json, 0, (int)ARRAY_CNT(nuls));
	tcase_add_test(tc, places_are_bytes_and_lines_from_one);
	tcase_add_test(tc, faults_have_their_place);
	tcase_add_test(tc, too_many_values_or_keys_are_refused);
	tcase_add_test(tc, index_and_jansson_agree_on_texts_made_at_random);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
