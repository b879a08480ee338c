/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PENDING_H
#define VERIFIER_PENDING_H

#include "verifier/state/env.h"

/*
 * A pending copy of the current state that will go on at insn_idx. The caller may change its top
 * frame and fields until the next step. Owned by the env. NULL: the verdict is recorded
 * (over 8192 pending: err_if_full, EFAULT or ENOMEM).
 */
struct state *pending_push(struct env *env, uint32_t insn_idx, uint32_t prev_insn_idx,
			   bool speculative, int err_if_full);
/* A pending root state for an async callback in subprog; its frame 0 regs are not initialised. */
struct state *pending_push_async(struct env *env, uint32_t insn_idx, uint32_t subprog,
				 bool sleepable);
/* The newest pending state becomes the current one. False: there is none. */
bool pending_pop(struct env *env);

#endif
