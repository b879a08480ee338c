/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indirect jumps (gotox) through arrays of instructions. Promises that every place such a jump can reach is known to
 * the graph passes and walked: the arrays are frozen, so their contents are those that were recorded. Refuses arrays
 * that are not, that name what is no instruction, or that lead out of the function.
 */
#include "verifier/state/jumptab.h"

#include <stdlib.h>

#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/state/program.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"

#define ELEMENT_BYTES 16	/* struct bpf_insn_array_value, whose first word is the instruction */

static uint32_t element(const struct bgv_map *shape, uint32_t i)
{
	uint32_t at;

	memcpy(&at, (const uint8_t *)shape->contents + (size_t)i * ELEMENT_BYTES, sizeof(at));
	return at;
}

static bool is_insn(const struct env *env, uint32_t at)
{
	return at < env->insn_cnt && !(at && insn_is_ldimm64(&env->insns[at - 1]));
}

int jumptab_bind(struct env *env, uint32_t map_idx)
{
	const struct bgv_map *shape = env->maps[map_idx].shape;

	if (env->target->flags & BGV_TARGET_NO_JIT)
		return verdict_reject(env, ENOTSUPP, CODE_MAP_INSNS, "a program with jump tables needs the JIT");
	if (!shape->frozen)
		return verdict_reject(env, EINVAL, CODE_MAP_INSNS, "Failed to properly initialize insn array");
	if (!shape->contents || shape->contents_bytes / ELEMENT_BYTES < shape->max_entries)
		return verdict_unsupported(env, "jump tables whose contents are not known");
	for (uint32_t i = 0; i < shape->max_entries; i++)
		if (!is_insn(env, element(shape, i)))
			return verdict_reject(env, EINVAL, CODE_MAP_INSNS, "Failed to properly initialize insn array");
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_unique(struct jumptab *tab)
{
	uint32_t cnt = 0;

	qsort(tab->at, tab->cnt, sizeof(tab->at[0]), by_number);
	for (uint32_t i = 0; i < tab->cnt; i++)
		if (!cnt || tab->at[cnt - 1] != tab->at[i])
			tab->at[cnt++] = tab->at[i];
	tab->cnt = cnt;
}

static struct jumptab *new_tab(struct env *env, size_t cnt)
{
	return pool_zalloc(env, sizeof(struct jumptab) + cnt * sizeof(uint32_t));
}

struct jumptab *jumptab_of_map(struct env *env, uint32_t map_idx, uint32_t first, uint32_t last)
{
	struct jumptab *tab = new_tab(env, (size_t)last - first + 1);

	if (!tab)
		return NULL;
	for (uint32_t i = first; i <= last; i++)
		tab->at[tab->cnt++] = element(env->maps[map_idx].shape, i);
	sort_unique(tab);
	return tab;
}

/* Its least element decides whose table it is. */
static bool is_of(const struct bgv_map *shape, uint32_t start, uint32_t end)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < shape->max_entries; i++)
		if (element(shape, i) < least)
			least = element(shape, i);
	return least >= start && least < end;
}

static const struct bgv_map *table_at(const struct env *env, uint32_t i)
{
	const struct map_info *m = &env->maps[i];

	return m->used && m->shape->type == MT_INSN_ARRAY ? m->shape : NULL;
}

static int collect(struct env *env, uint32_t t, uint32_t start, uint32_t end, struct jumptab **ret_tab)
{
	const struct bgv_map *shape;
	struct jumptab *tab = NULL;
	size_t cnt = 0;
	uint32_t i, k;

	for (i = 0; i < env->map_cnt; i++)
		if ((shape = table_at(env, i)) && is_of(shape, start, end))
			cnt += shape->max_entries;
	if (!cnt)
		return verdict_reject_at(env, t, EINVAL, CODE_JUMP_TABLE,
					 "no jump tables found for subprog starting at %u", start);
	tab = new_tab(env, cnt);
	if (!tab)
		return verdict_nomem(env);
	for (i = 0; i < env->map_cnt; i++)
		if ((shape = table_at(env, i)) && is_of(shape, start, end))
			for (k = 0; k < shape->max_entries; k++)
				tab->at[tab->cnt++] = element(shape, k);
	sort_unique(tab);
	*ret_tab = tab;
	return 0;
}

int jumptab_of_insn(struct env *env, uint32_t t, const struct jumptab **ret_tab)
{
	const struct subprog *sub = &env->subprogs[subprog_containing(env, t)];
	struct jumptab *tab = NULL;
	int r;

	if (!env->jumptabs)
		env->jumptabs = pool_calloc(env, env->insn_cnt, sizeof(struct jumptab *));
	if (!env->jumptabs)
		return verdict_nomem(env);
	if (!env->jumptabs[t]) {
		r = collect(env, t, sub->start, sub[1].start, &tab);
		if (r < 0)
			return r;
		if (tab->at[tab->cnt - 1] >= sub[1].start)
			return verdict_reject_at(env, t, EINVAL, CODE_JUMP_TABLE,
						 "jump table for insn %u points outside of the subprog [%u,%u]", t,
						 sub->start, sub[1].start);
		env->jumptabs[t] = tab;
	}
	*ret_tab = env->jumptabs[t];
	return 0;
}

const uint32_t *jumptab_successors(const struct env *env, uint32_t idx, uint32_t buf[2], uint32_t *ret_cnt)
{
	if (env->jumptabs && env->jumptabs[idx]) {
		*ret_cnt = env->jumptabs[idx]->cnt;
		return env->jumptabs[idx]->at;
	}
	*ret_cnt = insn_is_gotox(&env->insns[idx]) ? 0 : insn_successors(env->insns, idx, buf);
	return buf;
}
