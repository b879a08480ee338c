/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_COST_H
#define VERIFIER_WHY_COST_H

#include "verifier/tell/why_text.h"

/* Walks that are too long, stacks that are too deep. */
void why_tell_cost(struct why *w);
void why_tell_loop(struct why *w);
void why_tell_depth(struct why *w);

#endif
