/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EXPLORE_H
#define VERIFIER_EXPLORE_H

#include "verifier/state/env.h"

#define STEP_PATH_ENDS 1	/* step_insn(): this path is done */

/*
 * Checks and transfers the instruction at env->insn_idx; env->insn_idx becomes the next one.
 * 0, STEP_PATH_ENDS, or negative.
 */
int step_insn(struct env *env);

/* Look-up at a prune point: 1: something equal was proved safe; 0: go on; negative. (checkpoint.c) */
int checkpoint_visit(struct env *env);
/* The current state's parent becomes a copy of it that no look-up finds: it collects read marks for a watcher. */
int checkpoint_for_watch(struct env *env);
/* One path less from st and, when none is left, from its ancestors. */
int checkpoint_path_done(struct env *env, struct state *st);
void checkpoint_forget_all(struct env *env);

#endif
