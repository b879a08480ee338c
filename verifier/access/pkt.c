/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet pointers: what a compare with the packet's end proves for every pointer with the same
 * variable part, and whether an access stays inside what was proved.
 */
#include "verifier/access/pkt.h"

#include "verifier/access/bounds.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/value/branch.h"

/* How far off from the packet's start the family of r can be, moved by so many bytes. */
static uint64_t top_at(const struct env *env, const struct reg *r, int32_t moved)
{
	struct reg at = *r;
	struct val whole;

	at.off = moved;
	(void)bounds_whole_offset(env, &at, &whole);
	return whole.uh;
}

int pkt_check(struct env *env, uint32_t regno, int32_t off, uint32_t size, bool zero_ok)
{
	const struct reg *r = &env_regs(env)[regno];
	uint32_t end;

	if (r->v.sl < 0)
		return verdict_reject(env, EACCES, CODE_PKT_NEGATIVE,
				      "R%u min value is negative, either use unsigned index or do a if (index >=0) check.",
				      regno);
	if (r->range < 0)
		return verdict_reject(env, EINVAL, CODE_PKT_RANGE,
				      "R%u offset is outside of the packet", regno);
	if (off < 0 || (size == 0 && !zero_ok) || (int32_t)size < 0 ||
	    (uint64_t)off + size > (uint64_t)r->range) {
		verdict_need(env, regno, (int64_t)off + size, r->range);
		return verdict_reject(env, EACCES, CODE_PKT_RANGE,
				      "invalid access to packet, off=%d size=%u, R%u(id=%u,off=%d,r=%d): R%u offset is outside of the packet",
				      off, size, regno, r->id, off, r->range, regno);
	}
	/* the sum's highest value may be less than the parts', and is so for one place more than for another */
	if (env->beh->pkt_bits_bound &&
	    top_at(env, r, r->off) + (uint64_t)(int64_t)(off - r->off) + size > top_at(env, r, r->range))
		return verdict_reject(env, EACCES, CODE_PKT_RANGE,
				      "invalid access to packet, off=%d size=%u, R%u(id=%u,off=%d,r=%d): R%u max value is outside of the allowed memory range",
				      off, size, regno, r->id, off, r->range, regno);
	end = (uint32_t)off + (uint32_t)r->v.uh + size - 1;
	if (end > env->max_pkt_offset)
		env->max_pkt_offset = end;
	return 0;
}

int pkt_predict(const struct reg *dst, const struct reg *src, uint8_t op)
{
	const struct reg *pkt = dst;

	if (dst->type == REG_PKT_END) {
		pkt = src;
		op = branch_flip(op);
	} else if (src->type != REG_PKT_END) {
		return -1;
	}
	if (pkt->range >= 0)
		return -1;
	switch (op) {
	case BPF_JLE:
	case BPF_JGT:
		return pkt->range == REG_PKT_BEYOND_END ? op == BPF_JGT : -1;
	case BPF_JLT:
	case BPF_JGE:
		return op == BPF_JGE;
	default:
		return -1;
	}
}

/* In st, *known was found to lie inside: all with its id may read so far. */
static int extend(struct env *env, struct state *st, const struct reg *known, bool strictly)
{
	struct reg k = *known;
	struct reg_iter it = REG_ITER(env, st);
	const struct reg *r;
	struct reg *w;
	int32_t range;

	if (k.off < 0 || (k.off == 0 && strictly))
		return 0;
	if (k.v.uh > env->lim->packet_off ||
	    k.v.uh + (uint64_t)k.off > env->lim->packet_off)
		return 0;
	range = k.off + (strictly ? 1 : 0);
	while ((r = reg_iter_next(&it))) {
		if (r->type != k.type || r->id != k.id || r->range >= range)
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		w->range = range;
	}
	return 0;
}

/* In st the pointer in regno was found at or beyond the end. */
static int mark_end(struct env *env, struct state *st, uint32_t regno, bool beyond)
{
	struct frame *f = state_frame_mut(env, st, st->curframe);

	if (!f)
		return verdict_nomem(env);
	if (f->r[regno].type == REG_PKT)
		f->r[regno].range = beyond ? REG_PKT_BEYOND_END : REG_PKT_AT_END;
	return 0;
}

static bool is_unmoved_data(const struct reg *r)
{
	return r->type == REG_PKT && r->off == 0 && val_is(&r->v, 0) && r->id == 0;
}

static bool is_pair(const struct reg *p, const struct reg *end)
{
	return (p->type == REG_PKT && end->type == REG_PKT_END) ||
	       (p->type == REG_PKT_META && is_unmoved_data(end));
}

bool pkt_learn(struct env *env, const struct bpf_insn *insn, struct state *other, int *ret_err)
{
	struct state *in, *out, *cur = env->cur;
	struct reg *regs = env_regs(env);
	uint8_t op = BPF_OP(insn->code);
	uint32_t regno = insn->dst_reg;
	bool strictly;

	if (BPF_SRC(insn->code) != BPF_X || BPF_CLASS(insn->code) == BPF_JMP32)
		return false;
	if (op != BPF_JGT && op != BPF_JLT && op != BPF_JGE && op != BPF_JLE)
		return false;
	if (is_pair(&regs[insn->src_reg], &regs[insn->dst_reg])) {
		regno = insn->src_reg;
		op = branch_flip(op);
	} else if (!is_pair(&regs[insn->dst_reg], &regs[insn->src_reg])) {
		return false;
	}
	env_aux(env)->proves_packet = true;
	/* p > end, p >= end: inside when it falls through; p < end, p <= end: when it jumps */
	in = op == BPF_JGT || op == BPF_JGE ? cur : other;
	out = in == cur ? other : cur;
	strictly = op == BPF_JGE || op == BPF_JLT;
	*ret_err = extend(env, in, &regs[regno], strictly);
	if (*ret_err >= 0)
		*ret_err = mark_end(env, out, regno, !strictly);
	return true;
}

int pkt_invalidate_all(struct env *env)
{
	struct reg_iter it = REG_ITER(env, env->cur);
	const struct reg *r;
	struct reg *w;

	if (env->packet_kept)
		return 0;
	while ((r = reg_iter_next(&it))) {
		if (!reg_is_pkt(r) && r->type != REG_PKT_END && !reg_is_pkt_slice(r))
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		if (env->allow_ptr_leaks)
			reg_set_unknown(w);
		else
			reg_set_not_init(w);
	}
	return 0;
}
