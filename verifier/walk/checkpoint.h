/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CHECKPOINT_H
#define VERIFIER_CHECKPOINT_H

#include "verifier/state/env.h"

/* Look-up at a prune point: 1: something equal was proved safe; 0: go on; negative. */
int checkpoint_visit(struct env *env);
/* The current state's parent becomes a copy of it that no look-up finds: it collects read marks for a watcher. */
int checkpoint_for_watch(struct env *env);
/* One path less from st and, when none is left, from its ancestors. */
int checkpoint_path_done(struct env *env, struct state *st);
/* No stored state is found any more: another function begins. */
void checkpoint_forget_all(struct env *env);

#endif
