/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BEHAVE_H
#define VERIFIER_BEHAVE_H

#include <stdbool.h>

/* The kernels that were probed; every other version takes the nearest older one's. */
enum profile {
#define SERIES(id, major, minor, name, builds) PROFILE_##id,
#include "verifier/kernel/measured.def"
#undef SERIES
	PROFILE_CNT,
};

/* One flag a row of behave.def: code asks `target->behave.fork_minus_one`, never for a version. */
struct behave {
#define BEHAVE(name, meaning) bool name;
#include "verifier/kernel/behave.def"
#undef BEHAVE
};

/*
 * Tables of facts that have one column for all of 7.x (kfunc.def, helper_types.def, mapfunc.def: what
 * was asked of 7.2 and found unchanged in the others). What a kernel's BTF lacks it has not.
 */
enum fact_column { FACTS_6_1, FACTS_6_12, FACTS_6_18, FACTS_7, FACTS_CNT };

static inline enum fact_column fact_column_of(enum profile profile)
{
	return profile < PROFILE_7_0 ? (enum fact_column)profile : FACTS_7;
}

/* The flags of one profile; static storage. */
const struct behave *behave_of_profile(enum profile profile);

#endif
