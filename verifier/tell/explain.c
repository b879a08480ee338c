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
#include "verifier/btf/btf.h"
#include "verifier/state/diag.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"

#define TEXT_MAX 16384u
#define PATH_SHOWN 12u

struct text {
	char *buf;
	size_t used;
	uint32_t line;		/* the source line shown last; 0: none */
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

/* The column on a terminal where the text's column lands, tabs widened. */
static uint32_t caret_of(const char *s, uint32_t col)
{
	uint32_t at, shown = 0;

	for (at = 1; *s && at < col; s++, at++)
		shown += *s == '\t' ? 8 - shown % 8 : 1;
	return *s ? shown : 0;
}

/* Source text is the program author's: control bytes do not reach a terminal. Returns the caret's column. */
static uint32_t say_source(struct text *t, const char *text, uint32_t col)
{
	uint32_t shown = 0;
	const char *s;

	for (s = text; *s && shown < 160; s++) {
		uint32_t wide = *s == '\t' ? 8 - shown % 8 : 1;

		shown += wide;
		if (*s == '\t')
			say(t, "%*s", (int)wide, "");
		else
			say(t, "%c", (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
	}
	return caret_of(text, col);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A label under its line; the line itself only when it was not the last one shown. */
static void say_line(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		     const struct bgv_event *ev, char mark)
{
	struct srcline p;
	uint32_t caret;

	if (!srcline_find(prog, view, ev->insn_idx, &p) || !*p.text) {
		say(t, "   | insn %u: %s\n", ev->insn_idx, ev->text);
		return;
	}
	if (p.line != t->line) {
		say(t, "%4u | ", p.line);
		t->line = p.line;
		caret = say_source(t, p.text, p.col);
		say(t, "\n");
	} else {
		caret = caret_of(p.text, p.col);
	}
	say(t, "     | %*s%c %s\n", (int)caret, "", mark, ev->text);
}

static const struct bgv_event *find_event(const struct bgv_result *res, uint32_t kind)
{
	uint32_t i;

	for (i = 0; i < res->event_cnt; i++)
		if (res->events[i].kind == kind)
			return &res->events[i];
	return NULL;
}

/* One jump of the path: where, and which way. By its line where there is one. */
struct turn {
	const char *way;
	uint32_t at;
	bool is_line;
};

static struct turn turn_of(const struct bgv_program *prog, const struct btf_view *view, const struct bgv_event *ev)
{
	struct srcline line;

	if (srcline_find(prog, view, ev->insn_idx, &line) && line.line)
		return (struct turn){ ev->text, line.line, true };
	return (struct turn){ ev->text, ev->insn_idx, false };
}

static bool is_same_turn(const struct turn *a, const struct turn *b)
{
	return a->at == b->at && a->is_line == b->is_line && !strcmp(a->way, b->way);
}

/* The turns, the same one after another counted; the newest PATH_SHOWN of them. Returns how many. */
static uint32_t fold_path(const struct bgv_program *prog, const struct btf_view *view,
			  const struct bgv_result *res, struct turn turns[PATH_SHOWN], uint32_t times[PATH_SHOWN])
{
	uint32_t i, cnt = 0;
	struct turn turn;

	for (i = 0; i < res->event_cnt; i++) {
		if (res->events[i].kind != WHY_BRANCH)
			continue;
		turn = turn_of(prog, view, &res->events[i]);
		if (cnt && is_same_turn(&turns[(cnt - 1) % PATH_SHOWN], &turn)) {
			times[(cnt - 1) % PATH_SHOWN]++;
			continue;
		}
		turns[cnt % PATH_SHOWN] = turn;
		times[cnt++ % PATH_SHOWN] = 1;
	}
	return cnt;
}

static void say_path(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		     const struct bgv_result *res)
{
	struct turn turns[PATH_SHOWN];
	uint32_t times[PATH_SHOWN], cnt = fold_path(prog, view, res, turns, times), i;
	struct srcline line;

	if (!cnt)
		return;
	i = cnt > PATH_SHOWN ? cnt - PATH_SHOWN : 0;
	say(t, "   = path: %s", i ? "... " : "");
	for (; i < cnt; i++) {
		const struct turn *turn = &turns[i % PATH_SHOWN];

		say(t, "%s%u (%s", turn->is_line ? "line " : "", turn->at, turn->way);
		if (times[i % PATH_SHOWN] > 1)
			say(t, ", %u times", times[i % PATH_SHOWN]);
		say(t, ") -> ");
	}
	if (srcline_find(prog, view, res->insn_idx, &line) && line.line)
		say(t, "line %u\n", line.line);
	else
		say(t, "%u\n", res->insn_idx);
}

static bool lacks_bytes(const struct bgv_event *ev)
{
	return ev && ev->proved >= 0 && ev->needed > ev->proved;
}

static void say_head(struct text *t, const struct bgv_result *res)
{
	say(t, "error[%s]: %s\n", res->code ? res->code : "?", *res->cause ? res->cause : res->message);
}

static void say_place(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		      uint32_t insn_idx)
{
	const char *func;
	struct srcline p;

	if (insn_idx == UINT32_MAX)
		return;
	func = srcline_function(prog, view, insn_idx, NULL);
	if (srcline_find(prog, view, insn_idx, &p))
		say(t, "  --> %s:%u:%u", base_name(p.file), p.line, p.col);
	else
		say(t, "  --> instruction %u", insn_idx);
	say(t, "%s%s\n     |\n", *func ? "  in " : "", func);
}

/* What the lines of source show, in the order of the instructions: not the path, the need, and what stands aside. */
static bool is_shown(const struct bgv_event *ev)
{
	return ev->kind != WHY_BRANCH && ev->kind != WHY_NEEDED && !ev->aside;
}

static void say_events(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		       const struct bgv_result *res)
{
	const struct bgv_event *next;
	int64_t last = -1;
	uint32_t i;

	do {
		next = NULL;
		for (i = 0; i < res->event_cnt; i++)
			if (is_shown(&res->events[i]) && res->events[i].insn_idx > last &&
			    (!next || res->events[i].insn_idx < next->insn_idx))
				next = &res->events[i];
		for (i = 0; next && i < res->event_cnt; i++)
			if (is_shown(&res->events[i]) && res->events[i].insn_idx == next->insn_idx)
				say_line(t, prog, view, &res->events[i], '-');
		last = next ? next->insn_idx : last;
	} while (next);
}

static void say_class(struct text *t, const struct bgv_result *res)
{
	const struct diag *diag = diag_find(res->code);

	if (res->class_name || diag)
		say(t, "   = class: %s\n", res->class_name ? res->class_name : diag_class_name(diag->cls));
	if (*res->way_out || (diag && diag->way_out))
		say(t, "   = way out: %s%s\n", *res->way_out ? res->way_out : diag->way_out,
		    res->way_out_checked ? " (checked: it removes this error)" : "");
}

static void say_some(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		     const struct bgv_result *res)
{
	const struct bgv_event *need = find_event(res, WHY_NEEDED);

	say_head(t, res);
	say_place(t, prog, view, res->insn_idx);
	if (need)
		say_line(t, prog, view, need, '^');
	say_class(t, res);
}

static void say_all(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		    const struct bgv_result *res)
{
	const struct bgv_event *need = find_event(res, WHY_NEEDED);
	struct srcline p;

	say_head(t, res);
	say_place(t, prog, view, res->insn_idx);
	say_events(t, prog, view, res);
	if (need)
		say_line(t, prog, view, need, '^');
	say(t, "     |\n");
	if (lacks_bytes(need))
		say(t, "   = short by: %lld bytes\n", (long long)(need->needed - need->proved));
	say_path(t, prog, view, res);
	say_class(t, res);
	if (res->insn_idx != UINT32_MAX && !srcline_find(prog, view, res->insn_idx, &p))
		say(t, "   = no source lines in this program: build with -g to see them\n");
	say(t, "   kernel says: %s\n", res->message);
}

int bgv_place(const struct bgv_program *prog, uint32_t insn_idx, char *ret_place, size_t bytes)
{
	struct btf_view *view;
	struct srcline p;
	bool found;

	if (!bytes)
		return -EINVAL;
	ret_place[0] = 0;
	view = insn_idx == UINT32_MAX ? NULL : srcline_view(prog);
	found = srcline_find(prog, view, insn_idx, &p);
	if (found)
		snprintf(ret_place, bytes, "%s:%u:%u", base_name(p.file), p.line, p.col);
	for (; *ret_place; ret_place++)
		if ((unsigned char)*ret_place < ' ' || *ret_place == 0x7f)
			*ret_place = '?';
	btf_view_free(view);
	return found ? 0 : -ENOENT;
}

typedef void (*say_fn)(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		       const struct bgv_result *res);

static int explain(const struct bgv_program *prog, const struct bgv_result *result, say_fn say_one, char **ret_text)
{
	struct text t = { .buf = malloc(TEXT_MAX) };
	const struct bgv_result *one;
	struct btf_view *view;

	if (result->verdict == BGV_ACCEPT || !t.buf) {
		free(t.buf);
		return t.buf ? -EINVAL : -ENOMEM;
	}
	t.buf[0] = 0;
	view = srcline_view(prog);
	for (one = result; one; one = one->more) {
		t.line = 0;
		say(&t, "%s", one != result ? "\nand, once that is mended:\n" : "");
		say_one(&t, prog, view, one);
	}
	btf_view_free(view);
	*ret_text = t.buf;
	return 0;
}

int bgv_explain(const struct bgv_program *prog, const struct bgv_result *result, char **ret_text)
{
	return explain(prog, result, say_all, ret_text);
}

int bgv_explain_short(const struct bgv_program *prog, const struct bgv_result *result, char **ret_text)
{
	return explain(prog, result, say_some, ret_text);
}
