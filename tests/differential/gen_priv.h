/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the grammar share: the model of a program being written. */
#ifndef BPFGATE_TESTS_DIFFERENTIAL_GEN_PRIV_H
#define BPFGATE_TESTS_DIFFERENTIAL_GEN_PRIV_H

#include <stdbool.h>

#include "tests/differential/gen.h"
#include "proto/array.h"

enum kind { K_NONE, K_SCALAR, K_CTX, K_STACK, K_VALUE, K_VALUE_OR_NULL, K_PKT, K_PKT_END, K_RECORD };

struct pending {
	uint32_t insn;		/* the jump */
	uint32_t blocks;	/* lands after so many more blocks */
	enum kind kinds[11];	/* what the registers held at the jump */
};

/* A function to write at the end: who refers to it, and what its arguments are. */
struct gen_call {
	uint32_t insn, map;
	enum { CALL_SCALARS, CALL_STACK, CALL_VALUE, CALL_LOOP, CALL_EACH, CALL_TIMER } kind;
};

/* A block past the end of the program: which jump leads to it, where it goes on, what the registers held. */
struct gen_cold {
	uint32_t insn, back;
	enum kind kinds[11];
	uint32_t map_of[11];
};

struct gen {
	uint64_t rng;
	struct gen_program *p;
	enum kind kind[11];
	uint32_t map_of[11];
	uint64_t stack_written;	/* 8-byte slots, bit 0 = fp-8 */
	enum kind slot_kind[8];
	uint32_t slot_map[8];
	struct pending pending[16];
	uint32_t pending_cnt, call_cnt;
	struct gen_call call[8];
	uint32_t pkt_checked, record_bytes;
	struct gen_cold cold[4];
	uint32_t cold_cnt;
	bool in_function, new_insns, more, sleepable;
	const uint32_t *kfuncs;	/* ids of GEN_KFUNC_*; NULL: the kernel has none */
};

static inline uint64_t rnd(struct gen *g)
{
	uint64_t z = g->rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint32_t pick(struct gen *g, uint32_t cnt)
{
	return (uint32_t)(rnd(g) % cnt);
}

static inline bool chance(struct gen *g, uint32_t percent)
{
	return pick(g, 100) < percent;
}

/* Numbers at which range analysis has edges. */
static inline int32_t number(struct gen *g)
{
	static const int32_t edges[] = { 0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 48, 63, 64, 127, 128, 255, 256, 4096,
					 0xffff, 0x7fff, 0x7fffffff, -1, -2, -8, -16, -64, -256, -0x7fffffff - 1 };

	if (chance(g, 70))
		return edges[pick(g, ARRAY_CNT(edges))];
	return chance(g, 50) ? (int32_t)pick(g, 64) : (int32_t)rnd(g);
}

static inline void emit(struct gen *g, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (g->p->insn_cnt >= GEN_INSNS_MAX)
		return;
	g->p->insns[g->p->insn_cnt++] =
		(struct bpf_insn){ .code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm };
}

static inline void gen_mov(struct gen *g, uint8_t dst, uint8_t src)
{
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static inline void gen_set(struct gen *g, uint8_t dst, int32_t imm)
{
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

static inline void gen_helper(struct gen *g, int32_t helper)
{
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static inline void gen_stack_address(struct gen *g, uint8_t dst, int32_t off)
{
	gen_mov(g, dst, 10);
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, off);
}

/* Leaves the program, or this function, when the comparison holds not. */
static inline void gen_leave_unless(struct gen *g, uint8_t code, uint8_t dst, uint8_t src, int32_t imm)
{
	emit(g, code, dst, src, 2, imm);
	gen_set(g, 0, 0);
	emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static inline bool gen_has_kfunc(const struct gen *g, int which)
{
	return g->kfuncs && g->kfuncs[which];
}

#define GEN_JCOND 0xe0 /* BPF_JCOND */
#define GEN_MEMSX 0x80 /* BPF_MEMSX of newer headers */

static inline uint8_t size_code(uint32_t log2)
{
	static const uint8_t codes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };

	return codes[log2];
}

int gen_reg_of(struct gen *g, enum kind kind);
uint8_t gen_scalar(struct gen *g);
void gen_after_call(struct gen *g, enum kind result);
void gen_emit_map(struct gen *g, uint8_t dst, uint32_t map);
void gen_emit_buffer(struct gen *g, uint8_t dst, uint32_t slots, bool fill);
void gen_emit_size(struct gen *g, uint8_t dst, uint32_t bytes);
void gen_block_alu(struct gen *g);
void gen_block_stack(struct gen *g);
void gen_block_access(struct gen *g, enum kind kind, uint32_t bytes);

/* gen_more.c: refers to a function that is written at the end; a value of a map in r7; after what may not have run. */
void gen_refer(struct gen *g, struct gen_call what);
void gen_lookup(struct gen *g, uint32_t map);
void gen_forget_changed(struct gen *g, const enum kind before[11]);
void gen_forget_slots(struct gen *g, uint32_t first, uint32_t cnt);

/* gen_shapes.c */
void gen_shape_backward(struct gen *g);
void gen_shape_cold(struct gen *g);
void gen_shape_locks(struct gen *g);
void gen_shape_timer(struct gen *g);
void gen_shape_inner(struct gen *g);
void gen_shape_user_copy(struct gen *g);
void gen_write_cold(struct gen *g); /* after the program's end */

/* gen_more.c: a block of what the first grammar has not; the body of a function called in one. */
void gen_block_more(struct gen *g);
void gen_body_more(struct gen *g, const struct gen_call *call);

#endif
