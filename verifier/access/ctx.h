/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CTX_H
#define VERIFIER_CTX_H

#include "verifier/state/env.h"

/*
 * BTF id of a kernel struct in the target's vmlinux; negative: unsupported was recorded, because
 * no BTF was given or it lacks the struct.
 */
int ctx_btf_struct(struct env *env, const char *name);

/* The kernel uses this type's context as it is (no rewriting): by its fields' real offsets. */
bool ctx_is_unconverted(const struct env *env);

#endif
