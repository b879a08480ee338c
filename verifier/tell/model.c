/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rejection as data. Promises that everything the text says is here as a value of its own: class, events with their
 * places, needed and proved, the path, the way out; and that it is one line of JSON whatever the program's names and
 * source lines hold: they are its author's, kept as they are, and bytes that are no UTF-8 made visible.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"

#define MODEL_BYTES_MAX	 (1u << 20)	/* five problems with their lines are some 50 kB */
#define TEXT_BYTES_MAX	 4096u		/* of one string: lines of source are the author's, and may be of any length */
#define SOURCE_LINES_MAX 120		/* of the function around the refused line: a screen or two */

struct model {
	const struct bgv_program *prog;
	struct btf_view *btf;	/* NULL: it has none */
	uint32_t flags;		/* BGV_MODEL_* */
	char *buf;
	size_t used, room;
	bool failed;		/* there was no room */
};

/* ---- JSON ---------------------------------------------------------------------------------------- */

static void put_bytes(struct model *m, const char *bytes, size_t cnt)
{
	size_t room = m->room ? m->room : 16384;
	char *grown;

	while (room <= m->used + cnt)
		room *= 2;
	if (m->failed || room > MODEL_BYTES_MAX) {
		m->failed = true;
		return;
	}
	grown = room == m->room ? m->buf : realloc(m->buf, room);
	if (!grown) {
		m->failed = true;
		return;
	}
	m->buf = grown;
	m->room = room;
	memcpy(m->buf + m->used, bytes, cnt);
	m->used += cnt;
	m->buf[m->used] = 0;
}

static void __attribute__((format(printf, 2, 3))) put(struct model *m, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		put_bytes(m, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* Bytes of the UTF-8 character at s, in its shortest form; 0: there is none. */
static size_t utf8_bytes(const unsigned char *s)
{
	size_t cnt = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0, i;

	for (i = 1; i < cnt; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return cnt;
}

static void put_string(struct model *m, const char *text)
{
	const unsigned char *s = (const unsigned char *)text, *end = s + strnlen(text, TEXT_BYTES_MAX);
	size_t cnt;

	put(m, "\"");
	for (; s < end; s += cnt ? cnt : 1) {
		cnt = utf8_bytes(s);
		if (!cnt)
			put(m, "\\\\x%02x", *s);
		else if (*s == '"' || *s == '\\')
			put(m, "\\%c", *s);
		else if (*s < ' ' || *s == 0x7f)
			put(m, "\\u%04x", *s);
		else
			put_bytes(m, (const char *)s, cnt);
	}
	put(m, "\"");
}

static void put_string_or_null(struct model *m, const char *text)
{
	if (text && *text)
		put_string(m, text);
	else
		put(m, "null");
}

static void put_idx(struct model *m, uint32_t idx)
{
	if (idx == UINT32_MAX)
		put(m, "null");
	else
		put(m, "%u", idx);
}

/* ---- places -------------------------------------------------------------------------------------- */

/* The line as it stands in the file, without what it is indented by. */
static const char *unindented(const char *text)
{
	return text + strspn(text, " \t");
}

static void put_place(struct model *m, uint32_t insn_idx)
{
	struct srcline line;

	if (insn_idx == UINT32_MAX || insn_idx >= m->prog->insn_cnt ||
	    !srcline_find(m->prog, m->btf, insn_idx, &line)) {
		put(m, "null");
		return;
	}
	put(m, "{\"file\":");
	put_string(m, line.file);
	put(m, ",\"line\":%u,\"column\":%u,\"text\":", line.line, line.col);
	put_string(m, line.text);
	put(m, "}");
}

/* ---- events -------------------------------------------------------------------------------------- */

/* Has the event numbers? Those that it has not are 0; what a check proves needs nothing. */
static void put_number(struct model *m, const struct bgv_event *ev, int64_t number)
{
	bool counted = ev->kind == WHY_NEEDED || ev->kind == WHY_PROVED || ev->kind == WHY_COST;

	if (!counted || (!ev->needed && !ev->proved) || number < 0 || (!number && ev->kind != WHY_NEEDED))
		put(m, "null");
	else
		put(m, "%lld", (long long)number);
}

static void put_event(struct model *m, const struct bgv_event *ev)
{
	put(m, "{\"kind\":\"%s\",\"text\":", why_kind_name(ev->kind));
	put_string(m, ev->text);
	put(m, ",\"insn_idx\":");
	put_idx(m, ev->insn_idx);
	put(m, ",\"register\":");
	put_idx(m, ev->regno);
	put(m, ",\"needed\":");
	put_number(m, ev, ev->needed);
	put(m, ",\"proved\":");
	put_number(m, ev, ev->proved);
	put(m, ",\"aside\":%s,\"place\":", ev->aside ? "true" : "false");
	put_place(m, ev->insn_idx);
	put(m, "}");
}

static void put_events(struct model *m, const struct bgv_result *res)
{
	const char *comma = "";
	uint32_t i;

	put(m, "[");
	for (i = 0; i < res->event_cnt; i++) {
		if (res->events[i].kind == WHY_BRANCH)
			continue;
		put(m, "%s", comma);
		put_event(m, &res->events[i]);
		comma = ",";
	}
	put(m, "]");
}

static bool is_same_turn(const struct bgv_event *a, const struct bgv_event *b)
{
	return a->insn_idx == b->insn_idx && a->needed == b->needed;
}

/* The next jump of the path at or after *i, and how often in a row it went so; NULL: there is none. */
static const struct bgv_event *next_turn(const struct bgv_result *res, uint32_t *i, uint32_t *ret_times)
{
	const struct bgv_event *turn = NULL, *ev;

	for (*ret_times = 0; *i < res->event_cnt; ++*i) {
		ev = &res->events[*i];
		if (ev->kind != WHY_BRANCH)
			continue;
		if (turn && !is_same_turn(turn, ev))
			break;
		turn = turn ? turn : ev;
		++*ret_times;
	}
	return turn;
}

/* The jumps of the path, oldest first; rounds of a loop that went the same way are counted. */
static void put_path(struct model *m, const struct bgv_result *res)
{
	const struct bgv_event *turn;
	const char *comma = "";
	uint32_t i = 0, times;

	put(m, "[");
	while ((turn = next_turn(res, &i, &times))) {
		put(m, "%s{\"insn_idx\":", comma);
		put_idx(m, turn->insn_idx);
		put(m, ",\"taken\":%s,\"times\":%u,\"place\":", turn->needed ? "true" : "false", times);
		put_place(m, turn->insn_idx);
		put(m, "}");
		comma = ",";
	}
	put(m, "]");
}

/* ---- source lines -------------------------------------------------------------------------------- */

struct source {
	uint32_t at;	/* the refused line */
	struct srcline lines[SOURCE_LINES_MAX];
	size_t cnt;
};

static uint32_t far_from(const struct source *source, uint32_t line)
{
	return line > source->at ? line - source->at : source->at - line;
}

/* Makes room by leaving out the line that is farthest from the refused one. */
static void source_shrink(struct source *source)
{
	struct srcline *lines = source->lines;

	if (source->cnt < SOURCE_LINES_MAX)
		return;
	source->cnt--;
	if (far_from(source, lines[0].line) > far_from(source, lines[source->cnt].line))
		memmove(lines, lines + 1, source->cnt * sizeof(*lines));
}

/* Keeps the lines nearest to the refused one, in their order, each once. */
static void source_add(struct source *source, const struct srcline *line)
{
	struct srcline *lines = source->lines;
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
static void source_find(const struct model *m, uint32_t insn_idx, struct source *ret_source)
{
	uint32_t start = 0, of_start, insn, n;
	struct srcline at, line;

	ret_source->cnt = 0;
	if (insn_idx == UINT32_MAX || !srcline_find(m->prog, m->btf, insn_idx, &at))
		return;
	ret_source->at = at.line;
	(void)srcline_function(m->prog, m->btf, insn_idx, &start);
	for (n = 0; srcline_record(m->prog, m->btf, n, &insn, &line); n++) {
		of_start = 0;
		if (strcmp(line.file, at.file))
			continue;
		(void)srcline_function(m->prog, m->btf, insn, &of_start);
		if (of_start == start)
			source_add(ret_source, &line);
	}
}

static void put_source(struct model *m, uint32_t insn_idx)
{
	struct source *source = malloc(sizeof(*source));
	size_t i;

	put(m, "[");
	if (source)
		source_find(m, insn_idx, source);
	for (i = 0; source && i < source->cnt; i++) {
		put(m, "%s{\"line\":%u,\"text\":", i ? "," : "", source->lines[i].line);
		put_string(m, source->lines[i].text);
		put(m, "}");
	}
	put(m, "]");
	free(source);
}

/* ---- problems ------------------------------------------------------------------------------------ */

static void put_shortage(struct model *m, const struct bgv_result *res)
{
	const struct bgv_event *ev;
	uint32_t i;

	for (i = 0; i < res->event_cnt; i++) {
		ev = &res->events[i];
		if (ev->kind != WHY_NEEDED || (!ev->needed && !ev->proved) || ev->proved < 0)
			continue;
		put(m, "{\"needed\":%lld,\"proved\":%lld,\"short_by\":%lld}", (long long)ev->needed, (long long)ev->proved,
		    (long long)(ev->needed > ev->proved ? ev->needed - ev->proved : 0));
		return;
	}
	put(m, "null");
}

/* The way out as a change of the source: an early return before a line. */
static void put_edit(struct model *m, const struct bgv_result *res)
{
	struct srcline line;
	char insert[512];
	int indent;

	if (!*res->leave_if || !srcline_find(m->prog, m->btf, res->leave_idx, &line) || line.near || !line.line) {
		put(m, "null");
		return;
	}
	indent = (int)(unindented(line.text) - line.text);
	if (indent > 64) {
		put(m, "null");
		return;
	}
	(void)snprintf(insert, sizeof(insert), "%.*sif (%s)\n%.*s\treturn 0;\n", indent, line.text, res->leave_if, indent,
		       line.text);
	put(m, "{\"file\":");
	put_string(m, line.file);
	put(m, ",\"before_line\":%u,\"insert\":", line.line);
	put_string(m, insert);
	put(m, "}");
}

static void put_fix(struct model *m, const struct bgv_result *res)
{
	if (!*res->way_out) {
		put(m, "null");
		return;
	}
	put(m, "{\"text\":");
	put_string(m, res->way_out);
	put(m, ",\"checked\":%s,\"edit\":", res->way_out_checked ? "true" : "false");
	put_edit(m, res);
	put(m, "}");
}

static void put_problem(struct model *m, const struct bgv_result *res)
{
	put(m, "{\"code\":");
	put_string_or_null(m, res->code);
	put(m, ",\"class\":");
	put_string_or_null(m, res->class_name);
	put(m, ",\"cause\":");
	put_string_or_null(m, *res->cause ? res->cause : res->message);
	put(m, ",\"message\":");
	put_string(m, res->message);
	put(m, ",\"insn_idx\":");
	put_idx(m, res->insn_idx);
	put(m, ",\"function\":");
	put_string_or_null(m, res->insn_idx == UINT32_MAX ? "" : srcline_function(m->prog, m->btf, res->insn_idx, NULL));
	put(m, ",\"place\":");
	put_place(m, res->insn_idx);
	put(m, ",\"bytes\":");
	put_shortage(m, res);
	put(m, ",\"events\":");
	put_events(m, res);
	put(m, ",\"path\":");
	put_path(m, res);
	put(m, ",\"fix\":");
	put_fix(m, res);
	if (m->flags & BGV_MODEL_SOURCE) {
		put(m, ",\"source\":");
		put_source(m, res->insn_idx);
	}
	put(m, "}");
}

static const char *debug_info(const struct model *m)
{
	if (m->flags & BGV_MODEL_NAMED)
		return "dwarf";
	return m->btf && m->prog->line_info_cnt ? "btf" : "none";
}

int bgv_explain_json(const struct bgv_program *prog, const struct bgv_result *result, uint32_t flags, char **ret_text)
{
	const struct bgv_result *one;
	struct model m = { .prog = prog, .flags = flags };

	if (result->verdict == BGV_ACCEPT)
		return -EINVAL;
	m.btf = srcline_view(prog);
	put(&m, "{\"debug_info\":\"%s\",\"problems\":[", debug_info(&m));
	for (one = result; one; one = one->more) {
		put_problem(&m, one);
		if (one->more)
			put(&m, ",");
	}
	put(&m, "]}");
	btf_view_free(m.btf);
	if (m.failed) {
		free(m.buf);
		return -ENOMEM;
	}
	*ret_text = m.buf;
	return 0;
}
