/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_CASETEXT_H
#define BPFGATE_TESTS_DIFFERENTIAL_CASETEXT_H

#include <stdio.h>

#include "tests/differential/judge.h"
#include "tests/lib/casenames.h"

/*
 * Prints a program as a text case (tests/cases/README.md) that expects what the kernel said. What a case cannot hold
 * (BTF of its own) is said in a comment. names: of the target.
 */
void casetext_print(FILE *out, const struct program *p, const struct bgv_program *base, const char *version,
		    const struct answer *kernel, const struct casenames *names);

#endif
