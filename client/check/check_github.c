/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results as workflow commands: annotations of the lines that are to blame. One command is one line
 * of output, so whatever could end it, or begin another, is percent-encoded; that is all the
 * escaping this protocol has.
 */
#include "client/check/check_form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/shared/out.h"
#include "proto/own.h"

/* A value of a command; in a property, which ":" and "," end, these too. */
static void put(FILE *out, const char *text, bool property)
{
	OWN_MEM char *clean = out_safe_text(text, true);
	const char *at, *escaped = property ? "%\r\n:," : "%\r\n";

	for (at = clean ? clean : "?"; *at; at++) {
		if (strchr(escaped, *at))
			(void)fprintf(out, "%%%02X", (unsigned char)*at);
		else
			(void)fputc(*at, out);
	}
}

static int annotate(FILE *out, const struct check_report *report, const struct check_result *result,
		    const json_t *problem)
{
	const json_t *place = json_object_get(problem, "place");
	OWN_MEM char *message = check_form_message(problem);
	char subject[512];

	if (!message)
		return -ENOMEM;
	(void)fprintf(out, "::%s file=", check_form_is_error(result) ? "error" : "warning");
	if (json_is_object(place)) {
		put(out, check_form_path(check_form_string(place, "file")), true);
		(void)fprintf(out, ",line=%" JSON_INTEGER_FORMAT,
			      json_integer_value(json_object_get(place, "line")));
		if (json_integer_value(json_object_get(place, "column")))
			(void)fprintf(out, ",col=%" JSON_INTEGER_FORMAT,
				      json_integer_value(json_object_get(place, "column")));
	} else {
		put(out, check_form_path(report->inputs->paths[result->input_idx]), true);
	}
	(void)fputs(",title=", out);
	put(out, check_form_string(problem, "code"), true);
	(void)fputs("%3A ", out);
	put(out, check_form_subject(report, result, subject, sizeof(subject)), true);
	(void)fputs("::", out);
	put(out, message, false);
	(void)fputc('\n', out);
	return 0;
}

int check_github(FILE *out, const struct check_report *report)
{
	json_t *problems, *problem;
	size_t i, at;
	int r = 0;

	for (i = 0; i < report->cnt && r >= 0; i++) {
		problems = check_form_problems(report, &report->results[i]);
		json_array_foreach(problems, at, problem) r =
			r < 0 ? r : annotate(out, report, &report->results[i], problem);
		json_decref(problems);
	}
	return r;
}
