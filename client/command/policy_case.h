/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases for `bpfgate policy test`: requests written down as JSON with what is to become of them, in a
 * world where names are enough: every user, group, path and interface has a number of its own, so
 * that a case means the same on every machine.
 */
#ifndef BPFGATE_CLIENT_POLICY_CASE_H
#define BPFGATE_CLIENT_POLICY_CASE_H

#include <jansson.h>

#include "policy/policy.h"

struct policy_case; /* one case, read */

/* An environment for loading in which names resolve as cases mean them, and keys are assumed. */
void policy_case_env(struct policy_env *ret_env);

/*
 * Reads one case against the paths that the policy names. Returns 0 (policy_case_free() it);
 * -EBADMSG with a sentence in ret_why (why_bytes of room); -ENOMEM.
 */
int policy_case_read(const json_t *json, const struct policy *policy, struct policy_case **ret_case,
		     char *ret_why, size_t why_bytes);
void policy_case_free(struct policy_case *one);

/* As the file has it; borrowed from the case. */
const char *policy_case_name(const struct policy_case *one);

/*
 * Decides the case and compares. Returns whether all is as expected; if not, says in ret_why what
 * came instead.
 */
bool policy_case_holds(const struct policy_case *one, const struct policy *policy, char *ret_why,
		       size_t why_bytes);

#endif
