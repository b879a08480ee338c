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

#endif
