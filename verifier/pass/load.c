/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking in a program: our own copy of the instructions, the maps it names, and the checks that need
 * nothing but the instruction itself. Refuses what this kernel would refuse before it looks at
 * control flow. Trusts only the lengths given with the blobs.
 */
#include "verifier/pass/load.h"

#include "verifier/access/mapval.h"
#include "verifier/btf/btfprog.h"
#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"
#include "verifier/state/jumptab.h"

#define MAP_IDX_NOT_A_MAP 0x7ffffffeu
#define MAP_IDX_NO_ARRAY  0x7ffffffdu
#define ARENA_PAGE_BYTES  4096	/* max_entries of an arena counts pages */

static int check_size(struct env *env)
{
	uint32_t max = env->cap_bpf ? env->lim->insns : env->lim->insns_unpriv;

	if (env->prog->insn_cnt == 0 || env->prog->insn_cnt > max)
		return verdict_reject(env, E2BIG, CODE_PROG_SIZE, "program has %u instructions, at most %u",
				      env->prog->insn_cnt, max);
	return 0;
}

/*
 * A map found in another one has the shape of its template, but is not the template: whether that is
 * frozen, and what it holds, says nothing of what is put there later. So each outer map gets an
 * entry of its own for what is in it, after the program's maps; *next is where.
 */
static int load_inner(struct env *env, uint32_t outer, uint32_t *next)
{
	const struct bgv_map *from = &env->prog->maps[env->prog->maps[outer].inner_idx - 1];
	struct bgv_map *shape = pool_zalloc(env, sizeof(*shape));

	if (!shape)
		return verdict_nomem(env);
	*shape = *from;
	shape->frozen = false;
	shape->contents = NULL;
	shape->contents_bytes = 0;
	env->maps[*next].shape = shape;
	env->maps[outer].inner = ++*next;
	return 0;
}

static int load_maps(struct env *env)
{
	uint32_t i, next;
	int r = 0;

	next = env->map_cnt = env->prog->map_cnt;
	env->maps = pool_calloc(env, 2 * (size_t)env->map_cnt + 1, sizeof(*env->maps));
	if (!env->maps)
		return verdict_nomem(env);
	for (i = 0; i < env->map_cnt && r >= 0; i++) {
		env->maps[i].shape = &env->prog->maps[i];
		if (env->prog->maps[i].inner_idx && env->prog->maps[i].inner_idx <= env->map_cnt)
			r = load_inner(env, i, &next);
	}
	return r;
}

/* Room for main, every function that is named, a hidden exception callback, and the end marker. */
static uint32_t subprogs_at_most(const struct env *env)
{
	uint32_t cnt = 3, i;

	for (i = 0; i < env->insn_cnt && cnt <= ENV_SUBPROGS_MAX; i++)
		cnt += insn_is_pseudo_func(&env->insns[i]) || insn_is_subprog_call(&env->insns[i]);
	return cnt;
}

int load_copy_program(struct env *env)
{
	const struct bgv_program *p = env->prog;
	int r = check_size(env);

	if (r < 0)
		return r;
	env->insn_cnt = p->insn_cnt;
	env->insns = pool_calloc(env, env->insn_cnt + 1u, sizeof(*env->insns));
	env->aux = pool_calloc(env, env->insn_cnt + 1u, sizeof(*env->aux));
	env->explored = pool_calloc(env, env->insn_cnt, sizeof(*env->explored));
	env->btfs = pool_calloc(env, p->btf_cnt + 1u, sizeof(*env->btfs));
	if (!env->insns || !env->aux || !env->explored || !env->btfs)
		return verdict_nomem(env);
	memcpy(env->insns, p->insns, env->insn_cnt * sizeof(*env->insns));
	env->subprogs = pool_calloc(env, subprogs_at_most(env), sizeof(*env->subprogs));
	return env->subprogs ? load_maps(env) : verdict_nomem(env);
}

/* ---- ld_imm64 ------------------------------------------------------------------------------ */

static int bind_arena(struct env *env, uint32_t map_idx)
{
	if (env->arena_map)
		return verdict_reject(env, EBUSY, CODE_MAP_ARENA, "Only one arena per program");
	if (!env->allow_ptr_leaks || !env->cap_bpf)
		return verdict_reject(env, EPERM, CODE_MAP_ARENA,
				      "CAP_BPF and CAP_PERFMON are required to use arena");
	if (env->target->flags & BGV_TARGET_NO_JIT)
		return verdict_reject(env, EOPNOTSUPP, CODE_MAP_ARENA, "JIT is required to use arena");
	env->arena_map = map_idx + 1;
	return 0;
}

/* Counts the map among those the program uses; the first time its rules are checked. */
static int use_map(struct env *env, uint32_t map_idx, uint32_t *used_cnt)
{
	struct map_info *m;
	int r;

	if (map_idx >= env->map_cnt)	/* a bundle tells a closed fd from one of another kind */
		return verdict_reject(env, map_idx == MAP_IDX_NOT_A_MAP ? EINVAL : EBADF, CODE_MAP_FD, "fd is not pointing to valid bpf_map");
	m = &env->maps[map_idx];
	if (m->used)
		return 0;
	if (*used_cnt >= env->lim->maps)
		return verdict_reject(env, E2BIG, CODE_MAP_COUNT,
				      "The total number of maps per program has reached the limit of %u",
				      env->lim->maps);
	r = mapval_bind(env, map_idx);
	if (r < 0)
		return r;
	m->used = true;
	(*used_cnt)++;
	if (m->shape->type == MT_INSN_ARRAY)
		return jumptab_bind(env, map_idx);
	return m->shape->type == MT_ARENA ? bind_arena(env, map_idx) : 0;
}

/* A place in a jump table, or in this CPU's copy of the only element. */
static int resolve_special_value(struct env *env, uint32_t idx, const struct bgv_map *shape, uint32_t off)
{
	int err = 0;

	if (shape->type == MT_INSN_ARRAY)
		err = off % sizeof(uint64_t) || off / sizeof(uint64_t) >= shape->max_entries ? EACCES : 0;
	else if (shape->max_entries != 1 || (env->target->flags & BGV_TARGET_NO_JIT))
		err = EOPNOTSUPP;
	else if (off >= shape->value_size)
		err = EINVAL;
	if (err)
		return verdict_reject_at(env, idx, err, CODE_MAP_DIRECT,
					 "invalid access to map value pointer, value_size=%u off=%u",
					 shape->value_size, off);
	env->aux[idx].map_off = off;
	return 0;
}

static int resolve_map_value(struct env *env, uint32_t idx, const struct bgv_map *shape)
{
	uint32_t off = (uint32_t)env->insns[idx + 1].imm;

	if (off >= env->lim->var_off && !env->beh->direct_any_off)
		return verdict_reject_at(env, idx, EINVAL, CODE_MAP_DIRECT,
					 "direct value offset of %u is not allowed", off);
	if (shape->type == MT_ARENA) {
		if (off >= (uint64_t)shape->max_entries * ARENA_PAGE_BYTES && env->beh->direct_any_off)
			return verdict_reject_at(env, idx, ERANGE, CODE_MAP_DIRECT,
						 "invalid access to map value pointer, value_size=%u off=%u",
						 shape->value_size, off);
		env->aux[idx].map_off = off;
		return 0;
	}
	if (shape->type == MT_INSN_ARRAY || (shape->type == BPF_MAP_TYPE_PERCPU_ARRAY && env->beh->direct_percpu))
		return resolve_special_value(env, idx, shape, off);
	if (shape->type != BPF_MAP_TYPE_ARRAY)
		return verdict_reject_at(env, idx, EINVAL, CODE_MAP_DIRECT,
					 "no direct value access support for this map type");
	if (shape->max_entries != 1 || off >= shape->value_size)
		return verdict_reject_at(env, idx, shape->max_entries != 1 ? ENOTSUPP : EINVAL,
					 CODE_MAP_DIRECT, "invalid access to map value pointer, value_size=%u off=%u",
					 shape->value_size, off);
	env->aux[idx].map_off = off;
	return 0;
}

static int resolve_map(struct env *env, uint32_t idx, uint32_t *used_cnt)
{
	const struct bpf_insn *i = &env->insns[idx];
	bool value = i->src_reg == BPF_PSEUDO_MAP_VALUE || i->src_reg == BPF_PSEUDO_MAP_IDX_VALUE;
	bool plain = i->src_reg == BPF_PSEUDO_MAP_FD || i->src_reg == BPF_PSEUDO_MAP_IDX;
	int r;

	if (!value && !(plain && i[1].imm == 0))
		return verdict_reject_at(env, idx, EINVAL, CODE_INSN_LDIMM64,
					 "unrecognized bpf_ld_imm64 insn");
	if ((i->src_reg == BPF_PSEUDO_MAP_IDX || i->src_reg == BPF_PSEUDO_MAP_IDX_VALUE) &&
	    (uint32_t)i->imm == MAP_IDX_NO_ARRAY)
		return verdict_reject_at(env, idx, EPROTO, CODE_MAP_FD, "fd_idx without fd_array is invalid");
	r = use_map(env, (uint32_t)i->imm, used_cnt);
	if (r < 0)
		return r;
	env->aux[idx].map = (uint32_t)i->imm + 1;
	return value ? resolve_map_value(env, idx, env->maps[i->imm].shape) : 0;
}

static int resolve_one(struct env *env, uint32_t idx, uint32_t *used_cnt)
{
	const struct bpf_insn *i = &env->insns[idx];

	if (idx + 1 >= env->insn_cnt || i[1].code || i[1].dst_reg || i[1].src_reg || i[1].off)
		return verdict_reject_at(env, idx, EINVAL, CODE_INSN_LDIMM64,
					 "invalid bpf_ld_imm64 insn");
	if (i->src_reg == 0 || i->src_reg == BPF_PSEUDO_FUNC)
		return 0;
	if (i->src_reg == BPF_PSEUDO_BTF_ID)
		return btfprog_pseudo_btf_id(env, idx);
	return resolve_map(env, idx, used_cnt);
}

static bool ldx_is_dirty(const struct env *env, const struct bpf_insn *i)
{
	uint8_t mode = BPF_MODE(i->code);

	if (BPF_CLASS(i->code) != BPF_LDX)
		return false;
	if (mode != BPF_MEM && !(mode == INSN_MEMSX && env->beh->isa_v4))
		return true;
	return i->imm != 0;
}

int load_resolve_ldimm64(struct env *env)
{
	uint32_t i, used_cnt = 0;
	int r;

	for (i = 0; i < env->prog->fd_array_cnt && i < env->map_cnt; i++) {
		r = use_map(env, i, &used_cnt);
		if (r < 0)
			return r;
	}
	for (i = 0; i < env->insn_cnt; i++) {
		if (ldx_is_dirty(env, &env->insns[i]))
			return verdict_reject_at(env, i, EINVAL, CODE_INSN_RESERVED,
						 "BPF_LDX uses reserved fields");
		if (insn_is_ldimm64(&env->insns[i])) {
			r = resolve_one(env, i, &used_cnt);
			if (r < 0)
				return r;
			i++;
		} else if (!insn_is_known(env->beh, env->insns[i].code)) {
			return verdict_reject_at(env, i, EINVAL, CODE_INSN_OPCODE,
						 "unknown opcode %02x", env->insns[i].code);
		}
	}
	return 0;
}
