/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that an option which parses is explained and completed, and none besides: all three read
 * the same rows. Trusts its own table; what was typed is repeated only by getopt, and by
 * out_safe().
 */
#include "client/shared/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client/shared/cmd.h"
#include "client/shared/out.h"
#include "proto/own.h"

#define OPTIONS_MAX 32	/* of one verb */
#define HELP_COLUMN 28	/* where meanings begin */
#define HELP_WIDTH  100 /* of a line */

struct option_row {
	enum verb_id verb;
	enum option_id id;
	char letter;
	const char *value;
	const char *meaning;
};

struct verb_row {
	const char *name, *words, *arguments, *summary, *more;
};

static const char *const long_names[] = {
#define NAME(id, text) [OPT_##id] = text,
#define VERB(id, name, words, arguments, summary, more)
#define OPTION(verb, id, letter, value, meaning)
#include "client/shared/verbs.def"
#undef NAME
#undef VERB
#undef OPTION
};

static const struct verb_row verbs[] = {
#define NAME(id, text)
#define VERB(id, name, words, arguments, summary, more) { name, words, arguments, summary, more },
#define OPTION(verb, id, letter, value, meaning)
#include "client/shared/verbs.def"
#undef VERB
#undef OPTION
};

static const struct option_row option_rows[] = {
#define VERB(id, name, words, arguments, summary, more)                                            \
	{ VERB_##id, OPT_HELP, 'h', NULL, "this text" },
#define OPTION(verb, id, letter, value, meaning) { VERB_##verb, OPT_##id, letter, value, meaning },
#include "client/shared/verbs.def"
#undef NAME
#undef VERB
#undef OPTION
};

/* From the n-th row on the next one of the verb; NULL at the end. */
static const struct option_row *options_next(enum verb_id verb, size_t *n)
{
	while (*n < ARRAY_CNT(option_rows)) {
		const struct option_row *row = &option_rows[(*n)++];

		if (row->verb == verb)
			return row;
	}
	return NULL;
}

/* ---- parsing ---- */

/* getopt's own form of the rows; its values are the rows' numbers, or letters. */
struct getopt_form {
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
};

static bool options_end_early(enum verb_id verb)
{
	return strstr(verbs[verb].arguments, "-- ") || strstr(verbs[verb].arguments, "[--] ");
}

static void options_fill(enum verb_id verb, struct getopt_form *form)
{
	const struct option_row *row;
	size_t n = 0, long_cnt = 0;
	char *letter = form->shorts;

	memset(form, 0, sizeof(*form));
	if (options_end_early(verb))
		*letter++ = '+';
	while ((row = options_next(verb, &n))) {
		assert(long_cnt < OPTIONS_MAX);
		form->longs[long_cnt++] =
			(struct option){ long_names[row->id],
					 row->value ? required_argument : no_argument, NULL,
					 256 + (int)(row - option_rows) };
		if (row->letter)
			*letter++ = row->letter;
		if (row->letter && row->value)
			*letter++ = ':';
	}
}

/* What getopt_long() returned; NULL: an option that the verb has not. */
static const struct option_row *options_find(enum verb_id verb, int c)
{
	const struct option_row *row;
	size_t n = 0;

	if (c >= 256)
		return &option_rows[c - 256];
	while ((row = options_next(verb, &n)))
		if (row->letter == c)
			return row;
	return NULL;
}

static int options_bad_value(const struct option_row *row, const char *value)
{
	(void)fprintf(stderr, "bpfgate %s: \"", verbs[row->verb].name);
	out_safe(stderr, value, false);
	(void)fprintf(stderr, "\" is not a value for --%s\n", long_names[row->id]);
	return EXIT_USAGE;
}

bool options_parse(enum verb_id verb, int argc, char **argv, options_take_fn take, void *ctx,
		   int *ret_code)
{
	struct getopt_form form;
	int c;

	options_fill(verb, &form);
	optind = 0;
	while ((c = getopt_long(argc, argv, form.shorts, form.longs, NULL)) != -1) {
		const struct option_row *row = options_find(verb, c);

		if (row && row->id == OPT_HELP) {
			options_help(verb);
			*ret_code = EXIT_OK;
			return false;
		}
		if (!row || take(ctx, row->id, optarg) < 0) {
			*ret_code = row ? options_bad_value(row, optarg) : options_usage(verb);
			return false;
		}
	}
	return true;
}

/* ---- telling ---- */

static void options_print_usage(FILE *out, enum verb_id verb)
{
	size_t n = 0, cnt = 0;

	while (options_next(verb, &n))
		cnt++;
	(void)fprintf(out, "usage: bpfgate %s%s%s%s\n", verbs[verb].name,
		      cnt > 1 ? " [OPTION]..." : "", *verbs[verb].arguments ? " " : "",
		      verbs[verb].arguments);
}

int options_usage(enum verb_id verb)
{
	options_print_usage(stderr, verb);
	(void)fprintf(stderr, "bpfgate help %s says more\n", verbs[verb].name);
	return EXIT_USAGE;
}

/* Text from this column on, broken between words where a line would be too long. */
static void options_print_text(const char *text, int indent)
{
	int column = indent;

	while (*text) {
		int n = (int)strcspn(text, " \n");

		if (column > indent && column + 1 + n > HELP_WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", n, text);
		text += n;
		if (*text == '\n') {
			printf("\n%*s", indent, "");
			column = indent;
		}
		text += *text != '\0';
	}
	putchar('\n');
}

static void options_print_row(const struct option_row *row)
{
	char name[64];
	int n = snprintf(name, sizeof(name), "  %c%c%c --%s%s%s", row->letter ? '-' : ' ',
			 row->letter ? row->letter : ' ', row->letter ? ',' : ' ',
			 long_names[row->id], row->value ? " " : "", row->value ? row->value : "");

	printf("%-*s", HELP_COLUMN, name);
	if (n >= HELP_COLUMN)
		printf("\n%*s", HELP_COLUMN, "");
	options_print_text(row->meaning, HELP_COLUMN);
}

/* The verbs of a verb ("policy check"), a line each. */
static bool options_print_verbs_of(enum verb_id verb)
{
	size_t n = strlen(verbs[verb].name);
	bool any = false;

	for (size_t i = 0; i < ARRAY_CNT(verbs); i++) {
		if (strncmp(verbs[i].name, verbs[verb].name, n) != 0 || verbs[i].name[n] != ' ')
			continue;
		printf("  %-8s %s\n", verbs[i].name + n + 1, verbs[i].summary);
		any = true;
	}
	return any;
}

void options_help(enum verb_id verb)
{
	const struct option_row *row;
	size_t n = 0;

	options_print_usage(stdout, verb);
	options_print_text(verbs[verb].summary, 0);
	putchar('\n');
	if (options_print_verbs_of(verb))
		putchar('\n');
	while ((row = options_next(verb, &n)))
		if (row->id != OPT_HELP)
			options_print_row(row);
	n = 0;
	options_print_row(options_next(verb, &n));
	if (*verbs[verb].more) {
		putchar('\n');
		options_print_text(verbs[verb].more, 0);
	}
}

void options_complete(enum verb_id verb)
{
	const struct option_row *row;
	size_t n = 0;

	for (const char *c = verbs[verb].words; *c; c++)
		putchar(*c == ' ' ? '\n' : *c);
	if (*verbs[verb].words)
		putchar('\n');
	while ((row = options_next(verb, &n)))
		printf("--%s\n", long_names[row->id]);
}

/* ---- verbs ---- */

const char *options_verb_name(unsigned int verb)
{
	return verb < VERB_CNT ? verbs[verb].name : NULL;
}

const char *options_verb_summary(enum verb_id verb)
{
	return verbs[verb].summary;
}

enum verb_id options_find_verb(const char *name)
{
	unsigned int i = 0;

	while (i < VERB_CNT && strcmp(verbs[i].name, name) != 0)
		i++;
	return (enum verb_id)i;
}
