/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Form, in the kernel's order (kernel/bpf/syscall.c): map_create, bpf_prog_load, btf_new_fd, and what
 * they call before their permission checks. Facts only: whatever is not known for sure passes.
 */
#include "daemon/broker/ask/call_form.h"

#include <errno.h>
#include <linux/bpf.h>

#include "policy/policy.h"
#include "proto/kernel_types.h"

enum {
	CALL_FORM_KEY_VALUE_MAX = 4 * 1024 * 1024, /* KMALLOC_MAX_SIZE: a hash element is one allocation */
};

static uint32_t call_form_u32(const struct request *req, size_t off)
{
	return attr_u32(req->attr, off);
}

/* A token has to be one of ours, and we never made one. */
static int call_form_token(const struct request *req, uint16_t fd_off)
{
	int idx = request_find_fd_at(req, fd_off, 0);

	if (idx == -ENOENT)
		return 0;
	return idx < 0 ? -EBADF : -EINVAL;
}

/* ---- MAP_CREATE ---- */

static int call_form_map_btf(const struct request *req)
{
	bool key = call_form_u32(req, ATTR_MAP_CREATE_BTF_KEY_TYPE_ID);
	bool value = call_form_u32(req, ATTR_MAP_CREATE_BTF_VALUE_TYPE_ID);

	if (call_form_u32(req, ATTR_MAP_CREATE_BTF_VMLINUX_VALUE_TYPE_ID))
		return key || value ||
				       call_form_u32(req, ATTR_MAP_CREATE_TYPE) !=
					       BPF_MAP_TYPE_STRUCT_OPS
			       ? -EINVAL
			       : 0;
	return key && !value ? -EINVAL : 0;
}

/* Sizes that no map of that type can have. */
static int call_form_map_sizes(const struct request *req)
{
	uint32_t type = call_form_u32(req, ATTR_MAP_CREATE_TYPE);
	uint64_t key = call_form_u32(req, ATTR_MAP_CREATE_KEY_SIZE);
	uint64_t value = call_form_u32(req, ATTR_MAP_CREATE_VALUE_SIZE);
	bool array = type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
	bool hash = type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH;

	if (array && (key != 4 || !value || !call_form_u32(req, ATTR_MAP_CREATE_MAX_ENTRIES)))
		return -EINVAL;
	if (array && value > INT32_MAX)
		return -E2BIG;
	if (hash && (!key || !value || !call_form_u32(req, ATTR_MAP_CREATE_MAX_ENTRIES)))
		return -EINVAL;
	return hash && key + value >= CALL_FORM_KEY_VALUE_MAX ? -E2BIG : 0;
}

static int call_form_map_create(const struct request *req)
{
	uint32_t type = call_form_u32(req, ATTR_MAP_CREATE_TYPE);
	uint32_t flags = call_form_u32(req, ATTR_MAP_CREATE_FLAGS);
	int r = call_form_map_btf(req);

	if (r < 0)
		return r;
	if (type != BPF_MAP_TYPE_BLOOM_FILTER && type != KERNEL_MAP_ARENA &&
	    attr_u64(req->attr, ATTR_MAP_CREATE_EXTRA))
		return -EINVAL;
	if (flags & BPF_F_RDONLY && flags & BPF_F_WRONLY)
		return -EINVAL;
	if (type == BPF_MAP_TYPE_UNSPEC || !policy_map_type_name(type))
		return -EINVAL;
	/* Maps on devices: no kernel driver has them since nfp's were removed. */
	if (call_form_u32(req, ATTR_MAP_CREATE_IFINDEX))
		return -EOPNOTSUPP;
	r = call_form_map_sizes(req);
	return r < 0 ? r : call_form_token(req, ATTR_MAP_CREATE_TOKEN_FD);
}

/* ---- PROG_LOAD ---- */

static int call_form_prog_load(const struct request *req)
{
	int r = call_form_token(req, ATTR_PROG_LOAD_TOKEN_FD);

	if (r < 0)
		return r;
	/* Of an empty program the kernel says so before it looks at the type. */
	if (call_form_u32(req, ATTR_PROG_LOAD_INSN_CNT) &&
	    !policy_prog_type_name(call_form_u32(req, ATTR_PROG_LOAD_TYPE)))
		return -EINVAL;
	/* Neither a program nor BTF: the kernel tries both and keeps to the second's answer. */
	if (request_find_fd_at(req, ATTR_PROG_LOAD_ATTACH_PROG_FD, 0) == -EBADF)
		return -EINVAL;
	if (call_form_u32(req, ATTR_PROG_LOAD_IFINDEX) &&
	    call_form_u32(req, ATTR_PROG_LOAD_TYPE) != BPF_PROG_TYPE_XDP &&
	    call_form_u32(req, ATTR_PROG_LOAD_TYPE) != BPF_PROG_TYPE_SCHED_CLS)
		return -EINVAL;
	if (call_form_u32(req, ATTR_PROG_LOAD_FD_ARRAY_CNT) &&
	    request_ptr_at(req, ATTR_PROG_LOAD_FD_ARRAY)->state != WIRE_PTR_PRESENT)
		return -EFAULT;
	return 0;
}

/* ---- others ---- */

static int call_form_btf_load(const struct request *req)
{
	int r = call_form_token(req, ATTR_BTF_LOAD_TOKEN_FD);

	if (r < 0)
		return r;
	return call_form_u32(req, ATTR_BTF_LOAD_SIZE) ? 0 : -EINVAL;
}

/* The object is looked for before the name is read; what is no BPF object, open or not, is EINVAL. */
static int call_form_obj_pin(const struct request *req)
{
	uint32_t flags = call_form_u32(req, ATTR_OBJ_FILE_FLAGS);

	if (flags & ~CMD_F_PATH_FD ||
	    (!(flags & CMD_F_PATH_FD) && call_form_u32(req, ATTR_OBJ_PATH_FD)))
		return -EINVAL;
	return request_find_fd_at(req, ATTR_OBJ_BPF_FD, 0) < 0 ? -EINVAL : 0;
}

static int call_form_obj_get(const struct request *req)
{
	uint32_t flags = call_form_u32(req, ATTR_OBJ_FILE_FLAGS);
	uint32_t mode = flags & (BPF_F_RDONLY | BPF_F_WRONLY);

	if (call_form_u32(req, ATTR_OBJ_BPF_FD) || flags & ~(mode | CMD_F_PATH_FD) ||
	    mode == (BPF_F_RDONLY | BPF_F_WRONLY))
		return -EINVAL;
	return !(flags & CMD_F_PATH_FD) && call_form_u32(req, ATTR_OBJ_PATH_FD) ? -EINVAL : 0;
}

int call_form_check(const struct request *req)
{
	static int (*const rows[CMD_CNT])(const struct request *) = {
		[CMD_MAP_CREATE] = call_form_map_create, [CMD_PROG_LOAD] = call_form_prog_load,
		[CMD_BTF_LOAD] = call_form_btf_load,	 [CMD_OBJ_PIN] = call_form_obj_pin,
		[CMD_OBJ_GET] = call_form_obj_get,
	};

	return req->cmd < CMD_CNT && rows[req->cmd] ? rows[req->cmd](req) : 0;
}
