/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a path, step by step, for who explains a rejection. The program is walked a second time for
 * it, so that nobody else pays. Promises nothing about what it had no room for but to say so.
 */
#include "verifier/tale.h"

#include "verifier/pool.h"

void tale_begin(struct env *env, size_t bytes)
{
	struct tales *tales = pool_zalloc(env, sizeof(*tales));

	if (!tales)
		return;
	tales->bytes_left = bytes;
	tales->visits = pool_calloc(env, env->insn_cnt, sizeof(uint32_t));
	env->tales = tales;
}

static void *take(struct env *env, size_t bytes)
{
	struct tales *tales = env->tales;
	void *block = tales->bytes_left < bytes ? NULL : pool_take(env->pool, bytes);

	if (block)
		tales->bytes_left -= bytes;
	else
		tales->lost = true;
	return block;
}

/* The newest step of the frame that is on top now; NULL: it was entered just now. */
static const struct tale *same_frame(const struct tale *older, uint32_t frameno)
{
	while (older && older->frameno > frameno)
		older = older->caller;
	return older && older->frameno == frameno ? older : NULL;
}

static bool keep_reg(struct env *env, struct tale *t, const struct tale *same, uint32_t regno)
{
	const struct reg *now = &env_regs(env)[regno];
	struct reg *copy;

	if (same && !memcmp(same->r[regno], now, sizeof(*now))) {
		t->r[regno] = same->r[regno];
		return true;
	}
	copy = take(env, sizeof(*copy));
	if (copy)
		*copy = *now;
	t->r[regno] = copy;
	return copy;
}

static struct tale *make_step(struct env *env)
{
	const struct tale *older = env->cur->tale, *same;
	uint32_t i, frameno = env_top(env)->frameno;
	struct tale *t = take(env, sizeof(*t));

	if (!t)
		return NULL;
	same = same_frame(older, frameno);
	*t = (struct tale){ .older = older, .insn_idx = env->insn_idx, .frameno = frameno };
	t->caller = same ? same->caller : older;
	for (i = 0; i < ENV_REGS; i++)
		if (!keep_reg(env, t, same, i))
			return NULL;
	return t;
}

void tale_record(struct env *env)
{
	struct tales *tales = env->tales;

	if (tales->visits)
		tales->visits[env->insn_idx]++;
	if (!tales->lost)
		env->cur->tale = make_step(env);
	if (tales->lost)
		env->cur->tale = NULL;
}

const struct tale *tale_before(const struct tale *t)
{
	return same_frame(t->older, t->frameno);
}

const struct tale *tale_maker(const struct tale *t, uint32_t regno)
{
	const struct tale *before = tale_before(t);

	while (before && before->r[regno] == t->r[regno]) {
		t = before;
		before = tale_before(t);
	}
	return before;
}
