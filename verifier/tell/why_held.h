/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_HELD_H
#define VERIFIER_WHY_HELD_H

#include "verifier/tell/why_text.h"

/* References that are held, and sections and locks that the path is in. */
void why_tell_leak(struct why *w);
void why_tell_section(struct why *w);

#endif
