/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signers and proofs: keys and signatures are made here with libcrypto, read by cms_read() as the
 * judge does, and proved as the broker does, also when the judge lies.
 */
#include "policy/prove.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "policy/appended.h"
#include "policy/signer.h"
#include "proto/own.h"
#include "tests/policy/rig.h"

#include "tests/lib/leaks.h"

#define NAME_A "/keys/a.pem"
#define NAME_B "/keys/b.pem"
#define DAY    86400

struct keys {
	EVP_PKEY *key;
	X509 *cert;
	char *pem;
	size_t pem_len;
};

static struct keys key_a, key_b; /* by read_key() below; made once, freed at the end */
static const char object[] = "an object's bytes, whatever they are";
static uint8_t object_sha256[POLICY_SHA256_LEN];

static void make_keys(struct keys *keys, const char *name, long from_s, long until_s)
{
	X509_NAME *subject;
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;

	keys->key = EVP_EC_gen("P-256");
	keys->cert = X509_new();
	X509_set_version(keys->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(keys->cert), 7);
	X509_time_adj_ex(X509_getm_notBefore(keys->cert), 0, from_s, &(time_t){ RIG_NOW });
	X509_time_adj_ex(X509_getm_notAfter(keys->cert), 0, until_s, &(time_t){ RIG_NOW });
	X509_set_pubkey(keys->cert, keys->key);
	subject = X509_get_subject_name(keys->cert);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(keys->cert, subject);
	/* also called outside tests, where Check cannot fail one */
	if (X509_sign(keys->cert, keys->key, EVP_sha256()) <= 0 || !PEM_write_bio_X509(bio, keys->cert))
		abort();
	keys->pem_len = (size_t)BIO_get_mem_data(bio, &pem);
	keys->pem = strndup(pem, keys->pem_len);
	BIO_free(bio);
}

static void free_keys(struct keys *keys)
{
	EVP_PKEY_free(keys->key);
	X509_free(keys->cert);
	free(keys->pem);
}

static int read_key(void *ctx, const char *path, char **ret_bytes, size_t *ret_len)
{
	const struct keys *keys = strcmp(path, NAME_A) == 0 ? &key_a :
				  strcmp(path, NAME_B) == 0 ? &key_b :
							      NULL;

	(void)ctx;
	if (!keys)
		return -ENOENT;
	*ret_bytes = strdup(keys->pem);
	*ret_len = keys->pem_len;
	return 0;
}

/* A policy of these signers; `said` gets what was wrong, when it is not NULL. */
static struct policy *signers(const char *json, char *said, size_t room)
{
	struct policy_text text = { "s.json", NULL, 0 };
	struct policy_env env = rig_env();
	struct policy_report *report = NULL;
	struct policy *policy = NULL;
	OWN_MEM char *whole = NULL;

	ck_assert_int_gt(asprintf(&whole, "{\"version\": 1, \"signers\": {%s}}", json), 0);
	text.bytes = whole;
	text.len = strlen(whole);
	env.read_key = read_key;
	env.keys_assumed = false;
	(void)policy_from_texts(&text, 1, &env, &policy, &report);
	if (said)
		(void)snprintf(said, room, "%s", policy_report_line(report, 0) ?: "");
	else
		ck_assert_ptr_nonnull(policy);
	policy_report_free(report);
	return policy;
}

#define SIGNER_A(more) "\"a\": {\"x509\": \"" NAME_A "\"" more "}"
#define SIGNER_B(more) "\"b\": {\"x509\": \"" NAME_B "\"" more "}"

struct blob {
	uint8_t *bytes;
	size_t len;
	struct cms_fields fields;
};

static struct blob sign(const struct keys *keys, unsigned int more_flags)
{
	unsigned int flags = CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOSMIMECAP | CMS_NOCERTS |
			     more_flags;
	BIO *in = BIO_new_mem_buf(object, sizeof(object));
	CMS_ContentInfo *cms = CMS_sign(keys->cert, keys->key, NULL, in, flags);
	unsigned char *der = NULL;
	struct blob blob;

	ck_assert_ptr_nonnull(cms);
	blob.len = (size_t)i2d_CMS_ContentInfo(cms, &der);
	blob.bytes = malloc(blob.len);
	memcpy(blob.bytes, der, blob.len);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	ck_assert_int_eq(cms_read(blob.bytes, blob.len, &blob.fields), CMS_OK);
	return blob;
}

/* Proves and returns what was noted of the first signature. */
static int prove(const struct policy *policy, const struct blob *blob, const uint8_t *sha256,
		 size_t *ret_cnt)
{
	struct policy_proof proofs[CMS_SIGNERS_MAX];
	struct prove_note notes[CMS_SIGNERS_MAX] = { 0 };
	int r = prove_cms(policy, blob->bytes, blob->len, &blob->fields, sha256, RIG_NOW, proofs,
			  ret_cnt, notes);

	if (r == 0 && *ret_cnt > 0)
		ck_assert_str_eq(proofs[0].signer, "a");
	return r < 0 ? r : notes[0].error;
}

static const struct {
	const char *signers;
	int result;
} states[] = {
	{ SIGNER_A(""), 0 },
	{ SIGNER_A(", \"revoked\": true"), -EKEYREVOKED },
	{ SIGNER_A(", \"revoked\": false"), 0 },
	{ SIGNER_A(", \"not_after\": \"2025-12-31T23:59:59Z\""), -EKEYEXPIRED },
	{ SIGNER_A(", \"not_after\": \"2026-01-01T00:00:00Z\""), 0 },
	{ "\"b\": {\"x509\": \"" NAME_B "\"}", -ENOKEY },
	{ SIGNER_B("") ", " SIGNER_A(""), 0 },
};

START_TEST(a_signature_proves_its_signer_while_that_is_good)
{
	struct policy *policy = signers(states[_i].signers, NULL, 0);
	struct blob blob = sign(&key_a, 0);
	size_t cnt = 0;

	ck_assert_int_eq(prove(policy, &blob, object_sha256, &cnt), states[_i].result);
	ck_assert_uint_eq(cnt, states[_i].result == 0);
	free(blob.bytes);
	policy_free(policy);
}
END_TEST

START_TEST(by_key_id_as_well)
{
	/* the rig's certificates have no key id: then it names nobody, rather than anybody */
	struct policy *policy = signers(SIGNER_A(""), NULL, 0);
	struct blob blob = sign(&key_a, 0);
	size_t cnt = 0;

	blob.fields.signers[0].id_kind = CMS_ID_KEY_ID;
	ck_assert_int_eq(prove(policy, &blob, object_sha256, &cnt), -ENOKEY);
	blob.fields.signers[0].id.len = 0;
	ck_assert_int_eq(prove(policy, &blob, object_sha256, &cnt), -ENOKEY);
	blob.fields.signers[0].id_kind = CMS_ID_ISSUER_SERIAL;
	ck_assert_int_eq(prove(policy, &blob, object_sha256, &cnt), -ENOKEY);
	free(blob.bytes);
	policy_free(policy);
}
END_TEST

START_TEST(a_certificate_out_of_its_time_proves_nothing)
{
	struct keys saved = key_a;
	struct policy *policy;
	struct blob blob;
	size_t cnt = 0;
	int expired;

	for (expired = 0; expired < 2; expired++) {
		make_keys(&key_a, "a", expired ? -20 * DAY : 10 * DAY, expired ? -10 * DAY : 20 * DAY);
		policy = signers(SIGNER_A(""), NULL, 0);
		blob = sign(&key_a, 0);
		ck_assert_int_eq(prove(policy, &blob, object_sha256, &cnt), -EKEYEXPIRED);
		ck_assert_uint_eq(cnt, 0);
		free(blob.bytes);
		policy_free(policy);
		free_keys(&key_a);
	}
	key_a = saved;
}
END_TEST

START_TEST(one_changed_bit_anywhere_proves_nothing)
{
	struct policy *policy = signers(SIGNER_A(""), NULL, 0);
	struct blob blob = sign(&key_a, 0);
	uint8_t sha256[POLICY_SHA256_LEN];
	size_t cnt, i;

	for (i = 0; i < 8 * sizeof(sha256); i++) {
		memcpy(sha256, object_sha256, sizeof(sha256));
		sha256[i / 8] ^= (uint8_t)(1 << (i % 8));
		cnt = 1;
		ck_assert_int_eq(prove(policy, &blob, sha256, &cnt), -EKEYREJECTED);
		ck_assert_uint_eq(cnt, 0);
	}
	for (i = 0; i < 8 * blob.len; i++) {
		struct cms_fields fields;

		blob.bytes[i / 8] ^= (uint8_t)(1 << (i % 8));
		cnt = 1;
		/* read again: either it is refused, or it proves the same (unused bits) or nothing */
		if (cms_read(blob.bytes, blob.len, &fields) == CMS_OK && i / 8 >= fields.signers[0].sig.offset) {
			ck_assert_int_eq(prove(policy, &blob, object_sha256, &cnt), -EKEYREJECTED);
			ck_assert_uint_eq(cnt, 0);
		}
		blob.bytes[i / 8] ^= (uint8_t)(1 << (i % 8));
	}
	ck_assert_int_eq(prove(policy, &blob, object_sha256, &cnt), 0);
	free(blob.bytes);
	policy_free(policy);
}
END_TEST

static struct blob proved;

static void use_signers(void)
{
	for (size_t i = 0; i < ARRAY_CNT(states); i++) {
		struct policy *policy = signers(states[i].signers, NULL, 0);
		struct blob lied = proved;
		size_t cnt = 0;

		ck_assert_int_eq(prove(policy, &proved, object_sha256, &cnt), states[i].result);
		lied.fields.signers[0].algo = SIGNER_ALGO_CNT;
		ck_assert_int_eq(prove(policy, &lied, object_sha256, &cnt), -EBADMSG);
		policy_free(policy);
	}
}

/* Nor of its certificates, which another library makes. */
START_TEST(nothing_is_kept_of_a_policy_that_is_freed)
{
	proved = sign(&key_a, 0);
	ck_assert_int_eq(leaks_of(use_signers), 0);
	free(proved.bytes);
}
END_TEST

/* What a judge that was taken over may answer. */
static void lie_signers(struct cms_fields *f) { f->signer_cnt = CMS_SIGNERS_MAX + 1; }
static void lie_certs(struct cms_fields *f) { f->cert_cnt = UINT32_MAX; }
static void lie_id(struct cms_fields *f) { f->signers[0].id.offset = UINT32_MAX; }
static void lie_id_len(struct cms_fields *f) { f->signers[0].id.len = UINT32_MAX; }
static void lie_sig(struct cms_fields *f) { f->signers[0].sig.offset = 1u << 31; }
static void lie_sig_len(struct cms_fields *f) { f->signers[0].sig.len = SIGNER_SIG_MAX + 1; }
static void lie_serial(struct cms_fields *f) { f->signers[0].serial.len = 65; }
static void lie_algo(struct cms_fields *f) { f->signers[0].algo = SIGNER_ALGO_CNT; }
static void lie_cert(struct cms_fields *f) { f->cert_cnt = 1; f->certs[0].offset = 1u << 30; }

START_TEST(fields_that_cannot_be_are_refused)
{
	static void (*const lies[])(struct cms_fields *) = { lie_signers, lie_certs,   lie_id,
							     lie_id_len,  lie_sig,     lie_sig_len,
							     lie_serial,  lie_algo,    lie_cert };
	struct policy *policy = signers(SIGNER_A(""), NULL, 0);
	struct blob blob = sign(&key_a, 0), lied = blob;
	size_t cnt = 0;

	lies[_i](&lied.fields);
	ck_assert_int_eq(prove(policy, &lied, object_sha256, &cnt), -EBADMSG);
	ck_assert_int_eq(prove(policy, &blob, object_sha256, &cnt), 0);
	free(blob.bytes);
	policy_free(policy);
}
END_TEST

/* Each place that a judge names lies in the bytes, to the last one, and is no longer than such a thing may be. */
START_TEST(places_are_taken_to_their_limits_and_no_further)
{
	enum { BYTES = 20000 };
	static const struct {
		size_t at, most;
	} places[] = {
		{ offsetof(struct cms_fields, signers[0].id), SIGNER_ID_MAX },
		{ offsetof(struct cms_fields, signers[0].serial), SIGNER_SERIAL_MAX },
		{ offsetof(struct cms_fields, signers[0].sig), SIGNER_SIG_MAX },
		{ offsetof(struct cms_fields, signers[CMS_SIGNERS_MAX - 1].id), SIGNER_ID_MAX },
		{ offsetof(struct cms_fields, certs[0]), SIGNER_CERT_MAX },
		{ offsetof(struct cms_fields, certs[CMS_CERTS_MAX - 1]), SIGNER_CERT_MAX },
	};
	struct policy *policy = signers(SIGNER_A(""), NULL, 0);
	struct blob blob = sign(&key_a, 0), full = { calloc(1, BYTES), BYTES, blob.fields };
	size_t cnt = 0;

	memcpy(full.bytes, blob.bytes, blob.len);
	full.fields.signer_cnt = CMS_SIGNERS_MAX;
	full.fields.cert_cnt = CMS_CERTS_MAX;
	for (size_t i = 1; i < CMS_SIGNERS_MAX; i++)
		full.fields.signers[i] = full.fields.signers[0];
	memset(full.fields.certs, 0, sizeof(full.fields.certs));
	ck_assert_int_eq(prove(policy, &full, object_sha256, &cnt), 0);
	ck_assert_uint_eq(cnt, 1);
	for (size_t i = 0; i < ARRAY_CNT(places); i++)
		for (size_t len = places[i].most - 1; len <= places[i].most + 1; len++)
			for (size_t end = BYTES - 1; end <= BYTES + 1; end++) {
				struct cms_range range = { .offset = (uint32_t)(end - len), .len = (uint32_t)len };
				struct blob lied = full;

				memcpy((uint8_t *)&lied.fields + places[i].at, &range, sizeof(range));
				ck_assert_msg((prove(policy, &lied, object_sha256, &cnt) == -EBADMSG) ==
						      (len > places[i].most || end > BYTES),
					      "place %zu, %zu bytes to %zu", i, len, end);
			}
	free(full.bytes);
	free(blob.bytes);
	policy_free(policy);
}
END_TEST

START_TEST(no_lie_of_the_judge_makes_a_stranger_a_signer)
{
	struct policy *policy = signers(SIGNER_A(""), NULL, 0);
	struct blob blob = sign(&key_b, 0), good = sign(&key_a, 0);
	unsigned int seed = 1;
	size_t cnt, round;

	/* the identity of a, then any ranges, over b's signature */
	for (round = 0; round < 20000; round++) {
		struct blob lied = blob;
		struct cms_signer *signer = &lied.fields.signers[0];

		signer->algo = (uint32_t)rand_r(&seed) % SIGNER_ALGO_CNT;
		signer->id_kind = 1 + (uint32_t)rand_r(&seed) % 2;
		signer->id.len = (uint32_t)rand_r(&seed) % 64;
		signer->id.offset = (uint32_t)rand_r(&seed) % (uint32_t)(blob.len - 64);
		signer->sig.len = (uint32_t)rand_r(&seed) % 80;
		signer->sig.offset = (uint32_t)rand_r(&seed) % (uint32_t)(blob.len - 80);
		lied.fields.cert_cnt = 1;
		lied.fields.certs[0] = (struct cms_range){ signer->id.offset, signer->id.len };
		cnt = 0;
		(void)prove(policy, &lied, object_sha256, &cnt);
		ck_assert_uint_eq(cnt, 0);
	}
	ck_assert_int_eq(prove(policy, &good, object_sha256, &cnt), 0);
	ck_assert_uint_eq(cnt, 1);
	free(blob.bytes);
	free(good.bytes);
	policy_free(policy);
}
END_TEST

START_TEST(reading_refuses_every_cut_and_every_tail)
{
	struct blob blob = sign(&key_a, 0);
	uint8_t *longer = calloc(1, blob.len + 1);
	struct cms_fields fields;
	size_t len;

	for (len = 0; len < blob.len; len++) {
		OWN_MEM uint8_t *cut = malloc(len + 1); /* of its own, so that ASAN sees an overrun */

		memcpy(cut, blob.bytes, len);
		ck_assert_int_ne(cms_read(cut, len, &fields), CMS_OK);
	}
	memcpy(longer, blob.bytes, blob.len);
	ck_assert_int_eq(cms_read(longer, blob.len + 1, &fields), CMS_TRAILING);
	ck_assert_int_eq(cms_read(longer, blob.len, &fields), CMS_OK);
	ck_assert_int_eq(cms_read(longer, CMS_BLOB_MAX + 1, &fields), CMS_TOO_LARGE);
	free(longer);
	free(blob.bytes);
}
END_TEST

START_TEST(more_signers_than_there_is_room_for_are_refused)
{
	struct blob blob = sign(&key_a, 0);
	const struct cms_signer *signer = &blob.fields.signers[0];
	const unsigned char *at = blob.bytes;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)blob.len);
	struct cms_fields fields;
	int cnt;

	ck_assert_uint_gt(signer->sig.len, 0);
	for (cnt = 1; cnt <= CMS_SIGNERS_MAX + 1; cnt++) {
		unsigned char *der = NULL;
		int len = i2d_CMS_ContentInfo(cms, &der);

		ck_assert_int_eq(cms_read(der, (size_t)len, &fields),
				 cnt <= CMS_SIGNERS_MAX ? CMS_OK : CMS_TOO_MANY);
		OPENSSL_free(der);
		at = blob.bytes;
		CMS_ContentInfo *more = d2i_CMS_ContentInfo(NULL, &at, (long)blob.len);

		sk_CMS_SignerInfo_push(CMS_get0_SignerInfos(cms),
				       sk_CMS_SignerInfo_shift(CMS_get0_SignerInfos(more)));
		CMS_ContentInfo_free(more);
	}
	CMS_ContentInfo_free(cms);
	free(blob.bytes);
}
END_TEST

static const struct {
	const char *signer;
	const char *said; /* "" = taken */
} certificates[] = {
	{ SIGNER_A(""), "" },
	{ "\"a\": {\"x509\": \"/keys/none.pem\"}", "cannot be read: No such file" },
	{ SIGNER_A(", \"role\": \"ca\""), "is not the certificate of a CA" },
	{ SIGNER_A(", \"sha256\": "
		   "\"0000000000000000000000000000000000000000000000000000000000000000\""),
	  "is not the certificate that \"sha256\" pins" },
};

START_TEST(a_certificate_that_cannot_be_used_is_told)
{
	char said[512];
	struct policy *policy = signers(certificates[_i].signer, said, sizeof(said));

	ck_assert_msg(strstr(said, certificates[_i].said), "said: %s", said);
	ck_assert_int_eq(policy != NULL, certificates[_i].said[0] == '\0');
	policy_free(policy);
}
END_TEST

START_TEST(a_pin_fits_one_certificate_only)
{
	struct policy *policy = signers(SIGNER_A(""), NULL, 0), *pinned;
	const uint8_t *sha256 = signer_cert_sha256(policy_signer(policy, 0));
	char hex[2 * POLICY_SHA256_LEN + 1], json[256], said[512];
	size_t i;

	for (i = 0; i < POLICY_SHA256_LEN; i++)
		(void)sprintf(hex + 2 * i, "%02x", sha256[i]);
	(void)snprintf(json, sizeof(json), "\"a\": {\"x509\": \"%s\", \"sha256\": \"%s\"}", NAME_A, hex);
	pinned = signers(json, said, sizeof(said));
	ck_assert_msg(pinned != NULL, "%s", said);
	policy_free(pinned);
	(void)snprintf(json, sizeof(json), "\"a\": {\"x509\": \"%s\", \"sha256\": \"%s\"}", NAME_B, hex);
	ck_assert_ptr_null(signers(json, said, sizeof(said)));
	ck_assert_ptr_nonnull(strstr(said, "pins"));
	policy_free(policy);
}
END_TEST

START_TEST(a_proof_counts_for_the_certificate_it_was_made_with)
{
	static const char rule[] =
		"\"a\": {\"x509\": \"%s\"}}, \"rules\": [{\"id\": \"r\", \"effect\": \"allow\", \"who\": "
		"{\"anyone\": true}, \"signed_by\": {\"signers\": [\"a\"]}, \"programs\": {\"types\": "
		"{\"only\": [\"xdp\"]}}}], \"sets\": {\"@x\": [\"y\"]";
	struct policy_prog_facts prog = { .type = 6, .insn_cnt = 2 };
	struct policy_request request = { .verb = POLICY_PROG_LOAD, .now_s = RIG_NOW, .prog = &prog };
	struct policy_subject who = { .uid = 1 };
	struct policy_proof proofs[CMS_SIGNERS_MAX];
	struct policy_decision decision;
	struct blob blob = sign(&key_a, 0);
	char json[512];
	struct policy *before, *after;

	(void)snprintf(json, sizeof(json), rule, NAME_A);
	before = signers(json, NULL, 0);
	(void)snprintf(json, sizeof(json), rule, NAME_B);
	after = signers(json, NULL, 0);
	ck_assert_int_eq(prove_cms(before, blob.bytes, blob.len, &blob.fields, object_sha256, RIG_NOW,
				   proofs, &prog.proof_cnt, NULL), 0);
	prog.proofs = proofs;
	policy_decide(before, &who, &request, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
	/* the name was given to another certificate meanwhile: the old proof does not pass to it */
	policy_decide(after, &who, &request, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	ck_assert_int_eq(decision.condition, POLICY_COND_SIGNED_BY);
	free(blob.bytes);
	policy_free(before);
	policy_free(after);
}
END_TEST

START_TEST(a_trailer_is_believed_only_when_it_fits)
{
	uint8_t file[100 + 40 + APPENDED_TRAILER_LEN] = { 0 };
	uint8_t *trailer = file + 140;
	size_t object_len, cms_len;
	uint32_t len;

	ck_assert_int_eq(appended_split(file, sizeof(file), &object_len, &cms_len), 0);
	ck_assert_uint_eq(object_len, sizeof(file));
	for (len = 0; len < 300; len++) {
		appended_trailer(len, trailer);
		ck_assert_int_eq(appended_split(file, sizeof(file), &object_len, &cms_len),
				 len == 0 || len > 140 ? -EBADMSG : 1);
		if (len > 0 && len <= 140)
			ck_assert_uint_eq(object_len + cms_len, 140);
	}
	appended_trailer(40, trailer);
	trailer[4] = 1; /* the word that must be zero */
	ck_assert_int_eq(appended_split(file, sizeof(file), &object_len, &cms_len), -EBADMSG);
	appended_trailer(40, trailer);
	trailer[9] ^= 1; /* another magic: not a trailer at all */
	ck_assert_int_eq(appended_split(file, sizeof(file), &object_len, &cms_len), 0);
	ck_assert_int_eq(appended_split(file, 3, &object_len, &cms_len), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy: signers and proofs");
	TCase *tc = tcase_create("prove");
	int r;

	make_keys(&key_a, "a", -DAY, DAY);
	make_keys(&key_b, "b", -DAY, DAY);
	(void)signer_sha256(object, sizeof(object), object_sha256);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_signature_proves_its_signer_while_that_is_good, 0, (int)ARRAY_CNT(states));
	tcase_add_test(tc, by_key_id_as_well);
	tcase_add_test(tc, a_certificate_out_of_its_time_proves_nothing);
	tcase_add_test(tc, one_changed_bit_anywhere_proves_nothing);
	tcase_add_test(tc, nothing_is_kept_of_a_policy_that_is_freed);
	tcase_add_test(tc, places_are_taken_to_their_limits_and_no_further);
	tcase_add_loop_test(tc, fields_that_cannot_be_are_refused, 0, 9);
	tcase_add_test(tc, no_lie_of_the_judge_makes_a_stranger_a_signer);
	tcase_add_test(tc, reading_refuses_every_cut_and_every_tail);
	tcase_add_test(tc, more_signers_than_there_is_room_for_are_refused);
	tcase_add_loop_test(tc, a_certificate_that_cannot_be_used_is_told, 0, (int)ARRAY_CNT(certificates));
	tcase_add_test(tc, a_pin_fits_one_certificate_only);
	tcase_add_test(tc, a_proof_counts_for_the_certificate_it_was_made_with);
	tcase_add_test(tc, a_trailer_is_believed_only_when_it_fits);
	suite_add_tcase(suite, tc);
	r = rig_run(suite);
	free_keys(&key_a);
	free_keys(&key_b);
	return r;
}
