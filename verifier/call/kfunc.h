/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNC_H
#define VERIFIER_KFUNC_H

#include "verifier/btf/btf.h"
#include "verifier/btf/btfrec.h"
#include "verifier/state/env.h"
#include "verifier/access/iter.h"
#include "verifier/access/dynptr.h"

/* What the arguments of one call told. */
struct kfunc_meta {
	const struct kfunc *k;
	uint32_t release_regno, ref;
	bool owning;			/* refcount_acquire was given an owning reference */
	bool has_const;
	uint64_t constant;		/* of the one constant or size argument */
	uint64_t ret_bytes;
	bool ret_rdonly;
	uint32_t subprog;		/* callback */
	uint32_t arg_btf, arg_btf_id;	/* the own object passed */
	uint32_t ret_btf_id;		/* cast_to_kern_ctx */
	const struct btf_member_field *root;	/* list head or tree root */
	uint32_t dynptr_id;
	struct dynptr_origin dynptr_from;
	enum dynptr_type dynptr_type;
	uint32_t iter_frame, iter_spi;
	bool iter_rcu;
	uint32_t map, map_uid;
};

static inline bool kfunc_ret_null(const struct kfunc_meta *m)
{
	return (m->k->flags & KF_NULL) && !(KF_IS(m->k, bpf_refcount_acquire_impl) && m->owning);
}

/* The kfunc call at an instruction. 0 or negative. */
int kfunc_call(struct env *env, uint32_t insn_idx);

#endif
