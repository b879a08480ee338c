/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNCS_H
#define VERIFIER_KFUNCS_H

#include "verifier/state/env.h"

/* add_kfunc_call(): resolves the call at an instruction, at the functions pass; rejects bad ids. */
int kfunc_add(struct env *env, uint32_t insn_idx);
/* of fixup_kfunc_call: a call without an id that was stepped all the same */
int kfunc_check_missing(struct env *env);

#endif
