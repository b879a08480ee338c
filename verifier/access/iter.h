/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_ITER_H
#define VERIFIER_ITER_H

#include "verifier/state/env.h"

enum iter_call { ITER_NONE, ITER_NEW, ITER_NEXT, ITER_DESTROY };

/*
 * The iterator argument regs[regno] of such a kfunc (process_iter_arg); (btf, id): the iterator's
 * struct.
 */
int iter_check_arg(struct env *env, uint32_t regno, uint32_t insn_idx, enum iter_call call,
		   uint32_t btf, uint32_t id, bool rcu_protected, uint32_t *ret_frame,
		   uint32_t *ret_spi);

/*
 * After the arguments of a next call: the drained path goes on, the active one waits
 * (process_iter_next_call).
 */
int iter_next(struct env *env, uint32_t insn_idx, uint32_t frame, uint32_t spi);

#endif
