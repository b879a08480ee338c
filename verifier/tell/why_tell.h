/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_TELL_H
#define VERIFIER_WHY_TELL_H

#include "verifier/tell/why_text.h"

/* Adds the events, and where more is known than the diagnostic itself says, cause, class and way out. */
void why_tell(struct why *w);

#endif
