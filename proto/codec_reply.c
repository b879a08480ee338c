/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outcome of a call: built and encoded by the daemon, decoded and written home by the caller.
 * The caller trusts the daemon no further than it must: a reply can never write more than the room
 * the call gave, nor anywhere else.
 */
#include "proto/codec.h"

#include "proto/bytes.h"

#include <endian.h>
#include <string.h>

/* ---- The daemon's side ---- */

void reply_set_out(struct reply *reply, const struct request *req, uint16_t off, uint64_t value)
{
	int idx = cmd_find_out(req->row, off);

	if (idx < 0)
		return;
	reply->out_mask |= 1u << idx;
	reply->outs[idx] = value;
}

static void reply_set_buf_idx(struct reply *reply, const struct request *req, int ptr_idx,
			      const void *data, size_t bytes)
{
	uint32_t room = req->ptrs[ptr_idx].room;

	if (!room || !data)
		return;
	reply->bufs[ptr_idx].data = data;
	reply->bufs[ptr_idx].bytes = bytes < room ? (uint32_t)bytes : room;
}

void reply_set_buf(struct reply *reply, const struct request *req, uint16_t off, const void *data,
		   size_t bytes)
{
	int idx = cmd_find_ptr(req->row, req->attr, off);

	if (idx >= 0)
		reply_set_buf_idx(reply, req, idx, data, bytes);
}

void reply_set_info_buf(struct reply *reply, const struct request *req, uint16_t info_off,
			const void *data, size_t bytes)
{
	for (int i = 0; i < req->row->ptr_cnt; i++)
		if (req->row->ptrs[i].in_info && req->row->ptrs[i].off == info_off)
			reply_set_buf_idx(reply, req, i, data, bytes);
}

static uint32_t reply_put_bufs(struct bytes_out *out, const struct reply *reply)
{
	uint32_t cnt = 0;

	for (unsigned int i = 0; i < CMD_PTRS_MAX; i++) {
		const struct reply_buf *buf = &reply->bufs[i];
		struct wire_buf entry = { .ptr_idx = htole16((uint16_t)i), .bytes = htole32(buf->bytes) };

		if (!buf->data)
			continue;
		bytes_put(out, &entry, sizeof(entry));
		bytes_put(out, buf->data, buf->bytes);
		bytes_put_pad(out);
		cnt++;
	}
	return cnt;
}

int codec_encode_reply(const struct reply *reply, uint8_t **ret_body, size_t *ret_bytes)
{
	struct bytes_out out = { 0 };
	struct wire_reply head = { .result = (int32_t)htole32((uint32_t)reply->result),
				   .flags = htole32(reply->result_is_fd ? WIRE_RESULT_FD : 0),
				   .decision = htole64(reply->decision),
				   .out_mask = htole32(reply->out_mask) };
	uint32_t reason_bytes = reply->reason ? reply->reason_bytes : 0;

	if (reason_bytes > WIRE_REASON_MAX)
		reason_bytes = WIRE_REASON_MAX;
	head.reason_bytes = htole32(reason_bytes);
	(void)bytes_reserve(&out, sizeof(head));
	for (int i = 0; i < CMD_OUTS_MAX; i++) {
		uint64_t value = htole64(reply->outs[i]);

		if (reply->out_mask & 1u << i)
			bytes_put(&out, &value, sizeof(value));
	}
	head.buf_cnt = htole32(reply_put_bufs(&out, reply));
	bytes_put(&out, reply->reason, reason_bytes);
	if (out.error) {
		free(out.data);
		return out.error;
	}
	memcpy(out.data, &head, sizeof(head));
	*ret_body = out.data;
	*ret_bytes = out.len;
	return 0;
}

/* ---- The caller's side ---- */

static bool reply_take_outs(struct bytes_in *in, const struct cmd_row *row, struct reply *reply)
{
	if (reply->out_mask >> row->out_cnt)
		return false;
	for (int i = 0; i < row->out_cnt; i++) {
		uint64_t value = 0;

		if (!(reply->out_mask & 1u << i))
			continue;
		if (!bytes_get(in, &value, sizeof(value)))
			return false;
		reply->outs[i] = le64toh(value);
	}
	return true;
}

static bool reply_take_bufs(struct bytes_in *in, const struct codec_call *call, uint32_t buf_cnt,
			    struct reply *reply)
{
	uint32_t next = 0;

	if (buf_cnt > CMD_PTRS_MAX)
		return false;
	while (buf_cnt--) {
		struct wire_buf entry;
		struct reply_buf *buf;
		uint16_t idx;

		if (!bytes_get(in, &entry, sizeof(entry)) || entry.zero)
			return false;
		idx = le16toh(entry.ptr_idx);
		if (idx < next || idx >= call->row->ptr_cnt)
			return false;
		next = idx + 1u;
		buf = &reply->bufs[idx];
		buf->bytes = le32toh(entry.bytes);
		if (buf->bytes > call->ptr_room[idx])
			return false;
		buf->data = bytes_take(in, buf->bytes);
		if (!buf->data || !bytes_get_pad(in))
			return false;
	}
	return true;
}

/* A result is what bpf(2) can return: an errno, a small number, or the fd that came along. */
static bool reply_result_ok(const struct reply *reply, uint32_t flags, unsigned int fd_cnt)
{
	enum { ERRNO_MAX = 4095 };

	if (flags & ~(uint32_t)WIRE_RESULT_FD || fd_cnt != (flags ? 1 : 0))
		return false;
	return flags ? reply->result == 0 : reply->result >= -ERRNO_MAX;
}

int codec_decode_reply(const struct codec_call *call, const uint8_t *body, size_t body_bytes,
		       unsigned int fd_cnt, struct reply *reply)
{
	struct bytes_in in = { .start = body, .len = body_bytes };
	struct wire_reply head;

	memset(reply, 0, sizeof(*reply));
	if (!bytes_get(&in, &head, sizeof(head)) || head.zero)
		return -EBADMSG;
	reply->result = (int32_t)le32toh((uint32_t)head.result);
	reply->result_is_fd = le32toh(head.flags) & WIRE_RESULT_FD;
	reply->decision = le64toh(head.decision);
	reply->out_mask = le32toh(head.out_mask);
	reply->reason_bytes = le32toh(head.reason_bytes);
	if (!reply_result_ok(reply, le32toh(head.flags), fd_cnt) ||
	    !reply_take_outs(&in, call->row, reply) ||
	    !reply_take_bufs(&in, call, le32toh(head.buf_cnt), reply) ||
	    reply->reason_bytes > WIRE_REASON_MAX)
		return -EBADMSG;
	reply->reason = (const char *)bytes_take(&in, reply->reason_bytes);
	return bytes_all_taken(&in) ? 0 : -EBADMSG;
}

/* The struct comes back with the caller's own pointers in it, as from the kernel. */
static int reply_write_info(const struct codec_call *call, int idx, const struct reply_buf *buf)
{
	uint8_t info[ATTR_SIZE_MAX];

	if (buf->bytes > sizeof(info))
		return -EFAULT;
	memcpy(info, buf->data, buf->bytes);
	for (int i = 0; i < call->row->ptr_cnt; i++) {
		const struct cmd_ptr *in = &call->row->ptrs[i];

		if (in->in_info && in->off + 8u <= buf->bytes)
			attr_put_u64(info, in->off, call->ptr_addr[i]);
	}
	return call->source->write(call->source->ctx, call->ptr_addr[idx], info, buf->bytes);
}

static int reply_write_bufs(const struct codec_call *call, const struct reply *reply)
{
	const struct codec_source *src = call->source;
	int r = 0;

	for (int i = 0; i < call->row->ptr_cnt && r == 0; i++) {
		const struct reply_buf *buf = &reply->bufs[i];

		if (!buf->data || !buf->bytes)
			continue;
		if (call->row->ptrs[i].content == CMD_INFO)
			r = reply_write_info(call, i, buf);
		else
			r = src->write(src->ctx, call->ptr_addr[i], buf->data, buf->bytes);
	}
	return r;
}

int codec_copy_out(const struct codec_call *call, const struct reply *reply)
{
	const struct codec_source *src = call->source;
	int r = reply_write_bufs(call, reply);

	for (int i = 0; i < call->row->out_cnt && r == 0; i++) {
		const struct cmd_out *field = &call->row->outs[i];
		uint32_t low = (uint32_t)reply->outs[i];
		const void *value = field->bytes == sizeof(low) ? (const void *)&low :
								  (const void *)&reply->outs[i];

		if (!(reply->out_mask & 1u << i) || field->off + field->bytes > call->attr_bytes)
			continue;
		r = src->write(src->ctx, call->attr_addr + field->off, value, field->bytes);
	}
	return r;
}
