/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that are not bounded enough: offsets of pointers and sizes of calls. Which number it is, what is known
 * of it, which test told that, and which test was of another copy.
 */
#include "verifier/tell/why_number.h"

#include <stdio.h>
#include <string.h>

#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/diag.h"
#include "verifier/tell/origin.h"
#include "verifier/tell/srcline.h"
#include "verifier/tell/why.h"
#include "verifier/tell/why_value.h"
#include "verifier/walk/assume.h"
#include "verifier/walk/tale.h"

#define PACKET_OFFSET_ENOUGH 32767 /* a bound of an offset into a packet that leaves room for what is read there */

/* A number that the refused value was made of. */
struct number {
	const struct tale *at;	/* a step before which it stands in regno */
	uint32_t regno;
	struct origin origin, root;
};

static void number_find(struct why *w, const struct tale *at, uint32_t regno, struct number *n)
{
	n->at = at;
	n->regno = regno;
	origin_find(w->env, at, regno, &n->origin);
	origin_find_root(w->env, at, regno, &n->root);
}

#define SCALED_STEPS_MAX 24u /* instructions that make an offset of an index: shifts, a product, copies */

/* What an offset was made of: a variable times mul << shift. */
struct scaled {
	int64_t mul;		/* 0: not by a constant alone */
	int32_t shift;
};

/* One step back through arithmetic with a constant, copies, and sums of two numbers. False: there it begins. */
static bool unscale(const struct tale *m, const struct bpf_insn *i, uint32_t *regno, struct scaled *s)
{
	if (insn_is_jmp_class(i))
		return !insn_is_call(i);
	if (i->dst_reg != *regno)
		return true;
	if (BPF_CLASS(i->code) != BPF_ALU64 && BPF_CLASS(i->code) != BPF_ALU)
		return false;
	if (BPF_SRC(i->code) == BPF_X) {
		if (BPF_OP(i->code) == BPF_MOV)
			*regno = i->src_reg;
		else if (BPF_OP(i->code) != BPF_ADD || !reg_is_scalar(m->r[i->src_reg]) || !reg_is_scalar(m->r[i->dst_reg]))
			return false;
		else if (m->r[i->src_reg]->v.uh > m->r[i->dst_reg]->v.uh)
			*regno = i->src_reg;
		s->mul = BPF_OP(i->code) == BPF_MOV ? s->mul : 0;
		return true;
	}
	if (BPF_OP(i->code) == BPF_LSH)
		s->shift += i->imm;
	else if (BPF_OP(i->code) == BPF_RSH || BPF_OP(i->code) == BPF_ARSH)
		s->shift -= i->imm;
	else if (BPF_OP(i->code) == BPF_MUL)
		s->mul *= i->imm;
	else if (BPF_OP(i->code) != BPF_AND)
		return false;
	return true;
}

/* The variable after an offset in bytes, unquoted, and how many bytes one of it is (0: not known). */
static bool find_scaled(const struct why *w, const struct number *n, char name[WHY_NAME_BYTES], uint64_t *ret_bytes)
{
	struct scaled s = { .mul = 1 };
	const struct tale *t = n->at;
	uint32_t regno = n->regno, steps;

	for (steps = 0; t && steps < SCALED_STEPS_MAX; steps++) {
		if (why_held_variable(w, t->insn_idx, regno, name)) {
			*ret_bytes = s.mul > 0 && s.shift >= 0 && s.shift < 16 ? (uint64_t)s.mul << s.shift : 0;
			return true;
		}
		t = tale_maker(t, regno);
		if (t && !unscale(t, &w->env->insns[t->insn_idx], &regno, &s))
			return false;
	}
	return false;
}

/* The number as people wrote it: a variable, or what stands in the brackets of the access. */
static const char *number_name(const struct why *w, const struct number *n, char name[WHY_NAME_BYTES])
{
	char index[WHY_NAME_BYTES];
	struct srcline line;
	uint64_t bytes;

	if (find_scaled(w, n, index, &bytes)) {
		snprintf(name, WHY_NAME_BYTES, "`%.*s`", WHY_NAME_BYTES - 3, index);
		return name;
	}
	if (!why_variable(w, n->at->insn_idx, n->regno, name) &&
	    srcline_find(w->env->prog, w->view, w->now->insn_idx, &line) &&
	    srcline_index(&line, index, sizeof(index))) {
		snprintf(name, WHY_NAME_BYTES, "`%.*s`", WHY_NAME_BYTES - 3, index);
		return name;
	}
	return why_name(w, n->at->insn_idx, n->regno, name);
}

/* "to all 64 bits", "to the low half": where a test looked at less than what is used. */
static bool is_of_half(const struct why *w, const struct tale *t, const struct origin *root)
{
	return root->cut || BPF_CLASS(w->env->insns[t->insn_idx].code) == BPF_JMP32;
}

static bool is_test(const struct bpf_insn *i)
{
	return insn_is_jmp_class(i) && BPF_OP(i->code) != BPF_CALL && BPF_OP(i->code) != BPF_EXIT &&
	       BPF_OP(i->code) != BPF_JA && BPF_OP(i->code) != INSN_JCOND;
}

static bool is_signed_test(const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);

	return op == BPF_JSGT || op == BPF_JSGE || op == BPF_JSLT || op == BPF_JSLE;
}

/* A test of a relative of the number that told nothing of the number itself. */
static bool is_missed(const struct why *w, const struct number *n, const struct tale *t, uint32_t regno,
		      struct origin *root)
{
	if (!reg_is_scalar(t->r[regno]) || t == n->origin.narrowed)
		return false;
	origin_find_root(w->env, t, regno, root);
	return origin_is_same(root, &n->root);
}

/* Was it made of the number and another by |, as a compiler makes one test of two? */
static bool is_merged(const struct why *w, const struct number *n, const struct origin *root)
{
	const struct bpf_insn *i = root->kind == ORIGIN_MATH && root->at ? &w->env->insns[root->at->insn_idx] : NULL;
	struct origin part;

	if (!i || BPF_OP(i->code) != BPF_OR || BPF_SRC(i->code) != BPF_X)
		return false;
	origin_find_root(w->env, root->at, i->dst_reg, &part);
	if (origin_is_same(&part, &n->root))
		return true;
	origin_find_root(w->env, root->at, i->src_reg, &part);
	return origin_is_same(&part, &n->root);
}

static bool tell_merged(struct why *w, const struct number *n, const struct tale *t, uint32_t regno)
{
	const struct bpf_insn *i;
	char name[WHY_NAME_BYTES], of[WHY_NAME_BYTES];
	struct origin root;

	if (!reg_is_scalar(t->r[regno]))
		return false;
	origin_find_root(w->env, t, regno, &root);
	if (!is_merged(w, n, &root))
		return false;
	i = &w->env->insns[root.at->insn_idx];
	number_name(w, n, name);
	why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
		  "this test does not count: the compiler merged the tests of two numbers (%.40s and another) into one of both by |",
		  why_name(w, root.at->insn_idx, i->src_reg, of));
	w->cls = DIAG_COMPILER;
	why_way_out(w, "keep the compiler from merging the tests: asm volatile(\"\" : \"+r\"(%.*s)); after each",
		    (int)strlen(name) - 2, *name == '`' ? name + 1 : "x ");
	return true;
}

static bool tell_missed(struct why *w, const struct number *n, const struct tale *t, uint32_t regno)
{
	char name[WHY_NAME_BYTES];
	struct origin root;

	if (!is_missed(w, n, t, regno, &root))
		return tell_merged(w, n, t, regno);
	number_name(w, n, name);
	if (is_of_half(w, t, &root) && w->now->r[w->regno]->v.uh <= UINT32_MAX && reg_is_scalar(w->now->r[w->regno]))
		return false;	/* what is known of all 64 bits is no more than that of the low half */
	if (w->now->r[w->regno]->v.sl >= INT32_MIN && is_signed_test(&w->env->insns[t->insn_idx]) && regno == w->env->insns[t->insn_idx].dst_reg) {
		why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
			  "this test is a signed one: it leaves %s where it is below 0, which is a huge size or offset", name);
		why_way_out(w, "declare %.60s unsigned, or leave where it is negative, too", name);
		return true;
	}
	if (is_of_half(w, t, &root)) {
		why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
			  "this test does not count: it is of the low 32 bits of %s, what is used is all 64", name);
		w->cls = DIAG_COMPILER;
		why_way_out(w, "test all 64 bits of it, unsigned; asm volatile(\"\" : \"+r\"(x)) keeps the compiler from testing a copy");
		return true;
	}
	why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
		  "this test does not count: it is of another copy of %s than the one used", name);
	return true;
}

static void look_for_missed(struct why *w, const struct number *n)
{
	const struct bpf_insn *i;
	const struct tale *t;

	/* a test before the number was made told what it could */
	for (t = w->now->older; t && t->frameno == n->at->frameno && t != n->origin.at; t = t->older) {
		i = &w->env->insns[t->insn_idx];
		if (!is_test(i))
			continue;
		if (tell_missed(w, n, t, i->dst_reg) ||
		    (BPF_SRC(i->code) == BPF_X && tell_missed(w, n, t, i->src_reg)))
			return;
	}
}

/* A remainder is smaller than its divisor, which not every verifier knows. */
static void tell_remainder(struct why *w, const struct number *n)
{
	const struct bpf_insn *i = n->origin.kind == ORIGIN_MATH ? &w->env->insns[n->origin.at->insn_idx] : NULL;

	if (!i || BPF_OP(i->code) != BPF_MOD || BPF_SRC(i->code) != BPF_K || i->imm <= 0 ||
	    n->at->r[n->regno]->v.uh < (uint32_t)i->imm)
		return;
	why_event(w, WHY_MISSED, n->origin.at->insn_idx, (int32_t)n->regno,
		  "the remainder (%% %d) is less than %d, but this verifier keeps no range of it", i->imm, i->imm);
	w->cls = DIAG_IMPRECISION;
}

static void tell_number(struct why *w, const struct number *n)
{
	char name[WHY_NAME_BYTES], range[WHY_NAME_BYTES];
	const struct tale *test = n->origin.narrowed;

	w->origin = n->origin;
	w->number = n->at;
	w->number_regno = n->regno;
	number_name(w, n, w->subject);
	why_tell_origin(w);
	if (test)
		why_event(w, WHY_TESTED, test->insn_idx, (int32_t)n->regno, "this test leaves %s: %s",
			  number_name(w, n, name), why_range(n->at->r[n->regno], range));
	tell_remainder(w, n);
	look_for_missed(w, n);
}

/* Which of an addition's two is the number. */
static uint32_t number_of(const struct why *w, const struct tale *add)
{
	const struct bpf_insn *i = &w->env->insns[add->insn_idx];

	return reg_is_scalar(add->r[i->src_reg]) ? i->src_reg : i->dst_reg;
}

/* The addition that put a variable part into a pointer; NULL: none on the way. */
static const struct tale *find_addition(const struct why *w, const struct tale *t, uint32_t regno)
{
	bool negative = !strcmp(w->env->result->code, "MEM-NEGATIVE");
	const struct tale *at;
	const struct bpf_insn *i;

	for (; t; t = at) {
		at = tale_maker(t, regno);
		if (!at)
			return NULL;
		i = &w->env->insns[at->insn_idx];
		if (BPF_CLASS(i->code) != BPF_ALU64 || i->dst_reg != regno || BPF_SRC(i->code) != BPF_X)
			continue;
		if (BPF_OP(i->code) == BPF_MOV) {
			regno = i->src_reg;
			continue;
		}
		/* of several, the one whose number may be below 0 */
		if (negative && BPF_OP(i->code) == BPF_ADD && at->r[number_of(w, at)]->v.sl >= 0)
			continue;
		if (negative || at->r[i->dst_reg]->v.tm == 0 || reg_is_scalar(at->r[i->dst_reg]))
			return at;
	}
	return NULL;
}

/* Bytes of the object that a pointer leads into; 0: not known. */
static uint64_t bytes_of(const struct why *w, const struct reg *r)
{
	if (reg_base(r) == REG_MAP_VALUE)
		return w->env->maps[r->map - 1].shape->value_size;
	if (reg_base(r) == REG_MEM)
		return r->mem_size;
	return reg_base(r) == REG_STACK && r->off < 0 ? (uint64_t)-(int64_t)r->off : 0;
}

/* The most that the number may be, where it is added, for the access to stay inside; 0: not known. */
static uint64_t most_offset(const struct why *w, const struct reg *used)
{
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];
	uint64_t room = reg_base(used) == REG_STACK ? 0 : bytes_of(w, used);
	int64_t fixed = (int64_t)used->off + i->off + insn_bytes(i);
	struct bgv_stack_name v;

	if (reg_base(used) == REG_STACK && !insn_is_jmp_class(i) && why_stack_variable(w, w->now, fixed - insn_bytes(i), &v))
		return fixed > v.off + (int64_t)v.bytes ? 0 : (uint64_t)(v.off + (int64_t)v.bytes - fixed);

	if (insn_is_jmp_class(i) || fixed < 0 || (uint64_t)fixed > room)
		return 0;
	return room - (uint64_t)fixed;
}

static void tell_way_out_of_offset(struct why *w, const struct tale *add, const struct number *n,
				   const struct reg *used)
{
	char name[WHY_NAME_BYTES];
	uint64_t most = most_offset(w, used), bytes = 0;

	if (!most || BPF_OP(w->env->insns[add->insn_idx].code) != BPF_ADD)
		return;
	if (find_scaled(w, n, name, &bytes) && bytes > 1) {
		why_way_out(w, "leave before it is used if `%.60s`, unsigned, is more than %llu", name,
			    (unsigned long long)(most / bytes));
		why_propose(w, ASSUME_AT_MOST, add->insn_idx, n->regno, most / bytes * bytes);
		return;
	}
	why_way_out(w, "leave before it is added if %s, as bytes and unsigned, is more than %llu",
		    number_name(w, n, name), (unsigned long long)most);
	why_propose(w, ASSUME_AT_MOST, add->insn_idx, n->regno, most);
}

/* The number is not negative, but a constant that is added leads before the start. */
static bool tell_before_start(struct why *w, const struct tale *add, const struct number *n, const struct reg *used,
			      const char *of)
{
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];
	int64_t fixed = used->off + (insn_is_jmp_class(i) ? 0 : (int64_t)i->off), least = n->at->r[n->regno]->v.sl;
	char name[WHY_NAME_BYTES], range[WHY_NAME_BYTES];

	if (reg_base(used) == REG_STACK || least < 0 || fixed >= 0 || least + fixed >= 0)
		return false;
	number_name(w, n, name);
	why_cause(w, "%s, added to %.40s, is %.50s, and with the constant %lld the access may begin at byte %lld", name, of,
		  why_range(n->at->r[n->regno], range), (long long)fixed, (long long)(least + fixed));
	why_way_out(w, "leave before it is added if %s is less than %lld", name, (long long)-fixed);
	why_propose(w, ASSUME_AT_LEAST, add->insn_idx, n->regno, (uint64_t)-fixed);
	return true;
}

/* What the number is added to: a variable of the stack by its name. */
static void describe_target(struct why *w, const struct reg *used, char of[WHY_NAME_BYTES])
{
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];
	struct bgv_stack_name v;

	if (reg_base(used) == REG_STACK &&
	    why_stack_variable(w, w->now, (int64_t)used->off + (insn_is_jmp_class(i) ? 0 : i->off), &v))
		snprintf(of, WHY_NAME_BYTES, "`%.30s` on the stack (%u bytes)", v.variable, v.bytes);
	else
		why_describe(w, used, of);
}

static void tell_offset(struct why *w, const struct reg *used)
{
	char name[WHY_NAME_BYTES], range[WHY_NAME_BYTES], of[WHY_NAME_BYTES];
	const struct tale *add = find_addition(w, w->now, (uint32_t)w->regno);
	struct number n;
	uint64_t bytes;

	if (!add)
		return;
	number_find(w, add, number_of(w, add), &n);
	tell_number(w, &n);
	number_name(w, &n, name);
	describe_target(w, used, of);
	if (tell_before_start(w, add, &n, used, of))
		return;
	if (find_scaled(w, &n, range, &bytes) && bytes != 1)
		why_cause(w, "the offset made of %s, added to %.40s, is %.50s", name, of,
			  why_range(add->r[n.regno], range));
	why_cause(w, "%s, added to %.40s, is %.50s", name, of, why_range(add->r[n.regno], range));
	tell_way_out_of_offset(w, add, &n, used);
}

/* The size that a call was asked for: bpf_ringbuf_reserve()'s, bpf_dynptr_data()'s. */
static void propose_larger_result(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->origin.at->insn_idx];
	uint64_t needed = (uint64_t)w->env->need.needed;

	if (insn_is_helper_call(i) && (i->imm == BPF_FUNC_ringbuf_reserve || i->imm == BPF_FUNC_dynptr_data))
		why_propose_also(w, ASSUME_NUMBER, w->origin.at->insn_idx,
				 i->imm == BPF_FUNC_ringbuf_reserve ? BPF_REG_2 : BPF_REG_3, needed, needed);
}

/* Less is asked for where a call says how much; else more is there. */
static void propose_room(struct why *w, const struct reg *used, uint64_t room)
{
	bool call = insn_is_call(&w->env->insns[w->now->insn_idx]);
	uint32_t regno = (uint32_t)w->regno;
	const struct bgv_map *map;

	if (call && used->off >= 0 && (uint64_t)used->off < room && regno < BPF_REG_5 &&
	    reg_is_const(w->now->r[regno + 1]) && w->now->r[regno + 1]->v.uh > room - (uint64_t)used->off) {
		why_propose(w, ASSUME_AT_MOST, w->now->insn_idx, regno + 1, room - (uint64_t)used->off);
	} else if (reg_base(used) == REG_MAP_VALUE) {
		map = w->env->maps[used->map - 1].shape;
		if (!map->contents && w->env->need.needed <= UINT16_MAX)
			why_propose_also(w, ASSUME_MAP_VALUE, UINT32_MAX, 0, (uint64_t)w->env->need.needed, used->map - 1);
	} else if (w->origin.kind == ORIGIN_RESULT && w->origin.at) {
		propose_larger_result(w);
	}
}

/* Nothing varies: what is accessed is larger than what is there. */
static void tell_way_out_of_constant(struct why *w, const struct reg *used)
{
	unsigned long long room = bytes_of(w, used);
	char callee[WHY_NAME_BYTES];

	if (!room || !w->env->need.set || reg_base(used) == REG_STACK)
		return;
	propose_room(w, used, room);
	if (insn_is_call(&w->env->insns[w->now->insn_idx]) && used->off >= 0 && (uint64_t)used->off < room)
		why_way_out(w, "pass a size of at most %llu (sizeof of what is there), or have more memory there",
			    room - (unsigned long long)used->off);
	else if (reg_base(used) == REG_MAP_VALUE)
		why_way_out(w, "stay inside the %llu bytes of the value: use its own type, or declare a larger value in the map",
			    room);
	else if (w->origin.kind == ORIGIN_RESULT && w->origin.at)
		why_way_out(w, "stay inside the %llu bytes, or ask %.60s for a size of %lld", room,
			    why_callee(w, w->origin.at->insn_idx, callee), (long long)w->env->need.needed);
}

void why_tell_offset(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;

	if (!used)
		return;
	if (reg_is_scalar(used) && w->regno > BPF_REG_1 && insn_is_call(&w->env->insns[w->now->insn_idx])) {
		if (!reg_is_scalar(w->now->r[w->regno - 1]) && w->now->r[w->regno - 1]->v.tm &&
		    reg_is_const(used)) {
			w->regno--;	/* the size is known, the place is not */
			tell_offset(w, w->now->r[w->regno]);
		} else {
			why_tell_size(w);
		}
	} else if (used->v.tm) {
		tell_offset(w, used);
	} else if (insn_is_call(&w->env->insns[w->now->insn_idx]) && w->regno < BPF_REG_5 &&
		   reg_is_scalar(w->now->r[w->regno + 1]) && !reg_is_const(w->now->r[w->regno + 1])) {
		w->regno++;	/* not the memory, its size is what is not bounded */
		why_tell_size(w);
	} else {
		why_cause_need(w);
		why_tell_origin(w);
		tell_way_out_of_constant(w, used);
	}
}

static void zero_size_way_out(struct why *w, const struct number *n, const char *name, uint64_t room)
{
	bool too_large = room && w->now->r[n->regno]->v.uh > room;

	if (too_large)
		why_way_out(w, "leave before the call if %.80s is 0, or more than %llu", name, (unsigned long long)room);
	else
		why_way_out(w, "leave before the call if %s is 0", name);
	why_propose(w, ASSUME_AT_LEAST, w->now->insn_idx, n->regno, 1);
	if (too_large)
		why_propose_also(w, ASSUME_AT_MOST, w->now->insn_idx, n->regno, room, 0);
}

void why_tell_size(struct why *w)
{
	char name[WHY_NAME_BYTES], range[WHY_NAME_BYTES], callee[WHY_NAME_BYTES], memory[WHY_NAME_BYTES];
	uint64_t room;
	struct number n;

	if (!w->now || w->regno < 1)
		return;
	number_find(w, w->now, (uint32_t)w->regno, &n);
	tell_number(w, &n);
	room = bytes_of(w, w->now->r[n.regno - 1]);
	why_name(w, w->now->insn_idx, n.regno, name);
	why_callee(w, w->now->insn_idx, callee);
	if (room && strcmp(w->env->result->code, "MEM-ZERO-SIZE"))
		why_cause(w, "%.50s, the size of %.40s, is %.50s; the memory, %.50s, has %llu bytes", name, callee,
			  why_range(w->now->r[n.regno], range), why_name(w, w->now->insn_idx, n.regno - 1, memory),
			  (unsigned long long)room);
	else
		why_cause(w, "%s, the size of %.40s, is %.50s", name, callee, why_range(w->now->r[n.regno], range));
	if (!strcmp(w->env->result->code, "MEM-ZERO-SIZE")) {
		zero_size_way_out(w, &n, name, room);
		return;
	}
	if (!room)
		return;
	if (reg_is_const(w->now->r[n.regno]))
		why_way_out(w, "pass a size of at most %llu", (unsigned long long)room);
	else
		why_way_out(w, "leave before the call if %s, unsigned and 64 bits wide, is more than %llu", name,
			    (unsigned long long)room);
	why_propose(w, ASSUME_AT_MOST, w->now->insn_idx, n.regno, room);
}

void why_tell_math(struct why *w)
{
	const struct bpf_insn *i = &w->env->insns[w->env->insn_idx];
	char name[WHY_NAME_BYTES], range[WHY_NAME_BYTES], of[WHY_NAME_BYTES];
	struct number n;
	uint64_t most;
	uint32_t ptr;

	if (!w->now || BPF_CLASS(i->code) != BPF_ALU64 || BPF_SRC(i->code) != BPF_X || i->src_reg >= ENV_REGS ||
	    i->dst_reg >= ENV_REGS)
		return;
	number_find(w, w->now, number_of(w, w->now), &n);
	ptr = n.regno == i->src_reg ? i->dst_reg : i->src_reg;
	if (!reg_is_scalar(w->now->r[n.regno]) || reg_is_scalar(w->now->r[ptr]))
		return;
	if (reg_maybe_null(w->now->r[ptr])) {
		w->regno = (int32_t)ptr;
		origin_find(w->env, w->now, ptr, &w->origin);
		why_tell_null(w);
		return;
	}
	tell_number(w, &n);
	why_cause(w, "%s, %s %.50s, is %.50s", number_name(w, &n, name),
		  BPF_OP(i->code) == BPF_ADD ? "added to" : "and", why_describe(w, w->now->r[ptr], of),
		  why_range(w->now->r[n.regno], range));
	most = reg_is_pkt(w->now->r[ptr]) ? PACKET_OFFSET_ENOUGH : bytes_of(w, w->now->r[ptr]) - 1;
	if (BPF_OP(i->code) != BPF_ADD || !(most + 1))
		return;
	why_way_out(w, "leave before it is added if %s, unsigned and 64 bits wide, is more than %llu", name,
		    (unsigned long long)most);
	why_propose(w, ASSUME_AT_MOST, w->now->insn_idx, n.regno, most);
}
