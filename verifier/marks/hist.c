/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way a path came since its last checkpoint: jumps, stack accesses, scalars refined together.
 * Entries are shared between states that split after them; the entry of the instruction being
 * stepped may still grow, so it is copied when another state already holds it.
 */
#include "verifier/marks/hist.h"

#include "verifier/state/pool.h"
#include "verifier/state/state.h"
#include "verifier/state/verdict.h"

static struct hist *hist_private(struct env *env)
{
	struct state *st = env->cur;
	struct hist *h = env->cur_hist, *n;

	if (h->refs == 1)
		return h;
	n = pool_take(env->pool, sizeof(*n));
	if (!n)
		return NULL;
	*n = *h;
	n->refs = 1;
	hist_get(n->older);
	hist_put(env, h);
	st->hist = env->cur_hist = n;
	return n;
}

int hist_push(struct env *env, uint32_t flags, uint64_t linked)
{
	struct state *st = env->cur;
	struct hist *h;

	if (env->cur_hist) {
		h = hist_private(env);
		if (!h)
			return verdict_nomem(env);
		h->flags |= (uint16_t)flags;
		h->linked = linked;
		return 0;
	}
	h = pool_take(env->pool, sizeof(*h));
	if (!h)
		return verdict_nomem(env);
	*h = (struct hist){ .older = st->hist, .refs = 1, .idx = env->insn_idx,
			    .prev_idx = env->prev_insn_idx, .flags = (uint16_t)flags,
			    .linked = linked };
	st->hist = h;
	st->hist_cnt++;
	env->cur_hist = h;
	return 0;
}

int hist_push_stack(struct env *env, uint32_t frame, uint32_t spi)
{
	int r = hist_push(env, HIST_STACK, 0);

	if (r < 0)
		return r;
	env->cur_hist->frame = (uint8_t)frame;
	env->cur_hist->spi = (uint8_t)spi;
	return 0;
}
