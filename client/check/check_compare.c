/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate compare`: the same programs twice, as two objects have them, as two kernels judge them,
 * or as two compilers made them. Promises that a program which only one side has is shown, and that
 * who is compared is named.
 */
#include "client/check/check_verbs.h"

#include <getopt.h>
#include <jansson.h>
#include <string.h>

#include "client/check/check_form.h"
#include "client/check/check_rule.h"
#include "client/check/check_target.h"
#include "client/shared/cmd.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "proto/own.h"

enum by {
	BY_OBJECT,
	BY_KERNEL,
	BY_COMPILER,
	BY_CNT,
};
static const char *const by_names[BY_CNT] = { "object", "kernel", "compiler" };

/* One of the two sides. */
struct side {
	char name[256];
	const char *root; /* a program is known by its path below this, by objects */
	struct check_inputs inputs;
	struct check_result *results;
	size_t cnt;
};

struct comparison {
	struct check_options *opts;
	enum by by;
	struct side sides[2];
};

static int set_by(struct comparison *c, const char *name)
{
	for (int i = 0; i < BY_CNT; i++)
		if (!strcmp(name, by_names[i])) {
			c->by = (enum by)i;
			return 0;
		}
	return -EINVAL;
}

static int compare_take(void *ctx, enum option_id opt, char *value)
{
	struct comparison *c = ctx;
	struct check_options *opts = c->opts;
	char *end;

	if (opt == OPT_BY)
		return set_by(c, value);
	if (opt == OPT_PROG)
		opts->prog = value;
	else if (opt == OPT_KERNELS)
		opts->kernels_dir = value;
	else if (opt == OPT_KERNEL)
		opts->kernels[0] = value, opts->kernel_cnt = 1;
	else if (opt == OPT_FAIL_ON)
		return check_rule_is_good(opts->fail_on = value) ? 0 : -EINVAL;
	else if (opt == OPT_JOBS)
		return (opts->workers = (unsigned int)strtoul(value, &end, 10)) && !*end &&
				       opts->workers <= CHECK_WORKERS_MAX
			       ? 0
			       : -EINVAL;
	else if (opt == OPT_PRETTY)
		opts->format = CHECK_JSON, opts->pretty = true;
	else
		opts->format = CHECK_JSON;
	return 0;
}

/* ---- the two sides ------------------------------------------------------------------------ */

/* "clang version 19.1.7 (...)", as the compiler writes it into debug information; "": it does not
 * say. */
static void compiler_of(const struct side *side, char *text, size_t text_bytes)
{
	static const char mark[] = "clang version ";
	OWN_MEM uint8_t *bytes = NULL;
	const char *at = NULL;
	size_t cnt = 0;

	text[0] = '\0';
	if (side->inputs.cnt && check_read_file(side->inputs.paths[0], &bytes, &cnt) >= 0)
		at = memmem(bytes, cnt, mark, strlen(mark));
	if (at)
		(void)snprintf(text, text_bytes, "clang %.*s",
			       (int)strcspn(at + strlen(mark), " )"), at + strlen(mark));
}

static int judge_side(struct comparison *c, struct side *side, const char *kernel,
		      struct check_targets *targets)
{
	const struct check_kernel *known;

	if (kernel) {
		c->opts->kernels[0] = kernel;
		c->opts->kernel_cnt = 1;
	}
	known = check_targets_get(targets, c->opts->kernel_cnt ? c->opts->kernels[0] : NULL, 0);
	if (!known)
		return -ENOMEM;
	if (kernel)
		(void)snprintf(side->name, sizeof(side->name), "%s", known->name);
	return check_run(c->opts, &side->inputs, targets, &side->results, &side->cnt);
}

static int judge_sides(struct comparison *c, char **words, int word_cnt,
		       struct check_targets *targets)
{
	int r = 0;

	for (int i = 0; i < 2 && r >= 0; i++) {
		struct side *side = &c->sides[i];

		side->root = c->by == BY_KERNEL ? NULL : words[i];
		(void)snprintf(side->name, sizeof(side->name), "%s", words[i]);
		for (int k = c->by == BY_KERNEL ? 2 : i;
		     k < (c->by == BY_KERNEL ? word_cnt : i + 1) && r >= 0; k++)
			r = check_inputs_add(&side->inputs, words[k]);
		if (r >= 0)
			r = judge_side(c, side, c->by == BY_KERNEL ? words[i] : NULL, targets);
		if (r >= 0 && c->by == BY_COMPILER) {
			char compiler[64];

			compiler_of(side, compiler, sizeof(compiler));
			if (*compiler)
				(void)snprintf(side->name, sizeof(side->name), "%s", compiler);
		}
	}
	return r;
}

/* ---- pairs -------------------------------------------------------------------------------- */

/* What a result is known by on both sides: the object's path below what was named, and the program.
 */
static const char *subject(const struct side *side, const struct check_result *result, char *text,
			   size_t bytes)
{
	const char *path = side->inputs.paths[result->input_idx];
	size_t len = side->root ? strlen(side->root) : 0;

	if (side->root && !strncmp(path, side->root, len))
		path += len + (path[len] == '/');
	(void)snprintf(text, bytes, "%s%s%s", path, *path ? ":" : "", result->prog);
	return text;
}

/* Where the first result of each subject is. */
static json_t *index_of(const struct side *side)
{
	json_t *index = json_object();
	char text[512];

	for (size_t i = 0; i < side->cnt; i++) {
		(void)subject(side, &side->results[i], text, sizeof(text));
		if (!json_object_get(index, text))
			(void)json_object_set_new_nocheck(index, text, json_integer((json_int_t)i));
	}
	return index;
}

static const struct check_result *partner(const struct side *side, const json_t *index, const char *name)
{
	const json_t *at = json_object_get(index, name);

	return at ? &side->results[json_integer_value(at)] : NULL;
}

static const char *word_of(const struct check_result *result)
{
	if (!result)
		return "-";
	if (result->crashed || result->input_err)
		return check_verdict_word(result);
	return result->verdict == BGV_ACCEPT ? "loads"
	       : *result->code		     ? result->code
					     : bgv_verdict_name(result->verdict);
}

static json_t *side_json(const struct check_result *result)
{
	if (!result || result->crashed || result->input_err)
		return json_null();
	return json_pack(
		"{s:s, s:s?, s:s, s:s, s:I, s:I, s:I, s:I}", "verdict",
		bgv_verdict_name(result->verdict), "code", *result->code ? result->code : NULL,
		"message", *result->cause ? result->cause : result->message, "confidence",
		result->confidence, "insns_processed", (json_int_t)result->stats.insn_processed,
		"total_states", (json_int_t)result->stats.total_states, "time_ns",
		(json_int_t)result->stats.time_ns, "peak_bytes",
		(json_int_t)result->stats.peak_bytes);
}

static void set_change(json_t *row, const char *key, uint64_t before, uint64_t after)
{
	char text[64];

	if (!before)
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)after);
	else
		(void)snprintf(text, sizeof(text), "%llu %+.1f%%", (unsigned long long)after,
			       100.0 * ((double)after - (double)before) / (double)before);
	(void)json_object_set_new(row, key, json_string(text));
}

/* A row of the table; both sides there. */
static json_t *row_of(const char *name, const struct check_result *a, const struct check_result *b)
{
	json_t *row = json_pack("{s:s, s:s, s:s}", "program", name, "verdict_a", word_of(a),
				"verdict_b", word_of(b));

	if (a)
		(void)json_object_set_new(row, "insns_a",
					  json_integer((json_int_t)a->stats.insn_processed));
	if (a)
		(void)json_object_set_new(row, "states_a",
					  json_integer((json_int_t)a->stats.total_states));
	if (b) {
		set_change(row, "insns_b", a ? a->stats.insn_processed : 0,
			   b->stats.insn_processed);
		set_change(row, "states_b", a ? a->stats.total_states : 0, b->stats.total_states);
		set_change(row, "time_b", a ? a->stats.time_ns / 1000 : 0, b->stats.time_ns / 1000);
	}
	return row;
}

struct table {
	json_t *rows, *pairs; /* for people, for programs */
	size_t changed;
	bool hit, unreadable;
};

static void add_pair(const struct comparison *c, struct table *t, const char *name,
		     const struct check_result *a, const struct check_result *b)
{
	bool change = !a || !b || a->verdict != b->verdict || strcmp(a->code, b->code) != 0;

	t->unreadable |= (a && a->input_err) || (b && b->input_err);
	t->changed += change;
	t->hit |= a && b && check_rule_hits_change(c->opts->fail_on, a, b);
	(void)json_array_append_new(t->rows, row_of(name, a, b));
	(void)json_array_append_new(t->pairs,
				    json_pack("{s:s, s:b, s:o, s:o}", "program", name, "changed",
					      change, "a", side_json(a), "b", side_json(b)));
}

static void make_table(const struct comparison *c, struct table *t)
{
	const struct side *a = &c->sides[0], *b = &c->sides[1];
	json_t *in_a = index_of(a), *in_b = index_of(b);
	char name[512];

	t->rows = json_array();
	t->pairs = json_array();
	for (size_t i = 0; i < a->cnt; i++) {
		(void)subject(a, &a->results[i], name, sizeof(name));
		add_pair(c, t, name, &a->results[i], partner(b, in_b, name));
	}
	for (size_t i = 0; i < b->cnt; i++)
		if (!partner(a, in_a, subject(b, &b->results[i], name, sizeof(name))))
			add_pair(c, t, name, NULL, &b->results[i]);
	json_decref(in_a);
	json_decref(in_b);
}

/* ---- printing ------------------------------------------------------------------------------ */

static void print_why(FILE *out, const char *name, const char *side, const json_t *result)
{
	const char *message = check_form_string(result, "message"),
		   *code = check_form_string(result, "code");

	if (!*code)
		return;
	out_safe(out, name, false);
	(void)fprintf(out, " (%s): %s: ", side, code);
	out_safe(out, message, false);
	(void)fputc('\n', out);
}

static int print_text(const struct comparison *c, const struct table *t)
{
	static const struct out_column columns[] = {
		{ "program", "PROGRAM" },
		{ "verdict_a", "A" },
		{ "verdict_b", "B" },
		{ "insns_a", "INSNS A", .right = true },
		{ "insns_b", "INSNS B", .right = true },
		{ "states_a", "STATES A", .right = true },
		{ "states_b", "STATES B", .right = true },
		{ "time_b", "US B", .right = true },
	};
	const struct out_table_opts table = { 0 };
	const json_t *pair;
	size_t i;
	int r;

	for (i = 0; i < 2; i++) {
		(void)printf("%c: ", i ? 'B' : 'A');
		out_safe(stdout, c->sides[i].name, false);
		(void)putchar('\n');
	}
	r = out_table(stdout, t->rows, columns, ARRAY_CNT(columns), &table);
	json_array_foreach(t->pairs, i, pair)
	{
		if (!json_is_true(json_object_get(pair, "changed")))
			continue;
		print_why(stdout, check_form_string(pair, "program"), "A",
			  json_object_get(pair, "a"));
		print_why(stdout, check_form_string(pair, "program"), "B",
			  json_object_get(pair, "b"));
	}
	(void)printf("%zu programs, %zu with another verdict\n", json_array_size(t->pairs),
		     t->changed);
	return r;
}

static int print_json(const struct comparison *c, const struct table *t)
{
	json_t *doc =
		json_pack("{s:s, s:s, s:s, s:s, s:I, s:O}", "schema_version", OUT_SCHEMA_VERSION,
			  "by", by_names[c->by], "a", c->sides[0].name, "b", c->sides[1].name,
			  "changed", (json_int_t)t->changed, "programs", t->pairs);

	return out_json_take(stdout, doc, c->opts->pretty);
}

static int compare(struct comparison *c, char **words, int word_cnt)
{
	struct check_targets *targets = check_targets_new(c->opts);
	struct table t = { 0 };
	int code = EXIT_OK, r = targets ? judge_sides(c, words, word_cnt, targets) : -ENOMEM;

	if (r >= 0) {
		make_table(c, &t);
		r = c->opts->format == CHECK_JSON ? print_json(c, &t) : print_text(c, &t);
		code = t.unreadable ? EXIT_INPUT : t.hit ? EXIT_THRESHOLD : EXIT_OK;
		if (!json_array_size(t.pairs))
			code = EXIT_INPUT;
	}
	json_decref(t.rows);
	json_decref(t.pairs);
	for (int i = 0; i < 2; i++) {
		check_results_free(c->sides[i].results, c->sides[i].cnt);
		check_inputs_done(&c->sides[i].inputs);
	}
	check_targets_free(targets);
	if (r < 0)
		(void)fprintf(stderr, "bpfgate compare: %s\n", strerror(-r));
	return r < 0 ? EXIT_INTERNAL : code;
}

int check_compare(int argc, char **argv, struct check_options *opts)
{
	struct comparison c = { .opts = opts };
	int code, words;

	if (!options_parse(VERB_COMPARE, argc, argv, compare_take, &c, &code))
		return code;
	words = argc - optind;
	if (c.by == BY_KERNEL ? words < 3 : words != 2)
		return options_usage(VERB_COMPARE);
	return compare(&c, argv + optind, words);
}
