/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields in, proofs out. The fields come from a process that has read an attacker's bytes and are
 * believed in nothing: a range outside the blob refuses all of it, an identity only selects which of
 * the administrator's keys is tried, and what counts is the public-key check over a digest that the
 * caller computed itself.
 */
#include "policy/prove.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "policy/signer.h"
#include "proto/own.h"

struct blob {
	const uint8_t *bytes;
	size_t len;
};

static bool range_ok(const struct blob *blob, const struct cms_range *range, size_t most)
{
	return range->len <= most && range->offset <= blob->len &&
	       range->len <= blob->len - range->offset;
}

static const uint8_t *range_at(const struct blob *blob, const struct cms_range *range)
{
	return blob->bytes + range->offset;
}

static bool fields_ok(const struct blob *blob, const struct cms_fields *fields)
{
	uint32_t i;

	if (fields->signer_cnt > CMS_SIGNERS_MAX || fields->cert_cnt > CMS_CERTS_MAX)
		return false;
	for (i = 0; i < fields->signer_cnt; i++) {
		const struct cms_signer *signer = &fields->signers[i];

		if (!range_ok(blob, &signer->id, SIGNER_ID_MAX) ||
		    !range_ok(blob, &signer->serial, SIGNER_SERIAL_MAX) ||
		    !range_ok(blob, &signer->sig, SIGNER_SIG_MAX) || signer->algo >= SIGNER_ALGO_CNT)
			return false;
	}
	for (i = 0; i < fields->cert_cnt; i++) {
		if (!range_ok(blob, &fields->certs[i], SIGNER_CERT_MAX))
			return false;
	}
	return true;
}

static bool is_meant(const struct signer *signer, const struct blob *blob,
		     const struct cms_signer *claim)
{
	if (claim->id_kind == CMS_ID_KEY_ID)
		return signer_has_key_id(signer, range_at(blob, &claim->id), claim->id.len);
	return signer_is_named(signer, range_at(blob, &claim->id), claim->id.len,
			       range_at(blob, &claim->serial), claim->serial.len);
}

static int check_claim(const struct signer *signer, const struct blob *blob,
		       const struct cms_signer *claim, const uint8_t *sha256, int64_t now_s)
{
	return signer_prove(signer, sha256, (enum signer_algo)claim->algo,
			    range_at(blob, &claim->sig), claim->sig.len, now_s);
}

/* A signer of the policy, as it may sign: by its own key, or by those that it issued certificates for. */
struct candidate {
	const struct signer *signer;
	struct signer *leaves[CMS_CERTS_MAX];
	size_t leaf_cnt;
	int issue_error; /* of a certificate that it did issue, but that is no good any more */
};

static void candidate_done(struct candidate *candidate)
{
	size_t i;

	for (i = 0; i < candidate->leaf_cnt; i++)
		signer_free(candidate->leaves[i]);
}

/* Each certificate is held against a CA once, however many signatures there are: it is the costly part. */
static void candidate_issue(struct candidate *candidate, const struct blob *blob,
			    const struct cms_fields *fields, int64_t now_s)
{
	uint32_t i;

	for (i = 0; i < fields->cert_cnt; i++) {
		int r = signer_issue(candidate->signer, range_at(blob, &fields->certs[i]),
				     fields->certs[i].len, now_s,
				     &candidate->leaves[candidate->leaf_cnt]);

		if (r == 0)
			candidate->leaf_cnt++;
		else if (r == -EKEYREVOKED || r == -EKEYEXPIRED)
			candidate->issue_error = r;
	}
}

static int check_issued(const struct candidate *candidate, const struct blob *blob,
			const struct cms_signer *claim, const uint8_t *sha256, int64_t now_s)
{
	int result = candidate->issue_error ? candidate->issue_error : -ENOKEY;
	size_t i;

	for (i = 0; result != 0 && i < candidate->leaf_cnt; i++) {
		if (is_meant(candidate->leaves[i], blob, claim))
			result = check_claim(candidate->leaves[i], blob, claim, sha256, now_s);
	}
	return result;
}

/* -ENOKEY: the signature is not by this signer. */
static int check_signer(const struct candidate *candidate, const struct blob *blob,
			const struct cms_signer *claim, const uint8_t *sha256, int64_t now_s)
{
	if (signer_role(candidate->signer) == SIGNER_CA)
		return check_issued(candidate, blob, claim, sha256, now_s);
	return is_meant(candidate->signer, blob, claim) ?
		       check_claim(candidate->signer, blob, claim, sha256, now_s) :
		       -ENOKEY;
}

static void add_proof(const struct signer *signer, struct policy_proof *proofs, size_t *cnt)
{
	size_t i;

	for (i = 0; i < *cnt; i++) {
		if (strcmp(proofs[i].signer, signer_name(signer)) == 0)
			return;
	}
	if (*cnt == CMS_SIGNERS_MAX)
		return;
	proofs[*cnt].signer = signer_name(signer);
	memcpy(proofs[*cnt].cert_sha256, signer_cert_sha256(signer), POLICY_SHA256_LEN);
	++*cnt;
}

/* What one signer of the policy has to do with the signatures. */
static void prove_signer(const struct candidate *candidate, const struct blob *blob,
			 const struct cms_fields *fields, const uint8_t *sha256, int64_t now_s,
			 struct policy_proof *proofs, size_t *cnt, struct prove_note *notes)
{
	uint32_t i;

	for (i = 0; i < fields->signer_cnt; i++) {
		int r = check_signer(candidate, blob, &fields->signers[i], sha256, now_s);

		if (r == 0)
			add_proof(candidate->signer, proofs, cnt);
		if (r != -ENOKEY && notes[i].error != 0)
			notes[i] = (struct prove_note){ signer_name(candidate->signer), r };
	}
}

/* All signers are tried: two names may stand for one certificate, in different roles. */
int prove_cms(const struct policy *policy, const uint8_t *blob, size_t blob_len,
	      const struct cms_fields *fields, const uint8_t sha256[POLICY_SHA256_LEN],
	      int64_t now_s, struct policy_proof *ret_proofs, size_t *ret_cnt,
	      struct prove_note *ret_notes)
{
	struct prove_note notes[CMS_SIGNERS_MAX];
	struct blob all = { blob, blob_len };
	size_t cnt = 0, i;

	if (!fields_ok(&all, fields))
		return -EBADMSG;
	for (i = 0; i < CMS_SIGNERS_MAX; i++)
		notes[i] = (struct prove_note){ .error = -ENOKEY };
	for (i = 0; i < policy_signer_cnt(policy); i++) {
		struct candidate candidate = { .signer = policy_signer(policy, i) };

		if (signer_role(candidate.signer) == SIGNER_CA)
			candidate_issue(&candidate, &all, fields, now_s);
		prove_signer(&candidate, &all, fields, sha256, now_s, ret_proofs, &cnt, notes);
		candidate_done(&candidate);
	}
	if (ret_notes)
		memcpy(ret_notes, notes, fields->signer_cnt * sizeof(*notes));
	*ret_cnt = cnt;
	return 0;
}

#define SIGN_COMMAND                                                                         \
	"openssl cms -sign -binary -in OBJECT -signer CERT -inkey KEY -md sha256 -noattr "   \
	"-nosmimecap -outform DER -out OBJECT.p7s, or: bpfgate sign OBJECT --key KEY --cert CERT"

static const char *const reasons[CMS_REASON_CNT] = {
	[CMS_UNREAD] = "nobody has read it",
	[CMS_OK] = "a detached signature",
	[CMS_NOT_DER] = "not a CMS signature in DER; make one with " SIGN_COMMAND,
	[CMS_NOT_SIGNED_DATA] = "CMS, but not signed data; make a signature with " SIGN_COMMAND,
	[CMS_TRAILING] = "bytes follow the signature",
	[CMS_HAS_CONTENT] = "the signature holds the signed content itself; a detached one is made "
			    "with " SIGN_COMMAND,
	[CMS_HAS_SIGNED_ATTRS] = "the signature is over signed attributes, not over the object; one "
				 "without is made with " SIGN_COMMAND,
	[CMS_NO_SIGNER] = "nobody signed it",
	[CMS_TOO_MANY] = "more than 8 signers or certificates",
	[CMS_TOO_LARGE] = "the signature, or a certificate in it, is too large",
};

const char *prove_cms_reason(enum cms_reason reason)
{
	return reason < CMS_REASON_CNT ? reasons[reason] : "unknown";
}
