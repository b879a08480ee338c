/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_NUMBER_H
#define VERIFIER_WHY_NUMBER_H

#include "verifier/tell/why_text.h"

/* Numbers: what bounds a number has, which test gave them, and which does not count. */
void why_tell_offset(struct why *w);
void why_tell_size(struct why *w);
void why_tell_math(struct why *w);

#endif
