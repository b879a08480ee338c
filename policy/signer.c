/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and the check made with them. Promises that bytes are parsed as a certificate only
 * when root wrote them into a file or a CA that root named has signed every byte of them that is not
 * a constant. It trusts libcrypto's X.509 reader with such bytes and its public-key check with any
 * signature, which is handed over as a string of bounded length.
 */
#include "policy/signer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "proto/own.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

struct signer {
	char *name;
	char *subject;
	enum signer_role role;
	bool revoked;
	bool is_assumed;
	int64_t not_before_s;
	int64_t not_after_s;
	X509 *cert;	 /* NULL: proves nothing */
	EVP_PKEY *key;	 /* the certificate's */
	uint8_t cert_sha256[SIGNER_SHA256_LEN];
	uint8_t *issuer; /* DER */
	int issuer_len;
	uint8_t *serial; /* DER with its header */
	int serial_len;
};

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_cert(X509 **cert)
{
	X509_free(*cert);
}

static void free_key_ctx(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static void done_signer(struct signer **signer)
{
	signer_free(*signer);
}

#define OWN_BIO	    __attribute__((cleanup(free_bio))) BIO *
#define OWN_CERT    __attribute__((cleanup(free_cert))) X509 *
#define OWN_KEY_CTX __attribute__((cleanup(free_key_ctx))) EVP_PKEY_CTX *
#define OWN_SIGNER  __attribute__((cleanup(done_signer))) struct signer *

void signer_free(struct signer *signer)
{
	if (!signer)
		return;
	X509_free(signer->cert);
	OPENSSL_free(signer->issuer);
	OPENSSL_free(signer->serial);
	free(signer->name);
	free(signer->subject);
	free(signer);
}

int signer_without_key(const struct signer_options *options, struct signer **ret_signer)
{
	OWN_SIGNER signer = calloc(1, sizeof(*signer));

	if (!signer)
		return -ENOMEM;
	signer->name = strdup(options->name);
	signer->subject = strdup("");
	if (!signer->name || !signer->subject)
		return -ENOMEM;
	signer->role = options->role;
	signer->revoked = options->revoked;
	signer->is_assumed = options->is_assumed;
	signer->not_after_s = options->not_after_s ? options->not_after_s : INT64_MAX;
	*ret_signer = TAKE_PTR(signer);
	return 0;
}

/* What the check below can be trusted with: no small keys, no curves beyond these two. */
static bool is_known_key(EVP_PKEY *key)
{
	char group[32] = "";
	size_t len;

	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN && EVP_PKEY_get_bits(key) <= RSA_BITS_MAX;
	if (!EVP_PKEY_is_a(key, "EC") || !EVP_PKEY_get_group_name(key, group, sizeof(group), &len))
		return false;
	return strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0;
}

static int time_seconds(const ASN1_TIME *time, int64_t *ret_seconds)
{
	struct tm tm;

	if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
		return -EBADMSG;
	*ret_seconds = timegm(&tm);
	return 0;
}

static int fill_names(struct signer *signer)
{
	char subject[128] = "";

	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(signer->cert), NID_commonName, subject,
					sizeof(subject));
	free(signer->subject);
	signer->subject = strdup(subject);
	signer->issuer_len = i2d_X509_NAME(X509_get_issuer_name(signer->cert), &signer->issuer);
	signer->serial_len = i2d_ASN1_INTEGER(X509_get_serialNumber(signer->cert), &signer->serial);
	return signer->subject && signer->issuer_len > 0 && signer->serial_len > 2 ? 0 : -EBADMSG;
}

/* Makes the signer that of a certificate, which is consumed. */
static int set_cert(struct signer *signer, X509 *take_cert)
{
	unsigned int len = 0;
	int r;

	signer->cert = take_cert;
	signer->key = X509_get0_pubkey(take_cert);
	if (!signer->key)
		return -EBADMSG;
	if (!is_known_key(signer->key))
		return -EOPNOTSUPP;
	if (!X509_digest(take_cert, EVP_sha256(), signer->cert_sha256, &len))
		return -ENOMEM;
	r = fill_names(signer);
	if (r == 0)
		r = time_seconds(X509_get0_notBefore(take_cert), &signer->not_before_s);
	if (r == 0)
		r = time_seconds(X509_get0_notAfter(take_cert), &signer->not_after_s);
	return r;
}

/* One certificate and no second one: of two, which would be meant? */
static X509 *read_pem(const char *pem, size_t len)
{
	OWN_BIO bio = NULL;
	OWN_CERT cert = NULL;
	OWN_CERT second = NULL;

	if (len > INT32_MAX)
		return NULL;
	bio = BIO_new_mem_buf(pem, (int)len);
	if (!bio)
		return NULL;
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	second = cert ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	ERR_clear_error(); /* "no start line" is how the end of the file is told */
	return second ? NULL : TAKE_PTR(cert);
}

int signer_from_pem(const char *pem, size_t len, const struct signer_options *options,
		    struct signer **ret_signer)
{
	OWN_SIGNER signer = NULL;
	X509 *cert;
	int r;

	r = signer_without_key(options, &signer);
	if (r < 0)
		return r;
	cert = read_pem(pem, len);
	if (!cert)
		return -EBADMSG;
	r = set_cert(signer, cert);
	if (r < 0)
		return r;
	if (options->cert_sha256 &&
	    memcmp(options->cert_sha256, signer->cert_sha256, SIGNER_SHA256_LEN) != 0)
		return -EKEYREJECTED;
	if (options->role == SIGNER_CA && X509_check_ca(cert) == 0)
		return -EINVAL;
	if (options->not_after_s && options->not_after_s < signer->not_after_s)
		signer->not_after_s = options->not_after_s;
	*ret_signer = TAKE_PTR(signer);
	return 0;
}

const char *signer_name(const struct signer *signer)
{
	return signer->name;
}

const char *signer_subject(const struct signer *signer)
{
	return signer->subject;
}

const uint8_t *signer_cert_sha256(const struct signer *signer)
{
	return signer->cert_sha256;
}

enum signer_role signer_role(const struct signer *signer)
{
	return signer->role;
}

int64_t signer_not_after(const struct signer *signer)
{
	return signer->not_after_s;
}

int signer_usable(const struct signer *signer, int64_t now_s)
{
	if (signer->revoked)
		return -EKEYREVOKED;
	if (!signer->key && !signer->is_assumed)
		return -ENOKEY;
	return now_s < signer->not_before_s || now_s > signer->not_after_s ? -EKEYEXPIRED : 0;
}

bool signer_is_named(const struct signer *signer, const uint8_t *issuer, size_t issuer_len,
		     const uint8_t *serial, size_t serial_len)
{
	/* the serial's content is short, so its header is two bytes */
	return signer->key && issuer_len == (size_t)signer->issuer_len &&
	       memcmp(issuer, signer->issuer, issuer_len) == 0 &&
	       serial_len == (size_t)signer->serial_len - 2 &&
	       memcmp(serial, signer->serial + 2, serial_len) == 0;
}

bool signer_has_key_id(const struct signer *signer, const uint8_t *id, size_t len)
{
	const ASN1_OCTET_STRING *own = signer->cert ? X509_get0_subject_key_id(signer->cert) : NULL;

	return own && len > 0 && len == (size_t)ASN1_STRING_length(own) &&
	       memcmp(id, ASN1_STRING_get0_data(own), len) == 0;
}

/* What each algorithm is made of, and how a certificate spells it (AlgorithmIdentifier in DER). */
static const struct algo {
	const char *key;
	const EVP_MD *(*digest)(void);
	uint8_t der_len;
	uint8_t der[15];
} algos[SIGNER_ALGO_CNT] = {
	[SIGNER_RSA_SHA256] = { "RSA", EVP_sha256, 15,
				{ 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
				  0x01, 0x0b, 0x05, 0x00 } },
	[SIGNER_RSA_SHA384] = { "RSA", EVP_sha384, 15,
				{ 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
				  0x01, 0x0c, 0x05, 0x00 } },
	[SIGNER_RSA_SHA512] = { "RSA", EVP_sha512, 15,
				{ 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
				  0x01, 0x0d, 0x05, 0x00 } },
	[SIGNER_ECDSA_SHA256] = { "EC", EVP_sha256, 12,
				  { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03,
				    0x02 } },
	[SIGNER_ECDSA_SHA384] = { "EC", EVP_sha384, 12,
				  { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03,
				    0x03 } },
	[SIGNER_ECDSA_SHA512] = { "EC", EVP_sha512, 12,
				  { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03,
				    0x04 } },
};

/* Does the signature of `digest` verify with the signer's key? No look at dates here. */
static int check_signature(const struct signer *signer, const struct algo *algo,
			   const uint8_t *digest, size_t digest_len, const uint8_t *sig,
			   size_t sig_len)
{
	OWN_KEY_CTX ctx = NULL;
	int r;

	if (!algo->key || !EVP_PKEY_is_a(signer->key, algo->key))
		return -EOPNOTSUPP;
	if (sig_len > SIGNER_SIG_MAX)
		return -EKEYREJECTED;
	ctx = EVP_PKEY_CTX_new(signer->key, NULL);
	if (!ctx || EVP_PKEY_verify_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, algo->digest()) != 1)
		return -ENOMEM;
	if (strcmp(algo->key, "RSA") == 0 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1)
		return -ENOMEM;
	r = EVP_PKEY_verify(ctx, sig, sig_len, digest, digest_len);
	ERR_clear_error();
	return r == 1 ? 0 : -EKEYREJECTED;
}

int signer_prove(const struct signer *signer, const uint8_t sha256[SIGNER_SHA256_LEN],
		 enum signer_algo algo, const uint8_t *sig, size_t sig_len, int64_t now_s)
{
	int r = signer->key ? signer_usable(signer, now_s) : -ENOKEY;

	if (r < 0)
		return r;
	if (algo != SIGNER_RSA_SHA256 && algo != SIGNER_ECDSA_SHA256)
		return -EOPNOTSUPP;
	return check_signature(signer, &algos[algo], sha256, SIGNER_SHA256_LEN, sig, sig_len);
}

/* A part of a certificate's frame. */
struct part {
	const uint8_t *bytes;
	size_t len;
};

/*
 * Cuts one DER element with this tag off the front: header and content together in *ret_whole, the
 * content in *ret_content. Lengths of one to three bytes, which is all a certificate needs.
 */
static int cut_element(struct part *rest, uint8_t tag, struct part *ret_whole,
		       struct part *ret_content)
{
	size_t header = 2, len, i, more;

	if (rest->len < 2 || rest->bytes[0] != tag)
		return -EBADMSG;
	len = rest->bytes[1];
	if (len >= 0x80) {
		more = len & 0x7f;
		if (more < 1 || more > 2 || rest->len < 2 + more)
			return -EBADMSG;
		for (len = 0, i = 0; i < more; i++)
			len = len << 8 | rest->bytes[2 + i];
		header += more;
	}
	if (len > rest->len - header)
		return -EBADMSG;
	*ret_whole = (struct part){ rest->bytes, header + len };
	*ret_content = (struct part){ rest->bytes + header, len };
	rest->bytes += header + len;
	rest->len -= header + len;
	return 0;
}

/* The algorithm whose constant stands at the front, cut off; NULL when none does. */
static const struct algo *cut_algo(struct part *rest)
{
	size_t i;

	for (i = 0; i < ARRAY_CNT(algos); i++) {
		size_t len = algos[i].der_len;

		if (len && rest->len >= len && memcmp(rest->bytes, algos[i].der, len) == 0) {
			rest->bytes += len;
			rest->len -= len;
			return &algos[i];
		}
	}
	return NULL;
}

/* Certificate ::= SEQUENCE { tbs, algorithm, BIT STRING }: nothing before, between or after. */
static int prove_cert(const struct signer *ca, const uint8_t *cert, size_t cert_len)
{
	struct part all = { cert, cert_len }, inner, whole, tbs, content, bits;
	uint8_t digest[EVP_MAX_MD_SIZE];
	const struct algo *algo;
	unsigned int digest_len = 0;

	if (cut_element(&all, 0x30, &whole, &inner) < 0 || all.len != 0 ||
	    cut_element(&inner, 0x30, &tbs, &content) < 0)
		return -EBADMSG;
	algo = cut_algo(&inner);
	if (!algo)
		return -EOPNOTSUPP;
	if (cut_element(&inner, 0x03, &whole, &bits) < 0 || inner.len != 0 || bits.len < 2 ||
	    bits.bytes[0] != 0)
		return -EBADMSG;
	if (EVP_Digest(tbs.bytes, tbs.len, digest, &digest_len, algo->digest(), NULL) != 1)
		return -ENOMEM;
	return check_signature(ca, algo, digest, digest_len, bits.bytes + 1, bits.len - 1);
}

/* May this certificate, which the CA vouches for, sign objects? */
static int check_leaf(const struct signer *ca, X509 *cert)
{
	uint32_t usage = X509_get_key_usage(cert), extended = X509_get_extended_key_usage(cert);

	if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(ca->cert)) != 0)
		return -EKEYREJECTED;
	if (X509_check_ca(cert) != 0)
		return -EKEYREJECTED;
	if (usage != UINT32_MAX && !(usage & KU_DIGITAL_SIGNATURE))
		return -EKEYREJECTED;
	return extended != UINT32_MAX && !(extended & XKU_CODE_SIGN) ? -EKEYREJECTED : 0;
}

int signer_issue(const struct signer *ca, const uint8_t *cert, size_t cert_len, int64_t now_s,
		 struct signer **ret_leaf)
{
	struct signer_options options = { .name = ca->name, .role = SIGNER_LEAF };
	const unsigned char *at = cert;
	OWN_SIGNER leaf = NULL;
	OWN_CERT parsed = NULL;
	int r;

	r = ca->role == SIGNER_CA && ca->key ? signer_usable(ca, now_s) : -ENOKEY;
	if (r == 0 && cert_len > SIGNER_CERT_MAX)
		r = -EBADMSG;
	if (r == 0)
		r = prove_cert(ca, cert, cert_len);
	if (r == 0)
		r = signer_without_key(&options, &leaf);
	if (r < 0)
		return r;
	parsed = d2i_X509(NULL, &at, (long)cert_len);
	if (!parsed || at != cert + cert_len)
		return -EBADMSG;
	r = check_leaf(ca, parsed);
	if (r == 0)
		r = set_cert(leaf, TAKE_PTR(parsed));
	if (r == 0)
		r = signer_usable(leaf, now_s);
	if (r < 0)
		return r;
	*ret_leaf = TAKE_PTR(leaf);
	return 0;
}

int signer_sha256(const void *bytes, size_t len, uint8_t ret_digest[SIGNER_SHA256_LEN])
{
	return EVP_Digest(bytes, len, ret_digest, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}
