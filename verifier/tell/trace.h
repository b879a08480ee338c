/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_TRACE_H
#define VERIFIER_TRACE_H

#include "verifier/state/env.h"

/*
 * From here to trace_end() the walk is written into the log as a kernel writes it at this log_level: at 1 the path that is being
 * walked, at 2 all that was. Best effort: without memory nothing is.
 */
void trace_begin(struct env *env, uint32_t log_level);
/* Gives back what the log needed; the log itself stays. */
void trace_end(struct env *env);

#endif
