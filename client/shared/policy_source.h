/* SPDX-License-Identifier: Apache-2.0 */
/* Which policy a verb of `bpfgate policy` works on: files, directories, or the machine's own. */
#ifndef BPFGATE_CLIENT_POLICY_SOURCE_H
#define BPFGATE_CLIENT_POLICY_SOURCE_H

#include <stddef.h>

#include "policy/policy.h"

/*
 * Loads a policy from paths: each a drop-in file or a directory of them, later ones replacing files of
 * the same name; none: the three directories of this machine, with the daemon's own strictness about
 * owners. Returns as policy_load(); what cannot be opened is said on stderr (-errno).
 */
int policy_source_load(char *const *paths, size_t path_cnt, const struct policy_env *env,
		       struct policy **ret_policy, struct policy_report **ret_report);

#endif
