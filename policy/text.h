/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences in buffers of fixed size. What does not fit is cut at the end and marked with "...";
 * names that come from a client are escaped, so that no sentence can move a terminal's cursor.
 */
#ifndef BPFGATE_POLICY_TEXT_H
#define BPFGATE_POLICY_TEXT_H

#include <stddef.h>

struct text {
	char *bytes;
	size_t room; /* with NUL, at least 8 */
	size_t len;
};

/* A text that fills an array; the array is made empty. */
#define TEXT_IN(array) text_start((array), sizeof(array))

/* What does not fit is cut; the text always ends with NUL. */
struct text text_start(char *bytes, size_t room);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds bytes of anyone's: printable ASCII as it is, tabs as a space, the rest as \xNN. */
void text_add_untrusted(struct text *text, const char *bytes, size_t len);

/* The same for a string in double quotes; NULL adds "(no name)" without quotes. */
void text_add_name(struct text *text, const char *name);

/* Columns used so far; all that is in a text by these functions is one column a byte. */
size_t text_columns(const struct text *text);

/* 1536 -> "1536 B", 201 * 2^20 -> "201 MiB". */
void text_add_bytes(struct text *text, unsigned long long bytes);

#endif
