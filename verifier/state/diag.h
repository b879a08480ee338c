/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_DIAG_H
#define VERIFIER_DIAG_H

#include <stddef.h>

/* Why a program is refused: stable, one for each row of the table. */
enum diag_code {
	CODE_NONE = 0,
#define DIAG(name, code, cls, meaning, way_out) CODE_##name,
#define ALSO(name, code) CODE_##name,
#include "verifier/state/diag.def"
#undef DIAG
#undef ALSO
	CODE_CNT,
};

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

/* "PKT-RANGE", static; NULL of CODE_NONE and of what is not a code. */
const char *diag_code_name(enum diag_code code);
/* The row of a code; NULL: there is none. */
const struct diag *diag_find(const char *code);
/* The rows in order, from 0; NULL: there are no more. */
const struct diag *diag_nth(size_t nth);
/* "your code"; never NULL. */
const char *diag_class_name(enum diag_class cls);

#endif
