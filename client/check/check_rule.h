/* SPDX-License-Identifier: Apache-2.0 */
/* --fail-on: what else than a rejection makes a check fail. */
#ifndef BPFGATE_CLIENT_CHECK_RULE_H
#define BPFGATE_CLIENT_CHECK_RULE_H

#include <stdbool.h>

#include "client/check/check.h"

/*
 * Is the text a rule: conditions separated by commas, of which one is enough? "reject", "unknown" (unsupported or
 * undecided), "modelled" (rules that no build was measured for, or features only), a code ("MAP-CREATE"), or one of
 * insns, states, time (ms) and memory (MB) with ">" and a number; in a comparison ">+N%" and "changed".
 */
bool check_rule_is_good(const char *rule);

/* Does one of its conditions hold for a result? False where rule is NULL. */
bool check_rule_hits(const char *rule, const struct check_result *result);

/* Does one hold for the way from one result to another? */
bool check_rule_hits_change(const char *rule, const struct check_result *before, const struct check_result *after);

#endif
