/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Printing for people and for programs. Promises that no byte of an object, a program's name or
 * another user reaches a terminal unescaped. Trusts the verb for the shape of the JSON it hands in;
 * refuses column names that the table does not have.
 */
#include "client/shared/out.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <libsmartcols.h>

#include "proto/own.h"

/* Bidirectional controls that reorder what a person reads: U+202A..202E, U+2066..2069, U+200E/F. */
static bool out_is_bidi(const unsigned char *p)
{
	if (p[0] != 0xe2 || (p[1] != 0x80 && p[1] != 0x81))
		return false;
	if (p[1] == 0x80)
		return (p[2] >= 0xaa && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f;
	return p[2] >= 0xa6 && p[2] <= 0xa9;
}

/* Neither a longer way to write another character, nor a surrogate, nor beyond Unicode, nor U+FFFE and U+FFFF. */
static bool out_is_character(const unsigned char *p)
{
	if (p[0] == 0xe0)
		return p[1] >= 0xa0;
	if (p[0] == 0xed)
		return p[1] < 0xa0;
	if (p[0] == 0xef)
		return p[1] != 0xbf || p[2] < 0xbe;
	if (p[0] == 0xf0)
		return p[1] >= 0x90;
	return p[0] != 0xf4 || p[1] < 0x90;
}

/* Length of a well-formed UTF-8 sequence at p that is not a C1 control, else 0. */
static size_t out_utf8_bytes(const unsigned char *p)
{
	size_t i, cnt;

	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	cnt = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	for (i = 1; i < cnt; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (!out_is_character(p))
		return 0;
	if (cnt == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return 0;
	if (cnt == 3 && out_is_bidi(p))
		return 0;
	return cnt;
}

void out_safe(FILE *out, const char *text, bool keep_newlines)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t cnt = out_utf8_bytes(p);

		if (cnt) {
			fwrite(p, 1, cnt, out);
			p += cnt;
			continue;
		}
		if ((*p >= 0x20 && *p < 0x7f) || (keep_newlines && (*p == '\n' || *p == '\t')))
			fputc(*p, out);
		else
			fprintf(out, "\\x%02x", *p);
		p++;
	}
}

#define OUT_BOLD  "\033[1m"
#define OUT_RED	  "\033[31m"
#define OUT_GREEN "\033[32m"
#define OUT_BLUE  "\033[34m"
#define OUT_PLAIN "\033[0m"

/* Which part of a line stands out, and how: from the first byte of `mark`, to the end or past `until`. */
struct out_style {
	const char *begins, *mark, *until, *colour;
};

static const struct out_style out_styles[] = {
	{ "error[", "error[", "]", OUT_BOLD OUT_RED },
	{ "  -->", "-->", NULL, OUT_BLUE },
	{ "     |", "^", NULL, OUT_RED },
	{ "     |", "-", NULL, OUT_BLUE },
	{ "   = way out:", "=", ":", OUT_GREEN },
	{ "   =", "=", ":", OUT_BOLD },
};

static const struct out_style *out_style_of(const char *line)
{
	for (size_t i = 0; i < ARRAY_CNT(out_styles); i++) {
		const struct out_style *style = &out_styles[i];
		size_t n = strlen(style->begins);

		if (strncmp(line, style->begins, n) != 0)
			continue;
		/* a mark is the first thing after the bar */
		if (line[n - 1] != '|' || !strncmp(line + n + strspn(line + n, " "), style->mark, 1))
			return style;
	}
	return NULL;
}

static void out_styled(FILE *out, char *line)
{
	const struct out_style *style = out_style_of(line);
	char *from = style ? strstr(line, style->mark) : NULL, *to, kept;

	if (!from) {
		out_safe(out, line, true);
		return;
	}
	to = style->until ? strstr(from, style->until) : NULL;
	to = to ? to + 1 : from + strlen(from);
	kept = *to;
	*to = '\0';
	fprintf(out, "%.*s%s", (int)(from - line), line, style->colour);
	out_safe(out, from, true);
	fputs(OUT_PLAIN, out);
	*to = kept;
	out_safe(out, to, true);
}

void out_explanation(FILE *out, const char *text, bool colour)
{
	OWN_MEM char *copy = colour ? strdup(text) : NULL;
	char *line = copy, *end;

	if (!copy) {
		out_safe(out, text, true);
		return;
	}
	while (*line) {
		end = line + strcspn(line, "\n");
		if (*end) {
			*end = '\0';
			out_styled(out, line);
			fputc('\n', out);
			line = end + 1;
		} else {
			out_styled(out, line);
			line = end;
		}
	}
}

void out_verdict(FILE *out, const char *word, bool good, bool colour)
{
	if (colour)
		fprintf(out, "%s%-11s%s ", good ? OUT_GREEN : OUT_BOLD OUT_RED, word, OUT_PLAIN);
	else
		fprintf(out, "%-11s ", word);
}

char *out_safe_text(const char *text, bool keep_newlines)
{
	char *clean = NULL;
	size_t bytes;
	FILE *mem = open_memstream(&clean, &bytes);

	if (!mem)
		return NULL;
	out_safe(mem, text, keep_newlines);
	if (fclose(mem) == 0)
		return clean;
	free(clean);
	return NULL;
}

int out_json(FILE *out, const json_t *doc, bool pretty)
{
	size_t flags = pretty ? JSON_INDENT(2) : JSON_COMPACT;

	if (json_dumpf(doc, out, flags | JSON_ENSURE_ASCII) < 0 || fputc('\n', out) == EOF || fflush(out))
		return -EIO;
	return 0;
}

int out_json_take(FILE *out, json_t *take_doc, bool pretty)
{
	int r = take_doc ? out_json(out, take_doc, pretty) : -ENOMEM;

	json_decref(take_doc);
	return r;
}

int out_json_error(FILE *out, enum refusal refusal, const char *message, const char *hint, bool pretty)
{
	json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}}", "schema_version", OUT_SCHEMA_VERSION, "error",
				"code", refusal_code(refusal), "message", message, "hint", hint ? hint : "");
	int r;

	if (!doc)
		return -EIO;
	r = out_json(out, doc, pretty);
	json_decref(doc);
	return r;
}

/* Renders one JSON value as a cell; the string is heap, NULL on -ENOMEM. */
static char *out_cell(const json_t *value)
{
	char *text = NULL;
	size_t bytes;
	FILE *mem = open_memstream(&text, &bytes);

	if (!mem)
		return NULL;
	if (json_is_string(value))
		out_safe(mem, json_string_value(value), false);
	else if (json_is_integer(value))
		fprintf(mem, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		fprintf(mem, "%.3g", json_real_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "yes" : "no", mem);
	else
		fputs("-", mem);
	if (fclose(mem))
		return NULL;
	if (!*text) {
		free(text);
		return strdup("-");
	}
	return text;
}

static const struct out_column *out_column_find(const struct out_column *columns, size_t column_cnt,
						const char *name, size_t name_bytes)
{
	for (size_t i = 0; i < column_cnt; i++) {
		const char *heading = columns[i].heading, *key = columns[i].key;

		if ((strlen(heading) == name_bytes && !strncasecmp(heading, name, name_bytes)) ||
		    (strlen(key) == name_bytes && !strncmp(key, name, name_bytes)))
			return &columns[i];
	}
	fputs("bpfgate: no such column; there are:", stderr);
	for (size_t i = 0; i < column_cnt; i++)
		fprintf(stderr, " %s", columns[i].heading);
	fputc('\n', stderr);
	return NULL;
}

/* Which columns, in which order. Returns their number, or -EINVAL. ret_pick holds column_cnt pointers. */
static int out_columns_pick(const struct out_column *columns, size_t column_cnt, const char *list,
			    const struct out_column **ret_pick)
{
	size_t cnt = 0;

	if (!list) {
		for (; cnt < column_cnt; cnt++)
			ret_pick[cnt] = &columns[cnt];
		return (int)cnt;
	}
	while (*list && cnt < column_cnt) {
		size_t bytes = strcspn(list, ",");

		ret_pick[cnt] = out_column_find(columns, column_cnt, list, bytes);
		if (!ret_pick[cnt])
			return -EINVAL;
		cnt++;
		list += bytes;
		list += *list == ',';
	}
	return (int)cnt;
}

static int out_row_add(struct libscols_table *table, const json_t *row,
		       const struct out_column *const *pick, size_t pick_cnt)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < pick_cnt; i++) {
		char *text = out_cell(json_object_get(row, pick[i]->key));

		if (!text)
			return -ENOMEM;
		if (scols_line_refer_data(line, i, text)) {
			free(text);
			return -ENOMEM;
		}
	}
	return 0;
}

static int out_compare(struct libscols_cell *a, struct libscols_cell *b, void *unused)
{
	const char *x = scols_cell_get_data(a), *y = scols_cell_get_data(b);

	(void)unused;
	return strverscmp(x ? x : "", y ? y : "");
}

static int out_table_sort(struct libscols_table *table, const struct out_column *const *pick,
			  size_t pick_cnt, const char *key)
{
	for (size_t i = 0; i < pick_cnt; i++)
		if (!strcmp(pick[i]->key, key) || !strcasecmp(pick[i]->heading, key)) {
			struct libscols_column *column = scols_table_get_column(table, i);

			if (scols_column_set_cmpfunc(column, out_compare, NULL))
				return -ENOMEM;
			return scols_sort_table(table, column) ? -ENOMEM : 0;
		}
	fputs("bpfgate: --sort: no column \"", stderr);
	out_safe(stderr, key, false);
	fputs("\" among those shown\n", stderr);
	return -EINVAL;
}

static int out_table_fill(struct libscols_table *table, const json_t *rows,
			  const struct out_column *const *pick, size_t pick_cnt)
{
	const json_t *row;
	size_t i;

	for (i = 0; i < pick_cnt; i++) {
		int flags = (pick[i]->right ? SCOLS_FL_RIGHT : 0) | (pick[i]->flexible ? SCOLS_FL_TRUNC : 0);

		if (!scols_table_new_column(table, pick[i]->heading, 0, flags))
			return -ENOMEM;
	}
	json_array_foreach((json_t *)rows, i, row) {
		int r = out_row_add(table, row, pick, pick_cnt);

		if (r < 0)
			return r;
	}
	return 0;
}

int out_table(FILE *out, const json_t *rows, const struct out_column *columns, size_t column_cnt,
	      const struct out_table_opts *opts)
{
	const struct out_column *pick[32];
	struct libscols_table *table;
	int cnt, r;

	if (column_cnt > ARRAY_CNT(pick))
		return -EINVAL;
	cnt = out_columns_pick(columns, column_cnt, opts->columns, pick);
	if (cnt < 0)
		return cnt;
	table = scols_new_table();
	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out);
	scols_table_enable_raw(table, opts->raw);
	scols_table_enable_noheadings(table, opts->noheadings);
	r = out_table_fill(table, rows, pick, (size_t)cnt);
	if (r == 0 && opts->sort)
		r = out_table_sort(table, pick, (size_t)cnt, opts->sort);
	if (r == 0 && scols_print_table(table))
		r = -EIO;
	scols_unref_table(table);
	return r;
}

static bool out_env_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

bool out_colour(FILE *stream, const char *option)
{
	const char *term = getenv("TERM");

	if (option)
		return !strcmp(option, "always") || (strcmp(option, "never") && isatty(fileno(stream)));
	if (out_env_set("FORCE_COLOR"))
		return true;
	if (out_env_set("NO_COLOR"))
		return false;
	if (out_env_set("CLICOLOR_FORCE"))
		return true;
	return term && strcmp(term, "dumb") && isatty(fileno(stream));
}
