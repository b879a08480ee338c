/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic with pointers that is not allowed, and places that pointers of two kinds reach: what
 * is computed, with what, and why it is not a pointer then.
 */
#include "verifier/tell/why_math.h"

#include <stdio.h>
#include <string.h>

#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/diag.h"
#include "verifier/tell/origin.h"
#include "verifier/tell/why_number.h"
#include "verifier/tell/why_value.h"
#include "verifier/walk/assume.h"

/* The pointer of the refused operation, and the other operand (NULL: a constant). */
struct operands {
	const struct reg *ptr, *other;
	uint32_t ptr_regno, other_regno;
	int64_t constant;
};

static bool find_operands(const struct why *w, const struct bpf_insn *i, struct operands *ret)
{
	const struct reg *dst = w->now->r[i->dst_reg],
			 *src = BPF_SRC(i->code) == BPF_X ? w->now->r[i->src_reg] : NULL;
	bool dst_is_ptr = !reg_is_scalar(dst);

	if (!dst_is_ptr && (!src || reg_is_scalar(src)))
		return false;
	*ret = (struct operands){ .ptr = dst_is_ptr ? dst : src,
				  .other = dst_is_ptr ? src : dst,
				  .ptr_regno = dst_is_ptr ? i->dst_reg : i->src_reg,
				  .other_regno = dst_is_ptr ? i->src_reg : i->dst_reg,
				  .constant = i->imm };
	if (ret->other && reg_is_const(ret->other))
		ret->constant = (int64_t)ret->other->v.tv;
	return true;
}

static const char *operation(const struct bpf_insn *i)
{
	static const char *const names[16] = {
		[BPF_ADD >> 4] = "+",	      [BPF_SUB >> 4] = "-",  [BPF_MUL >> 4] = "*",
		[BPF_DIV >> 4] = "/",	      [BPF_OR >> 4] = "|",   [BPF_AND >> 4] = "&",
		[BPF_LSH >> 4] = "<<",	      [BPF_RSH >> 4] = ">>", [BPF_NEG >> 4] = "-",
		[BPF_MOD >> 4] = "%",	      [BPF_XOR >> 4] = "^",  [BPF_ARSH >> 4] = ">>",
		[BPF_END >> 4] = "byte swap",
	};
	const char *name = names[BPF_OP(i->code) >> 4];

	return name ? name : "?";
}

static bool can_be_moved(const struct reg *ptr)
{
	switch (reg_base(ptr)) {
	case REG_MAP_PTR:
	case REG_PKT_END:
	case REG_FLOW_KEYS:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
	case REG_FUNC:
	case REG_DYNPTR:
		return false;
	default:
		return true;
	}
}

/* Two pointers, or one in a place where only a number may stand. */
static bool cause_of_kind(struct why *w, const struct bpf_insn *i, const struct operands *o,
			  const char *name, const char *is)
{
	char other[WHY_NAME_BYTES], merged[WHY_NAME_BYTES];

	if (BPF_OP(i->code) == BPF_OR && o->other && reg_maybe_null(o->ptr) && reg_maybe_null(o->other)) {
		why_cause(w, "the compiler merged the tests of %.50s and %.50s for NULL into one of both by |",
			  why_name_pkt(w, w->now, o->ptr_regno, merged), why_name_pkt(w, w->now, o->other_regno, other));
		why_way_out(w, "test the pointers one by one, with asm volatile(\"\" : \"+r\"(p)); after each test");
		why_propose(w, ASSUME_NOT_NULL, w->now->insn_idx, o->ptr_regno, 0);
		why_propose_also(w, ASSUME_NOT_NULL, w->now->insn_idx, o->other_regno, 0, 0);
		why_propose_also(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0, 0);
		w->cls = DIAG_COMPILER;
		return true;
	}
	if (o->other && !reg_is_scalar(o->other)) {
		why_cause(w,
			  "%.50s (%.50s) %s %.50s: two pointers cannot be computed with each other",
			  name, is, operation(i),
			  why_name(w, w->now->insn_idx, o->other_regno, other));
		why_way_out(
			w,
			"subtract pointers of one packet or object only, and add numbers to pointers");
	} else if (BPF_CLASS(i->code) == BPF_ALU) {
		why_cause(w, "a 32-bit operation (%s) on the pointer %.60s (%.60s) would cut it",
			  operation(i), name, is);
		why_way_out(w, "compute with a 64-bit type (unsigned long, or a pointer)");
		w->cls = DIAG_SOURCE;
	} else if (BPF_OP(i->code) == BPF_SUB && o->ptr_regno != i->dst_reg) {
		why_cause(w, "the pointer %.60s (%.60s) is subtracted from a number", name, is);
		why_way_out(w, "subtract the number from the pointer, or pointers from each other");
	} else if (BPF_OP(i->code) != BPF_ADD && BPF_OP(i->code) != BPF_SUB) {
		why_cause(
			w,
			"the operator %s is applied to the pointer %.60s (%.60s): only + and - with a number keep a pointer one",
			operation(i), name, is);
		why_way_out(w, "compute the offset as a number first, then add it to the pointer");
	} else {
		return false;
	}
	return true;
}

static void cause_of_distance(struct why *w, const struct operands *o, const char *name,
			      const char *is)
{
	long long most = (long long)w->env->lim->var_off - 1,
		  moved = (long long)o->ptr->off + (long long)o->ptr->v.sl;

	if (o->constant > most || o->constant < -most)
		why_cause(w, "%.60s (%.60s) is moved by %lld: more than %lld bytes at once", name,
			  is, (long long)o->constant, most);
	else
		why_cause(
			w,
			"%.60s (%.60s) was moved by %lld already, and is moved by %lld more: beyond any object",
			name, is, moved, (long long)o->constant);
	why_way_out(w, "keep the offset within the object");
}

void why_tell_pointer_math(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	char name[WHY_NAME_BYTES], is[WHY_NAME_BYTES];
	struct operands o;

	if (!w->now || (BPF_CLASS(i->code) != BPF_ALU64 && BPF_CLASS(i->code) != BPF_ALU) ||
	    !find_operands(w, i, &o))
		return;
	w->regno = (int32_t)o.ptr_regno;
	origin_find(w->env, w->now, o.ptr_regno, &w->origin);
	why_tell_origin(w);
	why_name(w, w->now->insn_idx, o.ptr_regno, name);
	why_describe(w, o.ptr, is);
	if (cause_of_kind(w, i, &o, name, is))
		return;
	if (!can_be_moved(o.ptr)) {
		why_cause(w, "%.60s is %.60s: such a pointer cannot be moved by %s", name, is,
			  operation(i));
		why_way_out(w, "use it unmoved; read its members by name");
	} else if (BPF_OP(i->code) == BPF_SUB && reg_base(o.ptr) == REG_STACK) {
		why_cause(
			w,
			"a number is subtracted from %.60s (%.60s): from such a pointer only a constant can be added",
			name, is);
		why_way_out(w, "add a negative constant instead");
	} else if (o.other && reg_is_scalar(o.other) && !reg_is_const(o.other) && BPF_OP(i->code) == BPF_ADD) {
		why_tell_math(w);
	} else if (!o.other || reg_is_const(o.other) || o.ptr->v.tm == 0) {
		cause_of_distance(w, &o, name, is);
	}
}

void why_tell_moved(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	char name[WHY_NAME_BYTES], is[WHY_NAME_BYTES], range[WHY_NAME_BYTES];

	if (!used || reg_is_scalar(used))
		return;
	why_tell_origin(w);
	why_name(w, w->now->insn_idx, (uint32_t)w->regno, name);
	why_describe(w, used, is);
	if (used->v.tm)
		why_cause(
			w,
			"%.60s is %.60s, moved by a variable (%.60s): there it must be at a constant place",
			name, is, why_range(used, range));
	else
		why_cause(w, "%.60s is %.60s, moved by %lld bytes: it is wanted unmoved here", name,
			  is, (long long)used->off + (long long)used->v.tv);
	why_way_out(
		w,
		reg_base(used) == REG_CTX
			? "read members of the context by constant offsets (no variable index), and pass ctx itself"
			: "pass the pointer itself; access members by constant offsets");
	if (insn_is_call(&w->env->insns[w->now->insn_idx]))
		why_propose(w, ASSUME_UNMOVED, w->now->insn_idx, (uint32_t)w->regno, 0);
	else if (reg_base(used) == REG_CTX && used->v.tm)
		why_propose(w, ASSUME_SKIPPED, w->now->insn_idx, 0, 0);
}

/* One instruction for several kinds of pointers: which one came here now, and which one before. */
void why_tell_mixed(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	uint32_t base = BPF_CLASS(i->code) == BPF_LDX ? i->src_reg : i->dst_reg;
	char name[WHY_NAME_BYTES], is[WHY_NAME_BYTES];

	if (!w->now || insn_is_jmp_class(i))
		return;
	w->regno = (int32_t)base;
	origin_find(w->env, w->now, base, &w->origin);
	why_tell_origin(w);
	why_name(w, w->now->insn_idx, base, name);
	why_cause(
		w,
		"%.60s is %.60s on this way, and %.60s on another: one instruction cannot access both",
		name, why_describe(w, w->now->r[base], is),
		why_type(w->env->aux[w->env->insn_idx].ptr_type));
	why_way_out(
		w,
		"access each kind by a statement of its own (asm volatile(\"\") between keeps the compiler from merging them)");
	w->cls = DIAG_COMPILER;
}
