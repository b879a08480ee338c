/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_FASTCALL_H
#define VERIFIER_FASTCALL_H

#include "verifier/state/env.h"

/* A stack access at offset off of function f's frame: outside a pattern it ends them (contract). */
void fastcall_note_access(struct env *env, const struct frame *f, uint32_t insn_idx, int32_t off);
/* After the walk: spills that the kernel removes no longer count for the depth. */
void fastcall_shrink_stacks(struct env *env);

#endif
