/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Abstract states against concrete ones. The stack is not compared slot by slot: what is loaded from it is in a
 * register at the next instruction, and stale slots are nobody's claim. Which registers are claims is what the
 * verifier's own comparisons of states look at: static liveness, or the read marks that the walk left in the copy of
 * the state. A claim too few lets a wrong value pass here, but not where the value is used: there it is claimed.
 */
#include "tests/soundness/cover.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "verifier/state/state.h"

#define COVER_STATES_MAX 4096

struct cover_state {
	const struct state *marked;	/* where read marks are collected, until cover_done(); NULL: static liveness */
	uint32_t depth;
	uint16_t live;
	bool counted;
	struct reg reg[ENV_REGS];
};

struct cover_insn {
	struct cover_state *state;
	uint32_t cnt, room;
};

struct cover {
	struct cover_insn insn[GEN_INSNS_MAX];
	uint64_t compared, claimed;
	bool overflow;	/* more states than remembered: nothing can be said */
};

struct cover *cover_new(void)
{
	return calloc(1, sizeof(struct cover));
}

void cover_clear(struct cover *cover)
{
	for (int i = 0; i < GEN_INSNS_MAX; i++)
		cover->insn[i].cnt = 0;
	cover->overflow = false;
}

void cover_free(struct cover *cover)
{
	for (int i = 0; cover && i < GEN_INSNS_MAX; i++)
		free(cover->insn[i].state);
	free(cover);
}

void cover_look(void *ctx, const struct env *env)
{
	struct cover *cover = ctx;
	struct cover_insn *insn = &cover->insn[env->insn_idx];
	struct cover_state *state;

	if (insn->cnt == insn->room) {
		uint32_t room = insn->room ? 2 * insn->room : 16;
		void *grown = room <= COVER_STATES_MAX ? realloc(insn->state, room * sizeof(*insn->state)) : NULL;

		if (!grown) {
			cover->overflow = true;
			return;
		}
		insn->state = grown;
		insn->room = room;
	}
	state = &insn->state[insn->cnt++];
	state->depth = env->cur->curframe;
	state->counted = false;
	state->live = env->aux[env->insn_idx].live_regs;
	state->marked = env->beh->live_marks ? state_get(env->cur->parent) : NULL;
	memcpy(state->reg, env_regs(env), sizeof(state->reg));
}

void cover_done(void *ctx)
{
	struct cover *cover = ctx;

	for (int i = 0; i < GEN_INSNS_MAX; i++)
		for (uint32_t s = 0; s < cover->insn[i].cnt; s++) {
			struct cover_state *state = &cover->insn[i].state[s];

			if (state->counted)
				continue;	/* seen by an earlier walk over the same program */
			if (state->marked)
				state->live = (uint16_t)(state->marked->l[state->depth].read_r | 1u << BPF_REG_10);
			state->marked = NULL;
			state->counted = true;
			cover->claimed += (unsigned int)__builtin_popcount(state->live);
		}
}

static bool val_holds(const struct val *v, uint64_t x)
{
	return (x & ~v->tm) == v->tv && v->ul <= x && x <= v->uh && v->sl <= (int64_t)x && (int64_t)x <= v->sh &&
	       v->wl <= (uint32_t)x && (uint32_t)x <= v->wh && v->xl <= (int32_t)x && (int32_t)x <= v->xh;
}

/* A pointer's variable part: 64-bit claims only. */
static bool offset_holds(const struct reg *r, uint64_t base, uint64_t x)
{
	const struct val *v = &r->v;

	x -= base + (uint64_t)(int64_t)r->off;
	return (x & ~v->tm) == v->tv && v->ul <= x && x <= v->uh && v->sl <= (int64_t)x && (int64_t)x <= v->sh;
}

static bool value_holds(const struct reg *r, const struct interp *in, uint64_t x)
{
	if (!r->map || r->map > GEN_MAP_CNT)
		return false;
	for (int i = 0; i < 16; i++)
		if (offset_holds(r, (uint64_t)(uintptr_t)in->values[r->map - 1][i], x))
			return true;
	return false;
}

static bool packet_holds(const struct reg *r, const struct interp *in, uint64_t x)
{
	uint64_t data = (uint64_t)(uintptr_t)in->packet, end = data + in->packet_bytes;

	if (!offset_holds(r, data, x))
		return false;
	return r->range <= 0 || x - (uint64_t)(int64_t)r->off + (uint64_t)r->range <= end;
}

static bool reg_holds(const struct reg *r, const struct interp *in, uint64_t x)
{
	if (reg_maybe_null(r) && x == 0)
		return true;
	switch (reg_base(r)) {
	case REG_SCALAR:
		return val_holds(&r->v, x);
	case REG_CTX:
		return offset_holds(r, (uint64_t)(uintptr_t)in->ctx, x);
	case REG_STACK:
		return r->frame < INTERP_FRAMES &&
		       offset_holds(r, (uint64_t)(uintptr_t)in->frame[r->frame].stack + INTERP_STACK_BYTES, x);
	case REG_MAP_VALUE:
		return value_holds(r, in, x);
	case REG_PKT:
		return packet_holds(r, in, x);
	case REG_PKT_END:
		return x == (uint64_t)(uintptr_t)in->packet + in->packet_bytes;
	default: /* not initialised: no claim; map pointers: never dereferenced */
		return true;
	}
}

static bool state_holds(const struct cover_state *state, const struct interp *in)
{
	if (state->depth != in->depth)
		return false;
	for (int i = 0; i < ENV_REGS; i++)
		if ((state->live >> i & 1) && !reg_holds(&state->reg[i], in, in->reg[i]))
			return false;
	return true;
}

bool cover_holds(void *ctx, const struct interp *in)
{
	struct cover *cover = ctx;
	const struct cover_insn *insn = &cover->insn[in->insn_idx];

	if (cover->overflow)
		return true;
	for (uint32_t i = 0; i < insn->cnt; i++) {
		cover->compared++;
		if (state_holds(&insn->state[i], in))
			return true;
	}
	return false;
}

uint64_t cover_compared(const struct cover *cover)
{
	return cover->compared;
}

uint64_t cover_claimed(const struct cover *cover)
{
	return cover->claimed;
}

void cover_explain(const struct cover *cover, const struct interp *in)
{
	const struct cover_insn *insn = &cover->insn[in->insn_idx];

	printf("  %u states at instruction %u, depth %u; registers that no state holds alone:", insn->cnt, in->insn_idx,
	       in->depth);
	for (int r = 0; r < ENV_REGS; r++) {
		bool held = false;

		for (uint32_t i = 0; i < insn->cnt && !held; i++)
			held = !(insn->state[i].live >> r & 1) || reg_holds(&insn->state[i].reg[r], in, in->reg[r]);
		if (!held)
			printf(" r%d=%#" PRIx64, r, in->reg[r]);
	}
	putchar('\n');
}
