/* SPDX-License-Identifier: Apache-2.0 */
/* What libbpf puts in the place of a thing that the kernel lacks, explained as that thing. */
#ifndef BPFGATE_CLIENT_CHECK_MISSING_H
#define BPFGATE_CLIENT_CHECK_MISSING_H

#include "client/check/check_target.h"
#include "client/check/needs.h"

/*
 * Where a rejection's instruction is such a stand-in, the result says what is missing and on which kernel, instead of
 * what the verifier thinks of the stand-in; else nothing changes.
 */
void check_missing_explain(const struct needs *needs, const struct check_kernel *kernel,
			   const struct bgv_program *prog, struct bgv_result *result);

#endif
