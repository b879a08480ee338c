/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of programs for a guest: bases (bundles, object/BUNDLE.md), each followed by programs made from it or from
 * earlier ones. Both halves read the same bytes, so both judge the same programs.
 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_BATCH_H
#define BPFGATE_TESTS_DIFFERENTIAL_BATCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "object/bundle.h"
#include "tests/differential/program.h"

/* Writing. 0 or -EIO. Bases are numbered from 0 in the order in which they are put. */
int batch_begin(FILE *file);
int batch_put_base(FILE *file, const uint8_t *bundle, size_t bytes);
int batch_put_program(FILE *file, const struct program *p);

struct batch;

/* Reading. -EBADMSG when the file is none, -ENOMEM, -errno. *ret_batch is the caller's. */
int batch_open(const char *path, struct batch **ret_batch);
void batch_free(struct batch *batch);

/* The next program into *ret_program: 1, or 0 at the end, or -EBADMSG, -ENOMEM. batch_rewind() begins again. */
int batch_next(struct batch *batch, struct program *ret_program);
void batch_rewind(struct batch *batch);

/* What a program's base is, and its bytes as they were put. NULL: no such base yet. */
const struct bgv_program *batch_base(const struct batch *batch, uint32_t base);
const uint8_t *batch_base_bytes(const struct batch *batch, uint32_t base, size_t *ret_bytes);
const char *batch_base_source(const struct batch *batch, uint32_t base);
uint32_t batch_base_cnt(const struct batch *batch);

static inline void batch_own_free(struct batch **batch)
{
	batch_free(*batch);
}
#define OWN_BATCH __attribute__((cleanup(batch_own_free)))

#endif
