/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections: spin locks, RCU, preemption, irq flags. Promises that what is entered is left, in
 * order, and by the same kind of call; that rcu and non-owning pointers end with their section; and
 * that nothing that sleeps is called inside one.
 */
#include "verifier/access/lock.h"

#include "verifier/access/mem.h"
#include "verifier/access/objslot.h"
#include "verifier/btf/btfrec.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

int lock_check_sleepable(struct env *env, const char *what)
{
	if (env->cur->rcu_locks)
		return verdict_reject(env, EACCES, CODE_SLEEP,
				      "%s is sleepable within rcu_read_lock region", what);
	if (env->cur->preempt_locks)
		return verdict_reject(env, EACCES, CODE_SLEEP,
				      "%s is sleepable within non-preemptible region", what);
	if (env->cur->active_irq_id)
		return verdict_reject(env, EACCES, CODE_SLEEP,
				      "%s is sleepable within IRQ-disabled region", what);
	return 0;
}

/* ---- what ends with a section ---- */

static void untrust(const struct env *env, struct reg *r)
{
	r->type &= ~(REG_F_RCU | REG_F_MAYBE_NULL |
		     (env->beh->unlock_ends_rcu ? REG_F_NON_OWN_REF : 0));
	r->type |= REG_F_UNTRUSTED;
}

/* Iterators over RCU-protected things end with the section as well. */
static int untrust_iterators(struct env *env)
{
	struct frame *f;
	struct slot *s;

	for (uint32_t n = 0; n <= env->cur->curframe; n++)
		for (uint32_t spi = 0; spi < state_frame(env->cur, n)->slot_cnt; spi++) {
			const struct slot *old = frame_slot(state_frame(env->cur, n), spi);

			if (old->byte[7] != SLOT_ITER || !(old->r.type & REG_F_RCU))
				continue;
			f = state_frame_mut(env, env->cur, n);
			s = f ? frame_slot_mut(env, f, spi) : NULL;
			if (!s)
				return verdict_nomem(env);
			untrust(env, &s->r);
		}
	return 0;
}

static int untrust_rcu(struct env *env)
{
	struct reg_iter it = REG_ITER(env, env->cur);
	const struct reg *r;
	struct reg *w;

	while ((r = reg_iter_next(&it))) {
		if (!(r->type & REG_F_RCU))
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		untrust(env, w);
	}
	return untrust_iterators(env);
}

/* After the end of a section that is none of RCU's own. */
static int leave_section(struct env *env)
{
	return !env->beh->unlock_ends_rcu || env_in_rcu(env) ? 0 : untrust_rcu(env);
}

/* ---- what may be called under a lock ---- */

bool lock_allows_call(struct env *env, const struct bpf_insn *insn)
{
	const struct kfunc *k;

	if (insn->src_reg == BPF_PSEUDO_CALL)
		return true;
	if (insn->src_reg == 0)
		return insn->imm == BPF_FUNC_spin_unlock ||
		       (env->beh->kptr_xchg_locked && insn->imm == BPF_FUNC_kptr_xchg);
	k = insn->off ? NULL : kfunc_at(env, insn);
	if (env->beh->kfunc_lock_flag) {
		k = kfunc_at(env, insn);
		return k && (k->flags & KF_LOCKSAFE);
	}
	if (!k)
		return false;
	switch (k->special) {
	case KFS_bpf_list_push_front_impl:
	case KFS_bpf_list_push_back_impl:
	case KFS_bpf_list_pop_front:
	case KFS_bpf_list_pop_back:
	case KFS_bpf_list_front:
	case KFS_bpf_list_back:
	case KFS_bpf_rbtree_add_impl:
	case KFS_bpf_rbtree_remove:
	case KFS_bpf_rbtree_first:
	case KFS_bpf_rbtree_root:
	case KFS_bpf_rbtree_left:
	case KFS_bpf_rbtree_right:
	case KFS_bpf_refcount_acquire_impl:
		return true;
	case KFS_bpf_iter_num_new:
	case KFS_bpf_iter_num_next:
	case KFS_bpf_iter_num_destroy:
	case KFS_bpf_res_spin_lock:
	case KFS_bpf_res_spin_unlock:
	case KFS_bpf_res_spin_lock_irqsave:
	case KFS_bpf_res_spin_unlock_irqrestore:
		return env->beh->lock_iters;
	default:
		return false;
	}
}

/* ---- spin locks ---- */

struct lock_arg {
	const char *name;		/* "bpf_spin", "bpf_res_spin" */
	uint32_t type;			/* HELD_* */
	uint32_t object;		/* as in struct held */
	uint32_t id;
};

static bool holds(const struct state *st, const struct lock_arg *l, uint32_t types)
{
	return refs_find_lock(st, types, l->id, l->object);
}

static bool holds_any(const struct state *st, uint32_t types)
{
	for (uint32_t i = 0; st->held && i < st->held->cnt; i++)
		if (st->held->h[i].type & types)
			return true;
	return false;
}

static int take(struct env *env, const struct lock_arg *l)
{
	struct held h = {
		.type = l->type, .id = l->id, .insn_idx = env->insn_idx, .object = l->object
	};

	if (l->type == HELD_LOCK && holds_any(env->cur, HELD_LOCK))
		return verdict_reject(env, env_field_errno(env), CODE_LOCK_TWO,
				      "Locking two bpf_spin_locks are not allowed");
	if (l->type != HELD_LOCK && holds(env->cur, l, HELD_RES_LOCK | HELD_RES_LOCK_IRQ))
		return verdict_reject(env, env_field_errno(env), CODE_LOCK_AA,
				      "Acquiring the same lock again, AA deadlock detected");
	return refs_acquire_typed(env, env->cur, &h);
}

static int invalidate_non_owning(struct env *env)
{
	struct reg_iter it = REG_ITER(env, env->cur);
	const struct reg *r;
	struct reg *w;

	while ((r = reg_iter_next(&it))) {
		if (!(r->type & REG_F_NON_OWN_REF))
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		objslot_invalidate_reg(env, w);
	}
	return 0;
}

static int leave(struct env *env, const struct lock_arg *l)
{
	struct state *st = env->cur;
	int r;

	if (!st->active_locks)
		return verdict_reject(env, env_field_errno(env), CODE_LOCK_UNLOCK,
				      "%s_unlock without taking a lock", l->name);
	if (!holds(st, l, l->type))
		return verdict_reject(env, env_field_errno(env), CODE_LOCK_UNLOCK,
				      "%s_unlock of different lock", l->name);
	if (l->id != st->active_lock_id || l->object != st->active_lock_object)
		return verdict_reject(env, env_field_errno(env), CODE_LOCK_ORDER,
				      "%s_unlock cannot be out of order", l->name);
	r = refs_drop_lock(env, st, l->type, l->id, l->object);
	if (r >= 0)
		r = invalidate_non_owning(env);
	return r < 0 ? r : leave_section(env);
}

/* The record of the object the register points into: map value or own type. */
static const struct btfrec *record_of(struct env *env, const struct reg *r)
{
	if (reg_base(r) == REG_MAP_VALUE)
		return r->map ? env->maps[r->map - 1].rec : NULL;
	return r->type & REG_F_ALLOC ? btfrec_of_type(env, r->btf, r->btf_id) : NULL;
}

int lock_spin_arg(struct env *env, uint32_t regno, bool is_lock, uint32_t flags)
{
	const struct reg *r = &env_regs(env)[regno];
	const struct btfrec *rec = record_of(env, r);
	bool res = flags & LOCK_RES, map = reg_base(r) == REG_MAP_VALUE;
	struct lock_arg l = { .name = res ? "bpf_res_spin" : "bpf_spin",
			      .id = r->id,
			      .object = map ? r->map : 1u << 31 | r->btf,
			      .type = !res		 ? HELD_LOCK
				      : flags & LOCK_IRQ ? HELD_RES_LOCK_IRQ
							 : HELD_RES_LOCK };
	int64_t off = (int64_t)r->v.tv + r->off;
	int32_t want;

	if (!val_is_const(&r->v))
		return verdict_reject(
			env, env_field_errno(env), CODE_LOCK_ARG,
			"R%u doesn't have constant offset. %s_lock has to be at the constant offset",
			regno, l.name);
	if (map && !env->maps[r->map - 1].shape->btf_idx)
		return verdict_reject(env, env_field_errno(env), CODE_LOCK_ARG,
				      "map '%.16s' has to have BTF in order to use %s_lock",
				      env->maps[r->map - 1].shape->name, l.name);
	if (!btfrec_has(rec, res ? BTFREC_RES_SPIN_LOCK : BTFREC_SPIN_LOCK))
		return verdict_reject(env, env_field_errno(env), CODE_LOCK_ARG, "%s has no valid %s_lock",
				      map ? "map" : "local kptr", l.name);
	want = res ? rec->res_spin_lock_off : rec->spin_lock_off;
	if (off != want)
		return verdict_reject(env, env_field_errno(env), CODE_LOCK_ARG,
				      "off %lld doesn't point to 'struct %s_lock' that is at %d",
				      (long long)off, l.name, want);
	return is_lock ? take(env, &l) : leave(env, &l);
}

/* ---- irq flags ---- */

static int irq_save(struct env *env, uint32_t regno, uint32_t irq_class)
{
	const struct reg reg = env_regs(env)[regno];
	struct held h = { .type = HELD_IRQ, .insn_idx = env->insn_idx };
	struct reg flag;
	uint32_t spi;
	int r = objslot_find(env, &reg, "irq_flag", 1, &spi);

	if (r >= 0)
		for (uint32_t b = 0; b < 8; b++)
			if (frame_slot(state_frame(env->cur, reg.frame), spi)->byte[b] ==
			    SLOT_IRQ_FLAG)
				r = -EINVAL;
	if (r < 0 && r != -ERANGE)
		return verdict_reject(env, EINVAL, CODE_IRQ_ARG,
				      "expected uninitialized irq flag as arg#%u", regno - 1);
	r = mem_store_slots(env, regno, env->insn_idx, 1);
	if (r < 0)
		return r;
	h.id = env_new_id(env);
	r = refs_acquire_typed(env, env->cur, &h);
	if (r < 0)
		return r;
	reg_set_ptr(&flag, REG_STACK);
	flag.ref = h.id;
	flag.irq_class = irq_class;
	return objslot_set(env, reg.frame, spi, SLOT_IRQ_FLAG, &flag);
}

static int irq_restore(struct env *env, uint32_t regno, uint32_t irq_class)
{
	const struct reg reg = env_regs(env)[regno];
	const struct slot *s;
	uint32_t spi, id;
	int r = objslot_find(env, &reg, "irq_flag", 1, &spi);

	s = r < 0 ? NULL : frame_slot(state_frame(env->cur, reg.frame), spi);
	if (!s || !s->r.ref || !objslot_is(state_frame(env->cur, reg.frame), spi, SLOT_IRQ_FLAG))
		return verdict_reject(env, EINVAL, CODE_IRQ_ARG,
				      "expected an initialized irq flag as arg#%u", regno - 1);
	id = s->r.ref;
	r = objslot_read(env, reg.frame, spi, 1);
	if (r < 0)
		return r;
	if (s->r.irq_class != irq_class)
		return verdict_reject(
			env, EINVAL, CODE_IRQ_CLASS,
			"irq flag acquired by %s kfuncs cannot be restored with %s kfuncs",
			irq_class == IRQ_NATIVE ? "lock" : "native",
			irq_class == IRQ_NATIVE ? "native" : "lock");
	if (id != env->cur->active_irq_id)
		return verdict_reject(env, EACCES, CODE_IRQ_ORDER,
				      "cannot restore irq state out of order, expected id=%u",
				      env->cur->active_irq_id);
	r = refs_drop(env, env->cur, HELD_IRQ, id);
	if (r >= 0)
		r = objslot_clear(env, reg.frame, spi);
	return r < 0 ? r : leave_section(env);
}

int lock_irq_arg(struct env *env, uint32_t regno, bool is_save, uint32_t irq_class)
{
	if (env_regs(env)[regno].type != REG_STACK)
		return verdict_reject(env, EINVAL, CODE_IRQ_ARG,
				      "arg#%u doesn't point to an irq flag on stack", regno - 1);
	return is_save ? irq_save(env, regno, irq_class) : irq_restore(env, regno, irq_class);
}

/* ---- RCU and preemption ---- */

int lock_rcu_enter(struct env *env)
{
	if (env->cur->rcu_locks && !env->beh->rcu_nested)
		return verdict_reject(env, EINVAL, CODE_RCU_NEST,
				      "nested rcu read lock (kernel function bpf_rcu_read_lock)");
	env->cur->rcu_locks++;
	return 0;
}

int lock_rcu_leave(struct env *env)
{
	if (!env->cur->rcu_locks)
		return verdict_reject(
			env, EINVAL, CODE_RCU_UNLOCK,
			"unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)");
	if (--env->cur->rcu_locks || (env->beh->rcu_by_any_section && env_in_rcu(env)))
		return 0;
	return untrust_rcu(env);
}

int lock_preempt_enter(struct env *env)
{
	env->cur->preempt_locks++;
	return 0;
}

int lock_preempt_leave(struct env *env)
{
	if (!env->cur->preempt_locks)
		return verdict_reject(
			env, EINVAL, CODE_PREEMPT,
			"unmatched attempt to enable preemption (kernel function bpf_preempt_enable)");
	env->cur->preempt_locks--;
	return leave_section(env);
}
