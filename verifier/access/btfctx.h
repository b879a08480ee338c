/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BTFCTX_H
#define VERIFIER_BTFCTX_H

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

/*
 * Is (view, id), behind modifiers, the context struct of the program type (btf_is_prog_ctx_type)?
 * Used for arguments of global functions and kfuncs.
 */
struct btf_view;
bool btfctx_is_ctx_type(struct env *env, const struct btf_view *view, uint32_t ptr_type_id,
			uint32_t arg);

/* The same question for programs of another type. */
bool btfctx_is_ctx_of(const struct env *env, uint32_t prog_type, const struct btf_view *view,
		      uint32_t ptr_type_id);

/*
 * The kernel's own struct behind a program type's context, in vmlinux; 0: none.
 * (get_kern_ctx_btf_id)
 */
uint32_t btfctx_kernel_ctx(const struct env *env, uint32_t prog_type);

/*
 * Does an argument with the tag arg:ctx have a type that may stand for the context? 0 or rejected.
 */
int btfctx_check_ctx_tag(struct env *env, const struct btf_view *view, uint32_t ptr_type_id,
			 uint32_t arg);

#endif
