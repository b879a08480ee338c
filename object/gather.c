/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describes one PROG_LOAD. Promises that every index it makes points into its own arrays, except
 * those that stand for a bad fd, and that limits hold before anything is allocated. Trusts its
 * source's answers about fds; trusts no number or pointer in attr.
 */
#include "object/gather.h"

#include <string.h>

#include "proto/kernel_types.h"
#include "proto/own.h"

/* Indices that no array has stand for bad fds; the kernel tells the two kinds apart. */
#define NO_FD_INDEX  INT32_MAX	     /* EBADF */
#define NO_MAP_INDEX (INT32_MAX - 1) /* an fd, but no map: EINVAL */
#define NO_ARRAY_INDEX (INT32_MAX - 2) /* an index without an fd_array: EPROTO */

struct gather *gather_new(const struct gather_source *source, void *source_arg)
{
	struct gather *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->source = source;
	g->source_arg = source_arg;
	return g;
}

void gather_free(struct gather *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < ARRAY_CNT(g->contents); i++)
		free(g->contents[i]);
	for (size_t i = 0; i < ARRAY_CNT(g->records); i++)
		free(g->records[i]);
	free(g->insns);
	free(g);
}

static int copy_in(struct gather *g, void *to, uint64_t from, size_t bytes)
{
	return bytes ? g->source->copy(g->source_arg, to, from, bytes) : 0;
}

static void *copy_new(struct gather *g, uint64_t from, size_t bytes)
{
	OWN_MEM void *copy = malloc(bytes ? bytes : 1);

	if (!copy || copy_in(g, copy, from, bytes) < 0)
		return NULL;
	return TAKE_PTR(copy);
}

/* 1 + the index of this BTF in the program; 0 when there is no room. */
static uint32_t add_btf(struct gather *g, const struct gather_btf *btf)
{
	uint32_t i;

	for (i = 0; i < g->prog.btf_cnt; i++)
		if (g->btf_ids[i] == btf->id)
			return i + 1;
	if (i == BUNDLE_BTFS_MAX || !btf->bytes)
		return 0;
	g->btf_ids[i] = btf->id;
	g->btfs[i] = (struct bgv_blob){ btf->data, btf->bytes };
	g->prog.btf_cnt++;
	return i + 1;
}

/* 0 for vmlinux, and for an fd that is no BTF: what it names is then not found in vmlinux. */
static uint32_t add_btf_fd(struct gather *g, int fd)
{
	struct gather_btf btf = { 0 };

	return g->source->btf(g->source_arg, fd, &btf) == 0 ? add_btf(g, &btf) : 0;
}

static uint32_t add_btf_id(struct gather *g, uint32_t id)
{
	struct gather_btf btf = { 0 };

	if (!id || g->source->btf_by_id(g->source_arg, id, &btf) != 0)
		return 0;
	return add_btf(g, &btf);
}

/* All elements of a jump table; NULL: it is none that a program could use, or cannot be read. */
static uint8_t *read_jump_table(struct gather *g, const struct bgv_map *map, int fd)
{
	OWN_MEM uint8_t *all = NULL;

	if (map->value_size != JUMP_ELEMENT_BYTES || !map->max_entries || map->max_entries > BUNDLE_INSNS_MAX)
		return NULL;
	all = calloc(map->max_entries, JUMP_ELEMENT_BYTES);
	for (uint32_t i = 0; all && i < map->max_entries; i++) {
		OWN_MEM void *value = NULL;

		if (g->source->value(g->source_arg, fd, i, JUMP_ELEMENT_BYTES, &value) < 0)
			return NULL;
		memcpy(all + (size_t)i * JUMP_ELEMENT_BYTES, value, JUMP_ELEMENT_BYTES);
	}
	return TAKE_PTR(all);
}

/* The verifier reads constants only from frozen arrays of one element, and where jump tables lead. */
static void add_contents(struct gather *g, uint32_t idx, int fd)
{
	struct bgv_map *map = &g->maps[idx];
	void *value = NULL;

	if (map->frozen && map->type == KERNEL_MAP_INSN_ARRAY) {
		map->contents = g->contents[idx] = read_jump_table(g, map, fd);
		map->contents_bytes = map->contents ? (size_t)map->max_entries * JUMP_ELEMENT_BYTES : 0;
		return;
	}
	if (!map->frozen || map->type != BPF_MAP_TYPE_ARRAY || map->max_entries != 1)
		return;
	if (g->source->value(g->source_arg, fd, 0, map->value_size, &value) < 0)
		return;
	map->contents = g->contents[idx] = value;
	map->contents_bytes = map->value_size;
}

/* Index of the map behind fd, or one that stands for a bad fd; -E2BIG when there are too many. */
static int add_map(struct gather *g, int fd)
{
	struct gather_map found = { 0 };
	uint32_t idx;
	int r = fd < 0 ? -EBADF : g->source->map(g->source_arg, fd, &found);

	if (r < 0)
		return r == -EBADF ? NO_FD_INDEX : NO_MAP_INDEX;
	for (idx = 0; idx < g->prog.map_cnt; idx++)
		if (g->map_ids[idx] == found.id)
			return (int)idx;
	if (idx == BUNDLE_MAPS_MAX)
		return -E2BIG;
	g->prog.map_cnt++;
	g->map_ids[idx] = found.id;
	g->noted[idx] = found;
	g->maps[idx] = found.shape;
	g->maps[idx].btf_idx = add_btf_id(g, found.btf_id);
	add_contents(g, idx, fd);
	return (int)idx;
}

/* Templates go after the maps that instructions name; no instruction knows their index. */
static void add_templates(struct gather *g)
{
	uint32_t cnt = g->prog.map_cnt;

	for (uint32_t i = 0; i < cnt && g->prog.map_cnt < BUNDLE_MAPS_MAX; i++) {
		uint32_t idx = g->prog.map_cnt;

		if (!g->noted[i].has_inner)
			continue;
		g->maps[idx] = g->noted[i].inner;
		g->maps[idx].btf_idx = add_btf_id(g, g->noted[i].inner_btf_id);
		g->maps[i].inner_idx = idx + 1;
		g->prog.map_cnt++;
	}
}

static int fd_array_get(struct gather *g, uint32_t idx)
{
	int32_t fd;

	if (!g->attr.fd_array || copy_in(g, &fd, g->attr.fd_array + 4ull * idx, sizeof(fd)) < 0)
		return -1;
	return fd;
}

static int gather_ld_imm64(struct gather *g, struct bpf_insn *insn)
{
	int r;

	switch (insn->src_reg) {
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_VALUE:
		r = add_map(g, insn->imm);
		break;
	case BPF_PSEUDO_MAP_IDX:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		r = g->attr.fd_array ? add_map(g, fd_array_get(g, (uint32_t)insn->imm)) : NO_ARRAY_INDEX;
		break;
	case BPF_PSEUDO_BTF_ID:
		if (insn[1].imm)
			insn[1].imm = (int32_t)add_btf_fd(g, insn[1].imm);
		return 0;
	default:
		return 0;
	}
	if (r >= 0)
		insn->imm = r;
	return r < 0 ? r : 0;
}

static int gather_insns(struct gather *g)
{
	int r;

	for (uint32_t i = 0; i < g->prog.insn_cnt; i++) {
		struct bpf_insn *insn = &g->insns[i];

		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) && i + 1 < g->prog.insn_cnt) {
			r = gather_ld_imm64(g, insn);
			if (r < 0)
				return r;
			i++;
		} else if (insn->code == (BPF_JMP | BPF_CALL) &&
			   insn->src_reg == BPF_PSEUDO_KFUNC_CALL && insn->off) {
			insn->off = (int16_t)add_btf_fd(g, fd_array_get(g, (uint16_t)insn->off));
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
	g->records[slot] = copy_new(g, from, bytes);
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
		if (copy_in(g, &g->license[i], g->attr.license + i, 1) < 0)
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

static int gather_fd_array(struct gather *g)
{
	uint32_t cnt = g->attr.fd_array_cnt;
	int r;

	if (cnt > BUNDLE_MAPS_MAX)
		return -E2BIG;
	for (uint32_t i = 0; i < cnt; i++) {
		r = add_map(g, fd_array_get(g, i));
		if (r < 0)
			return r;
	}
	g->prog.fd_array_cnt = g->prog.map_cnt;
	return 0;
}

int gather_program(struct gather *g)
{
	const struct load_attr *attr = &g->attr;
	int r;

	if (attr->insn_cnt > BUNDLE_INSNS_MAX)
		return -E2BIG;
	gather_numbers(g);
	g->insns = copy_new(g, attr->insns, attr->insn_cnt * sizeof(*g->insns));
	if (!g->insns)
		return -EFAULT;
	g->prog.insns = g->insns;
	r = gather_license(g);
	if (r >= 0)
		r = gather_infos(g);
	if (r >= 0)
		r = gather_fd_array(g);
	if (r < 0)
		return r;
	if (attr->prog_btf_fd)
		g->prog.prog_btf_idx = add_btf_fd(g, (int)attr->prog_btf_fd);
	if (attr->attach_btf_id && attr->attach_fd)
		g->prog.attach_btf_idx = add_btf_fd(g, (int)attr->attach_fd);
	r = gather_insns(g);
	add_templates(g);
	return r;
}
