/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signers: X.509 certificates that the administrator named, and the one public-key check made with
 * them. Nothing here parses bytes of a client: certificates come from files that only root writes,
 * or have been signed by such a one (signer_issue()).
 */
#ifndef BPFGATE_POLICY_SIGNER_H
#define BPFGATE_POLICY_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNER_SHA256_LEN  32
#define SIGNER_SIG_MAX	   1024 /* RSA-8192; larger is refused unread */
#define SIGNER_CERT_MAX	   8192
#define SIGNER_ID_MAX	   1024 /* issuer name in DER, or key id */
#define SIGNER_SERIAL_MAX  64

struct signer;

enum signer_role {
	SIGNER_LEAF, /* its own key signs objects */
	SIGNER_CA,   /* issues the certificates whose keys sign objects */
};

/* What the signature is made with; the numbers travel between judge and broker. */
enum signer_algo {
	SIGNER_ALGO_NONE = 0,
	SIGNER_RSA_SHA256 = 1, /* PKCS#1 v1.5 */
	SIGNER_RSA_SHA384 = 2,
	SIGNER_RSA_SHA512 = 3,
	SIGNER_ECDSA_SHA256 = 4, /* P-256, P-384 */
	SIGNER_ECDSA_SHA384 = 5,
	SIGNER_ECDSA_SHA512 = 6,
	SIGNER_ALGO_CNT
};

struct signer_options {
	const char *name;	       /* as rules say it; copied */
	enum signer_role role;
	const uint8_t *cert_sha256;    /* pin: 32 bytes over the DER, or NULL */
	int64_t not_after_s;	       /* 0 = the certificate's own */
	bool revoked;
	bool is_assumed;	       /* signer_without_key() only: see there */
};

/*
 * From one PEM certificate. Returns 0; -EBADMSG not a certificate (or more than one); -EKEYREJECTED
 * the pin differs; -EOPNOTSUPP a key that is neither RSA 2048..8192 nor P-256/P-384; -EINVAL a CA
 * role for a certificate that is none; -ENOMEM.
 */
int signer_from_pem(const char *pem, size_t len, const struct signer_options *options,
		    struct signer **ret_signer);

/*
 * A signer without a key: it has a name, and signer_prove() says -ENOKEY. When it is assumed (for
 * trying out rules where the keys are not), signer_usable() still says that it is good, and its
 * certificate's digest is all zero: no signature can lead there. 0 or -ENOMEM.
 */
int signer_without_key(const struct signer_options *options, struct signer **ret_signer);

/* NULL is fine. */
void signer_free(struct signer *signer);

/* What policy files call it; SHA-256 of the certificate, 32 bytes. Borrowed from the signer. */
const char *signer_name(const struct signer *signer);
const char *signer_subject(const struct signer *signer); /* common name, "" when none */
const uint8_t *signer_cert_sha256(const struct signer *signer);
enum signer_role signer_role(const struct signer *signer);
int64_t signer_not_after(const struct signer *signer);

/* 0 usable at now_s; -EKEYREVOKED; -EKEYEXPIRED (also: not yet valid); -ENOKEY. */
int signer_usable(const struct signer *signer, int64_t now_s);

/* Is this certificate the one that (issuer, serial) or (key id) names? All bytes, no parsing. */
bool signer_is_named(const struct signer *signer, const uint8_t *issuer, size_t issuer_len,
		     const uint8_t *serial, size_t serial_len);
bool signer_has_key_id(const struct signer *signer, const uint8_t *id, size_t len);

/*
 * The check: did the holder of this key sign this SHA-256? Returns 0 when so; -EKEYREJECTED when
 * not; -EKEYREVOKED, -EKEYEXPIRED, -ENOKEY as signer_usable(); -EOPNOTSUPP for an algorithm that is
 * not over SHA-256 or not of this key.
 */
int signer_prove(const struct signer *signer, const uint8_t sha256[SIGNER_SHA256_LEN],
		 enum signer_algo algo, const uint8_t *sig, size_t sig_len, int64_t now_s);

/*
 * A leaf that this CA issued, from its raw DER. The outer frame is compared byte by byte with the few
 * forms it can have and the CA's signature over the inner part is proved; only then, when every byte
 * is either a known constant or vouched for by the CA, is the certificate parsed. The leaf must be
 * valid at now_s, must name the CA as its issuer, must not be a CA itself, and its key usage (where
 * stated) must permit signing (code signing, where extended usage is stated). Returns 0; errors as
 * signer_prove(), -EBADMSG for what is not such a certificate.
 */
int signer_issue(const struct signer *ca, const uint8_t *cert, size_t cert_len, int64_t now_s,
		 struct signer **ret_leaf);

/* SHA-256, for those who have no other. 0 or -ENOMEM. */
int signer_sha256(const void *bytes, size_t len, uint8_t ret_digest[SIGNER_SHA256_LEN]);

#endif
