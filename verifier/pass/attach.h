/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_ATTACH_H
#define VERIFIER_ATTACH_H

#include "verifier/state/env.h"

/* attach pass: targets, struct_ops, LSM, sleepable */
int attach_check(struct env *env);

#endif
