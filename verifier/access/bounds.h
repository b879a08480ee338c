/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BOUNDS_H
#define VERIFIER_BOUNDS_H

#include "verifier/state/env.h"

/*
 * How far the pointer may be from its object's start. Where kernels keep constants apart (offsets_apart) that is its
 * variable part, and 0 is returned; elsewhere the sum with its constant part, which is returned.
 */
int32_t bounds_whole_offset(const struct env *env, const struct reg *r, struct val *ret);
/* check_mem_region_access(): [off + smin, off + umax + size) within mem_size. */
int bounds_check(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		     uint32_t mem_size, bool zero_ok);
/* __check_mem_access(): fixed offset only. */
int bounds_check_fixed(struct env *env, uint32_t regno, int32_t off, uint32_t size,
		    uint32_t mem_size, bool zero_ok);
/* check_ptr_off_reg(): fixed_ok false: offset 0 and no variable part. */
int bounds_check_off(struct env *env, const struct reg *r, uint32_t regno, bool fixed_ok);
/* check_func_arg_reg_off(): arg_flags of the argument type. */
int bounds_check_arg_off(struct env *env, const struct reg *r, uint32_t regno, uint32_t arg_type);

#endif
