/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PATCH_H
#define VERIFIER_PATCH_H

#include "verifier/kernel/profile.h"
#include "verifier/request.h"

/* A request of which the program, its maps or the kernel are changed as its assumptions say. Too
 * large for a stack. */
struct patch {
	struct request q;
	struct bgv_program prog;
	struct bgv_target target;
	struct bgv_map *maps;
	struct bpf_insn *insns;
};

/* *ret_patch is heap memory of the caller's, and borrows from q. 0, or -ENOMEM. */
int patch_new(const struct request *q, struct patch **ret_patch);
void patch_free(struct patch *patch);

#endif
