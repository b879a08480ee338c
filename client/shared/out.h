/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the verbs print: JSON documents, tables, and text from elsewhere made safe for a terminal.
 */
#ifndef BPFGATE_CLIENT_OUT_H
#define BPFGATE_CLIENT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <jansson.h>

#include "proto/refusal.h"

#define OUT_SCHEMA_VERSION "1.0"

/* A column of a table: the key in the JSON object, and the heading. `flexible`: may be cut on a tty. */
struct out_column {
	const char *key;
	const char *heading;
	bool right;
	bool flexible;
};

struct out_table_opts {
	const char *columns;	/* -o: comma-separated headings or keys; NULL: all */
	const char *sort;	/* --sort: a key; NULL: as it came */
	bool raw;
	bool noheadings;
};

/*
 * Copies text to out with every control character, escape and bidirectional override made visible
 * (\xNN, \uNNNN). Whatever comes from an object or another user goes through here. Newlines stay
 * only with keep_newlines.
 */
void out_safe(FILE *out, const char *text, bool keep_newlines);

/*
 * An explanation of a rejection (bgv_explain()), made safe as by out_safe(); with colour, places and marks stand out,
 * and nothing is told by colour alone.
 */
void out_explanation(FILE *out, const char *text, bool colour);

/* A word of a verdict: good, or not. */
void out_verdict(FILE *out, const char *word, bool good, bool colour);

/* out_safe() as a heap string, the caller's; NULL when memory is out. */
char *out_safe_text(const char *text, bool keep_newlines);

/* Prints doc and a newline; pretty: indented. The caller keeps doc. 0 or -EIO. */
int out_json(FILE *out, const json_t *doc, bool pretty);
/* The same, and takes doc over; NULL, a document for which there was no memory: -ENOMEM. */
int out_json_take(FILE *out, json_t *take_doc, bool pretty);

/* The one error document: {"schema_version", "error": {code, message, hint}}. 0 or -EIO. */
int out_json_error(FILE *out, enum refusal refusal, const char *message, const char *hint, bool pretty);

/*
 * Prints an array of objects as a table with libsmartcols. Missing keys print "-". 0; -EINVAL: an
 * unknown name in opts->columns or opts->sort (said on stderr); -ENOMEM.
 */
int out_table(FILE *out, const json_t *rows, const struct out_column *columns, size_t column_cnt,
	      const struct out_table_opts *opts);

/* Should this stream be coloured? Asked in this order: option, FORCE_COLOR, NO_COLOR, TERM, isatty(3). */
bool out_colour(FILE *stream, const char *option);

#endif
