/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_ASSUME_H
#define VERIFIER_ASSUME_H

#include "verifier/state/env.h"

enum assume_kind {
	ASSUME_NOTHING,
	ASSUME_NOT_NULL,	/* if (!r) return; */
	ASSUME_PACKET,		/* if (r + n > data_end) return; */
	ASSUME_AT_MOST,		/* if (r > n) return; unsigned */
	ASSUME_AT_LEAST,	/* if (r < n) return; unsigned */
	ASSUME_ZERO,		/* r was set to 0 */
	ASSUME_RELEASED,	/* all references held were released */
	ASSUME_WRITTEN,		/* frame regno's stack: at r10 + low half of n, high half of n bytes, was written */
	ASSUME_LEFT,		/* all locks were given back, all sections left */
};

/*
 * A way out of a rejection on the abstract program: as if this stood before the instruction. To be tried, and
 * to look for further problems behind the first.
 */
struct assume {
	enum assume_kind kind;
	uint32_t insn_idx, regno;
	uint64_t n;
};

#define ASSUME_MAX 4

/* Applies what is assumed of the current instruction. 0 or negative (verdict recorded). */
int assume_apply(struct env *env, const struct assume *assumes, uint32_t cnt);

#endif
