/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BTFPROG_H
#define VERIFIER_BTFPROG_H

#include "verifier/btf/btf.h"
#include "verifier/state/env.h"

/*
 * First instruction of the exception callback that main's decl tag names
 * (bpf_find_exception_callback_ insn_off): 0: none is named. Negative: rejected.
 */
int btfprog_exception_callback(struct env *env);

/*
 * The kernel's type for a type of the program's BTF, by name and kind: its number in vmlinux.
 * -ENOENT, -ESRCH (ambiguous), -EOPNOTSUPP; no verdict is recorded. (btf_get_ptr_to_btf_id)
 */
int btfprog_kernel_type(struct env *env, const struct btf_view *view, uint32_t id);

int btfprog_check_early(struct env *env);	/* check_btf_info_early: records, func_info */
int btfprog_check(struct env *env);		/* line info, core_relo, func_info at starts */
/* Fills subprog->args (btf_prepare_func_args); 0 or negative. Cached. */
int btfprog_args(struct env *env, uint32_t subprog);
/* ld_imm64 of a BTF id: fills aux->var. imm: BTF id; btf: 0 vmlinux, else 1 + index. */
int btfprog_pseudo_btf_id(struct env *env, uint32_t insn_idx);

#endif
