/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_TALE_H
#define VERIFIER_TALE_H

#include "verifier/state/env.h"

#define TALE_BYTES_MAX (64u << 20) /* of the steps of all paths: about a quarter of a million */

/* What a path held at a step: references, locks and sections. */
struct tale_held {
	uint32_t locks, preempt, rcu, irq;	/* as in struct state */
	uint32_t cnt;
	struct held h[];
};

/* The stack of a frame; its pages are not written any more. NULL: four untouched slots. */
struct tale_stack {
	const struct page *pg[ENV_PAGES];
};

/*
 * What the top frame held before one instruction of a path. Steps of one path are a chain, shared by the
 * paths that part from it. A register whose value did not change is the same pointer as one step before,
 * so that "where was it made" is a walk that compares pointers. Lives in the env's pool.
 */
struct tale {
	const struct tale *older;	/* one instruction before; NULL: the path begins here */
	const struct tale *caller;	/* newest of the frame below, the call; NULL: none */
	uint32_t insn_idx;
	uint32_t frameno;
	const struct tale_held *held;	/* never NULL; the same pointer while nothing changes */
	const struct tale_stack *stack;	/* of the frame; never NULL; likewise */
	const struct reg *r[ENV_REGS];
};

/* What is kept of all paths; NULL in env: nobody asks. */
struct tales {
	size_t bytes_left;
	bool lost;			/* there was no room for all: no chain is whole */
	uint32_t *visits;		/* one an instruction: how often it was stepped */
};

/*
 * For an explanation: from here on each step is recorded, in at most `bytes` of the pool. Best effort:
 * without memory nothing is.
 */
void tale_begin(struct env *env, size_t bytes);
/* The current instruction is about to be stepped. */
void tale_record(struct env *env);

/* The step before this one in the same call of the same function; NULL: it was entered here. */
const struct tale *tale_before(const struct tale *t);
/*
 * The newest step, older than t in its function, whose instruction gave the register the value it has
 * before t; NULL: the function was entered with it.
 */
const struct tale *tale_maker(const struct tale *t, uint32_t regno);

/* Slot spi of the step's frame, as in env.h; never NULL. */
const struct slot *tale_slot(const struct tale *t, uint32_t spi);
/* The newest step, older than t in its function, whose instruction changed that slot; NULL: none. */
const struct tale *tale_slot_maker(const struct tale *t, uint32_t spi);
/* The newest step of frame frameno of the path, at or before t; NULL: there is none now. */
const struct tale *tale_of_frame(const struct tale *t, uint32_t frameno);

#endif
