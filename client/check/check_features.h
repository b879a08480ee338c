/* SPDX-License-Identifier: Apache-2.0 */
/* What a program uses, held against what the tables say a kernel has: types, attach points, helpers. No walk. */
#ifndef BPFGATE_CLIENT_CHECK_FEATURES_H
#define BPFGATE_CLIENT_CHECK_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "verifier/bpfgate-verifier.h"

/*
 * Does the kernel lack something of the program's: its type, attach type, a helper for this type, a type of its maps?
 * Then ret_message (at least 256 bytes) names it. What only BTF tells is not looked at.
 */
bool check_features_missing(const struct bgv_target *target, const struct bgv_program *prog, char *ret_message);

/* The oldest series whose rules exist here and which lacks nothing of that; "": none. Static storage. */
const char *check_features_least(const struct bgv_program *prog);

#endif
