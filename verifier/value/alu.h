/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_VERIFIER_ALU_H
#define BPFGATE_VERIFIER_ALU_H

#include "verifier/value/val.h"

/*
 * Operators on scalars: pure functions of values. `op` is the kernel's BPF_OP code (BPF_ADD,
 * BPF_MUL, ...), `alu32` says class BPF_ALU. Results are synced; those that return bool also
 * settle: false says that the result contradicted itself and was reset (with
 * BPF_F_TEST_REG_INVARIANTS: EFAULT).
 */

/*
 * *dst = *dst op *src. div and mod, signed or not, and shifts by other than a fitting constant give
 * an unknown value of 64 bits for both widths, as in the kernel. BPF_NEG ignores src. src may be
 * dst.
 */
bool alu_apply(const struct behave *bh, uint8_t op, bool alu32, struct val *dst,
	       const struct val *src);

enum alu_swap { ALU_TO_LE, ALU_TO_BE, ALU_BSWAP };
/* The END instruction on a little-endian machine; bits is 16, 32 or 64. */
bool alu_end(const struct behave *bh, enum alu_swap how, uint32_t bits, struct val *dst);

/*
 * Must `dst op= src` be stepped twice, because it is and/or by a constant of a dst that is -1 or 0?
 * Then *ret_zero is dst in the copy that waits and *ret_ones dst in the path that goes on.
 */
bool alu_forks(const struct behave *bh, uint8_t op, const struct val *dst, const struct val *src,
	       struct val *ret_zero, struct val *ret_ones);

/*
 * Variable part of pointer + scalar (op BPF_ADD) or pointer - scalar (BPF_SUB). Pointers have no
 * 32-bit knowledge of their own. Synced, not settled: the caller checks the offset first.
 */
void alu_pointer(const struct behave *bh, uint8_t op, struct val *ptr, const struct val *scalar);

/* Do the 64-bit pairs contradict themselves? Pointer arithmetic then gives an unknown scalar. */
bool alu_scalar_is_bad(const struct val *scalar);

/* A linked scalar: *v is the refined value of another holder and becomes that plus delta; zext: the
 * link of *v was made by a 32-bit add. */
void alu_linked(const struct behave *bh, struct val *v, int64_t delta, bool zext);

/* ---- knowledge from outside; synced ---- */

/*
 * Inside [low, high] in the signed pairs of both widths (return values of LSM hooks:
 * __mark_reg_s32_range).
 */
bool alu_clamp_s32(const struct behave *bh, struct val *v, int32_t low, int32_t high);
/* All pairs set to [0, max], which fits s32. */
bool alu_set_upto(const struct behave *bh, struct val *v, uint32_t max);

#endif
