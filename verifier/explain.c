/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rejection as text for people: what was needed and proved, where in the source, by which earlier
 * line, and on which path. Composes from the program's line info and the result's events; trusts
 * neither, and shows instructions only where there is no usable line info.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/btf.h"
#include "verifier/why.h"

#define TEXT_MAX 16384u
#define PATH_SHOWN 12u

struct text {
	char *buf;
	size_t used;
};

struct place {
	const char *file, *line_text;
	uint32_t line, col;
};

struct line_rec {
	uint32_t insn_off, file_name_off, line_off, line_col;
};

static void __attribute__((format(printf, 2, 3))) say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->used + 1 >= TEXT_MAX)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->used, TEXT_MAX - t->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->used += (size_t)n < TEXT_MAX - t->used ? (size_t)n : TEXT_MAX - t->used - 1;
}

/* Source text is the program author's: control bytes do not reach a terminal. Returns the columns. */
static uint32_t say_source(struct text *t, const char *s, uint32_t col)
{
	uint32_t at = 1, shown = 0, caret = 0;

	for (; *s && shown < 160; s++, at++) {
		uint32_t wide = *s == '\t' ? 8 - shown % 8 : 1;

		if (at == col)
			caret = shown;
		shown += wide;
		if (*s == '\t')
			say(t, "%*s", (int)wide, "");
		else
			say(t, "%c", (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
	}
	return caret;
}

/* The record that covers the instruction: the last one not after it. */
static bool find_place(const struct bgv_program *prog, const struct btf_view *view,
		       uint32_t insn_idx, struct place *ret)
{
	const char *data = prog->line_info.data;
	uint32_t i, size = prog->line_info_rec_size;
	struct line_rec rec, best = { 0 };
	bool found = false;

	if (!view || !data || size < sizeof(rec))
		return false;
	for (i = 0; i < prog->line_info_cnt && ((size_t)i + 1) * size <= prog->line_info.bytes; i++) {
		memcpy(&rec, data + (size_t)i * size, sizeof(rec));
		if (rec.insn_off > insn_idx)
			break;
		best = rec;
		found = true;
	}
	if (!found)
		return false;
	ret->file = btf_view_str(view, best.file_name_off);
	ret->line_text = btf_view_str(view, best.line_off);
	ret->line = best.line_col >> 10;
	ret->col = best.line_col & 0x3ff;
	return true;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void say_line(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		     const struct bgv_event *ev, char mark)
{
	struct place p;
	uint32_t caret;

	if (!find_place(prog, view, ev->insn_idx, &p) || !*p.line_text) {
		say(t, "   | insn %u: %s\n", ev->insn_idx, ev->text);
		return;
	}
	say(t, "%4u | ", p.line);
	caret = say_source(t, p.line_text, p.col);
	say(t, "\n     | %*s%c %s\n", (int)caret, "", mark, ev->text);
}

static const struct bgv_event *find_event(const struct bgv_result *res, uint32_t kind)
{
	uint32_t i;

	for (i = 0; i < res->event_cnt; i++)
		if (res->events[i].kind == kind)
			return &res->events[i];
	return NULL;
}

static void say_path(struct text *t, const struct bgv_result *res)
{
	uint32_t i, cnt = 0, skip;

	for (i = 0; i < res->event_cnt; i++)
		cnt += res->events[i].kind == WHY_BRANCH;
	if (!cnt)
		return;
	skip = cnt > PATH_SHOWN ? cnt - PATH_SHOWN : 0;
	say(t, "   = path: %s", skip ? "... " : "");
	for (i = 0; i < res->event_cnt; i++) {
		if (res->events[i].kind != WHY_BRANCH)
			continue;
		if (skip) {
			skip--;
			continue;
		}
		say(t, "%u (%s) -> ", res->events[i].insn_idx, res->events[i].text);
	}
	say(t, "%u\n", res->insn_idx);
}

static void say_all(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		    const struct bgv_result *res)
{
	static const uint32_t told[] = { WHY_CALL, WHY_PROVED, WHY_LOST, WHY_NEEDED };
	const struct bgv_event *ev;
	struct place p;
	size_t i;

	ev = find_event(res, WHY_NEEDED);
	if (ev && ev->needed > 0)
		say(t, "error[%s]: access needs %lld bytes, but only %lld are proved\n",
		    res->code ? res->code : "?", (long long)ev->needed, (long long)ev->proved);
	else
		say(t, "error[%s]: %s\n", res->code ? res->code : "?", res->message);
	if (res->insn_idx != UINT32_MAX && find_place(prog, view, res->insn_idx, &p))
		say(t, "  --> %s:%u:%u\n     |\n", base_name(p.file), p.line, p.col);
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		ev = find_event(res, told[i]);
		if (ev)
			say_line(t, prog, view, ev, told[i] == WHY_NEEDED ? '^' : '-');
	}
	say(t, "     |\n");
	say_path(t, res);
	if (res->insn_idx != UINT32_MAX)
		say(t, "   = at insn %u\n", res->insn_idx);
	say(t, "   kernel says: %s\n", res->message);
}

int bgv_explain(const struct bgv_program *prog, const struct bgv_result *result, char **ret_text)
{
	struct btf_view *view = NULL;
	struct text t = { .buf = malloc(TEXT_MAX) };

	if (result->verdict == BGV_ACCEPT || !t.buf) {
		free(t.buf);
		return t.buf ? -EINVAL : -ENOMEM;
	}
	t.buf[0] = 0;
	if (prog->prog_btf_idx && prog->prog_btf_idx <= prog->btf_cnt && prog->btfs) {
		const struct bgv_blob *b = &prog->btfs[prog->prog_btf_idx - 1];

		if (btf_view_new(b->data, b->bytes, NULL, &view) < 0)
			view = NULL;	/* then there are no source lines */
	}
	say_all(&t, prog, view, result);
	btf_view_free(view);
	*ret_text = t.buf;
	return 0;
}
