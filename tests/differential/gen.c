/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar. It keeps a rough model of what each register holds, so that most programs get past their first
 * instructions, and now and then does what the model forbids. Promises only determinism and termination; whether
 * a program is valid is exactly the question that is asked of two verifiers.
 */
#include "proto/own.h"
#include "tests/differential/gen_priv.h"

#include <string.h>

#define GEN_INNER_MAP (1u << 12) /* BPF_F_INNER_MAP: of any length */

const struct gen_map gen_maps[GEN_MAP_ALL_CNT] = {
	{ BPF_MAP_TYPE_ARRAY, 4, 64, 4 },
	{ BPF_MAP_TYPE_HASH, 8, 48, 16 },
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 1 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 32, 2 },
	{ BPF_MAP_TYPE_RINGBUF, 0, 0, 4096 },
	[GEN_LPM] = { BPF_MAP_TYPE_LPM_TRIE, 8, 24, 16, .flags = BPF_F_NO_PREALLOC },
	[GEN_LRU] = { BPF_MAP_TYPE_LRU_HASH, 4, 256, 16 },
	[GEN_QUEUE] = { BPF_MAP_TYPE_QUEUE, 0, 16, 8 },
	[GEN_PROGS] = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4 },
	[GEN_OUTER] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 4, .inner = 1 },
	[GEN_EVENTS] = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4 },
	[GEN_RODATA] = { BPF_MAP_TYPE_ARRAY, 4, 32, 1, .flags = BPF_F_RDONLY_PROG, .frozen = true },
	[GEN_LOCKED] = { BPF_MAP_TYPE_HASH, 4, 24, 8, .value_btf = GEN_BTF_LOCK },
	[GEN_LOCK_A] = { BPF_MAP_TYPE_ARRAY, 4, 24, 1, .value_btf = GEN_BTF_LOCK },
	[GEN_LOCK_B] = { BPF_MAP_TYPE_ARRAY, 4, 24, 1, .value_btf = GEN_BTF_LOCK },
	[GEN_RES_LOCKED] = { BPF_MAP_TYPE_HASH, 4, 24, 8, .value_btf = GEN_BTF_RES_LOCK },
	[GEN_RES_A] = { BPF_MAP_TYPE_ARRAY, 4, 24, 1, .value_btf = GEN_BTF_RES_LOCK },
	[GEN_RES_B] = { BPF_MAP_TYPE_ARRAY, 4, 24, 1, .value_btf = GEN_BTF_RES_LOCK },
	[GEN_TIMERS] = { BPF_MAP_TYPE_ARRAY, 4, 24, 2, .value_btf = GEN_BTF_TIMER },
	[GEN_ANY_SIZE] = { BPF_MAP_TYPE_ARRAY, 4, 64, 4, .flags = GEN_INNER_MAP },
	[GEN_OUTER_ANY] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 4, .inner = 1 + GEN_ANY_SIZE },
	[GEN_OUTER_HASH] = { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 4, .inner = 1 },
};

const char *const gen_kfunc_names[GEN_KFUNC_CNT] = {
	[GEN_KFUNC_ITER_NEW] = "bpf_iter_num_new",	   [GEN_KFUNC_ITER_NEXT] = "bpf_iter_num_next",
	[GEN_KFUNC_ITER_DESTROY] = "bpf_iter_num_destroy", [GEN_KFUNC_RES_LOCK] = "bpf_res_spin_lock",
	[GEN_KFUNC_RES_UNLOCK] = "bpf_res_spin_unlock",
};

const uint8_t gen_rodata[32] = { 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x80, 0xff, 7, 0, 9 };

/* A register of this kind, or any one now and then (so that misuse is asked about as well). */
int gen_reg_of(struct gen *g, enum kind kind)
{
	uint32_t start = pick(g, 10);

	if (chance(g, 3))
		return (int)start;
	for (uint32_t i = 0; i < 10; i++)
		if (g->kind[(start + i) % 10] == kind)
			return (int)((start + i) % 10);
	return -1;
}

static uint8_t reg_dst(struct gen *g)
{
	return (uint8_t)pick(g, 10);
}

uint8_t gen_scalar(struct gen *g)
{
	int reg = gen_reg_of(g, K_SCALAR);

	if (reg >= 0)
		return (uint8_t)reg;
	reg = (int)pick(g, 6);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, (uint8_t)reg, 0, 0, number(g));
	g->kind[reg] = K_SCALAR;
	return (uint8_t)reg;
}

static void block_const(struct gen *g)
{
	uint8_t dst = reg_dst(g);

	if (chance(g, 25) && g->p->insn_cnt + 2 < GEN_INSNS_MAX) {
		emit(g, BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, number(g));
		emit(g, 0, 0, 0, 0, number(g));
	} else {
		emit(g, (uint8_t)((chance(g, 70) ? BPF_ALU64 : BPF_ALU) | BPF_MOV | BPF_K), dst, 0, 0, number(g));
	}
	g->kind[dst] = K_SCALAR;
}

void gen_block_alu(struct gen *g)
{
	static const uint8_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR,  BPF_AND, BPF_LSH, BPF_RSH,
				       BPF_ARSH, BPF_XOR, BPF_DIV, BPF_MOD, BPF_MOV, BPF_NEG, BPF_AND, BPF_AND };
	uint8_t dst = gen_scalar(g), op = ops[pick(g, sizeof(ops))];
	uint8_t class = chance(g, 60) ? BPF_ALU64 : BPF_ALU;
	int32_t imm = number(g);

	if (op == BPF_NEG) {
		emit(g, (uint8_t)(class | BPF_NEG), dst, 0, 0, 0);
		return;
	}
	if (chance(g, 45)) {
		uint8_t src = gen_scalar(g);

		emit(g, (uint8_t)(class | op | BPF_X), dst, src, 0, 0);
		if (op == BPF_MOV)
			g->kind[dst] = g->kind[src];
		return;
	}
	if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		imm = (int32_t)pick(g, chance(g, 97) ? (class == BPF_ALU64 ? 64 : 32) : 80);
	if ((op == BPF_DIV || op == BPF_MOD) && imm == 0 && chance(g, 95))
		imm = 3;
	emit(g, (uint8_t)(class | op | BPF_K), dst, 0, 0, imm);
}

/* What version 4 of the instruction set added, and byte swaps. */
static void block_alu_v4(struct gen *g)
{
	static const int8_t widths[] = { 8, 16, 32 };
	uint8_t dst = gen_scalar(g), class = chance(g, 60) ? BPF_ALU64 : BPF_ALU;

	switch (pick(g, 4)) {
	case 0:
		emit(g, (uint8_t)(class | BPF_MOV | BPF_X), dst, gen_scalar(g), widths[pick(g, class == BPF_ALU64 || chance(g, 4) ? 3 : 2)], 0);
		break;
	case 1:
		emit(g, (uint8_t)(class | (chance(g, 50) ? BPF_DIV : BPF_MOD) | BPF_X), dst, gen_scalar(g), 1, 0);
		break;
	case 2:
		emit(g, (uint8_t)(class | (chance(g, 50) ? BPF_DIV : BPF_MOD) | BPF_K), dst, 0, 1, chance(g, 95) ? number(g) | 1 : 0);
		break;
	default:
		emit(g, (uint8_t)(class | BPF_END | (class == BPF_ALU && chance(g, 50) ? BPF_TO_BE : BPF_TO_LE)), dst, 0, 0,
		     16 << pick(g, chance(g, 97) ? 3 : 4));
	}
}

static void block_copy(struct gen *g)
{
	uint8_t dst = reg_dst(g), src = (uint8_t)pick(g, 11);

	if (g->kind[src] == K_NONE && chance(g, 97))
		return;
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
	g->kind[dst] = g->kind[src];
	g->map_of[dst] = g->map_of[src];
}

void gen_block_stack(struct gen *g)
{
	uint32_t slot = pick(g, 8), log2 = chance(g, 60) ? 3 : pick(g, 4);
	int16_t off = (int16_t)(-8 * (int)(slot + 1));
	uint8_t reg = (uint8_t)pick(g, 10);

	if (g->more && log2 < 3 && g->kind[reg] != K_SCALAR && chance(g, 85))
		log2 = 3;
	if (log2 < 3 && chance(g, 40))
		off = (int16_t)(off + (int)(pick(g, 8 >> log2) << log2));
	if ((g->stack_written >> slot & 1) && chance(g, 50)) {
		bool extend = g->new_insns && log2 < 3 && chance(g, 20);

		emit(g, (uint8_t)(BPF_LDX | (extend ? GEN_MEMSX : BPF_MEM) | size_code(log2)), reg, 10, off, 0);
		g->kind[reg] = log2 == 3 ? g->slot_kind[slot] : K_SCALAR;
		g->map_of[reg] = g->slot_map[slot];
		return;
	}
	g->slot_kind[slot] = K_SCALAR;
	if (chance(g, 30))
		emit(g, (uint8_t)(BPF_ST | BPF_MEM | size_code(log2)), 10, 0, off, number(g));
	else if (g->kind[reg] != K_NONE || chance(g, 3)) {
		emit(g, (uint8_t)(BPF_STX | BPF_MEM | size_code(log2)), 10, reg, off, 0);
		g->slot_kind[slot] = log2 == 3 ? g->kind[reg] : K_SCALAR;
		g->slot_map[slot] = g->map_of[reg];
	} else {
		return;
	}
	if (log2 == 3)
		g->stack_written |= 1ull << slot;
}

/* Clobbered by a call. */
void gen_after_call(struct gen *g, enum kind result)
{
	for (int i = 1; i <= 5; i++)
		g->kind[i] = K_NONE;
	g->kind[0] = result;
}

void gen_emit_map(struct gen *g, uint8_t dst, uint32_t map)
{
	emit(g, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_FD, 0, (int32_t)map);
	emit(g, 0, 0, 0, 0, 0);
}

static void block_lookup(struct gen *g)
{
	uint32_t map = pick(g, chance(g, 99) ? GEN_VALUE_MAP_CNT : GEN_MAP_CNT);
	uint8_t key = gen_scalar(g), size = gen_maps[map].key_size == 8 ? BPF_DW : BPF_W;

	emit(g, (uint8_t)(BPF_STX | BPF_MEM | size), 10, key, -8, 0);
	g->stack_written |= size == BPF_DW;
	g->slot_kind[0] = K_SCALAR;
	gen_emit_map(g, 1, map);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, chance(g, 97) ? -8 : -(int32_t)pick(g, 24));
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	gen_after_call(g, K_VALUE_OR_NULL);
	g->map_of[0] = map;
	if (chance(g, 92)) { /* the usual test; past the exit when NULL */
		emit(g, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0);
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
		emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
		g->kind[0] = K_VALUE;
	}
	if (chance(g, 60)) {
		emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 7, 0, 0, 0);
		g->kind[7] = g->kind[0];
		g->map_of[7] = map;
	}
}

/* An access through a pointer of this kind, sometimes at a masked variable offset. */
void gen_block_access(struct gen *g, enum kind kind, uint32_t bytes)
{
	int ptr = gen_reg_of(g, kind);
	uint32_t log2 = pick(g, 4), room;
	uint8_t reg = (uint8_t)pick(g, 10);
	int16_t off;

	if (ptr < 0)
		return;
	if (kind == K_VALUE)
		bytes = gen_maps[g->map_of[ptr] % GEN_VALUE_MAP_CNT].value_size;
	if (kind == K_VALUE && chance(g, 35)) {
		uint8_t index = gen_scalar(g);
		uint32_t mask = (1u << pick(g, 6)) - 1;

		emit(g, BPF_ALU64 | BPF_AND | BPF_K, index, 0, 0, (int32_t)mask);
		emit(g, BPF_ALU64 | BPF_ADD | BPF_X, (uint8_t)ptr, index, 0, 0);
		bytes = bytes > mask ? bytes - mask : 0;
	}
	room = bytes >= (1u << log2) ? bytes - (1u << log2) : 0;
	off = (int16_t)(chance(g, 95) ? pick(g, room + 1) : pick(g, bytes + 16));
	if (chance(g, 60)) {
		bool extend = g->new_insns && log2 < 3 && chance(g, 20);

		emit(g, (uint8_t)(BPF_LDX | (extend ? GEN_MEMSX : BPF_MEM) | size_code(log2)), reg, (uint8_t)ptr, off, 0);
		g->kind[reg] = K_SCALAR;
	} else if (chance(g, 20) && log2 >= 2) {
		static const int32_t atomics[] = { BPF_ADD, BPF_ADD | BPF_FETCH, BPF_OR, BPF_AND | BPF_FETCH,
						   BPF_XOR | BPF_FETCH, BPF_XCHG, BPF_CMPXCHG };

		emit(g, (uint8_t)(BPF_STX | BPF_ATOMIC | size_code(log2)), (uint8_t)ptr, gen_scalar(g), off,
		     atomics[pick(g, ARRAY_CNT(atomics))]);
	} else {
		emit(g, (uint8_t)(BPF_STX | BPF_MEM | size_code(log2)), (uint8_t)ptr, gen_scalar(g), off, 0);
	}
}

static void block_value(struct gen *g)
{
	gen_block_access(g, K_VALUE, 0);
}

static void block_packet_access(struct gen *g)
{
	gen_block_access(g, K_PKT, g->pkt_checked);
}

static bool is_tracing(const struct gen *g)
{
	return g->p->prog_type == BPF_PROG_TYPE_KPROBE || g->p->prog_type == BPF_PROG_TYPE_TRACEPOINT ||
	       g->p->prog_type == BPF_PROG_TYPE_RAW_TRACEPOINT || g->p->prog_type == BPF_PROG_TYPE_PERF_EVENT;
}

static bool has_packet(const struct gen *g)
{
	return g->p->prog_type != BPF_PROG_TYPE_SOCKET_FILTER && !is_tracing(g);
}

/* Offsets of data and data_end: of struct xdp_md, and of struct __sk_buff. */
static void block_packet(struct gen *g)
{
	bool xdp = g->p->prog_type == BPF_PROG_TYPE_XDP;
	int ctx = gen_reg_of(g, K_CTX);
	uint32_t bytes = 1 + pick(g, 64);

	if (ctx < 0 || !has_packet(g))
		return;
	emit(g, BPF_LDX | BPF_MEM | BPF_W, 8, (uint8_t)ctx, xdp ? 0 : 76, 0);
	emit(g, BPF_LDX | BPF_MEM | BPF_W, 3, (uint8_t)ctx, xdp ? 4 : 80, 0);
	if (chance(g, 30)) {
		uint8_t index = gen_scalar(g);

		emit(g, BPF_ALU64 | BPF_AND | BPF_K, index, 0, 0, (int32_t)((1u << pick(g, 12)) - 1));
		emit(g, BPF_ALU64 | BPF_ADD | BPF_X, 8, index, 0, 0);
	}
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 2, 8, 0, 0);
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, (int32_t)bytes);
	emit(g, (uint8_t)(BPF_JMP | (chance(g, 80) ? BPF_JLE : BPF_JLT) | BPF_X), 2, 3, 2, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	g->kind[8] = K_PKT;
	g->kind[2] = K_PKT;
	g->kind[3] = K_PKT_END;
	g->pkt_checked = bytes;
}

static void block_ctx(struct gen *g)
{
	static const int16_t xdp_offs[] = { 8, 12, 16 }, skb_offs[] = { 0, 4, 8, 16, 32, 48, 52 };
	int ctx = gen_reg_of(g, K_CTX);
	uint8_t dst = (uint8_t)pick(g, 6);

	if (ctx < 0)
		return;
	if (is_tracing(g)) { /* struct pt_regs, a record, arguments: eight bytes each */
		emit(g, BPF_LDX | BPF_MEM | BPF_DW, dst, (uint8_t)ctx, (int16_t)(8 * pick(g, 12)), 0);
		g->kind[dst] = K_SCALAR;
		return;
	}
	emit(g, BPF_LDX | BPF_MEM | BPF_W, dst, (uint8_t)ctx,
	     g->p->prog_type == BPF_PROG_TYPE_XDP ? xdp_offs[pick(g, 3)] : skb_offs[pick(g, 7)], 0);
	g->kind[dst] = K_SCALAR;
}

static void block_helper(struct gen *g)
{
	static const int32_t helpers[] = { BPF_FUNC_ktime_get_ns, BPF_FUNC_get_prandom_u32, BPF_FUNC_get_smp_processor_id };

	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, helpers[pick(g, 3)]);
	gen_after_call(g, K_SCALAR);
}

/* The register gets the address of so many bytes of stack, a slot's multiple; they are written when `fill`. */
void gen_emit_buffer(struct gen *g, uint8_t dst, uint32_t slots, bool fill)
{
	uint32_t last = slots - 1 + pick(g, 8 - slots + 1);

	for (uint32_t slot = last + 1 - slots; slot <= last; slot++) {
		if (fill && !(g->stack_written >> slot & 1) && chance(g, 90))
			emit(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, (int16_t)(-8 * (int)(slot + 1)), number(g));
		g->stack_written |= 1ull << slot;
		g->slot_kind[slot] = K_SCALAR;
	}
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, dst, 10, 0, 0);
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, -8 * (int32_t)(last + 1));
}

/* A helper's memory of known, masked or now and then unknown size. */
void gen_emit_size(struct gen *g, uint8_t dst, uint32_t bytes)
{
	uint8_t from;

	if (chance(g, 60)) {
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, (int32_t)(chance(g, 95) ? 1 + pick(g, bytes) : pick(g, 2 * bytes)));
		return;
	}
	from = gen_scalar(g);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, dst, from, 0, 0);
	if (chance(g, 95))
		emit(g, BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, (int32_t)bytes - 1);
	if (chance(g, 60))
		emit(g, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, chance(g, 80) ? 1 : -1);
}

static void block_load_bytes(struct gen *g)
{
	int ctx = gen_reg_of(g, K_CTX);
	uint32_t slots = 1u << pick(g, 3);

	if (ctx < 0 || ctx <= 5 || g->p->prog_type == BPF_PROG_TYPE_XDP)
		return;
	gen_emit_size(g, 4, 8 * slots);
	g->kind[4] = K_NONE;
	gen_emit_buffer(g, 3, slots, chance(g, 30));
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, number(g));
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 1, (uint8_t)ctx, 0, 0);
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_skb_load_bytes);
	gen_after_call(g, K_SCALAR);
}

static void block_update(struct gen *g)
{
	uint32_t map = pick(g, GEN_VALUE_MAP_CNT);
	bool delete = chance(g, 30);

	if (!delete)
		gen_emit_buffer(g, 3, gen_maps[map].value_size / 8, true);
	gen_emit_buffer(g, 2, 1, true);
	gen_emit_map(g, 1, map);
	if (!delete)
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 4, 0, 0, (int32_t)pick(g, 4));
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, delete ? BPF_FUNC_map_delete_elem : BPF_FUNC_map_update_elem);
	gen_after_call(g, K_SCALAR);
}

/* Reserves; the record is written to and given back here, or by a later block, or forgotten. */
static void block_reserve(struct gen *g)
{
	if (gen_reg_of(g, K_RECORD) >= 0 || g->in_function)
		return;
	g->record_bytes = 8u << pick(g, 4);
	gen_emit_map(g, 1, chance(g, 98) ? GEN_RINGBUF : pick(g, GEN_MAP_CNT));
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, (int32_t)g->record_bytes);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, chance(g, 97) ? 0 : (int32_t)pick(g, 3));
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_reserve);
	gen_after_call(g, K_RECORD);
	emit(g, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 2, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 7, 0, 0, 0);
	g->kind[7] = K_RECORD;
	for (uint32_t i = pick(g, 3); i > 0; i--)
		gen_block_access(g, K_RECORD, g->record_bytes);
	if (chance(g, 25) || g->kind[7] != K_RECORD)
		return;
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 1, 7, 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0);
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, chance(g, 50) ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard);
	gen_after_call(g, K_NONE);
	g->kind[7] = K_NONE;
}

static void block_adjust_head(struct gen *g)
{
	int ctx = gen_reg_of(g, K_CTX);

	if (ctx < 0 || !has_packet(g))
		return;
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 1, (uint8_t)ctx, 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, number(g));
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, g->p->prog_type == BPF_PROG_TYPE_XDP ? BPF_FUNC_xdp_adjust_head :
											BPF_FUNC_skb_pull_data);
	gen_after_call(g, K_SCALAR);
	for (int i = 0; i < 10 && chance(g, 95); i++)
		if (g->kind[i] == K_PKT || g->kind[i] == K_PKT_END)
			g->kind[i] = K_NONE;
}

/* LD_ABS, LD_IND: packet bytes, or the end of the program. */
static void block_ld_abs(struct gen *g)
{
	bool ind = chance(g, 40);
	uint8_t index = ind ? gen_scalar(g) : 0;

	if (g->kind[6] != K_CTX || (g->p->prog_type == BPF_PROG_TYPE_XDP && chance(g, 97)))
		return;
	emit(g, (uint8_t)(BPF_LD | (ind ? BPF_IND : BPF_ABS) | size_code(pick(g, chance(g, 97) ? 3 : 4))), 0, index, 0, number(g));
	gen_after_call(g, K_SCALAR);
}

/* A bounded number of rounds by the counter that the kernel keeps, and a far jump. Newer instruction sets only. */
static void block_may_goto(struct gen *g)
{
	uint32_t head = g->p->insn_cnt, at;
	enum kind before[11];

	if (chance(g, 60)) {
		emit(g, BPF_JMP32 | BPF_JA, 0, 0, 0, 0);
		return;
	}
	memcpy(before, g->kind, sizeof(before));
	emit(g, BPF_JMP | GEN_JCOND, 0, 0, 0, 0);
	for (uint32_t i = 1 + pick(g, 3); i > 0; i--)
		chance(g, 70) ? gen_block_alu(g) : gen_block_stack(g);
	at = g->p->insn_cnt;
	emit(g, BPF_JMP | BPF_JA, 0, 0, (int16_t)((int)head - (int)at - 1), 0);
	if (head < GEN_INSNS_MAX)
		g->p->insns[head].off = (int16_t)(at - head);
	memset(g->kind, 0, sizeof(g->kind[0]) * 6);
	for (int i = 0; g->more && i < 10; i++)
		if (g->kind[i] != before[i])
			g->kind[i] = K_NONE;
}

static void block_jump(struct gen *g)
{
	static const uint8_t ops[] = { BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE,
				       BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET };
	uint8_t dst = gen_scalar(g), class = chance(g, 65) ? BPF_JMP : BPF_JMP32;
	struct pending *pending;

	if (g->pending_cnt == 16)
		return;
	pending = &g->pending[g->pending_cnt];
	if (chance(g, 40)) {
		uint8_t src = gen_scalar(g);

		pending->insn = g->p->insn_cnt;
		emit(g, (uint8_t)(class | ops[pick(g, sizeof(ops))] | BPF_X), dst, src, 0, 0);
	} else {
		pending->insn = g->p->insn_cnt;
		emit(g, (uint8_t)(class | ops[pick(g, sizeof(ops))] | BPF_K), dst, 0, 0, number(g));
	}
	pending->blocks = 1 + pick(g, 4);
	memcpy(pending->kinds, g->kind, sizeof(g->kind));
	g->pending_cnt++;
}

/* for (r9 = 0; r9 < n; r9 += step) { a few operators } */
static void block_loop(struct gen *g)
{
	uint32_t head, body = 1 + pick(g, 3);
	bool by_unknown = chance(g, 15);
	uint8_t limit = by_unknown ? gen_scalar(g) : 0;

	if (by_unknown && limit == 9)
		return;
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 9, 0, 0, 0);
	g->kind[9] = K_NONE; /* not for the body to write */
	head = g->p->insn_cnt;
	for (uint32_t i = 0; i < body; i++) {
		if (chance(g, 70))
			gen_block_alu(g);
		else
			gen_block_stack(g);
	}
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, 9, 0, 0, 1 + (int32_t)pick(g, 2));
	if (by_unknown) {
		emit(g, BPF_ALU64 | BPF_AND | BPF_K, limit, 0, 0, 15);
		emit(g, BPF_JMP | BPF_JLT | BPF_X, 9, limit, (int16_t)((int)head - (int)g->p->insn_cnt - 1), 0);
	} else {
		emit(g, BPF_JMP | BPF_JLT | BPF_K, 9, 0, (int16_t)((int)head - (int)g->p->insn_cnt - 1), (int32_t)pick(g, 24));
	}
	g->kind[9] = K_SCALAR;
}

static void block_call(struct gen *g)
{
	if (g->call_cnt == 8)
		return;
	gen_scalar(g);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 1, gen_scalar(g), 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, number(g));
	g->call[g->call_cnt++] = (struct gen_call){ .insn = g->p->insn_cnt };
	emit(g, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
	gen_after_call(g, K_SCALAR);
}

static void block_pointer(struct gen *g)
{
	uint8_t dst = (uint8_t)(1 + pick(g, 8));

	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, dst, 10, 0, 0);
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, -8 * (int32_t)(1 + pick(g, 8)));
	if (chance(g, 30)) {
		uint8_t index = gen_scalar(g);

		if (index == dst)
			return;
		emit(g, BPF_ALU64 | BPF_AND | BPF_K, index, 0, 0, (int32_t)((1u << pick(g, 4)) - 1));
		emit(g, BPF_ALU64 | BPF_ADD | BPF_X, dst, index, 0, 0);
	}
	g->kind[dst] = K_STACK;
	emit(g, (uint8_t)(BPF_STX | BPF_MEM | size_code(pick(g, 4))), dst, gen_scalar(g), 0, 0);
}

static void resolve(struct gen *g, bool all)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < g->pending_cnt; i++) {
		struct pending *pending = &g->pending[i];

		if (!all && --pending->blocks) {
			g->pending[kept++] = *pending;
			continue;
		}
		g->p->insns[pending->insn].off = (int16_t)(g->p->insn_cnt - pending->insn - 1);
		for (int r = 0; r < 10; r++)
			if (g->kind[r] != pending->kinds[r])
				g->kind[r] = K_NONE;
	}
	g->pending_cnt = kept;
}

struct choice {
	void (*block)(struct gen *g);
	uint32_t weight;
};

static const struct choice choices[] = {
	{ gen_block_alu, 26 },  { block_jump, 18 }, { block_const, 8 }, { block_copy, 8 },	 { gen_block_stack, 12 },
	{ block_lookup, 6 }, { block_value, 9 }, { block_packet, 3 }, { block_packet_access, 5 }, { block_ctx, 4 },
	{ block_helper, 4 }, { block_loop, 3 },	 { block_call, 2 },   { block_pointer, 3 },
	{ block_load_bytes, 2 }, { block_update, 2 }, { block_reserve, 2 }, { block_adjust_head, 1 },
	{ block_ld_abs, 1 },
};

/* What kernels before 6.6 do not know at all: only in every fourth program, so that they are asked the rest too. */
static void block_new(struct gen *g)
{
	if (chance(g, 75))
		block_alu_v4(g);
	else
		block_may_goto(g);
}

static void block(struct gen *g)
{
	uint32_t total = 0, n;

	if (g->new_insns && chance(g, 15)) {
		block_new(g);
		return;
	}
	if (g->more && chance(g, 40)) {
		gen_block_more(g);
		return;
	}

	for (size_t i = 0; i < ARRAY_CNT(choices); i++)
		total += choices[i].weight;
	n = pick(g, total);
	for (size_t i = 0; i < ARRAY_CNT(choices); i++) {
		if (n < choices[i].weight) {
			choices[i].block(g);
			return;
		}
		n -= choices[i].weight;
	}
}

/* Functions called: take two scalars, compute, return. */
static void subprogs(struct gen *g)
{
	g->p->func_offs[g->p->func_cnt++] = 0;
	for (uint32_t i = 0; i < g->call_cnt; i++) {
		struct bpf_insn *call = &g->p->insns[g->call[i].insn];

		if (g->call[i].insn >= GEN_INSNS_MAX)
			continue;
		call->imm = (int32_t)(g->p->insn_cnt - g->call[i].insn - 1);
		g->p->func_offs[g->p->func_cnt++] = g->p->insn_cnt;
		memset(g->kind, 0, sizeof(g->kind));
		g->kind[1] = g->kind[2] = K_SCALAR;
		g->stack_written = 0;
		g->in_function = true;
		if (g->call[i].kind != CALL_SCALARS) {
			gen_body_more(g, &g->call[i]);
			continue;
		}
		emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 0, 0);
		g->kind[0] = K_SCALAR;
		for (uint32_t j = pick(g, 4); j > 0; j--)
			chance(g, 70) ? gen_block_alu(g) : gen_block_stack(g);
		if (chance(g, 40))
			emit(g, BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, number(g));
		emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
}

/* Changes a few fields of a few instructions: what no grammar would write. */
static void mutate(struct gen *g)
{
	for (uint32_t i = 1 + pick(g, 2); i > 0; i--) {
		struct bpf_insn *insn = &g->p->insns[pick(g, g->p->insn_cnt)];

		switch (pick(g, 5)) {
		case 0:
			insn->dst_reg = (uint8_t)(pick(g, 12) & 0xf);
			break;
		case 1:
			insn->src_reg = (uint8_t)(pick(g, 12) & 0xf);
			break;
		case 2:
			insn->off = (int16_t)(insn->off + (int)pick(g, 17) - 8);
			break;
		case 3:
			insn->imm = number(g);
			break;
		default:
			insn->code ^= (uint8_t)(1u << pick(g, 8));
		}
	}
}

/* Types by number of the dice, and how their programs write a packet's bounds: see block_packet(). */
static uint32_t pick_type(struct gen *g)
{
	static const uint32_t types[] = { BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_XDP };
	static const uint32_t more[] = { BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_RAW_TRACEPOINT,
					 BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_LWT_XMIT,
					 BPF_PROG_TYPE_SK_SKB };

	g->sleepable = g->more && chance(g, 8);
	if (g->sleepable)
		return chance(g, 70) ? BPF_PROG_TYPE_KPROBE : BPF_PROG_TYPE_SYSCALL;
	if (g->more && chance(g, 30))
		return more[pick(g, ARRAY_CNT(more))];
	return types[pick(g, 3)];
}

#define GEN_MAIN_MAX 100 /* functions and cold blocks follow */

static void make(struct gen *first, struct gen_program *ret_program)
{
	struct gen g = *first;
	uint32_t blocks;

	memset(ret_program, 0, sizeof(*ret_program));
	ret_program->prog_type = pick_type(&g);
	g.new_insns = chance(&g, 25);
	g.kind[1] = K_CTX;
	g.kind[10] = K_STACK;
	if (chance(&g, 95)) {
		emit(&g, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
		g.kind[6] = K_CTX;
	}
	blocks = 3 + pick(&g, 22);
	for (uint32_t i = 0; i < blocks && ret_program->insn_cnt < GEN_MAIN_MAX; i++) {
		block(&g);
		resolve(&g, false);
	}
	resolve(&g, true);
	if (chance(&g, 96))
		emit(&g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, (int32_t)pick(&g, 3));
	emit(&g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	gen_write_cold(&g);
	subprogs(&g);
	if (chance(&g, 12))
		mutate(&g);
	if (g.more && chance(&g, 20))
		ret_program->prog_flags |= chance(&g, 80) ? 1u << 3 : 1u << 0; /* test state freq, strict alignment */
	if (g.sleepable)
		ret_program->prog_flags |= BPF_F_SLEEPABLE;
}

void gen_make(uint64_t seed, struct gen_program *ret_program)
{
	struct gen g = { .rng = seed * 0x2545f4914f6cdd1dull + 1, .p = ret_program };

	make(&g, ret_program);
}

void gen_make_more(uint64_t seed, const uint32_t *kfuncs, struct gen_program *ret_program)
{
	struct gen g = { .rng = seed * 0x2545f4914f6cdd1dull + 5, .p = ret_program, .more = true, .kfuncs = kfuncs };

	make(&g, ret_program);
}
