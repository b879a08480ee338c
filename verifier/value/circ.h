/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CIRC_H
#define VERIFIER_CIRC_H

#include "verifier/value/val.h"

/*
 * The deductions of kernels that keep one circular range a width (bounds_circular): val_sync() for these. The
 * unsigned and the signed pair are its two views, so that what is stored is an arc's shadow: an arc that holds both
 * the sign's and the unsigned border is stored as full, which is looser than the kernel's and never tighter.
 * A value without members comes out with ul > uh.
 */
void circ_sync(const struct behave *bh, struct val *v);

/* Does it have no member, by one of its ranges? (range_bounds_violation) */
bool circ_is_empty(const struct val *v);

#endif
