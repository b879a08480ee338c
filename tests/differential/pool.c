/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of programs that are mutated. Leaves out, and counts, what a guest's loader has no means for: module BTF,
 * fd arrays, programs attached to programs, names that the target kernel does not have. Trusts the files' owner.
 */
#include "tests/differential/pool.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/kernel_types.h"
#include "proto/own.h"
#include "tests/differential/program.h"

/* A guest has 256 MB for all maps of a batch. */
#define POOL_ENTRIES_MAX 4096u
#define POOL_MAP_BYTES_MAX (1ull << 20)

int pool_add(struct pool *pool, const struct bgv_program *prog, const char *source)
{
	struct bundle_answer answer = { .source = source };
	struct pool_base base = { 0 };
	int r;

	if (pool->cnt == pool->room) {
		uint32_t room = pool->room ? 2 * pool->room : 256;
		struct pool_base *grown = realloc(pool->bases, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		pool->bases = grown;
		pool->room = room;
	}
	r = bundle_encode(prog, &answer, &base.bytes, &base.bytes_cnt);
	if (r < 0)
		return r;
	r = bundle_decode(base.bytes, base.bytes_cnt, &base.bundle);
	if (r < 0) {
		free(base.bytes);
		return r;
	}
	pool->bases[pool->cnt++] = base;
	return 0;
}

void pool_done(struct pool *pool)
{
	for (uint32_t i = 0; i < pool->cnt; i++) {
		bundle_free(pool->bases[i].bundle);
		free(pool->bases[i].bytes);
	}
	free(pool->bases);
	*pool = (struct pool){ 0 };
}

/* Smaller maps judge alike, but for rules that compare with max_entries: both sides see the same. */
static void shrink_map(struct bgv_map *map)
{
	uint64_t each = (uint64_t)map->key_size + map->value_size;

	if (map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_USER_RINGBUF) {
		map->max_entries = 4096;
		return;
	}
	if (map->max_entries > POOL_ENTRIES_MAX)
		map->max_entries = POOL_ENTRIES_MAX;
	if (map->max_entries > 1 && each * map->max_entries > POOL_MAP_BYTES_MAX)
		map->max_entries = (uint32_t)(POOL_MAP_BYTES_MAX / each) + 1;
}

static bool map_fits(const struct bgv_map *map)
{
	/* an arena must be mapped by its user before a program may name it */
	return (uint64_t)map->value_size * map->max_entries <= 8 * POOL_MAP_BYTES_MAX && !map->has_excl_hash &&
	       map->type != KERNEL_MAP_ARENA;
}

static bool fits(const struct bgv_program *prog)
{
	if (!prog->insn_cnt || prog->insn_cnt > PROGRAM_INSNS_MAX * 3 / 4 || prog->func_info_cnt > PROGRAM_FUNCS_MAX ||
	    prog->attach_prog || prog->attach_btf_idx || prog->prog_ifindex || prog->fd_array_cnt ||
	    prog->prog_type == BPF_PROG_TYPE_EXT || prog->prog_type == BPF_PROG_TYPE_STRUCT_OPS || prog->map_cnt > 32 || prog->btf_cnt > 8)
		return false;
	for (uint32_t i = 0; i < prog->map_cnt; i++)
		if (!map_fits(&prog->maps[i]))
			return false;
	for (uint32_t i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL && insn->off)
			return false;
		if (!program_is_wide(insn))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_IDX || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE ||
		    (insn->src_reg == BPF_PSEUDO_BTF_ID && i + 1 < prog->insn_cnt && insn[1].imm))
			return false;
		i++;
	}
	return true;
}

struct adding {
	struct pool *pool;
	struct casenames *names;
};

static int add_case(void *arg, struct tcase *c)
{
	struct adding *adding = arg;
	char source[300];
	bool missing;
	int r;

	casenames_resolve(adding->names, c);
	missing = adding->names->missing;
	adding->names->missing = adding->names->used = false;
	c->prog.mode = BGV_MODE_FULL;
	c->prog.caps = BGV_CAP_ALL;
	c->prog.attach_name = NULL;
	for (uint32_t i = 0; i < c->prog.map_cnt; i++) {
		shrink_map(&c->maps[i]);
		missing = missing || c->map_value[i][0];
	}
	/* where we differ on purpose, mutants do too */
	if (missing || c->kernel_differs || !fits(&c->prog)) {
		adding->pool->left_out++;
		return 0;
	}
	snprintf(source, sizeof(source), "case:%s", c->name);
	r = pool_add(adding->pool, &c->prog, source);
	if (r == -EINVAL)
		adding->pool->left_out++;
	return r == -EINVAL ? 0 : r;
}

int pool_add_cases(struct pool *pool, const char *path, struct casenames *names)
{
	struct adding adding = { pool, names };
	struct asm_names lookup = casenames_asm(names);
	FILE *file = fopen(path, "re");
	int r;

	if (!file)
		return -errno;
	names->missing = names->used = false;
	r = casefile_read(file, path, &lookup, add_case, &adding);
	(void)fclose(file);
	return r;
}

/* The target's id of what the recording kernel knew as id. */
static bool rename_id(const struct btf *recorded, const struct casenames *names, uint32_t *id)
{
	const struct btf_type *type = recorded ? btf__type_by_id(recorded, *id) : NULL;
	const char *name = type ? btf__name_by_offset(recorded, type->name_off) : NULL;
	int found;

	if (!recorded)
		return true;
	if (!name || !*name || !names->vmlinux)
		return false;
	found = btf__find_by_name_kind(names->vmlinux, name, btf_kind(type));
	if (found > 0)
		*id = (uint32_t)found;
	return found > 0;
}

static bool rename_insns(struct bpf_insn *insns, uint32_t cnt, const struct btf *recorded, const struct casenames *names)
{
	for (uint32_t i = 0; i < cnt; i++) {
		struct bpf_insn *insn = &insns[i];
		bool kfunc = insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL;
		bool wide = program_is_wide(insn);
		uint32_t id = (uint32_t)insn->imm;

		if ((kfunc || (wide && insn->src_reg == BPF_PSEUDO_BTF_ID)) && insn->imm) {
			if (!rename_id(recorded, names, &id))
				return false;
			insn->imm = (int32_t)id;
		}
		i += wide;
	}
	return true;
}

/* Program types whose attach target may be given by name only get its id; the guest wants one. */
static bool name_target(struct bgv_program *prog, struct casenames *names)
{
	struct tcase c = { .prog = *prog };

	if (prog->attach_btf_id || !prog->attach_name)
		return true;
	snprintf(c.attach_name, sizeof(c.attach_name), "%s", prog->attach_name);
	names->missing = false;
	casenames_resolve(names, &c);
	prog->attach_btf_id = c.prog.attach_btf_id;
	prog->attach_name = NULL;
	return c.prog.attach_btf_id && !names->missing;
}

static int add_decoded(struct pool *pool, const struct bundle *bundle, const struct btf *recorded, struct casenames *names)
{
	struct bgv_program prog = bundle->prog;
	OWN_MEM struct bpf_insn *insns = malloc(prog.insn_cnt * sizeof(*insns) + 1);
	OWN_MEM struct bgv_map *maps = malloc(prog.map_cnt * sizeof(*maps) + 1);

	if (!insns || !maps)
		return -ENOMEM;
	memcpy(insns, prog.insns, prog.insn_cnt * sizeof(*insns));
	if (prog.map_cnt)
		memcpy(maps, prog.maps, prog.map_cnt * sizeof(*maps));
	prog.insns = insns;
	prog.maps = maps;
	prog.mode = BGV_MODE_FULL;
	prog.caps = BGV_CAP_ALL;
	prog.line_info = prog.core_relos = (struct bgv_blob){ 0 };
	prog.line_info_cnt = prog.core_relo_cnt = prog.line_info_rec_size = prog.core_relo_rec_size = 0;
	for (uint32_t i = 0; i < prog.map_cnt; i++) {
		shrink_map(&maps[i]);
		if (maps[i].btf_vmlinux_value_type_id)
			return -EINVAL;
	}
	if (!fits(&prog) || !rename_insns(insns, prog.insn_cnt, recorded, names) || !name_target(&prog, names) ||
	    (prog.attach_btf_id && bundle->prog.attach_btf_id && !rename_id(recorded, names, &prog.attach_btf_id)))
		return -EINVAL;
	return pool_add(pool, &prog, bundle->answer.source);
}

int pool_add_bundle(struct pool *pool, const char *path, const struct btf *recorded, struct casenames *names)
{
	OWN_BUNDLE struct bundle *bundle = NULL;
	OWN_MEM uint8_t *bytes = NULL;
	FILE *file = fopen(path, "re");
	long size = -1;
	int r = -EIO;

	if (!file)
		return -errno;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 && (bytes = malloc((size_t)size))) {
		rewind(file);
		if (fread(bytes, (size_t)size, 1, file) == 1)
			r = bundle_decode(bytes, (size_t)size, &bundle);
	}
	(void)fclose(file);
	if (r == 0)
		r = add_decoded(pool, bundle, recorded, names);
	if (r < 0)
		pool->left_out++;
	return r == -ENOMEM ? r : 0;
}
