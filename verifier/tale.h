/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_TALE_H
#define VERIFIER_TALE_H

#include "verifier/env.h"

#define TALE_BYTES_MAX (64u << 20) /* of the steps of all paths: about a quarter of a million */

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

#endif
