/* SPDX-License-Identifier: Apache-2.0 */
/* What policy is asked with: the broker's own knowledge of a program, as policy.h wants it. */
#ifndef BPFGATE_DAEMON_FACTS_H
#define BPFGATE_DAEMON_FACTS_H

#include "daemon/broker/store/ledger.h"
#include "daemon/broker/store/vmbtf.h"
#include "policy/policy.h"

#define FACTS_NAME_BYTES 64

/* A program's facts with the memory that they point into. */
struct facts {
	struct policy_prog_facts prog;
	char name[16];
	struct policy_map_facts maps[LEDGER_MAPS_MAX];
	char kfunc_names[LEDGER_KFUNCS_MAX][FACTS_NAME_BYTES];
	const char *kfuncs[LEDGER_KFUNCS_MAX];
	struct policy_proof proofs[LEDGER_PROOFS_MAX];
	uint8_t digests[LEDGER_DIGESTS_MAX][POLICY_SHA256_LEN];
};

/*
 * The facts that a record holds. rec (borrowed, must outlive ret_facts) is a program's, in the ledger
 * or about to get there. Maps that are not in the ledger any more appear with type 0, which no list
 * of types grants. ret_facts points into itself: do not copy it.
 */
void facts_of_record(const struct ledger *ledger, struct vmbtf *vmbtf, const struct ledger_rec *rec,
		     struct facts *ret_facts);
void facts_of_map(const struct ledger_rec *rec, struct policy_map_facts *ret_facts);

/*
 * The target that a program of this kind names at its load (fentry, iterators, LSM ...): true, and
 * ret_target->name is in name, or is NULL when the kernel's BTF does not know the id.
 */
bool facts_target_of(struct vmbtf *vmbtf, const struct ledger_prog *prog, char *name, size_t name_bytes,
		     struct policy_target *ret_target);

/* Before the type of a program whose functions are traced, where rules list functions of the kernel. */
#define FACTS_IN_PROG "prog:"
/*
 * The target of a program of type prog_type that attaches to a function of one of target_type: what rules
 * go by is the type, since the names of functions are their owner's choice. ret_target->name is in name.
 */
void facts_target_in_prog(uint32_t prog_type, uint32_t target_type, char *name, size_t name_bytes,
			  struct policy_target *ret_target);

#endif
