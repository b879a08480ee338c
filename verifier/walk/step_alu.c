/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic instructions: their form, moves with links, pointers to ptr.c, and scalars to alu.c.
 * The reserved fields are checked here, when an instruction is stepped, as kernels up to 6.18 do.
 */
#include "verifier/walk/step_alu.h"

#include "verifier/access/mem.h"
#include "verifier/access/ptr.h"
#include "verifier/access/regcheck.h"
#include "verifier/access/spec.h"
#include "verifier/access/stack.h"
#include "verifier/kernel/insn.h"
#include "verifier/marks/precise.h"
#include "verifier/state/link.h"
#include "verifier/state/pending.h"
#include "verifier/state/reg.h"
#include "verifier/state/verdict.h"
#include "verifier/value/alu.h"
#include "verifier/value/divide.h"

static int reserved(struct env *env, const char *what)
{
	return verdict_reject(env, EINVAL, CODE_INSN_RESERVED, "%s uses reserved fields", what);
}

int step_settle(struct env *env, bool settled)
{
	if (settled || !env->test_reg_invariants)
		return 0;
	return verdict_reject(env, EFAULT, CODE_REG_INVARIANTS, "REG INVARIANTS VIOLATION");
}

static bool end_is_dirty(const struct bpf_insn *i)
{
	if (i->src_reg || i->off || (i->imm != 16 && i->imm != 32 && i->imm != 64))
		return true;
	return BPF_CLASS(i->code) == BPF_ALU64 && BPF_SRC(i->code) != BPF_TO_LE;
}

static int step_unary(struct env *env, const struct bpf_insn *i)
{
	struct reg *dst = &env_regs(env)[i->dst_reg];
	struct val zero;
	bool neg = BPF_OP(i->code) == BPF_NEG, settled;
	int r;

	if (neg && (BPF_SRC(i->code) != BPF_K || i->src_reg || i->off || i->imm))
		return reserved(env, "BPF_NEG");
	if (!neg && end_is_dirty(i))
		return reserved(env, "BPF_END");
	r = regcheck_read(env, i->dst_reg);
	if (r < 0)
		return r;
	if (mem_is_leak(env, i->dst_reg))
		return verdict_reject(env, EACCES, CODE_PTR_MATH, "R%u pointer arithmetic prohibited",
				      i->dst_reg);
	r = regcheck_write_nomark(env, i->dst_reg);
	if (r < 0)
		return r;
	if (!reg_is_scalar(dst)) {
		reg_set_unknown(dst);
		return 0;
	}
	link_drop(dst);
	if (neg) {
		val_known(&zero, 0);
		settled = alu_apply(env->beh, BPF_NEG, BPF_CLASS(i->code) == BPF_ALU, &dst->v, &zero);
	} else {
		settled = alu_end(env->beh, BPF_CLASS(i->code) == BPF_ALU64 ? ALU_BSWAP
					    : BPF_SRC(i->code) == BPF_TO_LE ? ALU_TO_LE : ALU_TO_BE,
				  (uint32_t)i->imm, &dst->v);
	}
	return step_settle(env, settled);
}

/* ---- moves --------------------------------------------------------------------------------------- */

static bool mov_is_dirty(struct env *env, const struct bpf_insn *i, int *ret_err)
{
	bool alu32 = BPF_CLASS(i->code) == BPF_ALU;

	*ret_err = 0;
	if (BPF_SRC(i->code) == BPF_K)
		return i->src_reg || i->off;
	if (i->off && !env->beh->isa_v4)
		return true;
	if (!alu32 && i->off == INSN_ADDR_CAST && env->beh->arena) {
		if (i->imm != 1 && i->imm != 1 << 16)
			*ret_err = verdict_reject(env, EINVAL, CODE_ADDR_CAST,
						  "addr_space_cast insn can only convert between address space 1 and 0");
		else if (!env->arena_map)
			*ret_err = verdict_reject(env, EINVAL, CODE_ADDR_CAST,
						  "addr_space_cast insn can only be used in a program that has an associated arena");
		return false;
	}
	if (i->imm || (i->off && i->off != 8 && i->off != 16 && !(i->off == 32 && !alu32)))
		return true;
	return false;
}

static void mov64(struct env *env, const struct bpf_insn *i, struct reg *dst, struct reg *src)
{
	bool plain;

	if (i->imm) {	/* address space cast */
		reg_set_unknown(dst);
		if (i->imm == 1)
			dst->type = REG_ARENA;
	} else if (i->off == 0) {
		link_before_copy(env, src);
		*dst = *src;
	} else if (!reg_is_scalar(src)) {
		reg_set_unknown(dst);
	} else {
		plain = src->v.uh < 1ull << (i->off - 1);
		if (plain)
			link_before_copy(env, src);
		*dst = *src;
		if (!plain)
			link_drop(dst);
		val_sext(env->beh, &dst->v, (uint32_t)i->off >> 3);
	}
}

static void mov32(struct env *env, const struct bpf_insn *i, struct reg *dst, struct reg *src)
{
	bool keep;

	if (!reg_is_scalar(src)) {
		reg_set_unknown(dst);
	} else {
		keep = i->off ? src->v.uh < 1ull << (i->off - 1) : stack_reg_width(src) <= 32;
		keep = keep && env->beh->link_narrow;
		if (keep)
			link_before_copy(env, src);
		*dst = *src;
		if (!keep)
			link_drop(dst);
		if (i->off)
			val_sext32(env->beh, &dst->v, (uint32_t)i->off >> 3);
	}
	val_zext(&dst->v);
	val_sync(env->beh, &dst->v);
}

static int step_mov(struct env *env, const struct bpf_insn *i)
{
	struct reg *regs = env_regs(env), *dst = &regs[i->dst_reg];
	bool alu32 = BPF_CLASS(i->code) == BPF_ALU;
	int r;

	if (mov_is_dirty(env, i, &r))
		return reserved(env, "BPF_MOV");
	if (r >= 0 && BPF_SRC(i->code) == BPF_X)
		r = regcheck_read(env, i->src_reg);
	if (r >= 0)
		r = regcheck_write_nomark(env, i->dst_reg);
	if (r < 0)
		return r;
	if (BPF_SRC(i->code) == BPF_K) {
		reg_set_known(dst, alu32 ? (uint32_t)i->imm : (uint64_t)(int64_t)i->imm);
		return 0;
	}
	if ((alu32 || (i->off && !i->imm)) && mem_is_leak(env, i->src_reg))
		return verdict_reject(env, EACCES, CODE_PTR_LEAK, "R%u %s of pointer", i->src_reg,
				      alu32 ? "partial copy" : "sign-extension part");
	if (alu32)
		mov32(env, i, dst, &regs[i->src_reg]);
	else
		mov64(env, i, dst, &regs[i->src_reg]);
	return reg_is_scalar(dst) ? step_settle(env, val_settle(env->beh, &dst->v)) : 0;
}

/* ---- two operands ---------------------------------------------------------------------------------- */

/* and, or by a constant on a value that is -1 or 0: this path goes on with -1, a copy steps again with 0. */
static int fork_masks(struct env *env, const struct bpf_insn *i, struct reg *dst,
		      const struct reg *src)
{
	struct val zero, ones;
	struct state *other;

	if (!env->beh->fork_minus_one || !val_is_const(&src->v) ||
	    (BPF_OP(i->code) != BPF_AND && BPF_OP(i->code) != BPF_OR) ||
	    !alu_forks(env->beh, BPF_OP(i->code), &dst->v, &src->v, &zero, &ones))
		return 0;
	other = pending_push(env, env->insn_idx, env->insn_idx, false, EFAULT);
	if (!other)
		return -EFAULT;
	other->l[other->curframe].f->r[i->dst_reg].v = zero;
	link_drop(&other->l[other->curframe].f->r[i->dst_reg]);
	dst->v = ones;
	return 0;
}

/* A link survives adding a constant once; the result then is the other holders' value plus delta. */
static void keep_link(struct env *env, const struct bpf_insn *i, struct reg *dst,
		      const struct reg *src, bool fitted32)
{
	const struct behave *beh = env->beh;
	bool alu32 = BPF_CLASS(i->code) == BPF_ALU, sub = BPF_OP(i->code) == BPF_SUB;
	int64_t k = alu32 ? (int64_t)(int32_t)(uint32_t)src->v.tv : (int64_t)src->v.tv;
	bool ok = env->cap_bpf && beh->link_delta_add && dst->id && (alu32 ? val_is_const32(&src->v) : val_is_const(&src->v)) &&
		  (BPF_OP(i->code) == BPF_ADD || (sub && beh->link_delta_sub)) &&
		  !(BPF_SRC(i->code) == BPF_X && i->src_reg == i->dst_reg);

	if (alu32 && (!beh->link_delta_sub || !fitted32))
		ok = false;
	if (sub)
		k = -k;
	if (!ok || (dst->id & REG_ID_DELTA) || k != (int32_t)k || (!beh->link_delta_sub && k < 0) ||
	    (sub && k == INT32_MIN)) {
		link_drop(dst);
		return;
	}
	dst->id |= alu32 ? REG_ID_ADD32 : REG_ID_ADD64;
	dst->off = (int32_t)k;
}

static bool compute(const struct env *env, const struct bpf_insn *i, struct val *dst, const struct val *src)
{
	bool mod = BPF_OP(i->code) == BPF_MOD, alu32 = BPF_CLASS(i->code) == BPF_ALU;
	struct divide how = { .mod = mod, .alu32 = alu32, .is_signed = i->off == 1 };

	if (env->beh->div_by_const && (mod || BPF_OP(i->code) == BPF_DIV))
		return divide_apply(env->beh, how, dst, src);
	return alu_apply(env->beh, BPF_OP(i->code), alu32, dst, src);
}

static int scalar_op(struct env *env, const struct bpf_insn *i, struct reg *dst,
		     const struct reg *src_in)
{
	struct reg src = *src_in;
	bool fitted32 = stack_reg_width(dst) <= 32, settled;
	int r = spec_scalar(env, i);

	if (r >= 0)
		r = fork_masks(env, i, dst, &src);
	if (r < 0)
		return r;
	settled = compute(env, i, &dst->v, &src.v);
	keep_link(env, i, dst, &src, fitted32);
	return step_settle(env, settled);
}

static bool is_packet(const struct reg *r)
{
	return reg_is_pkt(r) || r->type == REG_PKT_END;
}

/* The distance of two places in one packet tells no address; our own leak rules let it pass. */
static bool is_length(const struct env *env, const struct reg *a, const struct reg *b)
{
	return env->prog->mode == BGV_MODE_LEAK_RULES && is_packet(a) && is_packet(b);
}

/*
 * 64-bit arithmetic on arena pointers is made 32-bit arithmetic: then the same instruction cannot serve others
 * (7.3 looks at that).
 */
static int one_address_space(struct env *env, const struct bpf_insn *i, bool arena)
{
	struct insn_aux *aux = env_aux(env);

	if (!env->beh->arena_alu_apart || !env->arena_map || BPF_CLASS(i->code) != BPF_ALU64)
		return 0;
	if (arena ? aux->alu_elsewhere : aux->alu_arena)
		return verdict_reject(env, EINVAL, CODE_ARENA_MIXED,
				      "same insn cannot be used with and without arena pointer");
	aux->alu_arena |= arena;
	aux->alu_elsewhere |= !arena;
	return 0;
}

static int step_operands(struct env *env, const struct bpf_insn *i)
{
	struct reg *regs = env_regs(env), *dst = &regs[i->dst_reg], *src = &env->fake_reg[0];
	bool x = BPF_SRC(i->code) == BPF_X;
	int r;

	if (!x)
		reg_set_known(src, (uint64_t)(int64_t)i->imm);
	else
		src = &regs[i->src_reg];
	if (dst->type == REG_ARENA || (src->type == REG_ARENA && env->beh->arena_on_the_right)) {
		if (dst->type != REG_ARENA)
			*dst = *src;
		return one_address_space(env, i, true);
	}
	r = one_address_space(env, i, false);
	if (r < 0)
		return r;
	if (reg_is_scalar(dst) && reg_is_scalar(src))
		return scalar_op(env, i, dst, src);
	if (!reg_is_scalar(dst) && !reg_is_scalar(src)) {
		if (BPF_OP(i->code) == BPF_SUB && (env->allow_ptr_leaks || is_length(env, dst, src))) {
			reg_set_unknown(dst);
			return 0;
		}
		return verdict_reject(env, EACCES, CODE_PTR_MATH, "R%u pointer %s pointer prohibited",
				      i->dst_reg, ptr_op_name(BPF_OP(i->code)));
	}
	if (x) {	/* the scalar's value now is part of an address */
		r = precise_mark_reg(env, reg_is_scalar(dst) ? i->dst_reg : i->src_reg);
		if (r < 0)
			return r;
	}
	return reg_is_scalar(dst) ? ptr_arith(env, i, src, dst) : ptr_arith(env, i, dst, src);
}

static bool binary_is_dirty(const struct env *env, const struct bpf_insn *i)
{
	bool div = BPF_OP(i->code) == BPF_MOD || BPF_OP(i->code) == BPF_DIV;

	if (i->off && !(i->off == 1 && div && env->beh->isa_v4))
		return true;
	return BPF_SRC(i->code) == BPF_X ? i->imm != 0 : i->src_reg != 0;
}

static int check_constant(struct env *env, const struct bpf_insn *i)
{
	int32_t width = BPF_CLASS(i->code) == BPF_ALU64 ? 64 : 32;
	uint8_t op = BPF_OP(i->code);

	if (BPF_SRC(i->code) != BPF_K)
		return 0;
	if ((op == BPF_MOD || op == BPF_DIV) && i->imm == 0)
		return verdict_reject(env, EINVAL, CODE_DIV_ZERO, "div by zero");
	if ((op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) && (i->imm < 0 || i->imm >= width))
		return verdict_reject(env, EINVAL, CODE_SHIFT_WIDTH, "invalid shift %d", i->imm);
	return 0;
}

static int step_binary(struct env *env, const struct bpf_insn *i)
{
	int r = 0;

	if (binary_is_dirty(env, i))
		return reserved(env, "BPF_ALU");
	if (BPF_SRC(i->code) == BPF_X)
		r = regcheck_read(env, i->src_reg);
	if (r >= 0)
		r = regcheck_read(env, i->dst_reg);
	if (r >= 0)
		r = check_constant(env, i);
	if (r >= 0)
		r = regcheck_write_nomark(env, i->dst_reg);
	return r < 0 ? r : step_operands(env, i);
}

int step_alu(struct env *env, const struct bpf_insn *i)
{
	switch (BPF_OP(i->code)) {
	case BPF_END:
	case BPF_NEG:
		return step_unary(env, i);
	case BPF_MOV:
		return step_mov(env, i);
	default:
		return step_binary(env, i);
	}
}
