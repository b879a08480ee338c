/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HELPER_SPECIAL_H
#define VERIFIER_HELPER_SPECIAL_H

#include "verifier/access/memop.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/state/env.h"

/* What single helpers ask beside their prototype, after the arguments. */
int helper_special_check(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
			 struct call_meta *meta, bool *ret_changes_pkt);
/* The same after the result: map type, instruction pointer. */
int helper_special_after(struct env *env, const struct helper_proto *proto,
			 const struct call_meta *meta);

#endif
