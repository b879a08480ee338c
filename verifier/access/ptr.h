/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PTR_H
#define VERIFIER_PTR_H

#include "verifier/state/env.h"

/*
 * dst := ptr op off (ptr is dst's register or the other operand), where off is a scalar.
 * adjust_ptr_min_max_vals(). 0 or negative.
 */
int ptr_arith(struct env *env, const struct bpf_insn *insn, const struct reg *ptr,
	      const struct reg *off);
/* The operator's sign, for messages. */
const char *ptr_op_name(uint8_t op);

#endif
