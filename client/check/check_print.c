/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results as text, one JSON document, or JSON lines. Promises the order of the inputs, keys that
 * are only ever added to, and nothing from an object on a terminal that could move its cursor.
 */
#include "client/check/check.h"

#include <string.h>

#include "client/check/check_form.h"
#include "client/check/check_model.h"
#include "client/shared/cmd.h"
#include "client/shared/out.h"
#include "proto/own.h"
#include "proto/refusal.h"

#define MS_PER_NS 1000000.0
#define MB_PER_B  1048576.0

static json_t *text_or_null(const char *text)
{
	return *text ? check_model_text(text) : json_null();
}

static json_t *errno_or_null(uint32_t err)
{
	const char *name = err ? strerrorname_np((int)err) : NULL;

	return name ? json_string(name) : err ? json_integer(err) : json_null();
}

static json_t *count(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *json_place(const struct check_result *result)
{
	if (!*result->file)
		return json_null();
	return json_pack("{s:o, s:i, s:i, s:o}", "file", check_model_text(result->file), "line",
			 (int)result->line, "column", (int)result->column, "text",
			 check_model_text(result->line_text));
}

static json_t *json_digest(const struct check_result *result)
{
	return *result->digest ? json_sprintf("sha256:%s", result->digest) : json_null();
}

static json_t *json_reference(const struct check_result *result)
{
	if (!result->known)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "verdict",
			 result->reference_err ? "reject" : "accept", "errno",
			 errno_or_null(result->reference_err), "message",
			 text_or_null(result->reference_message), "insns_processed",
			 count(result->reference_insns), "total_states",
			 count(result->reference_states), "peak_states",
			 count(result->reference_peak_states), "time_ns",
			 count(result->reference_time_ns));
}

static json_t *json_input_failure(const struct check_inputs *inputs, const struct check_result *result)
{
	return json_pack("{s:s, s:o, s:s, s:s, s:o}", "schema_version", OUT_SCHEMA_VERSION, "input",
			 check_model_text(inputs->paths[result->input_idx]), "verdict", check_verdict_word(result), "code",
			 refusal_code(result->crashed ? REFUSAL_CRASH : REFUSAL_INPUT), "message", check_model_text(check_input_reason(result)));
}

static json_t *model_part(const struct check_result *result, const char *key)
{
	json_t *part = json_object_get(result->model, key);

	return part ? json_incref(part) : json_null();
}

/* What is wrong: of a program that gave no verdict, nothing is known but its message. */
static json_t *problems(const struct check_result *result)
{
	json_t *list = json_object_get(result->model, "problems");

	return list && result->verdict == BGV_REJECT ? json_incref(list) : json_array();
}

static json_t *json_result(const struct check_inputs *inputs, const struct check_result *result)
{
	const struct bgv_stats *stats = &result->stats;
	json_t *doc;

	if (result->crashed || result->input_err)
		return json_input_failure(inputs, result);
	doc = json_pack("{s:s, s:o, s:o, s:o, s:o, s:i, s:i, s:s, s:o, s:o, s:o, s:o}", "schema_version",
			OUT_SCHEMA_VERSION, "input", check_model_text(inputs->paths[result->input_idx]), "program",
			text_or_null(result->prog), "source", text_or_null(result->source), "kernel",
			check_model_text(result->kernel), "prog_type", (int)result->prog_type, "insn_cnt",
			(int)result->insn_cnt, "verdict", check_verdict_word(result), "errno",
			errno_or_null(result->err), "code", text_or_null(result->code), "message",
			text_or_null(result->message), "insn_idx",
			result->insn_idx == UINT32_MAX ? json_null() : count(result->insn_idx));
	if (!doc ||
	    json_object_set_new(doc, "insns_processed", count(stats->insn_processed)) < 0 ||
	    json_object_set_new(doc, "total_states", count(stats->total_states)) < 0 ||
	    json_object_set_new(doc, "peak_states", count(stats->peak_states)) < 0 ||
	    json_object_set_new(doc, "max_states_per_insn", count(stats->max_states_per_insn)) < 0 ||
	    json_object_set_new(doc, "time_ns", count(stats->time_ns)) < 0 ||
	    json_object_set_new(doc, "peak_bytes", count(stats->peak_bytes)) < 0 ||
	    json_object_set_new(doc, "digest", json_digest(result)) < 0 ||
	    json_object_set_new(doc, "source_line", json_place(result)) < 0 ||
	    json_object_set_new(doc, "class", text_or_null(result->class_name)) < 0 ||
	    json_object_set_new(doc, "cause", text_or_null(result->cause)) < 0 ||
	    json_object_set_new(doc, "way_out", text_or_null(result->way_out)) < 0 ||
	    json_object_set_new(doc, "explanation", model_part(result, "explanation")) < 0 ||
	    json_object_set_new(doc, "debug_info", model_part(result, "debug_info")) < 0 ||
	    json_object_set_new(doc, "problems", problems(result)) < 0 ||
	    json_object_set_new(doc, "reference", json_reference(result)) < 0 ||
	    json_object_set_new(doc, "rules", text_or_null(result->rules)) < 0 ||
	    json_object_set_new(doc, "confidence", text_or_null(result->confidence)) < 0) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

static int print_jsonl(FILE *out, const struct check_inputs *inputs,
		       const struct check_result *results, size_t cnt)
{
	int r = 0;

	for (size_t i = 0; i < cnt && r >= 0; i++)
		r = out_json_take(out, json_result(inputs, &results[i]), false);
	return r;
}

static json_t *json_summary(const struct check_report *report)
{
	struct check_sum sum;

	check_sums(report, &sum);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "programs", count(sum.programs), "kernels",
			 count(sum.kernels), "accept", count(sum.accept), "reject", count(sum.reject), "unknown",
			 count(sum.unknown), "failed", count(sum.failed));
}

static int print_json(FILE *out, const struct check_report *report)
{
	json_t *list = json_array(), *doc;
	int r = 0;

	for (size_t i = 0; i < report->cnt && r >= 0; i++)
		r = json_array_append_new(list, json_result(report->inputs, &report->results[i])) < 0 ? -ENOMEM : 0;
	doc = json_pack("{s:s, s:i, s:o, s:o}", "schema_version", OUT_SCHEMA_VERSION, "exit_code",
			check_exit_code(report->results, report->cnt, report->opts->fail_on), "programs", list, "summary",
			json_summary(report));
	if (r >= 0)
		r = doc ? out_json(out, doc, report->opts->pretty) : -ENOMEM;
	json_decref(doc);
	return r;
}

static void print_failure(FILE *out, const struct check_result *result)
{
	const char *name = result->err ? strerrorname_np((int)result->err) : NULL;

	(void)fprintf(out, "    ");
	if (*result->code)
		(void)fprintf(out, "%s: ", result->code);
	out_safe(out, result->message, false);
	if (result->insn_idx != UINT32_MAX)
		(void)fprintf(out, " (instruction %u%s%s)", result->insn_idx, name ? ", " : "",
			      name ? name : "");
	(void)fputc('\n', out);
	if (*result->file) {
		(void)fprintf(out, "    ");
		out_safe(out, result->file, false);
		(void)fprintf(out, ":%u:%u:  ", result->line, result->column);
		out_safe(out, result->line_text, false);
		(void)fputc('\n', out);
	}
}

static void print_program(FILE *out, const struct check_options *opts,
			  const struct check_inputs *inputs, const struct check_result *result)
{
	const char *explanation = json_string_value(json_object_get(result->model, "explanation"));
	bool fine = result->verdict == BGV_ACCEPT, colour = out_colour(out, opts->colour);

	if (opts->quiet && fine && !check_kernel_disagrees(result))
		return;
	out_verdict(out, check_verdict_word(result), fine, colour);
	out_safe(out, inputs->paths[result->input_idx], false);
	if (*result->prog) {
		(void)fputc(':', out);
		out_safe(out, result->prog, false);
	}
	if (opts->kernel_cnt)
		(void)fprintf(out, " on %s", result->kernel);
	(void)fprintf(out, "  %llu instructions, %llu states, %.2f ms, %.1f MB\n",
		      (unsigned long long)result->stats.insn_processed,
		      (unsigned long long)result->stats.total_states,
		      (double)result->stats.time_ns / MS_PER_NS,
		      (double)result->stats.peak_bytes / MB_PER_B);
	if (!fine && explanation)
		out_explanation(out, explanation, colour);
	else if (!fine)
		print_failure(out, result);
	if (check_kernel_disagrees(result)) {
		(void)fprintf(out, "    the kernel refused it: ");
		out_safe(out, result->reference_message, false);
		(void)fprintf(out, "\n    Please report this; the bundle holds all that is needed.\n");
	}
	if (opts->verbose && *result->digest)
		(void)fprintf(out, "    sha256:%s\n", result->digest);
	if (opts->verbose && result->known) {
		(void)fprintf(out, "    the kernel: %s, %llu instructions, %.2f ms  ",
			      result->reference_err ? strerrorname_np((int)result->reference_err) :
						      "accept",
			      (unsigned long long)result->reference_insns,
			      (double)result->reference_time_ns / MS_PER_NS);
		out_safe(out, result->reference_message, false);
		(void)fputc('\n', out);
	}
}

static void print_text(FILE *out, const struct check_options *opts, const struct check_inputs *inputs,
		       const struct check_result *results, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (!results[i].crashed && !results[i].input_err) {
			print_program(out, opts, inputs, &results[i]);
			continue;
		}
		out_verdict(out, check_verdict_word(&results[i]), false, out_colour(out, opts->colour));
		out_safe(out, inputs->paths[results[i].input_idx], false);
		(void)fprintf(out, "\n    ");
		out_safe(out, check_input_reason(&results[i]), false);
		(void)fputc('\n', out);
	}
}

/* The writers of all forms; the order is that of enum check_format. */
static int write_text(FILE *out, const struct check_report *report)
{
	if (report->opts->kernel_cnt > 1 && !report->opts->verbose)
		return check_matrix(out, report);
	print_text(out, report->opts, report->inputs, report->results, report->cnt);
	return 0;
}

static int write_json(FILE *out, const struct check_report *report)
{
	return print_json(out, report);
}

static int write_jsonl(FILE *out, const struct check_report *report)
{
	return print_jsonl(out, report->inputs, report->results, report->cnt);
}

int check_print(FILE *out, enum check_format format, const struct check_report *report)
{
	static int (*const write[CHECK_FORMAT_CNT])(FILE *, const struct check_report *) = {
		[CHECK_TEXT] = write_text,     [CHECK_JSON] = write_json,   [CHECK_JSONL] = write_jsonl,
		[CHECK_SARIF] = check_sarif,   [CHECK_JUNIT] = check_junit, [CHECK_GITHUB] = check_github,
		[CHECK_HTML] = check_html,
	};
	int r = write[format](out, report);

	if (fflush(out) || ferror(out))
		return -EIO;
	return r;
}
