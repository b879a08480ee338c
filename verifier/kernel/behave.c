/* SPDX-License-Identifier: Apache-2.0 */
/* The behaviour flags of each probed kernel, spelled out from behave.def. */
#include "verifier/kernel/behave.h"

static const struct behave behave_of[PROFILE_CNT] = {
#define BEHAVE(name, v61, v612, v618, v70, v71, v72, v73, meaning) .name = v61,
	[PROFILE_6_1] = {
#include "verifier/kernel/behave.def"
	},
#undef BEHAVE
#define BEHAVE(name, v61, v612, v618, v70, v71, v72, v73, meaning) .name = v612,
	[PROFILE_6_12] = {
#include "verifier/kernel/behave.def"
	},
#undef BEHAVE
#define BEHAVE(name, v61, v612, v618, v70, v71, v72, v73, meaning) .name = v618,
	[PROFILE_6_18] = {
#include "verifier/kernel/behave.def"
	},
#undef BEHAVE
#define BEHAVE(name, v61, v612, v618, v70, v71, v72, v73, meaning) .name = v70,
	[PROFILE_7_0] = {
#include "verifier/kernel/behave.def"
	},
#undef BEHAVE
#define BEHAVE(name, v61, v612, v618, v70, v71, v72, v73, meaning) .name = v71,
	[PROFILE_7_1] = {
#include "verifier/kernel/behave.def"
	},
#undef BEHAVE
#define BEHAVE(name, v61, v612, v618, v70, v71, v72, v73, meaning) .name = v72,
	[PROFILE_7_2] = {
#include "verifier/kernel/behave.def"
	},
#undef BEHAVE
#define BEHAVE(name, v61, v612, v618, v70, v71, v72, v73, meaning) .name = v73,
	[PROFILE_7_3] = {
#include "verifier/kernel/behave.def"
	},
#undef BEHAVE
};

const struct behave *behave_of_profile(enum profile profile)
{
	return &behave_of[profile];
}
