/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second half of the grammar: what needs more than one instruction to make sense. Like the first, each block
 * mostly keeps to the rules and now and then breaks one.
 */
#include "tests/differential/gen_priv.h"

#include <string.h>

#include "proto/own.h"

#define FN_LOOP 181
#define FN_FOR_EACH 164
#define FN_RESERVE_DYNPTR 198
#define FN_SUBMIT_DYNPTR 199
#define FN_DISCARD_DYNPTR 200
#define FN_DYNPTR_FROM_MEM 197
#define FN_DYNPTR_READ 201
#define FN_DYNPTR_WRITE 202
#define FN_DYNPTR_DATA 203

/* Beyond the slots that plain blocks write. */
#define PLACE_DYNPTR (-80)
#define PLACE_ITER   (-96)

void gen_forget_slots(struct gen *g, uint32_t first, uint32_t cnt)
{
	for (uint32_t slot = first; slot < first + cnt && slot < 8; slot++) {
		g->stack_written |= 1ull << slot;
		g->slot_kind[slot] = K_SCALAR;
	}
}

/* A number that nobody knows: from a map's value, the context or a helper; in r0..r5 or r8. */
static uint8_t unknown(struct gen *g)
{
	int value = gen_reg_of(g, K_VALUE);
	static const uint8_t regs[] = { 0, 1, 2, 3, 4, 5, 8 };
	uint8_t dst = regs[pick(g, sizeof(regs))];

	if (value >= 0 && chance(g, 70)) {
		emit(g, (uint8_t)(BPF_LDX | BPF_MEM | size_code(pick(g, 4))), dst, (uint8_t)value, 0, 0);
		g->kind[dst] = K_SCALAR;
		return dst;
	}
	gen_helper(g, BPF_FUNC_get_prandom_u32);
	gen_after_call(g, K_SCALAR);
	return 0;
}

/* Compares until the number lies in a range, by signs, widths and orders of all sorts. */
static void bound(struct gen *g, uint8_t reg)
{
	static const uint8_t upper[] = { BPF_JLT, BPF_JLE, BPF_JSLT, BPF_JSLE }, lower[] = { BPF_JSGT, BPF_JSGE, BPF_JGT, BPF_JGE };
	uint8_t class = chance(g, 65) ? BPF_JMP : BPF_JMP32;
	int32_t top = (int32_t)pick(g, 64), low = chance(g, 50) ? 0 : (int32_t)pick(g, 24) - 8;

	switch (pick(g, 5)) {
	case 0:
		emit(g, (uint8_t)((chance(g, 70) ? BPF_ALU64 : BPF_ALU) | BPF_AND | BPF_K), reg, 0, 0, chance(g, 70) ? (1 << pick(g, 6)) - 1 : top);
		return;
	case 1:
		emit(g, BPF_ALU64 | BPF_RSH | BPF_K, reg, 0, 0, 56 + (int32_t)pick(g, 8));
		return;
	case 2:
		gen_leave_unless(g, (uint8_t)(class | upper[pick(g, 2)] | BPF_K), reg, 0, top);
		return;
	default:
		gen_leave_unless(g, (uint8_t)(class | upper[pick(g, 4)] | BPF_K), reg, 0, top);
		gen_leave_unless(g, (uint8_t)((chance(g, 85) ? class : BPF_JMP) | lower[pick(g, 4)] | BPF_K), reg, 0, low);
		if (class == BPF_JMP32 && chance(g, 60))
			emit(g, BPF_ALU | BPF_MOV | BPF_X, reg, reg, 0, 0);
	}
}

/* r7 = a value of that map that is there, or r7 stays what it is. */
void gen_lookup(struct gen *g, uint32_t map)
{
	int32_t off = gen_maps[map].key_size == 8 ? -8 : -4;

	emit(g, (uint8_t)(BPF_ST | BPF_MEM | (off == -8 ? BPF_DW : BPF_W)), 10, 0, (int16_t)off, chance(g, 60) ? 0 : number(g));
	gen_forget_slots(g, 0, 1);
	gen_emit_map(g, 1, map);
	gen_stack_address(g, 2, off);
	gen_helper(g, BPF_FUNC_map_lookup_elem);
	gen_after_call(g, K_VALUE_OR_NULL);
	g->map_of[0] = map;
	if (chance(g, 20)) { /* the copy is made before the test, and the test is on either */
		gen_mov(g, 7, 0);
		gen_leave_unless(g, BPF_JMP | BPF_JNE | BPF_K, chance(g, 50) ? 7 : 0, 0, 0);
	} else {
		gen_leave_unless(g, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0);
		gen_mov(g, 7, 0);
	}
	g->kind[0] = g->kind[7] = K_VALUE;
	g->map_of[7] = map;
}

static void more_lookup(struct gen *g)
{
	static const uint32_t maps[] = { 0, 1, 2, 3, GEN_LPM, GEN_LRU, GEN_LRU };

	gen_lookup(g, maps[pick(g, ARRAY_CNT(maps))]);
}

/* value[index], where the index was bounded by comparisons; sometimes through a linked copy. */
static void more_index(struct gen *g)
{
	int value = gen_reg_of(g, K_VALUE);
	uint8_t index, used;

	if (value < 6)
		return;
	index = used = unknown(g);
	if (index == value)
		return;
	if (chance(g, 50)) { /* linked: one is compared, the other is used */
		used = index == 5 ? 4 : 5;
		gen_mov(g, used, index);
		if (chance(g, 60))
			emit(g, (uint8_t)((chance(g, 80) ? BPF_ALU64 : BPF_ALU) | (chance(g, 80) ? BPF_ADD : BPF_SUB) | BPF_K), used, 0, 0, number(g));
		g->kind[used] = K_SCALAR;
	}
	bound(g, chance(g, 80) ? index : used);
	if (chance(g, 25))
		emit(g, (uint8_t)(BPF_ALU64 | (chance(g, 50) ? BPF_LSH : BPF_MUL) | BPF_K), used, 0, 0, 1 + (int32_t)pick(g, 3));
	if (chance(g, 10))
		bound(g, used);
	gen_mov(g, 3, (uint8_t)value);
	if (used == 3)
		return;
	emit(g, (uint8_t)(BPF_ALU64 | (chance(g, 92) ? BPF_ADD : BPF_SUB) | BPF_X), 3, used, 0, 0);
	g->kind[3] = K_VALUE;
	g->map_of[3] = g->map_of[value];
	if (chance(g, 60))
		emit(g, (uint8_t)(BPF_LDX | BPF_MEM | size_code(pick(g, 4))), used, 3, (int16_t)(chance(g, 70) ? 0 : pick(g, 16)), 0);
	else
		emit(g, (uint8_t)(BPF_ST | BPF_MEM | size_code(pick(g, 4))), 3, 0, (int16_t)(chance(g, 70) ? 0 : pick(g, 16)), 1);
}

/* Spills and fills of every size and place, over one another. */
static void more_stack(struct gen *g)
{
	int32_t place = -8 * (1 + (int32_t)pick(g, chance(g, 80) ? 4 : 10));

	for (uint32_t i = 2 + pick(g, 4); i > 0; i--) {
		uint32_t log2 = pick(g, 4), step = pick(g, 8 >> log2) << log2;
		uint8_t reg = (uint8_t)pick(g, 10);
		int16_t off = (int16_t)(place + (int32_t)step);

		if (chance(g, 45)) {
			if (g->kind[reg] == K_NONE && chance(g, 95))
				reg = gen_scalar(g);
			if (g->kind[reg] != K_SCALAR && g->kind[reg] != K_NONE && chance(g, 95))
				log2 = 3, off = (int16_t)place;
			emit(g, (uint8_t)(BPF_STX | BPF_MEM | size_code(log2)), 10, reg, off, 0);
		} else if (chance(g, 40)) {
			emit(g, (uint8_t)(BPF_ST | BPF_MEM | size_code(log2)), 10, 0, off, chance(g, 50) ? 0 : number(g));
		} else {
			emit(g, (uint8_t)(BPF_LDX | BPF_MEM | size_code(log2)), reg, 10, off, 0);
			g->kind[reg] = K_SCALAR;
		}
	}
	if (place >= -64)
		gen_forget_slots(g, (uint32_t)(-place / 8 - 1), 1);
}

static void more_atomic(struct gen *g)
{
	static const int32_t ops[] = { BPF_ADD, BPF_OR, BPF_AND, BPF_XOR, BPF_ADD | BPF_FETCH, BPF_OR | BPF_FETCH, BPF_AND | BPF_FETCH,
				       BPF_XOR | BPF_FETCH, BPF_XCHG, BPF_CMPXCHG };
	uint32_t slot = pick(g, 4);
	uint8_t src = gen_scalar(g), size = chance(g, 60) ? BPF_DW : BPF_W;
	int16_t off = (int16_t)(-8 * (int32_t)(slot + 1) + (size == BPF_W && chance(g, 30) ? 4 : 0));

	if (!(g->stack_written >> slot & 1))
		emit(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, (int16_t)(-8 * (int32_t)(slot + 1)), number(g));
	gen_forget_slots(g, slot, 1);
	if (chance(g, 50) && g->kind[0] != K_SCALAR) {
		gen_set(g, 0, number(g));
		g->kind[0] = K_SCALAR;
	}
	emit(g, (uint8_t)(BPF_STX | BPF_ATOMIC | size), 10, src, off, ops[pick(g, ARRAY_CNT(ops))]);
}

void gen_refer(struct gen *g, struct gen_call what)
{
	what.insn = g->p->insn_cnt;
	g->call[g->call_cnt++] = what;
}

/* The context of a callback: a place on the stack, a value, or nothing. */
static void callback_ctx(struct gen *g)
{
	if (chance(g, 70)) {
		if (!(g->stack_written >> 1 & 1))
			emit(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, -16, number(g));
		gen_stack_address(g, 3, -16);
		gen_forget_slots(g, 1, 1);
	} else {
		gen_set(g, 3, 0);
	}
	gen_set(g, 4, 0);
}

static void more_loop(struct gen *g)
{
	if (g->call_cnt == 8 || g->in_function)
		return;
	if (chance(g, 60))
		gen_set(g, 1, chance(g, 90) ? (int32_t)pick(g, 12) : number(g));
	else
		gen_mov(g, 1, gen_scalar(g));
	gen_refer(g, (struct gen_call){ .kind = CALL_LOOP });
	emit(g, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 0);
	emit(g, 0, 0, 0, 0, 0);
	callback_ctx(g);
	gen_helper(g, FN_LOOP);
	gen_after_call(g, K_SCALAR);
}

static void more_for_each(struct gen *g)
{
	static const uint32_t maps[] = { 0, 1, 2, 3, GEN_LRU, GEN_LPM };
	uint32_t map = maps[pick(g, chance(g, 96) ? 5 : 6)];

	if (g->call_cnt == 8 || g->in_function)
		return;
	gen_emit_map(g, 1, map);
	gen_refer(g, (struct gen_call){ .kind = CALL_EACH, .map = map });
	emit(g, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 0);
	emit(g, 0, 0, 0, 0, 0);
	callback_ctx(g);
	gen_helper(g, FN_FOR_EACH);
	gen_after_call(g, K_SCALAR);
}

/* A static function that is given a place on the caller's stack, or a map's value. */
static void more_call(struct gen *g)
{
	int value = gen_reg_of(g, K_VALUE);
	bool by_value = value >= 0 && chance(g, 40);

	if (g->call_cnt == 8 || g->in_function)
		return;
	if (chance(g, 50))
		gen_set(g, 1, number(g));
	else
		gen_mov(g, 1, unknown(g));
	if (value >= 0 && value < 6 && by_value)
		return;
	if (by_value) {
		gen_mov(g, 2, (uint8_t)value);
	} else {
		if (!(g->stack_written & 4) && chance(g, 80))
			emit(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, -24, number(g));
		gen_stack_address(g, 2, -24);
		gen_forget_slots(g, 2, 1);
	}
	gen_refer(g, (struct gen_call){ .kind = by_value ? CALL_VALUE : CALL_STACK, .map = by_value ? g->map_of[value] : 0 });
	emit(g, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
	gen_after_call(g, K_SCALAR);
}

static void kfunc(struct gen *g, int which)
{
	gen_stack_address(g, 1, PLACE_ITER);
	emit(g, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, (int32_t)g->kfuncs[which]);
}

static void loop_body(struct gen *g, uint32_t blocks)
{
	for (; blocks > 0; blocks--)
		switch (pick(g, 4)) {
		case 0: gen_block_stack(g); break;
		case 1: gen_block_access(g, K_VALUE, 0); break;
		default: gen_block_alu(g);
		}
}

/* After a body that may not have run. */
void gen_forget_changed(struct gen *g, const enum kind before[11])
{
	for (int i = 0; i < 10; i++)
		if (g->kind[i] != before[i])
			g->kind[i] = K_NONE;
}

/* for (i in a..b) { a few operators }, by the kernel's iterator over numbers. */
static void more_iter(struct gen *g)
{
	enum kind before[11];
	uint32_t head, out;

	if (!gen_has_kfunc(g, GEN_KFUNC_ITER_NEW) || g->in_function)
		return;
	gen_set(g, 2, (int32_t)pick(g, 4));
	if (chance(g, 50))
		gen_set(g, 3, (int32_t)pick(g, 200));
	else
		gen_mov(g, 3, gen_scalar(g));
	memcpy(before, g->kind, sizeof(before));
	kfunc(g, GEN_KFUNC_ITER_NEW);
	gen_after_call(g, K_SCALAR);
	head = g->p->insn_cnt;
	kfunc(g, GEN_KFUNC_ITER_NEXT);
	gen_after_call(g, K_NONE);
	out = g->p->insn_cnt;
	emit(g, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	if (chance(g, 60)) {
		emit(g, BPF_LDX | BPF_MEM | BPF_W, 1, 0, 0, 0);
		g->kind[1] = K_SCALAR;
	}
	loop_body(g, 1 + pick(g, 3));
	if (chance(g, 20))
		gen_leave_unless(g, BPF_JMP | BPF_JNE | BPF_K, gen_scalar(g), 0, number(g));
	emit(g, BPF_JMP | BPF_JA, 0, 0, (int16_t)((int32_t)head - (int32_t)g->p->insn_cnt - 1), 0);
	if (out < GEN_INSNS_MAX)
		g->p->insns[out].off = (int16_t)(g->p->insn_cnt - out - 1);
	if (chance(g, 96))
		kfunc(g, GEN_KFUNC_ITER_DESTROY);
	gen_after_call(g, K_NONE);
	memset(g->kind, 0, 6 * sizeof(*g->kind));
	gen_forget_changed(g, before);
}

static void dynptr_use(struct gen *g)
{
	uint32_t slots = 1 + pick(g, 3);

	switch (pick(g, 3)) {
	case 0: /* a slice, written when it is there */
		gen_stack_address(g, 1, PLACE_DYNPTR);
		gen_set(g, 2, (int32_t)pick(g, 8));
		gen_set(g, 3, 1 + (int32_t)pick(g, 16));
		gen_helper(g, FN_DYNPTR_DATA);
		gen_after_call(g, K_NONE);
		emit(g, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0);
		emit(g, (uint8_t)(BPF_ST | BPF_MEM | size_code(pick(g, 4))), 0, 0, (int16_t)pick(g, 8), 1);
		return;
	case 1:
		gen_emit_size(g, 2, 8 * slots);
		gen_emit_buffer(g, 1, slots, chance(g, 30));
		gen_stack_address(g, 3, PLACE_DYNPTR);
		gen_set(g, 4, (int32_t)pick(g, 4));
		gen_set(g, 5, 0);
		gen_helper(g, FN_DYNPTR_READ);
		break;
	default:
		gen_emit_size(g, 4, 8 * slots);
		gen_emit_buffer(g, 3, slots, true);
		gen_stack_address(g, 1, PLACE_DYNPTR);
		gen_set(g, 2, (int32_t)pick(g, 4));
		gen_set(g, 5, 0);
		gen_helper(g, FN_DYNPTR_WRITE);
	}
	gen_after_call(g, K_SCALAR);
}

/* A dynptr over a ring buffer's record, which is given back, or over a map's value. */
static void more_dynptr(struct gen *g)
{
	int value = gen_reg_of(g, K_VALUE);
	bool record = value < 0 || chance(g, 60);

	if (g->in_function)
		return;
	if (record) {
		gen_emit_map(g, 1, GEN_RINGBUF);
		if (chance(g, 70))
			gen_set(g, 2, 8 + (int32_t)pick(g, 64));
		else
			gen_mov(g, 2, gen_scalar(g));
	} else {
		gen_mov(g, 1, (uint8_t)value);
		gen_set(g, 2, 1 + (int32_t)pick(g, gen_maps[g->map_of[value] % GEN_MAP_ALL_CNT].value_size | 1));
	}
	gen_set(g, 3, 0);
	gen_stack_address(g, 4, PLACE_DYNPTR);
	gen_helper(g, record ? FN_RESERVE_DYNPTR : FN_DYNPTR_FROM_MEM);
	gen_after_call(g, K_SCALAR);
	for (uint32_t i = pick(g, 3); i > 0; i--)
		dynptr_use(g);
	if (!record || chance(g, 5))
		return;
	gen_stack_address(g, 1, PLACE_DYNPTR);
	gen_set(g, 2, 0);
	gen_helper(g, chance(g, 50) ? FN_SUBMIT_DYNPTR : FN_DISCARD_DYNPTR);
	gen_after_call(g, K_NONE);
}

static void more_queue(struct gen *g)
{
	gen_emit_buffer(g, 2, 2, chance(g, 70));
	gen_emit_map(g, 1, chance(g, 97) ? GEN_QUEUE : pick(g, GEN_MAP_ALL_CNT));
	gen_set(g, 3, 0);
	gen_helper(g, BPF_FUNC_map_push_elem + (int32_t)pick(g, 3));
	gen_after_call(g, K_SCALAR);
}

static void more_tail_call(struct gen *g)
{
	int ctx = gen_reg_of(g, K_CTX);

	if (ctx < 0)
		return;
	if (ctx < 6)
		return;
	gen_mov(g, 3, gen_scalar(g));
	gen_mov(g, 1, (uint8_t)ctx);
	gen_emit_map(g, 2, GEN_PROGS);
	gen_helper(g, BPF_FUNC_tail_call);
	gen_after_call(g, K_NONE);
}

static void more_output(struct gen *g)
{
	int ctx = gen_reg_of(g, K_CTX);
	uint32_t slots = 1u << pick(g, 3);

	if (ctx < 6)
		return;
	gen_emit_size(g, 5, 8 * slots);
	gen_emit_buffer(g, 4, slots, true);
	gen_emit_map(g, 2, GEN_EVENTS);
	gen_set(g, 3, -1);
	emit(g, BPF_ALU | BPF_MOV | BPF_X, 3, 3, 0, 0);
	gen_mov(g, 1, (uint8_t)ctx);
	gen_helper(g, BPF_FUNC_perf_event_output);
	gen_after_call(g, K_SCALAR);
}

static void more_probe_read(struct gen *g)
{
	uint32_t slots = 1u << pick(g, 3);

	gen_emit_size(g, 2, 8 * slots);
	gen_emit_buffer(g, 1, slots, chance(g, 30));
	gen_mov(g, 3, 10);
	gen_helper(g, chance(g, 60) ? BPF_FUNC_probe_read_kernel : BPF_FUNC_probe_read_kernel_str);
	gen_after_call(g, K_SCALAR);
}

/* A constant that only the map's frozen contents tell, and a branch on it. */
static void more_rodata(struct gen *g)
{
	uint32_t log2 = pick(g, 4);
	uint8_t dst = (uint8_t)pick(g, 6);

	emit(g, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_VALUE, 0, GEN_RODATA);
	emit(g, 0, 0, 0, 0, chance(g, 90) ? (int32_t)(pick(g, 32 >> log2) << log2) : (int32_t)pick(g, 34));
	if (chance(g, 95))
		emit(g, (uint8_t)(BPF_LDX | (g->new_insns && log2 < 3 && chance(g, 40) ? GEN_MEMSX : BPF_MEM) | size_code(log2)), dst, dst, 0, 0);
	else
		emit(g, (uint8_t)(BPF_ST | BPF_MEM | size_code(log2)), dst, 0, 0, 0);
	g->kind[dst] = K_SCALAR;
}

/* Two numbers compared with one another, then used. */
static void more_compare(struct gen *g)
{
	static const uint8_t ops[] = { BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET };
	uint8_t a = unknown(g), b;

	bound(g, a);
	gen_mov(g, 9, a);
	g->kind[9] = K_SCALAR;
	b = unknown(g);
	if (chance(g, 60))
		bound(g, b);
	gen_leave_unless(g, (uint8_t)((chance(g, 65) ? BPF_JMP : BPF_JMP32) | ops[pick(g, ARRAY_CNT(ops))] | BPF_X), b, 9, 0);
	if (chance(g, 50))
		gen_leave_unless(g, (uint8_t)((chance(g, 65) ? BPF_JMP : BPF_JMP32) | ops[pick(g, ARRAY_CNT(ops))] | BPF_X), 9, b, 0);
}

static const struct {
	void (*block)(struct gen *g);
	uint32_t weight;
} more[] = {
	{ more_lookup, 14 }, { more_index, 22 },    { more_stack, 16 }, { more_atomic, 6 },  { more_loop, 6 },
	{ more_for_each, 5 }, { more_call, 6 },	    { more_iter, 7 },	{ more_dynptr, 6 },  { more_queue, 2 },
	{ more_tail_call, 2 }, { gen_shape_inner, 5 }, { more_output, 3 }, { more_probe_read, 3 }, { more_rodata, 6 },
	{ more_compare, 8 }, { gen_shape_backward, 6 }, { gen_shape_cold, 7 }, { gen_shape_locks, 5 }, { gen_shape_timer, 3 },
	{ gen_shape_user_copy, 2 },
};

void gen_block_more(struct gen *g)
{
	uint32_t total = 0, n;

	for (size_t i = 0; i < ARRAY_CNT(more); i++)
		total += more[i].weight;
	n = pick(g, total);
	for (size_t i = 0; i < ARRAY_CNT(more); i++) {
		if (n < more[i].weight) {
			more[i].block(g);
			return;
		}
		n -= more[i].weight;
	}
}

/* What the arguments hold when the function begins. */
static void body_arguments(struct gen *g, const struct gen_call *call)
{
	switch (call->kind) {
	case CALL_LOOP:
		g->kind[1] = K_SCALAR;
		break;
	case CALL_EACH:
		g->kind[3] = K_VALUE;
		g->map_of[3] = call->map;
		gen_mov(g, 7, 3);
		g->kind[7] = K_VALUE;
		g->map_of[7] = call->map;
		gen_mov(g, 2, 4);
		break;
	case CALL_TIMER: /* the map, a key, a value */
		gen_mov(g, 7, 3);
		g->kind[3] = g->kind[7] = K_VALUE;
		g->map_of[3] = g->map_of[7] = call->map;
		return;
	case CALL_VALUE:
		g->kind[1] = K_SCALAR;
		g->kind[2] = K_VALUE;
		g->map_of[2] = call->map;
		return;
	default:
		g->kind[1] = K_SCALAR;
	}
	if (chance(g, 55)) { /* the place on the caller's stack */
		emit(g, (uint8_t)(BPF_LDX | BPF_MEM | size_code(pick(g, 4))), 5, 2, 0, 0);
		g->kind[5] = K_SCALAR;
		if (chance(g, 60))
			gen_block_alu(g);
		if (chance(g, 70))
			emit(g, (uint8_t)(BPF_STX | BPF_MEM | size_code(chance(g, 60) ? 3 : pick(g, 4))), 2, gen_scalar(g), 0, 0);
	}
}

void gen_body_more(struct gen *g, const struct gen_call *call)
{
	memset(g->kind, 0, sizeof(g->kind));
	body_arguments(g, call);
	if (g->kind[0] == K_NONE)
		gen_set(g, 0, 0);
	g->kind[0] = K_SCALAR;
	if (call->kind >= CALL_LOOP && chance(g, g->sleepable ? 50 : 3))
		gen_shape_user_copy(g);
	if (g->kind[0] == K_NONE)
		gen_set(g, 0, 0), g->kind[0] = K_SCALAR;
	for (uint32_t i = pick(g, 4); i > 0; i--)
		switch (pick(g, 6)) {
		case 0: more_stack(g); break;
		case 1: more_index(g); break;
		case 2: gen_block_access(g, K_VALUE, 0); break;
		default: gen_block_alu(g);
		}
	if (call->kind == CALL_LOOP || call->kind == CALL_EACH) {
		if (chance(g, 60))
			gen_set(g, 0, chance(g, 96) ? (int32_t)pick(g, 2) : number(g));
		else
			emit(g, BPF_ALU64 | BPF_AND | BPF_K, g->kind[0] == K_SCALAR ? 0 : 1, 0, 0, 1);
	} else if (call->kind == CALL_TIMER) {
		gen_set(g, 0, chance(g, 95) ? 0 : number(g));
	} else if (chance(g, 40) || g->kind[0] != K_SCALAR) {
		gen_set(g, 0, number(g));
	}
	emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}
