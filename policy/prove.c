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

/* By a certificate of the blob that this CA issued. -ENOKEY: none of them is the one claimed. */
static int check_issued(const struct signer *ca, const struct blob *blob,
			const struct cms_fields *fields, const struct cms_signer *claim,
			const uint8_t *sha256, int64_t now_s)
{
	int result = -ENOKEY;
	uint32_t i;

	for (i = 0; i < fields->cert_cnt; i++) {
		struct signer *leaf = NULL;
		int r = signer_issue(ca, range_at(blob, &fields->certs[i]), fields->certs[i].len,
				     now_s, &leaf);

		if (r == 0 && is_meant(leaf, blob, claim))
			result = check_claim(leaf, blob, claim, sha256, now_s);
		signer_free(leaf);
		if (r == -EKEYREVOKED || r == -EKEYEXPIRED)
			result = r;
		if (result == 0)
			break;
	}
	return result;
}

static int check_signer(const struct signer *signer, const struct blob *blob,
			const struct cms_fields *fields, const struct cms_signer *claim,
			const uint8_t *sha256, int64_t now_s)
{
	if (signer_role(signer) == SIGNER_CA)
		return check_issued(signer, blob, fields, claim, sha256, now_s);
	return is_meant(signer, blob, claim) ? check_claim(signer, blob, claim, sha256, now_s) :
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

/* All signers are tried: two names may stand for one certificate, in different roles. */
static struct prove_note prove_one(const struct policy *policy, const struct blob *blob,
				   const struct cms_fields *fields, const struct cms_signer *claim,
				   const uint8_t *sha256, int64_t now_s,
				   struct policy_proof *proofs, size_t *cnt)
{
	struct prove_note note = { .error = -ENOKEY };
	size_t i;

	for (i = 0; i < policy_signer_cnt(policy); i++) {
		const struct signer *signer = policy_signer(policy, i);
		int r = check_signer(signer, blob, fields, claim, sha256, now_s);

		if (r == 0)
			add_proof(signer, proofs, cnt);
		if (r != -ENOKEY && note.error != 0)
			note = (struct prove_note){ signer_name(signer), r };
	}
	return note;
}

int prove_cms(const struct policy *policy, const uint8_t *blob, size_t blob_len,
	      const struct cms_fields *fields, const uint8_t sha256[POLICY_SHA256_LEN],
	      int64_t now_s, struct policy_proof *ret_proofs, size_t *ret_cnt,
	      struct prove_note *ret_notes)
{
	struct blob all = { blob, blob_len };
	size_t cnt = 0;
	uint32_t i;

	if (!fields_ok(&all, fields))
		return -EBADMSG;
	for (i = 0; i < fields->signer_cnt; i++) {
		struct prove_note note = prove_one(policy, &all, fields, &fields->signers[i],
						   sha256, now_s, ret_proofs, &cnt);

		if (ret_notes)
			ret_notes[i] = note;
	}
	*ret_cnt = cnt;
	return 0;
}

#define SIGN_COMMAND                                                                         \
	"openssl cms -sign -binary -in OBJECT -signer CERT -inkey KEY -md sha256 -noattr "   \
	"-nosmimecap -outform DER -out OBJECT.p7s, or: bpfgate sign OBJECT --key KEY --cert CERT"

static const char *const reasons[CMS_REASON_CNT] = {
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
