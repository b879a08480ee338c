/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request becomes a struct request. Everything here was shaped by a stranger: each
 * length is held against the bytes that came and against the attr's own count, each reserved byte
 * must be zero, and what is left over at the end is an error. Allocates nothing.
 */
#include "proto/codec.h"

#include "proto/bytes.h"

#include <endian.h>
#include <string.h>

static bool decode_is_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* ---- lengths: what the attr's counts say an entry must hold, by enum cmd_len ---- */

/* Where a rule's counts stand: the attr, or the info struct that came before. NULL: nowhere. */
static const uint8_t *decode_base(const struct request *req, const struct cmd_ptr *ptr)
{
	const struct request_ptr *info = &req->ptrs[0];

	if (!ptr->in_info)
		return req->attr;
	if (info->state != WIRE_PTR_PRESENT || ptr->off + 8u > info->bytes)
		return NULL;
	return info->data;
}

static uint64_t decode_count(const struct cmd_ptr *ptr, const uint8_t *base)
{
	return ptr->len_off == CMD_NO_OFF ? 0 : attr_u32(base, ptr->len_off);
}

/* Too long a count is refused or cut, as the row says; the sender has to do the same. */
static bool decode_len_is(const struct cmd_ptr *ptr, uint64_t want, uint64_t bytes)
{
	if (want > ptr->max_bytes)
		return !ptr->over_errno && bytes == ptr->max_bytes;
	return bytes == want;
}

static bool decode_len_count(const struct cmd_ptr *ptr, const uint8_t *base, uint64_t bytes)
{
	return decode_len_is(ptr, decode_count(ptr, base) * ptr->elem_bytes, bytes);
}

static bool decode_len_hint(const struct cmd_ptr *ptr, const uint8_t *base, uint64_t bytes)
{
	uint64_t want = decode_count(ptr, base);

	return decode_len_is(ptr, want ? want : ptr->max_bytes, bytes);
}

static bool decode_len_records(const struct cmd_ptr *ptr, const uint8_t *base, uint64_t bytes)
{
	return decode_len_is(ptr, decode_count(ptr, base) * attr_u32(base, ptr->rec_off), bytes);
}

/* Counted, or as long as the sender found that the instructions reach. */
static bool decode_len_fd_array(const struct cmd_ptr *ptr, const uint8_t *base, uint64_t bytes)
{
	uint64_t cnt = decode_count(ptr, base);

	return bytes % 4 == 0 && bytes <= ptr->max_bytes && (!cnt || bytes == cnt * 4);
}

/* Text and map contents: only the limit is known here. */
static bool decode_len_any(const struct cmd_ptr *ptr, const uint8_t *base, uint64_t bytes)
{
	(void)base;
	return bytes <= ptr->max_bytes;
}

static bool (*const decode_len[])(const struct cmd_ptr *ptr, const uint8_t *base, uint64_t bytes) = {
	[CMD_LEN_COUNT] = decode_len_count,	    [CMD_LEN_HINT] = decode_len_hint,
	[CMD_LEN_RECORDS] = decode_len_records,	    [CMD_LEN_NUL] = decode_len_any,
	[CMD_LEN_STRINGS] = decode_len_any,	    [CMD_LEN_FD_ARRAY] = decode_len_fd_array,
	[CMD_LEN_MAP_KEY] = decode_len_any,	    [CMD_LEN_MAP_VALUE] = decode_len_any,
};

/* ---- contents ---- */

static bool decode_text_ok(const uint8_t *data, uint32_t bytes)
{
	return bytes && memchr(data, 0, bytes) == data + bytes - 1;
}

static bool decode_strings_ok(const uint8_t *data, uint32_t bytes, uint32_t cnt)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < bytes; i++)
		found += data[i] == 0;
	return found == cnt && (!bytes || data[bytes - 1] == 0);
}

/* The info struct's own pointers may not travel. */
static bool decode_info_ok(const struct cmd_row *row, const uint8_t *data, uint32_t bytes)
{
	for (int i = 0; i < row->ptr_cnt; i++) {
		const struct cmd_ptr *in = &row->ptrs[i];

		if (in->in_info && in->off + 8u <= bytes && attr_u64(data, in->off))
			return false;
	}
	return true;
}

static bool decode_contents_ok(const struct request *req, const struct cmd_ptr *ptr,
			       const struct request_ptr *got)
{
	if (ptr->len == CMD_LEN_NUL)
		return decode_text_ok(got->data, got->bytes);
	if (ptr->len == CMD_LEN_STRINGS)
		return decode_strings_ok(got->data, got->bytes,
					 attr_u32(req->attr, ptr->len_off));
	if (ptr->content == CMD_INFO)
		return decode_info_ok(req->row, got->data, got->bytes);
	return true;
}

/* Whether bytes and room of an entry are what its direction and rule ask for. */
static bool decode_sizes_ok(const struct request *req, const struct cmd_ptr *ptr,
			    const struct request_ptr *got)
{
	const uint8_t *base = decode_base(req, ptr);

	if (!base)
		return false;
	if (got->state == WIRE_PTR_FAULT)
		return (ptr->dir & CMD_IN) && !got->bytes && !got->room;
	if (got->state != WIRE_PTR_PRESENT)
		return false;
	if (ptr->dir == CMD_IN)
		return !got->room && decode_len[ptr->len](ptr, base, got->bytes);
	if (ptr->dir == CMD_OUT)
		return !got->bytes && decode_len[ptr->len](ptr, base, got->room);
	/* A context of an older library comes with no room: it is not told what became of it. */
	if (ptr->content == CMD_CTX && !got->room)
		return decode_len[ptr->len](ptr, base, got->bytes);
	return got->room == got->bytes && decode_len[ptr->len](ptr, base, got->bytes);
}

/* One entry; *io_next is the lowest index that may follow. */
static int decode_take_ptr(struct bytes_in *in, struct request *req, uint32_t *io_next)
{
	const struct cmd_ptr *ptr;
	struct request_ptr got;
	struct wire_ptr entry;
	uint16_t idx;

	if (!bytes_get(in, &entry, sizeof(entry)))
		return -EBADMSG;
	idx = le16toh(entry.ptr_idx);
	if (idx < *io_next || idx >= req->row->ptr_cnt || entry.zero)
		return -EBADMSG;
	*io_next = idx + 1u;
	ptr = &req->row->ptrs[idx];
	got = (struct request_ptr){ .bytes = le32toh(entry.bytes), .room = le32toh(entry.room) };
	/* An unknown state must not come out right by losing bits. */
	if (le16toh(entry.state) > WIRE_PTR_FAULT)
		return -EBADMSG;
	got.state = (uint8_t)le16toh(entry.state);
	got.data = bytes_take(in, got.bytes);
	if (!got.data || !bytes_get_pad(in))
		return -EBADMSG;
	if (!cmd_used_for(req->row, ptr->only_for, req->attr) || !decode_sizes_ok(req, ptr, &got))
		return -EBADMSG;
	if (got.state == WIRE_PTR_PRESENT && (ptr->dir & CMD_IN) &&
	    !decode_contents_ok(req, ptr, &got))
		return -EBADMSG;
	if (!got.bytes)
		got.data = NULL;
	req->ptrs[idx] = got;
	return 0;
}

static int decode_take_ptrs(struct bytes_in *in, struct request *req, uint32_t ptr_cnt)
{
	uint32_t next = 0;
	int r = 0;

	if (ptr_cnt > CMD_PTRS_MAX)
		return -EBADMSG;
	while (ptr_cnt-- && r == 0)
		r = decode_take_ptr(in, req, &next);
	return r;
}

/* ---- head, attr, fds ---- */

static bool decode_attr_has_pointers(const struct request *req)
{
	for (int i = 0; i < req->row->ptr_cnt; i++) {
		const struct cmd_ptr *ptr = &req->row->ptrs[i];

		if (!ptr->in_info && cmd_used_for(req->row, ptr->only_for, req->attr) &&
		    attr_u64(req->attr, ptr->off))
			return true;
	}
	return false;
}

/* Fills row and attr. A newer client's command or field is answered as an older kernel would. */
static int decode_take_attr(struct bytes_in *in, struct request *req, uint32_t attr_stored)
{
	const uint8_t *attr;

	if (req->attr_bytes > ATTR_SIZE_MAX || attr_stored > req->attr_bytes)
		return -EBADMSG;
	attr = bytes_take(in, attr_stored);
	if (!attr || !bytes_get_pad(in) || (attr_stored && !attr[attr_stored - 1]))
		return -EBADMSG;
	if (attr_stored > ATTR_BYTES)
		return -E2BIG;
	memcpy(req->attr, attr, attr_stored);
	req->row = cmd_row_of(req->cmd);
	if (!req->row)
		return -EINVAL;
	if (!decode_is_zero(req->attr + req->row->attr_end, ATTR_BYTES - req->row->attr_end))
		return -EINVAL;
	return decode_attr_has_pointers(req) ? -EBADMSG : 0;
}

static int decode_take_fd_numbers(struct bytes_in *in, struct request *req, unsigned int fd_cnt)
{
	int32_t last = -1;

	if (fd_cnt > WIRE_FDS_MAX)
		return -EBADMSG;
	for (unsigned int i = 0; i < fd_cnt; i++) {
		uint32_t number;

		if (!bytes_get(in, &number, sizeof(number)))
			return -EBADMSG;
		req->fd_numbers[i] = (int32_t)le32toh(number);
		if (req->fd_numbers[i] <= last)
			return -EBADMSG;
		last = req->fd_numbers[i];
	}
	req->fd_cnt = fd_cnt;
	return bytes_get_pad(in) ? 0 : -EBADMSG;
}

int codec_decode_request(const uint8_t *body, size_t body_bytes, unsigned int fd_cnt,
			 struct request *req)
{
	struct bytes_in in = { .start = body, .len = body_bytes };
	struct wire_request wire;
	int r;

	memset(req, 0, sizeof(*req));
	if (!bytes_get(&in, &wire, sizeof(wire)))
		return -EBADMSG;
	req->cmd = le32toh(wire.cmd);
	req->attr_bytes = le32toh(wire.attr_bytes);
	r = decode_take_attr(&in, req, le32toh(wire.attr_stored));
	if (r == 0)
		r = decode_take_ptrs(&in, req, le32toh(wire.ptr_cnt));
	if (r == 0)
		r = decode_take_fd_numbers(&in, req, fd_cnt);
	if (r == 0 && !bytes_all_taken(&in))
		r = -EBADMSG;
	return r;
}

int request_find_fd(const struct request *req, int32_t number)
{
	unsigned int lo = 0, hi = req->fd_cnt;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (req->fd_numbers[mid] == number)
			return (int)mid;
		if (req->fd_numbers[mid] < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -EBADF;
}

int request_find_fd_at(const struct request *req, uint16_t attr_off, uint32_t self_pid)
{
	const struct cmd_row *row = req->row;

	for (int i = 0; i < row->fd_cnt; i++)
		if (row->fds[i].off == attr_off && cmd_fd_used(row, &row->fds[i], req->attr, self_pid))
			return request_find_fd(req, attr_s32(req->attr, attr_off));
	return -ENOENT;
}

const struct request_ptr *request_ptr_at(const struct request *req, uint16_t off)
{
	static const struct request_ptr null = { .state = WIRE_PTR_NULL };
	int idx = cmd_find_ptr(req->row, req->attr, off);

	return idx < 0 ? &null : &req->ptrs[idx];
}
