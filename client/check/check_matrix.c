/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many programs on many kernels as one table: a row a program, a column a kernel, in each cell the
 * verdict and how sure it is. Below it, once each, why a program does not load and what was not
 * checked; last, the sums.
 */
#include <string.h>

#include "client/check/check_form.h"
#include "client/shared/out.h"
#include "object/release.h"
#include "proto/own.h"

#define CELL_BYTES 40
#define KEYS_ROOM  8

/* One letter a kind of knowledge, explained below the table. */
static char mark_of(const struct check_result *result)
{
	static const struct {
		const char *confidence;
		char mark;
	} marks[] = { { "measured on this build", 'b' },
		      { "measured on the series", 's' },
		      { "modelled", 'm' },
		      { "features only", 'f' } };

	for (size_t i = 0; i < ARRAY_CNT(marks); i++)
		if (!strcmp(result->confidence, marks[i].confidence))
			return marks[i].mark;
	return '-';
}

static void cell_of(const struct check_result *result, char *cell)
{
	const char *word = result->verdict == BGV_ACCEPT ? "loads"
			   : *result->code		 ? result->code
							 : "rejected";

	if (result->crashed)
		word = "crashed";
	else if (result->verdict == BGV_UNSUPPORTED)
		word = "not checked";
	else if (result->verdict == BGV_UNDECIDED)
		word = "undecided";
	(void)snprintf(cell, CELL_BYTES, "%s %c", word, mark_of(result));
}

static void version_of(const char *kernel, char *text, size_t bytes)
{
	release_version(kernel, text, bytes);
	if (!*text)
		(void)snprintf(text, bytes, "%s", kernel);
}

static bool same_program(const struct check_result *a, const struct check_result *b)
{
	return a->input_idx == b->input_idx && a->sub_idx == b->sub_idx;
}

static bool is_cell(const struct check_result *result)
{
	return !result->input_err && !(result->crashed && result->sub_idx == UINT32_MAX);
}

/* Two columns of one version have the whole release as heading. */
static void heading_of(const struct check_report *report, size_t kernel, char *text, size_t bytes)
{
	const char *const *kernels = report->opts->kernels;
	char other[64];

	version_of(kernels[kernel], text, bytes);
	for (size_t i = 0; i < report->opts->kernel_cnt; i++) {
		version_of(kernels[i], other, sizeof(other));
		if (i != kernel && !strcmp(other, text))
			(void)snprintf(text, bytes, "%.*s", (int)strcspn(kernels[kernel], " "),
				       kernels[kernel]);
	}
}

static void row_name(const struct check_report *report, const struct check_result *result,
		     char *text, size_t bytes)
{
	(void)snprintf(text, bytes, "%s:%s",
		       check_form_path(report->inputs->paths[result->input_idx]), result->prog);
}

static json_t *rows_of(const struct check_report *report, const char *keys)
{
	const struct check_result *first = NULL;
	json_t *rows = json_array(), *row = NULL;
	char text[512], cell[CELL_BYTES];

	for (size_t i = 0; i < report->cnt; i++) {
		const struct check_result *result = &report->results[i];

		if (!is_cell(result))
			continue;
		if (!first || !same_program(first, result)) {
			first = result;
			row = json_object();
			row_name(report, result, text, sizeof(text));
			(void)json_object_set_new(row, "program", json_string(text));
			(void)json_array_append_new(rows, row);
		}
		cell_of(result, cell);
		(void)json_object_set_new(row, keys + (size_t)result->kernel_idx * KEYS_ROOM,
					  json_string(cell));
	}
	return rows;
}

static int print_table(FILE *out, const struct check_report *report)
{
	const struct out_table_opts table = { 0 };
	struct out_column columns[CHECK_KERNELS_MAX + 1] = { { "program", "PROGRAM" } };
	char keys[CHECK_KERNELS_MAX * KEYS_ROOM], headings[CHECK_KERNELS_MAX][64];
	size_t cnt = report->opts->kernel_cnt;
	json_t *rows;
	int r;

	for (size_t i = 0; i < cnt; i++) {
		(void)snprintf(keys + i * KEYS_ROOM, KEYS_ROOM, "k%zu", i);
		heading_of(report, i, headings[i], sizeof(headings[i]));
		columns[i + 1] = (struct out_column){ keys + i * KEYS_ROOM, headings[i] };
	}
	rows = rows_of(report, keys);
	r = json_array_size(rows) ? out_table(out, rows, columns, cnt + 1, &table) : 0;
	json_decref(rows);
	return r;
}

/* Why, in a few words: the cause where there is one. */
static const char *reason_of(const struct check_result *result)
{
	return *result->cause ? result->cause : result->message;
}

static bool said_before(const struct check_report *report, size_t idx)
{
	const struct check_result *result = &report->results[idx];

	while (idx-- > 0 && same_program(&report->results[idx], result))
		if (!strcmp(report->results[idx].code, result->code) &&
		    report->results[idx].verdict == result->verdict &&
		    report->results[idx].insn_idx == result->insn_idx)
			return true;
	return false;
}

static void print_reasons(FILE *out, const struct check_report *report)
{
	char text[512];

	for (size_t i = 0; i < report->cnt; i++) {
		const struct check_result *result = &report->results[i];

		if (!is_cell(result)) {
			out_safe(out, report->inputs->paths[result->input_idx], false);
			(void)fprintf(out, ": %s\n", check_input_reason(result));
			continue;
		}
		if (result->verdict == BGV_ACCEPT || said_before(report, i))
			continue;
		row_name(report, result, text, sizeof(text));
		out_safe(out, text, false);
		(void)fprintf(out, " on %s: %s%s", result->kernel, result->code,
			      *result->code ? ": " : "");
		out_safe(out, reason_of(result), false);
		(void)fputc('\n', out);
	}
}

void check_sums(const struct check_report *report, struct check_sum *ret_sum)
{
	const struct check_result *before = NULL;

	*ret_sum =
		(struct check_sum){ .kernels = report->opts->kernel_cnt ? report->opts->kernel_cnt
									: 1 };
	for (size_t i = 0; i < report->cnt; i++) {
		const struct check_result *result = &report->results[i];

		if (!is_cell(result)) {
			ret_sum->failed++;
			continue;
		}
		ret_sum->programs += !before || !same_program(before, result);
		before = result;
		if (result->crashed)
			ret_sum->failed++;
		else if (result->verdict == BGV_ACCEPT)
			ret_sum->accept++;
		else if (result->verdict == BGV_REJECT)
			ret_sum->reject++;
		else
			ret_sum->unknown++;
	}
}

int check_matrix(FILE *out, const struct check_report *report)
{
	struct check_sum sum;
	int r = print_table(out, report);

	if (r < 0)
		return r;
	(void)fputs("b measured on this build, s on the series, m modelled, f features only\n",
		    out);
	if (!report->opts->quiet)
		print_reasons(out, report);
	check_sums(report, &sum);
	(void)fprintf(out, "%zu program%s on %zu kernels: %zu load, %zu do not, %zu not known%s",
		      sum.programs, sum.programs == 1 ? "" : "s", sum.kernels, sum.accept,
		      sum.reject, sum.unknown, sum.failed ? "" : "\n");
	if (sum.failed)
		(void)fprintf(out, ", %zu not read\n", sum.failed);
	return 0;
}
