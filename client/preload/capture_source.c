/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the kernel what is behind an fd. Promises to read the recorded process's memory only through
 * the kernel (a bad pointer is -EFAULT, not a crash) and to leave no fd behind. Trusts the kernel.
 * bpf_map_info tells neither the template of a map of maps nor excl_prog_hash, and a BTF may be
 * gone from reach when a program needs it, so both are noted at MAP_CREATE.
 */
#include "client/preload/capture_source.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "object/rawcall.h"
#include "proto/own.h"

struct seen_map {
	struct seen_map *next;
	struct gather_map map; /* id, inner, excl_prog_hash only */
};

struct seen_btf {
	struct seen_btf *next;
	struct gather_btf btf;
	uint8_t data[];
};

struct btf_info {
	uint64_t btf;
	uint32_t btf_size, id;
	uint64_t name;
	uint32_t name_len, kernel_btf;
};

long capture_raw_bpf(unsigned int cmd, void *attr, unsigned int attr_bytes)
{
	return rawcall3(__NR_bpf, (long)cmd, (long)attr, (long)attr_bytes);
}

int capture_copy(void *to, uint64_t from, size_t bytes)
{
	struct iovec local = { to, bytes }, remote = { (void *)(uintptr_t)from, bytes };
	long arg[6] = { rawcall3(__NR_getpid, 0, 0, 0), (long)&local, 1, (long)&remote, 1, 0 };

	return rawcall(__NR_process_vm_readv, arg) == (long)bytes ? 0 : -EFAULT;
}

static int source_copy(void *arg, void *to, uint64_t from, size_t bytes)
{
	return capture_copy(to, from, bytes);
}

static int fd_info(int fd, void *info, uint32_t info_bytes)
{
	struct info_attr attr = { (uint32_t)fd, info_bytes, (uintptr_t)info };

	return (int)capture_raw_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
}

/*
 * Does fd's anonymous inode say what (bpf-map, btf)? OBJ_GET_INFO would answer for any kind. 0;
 * -EBADF when there is no such fd, -EINVAL when it is something else.
 */
static int fd_check(int fd, const char *what)
{
	char path[32], link[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return -EBADF;
	link[n] = '\0';
	return strstr(link, what) ? 0 : -EINVAL;
}

static bool map_fd_is_frozen(int fd)
{
	char path[40], text[2048];
	OWN_FD int info = -1;
	const char *at;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	n = read(info, text, sizeof(text) - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	at = strstr(text, "\nfrozen:");
	return at && at[strcspn(at, "01")] == '1';
}

/* ---- BTF ---------------------------------------------------------------------------------- */

static const struct gather_btf *seen_btf_find(const struct seen *seen, uint32_t id)
{
	for (const struct seen_btf *btf = seen->btfs; btf; btf = btf->next)
		if (btf->btf.id == id)
			return &btf->btf;
	return NULL;
}

/* Reads the bytes of a BTF that is not yet known. */
static int seen_btf_read(struct seen *seen, int fd, uint32_t id, uint32_t bytes)
{
	OWN_MEM struct seen_btf *btf = malloc(sizeof(*btf) + bytes);
	struct btf_info info = { .btf_size = bytes };
	int r;

	if (!btf)
		return -ENOMEM;
	info.btf = (uintptr_t)btf->data;
	r = fd_info(fd, &info, sizeof(info));
	if (r < 0)
		return r;
	btf->btf = (struct gather_btf){ id, btf->data, bytes };
	btf->next = seen->btfs;
	seen->btfs = TAKE_PTR(btf);
	return 0;
}

static int source_btf(void *arg, int fd, struct gather_btf *ret_btf)
{
	struct seen *seen = arg;
	char name[64] = "";
	struct btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
	int r;

	if (fd < 0 || fd_check(fd, "btf") < 0 || fd_info(fd, &info, sizeof(info)) < 0)
		return -EBADF;
	if (info.kernel_btf && !strcmp(name, "vmlinux"))
		return 1;
	if (!seen_btf_find(seen, info.id)) {
		r = seen_btf_read(seen, fd, info.id, info.btf_size);
		if (r < 0)
			return r;
	}
	*ret_btf = *seen_btf_find(seen, info.id);
	return 0;
}

/* Maps that were made before recording began: needs CAP_SYS_ADMIN. */
static int source_btf_by_id(void *arg, uint32_t id, struct gather_btf *ret_btf)
{
	const struct gather_btf *known = seen_btf_find(arg, id);
	uint32_t attr[3] = { id, 0, 0 };
	OWN_FD int fd = -1;

	if (known) {
		*ret_btf = *known;
		return 0;
	}
	fd = (int)capture_raw_bpf(BPF_BTF_GET_FD_BY_ID, attr, sizeof(attr));
	return fd < 0 ? fd : source_btf(arg, fd, ret_btf);
}

/* ---- maps --------------------------------------------------------------------------------- */

static const struct gather_map *seen_map_find(const struct seen *seen, uint32_t id)
{
	for (const struct seen_map *map = seen->maps; map; map = map->next)
		if (map->map.id == id)
			return &map->map;
	return NULL;
}

static int shape_of_fd(int fd, struct bgv_map *ret_shape, uint32_t *ret_id, uint32_t *ret_btf_id)
{
	struct map_info info = { 0 };
	int r = fd < 0 ? -EBADF : fd_check(fd, "bpf-map");

	if (r >= 0)
		r = fd_info(fd, &info, sizeof(info));
	if (r < 0)
		return r;
	*ret_shape = (struct bgv_map){
		.type = info.type,
		.key_size = info.key_size,
		.value_size = info.value_size,
		.max_entries = info.max_entries,
		.map_flags = info.map_flags,
		.map_extra = info.map_extra,
		.btf_key_type_id = info.btf_key_type_id,
		.btf_value_type_id = info.btf_value_type_id,
		.btf_vmlinux_value_type_id = info.btf_vmlinux_value_type_id,
		.frozen = map_fd_is_frozen(fd),
	};
	memcpy(ret_shape->name, info.name, sizeof(ret_shape->name) - 1);
	*ret_id = info.id;
	*ret_btf_id = info.btf_id;
	return 0;
}

static int source_map(void *arg, int fd, struct gather_map *ret_map)
{
	const struct gather_map *noted;
	int r;

	r = shape_of_fd(fd, &ret_map->shape, &ret_map->id, &ret_map->btf_id);
	noted = r < 0 ? NULL : seen_map_find(arg, ret_map->id);
	if (!noted)
		return r;
	ret_map->has_inner = noted->has_inner;
	ret_map->inner = noted->inner;
	ret_map->inner_btf_id = noted->inner_btf_id;
	ret_map->shape.has_excl_hash = noted->shape.has_excl_hash;
	memcpy(ret_map->shape.excl_hash, noted->shape.excl_hash, sizeof(noted->shape.excl_hash));
	return 0;
}

static int source_value(void *arg, int fd, uint32_t key, uint32_t value_bytes, void **ret_value)
{
	OWN_MEM void *value = calloc(1, ((size_t)value_bytes + 7) & ~(size_t)7);
	struct elem_attr attr = {
		.map_fd = (uint32_t)fd,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)value,
	};
	long r;

	if (!value)
		return -ENOMEM;
	r = capture_raw_bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr));
	if (r >= 0)
		*ret_value = TAKE_PTR(value);
	return (int)r;
}

void capture_note_map(struct seen *seen, int fd, const struct map_create_attr *attr)
{
	OWN_MEM struct seen_map *note = calloc(1, sizeof(*note));
	struct bgv_map shape, *own;
	struct gather_btf btf;
	uint32_t inner_id, btf_id;

	if (attr->btf_fd)
		(void)source_btf(seen, (int)attr->btf_fd, &btf);
	if (!note || shape_of_fd(fd, &shape, &note->map.id, &btf_id) < 0)
		return;
	own = &note->map.shape;
	note->map.has_inner =
		(shape.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || shape.type == BPF_MAP_TYPE_HASH_OF_MAPS) &&
		shape_of_fd((int)attr->inner_map_fd, &note->map.inner, &inner_id,
			    &note->map.inner_btf_id) >= 0;
	own->has_excl_hash = attr->excl_prog_hash_size == sizeof(own->excl_hash) &&
			     capture_copy(own->excl_hash, attr->excl_prog_hash,
					  sizeof(own->excl_hash)) >= 0;
	if (!note->map.has_inner && !own->has_excl_hash)
		return;
	note->next = seen->maps;
	seen->maps = TAKE_PTR(note);
}

void capture_seen_done(struct seen *seen)
{
	for (struct seen_map *map = seen->maps, *next; map; map = next) {
		next = map->next;
		free(map);
	}
	for (struct seen_btf *btf = seen->btfs, *next; btf; btf = next) {
		next = btf->next;
		free(btf);
	}
	*seen = (struct seen){ 0 };
}

const struct gather_source capture_source = {
	.map = source_map,
	.value = source_value,
	.btf = source_btf,
	.btf_by_id = source_btf_by_id,
	.copy = source_copy,
};
