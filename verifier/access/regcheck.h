/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REGCHECK_H
#define VERIFIER_REGCHECK_H

#include "verifier/state/env.h"

/* check_reg_arg(): readable / writable (not r10). Rejects EACCES. Write also forgets nothing. */
int regcheck_read(struct env *env, uint32_t regno);
int regcheck_write(struct env *env, uint32_t regno);		/* marks unknown */
int regcheck_write_nomark(struct env *env, uint32_t regno);

#endif
