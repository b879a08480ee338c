/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PRECHECK_H
#define VERIFIER_PRECHECK_H

#include "verifier/state/env.h"

/* Before all else: flags, attach type, capability. 0 or negative. */
int precheck_load(struct env *env);

#endif
