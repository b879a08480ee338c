/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoded program, asked: which function an instruction is of, which kfunc a call names. Trusts the passes
 * that filled it.
 */
#include "verifier/state/program.h"

#include "verifier/state/env.h"

int subprog_at(const struct env *env, uint32_t insn_idx)
{
	uint32_t lo = 0, hi = env->subprog_cnt, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (env->subprogs[mid].start == insn_idx)
			return (int)mid;
		if (env->subprogs[mid].start < insn_idx)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

uint32_t subprog_containing(const struct env *env, uint32_t insn_idx)
{
	uint32_t lo = 0, hi = env->subprog_cnt, mid;

	while (hi - lo > 1) {
		mid = (lo + hi) / 2;
		if (env->subprogs[mid].start <= insn_idx)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static const struct kfunc *kfunc_find(const struct env *env, uint32_t id, uint32_t off)
{
	struct kfuncs *tab = env->kfuncs;

	for (uint32_t i = 0; tab && i < tab->cnt; i++)
		if (tab->at[i].id == id && tab->at[i].off == off)
			return &tab->at[i];
	return NULL;
}

const struct kfunc *kfunc_at(const struct env *env, const struct bpf_insn *insn)
{
	return kfunc_find(env, (uint32_t)insn->imm, (uint16_t)insn->off);
}
