/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arms of union bpf_attr and info structs as Linux 6.18 lays them out, for code that handles whole
 * calls: the recorder and the fake bpf(2). proto/attr.h is the record they are asserted against.
 */
#ifndef BPFGATE_OBJECT_BPFATTR_H
#define BPFGATE_OBJECT_BPFATTR_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/attr.h"

struct load_attr {
	uint32_t prog_type, insn_cnt;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log_buf;
	uint32_t kern_version, prog_flags;
	char prog_name[16];
	uint32_t prog_ifindex, expected_attach_type, prog_btf_fd, func_info_rec_size;
	uint64_t func_info;
	uint32_t func_info_cnt, line_info_rec_size;
	uint64_t line_info;
	uint32_t line_info_cnt, attach_btf_id, attach_fd, core_relo_cnt;
	uint64_t fd_array, core_relos;
	uint32_t core_relo_rec_size, log_true_size;
	int32_t prog_token_fd;
	uint32_t fd_array_cnt;
	uint64_t signature;
	uint32_t signature_size;
	int32_t keyring_id;
};
_Static_assert(sizeof(struct load_attr) == 168, "Linux 6.18");
_Static_assert(offsetof(struct load_attr, insns) == ATTR_PROG_LOAD_INSNS, "ABI");
_Static_assert(offsetof(struct load_attr, func_info) == ATTR_PROG_LOAD_FUNC_INFO, "ABI");
_Static_assert(offsetof(struct load_attr, fd_array) == ATTR_PROG_LOAD_FD_ARRAY, "ABI");
_Static_assert(offsetof(struct load_attr, fd_array_cnt) == ATTR_PROG_LOAD_FD_ARRAY_CNT, "ABI");
_Static_assert(offsetof(struct load_attr, keyring_id) == ATTR_PROG_LOAD_KEYRING_ID, "ABI");

struct map_create_attr {
	uint32_t map_type, key_size, value_size, max_entries, map_flags;
	uint32_t inner_map_fd, numa_node;
	char map_name[16];
	uint32_t map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id;
	uint32_t btf_vmlinux_value_type_id;
	uint64_t map_extra;
	int32_t value_type_btf_obj_fd, map_token_fd;
	uint64_t excl_prog_hash;
	uint32_t excl_prog_hash_size, pad;
};
_Static_assert(offsetof(struct map_create_attr, map_extra) == ATTR_MAP_CREATE_EXTRA, "ABI");
_Static_assert(offsetof(struct map_create_attr, excl_prog_hash) == ATTR_MAP_CREATE_EXCL_PROG_HASH,
	       "ABI");

struct map_info {
	uint32_t type, id, key_size, value_size, max_entries, map_flags;
	char name[16];
	uint32_t ifindex, btf_vmlinux_value_type_id;
	uint64_t netns_dev, netns_ino;
	uint32_t btf_id, btf_key_type_id, btf_value_type_id, btf_vmlinux_id;
	uint64_t map_extra;
};
_Static_assert(offsetof(struct map_info, map_extra) == offsetof(struct bpf_map_info, map_extra),
	       "ABI");

struct info_attr {
	uint32_t fd, info_len;
	uint64_t info;
};

struct elem_attr {
	uint32_t map_fd, pad;
	uint64_t key, value, flags;
};

#endif
