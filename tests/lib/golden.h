/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sweep over many inputs found, line by line, beside what a person once looked at and kept.
 * A line that differs is shown with its number; GOLDEN_WRITE=1 in the environment writes the file
 * anew, to be read with `git diff`.
 */
#ifndef BPFGATE_TESTS_LIB_GOLDEN_H
#define BPFGATE_TESTS_LIB_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct golden;

/* name: the file, from the top of the sources. Aborts the test when memory is out. */
struct golden *golden_begin(const char *name);
/* A line; its newline is added. */
__attribute__((format(printf, 2, 3))) void golden_line(struct golden *golden, const char *form,
						       ...);
/* Frees it. true: all lines are those of the file; else the first that differ were printed. */
bool golden_end(struct golden *golden);

/* Folds bytes into a sum that starts as GOLDEN_SUM: where a line of them would be too long. */
#define GOLDEN_SUM 0xcbf29ce484222325u
uint64_t golden_fold(uint64_t sum, const void *bytes, size_t n);
uint64_t golden_fold_u64(uint64_t sum, uint64_t value);

#endif
