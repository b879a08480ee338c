/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_DIVIDE_H
#define VERIFIER_DIVIDE_H

#include "verifier/value/val.h"

/* A division, or its remainder (mod), signed or not, on 64 bits or on the low half. */
struct divide {
	bool mod, alu32, is_signed;
};

/*
 * The quotient or remainder: *dst from dst's ranges where src is constant, else any number. Division by 0 gives
 * 0, and dst as remainder. As val_settle() answers. For kernels with div_by_const.
 */
bool divide_apply(const struct behave *bh, struct divide how, struct val *dst, const struct val *src);

#endif
