/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes of programs that passes of a verifier have got wrong: code that stands after what leads to it, blocks that are
 * hardly ever reached, several locks, callbacks that may not sleep though their program may, maps found in maps. Like
 * the other blocks they mostly keep to the rules, and now and then break one.
 */
#include "tests/differential/gen_priv.h"

#include <string.h>

#include "proto/own.h"

#define FN_COPY_FROM_USER 148
#define FN_TIMER_INIT	  169
#define FN_TIMER_CALLBACK 170
#define FN_TIMER_START	  171
#define FN_TIMER_CANCEL	  172
#define FN_FOR_EACH	  164

static int16_t jump_to(uint32_t from, uint32_t to)
{
	return (int16_t)((int32_t)to - (int32_t)from - 1);
}

static void land_here(struct gen *g, uint32_t insn)
{
	if (insn < GEN_INSNS_MAX)
		g->p->insns[insn].off = jump_to(insn, g->p->insn_cnt);
}

/* Only what leaves every register of the kind it had: numbers become other numbers. */
static void quiet_blocks(struct gen *g, uint32_t cnt)
{
	for (; cnt > 0; cnt--) {
		int value = gen_reg_of(g, K_VALUE), reg = gen_reg_of(g, K_SCALAR);

		if (reg < 0)
			return;
		if (g->kind[reg] == K_SCALAR && value >= 0 && g->kind[value] == K_VALUE && chance(g, 40))
			emit(g, (uint8_t)(BPF_LDX | BPF_MEM | size_code(pick(g, 4))), (uint8_t)reg, (uint8_t)value, 0, 0);
		else if (g->kind[reg] == K_SCALAR)
			emit(g, (uint8_t)((chance(g, 60) ? BPF_ALU64 : BPF_ALU) | (chance(g, 50) ? BPF_ADD : BPF_AND) | BPF_K),
			     (uint8_t)reg, 0, 0, number(g));
	}
}

/* What the other way through the program would take for a pointer. */
static void spoil_one(struct gen *g)
{
	uint8_t reg = (uint8_t)(6 + pick(g, 3));

	if (g->kind[reg] != K_NONE)
		gen_set(g, reg, 4096);
}

/* A jump on a number that is known, unknown, or compared with another. */
static uint32_t some_jump(struct gen *g)
{
	static const uint8_t ops[] = { BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JLE, BPF_JSGT, BPF_JSLT, BPF_JSET };
	uint8_t reg = gen_scalar(g);
	uint32_t at = g->p->insn_cnt;

	emit(g, (uint8_t)((chance(g, 70) ? BPF_JMP : BPF_JMP32) | ops[pick(g, sizeof(ops))] | BPF_K), reg, 0, 0, number(g));
	return at;
}

static void arm(struct gen *g)
{
	for (uint32_t i = 1 + pick(g, 3); i > 0; i--)
		switch (pick(g, 5)) {
		case 0: gen_block_stack(g); break;
		case 1:
		case 2: gen_block_access(g, K_VALUE, 0); break;
		default: gen_block_alu(g);
		}
}

/*
 *	goto head; body: ... goto out; head: ... if (number) goto body; ... out:
 *
 * No loop: the body is reached from below only, and leaves at once.
 */
void gen_shape_backward(struct gen *g)
{
	enum kind before[11], after_body[11];
	uint32_t to_head = g->p->insn_cnt, body, to_out, back;

	if (g->in_function)
		return;
	gen_scalar(g);
	to_head = g->p->insn_cnt;
	emit(g, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	memcpy(before, g->kind, sizeof(before));
	body = g->p->insn_cnt;
	arm(g);
	memcpy(after_body, g->kind, sizeof(after_body));
	to_out = g->p->insn_cnt;
	emit(g, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	land_here(g, to_head);
	memcpy(g->kind, before, sizeof(before));
	quiet_blocks(g, pick(g, 3));
	if (chance(g, 12))
		spoil_one(g);
	if (chance(g, 30)) { /* two ways back: one of them after something else */
		back = some_jump(g);
		if (back < GEN_INSNS_MAX)
			g->p->insns[back].off = jump_to(back, body);
		quiet_blocks(g, 1);
		if (chance(g, 12))
			spoil_one(g);
	}
	back = some_jump(g);
	if (back < GEN_INSNS_MAX)
		g->p->insns[back].off = jump_to(back, body);
	arm(g);
	land_here(g, to_out);
	gen_forget_changed(g, before);
	gen_forget_changed(g, after_body);
}

/* A jump to a block past the end; what is there is written last. */
void gen_shape_cold(struct gen *g)
{
	struct gen_cold *cold = &g->cold[g->cold_cnt];

	if (g->in_function || g->cold_cnt == ARRAY_CNT(g->cold))
		return;
	cold->insn = some_jump(g);
	memcpy(cold->kinds, g->kind, sizeof(cold->kinds));
	memcpy(cold->map_of, g->map_of, sizeof(cold->map_of));
	cold->back = g->p->insn_cnt;
	g->cold_cnt++;
}

void gen_write_cold(struct gen *g)
{
	for (uint32_t i = 0; i < g->cold_cnt; i++) {
		const struct gen_cold *cold = &g->cold[i];

		land_here(g, cold->insn);
		memcpy(g->kind, cold->kinds, sizeof(g->kind));
		memcpy(g->map_of, cold->map_of, sizeof(g->map_of));
		quiet_blocks(g, 1 + pick(g, 3));
		if (chance(g, 12))
			spoil_one(g);
		if (chance(g, 25)) {
			gen_set(g, 0, (int32_t)pick(g, 3));
			emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
		} else {
			emit(g, BPF_JMP | BPF_JA, 0, 0, jump_to(g->p->insn_cnt, cold->back), 0);
		}
	}
}

/* ---- locks ---- */

/* Where two locks of one sort are: in values that r7 and r8 point to, and in global data. */
struct locks {
	bool res;		/* those that may be held together, and whose taking may fail */
	uint32_t hash, global[2];
	uint8_t held[4], held_cnt;
};

static void lock_address(struct gen *g, const struct locks *locks, uint8_t which)
{
	if (which < 2) {
		gen_mov(g, 1, (uint8_t)(7 + which));
		return;
	}
	emit(g, BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_VALUE, 0, (int32_t)locks->global[which - 2]);
	emit(g, 0, 0, 0, 0, chance(g, 98) ? 0 : 8);
}

static void lock_call(struct gen *g, const struct locks *locks, bool take)
{
	if (locks->res)
		emit(g, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0,
		     (int32_t)g->kfuncs[take ? GEN_KFUNC_RES_LOCK : GEN_KFUNC_RES_UNLOCK]);
	else
		gen_helper(g, take ? BPF_FUNC_spin_lock : BPF_FUNC_spin_unlock);
	gen_after_call(g, take && locks->res ? K_SCALAR : K_NONE);
}

static void unlock(struct gen *g, const struct locks *locks, uint8_t which)
{
	lock_address(g, locks, which);
	lock_call(g, locks, false);
}

static void unlock_all(struct gen *g, const struct locks *locks)
{
	for (uint8_t i = locks->held_cnt; i > 0; i--)
		unlock(g, locks, locks->held[i - 1]);
}

static void lock(struct gen *g, struct locks *locks, uint8_t which)
{
	uint32_t taken;

	lock_address(g, locks, which);
	lock_call(g, locks, true);
	if (locks->res && chance(g, 95)) { /* not taken: those held before are given back */
		taken = g->p->insn_cnt;
		emit(g, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
		unlock_all(g, locks);
		gen_set(g, 0, 0);
		emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
		land_here(g, taken);
	}
	locks->held[locks->held_cnt++] = which;
}

static void while_held(struct gen *g)
{
	if (chance(g, 60))
		emit(g, (uint8_t)(BPF_ST | BPF_MEM | size_code(pick(g, 4))), (uint8_t)(7 + pick(g, 2)), 0,
		     chance(g, 95) ? 8 : (int16_t)pick(g, 24), number(g));
	if (chance(g, 4))
		gen_helper(g, BPF_FUNC_get_prandom_u32);
	if (chance(g, 3))
		gen_leave_unless(g, BPF_JMP | BPF_JNE | BPF_K, gen_scalar(g), 0, number(g));
}

/* r7 and r8: two values, of which nobody knows whether they are one. */
static void two_values(struct gen *g, uint32_t map)
{
	gen_lookup(g, map);
	gen_mov(g, 8, 7);
	g->kind[8] = K_NONE;
	gen_lookup(g, map);
	g->kind[0] = g->kind[7] = g->kind[8] = K_NONE;
}

static void give_back_some(struct gen *g, struct locks *locks)
{
	uint8_t which, last = (uint8_t)(locks->held_cnt - 1);

	which = chance(g, 90) ? locks->held[last] : locks->held[pick(g, locks->held_cnt)];
	unlock(g, locks, chance(g, 97) ? which : (uint8_t)pick(g, 4));
	locks->held_cnt--;
}

void gen_shape_locks(struct gen *g)
{
	struct locks locks = { .hash = GEN_LOCKED, .global = { GEN_LOCK_A, GEN_LOCK_B } };
	uint8_t most = 1;

	if (g->in_function || g->p->prog_type == BPF_PROG_TYPE_SOCKET_FILTER)
		return;
	if (gen_has_kfunc(g, GEN_KFUNC_RES_LOCK) && chance(g, 60)) {
		locks = (struct locks){ .res = true, .hash = GEN_RES_LOCKED, .global = { GEN_RES_A, GEN_RES_B } };
		most = 3;
	}
	two_values(g, locks.hash);
	for (uint32_t i = 2 + pick(g, 4); i > 0; i--) {
		if (locks.held_cnt < most + (chance(g, 4) ? 1 : 0) && chance(g, 65))
			lock(g, &locks, (uint8_t)pick(g, 4));
		else if (locks.held_cnt)
			give_back_some(g, &locks);
		while_held(g);
	}
	while (locks.held_cnt && chance(g, 97))
		give_back_some(g, &locks);
	g->kind[0] = K_NONE;
}

/* ---- callbacks ---- */

/* Reads memory of the process it runs in, which may sleep. */
void gen_shape_user_copy(struct gen *g)
{
	if (!g->sleepable && chance(g, 85))
		return;
	gen_emit_size(g, 2, 8);
	gen_emit_buffer(g, 1, 1, false);
	gen_set(g, 3, 4096);
	gen_helper(g, FN_COPY_FROM_USER);
	gen_after_call(g, K_SCALAR);
}

static void timer_arm(struct gen *g)
{
	gen_mov(g, 1, 7);
	gen_refer(g, (struct gen_call){ .kind = CALL_TIMER, .map = GEN_TIMERS });
	emit(g, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 0);
	emit(g, 0, 0, 0, 0, 0);
	gen_helper(g, FN_TIMER_CALLBACK);
	gen_after_call(g, K_SCALAR);
	gen_mov(g, 1, 7);
	gen_set(g, 2, (int32_t)pick(g, 1000));
	gen_set(g, 3, 0);
	gen_helper(g, FN_TIMER_START);
	gen_after_call(g, K_SCALAR);
}

void gen_shape_timer(struct gen *g)
{
	if (g->in_function || g->call_cnt == ARRAY_CNT(g->call))
		return;
	gen_lookup(g, GEN_TIMERS);
	g->kind[0] = g->kind[7] = K_NONE;
	gen_mov(g, 1, 7);
	gen_emit_map(g, 2, chance(g, 96) ? GEN_TIMERS : 0);
	gen_set(g, 3, chance(g, 96) ? 1 : number(g)); /* CLOCK_MONOTONIC */
	gen_helper(g, FN_TIMER_INIT);
	gen_after_call(g, K_SCALAR);
	if (chance(g, 90))
		timer_arm(g);
	if (chance(g, 20)) {
		gen_mov(g, 1, 7);
		gen_helper(g, FN_TIMER_CANCEL);
		gen_after_call(g, K_SCALAR);
	}
	if (chance(g, 50))
		emit(g, (uint8_t)(BPF_LDX | BPF_MEM | size_code(pick(g, 4))), 8, 7, chance(g, 95) ? 16 : (int16_t)pick(g, 24), 0);
	g->kind[8] = K_NONE;
}

/* ---- maps in maps ---- */

/* Elements of the map that r7 points to are walked, put in and taken out. */
static void inner_use(struct gen *g)
{
	gen_stack_address(g, 2, -8);
	emit(g, BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, (int32_t)pick(g, 6));
	if (chance(g, 50)) {
		gen_emit_buffer(g, 3, 8, true);
		gen_set(g, 4, 0);
		gen_stack_address(g, 2, -8);
		gen_mov(g, 1, 7);
		gen_helper(g, BPF_FUNC_map_update_elem);
	} else {
		gen_mov(g, 1, 7);
		gen_helper(g, BPF_FUNC_map_delete_elem);
	}
	gen_forget_slots(g, 0, 8);
	gen_after_call(g, K_SCALAR);
}

static void inner_each(struct gen *g)
{
	gen_refer(g, (struct gen_call){ .kind = CALL_EACH, .map = 0 });
	g->call[g->call_cnt - 1].insn = g->p->insn_cnt + 1;
	gen_mov(g, 1, 7);
	emit(g, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 0);
	emit(g, 0, 0, 0, 0, 0);
	gen_set(g, 3, 0);
	gen_set(g, 4, 0);
	gen_helper(g, FN_FOR_EACH);
	gen_after_call(g, K_SCALAR);
}

/*
 * A map in a map, and a value in that. A key that is a number within the template's length finds something in arrays of
 * that length, and need not in those of any.
 */
void gen_shape_inner(struct gen *g)
{
	static const uint32_t outers[] = { GEN_OUTER, GEN_OUTER, GEN_OUTER_ANY, GEN_OUTER_ANY, GEN_OUTER_HASH };

	gen_lookup(g, outers[pick(g, ARRAY_CNT(outers))]);
	g->kind[0] = g->kind[7] = K_NONE;
	if (!g->in_function && chance(g, 20))
		inner_use(g);
	if (!g->in_function && g->call_cnt < ARRAY_CNT(g->call) && chance(g, 15))
		inner_each(g);
	emit(g, BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, (int32_t)pick(g, 6));
	gen_mov(g, 1, chance(g, 97) ? 7 : 0);
	gen_stack_address(g, 2, -4);
	gen_helper(g, BPF_FUNC_map_lookup_elem);
	gen_forget_slots(g, 0, 1);
	gen_after_call(g, K_VALUE_OR_NULL);
	g->map_of[0] = 0;
	if (chance(g, 70)) {
		gen_leave_unless(g, BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0);
		g->kind[0] = K_VALUE;
	}
	gen_mov(g, 7, 0);
	g->kind[7] = g->kind[0];
	g->map_of[7] = 0;
	if (chance(g, 70))
		emit(g, (uint8_t)(BPF_LDX | BPF_MEM | size_code(pick(g, 4))), 1, 7, (int16_t)pick(g, 56), 0);
	g->kind[1] = K_NONE;
}
