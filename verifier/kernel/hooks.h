/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_HOOKS_H
#define VERIFIER_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

/* What attach_hooks.def says of a function of the kernel. */
enum hook_fact {
	HOOK_SLEEPS = 1 << 0,		/* sleepable programs may attach */
	HOOK_DISABLED = 1 << 1,		/* no BPF program may */
	HOOK_UNTRUSTED = 1 << 2,	/* its objects are half made or half gone */
	HOOK_BOOL = 1 << 3,		/* returns 0 or 1 */
	HOOK_DENIED = 1 << 4,		/* no tracing: the trampoline itself calls it */
	HOOK_NORETURN = 1 << 5,		/* never returns: no fexit */
	HOOK_MODIFIABLE = 1 << 6,	/* fmod_ret may change its result */
	HOOK_SLEEPS_BDEV = 1 << 7,	/* may sleep from 7.3 on */
};

/* enum hook_fact of the function, 0: no row names it. */
uint32_t hooks_facts(const char *name);

/* May sleepable programs attach to the LSM hook (its name without "bpf_lsm_")? */
bool hooks_lsm_sleeps(const char *hook);

#endif
