/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate policy`: check and test look at policies before they go live. Promises to change nothing and to
 * need neither daemon nor privileges: what only root can read is said to be unread. `explain` and
 * `suggest` read objects, which is done by a binary of its own.
 */
#include "client/shared/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "client/shared/helper.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "client/command/policy_case.h"
#include "client/shared/policy_source.h"
#include "policy/names.h"
#include "proto/own.h"

#define WHY_BYTES 1024

struct check_args {
	bool strict;
	bool quiet;
	bool json;
	bool pretty;
};

static const char *const severities[] = {
	[POLICY_ERROR] = "error",
	[POLICY_WARNING] = "warning",
	[POLICY_NOTE] = "note",
};

static void free_report(struct policy_report **report)
{
	policy_report_free(*report);
}

static void free_policy(struct policy **policy)
{
	policy_free(*policy);
}

#define OWN_REPORT __attribute__((cleanup(free_report))) struct policy_report *
#define OWN_POLICY __attribute__((cleanup(free_policy))) struct policy *

static json_t *findings_json(const struct policy_report *report)
{
	json_t *findings = json_array();
	enum policy_severity severity;
	struct policy_place place;
	const char *message;
	size_t i;

	for (i = 0; policy_report_get(report, i, &severity, &place, &message); i++)
		(void)json_array_append_new(
			findings, json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "severity",
					    severities[severity], "file", place.file, "line",
					    place.line, "column", place.column, "message", message,
					    "hint", policy_report_hint(report, i)));
	return findings;
}

static int print_check_json(const struct check_args *args, const struct policy *policy,
			    const struct policy_report *report, bool ok)
{
	json_t *doc = json_pack("{s:s, s:b, s:o}", "schema_version", OUT_SCHEMA_VERSION, "ok", ok,
				"findings", findings_json(report));
	int r;

	if (!doc)
		return EXIT_INTERNAL;
	if (policy)
		(void)json_object_update_new(
			doc, json_pack("{s:s, s:I, s:I, s:I}", "digest", policy_digest(policy), "files",
				       (json_int_t)policy_file_cnt(policy), "rules",
				       (json_int_t)policy_rule_cnt(policy), "signers",
				       (json_int_t)policy_signer_cnt(policy)));
	r = out_json(stdout, doc, args->pretty);
	json_decref(doc);
	return r < 0 ? EXIT_INTERNAL : ok ? EXIT_OK : EXIT_INPUT;
}

static int print_check(const struct check_args *args, const struct policy *policy,
		       const struct policy_report *report)
{
	size_t errors = policy_report_cnt(report, POLICY_ERROR);
	size_t warnings = policy_report_cnt(report, POLICY_WARNING);
	bool ok = policy && !(args->strict && warnings > 0);

	if (args->json)
		return print_check_json(args, policy, report, ok);
	policy_report_print(report, args->quiet ? POLICY_WARNING : POLICY_NOTE, stdout);
	if (!policy)
		printf("not usable: %zu error%s, %zu warning%s; a running daemon keeps the policy it has\n",
		       errors, errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	else
		printf("%s: %zu files, %zu rules, %zu signers, %zu warning%s; digest %s\n",
		       ok ? "ok" : "warnings", policy_file_cnt(policy), policy_rule_cnt(policy),
		       policy_signer_cnt(policy), warnings, warnings == 1 ? "" : "s",
		       policy_digest(policy));
	return ok ? EXIT_OK : EXIT_INPUT;
}

static int check_take(void *ctx, enum option_id id, char *value)
{
	struct check_args *args = ctx;

	(void)value;
	args->strict |= id == OPT_STRICT;
	args->quiet |= id == OPT_QUIET;
	args->json |= id == OPT_JSON || id == OPT_PRETTY;
	args->pretty |= id == OPT_PRETTY;
	return 0;
}

static int policy_check(int argc, char **argv)
{
	struct check_args args = { 0 };
	OWN_POLICY policy = NULL;
	OWN_REPORT report = NULL;
	struct policy_env env;
	int r;

	if (!options_parse(VERB_POLICY_CHECK, argc, argv, check_take, &args, &r))
		return r;
	policy_env_init(&env);
	env.keys_optional = geteuid() != 0;
	r = policy_source_load(argv + optind, (size_t)(argc - optind), &env, &policy, &report);
	if (r < 0 && r != -EBADMSG)
		return r == -ENOMEM ? EXIT_INTERNAL : EXIT_INPUT;
	return print_check(&args, policy, report);
}

struct test_run {
	const struct policy *policy;
	size_t cnt;
	size_t failed_cnt;
};

/* One line of TAP; the reason of a failure as its comment. */
static void test_line(struct test_run *run, bool ok, const char *name, const char *why)
{
	run->cnt++;
	run->failed_cnt += !ok;
	printf("%s %zu - ", ok ? "ok" : "not ok", run->cnt);
	out_safe(stdout, name, false);
	putchar('\n');
	if (ok)
		return;
	printf("# ");
	out_safe(stdout, why, false);
	putchar('\n');
}

static void test_case(struct test_run *run, const json_t *json)
{
	const char *name = json_string_value(json_object_get(json, "name"));
	struct policy_case *one;
	char why[WHY_BYTES] = "out of memory";
	bool ok;

	if (policy_case_read(json, run->policy, &one, why, sizeof(why)) < 0) {
		test_line(run, false, name ? name : "a case without a name", why);
		return;
	}
	ok = policy_case_holds(one, run->policy, why, sizeof(why));
	test_line(run, ok, policy_case_name(one), why);
	policy_case_free(one);
}

static int test_file(struct test_run *run, const char *path)
{
	json_error_t error;
	json_t *top = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	const json_t *cases = json_object_get(top, "cases");
	size_t i;

	if (!json_is_array(cases) || json_integer_value(json_object_get(top, "version")) != 1) {
		fprintf(stderr, "bpfgate policy test: ");
		out_safe(stderr, path, false);
		fprintf(stderr, ":%d: ", top ? 1 : error.line);
		out_safe(stderr, top ? "not a file of cases ({\"version\": 1, \"cases\": [...]})" :
				       error.text, false);
		fputc('\n', stderr);
		json_decref(top);
		return EXIT_INPUT;
	}
	for (i = 0; i < json_array_size(cases); i++)
		test_case(run, json_array_get(cases, i));
	json_decref(top);
	return EXIT_OK;
}

static int policy_test(int argc, char **argv)
{
	struct test_run run = { 0 };
	OWN_POLICY policy = NULL;
	OWN_REPORT report = NULL;
	struct policy_env env;
	int r;

	if (!options_parse(VERB_POLICY_TEST, argc, argv, NULL, NULL, &r))
		return r;
	if (argc - optind < 2)
		return options_usage(VERB_POLICY_TEST);
	policy_case_env(&env);
	if (policy_source_load(argv + optind, 1, &env, &policy, &report) < 0) {
		policy_report_print(report, POLICY_ERROR, stderr);
		return EXIT_INPUT;
	}
	run.policy = policy;
	r = EXIT_OK;
	for (optind++; r == EXIT_OK && optind < argc; optind++)
		r = test_file(&run, argv[optind]);
	if (r != EXIT_OK)
		return r;
	printf("1..%zu\n%zu passed, %zu failed\n", run.cnt, run.cnt - run.failed_cnt, run.failed_cnt);
	return run.failed_cnt ? EXIT_REJECTED : EXIT_OK;
}

/* These read objects: a binary of its own does it, with argv[0] for the verb. */
static int policy_object(int argc, char **argv)
{
	(void)argc;
	return helper_exec("bpfgate-explain", argv);
}

static int policy_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	options_help(VERB_POLICY);
	return EXIT_OK;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} subverbs[] = {
	{ "check", policy_check },    { "test", policy_test }, { "explain", policy_object },
	{ "suggest", policy_object }, { "help", policy_help },
};

/* A misspelt verb gets the nearest one there is. */
static int unknown_subverb(const char *name)
{
	const char *nearest = NULL;
	unsigned int least = 3;

	for (size_t i = 0; i < ARRAY_CNT(subverbs); i++) {
		unsigned int distance = names_distance(name, subverbs[i].name, least);

		if (distance < least) {
			least = distance;
			nearest = subverbs[i].name;
		}
	}
	fputs("bpfgate policy: no verb \"", stderr);
	out_safe(stderr, name, false);
	fprintf(stderr, nearest ? "\"; did you mean \"%s\"?\n" : "\"; see bpfgate policy help\n",
		nearest ? nearest : "");
	return EXIT_USAGE;
}

int cmd_policy(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_CNT(subverbs); i++)
		if (strcmp(argv[1], subverbs[i].name) == 0)
			return subverbs[i].run(argc - 1, argv + 1);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return policy_help(argc, argv);
	return argc > 1 ? unknown_subverb(argv[1]) : options_usage(VERB_POLICY);
}
