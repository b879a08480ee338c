/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNC_SPECIAL_H
#define VERIFIER_KFUNC_SPECIAL_H

#include "verifier/call/kfunc.h"

/*
 * What happens before the arguments are looked at: a trap, the path on which a lock was not taken.
 */
int kfunc_before_args(struct env *env, const struct kfunc_meta *m, uint32_t insn_idx);

/*
 * Locks, RCU, preemption, callbacks, ownership: what the call does beside its result.
 */
int kfunc_apply_effects(struct env *env, struct kfunc_meta *m, uint32_t insn_idx);

/* Is the program inside the less() callback of bpf_rbtree_add? */
bool kfunc_in_rbtree_callback(const struct env *env);
/* An own object that is held now without owning it, while the lock is. */
int kfunc_set_non_owning(struct env *env, struct reg *r);

#endif
