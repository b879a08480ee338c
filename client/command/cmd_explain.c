/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate explain`: what a diagnostic's code means, whose doing it is, a way out, a program that
 * is refused with it and one that is not; from the verifier's own table and its tests
 * (diagnostics.awk), and from the table of what daemon and commands say; no daemon, no file.
 */
#include "client/shared/cmd.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/shared/options.h"
#include "client/shared/out.h"
#include "proto/own.h"
#include "proto/refusal.h"
#include "verifier/state/diag.h"

/* Two programs that differ in little. */
struct example {
	const char *code, *language, *bad, *good;
};

static const struct example examples[] = {
#define EXAMPLE(code, language, bad, good) { code, language, bad, good },
#include "client/diag_examples.inc"
#undef EXAMPLE
};

static const struct example *example_find(const char *code)
{
	for (size_t i = 0; i < ARRAY_CNT(examples); i++)
		if (!strcmp(examples[i].code, code))
			return &examples[i];
	return NULL;
}

/* A row of the table is one code's, or a family's: PKT is not a code, PKT-RANGE is one. */
static const struct example *member_find(const char *code)
{
	size_t n = strlen(code);

	for (size_t i = 0; i < ARRAY_CNT(examples); i++)
		if (!strncmp(examples[i].code, code, n) && examples[i].code[n] == '-')
			return &examples[i];
	return NULL;
}

static json_t *example_json(const struct example *example)
{
	if (!example)
		return json_null();
	return json_pack("{s:s, s:s, s:s}", "language", example->language, "bad", example->bad,
			 "good", example->good);
}

/* ---- what is known of a code: by the verifier's table, or by that of daemon and commands ---- */

static struct refusal_row meaning_of_diag(const char *code, const struct diag *diag)
{
	return (struct refusal_row){ code, diag_class_name(diag->cls), diag->meaning, diag->way_out };
}

static bool verifier_says(const char *code)
{
	for (enum diag_code i = CODE_NONE + 1; i < CODE_CNT; i++)
		if (!strcmp(diag_code_name(i), code))
			return true;
	return false;
}

/* A code of the verifier's is told before one of the daemon's, and that before a family of the verifier's. */
static bool meaning_find(const char *code, struct refusal_row *ret_meaning)
{
	const struct diag *diag = diag_find(code);
	const struct refusal_row *row = verifier_says(code) ? NULL : refusal_find(code);

	if (row)
		*ret_meaning = *row;
	else if (diag)
		*ret_meaning = meaning_of_diag(code, diag);
	return row || diag;
}

static json_t *code_json(const struct refusal_row *known)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:o}", "code", known->code, "class", known->class_name,
			 "meaning", known->meaning, "way_out", known->way_out, "example",
			 example_json(example_find(known->code)));
}

static int print_document(json_t *doc, bool pretty)
{
	int r = -ENOMEM;

	if (doc && json_object_set_new(doc, "schema_version", json_string(OUT_SCHEMA_VERSION)) == 0)
		r = out_json(stdout, doc, pretty);
	json_decref(doc);
	return r < 0 ? EXIT_INTERNAL : EXIT_OK;
}

/* ---- one code ----------------------------------------------------------------------------------
 */

/* Indented, so that it can be told from what is said about it. */
static void print_program(const char *title, const char *text)
{
	printf("\n%s:\n", title);
	while (*text) {
		int n = (int)strcspn(text, "\n");

		printf("%s%.*s\n", n ? "    " : "", n, text);
		text += n + (text[n] == '\n');
	}
}

static int explain_text(const struct refusal_row *known)
{
	const struct refusal_row *other = refusal_find(known->code);
	const char *code = known->code;
	const struct example *example = example_find(code);

	if (!example && !other)
		example = member_find(code);
	printf("%s: %s\n   = class: %s\n", code, known->meaning, known->class_name);
	if (known->way_out)
		printf("   = way out: %s\n", known->way_out);
	if (other && other->meaning != known->meaning)
		printf("   = of the daemon: %s\n", other->meaning);
	if (!example)
		return EXIT_OK;
	if (strcmp(example->code, code) != 0)
		printf("   = an example: %s\n", example->code);
	print_program("refused", example->bad);
	print_program("accepted", example->good);
	return EXIT_OK;
}

static int explain_unknown(const char *code)
{
	fputs("bpfgate explain: no diagnostic \"", stderr);
	out_safe(stderr, code, false);
	fputs("\"; codes look like PKT-RANGE, and stand in brackets after \"error\"; --list shows all\n",
	      stderr);
	return EXIT_USAGE;
}

/* ---- all codes ---------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All codes, each once, in order; heap, the caller's. NULL: no memory. */
static const char **all_codes(size_t *ret_cnt)
{
	const char **codes = calloc(ARRAY_CNT(examples) + CODE_CNT + REFUSAL_CNT, sizeof(*codes));
	const struct refusal_row *row;
	const struct diag *diag;
	size_t cnt, i;

	if (!codes)
		return NULL;
	for (cnt = 0; cnt < ARRAY_CNT(examples); cnt++)
		codes[cnt] = examples[cnt].code;
	for (i = 0; (diag = diag_nth(i)); i++)
		if (!example_find(diag->code) && !member_find(diag->code))
			codes[cnt++] = diag->code;
	for (i = 0; (row = refusal_nth(i)); i++)
		if (!example_find(row->code))
			codes[cnt++] = row->code;
	qsort(codes, cnt, sizeof(*codes), by_name);
	*ret_cnt = cnt;
	return codes;
}

static int explain_list(bool json, bool pretty)
{
	static const struct out_column columns[] = {
		{ "code", "CODE", false, false },
		{ "class", "CLASS", false, false },
		{ "meaning", "MEANING", false, true },
	};
	size_t cnt = 0;
	OWN_MEM const char **codes = all_codes(&cnt);
	json_t *list = json_array();
	struct refusal_row known;
	int r;

	for (size_t i = 0; i < cnt; i++)
		if (meaning_find(codes[i], &known))
			(void)json_array_append_new(list, code_json(&known));
	if (json)
		return print_document(json_pack("{s:o}", "diagnostics", list), pretty);
	r = out_table(stdout, list, columns, ARRAY_CNT(columns), &(struct out_table_opts){ 0 });
	json_decref(list);
	return r < 0 ? EXIT_INTERNAL : EXIT_OK;
}

struct explain_args {
	bool json, pretty, list;
};

static int explain_take(void *ctx, enum option_id id, char *value)
{
	struct explain_args *args = ctx;

	(void)value;
	args->list |= id == OPT_LIST;
	args->json |= id == OPT_JSON || id == OPT_PRETTY;
	args->pretty |= id == OPT_PRETTY;
	return 0;
}

int cmd_explain(int argc, char **argv)
{
	struct explain_args args = { 0 };
	struct refusal_row known;
	int code;

	if (!options_parse(VERB_EXPLAIN, argc, argv, explain_take, &args, &code))
		return code;
	if (args.list ? optind != argc : optind + 1 != argc)
		return options_usage(VERB_EXPLAIN);
	if (args.list)
		return explain_list(args.json, args.pretty);
	if (!meaning_find(argv[optind], &known))
		return explain_unknown(argv[optind]);
	return args.json ? print_document(code_json(&known), args.pretty) : explain_text(&known);
}
