/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_ORIGIN_H
#define VERIFIER_ORIGIN_H

#include "verifier/walk/tale.h"

enum origin_kind {
	ORIGIN_UNKNOWN,
	ORIGIN_CONTEXT,		/* the program's own argument */
	ORIGIN_ARGUMENT,	/* of a function that is verified on its own */
	ORIGIN_CALLBACK,	/* what a callback's caller hands to it */
	ORIGIN_RESULT,		/* of a call */
	ORIGIN_CLOBBERED,	/* r1..r5 after a call */
	ORIGIN_LOST,		/* what a call, or a store to a dynptr, made worthless */
	ORIGIN_LOADED,		/* from memory */
	ORIGIN_CONSTANT,	/* a number, a map, an address */
	ORIGIN_MATH,		/* arithmetic */
	ORIGIN_ZERO,		/* found to be NULL by a test */
};

enum origin_change {
	ORIGIN_COPIED,		/* into another register */
	ORIGIN_SPILLED,		/* to the stack */
	ORIGIN_FILLED,		/* back from it */
	ORIGIN_TESTED,		/* less is possible after a test */
	ORIGIN_NARROWED,	/* less is possible after arithmetic */
	ORIGIN_WIDENED,		/* what bounded it is not known any more */
};

/* What became of a value on its way. */
struct origin_step {
	enum origin_change change;
	const struct tale *at;		/* before the instruction */
	const struct tale *after;	/* a later step at which the value stands in the register below; at, of a spill */
	uint32_t regno;
};

#define ORIGIN_STEPS_MAX 16u	/* older ones are left out */

struct origin_steps {
	struct origin_step step[ORIGIN_STEPS_MAX];	/* newest first */
	uint32_t cnt;
};

/* Where a value was made. The steps are of the path; at is NULL where a function begins. */
struct origin {
	enum origin_kind kind;
	const struct tale *at;		/* before the instruction that made it */
	const struct tale *made;	/* a step at which it stands in the register below */
	uint32_t regno;
	const struct tale *narrowed;	/* before the newest test that told something of it; NULL: none */
	const struct tale *copied;	/* before its newest copy or fill; NULL: none */
	bool cut;			/* on the way only its low 32 bits were kept */
};

/* Follows the value of regno before t through copies, spills, fills and calls. */
void origin_find(const struct env *env, const struct tale *t, uint32_t regno, struct origin *ret_origin);
/*
 * The same, and through arithmetic with constants, too: whatever it was computed from. Two values with
 * one root are copies of one another, perhaps changed.
 */
void origin_find_root(const struct env *env, const struct tale *t, uint32_t regno,
		      struct origin *ret_origin);

/* The same once more, and what became of the value on the way. */
void origin_find_steps(const struct env *env, const struct tale *t, uint32_t regno, struct origin_steps *ret_steps);

/* Is it the same making? */
bool origin_is_same(const struct origin *a, const struct origin *b);

#endif
