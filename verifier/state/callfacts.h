/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CALLFACTS_H
#define VERIFIER_CALLFACTS_H

#include "verifier/state/program.h"

/* What a call instruction does (known is false for static calls). */
void call_facts_of(const struct env *env, const struct bpf_insn *insn, struct call_facts *ret);
/* The same of a helper by its number; unknown: all five arguments, nothing else. */
void call_facts_of_helper(const struct env *env, int32_t func_id, struct call_facts *ret);

#endif
