/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STEP_MEM_H
#define VERIFIER_STEP_MEM_H

#include "verifier/state/env.h"

/* The load or store at env->insn_idx; strict_once: it must be aligned whatever the flags say. 0 or negative. */
int step_load(struct env *env, const struct bpf_insn *insn, bool strict_once);
int step_store(struct env *env, const struct bpf_insn *insn, bool strict_once);
/* Remembers which kind of pointer an instruction dereferences: two kinds may not share one. */
int step_note_ptr_type(struct env *env, uint32_t type, bool trust_mismatch_ok);
/* of convert_ctx_accesses(), what may fail */
int step_check_rewrites(struct env *env);

#endif
