/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CFG_H
#define VERIFIER_CFG_H

#include "verifier/state/env.h"

/* check_cfg(), and a postorder of the instructions. 0 or negative. */
int cfg_check(struct env *env);

#endif
