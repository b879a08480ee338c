/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a path holds: references to kernel objects, locks, saved irq flags, in order of acquisition.
 * The set is shared between states until one of them changes it. Refuses to release what is not held.
 */
#include "verifier/state/refs.h"

#include "verifier/state/pool.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

static size_t set_bytes(uint32_t cnt)
{
	return sizeof(struct heldset) + cnt * sizeof(struct held);
}

void refs_get_set(struct heldset *set)
{
	if (set)
		set->refs++;
}

void refs_put_set(struct env *env, struct heldset *set)
{
	if (set && --set->refs == 0)
		pool_give(env->pool, set, set_bytes(set->cnt));
}

uint32_t refs_cnt(const struct state *st)
{
	return st->held ? st->held->cnt : 0;
}

int refs_acquire_typed(struct env *env, struct state *st, const struct held *h)
{
	uint32_t cnt = refs_cnt(st);
	struct heldset *set = pool_take(env->pool, set_bytes(cnt + 1));

	if (!set)
		return verdict_nomem(env);
	set->refs = 1;
	set->cnt = cnt + 1;
	if (cnt)
		memcpy(set->h, st->held->h, cnt * sizeof(struct held));
	set->h[cnt] = *h;
	refs_put_set(env, st->held);
	st->held = set;
	if (h->type & HELD_LOCK_MASK) {
		st->active_locks++;
		st->active_lock_id = h->id;
		st->active_lock_object = h->object;
		st->active_lock_object_id = h->object_id;
	}
	if (h->type & HELD_IRQ)
		st->active_irq_id = h->id;
	return 0;
}

int refs_acquire(struct env *env, uint32_t insn_idx, uint32_t *ret_id)
{
	struct held h = { .type = HELD_REF, .id = env_new_id(env), .insn_idx = insn_idx };
	int r = refs_acquire_typed(env, env->cur, &h);

	if (r < 0)
		return r;
	*ret_id = h.id;
	return 0;
}

const struct held *refs_find(const struct state *st, uint32_t type_mask, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < refs_cnt(st); i++)
		if ((st->held->h[i].type & type_mask) && st->held->h[i].id == id)
			return &st->held->h[i];
	return NULL;
}

bool refs_has(const struct env *env, uint32_t id)
{
	return refs_find(env->cur, HELD_REF, id);
}

/* After a lock is gone the innermost one left is the active one; likewise for irq flags. */
static void refresh_active(struct state *st, uint32_t dropped_type)
{
	const struct held *lock = NULL, *irq = NULL;
	uint32_t i;

	for (i = 0; i < refs_cnt(st); i++) {
		if (st->held->h[i].type & HELD_LOCK_MASK)
			lock = &st->held->h[i];
		if (st->held->h[i].type & HELD_IRQ)
			irq = &st->held->h[i];
	}
	if (dropped_type & HELD_LOCK_MASK) {
		st->active_locks--;
		st->active_lock_id = lock ? lock->id : 0;
		st->active_lock_object = lock ? lock->object : 0;
		st->active_lock_object_id = lock ? lock->object_id : 0;
	}
	if (dropped_type & HELD_IRQ)
		st->active_irq_id = irq ? irq->id : 0;
}

/* Entry h of what st holds goes; the others stay in order. */
static int drop_entry(struct env *env, struct state *st, const struct held *h)
{
	uint32_t at = (uint32_t)(h - st->held->h), type = h->type;
	struct heldset *set = NULL;

	if (st->held->cnt > 1) {
		set = pool_take(env->pool, set_bytes(st->held->cnt - 1));
		if (!set)
			return verdict_nomem(env);
		set->refs = 1;
		set->cnt = st->held->cnt - 1;
		memcpy(set->h, st->held->h, at * sizeof(struct held));
		memcpy(set->h + at, st->held->h + at + 1, (set->cnt - at) * sizeof(struct held));
	}
	refs_put_set(env, st->held);
	st->held = set;
	refresh_active(st, type);
	return 0;
}

int refs_drop(struct env *env, struct state *st, uint32_t type_mask, uint32_t id)
{
	const struct held *h = refs_find(st, type_mask, id);

	return h ? drop_entry(env, st, h) : -EINVAL;
}

/* Locks in global data all have id 0: only with its object is a lock one lock. */
const struct held *refs_find_lock(const struct state *st, uint32_t type_mask, uint32_t id,
				  uint32_t object)
{
	for (uint32_t i = 0; i < refs_cnt(st); i++)
		if ((st->held->h[i].type & type_mask) && st->held->h[i].id == id &&
		    st->held->h[i].object == object)
			return &st->held->h[i];
	return NULL;
}

int refs_drop_lock(struct env *env, struct state *st, uint32_t type_mask, uint32_t id,
		   uint32_t object)
{
	const struct held *h = refs_find_lock(st, type_mask, id, object);

	return h ? drop_entry(env, st, h) : -EINVAL;
}

/* Copies and derived pointers die; who may see pointers anyway may still read the bits. */
static void reg_invalidate(struct env *env, struct reg *r)
{
	if (env->allow_ptr_leaks)
		reg_set_unknown(r);
	else
		reg_set_not_init(r);
}

int refs_release(struct env *env, uint32_t id)
{
	struct reg_iter it = REG_ITER(env, env->cur);
	const struct reg *r;
	struct reg *w;
	int err = refs_drop(env, env->cur, HELD_REF, id);

	if (err < 0)
		return err;
	while ((r = reg_iter_next(&it))) {
		if (r->ref != id)
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		reg_invalidate(env, w);
	}
	return 0;
}

int refs_check_leak(struct env *env, bool exception_exit)
{
	const struct state *st = env->cur;
	const struct held *h;
	uint32_t i;

	if (!exception_exit && env_top(env)->frameno)
		return 0;
	for (i = 0; i < refs_cnt(st); i++) {
		h = &st->held->h[i];
		if (h->type != HELD_REF)
			continue;
		/* a struct_ops program may hand its reference back to the kernel */
		if (env->prog_type == BPF_PROG_TYPE_STRUCT_OPS && !exception_exit &&
		    env_regs(env)[0].ref == h->id)
			continue;
		return verdict_reject(env, EINVAL, CODE_REF_LEAK,
				      "Unreleased reference id=%u alloc_insn=%u", h->id,
				      h->insn_idx);
	}
	return 0;
}

int refs_check_resources(struct env *env, bool exception_exit, bool check_lock, const char *prefix)
{
	const struct state *st = env->cur;
	int r;

	if (check_lock && st->active_locks)
		return verdict_reject(env, EINVAL, CODE_LOCK_HELD,
				      "%s cannot be used inside bpf_spin_lock-ed region", prefix);
	r = refs_check_leak(env, exception_exit);
	if (r < 0)
		return env->target->profile < PROFILE_6_18 ? r :
		       verdict_add(env, r, "%s would lead to reference leak", prefix);
	if (check_lock && st->active_irq_id)
		return verdict_reject(env, EINVAL, CODE_IRQ_HELD,
				      "%s cannot be used inside bpf_local_irq_save-ed region", prefix);
	if (check_lock && st->rcu_locks)
		return verdict_reject(env, EINVAL, CODE_RCU_HELD,
				      "%s cannot be used inside bpf_rcu_read_lock-ed region", prefix);
	if (check_lock && st->preempt_locks)
		return verdict_reject(env, EINVAL, CODE_PREEMPT_HELD,
				      "%s cannot be used inside bpf_preempt_disable-ed region",
				      prefix);
	return 0;
}
