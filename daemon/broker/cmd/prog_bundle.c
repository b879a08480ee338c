/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a verdict depends on, gathered for the judge: instructions, shapes of maps from the
 * ledger, contents of frozen maps, BTF. The bytes of the client are passed on unread.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/broker/ask/caps.h"
#include "daemon/broker/cmd/prog_load.h"
#include "object/bundle.h"

/* Larger read-only maps are judged with unknown contents. */
#define PROG_BUNDLE_CONTENTS_MAX (4u << 20)

struct prog_bundle {
	struct bgv_program prog;
	struct bgv_map maps[2 * LEDGER_MAPS_MAX];	/* the program's, then inner templates */
	struct bgv_blob btfs[PROG_LOAD_BTFS_MAX];
	struct {
		void *addr;
		size_t bytes;
	} mapped[LEDGER_MAPS_MAX];
	uint32_t map_cnt, mapped_cnt;
};

void prog_bundle_free(struct prog_bundle *bundle)
{
	for (uint32_t i = 0; bundle && i < bundle->mapped_cnt; i++)
		munmap(bundle->mapped[i].addr, bundle->mapped[i].bytes);
	free(bundle);
}

static uint32_t prog_bundle_btf_idx(const struct prog_load *load, uint32_t btf_id)
{
	for (uint32_t i = 0; btf_id && i < load->btf_cnt; i++)
		if (load->btf_ids[i] == btf_id)
			return i + 1;
	return 0;
}

static void prog_bundle_fill_map(const struct prog_load *load, const struct ledger_rec *rec,
				 struct bgv_map *map)
{
	const struct ledger_map *shape = &rec->map;

	*map = (struct bgv_map){
		.type = shape->type,
		.key_size = shape->key_size,
		.value_size = shape->value_size,
		.max_entries = shape->max_entries,
		.map_flags = shape->map_flags,
		.map_extra = shape->map_extra,
		.btf_vmlinux_value_type_id = shape->btf_vmlinux_value_type_id,
		.has_excl_hash = shape->has_excl_hash != 0,
		.btf_idx = prog_bundle_btf_idx(load, shape->btf_id),
	};
	/* Type ids without the BTF they are of would mean nothing. */
	if (map->btf_idx) {
		map->btf_key_type_id = shape->btf_key_type_id;
		map->btf_value_type_id = shape->btf_value_type_id;
	}
	memcpy(map->excl_hash, shape->excl_hash, sizeof(map->excl_hash));
	memcpy(map->name, rec->name, sizeof(map->name) - 1);
}

/* bpf_map_info does not tell it; the descriptor's fdinfo does. */
static bool prog_bundle_is_frozen(int fd)
{
	char path[40], line[128];
	bool frozen = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		unsigned int value;

		if (sscanf(line, "frozen: %u", &value) == 1)
			frozen = value != 0;
	}
	fclose(file);
	return frozen;
}

/* A frozen array that no program writes is a constant; its contents may be read by mapping it. */
static void prog_bundle_add_contents(struct prog_bundle *bundle, const struct prog_map *from,
				     struct bgv_map *map)
{
	size_t bytes = (((size_t)map->value_size + 7) & ~(size_t)7) * map->max_entries;
	void *addr;

	if (map->type != BPF_MAP_TYPE_ARRAY || !(map->map_flags & BPF_F_RDONLY_PROG))
		return;
	map->frozen = prog_bundle_is_frozen(from->obj.fd);
	if (!map->frozen || !(map->map_flags & BPF_F_MMAPABLE) || bytes == 0 ||
	    bytes > PROG_BUNDLE_CONTENTS_MAX)
		return;
	addr = mmap(NULL, bytes, PROT_READ, MAP_SHARED, from->obj.fd, 0);
	if (addr == MAP_FAILED)
		return;
	bundle->mapped[bundle->mapped_cnt].addr = addr;
	bundle->mapped[bundle->mapped_cnt++].bytes = bytes;
	map->contents = addr;
	map->contents_bytes = bytes;
}

static void prog_bundle_add_maps(struct work *work, const struct prog_load *load,
				 struct prog_bundle *bundle)
{
	bundle->map_cnt = load->map_cnt;
	for (uint32_t i = 0; i < load->map_cnt; i++) {
		const struct ledger_rec *rec = load->maps[i].obj.rec, *inner;

		prog_bundle_fill_map(load, rec, &bundle->maps[i]);
		prog_bundle_add_contents(bundle, &load->maps[i], &bundle->maps[i]);
		inner = ledger_find(work->broker->ledger, LEDGER_MAP, rec->map.inner_id);
		if (!inner)
			continue;
		prog_bundle_fill_map(load, inner, &bundle->maps[bundle->map_cnt]);
		bundle->maps[i].inner_idx = ++bundle->map_cnt;
	}
}

static int prog_bundle_add_btfs(struct work *work, const struct prog_load *load,
				struct prog_bundle *bundle)
{
	for (uint32_t i = 0; i < load->btf_cnt; i++) {
		struct btf_blob blob;
		int r = btfs_find(work->broker->btfs, load->btf_ids[i], &blob);

		if (r < 0)
			return -ENOMEM;
		bundle->btfs[i] = (struct bgv_blob){ blob.data, blob.bytes };
	}
	return 0;
}

static struct bgv_blob prog_bundle_blob(const struct work *work, uint16_t at)
{
	const struct request_ptr *ptr = work_ptr(work, at);

	return (struct bgv_blob){ ptr->bytes ? ptr->data : NULL, ptr->bytes };
}

static void prog_bundle_fill_prog(const struct work *work, const struct prog_load *load,
				  uint32_t mode, struct bgv_program *prog)
{
	const struct request_ptr *license = work_ptr(work, ATTR_PROG_LOAD_LICENSE);

	prog->insns = load->judged_insns;
	prog->insn_cnt = load->rec.prog.insn_cnt;
	prog->prog_type = load->rec.prog.type;
	prog->expected_attach_type = load->rec.prog.expected_attach_type;
	prog->prog_flags = load->rec.prog.prog_flags;
	prog->prog_ifindex = work_u32(work, ATTR_PROG_LOAD_IFINDEX);
	prog->license = license->bytes ? (const char *)license->data : "";
	prog->name = load->rec.name;
	prog->prog_btf_idx = load->prog_btf_idx;
	prog->func_info = prog_bundle_blob(work, ATTR_PROG_LOAD_FUNC_INFO);
	prog->line_info = prog_bundle_blob(work, ATTR_PROG_LOAD_LINE_INFO);
	prog->core_relos = prog_bundle_blob(work, ATTR_PROG_LOAD_CORE_RELOS);
	prog->func_info_rec_size = work_u32(work, ATTR_PROG_LOAD_FUNC_INFO_REC_SIZE);
	prog->line_info_rec_size = work_u32(work, ATTR_PROG_LOAD_LINE_INFO_REC_SIZE);
	prog->core_relo_rec_size = work_u32(work, ATTR_PROG_LOAD_CORE_RELO_REC_SIZE);
	prog->func_info_cnt = work_u32(work, ATTR_PROG_LOAD_FUNC_INFO_CNT);
	prog->line_info_cnt = work_u32(work, ATTR_PROG_LOAD_LINE_INFO_CNT);
	prog->core_relo_cnt = work_u32(work, ATTR_PROG_LOAD_CORE_RELO_CNT);
	prog->attach_btf_id = load->rec.prog.attach_btf_id;
	prog->attach_btf_idx = load->attach_btf_idx;
	prog->attach_prog = load->target ? &load->target->prog : NULL;
	/* A function of a program is found by its number alone. */
	prog->attach_name = load->attach_name[0] && !load->target ? load->attach_name : NULL;
	prog->mode = (enum bgv_mode)mode;
	prog->caps = caps_to_bgv(load->caps);
}

int prog_bundle_new(struct work *work, const struct prog_load *load, uint32_t mode,
		    struct prog_bundle **ret_bundle)
{
	struct prog_bundle *bundle = calloc(1, sizeof(*bundle));
	struct bgv_program *prog;
	int r;

	if (!bundle)
		return -ENOMEM;
	prog = &bundle->prog;
	prog_bundle_fill_prog(work, load, mode, prog);
	prog_bundle_add_maps(work, load, bundle);
	r = prog_bundle_add_btfs(work, load, bundle);
	if (r < 0) {
		prog_bundle_free(bundle);
		return r;
	}
	prog->maps = bundle->maps;
	prog->map_cnt = bundle->map_cnt;
	prog->btfs = bundle->btfs;
	prog->btf_cnt = load->btf_cnt;
	for (uint32_t i = 0; i < load->map_cnt; i++)
		prog->fd_array_cnt += load->maps[i].bound;
	*ret_bundle = bundle;
	return 0;
}

const struct bgv_program *prog_bundle_prog(const struct prog_bundle *bundle)
{
	return &bundle->prog;
}

int prog_bundle_encode(struct work *work, const struct prog_load *load, uint32_t mode,
		       uint8_t **ret_bytes, size_t *ret_byte_cnt)
{
	struct prog_bundle *bundle = NULL;
	int r = prog_bundle_new(work, load, mode, &bundle);

	if (r >= 0)
		r = bundle_encode(&bundle->prog, NULL, ret_bytes, ret_byte_cnt);
	prog_bundle_free(bundle);
	return r;
}
