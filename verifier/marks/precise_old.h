/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PRECISE_OLD_H
#define VERIFIER_PRECISE_OLD_H

#include "verifier/state/env.h"

/* The engine of 6.1: precise.h has what each does. */
int precise_mark_reg_old(struct env *env, uint32_t frame, uint32_t regno);
int precise_mark_slot_old(struct env *env, uint32_t frame, uint32_t spi);
int precise_propagate_old(struct env *env, const struct state *old);

#endif
