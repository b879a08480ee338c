/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_WHY_OBJECT_H
#define VERIFIER_WHY_OBJECT_H

#include "verifier/tell/why_text.h"

/* Objects on the stack: dynptrs, iterators, irq flags. */
void why_tell_object(struct why *w);

#endif
