/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a value comes from: a walk over the recorded steps of the refused path. It trusts the steps, which
 * hold what the verifier itself knew, and says UNKNOWN rather than guess.
 */
#include "verifier/tell/origin.h"

#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/walk/tale.h"

/* Where one walk stands. */
struct walk {
	const struct env *env;
	struct origin *origin;
	const struct tale *t;
	uint32_t regno;
	bool through_math;
	struct origin_steps *steps;	/* what became of it; NULL: nobody asks */
};

static void note(struct walk *w, enum origin_change change, const struct tale *at, const struct tale *after, uint32_t regno)
{
	if (w->steps && w->steps->cnt < ORIGIN_STEPS_MAX)
		w->steps->step[w->steps->cnt++] = (struct origin_step){ change, at, after, regno };
}

/* Was there a bound, and is it gone? */
static bool is_wider(const struct val *before, const struct val *after)
{
	return (before->uh < UINT64_MAX && after->uh == UINT64_MAX) || (before->sl > INT64_MIN && after->sl == INT64_MIN);
}

/* The value stood in regno before at, and stands in the walk's register now. */
static void note_range(struct walk *w, const struct tale *at, uint32_t regno, enum origin_change if_less)
{
	const struct val *before = &at->r[regno]->v, *after = &w->t->r[w->regno]->v;

	if (is_wider(before, after))
		note(w, ORIGIN_WIDENED, at, w->t, w->regno);
	else if (after->uh - after->ul < before->uh - before->ul)
		note(w, if_less, at, w->t, w->regno);
}

static const struct bpf_insn *insn_of(const struct walk *w, const struct tale *t)
{
	return &w->env->insns[t->insn_idx];
}

static bool end(struct walk *w, enum origin_kind kind, const struct tale *at)
{
	w->origin->kind = kind;
	w->origin->at = at;
	w->origin->made = w->t;
	w->origin->regno = w->regno;
	return false;
}

/* Where the slot that this fill reads was stored as a whole. */
static const struct tale *find_store(const struct walk *w, const struct tale *fill)
{
	const struct bpf_insn *load = insn_of(w, fill), *i;
	const struct reg *base = fill->r[load->src_reg], *to;
	int32_t at = base->off + load->off;
	const struct tale *t;

	for (t = fill->older; t; t = t->older) {
		i = insn_of(w, t);
		if (BPF_CLASS(i->code) != BPF_STX || BPF_MODE(i->code) != BPF_MEM)
			continue;
		to = t->r[i->dst_reg];
		if (reg_base(to) == REG_STACK && to->frame == base->frame && to->off + i->off == at)
			return BPF_SIZE(i->code) == BPF_SIZE(load->code) ? t : NULL;
	}
	return NULL;
}

static bool step_load(struct walk *w, const struct tale *at)
{
	const struct bpf_insn *i = insn_of(w, at);
	const struct tale *store = NULL;

	if (BPF_CLASS(i->code) == BPF_LDX && reg_base(at->r[i->src_reg]) == REG_STACK &&
	    at->r[i->src_reg]->v.tm == 0)
		store = find_store(w, at);
	if (!store)
		return end(w, ORIGIN_LOADED, at);
	w->origin->copied = w->origin->copied ? w->origin->copied : at;
	if (is_wider(&store->r[insn_of(w, store)->src_reg]->v, &w->t->r[w->regno]->v))
		note(w, ORIGIN_WIDENED, at, w->t, w->regno);
	note(w, ORIGIN_FILLED, at, w->t, w->regno);
	w->t = store;
	w->regno = insn_of(w, store)->src_reg;
	note(w, ORIGIN_SPILLED, store, store, w->regno);
	return true;
}

/* Another register was written: only ids of copies were given out or dropped. Else something was assumed in between. */
static bool step_over(struct walk *w, const struct tale *at)
{
	if (!reg_is_scalar(at->r[w->regno]) && reg_is_scalar(w->t->r[w->regno]) && !reg_maybe_null(at->r[w->regno]))
		return end(w, ORIGIN_LOST, at);
	if (!insn_is_jmp_class(insn_of(w, at)) || insn_is_call(insn_of(w, at)))
		note_range(w, at, w->regno, ORIGIN_NARROWED);
	w->t = at;
	return true;
}

static bool is_move(const struct bpf_insn *i)
{
	return BPF_OP(i->code) == BPF_MOV && BPF_SRC(i->code) == BPF_X && i->off != INSN_ADDR_CAST;
}

/* A shift up and down again, a mask or a 32-bit operation keep less than there was. */
static bool cuts(const struct bpf_insn *i)
{
	return BPF_CLASS(i->code) == BPF_ALU || BPF_OP(i->code) == BPF_LSH || (is_move(i) && i->off);
}

/* Arithmetic with another number: what both are bounded by is lost where the result may overflow. */
static void note_math(struct walk *w, const struct tale *at, const struct bpf_insn *i)
{
	if (BPF_SRC(i->code) != BPF_X || is_move(i) || BPF_OP(i->code) == BPF_NEG ||
	    !is_wider(&at->r[i->src_reg]->v, &w->t->r[w->regno]->v))
		return;
	note_range(w, at, w->regno, ORIGIN_NARROWED);
}

/* A shift down, after one up by as much: of the value only the low bits are left. */
static bool is_cast(const struct walk *w, const struct tale *at)
{
	const struct bpf_insn *down = insn_of(w, at), *up;
	const struct tale *before = tale_maker(at, w->regno);

	if ((BPF_OP(down->code) != BPF_RSH && BPF_OP(down->code) != BPF_ARSH) || !before)
		return false;
	up = insn_of(w, before);
	return BPF_CLASS(up->code) == BPF_CLASS(down->code) && BPF_OP(up->code) == BPF_LSH && BPF_SRC(up->code) == BPF_K &&
	       up->dst_reg == w->regno && up->imm == down->imm;
}

static bool step_math(struct walk *w, const struct tale *at)
{
	const struct bpf_insn *i = insn_of(w, at);

	if (BPF_OP(i->code) == BPF_MOV && BPF_SRC(i->code) == BPF_K)
		return end(w, ORIGIN_CONSTANT, at);
	if (is_move(i) && (w->through_math || (BPF_CLASS(i->code) == BPF_ALU64 && !i->off))) {
		w->origin->cut |= cuts(i);
		w->origin->copied = w->origin->copied ? w->origin->copied : at;
		note_range(w, at, i->src_reg, ORIGIN_NARROWED);
		note(w, ORIGIN_COPIED, at, w->t, w->regno);
		w->t = at;
		w->regno = i->src_reg;
		return true;
	}
	if (!w->through_math || BPF_SRC(i->code) != BPF_K) {
		note_math(w, at, i);
		return end(w, ORIGIN_MATH, at);
	}
	w->origin->cut |= cuts(i);
	if (is_cast(w, at)) {	/* up and down again is one step */
		w->origin->cut = true;
		note_range(w, tale_maker(at, w->regno), w->regno, ORIGIN_NARROWED);
		w->t = tale_maker(at, w->regno);
		return true;
	}
	note_range(w, at, w->regno, ORIGIN_NARROWED);
	w->t = at;
	return true;
}

static bool step_call(struct walk *w, const struct tale *at)
{
	if (w->regno == 0)
		return end(w, ORIGIN_RESULT, at);
	if (w->regno > BPF_REG_5 && at->r[w->regno]->type == w->t->r[w->regno]->type)
		return step_over(w, at);
	return end(w, w->regno <= BPF_REG_5 ? ORIGIN_CLOBBERED : ORIGIN_LOST, at);
}

static bool step_test(struct walk *w, const struct tale *at)
{
	if (reg_maybe_null(at->r[w->regno]) && reg_is_scalar(w->t->r[w->regno]))
		return end(w, ORIGIN_ZERO, at);
	if (reg_maybe_null(at->r[w->regno]) && !reg_maybe_null(w->t->r[w->regno]))
		note(w, ORIGIN_TESTED, at, w->t, w->regno);
	else
		note_range(w, at, w->regno, ORIGIN_TESTED);
	if (!w->origin->narrowed && memcmp(&at->r[w->regno]->v, &w->t->r[w->regno]->v, sizeof(struct val)))
		w->origin->narrowed = at;
	return step_over(w, at);
}

static const struct tale *first_of(const struct tale *t)
{
	const struct tale *before;

	while ((before = tale_before(t)))
		t = before;
	return t;
}

/* A callback's context is what its caller has in one of the registers of the call, unchanged. */
static bool step_callback(struct walk *w, const struct tale *first)
{
	const struct reg *given = first->r[w->regno];
	uint32_t i;

	for (i = BPF_REG_1; i <= BPF_REG_5; i++) {
		if (memcmp(first->caller->r[i], given, sizeof(*given)))
			continue;
		w->t = first->caller;
		w->regno = i;
		return true;
	}
	return end(w, ORIGIN_CALLBACK, first->caller);
}

/* The function begins with it: its caller passed it, or nobody did. */
static bool step_entry(struct walk *w)
{
	const struct tale *first = first_of(w->t);

	if (!first->caller || w->regno == 0 || w->regno > BPF_REG_5)
		return end(w, first->frameno || w->regno != BPF_REG_1 ? ORIGIN_ARGUMENT :
			   reg_base(first->r[1]) == REG_CTX ? ORIGIN_CONTEXT : ORIGIN_ARGUMENT, NULL);
	if (!insn_is_subprog_call(insn_of(w, first->caller)))
		return step_callback(w, first);
	if (first->caller->r[w->regno]->type != first->r[w->regno]->type)
		return end(w, ORIGIN_ARGUMENT, NULL);	/* a global function's */
	w->t = first->caller;
	return true;
}

/* A store took it away: it was a slice of what is overwritten. */
static bool step_store(struct walk *w, const struct tale *at)
{
	const struct bpf_insn *i = insn_of(w, at);

	if (BPF_MODE(i->code) == BPF_ATOMIC && (i->imm & BPF_FETCH) && (i->src_reg == w->regno || w->regno == 0))
		return end(w, ORIGIN_LOADED, at);
	if (!reg_is_scalar(at->r[w->regno]) && reg_is_scalar(w->t->r[w->regno]))
		return end(w, ORIGIN_LOST, at);
	return step_over(w, at);
}

/* One step further back; false: this is where it comes from. */
static bool step_back(struct walk *w)
{
	const struct tale *at = tale_maker(w->t, w->regno);
	const struct bpf_insn *i;

	if (!at)
		return step_entry(w);
	i = insn_of(w, at);
	if (insn_is_jmp_class(i))
		return insn_is_call(i) ? step_call(w, at) : step_test(w, at);
	if (BPF_CLASS(i->code) == BPF_ST || BPF_CLASS(i->code) == BPF_STX)
		return step_store(w, at);
	if (BPF_CLASS(i->code) == BPF_LD)
		return end(w, insn_is_ldimm64(i) ? ORIGIN_CONSTANT : ORIGIN_RESULT, at);
	if (i->dst_reg != w->regno)
		return step_over(w, at);
	return BPF_CLASS(i->code) == BPF_LDX ? step_load(w, at) : step_math(w, at);
}

static void find(const struct env *env, const struct tale *t, uint32_t regno, bool through_math,
		 struct origin *ret_origin, struct origin_steps *ret_steps)
{
	struct walk w = { env, ret_origin, t, regno, through_math, ret_steps };

	*ret_origin = (struct origin){ .kind = ORIGIN_UNKNOWN };
	while (step_back(&w))
		;
}

void origin_find(const struct env *env, const struct tale *t, uint32_t regno, struct origin *ret_origin)
{
	find(env, t, regno, false, ret_origin, NULL);
}

void origin_find_root(const struct env *env, const struct tale *t, uint32_t regno,
		      struct origin *ret_origin)
{
	find(env, t, regno, true, ret_origin, NULL);
}

void origin_find_steps(const struct env *env, const struct tale *t, uint32_t regno, struct origin_steps *ret_steps)
{
	struct origin origin;

	ret_steps->cnt = 0;
	find(env, t, regno, true, &origin, ret_steps);
}

bool origin_is_same(const struct origin *a, const struct origin *b)
{
	if (a->kind == ORIGIN_CONSTANT || a->kind != b->kind || a->regno != b->regno)
		return false;
	return a->at || b->at ? a->at == b->at : a->kind != ORIGIN_UNKNOWN;
}
