/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy speaks of functions by name, programs call them by BTF id. The kernel's own BTF is trusted,
 * but walked with its bounds checked all the same. Nothing of a client's BTF is ever read here.
 */
#include "daemon/broker/store/vmbtf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "object/btfname.h"
#include "proto/own.h"
#include "proto/whole.h"

#define VMBTF_PATH "/sys/kernel/btf/vmlinux"

struct vmbtf {
	uint8_t *data;
	size_t bytes;
	bool mapped;
	struct btfname *names;
	/* Inside data, bounds checked. */
	const uint8_t *types;
	const char *texts;
	size_t types_bytes, texts_bytes;
};

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

int vmbtf_new(struct vmbtf **ret_vmbtf)
{
	struct vmbtf *vmbtf = calloc(1, sizeof(*vmbtf));

	if (!vmbtf)
		return -ENOMEM;
	*ret_vmbtf = vmbtf;
	return 0;
}

void vmbtf_rest(struct vmbtf *vmbtf)
{
	btfname_free(vmbtf->names);
	if (vmbtf->mapped)
		munmap(vmbtf->data, vmbtf->bytes);
	else
		free(vmbtf->data);
	memset(vmbtf, 0, sizeof(*vmbtf));
}

void vmbtf_free(struct vmbtf *vmbtf)
{
	if (!vmbtf)
		return;
	vmbtf_rest(vmbtf);
	free(vmbtf);
}

/* Kernels since 6.16 let the file be mapped, which costs no memory. */
static int vmbtf_read(struct vmbtf *vmbtf)
{
	OWN_FD int fd = open(VMBTF_PATH, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	vmbtf->bytes = (size_t)st.st_size;
	vmbtf->data = mmap(NULL, vmbtf->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	vmbtf->mapped = vmbtf->data != MAP_FAILED;
	if (vmbtf->mapped)
		return 0;
	vmbtf->data = NULL;
	return whole_read(fd, vmbtf->bytes, &vmbtf->data, &vmbtf->bytes);
}

static int vmbtf_check_header(struct vmbtf *vmbtf)
{
	const struct btf_header *header = (const void *)vmbtf->data;
	size_t rest;

	if (vmbtf->bytes < sizeof(*header) || header->magic != BTF_MAGIC ||
	    header->hdr_len > vmbtf->bytes)
		return -EBADMSG;
	rest = vmbtf->bytes - header->hdr_len;
	if (header->type_off > rest || header->type_len > rest - header->type_off ||
	    header->str_off > rest || header->str_len > rest - header->str_off ||
	    header->str_len == 0)
		return -EBADMSG;
	vmbtf->types = vmbtf->data + header->hdr_len + header->type_off;
	vmbtf->types_bytes = header->type_len;
	vmbtf->texts = (const char *)vmbtf->data + header->hdr_len + header->str_off;
	vmbtf->texts_bytes = header->str_len;
	return vmbtf->texts[vmbtf->texts_bytes - 1] == '\0' ? 0 : -EBADMSG;
}

static int vmbtf_load(struct vmbtf *vmbtf)
{
	int r;

	if (vmbtf->names)
		return 0;
	r = vmbtf_read(vmbtf);
	if (r >= 0)
		r = vmbtf_check_header(vmbtf);
	if (r >= 0)
		r = btfname_new(vmbtf->data, vmbtf->bytes, NULL, &vmbtf->names);
	if (r < 0)
		vmbtf_rest(vmbtf);
	return r;
}

const char *vmbtf_name(struct vmbtf *vmbtf, uint32_t id)
{
	return vmbtf_load(vmbtf) < 0 ? NULL : btfname_get(vmbtf->names, id);
}

const struct btfname *vmbtf_names(struct vmbtf *vmbtf)
{
	return vmbtf_load(vmbtf) < 0 ? NULL : vmbtf->names;
}

static const char *vmbtf_text(const struct vmbtf *vmbtf, uint32_t off)
{
	return off < vmbtf->texts_bytes ? vmbtf->texts + off : "";
}

/* The first type of this kind and name; its id goes to *ret_id. */
static const struct btf_type *vmbtf_walk(struct vmbtf *vmbtf, uint32_t kind, const char *name,
					 uint32_t *ret_id)
{
	size_t off = 0;
	uint32_t id = 1;

	if (vmbtf_load(vmbtf) < 0)
		return NULL;
	for (; off + sizeof(struct btf_type) <= vmbtf->types_bytes; id++) {
		const struct btf_type *type = (const void *)(vmbtf->types + off);
		uint32_t k = BTF_INFO_KIND(type->info);

		off += sizeof(*type);
		if (k < ARRAY_CNT(vmbtf_tails))
			off += vmbtf_tails[k].fixed +
			       (size_t)vmbtf_tails[k].each * BTF_INFO_VLEN(type->info);
		if (k != kind || off > vmbtf->types_bytes ||
		    strcmp(vmbtf_text(vmbtf, type->name_off), name) != 0)
			continue;
		*ret_id = id;
		return type;
	}
	return NULL;
}

int vmbtf_find(struct vmbtf *vmbtf, uint32_t kind, const char *name)
{
	uint32_t id;

	return vmbtf_walk(vmbtf, kind, name, &id) ? (int)id : -ENOENT;
}

int vmbtf_offset_of(struct vmbtf *vmbtf, const char *struct_name, const char *member)
{
	uint32_t id;
	const struct btf_type *type = vmbtf_walk(vmbtf, BTF_KIND_STRUCT, struct_name, &id);
	const struct btf_member *members = (const void *)(type + 1);

	for (uint32_t i = 0; type && i < BTF_INFO_VLEN(type->info); i++) {
		uint32_t bits = members[i].offset;

		if (strcmp(vmbtf_text(vmbtf, members[i].name_off), member) != 0)
			continue;
		/* With bit fields in the struct the upper byte is their width. */
		if (BTF_INFO_KFLAG(type->info))
			bits = BTF_MEMBER_BIT_OFFSET(bits);
		return bits % 8 ? -ENOENT : (int)(bits / 8);
	}
	return -ENOENT;
}
