/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_CASEBTF_H
#define TESTS_LIB_CASEBTF_H

#include <stdint.h>
#include <stddef.h>

#include "tests/lib/asm.h"
#include "verifier/bpfgate-verifier.h"

/*
 * BTF of a case's own functions, from its `struct` and `func` lines (tests/cases/README.md). Types are made as they are
 * named; a struct that was not declared is empty. Everything about the text is checked, nothing about its sense:
 * what a verifier thinks of it is the case's subject.
 */
struct case_btf;

/* struct NAME BYTES [TYPE@OFFSET[:TAG]]... Members are named m1, m2 and so on. */
int casebtf_struct(struct case_btf **btf, int argc, char **argv, const char **ret_error);

/* func LABEL static|global RET [ARG[:TAG...]]... Functions in the order of the program. */
int casebtf_func(struct case_btf **btf, int argc, char **argv, const char **ret_error);

/* tag LABEL TEXT: a declaration tag on a function told before. */
int casebtf_tag(struct case_btf *btf, int argc, char **argv, const char **ret_error);

/* The map's value is that struct, its key a u32; before casebtf_attach(). -EINVAL: no such struct, another key. */
int casebtf_map(struct case_btf *btf, const char *value, struct bgv_map *map);

/*
 * Gives the program its BTF and func_info, which live as long as *btf. All functions must be labels of the program.
 * Without functions only maps have it. NULL does nothing. 0, -EINVAL with *ret_error (static text or a label), -ENOMEM.
 */
int casebtf_attach(struct case_btf *btf, const struct asm_out *as, struct bgv_program *prog, const char **ret_error);

void casebtf_free(struct case_btf *btf);

#endif
