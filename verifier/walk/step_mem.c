/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores of instructions, and what one instruction may be used for: kinds of pointers whose loads the kernel
 * rewrites cannot share it.
 */
#include "verifier/walk/step_mem.h"

#include "verifier/access/mem.h"
#include "verifier/access/memop.h"
#include "verifier/access/regcheck.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/verdict.h"
#include "verifier/walk/step_alu.h"

/* Kinds whose loads the kernel rewrites: one instruction cannot serve two of them. */
static bool is_rewritten(uint32_t type)
{
	switch (type & REG_BASE_MASK) {
	case REG_CTX:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
	case REG_ARENA:
		return true;
	case REG_BTF_ID:
		return true;
	case REG_MEM:
		return type & REG_F_UNTRUSTED;
	default:
		return false;
	}
}

static bool is_object(const struct env *env, uint32_t type)
{
	return (type & REG_BASE_MASK) == REG_BTF_ID ||
	       ((type & REG_BASE_MASK) == REG_MEM && env->beh->arg_untrusted);
}

static bool may_fault(uint32_t type)
{
	return type == REG_BTF_ID || (type & REG_F_UNTRUSTED);
}

/*
 * An object whose loads may fault meets memory: 6.18 takes the load for one of memory, and only read-only, untrusted
 * memory has its faults handled.
 */
static bool loses_faults(uint32_t type, uint32_t was)
{
	uint32_t flags = (type | was) & (REG_F_UNTRUSTED | REG_F_RDONLY);
	bool mem = (type & REG_BASE_MASK) == REG_MEM || (was & REG_BASE_MASK) == REG_MEM;

	return mem && (may_fault(type) || may_fault(was)) && flags != (REG_F_UNTRUSTED | REG_F_RDONLY);
}

/* Of two kinds of pointer: what the load is taken for, with its faults handled where either may have them. */
static uint32_t merged_type(uint32_t type, uint32_t was)
{
	bool mem = (type & REG_BASE_MASK) == REG_MEM || (was & REG_BASE_MASK) == REG_MEM;
	uint32_t base = mem ? REG_MEM : REG_BTF_ID;

	if (may_fault(type) || may_fault(was))
		return base | REG_F_UNTRUSTED | (mem ? REG_F_RDONLY : 0);
	return base | ((type | was) & REG_F_RDONLY);
}

int step_note_ptr_type(struct env *env, uint32_t type, bool trust_mismatch_ok)
{
	struct insn_aux *aux = env_aux(env);
	uint32_t was = aux->ptr_type;

	if (!was) {
		aux->ptr_type = type;
		return 0;
	}
	if (type == was || (!is_rewritten(type) && !is_rewritten(was)))
		return 0;
	if (trust_mismatch_ok && is_object(env, type) && is_object(env, was) && env->beh->merge_keeps_faults) {
		aux->ptr_type = merged_type(type, was);
		return 0;
	}
	if (trust_mismatch_ok && is_object(env, type) && is_object(env, was)) {
		if (loses_faults(type, was))
			return verdict_reject(env, EINVAL, CODE_PTR_MIXED,
					      "same insn loads from an object that may not be there and from memory");
		/* the less trusted use decides: its faults are handled */
		aux->ptr_type = ((type & REG_BASE_MASK) == REG_MEM ? type : was) & REG_BASE_MASK;
		aux->ptr_type |= (type | was) & (REG_F_UNTRUSTED | REG_F_RDONLY);
		return 0;
	}
	return verdict_reject(env, EINVAL, CODE_PTR_MIXED,
			      "same insn cannot be used with different pointers");
}

/* Before 6.18 no instruction loads from an arena with its sign and has its faults handled. */
int step_check_rewrites(struct env *env)
{
	for (uint32_t i = 0; i < env->insn_cnt && !env->beh->arena_sext; i += insn_len(&env->insns[i]))
		if ((env->aux[i].ptr_type & REG_BASE_MASK) == REG_ARENA &&
		    BPF_CLASS(env->insns[i].code) == BPF_LDX && BPF_MODE(env->insns[i].code) == INSN_MEMSX)
			return verdict_reject_at(env, i, EOPNOTSUPP, CODE_ARENA_SEXT,
						 "sign extending loads from arena are not supported yet");
	return 0;
}

int step_load(struct env *env, const struct bpf_insn *i, bool strict_once)
{
	struct memop op = { .insn_idx = env->insn_idx, .regno = i->src_reg, .off = i->off,
			    .size = insn_bytes(i), .access = ACCESS_READ,
			    .value_regno = i->dst_reg, .strict_once = strict_once,
			    .sext = BPF_CLASS(i->code) == BPF_LDX && BPF_MODE(i->code) == INSN_MEMSX };
	uint32_t type;
	struct reg *v;
	int r = regcheck_read(env, i->src_reg);

	if (r >= 0)
		r = regcheck_write_nomark(env, i->dst_reg);
	if (r < 0)
		return r;
	type = env_regs(env)[i->src_reg].type;
	r = mem_access(env, &op);
	if (r >= 0)
		r = step_note_ptr_type(env, type, true);
	if (r < 0)
		return r;
	v = &env_regs(env)[i->dst_reg];
	return reg_is_scalar(v) ? step_settle(env, val_settle(env->beh, &v->v)) : 0;
}

int step_store(struct env *env, const struct bpf_insn *i, bool strict_once)
{
	struct memop op = { .insn_idx = env->insn_idx, .regno = i->dst_reg, .off = i->off,
			    .size = insn_bytes(i), .access = ACCESS_WRITE,
			    .value_regno = BPF_CLASS(i->code) == BPF_STX ? i->src_reg : -1,
			    .strict_once = strict_once };
	uint32_t type;
	int r = 0;

	if (op.value_regno >= 0)
		r = regcheck_read(env, i->src_reg);
	if (r >= 0)
		r = regcheck_read(env, i->dst_reg);
	if (r < 0)
		return r;
	type = env_regs(env)[i->dst_reg].type;
	r = mem_access(env, &op);
	return r < 0 ? r : step_note_ptr_type(env, type, false);
}
