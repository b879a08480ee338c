/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CTX_H
#define VERIFIER_CTX_H

#include "verifier/env.h"

/*
 * Access to a context that BTF describes (tracing, LSM, struct_ops): the whole of btf_ctx_access()
 * and what the program type adds, and the result register. Implemented in btfctx.c.
 */
int btfctx_access(struct env *env, const struct memop *op);

/*
 * BTF id of a kernel struct in the target's vmlinux; negative: unsupported was recorded, because
 * no BTF was given or it lacks the struct.
 */
int ctx_btf_struct(struct env *env, const char *name);

/* Does the attach target (LSM hook, struct_ops member) return void? */
bool btfctx_hook_is_void(const struct env *env);

/*
 * The return value of a struct_ops member that returns a pointer to a kernel object: 1 it is fine,
 * 0 not such a member or a number (then the range counts), negative refused.
 */
int btfctx_check_ret(struct env *env, uint32_t regno);

#endif
