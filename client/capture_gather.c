/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the arguments of a PROG_LOAD to a struct bgv_program: fds become indices into arrays of map
 * shapes and BTFs. Promises to read the caller's memory only through the kernel (a bad pointer is
 * -EFAULT, not a crash) and to leave no fd behind. Trusts the kernel's answers about fds.
 */
#include "client/capture_gather.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "object/rawcall.h"
#include "proto/own.h"

#define BAD_INDEX INT32_MAX /* stands for a bad fd */

struct btf_info {
	uint64_t btf;
	uint32_t btf_size, id;
	uint64_t name;
	uint32_t name_len, kernel_btf;
};

long gather_bpf(unsigned int cmd, void *attr, unsigned int attr_bytes)
{
	return raw_syscall3(__NR_bpf, (long)cmd, (long)attr, (long)attr_bytes);
}

int gather_copy(void *to, uint64_t from, size_t bytes)
{
	struct iovec local = { to, bytes }, remote = { (void *)(uintptr_t)from, bytes };
	long arg[6] = { raw_syscall3(__NR_getpid, 0, 0, 0), (long)&local, 1, (long)&remote, 1, 0 };

	if (!bytes)
		return 0;
	return raw_syscall(__NR_process_vm_readv, arg) == (long)bytes ? 0 : -EFAULT;
}

static void *copy_new(uint64_t from, size_t bytes)
{
	OWN_MEM void *copy = malloc(bytes ? bytes : 1);

	if (!copy || gather_copy(copy, from, bytes) < 0)
		return NULL;
	return TAKE_PTR(copy);
}

static int fd_info(int fd, void *info, uint32_t info_bytes)
{
	struct info_attr attr = { (uint32_t)fd, info_bytes, (uintptr_t)info };

	return (int)gather_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
}

/* Does fd's anonymous inode say what (bpf-map, btf)? OBJ_GET_INFO would answer for any kind. */
static bool fd_is(int fd, const char *what)
{
	char path[32], link[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = '\0';
	return strstr(link, what) != NULL;
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

static const struct seen_btf *seen_btf_find(const struct seen *seen, uint32_t id)
{
	for (const struct seen_btf *btf = seen->btfs; btf; btf = btf->next)
		if (btf->id == id)
			return btf;
	return NULL;
}

/* Reads the BTF behind fd once; NULL when fd is none or memory is out. */
static const struct seen_btf *seen_btf_add_fd(struct seen *seen, int fd, bool *ret_vmlinux)
{
	char name[64] = "";
	struct btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
	const struct seen_btf *old;
	struct seen_btf *btf;

	if (!fd_is(fd, "btf") || fd_info(fd, &info, sizeof(info)) < 0)
		return NULL;
	*ret_vmlinux = info.kernel_btf && !strcmp(name, "vmlinux");
	old = seen_btf_find(seen, info.id);
	if (old || *ret_vmlinux)
		return old;
	btf = malloc(sizeof(*btf) + info.btf_size);
	if (!btf)
		return NULL;
	btf->id = info.id;
	btf->bytes = info.btf_size;
	info = (struct btf_info){ .btf = (uintptr_t)btf->data, .btf_size = (uint32_t)btf->bytes };
	if (fd_info(fd, &info, sizeof(info)) < 0) {
		free(btf);
		return NULL;
	}
	btf->next = seen->btfs;
	seen->btfs = btf;
	return btf;
}

static const struct seen_btf *seen_btf_by_id(struct seen *seen, uint32_t id)
{
	const struct seen_btf *btf = seen_btf_find(seen, id);
	uint32_t attr[3] = { id, 0, 0 };
	OWN_FD int fd = -1;
	bool vmlinux;

	if (btf)
		return btf;
	fd = (int)gather_bpf(BPF_BTF_GET_FD_BY_ID, attr, sizeof(attr));
	return fd < 0 ? NULL : seen_btf_add_fd(seen, fd, &vmlinux);
}

/* 1 + the index of this BTF in the program; 0 when there is none or no room. */
static uint32_t gather_btf(struct gather *g, const struct seen_btf *btf)
{
	uint32_t i;

	if (!btf)
		return 0;
	for (i = 0; i < g->prog.btf_cnt; i++)
		if (g->btf_ids[i] == btf->id)
			return i + 1;
	if (i == BUNDLE_BTFS_MAX)
		return 0;
	g->btf_ids[i] = btf->id;
	g->btfs[i] = (struct bgv_blob){ btf->data, btf->bytes };
	g->prog.btf_cnt++;
	return i + 1;
}

/* For kernel BTF in fd_array or attach_btf_obj_fd: 0 is vmlinux, also for an fd that is no BTF. */
static uint32_t gather_btf_fd(struct gather *g, struct seen *seen, int fd)
{
	bool vmlinux = false;

	return gather_btf(g, seen_btf_add_fd(seen, fd, &vmlinux));
}

/* ---- maps --------------------------------------------------------------------------------- */

static void map_from_info(struct bgv_map *map, const struct map_info *info)
{
	*map = (struct bgv_map){
		.type = info->type,
		.key_size = info->key_size,
		.value_size = info->value_size,
		.max_entries = info->max_entries,
		.map_flags = info->map_flags,
		.map_extra = info->map_extra,
		.btf_key_type_id = info->btf_key_type_id,
		.btf_value_type_id = info->btf_value_type_id,
		.btf_vmlinux_value_type_id = info->btf_vmlinux_value_type_id,
	};
	memcpy(map->name, info->name, sizeof(map->name) - 1);
}

static const struct seen_map *seen_map_find(const struct seen *seen, uint32_t id)
{
	for (const struct seen_map *map = seen->maps; map; map = map->next)
		if (map->id == id)
			return map;
	return NULL;
}

void gather_note_map(struct seen *seen, int fd, const struct map_create_attr *attr)
{
	struct map_info info = { 0 }, inner = { 0 };
	struct seen_map *map;
	bool vmlinux;

	if (attr->btf_fd)
		(void)seen_btf_add_fd(seen, (int)attr->btf_fd, &vmlinux);
	if (attr->map_type != BPF_MAP_TYPE_ARRAY_OF_MAPS &&
	    attr->map_type != BPF_MAP_TYPE_HASH_OF_MAPS && !attr->excl_prog_hash_size)
		return;
	map = calloc(1, sizeof(*map));
	if (!map || fd_info(fd, &info, sizeof(info)) < 0) {
		free(map);
		return;
	}
	map->id = info.id;
	if (attr->inner_map_fd && fd_info((int)attr->inner_map_fd, &inner, sizeof(inner)) >= 0) {
		map_from_info(&map->inner, &inner);
		map->inner.btf_idx = inner.btf_id;
		map->inner.frozen = map_fd_is_frozen((int)attr->inner_map_fd);
	}
	map->has_excl_hash =
		attr->excl_prog_hash_size == sizeof(map->excl_hash) &&
		gather_copy(map->excl_hash, attr->excl_prog_hash, sizeof(map->excl_hash)) >= 0;
	map->next = seen->maps;
	seen->maps = map;
}

/* The template goes behind the maps that instructions name; no instruction knows its index. */
static void gather_inner(struct gather *g, struct seen *seen, uint32_t outer, const struct bgv_map *inner)
{
	uint32_t idx = g->prog.map_cnt;

	if (idx == BUNDLE_MAPS_MAX)
		return;
	g->maps[idx] = *inner;
	g->maps[idx].btf_idx = 0;
	if (inner->btf_idx)
		g->maps[idx].btf_idx = gather_btf(g, seen_btf_by_id(seen, inner->btf_idx));
	g->prog.map_cnt++;
	g->maps[outer].inner_idx = idx + 1;
}

/* The verifier reads constants only from frozen arrays of one element. */
static void gather_contents(struct gather *g, uint32_t idx, int fd)
{
	struct bgv_map *map = &g->maps[idx];
	struct elem_attr attr = { .map_fd = (uint32_t)fd };
	OWN_MEM void *value = NULL;
	uint32_t key = 0;

	map->frozen = map_fd_is_frozen(fd);
	if (!map->frozen || map->type != BPF_MAP_TYPE_ARRAY || map->max_entries != 1)
		return;
	value = calloc(1, ((size_t)map->value_size + 7) & ~(size_t)7);
	if (!value)
		return;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	if (gather_bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) < 0)
		return;
	map->contents = g->contents[idx] = TAKE_PTR(value);
	map->contents_bytes = map->value_size;
}

/* Index of the map behind fd, or BAD_INDEX when fd is no map; -E2BIG when there are too many. */
static int gather_map(struct gather *g, struct seen *seen, int fd)
{
	const struct seen_map *noted;
	struct map_info info = { 0 };
	uint32_t idx;

	if (fd < 0 || !fd_is(fd, "bpf-map") || fd_info(fd, &info, sizeof(info)) < 0)
		return BAD_INDEX;
	for (idx = 0; idx < g->prog.map_cnt; idx++)
		if (g->map_ids[idx] == info.id)
			return (int)idx;
	if (idx == BUNDLE_MAPS_MAX)
		return -E2BIG;
	g->prog.map_cnt++;
	g->map_ids[idx] = info.id;
	map_from_info(&g->maps[idx], &info);
	if (info.btf_id)
		g->maps[idx].btf_idx = gather_btf(g, seen_btf_by_id(seen, info.btf_id));
	gather_contents(g, idx, fd);
	noted = seen_map_find(seen, info.id);
	if (noted && noted->has_excl_hash) {
		g->maps[idx].has_excl_hash = 1;
		memcpy(g->maps[idx].excl_hash, noted->excl_hash, sizeof(noted->excl_hash));
	}
	return (int)idx;
}

static void gather_templates(struct gather *g, struct seen *seen)
{
	uint32_t cnt = g->prog.map_cnt;

	for (uint32_t i = 0; i < cnt; i++) {
		const struct seen_map *noted = seen_map_find(seen, g->map_ids[i]);

		if (noted && noted->inner.type)
			gather_inner(g, seen, i, &noted->inner);
	}
}

/* ---- the program -------------------------------------------------------------------------- */

static int fd_array_get(const struct gather *g, uint32_t idx)
{
	int32_t fd;

	if (!g->attr.fd_array || gather_copy(&fd, g->attr.fd_array + 4ull * idx, sizeof(fd)) < 0)
		return -1;
	return fd;
}

static int gather_ld_imm64(struct gather *g, struct seen *seen, struct bpf_insn *insn)
{
	int r;

	switch (insn->src_reg) {
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_VALUE:
		r = gather_map(g, seen, insn->imm);
		break;
	case BPF_PSEUDO_MAP_IDX:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		r = gather_map(g, seen, fd_array_get(g, (uint32_t)insn->imm));
		break;
	case BPF_PSEUDO_BTF_ID:
		if (insn[1].imm)
			insn[1].imm = (int32_t)gather_btf_fd(g, seen, insn[1].imm);
		return 0;
	default:
		return 0;
	}
	if (r >= 0)
		insn->imm = r;
	return r < 0 ? r : 0;
}

static int gather_insns(struct gather *g, struct seen *seen)
{
	int r;

	for (uint32_t i = 0; i < g->prog.insn_cnt; i++) {
		struct bpf_insn *insn = &g->insns[i];

		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) && i + 1 < g->prog.insn_cnt) {
			r = gather_ld_imm64(g, seen, insn);
			if (r < 0)
				return r;
			i++;
		} else if (insn->code == (BPF_JMP | BPF_CALL) &&
			   insn->src_reg == BPF_PSEUDO_KFUNC_CALL && insn->off) {
			insn->off = (int16_t)gather_btf_fd(g, seen,
							   fd_array_get(g, (uint16_t)insn->off));
		}
	}
	return 0;
}

static int gather_records(struct gather *g, int slot, uint64_t from, uint32_t rec_bytes, uint32_t cnt,
			  struct bgv_blob *ret_blob)
{
	size_t bytes;

	if (!SIZE_MUL((size_t)rec_bytes, (size_t)cnt, &bytes) || bytes > BUNDLE_BYTES_MAX)
		return -E2BIG;
	g->records[slot] = copy_new(from, bytes);
	if (!g->records[slot])
		return -EFAULT;
	*ret_blob = (struct bgv_blob){ g->records[slot], bytes };
	return 0;
}

static int gather_infos(struct gather *g)
{
	struct bgv_program *prog = &g->prog;
	const struct load_attr *attr = &g->attr;
	int r;

	prog->func_info_rec_size = attr->func_info_rec_size;
	prog->func_info_cnt = attr->func_info_cnt;
	prog->line_info_rec_size = attr->line_info_rec_size;
	prog->line_info_cnt = attr->line_info_cnt;
	prog->core_relo_rec_size = attr->core_relo_rec_size;
	prog->core_relo_cnt = attr->core_relo_cnt;
	r = gather_records(g, 0, attr->func_info, attr->func_info_rec_size, attr->func_info_cnt,
			   &prog->func_info);
	if (r >= 0)
		r = gather_records(g, 1, attr->line_info, attr->line_info_rec_size,
				   attr->line_info_cnt, &prog->line_info);
	if (r >= 0)
		r = gather_records(g, 2, attr->core_relos, attr->core_relo_rec_size,
				   attr->core_relo_cnt, &prog->core_relos);
	return r;
}

/* The license is a string somewhere near the end of mapped memory: read it byte by byte. */
static int gather_license(struct gather *g)
{
	for (size_t i = 0; i < sizeof(g->license) - 1; i++) {
		if (gather_copy(&g->license[i], g->attr.license + i, 1) < 0)
			return -EFAULT;
		if (!g->license[i])
			break;
	}
	g->prog.license = g->license;
	return 0;
}

static void gather_numbers(struct gather *g)
{
	const struct load_attr *attr = &g->attr;
	struct bgv_program *prog = &g->prog;

	prog->insn_cnt = attr->insn_cnt;
	prog->prog_type = attr->prog_type;
	prog->expected_attach_type = attr->expected_attach_type;
	prog->prog_flags = attr->prog_flags;
	prog->prog_ifindex = attr->prog_ifindex;
	prog->attach_btf_id = attr->attach_btf_id;
	prog->maps = g->maps;
	prog->btfs = g->btfs;
	memcpy(g->name, attr->prog_name, sizeof(g->name) - 1);
	prog->name = g->name;
}

static int gather_fd_array(struct gather *g, struct seen *seen)
{
	uint32_t cnt = g->attr.fd_array_cnt;
	int r;

	if (cnt > BUNDLE_MAPS_MAX)
		return -E2BIG;
	for (uint32_t i = 0; i < cnt; i++) {
		r = gather_map(g, seen, fd_array_get(g, i));
		if (r < 0)
			return r;
	}
	g->prog.fd_array_cnt = g->prog.map_cnt;
	return 0;
}

int gather_program(struct gather *g, struct seen *seen)
{
	const struct load_attr *attr = &g->attr;
	bool vmlinux;
	int r;

	if (attr->insn_cnt > BUNDLE_INSNS_MAX)
		return -E2BIG;
	gather_numbers(g);
	g->insns = copy_new(attr->insns, attr->insn_cnt * sizeof(*g->insns));
	if (!g->insns)
		return -EFAULT;
	g->prog.insns = g->insns;
	r = gather_license(g);
	if (r >= 0)
		r = gather_infos(g);
	if (r >= 0)
		r = gather_fd_array(g, seen);
	if (r < 0)
		return r;
	if (attr->prog_btf_fd)
		g->prog.prog_btf_idx =
			gather_btf(g, seen_btf_add_fd(seen, (int)attr->prog_btf_fd, &vmlinux));
	if (attr->attach_btf_id && attr->attach_fd)
		g->prog.attach_btf_idx = gather_btf_fd(g, seen, (int)attr->attach_fd);
	r = gather_insns(g, seen);
	gather_templates(g, seen);
	return r;
}

void gather_done(struct gather *g)
{
	for (size_t i = 0; i < ARRAY_CNT(g->contents); i++)
		free(g->contents[i]);
	for (size_t i = 0; i < ARRAY_CNT(g->records); i++)
		free(g->records[i]);
	free(g->insns);
}

void gather_seen_done(struct seen *seen)
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
