/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointer arithmetic: which kinds may move, by what, and where the offset goes. Promises that a
 * result keeps its object, and that offsets stay small enough for later sums not to overflow.
 */
#include "verifier/access/ptr.h"

#include "verifier/access/spec.h"
#include "verifier/marks/livemark.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/value/alu.h"

const char *ptr_op_name(uint8_t op)
{
	static const char *const names[16] = { "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=",
					       "neg", "%=", "^=", "=", "s>>=", "endian", "?", "?" };

	return names[op >> 4];
}

/* check_reg_sane_offset() */
static int check_sane(struct env *env, const struct reg *r, const char *what)
{
	const int64_t max = env->lim->var_off;
	int64_t known = (int64_t)r->v.tv;

	if (val_is_const(&r->v) && (known >= max || known <= -max))
		return verdict_reject(env, EINVAL, CODE_PTR_MATH,
				      "math between %s pointer and %lld is not allowed", what,
				      (long long)known);
	if (r->off >= max || r->off <= -max) /* of a linked scalar: its delta, just so */
		return verdict_reject(env, EINVAL, CODE_PTR_MATH,
				      "%s pointer offset %d is not allowed", what, r->off);
	if (r->v.sl == INT64_MIN)
		return verdict_reject(env, EINVAL, CODE_PTR_MATH_UNBOUNDED,
				      "math between %s pointer and register with unbounded min value is not allowed",
				      what);
	if (r->v.sl >= max || r->v.sl <= -max)
		return verdict_reject(env, EINVAL, CODE_PTR_MATH,
				      "value %lld makes %s pointer be out of bounds",
				      (long long)r->v.sl, what);
	return 0;
}

static bool may_move(const struct reg *ptr, const struct reg *off, uint8_t op)
{
	bool known = val_is_const(&off->v);

	switch (reg_base(ptr)) {
	case REG_CTX:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
	case REG_STACK:
	case REG_PKT_META:
	case REG_PKT:
	case REG_TP_BUFFER:
	case REG_BTF_ID:
	case REG_MEM:
	case REG_BUF:
	case REG_FUNC:
	case REG_DYNPTR:
		return true;
	case REG_FLOW_KEYS:
		if (known)
			return true;
		break;
	case REG_MAP_PTR:
		break;
	default:
		return false;
	}
	return known && off->v.sl == 0 && op == BPF_ADD;
}

/* The variable part changes: packet pointers become a family of their own. */
static void move_variable(struct env *env, uint8_t op, struct reg *dst, const struct reg *ptr,
			  const struct reg *off)
{
	int64_t smin = off->v.sl;

	dst->off = ptr->off;
	memcpy(dst->raw, ptr->raw, sizeof(dst->raw));
	alu_pointer(env->beh, op, &dst->v, &off->v);
	if (!reg_is_pkt(ptr))
		return;
	dst->id = env_new_id(env);
	if (op == BPF_ADD || smin < 0)
		memset(dst->raw, 0, sizeof(dst->raw));
}

static void move_fixed(struct reg *dst, const struct reg *ptr, int64_t off)
{
	dst->off = (int32_t)off;
	memcpy(dst->raw, ptr->raw, sizeof(dst->raw));
	val_unbound32(&dst->v);
	/* what stood beyond the end still does when it moves on, but not when it moves back */
	if (reg_is_pkt(dst) && dst->range < 0 && off < ptr->off)
		dst->range = 0;
}

static int move(struct env *env, uint8_t op, struct reg *dst, const struct reg *ptr,
		const struct reg *off)
{
	bool known = val_is_const(&off->v);
	int64_t k = off->v.sl, sum = op == BPF_ADD ? ptr->off + k : ptr->off - k;

	if (known && sum == (int32_t)sum) {
		move_fixed(dst, ptr, sum);
		val_sync(env->beh, &dst->v);
	} else {
		move_variable(env, op, dst, ptr, off);
	}
	return 0;
}

static int check_operator(struct env *env, uint32_t regno, uint8_t op, const struct reg *ptr,
			  bool dst_is_ptr)
{
	switch (op) {
	case BPF_ADD:
		return 0;
	case BPF_SUB:
		if (!dst_is_ptr)
			return verdict_reject(env, EACCES, CODE_PTR_MATH,
					      "R%u tried to subtract pointer from scalar", regno);
		if (ptr->type == REG_STACK)
			return verdict_reject(env, EACCES, CODE_PTR_MATH,
					      "R%u subtraction from stack pointer prohibited", regno);
		return 0;
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return verdict_reject(env, EACCES, CODE_PTR_MATH,
				      "R%u bitwise operator %s on pointer prohibited", regno,
				      ptr_op_name(op));
	default:
		return verdict_reject(env, EACCES, CODE_PTR_MATH,
				      "R%u pointer arithmetic with %s operator prohibited", regno,
				      ptr_op_name(op));
	}
}

static int check_kinds(struct env *env, const struct bpf_insn *insn, const struct reg *ptr,
		       const struct reg *off)
{
	if (reg_maybe_null(ptr))
		return verdict_reject(env, EACCES, CODE_PTR_MAYBE_NULL,
				      "R%u pointer arithmetic on %s prohibited, null-check it first",
				      insn->dst_reg, reg_type_name(ptr));
	if (!may_move(ptr, off, BPF_OP(insn->code)))
		return verdict_reject(env, EACCES, CODE_PTR_MATH,
				      "R%u pointer arithmetic on %s prohibited", insn->dst_reg,
				      reg_type_name(ptr));
	return 0;
}

int ptr_arith(struct env *env, const struct bpf_insn *insn, const struct reg *ptr_in,
	      const struct reg *off_in)
{
	struct reg *dst = &env_regs(env)[insn->dst_reg];
	struct reg ptr = *ptr_in, off = *off_in;
	bool dst_is_ptr = ptr_in == dst;
	uint8_t op = BPF_OP(insn->code);
	const char *what = reg_type_name(&ptr);
	struct spec_move mask = { 0 };
	int r;

	if (alu_scalar_is_bad(&off.v)) {
		reg_set_unknown(dst);
		return 0;
	}
	if (BPF_CLASS(insn->code) != BPF_ALU64) {
		if (op == BPF_SUB && env->allow_ptr_leaks) {
			reg_set_unknown(dst);
			return 0;
		}
		return verdict_reject(env, EACCES, CODE_PTR_MATH,
				      "R%u 32-bit pointer arithmetic prohibited", insn->dst_reg);
	}
	r = check_kinds(env, insn, &ptr, &off);
	if (r < 0)
		return r;
	if (reg_base(&ptr) == REG_MEM && (ptr.type & REG_F_UNTRUSTED)) {
		/* its loads may fault: where it points to is not followed, and 6.18 leaves a number that it is added to */
		if (!dst_is_ptr && !env->beh->untrusted_sum_is_number)
			*dst = ptr;
		return 0;
	}
	if (check_sane(env, &off, what) < 0 || check_sane(env, &ptr, what) < 0)
		return -EINVAL;
	if (op == BPF_ADD || op == BPF_SUB) {
		r = spec_before_move(env, insn, &ptr, &off, dst_is_ptr, &mask);
		if (r < 0)
			return r;
		dst = &env_regs(env)[insn->dst_reg];
	}
	r = check_operator(env, insn->dst_reg, op, &ptr, dst_is_ptr);
	if (r < 0)
		return r;
	*dst = ptr;
	if (!dst_is_ptr)
		livemark_inherit(env, insn->dst_reg, insn->src_reg);
	move(env, op, dst, &ptr, &off);
	if (check_sane(env, dst, what) < 0)
		return -EINVAL;
	return spec_after_move(env, insn->dst_reg, &mask);
}
