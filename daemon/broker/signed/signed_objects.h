/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed objects: which programs they hold, and who vouches for them.
 *
 * An object is presented by a client or lies in a directory of root's. Its signature is read by a judge
 * that sees nothing else, proved here, and only then is the object itself read, by another judge, which
 * answers with the canonical digests of its programs. A later PROG_LOAD by an unmodified application is
 * recognised by its digest. A digest counts for the signers of the object it came from, and for them only.
 */
#ifndef BPFGATE_DAEMON_SIGNED_OBJECTS_H
#define BPFGATE_DAEMON_SIGNED_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/broker/store/ledger.h"
#include "daemon/broker/store/quota.h"
#include "daemon/broker/store/rules.h"
#include "daemon/broker/store/vmbtf.h"
#include "object/elf.h"
#include "policy/policy.h"

/* Hashed in the broker: 16 MiB is a hundredth of a second. */
#define SIGNED_OBJECT_BYTES_MAX (16u << 20)
#define SIGNED_OBJECT_SIG_MAX (64u << 10)

struct broker;
struct signed_objects;
struct offer;

/* What is known of one program, found by its canonical digest. */
struct signed_program {
	uint8_t digest[32];
	uint8_t object_sha256[32];
	struct ledger_proof proofs[LEDGER_PROOFS_MAX];
	uint32_t proof_cnt;
	uint32_t insn_cnt;
	uint32_t symbol_cnt;
	struct elf_symbol *symbols;	/* whose addresses it loads: they stand in its digest by name */
};

/* What became of an offer. Borrowed for the call. */
struct offer_outcome {
	int error;		/* 0, or -errno: of ours, or of a judge that did not answer */
	const char *text;	/* one sentence, for people; no names that are not the policy's own */
	uint32_t program_cnt;	/* whose digests are known now */
	uint32_t unknown_cnt;	/* and of how many it could not be told */
	uint8_t sha256[32];	/* of the object; zero when it could not be told */
	const struct policy_proof *proofs;
	size_t proof_cnt;
};

typedef void (*offer_done_fn)(void *ctx, const struct offer_outcome *outcome);

/* 0 or -ENOMEM. */
int signed_objects_new(struct broker *broker, struct signed_objects **ret_objects);
/* No offer may be pending: free the judges first. NULL is fine. */
void signed_objects_free(struct signed_objects *objects);

/*
 * Takes a file (with its signature appended, or beside it in sig, which may be NULL). Both buffers are
 * consumed, also on failure. Their memory is charged to account (-EDQUOT). on_done is called exactly
 * once, later; *ret_offer (may be NULL) is valid until then. rules are those in force.
 */
int signed_objects_offer(struct signed_objects *objects, struct quota_account *account,
			 struct rules *rules, uint8_t *take_file, size_t file_bytes,
			 uint8_t *take_sig, size_t sig_bytes, offer_done_fn on_done, void *ctx,
			 struct offer **ret_offer);

/* Whoever offered it has gone: on_done will not be called. The offer is worked on all the same. */
void offer_forget(struct offer *offer);

/* The program with this canonical digest; NULL when no known object holds it. Valid until the next offer. */
const struct signed_program *signed_objects_find(const struct signed_objects *objects,
						 const uint8_t digest[32]);

/*
 * Is that a program of a known object whose source asks for addresses of the kernel's symbols? Its instructions hold
 * what its loader could see of them: 0, as /proc/kallsyms shows them to those without privileges. 1 and its canonical
 * digest; 0: none of those here. vmlinux is asked for names, where it is needed (NULL: it is not there).
 */
int signed_objects_match_symbols(const struct signed_objects *objects, const struct bgv_program *prog,
				 struct vmbtf *vmbtf, uint8_t ret_digest[32]);

#endif
