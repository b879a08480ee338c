/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate sign`: a detached CMS signature over an object, byte for byte what
 * `openssl cms -sign -binary -md sha256 -noattr -nosmimecap -outform DER` makes. Promises that the
 * object is replaced as a whole or not at all, and that signing a signed object adds a signer. The
 * private key is read by libcrypto and goes nowhere else.
 */
#include "client/shared/cmd.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "client/shared/options.h"
#include "client/shared/out.h"
#include "client/shared/signature.h"
#include "policy/appended.h"
#include "proto/own.h"

/* What the kernel's tools sign with: no attributes, so that the signature is over the object itself. */
#define SIGN_FLAGS (CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOSMIMECAP | CMS_PARTIAL)

struct sign_args {
	const char *object;
	const char *key;
	const char *cert;
	bool detached;
	bool replace;
	int with_cert; /* -1: when it is not self-signed, since a CA's signer needs it */
};

struct sign_keys {
	X509 *cert;
	EVP_PKEY *key;
};

static void keys_done(struct sign_keys *keys)
{
	X509_free(keys->cert);
	EVP_PKEY_free(keys->key);
}

static void free_cms(CMS_ContentInfo **cms)
{
	CMS_ContentInfo_free(*cms);
}

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

#define OWN_CMS __attribute__((cleanup(free_cms))) CMS_ContentInfo *
#define OWN_BIO __attribute__((cleanup(free_bio))) BIO *

static int say_failed(const char *what, const char *why)
{
	fprintf(stderr, "bpfgate sign: ");
	out_safe(stderr, what, false);
	fprintf(stderr, ": %s\n", why);
	return EXIT_INPUT;
}

static const char *crypto_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "unknown error";
}

/* A passphrase is asked for only where a person sits. */
static int ask_passphrase(char *buffer, int size, int rwflag, void *ctx)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return -1;
	return PEM_def_callback(buffer, size, rwflag, ctx);
}

static int read_keys(const struct sign_args *args, struct sign_keys *keys)
{
	OWN_BIO cert = BIO_new_file(args->cert, "r");
	OWN_BIO key = BIO_new_file(args->key, "r");

	if (!cert)
		return say_failed(args->cert, strerror(errno));
	if (!key)
		return say_failed(args->key, strerror(errno));
	keys->cert = PEM_read_bio_X509(cert, NULL, NULL, NULL);
	if (!keys->cert)
		return say_failed(args->cert, "not an X.509 certificate in PEM");
	keys->key = PEM_read_bio_PrivateKey(key, NULL, ask_passphrase, NULL);
	if (!keys->key)
		return say_failed(args->key, "not a private key in PEM, or its passphrase is missing");
	if (X509_check_private_key(keys->cert, keys->key) != 1)
		return say_failed(args->key, "is not the key of that certificate");
	return EXIT_OK;
}

static bool wants_cert(const struct sign_args *args, X509 *cert)
{
	return args->with_cert < 0 ? !(X509_get_extension_flags(cert) & EXFLAG_SI) : args->with_cert;
}

static CMS_ContentInfo *make_signature(const struct sign_args *args, const struct sign_keys *keys,
				       const struct signature_file *file)
{
	unsigned int flags = SIGN_FLAGS | (wants_cert(args, keys->cert) ? 0 : CMS_NOCERTS);
	OWN_BIO object = BIO_new_mem_buf(file->bytes, (int)file->object_len);
	OWN_CMS cms = CMS_sign(NULL, NULL, NULL, NULL, flags);

	if (!object || !cms || !CMS_add1_signer(cms, keys->cert, keys->key, EVP_sha256(), flags) ||
	    CMS_final(cms, object, NULL, flags) != 1)
		return NULL;
	return TAKE_PTR(cms);
}

/*
 * Moves the one signer of `from` into the signature that the object has already. libcrypto's own way
 * to add a signer would sign again for all of them, with keys we do not have.
 */
static bool move_signer(CMS_ContentInfo *from, CMS_ContentInfo *to)
{
	STACK_OF(CMS_SignerInfo) *source = CMS_get0_SignerInfos(from), *target = CMS_get0_SignerInfos(to);
	STACK_OF(X509) *certs = CMS_get1_certs(from);
	CMS_SignerInfo *signer = source ? sk_CMS_SignerInfo_shift(source) : NULL;
	bool moved = signer && target && sk_CMS_SignerInfo_push(target, signer) > 0;
	int i;

	/* a certificate that is there already is not a mistake */
	for (i = 0; moved && i < sk_X509_num(certs); i++)
		(void)CMS_add1_cert(to, sk_X509_value(certs, i));
	sk_X509_pop_free(certs, X509_free);
	ERR_clear_error();
	return moved;
}

static int encode(CMS_ContentInfo *cms, uint8_t **ret_der, size_t *ret_len)
{
	unsigned char *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);

	if (len <= 0)
		return -EINVAL;
	*ret_der = malloc((size_t)len);
	if (*ret_der)
		memcpy(*ret_der, der, (size_t)len);
	OPENSSL_free(der);
	*ret_len = (size_t)len;
	return *ret_der ? 0 : -ENOMEM;
}

static int sign_object(const struct sign_args *args, const struct signature_file *file,
		       uint8_t **ret_der, size_t *ret_len)
{
	struct sign_keys keys = { NULL, NULL };
	const unsigned char *old = file->cms;
	OWN_CMS fresh = NULL;
	OWN_CMS merged = NULL;
	int r = read_keys(args, &keys);

	if (r == EXIT_OK) {
		fresh = make_signature(args, &keys, file);
		r = fresh ? EXIT_OK : say_failed(args->object, crypto_reason());
	}
	keys_done(&keys);
	if (r != EXIT_OK)
		return r;
	if (file->cms && !args->replace) {
		merged = d2i_CMS_ContentInfo(NULL, &old, (long)file->cms_len);
		if (!merged || !move_signer(fresh, merged))
			return say_failed(args->object, "the signature it has cannot be added to; "
							"--replace makes a new one");
	}
	return encode(merged ? merged : fresh, ret_der, ret_len) < 0 ? EXIT_INTERNAL : EXIT_OK;
}

static int write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A new file beside the old one, renamed over it when it is whole; the old one's mode is kept. */
static int replace_file(const char *path, const void *head, size_t head_len, const void *tail,
			size_t tail_len, const void *end, size_t end_len)
{
	OWN_MEM char *fresh = NULL;
	OWN_FD int fd = -1;
	struct stat st = { .st_mode = 0644 };
	int r;

	if (asprintf(&fresh, "%s.%d.new", path, getpid()) < 0)
		return -ENOMEM;
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	(void)stat(path, &st);
	r = write_all(fd, head, head_len);
	if (r == 0)
		r = write_all(fd, tail, tail_len);
	if (r == 0)
		r = write_all(fd, end, end_len);
	if (r == 0 && (fchmod(fd, st.st_mode & 07777) < 0 || fsync(fd) < 0 || rename(fresh, path) < 0))
		r = -errno;
	if (r < 0)
		(void)unlink(fresh);
	return r;
}

static int write_signature(const struct sign_args *args, const struct signature_file *file,
			   const uint8_t *der, size_t der_len)
{
	uint8_t trailer[APPENDED_TRAILER_LEN];
	OWN_MEM char *sidecar = NULL;

	if (der_len > CMS_BLOB_MAX)
		return -EFBIG;
	if (args->detached) {
		if (asprintf(&sidecar, "%s.p7s", args->object) < 0)
			return -ENOMEM;
		return replace_file(sidecar, der, der_len, NULL, 0, NULL, 0);
	}
	appended_trailer((uint32_t)der_len, trailer);
	return replace_file(args->object, file->bytes, file->object_len, der, der_len, trailer,
			    sizeof(trailer));
}

/* A signature appended to any other file would only spoil it. */
static bool is_elf(const struct signature_file *file)
{
	return file->object_len >= SELFMAG && memcmp(file->bytes, ELFMAG, SELFMAG) == 0;
}

static int sign_file(const struct sign_args *args)
{
	OWN_MEM uint8_t *der = NULL;
	struct signature_file file;
	size_t der_len = 0;
	int r, code;

	r = signature_open(args->object, &file);
	if (r < 0) {
		signature_done(&file);
		return say_failed(args->object, strerror(-r));
	}
	if (!is_elf(&file)) {
		signature_done(&file);
		return say_failed(args->object, "is not an ELF object: left as it is");
	}
	code = sign_object(args, &file, &der, &der_len);
	if (code == EXIT_OK) {
		r = write_signature(args, &file, der, der_len);
		if (r < 0)
			code = say_failed(args->object, strerror(-r));
	}
	signature_done(&file);
	return code;
}

static int sign_take(void *ctx, enum option_id id, char *value)
{
	struct sign_args *args = ctx;

	if (id == OPT_KEY)
		args->key = value;
	else if (id == OPT_CERT)
		args->cert = value;
	else if (id == OPT_DETACHED)
		args->detached = true;
	else if (id == OPT_REPLACE)
		args->replace = true;
	else
		args->with_cert = id == OPT_WITH_CERT;
	return 0;
}

int cmd_sign(int argc, char **argv)
{
	struct sign_args args = { .with_cert = -1 };
	int code;

	if (!options_parse(VERB_SIGN, argc, argv, sign_take, &args, &code))
		return code;
	if (optind + 1 != argc || !args.key || !args.cert)
		return options_usage(VERB_SIGN);
	args.object = argv[optind];
	return sign_file(&args);
}
