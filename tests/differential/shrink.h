/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_SHRINK_H
#define BPFGATE_TESTS_DIFFERENTIAL_SHRINK_H

#include "tests/differential/batch.h"
#include "tests/differential/judge.h"

/* A program with its difference; shrinking replaces program by smaller ones with the same difference. */
struct shrinking {
	struct program program;
	struct answer kernel;
	enum difference class;
	int our_err;
	bool done;
};

/*
 * Shrinks all of them together, a few guests one after another: `ask FILE` is a command that puts a batch before the
 * kernel and prints its lines. Bases are those of batch. 0 or -errno.
 */
int shrink_all(const struct bgv_target *target, const char *version, const struct batch *batch, const char *ask,
	       struct shrinking *items, uint32_t cnt);

#endif
