/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_ATTACH_PROG_H
#define VERIFIER_ATTACH_PROG_H

#include "verifier/btf/btf.h"
#include "verifier/state/env.h"

/*
 * The attach pass of a program that attaches to another one (attach_prog): fentry and fexit of its
 * functions, and extensions that replace one. Fills env->att; 0 or rejected.
 */
int attach_prog_check(struct env *env);

/* btf number by which btf_of() knows the target program's BTF. */
static inline uint32_t attach_prog_btf(const struct env *env)
{
	return env->prog->btf_cnt + 1;
}

#endif
