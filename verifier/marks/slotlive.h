/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_SLOTLIVE_H
#define VERIFIER_SLOTLIVE_H

#include "verifier/state/env.h"

/* Before the walk; 0 or undecided for memory. */
int slotlive_init(struct env *env);
/* Around each step: what it surely writes is collected, then joined with earlier visits. */
int slotlive_step_begin(struct env *env, uint32_t insn_idx);
int slotlive_step_end(struct env *env);
/* The current state's call chain changed (a static call): marks go to another instance. */
void slotlive_leave_instance(struct env *env);
/* At a path's end and a function's exit: solves the changed instances of the current chain. */
int slotlive_update(struct env *env);
/* Slots of each frame of st that may still be read; masks for frames [0, curframe]. */
int slotlive_query(struct env *env, const struct state *st, uint64_t *ret_alive);

/* Accesses of the stack; slots: a mask, bit spi. */
int slotlive_read(struct env *env, uint32_t frameno, uint64_t slots);
void slotlive_write(struct env *env, uint32_t frameno, uint64_t slots);

#endif
