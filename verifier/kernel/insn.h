/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_INSN_H
#define VERIFIER_INSN_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/bpf.h>

#include "verifier/kernel/behave.h"

/* Newer than the headers we may be built with. */
#define INSN_JCOND	0xe0	/* BPF_JCOND: may_goto */
#define INSN_MEMSX	0x80	/* BPF_MEMSX */
#define INSN_LOAD_ACQ	0x100
#define INSN_STORE_REL	0x110
#define INSN_ADDR_CAST	1	/* off of a mov: address space cast */
#ifndef BPF_PSEUDO_MAP_IDX
#define BPF_PSEUDO_MAP_IDX 5
#define BPF_PSEUDO_MAP_IDX_VALUE 6
#endif

static inline bool insn_is_ldimm64(const struct bpf_insn *i)
{
	return i->code == (BPF_LD | BPF_IMM | BPF_DW);
}
static inline bool insn_is_pseudo_func(const struct bpf_insn *i)
{
	return insn_is_ldimm64(i) && i->src_reg == BPF_PSEUDO_FUNC;
}
static inline bool insn_is_call(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_CALL);
}
static inline bool insn_is_subprog_call(const struct bpf_insn *i)
{
	return insn_is_call(i) && i->src_reg == BPF_PSEUDO_CALL;
}
static inline bool insn_is_kfunc_call(const struct bpf_insn *i)
{
	return insn_is_call(i) && i->src_reg == BPF_PSEUDO_KFUNC_CALL;
}
static inline bool insn_is_helper_call(const struct bpf_insn *i)
{
	return insn_is_call(i) && i->src_reg == 0;
}
static inline bool insn_is_may_goto(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | INSN_JCOND);
}
static inline bool insn_is_gotox(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_JA | BPF_X);
}
static inline bool insn_is_jmp_class(const struct bpf_insn *i)
{
	return BPF_CLASS(i->code) == BPF_JMP || BPF_CLASS(i->code) == BPF_JMP32;
}
/* Relative target of a jump, in instructions after it. */
static inline int32_t insn_jmp_off(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP32 | BPF_JA) ? i->imm : i->off;
}
static inline uint32_t insn_bytes(const struct bpf_insn *i)
{
	static const uint8_t bytes[] = { 4, 2, 1, 8 };

	return bytes[BPF_SIZE(i->code) >> 3];
}
/* Instruction idx + off, where off may be negative. */
static inline uint32_t insn_at(uint32_t idx, int32_t off)
{
	return (uint32_t)((int64_t)idx + off);
}
static inline uint32_t insn_len(const struct bpf_insn *i) { return insn_is_ldimm64(i) ? 2 : 1; }

/* Is it in insn.def, for a kernel of these behaviour bits? */
bool insn_is_known(const struct behave *beh, uint8_t code);

/*
 * Successors of instruction idx within its function, fall-through first; 0..2 of them. Of those of an indirect
 * jump only jumptab_successors() knows, which all but jumptab.c ask.
 */
static inline uint32_t insn_successors(const struct bpf_insn *insns, uint32_t idx,
				       uint32_t ret_succ[2])
{
	const struct bpf_insn *i = &insns[idx];
	uint32_t cnt = 0;

	if (!insn_is_jmp_class(i) || BPF_OP(i->code) == BPF_CALL) {
		ret_succ[cnt++] = idx + insn_len(i);
		return cnt;
	}
	if (BPF_OP(i->code) == BPF_EXIT)
		return cnt;
	if (BPF_OP(i->code) != BPF_JA)
		ret_succ[cnt++] = idx + 1;
	ret_succ[cnt++] = insn_at(idx, insn_jmp_off(i)) + 1;
	return cnt;
}

#endif
