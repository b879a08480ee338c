/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_STACK_H
#define VERIFIER_WHY_STACK_H

#include "verifier/tell/why_text.h"

/* The stack's bytes. */
void why_tell_uninit(struct why *w);
void why_tell_stack(struct why *w);

#endif
