/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_VERIFIER_ALU_H
#define BPFGATE_VERIFIER_ALU_H

#include "verifier/val.h"

/*
 * Operators on scalars, as pure functions of handles. `op` is the kernel's BPF_OP code (BPF_ADD,
 * BPF_MUL, ...), `alu32` says BPF_ALU. Results are synced and settled; a contradiction is noted in
 * the pool (vals_take_contradiction).
 */

/* dst op src. div and mod (signed or not): unknown; shifts by other than a fitting constant: unknown. */
uint32_t alu_binary(struct vals *vals, uint8_t op, bool alu32, uint32_t dst, uint32_t src);
uint32_t alu_neg(struct vals *vals, bool alu32, uint32_t dst);

enum alu_swap { ALU_TO_LE, ALU_TO_BE, ALU_BSWAP };
/* The END instruction on x86: bits is 16, 32 or 64. */
uint32_t alu_end(struct vals *vals, enum alu_swap how, uint32_t bits, uint32_t dst);

/* w = w: zero-extended low half. */
uint32_t alu_mov32(struct vals *vals, uint32_t src);
/* movsx: from_bytes is 1, 2 or 4; alu32 extends to 32 bits and zero-extends. */
uint32_t alu_movsx(struct vals *vals, bool alu32, uint32_t from_bytes, uint32_t src);

/*
 * A value cut to `bytes` (1, 2, 4; 8: unchanged), as loads and spills do (coerce_reg_to_size), or
 * sign-extended from them (coerce_reg_to_size_sx). Loads begin with VAL_UNKNOWN.
 */
uint32_t alu_truncate(struct vals *vals, uint32_t bytes, uint32_t src);
uint32_t alu_sign_extend(struct vals *vals, uint32_t bytes, uint32_t src);

/*
 * Must `dst op= src` (and, or; src a constant) be stepped twice, because dst is one of -1 and 0?
 * Then *ret_zero is dst in the copy that waits and *ret_ones dst in the path that goes on.
 */
bool alu_forks(struct vals *vals, uint8_t op, uint32_t dst, uint32_t src,
	       uint32_t *ret_zero, uint32_t *ret_ones);

/* Variable part of pointer + scalar (op BPF_ADD) or pointer - scalar (BPF_SUB): no 32-bit knowledge. */
uint32_t alu_pointer(struct vals *vals, uint8_t op, uint32_t ptr, uint32_t scalar);
/* Are the scalar's 64-bit pairs contradictory (the pointer arithmetic then gives an unknown scalar)? */
bool alu_scalar_is_bad(const struct vals *vals, uint32_t scalar);

/* A linked scalar: the refined value plus delta; `zext` when the link was made by a 32-bit add. */
uint32_t alu_linked(struct vals *vals, uint32_t known, int32_t delta, bool zext);

/*
 * Knowledge from outside: the value lies in the given pair as well. Synced and settled.
 * val ∩ s64 range with the s32 pair set to the same (return ranges), as the kernel does for
 * __mark_reg_s32_range; and ∩ [0, max] in all pairs (sizes, cpu numbers).
 */
uint32_t alu_clamp_s32(struct vals *vals, uint32_t src, int32_t low, int32_t high);
/* The pairs of a helper's bounded result replaced: s = [low, high], rest from src (do_refine_retval_range). */
uint32_t alu_result_range(struct vals *vals, uint32_t src, int64_t low, int64_t high);
uint32_t alu_result_upto(struct vals *vals, uint32_t src, uint64_t max);

#endif
