/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutation of programs that work: one row a kind of change, so that most results get past their first instructions
 * and break, or do not break, at one place. Promises a program that program_edit() keeps in one piece; nothing else.
 */
#include "tests/differential/mutate.h"

#include <string.h>

#include "proto/own.h"
#include "tests/differential/rng.h"

struct change {
	struct program *p;
	const struct bgv_program *other;
	uint64_t *rng;
	uint32_t at;	/* an instruction that begins at it */
};

static uint32_t pick(struct change *c, uint32_t cnt)
{
	return rng_pick(c->rng, cnt);
}

static bool starts(const struct bpf_insn *insns, uint32_t at)
{
	uint32_t i = 0;

	while (i < at)
		i += program_is_wide(&insns[i]) ? 2 : 1;
	return i == at;
}

static uint32_t pick_start(struct change *c)
{
	uint32_t at = pick(c, c->p->insn_cnt);

	return at && !starts(c->p->insns, at) ? at - 1 : at;
}

static uint32_t width(const struct change *c, uint32_t at)
{
	return program_is_wide(&c->p->insns[at]) && at + 1 < c->p->insn_cnt ? 2 : 1;
}

static bool is_alu(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ALU || BPF_CLASS(insn->code) == BPF_ALU64;
}

static bool is_access(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_LDX || BPF_CLASS(insn->code) == BPF_STX || BPF_CLASS(insn->code) == BPF_ST;
}

static bool is_branch(const struct bpf_insn *insn)
{
	return (BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32) && BPF_OP(insn->code) != BPF_CALL &&
	       BPF_OP(insn->code) != BPF_EXIT;
}

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg;
}

static void change_imm(struct change *c)
{
	struct bpf_insn *insn = &c->p->insns[c->at];

	if (program_refers(insn) == REF_IMM || is_call(insn))
		return;
	switch (pick(c, 4)) {
	case 0:
		insn->imm += rng_chance(c->rng, 50) ? 1 : -1;
		break;
	case 1:
		insn->imm = c->p->insns[pick(c, c->p->insn_cnt)].imm;
		break;
	case 2:
		insn->imm ^= (int32_t)(1u << pick(c, 32));
		break;
	default:
		insn->imm = rng_number(c->rng);
	}
	if (program_is_wide(insn) && !insn->src_reg && c->at + 1 < c->p->insn_cnt && rng_chance(c->rng, 40))
		insn[1].imm = rng_number(c->rng);
}

static void change_dst(struct change *c)
{
	c->p->insns[c->at].dst_reg = (uint8_t)(pick(c, rng_chance(c->rng, 95) ? 11 : 16) & 0xf);
}

static void change_src(struct change *c)
{
	struct bpf_insn *insn = &c->p->insns[c->at];

	if (program_is_wide(insn) || BPF_OP(insn->code) == BPF_CALL)
		return;
	insn->src_reg = (uint8_t)(pick(c, rng_chance(c->rng, 95) ? 11 : 16) & 0xf);
}

static void change_off(struct change *c)
{
	struct bpf_insn *insn = &c->p->insns[c->at];
	static const int16_t steps[] = { 1, -1, 2, -2, 4, -4, 8, -8, 16, -16 };

	if (is_branch(insn) && rng_chance(c->rng, 70))
		insn->off = (int16_t)(insn->off + (rng_chance(c->rng, 50) ? 1 : -1));
	else if (is_access(insn) || rng_chance(c->rng, 20))
		insn->off = (int16_t)(insn->off + steps[pick(c, ARRAY_CNT(steps))]);
}

/* Another operator, width, size or comparison of the same sort; rarely any bit. */
static void change_code(struct change *c)
{
	static const uint8_t alu[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR, BPF_AND, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_XOR, BPF_MOV,
				       BPF_DIV, BPF_MOD };
	static const uint8_t jmp[] = { BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE, BPF_JSGT, BPF_JSGE, BPF_JSLT,
				       BPF_JSLE, BPF_JSET };
	static const uint8_t size[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	struct bpf_insn *insn = &c->p->insns[c->at];

	if (program_is_wide(insn))
		return;
	if (rng_chance(c->rng, 5))
		insn->code ^= (uint8_t)(1u << pick(c, 8));
	else if (is_alu(insn) && rng_chance(c->rng, 60))
		insn->code = (uint8_t)((insn->code & 0x0f) | alu[pick(c, ARRAY_CNT(alu))]);
	else if (is_alu(insn))
		insn->code ^= BPF_ALU ^ BPF_ALU64;
	else if (is_branch(insn) && BPF_OP(insn->code) != BPF_JA && rng_chance(c->rng, 65))
		insn->code = (uint8_t)((insn->code & 0x0f) | jmp[pick(c, ARRAY_CNT(jmp))]);
	else if (is_branch(insn) && BPF_OP(insn->code) != BPF_JA)
		insn->code ^= BPF_JMP ^ BPF_JMP32;
	else if (is_access(insn) && BPF_MODE(insn->code) != BPF_ATOMIC)
		insn->code = (uint8_t)((insn->code & ~0x18) | size[pick(c, 4)]);
	else if (is_access(insn))
		insn->imm = (int32_t[]){ BPF_ADD, BPF_OR | BPF_FETCH, BPF_AND, BPF_XOR | BPF_FETCH, BPF_XCHG, BPF_CMPXCHG }[pick(c, 6)];
}

static void change_delete(struct change *c)
{
	if (c->p->insn_cnt > 2)
		(void)program_edit(c->p, c->at, width(c, c->at), NULL, 0);
}

static void change_double(struct change *c)
{
	struct bpf_insn copy[2];
	uint32_t cnt = width(c, c->at);

	memcpy(copy, &c->p->insns[c->at], cnt * sizeof(*copy));
	(void)program_edit(c->p, rng_chance(c->rng, 60) ? c->at : pick_start(c), 0, copy, cnt);
}

static void change_swap(struct change *c)
{
	struct bpf_insn *insn = &c->p->insns[c->at], first = *insn;

	if (c->at + 1 >= c->p->insn_cnt || program_is_wide(insn) || program_is_wide(insn + 1) || program_refers(insn) ||
	    program_refers(insn + 1))
		return;
	insn[0] = insn[1];
	insn[1] = first;
}

/* An instruction of common sorts, on registers that are likely to hold something. */
static void change_insert(struct change *c)
{
	uint8_t dst = (uint8_t)pick(c, 10), src = (uint8_t)pick(c, 11);
	int16_t slot = (int16_t)(-8 * (1 + (int)pick(c, 8)));
	int32_t imm = rng_number(c->rng);
	static const uint8_t ops[] = { BPF_ADD, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_MOV, BPF_SUB, BPF_MUL };
	static const uint8_t jmp[] = { BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JLT, BPF_JSGT, BPF_JSLT, BPF_JSET };
	uint8_t op = ops[pick(c, ARRAY_CNT(ops))], class = rng_chance(c->rng, 60) ? BPF_ALU64 : BPF_ALU;
	const struct bpf_insn choices[] = {
		{ .code = (uint8_t)(class | op | BPF_K), .dst_reg = dst & 0xf, .imm = imm },
		{ .code = (uint8_t)(class | op | BPF_X), .dst_reg = dst & 0xf, .src_reg = src & 0xf },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = dst & 0xf, .src_reg = src & 0xf },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 10, .src_reg = dst & 0xf, .off = slot },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = dst & 0xf, .src_reg = 10, .off = slot },
		{ .code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = 10, .src_reg = dst & 0xf, .off = slot },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = dst & 0xf, .src_reg = 10, .off = slot },
		{ .code = (uint8_t)(BPF_JMP | jmp[pick(c, ARRAY_CNT(jmp))] | BPF_K), .dst_reg = dst & 0xf, .off = 1, .imm = imm },
		{ .code = (uint8_t)(BPF_JMP32 | jmp[pick(c, ARRAY_CNT(jmp))] | BPF_K), .dst_reg = dst & 0xf, .off = 1, .imm = imm },
		{ .code = (uint8_t)(BPF_JMP | jmp[pick(c, ARRAY_CNT(jmp))] | BPF_X), .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = 1 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_prandom_u32 },
	};

	(void)program_edit(c->p, c->at, 0, &choices[pick(c, ARRAY_CNT(choices))], 1);
}

static bool may_travel(const struct bpf_insn *insn, const struct program *p)
{
	if (program_refers(insn) == REF_IMM || insn->code == (BPF_JMP | BPF_EXIT))
		return false;
	return !program_is_wide(insn) || insn->src_reg != BPF_PSEUDO_MAP_FD || p->insn_cnt;
}

/* A straight piece of the other program. */
static void change_splice(struct change *c)
{
	uint32_t from, cnt = 0, want = 1 + pick(c, 12);

	if (!c->other->insn_cnt)
		return;
	from = pick(c, c->other->insn_cnt);
	if (!starts(c->other->insns, from))
		from--;
	while (cnt < want && from + cnt < c->other->insn_cnt && may_travel(&c->other->insns[from + cnt], c->p)) {
		uint32_t step = program_is_wide(&c->other->insns[from + cnt]) ? 2 : 1;

		if (from + cnt + step > c->other->insn_cnt)
			break;
		cnt += step;
	}
	if (cnt)
		(void)program_edit(c->p, c->at, 0, &c->other->insns[from], cnt);
}

/* Another helper in a call: one of the other program's, a neighbour, or any. */
static void change_helper(struct change *c)
{
	for (uint32_t n = 0; n < c->p->insn_cnt; n++) {
		struct bpf_insn *insn = &c->p->insns[(c->at + n) % c->p->insn_cnt];

		if (!is_call(insn) || !starts(c->p->insns, (c->at + n) % c->p->insn_cnt))
			continue;
		if (rng_chance(c->rng, 40))
			insn->imm += rng_chance(c->rng, 50) ? 1 : -1;
		else
			insn->imm = (int32_t)pick(c, 213);
		return;
	}
}

static void change_map(struct change *c)
{
	for (uint32_t n = 0; n < c->p->insn_cnt; n++) {
		struct bpf_insn *insn = &c->p->insns[(c->at + n) % c->p->insn_cnt];

		if (!program_is_wide(insn) || (insn->src_reg != BPF_PSEUDO_MAP_FD && insn->src_reg != BPF_PSEUDO_MAP_VALUE) ||
		    !starts(c->p->insns, (c->at + n) % c->p->insn_cnt))
			continue;
		if (rng_chance(c->rng, 20))
			insn->src_reg ^= BPF_PSEUDO_MAP_FD ^ BPF_PSEUDO_MAP_VALUE;
		else
			insn->imm = (int32_t)pick(c, 4);
		return;
	}
}

static void change_flags(struct change *c)
{
	static const uint32_t flags[] = { 1u << 0, 1u << 3, 1u << 3, 1u << 3, 1u << 2, 1u << 4 };

	c->p->prog_flags ^= flags[pick(c, ARRAY_CNT(flags))];
}

/* Another program type with the same instructions: contexts and helpers that are not there. */
static void change_type(struct change *c)
{
	static const uint32_t types[] = { BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_SCHED_CLS,
					  BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_PERF_EVENT,
					  BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_LWT_XMIT, BPF_PROG_TYPE_RAW_TRACEPOINT,
					  BPF_PROG_TYPE_SK_SKB, BPF_PROG_TYPE_SK_MSG, BPF_PROG_TYPE_FLOW_DISSECTOR };

	if (c->p->prog_type == BPF_PROG_TYPE_TRACING || c->p->prog_type == BPF_PROG_TYPE_LSM)
		return;
	c->p->prog_type = types[pick(c, ARRAY_CNT(types))];
	if (c->p->prog_type != BPF_PROG_TYPE_CGROUP_SKB)
		c->p->attach_type = 0;
}

static const struct {
	void (*apply)(struct change *c);
	uint32_t weight;
} changes[] = {
	{ change_imm, 18 },  { change_dst, 8 },	   { change_src, 8 },	 { change_off, 10 },   { change_code, 16 },
	{ change_delete, 7 }, { change_double, 5 }, { change_swap, 6 },	 { change_insert, 12 }, { change_splice, 7 },
	{ change_helper, 4 }, { change_map, 3 },    { change_flags, 5 }, { change_type, 2 },
};

static void change_one(struct change *c)
{
	uint32_t total = 0, n;

	c->at = pick_start(c);
	for (size_t i = 0; i < ARRAY_CNT(changes); i++)
		total += changes[i].weight;
	n = pick(c, total);
	for (size_t i = 0; i < ARRAY_CNT(changes); i++) {
		if (n < changes[i].weight) {
			changes[i].apply(c);
			return;
		}
		n -= changes[i].weight;
	}
}

void mutate(struct program *p, const struct bgv_program *other, uint64_t *rng)
{
	struct change c = { .p = p, .other = other, .rng = rng };

	if (rng_pick(rng, 8) == 0)
		return;
	do
		change_one(&c);
	while (rng_chance(rng, 45));
}
