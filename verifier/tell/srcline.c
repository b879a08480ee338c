/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source lines of a program by its line info, and small pieces of their text. Trusts nothing: offsets are
 * checked by the BTF view, and a piece of text is only ever shown, never concluded from.
 */
#include "verifier/tell/srcline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/array.h"
#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"

struct line_rec {
	uint32_t insn_off, file_name_off, line_off, line_col;
};

static uint32_t line_of_rec(const struct line_rec *rec)
{
	return rec->line_col >> 10;
}

struct btf_view *srcline_view(const struct bgv_program *prog)
{
	const struct bgv_blob *b;
	struct btf_view *view = NULL;

	if (!prog->prog_btf_idx || prog->prog_btf_idx > prog->btf_cnt || !prog->btfs)
		return NULL;
	b = &prog->btfs[prog->prog_btf_idx - 1];
	return btf_view_new(b->data, b->bytes, NULL, &view) < 0 ? NULL : view;
}

/* The nth record; false: there is none. */
static bool rec_at(const struct bgv_program *prog, uint32_t n, struct line_rec *ret_rec)
{
	uint32_t size = prog->line_info_rec_size;

	if (!prog->line_info.data || size < sizeof(*ret_rec) || n >= prog->line_info_cnt ||
	    ((size_t)n + 1) * size > prog->line_info.bytes)
		return false;
	memcpy(ret_rec, (const char *)prog->line_info.data + (size_t)n * size, sizeof(*ret_rec));
	return true;
}

/*
 * Goes on from the nth record to the first that begins after the instruction; *best is the last one before that. Line 0
 * is the compiler's word for code of no line in particular: it counts as part of what stands before it.
 */
static uint32_t skip_recs(const struct bgv_program *prog, uint32_t n, uint32_t insn_idx, struct line_rec *best)
{
	struct line_rec rec;

	for (; rec_at(prog, n, &rec) && rec.insn_off <= insn_idx; n++)
		if (line_of_rec(&rec) || !n)
			*best = rec;
	return n;
}

static void take_line(const struct btf_view *view, const struct line_rec *rec, struct srcline *ret_line)
{
	*ret_line = (struct srcline){
		.file = btf_view_str(view, rec->file_name_off),
		.text = btf_view_str(view, rec->line_off),
		.line = line_of_rec(rec),
		.col = rec->line_col & 0x3ff,
	};
}

bool srcline_find(const struct bgv_program *prog, const struct btf_view *view, uint32_t insn_idx,
		  struct srcline *ret_line)
{
	struct line_rec best = { 0 }, last;
	uint32_t n = view ? skip_recs(prog, 0, insn_idx, &best) : 0;

	if (!n)
		return false;
	take_line(view, &best, ret_line);
	ret_line->near = rec_at(prog, n - 1, &last) && !line_of_rec(&last);
	return true;
}

bool srcline_record(const struct bgv_program *prog, const struct btf_view *view, uint32_t n, uint32_t *ret_insn_idx,
		    struct srcline *ret_line)
{
	struct line_rec rec;

	if (!view || !rec_at(prog, n, &rec))
		return false;
	*ret_insn_idx = rec.insn_off;
	take_line(view, &rec, ret_line);
	return true;
}

void srcline_numbers(const struct bgv_program *prog, const struct btf_view *view, uint32_t insn_cnt,
		     uint32_t *ret_lines)
{
	uint32_t i, next, n = 0, line = 0;
	struct line_rec best = { 0 };

	for (i = 0; i < insn_cnt; i++) {
		next = view ? skip_recs(prog, n, i, &best) : 0;
		if (next != n)
			line = *btf_view_str(view, best.line_off) ? line_of_rec(&best) : 0;
		n = next;
		ret_lines[i] = line;
	}
}

const char *srcline_function(const struct bgv_program *prog, const struct btf_view *view,
			     uint32_t insn_idx, uint32_t *ret_start)
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
		if (ret_start)
			*ret_start = rec[0];
	}
	return name;
}

/* ---- pieces of a line ------------------------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool copy_piece(const char *from, const char *end, char *ret_text, size_t bytes)
{
	size_t len = (size_t)(end - from), i;

	if (end <= from || len >= bytes)
		return false;
	for (i = 0; i < len; i++) {
		if (!isprint((unsigned char)from[i]))
			return false;
		ret_text[i] = from[i];
	}
	ret_text[len] = 0;
	return true;
}

/* Past the bracket that closes the one at s; NULL: it closes on no later byte of the line. */
static const char *behind_bracket(const char *s)
{
	int depth = 0;

	for (; *s; s++) {
		if (*s == '(' || *s == '[')
			depth++;
		if ((*s == ')' || *s == ']') && --depth == 0)
			return s + 1;
	}
	return NULL;
}

/* Past a name and what is picked from it: members and elements. */
static const char *behind_operand(const char *s)
{
	const char *end;

	for (;;) {
		while (is_word(*s))
			s++;
		if (s[0] == '-' && s[1] == '>' && is_word(s[2]))
			s += 2;
		else if (s[0] == '.' && is_word(s[1]))
			s++;
		else if (s[0] == '[' && (end = behind_bracket(s)))
			s = end;
		else
			return s;
	}
}

/* To the first byte of the operand that a member or element at s belongs to. */
static const char *start_of_operand(const char *start, const char *s)
{
	for (;;) {
		while (s > start && is_word(s[-1]))
			s--;
		if (s - start > 2 && s[-1] == '>' && s[-2] == '-' && is_word(s[-3]))
			s -= 3;
		else if (s - start > 1 && s[-1] == '.' && is_word(s[-2]))
			s -= 2;
		else
			return s;
	}
}

/* Where the column is, as a pointer into the text; NULL: outside of it. */
static const char *at_column(const struct srcline *line)
{
	return line->col && line->col <= strlen(line->text) ? line->text + line->col - 1 : NULL;
}

/* "p += 2" and its like: the name before the operator. */
static const char *before_operator(const struct srcline *line, const char *at)
{
	if (!strchr("+-*/%&|^<>=", *at) || at == line->text)
		return NULL;
	while (at > line->text && at[-1] == ' ')
		at--;
	return at > line->text && is_word(at[-1]) ? at - 1 : NULL;
}

/* A statement's column may be its first word's: what it returns is what it uses. */
static const char *behind_return(const char *at)
{
	if (strncmp(at, "return", 6) != 0 || is_word(at[6]))
		return at;
	for (at += 6; *at == ' '; at++)
		;
	return at;
}

static bool is_keyword(const char *from, const char *end)
{
	static const char *const words[] = { "if", "while", "for", "switch", "sizeof", "return", "else", "do",
						"asm", "volatile", "const", "struct" };
	size_t i;

	for (i = 0; i < ARRAY_CNT(words); i++)
		if (strlen(words[i]) == (size_t)(end - from) && !strncmp(from, words[i], (size_t)(end - from)))
			return true;
	return false;
}

static bool find_operand(const struct srcline *line, const char **ret_from, const char **ret_end)
{
	const char *at = at_column(line), *name;

	if (!at)
		return false;
	name = at = behind_return(at);
	while (*name == '*' || *name == '&')
		name++;
	if (is_word(*name) && name != at) {
		*ret_from = at;
		*ret_end = behind_operand(name);
		return true;
	}
	if (!is_word(*at) && !(name = before_operator(line, at)))
		return false;
	if (name > at || is_word(*at))
		name = at;
	*ret_from = start_of_operand(line->text, name);
	*ret_end = behind_operand(*ret_from);
	return !isdigit((unsigned char)**ret_from) && !is_keyword(*ret_from, *ret_end);
}

bool srcline_operand(const struct srcline *line, char *ret_text, size_t bytes)
{
	const char *from, *end;

	return find_operand(line, &from, &end) && *end != '(' && copy_piece(from, end, ret_text, bytes);
}

bool srcline_variable(const struct srcline *line, char *ret_text, size_t bytes)
{
	const char *from, *end;

	if (!find_operand(line, &from, &end) || *end == '(')
		return false;
	while (*from == '*' || *from == '&')
		from++;
	for (end = from; is_word(*end); end++)
		;
	return copy_piece(from, end, ret_text, bytes);
}

bool srcline_index(const struct srcline *line, char *ret_text, size_t bytes)
{
	const char *from, *end, *open = NULL, *s, *at = at_column(line);
	int depth = 0;

	if (at && *at == '=') {	/* what is written to stands before it */
		from = line->text;
		for (end = at; end > from && end[-1] == ' '; end--)
			;
	} else if (!find_operand(line, &from, &end)) {
		return false;
	}
	if (end == from || end[-1] != ']')
		return false;
	for (s = end - 1; s >= from && !open; s--) {	/* the last brackets, whatever stands in them */
		depth += *s == ']' ? 1 : *s == '[' ? -1 : 0;
		open = depth == 0 ? s + 1 : NULL;
	}
	return open && copy_piece(open, end - 1, ret_text, bytes);
}

/* The end of an argument: its comma or the closing bracket; NULL: not on this line. */
static const char *end_of_argument(const char *s)
{
	while (*s && *s != ',' && *s != ')') {
		if (*s == '(' || *s == '[') {
			s = behind_bracket(s);
			if (!s)
				return NULL;
		} else {
			s++;
		}
	}
	return *s ? s : NULL;
}

/* "(void *)p" is p. */
static const char *behind_cast(const char *s)
{
	const char *end = *s == '(' ? behind_bracket(s) : NULL;

	while (end && *end == ' ')
		end++;
	return end && (is_word(*end) || *end == '&' || *end == '*') ? end : s;
}

bool srcline_argument(const struct srcline *line, uint32_t nth, char *ret_text, size_t bytes)
{
	const char *s = at_column(line), *end;

	if (!s || !is_word(*s))
		return false;
	while (is_word(*s))
		s++;
	while (*s == ' ')
		s++;
	if (*s != '(')
		return false;
	for (s++;; s = end + 1) {
		while (*s == ' ')
			s++;
		end = end_of_argument(s);
		if (!end || (nth && *end == ')'))
			return false;
		if (nth-- == 0)
			return copy_piece(behind_cast(s), end, ret_text, bytes);
	}
}

bool srcline_callee(const struct srcline *line, char *ret_text, size_t bytes)
{
	const char *s = at_column(line), *end;

	if (!s || !is_word(*s))
		return false;
	for (end = s; is_word(*end); end++)
		;
	return *end == '(' && !is_keyword(s, end) && copy_piece(s, end, ret_text, bytes);
}
