/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_LIVE_H
#define VERIFIER_LIVE_H

#include "verifier/state/env.h"

/* compute_live_registers(). 0 or negative. */
int live_compute(struct env *env);

#endif
