/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_LOCK_H
#define VERIFIER_LOCK_H

#include "verifier/state/env.h"

enum { IRQ_NATIVE = 1, IRQ_LOCK };	/* struct reg.irq_class */

#define LOCK_RES	(1u << 0)	/* bpf_res_spin_lock */
#define LOCK_IRQ	(1u << 1)	/* its irqsave form */

/*
 * bpf_spin_lock / bpf_spin_unlock of the lock regs[regno] points to (process_spin_lock); flags:
 * LOCK_*.
 */
int lock_spin_arg(struct env *env, uint32_t regno, bool is_lock, uint32_t flags);

/* bpf_local_irq_save and restore: the flag's stack slot (process_irq_flag). */
int lock_irq_arg(struct env *env, uint32_t regno, bool is_save, uint32_t irq_class);

/* What opens and closes a section: 0, or a rejection where they do not nest on this kernel, or none is open. */
int lock_rcu_enter(struct env *env);
int lock_rcu_leave(struct env *env);
int lock_preempt_enter(struct env *env);
int lock_preempt_leave(struct env *env);

/* May this call be made while a bpf_spin_lock is held? */
bool lock_allows_call(struct env *env, const struct bpf_insn *insn);
/* Rejects inside a section that forbids sleeping; what: that wants to. 0 or negative. */
int lock_check_sleepable(struct env *env, const char *what);

#endif
