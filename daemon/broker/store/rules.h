/* SPDX-License-Identifier: Apache-2.0 */
/* The policy in force: loaded as a whole, swapped as a whole, shared by the requests that began under it. */
#ifndef BPFGATE_DAEMON_RULES_H
#define BPFGATE_DAEMON_RULES_H

#include <stdint.h>
#include <stdio.h>

#include "policy/policy.h"

#define RULES_DIRS_MAX 8

/* Where policy files lie, lowest precedence first. Directories that do not exist are left out. */
struct rules_dirs {
	const char *path[RULES_DIRS_MAX];
	size_t cnt;
};

struct rules {
	unsigned int ref_cnt;
	struct policy *policy;
	int64_t loaded_s;
	uint64_t generation;	/* of this broker's life: 1, 2, ... */
};

/*
 * Loads a new set. On failure what is wrong was printed to `out`, one finding a line, and the first of them
 * stands in ret_trouble ("FILE:LINE:COLUMN: error: ..." where there is a line; "" on success). Warnings are
 * printed on success, too. *ret_rules has one reference.
 */
#define RULES_TROUBLE_MAX 200	/* with its NUL; it fits into a status line */
int rules_load(const struct rules_dirs *dirs, uint64_t generation, FILE *out,
	       char ret_trouble[RULES_TROUBLE_MAX], struct rules **ret_rules);
/* The set without a rule: it grants nothing. 0 or -ENOMEM. */
int rules_none(uint64_t generation, struct rules **ret_rules);
struct rules *rules_ref(struct rules *rules);
void rules_unref(struct rules *rules);

/*
 * What the paths in the rules are right now, in our own mount namespace: the most *ret_cnt of them.
 * Paths that do not exist are left out. The array is the caller's; its strings are the policy's.
 */
int rules_resolve_paths(const struct rules *rules, struct policy_path_id **ret_paths,
			size_t *ret_cnt);

#endif
