/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "signers": names for certificates. The certificate itself is read through the environment's
 * read_key(), so that this file opens nothing.
 */
#include "policy/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/signer.h"
#include "proto/own.h"

struct signer_read {
	struct signer_options options;
	const char *path;
	uint8_t pin[SIGNER_SHA256_LEN];
	struct at path_at;
};

static void signer_x509(const struct at *at, void *dest)
{
	struct signer_read *reading = dest;

	if (!read_string(at, &reading->path))
		return;
	reading->path_at = *at;
	if (reading->path[0] == '/')
		return;
	read_error(at, NULL, "the path of a certificate starts with '/'");
	reading->path = NULL;
}

static void signer_role_word(const struct at *at, void *dest)
{
	static const char *const words[] = { "leaf", "ca", NULL };
	size_t place;

	if (read_word(at, words, &place))
		((struct signer_read *)dest)->options.role = place ? SIGNER_CA : SIGNER_LEAF;
}

static void signer_pin(const struct at *at, void *dest)
{
	struct signer_read *reading = dest;
	const char *hex;

	if (read_string(at, &hex) && read_sha256(at, hex, reading->pin))
		reading->options.cert_sha256 = reading->pin;
}

static void signer_until(const struct at *at, void *dest)
{
	(void)read_time(at, &((struct signer_read *)dest)->options.not_after_s);
}

static void signer_revoked(const struct at *at, void *dest)
{
	(void)read_bool(at, &((struct signer_read *)dest)->options.revoked);
}

static const struct key signer_keys[] = {
	{ "x509", signer_x509, true }, { "role", signer_role_word },  { "sha256", signer_pin },
	{ "not_after", signer_until }, { "revoked", signer_revoked }, { "comment", read_comment },
};

static const struct {
	int error;
	const char *text;
} cert_errors[] = {
	{ -EBADMSG, "is not one X.509 certificate in PEM" },
	{ -EKEYREJECTED, "is not the certificate that \"sha256\" pins" },
	{ -EINVAL, "is not the certificate of a CA, as \"role\" says" },
	{ -EOPNOTSUPP, "has a key that is neither RSA (2048 to 8192 bits) nor EC P-256 or P-384" },
};

static const char *cert_error(int error)
{
	size_t i;

	for (i = 0; i < ARRAY_CNT(cert_errors); i++) {
		if (cert_errors[i].error == error)
			return cert_errors[i].text;
	}
	return strerror(-error);
}

static struct signer *signer_load(struct signer_read *reading)
{
	const struct at *at = &reading->path_at;
	const struct policy_env *env = at->rd->env;
	OWN_MEM char *pem = NULL;
	struct signer *signer = NULL;
	size_t len = 0;
	int r;

	if (env->keys_assumed) {
		reading->options.is_assumed = true;
		if (signer_without_key(&reading->options, &signer) < 0)
			at->rd->is_out_of_memory = true;
		return signer;
	}
	r = env->read_key(env->ctx, reading->path, &pem, &len);
	if (r < 0) {
		if (env->keys_optional)
			read_warning(at, NULL, "%s cannot be read (%s): the signer proves nothing here",
				     reading->path, strerror(-r));
		else
			read_error(at, NULL, "%s cannot be read: %s", reading->path,
				   r == -EPERM ? "it must be root's and not writable by others" :
						 strerror(-r));
		r = signer_without_key(&reading->options, &signer);
	} else {
		r = signer_from_pem(pem, len, &reading->options, &signer);
		if (r < 0 && r != -ENOMEM) {
			read_error(at, NULL, "%s %s", reading->path, cert_error(r));
			r = signer_without_key(&reading->options, &signer);
		}
	}
	if (r < 0)
		at->rd->is_out_of_memory = true;
	return signer;
}

static void signer_add(const struct at *at, struct signer *signer)
{
	struct policy *policy = at->rd->policy;
	struct signer **signers;
	int r;

	signers = read_grow(at->rd, policy->signers, &policy->signer_cnt, sizeof(*signers));
	if (!signers) {
		signer_free(signer);
		return;
	}
	policy->signers = signers;
	signers[policy->signer_cnt - 1] = signer;
	r = signer_usable(signer, at->rd->env->now_s);
	if (r == -EKEYEXPIRED || r == -EKEYREVOKED)
		read_warning(at, NULL, "signer \"%s\" is %s: it proves nothing", signer_name(signer),
			     r == -EKEYREVOKED ? "revoked" : "expired or not valid yet");
}

static void one_signer(const struct at *at, const char *key, void *dest)
{
	struct signer_read reading = { .options = { .name = key } };
	const struct policy *policy = at->rd->policy;
	struct signer *signer;
	size_t i;

	(void)dest;
	for (i = 0; i < policy->signer_cnt; i++) {
		if (strcmp(signer_name(policy->signers[i]), key) == 0)
			read_error(at, NULL, "another file defines the signer \"%s\" as well", key);
	}
	if (policy->signer_cnt == SIGNERS_MAX) {
		read_error(at, NULL, "more than %u signers", SIGNERS_MAX);
		return;
	}
	read_object(at, signer_keys, ARRAY_CNT(signer_keys), &reading);
	if (reading.path) {
		signer = signer_load(&reading);
	} else if (signer_without_key(&reading.options, &signer) < 0) {
		at->rd->is_out_of_memory = true;
		return;
	}
	if (signer)
		signer_add(at, signer);
}

void read_signers(const struct at *at, void *dest)
{
	read_members(at, one_signer, dest);
}
