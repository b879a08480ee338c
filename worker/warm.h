/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_WORKER_WARM_H
#define BPFGATE_WORKER_WARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bgv_target;

/*
 * What a judge does while no job is there: a process that was just forked owns no page yet, and to
 * fault them in one by one costs more than most verifications. Nothing here depends on a client.
 */
struct warm {
	const struct bgv_target *target;	/* NULL: the code is not warmed */
	uint8_t *heap;				/* borrowed: the block to be touched */
	size_t heap_bytes, touched;
	bool ran;
};

/* A little of it, some 10 us. False: all is done, there is nothing left but to wait. */
bool warm_step(struct warm *warm);
/* A job is there: nothing more will be touched. */
void warm_done(struct warm *warm);

#endif
