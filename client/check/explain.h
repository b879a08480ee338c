/* SPDX-License-Identifier: Apache-2.0 */
/* What `bpfgate policy explain` and `suggest` share: an object, somebody, and what the two would ask. */
#ifndef BPFGATE_CLIENT_EXPLAIN_H
#define BPFGATE_CLIENT_EXPLAIN_H

#include "client/check/object_facts.h"
#include "policy/prove.h"

#define EXPLAIN_GROUPS_MAX 256

struct explain {
	const char *path;
	struct signature_file file;
	struct object_facts object;
	struct policy *policy;
	struct policy_subject who;
	gid_t groups[EXPLAIN_GROUPS_MAX];
	const char *user;	/* as given */
	char *unit;
	struct policy_proof proofs[CMS_SIGNERS_MAX];
	struct prove_note notes[CMS_SIGNERS_MAX];
	size_t proof_cnt;
	bool json;
	bool pretty;
};

/* One request of the object: a map, or a program. */
struct explain_request {
	const char *noun;
	const char *name;
	struct policy_request request;
	struct policy_prog_facts prog;	/* the facts with the proofs in them */
};

/* How many there are, and the idx-th as it would arrive: after the ones before it were granted. */
size_t explain_request_cnt(const struct explain *explain);
void explain_request(const struct explain *explain, size_t idx, struct explain_request *ret_request);

/* Prints the narrowest rule that allows all of it. An exit code. */
int suggest_print(const struct explain *explain);

#endif
