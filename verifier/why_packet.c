/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet accesses: which compare with the packet's end proved bytes for the very pointer that is used, and why
 * another compare of the path did not.
 */
#include "verifier/why_tell.h"

#include "verifier/insn.h"
#include "verifier/profile.h"

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

/* The compare after which the pointers of this id had what they have now. */
static const struct tale *find_proof(const struct tale *now, uint32_t id, int32_t proved)
{
	const struct tale *t, *later = now;

	for (t = tale_before(now); t; later = t, t = tale_before(t))
		if (proved_before(t, id) < proved && proved_before(later, id) >= proved)
			return t;
	return NULL;
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
	} else if (tested->id != used->id) {
		why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
			  "this check is about another pointer: %s moves by a variable of its own", name);
	} else {
		why_event(w, WHY_MISSED, t->insn_idx, (int32_t)regno,
			  "this check proves nothing on the way that goes on here");
		why_way_out(w, "swap the branches, or compare with > instead: leave when the end is passed");
	}
}

/* The newest compare of the path that did not count. */
static void look_for_missed(struct why *w, const struct tale *proof, const struct reg *used)
{
	const struct tale *t;
	int regno;

	for (t = w->now->older; t; t = t->older) {
		regno = t == proof ? -1 : compared_pointer(w->env, t);
		if (regno < 0)
			continue;
		tell_missed(w, t, (uint32_t)regno, used);
		return;
	}
}

static void tell_proof(struct why *w, const struct tale *proof, int64_t proved)
{
	char name[WHY_NAME_BYTES];
	int regno = compared_pointer(w->env, proof);

	why_event(w, WHY_PROVED, proof->insn_idx, regno, "this check proves %lld bytes (%s)",
		  (long long)proved, regno < 0 ? "?" : why_name_pkt(w, proof, (uint32_t)regno, name));
	why_event_numbers(w, 0, proved);
}

static void tell_way_out(struct why *w)
{
	const struct reg *used = w->now->r[w->regno];
	char name[WHY_NAME_BYTES];
	int64_t bytes = w->env->need.needed - used->off;

	if (!w->env->need.set || bytes <= 0)
		return;
	if (!*w->env->result->way_out && why_held_variable(w, w->now->insn_idx, (uint32_t)w->regno, name))
		why_way_out(w, "leave before this if (void *)%.60s + %lld > data_end", name, (long long)bytes);
	if (used->v.uh + (uint64_t)w->env->need.needed <= w->env->lim->packet_off)
		why_propose(w, ASSUME_PACKET, w->now->insn_idx, (uint32_t)w->regno,
			    (uint64_t)w->env->need.needed);
}

void why_tell_packet(struct why *w)
{
	const struct reg *used = w->now && w->regno >= 0 ? w->now->r[w->regno] : NULL;
	const struct tale *proof = NULL;

	if (!used || !reg_is_pkt(used))
		return;
	why_cause_need(w);
	why_tell_origin(w);
	if (used->range > 0)
		proof = find_proof(w->now, used->id, used->range);
	if (proof)
		tell_proof(w, proof, used->range);
	if (w->env->need.set)
		look_for_missed(w, proof, used);
	tell_way_out(w);
}
