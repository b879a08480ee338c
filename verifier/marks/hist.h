/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HIST_H
#define VERIFIER_HIST_H

#include "verifier/state/env.h"

/* Puts the instruction being stepped into the path's history, or adds to its entry. */
int hist_push(struct env *env, uint32_t flags, uint64_t linked);
int hist_push_stack(struct env *env, uint32_t frame, uint32_t spi);	/* a spill or fill */

#endif
