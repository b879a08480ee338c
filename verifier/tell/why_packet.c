/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet accesses: which compare with the packet's end proved bytes for the very pointer that is used, and why
 * another compare of the path did not.
 */
#include "verifier/tell/why_packet.h"

#include "verifier/kernel/insn.h"
#include "verifier/state/env.h"
#include "verifier/state/diag.h"
#include "verifier/tell/origin.h"
#include "verifier/tell/why.h"
#include "verifier/tell/why_value.h"
#include "verifier/walk/assume.h"
#include "verifier/walk/tale.h"

#define PACKET_OFFSET_ENOUGH 32767 /* a bound of an offset into a packet that leaves room for what is read there */

/* Before this step, the widest proof among pointers of this id. */
static int32_t proved_before(const struct tale *t, uint32_t id)
{
	int32_t best = 0;
	uint32_t i;

	for (i = 0; i < ENV_REGS; i++)
		if (reg_is_pkt(t->r[i]) && t->r[i]->id == id && t->r[i]->range > best)
			best = t->r[i]->range;
	return best;
}

/* The packet pointer of a compare with an end, and the other's register; -1: it is none. */
static int compared_pointer(const struct env *env, const struct tale *t)
{
	const struct bpf_insn *i = &env->insns[t->insn_idx];

	if (!insn_is_jmp_class(i) || BPF_SRC(i->code) != BPF_X || BPF_OP(i->code) == BPF_CALL)
		return -1;
	if (reg_is_pkt(t->r[i->dst_reg]) && reg_base(t->r[i->src_reg]) == REG_PKT_END)
		return i->dst_reg;
	if (reg_is_pkt(t->r[i->src_reg]) && reg_base(t->r[i->dst_reg]) == REG_PKT_END)
		return i->src_reg;
	return -1;
}

/* The compare after which the pointers of this id had what they have now; in a function that called this one, too. */
static const struct tale *find_proof(const struct env *env, const struct tale *now, uint32_t id, int32_t proved)
{
	const struct tale *t, *later = now;
	int regno;

	for (t = now->older; t; later = t, t = t->older) {
		regno = compared_pointer(env, t);
		if (regno >= 0 && t->r[regno]->id == id && proved_before(t, id) < proved &&
		    proved_before(later, id) >= proved)
			return t;
	}
	return NULL;
}

/* A compare of pointers with the id of the one that is used: what is wrong with it. */
static void tell_missed_own(struct why *w, const struct tale *t, uint32_t regno, const char *name)
{
	if (t->r[regno]->off <= 0 && !t->r[regno]->v.tm) {
		why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
			  "this check proves 0 bytes: it is of %s, where the bytes begin, not of their end", name);
		return;
	}
	why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno, "this check proves nothing on the way that goes on here");
	why_way_out(w, "swap the branches, or compare with > instead: leave when the end is passed");
}

/* The addition that gave the pointer its variable part. */
static const struct tale *find_move(const struct why *w)
{
	uint32_t regno = (uint32_t)w->regno, id = w->now->r[regno]->id;
	const struct tale *t = tale_maker(w->now, regno);
	const struct bpf_insn *i;

	for (; t; t = tale_maker(t, regno)) {
		i = &w->env->insns[t->insn_idx];
		if (BPF_CLASS(i->code) != BPF_ALU64 || i->dst_reg != regno)
			continue;
		if (BPF_OP(i->code) == BPF_MOV && BPF_SRC(i->code) == BPF_X)
			regno = i->src_reg;
		else if (BPF_OP(i->code) == BPF_ADD && BPF_SRC(i->code) == BPF_X && t->r[regno]->id != id)
			return t;
	}
	return NULL;
}

/* The number that moves the pointer is bounded before it is added. */
static void propose_bound(struct why *w)
{
	const struct tale *t = find_move(w);
	const struct bpf_insn *i = t ? &w->env->insns[t->insn_idx] : NULL;

	if (i)
		why_propose(w, ASSUME_AT_MOST, t->insn_idx, reg_is_scalar(t->r[i->src_reg]) ? i->src_reg : i->dst_reg,
			    PACKET_OFFSET_ENOUGH);
}

/* Why this compare told nothing of the pointer that is used. */
static void tell_missed(struct why *w, const struct tale *t, uint32_t regno, const struct reg *used)
{
	const struct reg *tested = t->r[regno];
	char name[WHY_NAME_BYTES];
	uint64_t most = w->env->lim->packet_off;

	why_name_pkt(w, t, regno, name);
	if (tested->v.uh > most || tested->v.uh + (uint64_t)tested->off > most) {
		why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
			  "this check does not count: %s may lie up to %llu bytes into the packet, more than %llu",
			  name, (unsigned long long)(tested->v.uh + (uint64_t)tested->off), (unsigned long long)most);
		why_way_out(w, "bound the offset so that the pointer stays within %llu bytes of data",
			    (unsigned long long)most);
		propose_bound(w);
	} else if (tested->id != used->id) {
		why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
			  "this check is about another pointer: %s is not the one that is used, which moves by a variable of its own",
			  name);
	} else {
		tell_missed_own(w, t, regno, name);
	}
}

/* Of pointers of this id the compare told something, or nothing that was not known: it counts as far as it goes. */
static bool is_weaker(const struct tale *t, const struct tale *later, uint32_t regno, uint32_t id)
{
	return t->r[regno]->id == id &&
	       (proved_before(later, id) > proved_before(t, id) ||
		(t->r[regno]->off > 0 && proved_before(t, id) >= t->r[regno]->off));
}

/* The newest compare of the path that did not count. */
static void look_for_missed(struct why *w, const struct tale *proof, const struct reg *used)
{
	const struct tale *t, *later = w->now;
	int regno;

	for (t = w->now->older; t; later = t, t = t->older) {
		regno = t == proof ? -1 : compared_pointer(w->env, t);
		if (regno < 0 || is_weaker(t, later, (uint32_t)regno, used->id))
			continue;
		tell_missed(w, t, (uint32_t)regno, used);
		return;
	}
}

/* ---- compares with what is not an end any more, differences, pointers that were moved ---------------- */

/* A compare with a number that was the packet's end before a call made it void. */
static bool tell_void_end(struct why *w, const struct tale *t, uint32_t pkt, uint32_t end, const struct reg *used)
{
	char name[WHY_NAME_BYTES], callee[WHY_NAME_BYTES];
	struct origin o;

	if (!reg_is_pkt(t->r[pkt]) || t->r[pkt]->id != used->id || !reg_is_scalar(t->r[end]))
		return false;
	origin_find(w->env, t, end, &o);
	if (o.kind != ORIGIN_LOST || !o.at || reg_base(o.at->r[o.regno]) != REG_PKT_END)
		return false;
	why_callee(w, o.at->insn_idx, callee);
	why_name(w, t->insn_idx, end, name);
	why_event(w, WHY_LOST, o.at->insn_idx, (int32_t)o.regno,
		  "%s may move the packet: %s, read before it, is void", callee, *name == '`' ? name : "its end");
	why_event(w, WHY_MISSED, t->insn_idx, (int32_t)end, "this check does not count: %s is void",
		  *name == '`' ? name : "the end");
	why_cause(w, "%s, with which the bytes were compared, is void: it was read before %s, which may have moved the packet",
		  *name == '`' ? name : "the packet's end", callee);
	why_way_out(w, "read data and data_end from the context again after the call, and check again");
	why_propose(w, ASSUME_KEPT, UINT32_MAX, 0, 0);
	return true;
}

static bool look_for_void_end(struct why *w, const struct reg *used)
{
	const struct bpf_insn *i;
	const struct tale *t;

	for (t = w->now->older; t; t = t->older) {
		i = &w->env->insns[t->insn_idx];
		if (!insn_is_jmp_class(i) || BPF_SRC(i->code) != BPF_X || BPF_OP(i->code) == BPF_CALL)
			continue;
		if (tell_void_end(w, t, i->dst_reg, i->src_reg, used) ||
		    tell_void_end(w, t, i->src_reg, i->dst_reg, used))
			return true;
	}
	return false;
}

/* A length that was computed as data_end - data: a number like any other. */
static bool look_for_difference(struct why *w)
{
	const struct bpf_insn *i;
	const struct tale *t;

	for (t = w->now->older; t; t = t->older) {
		i = &w->env->insns[t->insn_idx];
		if (BPF_CLASS(i->code) != BPF_ALU64 || BPF_OP(i->code) != BPF_SUB || BPF_SRC(i->code) != BPF_X ||
		    reg_base(t->r[i->dst_reg]) != REG_PKT_END || !reg_is_pkt(t->r[i->src_reg]))
			continue;
		why_event(w, WHY_MISSED, t->insn_idx, i->dst_reg,
			  "this difference is a number: tests of it prove no bytes of the packet");
		w->cls = DIAG_IMPRECISION;
		return true;
	}
	return false;
}

/* All that the moved pointer can reach was proved of the one it was made of: the verifier does not see that. */
static bool look_for_proof_before_move(struct why *w)
{
	const struct tale *t = w->now->r[w->regno]->id ? find_move(w) : NULL;
	const struct reg *a, *b;
	char name[WHY_NAME_BYTES], range[WHY_NAME_BYTES];

	if (!t)
		return false;
	a = t->r[w->env->insns[t->insn_idx].dst_reg];
	b = t->r[w->env->insns[t->insn_idx].src_reg];
	if (reg_is_scalar(a)) {
		const struct reg *swap = a;

		a = b;
		b = swap;
	}
	if (!reg_is_pkt(a) || !reg_is_scalar(b) || a->range <= 0 ||
	    (uint64_t)a->range < (uint64_t)w->env->need.needed + b->v.uh)
		return false;
	why_event(w, WHY_MISSED, t->insn_idx, w->regno,
		  "a variable (%s) is added: the %d bytes proved before are of another pointer from here on",
		  why_range(b, range), a->range);
	w->cls = DIAG_IMPRECISION;
	why_way_out(w, "check the pointer after it was moved: leave if (void *)%s + %lld > data_end",
		    why_held_variable(w, w->now->insn_idx, (uint32_t)w->regno, name) ? name : "p",
		    (long long)(w->env->need.needed - w->now->r[w->regno]->off));
	return true;
}

static void tell_proof(struct why *w, const struct tale *proof, int64_t proved)
{
	char name[WHY_NAME_BYTES];
	int regno = compared_pointer(w->env, proof);

	why_event(w, WHY_PROVED, proof->insn_idx, regno, "this check proves %lld bytes (%s)",
		  (long long)proved, regno < 0 ? "?" : why_name_pkt(w, proof, (uint32_t)regno, name));
	why_event_numbers(w, 0, proved);
}

/* Bytes before the pointer, or before what the packet has: no check of its end tells of them. */
static bool tell_before_start(struct why *w, const struct reg *used)
{
	const struct bpf_insn *i = &w->env->insns[w->now->insn_idx];
	int64_t off = used->off + (int64_t)i->off;
	char name[WHY_NAME_BYTES];

	if (insn_is_jmp_class(i) || off >= 0)
		return false;
	why_tell_origin(w);
	why_name_pkt(w, w->now, (uint32_t)w->regno, name);
	if (used->id)
		why_cause(w, "%s may be the very start of the packet, and this %s is %lld bytes before it", name,
			  why_verb(i), (long long)-off);
	else
		why_cause(w, "this %s begins %lld bytes before the start of the packet, by the negative offset from %s",
			  why_verb(i), (long long)-off, name);
	if (used->id)
		why_way_out(w, "subtract from the number before it is added, tested to be at least %lld, and check that pointer",
			    (long long)-off);
	else
		why_way_out(w, "access the packet from its start on: the offset must be 0 or more");
	return true;
}

static void tell_way_out(struct why *w)
{
	const struct reg *used = w->now->r[w->regno];
	uint32_t idx = w->now->insn_idx;
	char name[WHY_NAME_BYTES];
	int64_t needed, bytes;
	int32_t at = 0;

	if (!w->env->need.set || w->env->need.needed <= used->off)
		return;
	needed = insn_is_call(&w->env->insns[idx]) ? w->env->need.needed :
		 why_bytes_ahead(w, (uint32_t)w->regno, w->env->need.needed, false);
	bytes = needed - used->off;
	if (!*w->env->result->way_out && why_near_variable(w, idx, (uint32_t)w->regno, (int32_t)bytes - 1, &at, name))
		why_way_out(w, "leave before this if (void *)%.60s + %lld > data_end", name, (long long)(bytes - at));
	if (used->v.uh + (uint64_t)needed <= w->env->lim->packet_off)
		why_propose(w, ASSUME_PACKET, idx, (uint32_t)w->regno, (uint64_t)needed);
}

/* A loop has moved the pointer on and on: beyond some length no compare proves anything. */
static void tell_too_far(struct why *w)
{
	uint32_t at = w->env->result->insn_idx;
	char name[WHY_NAME_BYTES];

	why_cause(w, "a loop moves %.50s on, to byte %lld of the packet: no check proves more than the first %u bytes",
		  w->regno >= 0 ? why_name(w, at, (uint32_t)w->regno, name) : "the pointer",
		  (long long)w->env->need.needed - 1, w->env->lim->packet_off);
	why_way_out(w, "bound the loop by a number of rounds as well, fewer than %u", w->env->lim->packet_off);
	w->cls = DIAG_LIMIT;
}

void why_tell_packet(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	const struct tale *proof = NULL;

	/* of so long a way no steps were kept */
	if (!used && w->env->need.set && w->env->need.needed > (int64_t)w->env->lim->packet_off)
		tell_too_far(w);
	if (!used || !reg_is_pkt(used) || tell_before_start(w, used))
		return;
	if (look_for_void_end(w, used)) {
		tell_way_out(w);
		return;
	}
	if (w->env->need.set && w->env->need.needed > (int64_t)w->env->lim->packet_off && !used->v.tm)
		tell_too_far(w);
	why_cause_need(w);
	why_tell_origin(w);
	if (used->range > 0)
		proof = find_proof(w->env, w->now, used->id, used->range);
	if (proof)
		tell_proof(w, proof, used->range);
	if (w->env->need.set && !look_for_proof_before_move(w))
		look_for_missed(w, proof, used);
	if (!proof && !*w->env->result->way_out)
		(void)look_for_difference(w);
	tell_way_out(w);
}
