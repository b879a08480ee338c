/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a detached CMS SignedData (RFC 5652) into ranges. Every byte is an attacker's. Promises: no
 * allocation, no recursion, no system call, each byte looked at a bounded number of times; a blob is
 * accepted only when every element nests exactly and nothing is left over. It knows DER only: BER's
 * indefinite lengths and padded lengths are refused, since two readers could take them differently.
 */
#include "policy/cms.h"

#include <string.h>

#include "policy/signer.h"
#include "proto/own.h"

enum tag {
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_OID = 0x06,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_KEY_ID = 0x80,    /* [0] primitive */
	TAG_0 = 0xa0,	      /* [0] constructed */
	TAG_1 = 0xa1,
};

/* What is left to read of one element. */
struct der {
	const uint8_t *blob;
	uint32_t at;
	uint32_t end;
};

/* One element: where it starts with its header, and its content. */
struct element {
	uint8_t tag;
	struct cms_range whole;
	struct der content;
};

static bool der_at_end(const struct der *der)
{
	return der->at == der->end;
}

static bool der_next_is(const struct der *der, enum tag tag)
{
	return der->at < der->end && der->blob[der->at] == tag;
}

/* The length after a tag, in its one shortest form. */
static bool der_length(struct der *der, uint32_t *ret_len)
{
	uint32_t len, more, i;

	if (der_at_end(der))
		return false;
	len = der->blob[der->at++];
	if (len < 0x80) {
		*ret_len = len;
		return true;
	}
	more = len & 0x7f;
	if (more < 1 || more > 3 || more > der->end - der->at || der->blob[der->at] == 0)
		return false;
	for (len = 0, i = 0; i < more; i++)
		len = len << 8 | der->blob[der->at++];
	*ret_len = len;
	return len >= 0x80;
}

static bool der_any(struct der *der, struct element *ret_element)
{
	uint32_t start = der->at, len;

	/* tag numbers of 31 and more take further bytes; CMS has none */
	if (der_at_end(der) || (der->blob[der->at] & 0x1f) == 0x1f)
		return false;
	ret_element->tag = der->blob[der->at++];
	if (!der_length(der, &len) || len > der->end - der->at)
		return false;
	ret_element->content = (struct der){ der->blob, der->at, der->at + len };
	der->at += len;
	ret_element->whole = (struct cms_range){ start, der->at - start };
	return true;
}

static bool der_element(struct der *der, enum tag tag, struct element *ret_element)
{
	return der_next_is(der, tag) && der_any(der, ret_element);
}

static bool der_skip(struct der *der, enum tag tag)
{
	struct element element;

	return der_element(der, tag, &element);
}

/* Like der_skip(), but its absence is fine. */
static bool der_skip_optional(struct der *der, enum tag tag)
{
	return !der_next_is(der, tag) || der_skip(der, tag);
}

static bool content_equals(const struct der *content, const uint8_t *bytes, size_t len)
{
	return content->end - content->at == len && memcmp(content->blob + content->at, bytes, len) == 0;
}

static struct cms_range content_range(const struct der *content)
{
	return (struct cms_range){ content->at, content->end - content->at };
}

static const uint8_t oid_data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
static const uint8_t oid_signed_data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02 };

enum digest { DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_CNT };

/* Digest algorithms: 2.16.840.1.101.3.4.2.{1,2,3} */
static enum digest digest_of(const struct der *oid)
{
	static const uint8_t sha2[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02 };
	uint8_t last;

	if (oid->end - oid->at != sizeof(sha2) + 1 || memcmp(oid->blob + oid->at, sha2, sizeof(sha2)))
		return DIGEST_NONE;
	last = oid->blob[oid->end - 1];
	return last < DIGEST_CNT ? (enum digest)last : DIGEST_NONE;
}

/*
 * Signature algorithms and the digest they go with; DIGEST_NONE: with whichever the signer names
 * (rsaEncryption, as OpenSSL and the kernel's tools write it).
 */
static const struct {
	uint8_t oid_len;
	uint8_t oid[9];
	enum digest digest;
	bool is_rsa;
} sig_algos[] = {
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 }, DIGEST_NONE, true },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b }, DIGEST_SHA256, true },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c }, DIGEST_SHA384, true },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d }, DIGEST_SHA512, true },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 }, DIGEST_SHA256, false },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 }, DIGEST_SHA384, false },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04 }, DIGEST_SHA512, false },
};

static enum signer_algo algo_of(enum digest digest, const struct der *oid)
{
	static const enum signer_algo rsa[DIGEST_CNT] = { SIGNER_ALGO_NONE, SIGNER_RSA_SHA256,
							  SIGNER_RSA_SHA384, SIGNER_RSA_SHA512 };
	static const enum signer_algo ecdsa[DIGEST_CNT] = { SIGNER_ALGO_NONE, SIGNER_ECDSA_SHA256,
							    SIGNER_ECDSA_SHA384,
							    SIGNER_ECDSA_SHA512 };
	size_t i;

	for (i = 0; i < ARRAY_CNT(sig_algos); i++) {
		if (!content_equals(oid, sig_algos[i].oid, sig_algos[i].oid_len))
			continue;
		if (sig_algos[i].digest != DIGEST_NONE && sig_algos[i].digest != digest)
			return SIGNER_ALGO_NONE;
		return sig_algos[i].is_rsa ? rsa[digest] : ecdsa[digest];
	}
	return SIGNER_ALGO_NONE;
}

/* AlgorithmIdentifier ::= SEQUENCE { OID, parameters OPTIONAL }; the parameters say nothing here. */
static bool read_algorithm(struct der *der, struct der *ret_oid)
{
	struct element algorithm, oid, parameters;

	if (!der_element(der, TAG_SEQUENCE, &algorithm) ||
	    !der_element(&algorithm.content, TAG_OID, &oid))
		return false;
	if (!der_at_end(&algorithm.content) && !der_any(&algorithm.content, &parameters))
		return false;
	*ret_oid = oid.content;
	return der_at_end(&algorithm.content);
}

/* SignerIdentifier ::= SEQUENCE { issuer Name, serial INTEGER } | [0] key id */
static bool read_id(struct der *der, struct cms_signer *signer)
{
	struct element id, issuer, serial;

	if (der_element(der, TAG_KEY_ID, &id)) {
		signer->id_kind = CMS_ID_KEY_ID;
		signer->id = content_range(&id.content);
		return signer->id.len > 0 && signer->id.len <= SIGNER_ID_MAX;
	}
	if (!der_element(der, TAG_SEQUENCE, &id) ||
	    !der_element(&id.content, TAG_SEQUENCE, &issuer) ||
	    !der_element(&id.content, TAG_INTEGER, &serial) || !der_at_end(&id.content))
		return false;
	signer->id_kind = CMS_ID_ISSUER_SERIAL;
	signer->id = issuer.whole;
	signer->serial = content_range(&serial.content);
	return signer->id.len <= SIGNER_ID_MAX && signer->serial.len > 0 &&
	       signer->serial.len <= SIGNER_SERIAL_MAX;
}

/* SignerInfo, with signed attributes refused and unsigned ones (time stamps) passed over. */
static enum cms_reason read_signer(struct der *set, struct cms_signer *signer)
{
	struct element info, sig;
	struct der digest_oid, sig_oid;

	if (!der_element(set, TAG_SEQUENCE, &info) || !der_skip(&info.content, TAG_INTEGER) ||
	    !read_id(&info.content, signer) || !read_algorithm(&info.content, &digest_oid))
		return CMS_NOT_DER;
	if (der_next_is(&info.content, TAG_0))
		return CMS_HAS_SIGNED_ATTRS;
	if (!read_algorithm(&info.content, &sig_oid) ||
	    !der_element(&info.content, TAG_OCTETS, &sig) ||
	    !der_skip_optional(&info.content, TAG_1) || !der_at_end(&info.content))
		return CMS_NOT_DER;
	signer->algo = algo_of(digest_of(&digest_oid), &sig_oid);
	signer->sig = content_range(&sig.content);
	return signer->sig.len <= SIGNER_SIG_MAX ? CMS_OK : CMS_TOO_LARGE;
}

static enum cms_reason read_signers(struct der *data, struct cms_fields *fields)
{
	enum cms_reason reason;
	struct element set;

	if (!der_element(data, TAG_SET, &set))
		return CMS_NOT_DER;
	while (!der_at_end(&set.content)) {
		if (fields->signer_cnt == CMS_SIGNERS_MAX)
			return CMS_TOO_MANY;
		reason = read_signer(&set.content, &fields->signers[fields->signer_cnt]);
		if (reason != CMS_OK)
			return reason;
		fields->signer_cnt++;
	}
	return fields->signer_cnt ? CMS_OK : CMS_NO_SIGNER;
}

static enum cms_reason read_certs(struct der *data, struct cms_fields *fields)
{
	struct element certs, cert;

	if (!der_next_is(data, TAG_0))
		return CMS_OK;
	if (!der_element(data, TAG_0, &certs))
		return CMS_NOT_DER;
	while (!der_at_end(&certs.content)) {
		if (fields->cert_cnt == CMS_CERTS_MAX)
			return CMS_TOO_MANY;
		if (!der_any(&certs.content, &cert))
			return CMS_NOT_DER;
		if (cert.whole.len > SIGNER_CERT_MAX)
			return CMS_TOO_LARGE;
		/* attribute certificates and the like have other tags: nothing for us */
		if (cert.tag == TAG_SEQUENCE)
			fields->certs[fields->cert_cnt++] = cert.whole;
	}
	return CMS_OK;
}

/* EncapsulatedContentInfo ::= SEQUENCE { OID data, [0] content OPTIONAL } */
static enum cms_reason read_content_info(struct der *data)
{
	struct element info, oid;

	if (!der_element(data, TAG_SEQUENCE, &info) || !der_element(&info.content, TAG_OID, &oid))
		return CMS_NOT_DER;
	if (!content_equals(&oid.content, oid_data, sizeof(oid_data)))
		return CMS_NOT_SIGNED_DATA;
	return der_at_end(&info.content) ? CMS_OK : CMS_HAS_CONTENT;
}

static enum cms_reason read_signed_data(struct der *data, struct cms_fields *fields)
{
	enum cms_reason reason;

	if (!der_skip(data, TAG_INTEGER) || !der_skip(data, TAG_SET))
		return CMS_NOT_DER;
	reason = read_content_info(data);
	if (reason == CMS_OK)
		reason = read_certs(data, fields);
	if (reason == CMS_OK && !der_skip_optional(data, TAG_1)) /* revocation lists */
		reason = CMS_NOT_DER;
	if (reason == CMS_OK)
		reason = read_signers(data, fields);
	return reason == CMS_OK && !der_at_end(data) ? CMS_NOT_DER : reason;
}

static enum cms_reason read_blob(const uint8_t *blob, uint32_t len, struct cms_fields *fields)
{
	struct der der = { blob, 0, len };
	struct element top, oid, wrapper, data;

	if (!der_element(&der, TAG_SEQUENCE, &top))
		return CMS_NOT_DER;
	if (!der_at_end(&der))
		return CMS_TRAILING;
	if (!der_element(&top.content, TAG_OID, &oid))
		return CMS_NOT_DER;
	if (!content_equals(&oid.content, oid_signed_data, sizeof(oid_signed_data)))
		return CMS_NOT_SIGNED_DATA;
	if (!der_element(&top.content, TAG_0, &wrapper) || !der_at_end(&top.content) ||
	    !der_element(&wrapper.content, TAG_SEQUENCE, &data) || !der_at_end(&wrapper.content))
		return CMS_NOT_DER;
	return read_signed_data(&data.content, fields);
}

enum cms_reason cms_read(const uint8_t *blob, size_t len, struct cms_fields *ret_fields)
{
	struct cms_fields fields;
	enum cms_reason reason;

	memset(&fields, 0, sizeof(fields)); /* it travels: no byte of it may be left to chance */
	if (len > CMS_BLOB_MAX)
		return CMS_TOO_LARGE;
	reason = read_blob(blob, (uint32_t)len, &fields);
	if (reason == CMS_OK)
		*ret_fields = fields;
	return reason;
}
