/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_FASTCALL_H
#define VERIFIER_FASTCALL_H

#include "verifier/state/env.h"

/* mark_fastcall_patterns(). 0 or negative. */
int fastcall_mark(struct env *env);
/* After the walk: spills that the kernel removes no longer count for the depth. */
void fastcall_shrink_stacks(struct env *env);

#endif
