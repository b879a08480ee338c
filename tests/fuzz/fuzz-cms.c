/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a signature, read as the judge reads them: every range that comes out lies in the blob, no
 * byte after the end is looked at (the copy is exact, for ASAN), and the broker's own check agrees.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/appended.h"
#include "policy/prove.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int no_id(void *ctx, const char *name, uint32_t *ret_id)
{
	(void)ctx;
	(void)name;
	(void)ret_id;
	return -ENOENT;
}

/* Without signers nothing can be proved, but all fields are checked. */
static struct policy *no_signers(void)
{
	static const struct policy_text text = { "f.json", "{\"version\": 1}", 14 };
	const struct policy_env env = { .find_user = no_id, .find_group = no_id };
	struct policy *policy = NULL;

	assert(policy_from_texts(&text, 1, &env, &policy, NULL) == 0);
	return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	struct policy_proof proofs[CMS_SIGNERS_MAX];
	const uint8_t sha256[POLICY_SHA256_LEN] = { 0 };
	struct cms_fields fields;
	size_t cnt = 1, object_len, cms_len;
	uint8_t *exact = malloc(size ? size : 1);

	if (!policy)
		policy = no_signers();
	memcpy(exact, data, size);
	if (cms_read(exact, size, &fields) == CMS_OK) {
		assert(fields.signer_cnt > 0);
		assert(prove_cms(policy, exact, size, &fields, sha256, 0, proofs, &cnt, NULL) == 0);
		assert(cnt == 0);
	}
	if (appended_split(exact, size, &object_len, &cms_len) >= 0)
		assert(object_len + cms_len <= size);
	free(exact);
	return 0;
}
