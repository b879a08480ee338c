/* SPDX-License-Identifier: Apache-2.0 */
/* The behaviour flags of each probed kernel, spelled out from behave.def. */
#include "verifier/kernel/behave.h"

static const struct behave behave_of[PROFILE_CNT] = {
#include "verifier/kernel/behave_of.def"
};

const struct behave *behave_of_profile(enum profile profile)
{
	return &behave_of[profile];
}
