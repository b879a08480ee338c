/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter. Pointers are this process's own addresses, but each load and store is first looked up among the
 * regions that the program may touch: its frames' stacks, its packet, the map values. ctx fields that the kernel
 * rewrites into pointers are answered as the kernel would. Promises never to touch anything else.
 */
#include "proto/own.h"
#include "tests/soundness/interp.h"

#include <string.h>

const char *const interp_outcome_names[] = { "done", "bad access", "bad instruction", "runaway", "uncovered" };

static uint64_t interp_random(struct interp *in)
{
	uint64_t z = in->rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Small numbers and extremes as often as anything: they decide branches. */
static uint64_t interp_value(struct interp *in)
{
	static const uint64_t edges[] = { 0, 1, 2, 7, 8, 15, 63, 64, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff,
					  0x100000000, 0x7fffffffffffffff, 0x8000000000000000, ~0ull };
	uint64_t r = interp_random(in);

	switch (r & 3) {
	case 0:
		return edges[(r >> 8) % (ARRAY_CNT(edges))];
	case 1:
		return (r >> 8) & 0xff;
	default:
		return interp_random(in);
	}
}

static bool in_region(uint64_t addr, uint32_t bytes, const void *base, uint32_t region_bytes)
{
	uint64_t start = (uint64_t)(uintptr_t)base;

	return addr >= start && addr - start <= region_bytes && bytes <= region_bytes - (addr - start);
}

/* May these bytes be read or written? ctx is not memory here: its loads go through ctx_load(). */
static bool allowed(const struct interp *in, uint64_t addr, uint32_t bytes)
{
	for (uint32_t i = 0; i <= in->depth; i++)
		if (in_region(addr, bytes, in->frame[i].stack, INTERP_STACK_BYTES))
			return true;
	if (in_region(addr, bytes, in->packet, in->packet_bytes))
		return true;
	for (int m = 0; m < GEN_MAP_CNT; m++)
		for (int i = 0; i < 16; i++)
			if (in_region(addr, bytes, in->values[m][i], gen_maps[m].value_size))
				return true;
	return in_region(addr, bytes, in->record, sizeof(in->record));
}

/* Offsets of data and data_end in struct xdp_md and struct __sk_buff. */
static bool ctx_load(struct interp *in, uint64_t addr, uint32_t bytes, uint64_t *ret_value)
{
	uint32_t off = (uint32_t)(addr - (uint64_t)(uintptr_t)in->ctx);
	bool xdp = in->program->prog_type == BPF_PROG_TYPE_XDP;

	if (!in_region(addr, bytes, in->ctx, sizeof(in->ctx)))
		return false;
	*ret_value = 0;
	if (off == (xdp ? 0u : 76u) && in->program->prog_type != BPF_PROG_TYPE_SOCKET_FILTER)
		*ret_value = (uint64_t)(uintptr_t)in->packet;
	else if (off == (xdp ? 4u : 80u) && in->program->prog_type != BPF_PROG_TYPE_SOCKET_FILTER)
		*ret_value = (uint64_t)(uintptr_t)in->packet + in->packet_bytes;
	else
		memcpy(ret_value, in->ctx + off, bytes);
	return true;
}

static uint32_t access_bytes(uint8_t code)
{
	static const uint32_t sizes[] = { 4, 2, 1, 8 };

	return sizes[(code >> 3) & 3];
}

static bool load(struct interp *in, const struct bpf_insn *insn)
{
	uint64_t addr = in->reg[insn->src_reg] + (uint64_t)(int64_t)insn->off, value = 0;
	uint32_t bytes = access_bytes(insn->code);

	if (!ctx_load(in, addr, bytes, &value)) {
		if (!allowed(in, addr, bytes))
			return false;
		memcpy(&value, (const void *)(uintptr_t)addr, bytes);
	}
	if (BPF_MODE(insn->code) == 0x80) /* sign-extending */
		value = (uint64_t)((int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes));
	in->reg[insn->dst_reg] = value;
	return true;
}

static bool store(struct interp *in, const struct bpf_insn *insn)
{
	uint64_t addr = in->reg[insn->dst_reg] + (uint64_t)(int64_t)insn->off;
	uint64_t value = BPF_CLASS(insn->code) == BPF_STX ? in->reg[insn->src_reg] : (uint64_t)(int64_t)insn->imm;
	uint32_t bytes = access_bytes(insn->code);

	if (in_region(addr, bytes, in->ctx, sizeof(in->ctx))) { /* writable fields only, by verdict; no effect here */
		memcpy((void *)(uintptr_t)addr, &value, bytes);
		return true;
	}
	if (!allowed(in, addr, bytes))
		return false;
	memcpy((void *)(uintptr_t)addr, &value, bytes);
	return true;
}

/* The read-modify-write operators, on one width. Returns the new value. */
static uint64_t atomic_new(struct interp *in, const struct bpf_insn *insn, uint64_t old, uint64_t operand, uint64_t mask)
{
	switch (insn->imm & ~BPF_FETCH) {
	case BPF_ADD:
		return old + operand;
	case BPF_OR:
		return old | operand;
	case BPF_AND:
		return old & operand;
	case BPF_XOR:
		return old ^ operand;
	case BPF_XCHG & ~BPF_FETCH:
		return operand;
	default: /* CMPXCHG */
		return (in->reg[0] & mask) == old ? operand : old;
	}
}

static bool atomic(struct interp *in, const struct bpf_insn *insn)
{
	uint64_t addr = in->reg[insn->dst_reg] + (uint64_t)(int64_t)insn->off, old = 0, value;
	uint32_t bytes = access_bytes(insn->code);
	uint64_t mask = bytes == 8 ? ~0ull : (1ull << (8 * bytes)) - 1;

	if (!allowed(in, addr, bytes))
		return false;
	memcpy(&old, (const void *)(uintptr_t)addr, bytes);
	if (insn->imm == 0x100) { /* load-acquire: dst and src change roles */
		return false;
	}
	value = atomic_new(in, insn, old, in->reg[insn->src_reg] & mask, mask);
	memcpy((void *)(uintptr_t)addr, &value, bytes);
	if (insn->imm == BPF_CMPXCHG)
		in->reg[0] = old;
	else if (insn->imm & BPF_FETCH)
		in->reg[insn->src_reg] = old;
	return true;
}

static uint64_t shift_right_signed(uint64_t a, uint64_t b, bool wide)
{
	return wide ? (uint64_t)((int64_t)a >> (b & 63)) : (uint32_t)((int32_t)a >> (b & 31));
}

static uint64_t divide(uint64_t a, uint64_t b, bool wide, bool is_signed, bool modulo)
{
	if (!wide) {
		a = is_signed ? (uint64_t)(int64_t)(int32_t)a : (uint32_t)a;
		b = is_signed ? (uint64_t)(int64_t)(int32_t)b : (uint32_t)b;
	}
	if (b == 0)
		return modulo ? a : 0;
	if (!is_signed)
		return modulo ? a % b : a / b;
	if (b == ~0ull) /* no trap at the least number */
		return modulo ? 0 : 0 - a;
	return (uint64_t)(modulo ? (int64_t)a % (int64_t)b : (int64_t)a / (int64_t)b);
}

static uint64_t swap(uint64_t value, const struct bpf_insn *insn)
{
	bool to_le = BPF_CLASS(insn->code) == BPF_ALU && BPF_SRC(insn->code) == BPF_TO_LE;

	switch (insn->imm) {
	case 16:
		return to_le ? (uint16_t)value : __builtin_bswap16((uint16_t)value);
	case 32:
		return to_le ? (uint32_t)value : __builtin_bswap32((uint32_t)value);
	default:
		return to_le ? value : __builtin_bswap64(value);
	}
}

static uint64_t move(uint64_t b, const struct bpf_insn *insn, bool wide)
{
	unsigned int bits = insn->off ? (unsigned int)insn->off : 64;

	if (insn->off == 0)
		return b;
	b = (uint64_t)((int64_t)(b << (64 - bits)) >> (64 - bits));
	return wide ? b : (uint32_t)b;
}

static bool alu(struct interp *in, const struct bpf_insn *insn)
{
	bool wide = BPF_CLASS(insn->code) == BPF_ALU64;
	uint64_t a = in->reg[insn->dst_reg], b, r;

	b = BPF_SRC(insn->code) == BPF_X ? in->reg[insn->src_reg] : (uint64_t)(int64_t)insn->imm;
	switch (BPF_OP(insn->code)) {
	case BPF_ADD: r = a + b; break;
	case BPF_SUB: r = a - b; break;
	case BPF_MUL: r = a * b; break;
	case BPF_OR: r = a | b; break;
	case BPF_AND: r = a & b; break;
	case BPF_XOR: r = a ^ b; break;
	case BPF_LSH: r = wide ? a << (b & 63) : (uint32_t)a << (b & 31); break;
	case BPF_RSH: r = wide ? a >> (b & 63) : (uint32_t)a >> (b & 31); break;
	case BPF_ARSH: r = shift_right_signed(a, b, wide); break;
	case BPF_NEG: r = 0 - a; break;
	case BPF_DIV: r = divide(a, b, wide, insn->off == 1, false); break;
	case BPF_MOD: r = divide(a, b, wide, insn->off == 1, true); break;
	case BPF_MOV: r = move(b, insn, wide); break;
	case BPF_END: in->reg[insn->dst_reg] = swap(a, insn); return true;
	default: return false;
	}
	in->reg[insn->dst_reg] = wide ? r : (uint32_t)r;
	return true;
}

static bool taken(const struct interp *in, const struct bpf_insn *insn)
{
	bool wide = BPF_CLASS(insn->code) == BPF_JMP;
	uint64_t a = in->reg[insn->dst_reg];
	uint64_t b = BPF_SRC(insn->code) == BPF_X ? in->reg[insn->src_reg] : (uint64_t)(int64_t)insn->imm;
	int64_t sa, sb;

	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	sa = wide ? (int64_t)a : (int32_t)a;
	sb = wide ? (int64_t)b : (int32_t)b;
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ: return a == b;
	case BPF_JNE: return a != b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	case BPF_JLT: return a < b;
	case BPF_JLE: return a <= b;
	case BPF_JSGT: return sa > sb;
	case BPF_JSGE: return sa >= sb;
	case BPF_JSLT: return sa < sb;
	case BPF_JSLE: return sa <= sb;
	case BPF_JSET: return a & b;
	default: return true; /* JA */
	}
}

/* Index of the map whose ld_imm64 put this number into a register. */
#define INTERP_MAP_TAG 0xb9f0000000000000ull

static bool lookup(struct interp *in, uint64_t *ret_value)
{
	uint64_t map = in->reg[1] - INTERP_MAP_TAG, key = 0;

	if (map >= GEN_MAP_CNT || !allowed(in, in->reg[2], gen_maps[map].key_size))
		return false;
	memcpy(&key, (const void *)(uintptr_t)in->reg[2], gen_maps[map].key_size);
	if (gen_maps[map].type == BPF_MAP_TYPE_HASH ? key % 3 == 0 : key >= gen_maps[map].max_entries)
		*ret_value = 0;
	else
		*ret_value = (uint64_t)(uintptr_t)in->values[map][key & 15];
	return true;
}

/* Unknown bytes into the program's memory, or zeroes and an errno. */
static bool load_bytes(struct interp *in, uint64_t *ret_value)
{
	uint64_t at = in->reg[3];
	uint32_t bytes = (uint32_t)in->reg[4];
	bool fails = interp_random(in) & 1;

	if (!allowed(in, at, bytes))
		return false;
	for (uint32_t i = 0; i < bytes; i++)
		((uint8_t *)(uintptr_t)at)[i] = fails ? 0 : (uint8_t)interp_random(in);
	*ret_value = fails ? (uint64_t)-14 : 0;
	return true;
}

/* Map writes: the arguments are looked at, the maps stay as they are. */
static bool update(struct interp *in, bool has_value, uint64_t *ret_value)
{
	uint64_t map = in->reg[1] - INTERP_MAP_TAG;

	if (map >= GEN_VALUE_MAP_CNT || !allowed(in, in->reg[2], gen_maps[map].key_size) ||
	    (has_value && !allowed(in, in->reg[3], gen_maps[map].value_size)))
		return false;
	*ret_value = interp_random(in) & 1 ? 0 : (uint64_t)-22;
	return true;
}

static bool reserve(struct interp *in, uint64_t *ret_value)
{
	if (in->reg[1] != INTERP_MAP_TAG + GEN_RINGBUF)
		return false;
	*ret_value = in->reg[2] <= sizeof(in->record) && (interp_random(in) & 3) ? (uint64_t)(uintptr_t)in->record : 0;
	return true;
}

#define INTERP_FUNC_TAG 0xb9f1000000000000ull
#define INTERP_ROUNDS_MAX 4096u	/* of a bpf_loop; more run into INTERP_STEPS_MAX for no new state */

/* One round of a bpf_loop: its callback sees the number of the round and the caller's context. */
static void enter_round(struct interp *in, struct interp_frame *callee)
{
	for (int i = 0; i < 10; i++)
		in->reg[i] = interp_random(in);
	in->reg[1] = callee->loop_done;
	in->reg[2] = callee->loop_ctx;
	in->insn_idx = callee->loop_start - 1; /* the step adds one */
}

static bool call_loop(struct interp *in)
{
	uint64_t func = in->reg[2] - INTERP_FUNC_TAG;
	uint32_t rounds = (uint32_t)in->reg[1];
	struct interp_frame *callee;

	if (func >= in->program->insn_cnt || in->depth + 1 >= INTERP_FRAMES)
		return false;
	in->gave_up = rounds > INTERP_ROUNDS_MAX;
	if (!rounds || in->reg[4] || in->gave_up) {
		in->reg[0] = in->reg[4] ? (uint64_t)-22 : 0;
		for (int i = 1; i <= 5; i++)
			in->reg[i] = interp_random(in);
		return true;
	}
	callee = &in->frame[++in->depth];
	memcpy(callee->saved, &in->reg[6], sizeof(callee->saved));
	callee->return_to = in->insn_idx + 1;
	callee->loop_start = (uint32_t)func;
	callee->loop_cnt = rounds;
	callee->loop_done = 0;
	callee->loop_ctx = in->reg[3];
	in->reg[10] = (uint64_t)(uintptr_t)callee->stack + INTERP_STACK_BYTES;
	enter_round(in, callee);
	return true;
}

static bool call_helper(struct interp *in, const struct bpf_insn *insn)
{
	uint64_t result;

	switch (insn->imm) {
	case BPF_FUNC_map_lookup_elem:
		if (!lookup(in, &result))
			return false;
		break;
	case BPF_FUNC_ktime_get_ns:
		result = interp_value(in);
		break;
	case BPF_FUNC_get_prandom_u32:
		result = (uint32_t)interp_value(in);
		break;
	case BPF_FUNC_get_smp_processor_id:
		result = 0;
		break;
	case BPF_FUNC_skb_load_bytes:
		if (!load_bytes(in, &result))
			return false;
		break;
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_map_delete_elem:
		if (!update(in, insn->imm == BPF_FUNC_map_update_elem, &result))
			return false;
		break;
	case BPF_FUNC_ringbuf_reserve:
		if (!reserve(in, &result))
			return false;
		break;
	case BPF_FUNC_ringbuf_submit:
	case BPF_FUNC_ringbuf_discard:
		if (in->reg[1] != (uint64_t)(uintptr_t)in->record)
			return false;
		result = interp_random(in);
		break;
	case BPF_FUNC_xdp_adjust_head:
	case BPF_FUNC_skb_pull_data: /* always in vain: the packet stays */
		result = (uint64_t)-22;
		break;
	default: /* reached by mutation: any number it may return, no effect */
		return false;
	}
	in->reg[0] = result;
	for (int i = 1; i <= 5; i++)
		in->reg[i] = interp_random(in);
	return true;
}

static bool call_function(struct interp *in, const struct bpf_insn *insn)
{
	struct interp_frame *callee;

	if (in->depth + 1 >= INTERP_FRAMES)
		return false;
	callee = &in->frame[++in->depth];
	memcpy(callee->saved, &in->reg[6], sizeof(callee->saved));
	callee->return_to = in->insn_idx + 1;
	callee->loop_cnt = 0;
	in->reg[10] = (uint64_t)(uintptr_t)callee->stack + INTERP_STACK_BYTES;
	in->insn_idx = (uint32_t)((int64_t)in->insn_idx + insn->imm); /* the step adds one */
	return true;
}

/* true: the main function has ended. */
static bool leave(struct interp *in)
{
	struct interp_frame *callee = &in->frame[in->depth];

	if (in->depth == 0)
		return true;
	if (callee->loop_cnt) {
		bool more = !in->reg[0] && callee->loop_done + 1 < callee->loop_cnt;

		in->reg[0] = ++callee->loop_done;
		if (more) {
			enter_round(in, callee);
			return false;
		}
	}
	memcpy(&in->reg[6], callee->saved, sizeof(callee->saved));
	for (int i = 1; i <= 5; i++)
		in->reg[i] = interp_random(in);
	in->insn_idx = callee->return_to - 1;
	in->depth--;
	return false;
}

static enum interp_outcome jump(struct interp *in, const struct bpf_insn *insn, bool *ret_done)
{
	bool long_jump = insn->code == (BPF_JMP32 | BPF_JA);

	if (BPF_OP(insn->code) == BPF_EXIT) {
		*ret_done = leave(in);
		return INTERP_DONE;
	}
	if (BPF_OP(insn->code) == BPF_CALL) {
		if (insn->src_reg == BPF_PSEUDO_CALL)
			return call_function(in, insn) ? INTERP_DONE : INTERP_BAD_INSN;
		if (insn->imm == BPF_FUNC_loop) {
			if (!call_loop(in))
				return INTERP_BAD_INSN;
			*ret_done = in->gave_up;
			return INTERP_DONE;
		}
		return call_helper(in, insn) ? INTERP_DONE : INTERP_BAD_INSN;
	}
	if (BPF_OP(insn->code) == 0xe0 ? interp_random(in) & 1 : taken(in, insn)) /* may_goto: as time permits */
		in->insn_idx = (uint32_t)((int64_t)in->insn_idx + (long_jump ? insn->imm : insn->off));
	return INTERP_DONE;
}

/* Packet bytes by LD_ABS and LD_IND: some number, or the end of the program. */
static enum interp_outcome packet_load(struct interp *in, const struct bpf_insn *insn, bool *ret_done)
{
	uint32_t bytes = access_bytes(insn->code);

	if (in->reg[6] != (uint64_t)(uintptr_t)in->ctx || bytes > 4 || in->depth > 0)
		return INTERP_BAD_INSN;
	*ret_done = (interp_random(in) & 7) == 0;
	in->reg[0] = interp_value(in) & ((1ull << (8 * bytes)) - 1);
	for (int i = 1; i <= 5; i++)
		in->reg[i] = interp_random(in);
	return INTERP_DONE;
}

static enum interp_outcome wide_constant(struct interp *in, const struct bpf_insn *insn, bool *ret_done)
{
	if (BPF_MODE(insn->code) == BPF_ABS || BPF_MODE(insn->code) == BPF_IND)
		return packet_load(in, insn, ret_done);
	if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
		return INTERP_BAD_INSN;
	if (insn->src_reg == BPF_PSEUDO_MAP_FD)
		in->reg[insn->dst_reg] = INTERP_MAP_TAG + (uint32_t)insn->imm;
	else if (insn->src_reg == BPF_PSEUDO_FUNC)
		in->reg[insn->dst_reg] = INTERP_FUNC_TAG + in->insn_idx + (uint64_t)(int64_t)insn->imm + 1;
	else if (insn->src_reg == BPF_PSEUDO_MAP_VALUE)
		in->reg[insn->dst_reg] = (uint64_t)(uintptr_t)in->values[insn->imm & 3][0] + (uint32_t)insn[1].imm;
	else
		in->reg[insn->dst_reg] = (uint32_t)insn->imm | (uint64_t)(uint32_t)insn[1].imm << 32;
	in->insn_idx++;
	return INTERP_DONE;
}

static enum interp_outcome step(struct interp *in, bool *ret_done)
{
	const struct bpf_insn *insn = &in->program->insns[in->insn_idx];

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return alu(in, insn) ? INTERP_DONE : INTERP_BAD_INSN;
	case BPF_LDX:
		return load(in, insn) ? INTERP_DONE : INTERP_BAD_ACCESS;
	case BPF_STX:
		if (BPF_MODE(insn->code) == BPF_ATOMIC)
			return atomic(in, insn) ? INTERP_DONE : INTERP_BAD_ACCESS;
		return store(in, insn) ? INTERP_DONE : INTERP_BAD_ACCESS;
	case BPF_ST:
		return store(in, insn) ? INTERP_DONE : INTERP_BAD_ACCESS;
	case BPF_LD:
		return wide_constant(in, insn, ret_done);
	default:
		return jump(in, insn, ret_done);
	}
}

static void interp_fill(struct interp *in, uint64_t seed)
{
	uint8_t *bytes[] = { in->ctx, in->packet, &in->values[0][0][0] };
	const size_t sizes[] = { sizeof(in->ctx), sizeof(in->packet), sizeof(in->values) };

	in->rng = seed;
	for (int i = 0; i < 3; i++)
		for (size_t at = 0; at < sizes[i]; at += 8) {
			uint64_t value = interp_value(in);

			memcpy(bytes[i] + at, &value, 8);
		}
	for (int f = 0; f < INTERP_FRAMES; f++)
		memset(in->frame[f].stack, (int)(interp_random(in) & 0xff), INTERP_STACK_BYTES);
	for (int i = 0; i < 10; i++)
		in->reg[i] = interp_random(in);
	in->packet_bytes = (uint32_t)(interp_random(in) % (INTERP_PACKET_MAX + 1));
	in->reg[1] = (uint64_t)(uintptr_t)in->ctx;
	in->reg[10] = (uint64_t)(uintptr_t)in->frame[0].stack + INTERP_STACK_BYTES;
}

enum interp_outcome interp_run(struct interp *in, const struct gen_program *program, uint64_t seed)
{
	bool done = false;

	in->program = program;
	in->insn_idx = in->depth = in->steps = 0;
	interp_fill(in, seed);
	while (!done) {
		enum interp_outcome outcome;

		if (in->insn_idx >= program->insn_cnt)
			return INTERP_BAD_INSN;
		if (in->observe && !in->observe(in->observer, in))
			return INTERP_UNCOVERED;
		outcome = step(in, &done);
		if (outcome != INTERP_DONE)
			return outcome;
		in->insn_idx++;
		if (++in->steps > INTERP_STEPS_MAX)
			return INTERP_RUNAWAY;
	}
	return INTERP_DONE;
}
