/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BTFPTR_H
#define VERIFIER_BTFPTR_H

#include "verifier/access/memop.h"
#include "verifier/btf/btf.h"
#include "verifier/state/env.h"

/*
 * Is an object of type (btf, id), at offset off in it, an object of type (want_btf, want_id):
 * itself, or (unless strict) the member that starts there? btf numbers as in struct reg.
 * (btf_struct_ids_match)
 */
bool btfptr_ids_match(struct env *env, uint32_t btf, uint32_t id, int32_t off, uint32_t want_btf,
		      uint32_t want_id, bool strict);

/* What a walk of `size` bytes at `off` inside a struct ends in. */
enum walk_end {
	WALK_SCALAR,
	WALK_PTR,
	WALK_STRUCT,
	WALK_OPAQUE,	/* a pointer to no struct; a number on kernels without untrusted memory */
};

struct walk {
	uint32_t btf, id;	/* WALK_PTR: the pointee; WALK_STRUCT: the struct */
	uint32_t flags; /* REG_F_USER, _PERCPU, _RCU by type tags, _UNTRUSTED for union members */
	const char *field;	/* name of the last member */
};

/*
 * Walks (btf, id) to the member that the access meets (btf_struct_walk). 0: enum walk_end; -EACCES,
 * -EINVAL, -EFAULT with a verdict recorded.
 */
int btfptr_walk(struct env *env, uint32_t btf, uint32_t id, int32_t off, uint32_t size,
		struct walk *ret_walk);

/*
 * regs[regno] := a kernel object (or what the flags say), maybe-null ones with a fresh id
 * (mark_btf_ld_reg).
 */
void btfptr_set_reg(struct env *env, uint32_t regno, uint32_t btf, uint32_t id, uint32_t flags);

/*
 * Is the register trusted enough for a kfunc that wants a valid pointer? (is_trusted_reg,
 * is_rcu_reg)
 */
bool btfptr_is_trusted(const struct env *env, const struct reg *r);
bool btfptr_is_rcu(const struct reg *r);

/* check_reg_type() of an ARG_BTF argument of a global function, and its offset. */
int btfptr_check_subprog_arg(struct env *env, uint32_t regno, const struct subprog_arg *arg);

/*
 * A kernel object, and a map itself by BTF: checks the access; for loads with value_regno >= 0 also sets that register (unknown scalar or what
 * the kind gives). mem.c narrows scalars afterwards.
 */
int btfptr_access(struct env *env, const struct memop *op);
int btfptr_map_access(struct env *env, const struct memop *op);

#endif
