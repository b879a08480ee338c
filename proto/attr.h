/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own record of union bpf_attr: every field of Linux 7.3's, with its offset and size. The
 * build host's header may be years older than the running kernel, so nothing here is taken from
 * it; where it does know a field, the compiler checks that we agree (attr.c). The running kernel's
 * BTF is the other witness: tests/proto/test-kernel.c fails when it has a field this list lacks.
 *
 * A row is X(NAME, path inside union bpf_attr, offset, bytes). The prefix of NAME is the struct
 * inside the union: ELEM is the anonymous one of the map element commands, OBJ that of
 * OBJ_PIN/OBJ_GET, ID that of *_GET_NEXT_ID and *_GET_FD_BY_ID, the others say it.
 */
#ifndef BPFGATE_PROTO_ATTR_H
#define BPFGATE_PROTO_ATTR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* sizeof(union bpf_attr) of Linux 6.18 to 7.3; what lies beyond must be zero, else E2BIG. */
#define ATTR_BYTES 168

/* The kernel refuses a longer attr whatever it holds (bpf_check_uarg_tail_zero). */
#define ATTR_SIZE_MAX 4096

/* Fields that Linux 6.1's uapi header has. */
#define ATTR_FIELDS_6_1(X) \
	X(MAP_CREATE_TYPE, map_type, 0, 4) \
	X(MAP_CREATE_KEY_SIZE, key_size, 4, 4) \
	X(MAP_CREATE_VALUE_SIZE, value_size, 8, 4) \
	X(MAP_CREATE_MAX_ENTRIES, max_entries, 12, 4) \
	X(MAP_CREATE_FLAGS, map_flags, 16, 4) \
	X(MAP_CREATE_INNER_MAP_FD, inner_map_fd, 20, 4) \
	X(MAP_CREATE_NUMA_NODE, numa_node, 24, 4) \
	X(MAP_CREATE_NAME, map_name, 28, 16) \
	X(MAP_CREATE_IFINDEX, map_ifindex, 44, 4) \
	X(MAP_CREATE_BTF_FD, btf_fd, 48, 4) \
	X(MAP_CREATE_BTF_KEY_TYPE_ID, btf_key_type_id, 52, 4) \
	X(MAP_CREATE_BTF_VALUE_TYPE_ID, btf_value_type_id, 56, 4) \
	X(MAP_CREATE_BTF_VMLINUX_VALUE_TYPE_ID, btf_vmlinux_value_type_id, 60, 4) \
	X(MAP_CREATE_EXTRA, map_extra, 64, 8) \
	X(ELEM_MAP_FD, map_fd, 0, 4) \
	X(ELEM_KEY, key, 8, 8) \
	X(ELEM_VALUE, value, 16, 8) \
	X(ELEM_NEXT_KEY, next_key, 16, 8) \
	X(ELEM_FLAGS, flags, 24, 8) \
	X(BATCH_IN_BATCH, batch.in_batch, 0, 8) \
	X(BATCH_OUT_BATCH, batch.out_batch, 8, 8) \
	X(BATCH_KEYS, batch.keys, 16, 8) \
	X(BATCH_VALUES, batch.values, 24, 8) \
	X(BATCH_COUNT, batch.count, 32, 4) \
	X(BATCH_MAP_FD, batch.map_fd, 36, 4) \
	X(BATCH_ELEM_FLAGS, batch.elem_flags, 40, 8) \
	X(BATCH_FLAGS, batch.flags, 48, 8) \
	X(PROG_LOAD_TYPE, prog_type, 0, 4) \
	X(PROG_LOAD_INSN_CNT, insn_cnt, 4, 4) \
	X(PROG_LOAD_INSNS, insns, 8, 8) \
	X(PROG_LOAD_LICENSE, license, 16, 8) \
	X(PROG_LOAD_LOG_LEVEL, log_level, 24, 4) \
	X(PROG_LOAD_LOG_SIZE, log_size, 28, 4) \
	X(PROG_LOAD_LOG_BUF, log_buf, 32, 8) \
	X(PROG_LOAD_KERN_VERSION, kern_version, 40, 4) \
	X(PROG_LOAD_FLAGS, prog_flags, 44, 4) \
	X(PROG_LOAD_NAME, prog_name, 48, 16) \
	X(PROG_LOAD_IFINDEX, prog_ifindex, 64, 4) \
	X(PROG_LOAD_EXPECTED_ATTACH_TYPE, expected_attach_type, 68, 4) \
	X(PROG_LOAD_PROG_BTF_FD, prog_btf_fd, 72, 4) \
	X(PROG_LOAD_FUNC_INFO_REC_SIZE, func_info_rec_size, 76, 4) \
	X(PROG_LOAD_FUNC_INFO, func_info, 80, 8) \
	X(PROG_LOAD_FUNC_INFO_CNT, func_info_cnt, 88, 4) \
	X(PROG_LOAD_LINE_INFO_REC_SIZE, line_info_rec_size, 92, 4) \
	X(PROG_LOAD_LINE_INFO, line_info, 96, 8) \
	X(PROG_LOAD_LINE_INFO_CNT, line_info_cnt, 104, 4) \
	X(PROG_LOAD_ATTACH_BTF_ID, attach_btf_id, 108, 4) \
	X(PROG_LOAD_ATTACH_PROG_FD, attach_prog_fd, 112, 4) \
	X(PROG_LOAD_ATTACH_BTF_OBJ_FD, attach_btf_obj_fd, 112, 4) \
	X(PROG_LOAD_CORE_RELO_CNT, core_relo_cnt, 116, 4) \
	X(PROG_LOAD_FD_ARRAY, fd_array, 120, 8) \
	X(PROG_LOAD_CORE_RELOS, core_relos, 128, 8) \
	X(PROG_LOAD_CORE_RELO_REC_SIZE, core_relo_rec_size, 136, 4) \
	X(OBJ_PATHNAME, pathname, 0, 8) \
	X(OBJ_BPF_FD, bpf_fd, 8, 4) \
	X(OBJ_FILE_FLAGS, file_flags, 12, 4) \
	X(ATTACH_TARGET_FD, target_fd, 0, 4) \
	X(ATTACH_BPF_FD, attach_bpf_fd, 4, 4) \
	X(ATTACH_TYPE, attach_type, 8, 4) \
	X(ATTACH_FLAGS, attach_flags, 12, 4) \
	X(ATTACH_REPLACE_BPF_FD, replace_bpf_fd, 16, 4) \
	X(TEST_PROG_FD, test.prog_fd, 0, 4) \
	X(TEST_RETVAL, test.retval, 4, 4) \
	X(TEST_DATA_SIZE_IN, test.data_size_in, 8, 4) \
	X(TEST_DATA_SIZE_OUT, test.data_size_out, 12, 4) \
	X(TEST_DATA_IN, test.data_in, 16, 8) \
	X(TEST_DATA_OUT, test.data_out, 24, 8) \
	X(TEST_REPEAT, test.repeat, 32, 4) \
	X(TEST_DURATION, test.duration, 36, 4) \
	X(TEST_CTX_SIZE_IN, test.ctx_size_in, 40, 4) \
	X(TEST_CTX_SIZE_OUT, test.ctx_size_out, 44, 4) \
	X(TEST_CTX_IN, test.ctx_in, 48, 8) \
	X(TEST_CTX_OUT, test.ctx_out, 56, 8) \
	X(TEST_FLAGS, test.flags, 64, 4) \
	X(TEST_CPU, test.cpu, 68, 4) \
	X(TEST_BATCH_SIZE, test.batch_size, 72, 4) \
	X(ID_START_ID, start_id, 0, 4) \
	X(ID_PROG_ID, prog_id, 0, 4) \
	X(ID_MAP_ID, map_id, 0, 4) \
	X(ID_BTF_ID, btf_id, 0, 4) \
	X(ID_LINK_ID, link_id, 0, 4) \
	X(ID_NEXT_ID, next_id, 4, 4) \
	X(ID_OPEN_FLAGS, open_flags, 8, 4) \
	X(INFO_BPF_FD, info.bpf_fd, 0, 4) \
	X(INFO_INFO_LEN, info.info_len, 4, 4) \
	X(INFO_INFO, info.info, 8, 8) \
	X(QUERY_TARGET_FD, query.target_fd, 0, 4) \
	X(QUERY_ATTACH_TYPE, query.attach_type, 4, 4) \
	X(QUERY_FLAGS, query.query_flags, 8, 4) \
	X(QUERY_ATTACH_FLAGS, query.attach_flags, 12, 4) \
	X(QUERY_PROG_IDS, query.prog_ids, 16, 8) \
	X(QUERY_PROG_CNT, query.prog_cnt, 24, 4) \
	X(QUERY_PROG_ATTACH_FLAGS, query.prog_attach_flags, 32, 8) \
	X(RAW_TP_NAME, raw_tracepoint.name, 0, 8) \
	X(RAW_TP_PROG_FD, raw_tracepoint.prog_fd, 8, 4) \
	X(BTF_LOAD_DATA, btf, 0, 8) \
	X(BTF_LOAD_LOG_BUF, btf_log_buf, 8, 8) \
	X(BTF_LOAD_SIZE, btf_size, 16, 4) \
	X(BTF_LOAD_LOG_SIZE, btf_log_size, 20, 4) \
	X(BTF_LOAD_LOG_LEVEL, btf_log_level, 24, 4) \
	X(TASK_FD_QUERY_PID, task_fd_query.pid, 0, 4) \
	X(TASK_FD_QUERY_FD, task_fd_query.fd, 4, 4) \
	X(TASK_FD_QUERY_FLAGS, task_fd_query.flags, 8, 4) \
	X(TASK_FD_QUERY_BUF_LEN, task_fd_query.buf_len, 12, 4) \
	X(TASK_FD_QUERY_BUF, task_fd_query.buf, 16, 8) \
	X(TASK_FD_QUERY_PROG_ID, task_fd_query.prog_id, 24, 4) \
	X(TASK_FD_QUERY_FD_TYPE, task_fd_query.fd_type, 28, 4) \
	X(TASK_FD_QUERY_PROBE_OFFSET, task_fd_query.probe_offset, 32, 8) \
	X(TASK_FD_QUERY_PROBE_ADDR, task_fd_query.probe_addr, 40, 8) \
	X(LINK_CREATE_PROG_FD, link_create.prog_fd, 0, 4) \
	X(LINK_CREATE_TARGET_FD, link_create.target_fd, 4, 4) \
	X(LINK_CREATE_TARGET_IFINDEX, link_create.target_ifindex, 4, 4) \
	X(LINK_CREATE_ATTACH_TYPE, link_create.attach_type, 8, 4) \
	X(LINK_CREATE_FLAGS, link_create.flags, 12, 4) \
	X(LINK_CREATE_TARGET_BTF_ID, link_create.target_btf_id, 16, 4) \
	X(LINK_CREATE_ITER_INFO, link_create.iter_info, 16, 8) \
	X(LINK_CREATE_ITER_INFO_LEN, link_create.iter_info_len, 24, 4) \
	X(LINK_CREATE_PERF_EVENT_BPF_COOKIE, link_create.perf_event.bpf_cookie, 16, 8) \
	X(LINK_CREATE_KPROBE_MULTI_FLAGS, link_create.kprobe_multi.flags, 16, 4) \
	X(LINK_CREATE_KPROBE_MULTI_CNT, link_create.kprobe_multi.cnt, 20, 4) \
	X(LINK_CREATE_KPROBE_MULTI_SYMS, link_create.kprobe_multi.syms, 24, 8) \
	X(LINK_CREATE_KPROBE_MULTI_ADDRS, link_create.kprobe_multi.addrs, 32, 8) \
	X(LINK_CREATE_KPROBE_MULTI_COOKIES, link_create.kprobe_multi.cookies, 40, 8) \
	X(LINK_CREATE_TRACING_TARGET_BTF_ID, link_create.tracing.target_btf_id, 16, 4) \
	X(LINK_CREATE_TRACING_COOKIE, link_create.tracing.cookie, 24, 8) \
	X(LINK_UPDATE_LINK_FD, link_update.link_fd, 0, 4) \
	X(LINK_UPDATE_NEW_PROG_FD, link_update.new_prog_fd, 4, 4) \
	X(LINK_UPDATE_FLAGS, link_update.flags, 8, 4) \
	X(LINK_UPDATE_OLD_PROG_FD, link_update.old_prog_fd, 12, 4) \
	X(LINK_DETACH_LINK_FD, link_detach.link_fd, 0, 4) \
	X(STATS_TYPE, enable_stats.type, 0, 4) \
	X(ITER_LINK_FD, iter_create.link_fd, 0, 4) \
	X(ITER_FLAGS, iter_create.flags, 4, 4) \
	X(BIND_PROG_FD, prog_bind_map.prog_fd, 0, 4) \
	X(BIND_MAP_FD, prog_bind_map.map_fd, 4, 4) \
	X(BIND_FLAGS, prog_bind_map.flags, 8, 4)

/* Fields added up to Linux 6.18. */
#define ATTR_FIELDS_6_18(X) \
	X(MAP_CREATE_VALUE_TYPE_BTF_OBJ_FD, value_type_btf_obj_fd, 72, 4) \
	X(MAP_CREATE_TOKEN_FD, map_token_fd, 76, 4) \
	X(MAP_CREATE_EXCL_PROG_HASH, excl_prog_hash, 80, 8) \
	X(MAP_CREATE_EXCL_PROG_HASH_SIZE, excl_prog_hash_size, 88, 4) \
	X(PROG_LOAD_LOG_TRUE_SIZE, log_true_size, 140, 4) \
	X(PROG_LOAD_TOKEN_FD, prog_token_fd, 144, 4) \
	X(PROG_LOAD_FD_ARRAY_CNT, fd_array_cnt, 148, 4) \
	X(PROG_LOAD_SIGNATURE, signature, 152, 8) \
	X(PROG_LOAD_SIGNATURE_SIZE, signature_size, 160, 4) \
	X(PROG_LOAD_KEYRING_ID, keyring_id, 164, 4) \
	X(OBJ_PATH_FD, path_fd, 16, 4) \
	X(ATTACH_TARGET_IFINDEX, target_ifindex, 0, 4) \
	X(ATTACH_RELATIVE_FD, relative_fd, 20, 4) \
	X(ATTACH_RELATIVE_ID, relative_id, 20, 4) \
	X(ATTACH_EXPECTED_REVISION, expected_revision, 24, 8) \
	X(ID_FD_BY_ID_TOKEN_FD, fd_by_id_token_fd, 12, 4) \
	X(QUERY_TARGET_IFINDEX, query.target_ifindex, 0, 4) \
	X(QUERY_COUNT, query.count, 24, 4) \
	X(QUERY_LINK_IDS, query.link_ids, 40, 8) \
	X(QUERY_LINK_ATTACH_FLAGS, query.link_attach_flags, 48, 8) \
	X(QUERY_REVISION, query.revision, 56, 8) \
	X(RAW_TP_COOKIE, raw_tracepoint.cookie, 16, 8) \
	X(BTF_LOAD_LOG_TRUE_SIZE, btf_log_true_size, 28, 4) \
	X(BTF_LOAD_FLAGS, btf_flags, 32, 4) \
	X(BTF_LOAD_TOKEN_FD, btf_token_fd, 36, 4) \
	X(LINK_CREATE_MAP_FD, link_create.map_fd, 0, 4) \
	X(LINK_CREATE_NETFILTER_PF, link_create.netfilter.pf, 16, 4) \
	X(LINK_CREATE_NETFILTER_HOOKNUM, link_create.netfilter.hooknum, 20, 4) \
	X(LINK_CREATE_NETFILTER_PRIORITY, link_create.netfilter.priority, 24, 4) \
	X(LINK_CREATE_NETFILTER_FLAGS, link_create.netfilter.flags, 28, 4) \
	X(LINK_CREATE_TCX_RELATIVE_FD, link_create.tcx.relative_fd, 16, 4) \
	X(LINK_CREATE_TCX_RELATIVE_ID, link_create.tcx.relative_id, 16, 4) \
	X(LINK_CREATE_TCX_EXPECTED_REVISION, link_create.tcx.expected_revision, 24, 8) \
	X(LINK_CREATE_UPROBE_MULTI_PATH, link_create.uprobe_multi.path, 16, 8) \
	X(LINK_CREATE_UPROBE_MULTI_OFFSETS, link_create.uprobe_multi.offsets, 24, 8) \
	X(LINK_CREATE_UPROBE_MULTI_REF_CTR_OFFSETS, link_create.uprobe_multi.ref_ctr_offsets, 32, 8) \
	X(LINK_CREATE_UPROBE_MULTI_COOKIES, link_create.uprobe_multi.cookies, 40, 8) \
	X(LINK_CREATE_UPROBE_MULTI_CNT, link_create.uprobe_multi.cnt, 48, 4) \
	X(LINK_CREATE_UPROBE_MULTI_FLAGS, link_create.uprobe_multi.flags, 52, 4) \
	X(LINK_CREATE_UPROBE_MULTI_PID, link_create.uprobe_multi.pid, 56, 4) \
	X(LINK_CREATE_NETKIT_RELATIVE_FD, link_create.netkit.relative_fd, 16, 4) \
	X(LINK_CREATE_NETKIT_RELATIVE_ID, link_create.netkit.relative_id, 16, 4) \
	X(LINK_CREATE_NETKIT_EXPECTED_REVISION, link_create.netkit.expected_revision, 24, 8) \
	X(LINK_CREATE_CGROUP_RELATIVE_FD, link_create.cgroup.relative_fd, 16, 4) \
	X(LINK_CREATE_CGROUP_RELATIVE_ID, link_create.cgroup.relative_id, 16, 4) \
	X(LINK_CREATE_CGROUP_EXPECTED_REVISION, link_create.cgroup.expected_revision, 24, 8) \
	X(LINK_UPDATE_NEW_MAP_FD, link_update.new_map_fd, 4, 4) \
	X(LINK_UPDATE_OLD_MAP_FD, link_update.old_map_fd, 12, 4) \
	X(TOKEN_FLAGS, token_create.flags, 0, 4) \
	X(TOKEN_BPFFS_FD, token_create.bpffs_fd, 4, 4) \
	X(STREAM_BUF, prog_stream_read.stream_buf, 0, 8) \
	X(STREAM_BUF_LEN, prog_stream_read.stream_buf_len, 8, 4) \
	X(STREAM_ID, prog_stream_read.stream_id, 12, 4) \
	X(STREAM_PROG_FD, prog_stream_read.prog_fd, 16, 4)

/* Fields added up to Linux 7.3. */
#define ATTR_FIELDS_7_3(X) \
	X(LINK_CREATE_UPROBE_MULTI_PATH_FD, link_create.uprobe_multi.path_fd, 60, 4) \
	X(LINK_CREATE_TRACING_MULTI_IDS, link_create.tracing_multi.ids, 16, 8) \
	X(LINK_CREATE_TRACING_MULTI_COOKIES, link_create.tracing_multi.cookies, 24, 8) \
	X(LINK_CREATE_TRACING_MULTI_CNT, link_create.tracing_multi.cnt, 32, 4) \
	X(ASSOC_MAP_FD, prog_assoc_struct_ops.map_fd, 0, 4) \
	X(ASSOC_PROG_FD, prog_assoc_struct_ops.prog_fd, 4, 4) \
	X(ASSOC_FLAGS, prog_assoc_struct_ops.flags, 8, 4)

#define ATTR_FIELDS(X)      \
	ATTR_FIELDS_6_1(X)  \
	ATTR_FIELDS_6_18(X) \
	ATTR_FIELDS_7_3(X)

/* ATTR_PROG_LOAD_INSNS and its like: the field's offset. */
enum attr_offset {
#define X(name, path, off, bytes) ATTR_##name = (off),
	ATTR_FIELDS(X)
#undef X
};

/* ATTR_END_PROG_LOAD_INSNS and its like: the first byte after the field. */
enum attr_end {
#define X(name, path, off, bytes) ATTR_END_##name = (off) + (bytes),
	ATTR_FIELDS(X)
#undef X
};

/*
 * Access to an attr held as bytes. The offset is one of enum attr_offset, so it and its field lie
 * inside ATTR_BYTES; the buffer always has ATTR_BYTES.
 */
static inline uint32_t attr_u32(const uint8_t *attr, size_t off)
{
	uint32_t value;

	memcpy(&value, attr + off, sizeof(value));
	return value;
}

static inline int32_t attr_s32(const uint8_t *attr, size_t off)
{
	int32_t value;

	memcpy(&value, attr + off, sizeof(value));
	return value;
}

static inline uint64_t attr_u64(const uint8_t *attr, size_t off)
{
	uint64_t value;

	memcpy(&value, attr + off, sizeof(value));
	return value;
}

static inline void attr_put_u32(uint8_t *attr, size_t off, uint32_t value)
{
	memcpy(attr + off, &value, sizeof(value));
}

static inline void attr_put_u64(uint8_t *attr, size_t off, uint64_t value)
{
	memcpy(attr + off, &value, sizeof(value));
}

/* One field as data, for tests and documentation that walk the list. */
struct attr_field {
	const char *name; /* our name without ATTR_ */
	const char *path; /* the kernel's path inside union bpf_attr */
	uint16_t off;
	uint16_t bytes;
};

extern const struct attr_field attr_fields[];
extern const size_t attr_field_cnt;

#endif
