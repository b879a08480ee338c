/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar makes the shapes that verifiers have got wrong, and of each some programs that load and some that do not:
 * what is always refused for some other reason asks nothing. Shapes are told from the instructions, not from the
 * grammar. Judged by the library only: nothing made here goes to this machine's kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/differential/gen.h"
#include "tests/differential/judge.h"
#include "tests/differential/make.h"
#include "tests/lib/holds.h"

#define PROGRAMS 4000u
#define SPIN_LOCK 93
#define SPIN_UNLOCK 94
#define TIMER_CALLBACK 170
#define COPY_FROM_USER 148
#define RES_LOCK_ID 1000001u /* no kernel's: only counted */

enum shape { BACKWARD, COLD, TWO_LOCKS, NESTED, TIMER, SLEEPS_IN_CALLBACK, INNER, INNER_BARE, SHAPE_CNT };

/* How many of PROGRAMS there are at least: mutations of other programs make a few of some. */
static const struct {
	const char *name;
	uint32_t least;
} shapes[SHAPE_CNT] = {
	[BACKWARD] = { "a backward jump outside loops", 300 },
	[COLD] = { "a block past the end that goes back", 300 },
	[TWO_LOCKS] = { "locks of two maps", 150 },
	[NESTED] = { "a lock while another is held", 100 },
	[TIMER] = { "a timer's callback", 150 },
	[SLEEPS_IN_CALLBACK] = { "a callback of a sleepable program that sleeps", 30 },
	[INNER] = { "a value of a map in a map", 300 },
	[INNER_BARE] = { "that value used without a look whether it is there", 90 },
};

struct edges {
	uint32_t cnt, to[2];
};

static struct edges edges_of(const struct program *p, uint32_t at)
{
	const struct bpf_insn *insn = &p->insns[at];
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
	struct edges edges = { 0 };
	uint32_t next = at + 1 + program_is_wide(insn);

	if (class != BPF_JMP && class != BPF_JMP32) {
		edges = (struct edges){ 1, { next } };
	} else if (op == BPF_JA) {
		edges = (struct edges){ 1, { at + 1 + (uint32_t)(class == BPF_JMP ? insn->off : insn->imm) } };
	} else if (op == BPF_CALL) {
		edges = (struct edges){ 1, { next } };
	} else if (op != BPF_EXIT) {
		edges = (struct edges){ 2, { next, at + 1 + (uint32_t)(int32_t)insn->off } };
	}
	return edges;
}

/* Marks all that is reached from `at`, at included. */
static void reach(const struct program *p, uint32_t at, bool *ret_seen)
{
	uint32_t stack[2 * PROGRAM_INSNS_MAX], cnt = 0;

	memset(ret_seen, 0, PROGRAM_INSNS_MAX);
	stack[cnt++] = at;
	while (cnt) {
		struct edges edges;

		at = stack[--cnt];
		if (at >= p->insn_cnt || ret_seen[at])
			continue;
		ret_seen[at] = true;
		edges = edges_of(p, at);
		for (uint32_t i = 0; i < edges.cnt; i++)
			stack[cnt++] = edges.to[i];
	}
}

/* A jump back to what does not lead to the jump. */
static bool has_backward(const struct program *p, uint32_t from)
{
	bool seen[PROGRAM_INSNS_MAX];

	for (uint32_t i = from; i < p->insn_cnt; i++) {
		struct edges edges = edges_of(p, i);
		uint32_t to = edges.cnt ? edges.to[edges.cnt - 1] : i + 1;

		if (to > i)
			continue;
		reach(p, to, seen);
		if (!seen[i])
			return true;
	}
	return false;
}

static uint32_t end_of_main(const struct program *p)
{
	return p->func_cnt > 1 ? p->func_offs[1] : p->insn_cnt;
}

/* The first exit that only what stands after it follows is the end; what goes back from after it is cold. */
static bool has_cold(const struct program *p)
{
	uint32_t end = end_of_main(p);

	return end && p->insns[end - 1].code == (BPF_JMP | BPF_JA) && p->insns[end - 1].off < 0 && has_backward(p, end - 1);
}

static bool is_call(const struct bpf_insn *insn, int32_t helper)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0 && insn->imm == helper;
}

static bool is_kfunc(const struct bpf_insn *insn, int which)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL &&
	       (uint32_t)insn->imm == RES_LOCK_ID + (uint32_t)which;
}

/* In the order of the text: nothing between jumps anywhere but away. */
static uint32_t most_held(const struct program *p, uint32_t *ret_taken)
{
	int held = 0, most = 0;

	*ret_taken = 0;
	for (uint32_t i = 0; i < p->insn_cnt; i++) {
		bool take = is_call(&p->insns[i], SPIN_LOCK) || is_kfunc(&p->insns[i], GEN_KFUNC_RES_LOCK);

		if (take)
			held++, ++*ret_taken;
		else if ((is_call(&p->insns[i], SPIN_UNLOCK) || is_kfunc(&p->insns[i], GEN_KFUNC_RES_UNLOCK)) && held)
			held--;
		most = held > most ? held : most;
	}
	return (uint32_t)most;
}

static bool has_call(const struct program *p, int32_t helper, uint32_t from)
{
	for (uint32_t i = from; i < p->insn_cnt; i++)
		if (is_call(&p->insns[i], helper))
			return true;
	return false;
}

/* r1 = r7; an address; a lookup: in what was found before. Is the next instruction but copies a test? */
static bool has_inner(const struct program *p, bool bare)
{
	for (uint32_t i = 3; i + 2 < p->insn_cnt; i++) {
		const struct bpf_insn *insn = &p->insns[i];

		if (is_call(insn, BPF_FUNC_map_lookup_elem) && insn[-3].code == (BPF_ALU64 | BPF_MOV | BPF_X) &&
		    insn[-3].dst_reg == 1 && insn[-3].src_reg == 7 && (!bare || insn[1].code == (BPF_ALU64 | BPF_MOV | BPF_X)))
			return true;
	}
	return false;
}

static uint32_t shapes_of(const struct program *p)
{
	uint32_t taken, held = most_held(p, &taken), main_end = end_of_main(p);
	const bool has[SHAPE_CNT] = {
		[BACKWARD] = has_backward(p, 0) && !has_cold(p),
		[COLD] = has_cold(p),
		[TWO_LOCKS] = taken > 1,
		[NESTED] = held > 1,
		[TIMER] = has_call(p, TIMER_CALLBACK, 0),
		[SLEEPS_IN_CALLBACK] = p->prog_flags & BPF_F_SLEEPABLE && main_end < p->insn_cnt && has_call(p, COPY_FROM_USER, main_end),
		[INNER] = has_inner(p, false),
		[INNER_BARE] = has_inner(p, true),
	};
	uint32_t mask = 0;

	for (int i = 0; i < SHAPE_CNT; i++)
		mask |= (uint32_t)has[i] << i;
	return mask;
}

struct counts {
	uint32_t made[SHAPE_CNT], accepted[SHAPE_CNT];
};

static void count(struct counts *counts, const struct bgv_target *target, const struct program *p, const struct bgv_program *base)
{
	uint32_t mask = shapes_of(p);
	struct bgv_result result;

	judge(target, p, base, &result);
	for (int i = 0; i < SHAPE_CNT; i++)
		if (mask >> i & 1) {
			counts->made[i]++;
			counts->accepted[i] += result.verdict == BGV_ACCEPT;
		}
	bgv_result_done(&result);
}

/* Without the kernel's types no program with its functions is accepted: those are counted as made alone. */
static bool is_enough(const struct counts *counts, enum shape shape)
{
	bool judged = shape != NESTED;

	printf("%s: %u programs, %u accepted\n", shapes[shape].name, counts->made[shape], counts->accepted[shape]);
	return HOLDS(counts->made[shape] >= shapes[shape].least) && HOLDS(!judged || counts->accepted[shape] >= 1) &&
	       HOLDS(counts->accepted[shape] < counts->made[shape]);
}

static bool every_shape_is_made(void)
{
	const struct bgv_target_spec spec = { .version = "6.12.117", .nr_cpus = 1, .flags = BGV_TARGET_MITIGATIONS_OFF };
	static struct program p;
	struct counts counts = { 0 };
	struct pool pool = { 0 };
	uint32_t kfuncs[GEN_KFUNC_CNT];
	struct bgv_target *target = NULL;
	bool ok = HOLDS(bgv_target_new(&spec, &target) == 0) && HOLDS(make_grammar_base(&pool) == 0);

	for (int i = 0; i < GEN_KFUNC_CNT; i++)
		kfuncs[i] = i >= GEN_KFUNC_RES_LOCK ? RES_LOCK_ID + (uint32_t)i : 0;
	for (uint64_t number = 1; ok && number <= PROGRAMS; number++) {
		struct make make = { .target = target, .pool = &pool, .kfuncs = kfuncs };

		make_program(&make, number, &p);
		count(&counts, target, &p, &pool.bases[0].bundle->prog);
	}
	for (int i = 0; ok && i < SHAPE_CNT; i++)
		ok = is_enough(&counts, (enum shape)i);
	pool_done(&pool);
	bgv_target_free(target);
	return ok;
}

int main(void)
{
	bool ok = holds_run(every_shape_is_made);

	printf("%s every_shape_is_made\n%d passed, %d failed\n", ok ? "ok" : "FAILED", ok, !ok);
	return !ok;
}
