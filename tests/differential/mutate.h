/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_MUTATE_H
#define BPFGATE_TESTS_DIFFERENTIAL_MUTATE_H

#include "tests/differential/program.h"

/*
 * Changes p a little: fields of instructions to edges, neighbours and close relatives, instructions left out, doubled,
 * moved and put in, pieces of `other` (another program, read only), helpers exchanged, flags. How much and where comes
 * from *rng alone; every eighth program is left as it is.
 */
void mutate(struct program *p, const struct bgv_program *other, uint64_t *rng);

#endif
