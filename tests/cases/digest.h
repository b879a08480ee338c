/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CASES_DIGEST_H
#define TESTS_CASES_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "verifier/bpfgate-verifier.h"

/*
 * A number that stands for all that a verification did: what the graph passes found, every
 * register, slot, held object and mark at every instruction of the walk, in order, and the answer
 * with its counts and explanation. Two verifications have the same one only when they went the same
 * way. Not in it: time and memory.
 */
struct digest {
	uint64_t hash;
	unsigned long looks; /* instructions walked */
};

void digest_bytes(struct digest *d, const void *data, size_t bytes);
void digest_text(struct digest *d, const char *text); /* NULL is fine */

/* Verifies, adding to d; the answer is the caller's to bgv_result_done(). 0 or -ENOMEM. */
int digest_verify(struct digest *d, const struct bgv_target *target, const struct bgv_program *prog,
		  const struct bgv_options *opt, struct bgv_result *ret_result);

#endif
