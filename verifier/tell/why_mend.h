/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_MEND_H
#define VERIFIER_WHY_MEND_H

#include "verifier/tell/why_text.h"

/* By the origin told before: what would make the refused use a good one. */
void why_propose_use(struct why *w);
/* The refused call is left out, where the rest can do without what it gives. */
void why_propose_without_call(struct why *w);
/* May a step be left out, or would what it takes or gives back be missed? No: NULL. */
bool why_may_be_left_out(const struct why *w, const struct tale *t);
/* The argument w->regno of the refused call is what the callee takes. */
void why_propose_argument(struct why *w);
/* Does the value that a register holds before the step come of what is assumed? */
bool why_is_assumed(const struct env *env, const struct tale *t, uint32_t regno);

#endif
