/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a relocated object to facts. It mirrors what the broker records at MAP_CREATE and PROG_LOAD, with
 * the caller's own rights and from a file instead of a request: what it says is a forecast, the broker's
 * own scan decides. Trusts libbpf no more than the file.
 */
#include "client/check/object_facts.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "object/btfname.h"
#include "object/elf.h"
#include "proto/cmd.h"
#include "proto/own.h"

#define VMLINUX_BTF	  "/sys/kernel/btf/vmlinux"
#define VMLINUX_BTF_MAX	  (64u << 20)
#define HELPER_ID_MAX	  4096u	  /* libbpf's poison for calls that a kernel lacks is far above */
#define MAP_BASE_BYTES	  4096u
#define MAP_ELEM_OVERHEAD 96u

struct reading {
	struct object_facts *facts;
	const struct signature_file *file;
	const struct btfname *names;
	int error;
};

static bool grow(void **array, size_t cnt, size_t size)
{
	void *grown = realloc(*array, (cnt + 1) * size);

	if (!grown)
		return false;
	*array = grown;
	memset((char *)grown + cnt * size, 0, size);
	return true;
}

/* As the daemon counts: see daemon/broker/store/mapsize.c. */
static uint64_t map_bytes(const struct bgv_map *map)
{
	uint64_t key = ((uint64_t)map->key_size + 7) & ~7ULL, value = ((uint64_t)map->value_size + 7) & ~7ULL;
	uint64_t entries = map->max_entries ? map->max_entries : 1, bytes;
	bool is_array = map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY;

	if (map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_USER_RINGBUF)
		return (uint64_t)map->max_entries + 3ULL * MAP_BASE_BYTES;
	if (map->type == KERNEL_MAP_ARENA)
		return (entries + 1) * MAP_BASE_BYTES;
	if (cmd_value_is_percpu(map->type))
		value *= (uint64_t)sysconf(_SC_NPROCESSORS_CONF);
	if (!SIZE_MUL(is_array ? value : key + value + MAP_ELEM_OVERHEAD, entries, &bytes) ||
	    !SIZE_ADD(bytes, (uint64_t)MAP_BASE_BYTES, &bytes))
		return UINT64_MAX;
	return bytes;
}

/* The object's own list of maps: each by name once, although several programs use it. */
static void add_object_map(struct reading *rd, const struct bgv_map *map)
{
	struct object_facts *facts = rd->facts;
	struct object_map *own;
	size_t i;

	for (i = 0; i < facts->map_cnt; i++) {
		if (strncmp(facts->maps[i].name, map->name, sizeof(map->name)) == 0)
			return;
	}
	if (!grow((void **)&facts->maps, facts->map_cnt, sizeof(*facts->maps))) {
		rd->error = -ENOMEM;
		return;
	}
	own = &facts->maps[facts->map_cnt++];
	memcpy(own->name, map->name, sizeof(own->name) - 1);
	own->facts = (struct policy_map_facts){ .type = map->type, .bytes = map_bytes(map) };
}

static void add_maps(struct reading *rd, struct object_prog *own, const struct bgv_program *prog)
{
	uint32_t i;

	own->maps = calloc(prog->map_cnt + 1, sizeof(*own->maps));
	if (!own->maps) {
		rd->error = -ENOMEM;
		return;
	}
	for (i = 0; i < prog->map_cnt; i++) {
		own->maps[i] = (struct policy_map_facts){ .type = prog->maps[i].type,
							  .bytes = map_bytes(&prog->maps[i]) };
		add_object_map(rd, &prog->maps[i]);
	}
	own->facts.maps = own->maps;
	own->facts.map_cnt = prog->map_cnt;
}

static void add_kfunc(struct reading *rd, struct object_prog *own, uint32_t btf_id)
{
	const char *name = rd->names ? btfname_get(rd->names, btf_id) : NULL;
	size_t i;

	name = name ? name : "?";
	for (i = 0; i < own->facts.kfunc_cnt; i++) {
		if (strcmp(own->kfuncs[i], name) == 0)
			return;
	}
	if (!grow((void **)&own->kfuncs, own->facts.kfunc_cnt, sizeof(*own->kfuncs)) ||
	    !(own->kfuncs[own->facts.kfunc_cnt] = strdup(name))) {
		rd->error = -ENOMEM;
		return;
	}
	own->facts.kfunc_cnt++;
	own->facts.kfuncs = (const char *const *)own->kfuncs;
}

static void add_calls(struct reading *rd, struct object_prog *own, const struct bgv_program *prog)
{
	uint32_t i;

	for (i = 0; i < prog->insn_cnt; i++) {
		const struct bpf_insn *insn = &prog->insns[i];

		if (insn->code == (BPF_LD | BPF_DW | BPF_IMM)) {
			i++; /* its second half is not an instruction */
			continue;
		}
		if (insn->code != (BPF_JMP | BPF_CALL))
			continue;
		if (insn->src_reg == 0 && (uint32_t)insn->imm < HELPER_ID_MAX)
			policy_helper_add(&own->facts, (uint32_t)insn->imm);
		else if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
			add_kfunc(rd, own, (uint32_t)insn->imm);
	}
}

/* Types that say at the load where they will be attached. */
static void add_target(struct reading *rd, struct object_prog *own, const struct bgv_program *prog)
{
	const char *prefix = "";
	enum policy_attach_kind kind = policy_attach_at_load(prog->prog_type, prog->expected_attach_type, &prefix);
	const char *name = prog->attach_btf_id && rd->names ? btfname_get(rd->names, prog->attach_btf_id) :
							      prog->attach_name;

	if (kind == POLICY_ATTACH_NONE || !name)
		return;
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		name += strlen(prefix);
	own->attach_name = strdup(name);
	own->target = (struct policy_target){ .kind = kind, .name = own->attach_name };
	own->has_target = own->attach_name != NULL;
}

static void add_digests(struct reading *rd, struct object_prog *own, const struct elf_program *program)
{
	struct elf_result result = { 0 };

	memcpy(own->digests[0], rd->file->sha256, POLICY_SHA256_LEN);
	own->facts.digest_cnt = 1;
	elf_result_fill(program, rd->names, &result);
	if (result.err == 0) {
		memcpy(own->digests[1], result.digest, POLICY_SHA256_LEN);
		own->facts.digest_cnt = 2;
	}
}

static void add_program(struct reading *rd, const struct elf_program *program)
{
	const struct bgv_program *prog = program->prog;
	struct object_facts *facts = rd->facts;
	struct object_prog *own;

	if (!grow((void **)&facts->progs, facts->prog_cnt, sizeof(*facts->progs))) {
		rd->error = -ENOMEM;
		return;
	}
	own = &facts->progs[facts->prog_cnt++];
	own->name = strdup(program->name ? program->name : "?");
	own->facts.type = prog->prog_type;
	own->facts.insn_cnt = prog->insn_cnt;
	own->facts.sleepable = prog->prog_flags & BPF_F_SLEEPABLE;
	add_maps(rd, own, prog);
	add_calls(rd, own, prog);
	add_target(rd, own, prog);
	add_digests(rd, own, program);
}

static void add_unloadable(struct reading *rd, const struct elf_program *program)
{
	struct object_facts *facts = rd->facts;

	if (!grow((void **)&facts->unloadable, facts->unloadable_cnt, sizeof(*facts->unloadable)) ||
	    asprintf(&facts->unloadable[facts->unloadable_cnt], "%s: %s",
		     program->name ? program->name : "?", program->reason ? program->reason : "?") < 0)
		rd->error = -ENOMEM;
	else
		facts->unloadable_cnt++;
}

static void on_program(void *arg, const struct elf_program *program)
{
	struct reading *rd = arg;

	if (program->prog)
		add_program(rd, program);
	else
		add_unloadable(rd, program);
}

/* Pointers into arrays that have stopped growing. */
static void settle(struct object_facts *facts)
{
	size_t i;

	for (i = 0; i < facts->prog_cnt; i++) {
		facts->progs[i].facts.name = facts->progs[i].name;
		facts->progs[i].facts.digests =
			(const uint8_t(*)[POLICY_SHA256_LEN])facts->progs[i].digests;
	}
	for (i = 0; i < facts->map_cnt; i++)
		facts->maps[i].facts.name = facts->maps[i].name;
}

int object_facts_read(const struct signature_file *file, struct object_facts *ret_facts)
{
	struct elf_options options = { .mode = BGV_MODE_FULL, .caps = BGV_CAP_ALL };
	struct reading rd = { .facts = ret_facts, .file = file };
	struct btfname *names = NULL;
	OWN_MEM uint8_t *btf = NULL;
	int r;

	memset(ret_facts, 0, sizeof(*ret_facts));
	if (signature_read_file(VMLINUX_BTF, VMLINUX_BTF_MAX, &btf, &options.vmlinux_btf_bytes) == 0) {
		options.vmlinux_btf = btf;
		(void)btfname_new(btf, options.vmlinux_btf_bytes, NULL, &names);
	}
	rd.names = names;
	r = elf_programs(file->bytes, file->object_len, &options, on_program, &rd);
	btfname_free(names);
	if (r == 0)
		r = rd.error;
	if (r < 0)
		object_facts_done(ret_facts);
	else
		settle(ret_facts);
	return r;
}

static void prog_done(struct object_prog *prog)
{
	size_t i;

	for (i = 0; i < prog->facts.kfunc_cnt; i++)
		free(prog->kfuncs[i]);
	free(prog->kfuncs);
	free(prog->name);
	free(prog->attach_name);
	free(prog->maps);
}

void object_facts_done(struct object_facts *facts)
{
	size_t i;

	for (i = 0; i < facts->prog_cnt; i++)
		prog_done(&facts->progs[i]);
	for (i = 0; i < facts->unloadable_cnt; i++)
		free(facts->unloadable[i]);
	free(facts->progs);
	free(facts->maps);
	free(facts->unloadable);
	memset(facts, 0, sizeof(*facts));
}
