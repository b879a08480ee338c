/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFGATE_VERIFIER_BEHAVE_H
#define BPFGATE_VERIFIER_BEHAVE_H

#include <stdbool.h>

/* How the target kernel behaves, one bit a difference (behave.def). Filled by profile.c. */
struct behave {
#define BEHAVE(name, in_6_1, in_6_12, in_6_18) bool name;
#include "verifier/behave.def"
#undef BEHAVE
};

/* The three lines that behave.def describes; profile.c starts from one of them. */
extern const struct behave behave_6_1, behave_6_12, behave_6_18;

#endif
