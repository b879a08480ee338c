/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_BEHAVE_H
#define VERIFIER_BEHAVE_H

#include <stdbool.h>

/* The kernels that were probed; every other version takes the nearest older one's. */
enum profile {
	PROFILE_6_1,
	PROFILE_6_12,
	PROFILE_6_18,
	PROFILE_7_2,
	PROFILE_CNT,
};

/* One flag a row of behave.def: code asks `target->behave.fork_minus_one`, never for a version. */
struct behave {
#define BEHAVE(name, v61, v612, v618, v72, meaning) bool name;
#include "verifier/behave.def"
#undef BEHAVE
};

/* The flags of one profile; static storage. */
const struct behave *behave_of_profile(enum profile profile);

#endif
