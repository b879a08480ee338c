/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_DEPTH_H
#define VERIFIER_DEPTH_H

#include "verifier/state/env.h"

/* check_max_stack_depth(), after the walk. 0 or negative. */
int depth_check(struct env *env);

#endif
