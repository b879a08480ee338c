/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_LOAD_H
#define VERIFIER_LOAD_H

#include "verifier/state/env.h"

/* Instructions, maps, counts. 0 or negative. */
int load_copy_program(struct env *env);
/* resolve_pseudo_ldimm64(), opcodes */
int load_resolve_ldimm64(struct env *env);

#endif
