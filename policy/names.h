/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the rules: helpers, types, attach kinds, kfuncs; and the nearest to a misspelt one. */
#ifndef BPFGATE_POLICY_NAMES_H
#define BPFGATE_POLICY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum names_kind { NAMES_HELPER, NAMES_PROG_TYPE, NAMES_MAP_TYPE, NAMES_ATTACH, NAMES_KFUNC, NAMES_CNT };

/* What a word of this kind is called in messages: "helper", "program type". */
const char *names_noun(enum names_kind kind);

/* The number of a word (for a kfunc its place in the table), or -ENOENT. */
int names_find(enum names_kind kind, const char *word);

/* The word of a number, or NULL. */
const char *names_word(enum names_kind kind, uint32_t id);

/* The known word most like this one, or NULL when none is near. Static. */
const char *names_nearest(enum names_kind kind, const char *word);

/*
 * Edits (insert, delete, change, swap of neighbours) between two words, not counted past `limit`:
 * limit + 1 means more. Words above 63 bytes are never near.
 */
unsigned int names_distance(const char *a, const char *b, unsigned int limit);

/* How many edits still count as a slip for a word of this length. */
unsigned int names_slip_limit(size_t len);

#endif
