/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this library cannot judge yet: each of these ends the verification as unsupported, with the
 * reason. A function leaves this file when its own file has it.
 */
#include "verifier/dynptr.h"
#include "verifier/insn.h"
#include "verifier/kptr.h"
#include "verifier/lock.h"

#define ABSENT(decl, what) decl { return verdict_unsupported(env, what); }

/* btfptr.c */
ABSENT(int btfptr_check_subprog_arg(struct env *env, uint32_t regno, const struct subprog_arg *arg),
       "BTF argument of a global function")

/* dynptr.c */
ABSENT(int dynptr_check_arg(struct env *env, uint32_t regno, uint32_t insn_idx, uint32_t arg_type,
			    uint32_t clone_ref), "dynptr argument")
ABSENT(int dynptr_check_release(struct env *env, uint32_t regno), "dynptr release")
ABSENT(int dynptr_release_arg(struct env *env, uint32_t regno), "dynptr release")
ABSENT(int dynptr_facts(struct env *env, uint32_t regno, uint32_t *ret_id, uint32_t *ret_ref,
			enum dynptr_type *ret_type), "dynptr")
int dynptr_destroy_slot(struct env *env, struct frame *f, uint32_t spi)
{
	if (stack_slot(f, spi)->byte[7] != SLOT_DYNPTR)
		return 0;
	return verdict_unsupported(env, "overwriting a dynptr");
}
void dynptr_set_arg(struct env *env, struct reg *r, uint32_t dynptr_type)
{
	reg_set_ptr(r, REG_DYNPTR);
	r->dynptr_type = dynptr_type;
	r->id = env_new_id(env);
}

/* kptr.c */
ABSENT(int kptr_check_match(struct env *env, const struct btf_member_field *field, uint32_t regno),
       "kptr")
ABSENT(int kptr_check_slot_arg(struct env *env, uint32_t regno, struct call_meta *meta), "kptr")
ABSENT(int kptr_map_access(struct env *env, const struct memop *op,
			   const struct btf_member_field *field), "kptr")

/* lock.c */
ABSENT(int lock_spin_arg(struct env *env, uint32_t regno, bool is_lock, uint32_t flags),
       "spin lock")
bool lock_allows_call(struct env *env, const struct bpf_insn *insn)
{
	return insn->src_reg == BPF_PSEUDO_CALL ||
	       (insn->src_reg == 0 && insn->imm == BPF_FUNC_spin_unlock);
}
bool env_in_sleepable(const struct env *env) { return env->cur && env->cur->in_sleepable; }
bool env_in_rcu(const struct env *env)
{
	return env->cur->rcu_locks || env->cur->active_locks || !env_in_sleepable(env);
}

/* kfunc.c */
ABSENT(int kfunc_add(struct env *env, uint32_t insn_idx), "kfunc")
ABSENT(int kfunc_call(struct env *env, uint32_t insn_idx), "kfunc")
void kfunc_facts(const struct env *env, const struct bpf_insn *insn, struct call_facts *ret) {}
