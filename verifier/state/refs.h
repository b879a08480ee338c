/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REFS_H
#define VERIFIER_REFS_H

#include "verifier/state/env.h"

void refs_get_set(struct heldset *set);			/* NULL is fine */
void refs_put_set(struct env *env, struct heldset *set);

#endif
