/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_VERIFIER_BRANCH_H
#define BPFGATE_VERIFIER_BRANCH_H

#include "verifier/val.h"

/*
 * Conditional jumps between scalars. `op` is BPF_JEQ .. BPF_JSLE as in the instruction, `jmp32` says
 * BPF_JMP32; an immediate operand is val_number(imm).
 */

enum branch_taken { BRANCH_UNKNOWN = -1, BRANCH_NO = 0, BRANCH_YES = 1 };

/* Is the jump decided by what is known? */
enum branch_taken branch_predict(struct vals *vals, uint8_t op, bool jmp32, uint32_t dst, uint32_t src);

struct branch_sides {
	uint32_t yes_dst, yes_src;	/* values where the jump is taken */
	uint32_t no_dst, no_src;	/* and where it falls through */
};

/*
 * What both branches of an undecided jump teach. `same` says that dst and src are one register.
 * With BPF_X of two ranges on a kernel that learns nothing, the values come back unchanged.
 */
void branch_refine(struct vals *vals, uint8_t op, bool jmp32, bool same, uint32_t dst, uint32_t src,
		   struct branch_sides *ret_sides);

/* The operator with its operands exchanged (a < b is b > a). */
uint8_t branch_flip(uint8_t op);

#endif
