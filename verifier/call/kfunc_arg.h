/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNC_ARG_H
#define VERIFIER_KFUNC_ARG_H

#include "verifier/call/kfunc.h"
#include "verifier/state/verdict.h"

/* Shared by the files that check arguments of kernel functions. */

/* What an argument must be. */
enum kfarg {
	KFARG_NULL, KFARG_CTX, KFARG_ALLOC, KFARG_REFCOUNTED, KFARG_DYNPTR, KFARG_ITER,
	KFARG_LIST_HEAD, KFARG_LIST_NODE, KFARG_RB_ROOT, KFARG_RB_NODE, KFARG_STRING, KFARG_MAP,
	KFARG_CONST_MAP, KFARG_TIMER, KFARG_WQ, KFARG_TASK_WORK, KFARG_IRQ_FLAG, KFARG_RES_LOCK,
	KFARG_OBJECT, KFARG_CALLBACK, KFARG_MEM, KFARG_MEM_SIZE, KFARG_CNT,
};

/* One argument being checked. */
struct karg {
	struct env *env;
	struct kfunc_meta *m;
	uint32_t insn_idx, i, regno;
	const struct btf_param *param;
	const char *name;		/* of the parameter */
	const struct btf_type *ref;	/* what a pointer points to, behind modifiers */
	uint32_t ref_id;
	enum kfarg kind;
};

static inline struct reg *reg_of(const struct karg *a)
{
	return &env_regs(a->env)[a->regno];
}

/* Rejects with what is wrong with the argument. */
static inline int kfarg_bad(const struct karg *a, int err, const char *what)
{
	return verdict_reject(a->env, err, CODE_KFUNC_ARG, "arg#%u %s (kernel function %s)", a->i,
			      what, a->m->k->name);
}

/* The arguments, by the prototype in the kernel's BTF; what they told goes into m. 0 or negative. */
int kfunc_check_args(struct env *env, struct kfunc_meta *m, uint32_t insn_idx);
/* Is every member of the struct a number, or a struct of such, four levels deep at most? */
bool kfunc_is_scalar_struct(const struct btf_view *view, const struct btf_type *t);

#endif
