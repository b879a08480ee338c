/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CTXTYPE_H
#define VERIFIER_CTXTYPE_H

#include "verifier/state/env.h"

/*
 * Is (view, id), behind modifiers, the context struct of the program type (btf_is_prog_ctx_type)?
 * Used for arguments of global functions and kfuncs.
 */
struct btf_view;
bool ctxtype_is_ours(struct env *env, const struct btf_view *view, uint32_t ptr_type_id,
			uint32_t arg);

/* The same question for programs of another type. */
bool ctxtype_is_of(const struct env *env, uint32_t prog_type, const struct btf_view *view,
		      uint32_t ptr_type_id);

/*
 * The kernel's own struct behind a program type's context, in vmlinux; 0: none.
 * (get_kern_ctx_btf_id)
 */
uint32_t ctxtype_kernel(const struct env *env, uint32_t prog_type);

/*
 * Does an argument with the tag arg:ctx have a type that may stand for the context? 0 or rejected.
 */
int ctxtype_check_tag(struct env *env, const struct btf_view *view, uint32_t ptr_type_id,
			 uint32_t arg);

#endif
