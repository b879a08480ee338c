/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy speaks of functions by name, programs call them by BTF id. The kernel's own BTF is trusted,
 * but walked with its bounds checked all the same. Nothing of a client's BTF is ever read here.
 */
#include "daemon/vmbtf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/own.h"

#define VMBTF_PATH "/sys/kernel/btf/vmlinux"

/* Bytes that follow struct btf_type, per kind: fixed, and per vlen. Linux 6.18 ends at ENUM64. */
static const struct {
	uint8_t fixed, each;
} vmbtf_tails[] = {
	[BTF_KIND_INT] = { 4, 0 },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0 },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum) },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0 },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo) },
	[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0 },
	[BTF_KIND_ENUM64] = { 0, sizeof(struct btf_enum64) },
};

static int vmbtf_read(uint8_t **ret_data, size_t *ret_bytes)
{
	OWN_FD int fd = open(VMBTF_PATH, O_RDONLY | O_CLOEXEC);
	OWN_MEM uint8_t *data = NULL;
	struct stat st;
	size_t done = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	data = malloc((size_t)st.st_size);
	if (!data)
		return -ENOMEM;
	while (done < (size_t)st.st_size) {
		ssize_t n = read(fd, data + done, (size_t)st.st_size - done);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	*ret_data = TAKE_PTR(data);
	*ret_bytes = done;
	return 0;
}

static const struct btf_type *vmbtf_find_type(const uint8_t *types, size_t bytes, uint32_t id)
{
	size_t off = 0;

	for (uint32_t i = 1; off + sizeof(struct btf_type) <= bytes; i++) {
		const struct btf_type *type = (const void *)(types + off);
		uint32_t kind = BTF_INFO_KIND(type->info);

		if (i == id)
			return type;
		off += sizeof(*type);
		if (kind < ARRAY_CNT(vmbtf_tails))
			off += vmbtf_tails[kind].fixed +
			       (size_t)vmbtf_tails[kind].each * BTF_INFO_VLEN(type->info);
	}
	return NULL;
}

int vmbtf_find_name(uint32_t id, char *ret_name, size_t name_bytes)
{
	OWN_MEM uint8_t *data = NULL;
	const struct btf_header *header;
	const struct btf_type *type;
	size_t bytes = 0;
	int r = vmbtf_read(&data, &bytes);

	if (r < 0)
		return r;
	header = (const void *)data;
	if (bytes < sizeof(*header) || header->hdr_len > bytes ||
	    header->type_off > bytes - header->hdr_len ||
	    header->type_len > bytes - header->hdr_len - header->type_off ||
	    header->str_off > bytes - header->hdr_len ||
	    header->str_len > bytes - header->hdr_len - header->str_off)
		return -EBADMSG;
	type = vmbtf_find_type(data + header->hdr_len + header->type_off, header->type_len, id);
	if (!type || type->name_off == 0 || type->name_off >= header->str_len)
		return -ENOENT;
	snprintf(ret_name, name_bytes, "%.*s", (int)(header->str_len - type->name_off),
		 (const char *)data + header->hdr_len + header->str_off + type->name_off);
	return (int)BTF_INFO_KIND(type->info);
}
