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

/* What to say of a code beside its message: whose doing it is, and a way out. */
struct advice {
	const char *code;	/* or how it begins */
	const char *class, *way_out;
};

static const struct advice advices[] = {
	{ "PKT-", "your code", "compare the end of what you access with data_end first" },
	{ "PTR-MAYBE-NULL", "your code", "test the pointer before you use it: if (!p) return ...;" },
	{ "MAP-VALUE-OOB", "your code", "bound the index before you use it: if (i >= N) return ...;" },
	{ "MAP-KEY-OOB", "your code", NULL },
	{ "MEM-OOB", "your code", "bound the offset before you use it" },
	{ "MEM-UNBOUNDED", "your code", "bound the offset before you use it, or mask it" },
	{ "MEM-NEGATIVE", "your code", "use an unsigned offset, or test that it is not negative" },
	{ "SIZE-", "your code", "bound the size before the call, or mask it" },
	{ "STACK-UNINIT", "your code", "initialise the whole variable, padding included" },
	{ "STACK-OOB", "your code", NULL },
	{ "STACK-DEPTH", "kernel limit", "move large variables into a per-CPU array map" },
	{ "REG-UNINIT", "your code", "set the register on every path that leads here" },
	{ "REF-LEAK", "your code", "release it on every path that ends after this one acquired it" },
	{ "INFINITE-LOOP", "your code", "give the loop a condition that changes on each round" },
	{ "TOO-LARGE", "kernel limit",
	  "do less on each path: bound loops tightly, use bpf_loop() or global functions" },
	{ "TOO-COMPLEX", "kernel limit", "give the loop a bound that the verifier can see" },
	{ "HELPER-TYPE", "missing feature", "this kernel has no such helper for this program type" },
	{ "INSN-OPCODE", "missing feature", "compile for an older instruction set: -mcpu=v3" },
	{ "CAP-", "policy", NULL },
	{ "GPL", "policy", "declare a GPL-compatible license" },
};

static const struct advice *advice_of(const char *code)
{
	size_t i;

	for (i = 0; code && i < sizeof(advices) / sizeof(advices[0]); i++)
		if (!strncmp(code, advices[i].code, strlen(advices[i].code)))
			return &advices[i];
	return NULL;
}

/* How an instruction touches memory: its verb, and how many bytes. */
static const char *verb_of(const struct bgv_program *prog, uint32_t insn_idx, uint32_t *ret_bytes)
{
	static const uint8_t bytes[] = { 4, 2, 1, 8 };
	uint8_t code = insn_idx < prog->insn_cnt ? prog->insns[insn_idx].code : 0;

	*ret_bytes = bytes[code >> 3 & 3];
	switch (BPF_CLASS(code)) {
	case BPF_LDX:
		return "read";
	case BPF_ST:
	case BPF_STX:
		return "write";
	default:
		*ret_bytes = 0;	/* a call's region */
		return "access";
	}
}

static bool lacks_bytes(const struct bgv_event *ev)
{
	return ev && ev->proved >= 0 && ev->needed > ev->proved;
}

static void say_head(struct text *t, const struct bgv_program *prog, const struct bgv_result *res,
		     const struct bgv_event *need)
{
	const char *code = res->code ? res->code : "?", *verb;
	bool packet = !strncmp(code, "PKT-", 4);
	uint32_t bytes;

	if (!lacks_bytes(need)) {
		say(t, "error[%s]: %s\n", code, res->message);
		return;
	}
	verb = verb_of(prog, need->insn_idx, &bytes);
	say(t, "error[%s]: %s ", code, verb);
	if (bytes)
		say(t, "of %u bytes at %s%lld ", bytes, packet ? "packet offset " : "offset ",
		    (long long)(need->needed - bytes));
	say(t, "needs %lld %sbytes, but %s%lld are %s\n", (long long)need->needed,
	    packet ? "packet " : "", need->proved ? "only " : "", (long long)need->proved,
	    packet ? "proved" : "there");
}

/* The refused access as a label under its line. */
static void say_refused(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
			const struct bgv_event *need)
{
	struct bgv_event ev = *need;
	char label[160];
	uint32_t bytes;
	const char *verb = verb_of(prog, need->insn_idx, &bytes);

	if (lacks_bytes(need)) {
		snprintf(label, sizeof(label), "this %s reaches byte %lld", verb,
			 (long long)need->needed - 1);
		ev.text = label;
	}
	say_line(t, prog, view, &ev, '^');
}

/* The function of func_info that the instruction lies in; "" when that is not known. */
static const char *function_of(const struct bgv_program *prog, const struct btf_view *view,
			       uint32_t insn_idx)
{
	const char *data = prog->func_info.data, *name = "";
	uint32_t i, size = prog->func_info_rec_size, rec[2];

	for (i = 0; view && data && size >= sizeof(rec) && i < prog->func_info_cnt; i++) {
		if (((size_t)i + 1) * size > prog->func_info.bytes)
			break;
		memcpy(rec, data + (size_t)i * size, sizeof(rec));
		if (rec[0] > insn_idx)
			break;
		name = rec[1] < btf_view_cnt(view) ? btf_view_name(view, rec[1]) : "";
	}
	return name;
}

static void say_place(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		      uint32_t insn_idx)
{
	const char *func;
	struct place p;

	if (insn_idx == UINT32_MAX)
		return;
	func = function_of(prog, view, insn_idx);
	if (find_place(prog, view, insn_idx, &p))
		say(t, "  --> %s:%u:%u", base_name(p.file), p.line, p.col);
	else
		say(t, "  --> instruction %u", insn_idx);
	say(t, "%s%s\n     |\n", *func ? "  in " : "", func);
}

static void say_all(struct text *t, const struct bgv_program *prog, const struct btf_view *view,
		    const struct bgv_result *res)
{
	static const uint32_t told[] = { WHY_CALL, WHY_PROVED, WHY_LOST };
	const struct bgv_event *need = find_event(res, WHY_NEEDED), *ev;
	const struct advice *advice = advice_of(res->code);
	struct place p;
	size_t i;

	say_head(t, prog, res, need);
	say_place(t, prog, view, res->insn_idx);
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		ev = find_event(res, told[i]);
		if (ev)
			say_line(t, prog, view, ev, '-');
	}
	if (need)
		say_refused(t, prog, view, need);
	say(t, "     |\n");
	if (lacks_bytes(need))
		say(t, "   = short by: %lld bytes\n", (long long)(need->needed - need->proved));
	say_path(t, res);
	if (advice)
		say(t, "   = class: %s\n", advice->class);
	if (advice && advice->way_out)
		say(t, "   = way out: %s\n", advice->way_out);
	if (res->insn_idx != UINT32_MAX && !find_place(prog, view, res->insn_idx, &p))
		say(t, "   = no source lines in this program: build with -g to see them\n");
	say(t, "   kernel says: %s\n", res->message);
}

/* The program's own BTF; NULL: it has none that parses, then there are no source lines. */
static struct btf_view *own_view(const struct bgv_program *prog)
{
	const struct bgv_blob *b;
	struct btf_view *view = NULL;

	if (!prog->prog_btf_idx || prog->prog_btf_idx > prog->btf_cnt || !prog->btfs)
		return NULL;
	b = &prog->btfs[prog->prog_btf_idx - 1];
	return btf_view_new(b->data, b->bytes, NULL, &view) < 0 ? NULL : view;
}

int bgv_place(const struct bgv_program *prog, uint32_t insn_idx, char *ret_place, size_t bytes)
{
	struct btf_view *view;
	struct place p;
	bool found;

	if (!bytes)
		return -EINVAL;
	ret_place[0] = 0;
	view = insn_idx == UINT32_MAX ? NULL : own_view(prog);
	found = find_place(prog, view, insn_idx, &p);
	if (found)
		snprintf(ret_place, bytes, "%s:%u:%u", base_name(p.file), p.line, p.col);
	for (; *ret_place; ret_place++)
		if ((unsigned char)*ret_place < ' ' || *ret_place == 0x7f)
			*ret_place = '?';
	btf_view_free(view);
	return found ? 0 : -ENOENT;
}

int bgv_explain(const struct bgv_program *prog, const struct bgv_result *result, char **ret_text)
{
	struct text t = { .buf = malloc(TEXT_MAX) };
	struct btf_view *view;

	if (result->verdict == BGV_ACCEPT || !t.buf) {
		free(t.buf);
		return t.buf ? -EINVAL : -ENOMEM;
	}
	t.buf[0] = 0;
	view = own_view(prog);
	say_all(&t, prog, view, result);
	btf_view_free(view);
	*ret_text = t.buf;
	return 0;
}
