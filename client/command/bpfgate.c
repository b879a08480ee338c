/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate(1): finds the verb and hands over. Promises that each verb of verbs.def is run by one
 * function. Trusts that table; refuses unknown verbs with the nearest one that exists.
 */
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/shared/cmd.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "config.h"
#include "proto/own.h"

static int verb_help(int argc, char **argv);
static int verb_version(int argc, char **argv);
static int verb_completion(int argc, char **argv);

/* What runs each; NULL: a verb of a verb, which that one finds. */
static int (*const runs[VERB_CNT])(int argc, char **argv) = {
	[VERB_CAPTURE] = cmd_capture,  [VERB_CHECK] = cmd_check,
	[VERB_COMPARE] = cmd_compare,  [VERB_COMPLETION] = verb_completion,
	[VERB_DOCTOR] = cmd_doctor,    [VERB_EXPLAIN] = cmd_explain,
	[VERB_HELP] = verb_help,       [VERB_INSPECT] = cmd_inspect,
	[VERB_KERNELS] = cmd_kernels,  [VERB_LIST] = cmd_list,
	[VERB_LOAD] = cmd_load,	       [VERB_POLICY] = cmd_policy,
	[VERB_RELOAD] = cmd_reload,    [VERB_RUN] = cmd_run,
	[VERB_SIGN] = cmd_sign,	       [VERB_SIGNATURE] = cmd_signature,
	[VERB_STATUS] = cmd_status,    [VERB_UNPIN] = cmd_unpin,
	[VERB_VERSION] = verb_version, [VERB_WHY] = cmd_why,
};

/* Levenshtein distance of two short words; words over 31 bytes count as far apart. */
static unsigned int verb_distance(const char *a, const char *b)
{
	unsigned int row[32], an = (unsigned int)strlen(a), bn = (unsigned int)strlen(b);

	if (an > 31 || bn > 31)
		return UINT_MAX;
	for (unsigned int j = 0; j <= bn; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= an; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= bn; j++) {
			unsigned int change = diagonal + (a[i - 1] != b[j - 1]);
			unsigned int best = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = change < best ? change : best;
		}
	}
	return row[bn];
}

static int verb_unknown(const char *name)
{
	const char *nearest = NULL;
	unsigned int least = 4;

	for (unsigned int i = 0; i < VERB_CNT; i++) {
		unsigned int distance = verb_distance(name, options_verb_name(i));

		if (runs[i] && distance < least) {
			least = distance;
			nearest = options_verb_name(i);
		}
	}
	fprintf(stderr, "bpfgate: no verb \"");
	out_safe(stderr, name, false);
	fprintf(stderr, nearest ? "\"; did you mean \"%s\"?\n" : "\"; see bpfgate help\n",
		nearest ? nearest : "");
	return EXIT_USAGE;
}

/* The verb of these words ("check", "policy check"), as many as name one; VERB_CNT: they name none.
 */
static enum verb_id verb_of_words(int word_cnt, char **words)
{
	char two[64];
	enum verb_id verb = word_cnt ? options_find_verb(words[0]) : VERB_CNT;

	if (word_cnt < 2 || verb == VERB_CNT)
		return verb;
	(void)snprintf(two, sizeof(two), "%s %s", words[0], words[1]);
	return options_find_verb(two) == VERB_CNT ? verb : options_find_verb(two);
}

static void verb_list(void)
{
	puts("usage: bpfgate VERB [OPTION]... [ARGUMENT]...\n");
	for (unsigned int i = 0; i < VERB_CNT; i++)
		if (runs[i])
			printf("  %-11s %s\n", options_verb_name(i), options_verb_summary(i));
	puts("\nbpfgate help VERB lists its options; man 1 bpfgate lists exit codes and more.");
}

static int verb_help(int argc, char **argv)
{
	enum verb_id verb;
	int code;

	if (!options_parse(VERB_HELP, argc, argv, NULL, NULL, &code))
		return code;
	verb = verb_of_words(argc - optind, argv + optind);
	if (optind == argc)
		verb_list();
	else if (verb == VERB_CNT)
		return verb_unknown(argv[optind]);
	else
		options_help(verb);
	return EXIT_OK;
}

static int version_take(void *ctx, enum option_id id, char *value)
{
	bool *json = ctx;

	(void)value;
	*json |= id == OPT_JSON;
	return 0;
}

static int verb_version(int argc, char **argv)
{
	bool json = false;
	int code;

	if (!options_parse(VERB_VERSION, argc, argv, version_take, &json, &code))
		return code;
	if (optind != argc)
		return options_usage(VERB_VERSION);
	puts(json ? "{\"schema_version\":\"" OUT_SCHEMA_VERSION "\",\"version\":\"" PACKAGE_VERSION
		    "\"}"
		  : "bpfgate " PACKAGE_VERSION);
	return EXIT_OK;
}

struct completion {
	const char *shell;
	const char *script;
};

static const struct completion completions[] = {
	{ "bash", "_bpfgate() {\n"
		  "\tCOMPREPLY=($(compgen -W \"$(bpfgate __complete \"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\" -- "
		  "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
		  "}\n"
		  "complete -o default -F _bpfgate bpfgate\n" },
	{ "zsh", "#compdef bpfgate\n"
		 "_bpfgate() { compadd -- ${(f)\"$(bpfgate __complete ${words[2,CURRENT-1]})\"}; _files }\n"
		 "_bpfgate \"$@\"\n" },
	{ "fish", "complete -c bpfgate -a '(bpfgate __complete (commandline -opc)[2..-1])'\n" },
};

static int verb_completion(int argc, char **argv)
{
	int code;

	if (!options_parse(VERB_COMPLETION, argc, argv, NULL, NULL, &code))
		return code;
	for (size_t i = 0; argc == optind + 1 && i < ARRAY_CNT(completions); i++)
		if (!strcmp(argv[optind], completions[i].shell)) {
			fputs(completions[i].script, stdout);
			return EXIT_OK;
		}
	return options_usage(VERB_COMPLETION);
}

/* What the completion scripts ask: the words that may follow those that were typed. */
static int verb_complete(int argc, char **argv)
{
	enum verb_id verb = verb_of_words(argc - 1, argv + 1);

	if (verb != VERB_CNT)
		options_complete(verb);
	for (unsigned int i = 0; argc == 1 && i < VERB_CNT; i++)
		if (runs[i])
			puts(options_verb_name(i));
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *option, *verb;
	} aliases[] = { { "-h", "help" }, { "--help", "help" }, { "-V", "version" }, { "--version", "version" } };
	enum verb_id verb;
	const char *name = argc > 1 ? argv[1] : "";

	if (argc < 2) {
		verb_list();
		return EXIT_USAGE;
	}
	if (!strcmp(name, "__complete"))
		return verb_complete(argc - 1, argv + 1);
	for (size_t i = 0; i < ARRAY_CNT(aliases); i++)
		if (!strcmp(name, aliases[i].option))
			name = aliases[i].verb;
	verb = options_find_verb(name);
	return verb < VERB_CNT && runs[verb] ? runs[verb](argc - 1, argv + 1) : verb_unknown(name);
}
