/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_MATH_H
#define VERIFIER_WHY_MATH_H

#include "verifier/tell/why_text.h"

/* Arithmetic with pointers. */
void why_tell_pointer_math(struct why *w);
void why_tell_moved(struct why *w);
void why_tell_mixed(struct why *w);

#endif
