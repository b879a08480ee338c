/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_DIAG_H
#define VERIFIER_DIAG_H

#include <stddef.h>

/* Whose doing a rejection is: the first question of who reads one. */
enum diag_class {
	DIAG_SOURCE,	/* the program's text */
	DIAG_COMPILER,	/* what the compiler made of a text that is right */
	DIAG_IMPRECISION, /* the verifier does not see that it is safe */
	DIAG_LIMIT,
	DIAG_FEATURE,
	DIAG_POLICY,
	DIAG_OBJECT,
	DIAG_CLASS_CNT,
};

/* What is known of a code without a program. */
struct diag {
	const char *code;	/* or how it begins */
	enum diag_class cls;
	const char *meaning;	/* never NULL */
	const char *way_out;	/* NULL: none that holds in general */
};

/* The row of a code; NULL: there is none. */
const struct diag *diag_find(const char *code);
/* The rows in order, from 0; NULL: there are no more. */
const struct diag *diag_nth(size_t nth);
/* "your code"; never NULL. */
const char *diag_class_name(enum diag_class cls);

#endif
