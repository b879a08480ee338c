/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows behind cmd.h. Promises one row for each command of Linux 7.3 (a test compares with the
 * running kernel's BTF); trusts nobody, since it only describes; an unknown command has no row and
 * is thereby refused.
 */
#include "proto/cmd.h"

#include "proto/own.h"
#include "proto/perf.h"
#include "proto/pinname.h"
#include "proto/trace.h"

#include <errno.h>

/* Contents larger than these do not travel. Each is the kernel's own limit or lies above it. */
enum {
	INSNS_MAX = 8 * 1000 * 1000,	   /* BPF_COMPLEXITY_LIMIT_INSNS instructions */
	RECORDS_MAX = 16 * 1024 * 1024,	   /* a line_info record for each of them */
	BTF_MAX = 16 * 1024 * 1024,	   /* BTF_MAX_SIZE */
	LOG_MAX = 16 * 1024 * 1024,	   /* libbpf's largest log buffer */
	FD_ARRAY_MAX = 4 * 32768,	   /* kfunc calls have 15 bits for the index */
	LICENSE_MAX = 128,		   /* the kernel keeps 127 characters */
	PATH_BYTES_MAX = 4096,		   /* PATH_MAX */
	SIGNATURE_MAX = 8192,		   /* KMALLOC_MAX_CACHE_SIZE */
	HASH_MAX = 64,			   /* SHA-256 takes 32 */
	PAGE_MAX = 4096,		   /* a struct the kernel takes at most a page of */
	TEST_DATA_MAX = 1024 * 1024,	   /* an XDP frame with all its fragments takes 70 KiB */
	MULTI_MAX = 8 * 1024 * 1024,	   /* 1 << 20 probes: MAX_KPROBE_MULTI_CNT */
	SYMBOLS_MAX = 16 * 1024 * 1024,	   /* ... with 16 bytes of name each, 512 at most */
	IDS_MAX = 256 * 1024,		   /* 64 Ki ids */
	KEY_MAX = 64 * 1024,		   /* MAX_BPF_STACK for hashes; tries up to 256 */
	VALUE_MAX = 8 * 1024 * 1024,	   /* KMALLOC_MAX_SIZE, all CPUs together */
	BATCH_MAX = 16 * 1024 * 1024,	   /* keys or values of one batch */
	INFO_ARRAY_MAX = 8 * 1024 * 1024,  /* xlated instructions of the largest program */
};

/* Offsets inside struct bpf_prog_info: fixed since each was added. */
enum {
	INFO_JITED_LEN = 16,
	INFO_XLATED_LEN = 20,
	INFO_JITED = 24,
	INFO_XLATED = 32,
	INFO_NR_MAP_IDS = 52,
	INFO_MAP_IDS = 56,
	INFO_NR_JITED_KSYMS = 104,
	INFO_NR_JITED_FUNC_LENS = 108,
	INFO_JITED_KSYMS = 112,
	INFO_JITED_FUNC_LENS = 120,
	INFO_FUNC_INFO_REC = 132,
	INFO_FUNC_INFO = 136,
	INFO_NR_FUNC_INFO = 144,
	INFO_NR_LINE_INFO = 148,
	INFO_LINE_INFO = 152,
	INFO_JITED_LINE_INFO = 160,
	INFO_NR_JITED_LINE_INFO = 168,
	INFO_LINE_INFO_REC = 172,
	INFO_JITED_LINE_INFO_REC = 176,
	INFO_NR_PROG_TAGS = 180,
	INFO_PROG_TAGS = 184,
};

#define AT(field) .off = ATTR_##field
#define LEN(field, elem) .len = CMD_LEN_COUNT, .len_off = ATTR_##field, .elem_bytes = (elem)
#define HINT(field) .len = CMD_LEN_HINT, .len_off = ATTR_##field, .elem_bytes = 1
#define RECORDS(cnt, rec) \
	.len = CMD_LEN_RECORDS, .len_off = ATTR_##cnt, .rec_off = ATTR_##rec, .elem_bytes = 1
#define OVER(bytes, err) .max_bytes = (bytes), .over_errno = (err)
/* Longer contents are cut, as the kernel would (texts) or because nobody needs them (outputs). */
#define CUT(bytes) .max_bytes = (bytes), .over_errno = 0
#define IN_INFO(offset, cnt, elem)                                                       \
	.in_info = true, .dir = CMD_OUT, .off = (offset), .len = CMD_LEN_COUNT, .len_off = (cnt), \
	.elem_bytes = (elem), CUT(INFO_ARRAY_MAX)
#define IN_INFO_RECORDS(offset, cnt, rec)                                                      \
	.in_info = true, .dir = CMD_OUT, .off = (offset), .len = CMD_LEN_RECORDS, .len_off = (cnt), \
	.rec_off = (rec), .elem_bytes = 1, CUT(INFO_ARRAY_MAX)

/* clang-format off */
static const struct cmd_ptr map_create_ptrs[] = {
	{ "excl_prog_hash", CMD_IN, AT(MAP_CREATE_EXCL_PROG_HASH), LEN(MAP_CREATE_EXCL_PROG_HASH_SIZE, 1), OVER(HASH_MAX, EINVAL) },
};
static const struct cmd_fd map_create_fds[] = {
	{ "inner_map_fd", AT(MAP_CREATE_INNER_MAP_FD), CMD_FD_IF_MAP_IN_MAP, .flag_off = ATTR_MAP_CREATE_TYPE },
	{ "btf_fd", AT(MAP_CREATE_BTF_FD), CMD_FD_IF_ANY, .any_off = { ATTR_MAP_CREATE_BTF_KEY_TYPE_ID, ATTR_MAP_CREATE_BTF_VALUE_TYPE_ID, ATTR_MAP_CREATE_BTF_VMLINUX_VALUE_TYPE_ID } },
	{ "value_type_btf_obj_fd", AT(MAP_CREATE_VALUE_TYPE_BTF_OBJ_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_MAP_CREATE_FLAGS, .flag = CMD_F_VTYPE_BTF_OBJ_FD },
	{ "map_token_fd", AT(MAP_CREATE_TOKEN_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_MAP_CREATE_FLAGS, .flag = CMD_F_TOKEN_FD },
};

static const struct cmd_fd elem_fds[] = {
	{ "map_fd", AT(ELEM_MAP_FD), CMD_FD_ALWAYS },
};

#define ELEM_LEN(kind) .len = (kind), .len_off = CMD_NO_OFF, .rec_off = ATTR_ELEM_MAP_FD
#define KEY_IN	  { "key", CMD_IN, AT(ELEM_KEY), ELEM_LEN(CMD_LEN_MAP_KEY), OVER(KEY_MAX, ENOMEM) }
#define VALUE_OUT { "value", CMD_OUT, AT(ELEM_VALUE), ELEM_LEN(CMD_LEN_MAP_VALUE), OVER(VALUE_MAX, ENOMEM) }

static const struct cmd_ptr elem_lookup_ptrs[] = {
	KEY_IN,
	VALUE_OUT,
};
static const struct cmd_ptr elem_update_ptrs[] = {
	KEY_IN,
	{ "value", CMD_IN, AT(ELEM_VALUE), ELEM_LEN(CMD_LEN_MAP_VALUE), .content = CMD_VALUE, OVER(VALUE_MAX, ENOMEM) },
};
static const struct cmd_ptr elem_delete_ptrs[] = {
	KEY_IN,
};
static const struct cmd_ptr elem_next_key_ptrs[] = {
	KEY_IN,
	{ "next_key", CMD_OUT, AT(ELEM_NEXT_KEY), ELEM_LEN(CMD_LEN_MAP_KEY), OVER(KEY_MAX, ENOMEM) },
};

#define BATCH_LEN(kind) .len = (kind), .len_off = ATTR_BATCH_COUNT, .rec_off = ATTR_BATCH_MAP_FD
#define CURSOR_LEN	.len = CMD_LEN_MAP_KEY, .len_off = CMD_NO_OFF, .rec_off = ATTR_BATCH_MAP_FD
#define BATCH_CURSORS \
	{ "in_batch", CMD_IN, AT(BATCH_IN_BATCH), CURSOR_LEN, OVER(KEY_MAX, ENOMEM) }, \
	{ "out_batch", CMD_OUT, AT(BATCH_OUT_BATCH), CURSOR_LEN, OVER(KEY_MAX, ENOMEM) }

static const struct cmd_ptr batch_lookup_ptrs[] = {
	BATCH_CURSORS,
	{ "keys", CMD_OUT, AT(BATCH_KEYS), BATCH_LEN(CMD_LEN_MAP_KEY), OVER(BATCH_MAX, ENOMEM) },
	{ "values", CMD_OUT, AT(BATCH_VALUES), BATCH_LEN(CMD_LEN_MAP_VALUE), OVER(BATCH_MAX, ENOMEM) },
};
static const struct cmd_ptr batch_update_ptrs[] = {
	{ "keys", CMD_IN, AT(BATCH_KEYS), BATCH_LEN(CMD_LEN_MAP_KEY), OVER(BATCH_MAX, ENOMEM) },
	{ "values", CMD_IN, AT(BATCH_VALUES), BATCH_LEN(CMD_LEN_MAP_VALUE), .content = CMD_VALUE, OVER(BATCH_MAX, ENOMEM) },
};
static const struct cmd_ptr batch_delete_ptrs[] = {
	{ "keys", CMD_IN, AT(BATCH_KEYS), BATCH_LEN(CMD_LEN_MAP_KEY), OVER(BATCH_MAX, ENOMEM) },
};
static const struct cmd_fd batch_fds[] = {
	{ "map_fd", AT(BATCH_MAP_FD), CMD_FD_ALWAYS },
};
static const struct cmd_out batch_outs[] = {
	{ "count", AT(BATCH_COUNT), 4 },
};

/* fd_array comes after insns: what the instructions use decides its length. */
static const struct cmd_ptr prog_load_ptrs[] = {
	{ "insns", CMD_IN, AT(PROG_LOAD_INSNS), LEN(PROG_LOAD_INSN_CNT, 8), .content = CMD_INSNS, OVER(INSNS_MAX, E2BIG) },
	{ "license", CMD_IN, AT(PROG_LOAD_LICENSE), .len = CMD_LEN_NUL, CUT(LICENSE_MAX) },
	{ "log_buf", CMD_OUT, AT(PROG_LOAD_LOG_BUF), LEN(PROG_LOAD_LOG_SIZE, 1), CUT(LOG_MAX) },
	{ "func_info", CMD_IN, AT(PROG_LOAD_FUNC_INFO), RECORDS(PROG_LOAD_FUNC_INFO_CNT, PROG_LOAD_FUNC_INFO_REC_SIZE), OVER(RECORDS_MAX, EINVAL) },
	{ "line_info", CMD_IN, AT(PROG_LOAD_LINE_INFO), RECORDS(PROG_LOAD_LINE_INFO_CNT, PROG_LOAD_LINE_INFO_REC_SIZE), OVER(RECORDS_MAX, EINVAL) },
	{ "fd_array", CMD_IN, AT(PROG_LOAD_FD_ARRAY), .len = CMD_LEN_FD_ARRAY, .len_off = ATTR_PROG_LOAD_FD_ARRAY_CNT, .elem_bytes = 4, .content = CMD_FDS, OVER(FD_ARRAY_MAX, E2BIG) },
	{ "core_relos", CMD_IN, AT(PROG_LOAD_CORE_RELOS), RECORDS(PROG_LOAD_CORE_RELO_CNT, PROG_LOAD_CORE_RELO_REC_SIZE), OVER(RECORDS_MAX, EINVAL) },
	{ "signature", CMD_IN, AT(PROG_LOAD_SIGNATURE), LEN(PROG_LOAD_SIGNATURE_SIZE, 1), OVER(SIGNATURE_MAX, EINVAL) },
};
static const struct cmd_fd prog_load_fds[] = {
	{ "prog_btf_fd", AT(PROG_LOAD_PROG_BTF_FD), CMD_FD_IF_ANY, .any_off = { ATTR_PROG_LOAD_FUNC_INFO_CNT, ATTR_PROG_LOAD_LINE_INFO_CNT, ATTR_PROG_LOAD_CORE_RELO_CNT } },
	{ "attach_prog_fd", AT(PROG_LOAD_ATTACH_PROG_FD), CMD_FD_NONZERO },
	{ "prog_token_fd", AT(PROG_LOAD_TOKEN_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_PROG_LOAD_FLAGS, .flag = CMD_F_TOKEN_FD },
};
static const struct cmd_out prog_load_outs[] = {
	{ "log_true_size", AT(PROG_LOAD_LOG_TRUE_SIZE), 4 },
};

static const struct cmd_ptr obj_ptrs[] = {
	{ "pathname", CMD_IN, AT(OBJ_PATHNAME), .len = CMD_LEN_NUL, .content = CMD_PATH, OVER(PATH_BYTES_MAX, ENAMETOOLONG) },
};
static const struct cmd_fd obj_pin_fds[] = {
	{ "bpf_fd", AT(OBJ_BPF_FD), CMD_FD_ALWAYS },
	{ "path_fd", AT(OBJ_PATH_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_OBJ_FILE_FLAGS, .flag = CMD_F_PATH_FD },
};
static const struct cmd_fd obj_get_fds[] = {
	{ "path_fd", AT(OBJ_PATH_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_OBJ_FILE_FLAGS, .flag = CMD_F_PATH_FD },
};

static const struct cmd_fd prog_attach_fds[] = {
	{ "target_fd", AT(ATTACH_TARGET_FD), CMD_FD_IF_PLACE, .flag_off = ATTR_ATTACH_TYPE },
	{ "attach_bpf_fd", AT(ATTACH_BPF_FD), CMD_FD_ALWAYS },
	{ "replace_bpf_fd", AT(ATTACH_REPLACE_BPF_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_ATTACH_FLAGS, .flag = CMD_F_REPLACE },
	{ "relative_fd", AT(ATTACH_RELATIVE_FD), CMD_FD_ANCHOR, .flag_off = ATTR_ATTACH_FLAGS },
};
/*
 * Detaching needs no program from interfaces, nor from a cgroup where only one can be attached: there the kernel
 * takes any number that is not a program for "whoever it is", and 0 is what libbpf says for it.
 */
static const struct cmd_fd prog_detach_fds[] = {
	{ "target_fd", AT(ATTACH_TARGET_FD), CMD_FD_IF_PLACE, .flag_off = ATTR_ATTACH_TYPE },
	{ "attach_bpf_fd", AT(ATTACH_BPF_FD), CMD_FD_NONZERO, CMD_ATTACH_NETDEV },
	{ "attach_bpf_fd", AT(ATTACH_BPF_FD), CMD_FD_NONZERO, CMD_ATTACH_CGROUP },
	{ "attach_bpf_fd", AT(ATTACH_BPF_FD), CMD_FD_ALWAYS, CMD_ATTACH_OTHER },
	{ "relative_fd", AT(ATTACH_RELATIVE_FD), CMD_FD_ANCHOR, .flag_off = ATTR_ATTACH_FLAGS },
};

static const struct cmd_ptr test_run_ptrs[] = {
	{ "data_in", CMD_IN, AT(TEST_DATA_IN), LEN(TEST_DATA_SIZE_IN, 1), OVER(TEST_DATA_MAX, EINVAL) },
	{ "data_out", CMD_OUT, AT(TEST_DATA_OUT), HINT(TEST_DATA_SIZE_OUT), CUT(TEST_DATA_MAX) },
	{ "ctx_in", CMD_INOUT, AT(TEST_CTX_IN), LEN(TEST_CTX_SIZE_IN, 1), .content = CMD_CTX, OVER(TEST_DATA_MAX, E2BIG) },
	{ "ctx_out", CMD_OUT, AT(TEST_CTX_OUT), HINT(TEST_CTX_SIZE_OUT), CUT(TEST_DATA_MAX) },
};
static const struct cmd_fd test_run_fds[] = {
	{ "prog_fd", AT(TEST_PROG_FD), CMD_FD_ALWAYS },
};
static const struct cmd_out test_run_outs[] = {
	{ "retval", AT(TEST_RETVAL), 4 },
	{ "data_size_out", AT(TEST_DATA_SIZE_OUT), 4 },
	{ "duration", AT(TEST_DURATION), 4 },
	{ "ctx_size_out", AT(TEST_CTX_SIZE_OUT), 4 },
};

static const struct cmd_out next_id_outs[] = {
	{ "next_id", AT(ID_NEXT_ID), 4 },
};

static const struct cmd_ptr info_ptrs[] = {
	{ "info", CMD_INOUT, AT(INFO_INFO), LEN(INFO_INFO_LEN, 1), .content = CMD_INFO, OVER(PAGE_MAX, E2BIG) },
	{ "info.jited_prog_insns", IN_INFO(INFO_JITED, INFO_JITED_LEN, 1) },
	{ "info.xlated_prog_insns", IN_INFO(INFO_XLATED, INFO_XLATED_LEN, 1) },
	{ "info.map_ids", IN_INFO(INFO_MAP_IDS, INFO_NR_MAP_IDS, 4) },
	{ "info.jited_ksyms", IN_INFO(INFO_JITED_KSYMS, INFO_NR_JITED_KSYMS, 8) },
	{ "info.jited_func_lens", IN_INFO(INFO_JITED_FUNC_LENS, INFO_NR_JITED_FUNC_LENS, 4) },
	{ "info.func_info", IN_INFO_RECORDS(INFO_FUNC_INFO, INFO_NR_FUNC_INFO, INFO_FUNC_INFO_REC) },
	{ "info.line_info", IN_INFO_RECORDS(INFO_LINE_INFO, INFO_NR_LINE_INFO, INFO_LINE_INFO_REC) },
	{ "info.jited_line_info", IN_INFO_RECORDS(INFO_JITED_LINE_INFO, INFO_NR_JITED_LINE_INFO, INFO_JITED_LINE_INFO_REC) },
	{ "info.prog_tags", IN_INFO(INFO_PROG_TAGS, INFO_NR_PROG_TAGS, 8) },
};
static const struct cmd_fd info_fds[] = {
	{ "bpf_fd", AT(INFO_BPF_FD), CMD_FD_ALWAYS },
};
static const struct cmd_out info_outs[] = {
	{ "info_len", AT(INFO_INFO_LEN), 4 },
};

static const struct cmd_ptr query_ptrs[] = {
	{ "prog_ids", CMD_OUT, AT(QUERY_PROG_IDS), LEN(QUERY_PROG_CNT, 4), CUT(IDS_MAX) },
	{ "prog_attach_flags", CMD_OUT, AT(QUERY_PROG_ATTACH_FLAGS), LEN(QUERY_PROG_CNT, 4), CUT(IDS_MAX) },
	{ "link_ids", CMD_OUT, AT(QUERY_LINK_IDS), LEN(QUERY_COUNT, 4), CUT(IDS_MAX) },
	{ "link_attach_flags", CMD_OUT, AT(QUERY_LINK_ATTACH_FLAGS), LEN(QUERY_COUNT, 4), CUT(IDS_MAX) },
};
static const struct cmd_fd query_fds[] = {
	{ "target_fd", AT(QUERY_TARGET_FD), CMD_FD_IF_TARGET, .flag_off = ATTR_QUERY_ATTACH_TYPE },
};
static const struct cmd_out query_outs[] = {
	{ "attach_flags", AT(QUERY_ATTACH_FLAGS), 4 },
	{ "count", AT(QUERY_COUNT), 4 },
	{ "revision", AT(QUERY_REVISION), 8 },
};

static const struct cmd_ptr raw_tp_ptrs[] = {
	{ "name", CMD_IN, AT(RAW_TP_NAME), .len = CMD_LEN_NUL, CUT(LICENSE_MAX) },
};
static const struct cmd_fd raw_tp_fds[] = {
	{ "prog_fd", AT(RAW_TP_PROG_FD), CMD_FD_ALWAYS },
};

static const struct cmd_ptr btf_load_ptrs[] = {
	{ "btf", CMD_IN, AT(BTF_LOAD_DATA), LEN(BTF_LOAD_SIZE, 1), OVER(BTF_MAX, E2BIG) },
	{ "btf_log_buf", CMD_OUT, AT(BTF_LOAD_LOG_BUF), LEN(BTF_LOAD_LOG_SIZE, 1), CUT(LOG_MAX) },
};
static const struct cmd_fd btf_load_fds[] = {
	{ "btf_token_fd", AT(BTF_LOAD_TOKEN_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_BTF_LOAD_FLAGS, .flag = CMD_F_TOKEN_FD },
};
static const struct cmd_out btf_load_outs[] = {
	{ "btf_log_true_size", AT(BTF_LOAD_LOG_TRUE_SIZE), 4 },
};
static const struct cmd_fd btf_by_id_fds[] = {
	{ "fd_by_id_token_fd", AT(ID_FD_BY_ID_TOKEN_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_ID_OPEN_FLAGS, .flag = CMD_F_TOKEN_FD },
};

static const struct cmd_ptr task_fd_ptrs[] = {
	{ "buf", CMD_OUT, AT(TASK_FD_QUERY_BUF), LEN(TASK_FD_QUERY_BUF_LEN, 1), CUT(PAGE_MAX) },
};
static const struct cmd_fd task_fd_fds[] = {
	{ "fd", AT(TASK_FD_QUERY_FD), CMD_FD_IF_SELF, .flag_off = ATTR_TASK_FD_QUERY_PID },
};
static const struct cmd_out task_fd_outs[] = {
	{ "buf_len", AT(TASK_FD_QUERY_BUF_LEN), 4 },
	{ "prog_id", AT(TASK_FD_QUERY_PROG_ID), 4 },
	{ "fd_type", AT(TASK_FD_QUERY_FD_TYPE), 4 },
	{ "probe_offset", AT(TASK_FD_QUERY_PROBE_OFFSET), 8 },
	{ "probe_addr", AT(TASK_FD_QUERY_PROBE_ADDR), 8 },
};

#define KPROBE_ARRAY(field) \
	AT(LINK_CREATE_KPROBE_MULTI_##field), LEN(LINK_CREATE_KPROBE_MULTI_CNT, 8), \
	.only_for = CMD_ATTACH_KPROBE_MULTI, OVER(MULTI_MAX, E2BIG)
#define UPROBE_ARRAY(field) \
	AT(LINK_CREATE_UPROBE_MULTI_##field), LEN(LINK_CREATE_UPROBE_MULTI_CNT, 8), \
	.only_for = CMD_ATTACH_UPROBE_MULTI, OVER(MULTI_MAX, E2BIG)

#define TRACING_ARRAY(field, elem) \
	AT(LINK_CREATE_TRACING_MULTI_##field), LEN(LINK_CREATE_TRACING_MULTI_CNT, elem), \
	.only_for = CMD_ATTACH_TRACING_MULTI, OVER(MULTI_MAX, E2BIG)

static const struct cmd_ptr link_create_ptrs[] = {
	{ "iter_info", CMD_IN, AT(LINK_CREATE_ITER_INFO), LEN(LINK_CREATE_ITER_INFO_LEN, 1), .content = CMD_ITER_INFO, .only_for = CMD_ATTACH_ITER, OVER(PAGE_MAX, E2BIG) },
	{ "kprobe_multi.syms", CMD_IN, AT(LINK_CREATE_KPROBE_MULTI_SYMS), .len = CMD_LEN_STRINGS, .len_off = ATTR_LINK_CREATE_KPROBE_MULTI_CNT, .only_for = CMD_ATTACH_KPROBE_MULTI, OVER(SYMBOLS_MAX, E2BIG) },
	{ "kprobe_multi.addrs", CMD_IN, KPROBE_ARRAY(ADDRS) },
	{ "kprobe_multi.cookies", CMD_IN, KPROBE_ARRAY(COOKIES) },
	{ "uprobe_multi.path", CMD_IN, AT(LINK_CREATE_UPROBE_MULTI_PATH), .len = CMD_LEN_NUL, .content = CMD_FILE, .only_for = CMD_ATTACH_UPROBE_MULTI, OVER(PATH_BYTES_MAX, EINVAL) },
	{ "uprobe_multi.offsets", CMD_IN, UPROBE_ARRAY(OFFSETS) },
	{ "uprobe_multi.ref_ctr_offsets", CMD_IN, UPROBE_ARRAY(REF_CTR_OFFSETS) },
	{ "uprobe_multi.cookies", CMD_IN, UPROBE_ARRAY(COOKIES) },
	{ "tracing_multi.ids", CMD_IN, TRACING_ARRAY(IDS, 4) },
	{ "tracing_multi.cookies", CMD_IN, TRACING_ARRAY(COOKIES, 8) },
};
static const struct cmd_fd link_create_fds[] = {
	{ "prog_fd", AT(LINK_CREATE_PROG_FD), CMD_FD_ALWAYS },
	{ "target_fd", AT(LINK_CREATE_TARGET_FD), CMD_FD_IF_TARGET, .flag_off = ATTR_LINK_CREATE_ATTACH_TYPE },
	{ "cgroup.relative_fd", AT(LINK_CREATE_CGROUP_RELATIVE_FD), CMD_FD_ANCHOR, CMD_ATTACH_CGROUP, .flag_off = ATTR_LINK_CREATE_FLAGS },
	{ "tcx.relative_fd", AT(LINK_CREATE_TCX_RELATIVE_FD), CMD_FD_ANCHOR, CMD_ATTACH_NETDEV, .flag_off = ATTR_LINK_CREATE_FLAGS },
	{ "uprobe_multi.path_fd", AT(LINK_CREATE_UPROBE_MULTI_PATH_FD), CMD_FD_IF_FLAG, CMD_ATTACH_UPROBE_MULTI, .flag_off = ATTR_LINK_CREATE_UPROBE_MULTI_FLAGS, .flag = CMD_F_UPROBE_PATH_FD },
};

static const struct cmd_fd link_update_fds[] = {
	{ "link_fd", AT(LINK_UPDATE_LINK_FD), CMD_FD_ALWAYS },
	{ "new_prog_fd", AT(LINK_UPDATE_NEW_PROG_FD), CMD_FD_ALWAYS },
	{ "old_prog_fd", AT(LINK_UPDATE_OLD_PROG_FD), CMD_FD_IF_FLAG, .flag_off = ATTR_LINK_UPDATE_FLAGS, .flag = CMD_F_REPLACE },
};
static const struct cmd_fd link_detach_fds[] = {
	{ "link_fd", AT(LINK_DETACH_LINK_FD), CMD_FD_ALWAYS },
};
static const struct cmd_fd iter_create_fds[] = {
	{ "link_fd", AT(ITER_LINK_FD), CMD_FD_ALWAYS },
};
static const struct cmd_fd bind_map_fds[] = {
	{ "prog_fd", AT(BIND_PROG_FD), CMD_FD_ALWAYS },
	{ "map_fd", AT(BIND_MAP_FD), CMD_FD_ALWAYS },
};
static const struct cmd_fd token_create_fds[] = {
	{ "bpffs_fd", AT(TOKEN_BPFFS_FD), CMD_FD_ALWAYS },
};

static const struct cmd_ptr stream_read_ptrs[] = {
	{ "stream_buf", CMD_OUT, AT(STREAM_BUF), LEN(STREAM_BUF_LEN, 1), CUT(LOG_MAX) },
};
static const struct cmd_fd stream_read_fds[] = {
	{ "prog_fd", AT(STREAM_PROG_FD), CMD_FD_ALWAYS },
};

static const struct cmd_fd assoc_fds[] = {
	{ "map_fd", AT(ASSOC_MAP_FD), CMD_FD_ALWAYS },
	{ "prog_fd", AT(ASSOC_PROG_FD), CMD_FD_ALWAYS },
};

#define PTRS(a) .ptrs = (a), .ptr_cnt = ARRAY_CNT(a)
#define FDS(a)	.fds = (a), .fd_cnt = ARRAY_CNT(a)
#define OUTS(a) .outs = (a), .out_cnt = ARRAY_CNT(a)
#define END(field) .attr_end = ATTR_END_##field, .attach_off = CMD_NO_OFF
#define ATTACH_BY(end, field) .attr_end = ATTR_END_##end, .attach_off = ATTR_##field

/* Since when a kernel has each. */
enum {
#define KERNEL_COMMAND(number, NAME, since) SINCE_##NAME = since,
#include "proto/kernel_types.def"
};

#define ROW_OF(NAME, first_kernel, who, gives_fd, ...) { .name = #NAME, .least_kernel = first_kernel, .gate = who, .returns_fd = gives_fd, __VA_ARGS__ }
#define ROW(NAME, ...) [CMD_##NAME] = ROW_OF(NAME, SINCE_##NAME, __VA_ARGS__)

static const struct cmd_row cmd_rows[CMD_CNT] = {
	ROW(MAP_CREATE, CMD_BROKERED, true, END(MAP_CREATE_EXCL_PROG_HASH_SIZE), PTRS(map_create_ptrs), FDS(map_create_fds)),
	ROW(MAP_LOOKUP_ELEM, CMD_LOCAL, false, END(ELEM_FLAGS), PTRS(elem_lookup_ptrs), FDS(elem_fds)),
	ROW(MAP_UPDATE_ELEM, CMD_LOCAL, false, END(ELEM_FLAGS), PTRS(elem_update_ptrs), FDS(elem_fds)),
	ROW(MAP_DELETE_ELEM, CMD_LOCAL, false, END(ELEM_KEY), PTRS(elem_delete_ptrs), FDS(elem_fds)),
	ROW(MAP_GET_NEXT_KEY, CMD_LOCAL, false, END(ELEM_NEXT_KEY), PTRS(elem_next_key_ptrs), FDS(elem_fds)),
	ROW(PROG_LOAD, CMD_JUDGED, true, END(PROG_LOAD_KEYRING_ID), PTRS(prog_load_ptrs), FDS(prog_load_fds), OUTS(prog_load_outs)),
	ROW(OBJ_PIN, CMD_BROKERED, false, END(OBJ_PATH_FD), PTRS(obj_ptrs), FDS(obj_pin_fds)),
	ROW(OBJ_GET, CMD_BROKERED, true, END(OBJ_PATH_FD), PTRS(obj_ptrs), FDS(obj_get_fds)),
	ROW(PROG_ATTACH, CMD_BROKERED, false, ATTACH_BY(ATTACH_EXPECTED_REVISION, ATTACH_TYPE), FDS(prog_attach_fds)),
	ROW(PROG_DETACH, CMD_BROKERED, false, ATTACH_BY(ATTACH_EXPECTED_REVISION, ATTACH_TYPE), FDS(prog_detach_fds)),
	ROW(PROG_TEST_RUN, CMD_BROKERED, false, END(TEST_BATCH_SIZE), PTRS(test_run_ptrs), FDS(test_run_fds), OUTS(test_run_outs)),
	ROW(PROG_GET_NEXT_ID, CMD_VIRTUAL, false, END(ID_NEXT_ID), OUTS(next_id_outs)),
	ROW(MAP_GET_NEXT_ID, CMD_VIRTUAL, false, END(ID_NEXT_ID), OUTS(next_id_outs)),
	ROW(PROG_GET_FD_BY_ID, CMD_VIRTUAL, true, END(ID_PROG_ID)),
	ROW(MAP_GET_FD_BY_ID, CMD_VIRTUAL, true, END(ID_OPEN_FLAGS)),
	ROW(OBJ_GET_INFO_BY_FD, CMD_LOCAL, false, END(INFO_INFO), PTRS(info_ptrs), FDS(info_fds), OUTS(info_outs)),
	ROW(PROG_QUERY, CMD_BROKERED, false, ATTACH_BY(QUERY_REVISION, QUERY_ATTACH_TYPE), PTRS(query_ptrs), FDS(query_fds), OUTS(query_outs)),
	ROW(RAW_TRACEPOINT_OPEN, CMD_BROKERED, true, END(RAW_TP_COOKIE), PTRS(raw_tp_ptrs), FDS(raw_tp_fds)),
	ROW(BTF_LOAD, CMD_JUDGED, true, END(BTF_LOAD_TOKEN_FD), PTRS(btf_load_ptrs), FDS(btf_load_fds), OUTS(btf_load_outs)),
	ROW(BTF_GET_FD_BY_ID, CMD_VIRTUAL, true, END(ID_FD_BY_ID_TOKEN_FD), FDS(btf_by_id_fds)),
	ROW(TASK_FD_QUERY, CMD_VIRTUAL, false, END(TASK_FD_QUERY_PROBE_ADDR), PTRS(task_fd_ptrs), FDS(task_fd_fds), OUTS(task_fd_outs)),
	ROW(MAP_LOOKUP_AND_DELETE_ELEM, CMD_LOCAL, false, END(ELEM_FLAGS), PTRS(elem_lookup_ptrs), FDS(elem_fds)),
	ROW(MAP_FREEZE, CMD_LOCAL, false, END(ELEM_MAP_FD), FDS(elem_fds)),
	ROW(BTF_GET_NEXT_ID, CMD_VIRTUAL, false, END(ID_NEXT_ID), OUTS(next_id_outs)),
	ROW(MAP_LOOKUP_BATCH, CMD_LOCAL, false, END(BATCH_FLAGS), PTRS(batch_lookup_ptrs), FDS(batch_fds), OUTS(batch_outs)),
	ROW(MAP_LOOKUP_AND_DELETE_BATCH, CMD_LOCAL, false, END(BATCH_FLAGS), PTRS(batch_lookup_ptrs), FDS(batch_fds), OUTS(batch_outs)),
	ROW(MAP_UPDATE_BATCH, CMD_LOCAL, false, END(BATCH_FLAGS), PTRS(batch_update_ptrs), FDS(batch_fds), OUTS(batch_outs)),
	ROW(MAP_DELETE_BATCH, CMD_LOCAL, false, END(BATCH_FLAGS), PTRS(batch_delete_ptrs), FDS(batch_fds), OUTS(batch_outs)),
	ROW(LINK_CREATE, CMD_BROKERED, true, ATTACH_BY(LINK_CREATE_UPROBE_MULTI_PATH_FD, LINK_CREATE_ATTACH_TYPE), PTRS(link_create_ptrs), FDS(link_create_fds)),
	ROW(LINK_UPDATE, CMD_LOCAL, false, END(LINK_UPDATE_OLD_PROG_FD), FDS(link_update_fds)),
	ROW(LINK_GET_FD_BY_ID, CMD_VIRTUAL, true, END(ID_LINK_ID)),
	ROW(LINK_GET_NEXT_ID, CMD_VIRTUAL, false, END(ID_NEXT_ID), OUTS(next_id_outs)),
	ROW(ENABLE_STATS, CMD_REFUSED, true, END(STATS_TYPE)),
	ROW(ITER_CREATE, CMD_BROKERED, true, END(ITER_FLAGS), FDS(iter_create_fds)),
	ROW(LINK_DETACH, CMD_LOCAL, false, END(LINK_DETACH_LINK_FD), FDS(link_detach_fds)),
	ROW(PROG_BIND_MAP, CMD_BROKERED, false, END(BIND_FLAGS), FDS(bind_map_fds)),
	ROW(TOKEN_CREATE, CMD_REFUSED, true, END(TOKEN_BPFFS_FD), FDS(token_create_fds)),
	ROW(PROG_ASSOC_STRUCT_OPS, CMD_BROKERED, false, END(ASSOC_FLAGS), FDS(assoc_fds)),
	ROW(PROG_STREAM_READ_BY_FD, CMD_LOCAL, false, END(STREAM_PROG_FD), PTRS(stream_read_ptrs), FDS(stream_read_fds)),
};
/* clang-format on */

/* Ours, not bpf(2)'s: see perf.h. */
#define PERF_AT(field) .off = offsetof(struct perf_open, field)

static const struct cmd_ptr perf_open_ptrs[] = {
	{ "name", CMD_IN, PERF_AT(name), .len = CMD_LEN_NUL, OVER(PERF_NAME_MAX, EINVAL) },
};
static const struct cmd_fd perf_open_fds[] = {
	{ "pidfd", PERF_AT(pidfd), CMD_FD_IF_FLAG, .flag_off = offsetof(struct perf_open, flags), .flag = PERF_OPEN_PROCESS },
	{ "file", PERF_AT(file), CMD_FD_IF_FLAG, .flag_off = offsetof(struct perf_open, flags), .flag = PERF_OPEN_FILE },
};
static const struct cmd_ptr trace_open_ptrs[] = {
	{ "name", CMD_IN, .off = offsetof(struct trace_open, name), .len = CMD_LEN_NUL, OVER(PERF_NAME_MAX, EINVAL) },
};
static const struct cmd_ptr pin_name_ptrs[] = {
	{ "path", CMD_IN, .off = offsetof(struct pin_name, path), .len = CMD_LEN_NUL, .content = CMD_PATH, OVER(PATH_BYTES_MAX, ENAMETOOLONG) },
	{ "to", CMD_IN, .off = offsetof(struct pin_name, to), .len = CMD_LEN_NUL, OVER(PATH_BYTES_MAX, ENAMETOOLONG) },
	{ "list", CMD_OUT, .off = offsetof(struct pin_name, list), .len = CMD_LEN_COUNT, .len_off = offsetof(struct pin_name, list_bytes), .elem_bytes = 1, CUT(PIN_NAME_LIST_MAX) },
};
static const struct cmd_fd pin_name_fds[] = {
	{ "to_dir", .off = offsetof(struct pin_name, to_dir), CMD_FD_IF_FLAG, .flag_off = offsetof(struct pin_name, flags), .flag = PIN_NAME_TO_DIR },
};
static const struct cmd_out pin_name_outs[] = {
	{ "list_bytes", offsetof(struct pin_name, list_bytes), 4 },
};
static const struct cmd_fd perf_set_bpf_fds[] = {
	{ "perf_fd", .off = offsetof(struct perf_set_bpf, perf_fd), CMD_FD_ALWAYS },
	{ "prog_fd", .off = offsetof(struct perf_set_bpf, prog_fd), CMD_FD_ALWAYS },
};

#define OURS(NAME, ...) [CMD_##NAME - CMD_OURS_FIRST] = ROW_OF(NAME, KERNEL(4, 4), __VA_ARGS__)
#define ALL_OF(type) .attr_end = sizeof(struct type), .attach_off = CMD_NO_OFF

static const struct cmd_row cmd_ours[CMD_OURS_CNT] = {
	OURS(PERF_OUTPUT_OPEN, CMD_BROKERED, true, ALL_OF(perf_output)),
	OURS(PERF_EVENT_OPEN, CMD_BROKERED, true, ALL_OF(perf_open), PTRS(perf_open_ptrs), FDS(perf_open_fds)),
	OURS(PERF_EVENT_SET_BPF, CMD_BROKERED, false, ALL_OF(perf_set_bpf), FDS(perf_set_bpf_fds)),
	OURS(TRACE_OPEN, CMD_BROKERED, true, ALL_OF(trace_open), PTRS(trace_open_ptrs)),
	OURS(PIN_NAME, CMD_BROKERED, false, ALL_OF(pin_name), PTRS(pin_name_ptrs), FDS(pin_name_fds), OUTS(pin_name_outs)),
};

static bool cmd_is_ours(const struct cmd_row *row)
{
	return row >= cmd_ours && row < cmd_ours + CMD_OURS_CNT;
}

const struct cmd_row *cmd_row_of(uint32_t cmd)
{
	if (cmd >= CMD_OURS_FIRST && cmd - CMD_OURS_FIRST < CMD_OURS_CNT)
		return &cmd_ours[cmd - CMD_OURS_FIRST];
	return cmd < CMD_CNT ? &cmd_rows[cmd] : NULL;
}

uint32_t cmd_id_of(const struct cmd_row *row)
{
	return cmd_is_ours(row) ? CMD_OURS_FIRST + (uint32_t)(row - cmd_ours) : (uint32_t)(row - cmd_rows);
}

bool cmd_used_for(const struct cmd_row *row, uint8_t only_for, const uint8_t *attr)
{
	const struct cmd_attach *attach;

	if (only_for == CMD_ATTACH_ANY)
		return true;
	attach = cmd_attach_of(attr_u32(attr, row->attach_off));
	return attach && attach->cls == only_for;
}

int cmd_find_ptr(const struct cmd_row *row, const uint8_t *attr, uint16_t off)
{
	for (int i = 0; i < row->ptr_cnt; i++) {
		const struct cmd_ptr *ptr = &row->ptrs[i];

		if (ptr->off == off && !ptr->in_info && cmd_used_for(row, ptr->only_for, attr))
			return i;
	}
	return -ENOENT;
}

int cmd_find_out(const struct cmd_row *row, uint16_t off)
{
	for (int i = 0; i < row->out_cnt; i++)
		if (row->outs[i].off == off)
			return i;
	return -ENOENT;
}

/* Targets that are files; an interface is a number. A zero program fd means none. */
static bool cmd_target_is_fd(uint32_t attach_type, uint32_t number)
{
	const struct cmd_attach *attach = cmd_attach_of(attach_type);

	if (!attach || attach->target == CMD_TARGET_NONE || attach->target == CMD_TARGET_IFINDEX)
		return false;
	return attach->target != CMD_TARGET_PROG || number != 0;
}

static bool cmd_place_is_fd(uint32_t attach_type, uint32_t number)
{
	const struct cmd_attach *attach = cmd_attach_of(attach_type);

	return attach && attach->target != CMD_TARGET_NETNS && cmd_target_is_fd(attach_type, number);
}

static bool cmd_takes_inner_map(uint32_t map_type)
{
	enum { ARRAY_OF_MAPS = 12, HASH_OF_MAPS = 13 };

	return map_type == ARRAY_OF_MAPS || map_type == HASH_OF_MAPS;
}

bool cmd_fd_used(const struct cmd_row *row, const struct cmd_fd *fd, const uint8_t *attr,
		 uint32_t self_pid)
{
	uint32_t number = attr_u32(attr, fd->off);
	uint32_t other = attr_u32(attr, fd->flag_off);

	if (!cmd_used_for(row, fd->only_for, attr))
		return false;
	switch ((enum cmd_fd_when)fd->when) {
	case CMD_FD_ALWAYS:
		return true;
	case CMD_FD_NONZERO:
		return number != 0;
	case CMD_FD_IF_FLAG:
		return other & fd->flag;
	case CMD_FD_ANCHOR:
		return !(other & CMD_F_ID) && (number != 0 || other & CMD_F_LINK);
	case CMD_FD_IF_TARGET:
		return cmd_target_is_fd(other, number);
	case CMD_FD_IF_PLACE:
		return cmd_place_is_fd(other, number);
	case CMD_FD_IF_SELF:
		return other == self_pid || other == CMD_PID_SELF;
	case CMD_FD_IF_ANY:
		return attr_u32(attr, fd->any_off[0]) || attr_u32(attr, fd->any_off[1]) ||
		       attr_u32(attr, fd->any_off[2]);
	case CMD_FD_IF_MAP_IN_MAP:
		return cmd_takes_inner_map(other);
	}
	return false;
}
