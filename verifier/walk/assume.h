/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_ASSUME_H
#define VERIFIER_ASSUME_H

#include "verifier/state/env.h"

enum assume_kind {
	ASSUME_NOTHING,
	/* of the state before the instruction */
	ASSUME_NOT_NULL,	/* if (!r) return; */
	ASSUME_PACKET,		/* if (r + n > data_end) return; */
	ASSUME_AT_MOST,		/* if (r > n) return; unsigned. Of a constant: it is n */
	ASSUME_AT_LEAST,	/* if (r < n) return; unsigned */
	ASSUME_ZERO,		/* r was set to 0 */
	ASSUME_NUMBER,		/* r is a number from n to m, signed */
	ASSUME_UNMOVED,		/* r points to the start of what it points into */
	ASSUME_TRUSTED,		/* r is a trusted pointer to what it points to */
	ASSUME_MEMORY,		/* r points to n bytes of memory that were written */
	ASSUME_CONTEXT,		/* r is the program's context */
	ASSUME_MAP,		/* r is the map n */
	ASSUME_OBJECT,		/* r is a trusted pointer to the struct m of BTF n (0: vmlinux) */
	ASSUME_RELEASED,	/* all references held were released */
	ASSUME_WRITTEN,		/* frame regno's stack: at r10 + low half of n, high half of n bytes, was written */
	ASSUME_LEFT,		/* all locks were given back, all sections left */
	/* instead of the instruction */
	ASSUME_SKIPPED,		/* it is not there: what it sets is any number */
	ASSUME_LATE,		/* it releases what instruction n acquired: at the program's end instead, where it is held still */
	/* around the instruction */
	ASSUME_OUTSIDE,		/* what is held was given back before it, and is taken again after it */
	ASSUME_ENDS,		/* the program returns after it */
	ASSUME_KEPT,		/* no call makes pointers into the packet void: they were read and checked again */
	/* of the program (patch.h) */
	ASSUME_FLIPPED,		/* the jump's branches are exchanged */
	ASSUME_STATIC,		/* the function of the instruction is no global one */
	ASSUME_LICENSE,		/* it is under the GPL */
	ASSUME_SLEEPABLE,
	ASSUME_TYPE,		/* its type is n */
	ASSUME_MODE,		/* enum bgv_mode n, with CAP_PERFMON */
	ASSUME_KERNEL,		/* it is judged by the rules of profile n */
	ASSUME_MAP_TYPE,	/* the map m is of type n */
	ASSUME_MAP_VALUE,	/* values of the map m have n bytes */
	ASSUME_MAP_WRITABLE,	/* programs may write to the map m, and read it */
	ASSUME_KIND_CNT,
};

/*
 * A way out of a rejection on the abstract program: as if this stood before the instruction. To be tried, and
 * to look for further problems after the first.
 */
struct assume {
	enum assume_kind kind;
	uint32_t insn_idx, regno;
	uint64_t n, m;
};

#define ASSUME_MAX 16	/* of all problems that are told of together */

#define ASSUME_TOGETHER 4
#define PROPOSAL_MAX	12

/* What together would mend one rejection. */
struct proposal {
	uint32_t cnt;
	struct assume a[ASSUME_TOGETHER];
	bool goes_on;	/* it mends nothing: as if the instruction were not there, to see what else there is */
	bool whole;	/* it counts only when nothing else is refused */
	char text[160];	/* the way out in words; "": what the result has */
};

/* To be tried one after the other. */
struct proposals {
	uint32_t cnt;
	struct proposal p[PROPOSAL_MAX];
};

/* Of the functions, before the walk. */
void assume_begin(struct env *env);
/* Applies what is assumed of the current instruction. 0 or negative (verdict recorded). */
int assume_before(struct env *env);
/* In the place of step_insn(). */
int assume_step(struct env *env);

#endif
