/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpf loads without a log first, and asks for one when it was refused; when its buffer was too
 * small, it asks again. To people that is one refusal: what the log says is the number that the
 * journal has. Everything is decided again for it all the same, so nothing here is believed but that
 * it was asked before.
 */
#include "daemon/broker/work/retry.h"

#include <string.h>

#include "policy/signer.h"

/* More is not digested: others would wait for it. Then each attempt is a decision of its own. */
#define RETRY_BYTES_MAX (1u << 20)

/* Everything but where the log goes. Descriptors count by their numbers. */
struct retry_sum {
	uint8_t attr[ATTR_BYTES];
	uint8_t ptrs[CMD_PTRS_MAX][SIGNER_SHA256_LEN];
	uint32_t cmd, attr_bytes;
};

static bool retry_sum_ptrs(const struct work *work, const struct reply_log_fields *fields,
			   struct retry_sum *sum)
{
	const struct cmd_row *row = work->req.row;

	for (int i = 0; i < row->ptr_cnt; i++) {
		const struct request_ptr *ptr = &work->req.ptrs[i];

		if (row->ptrs[i].off == fields->buf)
			continue;
		if (signer_sha256(ptr->data ? (const char *)ptr->data : "", ptr->bytes,
				  sum->ptrs[i]) < 0)
			return false;
	}
	return true;
}

static bool retry_digest(const struct work *work, const struct reply_log_fields *fields,
			 uint8_t ret_digest[SIGNER_SHA256_LEN])
{
	struct retry_sum sum;

	memset(&sum, 0, sizeof(sum));
	sum.cmd = work->req.cmd;
	sum.attr_bytes = work->req.attr_bytes;
	memcpy(sum.attr, work->req.attr, sizeof(sum.attr));
	attr_put_u32(sum.attr, fields->size, 0);
	attr_put_u32(sum.attr, fields->level, 0);
	attr_put_u32(sum.attr, fields->true_size, 0);
	return retry_sum_ptrs(work, fields, &sum) &&
	       signer_sha256(&sum, sizeof(sum), ret_digest) == 0;
}

void retry_look(struct work *work, const struct reply_log_fields *fields)
{
	struct decision_request *request = &work->request;

	if (request->known || work->msg.head.body_bytes > RETRY_BYTES_MAX ||
	    !retry_digest(work, fields, request->digest))
		return;
	request->known = true;
	request->log_level = work_u32(work, fields->level);
	request->log_bytes = work_u32(work, fields->size);
	work->retry_of = decision_log_find_retried(work->broker->decisions, work->account->uid,
						   work->ident->uid, work->ident->pid, request,
						   clock_now_s());
}
