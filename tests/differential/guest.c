/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half that runs in the guest, static: loads programs into its kernel and prints a line for each,
 * "ID ERRNO PROCESSED REASON". Programs come from seeds (guest seeds FIRST CNT; REASON is "-", which saves a
 * load) or from a file of gen_print() lines (guest file PATH; ID = line number, REASON the kernel's last words).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/differential/gen.h"

static char log_text[1 << 18];

static int map_fds[GEN_MAP_CNT];

static int guest_maps(void)
{
	for (int i = 0; i < GEN_MAP_CNT; i++) {
		union bpf_attr attr = { .map_type = gen_maps[i].type,
					.key_size = gen_maps[i].key_size,
					.value_size = gen_maps[i].value_size,
					.max_entries = gen_maps[i].max_entries };

		map_fds[i] = (int)syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
		if (map_fds[i] < 0)
			return -errno;
	}
	return 0;
}

/* The map index in each ld_imm64 becomes this process's fd; an index that is none becomes a bad fd. */
static void guest_fill_maps(struct gen_program *program)
{
	for (uint32_t i = 0; i < program->insn_cnt; i++) {
		struct bpf_insn *insn = &program->insns[i];

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_FD || insn->src_reg == BPF_PSEUDO_MAP_VALUE)
			insn->imm = (uint32_t)insn->imm < GEN_MAP_CNT ? map_fds[insn->imm] : 0x7ffffff;
		i++;
	}
}

static int guest_load(struct gen_program *program, uint32_t log_level)
{
	union bpf_attr attr = { .prog_type = program->prog_type,
				.expected_attach_type = program->expected_attach_type,
				.insns = (uint64_t)(uintptr_t)program->insns,
				.insn_cnt = program->insn_cnt,
				.license = (uint64_t)(uintptr_t) "GPL",
				.log_level = log_level,
				.log_buf = (uint64_t)(uintptr_t)log_text,
				.log_size = sizeof(log_text) };
	long fd;

	log_text[0] = '\0';
	fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* The line before "processed", which says why. */
static const char *guest_reason(void)
{
	char *end = strstr(log_text, "\nprocessed "), *start;

	if (!end)
		return "-";
	*end = '\0';
	start = strrchr(log_text, '\n');
	return start ? start + 1 : log_text;
}

static void guest_judge(const char *id, struct gen_program *program, int with_reason)
{
	unsigned long processed = 0;
	const char *text;
	int r;

	guest_fill_maps(program);
	r = guest_load(program, 4);
	text = strstr(log_text, "processed ");
	if (text)
		processed = strtoul(text + 10, NULL, 10);
	if (r < 0 && with_reason)
		(void)guest_load(program, 1);
	printf("%s %d %lu %s\n", id, -r, processed, r < 0 && with_reason ? guest_reason() : "-");
}

static int guest_file(const char *path)
{
	static char line[GEN_INSNS_MAX * 16 + 64];
	FILE *file = fopen(path, "r");
	unsigned int number = 0;

	if (!file)
		return 2;
	while (fgets(line, sizeof(line), file)) {
		struct gen_program program;
		char id[16];

		snprintf(id, sizeof(id), "%u", number++);
		if (gen_parse(line, &program) == 0)
			guest_judge(id, &program, 1);
	}
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3 || guest_maps() < 0)
		return 2;
	if (!strcmp(argv[1], "file"))
		return guest_file(argv[2]);
	for (uint64_t seed = strtoull(argv[2], NULL, 10), cnt = strtoull(argv[3], NULL, 10); cnt; seed++, cnt--) {
		struct gen_program program;
		char id[32];

		snprintf(id, sizeof(id), "%llu", (unsigned long long)seed);
		gen_make(seed, &program);
		guest_judge(id, &program, 0);
	}
	return 0;
}
