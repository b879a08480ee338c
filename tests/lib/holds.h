/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which condition failed, and on which line, in whatever process of the test that was. What was false is
 * kept until it is told or forgotten: the innermost first, then whom it was told to.
 */
#ifndef BPFGATE_TESTS_LIB_HOLDS_H
#define BPFGATE_TESTS_LIB_HOLDS_H

#include <stdbool.h>

/* The condition itself; noted when it is false. */
#define HOLDS(condition) ((condition) || (holds_note(#condition, __FILE__, __LINE__), false))
/* The same for `if (FAILS(...)) return false`: noted when it is true. */
#define FAILS(condition) ((condition) && (holds_note("not: " #condition, __FILE__, __LINE__), true))

void holds_note(const char *text, const char *file, int line);
/* Runs a test; when it fails, a line on stdout for each condition that was false meanwhile. */
bool holds_run(bool (*test)(void));

#endif
