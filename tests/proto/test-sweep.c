/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command with every field set, at every size and at each boundary of each count: what is
 * sent, what is decoded, what comes home, and what is said to bodies with one byte changed. The
 * results are compared with sweep.golden: a byte on the wire that moves moves a line there.
 */
#include "proto/codec.h"

#include "proto/channel.h"
#include "proto/perf.h"
#include "tests/lib/golden.h"
#include "tests/lib/leaks.h"

#include <assert.h>
#include <check.h>
#include <endian.h>
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a caller whose whole memory is made up ---- */

/* What lies at an address, by its upper bits. */
enum region {
	BYTES = 1,   /* a pattern with a zero every 61 bytes */
	INSNS = 2,   /* instructions of every kind, over and over */
	TEXTS = 3,   /* pointers to texts */
	NUMBERS = 4, /* small numbers, descending */
	NOTHING = 5, /* unreadable */
	EDGE = 6,    /* letters without end; unreadable from the second page on */
	LETTERS = 7, /* letters without end */
	ATTR = 8,
	INFO = 9, /* an info struct */
};

#define REGION_SHIFT	       40
#define AT_REGION(region, off) ((uint64_t)(region) << REGION_SHIFT | (off))

struct caller {
	struct codec_source source;
	struct codec_map map;
	int map_error;
	uint8_t attr[ATTR_SIZE_MAX + 8];
	uint8_t info[ATTR_SIZE_MAX];
	uint64_t reads, writes; /* folded: where and how much */
	unsigned int taken, dropped;
};

static const struct bpf_insn insn_kinds[] = {
	{ .code = 0x18, .src_reg = 1, .imm = 230 },
	{ .imm = 7 },
	{ .code = 0x18, .src_reg = 2, .imm = 229 },
	{ .imm = 228 },
	{ .code = 0x18, .src_reg = 3, .imm = 227 },
	{ .imm = 226 },
	{ .code = 0x18, .src_reg = 3, .imm = 225 },
	{ .imm = 0 },
	{ .code = 0x18, .src_reg = 5, .imm = 3 },
	{ .imm = 223 },
	{ .code = 0x18, .src_reg = 6, .imm = 9 },
	{ .imm = 221 },
	{ .code = 0x18, .src_reg = 4, .imm = 220 },
	{ .imm = 219 },
	{ .code = 0x18, .src_reg = 0, .imm = 218 },
	{ .imm = 217 },
	{ .code = 0x85, .src_reg = 2, .off = 12, .imm = 11 },
	{ .code = 0x85, .src_reg = 2, .off = 0, .imm = 13 },
	{ .code = 0x85, .src_reg = 1, .off = 14, .imm = 11 },
	{ .code = 0x8d, .src_reg = 2, .off = 15, .imm = 11 },
	{ .code = 0x18, .src_reg = 1, .imm = 21 },
	{ .code = 0x85, .src_reg = 2, .off = 16 },
	{ .code = 0x18, .src_reg = 7, .imm = 20 },
	{ .code = 0x18, .src_reg = 1, .imm = 19 },
	{ .code = 0x18, .src_reg = 1, .imm = 230 },
	{ .imm = 7 },
	{ .code = 0x95 },
};

static uint8_t byte_at(const struct caller *caller, enum region region, uint64_t off)
{
	switch (region) {
	case INSNS:
		return ((const uint8_t *)insn_kinds)[off % sizeof(insn_kinds)];
	case TEXTS: {
		uint64_t text = AT_REGION(BYTES, off / 8 * 17);

		return (uint8_t)(text >> off % 8 * 8);
	}
	case NUMBERS:
		return off % 4 ? 0 : (uint8_t)(200 - off / 4);
	case ATTR:
		return off < sizeof(caller->attr) ? caller->attr[off] : 0;
	case INFO:
		return off < sizeof(caller->info) ? caller->info[off] : 0;
	case EDGE:
	case LETTERS:
		return (uint8_t)('a' + off % 23);
	default:
		return off % 61 == 60 ? 0 : (uint8_t)(1 + off % 251);
	}
}

static int caller_read(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	enum region region = (enum region)(addr >> REGION_SHIFT);
	uint64_t off = addr & ((UINT64_C(1) << REGION_SHIFT) - 1);
	struct caller *caller = ctx;
	uint8_t *to = buf;

	caller->reads = golden_fold_u64(golden_fold_u64(caller->reads, addr), bytes);
	if (region < BYTES || region > INFO || region == NOTHING)
		return -EFAULT;
	if (region == EDGE && off + bytes > 4096)
		return -EFAULT;
	if (bytes > 512 * 1024 && region == BYTES)
		memset(to, 0x5a, bytes);
	else
		for (size_t i = 0; i < bytes; i++)
			to[i] = byte_at(caller, region, off + i);
	return 0;
}

static int caller_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	struct caller *caller = ctx;

	caller->writes = golden_fold_u64(golden_fold_u64(caller->writes, addr), bytes);
	caller->writes = golden_fold(caller->writes, buf, bytes);
	return addr >> REGION_SHIFT == NOTHING ? -EFAULT : 0;
}

/* Every seventh number is not open, and one is an error. */
static int caller_take_fd(void *ctx, int number, int *ret_fd)
{
	struct caller *caller = ctx;

	if (number % 7 == 5)
		return -EBADF;
	if (number == 9999)
		return -EMFILE;
	caller->taken++;
	*ret_fd = (number & 0xffff) + 1000;
	return 0;
}

static void caller_drop_fd(void *ctx, int fd)
{
	struct caller *caller = ctx;

	ck_assert_int_ge(fd, 1000);
	caller->dropped++;
}

static int caller_map_shape(void *ctx, int number, struct codec_map *ret_map)
{
	struct caller *caller = ctx;

	caller->reads = golden_fold_u64(caller->reads, (uint64_t)number);
	*ret_map = caller->map;
	return caller->map_error;
}

/* Each word of the attr another number, descending; counts small; pointers into regions. */
static void caller_init(struct caller *caller, const struct cmd_row *row)
{
	memset(caller, 0, sizeof(*caller));
	caller->source = (struct codec_source){ .ctx = caller,
						.self_pid = 4711,
						.read = caller_read,
						.write = caller_write,
						.take_fd = caller_take_fd,
						.drop_fd = caller_drop_fd,
						.map_shape = caller_map_shape };
	caller->map = (struct codec_map){ .type = 3, .key_bytes = 5, .value_bytes = 12 };
	caller->reads = caller->writes = GOLDEN_SUM;
	for (uint16_t off = 0; off + 4 <= row->attr_end; off += 4)
		attr_put_u32(caller->attr, off, 240u - off);
}

static void caller_set_ptr(struct caller *caller, const struct cmd_row *row, int idx,
			   enum region region)
{
	const struct cmd_ptr *ptr = &row->ptrs[idx];
	uint8_t *base = ptr->in_info ? caller->info : caller->attr;

	attr_put_u64(base, ptr->off, AT_REGION(region, (uint64_t)idx * 0x1000008 + 8));
	if (ptr->content == CMD_INFO)
		attr_put_u64(base, ptr->off, AT_REGION(INFO, 0));
	if (ptr->len_off != CMD_NO_OFF && ptr->len != CMD_LEN_NUL)
		attr_put_u32(base, ptr->len_off,
			     ptr->content == CMD_INFO ? 232u : 3u + (uint32_t)idx);
	if (ptr->len == CMD_LEN_RECORDS)
		attr_put_u32(base, ptr->rec_off, 6u + (uint32_t)idx);
}

static enum region region_for(const struct cmd_ptr *ptr)
{
	switch (ptr->len) {
	case CMD_LEN_STRINGS:
		return TEXTS;
	case CMD_LEN_FD_ARRAY:
	case CMD_LEN_MAP_VALUE:
		return NUMBERS;
	default:
		return ptr->content == CMD_INSNS       ? INSNS
		       : ptr->content == CMD_ITER_INFO ? NUMBERS
						       : BYTES;
	}
}

/* All that the attach type uses. */
static void caller_set_all(struct caller *caller, const struct cmd_row *row)
{
	for (int i = 0; i < row->ptr_cnt; i++)
		if (cmd_used_for(row, row->ptrs[i].only_for, caller->attr))
			caller_set_ptr(caller, row, i, region_for(&row->ptrs[i]));
}

/* ---- one call there and back ---- */

static uint64_t fold_request(const struct request *req)
{
	uint64_t sum = golden_fold(GOLDEN_SUM, req->attr, sizeof(req->attr));

	sum = golden_fold_u64(sum, req->cmd);
	sum = golden_fold_u64(sum, req->attr_bytes);
	for (int i = 0; i < req->row->ptr_cnt; i++) {
		const struct request_ptr *ptr = &req->ptrs[i];

		sum = golden_fold_u64(sum, (uint64_t)ptr->state << 32 | ptr->bytes);
		sum = golden_fold_u64(sum, (uint64_t)ptr->room << 1 | !!ptr->data);
		if (ptr->data)
			sum = golden_fold(sum, ptr->data, ptr->bytes);
	}
	for (uint16_t off = 0; off < ATTR_BYTES; off = (uint16_t)(off + 4))
		sum = golden_fold_u64(sum, request_ptr_at(req, off)->bytes + (uint64_t)off);
	for (unsigned int i = 0; i < req->fd_cnt; i++) {
		ck_assert_int_eq(request_find_fd(req, req->fd_numbers[i]), (int)i);
		if (!i || req->fd_numbers[i] - 1 != req->fd_numbers[i - 1])
			ck_assert_int_eq(request_find_fd(req, req->fd_numbers[i] - 1), -EBADF);
		sum = golden_fold_u64(sum, (uint64_t)req->fd_numbers[i]);
	}
	return sum;
}

/* From an allocation of exactly this size: a reader of one byte too many is seen. */
static int decode_exact(const uint8_t *body, size_t bytes, unsigned int fd_cnt, uint64_t *io_sum)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	struct request req;
	int r;

	memcpy(copy, body, bytes);
	r = codec_decode_request(copy, bytes, fd_cnt, &req);
	*io_sum = golden_fold_u64(*io_sum, (uint64_t)r);
	if (r == 0)
		*io_sum = golden_fold_u64(*io_sum, fold_request(&req));
	free(copy);
	return r;
}

static void fd_text(const struct codec_call *call, char *text, size_t room)
{
	size_t n = 0;

	*text = '\0';
	for (unsigned int i = 0; i < call->fd_cnt && n + 12 < room; i++) {
		ck_assert_int_eq(call->fds[i], (call->fd_numbers[i] & 0xffff) + 1000);
		n += (size_t)snprintf(text + n, room - n, "%s%d", i ? "," : "",
				      call->fd_numbers[i]);
	}
}

/* Encodes, decodes, and tells it in a line. */
static void tell(struct golden *golden, struct caller *caller, uint32_t cmd, uint32_t attr_bytes,
		 const char *what)
{
	struct codec_call call;
	char fds[200];
	uint64_t sum = GOLDEN_SUM;
	int r = codec_encode_request(&caller->source, cmd, AT_REGION(ATTR, 0), attr_bytes, &call);

	fd_text(&call, fds, sizeof(fds));
	if (r == 0)
		ck_assert_int_eq(decode_exact(call.body, call.body_bytes, call.fd_cnt, &sum), 0);
	golden_line(golden, "%s: %d, %zu bytes %016jx, fds %s, reads %08x, decoded %016jx", what, r,
		    r ? (size_t)0 : call.body_bytes,
		    (uintmax_t)(r ? 0 : golden_fold(GOLDEN_SUM, call.body, call.body_bytes)), fds,
		    (uint32_t)caller->reads, (uintmax_t)sum);
	codec_call_done(&call);
	ck_assert_uint_eq(caller->taken, caller->dropped);
}

static const struct cmd_row *row_no(uint32_t i, uint32_t *ret_cmd)
{
	*ret_cmd = i < CMD_CNT ? i : CMD_OURS_FIRST + i - CMD_CNT;
	return cmd_row_of(*ret_cmd);
}

/* An attach type for which this pointer is in use. */
static void set_attach(struct caller *caller, const struct cmd_row *row, uint8_t cls)
{
	static const uint8_t types[] = {
		[CMD_ATTACH_ANY] = 45,		[CMD_ATTACH_OTHER] = 45,
		[CMD_ATTACH_CGROUP] = 0,	[CMD_ATTACH_NETDEV] = 46,
		[CMD_ATTACH_ITER] = 28,		[CMD_ATTACH_KPROBE_MULTI] = 42,
		[CMD_ATTACH_UPROBE_MULTI] = 48, [CMD_ATTACH_TRACING_MULTI] = 59,
	};

	static_assert(ARRAY_CNT(types) == CMD_ATTACH_CLASS_CNT, "a class without an attach type");

	if (row->attach_off != CMD_NO_OFF)
		attr_put_u32(caller->attr, row->attach_off, types[cls]);
}

static void caller_no_ptrs(struct caller *caller, const struct cmd_row *row)
{
	for (int i = 0; i < row->ptr_cnt; i++)
		if (!row->ptrs[i].in_info)
			attr_put_u64(caller->attr, row->ptrs[i].off, 0);
}

/* A count of none, and the last allowed: one less, itself, one and two more. */
static void tell_counts(struct golden *golden, const struct cmd_row *row, uint32_t cmd, int idx)
{
	const struct cmd_ptr *ptr = &row->ptrs[idx];
	uint32_t elem = ptr->elem_bytes ? ptr->elem_bytes : ptr->len == CMD_LEN_STRINGS ? 8 : 4;
	struct caller caller;
	char what[80];

	if (ptr->len_off == CMD_NO_OFF || ptr->len == CMD_LEN_NUL)
		return;
	for (int more = -2; more <= 2; more++) {
		uint32_t cnt = more == -2 ? 0 : ptr->max_bytes / elem + (uint32_t)more;

		caller_init(&caller, row);
		caller.map.key_bytes = caller.map.value_bytes = 4;
		set_attach(&caller, row, ptr->only_for);
		caller_no_ptrs(&caller, row);
		if (ptr->in_info)
			caller_set_ptr(&caller, row, 0, INFO);
		caller_set_ptr(&caller, row, idx, ptr->len == CMD_LEN_STRINGS ? TEXTS : BYTES);
		attr_put_u32(ptr->in_info ? caller.info : caller.attr, ptr->len_off, cnt);
		if (ptr->len == CMD_LEN_RECORDS)
			attr_put_u32(ptr->in_info ? caller.info : caller.attr, ptr->rec_off, 1);
		(void)snprintf(what, sizeof(what), "%s %s count %u", row->name, ptr->name, cnt);
		tell(golden, &caller, cmd, ATTR_BYTES, what);
	}
}

static void tell_regions(struct golden *golden, const struct cmd_row *row, uint32_t cmd, int idx)
{
	static const char *const names[] = {
		[NOTHING] = "unreadable", [EDGE] = "to a page's end", [LETTERS] = "without end"
	};

	for (enum region region = NOTHING; region <= LETTERS; region++) {
		struct caller caller;
		char what[80];

		caller_init(&caller, row);
		set_attach(&caller, row, row->ptrs[idx].only_for);
		caller_no_ptrs(&caller, row);
		caller_set_all(&caller, row);
		caller_set_ptr(&caller, row, idx, region);
		(void)snprintf(what, sizeof(what), "%s %s %s", row->name, row->ptrs[idx].name,
			       names[region]);
		tell(golden, &caller, cmd, ATTR_BYTES, what);
	}
}

START_TEST(each_command_with_each_pointer_at_each_boundary)
{
	struct golden *golden = golden_begin("tests/proto/calls.golden");

	for (uint32_t i = 0; i < CMD_CNT + CMD_OURS_CNT; i++) {
		struct caller caller;
		uint32_t cmd;
		const struct cmd_row *row = row_no(i, &cmd);

		caller_init(&caller, row);
		caller_set_all(&caller, row);
		tell(golden, &caller, cmd, ATTR_BYTES, row->name);
		caller_init(&caller, row);
		caller_no_ptrs(&caller, row);
		tell(golden, &caller, cmd, row->attr_end, "  without pointers");
		for (int p = 0; p < row->ptr_cnt; p++) {
			tell_regions(golden, row, cmd, p);
			tell_counts(golden, row, cmd, p);
		}
	}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- what depends on a type, a flag or a pid ---- */

START_TEST(each_attach_type_map_type_and_flag)
{
	struct golden *golden = golden_begin("tests/proto/types.golden");
	char what[80];

	for (uint32_t i = 0; i < CMD_CNT + CMD_OURS_CNT; i++) {
		struct caller caller;
		uint32_t cmd;
		const struct cmd_row *row = row_no(i, &cmd);

		for (uint32_t type = 0; row->attach_off != CMD_NO_OFF && type <= CMD_ATTACH_CNT;
		     type++) {
			caller_init(&caller, row);
			attr_put_u32(caller.attr, row->attach_off, type);
			caller_no_ptrs(&caller, row);
			attr_put_u32(caller.attr, row->attach_off, type);
			caller_set_all(&caller, row);
			(void)snprintf(what, sizeof(what), "%s of attach type %u", row->name, type);
			tell(golden, &caller, cmd, ATTR_BYTES, what);
		}
		for (int f = 0; f < row->fd_cnt; f++) {
			const uint32_t values[] = { 0,
						    1,
						    0xffffffff,
						    4711,
						    row->fds[f].flag,
						    ~row->fds[f].flag,
						    CMD_F_ID,
						    CMD_F_LINK,
						    12,
						    13,
						    14 };

			for (size_t v = 0; v < ARRAY_CNT(values); v++) {
				static const uint32_t numbers[] = { 0, 1, 0x7fffffff, 0x80000000,
								    9999 };

				caller_init(&caller, row);
				caller_no_ptrs(&caller, row);
				set_attach(&caller, row, row->fds[f].only_for);
				attr_put_u32(caller.attr, row->fds[f].off,
					     numbers[v % ARRAY_CNT(numbers)]);
				if (row->fds[f].flag_off)
					attr_put_u32(caller.attr, row->fds[f].flag_off, values[v]);
				for (int any = 0; any < 3 && row->fds[f].any_off[0]; any++)
					attr_put_u32(caller.attr, row->fds[f].any_off[any],
						     v >> any & 1);
				(void)snprintf(what, sizeof(what), "%s %s %u, %x", row->name,
					       row->fds[f].name, numbers[v % ARRAY_CNT(numbers)],
					       values[v]);
				tell(golden, &caller, cmd, ATTR_BYTES, what);
			}
		}
	}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(each_map_type_with_values_of_each_size)
{
	static const uint32_t cmds[] = { CMD_MAP_UPDATE_ELEM, CMD_MAP_LOOKUP_BATCH,
					 CMD_MAP_UPDATE_BATCH };
	struct golden *golden = golden_begin("tests/proto/values.golden");
	struct caller caller;
	char what[80];

	for (size_t c = 0; c < ARRAY_CNT(cmds); c++)
		for (uint32_t type = 0; type < 36; type++)
			for (uint32_t bytes = 3; bytes <= 9; bytes++) {
				const struct cmd_row *row = cmd_row_of(cmds[c]);

				caller_init(&caller, row);
				caller_set_all(&caller, row);
				caller.map = (struct codec_map){ type, bytes + 2, bytes };
				(void)snprintf(what, sizeof(what), "%s, map type %u, %u bytes",
					       row->name, type, bytes);
				tell(golden, &caller, cmds[c], ATTR_BYTES, what);
			}
	caller_init(&caller, cmd_row_of(CMD_MAP_UPDATE_ELEM));
	caller_set_all(&caller, cmd_row_of(CMD_MAP_UPDATE_ELEM));
	caller.map_error = -EPERM;
	tell(golden, &caller, CMD_MAP_UPDATE_ELEM, ATTR_BYTES, "no such map");
	for (uint32_t more = 0; more <= 2; more++) {
		caller_init(&caller, cmd_row_of(CMD_MAP_UPDATE_ELEM));
		caller_set_all(&caller, cmd_row_of(CMD_MAP_UPDATE_ELEM));
		caller.map.key_bytes = 64 * 1024 - 1 + more;
		tell(golden, &caller, CMD_MAP_UPDATE_ELEM, ATTR_BYTES, "long key");
		caller.map.key_bytes = 4;
		caller.map.value_bytes = 8 * 1024 * 1024 - 1 + more;
		tell(golden, &caller, CMD_MAP_LOOKUP_ELEM, ATTR_BYTES, "long value");
	}
	ck_assert(golden_end(golden));
}
END_TEST

START_TEST(each_length_of_what_an_iterator_is_about)
{
	const struct cmd_row *row = cmd_row_of(CMD_LINK_CREATE);

	for (uint32_t bytes = 0; bytes <= 20; bytes++) {
		struct codec_call call;
		struct caller caller;
		unsigned int words = bytes / 4 < 3 ? bytes / 4 : 3;

		caller_init(&caller, row);
		caller_no_ptrs(&caller, row);
		set_attach(&caller, row, CMD_ATTACH_ITER);
		attr_put_u32(caller.attr, ATTR_LINK_CREATE_PROG_FD, 3);
		attr_put_u64(caller.attr, ATTR_LINK_CREATE_ITER_INFO, AT_REGION(NUMBERS, 0));
		attr_put_u32(caller.attr, ATTR_LINK_CREATE_ITER_INFO_LEN, bytes);
		ck_assert_int_eq(codec_encode_request(&caller.source, CMD_LINK_CREATE,
						      AT_REGION(ATTR, 0), ATTR_BYTES, &call),
				 0);
		/* The program's, and of 200, 199 and 198 those that are there; no number is open
		 * twice. */
		ck_assert_uint_eq(call.fd_cnt, 1 + words);
		for (unsigned int i = 0; i < words; i++)
			ck_assert_int_eq(call.fd_numbers[call.fd_cnt - 1 - i], 200 - (int)i);
		codec_call_done(&call);
	}
}
END_TEST

/* ---- sizes and odd bodies ---- */

/* Results as runs of equal ones. */
struct runs {
	char text[2000];
	size_t len;
	int last;
	uint32_t from;
};

static void runs_add(struct runs *runs, uint32_t at, int r)
{
	if (runs->len && r == runs->last)
		return;
	runs->last = r;
	runs->len += (size_t)snprintf(runs->text + runs->len, sizeof(runs->text) - runs->len,
				      " %u:%d", at, r);
	ck_assert_uint_lt(runs->len, sizeof(runs->text));
}

static int encode_size(const struct cmd_row *row, uint32_t cmd, uint32_t bytes, uint16_t odd)
{
	struct codec_call call;
	struct caller caller;
	int r;

	caller_init(&caller, row);
	caller_no_ptrs(&caller, row);
	if (odd != CMD_NO_OFF)
		caller.attr[odd] |= 1;
	r = codec_encode_request(&caller.source, cmd, AT_REGION(ATTR, 0), bytes, &call);
	codec_call_done(&call);
	return r;
}

START_TEST(each_size_of_attr_and_each_byte_behind_the_last_field)
{
	struct golden *golden = golden_begin("tests/proto/sizes.golden");

	for (uint32_t i = 0; i < CMD_CNT + CMD_OURS_CNT; i++) {
		struct runs sizes = { 0 }, odd = { 0 };
		uint32_t cmd;
		const struct cmd_row *row = row_no(i, &cmd);

		for (uint32_t bytes = 0; bytes <= ATTR_SIZE_MAX + 2;
		     bytes = bytes == ATTR_BYTES + 8 ? ATTR_SIZE_MAX - 1 : bytes + 1)
			runs_add(&sizes, bytes, encode_size(row, cmd, bytes, CMD_NO_OFF));
		for (uint16_t at = row->attr_end; at < ATTR_BYTES + 8; at++)
			runs_add(&odd, at, encode_size(row, cmd, ATTR_BYTES + 4, at));
		golden_line(golden, "%s: sizes%s, odd bytes%s", row->name, sizes.text, odd.text);
	}
	ck_assert(golden_end(golden));
}
END_TEST

/* A body of everything, small. */
static void full_call(struct caller *caller, const struct cmd_row *row, uint32_t cmd, uint8_t cls,
		      struct codec_call *call)
{
	caller_init(caller, row);
	caller_no_ptrs(caller, row);
	set_attach(caller, row, cls);
	caller_set_all(caller, row);
	ck_assert_int_eq(
		codec_encode_request(&caller->source, cmd, AT_REGION(ATTR, 0), ATTR_BYTES, call),
		0);
}

static uint64_t sweep_body(const struct codec_call *call)
{
	static const uint8_t changes[] = { 1, 2, 0x80, 0xff };
	uint64_t sum = GOLDEN_SUM;

	for (size_t at = 0; at < call->body_bytes; at++) {
		/* The inside of long contents is like its beginning. */
		if (at > 700 && at + 100 < call->body_bytes)
			continue;
		for (size_t c = 0; c < ARRAY_CNT(changes); c++) {
			uint8_t was = call->body[at];

			call->body[at] = c < 3 ? was ^ changes[c] : (uint8_t)(was - 1);
			(void)decode_exact(call->body, call->body_bytes, call->fd_cnt, &sum);
			call->body[at] = was;
		}
		(void)decode_exact(call->body, at, call->fd_cnt, &sum);
	}
	for (unsigned int fds = 0; fds <= call->fd_cnt + 2; fds++)
		(void)decode_exact(call->body, call->body_bytes, fds, &sum);
	return sum;
}

START_TEST(each_body_with_each_byte_changed)
{
	struct golden *golden = golden_begin("tests/proto/bodies.golden");

	for (uint32_t i = 0; i < CMD_CNT + CMD_OURS_CNT; i++)
		for (uint8_t cls = CMD_ATTACH_OTHER; cls < CMD_ATTACH_CLASS_CNT; cls++) {
			struct codec_call call;
			struct caller caller;
			uint32_t cmd;
			const struct cmd_row *row = row_no(i, &cmd);

			if (row->attach_off == CMD_NO_OFF && cls != CMD_ATTACH_OTHER)
				continue;
			full_call(&caller, row, cmd, cls, &call);
			golden_line(golden, "%s class %u: %zu bytes, %016jx", row->name, cls,
				    call.body_bytes, (uintmax_t)sweep_body(&call));
			codec_call_done(&call);
		}
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- replies ---- */

static uint64_t fold_reply(const struct codec_call *call, const struct reply *reply)
{
	uint64_t sum =
		golden_fold_u64(GOLDEN_SUM, (uint64_t)reply->result << 1 | reply->result_is_fd);

	sum = golden_fold_u64(golden_fold_u64(sum, reply->decision), reply->out_mask);
	for (int i = 0; i < CMD_OUTS_MAX; i++)
		sum = golden_fold_u64(sum, reply->outs[i]);
	for (int i = 0; i < CMD_PTRS_MAX; i++)
		sum = golden_fold(golden_fold_u64(sum, reply->bufs[i].bytes), reply->bufs[i].data,
				  reply->bufs[i].bytes);
	(void)call;
	return golden_fold(golden_fold_u64(sum, reply->reason_bytes), reply->reason,
			   reply->reason_bytes);
}

static int decode_reply_exact(const struct codec_call *call, const uint8_t *body, size_t bytes,
			      unsigned int fds, uint64_t *io_sum)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	struct reply reply;
	int r;

	memcpy(copy, body, bytes);
	r = codec_decode_reply(call, copy, bytes, fds, &reply);
	*io_sum = golden_fold_u64(*io_sum, (uint64_t)r);
	if (r == 0)
		*io_sum = golden_fold_u64(*io_sum, fold_reply(call, &reply));
	free(copy);
	return r;
}

static void fill_reply(struct reply *reply, const struct request *req)
{
	static uint8_t data[4096];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(3 + i % 249);
	for (uint16_t off = 0; off < ATTR_BYTES; off = (uint16_t)(off + 4)) {
		reply_set_out(reply, req, off, 0x1122334455667700u + off);
		reply_set_buf(reply, req, off, data + off, 3u + off);
	}
	for (uint16_t off = 0; off < 232; off = (uint16_t)(off + 4))
		reply_set_info_buf(reply, req, off, data + off, 2000);
	reply->decision = 0x8877665544332211u;
	reply->reason = "because";
	reply->reason_bytes = 7;
}

static uint64_t sweep_reply(const struct codec_call *call, uint8_t *body, size_t bytes,
			    unsigned int fds)
{
	uint64_t sum = GOLDEN_SUM;

	for (size_t at = 0; at < bytes; at++) {
		static const uint8_t changes[] = { 1, 2, 0x10, 0x80 };

		for (size_t c = 0; c < ARRAY_CNT(changes); c++) {
			body[at] ^= changes[c];
			(void)decode_reply_exact(call, body, bytes, fds, &sum);
			body[at] ^= changes[c];
		}
		(void)decode_reply_exact(call, body, at, fds, &sum);
	}
	(void)decode_reply_exact(call, body, bytes, fds + 1, &sum);
	(void)decode_reply_exact(call, body, bytes, fds - 1, &sum);
	return sum;
}

/* At each size of attr: an output beyond it is not written. */
static uint64_t sweep_home(struct caller *caller, struct codec_call *call,
			   const struct reply *reply)
{
	uint64_t sum = GOLDEN_SUM;

	for (uint32_t bytes = 0; bytes <= ATTR_BYTES; bytes++) {
		caller->writes = GOLDEN_SUM;
		call->attr_bytes = bytes;
		sum = golden_fold_u64(sum, (uint64_t)codec_copy_out(call, reply));
		sum = golden_fold_u64(sum, caller->writes);
	}
	for (int i = 0; i < call->row->ptr_cnt; i++) {
		uint64_t was = call->ptr_addr[i];

		call->ptr_addr[i] = AT_REGION(NOTHING, 0);
		sum = golden_fold_u64(sum, (uint64_t)codec_copy_out(call, reply));
		call->ptr_addr[i] = was;
	}
	return golden_fold_u64(sum, caller->writes);
}

static void tell_reply(struct golden *golden, const struct cmd_row *row, uint32_t cmd, uint8_t cls)
{
	struct reply reply = { 0 }, home;
	uint64_t decoded = GOLDEN_SUM;
	struct codec_call call;
	struct caller caller;
	struct request req;
	size_t bytes;
	uint8_t *body;

	full_call(&caller, row, cmd, cls, &call);
	ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
	fill_reply(&reply, &req);
	reply.result_is_fd = row->returns_fd;
	reply.result = row->returns_fd ? 0 : -EACCES;
	ck_assert_int_eq(codec_encode_reply(&reply, &body, &bytes), 0);
	ck_assert_int_eq(decode_reply_exact(&call, body, bytes, row->returns_fd, &decoded), 0);
	ck_assert_int_eq(codec_decode_reply(&call, body, bytes, row->returns_fd, &home), 0);
	golden_line(golden,
		    "%s class %u: %zu bytes %016jx, decoded %016jx, changed %016jx, home %016jx",
		    row->name, cls, bytes, (uintmax_t)golden_fold(GOLDEN_SUM, body, bytes),
		    (uintmax_t)decoded, (uintmax_t)sweep_reply(&call, body, bytes, row->returns_fd),
		    (uintmax_t)sweep_home(&caller, &call, &home));
	free(body);
	codec_call_done(&call);
}

START_TEST(each_reply_with_each_byte_changed)
{
	struct golden *golden = golden_begin("tests/proto/replies.golden");

	for (uint32_t i = 0; i < CMD_CNT + CMD_OURS_CNT; i++)
		for (uint8_t cls = CMD_ATTACH_OTHER; cls < CMD_ATTACH_CLASS_CNT; cls++) {
			uint32_t cmd;
			const struct cmd_row *row = row_no(i, &cmd);

			if (row->attach_off != CMD_NO_OFF || cls == CMD_ATTACH_OTHER)
				tell_reply(golden, row, cmd, cls);
		}
	ck_assert(golden_end(golden));
}
END_TEST

static void use_calls(void)
{
	for (uint32_t i = 0; i < CMD_CNT + CMD_OURS_CNT; i++) {
		struct reply reply = { 0 };
		uint64_t sum = GOLDEN_SUM;
		struct codec_call call;
		struct caller caller;
		struct request req;
		uint8_t *body;
		size_t bytes;
		uint32_t cmd;
		const struct cmd_row *row = row_no(i, &cmd);

		full_call(&caller, row, cmd, CMD_ATTACH_OTHER, &call);
		ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
		fill_reply(&reply, &req);
		ck_assert_int_eq(codec_encode_reply(&reply, &body, &bytes), 0);
		for (size_t at = 0; at <= bytes; at += 31)
			(void)decode_reply_exact(&call, body, at, 0, &sum);
		free(body);
		codec_call_done(&call);
	}
}

START_TEST(nothing_is_kept_of_what_is_done_with)
{
	ck_assert_int_eq(leaks_of(use_calls), 0);
}
END_TEST

START_TEST(each_subset_of_outputs)
{
	const struct cmd_row *row = cmd_row_of(CMD_TASK_FD_QUERY);
	struct codec_call call = { .row = row };

	for (uint32_t mask = 0; mask < 1u << CMD_OUTS_MAX; mask++) {
		struct reply reply = { .out_mask = mask }, home;
		size_t bytes;
		uint8_t *body;
		int r;

		for (int i = 0; i < CMD_OUTS_MAX; i++)
			reply.outs[i] = 100u + (unsigned int)i;
		ck_assert_int_eq(codec_encode_reply(&reply, &body, &bytes), 0);
		r = codec_decode_reply(&call, body, bytes, 0, &home);
		ck_assert_int_eq(r, mask >> row->out_cnt ? -EBADMSG : 0);
		for (int i = 0; r == 0 && i < row->out_cnt; i++)
			ck_assert_uint_eq(home.outs[i], mask >> i & 1 ? 100u + (unsigned int)i : 0);
		free(body);
	}
}
END_TEST

/* The two buffers of a reply as no daemon of ours would send them, of so many bytes each. */
static int buffers_of(const struct codec_call *call, uint16_t first, uint16_t second, uint32_t bytes, struct reply *home)
{
	struct {
		struct wire_reply head;
		struct wire_buf one;
		uint8_t data[8];
		struct wire_buf other;
	} body = { .head = { .buf_cnt = htole32(2) },
		   .one = { .ptr_idx = htole16(first), .bytes = htole32(bytes) },
		   .other = { .ptr_idx = htole16(second) } };

	if (!bytes)
		memmove(body.data, &body.other, sizeof(body.other));
	return codec_decode_reply(call, (const uint8_t *)&body, sizeof(body) - (bytes ? 0 : sizeof(body.data)), 0, home);
}

/* One buffer, of which nothing but the length came. */
static int buffer_missing(const struct codec_call *call, uint16_t idx, uint32_t bytes, struct reply *home)
{
	const struct {
		struct wire_reply head;
		struct wire_buf one;
	} body = { { .buf_cnt = htole32(1) }, { .ptr_idx = htole16(idx), .bytes = htole32(bytes) } };

	return codec_decode_reply(call, (const uint8_t *)&body, sizeof(body), 0, home);
}

/* In the order of the command's pointers, each once, none beyond the last, none larger than its room. */
START_TEST(each_buffer_of_a_reply_has_its_pointer)
{
	for (uint32_t i = 0; i < CMD_CNT + CMD_OURS_CNT; i++) {
		uint32_t cmd;
		struct codec_call call = { .row = row_no(i, &cmd) };
		struct reply home;

		for (uint16_t first = 0; first <= CMD_PTRS_MAX; first++)
			for (uint16_t second = 0; second <= CMD_PTRS_MAX; second++)
				ck_assert_msg((buffers_of(&call, first, second, 0, &home) == 0) ==
						      (first < second && second < call.row->ptr_cnt),
					      "%s: %u, %u", call.row->name, first, second);
		for (uint16_t first = 0; first + 1 < call.row->ptr_cnt; first++)
			for (uint32_t room = 0; room < 10; room++) {
				call.ptr_room[first] = room;
				for (uint32_t bytes = 0; bytes <= 8; bytes++)
					ck_assert_int_eq(buffer_missing(&call, first, bytes, &home), bytes ? -EBADMSG : 0);
				for (uint32_t bytes = 1; bytes <= 8; bytes++)
					ck_assert_msg((buffers_of(&call, first, first + 1u, bytes, &home) == 0) ==
							      (bytes <= room),
						      "%s: %u of %u", call.row->name, bytes, room);
				call.ptr_room[first] = 0;
			}
	}
}
END_TEST

static int reply_of(int32_t result, bool is_fd, uint32_t reason_bytes)
{
	static char reason[WIRE_REASON_MAX + 2];
	struct reply reply = { .result = result,
			       .result_is_fd = is_fd,
			       .reason = reason,
			       .reason_bytes = reason_bytes },
		     home;
	struct codec_call call = { .row = cmd_row_of(CMD_MAP_FREEZE) };
	size_t bytes;
	uint8_t *body;
	int r;

	ck_assert_int_eq(codec_encode_reply(&reply, &body, &bytes), 0);
	r = codec_decode_reply(&call, body, bytes, is_fd, &home);
	if (r == 0)
		ck_assert(home.result == result &&
			  home.reason_bytes == (reason_bytes > WIRE_REASON_MAX ? WIRE_REASON_MAX
									       : reason_bytes));
	free(body);
	return r;
}

START_TEST(results_and_reasons_at_their_boundaries)
{
	ck_assert_int_eq(reply_of(-4095, false, 0), 0);
	ck_assert_int_eq(reply_of(-4096, false, 0), -EBADMSG);
	ck_assert_int_eq(reply_of(INT32_MAX, false, 0), 0);
	ck_assert_int_eq(reply_of(INT32_MIN, false, 0), -EBADMSG);
	ck_assert_int_eq(reply_of(0, true, 0), 0);
	ck_assert_int_eq(reply_of(1, true, 0), -EBADMSG);
	ck_assert_int_eq(reply_of(-1, true, 0), -EBADMSG);
	ck_assert_int_eq(reply_of(0, false, WIRE_REASON_MAX - 1), 0);
	ck_assert_int_eq(reply_of(0, false, WIRE_REASON_MAX), 0);
	ck_assert_int_eq(reply_of(0, false, WIRE_REASON_MAX + 1), 0);
}
END_TEST

/* ---- questions to bpfgate itself ---- */

/* Encoded as one with so many bytes of text, whatever the other side takes. */
static int control_of(uint32_t bytes, size_t sent, char letter, bool is_reply)
{
	uint8_t *body = calloc(1, sizeof(struct wire_control) + sent + 1);
	struct wire_control head = { 0x12345678, bytes };
	struct control_reply reply = { 0 };
	struct control ctl = { 0 };
	int r;

	memcpy(body, &head, sizeof(head));
	memset(body + sizeof(head), letter, sent);
	r = is_reply ? codec_decode_control_reply(body, sizeof(head) + sent, &reply)
		     : codec_decode_control(body, sizeof(head) + sent, &ctl);
	if (r == 0 && is_reply)
		ck_assert(reply.result == 0x12345678 && reply.text_bytes == bytes &&
			  (!bytes || reply.text[bytes - 1] == letter));
	if (r == 0 && !is_reply)
		ck_assert(ctl.verb == 0x12345678 && ctl.arg_bytes == bytes &&
			  (!bytes || ctl.arg[bytes - 1] == letter));
	free(body);
	return r;
}

static int control_encoded(uint32_t bytes, bool is_reply)
{
	char *text = memset(malloc(bytes + 1), 'x', bytes + 1);
	struct control ctl = { 0x87654321, text, bytes };
	struct control_reply reply = { -7, text, bytes };
	uint8_t *body = NULL;
	size_t body_bytes = 0;
	int r = is_reply ? codec_encode_control_reply(&reply, &body, &body_bytes)
			 : codec_encode_control(&ctl, &body, &body_bytes);

	if (r == 0)
		ck_assert(body_bytes == 8 + bytes &&
			  attr_u32(body, 0) == (is_reply ? (uint32_t)-7 : 0x87654321) &&
			  attr_u32(body, 4) == bytes);
	free(body);
	free(text);
	return r;
}

START_TEST(questions_and_answers_at_their_limits)
{
	for (int reply = 0; reply < 2; reply++) {
		uint32_t most = reply ? WIRE_CONTROL_TEXT_MAX : WIRE_CONTROL_ARG_MAX;

		ck_assert_int_eq(control_of(0, 0, 'x', reply), 0);
		ck_assert_int_eq(control_of(most, most, 'x', reply), 0);
		ck_assert_int_eq(control_of(most + 1, most + 1, 'x', reply), -EBADMSG);
		ck_assert_int_eq(control_of(5, 4, 'x', reply), -EBADMSG);
		ck_assert_int_eq(control_of(5, 6, 'x', reply), -EBADMSG);
		ck_assert_int_eq(control_of(5, 5, 0, reply), -EBADMSG);
		ck_assert_int_eq(control_encoded(0, reply), 0);
		ck_assert_int_eq(control_encoded(most, reply), 0);
		ck_assert_int_eq(control_encoded(most + 1, reply), -E2BIG);
	}
}
END_TEST

/* ---- channels ---- */

START_TEST(a_file_that_cannot_be_written_is_an_error)
{
	struct rlimit was, limit;
	static uint8_t bytes[8192];
	int fd = -1;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	limit = was;
	limit.rlim_cur = 4096;
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(channel_seal_bytes(bytes, sizeof(bytes), &fd), -EFBIG);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(channel_seal_bytes(bytes, 4096, &fd), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	ck_assert_int_eq(channel_check_sealed(fd, 4096), 0);
	ck_assert_int_eq(channel_check_sealed(fd, 4095), -EBADMSG);
	close(fd);
}
END_TEST

START_TEST(a_message_is_one_and_an_end_is_none)
{
	static struct channel_scratch scratch;
	struct wire_head head = { WIRE_MAGIC, 1, WIRE_REPLY, 5, 4, 0, 0 };
	struct message msg;
	int sock[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	for (int any = 0; any < 2; any++) {
		ck_assert_int_eq(channel_send(sock[0], &head, "body", 4, NULL, 0, 0), 0);
		ck_assert_int_eq(any ? channel_recv_any(sock[1], &scratch, 0, &msg)
				     : channel_recv(sock[1], &scratch, 0, &msg),
				 1);
		ck_assert(msg.head.id == 5 && msg.head.body_bytes == 4 && msg.fd_cnt == 0 &&
			  msg.body_fd == -1);
		ck_assert_int_eq(channel_load_body(&msg), 0);
		ck_assert_mem_eq(msg.body, "body", 4);
		message_done(&msg);
	}
	close(sock[0]);
	ck_assert_int_eq(channel_recv(sock[1], &scratch, 0, &msg), 0);
	ck_assert_int_eq(channel_recv_any(sock[1], &scratch, 0, &msg), 0);
	close(sock[1]);
}
END_TEST

/* ---- the table itself ---- */

/* By name: a new one in the middle is not another rule for the rest. */
static const char *const when_names[] = {
	[CMD_FD_ALWAYS] = "always",
	[CMD_FD_NONZERO] = "not 0",
	[CMD_FD_IF_FLAG] = "flag",
	[CMD_FD_ANCHOR] = "anchor",
	[CMD_FD_IF_TARGET] = "target",
	[CMD_FD_IF_PLACE] = "place",
	[CMD_FD_IF_SELF] = "own pid",
	[CMD_FD_IF_ANY] = "any",
	[CMD_FD_IF_MAP_IN_MAP] = "map in map",
};

static void table_row(struct golden *golden, uint32_t cmd, const struct cmd_row *row)
{
	golden_line(golden, "%x %s: gate %u, fd %d, kernel %u.%u, end %u, attach at %u", cmd,
		    row->name, row->gate, row->returns_fd, row->least_kernel >> 8,
		    row->least_kernel & 255, row->attr_end, row->attach_off);
	for (int i = 0; i < row->ptr_cnt; i++) {
		const struct cmd_ptr *p = &row->ptrs[i];

		golden_line(
			golden,
			"  pointer %s: dir %u len %u content %u for %u at %u, count at %u, size at %u, elements of %u, in info %d, most %u else %u",
			p->name, p->dir, p->len, p->content, p->only_for, p->off, p->len_off,
			p->rec_off, p->elem_bytes, p->in_info, p->max_bytes, p->over_errno);
	}
	for (int i = 0; i < row->fd_cnt; i++) {
		const struct cmd_fd *f = &row->fds[i];

		golden_line(golden, "  fd %s at %u: when %s for %u, flag %x at %u, any of %u %u %u",
			    f->name, f->off, when_names[f->when], f->only_for, f->flag, f->flag_off,
			    f->any_off[0], f->any_off[1], f->any_off[2]);
	}
	for (int i = 0; i < row->out_cnt; i++)
		golden_line(golden, "  out %s at %u: %u bytes", row->outs[i].name, row->outs[i].off,
			    row->outs[i].bytes);
}

START_TEST(the_table)
{
	struct golden *golden = golden_begin("tests/proto/table.golden");

	for (uint32_t i = 0; i < CMD_CNT + CMD_OURS_CNT; i++) {
		uint32_t cmd;
		const struct cmd_row *row = row_no(i, &cmd);

		ck_assert_uint_eq(cmd_id_of(row), cmd);
		table_row(golden, cmd, row);
	}
	for (uint32_t i = 0; i < CMD_ATTACH_CNT; i++)
		golden_line(golden, "attach type %u %s: class %u, target %u", i,
			    cmd_attach_of(i)->name, cmd_attach_of(i)->cls,
			    cmd_attach_of(i)->target);
	ck_assert_ptr_null(cmd_attach_of(CMD_ATTACH_CNT));
	for (uint32_t i = 0; i < 64; i++)
		if (cmd_value_fd_off(i) != -ENOENT)
			golden_line(golden, "values of map type %u hold a descriptor at %d", i,
				    cmd_value_fd_off(i));
	ck_assert(golden_end(golden));
}
END_TEST

static Suite *sweep_suite(void)
{
	Suite *suite = suite_create("proto/sweep");
	TCase *tc = tcase_create("sweep");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_table);
	tcase_add_test(tc, each_length_of_what_an_iterator_is_about);
	tcase_add_test(tc, nothing_is_kept_of_what_is_done_with);
	tcase_add_test(tc, each_subset_of_outputs);
	tcase_add_test(tc, each_buffer_of_a_reply_has_its_pointer);
	tcase_add_test(tc, questions_and_answers_at_their_limits);
	tcase_add_test(tc, a_file_that_cannot_be_written_is_an_error);
	tcase_add_test(tc, a_message_is_one_and_an_end_is_none);
	tcase_add_test(tc, results_and_reasons_at_their_boundaries);
	tcase_add_test(tc, each_size_of_attr_and_each_byte_behind_the_last_field);
	tcase_add_test(tc, each_attach_type_map_type_and_flag);
	tcase_add_test(tc, each_map_type_with_values_of_each_size);
	tcase_add_test(tc, each_body_with_each_byte_changed);
	tcase_add_test(tc, each_reply_with_each_byte_changed);
	tcase_add_test(tc, each_command_with_each_pointer_at_each_boundary);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(sweep_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
