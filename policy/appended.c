/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trailer after an object. Reads 32 bytes of fixed layout and believes no length that does not
 * fit into the file; small enough to run in the broker.
 */
#include "policy/appended.h"

#include <errno.h>
#include <string.h>

#include "policy/cms.h"

/* 24 bytes with its NUL */
static const char magic[24] = "~bpfgate-signature-v1~\n";

static uint32_t get_le32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

int appended_split(const uint8_t *file, size_t len, size_t *ret_object_len, size_t *ret_cms_len)
{
	const uint8_t *trailer;
	uint32_t cms_len;

	*ret_object_len = len;
	*ret_cms_len = 0;
	if (len < APPENDED_TRAILER_LEN)
		return 0;
	trailer = file + len - APPENDED_TRAILER_LEN;
	if (memcmp(trailer + 8, magic, sizeof(magic)) != 0)
		return 0;
	cms_len = get_le32(trailer);
	if (cms_len == 0 || cms_len > CMS_BLOB_MAX || cms_len > len - APPENDED_TRAILER_LEN ||
	    get_le32(trailer + 4) != 0)
		return -EBADMSG;
	*ret_object_len = len - APPENDED_TRAILER_LEN - cms_len;
	*ret_cms_len = cms_len;
	return 1;
}

void appended_trailer(uint32_t cms_len, uint8_t ret_trailer[APPENDED_TRAILER_LEN])
{
	int i;

	memset(ret_trailer, 0, APPENDED_TRAILER_LEN);
	for (i = 0; i < 4; i++)
		ret_trailer[i] = (uint8_t)(cms_len >> (8 * i));
	memcpy(ret_trailer + 8, magic, sizeof(magic));
}
