/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the signature of an object file. Promises to change nothing; trusts nothing it reads: the
 * trailer and the CMS go through the readers that the daemon's side uses, as the user who asks.
 */
#include "client/shared/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "policy/appended.h"
#include "policy/signer.h"
#include "proto/own.h"
#include "proto/whole.h"

int signature_read_file(const char *path, size_t most, uint8_t **ret_bytes, size_t *ret_len)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : whole_read(fd, most, ret_bytes, ret_len);
}

/* OBJECT.p7s, when there is one. */
static int read_sidecar(const char *path, struct signature_file *file)
{
	OWN_MEM char *name = NULL;
	int r;

	if (asprintf(&name, "%s.p7s", path) < 0)
		return -ENOMEM;
	r = signature_read_file(name, CMS_BLOB_MAX, &file->cms, &file->cms_len);
	return r == -ENOENT ? 0 : r;
}

static int copy_appended(struct signature_file *file, size_t cms_len)
{
	file->cms = malloc(cms_len);
	if (!file->cms)
		return -ENOMEM;
	memcpy(file->cms, file->bytes + file->object_len, cms_len);
	file->cms_len = cms_len;
	file->is_appended = true;
	return 0;
}

int signature_open(const char *path, struct signature_file *ret_file)
{
	size_t len, cms_len;
	int r;

	memset(ret_file, 0, sizeof(*ret_file));
	r = signature_read_file(path, SIGNATURE_OBJECT_MAX, &ret_file->bytes, &len);
	if (r < 0)
		return r;
	r = appended_split(ret_file->bytes, len, &ret_file->object_len, &cms_len);
	if (r < 0)
		return r;
	r = r ? copy_appended(ret_file, cms_len) : read_sidecar(path, ret_file);
	if (r < 0)
		return r;
	if (ret_file->cms)
		ret_file->reason = cms_read(ret_file->cms, ret_file->cms_len, &ret_file->fields);
	return signer_sha256(ret_file->bytes, ret_file->object_len, ret_file->sha256);
}

void signature_done(struct signature_file *file)
{
	free(file->bytes);
	free(file->cms);
	memset(file, 0, sizeof(*file));
}
