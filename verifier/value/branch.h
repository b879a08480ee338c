/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_VERIFIER_BRANCH_H
#define BPFGATE_VERIFIER_BRANCH_H

#include "verifier/value/val.h"

/*
 * Conditional jumps between scalars. `op` is BPF_JEQ .. BPF_JSLE as in the instruction, `jmp32`
 * says class BPF_JMP32; an immediate operand is val_known(imm, sign-extended).
 */

enum branch_taken { BRANCH_UNKNOWN = -1, BRANCH_NO = 0, BRANCH_YES = 1 };

/* Is the jump decided by what is known? (is_scalar_branch_taken) */
enum branch_taken branch_predict(const struct behave *bh, uint8_t op, bool jmp32,
				 const struct val *dst, const struct val *src);

/*
 * Narrows *dst and *src by what `taken` (BRANCH_YES, BRANCH_NO) teaches about an undecided jump
 * (reg_set_min_max, one branch). For `x op x` pass the same pointer twice. Synced and settled:
 * false says that an operand contradicted itself and was reset. An immediate is passed as a scratch
 * value.
 */
bool branch_refine(const struct behave *bh, uint8_t op, bool jmp32, enum branch_taken taken,
		   struct val *dst, struct val *src);

/* The operator with its operands exchanged (a < b is b > a). */
uint8_t branch_flip(uint8_t op);

/* v op v, of one register, on kernels that decide it (branch_same_reg). */
enum branch_taken branch_predict_same(uint8_t op, bool jmp32, const struct val *v);

#endif
