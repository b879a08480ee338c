/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_INSNTEXT_H
#define VERIFIER_INSNTEXT_H

#include <stddef.h>

#include "verifier/state/env.h"

#define INSNTEXT_BYTES 256

/*
 * Instruction idx of the program as the kernel's log has it, "(b7) r0 = 0", without a newline. Addresses of maps and of
 * variables, which the kernel would show in its log, are 0x0.
 */
void insntext(const struct env *env, uint32_t idx, char ret_text[INSNTEXT_BYTES]);

#endif
