/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate(1): finds the verb and hands over. Promises that one table drives dispatch, --help and shell
 * completion. Trusts its own table; refuses unknown verbs with the nearest one that exists.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "client/shared/cmd.h"
#include "client/shared/out.h"
#include "config.h"
#include "proto/own.h"

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *synopsis;
	const char *summary;
	const char *options;	/* long options, space-separated: completion offers them */
	bool own_help;		/* the verb has more to say to --help than its line of the table */
};

static int verb_help(int argc, char **argv);
static int verb_version(int argc, char **argv);
static int verb_completion(int argc, char **argv);
static int verb_complete(int argc, char **argv);

static const struct verb verbs[] = {
	{ "capture", cmd_capture, "[--out DIR] [--prog NAME] -- CMD [ARG]...",
	  "record each program a command loads, with the kernel's answer", "--out --prog --help", true },
	{ "check", cmd_check, "OBJ|BUNDLE...", "verify offline; no daemon, no privileges",
	  "--prog --kernel --btf --kernels --mode --time-limit --memory-limit --jobs --fail-on --format --json --jsonl "
	  "--sarif --junit --github --report --color --pretty --verbose --quiet --help", true },
	{ "compare", cmd_compare, "[--by object|kernel|compiler] A B [OBJ...]",
	  "the same programs as two objects, kernels or compilers have them",
	  "--by --kernel --kernels --prog --jobs --fail-on --json --pretty --help", true },
	{ "completion", verb_completion, "bash|zsh|fish", "print a completion script", "--help" },
	{ "doctor", cmd_doctor, "[--json|--pretty] [--fail-on-missing]",
	  "what this kernel and setup lack, and how to fix it", "--json --pretty --fail-on-missing --help" },
	{ "explain", cmd_explain, "CODE|--list [--json|--pretty]", "what a diagnostic's code means, with examples and a way out",
	  "--list --json --pretty --help" },
	{ "help", verb_help, "[VERB]", "this list, or a verb's line", "" },
	{ "inspect", cmd_inspect, "[--kernel K] OBJ...",
	  "what an object needs: types, targets, helpers, kfuncs, maps, the least kernel",
	  "--kernel --kernels --json --pretty --help", true },
	{ "kernels", cmd_kernels, "list|show KERNEL|import FILE...|update",
	  "the library of kernels that check knows beside the running one",
	  "list show import update --kernels --name --running --json --pretty --help", true },
	{ "list", cmd_list, "[progs|maps|links|pins|orphans|clients|decisions] [-o COLUMNS] [--sort COLUMN] [--raw] "
	  "[--noheadings] [--json|--pretty]",
	  "what the daemon holds for you", "-o --json --pretty --raw --noheadings --sort --help" },
	{ "load", cmd_load, "OBJ [--prog NAME] [--attach xdp:IFACE|tcx-ingress:IFACE|tcx-egress:IFACE|cgroup:PATH] "
	  "[--pin DIR] [--hold] [--json]",
	  "load an object through the daemon", "--prog --attach --hold --pin --json --help" },
	{ "policy", cmd_policy, "check|test|explain|suggest ...", "look at policies before they go live",
	  "check test explain suggest help --as --policy --strict --quiet --json --pretty --help", true },
	{ "reload", cmd_reload, "[--json|--pretty]", "make the daemon read its policy again, and say how it went",
	  "--json --pretty --help" },
	{ "run", cmd_run, "[-v] [--as-if-root] [--handles-in-maps] [--object FILE [--signature FILE]] [--] COMMAND [ARG...]",
	  "run a command whose bpf() calls go through the daemon",
	  "--verbose --as-if-root --handles-in-maps --object --signature --help" },
	{ "sign", cmd_sign, "OBJECT --key KEY --cert CERT [--detached]", "sign an object",
	  "--key --cert --detached --replace --with-cert --without-cert --help", true },
	{ "signature", cmd_signature, "show|verify OBJECT [--cert CERT] [--ca CA]",
	  "what signature an object carries, and who vouches for it", "--cert --ca --json --pretty --help", true },
	{ "status", cmd_status, "[--json|--pretty]", "the daemon on one screen", "--json --pretty --help" },
	{ "unpin", cmd_unpin, "[--anywhere] PATH...", "remove pins that were made through the daemon", "--anywhere --help" },
	{ "version", verb_version, "[--json]", "version of this command", "--json --help" },
	{ "why", cmd_why, "[DECISION] [--json|--pretty]", "the last decision, or the one named, as the daemon saw it",
	  "--json --pretty --help" },
	{ "__complete", verb_complete, NULL, NULL, NULL },
};

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_CNT(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

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
	const struct verb *nearest = NULL;
	unsigned int least = 4;

	for (size_t i = 0; i < ARRAY_CNT(verbs); i++) {
		unsigned int distance = verb_distance(name, verbs[i].name);

		if (verbs[i].summary && distance < least) {
			least = distance;
			nearest = &verbs[i];
		}
	}
	fprintf(stderr, "bpfgate: no verb \"");
	out_safe(stderr, name, false);
	fprintf(stderr, nearest ? "\"; did you mean \"%s\"?\n" : "\"; see bpfgate help\n",
		nearest ? nearest->name : "");
	return EXIT_USAGE;
}

static int verb_help(int argc, char **argv)
{
	const struct verb *one = argc > 1 ? verb_find(argv[1]) : NULL;

	if (argc > 1 && (!one || !one->summary))
		return verb_unknown(argv[1]);
	if (one) {
		printf("usage: bpfgate %s %s\n%s\n", one->name, one->synopsis, one->summary);
		if (*one->options)
			printf("options: %s\n", one->options);
		return EXIT_OK;
	}
	puts("usage: bpfgate VERB [OPTIONS] [ARGUMENTS]\n");
	for (size_t i = 0; i < ARRAY_CNT(verbs); i++)
		if (verbs[i].summary)
			printf("  %-11s %s\n", verbs[i].name, verbs[i].summary);
	puts("\nbpfgate help VERB lists its arguments; man 1 bpfgate lists exit codes and more.");
	return EXIT_OK;
}

static int verb_version(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--json") && strcmp(argv[1], "-j"))
		return EXIT_USAGE;
	if (argc == 1) {
		puts("bpfgate " PACKAGE_VERSION);
		return EXIT_OK;
	}
	puts("{\"schema_version\":\"" OUT_SCHEMA_VERSION "\",\"version\":\"" PACKAGE_VERSION "\"}");
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
	for (size_t i = 0; argc == 2 && i < ARRAY_CNT(completions); i++)
		if (!strcmp(argv[1], completions[i].shell)) {
			fputs(completions[i].script, stdout);
			return EXIT_OK;
		}
	fprintf(stderr, "usage: bpfgate completion bash|zsh|fish\n");
	return EXIT_USAGE;
}

/* Prints a word list, one word a line. */
static void verb_words(const char *words)
{
	for (; *words; words++)
		putchar(*words == ' ' ? '\n' : *words);
	putchar('\n');
}

/* Words that may follow: the verbs, or the options of the verb that was typed. */
static int verb_complete(int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? verb_find(argv[1]) : NULL;

	if (verb && verb->options) {
		verb_words(verb->options);
		return EXIT_OK;
	}
	for (size_t i = 0; argc <= 1 && i < ARRAY_CNT(verbs); i++)
		if (verbs[i].summary)
			puts(verbs[i].name);
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *option, *verb;
	} aliases[] = { { "-h", "help" }, { "--help", "help" }, { "-V", "version" }, { "--version", "version" } };
	const struct verb *verb;
	const char *name = argc > 1 ? argv[1] : "help";

	for (size_t i = 0; i < ARRAY_CNT(aliases); i++)
		if (!strcmp(name, aliases[i].option))
			name = aliases[i].verb;
	verb = verb_find(name);
	if (!verb)
		return verb_unknown(name);
	if (argc < 2) {
		(void)verb_help(1, argv);
		return EXIT_USAGE;
	}
	/* First of all, so that no verb does anything before it is understood; after that it may be another's. */
	if (!verb->own_help && verb->summary && argc > 2 &&
	    (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h")))
		return verb_help(2, (char *[]){ argv[0], argv[1], NULL });
	return verb->run(argc - 1, argv + 1);
}
