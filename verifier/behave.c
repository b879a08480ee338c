/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of behave.def as constants. Nothing is decided here: a profile copies a column and
 * sets what its full version changed.
 */
#include "verifier/behave.h"

const struct behave behave_6_1 = {
#define BEHAVE(name, in_6_1, in_6_12, in_6_18) .name = in_6_1,
#include "verifier/behave.def"
#undef BEHAVE
};

const struct behave behave_6_12 = {
#define BEHAVE(name, in_6_1, in_6_12, in_6_18) .name = in_6_12,
#include "verifier/behave.def"
#undef BEHAVE
};

const struct behave behave_6_18 = {
#define BEHAVE(name, in_6_1, in_6_12, in_6_18) .name = in_6_18,
#include "verifier/behave.def"
#undef BEHAVE
};
