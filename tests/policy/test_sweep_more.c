/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More of each kind: escapes in keys, headers of certificates that end early, what each helper and
 * kernel function is worth to a judged program, attach kinds at the ends of their table.
 */
#include "tests/policy/rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/json_index.h"
#include "policy/names.h"
#include "policy/report.h"
#include "policy/signer.h"
#include "policy/worth.h"
#include "proto/own.h"

/* ---- keys ---- */

START_TEST(an_escape_in_a_key_is_the_character)
{
	static const struct {
		const char *written, *is; /* NULL: refused */
	} rows[] = {
		{ "\\u0041", "A" },
		{ "\\u007f", "\x7f" },
		{ "\\u0080", "\xc2\x80" },
		{ "\\u00e4", "\xc3\xa4" },
		{ "\\u07ff", "\xdf\xbf" },
		{ "\\u0800", "\xe0\xa0\x80" },
		{ "\\u20ac", "\xe2\x82\xac" },
		{ "\\uffff", "\xef\xbf\xbf" },
		{ "\\ud800\\udc00", "\xf0\x90\x80\x80" },
		{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
		{ "\\udbff\\udfff", "\xf4\x8f\xbf\xbf" },
		{ "\\uABcd", "\xea\xaf\x8d" },
		{ "\\ud800", NULL },
		{ "\\ud800x", NULL },
		{ "\\ud800\\u0041", NULL },
		{ "\\udc00", NULL },
		{ "\\ud800\\ud800", NULL },
		{ "\\u0000", NULL },
		{ "\\u004", NULL },
		{ "\\u004g", NULL },
		{ "\\\"", "\"" },
		{ "\\\\", "\\" },
		{ "\\/", "/" },
		{ "\\b", "\b" },
		{ "\\f", "\f" },
		{ "\\n", "\n" },
		{ "\\r", "\r" },
		{ "\\t", "\t" },
		{ "\\x", NULL },
		{ "\\a", NULL },
		{ "\xc3\xa4", "\xc3\xa4" },
		{ "\x1f", NULL },
		{ " ", " " },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		struct json_fault fault = { 0 };
		struct json_index *index = NULL;
		char text[64];
		int r;

		(void)snprintf(text, sizeof(text), "{\"a%sz\": 1}", rows[i].written);
		r = json_index_new(text, strlen(text), &index, &fault);
		ck_assert_msg(r == (rows[i].is ? 0 : -EBADMSG), "%s: %d", rows[i].written, r);
		if (r < 0) {
			ck_assert(fault.message && fault.span.line == 1 && fault.span.column > 2);
			continue;
		}
		(void)snprintf(text, sizeof(text), "a%sz", rows[i].is);
		ck_assert_str_eq(json_index_key(index, 1), text);
		ck_assert_uint_eq(json_index_member(index, 0, text), 1);
		ck_assert_uint_eq(json_index_member(index, 0, "a"), JSON_NO_NODE);
		json_index_free(index);
	}
	json_index_free(NULL);
}
END_TEST

/* ---- limits of a text ---- */

static int index_of(char *text, size_t len)
{
	struct json_fault fault;
	struct json_index *index = NULL;
	int r = json_index_new(text, len, &index, &fault);

	json_index_free(index);
	return r;
}

START_TEST(a_text_nests_so_deep_and_is_so_long)
{
	char *text = malloc(JSON_BYTES_MAX + 2), deep[2 * JSON_DEPTH_MAX + 3];

	for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
		memset(deep, '[', depth);
		memset(deep + depth, ']', depth);
		ck_assert_int_eq(index_of(deep, 2 * depth), depth <= JSON_DEPTH_MAX ? 0 : -EBADMSG);
	}
	memset(text, ' ', JSON_BYTES_MAX + 1);
	memcpy(text, "{}", 2);
	ck_assert_int_eq(index_of(text, JSON_BYTES_MAX), 0);
	ck_assert_int_eq(index_of(text, JSON_BYTES_MAX + 1), -EBADMSG);
	free(text);
}
END_TEST

/* An object of so many members: its keys are all others. */
static int object_of(unsigned int members)
{
	OWN_MEM char *text = malloc(16 * (size_t)members + 16);
	size_t len = 0;

	text[len++] = '{';
	for (unsigned int i = 0; i < members; i++)
		len += (size_t)sprintf(text + len, "%s\"k%u\":1", i ? "," : "", i);
	text[len++] = '}';
	return index_of(text, len);
}

static int array_of(unsigned int values)
{
	OWN_MEM char *text = malloc(2 * (size_t)values + 16);
	size_t len = 0;

	text[len++] = '[';
	for (unsigned int i = 0; i < values; i++)
		len += (size_t)sprintf(text + len, "%s1", i ? "," : "");
	text[len++] = ']';
	return index_of(text, len);
}

START_TEST(an_object_has_so_many_keys_and_a_text_so_many_values)
{
	ck_assert_int_eq(object_of(JSON_KEYS_MAX), 0);
	ck_assert_int_eq(object_of(JSON_KEYS_MAX + 1), -EBADMSG);
	ck_assert_int_eq(array_of(JSON_NODES_MAX - 1), 0);
	ck_assert_int_eq(array_of(JSON_NODES_MAX), -EBADMSG);
}
END_TEST

/* ---- certificates ---- */

START_TEST(a_certificate_that_ends_in_a_header_is_none)
{
	static const struct {
		uint8_t bytes[12];
		size_t len;
	} rows[] = {
		{ { 0x30 }, 1 },
		{ { 0x30, 0x80 }, 2 },
		{ { 0x30, 0x81 }, 2 },
		{ { 0x30, 0x82, 0x01 }, 3 },
		{ { 0x30, 0x83, 0, 0, 1 }, 5 },
		{ { 0x30, 0 }, 2 },
		{ { 0x30, 1, 0x30 }, 3 },
		{ { 0x30, 2, 0x30, 0x81 }, 4 },
		{ { 0x30, 3, 0x30, 0x82, 0x01 }, 5 },
		{ { 0x30, 4, 0x30, 0x82, 0, 1 }, 6 },
		{ { 0x30, 4, 0x30, 3, 0, 0 }, 6 },
		{ { 0x31, 2, 0x30, 0 }, 4 },
		{ { 0x30, 2, 0x31, 0 }, 4 },
		{ { 0x30, 2, 0x30, 0, 0 }, 5 },
	};
	/* After what counts stands more, which must not be looked at. */
	uint8_t room[64];
	char pem[4096] = "", path[4200];
	struct signer_options options = { .name = "ca", .role = SIGNER_CA };
	struct signer *ca = NULL, *leaf = NULL;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/tests/policy/sweep.pem", getenv("srcdir") ?: ".");
	file = fopen(path, "re");
	ck_assert(file && fread(pem, 1, sizeof(pem) - 1, file) > 1000 && fclose(file) == 0);
	ck_assert_int_eq(
		signer_from_pem(pem, (size_t)(strstr(pem, "END") + 25 - pem), &options, &ca), 0);
	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		memset(room, 0x01, sizeof(room));
		memcpy(room, rows[i].bytes, rows[i].len);
		ck_assert_msg(signer_issue(ca, room, rows[i].len, 1893456000, &leaf) == -EBADMSG,
			      "row %zu", i);
	}
	/* Of the right form, but no algorithm that we know. */
	ck_assert_int_eq(
		signer_issue(ca, (const uint8_t *)"\x30\x02\x30\x00", 4, 1893456000, &leaf),
		-EOPNOTSUPP);
	signer_free(ca);
}
END_TEST

/* ---- worth ---- */

START_TEST(what_a_judged_program_may_not_call_is_named)
{
	for (size_t i = 0; worth_helper(i); i++) {
		const struct worth_row *row = worth_helper(i);
		struct policy_prog_facts prog = { 0 };
		int id = policy_helper_id(row->name);

		ck_assert_int_gt(id, 0);
		policy_helper_add(&prog, (uint32_t)id);
		if (row->perfmon)
			ck_assert_str_eq(policy_beyond_judged(&prog), row->name);
		else
			ck_assert_ptr_null(policy_beyond_judged(&prog));
	}
	for (size_t i = 0; worth_kfunc(i); i++) {
		const char *const names[] = { "none_of_these", worth_kfunc(i)->name };
		struct policy_prog_facts prog = { .kfuncs = names, .kfunc_cnt = 2 };

		if (worth_kfunc(i)->perfmon)
			ck_assert_str_eq(policy_beyond_judged(&prog), names[1]);
		else
			ck_assert_ptr_null(policy_beyond_judged(&prog));
		prog.kfunc_cnt = 1;
		ck_assert_ptr_null(policy_beyond_judged(&prog));
	}
	for (enum worth worth = WORTH_UNKNOWN; worth <= WORTH_CNT; worth++)
		ck_assert_msg(!worth_text(worth) || strlen(worth_text(worth)) > 8, "worth %d",
			      worth);
}
END_TEST

/* ---- kinds of attachment ---- */

START_TEST(a_kind_beyond_the_table_is_granted_by_nobody)
{
	struct policy *policy = rig_rules(
		"{\"id\": \"r\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": {\"unsigned\": true},"
		" \"programs\": {\"types\": {\"any_except\": []}, \"helpers\": {\"any_except\": []}, \"attach\": {\"any\": [\"*\"]}}}");
	struct policy_prog_facts prog = { .type = 6, .insn_cnt = 2 };
	struct policy_subject who = { .uid = 5 };

	for (int kind = -1; kind <= POLICY_ATTACH_CNT + 1; kind++) {
		struct policy_target target = { .kind = (enum policy_attach_kind)kind,
						.name = "x" };
		struct policy_request request = { .verb = POLICY_ATTACH,
						  .prog = &prog,
						  .target = &target };
		struct policy_decision decision;

		policy_decide(policy, &who, &request, &decision);
		ck_assert_msg((decision.verdict == POLICY_ALLOW) ==
				      (kind > 0 && kind < POLICY_ATTACH_CNT),
			      "kind %d", kind);
	}
	policy_free(policy);
}
END_TEST

START_TEST(a_type_beyond_the_table_is_granted_by_nobody)
{
	struct policy *policy = rig_rules(
		"{\"id\": \"r\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": {\"unsigned\": true},"
		" \"programs\": {\"types\": {\"any_except\": []}, \"helpers\": {\"any_except\": []}},"
		" \"maps\": {\"types\": {\"any_except\": []}}}");
	struct policy_subject who = { .uid = 5 };
	unsigned int programs = 0, maps = 0;

	for (uint32_t type = 0; type < 260; type++) {
		struct policy_prog_facts prog = { .type = type, .insn_cnt = 2 };
		struct policy_map_facts map = { .type = type };
		struct policy_request load = { .verb = POLICY_PROG_LOAD, .prog = &prog };
		struct policy_request create = { .verb = POLICY_MAP_CREATE, .map = &map };
		struct policy_decision decision;

		policy_decide(policy, &who, &load, &decision);
		ck_assert_msg(decision.verdict != POLICY_ALLOW || policy_prog_type_name(type), "program %u", type);
		programs += decision.verdict == POLICY_ALLOW;
		policy_decide(policy, &who, &create, &decision);
		ck_assert_msg(decision.verdict != POLICY_ALLOW || policy_map_type_name(type), "map %u", type);
		maps += decision.verdict == POLICY_ALLOW;
	}
	ck_assert_uint_gt(programs, 30);
	ck_assert_uint_gt(maps, 30);
	policy_free(policy);
}
END_TEST

/* ---- reports ---- */

START_TEST(reports_are_merged_and_sorted)
{
	struct policy_text first = { "a.json", "one\ntwo\n", 8 },
			   second = { "b.json", "three\n", 6 };
	struct json_span early = { 0, 3, 1, 1 }, late = { 4, 3, 2, 1 };
	struct policy_report *report, *more;

	policy_report_free(NULL);
	ck_assert(report_new(&report) == 0 && report_new(&more) == 0);
	report_add(report, POLICY_ERROR, &second, &early, NULL, "third");
	report_add(report, POLICY_WARNING, &first, &late, "a hint", "second");
	report_add(more, POLICY_NOTE, &first, &early, "", "first");
	report_add(more, POLICY_NOTE, &first, &early, "", "first");
	ck_assert_uint_eq(policy_report_cnt(more, POLICY_NOTE), 1);
	ck_assert_int_eq(report_take(report, more), 0);
	ck_assert_int_eq(report_take(report, NULL), 0);
	report_sort(report);
	ck_assert_str_eq(policy_report_line(report, 0), "a.json:1:1: note: first");
	ck_assert_str_eq(policy_report_line(report, 1), "a.json:2:1: warning: second; a hint");
	ck_assert_str_eq(policy_report_line(report, 2), "b.json:1:1: error: third");
	ck_assert_ptr_null(policy_report_line(report, 3));
	ck_assert_str_eq(policy_report_hint(report, 1), "a hint");
	ck_assert_str_eq(policy_report_hint(report, 0), "");
	ck_assert(policy_report_cnt(report, POLICY_ERROR) == 1 &&
		  policy_report_cnt(report, POLICY_WARNING) == 1 &&
		  policy_report_cnt(report, POLICY_NOTE) == 1);
	ck_assert(!report_is_lost(report) && !policy_report_get(report, 3, NULL, NULL, NULL));
	policy_report_free(report);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy/sweep_more");
	TCase *tc = tcase_create("sweep");

	tcase_add_test(tc, an_escape_in_a_key_is_the_character);
	tcase_add_test(tc, a_text_nests_so_deep_and_is_so_long);
	tcase_add_test(tc, an_object_has_so_many_keys_and_a_text_so_many_values);
	tcase_add_test(tc, a_certificate_that_ends_in_a_header_is_none);
	tcase_add_test(tc, what_a_judged_program_may_not_call_is_named);
	tcase_add_test(tc, a_type_beyond_the_table_is_granted_by_nobody);
	tcase_add_test(tc, a_kind_beyond_the_table_is_granted_by_nobody);
	tcase_add_test(tc, reports_are_merged_and_sorted);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
