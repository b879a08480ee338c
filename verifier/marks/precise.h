/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PRECISE_H
#define VERIFIER_PRECISE_H

#include "verifier/state/env.h"

/* Which scalars are wanted precise, per frame, while walking back over a path. */
struct backtrack {
	uint32_t frame;
	bool lost;		/* the walk went as the kernel's, in a frame that is not the wishes' */
	uint16_t reg[ENV_FRAMES_MAX];
	uint64_t slot[ENV_FRAMES_MAX];
};

/*
 * Marks from `old`, a stored state that `cur` equals, flow into cur's ancestors (propagate_precision).
 * *ret_changed (may be NULL) is set when a mark was new. 0 or negative.
 */
int precise_propagate(struct env *env, const struct state *old, struct state *cur,
		      bool *ret_changed);
/* The big hammer: all scalars of all ancestors of st. */
void precise_mark_all(struct state *st);

/*
 * One instruction back within st's part of the path; *h is the newest entry not yet passed, *cnt how
 * many there are. -ENOENT: at its first instruction.
 */
int64_t precise_prev_insn(const struct state *st, uint32_t idx, const struct hist **h,
			  uint32_t *cnt);

/* Moves the wishes back over instruction idx. 0; ENOTSUPP: only the hammer helps; negative: bug. */
int backtrack_insn(struct env *env, struct backtrack *bt, uint32_t idx, int64_t subseq_idx,
		   const struct hist *hist);

/* The engine of 6.1 (precise_old.c). */
int precise_mark_reg_old(struct env *env, uint32_t frame, uint32_t regno);
int precise_mark_slot_old(struct env *env, uint32_t frame, uint32_t spi);
int precise_propagate_old(struct env *env, const struct state *old);

#endif
