/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of the differential grammar with a beginning of our own: values that depend on the way taken, kept in
 * registers and slots over many prune points, callbacks that change a slot of their caller. What pruning and loops
 * that converge must not mix up is rare in the grammar, and frequent here.
 */
#ifndef BPFGATE_TESTS_SOUNDNESS_SHAPES_H
#define BPFGATE_TESTS_SOUNDNESS_SHAPES_H

#include "tests/differential/gen.h"
#include "verifier/bpfgate-verifier.h"

/* The seed's program: gen_make()'s, every other one with such a beginning. Deterministic. */
void shapes_make(uint64_t seed, struct gen_program *ret_program);

/* Callbacks want BTF: a record a function, all of one type. */
#define SHAPES_FUNCS_MAX 32
struct shapes_info {
	struct bpf_func_info func[SHAPES_FUNCS_MAX];
	struct bgv_blob btf;
};

/* Fills *info and lets prog point to it; nothing when the program has no callbacks. */
void shapes_attach_info(const struct gen_program *program, struct shapes_info *info, struct bgv_program *prog);

#endif
