/* SPDX-License-Identifier: Apache-2.0 */
/* How sure an answer about a kernel can be. Needs nothing of the verifier: also who links none of
 * it may ask. */
#ifndef VERIFIER_MEASURED_H
#define VERIFIER_MEASURED_H

#include <stddef.h>

enum measured_confidence {
	MEASURED_NOT,	   /* older than every series that is known */
	MEASURED_FEATURES, /* what the kernel has is known, not how it judges this program */
	MEASURED_MODELLED, /* by the rules of a series that no build was measured for, or of the one
			      before */
	MEASURED_SERIES,   /* another build of the series was measured */
	MEASURED_BUILD,	   /* this version was measured */
};

/* A series with rules of its own; builds is a blank-separated list. */
struct measured {
	const char *rules, *builds;
};

/* The series whose rules judge that version ("6.12.117"); NULL: older than all. Static storage. */
const struct measured *measured_of(const char *version);
/* The next patch level of that version's series that has rules of its own; NULL: none, or no such version. Static
 * storage. */
const struct measured *measured_later_patch(const char *version);
/* How many bytes of it name the series: 4 of "6.18.44". */
size_t measured_series_len(const char *version);
/* What is known of that version's rules: all but MEASURED_FEATURES, which hangs on a program. */
enum measured_confidence measured_confidence(const char *version);
/* In words. */
const char *measured_name(enum measured_confidence confidence);

#endif
