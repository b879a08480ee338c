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

/* Does the struct_ops member return a kernel pointer? */
bool btfctx_returns_pointer(const struct env *env);

/* regs[regno] returned by such a member: 1 it is an object of that type which is held, 0 not, <0 rejected. */
int btfctx_check_ret(struct env *env, uint32_t regno);

/*
 * Arguments of a struct_ops member that the program is given with a reference of its own ("__ref" in
 * the kernel's stub): no function of the program may then call tails (0 or rejected) ...
 */
int btfctx_check_tail_calls(struct env *env);
/* ... and main begins with them held (env->att.arg_ref). 0, or negative: out of memory. */
int btfctx_acquire_args(struct env *env);

#endif
