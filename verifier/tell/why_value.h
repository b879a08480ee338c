/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_VALUE_H
#define VERIFIER_WHY_VALUE_H

#include "verifier/tell/why_text.h"

/* Where the value in w->origin comes from, with what it is, as an event. */
void why_tell_origin(struct why *w);
/* By the origin told before: why a pointer is void, or a value only a number, as cause and way out. */
void why_cause_lost(struct why *w, const char *name);
void why_cause_number(struct why *w, const char *name);
/* Pointers that may be NULL. */
void why_tell_null(struct why *w);

#endif
