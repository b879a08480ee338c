/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the plain fields of a CMS signature (read in the sandbox, not believed) to proofs that
 * policy_decide() takes. The broker links this; it does not link the reader of CMS.
 */
#ifndef BPFGATE_POLICY_PROVE_H
#define BPFGATE_POLICY_PROVE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/cms.h"
#include "policy/policy.h"

/* What became of one signature in the blob, for messages. */
struct prove_note {
	const char *signer;	/* the policy's name of it, or NULL: nobody that we know */
	int error;		/* 0 proved, else -errno as signer_prove(), -ENOKEY for a stranger */
};

/*
 * Holds each signature of `fields` against the signers of the policy. `blob` is the very blob the
 * fields were read from; `sha256` is the digest of the signed bytes, computed by the caller itself.
 * Ranges outside the blob are refused, not believed.
 *
 * Writes at most CMS_SIGNERS_MAX proofs, each signer once, and *ret_cnt. ret_notes has room for
 * CMS_SIGNERS_MAX and gets one per signature (fields->signer_cnt), or is NULL. Names in both live
 * as long as the policy. Returns 0 (also when nothing was proved) or -EBADMSG for impossible fields.
 */
int prove_cms(const struct policy *policy, const uint8_t *blob, size_t blob_len,
	      const struct cms_fields *fields, const uint8_t sha256[POLICY_SHA256_LEN],
	      int64_t now_s, struct policy_proof *ret_proofs, size_t *ret_cnt,
	      struct prove_note *ret_notes);

/* One sentence for a reason, with the command that makes a good signature; static. */
const char *prove_cms_reason(enum cms_reason reason);

#endif
