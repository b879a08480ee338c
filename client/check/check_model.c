/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rejection as data. Promises that everything the text says is here as a value of its own: class,
 * events with their places, needed and proved, the path, the way out. Names and source lines are
 * the program author's: kept as they are, and escaped by whoever prints them.
 */
#include "client/check/check_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/shared/out.h"
#include "object/lineinfo.h"
#include "proto/own.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"

#define SOURCE_LINES_MAX 120 /* of the function around the refused line: a screen or two */

/* What a program's debug information is read through. */
struct view {
	const struct bgv_program *prog;
	struct btf_view *btf; /* NULL: it has none */
};

json_t *check_model_text(const char *text)
{
	json_t *value = json_string(text);
	char *clean;

	if (value)
		return value;
	clean = out_safe_text(text, true);
	value = clean ? json_string(clean) : NULL;
	free(clean);
	return value;
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? check_model_text(text) : json_null();
}

static json_t *place_of(const struct lineinfo *line)
{
	return json_pack("{s:o, s:i, s:i, s:o}", "file", check_model_text(line->file), "line",
			 (int)line->line, "column", (int)line->column, "text",
			 check_model_text(line->text - line->indent));
}

static json_t *place_json(const struct view *v, uint32_t insn_idx)
{
	struct lineinfo line;

	if (insn_idx == UINT32_MAX || lineinfo_find(v->prog, insn_idx, &line) < 0)
		return json_null();
	return place_of(&line);
}

static json_t *idx_json(uint32_t idx)
{
	return idx == UINT32_MAX ? json_null() : json_integer(idx);
}

/* ---- events ------------------------------------------------------------------------------------
 */

/* Has the event numbers? Those that it has not are 0; what a check proves needs nothing. */
static json_t *number_json(const struct bgv_event *ev, int64_t number)
{
	bool counted = ev->kind == WHY_NEEDED || ev->kind == WHY_PROVED || ev->kind == WHY_COST;

	if (!counted || (!ev->needed && !ev->proved) || number < 0 ||
	    (!number && ev->kind != WHY_NEEDED))
		return json_null();
	return json_integer(number);
}

static json_t *event_json(const struct view *v, const struct bgv_event *ev)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", why_kind_name(ev->kind),
			 "text", check_model_text(ev->text), "insn_idx", idx_json(ev->insn_idx),
			 "register", idx_json(ev->regno), "needed", number_json(ev, ev->needed),
			 "proved", number_json(ev, ev->proved), "place",
			 place_json(v, ev->insn_idx));
}

static json_t *events_json(const struct view *v, const struct bgv_result *result)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < result->event_cnt; i++)
		if (result->events[i].kind != WHY_BRANCH)
			(void)json_array_append_new(list, event_json(v, &result->events[i]));
	return list;
}

static bool same_turn(const struct bgv_event *a, const struct bgv_event *b)
{
	return a->insn_idx == b->insn_idx && a->needed == b->needed;
}

/* The jumps of the path, oldest first; rounds of a loop that went the same way are counted. */
static json_t *path_json(const struct view *v, const struct bgv_result *result)
{
	const struct bgv_event *last = NULL, *ev;
	json_t *list = json_array(), *turn = NULL;
	json_int_t times = 0;

	for (uint32_t i = 0; i < result->event_cnt; i++) {
		ev = &result->events[i];
		if (ev->kind != WHY_BRANCH)
			continue;
		times = last && same_turn(last, ev) ? times + 1 : 1;
		if (times > 1) {
			(void)json_object_set_new(turn, "times", json_integer(times));
			continue;
		}
		turn = json_pack("{s:o, s:b, s:I, s:o}", "insn_idx", idx_json(ev->insn_idx),
				 "taken", ev->needed != 0, "times", times, "place",
				 place_json(v, ev->insn_idx));
		(void)json_array_append_new(list, turn);
		last = ev;
	}
	return list;
}

/* ---- source lines ------------------------------------------------------------------------------
 */

struct source {
	const struct lineinfo *at; /* the refused line */
	struct lineinfo lines[SOURCE_LINES_MAX];
	size_t cnt;
};

static uint32_t far_from(const struct source *source, uint32_t line)
{
	return line > source->at->line ? line - source->at->line : source->at->line - line;
}

/* Makes room by leaving out the line that is farthest from the refused one. */
static void source_shrink(struct source *source)
{
	struct lineinfo *lines = source->lines;

	if (source->cnt < SOURCE_LINES_MAX)
		return;
	source->cnt--;
	if (far_from(source, lines[0].line) > far_from(source, lines[source->cnt].line))
		memmove(lines, lines + 1, source->cnt * sizeof(*lines));
}

/* Keeps the lines nearest to the refused one, in their order, each once. */
static void source_add(struct source *source, const struct lineinfo *line)
{
	struct lineinfo *lines = source->lines;
	size_t i;

	for (i = 0; i < source->cnt; i++)
		if (lines[i].line == line->line)
			return;
	if (!line->line)
		return;
	source_shrink(source);
	for (i = 0; i < source->cnt && lines[i].line < line->line; i++)
		;
	memmove(lines + i + 1, lines + i, (source->cnt - i) * sizeof(*lines));
	lines[i] = *line;
	source->cnt++;
}

/* All lines of the refused line's file that the program knows, of the function that it lies in. */
static json_t *source_json(const struct view *v, uint32_t insn_idx)
{
	struct source source = { 0 };
	struct lineinfo at, line;
	uint32_t start = 0, of, i;
	json_t *list = json_array();
	int r;

	if (insn_idx == UINT32_MAX || lineinfo_find(v->prog, insn_idx, &at) < 0)
		return list;
	source.at = &at;
	(void)srcline_function(v->prog, v->btf, insn_idx, &start);
	for (i = 0; (r = lineinfo_record(v->prog, i, &of, &line)) != -ENOENT; i++) {
		uint32_t of_start = 0;

		if (r < 0 || strcmp(line.file, at.file) != 0)
			continue;
		(void)srcline_function(v->prog, v->btf, of, &of_start);
		if (of_start == start)
			source_add(&source, &line);
	}
	for (i = 0; i < source.cnt; i++)
		(void)json_array_append_new(
			list,
			json_pack("{s:i, s:o}", "line", (int)source.lines[i].line, "text",
				  check_model_text(source.lines[i].text - source.lines[i].indent)));
	return list;
}

/* ---- problems ----------------------------------------------------------------------------------
 */

static json_t *shortage_json(const struct bgv_result *result)
{
	for (uint32_t i = 0; i < result->event_cnt; i++) {
		const struct bgv_event *ev = &result->events[i];

		if (ev->kind == WHY_NEEDED && (ev->needed || ev->proved) && ev->proved >= 0)
			return json_pack("{s:I, s:I, s:I}", "needed", (json_int_t)ev->needed,
					 "proved", (json_int_t)ev->proved, "short_by",
					 (json_int_t)(ev->needed > ev->proved
							      ? ev->needed - ev->proved
							      : 0));
	}
	return json_null();
}

/* The way out as a change of the source: an early return before a line. */
static json_t *edit_json(const struct view *v, const struct bgv_result *result)
{
	struct lineinfo line;
	const char *blanks;
	char insert[512];

	if (!*result->leave_if || lineinfo_find(v->prog, result->leave_idx, &line) < 0 ||
	    !line.line || line.indent > 64)
		return json_null();
	blanks = line.text - line.indent;
	(void)snprintf(insert, sizeof(insert), "%.*sif (%s)\n%.*s\treturn 0;\n", (int)line.indent,
		       blanks, result->leave_if, (int)line.indent, blanks);
	return json_pack("{s:o, s:i, s:o}", "file", check_model_text(line.file), "before_line",
			 (int)line.line, "insert", check_model_text(insert));
}

static json_t *fix_json(const struct view *v, const struct bgv_result *result)
{
	if (!*result->way_out)
		return json_null();
	return json_pack("{s:o, s:b, s:o}", "text", check_model_text(result->way_out), "checked",
			 result->way_out_checked, "edit", edit_json(v, result));
}

static json_t *problem_json(const struct view *v, const struct bgv_result *result)
{
	const char *function = "";

	if (result->insn_idx != UINT32_MAX)
		function = srcline_function(v->prog, v->btf, result->insn_idx, NULL);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "code",
			 text_or_null(result->code), "class", text_or_null(result->class_name),
			 "cause", text_or_null(*result->cause ? result->cause : result->message),
			 "message", check_model_text(result->message), "insn_idx",
			 idx_json(result->insn_idx), "function", text_or_null(function), "place",
			 place_json(v, result->insn_idx), "bytes", shortage_json(result), "events",
			 events_json(v, result), "path", path_json(v, result), "fix",
			 fix_json(v, result), "source", source_json(v, result->insn_idx));
}

static const char *debug_info(const struct view *v, bool named)
{
	if (!v->btf || !v->prog->line_info_cnt)
		return "none";
	return named ? "dwarf" : "btf";
}

json_t *check_model(const struct bgv_program *prog, const struct bgv_result *result, bool named)
{
	struct view v = { prog, srcline_view(prog) };
	json_t *problems = json_array(), *model;
	const struct bgv_result *one;
	OWN_MEM char *text = NULL;

	for (one = result; one; one = one->more)
		(void)json_array_append_new(problems, problem_json(&v, one));
	(void)bgv_explain(prog, result, &text);
	model = json_pack("{s:o, s:s, s:o}", "explanation", text_or_null(text), "debug_info",
			  debug_info(&v, named), "problems", problems);
	btf_view_free(v.btf);
	return model;
}
