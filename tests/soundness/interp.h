/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reference interpreter for programs of the differential grammar: concrete registers, real memory in known
 * regions, every access checked. It knows nothing of the verifier, so that what the verifier lets through is
 * judged by what it does.
 */
#ifndef BPFGATE_TESTS_SOUNDNESS_INTERP_H
#define BPFGATE_TESTS_SOUNDNESS_INTERP_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/differential/gen.h"

#define INTERP_STACK_BYTES 512
#define INTERP_FRAMES	   8
#define INTERP_PACKET_MAX  256
#define INTERP_STEPS_MAX   4000000u

enum interp_outcome {
	INTERP_DONE,	    /* exit of the main function */
	INTERP_BAD_ACCESS,  /* outside of every region, or a write where none is allowed */
	INTERP_BAD_INSN,    /* an opcode, helper or jump that no accepted program may reach */
	INTERP_RUNAWAY,	    /* INTERP_STEPS_MAX instructions without an exit */
	INTERP_UNCOVERED,   /* the observer found no abstract state that holds this one */
};

extern const char *const interp_outcome_names[];

struct interp_frame {
	uint64_t saved[5];	/* r6-r10 of the caller */
	uint32_t return_to;
	uint32_t loop_start, loop_cnt, loop_done;	/* of a bpf_loop callback: function, rounds; else loop_cnt is 0 */
	uint64_t loop_ctx;
	uint8_t stack[INTERP_STACK_BYTES] __attribute__((aligned(8)));
};

struct interp {
	const struct gen_program *program;
	uint64_t reg[11];
	uint32_t insn_idx, depth, steps;
	struct interp_frame frame[INTERP_FRAMES];
	uint8_t ctx[192] __attribute__((aligned(8)));
	uint8_t packet[INTERP_PACKET_MAX] __attribute__((aligned(8)));
	uint32_t packet_bytes;
	uint8_t values[GEN_MAP_CNT][16][64] __attribute__((aligned(8)));
	uint8_t record[64] __attribute__((aligned(8)));	/* of the ring buffer; one at a time */
	bool gave_up;	/* a loop too long for a test: the run ends, and says nothing */
	uint64_t rng;
	/* Called before each instruction when set; false ends the run as uncovered. */
	bool (*observe)(void *observer, const struct interp *interp);
	void *observer;
};

/* Fills ctx, packet, map values and the helpers' answers from the seed and runs the program to its end. */
enum interp_outcome interp_run(struct interp *interp, const struct gen_program *program, uint64_t seed);

#endif
