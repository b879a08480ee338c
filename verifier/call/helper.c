/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A helper call. Promises that a helper is only said to run where this program may call it, with
 * arguments as its prototype asks, and that the state afterwards is what it may have left behind.
 * The order of the checks is the kernel's, because it decides which errno a caller sees.
 */
#include "verifier/call/helper.h"

#include "proto/array.h"
#include "verifier/access/dynptr.h"
#include "verifier/access/mapval.h"
#include "verifier/access/mem.h"
#include "verifier/access/memop.h"
#include "verifier/access/pkt.h"
#include "verifier/call/call.h"
#include "verifier/call/helper_arg.h"
#include "verifier/call/helper_ret.h"
#include "verifier/call/helper_special.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/names.h"
#include "verifier/marks/precise.h"
#include "verifier/state/helper_allow.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"
#include "verifier/access/dynslot.h"

/* May this program call it at all? */
static int helper_find(struct env *env, int32_t id, const struct helper_proto **ret_proto)
{
	struct helper_caller caller = helper_caller_of(env);
	int r;

	if (env->prog_type == PT_LIRC_MODE2)
		return verdict_unsupported(env, "helpers of lirc_mode2 programs");
	r = helper_tab_find(&caller, id, ret_proto);
	if (r == -ERANGE)
		return verdict_reject(env, EINVAL, CODE_HELPER_UNKNOWN, "invalid func %s#%d",
				      helper_tab_name(id), id);
	if (r < 0 || helper_locked_down(env, id) || !helper_allow_member(env, (uint32_t)id))
		return verdict_reject(env, EINVAL, CODE_HELPER_TYPE,
				      "program of this type cannot use helper bpf_%s#%d",
				      helper_tab_name(id), id);
	if (!env->gpl && ((*ret_proto)->flags & HELPER_F_GPL))
		return verdict_reject(env, EINVAL, CODE_GPL,
				      "cannot call GPL-restricted function from non-GPL compatible "
				      "program");
	if (!helper_allow_target(env, (uint32_t)id))
		return verdict_reject(env, EINVAL, CODE_HELPER_TARGET,
				      "helper call is not allowed in probe");
	return 0;
}

static bool helper_gets_storage(uint32_t id)
{
	return id == HELPER_SK_STORAGE_GET || id == HELPER_INODE_STORAGE_GET ||
	       id == HELPER_TASK_STORAGE_GET || id == HELPER_CGRP_STORAGE_GET;
}

/* A helper that may sleep needs a program that may, outside every section that forbids it. */
static int helper_check_sleep(struct env *env, const struct helper_proto *proto)
{
	static const char *const sections[] = {
		"rcu_read_lock region", "non-preemptible region", "IRQ-disabled region",
	};
	const bool inside[] = {
		env->cur->rcu_locks != 0, env->cur->preempt_locks != 0, env->cur->active_irq_id != 0,
	};

	if ((proto->flags & HELPER_F_MIGHT_SLEEP) && !env_in_sleepable(env))
		return verdict_reject(env, EINVAL, CODE_SLEEP,
				      "helper call might sleep in a non-sleepable prog");
	for (size_t i = 0; i < ARRAY_CNT(inside); i++) {
		if (!inside[i])
			continue;
		if (proto->flags & HELPER_F_MIGHT_SLEEP)
			return verdict_reject(env, EINVAL, CODE_SLEEP, "sleepable helper bpf_%s#%u in %s",
					      proto->name, proto->id, sections[i]);
		if (env_in_sleepable(env) && helper_gets_storage(proto->id))
			env_aux(env)->storage_atomic = true;
	}
	return 0;
}

static bool helper_writes_map(uint32_t id)
{
	return id == HELPER_MAP_DELETE_ELEM || id == HELPER_MAP_UPDATE_ELEM ||
	       id == HELPER_MAP_PUSH_ELEM || id == HELPER_MAP_POP_ELEM;
}

/* Helpers whose map the call site remembers (record_func_map). */
static bool helper_remembers_map(uint32_t id)
{
	return helper_writes_map(id) || id == HELPER_TAIL_CALL || id == HELPER_MAP_LOOKUP_ELEM ||
	       id == HELPER_MAP_PEEK_ELEM || id == HELPER_FOR_EACH_MAP_ELEM ||
	       id == HELPER_REDIRECT_MAP || id == HELPER_MAP_LOOKUP_PERCPU_ELEM;
}

static int helper_note_map(struct env *env, uint32_t id, const struct call_meta *meta)
{
	struct insn_aux *aux = env_aux(env);

	if (!helper_remembers_map(id))
		return 0;
	if (!meta->map)
		return verdict_reject(env, EINVAL, CODE_HELPER_MAP, "helper without a map");
	if (helper_writes_map(id) && (mapval_flags(env, meta->map) & MAP_F_RDONLY_PROG))
		return verdict_reject(env, EACCES, CODE_MAP_RDONLY, "write into map forbidden");
	if (!aux->call_map)
		aux->call_map = meta->map;
	else if (aux->call_map != meta->map)
		aux->call_map_poisoned = true;
	return 0;
}

/*
 * Without mitigations' bypass an index is masked by the map's size, which takes one map a call. The map has the
 * rights of its maker; we take them for the program's.
 */
int helper_check_tail_calls(struct env *env)
{
	for (uint32_t i = 0; i < env->insn_cnt && !env->bypass_spec_v1; i++) {
		const struct bpf_insn *insn = &env->insns[i];

		if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0 &&
		    insn->imm == HELPER_TAIL_CALL && env->aux[i].call_map_poisoned)
			return verdict_reject_at(env, i, EINVAL, CODE_HELPER_MAP, "tail_call abusing map_ptr");
	}
	return 0;
}

/* A tail call by a constant index is patched into the program: the index matters (record_func_key). */
static int helper_note_key(struct env *env, uint32_t id, const struct call_meta *meta)
{
	const struct reg *index = &env_regs(env)[3];
	const struct bgv_map *map;

	if (id != HELPER_TAIL_CALL)
		return 0;
	map = meta->map ? env->maps[meta->map - 1].shape : NULL;
	if (!map || map->type != MT_PROG_ARRAY)
		return verdict_reject(env, EINVAL, CODE_HELPER_MAP,
				      "expected prog array map for tail call");
	if (!reg_is_const(index) || index->v.tv >= map->max_entries)
		return 0;
	return precise_mark_reg(env, 3);
}

/* What the helper wrote before reading: each byte a store of something unknown. */
static int helper_write_raw(struct env *env, uint32_t insn_idx, const struct call_meta *meta)
{
	for (int32_t i = 0; i < meta->access_size; i++) {
		struct memop op = {
			.insn_idx = insn_idx, .regno = meta->regno, .off = i, .size = 1,
			.access = ACCESS_WRITE, .value_regno = -1,
		};
		int r = mem_access(env, &op);

		if (r < 0)
			return r;
	}
	return 0;
}

/* A value moved into a slot is no longer owned here; percpu objects stay readable under RCU. */
static int helper_release_xchg(struct env *env, uint32_t ref)
{
	struct reg_iter it = REG_ITER(env, env->cur);
	const struct reg *r;

	if (refs_drop(env, env->cur, HELD_REF, ref) < 0)
		return -EINVAL;
	while ((r = reg_iter_next(&it))) {
		struct reg *w;

		if (r->ref != ref)
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		if (env_in_rcu(env) && (w->type & REG_F_ALLOC) && (w->type & REG_F_PERCPU)) {
			w->ref = 0;
			w->type = (w->type & ~REG_F_ALLOC) | REG_F_RCU;
		} else if (env_is_unpriv(env)) {
			reg_set_not_init(w);
		} else {
			reg_set_unknown(w);
		}
	}
	return 0;
}

static int helper_release(struct env *env, const struct helper_proto *proto,
			  const struct call_meta *meta)
{
	uint32_t regno = meta->release_regno;
	int r = 0;

	if (!regno)
		return 0;
	if (proto->arg[regno - 1].kind == HARG_DYNPTR)
		r = dynptr_release_arg(env, regno);
	else if (proto->id == HELPER_KPTR_XCHG && meta->ref_obj_id)
		r = helper_release_xchg(env, meta->ref_obj_id);
	else if (meta->ref_obj_id)
		r = dynslot_release(env, meta->ref_obj_id);
	else if (!reg_is_zero(&env_regs(env)[regno]))
		r = -EINVAL;
	if (r == -EINVAL)
		return verdict_reject(env, EINVAL, CODE_REF_UNACQUIRED,
				      "func bpf_%s#%u reference has not been acquired before",
				      proto->name, proto->id);
	return r;
}

/* Arguments, and what follows from them before anything changes. */
static int helper_check_args(struct env *env, const struct helper_proto *proto, uint32_t insn_idx,
			     struct call_meta *meta)
{
	int r = 0;

	for (uint32_t i = 0; i < HELPER_ARGS_MAX && r >= 0; i++)
		r = helper_arg_check(env, proto, i, insn_idx, meta);
	if (r >= 0)
		r = helper_note_map(env, proto->id, meta);
	if (r >= 0)
		r = helper_note_key(env, proto->id, meta);
	if (r >= 0)
		r = helper_write_raw(env, insn_idx, meta);
	return r;
}

/*
 * A tail call that comes back failed and moved nothing. Where step.c walks the one that succeeds
 * too, that is all; older kernels take the packet as moved, 6.1 does not, which is safe in main.
 */
static bool helper_tail_call_moves(const struct env *env)
{
	if (env->beh->tail_call_returns_frame)
		return false;
	return env->target->profile != PROFILE_6_1 || env->cur->curframe > 0;
}

int helper_call(struct env *env, uint32_t insn_idx)
{
	int32_t id = env->insns[insn_idx].imm;
	const struct helper_proto *proto;
	struct call_meta meta = { .func_id = (uint32_t)id };
	uint32_t frame = env->cur->curframe;
	bool changes_pkt;
	int r;

	r = helper_find(env, id, &proto);
	if (r < 0)
		return r;
	r = helper_check_sleep(env, proto);
	if (r < 0)
		return r;
	meta.pkt_access = proto->flags & HELPER_F_PKT_ACCESS;
	changes_pkt = proto->flags & HELPER_F_CHANGES_PKT;
	if (id == HELPER_TAIL_CALL && !helper_tail_call_moves(env))
		changes_pkt = false;

	r = helper_check_args(env, proto, insn_idx, &meta);
	if (r >= 0)
		r = helper_release(env, proto, &meta);
	if (r >= 0)
		r = helper_special_check(env, proto, insn_idx, &meta, &changes_pkt);
	if (r < 0)
		return r;
	if (env->cur->curframe != frame)	/* stepped into a callback, the rest is done */
		return helper_special_after(env, proto, &meta);

	call_clear_caller_saved(env);
	r = helper_ret_set(env, proto, insn_idx, &meta);
	if (r >= 0)
		r = helper_special_after(env, proto, &meta);
	if (r >= 0 && changes_pkt)
		r = pkt_invalidate_all(env);
	return r < 0 ? r : 0;
}
