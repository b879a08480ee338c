/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers that call back. Promises that the callback is explored with exactly the registers that
 * helper hands it, and that its return range is the helper's.
 */
#include "verifier/call/helper_callback.h"

#include "proto/array.h"
#include "verifier/access/ctx.h"
#include "verifier/call/call.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/names.h"
#include "verifier/marks/precise.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

static void callback_take(struct frame *callee, uint32_t regno, const struct reg *r)
{
	callee->r[regno] = *r;
}

/* r[from..5] hold nothing. */
static void callback_clear(struct frame *callee, uint32_t from)
{
	for (uint32_t i = from; i <= 5; i++)
		reg_set_not_init(&callee->r[i]);
}

static void callback_sync(struct frame *callee)
{
	callee->in_callback = true;
	callee->ret_lo = 0;
	callee->ret_hi = 1;
}

/* A pointer into the map that caller's regno names: key or value. */
static void callback_map_ptr(struct env *env, struct frame *callee, uint32_t regno, uint32_t type,
			     const struct reg *map)
{
	reg_set_ptr(&callee->r[regno], type);
	callee->r[regno].map = map->map;
	callee->r[regno].map_uid = map->map_uid;
	if (type == REG_MAP_VALUE && env->beh->callback_value_id)
		callee->r[regno].id = env_new_id(env); /* one element's lock is not another's */
}

/* callback(map, key, value, ctx) */
static int callback_for_each(struct env *env, struct frame *caller, struct frame *callee,
			     uint32_t insn_idx)
{
	const struct reg *map = &caller->r[1];
	uint32_t type = env->maps[map->map - 1].shape->type;

	if (!helper_tab_takes_map(env->target->profile, HELPER_FOR_EACH_MAP_ELEM, type))
		return verdict_reject(env, ENOTSUPP, CODE_CALLBACK_MAP,
				      "callback function not allowed for map");
	if (env_aux(env)->call_map_poisoned && !env->beh->callbacks_converge)
		return verdict_reject(env, EINVAL, CODE_CALLBACK_MAP, "tail_call abusing map_ptr");
	callback_take(callee, 1, map);
	callback_map_ptr(env, callee, 2, REG_MAP_KEY, map);
	callback_map_ptr(env, callee, 3, REG_MAP_VALUE, map);
	if (!env->beh->for_each_map_uid)	/* it is then no value of the map beside it, if that is an inner one */
		callee->r[2].map_uid = callee->r[3].map_uid = 0;
	callback_take(callee, 4, &caller->r[3]);
	callback_clear(callee, 5);
	callback_sync(callee);
	return 0;
}

/* callback(index, ctx) */
static int callback_loop(struct env *env, struct frame *caller, struct frame *callee,
			 uint32_t insn_idx)
{
	reg_set_unknown(&callee->r[1]);
	callback_take(callee, 2, &caller->r[3]);
	callback_clear(callee, 3);
	callback_sync(callee);
	return 0;
}

/* callback(map, key, value), later, on its own */
static int callback_timer(struct env *env, struct frame *caller, struct frame *callee,
			  uint32_t insn_idx)
{
	const struct reg *timer = &caller->r[1];

	callback_map_ptr(env, callee, 1, REG_MAP_PTR, timer);
	callback_map_ptr(env, callee, 2, REG_MAP_KEY, timer);
	callback_map_ptr(env, callee, 3, REG_MAP_VALUE, timer);
	callback_clear(callee, 4);
	callee->in_async_callback = true;
	callee->ret_lo = 0;
	callee->ret_hi = 0;
	return 0;
}

/* callback(task, vma, ctx) */
static int callback_find_vma(struct env *env, struct frame *caller, struct frame *callee,
			     uint32_t insn_idx)
{
	int id = ctx_btf_struct(env, "vm_area_struct");

	if (id < 0)
		return id;
	callback_take(callee, 1, &caller->r[1]);
	reg_set_ptr(&callee->r[2], REG_BTF_ID);
	callee->r[2].btf = 0;
	callee->r[2].btf_id = (uint32_t)id;
	callback_take(callee, 3, &caller->r[4]);
	callback_clear(callee, 4);
	callback_sync(callee);
	return 0;
}

/* callback(dynptr, ctx) */
static int callback_user_ringbuf(struct env *env, struct frame *caller, struct frame *callee,
				 uint32_t insn_idx)
{
	struct reg *r = &callee->r[1];

	reg_set_not_init(&callee->r[0]);
	reg_set_ptr(r, REG_DYNPTR);
	r->dynptr_type = DYNPTR_LOCAL;
	r->dynptr_first = 1;
	r->id = env_new_id(env);
	callback_take(callee, 2, &caller->r[3]);
	callback_clear(callee, 3);
	callback_sync(callee);
	return 0;
}

static const struct {
	uint32_t id;
	bool async;
	call_set_callee set_callee;
} callbacks[] = {
	{ HELPER_FOR_EACH_MAP_ELEM, false, callback_for_each },
	{ HELPER_TIMER_SET_CALLBACK, true, callback_timer },
	{ HELPER_FIND_VMA, false, callback_find_vma },
	{ HELPER_LOOP, false, callback_loop },
	{ HELPER_USER_RINGBUF_DRAIN, false, callback_user_ringbuf },
};

/*
 * A loop whose flags are a known 0 at every visit is rewritten without a call; the kernel wants
 * that 0 precise as long as the rewrite is still possible (update_loop_inline_state).
 */
static int callback_note_inline(struct env *env, uint32_t subprog)
{
	struct insn_aux *aux = env_aux(env);
	bool zero;
	int r;

	if (aux->loop_seen && !aux->loop_inline)
		return 0;
	zero = reg_is_zero(&env_regs(env)[4]);
	if (zero) {
		r = precise_mark_reg(env, 4);
		if (r < 0)
			return r;
	}
	if (aux->loop_seen) {
		aux->loop_inline = zero && aux->loop_subprog == subprog;
		return 0;
	}
	aux->loop_seen = true;
	aux->loop_inline = zero;
	aux->loop_subprog = subprog;
	return 0;
}

/* The body is simulated at most as often as r1 says. 1: once more, 0: enough. */
static int callback_loop_again(struct env *env, uint32_t subprog)
{
	struct frame *f;
	int r = callback_note_inline(env, subprog);

	/* 6.1 takes an address for a number of rounds: as many as there may be */
	if (r < 0 || !env->beh->callbacks_converge || !reg_is_scalar(&env_regs(env)[1]))
		return r < 0 ? r : 1;
	r = precise_mark_reg(env, 1);
	if (r < 0)
		return r;
	f = env_top(env);
	if (f->callback_depth < f->r[1].v.uh)
		return 1;
	f->callback_depth = 0;
	return 0;
}

int helper_callback_push(struct env *env, uint32_t id, uint32_t insn_idx,
			 const struct call_meta *meta)
{
	if (id == HELPER_LOOP) {
		int r = callback_loop_again(env, meta->subprog);

		if (r <= 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_CNT(callbacks); i++)
		if (callbacks[i].id == id)
			return call_push_callback(env, insn_idx, meta->subprog, callbacks[i].async,
						  false, callbacks[i].set_callee);
	return verdict_unsupported(env, "callback of helper %u", id);
}
