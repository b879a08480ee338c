/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and checking single registers. Every constructor sets every byte, so that registers can be
 * compared as bytes.
 */
#include "verifier/state/reg.h"

void reg_set_not_init(struct reg *r)
{
	memset(r, 0, sizeof(*r));
	r->type = REG_NOT_INIT;
	val_unknown(&r->v);
}

void reg_set_unknown(struct reg *r)
{
	memset(r, 0, offsetof(struct reg, v));
	r->type = REG_SCALAR;
	val_unknown(&r->v);
}

void reg_set_known(struct reg *r, uint64_t value)
{
	memset(r, 0, offsetof(struct reg, v));
	r->type = REG_SCALAR;
	val_known(&r->v, value);
}

void reg_set_ptr(struct reg *r, uint32_t type)
{
	memset(r, 0, offsetof(struct reg, v));
	r->type = type;
	val_known(&r->v, 0);
}

void env_mark_unknown(struct env *env, uint32_t regno)
{
	reg_set_unknown(&env_regs(env)[regno]);
}

void env_mark_not_init(struct env *env, uint32_t regno)
{
	reg_set_not_init(&env_regs(env)[regno]);
}
