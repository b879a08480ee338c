/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bpf(2) call becomes the body of a request. Promises to say what the kernel says to a malformed
 * attr, and to read the caller's memory once. Trusts its source callbacks; the memory behind them
 * may change or vanish at any time and only ever costs the caller itself.
 */
#include "proto/codec.h"

#include "proto/bytes.h"
#include "proto/insnfd.h"
#include "proto/pinname.h"

#include <endian.h>
#include <string.h>

enum {
	ENCODE_PAGE = 4096,	/* text is read up to page ends: what follows may be unmapped */
	ENCODE_SYMBOL_MAX = 512 /* KSYM_NAME_LEN */
};

struct encode {
	struct codec_call *call;
	struct bytes_out out;
	uint32_t ptr_cnt;
	struct {
		size_t at; /* of the contents in out */
		uint32_t bytes;
	} insns, info;
	bool map_known;
	struct codec_map map;
};

/* What a pointer with this rule points to, in bytes; the caller's counts are still unchecked. */
struct encode_len {
	uint64_t bytes;
	bool fault;
};

static bool encode_is_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* ---- the attr ---- */

/* As bpf_check_uarg_tail_zero(): a longer attr than we know is fine while its tail is zero. */
static int encode_read_attr(struct codec_call *call)
{
	const struct codec_source *src = call->source;
	uint8_t tail[ATTR_SIZE_MAX - ATTR_BYTES];
	size_t tail_bytes;
	int r;

	if (call->attr_bytes > ATTR_SIZE_MAX)
		return -E2BIG;
	if (call->attr_bytes <= ATTR_BYTES)
		return src->read(src->ctx, call->attr_addr, call->attr, call->attr_bytes);
	tail_bytes = call->attr_bytes - ATTR_BYTES;
	r = src->read(src->ctx, call->attr_addr + ATTR_BYTES, tail, tail_bytes);
	if (r < 0)
		return r;
	if (!encode_is_zero(tail, tail_bytes))
		return -E2BIG;
	return src->read(src->ctx, call->attr_addr, call->attr, ATTR_BYTES);
}

/* The attr as it travels: without pointers, and without its zero tail. */
static uint32_t encode_put_attr(struct encode *enc)
{
	const struct codec_call *call = enc->call;
	uint8_t attr[ATTR_BYTES];
	uint32_t stored = ATTR_BYTES;

	memcpy(attr, call->attr, sizeof(attr));
	for (int i = 0; i < call->row->ptr_cnt; i++) {
		const struct cmd_ptr *ptr = &call->row->ptrs[i];

		if (!ptr->in_info && cmd_used_for(call->row, ptr->only_for, call->attr))
			attr_put_u64(attr, ptr->off, 0);
	}
	while (stored && !attr[stored - 1])
		stored--;
	bytes_put(&enc->out, attr, stored);
	bytes_put_pad(&enc->out);
	return stored;
}

/* ---- fds ---- */

/* Position of the first number not below this one; the list is kept sorted. */
static unsigned int encode_fd_slot(const struct codec_call *call, int32_t number)
{
	unsigned int lo = 0, hi = call->fd_cnt;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (call->fd_numbers[mid] < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void encode_insert_fd(struct codec_call *call, unsigned int slot, int32_t number, int fd)
{
	unsigned int moved = call->fd_cnt - slot;

	memmove(&call->fds[slot + 1], &call->fds[slot], moved * sizeof(call->fds[0]));
	memmove(&call->fd_numbers[slot + 1], &call->fd_numbers[slot],
		moved * sizeof(call->fd_numbers[0]));
	call->fds[slot] = fd;
	call->fd_numbers[slot] = number;
	call->fd_cnt++;
}

/* Sends this fd along, once. A number that is not an open file travels as what it is: a number. */
static int encode_add_fd(struct codec_call *call, int32_t number)
{
	const struct codec_source *src = call->source;
	unsigned int slot;
	int fd, r;

	if (number < 0 || number >= WIRE_FD_OURS)
		return 0;
	slot = encode_fd_slot(call, number);
	if (slot < call->fd_cnt && call->fd_numbers[slot] == number)
		return 0;
	r = src->take_fd(src->ctx, number, &fd);
	if (r == -EBADF)
		return 0;
	if (r < 0)
		return r;
	if (call->fd_cnt == WIRE_FDS_MAX) {
		src->drop_fd(src->ctx, fd);
		return -E2BIG;
	}
	encode_insert_fd(call, slot, number, fd);
	return 0;
}

/* A file of the codec's own, of a number that no client's has. Takes fd; -1 is fine. */
static int encode_add_ours(struct codec_call *call, int32_t number, int *take_fd)
{
	if (*take_fd < 0)
		return 0;
	if (call->fd_cnt == WIRE_FDS_MAX)
		return -E2BIG;
	encode_insert_fd(call, encode_fd_slot(call, number), number, TAKE_FD(*take_fd));
	return 0;
}

static int encode_attr_fds(struct codec_call *call)
{
	int r = 0;

	for (int i = 0; i < call->row->fd_cnt && r == 0; i++) {
		const struct cmd_fd *fd = &call->row->fds[i];

		if (cmd_fd_used(call->row, fd, call->attr, call->source->self_pid))
			r = encode_add_fd(call, attr_s32(call->attr, fd->off));
	}
	return r;
}

static void encode_put_fd_numbers(struct encode *enc)
{
	for (unsigned int i = 0; i < enc->call->fd_cnt; i++) {
		uint32_t number = htole32((uint32_t)enc->call->fd_numbers[i]);

		bytes_put(&enc->out, &number, sizeof(number));
	}
	bytes_put_pad(&enc->out);
}

/* ---- fds inside contents: by enum cmd_content; `at` is where the contents lie in enc->out ---- */

static int encode_fds_plain(struct encode *enc, const struct cmd_ptr *ptr, size_t at, uint32_t bytes)
{
	(void)enc, (void)ptr, (void)at, (void)bytes;
	return 0;
}

static int encode_fds_insns(struct encode *enc, const struct cmd_ptr *ptr, size_t at, uint32_t bytes)
{
	struct insnfd use;
	size_t idx = 0;
	int r = 0;

	(void)ptr;
	enc->insns.at = at;
	enc->insns.bytes = bytes;
	while (r == 0 && insnfd_next(enc->out.data + at, bytes / 8, &idx, &use))
		if (use.kind == INSNFD_MAP || use.kind == INSNFD_BTF)
			r = encode_add_fd(enc->call, use.number);
	return r;
}

/* A counted fd_array is all fds; of a sparse one, what the instructions do not use is noise. */
static int encode_fds_array(struct encode *enc, const struct cmd_ptr *ptr, size_t at, uint32_t bytes)
{
	const uint8_t *insns = enc->out.data + enc->insns.at;
	bool counted = attr_u32(enc->call->attr, ptr->len_off) != 0;
	struct insnfd use;
	size_t idx = 0;
	int r = 0;

	for (uint32_t i = 0; counted && i < bytes / 4 && r == 0; i++)
		r = encode_add_fd(enc->call, attr_s32(enc->out.data + at, (size_t)i * 4));
	while (!counted && r == 0 && insnfd_next(insns, enc->insns.bytes / 8, &idx, &use))
		if ((use.kind == INSNFD_MAP_IDX || use.kind == INSNFD_KFUNC_IDX) &&
		    (uint32_t)use.number < bytes / 4)
			r = encode_add_fd(enc->call,
					  attr_s32(enc->out.data + at, (size_t)use.number * 4));
	return r;
}

/*
 * Which word of union bpf_iter_link_info is an fd (map, cgroup or pidfd) only the program knows.
 * So each word that could be one is sent if it is open: the map's, the cgroup's, the task's.
 */
static int encode_fds_iter(struct encode *enc, const struct cmd_ptr *ptr, size_t at, uint32_t bytes)
{
	int r = 0;

	(void)ptr;
	for (uint32_t off = 0; off + 4 <= bytes && off <= 8 && r == 0; off += 4) {
		int32_t number = attr_s32(enc->out.data + at, off);

		if (number > 0)
			r = encode_add_fd(enc->call, number);
	}
	return r;
}

static int encode_fds_value(struct encode *enc, const struct cmd_ptr *ptr, size_t at, uint32_t bytes)
{
	int fd_off = cmd_value_fd_off(enc->map.type);
	uint32_t step = enc->map.value_bytes;
	int r = 0;

	(void)ptr;
	if (fd_off < 0 || step < (uint32_t)fd_off + 4)
		return 0;
	for (uint32_t off = (uint32_t)fd_off; off + 4 <= bytes && r == 0; off += step)
		r = encode_add_fd(enc->call, attr_s32(enc->out.data + at, off));
	return r;
}

/* Keeps the contents for the pointers inside, and blanks those. */
static int encode_fds_info(struct encode *enc, const struct cmd_ptr *ptr, size_t at, uint32_t bytes)
{
	const struct cmd_row *row = enc->call->row;

	(void)ptr;
	enc->info.at = at;
	enc->info.bytes = bytes;
	for (int i = 0; i < row->ptr_cnt; i++) {
		const struct cmd_ptr *in = &row->ptrs[i];

		if (!in->in_info || in->off + 8u > bytes)
			continue;
		enc->call->ptr_addr[i] = attr_u64(enc->out.data + at, in->off);
		attr_put_u64(enc->out.data + at, in->off, 0);
	}
	return 0;
}

static int (*const encode_content_fds[])(struct encode *enc, const struct cmd_ptr *ptr, size_t at,
					 uint32_t bytes) = {
	[CMD_PLAIN] = encode_fds_plain,	   [CMD_INSNS] = encode_fds_insns,
	[CMD_FDS] = encode_fds_array,	   [CMD_ITER_INFO] = encode_fds_iter,
	[CMD_VALUE] = encode_fds_value,	   [CMD_INFO] = encode_fds_info,
	[CMD_PATH] = encode_fds_plain,	   [CMD_FILE] = encode_fds_plain,
	[CMD_CTX] = encode_fds_plain,
};

/* ---- lengths: by enum cmd_len; NUL and STRINGS are found while reading ---- */

static uint64_t encode_len_map(struct encode *enc, const struct cmd_ptr *ptr, uint32_t one)
{
	uint64_t cnt = ptr->len_off == CMD_NO_OFF ? 1 : attr_u32(enc->call->attr, ptr->len_off);

	return cnt * one;
}

static int encode_know_map(struct encode *enc, const struct cmd_ptr *ptr)
{
	const struct codec_source *src = enc->call->source;
	int r;

	if (enc->map_known)
		return 0;
	r = src->map_shape(src->ctx, attr_s32(enc->call->attr, ptr->rec_off), &enc->map);
	enc->map_known = r == 0;
	return r;
}

/* Sparse and beyond all reason: nothing readable can be there, so it faults as in the kernel. */
static struct encode_len encode_len_fd_array(struct encode *enc, uint32_t cnt, uint32_t max)
{
	uint64_t bytes;

	if (cnt)
		return (struct encode_len){ .bytes = (uint64_t)cnt * 4 };
	bytes = 4 * (uint64_t)insnfd_array_cnt(enc->out.data + enc->insns.at, enc->insns.bytes / 8);
	return (struct encode_len){ .bytes = bytes, .fault = bytes > max };
}

/* Of a per-CPU map whose flags ask for one CPU's value, or give one for all, that is all there is. */
static uint32_t encode_value_bytes(const struct encode *enc, const struct cmd_ptr *ptr)
{
	uint32_t off = ptr->len_off == CMD_NO_OFF ? ATTR_ELEM_FLAGS : ATTR_BATCH_ELEM_FLAGS;
	bool one = attr_u32(enc->call->attr, off) & (CMD_F_CPU | CMD_F_ALL_CPUS);

	return one && enc->map.cpu_value_bytes ? enc->map.cpu_value_bytes : enc->map.value_bytes;
}

/* Bytes that the pointer's rule asks for. Returns 0, or the error of asking for the map. */
static int encode_len_of(struct encode *enc, const struct cmd_ptr *ptr, struct encode_len *ret)
{
	const uint8_t *base =
		ptr->in_info ? enc->out.data + enc->info.at : (const uint8_t *)enc->call->attr;
	uint64_t cnt = ptr->len_off == CMD_NO_OFF ? 0 : attr_u32(base, ptr->len_off);
	int r = 0;

	*ret = (struct encode_len){ 0 };
	if (ptr->len == CMD_LEN_MAP_KEY || ptr->len == CMD_LEN_MAP_VALUE) {
		r = encode_know_map(enc, ptr);
		if (r == 0)
			ret->bytes = encode_len_map(enc, ptr,
						    ptr->len == CMD_LEN_MAP_KEY ? enc->map.key_bytes :
										  encode_value_bytes(enc, ptr));
	} else if (ptr->len == CMD_LEN_FD_ARRAY && cnt >= UINT32_MAX / sizeof(int32_t)) {
		r = -EINVAL; /* what the kernel says of so many before it looks at them */
	} else if (ptr->len == CMD_LEN_FD_ARRAY) {
		*ret = encode_len_fd_array(enc, (uint32_t)cnt, ptr->max_bytes);
	} else if (ptr->len == CMD_LEN_RECORDS) {
		ret->bytes = cnt * attr_u32(base, ptr->rec_off);
	} else {
		ret->bytes = cnt * ptr->elem_bytes;
		if (ptr->len == CMD_LEN_HINT && cnt == 0)
			ret->bytes = ptr->max_bytes;
	}
	return r;
}

/* ---- contents ---- */

/*
 * Appends the text at addr with its NUL. One of `max` bytes without a NUL is cut and ended there if
 * cut_ok, else over_errno. Returns bytes appended, or -errno.
 */
static int encode_put_text(struct encode *enc, uint64_t addr, uint32_t max, int over_errno)
{
	const struct codec_source *src = enc->call->source;
	uint32_t done = 0;

	while (done < max) {
		uint32_t to_page_end = ENCODE_PAGE - (uint32_t)((addr + done) % ENCODE_PAGE);
		uint32_t n = max - done < to_page_end ? max - done : to_page_end;
		size_t at = bytes_reserve(&enc->out, n);
		const uint8_t *nul;
		int r;

		if (at == SIZE_MAX)
			return enc->out.error;
		r = src->read(src->ctx, addr + done, enc->out.data + at, n);
		if (r < 0)
			return r;
		nul = memchr(enc->out.data + at, 0, n);
		if (nul) {
			n = (uint32_t)(nul + 1 - (enc->out.data + at));
			enc->out.len = at + n;
			return (int)(done + n);
		}
		done += n;
	}
	if (over_errno)
		return -over_errno;
	enc->out.data[enc->out.len - 1] = 0;
	return (int)done;
}

/* An array of pointers to texts becomes the texts, one after the other. */
static int encode_put_strings(struct encode *enc, const struct cmd_ptr *ptr, uint64_t addr)
{
	const struct codec_source *src = enc->call->source;
	uint32_t cnt = attr_u32(enc->call->attr, ptr->len_off);
	uint32_t total = 0;

	if (cnt > ptr->max_bytes / sizeof(uint64_t))
		return -ptr->over_errno;
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t text;
		int r = src->read(src->ctx, addr + i * sizeof(text), &text, sizeof(text));

		if (r == 0)
			r = encode_put_text(enc, text, ENCODE_SYMBOL_MAX, ptr->over_errno);
		if (r < 0)
			return r;
		total += (uint32_t)r;
		if (total > ptr->max_bytes)
			return -ptr->over_errno;
	}
	return (int)total;
}

/* What is made in a directory ends with it. */
static bool encode_makes_pin(const struct codec_call *call)
{
	uint32_t cmd = cmd_id_of(call->row);

	return cmd == CMD_OBJ_PIN || (cmd == CMD_PIN_NAME && attr_u32(call->attr, 0) == PIN_NAME_MKDIR);
}

/* The path that was appended last, in `bytes`: where it leads goes along. Returns its bytes, or -errno. */
static int encode_put_place(struct encode *enc, uint32_t bytes)
{
	struct codec_call *call = enc->call;
	const struct codec_source *src = call->source;
	OWN_PLACE struct codec_place place = CODEC_PLACE_INIT;
	bool ours = cmd_id_of(call->row) == CMD_PIN_NAME;
	bool by_fd = !ours && attr_u32(call->attr, ATTR_OBJ_FILE_FLAGS) & CMD_F_PATH_FD;
	size_t at = enc->out.len - bytes;
	int r;

	r = src->place(src->ctx, by_fd ? attr_s32(call->attr, ATTR_OBJ_PATH_FD) : -1,
		       (const char *)enc->out.data + at, encode_makes_pin(call), &place);
	if (r < 0)
		return r;
	if (place.text) {
		bytes = (uint32_t)strlen(place.text) + 1;
		enc->out.len = at;
		bytes_put(&enc->out, place.text, bytes);
	}
	r = encode_add_ours(call, WIRE_FD_PLACE - (int32_t)place.below, &place.dir);
	if (r == 0)
		r = encode_add_ours(call, WIRE_FD_WATCH, &place.watch);
	return r < 0 ? r : (int)bytes;
}

static int encode_put_path(struct encode *enc, const struct cmd_ptr *ptr, uint64_t addr)
{
	int r = encode_put_text(enc, addr, ptr->max_bytes, ptr->over_errno);

	return r < 0 || !enc->call->source->place ? r : encode_put_place(enc, (uint32_t)r);
}

/* Of a probe in a file: that file, and the process whose it is. Returns the path's bytes, or -errno. */
static int encode_put_file(struct encode *enc, const struct cmd_ptr *ptr, uint64_t addr)
{
	struct codec_call *call = enc->call;
	const struct codec_source *src = call->source;
	uint32_t pid = attr_u32(call->attr, ATTR_LINK_CREATE_UPROBE_MULTI_PID);
	int bytes = encode_put_text(enc, addr, ptr->max_bytes, ptr->over_errno), r = 0;
	OWN_FD int file = -1;
	OWN_FD int process = -1;

	if (bytes < 0 || !src->open_file)
		return bytes;
	r = src->open_file(src->ctx, (const char *)enc->out.data + enc->out.len - (size_t)bytes, &file);
	if (r == 0 && pid && src->open_process)
		r = src->open_process(src->ctx, (int)pid, &process);
	if (r == 0)
		r = encode_add_ours(call, WIRE_FD_FILE, &file);
	if (r == 0)
		r = encode_add_ours(call, WIRE_FD_PROCESS, &process);
	return r < 0 ? r : bytes;
}

/* Appends what the pointer points to. Returns bytes appended, or -errno (-EFAULT: unreadable). */
static int encode_put_contents(struct encode *enc, const struct cmd_ptr *ptr, uint64_t addr,
			       uint32_t bytes)
{
	const struct codec_source *src = enc->call->source;
	size_t at;
	int r;

	if (ptr->content == CMD_PATH)
		return encode_put_path(enc, ptr, addr);
	if (ptr->content == CMD_FILE)
		return encode_put_file(enc, ptr, addr);
	if (ptr->len == CMD_LEN_NUL)
		return encode_put_text(enc, addr, ptr->max_bytes, ptr->over_errno);
	if (ptr->len == CMD_LEN_STRINGS)
		return encode_put_strings(enc, ptr, addr);
	at = bytes_reserve(&enc->out, bytes);
	if (at == SIZE_MAX)
		return enc->out.error;
	r = src->read(src->ctx, addr, enc->out.data + at, bytes);
	return r < 0 ? r : (int)bytes;
}

/* Appends the contents for a CMD_IN pointer and finds their fds; completes the entry. */
static int encode_put_in(struct encode *enc, const struct cmd_ptr *ptr, uint64_t addr,
			 const struct encode_len *len, struct wire_ptr *entry)
{
	size_t at = enc->out.len;
	int r = len->fault ? -EFAULT : encode_put_contents(enc, ptr, addr, (uint32_t)len->bytes);

	if (r == -EFAULT) {
		enc->out.len = at;
		entry->state = WIRE_PTR_FAULT;
		entry->room = 0;
		return 0;
	}
	if (r < 0)
		return r;
	entry->bytes = (uint32_t)r;
	return encode_content_fds[ptr->content](enc, ptr, at, entry->bytes);
}

/* One pointer that is not NULL: its entry, then its contents. */
static int encode_put_ptr(struct encode *enc, int ptr_idx, uint64_t addr)
{
	const struct cmd_ptr *ptr = &enc->call->row->ptrs[ptr_idx];
	struct wire_ptr entry = { .ptr_idx = (uint16_t)ptr_idx, .state = WIRE_PTR_PRESENT };
	struct encode_len len;
	size_t at;
	int r;

	r = encode_len_of(enc, ptr, &len);
	if (r < 0)
		return r;
	if (len.bytes > ptr->max_bytes && !len.fault) {
		if (ptr->over_errno)
			return -ptr->over_errno;
		len.bytes = ptr->max_bytes;
	}
	if (ptr->dir & CMD_OUT)
		entry.room = (uint32_t)len.bytes;
	at = bytes_reserve(&enc->out, sizeof(entry));
	if (at == SIZE_MAX)
		return enc->out.error;
	if (ptr->dir & CMD_IN)
		r = encode_put_in(enc, ptr, addr, &len, &entry);
	if (r < 0)
		return r;
	bytes_put_pad(&enc->out);
	enc->ptr_cnt++;
	enc->call->ptr_room[ptr_idx] = entry.room;
	enc->call->ptr_at[ptr_idx] = at;
	entry = (struct wire_ptr){ htole16(entry.ptr_idx), htole16(entry.state),
				   htole32(entry.bytes), htole32(entry.room), 0 };
	memcpy(enc->out.data + at, &entry, sizeof(entry));
	return enc->out.error;
}

static int encode_put_ptrs(struct encode *enc)
{
	struct codec_call *call = enc->call;
	int r = 0;

	for (int i = 0; i < call->row->ptr_cnt && r == 0; i++) {
		const struct cmd_ptr *ptr = &call->row->ptrs[i];

		if (!cmd_used_for(call->row, ptr->only_for, call->attr))
			continue;
		if (!ptr->in_info)
			call->ptr_addr[i] = attr_u64(call->attr, ptr->off);
		if (call->ptr_addr[i])
			r = encode_put_ptr(enc, i, call->ptr_addr[i]);
	}
	return r;
}

static int encode_put_body(struct encode *enc)
{
	struct codec_call *call = enc->call;
	struct wire_request req = { 0 };
	uint32_t attr_stored;
	int r;

	(void)bytes_reserve(&enc->out, sizeof(req));
	attr_stored = encode_put_attr(enc);
	r = encode_put_ptrs(enc);
	if (r < 0)
		return r;
	encode_put_fd_numbers(enc);
	if (enc->out.error)
		return enc->out.error;
	req = (struct wire_request){ htole32(cmd_id_of(call->row)), htole32(call->attr_bytes),
				     htole32(attr_stored), htole32(enc->ptr_cnt) };
	memcpy(enc->out.data, &req, sizeof(req));
	return 0;
}

static void encode_name_self(struct codec_call *call)
{
	uint32_t pid = attr_u32(call->attr, ATTR_TASK_FD_QUERY_PID);

	if (cmd_id_of(call->row) != CMD_TASK_FD_QUERY || call->attr_bytes < ATTR_TASK_FD_QUERY_PID + sizeof(pid))
		return;
	if (pid == CMD_PID_SELF)
		attr_put_u32(call->attr, ATTR_TASK_FD_QUERY_PID, UINT32_MAX);
	else if (pid == call->source->self_pid)
		attr_put_u32(call->attr, ATTR_TASK_FD_QUERY_PID, CMD_PID_SELF);
}

int codec_encode_request(const struct codec_source *source, uint32_t cmd, uint64_t attr_addr,
			 uint32_t attr_bytes, struct codec_call *call)
{
	struct encode enc = { .call = call };
	int r;

	*call = CODEC_CALL_INIT;
	call->source = source;
	call->attr_addr = attr_addr;
	call->attr_bytes = attr_bytes;
	r = encode_read_attr(call);
	if (r < 0)
		return r;
	call->row = cmd_row_of(cmd);
	if (!call->row)
		return -EINVAL;
	if (!encode_is_zero(call->attr + call->row->attr_end, ATTR_BYTES - call->row->attr_end))
		return -EINVAL;
	encode_name_self(call);
	r = encode_attr_fds(call);
	if (r == 0)
		r = encode_put_body(&enc);
	call->body = enc.out.data;
	call->body_bytes = enc.out.len;
	return r;
}

void codec_call_for_version(struct codec_call *call, uint16_t version)
{
	struct wire_ptr entry;

	for (int i = 0; version < WIRE_VERSION_CTX && i < call->row->ptr_cnt; i++) {
		if (call->row->ptrs[i].content != CMD_CTX || !call->ptr_room[i])
			continue;
		memcpy(&entry, call->body + call->ptr_at[i], sizeof(entry));
		entry.room = 0;
		memcpy(call->body + call->ptr_at[i], &entry, sizeof(entry));
		call->ptr_room[i] = 0;
	}
}

void codec_call_done(struct codec_call *call)
{
	for (unsigned int i = 0; i < call->fd_cnt; i++)
		if (call->fd_numbers[i] >= WIRE_FD_OURS)
			own_close_fd(&call->fds[i]);
		else
			call->source->drop_fd(call->source->ctx, call->fds[i]);
	free(call->body);
	*call = CODEC_CALL_INIT;
}

void codec_place_done(struct codec_place *place)
{
	own_close_fd(&place->dir);
	own_close_fd(&place->watch);
	free(place->text);
	*place = CODEC_PLACE_INIT;
}
