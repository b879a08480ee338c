/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_ATTACH_H
#define VERIFIER_ATTACH_H

#include <stdbool.h>

struct env;

/* May sleepable programs attach to the LSM hook (its name without "bpf_lsm_")? */
bool attach_lsm_hook_sleeps(const struct env *env, const char *hook);

#endif
