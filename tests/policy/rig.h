/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of policy share: an environment in which alice is 1001, bob 1002 and so on, so that
 * no test depends on the accounts of the machine, and short ways to load a policy from a string.
 */
#ifndef BPFGATE_TESTS_POLICY_RIG_H
#define BPFGATE_TESTS_POLICY_RIG_H

#include <check.h>

#include "policy/policy.h"

#define RIG_NOW 1767225600 /* 2026-01-01T00:00:00Z */

/* alice 1001, bob 1002, carol 1003; groups tracers 2001, devs 2002. */
struct policy_env rig_env(void);

/* One file, "t.json". Fails the test when the policy is not taken. */
struct policy *rig_policy(const char *json);

/* The findings of one file as text; free() it. */
char *rig_findings(const char *json, enum policy_severity least);

/* Wraps rules: {"version": 1, "rules": [ ... ]}. Fails the test when it is not taken. */
struct policy *rig_rules(const char *rules);

/* Runs a suite and prints Check's summary; the exit code. */
int rig_run(Suite *suite);

#endif
