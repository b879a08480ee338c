/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs and their options, as verbs.def has them: parsed, explained and completed from one table.
 * What an option does is its verb's business.
 */
#ifndef BPFGATE_CLIENT_OPTIONS_H
#define BPFGATE_CLIENT_OPTIONS_H

#include <stdbool.h>

enum option_id {
#define NAME(id, text) OPT_##id,
#define VERB(id, name, words, arguments, summary, more)
#define OPTION(verb, id, letter, value, meaning)
#include "client/shared/verbs.def"
#undef NAME
#undef VERB
	OPTION_CNT
};

enum verb_id {
#define NAME(id, text)
#define VERB(id, name, words, arguments, summary, more) VERB_##id,
#include "client/shared/verbs.def"
#undef NAME
#undef VERB
#undef OPTION
	VERB_CNT
};

/* One option that was given; value is NULL where it takes none. 0, or -errno where the value is not
 * one. */
typedef int (*options_take_fn)(void *ctx, enum option_id id, char *value);

/*
 * Reads the options of a verb, argv[0] being its name: take() gets them in order. true: go on,
 * optind is the first argument. false: everything was said, *ret_code is what to exit with (EXIT_OK
 * after --help, else EXIT_USAGE). Options end where the first argument stands if the arguments
 * begin with those of another command ("--").
 */
bool options_parse(enum verb_id verb, int argc, char **argv, options_take_fn take, void *ctx,
		   int *ret_code);

/* One line on stderr: how the verb is called. EXIT_USAGE. */
int options_usage(enum verb_id verb);

/* What --help prints, on stdout. */
void options_help(enum verb_id verb);

/* What may follow the verb, a word a line, on stdout: its words and its options' long names. */
void options_complete(enum verb_id verb);

/* "check", or "policy check"; NULL for one past the last. */
const char *options_verb_name(unsigned int verb);
/* What the verb does, in a few words. */
const char *options_verb_summary(enum verb_id verb);
/* The verb of this name; VERB_CNT: there is none. */
enum verb_id options_find_verb(const char *name);

#endif
