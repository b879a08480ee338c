/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States, frames and stack pages: counted, shared, and copied only when written. Promises that a
 * writer never changes what another state sees. Trusts that writers come through the _mut functions
 * or write the top frame of a state that owns it alone.
 */
#include "verifier/state/state.h"

#include <assert.h>

#include "verifier/state/pool.h"
#include "verifier/state/refs.h"
#include "verifier/state/reg.h"
#include "verifier/state/verdict.h"

static const struct slot slot_untouched;	/* eight SLOT_INVALID bytes */

static size_t state_bytes(uint32_t levels)
{
	return sizeof(struct state) + levels * sizeof(struct level);
}

static void page_put(struct env *env, struct page *p)
{
	if (p && --p->refs == 0)
		pool_give(env->pool, p, sizeof(*p));
}

struct frame *frame_new(struct env *env, uint32_t frameno, uint32_t subprog, int32_t callsite)
{
	struct frame *f = pool_zalloc(env, sizeof(*f));
	uint32_t i;

	if (!f)
		return NULL;
	f->refs = 1;
	f->frameno = frameno;
	f->subprog = subprog;
	f->callsite = callsite;
	for (i = 0; i < ENV_REGS; i++)
		reg_set_not_init(&f->r[i]);
	return f;
}

struct frame *frame_get(struct frame *f)
{
	f->refs++;
	return f;
}

void frame_put(struct env *env, struct frame *f)
{
	uint32_t i;

	if (!f || --f->refs)
		return;
	for (i = 0; i < ENV_PAGES; i++)
		page_put(env, f->pg[i]);
	pool_give(env->pool, f, sizeof(*f));
}

struct frame *frame_copy(struct env *env, const struct frame *f)
{
	struct frame *n = pool_take(env->pool, sizeof(*n));
	uint32_t i;

	if (!n)
		return NULL;
	memcpy(n, f, sizeof(*n));
	n->refs = 1;
	for (i = 0; i < ENV_PAGES; i++)
		if (n->pg[i])
			n->pg[i]->refs++;
	return n;
}

struct state *state_new(struct env *env, uint32_t levels)
{
	struct state *st = pool_zalloc(env, state_bytes(levels));

	if (!st)
		return NULL;
	st->refs = 1;
	st->level_cap = (uint8_t)levels;
	return st;
}

struct state *state_get(struct state *st)
{
	if (st)
		st->refs++;
	return st;
}

/* Walks up the parents instead of recursing: a chain can be as long as the program's path. */
void state_put(struct env *env, struct state *st)
{
	struct state *parent;
	uint32_t i;

	while (st && --st->refs == 0) {
		parent = st->parent;
		for (i = 0; i <= st->curframe; i++)
			frame_put(env, st->l[i].f);
		hist_put(env, st->hist);
		refs_put_set(env, st->held);
		env->kept_states -= st->kept;
		pool_give(env->pool, st, state_bytes(st->level_cap));
		st = parent;
	}
}

struct state *state_copy(struct env *env, const struct state *st)
{
	uint32_t i, levels = st->curframe + 1u;
	struct state *n = state_new(env, levels);
	struct frame *top = frame_copy(env, st->l[st->curframe].f);

	if (!n || !top) {
		frame_put(env, top);
		pool_give(env->pool, n, state_bytes(levels));
		return NULL;
	}
	memcpy(n, st, sizeof(*n));
	n->refs = 1;
	n->level_cap = (uint8_t)levels;
	n->next = NULL;
	n->equal = NULL;
	n->loop_entry = NULL;
	n->used_as_loop_entry = false;
	n->on_list = n->kept = false;
	n->cleaned = false;
	n->hit_cnt = n->miss_cnt = 0;
	for (i = 0; i < st->curframe; i++) {
		n->l[i] = st->l[i];
		frame_get(n->l[i].f);
	}
	n->l[st->curframe] = st->l[st->curframe];
	n->l[st->curframe].f = top;
	state_get(n->parent);
	n->hist = hist_get(n->hist);
	refs_get_set(n->held);
	return n;
}

struct state *state_grow(struct env *env, struct state *st)
{
	struct state *n;

	if (st->curframe + 1u < st->level_cap)
		return st;
	n = state_new(env, ENV_FRAMES_MAX);
	if (!n)
		return NULL;
	assert(st->refs == 1);
	memcpy(n, st, sizeof(*n) + (st->curframe + 1u) * sizeof(struct level));
	n->level_cap = ENV_FRAMES_MAX;
	pool_give(env->pool, st, state_bytes(st->level_cap));
	return n;
}

struct frame *state_frame_mut(struct env *env, struct state *st, uint32_t frameno)
{
	struct frame *f = st->l[frameno].f, *n;

	if (f->refs == 1)
		return f;
	n = frame_copy(env, f);
	if (!n) {
		verdict_nomem(env);
		return NULL;
	}
	frame_put(env, f);
	st->l[frameno].f = n;
	return n;
}

const struct slot *frame_slot(const struct frame *f, uint32_t spi)
{
	const struct page *p = f->pg[spi / ENV_PAGE_SLOTS];

	return p ? &p->s[spi % ENV_PAGE_SLOTS] : &slot_untouched;
}

struct slot *frame_slot_mut(struct env *env, struct frame *f, uint32_t spi)
{
	struct page **pp = &f->pg[spi / ENV_PAGE_SLOTS], *p = *pp, *n;

	if (f->slot_cnt <= spi)
		f->slot_cnt = (uint8_t)(spi + 1);
	if (p && p->refs == 1)
		return &p->s[spi % ENV_PAGE_SLOTS];
	n = pool_take(env->pool, sizeof(*n));
	if (!n) {
		verdict_nomem(env);
		return NULL;
	}
	if (p)
		memcpy(n, p, sizeof(*n));
	else
		memset(n, 0, sizeof(*n));
	n->refs = 1;
	page_put(env, p);
	*pp = n;
	return &n->s[spi % ENV_PAGE_SLOTS];
}

uint32_t env_new_id(struct env *env)
{
	return ++env->id_gen;
}

/*
 * A path begins as its program may: only callbacks that run later, on their own, are different. One of a
 * timer may not sleep, whatever armed it; one of a workqueue may.
 */
bool env_in_sleepable(const struct env *env)
{
	return env->cur ? env->cur->in_sleepable : env->sleepable;
}

bool env_in_rcu(const struct env *env)
{
	return env->cur->rcu_locks || env->cur->active_locks || !env_in_sleepable(env) ||
	       (env->beh->rcu_by_any_section && (env->cur->preempt_locks || env->cur->active_irq_id));
}

struct hist *hist_get(struct hist *h)
{
	if (h)
		h->refs++;
	return h;
}

void hist_put(struct env *env, struct hist *h)
{
	struct hist *older;

	while (h && --h->refs == 0) {
		older = h->older;
		pool_give(env->pool, h, sizeof(*h));
		h = older;
	}
}

/*
 * Next position: registers of a frame, then its spilled slots, then the next frame. Old kernels did not
 * see spills of less than eight bytes here.
 */
const struct reg *reg_iter_next(struct reg_iter *it)
{
	const struct frame *f;
	const struct slot *s;

	if (!it->started) {
		it->started = true;
		it->regno = UINT32_MAX;
		it->spi = UINT32_MAX;
	}
	for (; it->frameno <= it->st->curframe; it->frameno++) {
		f = it->st->l[it->frameno].f;
		while (!it->slots && ++it->regno < ENV_REGS)
			return &f->r[it->regno];
		it->slots = true;
		while (++it->spi < f->slot_cnt) {
			s = frame_slot(f, it->spi);
			if (s->byte[it->env->beh->spill_bounded_only ? 0 : 7] == SLOT_SPILL)
				return &s->r;
		}
		it->slots = false;
		it->regno = it->spi = UINT32_MAX;
	}
	return NULL;
}

struct slot *reg_iter_slot_mut(struct reg_iter *it)
{
	struct frame *f = state_frame_mut(it->env, it->st, it->frameno);

	return f ? frame_slot_mut(it->env, f, it->spi) : NULL;
}

struct reg *reg_iter_mut(struct reg_iter *it)
{
	struct slot *s;
	struct frame *f;

	if (it->slots) {
		s = reg_iter_slot_mut(it);
		return s ? &s->r : NULL;
	}
	f = state_frame_mut(it->env, it->st, it->frameno);
	return f ? &f->r[it->regno] : NULL;
}
