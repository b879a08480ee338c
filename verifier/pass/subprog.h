/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_SUBPROG_H
#define VERIFIER_SUBPROG_H

#include "verifier/state/env.h"

/* add_subprog_and_kfunc(): where functions start. 0 or negative. */
int subprog_find_all(struct env *env);
/* check_subprogs() */
int subprog_check_bounds(struct env *env);
/* of jit_subprogs(), after the walk */
int subprog_check_removed(struct env *env);

#endif
