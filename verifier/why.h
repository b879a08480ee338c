/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_H
#define VERIFIER_WHY_H

#include "verifier/env.h"

/* struct bgv_event.kind */
enum why_kind {
	WHY_NEEDED,	/* the refused instruction: what it needed, what was proved */
	WHY_PROVED,	/* the check that proved what is proved */
	WHY_LOST,	/* what took the knowledge away */
	WHY_BRANCH,	/* a jump of the path: needed is 1 when it was taken */
	WHY_CALL,	/* where the value came from */
	WHY_KIND_CNT,
};

const char *why_kind_name(uint32_t kind);

/*
 * After a rejection on a path: fills the result's events, oldest first, from the path's history.
 * Best effort: without memory there are fewer events.
 */
void why_record(struct env *env);

#endif
