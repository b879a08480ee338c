/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_RET_H
#define VERIFIER_HELPER_RET_H

#include "verifier/access/memop.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/state/env.h"

/* What the call leaves: r0, references, ranges. */
int helper_ret_set(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
		   struct call_meta *meta);

#endif
