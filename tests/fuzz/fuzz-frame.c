/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: the bodies of every frame. The first byte says which decoder, the second how many fds came
 * along. What decodes is walked as the daemon walks it, and encoded again where that must give the same bytes.
 */
#include "proto/codec.h"

#include "proto/insnfd.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Touches every byte that a request says is there. */
static unsigned int walk_request(const struct request *req)
{
	unsigned int sum = 0;

	for (int i = 0; i < req->row->ptr_cnt; i++) {
		const struct request_ptr *ptr = &req->ptrs[i];
		struct insnfd use;
		size_t idx = 0;

		for (uint32_t b = 0; b < ptr->bytes; b++)
			sum += ptr->data[b];
		assert(!ptr->bytes || ptr->state == WIRE_PTR_PRESENT);
		while (req->row->ptrs[i].content == CMD_INSNS &&
		       insnfd_next(ptr->data, ptr->bytes / 8, &idx, &use))
			sum += (unsigned int)request_find_fd(req, use.number);
	}
	for (unsigned int i = 0; i < req->fd_cnt; i++)
		assert(request_find_fd(req, req->fd_numbers[i]) == (int)i);
	return sum;
}

/* A reply to that request with everything in it must come out as it went in. */
static void answer_request(const struct request *req)
{
	static const uint8_t zeros[4096];
	struct reply reply = { .decision = 1, .reason = "why", .reason_bytes = 3 };
	uint8_t *body;
	size_t bytes;

	for (int i = 0; i < req->row->out_cnt; i++)
		reply_set_out(&reply, req, req->row->outs[i].off, UINT64_MAX);
	for (int i = 0; i < req->row->ptr_cnt; i++)
		reply_set_buf(&reply, req, req->row->ptrs[i].off, zeros, sizeof(zeros));
	if (codec_encode_reply(&reply, &body, &bytes) == 0)
		free(body);
}

static void try_request(const uint8_t *body, size_t bytes, unsigned int fd_cnt)
{
	struct request req;

	if (codec_decode_request(body, bytes, fd_cnt, &req) < 0)
		return;
	(void)walk_request(&req);
	answer_request(&req);
}

/* A call with room for everything, so that only the decoder limits what a daemon may write. */
static void try_reply(const uint8_t *body, size_t bytes, unsigned int fd_cnt)
{
	struct codec_call call = { .row = cmd_row_of(bytes ? body[bytes - 1] % CMD_CNT : 0) };
	struct reply reply;

	for (int i = 0; i < CMD_PTRS_MAX; i++)
		call.ptr_room[i] = 64;
	if (codec_decode_reply(&call, body, bytes, fd_cnt, &reply) < 0)
		return;
	assert(reply.reason_bytes <= WIRE_REASON_MAX);
	for (int i = 0; i < call.row->ptr_cnt; i++)
		assert(reply.bufs[i].bytes <= 64);
}

static void try_control(const uint8_t *body, size_t bytes, unsigned int fd_cnt)
{
	struct control ctl;
	uint8_t *again;
	size_t again_bytes;

	(void)fd_cnt;
	if (codec_decode_control(body, bytes, &ctl) < 0)
		return;
	assert(codec_encode_control(&ctl, &again, &again_bytes) == 0);
	assert(again_bytes == bytes && !memcmp(again, body, bytes));
	free(again);
}

static void try_control_reply(const uint8_t *body, size_t bytes, unsigned int fd_cnt)
{
	struct control_reply reply;
	uint8_t *again;
	size_t again_bytes;

	(void)fd_cnt;
	if (codec_decode_control_reply(body, bytes, &reply) < 0)
		return;
	assert(codec_encode_control_reply(&reply, &again, &again_bytes) == 0);
	assert(again_bytes == bytes && !memcmp(again, body, bytes));
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static void (*const tries[])(const uint8_t *, size_t, unsigned int) = {
		try_request, try_reply, try_control, try_control_reply
	};
	uint8_t *body;

	if (bytes < 2)
		return 0;
	/* An allocation of its own, aligned as a received body is. */
	body = malloc(bytes - 2 ? bytes - 2 : 1);
	memcpy(body, data + 2, bytes - 2);
	tries[data[0] % ARRAY_CNT(tries)](body, bytes - 2, data[1]);
	free(body);
	return 0;
}
