/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a daemon's processes say when they meet a mistake of ours: a sanitizer's report, an assertion. The one that says it dies
 * and is replaced, so a test need not notice otherwise.
 */
#ifndef BPFGATE_TESTS_LIB_REPORTS_H
#define BPFGATE_TESTS_LIB_REPORTS_H

#include <stdbool.h>

/* The file holds none, or is not there. What it holds goes to stderr. */
bool reports_none(const char *path);

#endif
