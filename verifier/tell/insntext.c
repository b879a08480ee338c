/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions in the words of the kernel's log. Promises one line for whatever eight bytes stand there; names are
 * cut, not trusted. Loaders show these lines to people and look for a few of them ("call", "goto").
 */
#include "verifier/tell/insntext.h"

#include <stdio.h>

#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"

#define TEXT(...) ((void)snprintf(text, INSNTEXT_BYTES, __VA_ARGS__))
#define NAME_SHOWN 128 /* of a function's name */

static const char *const alu_words[16] = { "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=",
					   "neg", "%=", "^=", "=", "s>>=", "endian", "?=", "?=" };
static const char *const jmp_words[16] = { "?", "==", ">", ">=", "&", "!=", "s>", "s>=",
					   "?", "?", "<", "<=", "s<", "s<=", "?", "?" };
static const char *const size_words[4] = { "u32", "u16", "u8", "u64" };
static const char *const signed_words[4] = { "s32", "s16", "s8", "s64" };

static const char *size_word(const struct bpf_insn *i)
{
	return (i->code & 0xe0) == INSN_MEMSX ? signed_words[i->code >> 3 & 3] : size_words[i->code >> 3 & 3];
}

static void say_end(const struct bpf_insn *i, char *text)
{
	if (BPF_CLASS(i->code) == BPF_ALU64)
		TEXT("(%02x) r%d = bswap%d r%d", i->code, i->dst_reg, i->imm, i->dst_reg);
	else
		TEXT("(%02x) r%d = %s%d r%d", i->code, i->dst_reg, BPF_SRC(i->code) == BPF_TO_BE ? "be" : "le", i->imm,
		     i->dst_reg);
}

static void say_mov(const struct bpf_insn *i, char letter, char *text)
{
	if (i->off == INSN_ADDR_CAST && BPF_CLASS(i->code) == BPF_ALU64)
		TEXT("(%02x) r%d = addr_space_cast(r%d, %u, %u)", i->code, i->dst_reg, i->src_reg,
		     (uint32_t)i->imm >> 16, (uint32_t)i->imm & 0xffff);
	else
		TEXT("(%02x) %c%d = (s%d)%c%d", i->code, letter, i->dst_reg, i->off, letter, i->src_reg);
}

static void say_alu(const struct bpf_insn *i, char *text)
{
	char letter = BPF_CLASS(i->code) == BPF_ALU ? 'w' : 'r';
	uint8_t op = BPF_OP(i->code);
	const char *sign = i->off == 1 && (op == BPF_DIV || op == BPF_MOD) ? "s" : "";

	if (op == BPF_END)
		say_end(i, text);
	else if (op == BPF_NEG)
		TEXT("(%02x) %c%d = -%c%d", i->code, letter, i->dst_reg, letter, i->dst_reg);
	else if (op == BPF_MOV && BPF_SRC(i->code) == BPF_X && i->off)
		say_mov(i, letter, text);
	else if (BPF_SRC(i->code) == BPF_X)
		TEXT("(%02x) %c%d %s%s %c%d", i->code, letter, i->dst_reg, sign, alu_words[op >> 4], letter,
		     i->src_reg);
	else
		TEXT("(%02x) %c%d %s%s %d", i->code, letter, i->dst_reg, sign, alu_words[op >> 4], i->imm);
}

static const char *atomic_word(int32_t imm)
{
	switch (imm & 0xf0) {
	case BPF_ADD:
		return "add";
	case BPF_AND:
		return "and";
	case BPF_OR:
		return "or";
	default:
		return "xor";
	}
}

static void say_atomic(const struct bpf_insn *i, char *text)
{
	const char *wide = BPF_SIZE(i->code) == BPF_DW ? "64" : "", *size = size_words[i->code >> 3 & 3];
	int d = i->dst_reg, s = i->src_reg, off = i->off;

	if (i->imm == BPF_CMPXCHG)
		TEXT("(%02x) r0 = atomic%s_cmpxchg((%s *)(r%d %+d), r0, r%d)", i->code, wide, size, d, off, s);
	else if (i->imm == BPF_XCHG)
		TEXT("(%02x) r%d = atomic%s_xchg((%s *)(r%d %+d), r%d)", i->code, s, wide, size, d, off, s);
	else if (i->imm == INSN_LOAD_ACQ)
		TEXT("(%02x) r%d = load_acquire((%s *)(r%d %+d))", i->code, d, size, s, off);
	else if (i->imm == INSN_STORE_REL)
		TEXT("(%02x) store_release((%s *)(r%d %+d), r%d)", i->code, size, d, off, s);
	else if (i->imm & BPF_FETCH)
		TEXT("(%02x) r%d = atomic%s_fetch_%s((%s *)(r%d %+d), r%d)", i->code, s, wide, atomic_word(i->imm),
		     size, d, off, s);
	else
		TEXT("(%02x) lock *(%s *)(r%d %+d) %s r%d", i->code, size, d, off, alu_words[(i->imm & 0xf0) >> 4], s);
}

static void say_mem(const struct bpf_insn *i, char *text)
{
	if (BPF_CLASS(i->code) == BPF_LDX)
		TEXT("(%02x) r%d = *(%s *)(r%d %+d)", i->code, i->dst_reg, size_word(i), i->src_reg, i->off);
	else if (BPF_CLASS(i->code) == BPF_ST)
		TEXT("(%02x) *(%s *)(r%d %+d) = %d", i->code, size_word(i), i->dst_reg, i->off, i->imm);
	else if (BPF_MODE(i->code) == BPF_ATOMIC)
		say_atomic(i, text);
	else
		TEXT("(%02x) *(%s *)(r%d %+d) = r%d", i->code, size_word(i), i->dst_reg, i->off, i->src_reg);
}

static void say_ld(const struct env *env, uint32_t idx, char *text)
{
	const struct bpf_insn *i = &env->insns[idx];
	uint64_t value;

	if (BPF_MODE(i->code) == BPF_ABS) {
		TEXT("(%02x) r0 = *(%s *)skb[%d]", i->code, size_word(i), i->imm);
		return;
	}
	if (BPF_MODE(i->code) == BPF_IND) {
		TEXT("(%02x) r0 = *(%s *)skb[r%d + %d]", i->code, size_word(i), i->src_reg, i->imm);
		return;
	}
	value = idx + 1 < env->insn_cnt ? (uint64_t)(uint32_t)env->insns[idx + 1].imm << 32 : 0;
	value |= (uint32_t)i->imm;
	if (i->src_reg && i->src_reg != BPF_PSEUDO_FUNC)
		value = 0; /* an address, in the kernel */
	if (i->src_reg == BPF_PSEUDO_FUNC)
		value = (uint32_t)i->imm;
	TEXT("(%02x) r%d = 0x%llx", i->code, i->dst_reg, (unsigned long long)value);
}

static void say_call(const struct env *env, const struct bpf_insn *i, char *text)
{
	const struct kfunc *k;

	if (i->src_reg == BPF_PSEUDO_CALL) {
		TEXT("(%02x) call pc%+d", i->code, i->imm);
	} else if (i->src_reg == BPF_PSEUDO_KFUNC_CALL) {
		k = env->kfuncs ? kfunc_at(env, i) : NULL;
		TEXT("(%02x) call %.*s#%d", i->code, NAME_SHOWN, k && k->name ? k->name : "kernel-function", i->imm);
	} else if (!strcmp(helper_tab_name(i->imm), "unknown")) {
		TEXT("(%02x) call unknown#%d", i->code, i->imm);
	} else {
		TEXT("(%02x) call bpf_%s#%d", i->code, helper_tab_name(i->imm), i->imm);
	}
}

static void say_jump(const struct env *env, const struct bpf_insn *i, char *text)
{
	char letter = BPF_CLASS(i->code) == BPF_JMP32 ? 'w' : 'r';
	uint8_t op = BPF_OP(i->code);

	if (op == BPF_CALL)
		say_call(env, i, text);
	else if (op == BPF_EXIT)
		TEXT("(%02x) exit", i->code);
	else if (insn_is_gotox(i))
		TEXT("(%02x) gotox r%d", i->code, i->dst_reg);
	else if (i->code == (BPF_JMP32 | BPF_JA))
		TEXT("(%02x) gotol pc%+d", i->code, i->imm);
	else if (op == BPF_JA)
		TEXT("(%02x) goto pc%+d", i->code, i->off);
	else if (insn_is_may_goto(i))
		TEXT("(%02x) may_goto pc%+d", i->code, i->off);
	else if (BPF_SRC(i->code) == BPF_X)
		TEXT("(%02x) if %c%d %s %c%d goto pc%+d", i->code, letter, i->dst_reg, jmp_words[op >> 4], letter,
		     i->src_reg, i->off);
	else
		TEXT("(%02x) if %c%d %s 0x%x goto pc%+d", i->code, letter, i->dst_reg, jmp_words[op >> 4],
		     (uint32_t)i->imm, i->off);
}

void insntext(const struct env *env, uint32_t idx, char ret_text[INSNTEXT_BYTES])
{
	const struct bpf_insn *i = &env->insns[idx];

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		say_alu(i, ret_text);
		break;
	case BPF_LD:
		say_ld(env, idx, ret_text);
		break;
	case BPF_JMP:
	case BPF_JMP32:
		say_jump(env, i, ret_text);
		break;
	default:
		say_mem(i, ret_text);
	}
}
