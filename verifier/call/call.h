/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CALL_H
#define VERIFIER_CALL_H

#include "verifier/state/env.h"

/* BPF_PSEUDO_CALL at insn_idx. CALL_THROWS: it is a global function that may throw, the path on which it does */
#define CALL_THROWS 1
int call_subprog(struct env *env, uint32_t insn_idx);
/*
 * set_callee fills the callee's r1-r5 from the caller's (set_map_elem_callback_state & co.):
 * 0 or negative. callee is private; caller is the calling frame.
 */
typedef int (*call_set_callee)(struct env *env, struct frame *caller, struct frame *callee,
			       uint32_t insn_idx);
/* push_callback_call(): pending state in the callback; async by is_async. */
int call_push_callback(struct env *env, uint32_t insn_idx, uint32_t subprog, bool is_async,
		       bool async_sleepable, call_set_callee set_callee);
/* clear_caller_saved_regs(): r0-r5 (r1-r5 of a fastcall-like kfunc: by the caller) not initialised. */
void call_clear_caller_saved(struct env *env);

/* prepare_func_exit() */
int call_exit(struct env *env);
/* Frame 0 of an exploration: arguments of main or of a global function. */
int call_enter_root(struct env *env, uint32_t subprog);

#endif
