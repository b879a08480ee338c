/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_IDS_H
#define VERIFIER_IDS_H

#include "verifier/state/env.h"

#define IDS_MAX ((11 + 64) * 8)

/* Renaming between the ids of an old state and the current one, built during one comparison. */
struct idmap {
	uint32_t cnt;
	uint32_t fresh;		/* numbers for current scalars without an id */
	struct { uint32_t old, cur; } pair[IDS_MAX];
};

static inline void ids_reset(struct env *env)
{
	struct idmap *m = env->idmap;

	m->cnt = 0;
	m->fresh = env->id_gen;
}

/* Both absent, or paired with each other and nothing else so far (then they are from now on). */
bool ids_match(struct idmap *m, uint32_t old, uint32_t cur);
/* The rule for linked scalars: an old scalar without link matches any. */
bool ids_match_scalar(const struct behave *beh, struct idmap *m, uint32_t old, uint32_t cur);

#endif
