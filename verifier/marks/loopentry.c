/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops as kernels before 6.16 know them: a state that equalled an unfinished one points to it as its
 * loop's entry, and hands that on to its parents. Such entries are kept to the end of the walk.
 */
#include "verifier/marks/loopentry.h"

struct state *loopentry_get(struct state *st)
{
	struct state *top = st->loop_entry, *next;

	while (top && top->loop_entry && top != top->loop_entry)
		top = top->loop_entry;
	while (st && st->loop_entry != top) {
		next = st->loop_entry;
		st->loop_entry = top;
		st = next;
	}
	return top;
}

void loopentry_update(struct env *env, struct state *cur, struct state *hdr)
{
	struct state *c = loopentry_get(cur), *h = loopentry_get(hdr);

	(void)env;
	if (!c)
		c = cur;
	if (!h)
		h = hdr;
	if (!h->branches || h->dfs_depth > c->dfs_depth)
		return;
	cur->loop_entry = hdr;
	if (!hdr->used_as_loop_entry)
		hdr->refs++;	/* others will point to it */
	hdr->used_as_loop_entry = true;
}
