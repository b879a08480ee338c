/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BTFCTX_H
#define VERIFIER_BTFCTX_H

#include "verifier/access/memop.h"
#include "verifier/state/env.h"

/*
 * Contexts that are the arguments of a function known by BTF: tp_btf, iter, fentry, fexit, LSM,
 * struct_ops.
 */

/*
 * Access to argument slots (btf_ctx_access and the types' own rules); the base register's offset is
 * known to be constant, the slot is at op->off + its off. A load sets the result register.
 */
int btfctx_access(struct env *env, const struct memop *op);

/* Does the LSM hook or struct_ops member return nothing? */
bool btfctx_hook_is_void(const struct env *env);

/*
 * regs[regno] returned by a struct_ops member that returns a kernel pointer: 1 fits, 0 returns a
 * number, <0 rejected.
 */
int btfctx_check_ret(struct env *env, uint32_t regno);

#endif
