/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CTX_H
#define VERIFIER_CTX_H

#include "verifier/access/memop.h"
#include "verifier/state/env.h"

/*
 * BTF id of a kernel struct in the target's vmlinux; negative: unsupported was recorded, because
 * no BTF was given or it lacks the struct.
 */
int ctx_btf_struct(struct env *env, const char *name);

/* The kernel uses this type's context as it is (no rewriting): by its fields' real offsets. */
bool ctx_is_unconverted(const struct env *env);

/*
 * The context, and the four kinds of sockets: checks the access; for loads with value_regno >= 0 also sets that register (unknown scalar or what
 * the kind gives). mem.c narrows scalars afterwards.
 */
int ctx_access(struct env *env, const struct memop *op);
int ctx_sock_access(struct env *env, const struct memop *op);
/* may_access_direct_pkt_data() of the program type; meta: the call asking, NULL: direct. */
bool ctx_may_access_pkt(struct env *env, const struct call_meta *meta, enum access access);
bool ctx_may_ld_abs(const struct env *env);	/* program types with skb */

#endif
