/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Atomic instructions: read-modify-write as a read check and a write check without a value;
 * load-acquire and store-release as a load and a store of the same kinds of memory.
 */
#include "verifier/walk/step_atomic.h"

#include "verifier/access/mem.h"
#include "verifier/access/memop.h"
#include "verifier/access/regcheck.h"
#include "verifier/kernel/insn.h"
#include "verifier/state/verdict.h"
#include "verifier/walk/step_mem.h"

static bool base_fits(const struct env *env, uint32_t regno)
{
	switch (reg_base(&env_regs(env)[regno])) {
	case REG_CTX:
	case REG_PKT:
	case REG_PKT_META:
	case REG_FLOW_KEYS:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		return false;
	default:
		return true;
	}
}

/* x86 has no code for these in an arena, where the faults of an instruction are handled. */
static bool arena_lacks(const struct env *env, const struct bpf_insn *i)
{
	return reg_base(&env_regs(env)[i->dst_reg]) == REG_ARENA &&
	       (i->imm == (BPF_AND | BPF_FETCH) || i->imm == (BPF_OR | BPF_FETCH) ||
		i->imm == (BPF_XOR | BPF_FETCH));
}

/* A plain load from there is made one whose faults are handled; an acquiring one is not, and would stop the kernel. */
static bool may_fault(const struct reg *r)
{
	return r->type == REG_BTF_ID || (r->type & REG_F_UNTRUSTED);
}

static int unfit_base(struct env *env, uint32_t regno, const char *what)
{
	return verdict_reject(env, EACCES, CODE_ATOMIC_KIND, "BPF_ATOMIC %s R%u %s is not allowed", what,
			      regno, reg_type_name(&env_regs(env)[regno]));
}

static int step_acquire(struct env *env, const struct bpf_insn *i)
{
	int r = regcheck_read(env, i->src_reg);

	if (r < 0)
		return r;
	if (!base_fits(env, i->src_reg) || may_fault(&env_regs(env)[i->src_reg]))
		return unfit_base(env, i->src_reg, "loads from");
	return step_load(env, i, true);
}

static int step_release(struct env *env, const struct bpf_insn *i)
{
	int r = regcheck_read(env, i->dst_reg);

	if (r < 0)
		return r;
	if (!base_fits(env, i->dst_reg))
		return unfit_base(env, i->dst_reg, "stores into");
	return step_store(env, i, true);
}

static int check_rmw_regs(struct env *env, const struct bpf_insn *i)
{
	int r = regcheck_read(env, i->src_reg);

	if (r >= 0)
		r = regcheck_read(env, i->dst_reg);
	if (r >= 0 && i->imm == BPF_CMPXCHG)
		r = regcheck_read(env, 0);
	if (r < 0)
		return r;
	if (i->imm == BPF_CMPXCHG && mem_is_leak(env, 0))
		return verdict_reject(env, EACCES, CODE_PTR_LEAK, "R0 leaks addr into mem");
	if (mem_is_leak(env, i->src_reg))
		return verdict_reject(env, EACCES, CODE_PTR_LEAK, "R%u leaks addr into mem", i->src_reg);
	if (!base_fits(env, i->dst_reg) || arena_lacks(env, i))
		return unfit_base(env, i->dst_reg, "stores into");
	return 0;
}

static int step_rmw(struct env *env, const struct bpf_insn *i)
{
	struct memop op = { .insn_idx = env->insn_idx, .regno = i->dst_reg, .off = i->off,
			    .size = insn_bytes(i), .access = ACCESS_READ, .value_regno = -1,
			    .strict_once = true };
	uint32_t type;
	int load = i->imm == BPF_CMPXCHG ? 0 : (i->imm & BPF_FETCH) ? i->src_reg : -1;
	int r;

	if (op.size < 4)
		return verdict_reject(env, EINVAL, CODE_ATOMIC_SIZE, "invalid atomic operand size");
	r = check_rmw_regs(env, i);
	if (r >= 0 && load >= 0)
		r = regcheck_write(env, (uint32_t)load);
	if (r >= 0)
		r = mem_access(env, &op);
	if (r >= 0 && load >= 0) {
		op.value_regno = load;
		r = mem_access(env, &op);
	}
	type = env_regs(env)[i->dst_reg].type;
	if (r >= 0 && env->beh->loop_entries) /* 6.12 alone in this order */
		r = step_note_ptr_type(env, type, false);
	if (r < 0)
		return r;
	op.access = ACCESS_WRITE;
	op.value_regno = -1;
	r = mem_access(env, &op);
	return r < 0 || env->beh->loop_entries ? r : step_note_ptr_type(env, type, false);
}

int step_atomic(struct env *env, const struct bpf_insn *i)
{
	switch (i->imm) {
	case BPF_ADD:
	case BPF_ADD | BPF_FETCH:
	case BPF_AND:
	case BPF_AND | BPF_FETCH:
	case BPF_OR:
	case BPF_OR | BPF_FETCH:
	case BPF_XOR:
	case BPF_XOR | BPF_FETCH:
	case BPF_XCHG:
	case BPF_CMPXCHG:
		return step_rmw(env, i);
	case INSN_LOAD_ACQ:
		if (env->beh->load_acquire)
			return step_acquire(env, i);
		break;
	case INSN_STORE_REL:
		if (env->beh->load_acquire)
			return step_release(env, i);
		break;
	default:
		break;
	}
	return verdict_reject(env, EINVAL, CODE_ATOMIC_OP, "BPF_ATOMIC uses invalid atomic opcode %02x",
			      (unsigned int)i->imm);
}
