/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_MAKE_H
#define BPFGATE_TESTS_DIFFERENTIAL_MAKE_H

#include <stdio.h>

#include "tests/differential/pool.h"
#include "tests/differential/program.h"

/* Which programs numbers stand for: the same ones with the same pool and percentage. */
struct make {
	const struct bgv_target *target;
	const struct pool *pool;	/* base 0: the grammar's maps; then cases; then bundles */
	uint32_t case_cnt;		/* bases of cases */
	uint32_t mutant_percent;
	const uint32_t *kfuncs;		/* of the grammar; 0: the target lacks that one */
};

/* The program of a number; p->base is an index into the pool. */
void make_program(const struct make *make, uint64_t number, struct program *ret_program);

/*
 * Writes the batch of programs [first, first + cnt), those that are too long left out: they are named on stdout,
 * "ID long". 0 or -errno.
 */
int make_batch(const struct make *make, uint64_t first, uint64_t cnt, FILE *out);

/* Base 0 of the pool. 0 or -errno. */
int make_grammar_base(struct pool *pool);

static inline bool make_is_mutant(const struct make *make, uint64_t number)
{
	return number % 100 < make->mutant_percent;
}

#endif
