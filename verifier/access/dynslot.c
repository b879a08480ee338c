/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack slots of dynptrs, and what ends them: a store over one, or its release. Promises that slices die with
 * their dynptr, and that a referenced one is neither overwritten nor lost.
 */
#include "verifier/access/dynslot.h"

#include <string.h>

#include "verifier/access/objslot.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

bool dynslot_is_refcounted(enum dynptr_type type)
{
	return type == DYNPTR_RINGBUF || type == DYNPTR_FILE;
}

/* all: those of packets, too, which else live as long as the packet does. */
static int invalidate_slices(struct env *env, uint32_t id, bool all)
{
	struct reg_iter it = REG_ITER(env, env->cur);
	const struct reg *r;
	struct reg *w;

	while ((r = reg_iter_next(&it))) {
		if (reg_base(r) != REG_MEM || r->dynptr_id != id ||
		    (!all && (r->type & ~REG_F_MAYBE_NULL) != REG_MEM))
			continue;
		w = reg_iter_mut(&it);
		if (!w)
			return verdict_nomem(env);
		objslot_invalidate_reg(env, w);
	}
	return 0;
}

int dynslot_clear(struct env *env, uint32_t frameno, uint32_t spi)
{
	int r = objslot_clear(env, frameno, spi);

	return r < 0 ? r : objslot_clear(env, frameno, spi - 1);
}

bool dynslot_touches(const struct slot *s)
{
	return memchr(s->byte, SLOT_DYNPTR, sizeof(s->byte));
}

/*
 * 6.1 overwrites byte by byte: what is left stays a dynptr's, to be neither read nor used. Two halves of different
 * dynptrs would be one to it again; not to us.
 */
static int forget_both(struct env *env, struct frame *f, uint32_t spi)
{
	const uint32_t first = frame_slot(f, spi)->r.dynptr_first ? spi : spi + 1;

	if (!dynslot_touches(frame_slot(f, spi)) || reg_base(&frame_slot(f, spi)->r) != REG_DYNPTR)
		return 0;
	for (uint32_t i = 0; i < DYNSLOT_CNT; i++) {
		struct slot *s = frame_slot_mut(env, f, first - i);

		if (!s)
			return verdict_nomem(env);
		reg_set_not_init(&s->r);
	}
	return 0;
}

/* Is there another dynptr with that reference, which can still give it back? */
static bool has_clone(const struct env *env, uint32_t ref)
{
	uint32_t cnt = 0;

	for (uint32_t n = 0; n <= env->cur->curframe; n++) {
		const struct frame *f = state_frame(env->cur, n);

		for (uint32_t spi = 0; spi < f->slot_cnt; spi++) {
			const struct slot *s = frame_slot(f, spi);

			cnt += s->byte[0] == SLOT_DYNPTR && s->r.dynptr_first && s->r.ref == ref;
		}
	}
	return cnt > 1;
}

int dynslot_destroy(struct env *env, struct frame *f, uint32_t spi)
{
	const struct slot *s = frame_slot(f, spi);
	uint32_t id, frameno = f->frameno;
	int r;

	if (env->beh->args_old)
		return forget_both(env, f, spi);
	if (s->byte[0] != SLOT_DYNPTR)
		return 0;
	if (!s->r.dynptr_first)
		s = frame_slot(f, ++spi);
	if (dynslot_is_refcounted((enum dynptr_type)s->r.dynptr_type) &&
	    !(env->beh->dynptr_clone_goes && has_clone(env, s->r.ref)))
		return verdict_reject(env, EINVAL, CODE_DYNPTR_OVERWRITE,
				      "cannot overwrite referenced dynptr");
	id = s->r.id;
	r = dynslot_clear(env, frameno, spi);
	return r < 0 ? r : invalidate_slices(env, id, env->beh->dynptr_slices_go);
}

/* The dynptr at spi of f reads an object that is given back. */
static int lose_parent(struct env *env, const struct frame *f, uint32_t spi)
{
	const struct reg *d = &frame_slot(f, spi)->r;
	uint32_t id = d->id;
	int r;

	if (dynslot_is_refcounted((enum dynptr_type)d->dynptr_type))
		return verdict_reject(env, EINVAL, CODE_REF_CHILD,
				      "Leaking reference id=%u: its dynptr is not given back. Release it first.", d->ref);
	r = dynslot_clear(env, f->frameno, spi);
	return r < 0 ? r : invalidate_slices(env, id, true);
}

int dynslot_release(struct env *env, uint32_t ref)
{
	int r = refs_release(env, ref);

	for (uint32_t n = 0; n <= env->cur->curframe; n++) {
		for (uint32_t spi = 1; spi < state_frame(env->cur, n)->slot_cnt && r >= 0; spi++) {
			const struct frame *f = state_frame(env->cur, n);
			const struct slot *s = frame_slot(f, spi);

			if (s->byte[0] == SLOT_DYNPTR && reg_base(&s->r) == REG_DYNPTR && s->r.dynptr_first &&
			    s->r.dynptr_parent == ref)
				r = lose_parent(env, f, spi);
		}
	}
	return r;
}
