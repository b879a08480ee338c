/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_ARG_H
#define VERIFIER_WHY_ARG_H

#include "verifier/tell/why_text.h"

/* Arguments of calls: what is passed, and what is taken. */
void why_tell_argument(struct why *w);

#endif
