/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REG_H
#define VERIFIER_REG_H

#include "verifier/state/env.h"

/* Constructors: they set every byte. */
void reg_set_not_init(struct reg *r);
void reg_set_unknown(struct reg *r);			/* any scalar */
void reg_set_known(struct reg *r, uint64_t value);	/* that scalar */
void reg_set_ptr(struct reg *r, uint32_t type);		/* pointer, off 0, variable part 0 */

/* regs[regno] of the top frame := unknown scalar / not initialised. */
void env_mark_unknown(struct env *env, uint32_t regno);
void env_mark_not_init(struct env *env, uint32_t regno);

#endif
