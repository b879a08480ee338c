/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dynptrs: two stack slots, or a const pointer handed in. Promises that slices die with their
 * dynptr, that a referenced one is neither overwritten nor lost, and that a helper gets the kind it
 * names.
 */
#include "verifier/access/dynptr.h"

#include <string.h>

#include "verifier/access/dynslot.h"
#include "verifier/access/mem.h"
#include "verifier/access/objslot.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

static const struct {
	uint32_t flag;
	const char *name;
} kinds[] = {
	[DYNPTR_LOCAL]		= { REG_F_DYNPTR_LOCAL, "local" },
	[DYNPTR_RINGBUF]	= { REG_F_DYNPTR_RINGBUF, "ringbuf" },
	[DYNPTR_SKB]		= { REG_F_DYNPTR_SKB, "skb" },
	[DYNPTR_XDP]		= { REG_F_DYNPTR_XDP, "xdp" },
	[DYNPTR_SKB_META]	= { REG_F_DYNPTR_SKB_META, "skb_meta" },
	[DYNPTR_FILE]		= { REG_F_DYNPTR_FILE, "file" },
};

enum dynptr_type dynptr_type_of_flags(uint32_t arg_type)
{
	for (uint32_t i = DYNPTR_LOCAL; i <= DYNPTR_FILE; i++)
		if (arg_type & kinds[i].flag)
			return (enum dynptr_type)i;
	return DYNPTR_INVALID;
}

uint32_t dynptr_flags_of_type(enum dynptr_type type)
{
	return kinds[type].flag;
}

int dynptr_slot(struct env *env, const struct reg *r, uint32_t *ret_spi)
{
	return objslot_find(env, r, "dynptr", DYNSLOT_CNT, ret_spi);
}

/* What the slot, or the const argument itself, says of the dynptr; NULL: it is none. */
static const struct reg *described(struct env *env, const struct reg *r)
{
	uint32_t spi;

	if (reg_base(r) == REG_DYNPTR)
		return r;
	if (dynptr_slot(env, r, &spi) < 0)
		return NULL;
	return &frame_slot(state_frame(env->cur, r->frame), spi)->r;
}

int dynptr_facts(struct env *env, uint32_t regno, uint32_t *ret_id, struct dynptr_origin *ret_origin,
		 enum dynptr_type *ret_type)
{
	const struct reg *d = described(env, &env_regs(env)[regno]);

	if (!d)
		return verdict_reject(env, EFAULT, CODE_DYNPTR_ARG, "R%u is no dynptr", regno);
	*ret_id = d->id;
	*ret_origin = (struct dynptr_origin){ d->ref, d->dynptr_parent };
	*ret_type = (enum dynptr_type)d->dynptr_type;
	return 0;
}

void dynptr_set_arg(struct env *env, struct reg *r, uint32_t dynptr_type)
{
	reg_set_ptr(r, REG_DYNPTR);
	r->dynptr_type = dynptr_type;
	r->dynptr_first = 1;
	r->id = env_new_id(env);
}

/* ---- making and ending ---- */

static int destroy_at(struct env *env, uint32_t frameno, uint32_t spi)
{
	struct frame *f = state_frame_mut(env, env->cur, frameno);

	return f ? dynslot_destroy(env, f, spi) : verdict_nomem(env);
}

static int mark_slots(struct env *env, uint32_t frameno, uint32_t spi, enum dynptr_type type,
		      uint32_t insn_idx, struct dynptr_origin from)
{
	struct reg d;
	int r = destroy_at(env, frameno, spi);

	if (r >= 0)
		r = destroy_at(env, frameno, spi - 1);
	if (r < 0)
		return r;
	reg_set_ptr(&d, REG_DYNPTR);
	d.dynptr_type = type;
	d.id = env_new_id(env);
	d.ref = from.ref;
	d.dynptr_parent = from.parent;
	if (dynslot_is_refcounted(type) && !from.ref) {
		r = refs_acquire(env, insn_idx, &d.ref);
		if (r < 0)
			return r;
	} else if (!dynslot_is_refcounted(type)) {
		d.ref = 0;
	}
	d.dynptr_first = 1;
	r = objslot_set(env, frameno, spi, SLOT_DYNPTR, &d);
	d.dynptr_first = 0;
	return r < 0 ? r : objslot_set(env, frameno, spi - 1, SLOT_DYNPTR, &d);
}

/* What the second of two slots marked as a dynptr's holds; NULL: they are not two such slots. */
static const struct reg *slots_of_dynptr(struct env *env, const struct reg *r)
{
	const struct frame *f;
	uint32_t spi;

	if (dynptr_slot(env, r, &spi) < 0)
		return NULL;
	f = state_frame(env->cur, r->frame);
	return objslot_is(f, spi, SLOT_DYNPTR) && objslot_is(f, spi - 1, SLOT_DYNPTR)
		       ? &frame_slot(f, spi)->r
		       : NULL;
}

/* Slots that 6.1 takes for those of a dynptr, but that are not of one: see forget_both(). */
static bool is_of_halves(struct env *env, const struct reg *r)
{
	const struct reg *held = reg_base(r) == REG_STACK ? slots_of_dynptr(env, r) : NULL;

	return held && reg_base(held) != REG_DYNPTR;
}

int dynptr_check_release(struct env *env, uint32_t regno)
{
	const struct reg *r = &env_regs(env)[regno];
	uint32_t spi;

	if (env->beh->args_old && is_of_halves(env, r))
		return 0; /* dynptr_check_arg() says so */

	if (reg_base(r) != REG_STACK)
		return verdict_reject(env, EINVAL, CODE_DYNPTR_RELEASE,
				      "cannot release unowned const bpf_dynptr");
	if (dynptr_slot(env, r, &spi) < 0 ||
	    !frame_slot(state_frame(env->cur, r->frame), spi)->r.ref)
		return verdict_reject(env, EINVAL, CODE_DYNPTR_RELEASE,
				      "arg %u is an unacquired reference", regno);
	return 0;
}

int dynptr_release_arg(struct env *env, uint32_t regno)
{
	const struct reg reg = env_regs(env)[regno];
	const struct slot *s;
	uint32_t spi, ref, frameno = reg.frame;
	int r = dynptr_slot(env, &reg, &spi);

	if (r < 0)
		return r == -ERANGE ? verdict_reject(env, EINVAL, CODE_DYNPTR_RELEASE,
						     "R%u is no dynptr", regno)
				    : r;
	s = frame_slot(state_frame(env->cur, frameno), spi);
	if (!dynslot_is_refcounted((enum dynptr_type)s->r.dynptr_type))
		return dynslot_clear(env, frameno, spi);
	ref = s->r.ref;
	r = refs_release(env, ref);
	/* clones share the reference and end with it */
	for (uint32_t i = 1; r >= 0 && i < state_frame(env->cur, frameno)->slot_cnt; i++) {
		s = frame_slot(state_frame(env->cur, frameno), i);
		if (s->byte[0] == SLOT_DYNPTR && s->r.ref == ref && s->r.dynptr_first)
			r = dynslot_clear(env, frameno, i);
	}
	return r;
}

/* ---- arguments ---- */

static bool holds_dynptr(const struct frame *f, uint32_t spi)
{
	return dynslot_touches(frame_slot(f, spi)) || dynslot_touches(frame_slot(f, spi - 1));
}

/* Not two whole slots of the stack: 6.1 learns that by writing there. */
static bool misplaced(const struct reg *r)
{
	int64_t off = (int64_t)r->off + (int64_t)r->v.tv;

	return reg_base(r) == REG_STACK && val_is_const(&r->v) &&
	       (off > -8 * DYNSLOT_CNT || off % 8 || off < -8 * (int64_t)ENV_SLOTS);
}

static int check_uninit(struct env *env, uint32_t regno, uint32_t insn_idx, uint32_t arg_type,
			struct dynptr_origin from)
{
	const struct reg reg = env_regs(env)[regno];
	uint32_t spi;
	int r = 0;

	if (env->beh->args_old && reg.off % 8)
		return verdict_reject(env, EINVAL, CODE_DYNPTR_ARG, "cannot pass in dynptr at an offset");
	if (env->beh->args_old && misplaced(&reg))
		r = mem_store_slots(env, regno, insn_idx, DYNSLOT_CNT);
	if (r < 0)
		return r;
	if (reg_base(&reg) == REG_DYNPTR)
		r = -EINVAL;
	else
		r = dynptr_slot(env, &reg, &spi);
	if (r >= 0 && env->beh->args_old && holds_dynptr(state_frame(env->cur, reg.frame), spi))
		r = -EINVAL;
	if (r < 0 && r != -ERANGE)
		return verdict_reject(env, EINVAL, CODE_DYNPTR_ARG,
				      "Dynptr has to be an uninitialized dynptr");
	r = mem_store_slots(env, regno, insn_idx, DYNSLOT_CNT);
	if (r < 0)
		return r;
	return mark_slots(env, reg.frame, spi, dynptr_type_of_flags(arg_type), insn_idx, from);
}

static bool is_initialized(struct env *env, const struct reg *r)
{
	const struct reg *held;

	if (reg_base(r) == REG_DYNPTR)
		return true;
	held = slots_of_dynptr(env, r);
	return held && reg_base(held) == REG_DYNPTR && held->dynptr_first;
}

static int check_init(struct env *env, uint32_t regno, uint32_t arg_type)
{
	const struct reg *r = &env_regs(env)[regno];
	enum dynptr_type want = dynptr_type_of_flags(arg_type);
	uint32_t spi;

	if (reg_base(r) == REG_DYNPTR && !(arg_type & REG_F_RDONLY))
		return verdict_reject(
			env, EINVAL, CODE_DYNPTR_ARG,
			"cannot pass pointer to const bpf_dynptr, the helper mutates it");
	if (env->beh->args_old && is_of_halves(env, r))
		return verdict_reject(env, EINVAL, CODE_DYNPTR_HALVES,
				      "Expected an initialized dynptr as arg #%u: halves of two dynptrs",
				      regno - 1);
	if (!is_initialized(env, r))
		return verdict_reject(env, EINVAL, CODE_DYNPTR_ARG,
				      "Expected an initialized dynptr as arg #%u", regno - 1);
	if (want && described(env, r)->dynptr_type != want)
		return verdict_reject(env, EINVAL, CODE_DYNPTR_ARG,
				      "Expected a dynptr of type %s as arg #%u", kinds[want].name,
				      regno - 1);
	if (reg_base(r) == REG_DYNPTR)
		return 0;
	if (dynptr_slot(env, r, &spi) < 0)
		return -EINVAL;
	return objslot_read(env, r->frame, spi, DYNSLOT_CNT);
}

int dynptr_check_arg(struct env *env, uint32_t regno, uint32_t insn_idx, uint32_t arg_type,
		     struct dynptr_origin from)
{
	const struct reg *r = &env_regs(env)[regno];

	if (reg_base(r) != REG_STACK && reg_base(r) != REG_DYNPTR)
		return verdict_reject(env, EINVAL, CODE_DYNPTR_ARG,
				      "arg#%u expected pointer to stack or const struct bpf_dynptr",
				      regno - 1);
	if (arg_type & REG_F_UNINIT)
		return check_uninit(env, regno, insn_idx, arg_type, from);
	return check_init(env, regno, arg_type);
}
