/* SPDX-License-Identifier: Apache-2.0 */
/* What daemon and client refuse with: codes, and what is known of each without a request. */
#ifndef BPFGATE_PROTO_REFUSAL_H
#define BPFGATE_PROTO_REFUSAL_H

#include <stddef.h>

/* One for each row of the table. */
enum refusal {
	REFUSAL_NONE,
#define REFUSAL(NAME, ...) REFUSAL_##NAME,
#include "proto/refusal.def"
#undef REFUSAL
	REFUSAL_CNT,
};

struct refusal_row {
	const char *code;
	const char *class_name; /* "policy": whose doing it is */
	const char *meaning;
	const char *way_out; /* NULL: none that holds in general */
};

/* "NOT-OFFERED", static; "" of REFUSAL_NONE. */
const char *refusal_code(enum refusal refusal);
/* The row of a code; NULL: it is none of these. */
const struct refusal_row *refusal_find(const char *code);
/* The rows in order, from 0; NULL: there are no more. */
const struct refusal_row *refusal_nth(size_t nth);

#endif
