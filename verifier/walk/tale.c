/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a path, step by step, for who explains a rejection. The program is walked a second time for
 * it, so that nobody else pays. Promises nothing about what it had no room for but to say so.
 */
#include "verifier/walk/tale.h"

#include "verifier/state/pool.h"
#include "verifier/state/refs.h"

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

static bool is_held_same(const struct tale_held *held, const struct state *st)
{
	uint32_t cnt = refs_cnt(st);

	return held && held->locks == st->active_locks && held->preempt == st->preempt_locks &&
	       held->rcu == st->rcu_locks && held->irq == st->active_irq_id && held->cnt == cnt &&
	       (!cnt || !memcmp(held->h, st->held->h, cnt * sizeof(struct held)));
}

static bool keep_held(struct env *env, struct tale *t)
{
	const struct state *st = env->cur;
	uint32_t cnt = refs_cnt(st);
	struct tale_held *held;

	t->held = t->older ? t->older->held : NULL;
	if (is_held_same(t->held, st))
		return true;
	held = take(env, sizeof(*held) + cnt * sizeof(struct held));
	if (!held)
		return false;
	*held = (struct tale_held){ st->active_locks, st->preempt_locks, st->rcu_locks, st->active_irq_id, cnt };
	if (cnt)
		memcpy(held->h, st->held->h, cnt * sizeof(struct held));
	t->held = held;
	return true;
}

/* A page that is counted once more is copied by who writes it next, so ours stays as it is. */
static bool keep_stack(struct env *env, struct tale *t, const struct tale *same)
{
	const struct frame *f = env_top(env);
	struct tale_stack *stack;
	uint32_t i;

	t->stack = same ? same->stack : NULL;
	if (t->stack && !memcmp(t->stack->pg, f->pg, sizeof(f->pg)))
		return true;
	stack = take(env, sizeof(*stack));
	if (!stack)
		return false;
	for (i = 0; i < ENV_PAGES; i++) {
		stack->pg[i] = f->pg[i];
		if (f->pg[i])
			f->pg[i]->refs++;
	}
	t->stack = stack;
	return true;
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
	return keep_held(env, t) && keep_stack(env, t, same) ? t : NULL;
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

const struct slot *tale_slot(const struct tale *t, uint32_t spi)
{
	static const struct slot untouched;
	const struct page *page = spi < ENV_SLOTS ? t->stack->pg[spi / ENV_PAGE_SLOTS] : NULL;

	return page ? &page->s[spi % ENV_PAGE_SLOTS] : &untouched;
}

static bool is_slot_same(const struct slot *a, const struct slot *b)
{
	return a == b || (!memcmp(a->byte, b->byte, sizeof(a->byte)) &&
			  (a->byte[7] == SLOT_INVALID || a->byte[7] == SLOT_MISC || a->byte[7] == SLOT_ZERO ||
			   !memcmp(&a->r, &b->r, sizeof(a->r))));
}

const struct tale *tale_slot_maker(const struct tale *t, uint32_t spi)
{
	const struct tale *before = tale_before(t);

	while (before && is_slot_same(tale_slot(before, spi), tale_slot(t, spi))) {
		t = before;
		before = tale_before(t);
	}
	return before;
}

const struct tale *tale_of_frame(const struct tale *t, uint32_t frameno)
{
	return same_frame(t, frameno);
}
