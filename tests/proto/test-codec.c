/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call survives the way to the daemon and back; a frame that no client of ours would send does
 * not survive decoding. Hostile bodies are made from a good one by one change, and the good one is
 * decoded beside it as the control.
 */
#include "proto/codec.h"

#include "proto/insnfd.h"
#include "tests/proto/source.h"

#include <check.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>

/* ---- a program load with everything that can go wrong in it ---- */

struct load {
	struct source_counts counts;
	struct codec_source source;
	struct bpf_insn insns[5];
	char license[4];
	char log[64];
	int32_t fd_array[2];
	uint8_t attr[ATTR_BYTES];
	struct codec_call call;
};

enum { MAP_NUMBER = 7, ARRAY_NUMBER = 9, BTF_NUMBER = 3 };

static void load_init(struct load *load)
{
	memset(load, 0, sizeof(*load));
	load->source = source_init(&load->counts);
	load->insns[0] = (struct bpf_insn){ .code = 0x18, .src_reg = 1, .imm = MAP_NUMBER };
	load->insns[2] = (struct bpf_insn){ .code = 0x18, .src_reg = 5, .imm = 1 };
	load->insns[4] = (struct bpf_insn){ .code = 0x95 };
	memcpy(load->license, "GPL", 4);
	load->fd_array[0] = 63; /* nothing refers to it: must not be sent */
	load->fd_array[1] = ARRAY_NUMBER;
	attr_put_u32(load->attr, ATTR_PROG_LOAD_TYPE, 1);
	attr_put_u32(load->attr, ATTR_PROG_LOAD_INSN_CNT, 5);
	attr_put_u64(load->attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)load->insns);
	attr_put_u64(load->attr, ATTR_PROG_LOAD_LICENSE, (uintptr_t)load->license);
	attr_put_u32(load->attr, ATTR_PROG_LOAD_LOG_LEVEL, 1);
	attr_put_u32(load->attr, ATTR_PROG_LOAD_LOG_SIZE, sizeof(load->log));
	attr_put_u64(load->attr, ATTR_PROG_LOAD_LOG_BUF, (uintptr_t)load->log);
	attr_put_u32(load->attr, ATTR_PROG_LOAD_PROG_BTF_FD, BTF_NUMBER);
	attr_put_u32(load->attr, ATTR_PROG_LOAD_FUNC_INFO_CNT, 1); /* else the kernel ignores the fd */
	attr_put_u64(load->attr, ATTR_PROG_LOAD_FD_ARRAY, (uintptr_t)load->fd_array);
}

static int load_encode(struct load *load)
{
	return codec_encode_request(&load->source, CMD_PROG_LOAD, (uintptr_t)load->attr,
				    sizeof(load->attr), &load->call);
}

static void load_done(struct load *load)
{
	codec_call_done(&load->call);
	ck_assert_int_eq(load->counts.taken, load->counts.dropped);
}

START_TEST(a_load_arrives_as_it_was_sent)
{
	struct request req;
	struct load load;

	load_init(&load);
	ck_assert_int_eq(load_encode(&load), 0);
	ck_assert_int_eq(codec_decode_request(load.call.body, load.call.body_bytes,
					      load.call.fd_cnt, &req),
			 0);
	ck_assert_ptr_eq(req.row, cmd_row_of(CMD_PROG_LOAD));
	ck_assert_uint_eq(req.attr_bytes, sizeof(load.attr));
	ck_assert_uint_eq(attr_u32(req.attr, ATTR_PROG_LOAD_INSN_CNT), 5);
	ck_assert_uint_eq(attr_u64(req.attr, ATTR_PROG_LOAD_INSNS), 0);
	ck_assert_uint_eq(request_ptr_at(&req, ATTR_PROG_LOAD_INSNS)->bytes, sizeof(load.insns));
	ck_assert_mem_eq(request_ptr_at(&req, ATTR_PROG_LOAD_INSNS)->data, load.insns,
			 sizeof(load.insns));
	ck_assert_str_eq((const char *)request_ptr_at(&req, ATTR_PROG_LOAD_LICENSE)->data, "GPL");
	ck_assert_uint_eq(request_ptr_at(&req, ATTR_PROG_LOAD_LOG_BUF)->room, sizeof(load.log));
	ck_assert_uint_eq(request_ptr_at(&req, ATTR_PROG_LOAD_LOG_BUF)->bytes, 0);
	ck_assert_uint_eq(request_ptr_at(&req, ATTR_PROG_LOAD_FUNC_INFO)->state, WIRE_PTR_NULL);
	ck_assert_uint_eq((uintptr_t)request_ptr_at(&req, ATTR_PROG_LOAD_INSNS)->data % 8, 0);
	load_done(&load);
}
END_TEST

START_TEST(fds_are_sent_once_and_only_those_in_use)
{
	struct request req;
	struct load load;

	load_init(&load);
	ck_assert_int_eq(load_encode(&load), 0);
	ck_assert_uint_eq(load.call.fd_cnt, 3);
	ck_assert_int_eq(codec_decode_request(load.call.body, load.call.body_bytes, 3, &req), 0);
	ck_assert_int_eq(load.call.fds[request_find_fd(&req, MAP_NUMBER)], SOURCE_FD(MAP_NUMBER));
	ck_assert_int_eq(load.call.fds[request_find_fd(&req, ARRAY_NUMBER)],
			 SOURCE_FD(ARRAY_NUMBER));
	ck_assert_int_eq(load.call.fds[request_find_fd(&req, BTF_NUMBER)], SOURCE_FD(BTF_NUMBER));
	ck_assert_int_eq(request_find_fd(&req, 63), -EBADF);
	load_done(&load);
}
END_TEST

/* By its row: a field that the call does not use names nobody. */
START_TEST(a_field_s_fd_is_found_where_the_call_uses_it)
{
	struct request req;
	struct load load;

	load_init(&load);
	ck_assert_int_eq(load_encode(&load), 0);
	ck_assert_int_eq(codec_decode_request(load.call.body, load.call.body_bytes, load.call.fd_cnt, &req), 0);
	ck_assert_int_eq(request_find_fd_at(&req, ATTR_PROG_LOAD_PROG_BTF_FD, SOURCE_PID), request_find_fd(&req, BTF_NUMBER));
	ck_assert_int_ge(request_find_fd_at(&req, ATTR_PROG_LOAD_PROG_BTF_FD, SOURCE_PID), 0);
	ck_assert_int_eq(request_find_fd_at(&req, ATTR_PROG_LOAD_TYPE, SOURCE_PID), -ENOENT);
	attr_put_u32(req.attr, ATTR_PROG_LOAD_PROG_BTF_FD, 62);
	ck_assert_int_eq(request_find_fd_at(&req, ATTR_PROG_LOAD_PROG_BTF_FD, SOURCE_PID), -EBADF);
	attr_put_u32(req.attr, ATTR_PROG_LOAD_FUNC_INFO_CNT, 0);
	ck_assert_int_eq(request_find_fd_at(&req, ATTR_PROG_LOAD_PROG_BTF_FD, SOURCE_PID), -ENOENT);
	load_done(&load);
}
END_TEST

START_TEST(a_number_that_is_no_open_file_is_no_error_yet)
{
	struct request req;
	struct load load;

	load_init(&load);
	load.insns[0].imm = SOURCE_FDS + 1;
	ck_assert_int_eq(load_encode(&load), 0);
	ck_assert_int_eq(codec_decode_request(load.call.body, load.call.body_bytes,
					      load.call.fd_cnt, &req),
			 0);
	ck_assert_int_eq(request_find_fd(&req, SOURCE_FDS + 1), -EBADF);
	load_done(&load);
}
END_TEST

START_TEST(an_unreadable_pointer_travels_as_a_fault)
{
	struct request req;
	struct load load;

	load_init(&load);
	attr_put_u64(load.attr, ATTR_PROG_LOAD_LICENSE, 16);
	ck_assert_int_eq(load_encode(&load), 0);
	ck_assert_int_eq(codec_decode_request(load.call.body, load.call.body_bytes,
					      load.call.fd_cnt, &req),
			 0);
	ck_assert_uint_eq(request_ptr_at(&req, ATTR_PROG_LOAD_LICENSE)->state, WIRE_PTR_FAULT);
	ck_assert_uint_eq(request_ptr_at(&req, ATTR_PROG_LOAD_INSNS)->state, WIRE_PTR_PRESENT);
	load_done(&load);
}
END_TEST

START_TEST(a_sparse_fd_array_beyond_reason_is_a_fault)
{
	struct request req;
	struct load load;

	load_init(&load);
	load.insns[2].imm = 1 << 20;
	ck_assert_int_eq(load_encode(&load), 0);
	ck_assert_int_eq(codec_decode_request(load.call.body, load.call.body_bytes,
					      load.call.fd_cnt, &req),
			 0);
	ck_assert_uint_eq(request_ptr_at(&req, ATTR_PROG_LOAD_FD_ARRAY)->state, WIRE_PTR_FAULT);
	load_done(&load);
}
END_TEST

static int source_take_any(void *ctx, int number, int *ret_fd)
{
	struct source_counts *counts = ctx;

	counts->taken++;
	*ret_fd = SOURCE_FD(number);
	return 0;
}

START_TEST(too_many_fds_are_e2big)
{
	struct bpf_insn insns[2 * (WIRE_FDS_MAX + 1)] = { 0 };
	struct codec_source source;
	struct load load;

	load_init(&load);
	source = load.source;
	ck_assert_int_lt(SOURCE_FDS, WIRE_FDS_MAX);
	for (int i = 0; i < WIRE_FDS_MAX + 1; i++)
		insns[2 * i] = (struct bpf_insn){ .code = 0x18, .src_reg = 1, .imm = i };
	attr_put_u64(load.attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)insns);
	attr_put_u64(load.attr, ATTR_PROG_LOAD_FD_ARRAY, 0);
	attr_put_u32(load.attr, ATTR_PROG_LOAD_INSN_CNT, ARRAY_CNT(insns));
	/* Every number is open now. */
	source.take_fd = source_take_any;
	load.source = source;
	ck_assert_int_eq(load_encode(&load), -E2BIG);
	codec_call_done(&load.call);
	ck_assert_int_eq(load.counts.taken, load.counts.dropped);
	attr_put_u32(load.attr, ATTR_PROG_LOAD_INSN_CNT, ARRAY_CNT(insns) - 2);
	load.counts = (struct source_counts){ 0 };
	ck_assert_int_eq(load_encode(&load), 0);
	load_done(&load);
}
END_TEST

/* ---- the attr, as the kernel reads it ---- */

static int encode(uint32_t cmd, const void *attr, uint32_t bytes)
{
	struct source_counts counts;
	struct codec_source source = source_init(&counts);
	struct codec_call call;
	int r = codec_encode_request(&source, cmd, (uintptr_t)attr, bytes, &call);

	codec_call_done(&call);
	ck_assert_int_eq(counts.taken, counts.dropped);
	return r;
}

START_TEST(an_attr_tail_must_be_zero)
{
	uint8_t attr[ATTR_SIZE_MAX + 8] = { 0 };

	ck_assert_int_eq(encode(CMD_MAP_CREATE, attr, ATTR_SIZE_MAX), 0);
	ck_assert_int_eq(encode(CMD_MAP_CREATE, attr, ATTR_SIZE_MAX + 1), -E2BIG);
	attr[ATTR_BYTES] = 1;
	ck_assert_int_eq(encode(CMD_MAP_CREATE, attr, ATTR_BYTES), 0);
	ck_assert_int_eq(encode(CMD_MAP_CREATE, attr, ATTR_BYTES + 1), -E2BIG);
	attr[ATTR_BYTES] = 0;
	attr[ATTR_SIZE_MAX - 1] = 1;
	ck_assert_int_eq(encode(CMD_MAP_CREATE, attr, ATTR_SIZE_MAX), -E2BIG);
}
END_TEST

START_TEST(bytes_behind_a_commands_last_field_are_einval)
{
	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++) {
		uint8_t attr[ATTR_BYTES] = { 0 };
		const struct cmd_row *row = cmd_row_of(cmd);

		ck_assert_msg(encode(cmd, attr, sizeof(attr)) == 0, "%s", row->name);
		if (row->attr_end == ATTR_BYTES)
			continue;
		attr[row->attr_end] = 1;
		ck_assert_msg(encode(cmd, attr, sizeof(attr)) == -EINVAL, "%s", row->name);
		ck_assert_msg(encode(cmd, attr, row->attr_end) == 0, "%s", row->name);
	}
}
END_TEST

START_TEST(an_unreadable_attr_is_efault)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	ck_assert_int_eq(encode(CMD_MAP_CREATE, (void *)16, 8), -EFAULT);
	ck_assert_int_eq(encode(CMD_MAP_CREATE, attr, 8), 0);
	ck_assert_int_eq(encode(CMD_MAP_CREATE, (void *)16, 0), 0);
}
END_TEST

START_TEST(an_unknown_command_is_einval)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	ck_assert_int_eq(encode(CMD_CNT, attr, 4), -EINVAL);
	ck_assert_int_eq(encode(CMD_PROG_LOAD | CMD_COMMON_ATTRS, attr, 4), -EINVAL);
	ck_assert_int_eq(encode(CMD_CNT - 1, attr, 4), 0);
}
END_TEST

START_TEST(counts_above_the_kernels_limits_are_its_errno)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	uint8_t byte = 0;

	attr_put_u64(attr, ATTR_BTF_LOAD_DATA, (uintptr_t)&byte);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, UINT32_MAX);
	ck_assert_int_eq(encode(CMD_BTF_LOAD, attr, sizeof(attr)), -E2BIG);
	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 1);
	ck_assert_int_eq(encode(CMD_BTF_LOAD, attr, sizeof(attr)), 0);

	memset(attr, 0, sizeof(attr));
	attr_put_u64(attr, ATTR_PROG_LOAD_LINE_INFO, (uintptr_t)&byte);
	attr_put_u32(attr, ATTR_PROG_LOAD_LINE_INFO_CNT, UINT32_MAX);
	attr_put_u32(attr, ATTR_PROG_LOAD_LINE_INFO_REC_SIZE, UINT32_MAX);
	ck_assert_int_eq(encode(CMD_PROG_LOAD, attr, sizeof(attr)), -EINVAL);
}
END_TEST

START_TEST(a_long_text_is_cut_as_the_kernel_cuts_it)
{
	struct request req;
	char license[300];
	struct load load;

	load_init(&load);
	memset(license, 'x', sizeof(license));
	attr_put_u64(load.attr, ATTR_PROG_LOAD_LICENSE, (uintptr_t)license);
	ck_assert_int_eq(load_encode(&load), 0);
	ck_assert_int_eq(codec_decode_request(load.call.body, load.call.body_bytes,
					      load.call.fd_cnt, &req),
			 0);
	ck_assert_uint_eq(strlen((const char *)request_ptr_at(&req, ATTR_PROG_LOAD_LICENSE)->data),
			  127);
	load_done(&load);
}
END_TEST

/* ---- other shapes ---- */

START_TEST(symbols_travel_as_texts)
{
	const char *syms[3] = { "vfs_read", "", "do_exit" };
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct source_counts counts;
	struct codec_source source = source_init(&counts);
	const struct request_ptr *ptr;
	struct codec_call call;
	struct request req;

	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, 42);
	attr_put_u32(attr, ATTR_LINK_CREATE_KPROBE_MULTI_CNT, 3);
	attr_put_u64(attr, ATTR_LINK_CREATE_KPROBE_MULTI_SYMS, (uintptr_t)syms);
	ck_assert_int_eq(codec_encode_request(&source, CMD_LINK_CREATE, (uintptr_t)attr,
					      sizeof(attr), &call),
			 0);
	ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
	ptr = request_ptr_at(&req, ATTR_LINK_CREATE_KPROBE_MULTI_SYMS);
	ck_assert_uint_eq(ptr->bytes, 9 + 1 + 8);
	ck_assert_mem_eq(ptr->data, "vfs_read\0\0do_exit", 18);
	codec_call_done(&call);
}
END_TEST

START_TEST(a_program_array_update_sends_the_program)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct source_counts counts;
	struct codec_source source = source_init(&counts);
	uint32_t key = 1, value = 12;
	struct codec_call call;
	struct request req;

	attr_put_u32(attr, ATTR_ELEM_MAP_FD, 5);
	attr_put_u64(attr, ATTR_ELEM_KEY, (uintptr_t)&key);
	attr_put_u64(attr, ATTR_ELEM_VALUE, (uintptr_t)&value);
	ck_assert_int_eq(codec_encode_request(&source, CMD_MAP_UPDATE_ELEM, (uintptr_t)attr, 32,
					      &call),
			 0);
	ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
	ck_assert_uint_eq(req.fd_cnt, 2);
	ck_assert_int_ge(request_find_fd(&req, 12), 0);
	ck_assert_int_ge(request_find_fd(&req, 5), 0);
	codec_call_done(&call);
}
END_TEST

static int percpu_map_shape(void *ctx, int number, struct codec_map *ret_map)
{
	(void)ctx, (void)number;
	*ret_map = (struct codec_map){ .type = 6, .key_bytes = 4, .value_bytes = 4 * 8, .cpu_value_bytes = 4 };
	return 0;
}

/* How many bytes of value travel for an update with these flags; the caller has one CPU's only. */
static uint32_t value_that_travels(uint64_t flags)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct source_counts counts;
	struct codec_source source = source_init(&counts);
	uint32_t key = 1, values[8] = { 7 }, bytes;
	struct codec_call call;
	struct request req;
	const struct request_ptr *ptr;

	source.map_shape = percpu_map_shape;
	attr_put_u32(attr, ATTR_ELEM_MAP_FD, 5);
	attr_put_u64(attr, ATTR_ELEM_KEY, (uintptr_t)&key);
	attr_put_u64(attr, ATTR_ELEM_VALUE, (uintptr_t)values);
	attr_put_u64(attr, ATTR_ELEM_FLAGS, flags);
	ck_assert_int_eq(codec_encode_request(&source, CMD_MAP_UPDATE_ELEM, (uintptr_t)attr, 32, &call), 0);
	ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
	ptr = request_ptr_at(&req, ATTR_ELEM_VALUE);
	ck_assert_ptr_nonnull(ptr);
	bytes = ptr->bytes;
	codec_call_done(&call);
	return bytes;
}

START_TEST(one_cpus_value_is_as_long_as_the_kernel_takes_it)
{
	ck_assert_uint_eq(value_that_travels(0), 32);
	ck_assert_uint_eq(value_that_travels(CMD_F_CPU | 3ull << 32), 4);
	ck_assert_uint_eq(value_that_travels(CMD_F_ALL_CPUS), 4);
}
END_TEST

struct info_call {
	uint8_t attr[ATTR_BYTES];
	_Alignas(8) uint8_t info[232];
	uint32_t map_ids[4];
};

enum { INFO_NR_MAP_IDS_OFF = 52, INFO_MAP_IDS_OFF = 56 };

static void info_init(struct info_call *ic)
{
	memset(ic, 0, sizeof(*ic));
	attr_put_u32(ic->attr, ATTR_INFO_BPF_FD, 5);
	attr_put_u32(ic->attr, ATTR_INFO_INFO_LEN, sizeof(ic->info));
	attr_put_u64(ic->attr, ATTR_INFO_INFO, (uintptr_t)ic->info);
	attr_put_u32(ic->info, INFO_NR_MAP_IDS_OFF, 4);
	attr_put_u64(ic->info, INFO_MAP_IDS_OFF, (uintptr_t)ic->map_ids);
}

START_TEST(arrays_inside_an_info_come_home)
{
	const uint32_t ids[2] = { 11, 22 };
	struct source_counts counts;
	struct codec_source source = source_init(&counts);
	uint8_t info[232] = { 0 };
	struct reply out = { 0 }, in;
	struct codec_call call;
	struct info_call ic;
	struct request req;
	uint8_t *body;
	size_t bytes;

	info_init(&ic);
	ck_assert_int_eq(codec_encode_request(&source, CMD_OBJ_GET_INFO_BY_FD, (uintptr_t)ic.attr,
					      16, &call),
			 0);
	ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
	ck_assert_uint_eq(attr_u64(req.ptrs[0].data, INFO_MAP_IDS_OFF), 0);

	attr_put_u32(info, 0, 6);
	attr_put_u32(info, INFO_NR_MAP_IDS_OFF, 2);
	reply_set_buf(&out, &req, ATTR_INFO_INFO, info, sizeof(info));
	reply_set_info_buf(&out, &req, INFO_MAP_IDS_OFF, ids, sizeof(ids));
	reply_set_out(&out, &req, ATTR_INFO_INFO_LEN, sizeof(info));
	ck_assert_int_eq(codec_encode_reply(&out, &body, &bytes), 0);
	ck_assert_int_eq(codec_decode_reply(&call, body, bytes, 0, &in), 0);
	ck_assert_int_eq(codec_copy_out(&call, &in), 0);
	ck_assert_uint_eq(ic.map_ids[0], 11);
	ck_assert_uint_eq(ic.map_ids[1], 22);
	ck_assert_uint_eq(attr_u32(ic.info, 0), 6);
	ck_assert_uint_eq(attr_u64(ic.info, INFO_MAP_IDS_OFF), (uintptr_t)ic.map_ids);
	free(body);
	codec_call_done(&call);
}
END_TEST

/* What an info of so many bytes holds after it was copied: the caller's pointer where it fits whole, else what was said. */
static void expect_info(const struct codec_call *call, const uint8_t *info, uint32_t bytes)
{
	uint8_t want[ATTR_SIZE_MAX];

	memset(want, 0xaa, bytes);
	for (int i = 0; i < call->row->ptr_cnt; i++)
		if (call->row->ptrs[i].in_info && call->row->ptrs[i].off + 8u <= bytes)
			attr_put_u64(want, call->row->ptrs[i].off, call->ptr_addr[i]);
	ck_assert_mem_eq(info, want, bytes);
	ck_assert_uint_eq(info[bytes], 0xbb);
}

START_TEST(an_info_of_any_length_has_the_callers_pointers)
{
	static uint8_t said[ATTR_SIZE_MAX + 1], info[ATTR_SIZE_MAX + 2];
	struct source_counts counts;
	struct codec_source source = source_init(&counts);
	struct codec_call call;
	struct info_call ic;

	info_init(&ic);
	ck_assert_int_eq(codec_encode_request(&source, CMD_OBJ_GET_INFO_BY_FD, (uintptr_t)ic.attr, 16, &call), 0);
	call.ptr_addr[0] = (uintptr_t)info;
	memset(said, 0xaa, sizeof(said));
	for (uint32_t bytes = 1; bytes <= ATTR_SIZE_MAX; bytes++) {
		struct reply in = { .bufs[0] = { .data = said, .bytes = bytes } };

		memset(info, 0xbb, sizeof(info));
		ck_assert_int_eq(codec_copy_out(&call, &in), 0);
		expect_info(&call, info, bytes);
	}
	/* No info is that long. */
	ck_assert_int_eq(codec_copy_out(&call, &(struct reply){ .bufs[0] = { .data = said, .bytes = sizeof(said) } }),
			 -EFAULT);
	codec_call_done(&call);
}
END_TEST

/* ---- a probe's file and process ---- */

static int open_null(void *ctx, const char *path, int *ret_fd)
{
	ck_assert_str_eq(path, "/bin/true");
	*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

static int open_other(void *ctx, int pid, int *ret_fd)
{
	ck_assert_int_eq(pid, 77);
	*ret_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

static int open_refused(void *ctx, const char *path, int *ret_fd)
{
	return -EACCES;
}

/* How many descriptors go along with a link of probes in a file, or -errno. */
static int fds_of_probe(struct codec_source *source, uint32_t pid)
{
	enum { UPROBE_MULTI = 48 };
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct codec_call call;
	int r;

	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, UPROBE_MULTI);
	attr_put_u64(attr, ATTR_LINK_CREATE_UPROBE_MULTI_PATH, (uintptr_t)"/bin/true");
	attr_put_u32(attr, ATTR_LINK_CREATE_UPROBE_MULTI_PID, pid);
	r = codec_encode_request(source, CMD_LINK_CREATE, (uintptr_t)attr, ATTR_BYTES, &call);
	if (r < 0)
		return r;
	r = (int)call.fd_cnt;
	codec_call_done(&call);
	return r;
}

START_TEST(a_probes_file_goes_along_and_its_process_if_it_names_one)
{
	struct source_counts counts;
	struct codec_source source = source_init(&counts);
	int plain = fds_of_probe(&source, 0);

	ck_assert_int_ge(plain, 0);
	source.open_file = open_null;
	source.open_process = open_other;
	ck_assert_int_eq(fds_of_probe(&source, 0), plain + 1);
	ck_assert_int_eq(fds_of_probe(&source, 77), plain + 2);
	source.open_file = open_refused;
	ck_assert_int_eq(fds_of_probe(&source, 77), -EACCES);
}
END_TEST

/* ---- hostile requests ---- */

/* What decoding may say to a stranger: never a crash, never anything else. */
static bool decode_is_civil(int r)
{
	return r == 0 || r == -EBADMSG || r == -EINVAL || r == -E2BIG;
}

/* Decodes from an allocation of exactly this size, so that a reader of one byte too many is seen. */
static int decode_exact(const uint8_t *body, size_t bytes, unsigned int fd_cnt)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	struct request req;
	int r;

	if (bytes)
		memcpy(copy, body, bytes);
	r = codec_decode_request(copy, bytes, fd_cnt, &req);
	free(copy);
	return r;
}

START_TEST(a_request_cut_anywhere_is_refused)
{
	struct load load;

	load_init(&load);
	ck_assert_int_eq(load_encode(&load), 0);
	for (size_t n = 0; n < load.call.body_bytes; n++)
		ck_assert_msg(decode_exact(load.call.body, n, load.call.fd_cnt) < 0, "cut at %zu",
			      n);
	ck_assert_int_eq(decode_exact(load.call.body, load.call.body_bytes, load.call.fd_cnt), 0);
	load_done(&load);
}
END_TEST

START_TEST(a_request_with_a_byte_too_many_is_refused)
{
	uint8_t body[4096] = { 0 };
	struct load load;

	load_init(&load);
	ck_assert_int_eq(load_encode(&load), 0);
	memcpy(body, load.call.body, load.call.body_bytes);
	ck_assert_int_eq(decode_exact(body, load.call.body_bytes, load.call.fd_cnt), 0);
	for (size_t more = 1; more <= 16; more++)
		ck_assert_int_eq(decode_exact(body, load.call.body_bytes + more, load.call.fd_cnt),
				 -EBADMSG);
	load_done(&load);
}
END_TEST

START_TEST(any_changed_bit_leaves_the_decoder_civil)
{
	struct load load;

	load_init(&load);
	ck_assert_int_eq(load_encode(&load), 0);
	for (size_t bit = 0; bit < load.call.body_bytes * 8; bit++) {
		load.call.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(decode_is_civil(
			decode_exact(load.call.body, load.call.body_bytes, load.call.fd_cnt)));
		load.call.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	load_done(&load);
}
END_TEST

START_TEST(fds_must_match_their_numbers)
{
	struct load load;

	load_init(&load);
	ck_assert_int_eq(load_encode(&load), 0);
	ck_assert_int_eq(decode_exact(load.call.body, load.call.body_bytes, 3), 0);
	ck_assert_int_eq(decode_exact(load.call.body, load.call.body_bytes, 0), -EBADMSG);
	ck_assert_int_eq(decode_exact(load.call.body, load.call.body_bytes, 2), -EBADMSG);
	ck_assert_int_eq(decode_exact(load.call.body, load.call.body_bytes, 5), -EBADMSG);
	ck_assert_int_eq(decode_exact(load.call.body, load.call.body_bytes, UINT32_MAX), -EBADMSG);
	load_done(&load);
}
END_TEST

/* A body by hand: a request head, an attr, entries. */
struct craft {
	_Alignas(8) uint8_t bytes[1024];
	size_t len;
};

static void craft_put(struct craft *c, const void *src, size_t n)
{
	memcpy(c->bytes + c->len, src, n);
	c->len += n;
	c->len += -c->len % WIRE_ALIGN;
}

static void craft_request(struct craft *c, uint32_t cmd, const uint8_t *attr, uint32_t stored,
			  uint32_t ptr_cnt)
{
	struct wire_request req = { cmd, ATTR_BYTES, stored, ptr_cnt };

	memset(c, 0, sizeof(*c));
	craft_put(c, &req, sizeof(req));
	craft_put(c, attr, stored);
}

static void craft_ptr(struct craft *c, struct wire_ptr entry, const void *data)
{
	craft_put(c, &entry, sizeof(entry));
	if (data)
		craft_put(c, data, entry.bytes);
}

static int craft_decode(const struct craft *c)
{
	return decode_exact(c->bytes, c->len, 0);
}

enum { BTF_STORED = ATTR_END_BTF_LOAD_LOG_SIZE };

/* A BTF_LOAD whose attr says `size` and whose one entry is `entry`. */
static int decode_btf(uint32_t size, uint32_t log_size, struct wire_ptr entry, uint32_t ptr_cnt)
{
	static const uint8_t data[64];
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct craft c;

	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, size);
	attr_put_u32(attr, ATTR_BTF_LOAD_LOG_SIZE, log_size);
	craft_request(&c, CMD_BTF_LOAD, attr, log_size ? BTF_STORED - 3 : BTF_STORED - 4 - 3, ptr_cnt);
	craft_ptr(&c, entry, entry.bytes <= sizeof(data) ? data : NULL);
	return craft_decode(&c);
}

START_TEST(an_entry_must_say_what_the_attr_says)
{
	const struct wire_ptr in = { 0, WIRE_PTR_PRESENT, 16, 0, 0 };
	const struct wire_ptr out = { 1, WIRE_PTR_PRESENT, 0, 16, 0 };

	ck_assert_int_eq(decode_btf(16, 0, in, 1), 0);
	ck_assert_int_eq(decode_btf(17, 0, in, 1), -EBADMSG);
	ck_assert_int_eq(decode_btf(15, 0, in, 1), -EBADMSG);
	ck_assert_int_eq(decode_btf(16, 16, out, 1), 0);
	ck_assert_int_eq(decode_btf(16, 17, out, 1), -EBADMSG);
}
END_TEST

START_TEST(an_entry_with_anything_odd_is_refused)
{
	const struct wire_ptr good = { 0, WIRE_PTR_PRESENT, 16, 0, 0 };
	const struct wire_ptr odd[] = {
		{ 0, WIRE_PTR_NULL, 16, 0, 0 },	      { 0, WIRE_PTR_FAULT, 16, 0, 0 },
		{ 0, WIRE_PTR_FAULT, 0, 16, 0 },      { 0, 3, 16, 0, 0 },
		{ 0, 257, 16, 0, 0 },		      { 0, WIRE_PTR_PRESENT, 16, 1, 0 },
		{ 0, WIRE_PTR_PRESENT, 16, 0, 1 },    { 2, WIRE_PTR_PRESENT, 16, 0, 0 },
		{ 65535, WIRE_PTR_PRESENT, 16, 0, 0 }, { 0, WIRE_PTR_PRESENT, UINT32_MAX, 0, 0 },
		{ 0, WIRE_PTR_PRESENT, 24, 0, 0 },
	};

	ck_assert_int_eq(decode_btf(16, 0, good, 1), 0);
	for (size_t i = 0; i < ARRAY_CNT(odd); i++)
		ck_assert_msg(decode_btf(16, 0, odd[i], 1) == -EBADMSG, "entry %zu", i);
	ck_assert_int_eq(decode_btf(16, 0, good, 2), -EBADMSG);
	ck_assert_int_eq(decode_btf(16, 0, good, CMD_PTRS_MAX + 1), -EBADMSG);
	ck_assert_int_eq(decode_btf(16, 0, good, UINT32_MAX), -EBADMSG);
}
END_TEST

START_TEST(a_count_that_overflows_matches_nothing)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct wire_ptr entry = { 3, WIRE_PTR_PRESENT, 0, 0, 0 };
	struct craft c;

	/* 2^31 records of 2 bytes: 2^32, which is 0 in 32 bits. */
	attr_put_u32(attr, ATTR_PROG_LOAD_FUNC_INFO_CNT, 1u << 31);
	attr_put_u32(attr, ATTR_PROG_LOAD_FUNC_INFO_REC_SIZE, 2);
	craft_request(&c, CMD_PROG_LOAD, attr, ATTR_END_PROG_LOAD_FUNC_INFO_CNT, 1);
	craft_ptr(&c, entry, "");
	ck_assert_int_eq(craft_decode(&c), -EBADMSG);

	attr_put_u32(attr, ATTR_PROG_LOAD_FUNC_INFO_CNT, 1);
	attr_put_u32(attr, ATTR_PROG_LOAD_FUNC_INFO_REC_SIZE, 0);
	craft_request(&c, CMD_PROG_LOAD, attr, ATTR_PROG_LOAD_FUNC_INFO_CNT + 1, 1);
	craft_ptr(&c, entry, "");
	ck_assert_int_eq(craft_decode(&c), 0);
}
END_TEST

START_TEST(entries_come_once_and_in_order)
{
	const struct wire_ptr first = { 0, WIRE_PTR_PRESENT, 16, 0, 0 };
	const struct wire_ptr second = { 1, WIRE_PTR_PRESENT, 0, 16, 0 };
	static const uint8_t data[16];
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct craft c;

	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 16);
	attr_put_u32(attr, ATTR_BTF_LOAD_LOG_SIZE, 16);
	craft_request(&c, CMD_BTF_LOAD, attr, BTF_STORED - 3, 2);
	craft_ptr(&c, first, data);
	craft_ptr(&c, second, NULL);
	ck_assert_int_eq(craft_decode(&c), 0);
	craft_request(&c, CMD_BTF_LOAD, attr, BTF_STORED - 3, 2);
	craft_ptr(&c, second, NULL);
	craft_ptr(&c, first, data);
	ck_assert_int_eq(craft_decode(&c), -EBADMSG);
	craft_request(&c, CMD_BTF_LOAD, attr, BTF_STORED - 3, 2);
	craft_ptr(&c, first, data);
	craft_ptr(&c, first, data);
	ck_assert_int_eq(craft_decode(&c), -EBADMSG);
}
END_TEST

START_TEST(no_pointer_travels)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct craft c;

	attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 1);
	craft_request(&c, CMD_BTF_LOAD, attr, ATTR_BTF_LOAD_SIZE + 1, 0);
	ck_assert_int_eq(craft_decode(&c), 0);
	attr_put_u64(attr, ATTR_BTF_LOAD_DATA, 0x7f0000001000);
	craft_request(&c, CMD_BTF_LOAD, attr, ATTR_BTF_LOAD_SIZE + 1, 0);
	ck_assert_int_eq(craft_decode(&c), -EBADMSG);
}
END_TEST

START_TEST(a_text_must_end_where_it_ends)
{
	struct craft c;
	uint8_t attr[ATTR_BYTES] = { 0 };
	const struct wire_ptr entry = { 0, WIRE_PTR_PRESENT, 4, 0, 0 };
	const struct wire_ptr empty = { 0, WIRE_PTR_PRESENT, 0, 0, 0 };

	craft_request(&c, CMD_OBJ_GET, attr, 0, 1);
	craft_ptr(&c, entry, "/ab");
	ck_assert_int_eq(craft_decode(&c), 0);
	craft_request(&c, CMD_OBJ_GET, attr, 0, 1);
	craft_ptr(&c, entry, "/abc");
	ck_assert_int_eq(craft_decode(&c), -EBADMSG);
	craft_request(&c, CMD_OBJ_GET, attr, 0, 1);
	craft_ptr(&c, entry, "/\0b");
	ck_assert_int_eq(craft_decode(&c), -EBADMSG);
	craft_request(&c, CMD_OBJ_GET, attr, 0, 1);
	craft_ptr(&c, empty, NULL);
	ck_assert_int_eq(craft_decode(&c), -EBADMSG);
}
END_TEST

START_TEST(a_call_from_the_future_is_answered_as_an_old_kernel_would)
{
	uint8_t attr[ATTR_BYTES + 8] = { 0 };
	struct craft c;

	craft_request(&c, CMD_CNT, attr, 0, 0);
	ck_assert_int_eq(craft_decode(&c), -EINVAL);
	attr[ATTR_END_ELEM_MAP_FD] = 1;
	craft_request(&c, CMD_MAP_FREEZE, attr, ATTR_END_ELEM_MAP_FD + 1, 0);
	ck_assert_int_eq(craft_decode(&c), -EINVAL);
	attr[ATTR_BYTES] = 1;
	craft_request(&c, CMD_MAP_FREEZE, attr, ATTR_BYTES + 1, 0);
	((struct wire_request *)(void *)c.bytes)->attr_bytes = ATTR_BYTES + 1;
	ck_assert_int_eq(craft_decode(&c), -E2BIG);
	attr[ATTR_END_ELEM_MAP_FD] = 0;
	craft_request(&c, CMD_MAP_FREEZE, attr, 0, 0);
	ck_assert_int_eq(craft_decode(&c), 0);
}
END_TEST

/* ---- replies ---- */

struct answered {
	struct load load;
	struct request req;
	struct reply reply;
	uint8_t *body;
	size_t bytes;
};

/* A refused load: a log, a true size, a reason. */
static void answered_init(struct answered *a)
{
	memset(a, 0, sizeof(*a));
	load_init(&a->load);
	ck_assert_int_eq(load_encode(&a->load), 0);
	ck_assert_int_eq(codec_decode_request(a->load.call.body, a->load.call.body_bytes,
					      a->load.call.fd_cnt, &a->req),
			 0);
	a->reply.result = -EACCES;
	a->reply.decision = 0x7f3a91;
	a->reply.reason = "no rule";
	a->reply.reason_bytes = 7;
	reply_set_out(&a->reply, &a->req, ATTR_PROG_LOAD_LOG_TRUE_SIZE, 6);
	reply_set_buf(&a->reply, &a->req, ATTR_PROG_LOAD_LOG_BUF, "wrong\n", 7);
	ck_assert_int_eq(codec_encode_reply(&a->reply, &a->body, &a->bytes), 0);
}

static void answered_done(struct answered *a)
{
	free(a->body);
	load_done(&a->load);
}

static int decode_reply_exact(const struct codec_call *call, const uint8_t *body, size_t bytes,
			      unsigned int fd_cnt)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	struct reply reply;
	int r;

	if (bytes)
		memcpy(copy, body, bytes);
	r = codec_decode_reply(call, copy, bytes, fd_cnt, &reply);
	free(copy);
	return r;
}

START_TEST(an_answer_comes_home)
{
	struct answered a;
	struct reply in;

	answered_init(&a);
	ck_assert_int_eq(codec_decode_reply(&a.load.call, a.body, a.bytes, 0, &in), 0);
	ck_assert_int_eq(in.result, -EACCES);
	ck_assert_uint_eq(in.decision, 0x7f3a91);
	ck_assert_uint_eq(in.reason_bytes, 7);
	ck_assert_mem_eq(in.reason, "no rule", 7);
	ck_assert_int_eq(codec_copy_out(&a.load.call, &in), 0);
	ck_assert_str_eq(a.load.log, "wrong\n");
	ck_assert_uint_eq(attr_u32(a.load.attr, ATTR_PROG_LOAD_LOG_TRUE_SIZE), 6);
	answered_done(&a);
}
END_TEST

START_TEST(an_output_behind_a_short_attr_is_not_written)
{
	struct answered a;
	struct reply in;

	answered_init(&a);
	ck_assert_int_eq(codec_decode_reply(&a.load.call, a.body, a.bytes, 0, &in), 0);
	a.load.call.attr_bytes = ATTR_PROG_LOAD_LOG_TRUE_SIZE + 3;
	ck_assert_int_eq(codec_copy_out(&a.load.call, &in), 0);
	ck_assert_uint_eq(attr_u32(a.load.attr, ATTR_PROG_LOAD_LOG_TRUE_SIZE), 0);
	answered_done(&a);
}
END_TEST

START_TEST(an_answer_cut_or_longer_is_refused)
{
	uint8_t longer[1024] = { 0 };
	struct answered a;

	answered_init(&a);
	for (size_t n = 0; n < a.bytes; n++)
		ck_assert_int_eq(decode_reply_exact(&a.load.call, a.body, n, 0), -EBADMSG);
	memcpy(longer, a.body, a.bytes);
	ck_assert_int_eq(decode_reply_exact(&a.load.call, longer, a.bytes + 1, 0), -EBADMSG);
	ck_assert_int_eq(decode_reply_exact(&a.load.call, a.body, a.bytes, 0), 0);
	answered_done(&a);
}
END_TEST

START_TEST(a_daemon_cannot_write_more_than_the_room)
{
	struct answered a;

	answered_init(&a);
	a.load.call.ptr_room[2] = 6;
	ck_assert_int_eq(decode_reply_exact(&a.load.call, a.body, a.bytes, 0), -EBADMSG);
	a.load.call.ptr_room[2] = 7;
	ck_assert_int_eq(decode_reply_exact(&a.load.call, a.body, a.bytes, 0), 0);
	answered_done(&a);
}
END_TEST

START_TEST(a_log_longer_than_the_room_is_cut_by_the_daemon)
{
	char log[256];
	struct answered a;

	answered_init(&a);
	memset(log, 'x', sizeof(log));
	reply_set_buf(&a.reply, &a.req, ATTR_PROG_LOAD_LOG_BUF, log, sizeof(log));
	ck_assert_uint_eq(a.reply.bufs[2].bytes, sizeof(a.load.log));
	answered_done(&a);
}
END_TEST

START_TEST(an_fd_comes_exactly_when_it_is_announced)
{
	struct answered a;
	uint8_t *body;
	size_t bytes;

	answered_init(&a);
	ck_assert_int_eq(decode_reply_exact(&a.load.call, a.body, a.bytes, 1), -EBADMSG);
	a.reply.result = 0;
	a.reply.result_is_fd = true;
	ck_assert_int_eq(codec_encode_reply(&a.reply, &body, &bytes), 0);
	ck_assert_int_eq(decode_reply_exact(&a.load.call, body, bytes, 1), 0);
	ck_assert_int_eq(decode_reply_exact(&a.load.call, body, bytes, 0), -EBADMSG);
	ck_assert_int_eq(decode_reply_exact(&a.load.call, body, bytes, 2), -EBADMSG);
	free(body);
	answered_done(&a);
}
END_TEST

START_TEST(any_changed_bit_of_an_answer_stays_inside_the_room)
{
	struct answered a;

	answered_init(&a);
	for (size_t bit = 0; bit < a.bytes * 8; bit++) {
		int r;

		a.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
		r = decode_reply_exact(&a.load.call, a.body, a.bytes, 0);
		ck_assert(r == 0 || r == -EBADMSG);
		a.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	answered_done(&a);
}
END_TEST

/* ---- control ---- */

START_TEST(questions_travel_both_ways)
{
	struct control out = { WIRE_VERB_LIST, "progs", 5 }, in;
	struct control_reply rout = { -ENOENT, "{}", 2 }, rin;
	uint8_t *body;
	size_t bytes;

	ck_assert_int_eq(codec_encode_control(&out, &body, &bytes), 0);
	ck_assert_int_eq(codec_decode_control(body, bytes, &in), 0);
	ck_assert_uint_eq(in.verb, WIRE_VERB_LIST);
	ck_assert_uint_eq(in.arg_bytes, 5);
	ck_assert_mem_eq(in.arg, "progs", 5);
	for (size_t n = 0; n < bytes; n++)
		ck_assert_int_eq(codec_decode_control(body, n, &in), -EBADMSG);
	body[bytes - 1] = 0;
	ck_assert_int_eq(codec_decode_control(body, bytes, &in), -EBADMSG);
	free(body);
	ck_assert_int_eq(codec_encode_control_reply(&rout, &body, &bytes), 0);
	ck_assert_int_eq(codec_decode_control_reply(body, bytes, &rin), 0);
	ck_assert_int_eq(rin.result, -ENOENT);
	ck_assert_mem_eq(rin.text, "{}", 2);
	free(body);
}
END_TEST

START_TEST(a_long_question_is_not_sent)
{
	char arg[WIRE_CONTROL_ARG_MAX + 1];
	struct control ctl = { WIRE_VERB_WHY, arg, sizeof(arg) };
	uint8_t *body;
	size_t bytes;

	memset(arg, 'a', sizeof(arg));
	ck_assert_int_eq(codec_encode_control(&ctl, &body, &bytes), -E2BIG);
	ctl.arg_bytes--;
	ck_assert_int_eq(codec_encode_control(&ctl, &body, &bytes), 0);
	free(body);
}
END_TEST

/* ---- instructions ---- */

START_TEST(every_kind_of_fd_in_instructions_is_found)
{
	const struct bpf_insn insns[] = {
		{ .code = 0x18, .src_reg = 1, .imm = 4 },  { 0 },	    /* map */
		{ .code = 0x18, .src_reg = 2, .imm = 5 },  { .imm = 77 }, /* map value */
		{ .code = 0x18, .src_reg = 3, .imm = 99 }, { .imm = 6 },    /* module BTF */
		{ .code = 0x18, .src_reg = 3, .imm = 99 }, { .imm = 0 },    /* vmlinux: none */
		{ .code = 0x18, .src_reg = 4, .imm = 8 },  { 0 },	    /* function: none */
		{ .code = 0x18, .src_reg = 6, .imm = 2 },  { 0 },	    /* fd_array */
		{ .code = 0x85, .src_reg = 2, .off = 3 },		    /* kfunc of a module */
		{ .code = 0x85, .src_reg = 2, .off = 0 },		    /* kfunc of vmlinux */
		{ .code = 0x85, .src_reg = 0, .imm = 1 },		    /* helper */
		{ .code = 0x95 },
	};
	const struct insnfd want[] = {
		{ INSNFD_MAP, 4, 0 },	  { INSNFD_MAP, 5, 2 },	       { INSNFD_BTF, 6, 5 },
		{ INSNFD_MAP_IDX, 2, 10 }, { INSNFD_KFUNC_IDX, 3, 12 },
	};
	struct insnfd got;
	size_t idx = 0, n = 0;

	while (insnfd_next((const uint8_t *)insns, ARRAY_CNT(insns), &idx, &got)) {
		ck_assert_uint_lt(n, ARRAY_CNT(want));
		ck_assert_int_eq(got.kind, want[n].kind);
		ck_assert_int_eq(got.number, want[n].number);
		ck_assert_uint_eq(got.insn_idx, want[n].insn_idx);
		n++;
	}
	ck_assert_uint_eq(n, ARRAY_CNT(want));
	ck_assert_uint_eq(insnfd_array_cnt((const uint8_t *)insns, ARRAY_CNT(insns)), 4);
}
END_TEST

/* In whatever order they come: one more than the largest. */
START_TEST(an_array_is_as_long_as_its_largest_index_says)
{
	static const int32_t numbers[] = { 0, 1, 2, 3, 100, 65535, INT32_MAX - 1 };

	for (size_t i = 0; i < ARRAY_CNT(numbers); i++)
		for (size_t k = 0; k < ARRAY_CNT(numbers); k++) {
			const struct bpf_insn insns[] = {
				{ .code = 0x18, .src_reg = 5, .imm = numbers[i] },
				{ 0 },
				{ .code = 0x18, .src_reg = 6, .imm = numbers[k] },
				{ 0 },
			};
			uint32_t most = (uint32_t)(i > k ? numbers[i] : numbers[k]);

			ck_assert_uint_eq(insnfd_array_cnt((const uint8_t *)insns, 2), (uint32_t)numbers[i] + 1);
			ck_assert_uint_eq(insnfd_array_cnt((const uint8_t *)insns, 4), most + 1);
		}
}
END_TEST

/* As the daemon cannot know the caller's own number; and what a caller calls itself is nobody else. */
START_TEST(a_caller_s_own_pid_travels_as_itself)
{
	static const struct {
		uint32_t pid, sent;
	} rows[] = { { SOURCE_PID, CMD_PID_SELF }, { CMD_PID_SELF, UINT32_MAX }, { SOURCE_PID + 1, SOURCE_PID + 1 },
		     { 1, 1 }, { UINT32_MAX, UINT32_MAX } };

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		uint8_t attr[ATTR_BYTES] = { 0 };
		struct source_counts counts;
		const struct codec_source source = source_init(&counts);
		struct codec_call call;
		struct request req;

		attr_put_u32(attr, ATTR_TASK_FD_QUERY_PID, rows[i].pid);
		ck_assert_int_eq(codec_encode_request(&source, CMD_TASK_FD_QUERY, (uintptr_t)attr, sizeof(attr), &call), 0);
		ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
		ck_assert_uint_eq(attr_u32(req.attr, ATTR_TASK_FD_QUERY_PID), rows[i].sent);
		codec_call_done(&call);
		attr_put_u32(attr, ATTR_MAP_CREATE_TYPE, rows[i].pid);
		ck_assert_int_eq(codec_encode_request(&source, BPF_MAP_CREATE, (uintptr_t)attr, 4, &call), 0);
		ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
		ck_assert_uint_eq(attr_u32(req.attr, ATTR_MAP_CREATE_TYPE), rows[i].pid);
		codec_call_done(&call);
	}
}
END_TEST

START_TEST(half_a_pair_at_the_end_is_not_read_past)
{
	const struct bpf_insn map = { .code = 0x18, .src_reg = 1, .imm = 4 };
	const struct bpf_insn btf = { .code = 0x18, .src_reg = 3, .imm = 4 };
	struct insnfd got;
	size_t idx = 0;

	ck_assert(insnfd_next((const uint8_t *)&map, 1, &idx, &got));
	idx = 0;
	ck_assert(!insnfd_next((const uint8_t *)&btf, 1, &idx, &got));
}
END_TEST

/* ---- a daemon that is older than this library ---- */

START_TEST(an_older_daemon_is_not_asked_what_became_of_a_context)
{
	struct source_counts counts = { 0 };
	struct codec_source source = source_init(&counts);
	uint8_t attr[ATTR_BYTES] = { 0 }, context[8] = "context";
	OWN_CALL struct codec_call call = CODEC_CALL_INIT;
	struct request req;
	uint32_t idx = 2; /* ctx_in of the row */

	attr_put_u32(attr, ATTR_TEST_CTX_SIZE_IN, sizeof(context));
	attr_put_u64(attr, ATTR_TEST_CTX_IN, (uintptr_t)context);
	ck_assert_int_eq(codec_encode_request(&source, CMD_PROG_TEST_RUN, (uintptr_t)attr, sizeof(attr), &call), 0);
	ck_assert_str_eq(call.row->ptrs[idx].name, "ctx_in");
	codec_call_for_version(&call, WIRE_VERSION_CTX);
	ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
	ck_assert_uint_eq(req.ptrs[idx].room, sizeof(context));
	ck_assert_uint_eq(call.ptr_room[idx], sizeof(context));
	codec_call_for_version(&call, WIRE_VERSION_CTX - 1);
	ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
	ck_assert_uint_eq(req.ptrs[idx].room, 0);
	ck_assert_uint_eq(req.ptrs[idx].bytes, sizeof(context));
	ck_assert_uint_eq(call.ptr_room[idx], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec");
	TCase *tcase = tcase_create("codec");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_load_arrives_as_it_was_sent);
	tcase_add_test(tcase, fds_are_sent_once_and_only_those_in_use);
	tcase_add_test(tcase, a_number_that_is_no_open_file_is_no_error_yet);
	tcase_add_test(tcase, an_info_of_any_length_has_the_callers_pointers);
	tcase_add_test(tcase, a_probes_file_goes_along_and_its_process_if_it_names_one);
	tcase_add_test(tcase, an_unreadable_pointer_travels_as_a_fault);
	tcase_add_test(tcase, a_sparse_fd_array_beyond_reason_is_a_fault);
	tcase_add_test(tcase, too_many_fds_are_e2big);
	tcase_add_test(tcase, an_attr_tail_must_be_zero);
	tcase_add_test(tcase, bytes_behind_a_commands_last_field_are_einval);
	tcase_add_test(tcase, an_unreadable_attr_is_efault);
	tcase_add_test(tcase, an_unknown_command_is_einval);
	tcase_add_test(tcase, counts_above_the_kernels_limits_are_its_errno);
	tcase_add_test(tcase, a_long_text_is_cut_as_the_kernel_cuts_it);
	tcase_add_test(tcase, symbols_travel_as_texts);
	tcase_add_test(tcase, a_program_array_update_sends_the_program);
	tcase_add_test(tcase, one_cpus_value_is_as_long_as_the_kernel_takes_it);
	tcase_add_test(tcase, arrays_inside_an_info_come_home);
	tcase_add_test(tcase, a_request_cut_anywhere_is_refused);
	tcase_add_test(tcase, a_request_with_a_byte_too_many_is_refused);
	tcase_add_test(tcase, any_changed_bit_leaves_the_decoder_civil);
	tcase_add_test(tcase, fds_must_match_their_numbers);
	tcase_add_test(tcase, an_entry_must_say_what_the_attr_says);
	tcase_add_test(tcase, an_entry_with_anything_odd_is_refused);
	tcase_add_test(tcase, a_count_that_overflows_matches_nothing);
	tcase_add_test(tcase, entries_come_once_and_in_order);
	tcase_add_test(tcase, no_pointer_travels);
	tcase_add_test(tcase, a_text_must_end_where_it_ends);
	tcase_add_test(tcase, a_call_from_the_future_is_answered_as_an_old_kernel_would);
	tcase_add_test(tcase, an_answer_comes_home);
	tcase_add_test(tcase, an_output_behind_a_short_attr_is_not_written);
	tcase_add_test(tcase, an_answer_cut_or_longer_is_refused);
	tcase_add_test(tcase, a_daemon_cannot_write_more_than_the_room);
	tcase_add_test(tcase, a_log_longer_than_the_room_is_cut_by_the_daemon);
	tcase_add_test(tcase, an_fd_comes_exactly_when_it_is_announced);
	tcase_add_test(tcase, any_changed_bit_of_an_answer_stays_inside_the_room);
	tcase_add_test(tcase, questions_travel_both_ways);
	tcase_add_test(tcase, a_long_question_is_not_sent);
	tcase_add_test(tcase, every_kind_of_fd_in_instructions_is_found);
	tcase_add_test(tcase, an_array_is_as_long_as_its_largest_index_says);
	tcase_add_test(tcase, a_field_s_fd_is_found_where_the_call_uses_it);
	tcase_add_test(tcase, a_caller_s_own_pid_travels_as_itself);
	tcase_add_test(tcase, half_a_pair_at_the_end_is_not_read_past);
	tcase_add_test(tcase, an_older_daemon_is_not_asked_what_became_of_a_context);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
