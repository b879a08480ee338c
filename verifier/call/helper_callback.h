/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_CALLBACK_H
#define VERIFIER_HELPER_CALLBACK_H

#include "verifier/access/memop.h"
#include "verifier/state/env.h"

/* The helpers that call back: the callback is entered, or waits. 0 or negative. */
int helper_callback_push(struct env *env, uint32_t id, uint32_t insn_idx,
			 const struct call_meta *meta);

#endif
