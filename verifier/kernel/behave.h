/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BEHAVE_H
#define VERIFIER_BEHAVE_H

#include <stdbool.h>

/* The kernels that were measured, some patch levels apart; every other version takes the nearest older one's. */
enum profile {
#define SERIES(id, major, minor, patch, column, name, builds) PROFILE_##id,
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
 * Tables of what kernels have (kfunc.def, helper_types.def, mapfunc.def) have a column for each series,
 * whatever its patch levels do. What a kernel's BTF lacks it has not.
 */
enum fact_column {
	FACTS_6_1,
	FACTS_6_12,
	FACTS_6_18,
	FACTS_7_0,
	FACTS_7_1,
	FACTS_7_2,
	FACTS_7_3,
	FACTS_CNT,
};

static inline enum fact_column fact_column_of(enum profile profile)
{
	static const unsigned char columns[PROFILE_CNT] = {
#define SERIES(id, major, minor, patch, column, name, builds) [PROFILE_##id] = FACTS_##column,
#include "verifier/kernel/measured.def"
#undef SERIES
	};

	return (enum fact_column)columns[profile];
}

/* The flags of one profile; static storage. */
const struct behave *behave_of_profile(enum profile profile);

#endif
