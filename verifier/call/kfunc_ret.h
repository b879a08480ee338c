/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNC_RET_H
#define VERIFIER_KFUNC_RET_H

#include "verifier/call/kfunc.h"

/* What the call leaves in r0, by its prototype and its own rules. 0 or negative. */
int kfunc_set_ret(struct env *env, struct kfunc_meta *m, uint32_t insn_idx);

#endif
