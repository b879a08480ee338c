/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BACKTRACK_H
#define VERIFIER_BACKTRACK_H

#include "verifier/state/env.h"

/* Which scalars are wanted precise, per frame, while walking back over a path. */
struct backtrack {
	uint32_t frame;
	bool lost;		/* the walk went as the kernel's, in a frame that is not the wishes' */
	uint16_t reg[ENV_FRAMES_MAX];
	uint64_t slot[ENV_FRAMES_MAX];
};

/* Moves the wishes back over instruction idx. 0; ENOTSUPP: only the hammer helps; negative: bug. */
int backtrack_insn(struct env *env, struct backtrack *bt, uint32_t idx, int64_t subseq_idx,
		   const struct hist *hist);

#endif
