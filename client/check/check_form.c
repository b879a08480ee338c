/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the forms of bpfgate check have in common. Promises that every result which is not fine has
 * a problem to show, and that text of a program reaches no markup unescaped.
 */
#include "client/check/check_form.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client/check/check_model.h"
#include "client/shared/out.h"
#include "proto/own.h"
#include "proto/refusal.h"

const char *check_form_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

bool check_form_is_error(const struct check_result *result)
{
	return result->crashed || result->input_err || result->verdict == BGV_ACCEPT ||
	       result->verdict == BGV_REJECT;
}

/* A problem of which nothing is known but a code and words. */
static json_t *plain_problem(const char *code, const char *cause, const char *message)
{
	return json_pack("{s:s, s:n, s:o, s:o, s:n, s:n, s:n, s:n, s:[], s:[], s:n, s:[]}", "code",
			 code, "class", "cause", check_model_text(cause), "message",
			 check_model_text(message), "insn_idx", "function", "place", "bytes",
			 "events", "path", "fix", "source");
}

json_t *check_form_problems(const struct check_report *report, const struct check_result *result)
{
	json_t *problems = json_object_get(result->model, "problems");
	json_t *list;

	if (!result->crashed && !result->input_err && result->verdict == BGV_REJECT &&
	    json_array_size(problems))
		return json_incref(problems);
	list = json_array();
	if (result->crashed || result->input_err)
		(void)json_array_append_new(list, plain_problem(refusal_code(result->crashed ? REFUSAL_CRASH : REFUSAL_INPUT),
								check_input_reason(result), ""));
	else if (check_kernel_disagrees(result))
		(void)json_array_append_new(
			list,
			plain_problem(
				refusal_code(REFUSAL_KERNEL),
				"the kernel refused what this verifier accepts; please report it",
				result->reference_message));
	else if (result->verdict != BGV_ACCEPT)
		(void)json_array_append_new(
			list, plain_problem(*result->code ? result->code : refusal_code(REFUSAL_UNDECIDED),
					    result->message, ""));
	return list;
}

const char *check_form_subject(const struct check_report *report, const struct check_result *result,
			       char *buf, size_t bytes)
{
	const char *input = report->inputs->paths[result->input_idx];
	bool known = !result->crashed && !result->input_err;

	(void)snprintf(buf, bytes, "%s%s%s%s%s", check_form_path(input),
		       known && *result->prog ? ":" : "", known ? result->prog : "",
		       known && report->opts->kernel_cnt ? " on " : "",
		       known && report->opts->kernel_cnt ? result->kernel : "");
	return buf;
}

const char *check_form_path(const char *path)
{
	char here[4096];
	size_t n;

	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	if (*path != '/' || !getcwd(here, sizeof(here)))
		return path;
	n = strlen(here);
	return !strncmp(path, here, n) && path[n] == '/' && path[n + 1] ? path + n + 1 : path;
}

char *check_form_message(const json_t *problem)
{
	const json_t *fix = json_object_get(problem, "fix");
	const char *class_name = check_form_string(problem, "class"),
		   *message = check_form_string(problem, "message");
	const char *way_out = check_form_string(fix, "text");
	char *text = NULL;

	if (asprintf(&text, "%s%s%s%s%s%s%s%s", check_form_string(problem, "cause"),
		     *class_name ? "\nclass: " : "", class_name, *way_out ? "\nway out: " : "",
		     way_out,
		     json_is_true(json_object_get(fix, "checked"))
			     ? " (checked: it removes this error)"
			     : "",
		     *message ? "\nkernel says: " : "", message) < 0)
		return NULL;
	return text;
}

const char *check_form_turn(const json_t *turn, char *buf, size_t bytes)
{
	json_int_t times = json_integer_value(json_object_get(turn, "times"));
	const char *way = json_is_true(json_object_get(turn, "taken")) ? "taken" : "not taken";

	if (times > 1)
		(void)snprintf(buf, bytes, "%s, %" JSON_INTEGER_FORMAT " times", way, times);
	else
		(void)snprintf(buf, bytes, "%s", way);
	return buf;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void check_form_markup(FILE *out, const char *text, bool keep_newlines)
{
	OWN_MEM char *clean = out_safe_text(text, keep_newlines);
	const char *at;

	for (at = clean ? clean : "?"; *at; at++) {
		const char *name = entity(*at);

		if (name)
			(void)fputs(name, out);
		else
			(void)fputc(*at, out);
	}
}
