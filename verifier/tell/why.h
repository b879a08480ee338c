/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_H
#define VERIFIER_WHY_H

#include "verifier/state/env.h"

/* struct bgv_event.kind */
enum why_kind {
	WHY_NEEDED,	/* the refused instruction: what it needed, what was proved */
	WHY_PROVED,	/* the check that proved what is proved */
	WHY_LOST,	/* what took the knowledge away */
	WHY_BRANCH,	/* a jump of the path: needed is 1 when it was taken */
	WHY_CALL,	/* where the value came from */
	WHY_TESTED,	/* a test of the value, and what it leaves */
	WHY_MISSED,	/* a test that looks as if it counted, and why it does not */
	WHY_COST,	/* where the steps of a too long walk went: needed is how many */
	WHY_CREATED,	/* an object on the stack was made: dynptr, iterator, irq flag */
	WHY_ACQUIRED,	/* a reference or lock was taken */
	WHY_RELEASED,	/* it was given back */
	WHY_ENTERED,	/* an RCU, preemption or irq section began */
	WHY_LEFT,	/* it ended */
	WHY_COPIED,	/* the value went into another register */
	WHY_SPILLED,	/* the value went to the stack */
	WHY_WIDENED,	/* less is known of it than before */
	WHY_WAY,	/* which way the path takes */
	WHY_NARROWED,	/* arithmetic leaves fewer values */
	WHY_KIND_CNT,
};

/* "proved", as in JSON; never NULL. */
const char *why_kind_name(uint32_t kind);

/*
 * After a rejection: fills the result's events (oldest first), cause, class and way out, from the steps of the
 * path (tale.h) where they were recorded, else from its history. Best effort: without memory there are fewer.
 */
void why_record(struct env *env);

#endif
