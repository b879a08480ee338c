/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_CASEFUNCS_H
#define TESTS_LIB_CASEFUNCS_H

#include <stdbool.h>

#include "verifier/bpfgate-verifier.h"

#define CASEFUNCS_MAX 16

/* "static int f(void)", and a func info record for each function: what callbacks must have. */
struct casefuncs {
	unsigned char btf[128];
	struct bgv_blob blob;
	struct { uint32_t insn_off, type_id; } records[CASEFUNCS_MAX];
};

/* Fills cf and lets prog use it; functions begin where calls and function references point. false: too many. */
bool casefuncs_describe(struct casefuncs *cf, struct bgv_program *prog);

#endif
