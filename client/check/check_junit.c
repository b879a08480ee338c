/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results as test results in the XML that continuous integration reads: a suite is a file, a case
 * is a program (on a kernel), a rejection is a failure, what nobody could judge is an error.
 */
#include "client/check/check_form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"

#define S_PER_NS 1000000000.0

struct counts {
	size_t tests, failures, errors;
	double time_s;
};

static bool is_failure(const struct check_result *result)
{
	return !result->crashed && !result->input_err && result->verdict == BGV_REJECT;
}

/* Results from `from` on that are of the same input as it; returns the first that is not. */
static size_t count_suite(const struct check_report *report, size_t from, struct counts *counts)
{
	size_t i;

	*counts = (struct counts){ 0 };
	for (i = from;
	     i < report->cnt && report->results[i].input_idx == report->results[from].input_idx;
	     i++) {
		json_t *problems = check_form_problems(report, &report->results[i]);
		bool fine = json_array_size(problems) == 0,
		     failure = is_failure(&report->results[i]);

		json_decref(problems);
		counts->tests++;
		counts->failures += !fine && failure;
		counts->errors += !fine && !failure;
		counts->time_s += (double)report->results[i].stats.time_ns / S_PER_NS;
	}
	return i;
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
	(void)fprintf(out, " %s=\"", name);
	check_form_markup(out, value, false);
	(void)fputc('"', out);
}

static void put_counts(FILE *out, const struct counts *counts)
{
	(void)fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.6f\"",
		      counts->tests, counts->failures, counts->errors, counts->time_s);
}

/* One element for all problems of a case: readers of this format look at the first only. */
static int put_problems(FILE *out, const struct check_result *result, const json_t *problems)
{
	const json_t *first = json_array_get(problems, 0);
	const char *explanation = check_form_string(result->model, "explanation");
	const char *element = is_failure(result) ? "failure" : "error";
	OWN_MEM char *message = check_form_message(first);

	if (!message)
		return -ENOMEM;
	(void)fprintf(out, "      <%s", element);
	put_attribute(out, "type", check_form_string(first, "code"));
	put_attribute(out, "message", check_form_string(first, "cause"));
	(void)fputc('>', out);
	check_form_markup(out, *explanation ? explanation : message, true);
	(void)fprintf(out, "</%s>\n", element);
	return 0;
}

static int put_case(FILE *out, const struct check_report *report, const struct check_result *result)
{
	json_t *problems = check_form_problems(report, result);
	const json_t *place = json_object_get(json_array_get(problems, 0), "place");
	char subject[512], line[24];
	int r = 0;

	(void)fputs("    <testcase", out);
	put_attribute(out, "classname", check_form_path(report->inputs->paths[result->input_idx]));
	put_attribute(out, "name", check_form_subject(report, result, subject, sizeof(subject)));
	if (json_is_object(place)) {
		(void)snprintf(line, sizeof(line), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(json_object_get(place, "line")));
		put_attribute(out, "file", check_form_path(check_form_string(place, "file")));
		put_attribute(out, "line", line);
	}
	(void)fprintf(out, " time=\"%.6f\"", (double)result->stats.time_ns / S_PER_NS);
	if (json_array_size(problems) == 0) {
		(void)fputs("/>\n", out);
	} else {
		(void)fputs(">\n", out);
		r = put_problems(out, result, problems);
		(void)fputs("    </testcase>\n", out);
	}
	json_decref(problems);
	return r;
}

static int put_suite(FILE *out, const struct check_report *report, size_t from, size_t to,
		     const struct counts *counts)
{
	int r = 0;

	(void)fputs("  <testsuite", out);
	put_attribute(out, "name",
		      check_form_path(report->inputs->paths[report->results[from].input_idx]));
	put_counts(out, counts);
	(void)fputs(">\n", out);
	for (size_t i = from; i < to && r >= 0; i++)
		r = put_case(out, report, &report->results[i]);
	(void)fputs("  </testsuite>\n", out);
	return r;
}

int check_junit(FILE *out, const struct check_report *report)
{
	struct counts all = { 0 }, counts;
	size_t from, to;
	int r = 0;

	for (from = 0; from < report->cnt; from = to) {
		to = count_suite(report, from, &counts);
		all.tests += counts.tests;
		all.failures += counts.failures;
		all.errors += counts.errors;
		all.time_s += counts.time_s;
	}
	(void)fputs(
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"bpfgate check\"",
		out);
	put_counts(out, &all);
	(void)fputs(">\n", out);
	for (from = 0; from < report->cnt && r >= 0; from = to) {
		to = count_suite(report, from, &counts);
		r = put_suite(out, report, from, to, &counts);
	}
	(void)fputs("</testsuites>\n", out);
	return r;
}
