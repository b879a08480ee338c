/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real programs to mutate: those of text cases, and bundles recorded from a kernel, each made fit for the target
 * kernel (BTF ids by name, map sizes within a guest's means).
 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_POOL_H
#define BPFGATE_TESTS_DIFFERENTIAL_POOL_H

#include "object/bundle.h"
#include "tests/lib/casenames.h"

struct pool_base {
	uint8_t *bytes;		/* the bundle as it goes into a batch */
	size_t bytes_cnt;
	struct bundle *bundle;
};

struct pool {
	struct pool_base *bases;
	uint32_t cnt, room;
	uint32_t left_out;	/* too large, or naming what the target lacks */
};

/* Adds a file's cases, names resolved by the target's. 0, -EINVAL, -ENOMEM. */
int pool_add_cases(struct pool *pool, const char *path, struct casenames *names);

/* Adds a bundle whose BTF ids are those of `recorded`; NULL: of the target itself. 0 or -errno. */
int pool_add_bundle(struct pool *pool, const char *path, const struct btf *recorded, struct casenames *names);

/* Adds this program, as it is. 0 or -errno. */
int pool_add(struct pool *pool, const struct bgv_program *prog, const char *source);
void pool_done(struct pool *pool);

#endif
