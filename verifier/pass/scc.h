/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_SCC_H
#define VERIFIER_SCC_H

#include "verifier/state/env.h"

/* Which loop each instruction is in. 0 or negative. */
int scc_compute(struct env *env);

#endif
