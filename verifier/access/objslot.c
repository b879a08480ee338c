/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stack slots that hold objects instead of bytes. Finds them from a pointer, writes and clears
 * them, and tells liveness. Trusts its callers to have checked that the register points to the
 * stack.
 */
#include "verifier/access/objslot.h"

#include "verifier/marks/slotlive.h"
#include "verifier/state/reg.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

int objslot_find(struct env *env, const struct reg *r, const char *what, uint32_t cnt,
		 uint32_t *ret_spi)
{
	int64_t off, spi;

	if (!val_is_const(&r->v))
		return verdict_reject(env, EINVAL, CODE_STACK_OBJECT,
				      "%s has to be at a constant offset", what);
	off = (int64_t)r->off + (int64_t)r->v.tv;
	if (off >= 0 || off % 8)
		return verdict_reject(env, EINVAL, CODE_STACK_OBJECT,
				      "cannot pass in %s at an offset=%lld", what, (long long)off);
	spi = (-off - 1) / 8;
	if (spi + 1 < cnt)
		return verdict_reject(env, EINVAL, CODE_STACK_OBJECT,
				      "cannot pass in %s at an offset=%lld", what, (long long)off);
	if (spi >= ENV_SLOTS) { /* writing there is what fails */
		*ret_spi = ENV_SLOTS - 1;
		return -ERANGE;
	}
	*ret_spi = (uint32_t)spi;
	return spi < state_frame(env->cur, r->frame)->slot_cnt ? 0 : -ERANGE;
}

bool objslot_is(const struct frame *f, uint32_t spi, enum slot_byte kind)
{
	const struct slot *s = frame_slot(f, spi);

	for (uint32_t i = 0; i < 8; i++)
		if (s->byte[i] != kind)
			return false;
	return true;
}

int objslot_set(struct env *env, uint32_t frameno, uint32_t spi, enum slot_byte kind,
		const struct reg *r)
{
	struct frame *f = state_frame_mut(env, env->cur, frameno);
	struct slot *s = f ? frame_slot_mut(env, f, spi) : NULL;

	if (!s)
		return verdict_nomem(env);
	s->r = *r;
	memset(s->byte, (int)kind, sizeof(s->byte));
	slotlive_write(env, frameno, UINT64_C(1) << spi);
	return 0;
}

int objslot_clear(struct env *env, uint32_t frameno, uint32_t spi)
{
	struct reg none;

	reg_set_not_init(&none);
	return objslot_set(env, frameno, spi, SLOT_INVALID, &none);
}

int objslot_read(struct env *env, uint32_t frameno, uint32_t spi, uint32_t cnt)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < cnt; i++)
		mask |= UINT64_C(1) << (spi - i);
	return slotlive_read(env, frameno, mask);
}

void objslot_invalidate_reg(const struct env *env, struct reg *r)
{
	if (env->allow_ptr_leaks)
		reg_set_unknown(r);
	else
		reg_set_not_init(r);
}
