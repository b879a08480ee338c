/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object file and the signature that goes with it: appended to it, or beside it as OBJECT.p7s.
 * What `bpfgate sign`, `signature` and `policy explain` share.
 */
#ifndef BPFGATE_CLIENT_SIGNATURE_H
#define BPFGATE_CLIENT_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cms.h"
#include "policy/policy.h"

#define SIGNATURE_OBJECT_MAX (64u * 1024 * 1024)

struct signature_file {
	uint8_t *bytes;		/* the whole file */
	size_t object_len;	/* what is signed: the front of bytes */
	uint8_t *cms;		/* NULL: not signed */
	size_t cms_len;
	bool is_appended;
	enum cms_reason reason; /* CMS_OK: fields are good; meaningful with cms only */
	struct cms_fields fields;
	uint8_t sha256[POLICY_SHA256_LEN]; /* of the object */
};

/* Reads a whole file of at most `most` bytes; free() *ret_bytes. 0 or -errno (-EFBIG). */
int signature_read_file(const char *path, size_t most, uint8_t **ret_bytes, size_t *ret_len);

/*
 * Reads object and signature. Returns 0, also without or with a malformed signature (see cms and
 * reason); -EBADMSG for an impossible trailer; -errno of reading. signature_done() in any case.
 */
int signature_open(const char *path, struct signature_file *ret_file);
void signature_done(struct signature_file *file);

#endif
