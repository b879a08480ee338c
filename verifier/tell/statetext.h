/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_STATETEXT_H
#define VERIFIER_STATETEXT_H

#include "verifier/state/env.h"

/* Text that grows to a limit: what has no room any more is left out. */
struct statetext {
	char bytes[8192];
	size_t used;
};

/* What is shown of a frame. */
struct statetext_frame {
	uint32_t frameno;
	bool in_callback, in_async_callback;
	uint8_t slot_cnt;
	uint16_t prec_r;
	uint64_t prec_s;
	struct reg r[ENV_REGS];
	struct slot s[ENV_SLOTS];
};

/* A copy of frame `frameno` of the current state. */
void statetext_copy(const struct env *env, uint32_t frameno, struct statetext_frame *ret_frame);

/*
 * Appends the registers and slots of the masks that hold something, what is held, and a newline, as a kernel's log has
 * them after "0:".
 */
void statetext_add(struct env *env, const struct statetext_frame *frame, uint16_t regs, uint64_t slots,
		   struct statetext *text);

/* Appends text. */
void statetext_say(struct statetext *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
