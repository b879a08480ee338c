/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and CMS signatures of a kept file (sweep.pem), taken apart: each byte changed, each
 * cut, each time at its boundary, each claim of a lying judge one off. What is said is compared
 * with signed.golden.
 */
#include "tests/policy/rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "policy/appended.h"
#include "policy/prove.h"
#include "policy/signer.h"
#include "proto/own.h"
#include "tests/lib/golden.h"

#define NOW	  1893456000 /* 2030 */
#define PARTS_MAX 40
#define OBJECT	  "an object's bytes, whatever they are\n"

/* The file's parts, by the word before each: "ca", "cms1", "sig-leaf". */
struct part {
	char name[16];
	char *pem;
	size_t pem_len;
	unsigned char *bytes;
	long len;
};
static struct part parts[PARTS_MAX];
static size_t part_cnt;

static void read_part(char *text, char *end)
{
	struct part *part = &parts[part_cnt++];
	char *begin = strstr(text, "-----BEGIN"), *label, *header;
	BIO *bio;

	ck_assert_uint_le(part_cnt, PARTS_MAX);
	while (*text == '\n')
		text++;
	(void)snprintf(part->name, sizeof(part->name), "%.*s", (int)strcspn(text, ":"), text);
	part->pem = strndup(begin, (size_t)(end - begin));
	part->pem_len = (size_t)(end - begin);
	bio = BIO_new_mem_buf(part->pem, (int)part->pem_len);
	ck_assert_int_eq(PEM_read_bio(bio, &label, &header, &part->bytes, &part->len), 1);
	OPENSSL_free(label);
	OPENSSL_free(header);
	BIO_free(bio);
}

static void read_parts(void)
{
	char path[4096], *at, *next;
	OWN_MEM char *text = calloc(1, 64 * 1024);
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/tests/policy/sweep.pem", getenv("srcdir") ?: ".");
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(text, 1, 64 * 1024 - 1, file), 1000);
	(void)fclose(file);
	for (at = strchr(text, '\n'); (next = strstr(at, "-----END")); at = next) {
		next = strchr(next, '\n');
		read_part(at, next + 1);
	}
}

static void free_parts(void)
{
	for (size_t i = 0; i < part_cnt; i++) {
		free(parts[i].pem);
		OPENSSL_free(parts[i].bytes);
	}
	part_cnt = 0;
}

static const struct part *part_of(const char *name)
{
	for (size_t i = 0; i < part_cnt; i++)
		if (!strcmp(parts[i].name, name))
			return &parts[i];
	ck_abort_msg("no part %s", name);
}

static struct signer *signer_of(const char *name, enum signer_role role)
{
	struct signer_options options = { .name = name, .role = role };
	const struct part *part = part_of(name);
	struct signer *signer = NULL;

	ck_assert_int_eq(signer_from_pem(part->pem, part->pem_len, &options, &signer), 0);
	return signer;
}

/* ---- reading CMS ---- */

static uint64_t fold_fields(uint64_t sum, const struct cms_fields *f)
{
	sum = golden_fold_u64(sum, (uint64_t)f->signer_cnt << 32 | f->cert_cnt);
	sum = golden_fold(sum, f->signers, f->signer_cnt * sizeof(f->signers[0]));
	return golden_fold(sum, f->certs, f->cert_cnt * sizeof(f->certs[0]));
}

static enum cms_reason read_exact(const uint8_t *blob, size_t len, uint64_t *io_sum)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct cms_fields fields;
	enum cms_reason reason;

	memset(&fields, 0xee, sizeof(fields));
	memcpy(copy, blob, len);
	reason = cms_read(copy, len, &fields);
	*io_sum = golden_fold_u64(*io_sum, reason);
	if (reason == CMS_OK)
		*io_sum = fold_fields(*io_sum, &fields);
	free(copy);
	return reason;
}

/* Each byte one more, one less, and with each high bit; each length; each DER element left out by
 * its tag. */
static uint64_t sweep_cms(const struct part *part)
{
	static const uint8_t adds[] = { 1, 0xff, 0x80, 0x20, 2, 0x7f };
	uint64_t sum = GOLDEN_SUM;

	for (long at = 0; at < part->len; at++) {
		for (size_t i = 0; i < ARRAY_CNT(adds); i++) {
			part->bytes[at] = (uint8_t)(part->bytes[at] + adds[i]);
			(void)read_exact(part->bytes, (size_t)part->len, &sum);
			part->bytes[at] = (uint8_t)(part->bytes[at] - adds[i]);
		}
		(void)read_exact(part->bytes, (size_t)at, &sum);
	}
	return sum;
}

START_TEST(each_byte_of_a_signature_changed)
{
	struct golden *golden = golden_begin("tests/policy/cms.golden");

	read_parts();
	for (size_t i = 0; i < part_cnt; i++) {
		uint64_t sum = GOLDEN_SUM;
		enum cms_reason reason;

		if (strncmp(parts[i].name, "cms", 3))
			continue;
		reason = read_exact(parts[i].bytes, (size_t)parts[i].len, &sum);
		golden_line(golden, "%s: %u %016jx, changed %016jx", parts[i].name, reason,
			    (uintmax_t)sum, (uintmax_t)sweep_cms(&parts[i]));
	}
	for (enum cms_reason reason = 0; reason <= CMS_REASON_CNT; reason++)
		golden_line(golden, "%u: %s", reason, prove_cms_reason(reason) ?: "(none)");
	free_parts();
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- CMS made by hand: counts and sizes at their limits ---- */

struct der_out {
	uint8_t bytes[80 * 1024];
	size_t len;
};

/* Puts a header before what stands from `from` on. */
static void der_wrap(struct der_out *out, size_t from, uint8_t tag)
{
	size_t len = out->len - from, more = len < 0x80	     ? 0
					     : len < 0x100   ? 1
					     : len < 0x10000 ? 2
							     : 3;

	memmove(out->bytes + from + 2 + more, out->bytes + from, len);
	out->bytes[from] = tag;
	out->bytes[from + 1] = more ? (uint8_t)(0x80 | more) : (uint8_t)len;
	for (size_t i = 0; i < more; i++)
		out->bytes[from + 2 + i] = (uint8_t)(len >> 8 * (more - 1 - i));
	out->len += 2 + more;
}

static void der_put(struct der_out *out, uint8_t tag, const void *content, size_t len)
{
	size_t from = out->len;

	if (content)
		memcpy(out->bytes + from, content, len);
	else
		memset(out->bytes + from, 0x11, len);
	out->len += len;
	der_wrap(out, from, tag);
}

struct made {
	unsigned int signers, certs;
	size_t sig, serial, key_id, issuer, cert;
	uint8_t cert_tag;
	const char *digest, *algo; /* OIDs' bytes */
	bool crl, unsigned_attrs, parameters;
};

#define OID_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define OID_RSA	   "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

static void der_algorithm(struct der_out *out, const char *oid, bool parameters)
{
	size_t from = out->len;

	der_put(out, 0x06, oid, strlen(oid));
	if (parameters)
		der_put(out, 0x05, "", 0);
	der_wrap(out, from, 0x30);
}

static void der_signer(struct der_out *out, const struct made *made)
{
	size_t from = out->len, id;

	der_put(out, 0x02, "\x01", 1);
	id = out->len;
	if (made->key_id != SIZE_MAX) {
		der_put(out, 0x80, NULL, made->key_id);
	} else {
		der_put(out, 0x30, NULL, made->issuer);
		der_put(out, 0x02, NULL, made->serial);
		der_wrap(out, id, 0x30);
	}
	der_algorithm(out, made->digest, made->parameters);
	der_algorithm(out, made->algo, made->parameters);
	der_put(out, 0x04, NULL, made->sig);
	if (made->unsigned_attrs)
		der_put(out, 0xa1, "\x05", 1);
	der_wrap(out, from, 0x30);
}

static void der_cms(struct der_out *out, const struct made *made)
{
	size_t at;

	out->len = 0;
	der_put(out, 0x06, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 9);
	der_put(out, 0x02, "\x01", 1);
	der_put(out, 0x31, "", 0);
	at = out->len;
	der_put(out, 0x06, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 9);
	der_wrap(out, at, 0x30);
	at = out->len;
	for (unsigned int i = 0; i < made->certs; i++)
		der_put(out, made->cert_tag, NULL, made->cert);
	if (made->certs)
		der_wrap(out, at, 0xa0);
	if (made->crl)
		der_put(out, 0xa1, "", 0);
	at = out->len;
	for (unsigned int i = 0; i < made->signers; i++)
		der_signer(out, made);
	der_wrap(out, at, 0x31);
	der_wrap(out, 11, 0x30);
	der_wrap(out, 11, 0xa0);
	der_wrap(out, 0, 0x30);
}

static enum cms_reason read_made(struct made made, struct golden *golden, const char *what)
{
	static struct der_out out;
	uint64_t sum = GOLDEN_SUM;
	enum cms_reason reason;

	der_cms(&out, &made);
	reason = read_exact(out.bytes, out.len, &sum);
	golden_line(golden, "%s: %u, %zu bytes, %016jx", what, reason, out.len, (uintmax_t)sum);
	return reason;
}

START_TEST(counts_and_sizes_of_a_signature_at_their_limits)
{
	static const char *const digests[] = { OID_SHA256,
					       "\x60\x86\x48\x01\x65\x03\x04\x02\x02",
					       "\x60\x86\x48\x01\x65\x03\x04\x02\x03",
					       "\x60\x86\x48\x01\x65\x03\x04\x02\x04",
					       "\x60\x86\x48\x01\x65\x03\x04\x03\x01",
					       "\x2b" };
	static const char *const algos[] = { OID_RSA,
					     "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b",
					     "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c",
					     "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d",
					     "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e",
					     "\x2a\x86\x48\xce\x3d\x04\x03\x02",
					     "\x2a\x86\x48\xce\x3d\x04\x03\x03",
					     "\x2a\x86\x48\xce\x3d\x04\x03\x04",
					     "\x2a\x86\x48\xce\x3d\x04\x03\x01" };
	const struct made good = { .signers = 1,
				   .sig = 256,
				   .serial = 8,
				   .key_id = SIZE_MAX,
				   .issuer = 20,
				   .cert_tag = 0x30,
				   .digest = OID_SHA256,
				   .algo = OID_RSA };
	struct golden *golden = golden_begin("tests/policy/made.golden");
	struct made m = good;

#define TRY(field, value, is)                                                                      \
	do {                                                                                       \
		m = good;                                                                          \
		m.field = (value);                                                                 \
		ck_assert_int_eq(read_made(m, golden, #field " " #value), (is));                   \
	} while (0)
	ck_assert_int_eq(read_made(good, golden, "good"), CMS_OK);
	TRY(signers, 0, CMS_NO_SIGNER);
	TRY(signers, CMS_SIGNERS_MAX, CMS_OK);
	TRY(signers, CMS_SIGNERS_MAX + 1, CMS_TOO_MANY);
	TRY(certs, 1, CMS_OK);
	TRY(certs, CMS_CERTS_MAX, CMS_OK);
	TRY(certs, CMS_CERTS_MAX + 1, CMS_TOO_MANY);
	TRY(sig, 0, CMS_OK);
	TRY(sig, SIGNER_SIG_MAX, CMS_OK);
	TRY(sig, SIGNER_SIG_MAX + 1, CMS_TOO_LARGE);
	TRY(serial, 0, CMS_NOT_DER);
	TRY(serial, 1, CMS_OK);
	TRY(serial, SIGNER_SERIAL_MAX, CMS_OK);
	TRY(serial, SIGNER_SERIAL_MAX + 1, CMS_NOT_DER);
	TRY(key_id, 0, CMS_NOT_DER);
	TRY(key_id, 1, CMS_OK);
	TRY(key_id, SIGNER_ID_MAX, CMS_OK);
	TRY(key_id, SIGNER_ID_MAX + 1, CMS_NOT_DER);
	TRY(issuer, SIGNER_ID_MAX - 4, CMS_OK);
	TRY(issuer, SIGNER_ID_MAX - 3, CMS_NOT_DER);
	TRY(crl, true, CMS_OK);
	TRY(unsigned_attrs, true, CMS_OK);
	TRY(parameters, true, CMS_OK);
	for (int more = -1; more <= 1; more++) {
		m = good;
		m.certs = 1;
		m.cert = (size_t)(SIGNER_CERT_MAX - 4 + more);
		ck_assert_int_eq(read_made(m, golden, "a certificate's bytes"),
				 more > 0 ? CMS_TOO_LARGE : CMS_OK);
		m.cert_tag = 0xa1;
		m.cert = 30;
		ck_assert_int_eq(read_made(m, golden, "another kind of certificate"), CMS_OK);
	}
	for (size_t d = 0; d < ARRAY_CNT(digests); d++)
		for (size_t a = 0; a < ARRAY_CNT(algos); a++) {
			m = good;
			m.digest = digests[d];
			m.algo = algos[a];
			(void)read_made(m, golden, "algorithms");
		}
	/* Lengths of 127, 128, 255, 256 and 65535, 65536 bytes in their shortest form. */
	for (size_t len = 110; len < 300; len++) {
		m = good;
		m.sig = len;
		ck_assert_int_eq(read_made(m, golden, "sig"), CMS_OK);
	}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(a_blob_of_64_kib_is_read_and_no_more)
{
	static uint8_t blob[CMS_BLOB_MAX + 1];
	struct cms_fields fields;

	ck_assert_int_eq(cms_read(blob, CMS_BLOB_MAX, &fields), CMS_NOT_DER);
	ck_assert_int_eq(cms_read(blob, CMS_BLOB_MAX + 1, &fields), CMS_TOO_LARGE);
}
END_TEST

/* ---- certificates ---- */

START_TEST(which_certificates_may_be_named)
{
	struct golden *golden = golden_begin("tests/policy/certs.golden");

	read_parts();
	for (size_t i = 0; i < part_cnt; i++)
		for (enum signer_role role = SIGNER_LEAF; role <= SIGNER_CA; role++) {
			struct signer_options options = { .name = parts[i].name, .role = role };
			struct signer *signer = NULL;
			int r = signer_from_pem(parts[i].pem, parts[i].pem_len, &options, &signer);

			golden_line(golden, "%s as %u: %d, \"%s\" until %jd", parts[i].name, role,
				    r, r ? "" : signer_subject(signer),
				    r ? (intmax_t)0 : (intmax_t)signer_not_after(signer));
			if (r == 0) {
				ck_assert_str_eq(signer_name(signer), parts[i].name);
				ck_assert_int_eq(signer_role(signer), role);
			}
			signer_free(signer);
		}
	free_parts();
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(a_pin_a_date_and_a_second_certificate)
{
	struct signer_options options = { .name = "x" };
	struct signer *signer = NULL, *plain;
	uint8_t pin[SIGNER_SHA256_LEN];
	OWN_MEM char *two = NULL;
	int64_t until;

	read_parts();
	plain = signer_of("leaf", SIGNER_LEAF);
	until = signer_not_after(plain);
	memcpy(pin, signer_cert_sha256(plain), sizeof(pin));
	options.cert_sha256 = pin;
	for (size_t i = 0; i < sizeof(pin); i++) {
		pin[i] ^= 1;
		ck_assert_int_eq(signer_from_pem(part_of("leaf")->pem, part_of("leaf")->pem_len,
						 &options, &signer),
				 -EKEYREJECTED);
		pin[i] ^= 1;
	}
	options.not_after_s = NOW;
	ck_assert_int_eq(
		signer_from_pem(part_of("leaf")->pem, part_of("leaf")->pem_len, &options, &signer),
		0);
	ck_assert_int_eq(signer_not_after(signer), NOW);
	ck_assert_int_eq(signer_usable(signer, NOW), 0);
	ck_assert_int_eq(signer_usable(signer, NOW + 1), -EKEYEXPIRED);
	signer_free(signer);
	options.not_after_s = until + 1;
	ck_assert_int_eq(
		signer_from_pem(part_of("leaf")->pem, part_of("leaf")->pem_len, &options, &signer),
		0);
	ck_assert_int_eq(signer_not_after(signer), until);
	signer_free(signer);
	ck_assert_int_gt(asprintf(&two, "%s%s", part_of("leaf")->pem, part_of("ca")->pem), 0);
	options.cert_sha256 = NULL;
	ck_assert_int_eq(signer_from_pem(two, strlen(two), &options, &signer), -EBADMSG);
	ck_assert_int_eq(signer_from_pem("x", 1, &options, &signer), -EBADMSG);
	ck_assert_int_eq(signer_from_pem("", 0, &options, &signer), -EBADMSG);
	signer_free(plain);
	free_parts();
}
END_TEST

/* The first second at which it is good. */
static int64_t first_good(const struct signer *signer)
{
	int64_t lo = 0, hi = NOW;

	while (lo + 1 < hi) {
		int64_t mid = (lo + hi) / 2;

		if (signer_usable(signer, mid) == 0)
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

START_TEST(a_signer_is_good_from_its_first_second_to_its_last)
{
	struct signer_options options = { .name = "n", .not_after_s = 50, .is_assumed = true };
	struct signer *leaf, *none;

	read_parts();
	leaf = signer_of("leaf", SIGNER_LEAF);
	ck_assert_int_eq(first_good(leaf) % 86400, 9 * 3600 + 6 * 60 + 52);
	ck_assert_int_eq(signer_usable(leaf, first_good(leaf) - 1), -EKEYEXPIRED);
	ck_assert_int_eq(signer_usable(leaf, signer_not_after(leaf)), 0);
	ck_assert_int_eq(signer_usable(leaf, signer_not_after(leaf) + 1), -EKEYEXPIRED);
	signer_free(leaf);
	ck_assert_int_eq(signer_without_key(&options, &none), 0);
	ck_assert_int_eq(signer_usable(none, 50), 0);
	ck_assert_int_eq(signer_usable(none, 51), -EKEYEXPIRED);
	ck_assert_str_eq(signer_subject(none), "");
	ck_assert(!signer_is_named(none, (const uint8_t *)"", 0, (const uint8_t *)"", 0));
	ck_assert(!signer_has_key_id(none, (const uint8_t *)"", 0));
	ck_assert_int_eq(signer_prove(none, signer_cert_sha256(none), SIGNER_RSA_SHA256,
				      (const uint8_t *)"", 0, 50),
			 -ENOKEY);
	signer_free(none);
	options.is_assumed = false;
	ck_assert_int_eq(signer_without_key(&options, &none), 0);
	ck_assert_int_eq(signer_usable(none, 50), -ENOKEY);
	signer_free(none);
	options.revoked = true;
	ck_assert_int_eq(signer_without_key(&options, &none), 0);
	ck_assert_int_eq(signer_usable(none, 50), -EKEYREVOKED);
	signer_free(none);
	free_parts();
}
END_TEST

START_TEST(each_algorithm_with_each_key_and_each_byte_of_the_signature)
{
	static const char *const keys[] = { "leaf", "rleaf", "p384", "ca" };
	static const char *const sigs[] = { "sig-leaf", "sig-rleaf", "sig-p384" };
	struct golden *golden = golden_begin("tests/policy/proved.golden");
	uint8_t sha256[SIGNER_SHA256_LEN];

	read_parts();
	ck_assert_int_eq(signer_sha256(OBJECT, strlen(OBJECT), sha256), 0);
	for (size_t k = 0; k < ARRAY_CNT(keys); k++)
		for (size_t s = 0; s < ARRAY_CNT(sigs); s++) {
			struct signer *signer = signer_of(keys[k], SIGNER_LEAF);
			const struct part *sig = part_of(sigs[s]);
			int of[SIGNER_ALGO_CNT], long_one, changed;

			for (enum signer_algo algo = 0; algo < SIGNER_ALGO_CNT; algo++)
				of[algo] = signer_prove(signer, sha256, algo, sig->bytes,
							(size_t)sig->len, NOW);
			sha256[31] ^= 1;
			changed = signer_prove(signer, sha256,
					       k == 1 ? SIGNER_RSA_SHA256 : SIGNER_ECDSA_SHA256,
					       sig->bytes, (size_t)sig->len, NOW);
			sha256[31] ^= 1;
			long_one = signer_prove(signer, sha256,
						k == 1 ? SIGNER_RSA_SHA256 : SIGNER_ECDSA_SHA256,
						sig->bytes, (size_t)sig->len - 1, NOW);
			golden_line(
				golden,
				"%s %s: %d %d %d %d %d %d %d, changed %d, cut %d, too early %d, too late %d",
				keys[k], sigs[s], of[0], of[1], of[2], of[3], of[4], of[5], of[6],
				changed, long_one,
				signer_prove(signer, sha256, SIGNER_ECDSA_SHA256, sig->bytes,
					     (size_t)sig->len, 0),
				signer_prove(signer, sha256, SIGNER_ECDSA_SHA256, sig->bytes,
					     (size_t)sig->len, INT64_MAX));
			signer_free(signer);
		}
	free_parts();
	ck_assert(golden_end(golden));
}
END_TEST

static int issue_exact(const struct signer *ca, const uint8_t *cert, size_t len, int64_t now,
		       struct golden *golden, const char *what)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct signer *leaf = NULL;
	int r;

	memcpy(copy, cert, len);
	r = signer_issue(ca, copy, len, now, &leaf);
	if (golden)
		golden_line(golden, "%s: %d %s %s", what, r, r ? "" : signer_name(leaf),
			    r ? "" : signer_subject(leaf));
	signer_free(leaf);
	free(copy);
	return r;
}

START_TEST(which_certificates_a_ca_vouches_for)
{
	static const char *const cas[] = { "ca", "rca", "leaf" };
	struct golden *golden = golden_begin("tests/policy/issued.golden");
	char what[60];

	read_parts();
	for (size_t c = 0; c < ARRAY_CNT(cas); c++) {
		struct signer *ca = signer_of(cas[c], c < 2 ? SIGNER_CA : SIGNER_LEAF);

		for (size_t i = 0; i < part_cnt; i++) {
			(void)snprintf(what, sizeof(what), "%.15s of %s", parts[i].name, cas[c]);
			(void)issue_exact(ca, parts[i].bytes, (size_t)parts[i].len, NOW, golden,
					  what);
		}
		signer_free(ca);
	}
	free_parts();
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(each_byte_of_an_issued_certificate_changed)
{
	static const char *const leaves[] = {
		"leaf", "leaf3", "leaf5", "rleaf", "rleaf3", "rleaf5"
	};
	struct golden *golden = golden_begin("tests/policy/issued-bytes.golden");

	read_parts();
	for (size_t l = 0; l < ARRAY_CNT(leaves); l++) {
		struct signer *ca = signer_of(l < 3 ? "ca" : "rca", SIGNER_CA);
		const struct part *part = part_of(leaves[l]);
		uint64_t sum = GOLDEN_SUM;

		for (long at = 0; at < part->len; at++) {
			static const uint8_t adds[] = { 1, 0xff, 0x80 };

			for (size_t i = 0; i < ARRAY_CNT(adds); i++) {
				/* Deep inside, all bytes are the same to the frame. */
				if (at > 24 && at + 330 < part->len && at % 16)
					continue;
				part->bytes[at] = (uint8_t)(part->bytes[at] + adds[i]);
				sum = golden_fold_u64(sum, (uint64_t)issue_exact(ca, part->bytes,
										 (size_t)part->len,
										 NOW, NULL, NULL));
				part->bytes[at] = (uint8_t)(part->bytes[at] - adds[i]);
			}
			sum = golden_fold_u64(sum,
					      (uint64_t)issue_exact(ca, part->bytes, (size_t)at,
								    NOW, NULL, NULL));
		}
		ck_assert_int_eq(issue_exact(ca, part->bytes, (size_t)part->len, NOW, NULL, NULL),
				 0);
		ck_assert_int_eq(issue_exact(ca, part->bytes, (size_t)part->len, 0, NULL, NULL),
				 -EKEYEXPIRED);
		ck_assert_int_eq(issue_exact(ca, part->bytes, (size_t)part->len,
					     signer_not_after(ca) - 1, NULL, NULL),
				 -EKEYEXPIRED);
		golden_line(golden, "%s: %016jx", leaves[l], (uintmax_t)sum);
		signer_free(ca);
	}
	free_parts();
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- claims of a judge that lies ---- */

static int read_pem(void *ctx, const char *path, char **ret_bytes, size_t *ret_len)
{
	(void)ctx;
	*ret_bytes = strdup(part_of(path + 1)->pem);
	*ret_len = part_of(path + 1)->pem_len;
	return 0;
}

static struct policy *policy_of(const char *signers)
{
	OWN_MEM char *json = NULL;
	struct policy_text text = { "s.json", NULL, 0 };
	struct policy_env env = rig_env();
	struct policy *policy = NULL;

	ck_assert_int_gt(asprintf(&json, "{\"version\": 1, \"signers\": {%s}}", signers), 0);
	text.bytes = json;
	text.len = strlen(json);
	env.read_key = read_pem;
	env.keys_assumed = false;
	ck_assert_int_eq(policy_from_texts(&text, 1, &env, &policy, NULL), 0);
	return policy;
}

static uint64_t prove_sum(const struct policy *policy, const struct part *part,
			  const struct cms_fields *fields, uint64_t sum)
{
	struct policy_proof proofs[CMS_SIGNERS_MAX];
	struct prove_note notes[CMS_SIGNERS_MAX] = { 0 };
	uint8_t sha256[SIGNER_SHA256_LEN];
	size_t cnt = 99;
	int r;

	ck_assert_int_eq(signer_sha256(OBJECT, strlen(OBJECT), sha256), 0);
	r = prove_cms(policy, part->bytes, (size_t)part->len, fields, sha256, NOW, proofs, &cnt,
		      notes);
	sum = golden_fold_u64(golden_fold_u64(sum, (uint64_t)r), r ? 0 : cnt);
	for (size_t i = 0; r == 0 && i < cnt; i++)
		sum = golden_fold(golden_fold(sum, proofs[i].signer, strlen(proofs[i].signer)),
				  proofs[i].cert_sha256, SIGNER_SHA256_LEN);
	for (size_t i = 0; r == 0 && i < fields->signer_cnt; i++) {
		const char *name = notes[i].signer ? notes[i].signer : "(none)";

		sum = golden_fold_u64(golden_fold(sum, name, strlen(name)),
				      (uint64_t)notes[i].error);
	}
	return sum;
}

START_TEST(each_claim_one_off)
{
	static const char *const policies[] = {
		"\"ca\": {\"x509\": \"/ca\", \"role\": \"ca\"}, \"r\": {\"x509\": \"/rleaf\"}",
		"\"leaf\": {\"x509\": \"/leaf\"}",
		"\"gone\": {\"x509\": \"/leaf\", \"revoked\": true}, \"rca\": {\"x509\": \"/rca\", \"role\": \"ca\"}",
		"\"old\": {\"x509\": \"/ca\", \"role\": \"ca\", \"not_after\": \"2029-01-01T00:00:00Z\"}, \"z\": {\"x509\": \"/ca\", \"role\": \"leaf\"}"
	};
	static const uint32_t adds[] = { 1, UINT32_MAX, 2, 0x80000000, 64, 1024, 8192 };
	struct golden *golden = golden_begin("tests/policy/claims.golden");

	read_parts();
	for (size_t p = 0; p < ARRAY_CNT(policies); p++) {
		struct policy *policy = policy_of(policies[p]);

		for (size_t i = 0; i < part_cnt; i++) {
			uint64_t plain, sum = GOLDEN_SUM;
			struct cms_fields fields;
			uint32_t *words = (uint32_t *)(void *)&fields;

			if (cms_read(parts[i].bytes, (size_t)parts[i].len, &fields) != CMS_OK)
				continue;
			plain = prove_sum(policy, &parts[i], &fields, GOLDEN_SUM);
			for (size_t w = 0; w < sizeof(fields) / 4; w++)
				for (size_t a = 0; a < ARRAY_CNT(adds); a++) {
					words[w] += adds[a];
					sum = prove_sum(policy, &parts[i], &fields, sum);
					words[w] -= adds[a];
				}
			golden_line(golden, "policy %zu, %s: %016jx, one off %016jx", p,
				    parts[i].name, (uintmax_t)plain, (uintmax_t)sum);
		}
		policy_free(policy);
	}
	free_parts();
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- trailers ---- */

START_TEST(each_byte_of_a_trailer)
{
	struct golden *golden = golden_begin("tests/policy/trailer.golden");
	uint8_t file[100 + APPENDED_TRAILER_LEN] = { 0 };
	size_t object_len, cms_len;
	uint64_t sum = GOLDEN_SUM;

	for (uint32_t len = 0; len <= 101; len++) {
		int r;

		appended_trailer(len, file + 100);
		r = appended_split(file, sizeof(file), &object_len, &cms_len);
		golden_line(golden, "length %u: %d, %zu and %zu", len, r, object_len, cms_len);
	}
	appended_trailer(0x12345678, file + 100);
	golden_line(golden, "%02x%02x%02x%02x %016jx", file[100], file[101], file[102], file[103],
		    (uintmax_t)golden_fold(GOLDEN_SUM, file + 100, APPENDED_TRAILER_LEN));
	appended_trailer(40, file + 100);
	for (size_t at = 100; at < sizeof(file); at++)
		for (int add = 1; add < 256; add++) {
			file[at] = (uint8_t)(file[at] + add);
			sum = golden_fold_u64(sum, (uint64_t)appended_split(file, sizeof(file),
									    &object_len, &cms_len));
			file[at] = (uint8_t)(file[at] - add);
		}
	for (size_t n = 0; n <= sizeof(file); n++) {
		int r = appended_split(file + sizeof(file) - n, n, &object_len, &cms_len);

		sum = golden_fold_u64(sum, (uint64_t)r + 4 * object_len + 1024 * cms_len);
	}
	golden_line(golden, "changed %016jx", (uintmax_t)sum);
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(a_signature_of_64_kib_is_split_off_and_no_longer_one)
{
	static uint8_t file[CMS_BLOB_MAX + 100];
	size_t object_len, cms_len;

	appended_trailer(CMS_BLOB_MAX, file + sizeof(file) - APPENDED_TRAILER_LEN);
	ck_assert_int_eq(appended_split(file, sizeof(file), &object_len, &cms_len), 1);
	ck_assert(cms_len == CMS_BLOB_MAX &&
		  object_len == sizeof(file) - CMS_BLOB_MAX - APPENDED_TRAILER_LEN);
	appended_trailer(CMS_BLOB_MAX + 1, file + sizeof(file) - APPENDED_TRAILER_LEN);
	ck_assert_int_eq(appended_split(file, sizeof(file), &object_len, &cms_len), -EBADMSG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy/sweep_signed");
	TCase *tc = tcase_create("sweep");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, each_byte_of_a_signature_changed);
	tcase_add_test(tc, counts_and_sizes_of_a_signature_at_their_limits);
	tcase_add_test(tc, a_blob_of_64_kib_is_read_and_no_more);
	tcase_add_test(tc, which_certificates_may_be_named);
	tcase_add_test(tc, a_pin_a_date_and_a_second_certificate);
	tcase_add_test(tc, a_signer_is_good_from_its_first_second_to_its_last);
	tcase_add_test(tc, each_algorithm_with_each_key_and_each_byte_of_the_signature);
	tcase_add_test(tc, which_certificates_a_ca_vouches_for);
	tcase_add_test(tc, each_byte_of_an_issued_certificate_changed);
	tcase_add_test(tc, each_claim_one_off);
	tcase_add_test(tc, each_byte_of_a_trailer);
	tcase_add_test(tc, a_signature_of_64_kib_is_split_off_and_no_longer_one);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
