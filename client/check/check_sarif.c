/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results as SARIF 2.1.0: a rule is a row of the table of diagnostics, a result is a problem, a
 * code flow is the refused path with what was known on it, a fix is the change of the source that
 * the explanation proposes. JSON escapes strings; what is left to do here is what SARIF makes of
 * them: links in messages, URIs, columns.
 */
#include "client/check/check_form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/check/check_model.h"
#include "client/shared/cmd.h"
#include "client/shared/out.h"
#include "config.h"
#include "proto/own.h"
#include "verifier/state/diag.h"

#define SARIF_SCHEMA                                                                               \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* A message; "](" in it would make a link of whatever a program's author wrote. */
static json_t *message(const char *text)
{
	OWN_MEM char *clean = out_safe_text(text, true);
	OWN_MEM char *plain = clean ? malloc(2 * strlen(clean) + 1) : NULL;
	char *to = plain;

	for (const char *at = clean; plain && *at; at++) {
		*to++ = *at;
		if (at[0] == ']' && at[1] == '(')
			*to++ = ' ';
	}
	if (plain)
		*to = '\0';
	return json_pack("{s:s}", "text", plain ? plain : "?");
}

/* A path as a URI reference: all but unreserved characters and slashes encoded. */
static json_t *uri(const char *path)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
	char text[3 * 512 + 8];
	size_t n = 0;

	path = check_form_path(path);
	if (*path == '/')
		n = (size_t)snprintf(text, sizeof(text), "file://");
	for (; *path && n + 4 < sizeof(text); path++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      strchr(plain, *path) ? "%c" : "%%%02X", (unsigned char)*path);
	text[n] = '\0';
	return json_string(text);
}

static json_t *artifact(const char *path)
{
	return json_pack("{s:o}", "uri", uri(path));
}

/* A column in bytes as one in characters. */
static json_int_t column_of(const json_t *place)
{
	const char *text = check_form_string(place, "text");
	json_int_t bytes = json_integer_value(json_object_get(place, "column")), column = 1;

	for (json_int_t i = 1; i < bytes && text[i - 1]; i++)
		column += ((unsigned char)text[i - 1] & 0xc0) != 0x80;
	return bytes ? column : 0;
}

static json_t *region(const json_t *place)
{
	json_t *doc = json_pack("{s:O, s:{s:O}}", "startLine", json_object_get(place, "line"),
				"snippet", "text", json_object_get(place, "text"));

	if (doc && column_of(place))
		(void)json_object_set_new(doc, "startColumn", json_integer(column_of(place)));
	return doc;
}

/* Where a place is; a program without line information has its object only. */
static json_t *physical(const json_t *place, const char *input)
{
	if (json_integer_value(json_object_get(place, "line")) < 1)
		return json_pack("{s:o}", "artifactLocation", artifact(input));
	return json_pack("{s:o, s:o}", "artifactLocation",
			 artifact(check_form_string(place, "file")), "region", region(place));
}

static json_t *location(const json_t *place, const char *input, const char *text)
{
	json_t *doc = json_pack("{s:o}", "physicalLocation", physical(place, input));

	if (doc && *text)
		(void)json_object_set_new(doc, "message", message(text));
	return doc;
}

/* ---- the path ----------------------------------------------------------------------------------
 */

static void add_step(json_t *steps, const json_t *of, const char *input, const char *text,
		     const char *importance)
{
	(void)json_array_append_new(steps,
				    json_pack("{s:o, s:s}", "location",
					      location(json_object_get(of, "place"), input, text),
					      "importance", importance));
}

/* The events of instructions up to `idx` that were not told yet: the path has no place of its own
 * for them. */
static void add_events(json_t *steps, const json_t *events, bool *told, json_int_t idx,
		       const char *input)
{
	const json_t *event;
	size_t i;

	json_array_foreach((json_t *)events, i, event)
	{
		json_int_t at = json_integer_value(json_object_get(event, "insn_idx"));

		if (told[i] || at > idx || !strcmp(check_form_string(event, "kind"), "needed"))
			continue;
		told[i] = true;
		add_step(steps, event, input, check_form_string(event, "text"), "essential");
	}
}

static json_t *steps_of(const json_t *problem, const char *input)
{
	const json_t *events = json_object_get(problem, "events"), *turn;
	OWN_MEM bool *told = calloc(json_array_size(events) + 1, sizeof(*told));
	json_t *steps = json_array();
	char way[64], text[96];
	size_t i;

	json_array_foreach(json_object_get(problem, "path"), i, turn)
	{
		if (told)
			add_events(steps, events, told,
				   json_integer_value(json_object_get(turn, "insn_idx")), input);
		(void)snprintf(text, sizeof(text), "jump %s",
			       check_form_turn(turn, way, sizeof(way)));
		add_step(steps, turn, input, text, "important");
	}
	if (told)
		add_events(steps, events, told, INT64_MAX, input);
	add_step(steps, problem, input, check_form_string(problem, "cause"), "essential");
	return steps;
}

/* ---- a result ----------------------------------------------------------------------------------
 */

static json_t *related(const json_t *problem, const char *input)
{
	json_t *list = json_array(), *one;
	const json_t *event;
	size_t i;

	json_array_foreach(json_object_get(problem, "events"), i, event)
	{
		if (!json_is_object(json_object_get(event, "place")))
			continue;
		one = location(json_object_get(event, "place"), input,
			       check_form_string(event, "text"));
		(void)json_object_set_new(one, "id",
					  json_integer((json_int_t)json_array_size(list)));
		(void)json_array_append_new(list, one);
	}
	return list;
}

/* A fix of SARIF is a change of files: a way out without one is told in the message only. */
static json_t *fixes(const json_t *problem)
{
	const json_t *fix = json_object_get(problem, "fix"), *edit = json_object_get(fix, "edit");
	json_t *line = json_object_get(edit, "before_line"), *change;
	char text[400];

	if (!json_is_object(edit))
		return json_array();
	(void)snprintf(text, sizeof(text), "%s%s", check_form_string(fix, "text"),
		       json_is_true(json_object_get(fix, "checked"))
			       ? " (checked: it removes this error)"
			       : "");
	change = json_pack("{s:{s:O, s:i, s:O, s:i}, s:{s:O}}", "deletedRegion", "startLine", line,
			   "startColumn", 1, "endLine", line, "endColumn", 1, "insertedContent",
			   "text", json_object_get(edit, "insert"));
	return json_pack("[{s:o, s:[{s:o, s:[o]}]}]", "description", message(text),
			 "artifactChanges", "artifactLocation",
			 artifact(check_form_string(edit, "file")), "replacements", change);
}

static json_t *where(const json_t *problem, const char *input)
{
	json_t *doc = location(json_object_get(problem, "place"), input, "");
	json_t *function = json_object_get(problem, "function");

	if (doc && json_is_string(function))
		(void)json_object_set_new(
			doc, "logicalLocations",
			json_pack("[{s:O, s:s}]", "name", function, "kind", "function"));
	return doc;
}

static json_t *result_json(const struct check_report *report, const struct check_result *result,
			   const json_t *problem, size_t rule)
{
	const char *input = report->inputs->paths[result->input_idx];
	OWN_MEM char *text = check_form_message(problem);
	bool known = !result->crashed && !result->input_err;

	return json_pack(
		"{s:O, s:I, s:s, s:o, s:[o], s:o, s:[{s:[{s:o}]}], s:o, s:{s:O, s:o, s:o, s:o, s:O}}",
		"ruleId", json_object_get(problem, "code"), "ruleIndex", (json_int_t)rule, "level",
		check_form_is_error(result) ? "error" : "warning", "message",
		message(text ? text : "?"), "locations", where(problem, input), "relatedLocations",
		related(problem, input), "codeFlows", "threadFlows", "locations",
		steps_of(problem, input), "fixes", fixes(problem), "properties", "class",
		json_object_get(problem, "class"), "object",
		check_model_text(check_form_path(input)), "program",
		check_model_text(known ? result->prog : ""), "kernel",
		check_model_text(known ? result->kernel : ""), "bytes",
		json_object_get(problem, "bytes"));
}

/* ---- rules -------------------------------------------------------------------------------------
 */

static json_t *rule_json(const char *code)
{
	const struct diag *diag = diag_find(code);
	char help[512];

	(void)snprintf(help, sizeof(help), "%s%s%s\nbpfgate explain %s tells more.",
		       diag ? diag->meaning : code, diag && diag->way_out ? "\nWay out: " : "",
		       diag && diag->way_out ? diag->way_out : "", code);
	return json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:[s]}}", "id", code,
			 "shortDescription", "text",
			 diag ? diag->meaning : "no verdict could be made", "help", "text", help,
			 "defaultConfiguration", "level", diag ? "error" : "warning", "properties",
			 "tags", diag ? diag_class_name(diag->cls) : "bpfgate");
}

/* The index of the code's rule, which is made at its first use. */
static size_t rule_of(json_t *rules, const char *code)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(rules, i,
			   rule) if (!strcmp(check_form_string(rule, "id"), code)) return i;
	(void)json_array_append_new(rules, rule_json(code));
	return i;
}

static int add_results(const struct check_report *report, json_t *rules, json_t *list)
{
	json_t *problems, *problem;
	size_t i, at;
	int r = 0;

	for (i = 0; i < report->cnt; i++) {
		problems = check_form_problems(report, &report->results[i]);
		json_array_foreach(problems, at, problem) r |= json_array_append_new(
			list, result_json(report, &report->results[i], problem,
					  rule_of(rules, check_form_string(problem, "code"))));
		json_decref(problems);
	}
	return r ? -ENOMEM : 0;
}

int check_sarif(FILE *out, const struct check_report *report)
{
	json_t *rules = json_array(), *list = json_array(), *doc;
	int r = add_results(report, rules, list);
	int code = check_exit_code(report->results, report->cnt, report->opts->fail_on);

	doc = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:[{s:b, s:i}], s:o}]}",
			"$schema", SARIF_SCHEMA, "version", "2.1.0", "runs", "tool", "driver",
			"name", "bpfgate", "version", PACKAGE_VERSION, "rules", rules, "columnKind",
			"unicodeCodePoints", "invocations", "executionSuccessful",
			code != EXIT_INTERNAL && code != EXIT_INPUT, "exitCode", code, "results",
			list);
	if (r >= 0)
		r = doc ? out_json(out, doc, report->opts->pretty) : -ENOMEM;
	json_decref(doc);
	return r;
}
