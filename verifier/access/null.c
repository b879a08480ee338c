/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers that may be NULL: what a test settles for every holder of the same id, in one branch.
 */
#include "verifier/access/null.h"

#include "verifier/btf/btfrec.h"
#include "verifier/state/refs.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

/* A lock is known by the id of its value: that id must outlive the test. */
static bool id_guards_lock(const struct env *env, const struct reg *r)
{
	return r->type == REG_MAP_VALUE &&
	       btfrec_has(env->maps[r->map - 1].rec, BTFREC_SPIN_LOCK | BTFREC_RES_SPIN_LOCK);
}

void null_refine_lookup(const struct env *env, struct reg *r)
{
	const uint32_t maybe = r->type & REG_F_MAYBE_NULL, type = env->maps[r->map - 1].shape->type;

	if (env->maps[r->map - 1].inner) {
		r->type = REG_MAP_PTR | maybe;
		r->map = env->maps[r->map - 1].inner;
		r->map_uid = r->id;
	} else if (type == BPF_MAP_TYPE_XSKMAP || type == BPF_MAP_TYPE_SOCKMAP || type == BPF_MAP_TYPE_SOCKHASH) {
		r->type = (type == BPF_MAP_TYPE_XSKMAP ? REG_XDP_SOCK : REG_SOCKET) | maybe;
		r->map_uid = 0;
		r->map = 0;
	}
}

void null_clear_flag(const struct env *env, struct reg *r)
{
	uint32_t map_type;

	if (env->beh->lookup_refines) {
		r->type &= ~REG_F_MAYBE_NULL;
		return;
	}
	if (reg_base(r) == REG_MAP_VALUE) {
		map_type = env->maps[r->map - 1].shape->type;
		if (env->maps[r->map - 1].inner) {
			r->type = REG_MAP_PTR;
			r->map = env->maps[r->map - 1].inner;
			r->map_uid = 0;
			/* timers and workqueues tell inner maps apart by the look-up they came from */
			if (btfrec_has(env->maps[r->map - 1].rec,
				       BTFREC_TIMER | BTFREC_WORKQUEUE | BTFREC_TASK_WORK))
				r->map_uid = r->id;
			return;
		}
		/* what else it knew of its map stays, and is compared: it was looked up there */
		if (map_type == BPF_MAP_TYPE_XSKMAP) {
			r->type = REG_XDP_SOCK;
			return;
		}
		if (map_type == BPF_MAP_TYPE_SOCKMAP || map_type == BPF_MAP_TYPE_SOCKHASH) {
			r->type = REG_SOCKET;
			return;
		}
		r->type = REG_MAP_VALUE;
		return;
	}
	r->type &= ~REG_F_MAYBE_NULL;
}

static void settle_one(const struct env *env, struct reg *w, bool is_null)
{
	if (is_null) {
		w->type = REG_SCALAR;
		w->id = 0;
		w->ref = 0;
		w->off = 0;
		return;
	}
	null_clear_flag(env, w);
	if (!id_guards_lock(env, w))
		w->id = 0;
}

int null_settle(struct env *env, struct state *st, const struct reg *known, bool is_null)
{
	struct reg_iter it = REG_ITER(env, st);
	uint32_t id = known->id, ref = known->ref;
	const struct reg *r;
	struct reg *w;
	int err;

	if (is_null && ref && ref == id) {	/* nothing was acquired after all */
		err = refs_drop(env, st, HELD_REF, ref);
		if (verdict_is_final(err))
			return err;
	}
	while ((r = reg_iter_next(&it))) {
		if (!reg_maybe_null(r) || r->id != id)
			continue;
		/* such a pointer's own offset is 0: it could not be moved before the test */
		if (!val_is(&r->v, 0))
			continue;
		if (r->off && !(reg_base(r) == REG_BTF_ID &&
				(r->type & (REG_F_ALLOC | REG_F_NON_OWN_REF))))
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		settle_one(env, w, is_null);
	}
	return 0;
}
