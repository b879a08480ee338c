/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EXPLORE_H
#define VERIFIER_EXPLORE_H

#include "verifier/state/env.h"

/* The walk: main, then called global functions. 0 or negative. */
int explore_program(struct env *env);

#endif
