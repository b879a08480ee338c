/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_LIFE_H
#define VERIFIER_WHY_LIFE_H

#include "verifier/tell/why_text.h"

/*
 * After the cause is told: what else became of the refused value, and of the number that was added to it (w->number),
 * on its way, and what the path took, gave back, entered and left. Events that stand aside, but for what was lost of a
 * bound, and for a variable's copy where the compiler's doing is the cause.
 */
void why_tell_life(struct why *w);

#endif
