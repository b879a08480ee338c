/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detached CMS signatures, read into plain fields.
 *
 * cms_read() reads bytes of an attacker: it runs in the judge only, and the broker does not link
 * it (libcms.la). It copies nothing: every field is a range of the blob, so that whoever holds the
 * same blob can check the ranges (prove_cms() does) and read the bytes itself. It understands
 * nothing of keys; prove.h does the proving.
 */
#ifndef BPFGATE_POLICY_CMS_H
#define BPFGATE_POLICY_CMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CMS_SIGNERS_MAX 8
#define CMS_CERTS_MAX	8
#define CMS_BLOB_MAX	(64 * 1024)

/* A range of the blob. Fixed width: these structs travel from the judge to the broker. */
struct cms_range {
	uint32_t offset;
	uint32_t len;
};

enum cms_id_kind { CMS_ID_ISSUER_SERIAL = 1, CMS_ID_KEY_ID = 2 };

struct cms_signer {
	uint32_t id_kind;	  /* enum cms_id_kind */
	uint32_t algo;		  /* enum signer_algo; SIGNER_ALGO_NONE = one we do not know */
	struct cms_range id;	  /* issuer Name in DER with its header, or the key id's bytes */
	struct cms_range serial;  /* content bytes of the INTEGER; empty with a key id */
	struct cms_range sig;
};

struct cms_fields {
	uint32_t signer_cnt;
	uint32_t cert_cnt;
	struct cms_signer signers[CMS_SIGNERS_MAX];
	struct cms_range certs[CMS_CERTS_MAX]; /* whole certificates, with their headers */
};

/* Why a blob was refused; prove_cms_reason() has the sentence, with the command that mends it. */
enum cms_reason {
	CMS_UNREAD,		 /* nobody looked */
	CMS_OK,
	CMS_NOT_DER,		 /* truncated, malformed, indefinite lengths */
	CMS_NOT_SIGNED_DATA,
	CMS_TRAILING,		 /* bytes after the signature */
	CMS_HAS_CONTENT,	 /* not detached */
	CMS_HAS_SIGNED_ATTRS,
	CMS_NO_SIGNER,
	CMS_TOO_MANY,		 /* signers or certificates */
	CMS_TOO_LARGE,
	CMS_REASON_CNT
};

/* What a judge answers about one blob: the reason, and the fields when it is CMS_OK. */
struct cms_answer {
	uint32_t reason;
	struct cms_fields fields;
};
_Static_assert(sizeof(struct cms_answer) == sizeof(uint32_t) + sizeof(struct cms_fields), "no padding");

/* Reads a whole blob. Returns CMS_OK and fills *ret_fields, or says why not. No allocation. */
enum cms_reason cms_read(const uint8_t *blob, size_t len, struct cms_fields *ret_fields);

#endif
