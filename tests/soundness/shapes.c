/* SPDX-License-Identifier: Apache-2.0 */
/* The beginnings, and BTF for their callbacks. r6 keeps the context for the grammar's program that follows. */
#include "tests/soundness/shapes.h"

#include <stdbool.h>
#include <string.h>

#ifndef BPF_PSEUDO_FUNC
#define BPF_PSEUDO_FUNC 4
#endif

#define CALLBACKS_MAX	   4
#define CALLBACK_INSNS_MAX 6

struct shapes {
	uint64_t rng;
	struct bpf_insn insns[GEN_INSNS_MAX];
	uint32_t cnt;
	uint32_t callbacks[CALLBACKS_MAX], callback_cnt; /* their ld_imm64 */
};

static uint32_t pick(struct shapes *s, uint32_t cnt)
{
	uint64_t z = s->rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ (z >> 31)) % cnt);
}

static void emit(struct shapes *s, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (s->cnt < GEN_INSNS_MAX)
		s->insns[s->cnt++] =
			(struct bpf_insn){ .code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm };
}

#define MOV_K  (BPF_ALU64 | BPF_MOV | BPF_K)
#define MOV_X  (BPF_ALU64 | BPF_MOV | BPF_X)
#define ADD_X  (BPF_ALU64 | BPF_ADD | BPF_X)
#define ST_DW  (BPF_ST | BPF_MEM | BPF_DW)
#define LDX_DW (BPF_LDX | BPF_MEM | BPF_DW)
#define CALL   (BPF_JMP | BPF_CALL)

/* Prune points enough that states are kept between. */
static void ways_apart(struct shapes *s)
{
	for (uint32_t i = pick(s, 4); i > 0; i--) {
		emit(s, CALL, 0, 0, 0, BPF_FUNC_get_prandom_u32);
		emit(s, MOV_K, 9, 0, 0, (int32_t)pick(s, 3));
		emit(s, BPF_JMP | BPF_JSET | BPF_K, 0, 0, 1, 1 << pick(s, 8));
		emit(s, MOV_K, 9, 0, 0, (int32_t)pick(s, 3));
		emit(s, MOV_X, 8, 9, 0, 0);
	}
}

/* A place on the stack, by which way was taken, in a slot or a register; far below it is used. */
static void place_by_way(struct shapes *s)
{
	bool spilled = pick(s, 2);
	int16_t slot = (int16_t)(-8 * (int)(1 + pick(s, 6)));
	int32_t first = -8 * (int32_t)(1 + pick(s, 64)), second = -8 * (int32_t)(1 + pick(s, 65));

	emit(s, CALL, 0, 0, 0, BPF_FUNC_get_prandom_u32);
	emit(s, spilled ? ST_DW : MOV_K, spilled ? 10 : 7, 0, spilled ? slot : 0, first);
	emit(s, BPF_JMP | BPF_JGT | BPF_K, 0, 0, 1, (int32_t)pick(s, 300));
	emit(s, spilled ? ST_DW : MOV_K, spilled ? 10 : 7, 0, spilled ? slot : 0, second);
	ways_apart(s);
	if (spilled)
		emit(s, LDX_DW, 7, 10, slot, 0);
	emit(s, MOV_X, 1, 10, 0, 0);
	emit(s, ADD_X, 1, 7, 0, 0);
	emit(s, BPF_ST | BPF_MEM | BPF_B, 1, 0, (int16_t)pick(s, 2), 7);
}

/* bpf_loop over a callback that works on one of our slots, which is looked at afterwards. */
static void loop_on_slot(struct shapes *s)
{
	int16_t slot = (int16_t)(-8 * (int)(1 + pick(s, 8)));

	if (s->callback_cnt == CALLBACKS_MAX)
		return;
	emit(s, CALL, 0, 0, 0, BPF_FUNC_get_prandom_u32);
	emit(s, MOV_X, 1, 0, 0, 0);
	emit(s, BPF_ALU64 | BPF_AND | BPF_K, 1, 0, 0, (int32_t)(2u << pick(s, 4)) - 1);
	if (pick(s, 2))
		emit(s, MOV_K, 1, 0, 0, 1 + (int32_t)pick(s, 12));
	emit(s, ST_DW, 10, 0, slot, (int32_t)pick(s, 3));
	emit(s, MOV_X, 3, 10, 0, 0);
	emit(s, BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, slot);
	s->callbacks[s->callback_cnt++] = s->cnt;
	emit(s, BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 0);
	emit(s, 0, 0, 0, 0, 0);
	emit(s, MOV_K, 4, 0, 0, 0);
	emit(s, CALL, 0, 0, 0, BPF_FUNC_loop);
	emit(s, LDX_DW, 7, 10, slot, 0);
	emit(s, BPF_JMP | BPF_JGT | BPF_K, 7, 0, 1, (int32_t)pick(s, 20));
	emit(s, MOV_X, 8, 7, 0, 0);
}

/* Reads the slot, computes, writes it back, and says whether to go on. */
static void callback(struct shapes *s, struct gen_program *p, uint32_t at)
{
	static const uint8_t ops[] = { BPF_ADD, BPF_ADD, BPF_ADD, BPF_AND, BPF_XOR, BPF_LSH };

	p->insns[at].imm = (int32_t)(p->insn_cnt - at - 1);
	s->cnt = 0;
	emit(s, LDX_DW, 3, 2, 0, 0);
	emit(s, (uint8_t)(BPF_ALU64 | ops[pick(s, sizeof(ops))] | BPF_K), 3, 0, 0, (int32_t)pick(s, 9));
	emit(s, BPF_STX | BPF_MEM | BPF_DW, 2, 3, 0, 0);
	emit(s, pick(s, 4) ? MOV_K : MOV_X, 0, 1, 0, 0);
	s->insns[s->cnt - 1].src_reg = BPF_SRC(s->insns[s->cnt - 1].code) == BPF_X ? 1 : 0;
	emit(s, BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 1);
	emit(s, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	memcpy(&p->insns[p->insn_cnt], s->insns, s->cnt * sizeof(s->insns[0]));
	p->insn_cnt += s->cnt;
}

void shapes_make(uint64_t seed, struct gen_program *ret_program)
{
	struct shapes s = { .rng = seed * 0x9e6c63d0676a9a99ull + 1 };
	struct gen_program *p = ret_program;

	gen_make(seed, p);
	if (!pick(&s, 2))
		return;
	emit(&s, MOV_X, 6, 1, 0, 0);
	for (uint32_t i = 1 + pick(&s, 3); i > 0; i--)
		pick(&s, 3) ? place_by_way(&s) : loop_on_slot(&s);
	emit(&s, MOV_X, 1, 6, 0, 0);
	if (s.cnt + p->insn_cnt + s.callback_cnt * CALLBACK_INSNS_MAX > GEN_INSNS_MAX)
		return;
	memmove(&p->insns[s.cnt], p->insns, p->insn_cnt * sizeof(p->insns[0]));
	memcpy(p->insns, s.insns, s.cnt * sizeof(s.insns[0]));
	p->insn_cnt += s.cnt;
	for (uint32_t i = 0; i < s.callback_cnt; i++)
		callback(&s, p, s.callbacks[i]);
}

/* ---- BTF ---- */

static bool is_func(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg == BPF_PSEUDO_FUNC;
}

static uint32_t func_info(const struct gen_program *program, struct bpf_func_info *ret_info)
{
	bool starts[GEN_INSNS_MAX] = { true }, has_callback = false;
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < program->insn_cnt; i++) {
		const struct bpf_insn *insn = &program->insns[i];
		int64_t to = (int64_t)i + insn->imm + 1;

		has_callback |= is_func(insn);
		if ((is_func(insn) || (insn->code == CALL && insn->src_reg == BPF_PSEUDO_CALL)) && to >= 0 &&
		    to < program->insn_cnt)
			starts[to] = true;
	}
	for (uint32_t i = 0; has_callback && i < program->insn_cnt && cnt < SHAPES_FUNCS_MAX; i++)
		if (starts[i])
			ret_info[cnt++] = (struct bpf_func_info){ .insn_off = i, .type_id = 3 };
	return cnt;
}

/* int; a function that takes nothing; a static one of that kind, called f. */
static const struct {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
	uint32_t types[10];
	char strings[7];
} __attribute__((packed)) btf = {
	.magic = 0xeb9f, .version = 1, .hdr_len = 24, .type_len = 40, .str_off = 40, .str_len = 7,
	.types = { 1, 1u << 24, 4, 1u << 24 | 32, 0, 13u << 24, 1, 5, 12u << 24, 2 },
	.strings = "\0int\0f",
};

void shapes_attach_info(const struct gen_program *program, struct shapes_info *info, struct bgv_program *prog)
{
	uint32_t cnt = func_info(program, info->func);

	if (!cnt)
		return;
	info->btf = (struct bgv_blob){ &btf, sizeof(btf) };
	prog->btfs = &info->btf;
	prog->btf_cnt = prog->prog_btf_idx = 1;
	prog->func_info = (struct bgv_blob){ info->func, cnt * sizeof(info->func[0]) };
	prog->func_info_cnt = cnt;
	prog->func_info_rec_size = sizeof(info->func[0]);
}
