/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate signature show|verify`: what signature an object carries, and whether certificates on this
 * machine vouch for it. Verifying goes through the very code that the daemon decides with: the
 * certificates given are made into a policy of signers.
 */
#include "client/shared/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "client/shared/options.h"
#include "client/shared/out.h"
#include "client/shared/signature.h"
#include "policy/prove.h"
#include "policy/signer.h"
#include "proto/own.h"

#define CERTS_MAX 16

struct cert_arg {
	const char *path;
	const char *role;
};

struct signature_args {
	bool verify;
	bool json;
	bool pretty;
	bool unusable; /* a certificate that was named cannot be read */
	struct cert_arg certs[CERTS_MAX];
	size_t cert_cnt;
	const char *object;
};

static const char *const algo_names[SIGNER_ALGO_CNT] = {
	[SIGNER_ALGO_NONE] = "unknown",		  [SIGNER_RSA_SHA256] = "rsa-sha256",
	[SIGNER_RSA_SHA384] = "rsa-sha384",	  [SIGNER_RSA_SHA512] = "rsa-sha512",
	[SIGNER_ECDSA_SHA256] = "ecdsa-sha256",	  [SIGNER_ECDSA_SHA384] = "ecdsa-sha384",
	[SIGNER_ECDSA_SHA512] = "ecdsa-sha512",
};

static json_t *hex_json(const uint8_t *bytes, size_t len)
{
	char hex[2 * SIGNER_SERIAL_MAX + 1] = "";
	size_t i;

	for (i = 0; i < len && i < SIGNER_SERIAL_MAX; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return json_string(hex);
}

static const char *note_text(int error)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{ 0, "good" },
		{ -EKEYREJECTED, "does not fit these bytes" },
		{ -EKEYREVOKED, "revoked" },
		{ -EKEYEXPIRED, "expired, or not valid yet" },
		{ -ENOKEY, "by a stranger" },
		{ -EOPNOTSUPP, "made with an algorithm other than SHA-256 with RSA or ECDSA" },
	};
	size_t i;

	for (i = 0; i < ARRAY_CNT(texts); i++) {
		if (texts[i].error == error)
			return texts[i].text;
	}
	return strerror(-error);
}

static json_t *signer_json(const struct signature_file *file, const struct cms_signer *signer)
{
	bool by_key = signer->id_kind == CMS_ID_KEY_ID;
	const struct cms_range *id = by_key ? &signer->id : &signer->serial;

	return json_pack("{s:s, s:o}", "algorithm", algo_names[signer->algo],
			 by_key ? "key_id" : "serial", hex_json(file->cms + id->offset, id->len));
}

static json_t *file_json(const struct signature_file *file)
{
	json_t *signers = json_array();
	uint32_t i;

	for (i = 0; file->cms && file->reason == CMS_OK && i < file->fields.signer_cnt; i++)
		(void)json_array_append_new(signers, signer_json(file, &file->fields.signers[i]));
	return json_pack("{s:s, s:o, s:s, s:s, s:o}", "schema_version", OUT_SCHEMA_VERSION, "sha256",
			 hex_json(file->sha256, sizeof(file->sha256)), "signature",
			 !file->cms	     ? "none" :
			 file->is_appended ? "appended" :
						     "beside",
			 "format", file->cms ? prove_cms_reason(file->reason) : "-", "signers", signers);
}

/* A policy of nothing but signers, from the certificates on the command line. */
static int signers_policy(const struct signature_args *args, struct policy **ret_policy)
{
	json_t *signers = json_object(), *top;
	OWN_MEM char *text = NULL;
	struct policy_text source = { .name = "command line" };
	struct policy_report *report = NULL;
	struct policy_env env;
	char name[48];
	size_t i;
	int r;

	for (i = 0; i < args->cert_cnt; i++) {
		(void)snprintf(name, sizeof(name), "certificate %zu", i + 1);
		(void)json_object_set_new(signers, name,
					  json_pack("{s:s, s:s}", "x509", args->certs[i].path, "role",
						    args->certs[i].role));
	}
	top = json_pack("{s:i, s:o}", "version", 1, "signers", signers);
	text = top ? json_dumps(top, 0) : NULL;
	json_decref(top);
	if (!text)
		return -ENOMEM;
	source.bytes = text;
	source.len = strlen(text);
	policy_env_init(&env);
	env.any_owner = true;
	r = policy_from_texts(&source, 1, &env, ret_policy, &report);
	policy_report_print(report, POLICY_WARNING, stderr);
	policy_report_free(report);
	return r;
}

static int verify(const struct signature_args *args, const struct signature_file *file, json_t *doc)
{
	struct policy_proof proofs[CMS_SIGNERS_MAX];
	struct prove_note notes[CMS_SIGNERS_MAX];
	struct policy *policy = NULL;
	size_t proof_cnt = 0;
	uint32_t i;
	int r;

	r = signers_policy(args, &policy);
	if (r < 0)
		return r == -EBADMSG ? EXIT_INPUT : EXIT_INTERNAL;
	r = prove_cms(policy, file->cms, file->cms_len, &file->fields, file->sha256, time(NULL), proofs,
		      &proof_cnt, notes);
	for (i = 0; r == 0 && i < file->fields.signer_cnt; i++) {
		json_t *signer = json_array_get(json_object_get(doc, "signers"), i);

		(void)json_object_set_new(signer, "result", json_string(note_text(notes[i].error)));
		if (notes[i].signer)
			(void)json_object_set_new(signer, "certificate", json_string(notes[i].signer));
	}
	policy_free(policy);
	if (r < 0)
		return EXIT_INTERNAL;
	return proof_cnt > 0 ? EXIT_OK : EXIT_POLICY;
}

static void print_text(const struct signature_args *args, const json_t *doc)
{
	const json_t *signers = json_object_get(doc, "signers");
	size_t i;

	out_safe(stdout, args->object, false);
	printf(": sha256 %s, signature %s: %s\n", json_string_value(json_object_get(doc, "sha256")),
	       json_string_value(json_object_get(doc, "signature")),
	       json_string_value(json_object_get(doc, "format")));
	for (i = 0; i < json_array_size(signers); i++) {
		const json_t *signer = json_array_get(signers, i);
		const char *serial = json_string_value(json_object_get(signer, "serial"));
		const char *key_id = json_string_value(json_object_get(signer, "key_id"));
		const char *result = json_string_value(json_object_get(signer, "result"));
		const char *cert = json_string_value(json_object_get(signer, "certificate"));

		printf("  %s, %s %s", json_string_value(json_object_get(signer, "algorithm")),
		       serial ? "serial" : "key id", serial ? serial : key_id);
		printf("%s%s%s%s\n", result ? ": " : "", result ? result : "", cert ? ", " : "",
		       cert ? cert : "");
	}
}

static int report_file(const struct signature_args *args, const struct signature_file *file)
{
	json_t *doc = file_json(file);
	int code = EXIT_OK;

	if (!doc)
		return EXIT_INTERNAL;
	if (file->cms && file->reason != CMS_OK)
		code = EXIT_INPUT;
	else if (args->verify)
		code = file->cms ? verify(args, file, doc) : EXIT_POLICY;
	if (args->verify)
		(void)json_object_set_new(doc, "verified", json_boolean(code == EXIT_OK));
	if (args->json)
		(void)out_json(stdout, doc, args->pretty);
	else
		print_text(args, doc);
	json_decref(doc);
	return code;
}

static bool add_cert(struct signature_args *args, const char *path, const char *role)
{
	if (args->cert_cnt == CERTS_MAX)
		return false;
	/* a policy names files by absolute paths */
	args->certs[args->cert_cnt].path = realpath(path, NULL);
	if (!args->certs[args->cert_cnt].path) {
		fprintf(stderr, "bpfgate signature: ");
		out_safe(stderr, path, false);
		fprintf(stderr, ": %s\n", strerror(errno));
		return false;
	}
	args->certs[args->cert_cnt++].role = role;
	return true;
}

static int run(const struct signature_args *args)
{
	struct signature_file file;
	int r = signature_open(args->object, &file), code;

	if (r < 0) {
		fprintf(stderr, "bpfgate signature: ");
		out_safe(stderr, args->object, false);
		fprintf(stderr, ": %s\n", r == -EBADMSG ? "its signature trailer is damaged" :
							  strerror(-r));
		code = EXIT_INPUT;
	} else {
		code = report_file(args, &file);
	}
	signature_done(&file);
	return code;
}

static int signature_take(void *ctx, enum option_id id, char *value)
{
	struct signature_args *args = ctx;

	if (id == OPT_CERT || id == OPT_CA)
		args->unusable |= !add_cert(args, value, id == OPT_CA ? "ca" : "leaf");
	else
		args->json = true;
	args->pretty |= id == OPT_PRETTY;
	return 0;
}

static int signature_run(struct signature_args *args, int argc, char **argv)
{
	if (argc != 2)
		return options_usage(VERB_SIGNATURE);
	args->verify = strcmp(argv[0], "verify") == 0;
	if (!args->verify && strcmp(argv[0], "show") != 0)
		return options_usage(VERB_SIGNATURE);
	args->object = argv[1];
	if (args->unusable)
		return EXIT_INPUT;
	return args->verify && !args->cert_cnt ? options_usage(VERB_SIGNATURE) : run(args);
}

int cmd_signature(int argc, char **argv)
{
	struct signature_args args = { 0 };
	int code;

	if (options_parse(VERB_SIGNATURE, argc, argv, signature_take, &args, &code))
		code = signature_run(&args, argc - optind, argv + optind);
	for (size_t i = 0; i < args.cert_cnt; i++)
		free((char *)args.certs[i].path);
	return code;
}
