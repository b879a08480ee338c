/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half that runs here: judges the same programs with the library and compares with what a guest's kernel said.
 *
 *     compare VERSION BTF seeds    guest lines on stdin, ids are seeds; a line for each difference
 *     compare VERSION BTF file F   the same for programs in F, ids are line numbers
 *     compare - - shrink           gen_print() lines on stdin: each program's one-step reductions, "PARENT LINE"
 *
 * A difference is "ID CLASS KERNEL-ERRNO OUR-ERRNO KERNEL-COUNT OUR-COUNT OUR-MESSAGE"; the last line sums up:
 * "programs N agreed N laxer N stricter N errno N count N unsupported N". Trusts its own tools for the form.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/own.h"
#include "tests/differential/gen.h"
#include "verifier/bpfgate-verifier.h"

enum difference { AGREED, LAXER, STRICTER, ERRNO, COUNT, UNSUPPORTED, DIFFERENCE_CNT };

static const char *const difference_names[] = { "agreed", "laxer", "stricter", "errno", "count", "unsupported" };

/* An index into an fd_array that is not there: what the library knows it by. */
#define NO_ARRAY_INDEX (INT32_MAX - 2)

static void judge(const struct bgv_target *target, const struct gen_program *program, struct bgv_result *ret_result)
{
	struct bgv_map maps[GEN_MAP_CNT] = { 0 };
	struct gen_program told = *program;
	struct bgv_program prog = {
		.insns = told.insns,
		.insn_cnt = program->insn_cnt,
		.prog_type = program->prog_type,
		.expected_attach_type = program->expected_attach_type,
		.license = "GPL",
		.maps = maps,
		.map_cnt = GEN_MAP_CNT,
		.mode = BGV_MODE_FULL,
		.caps = BGV_CAP_ALL,
	};

	for (uint32_t i = 0; i < told.insn_cnt; i++) {
		struct bpf_insn *insn = &told.insns[i];

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insn->src_reg == BPF_PSEUDO_MAP_IDX || insn->src_reg == BPF_PSEUDO_MAP_IDX_VALUE)
			insn->imm = NO_ARRAY_INDEX;
		i++;
	}
	for (int i = 0; i < GEN_MAP_CNT; i++) {
		maps[i].type = gen_maps[i].type;
		maps[i].key_size = gen_maps[i].key_size;
		maps[i].value_size = gen_maps[i].value_size;
		maps[i].max_entries = gen_maps[i].max_entries;
	}
	if (bgv_verify(target, &prog, NULL, ret_result) < 0) {
		fprintf(stderr, "compare: out of memory\n");
		exit(2);
	}
}

static enum difference classify(int kernel_err, unsigned long kernel_cnt, const struct bgv_result *ours)
{
	if (ours->verdict == BGV_UNSUPPORTED || ours->verdict == BGV_UNDECIDED)
		return UNSUPPORTED;
	if (kernel_err && ours->verdict == BGV_ACCEPT)
		return LAXER;
	if (!kernel_err && ours->verdict == BGV_REJECT)
		return STRICTER;
	if (kernel_err && kernel_err != ours->err)
		return ERRNO;
	return !kernel_err && kernel_cnt != ours->stats.insn_processed ? COUNT : AGREED;
}

static void compare_one(const struct bgv_target *target, const char *id, int kernel_err, unsigned long kernel_cnt,
			const struct gen_program *program, unsigned int counts[])
{
	struct bgv_result ours;
	enum difference difference;

	judge(target, program, &ours);
	difference = classify(kernel_err, kernel_cnt, &ours);
	counts[difference]++;
	if (difference != AGREED)
		printf("%s %s %d %d %lu %llu %s\n", id, difference_names[difference], kernel_err, ours.err, kernel_cnt,
		       (unsigned long long)ours.stats.insn_processed, ours.message);
	bgv_result_done(&ours);
}

static int load_programs(const char *path, struct gen_program **ret_programs, size_t *ret_cnt)
{
	char line[GEN_INSNS_MAX * 16 + 64];
	FILE *file = fopen(path, "r");
	size_t cnt = 0;

	*ret_programs = NULL;
	while (file && fgets(line, sizeof(line), file)) {
		struct gen_program *grown = realloc(*ret_programs, (cnt + 1) * sizeof(**ret_programs));

		if (!grown)
			return -ENOMEM;
		*ret_programs = grown;
		if (gen_parse(line, &grown[cnt]) == 0)
			cnt++;
	}
	if (!file)
		return -errno;
	fclose(file);
	*ret_cnt = cnt;
	return 0;
}

static int compare_all(const struct bgv_target *target, const char *path)
{
	struct gen_program *programs = NULL, made;
	unsigned int counts[DIFFERENCE_CNT] = { 0 }, total = 0;
	unsigned long kernel_cnt;
	size_t cnt = 0;
	int kernel_err;
	char line[1024], id[32];

	if (path && load_programs(path, &programs, &cnt) < 0)
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		const struct gen_program *program = &made;

		if (sscanf(line, "%31s %d %lu", id, &kernel_err, &kernel_cnt) != 3)
			continue;
		if (!path)
			gen_make(strtoull(id, NULL, 10), &made);
		else if (strtoul(id, NULL, 10) < cnt)
			program = &programs[strtoul(id, NULL, 10)];
		else
			continue;
		compare_one(target, id, kernel_err, kernel_cnt, program, counts);
		total++;
	}
	free(programs);
	printf("programs %u", total);
	for (int i = 0; i < DIFFERENCE_CNT; i++)
		printf(" %s %u", difference_names[i], counts[i]);
	putchar('\n');
	return 0;
}

static bool is_wide(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* Does this instruction jump, and by which field? 1: off, 2: imm (a call of a function). */
static int jump_kind(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	if (class != BPF_JMP && class != BPF_JMP32)
		return 0;
	if (op == BPF_CALL)
		return insn->src_reg == BPF_PSEUDO_CALL ? 2 : 0;
	return op == BPF_EXIT ? 0 : 1;
}

/* program without cnt instructions at `at`; jumps across it follow their targets. */
static void without(const struct gen_program *program, uint32_t at, uint32_t cnt, struct gen_program *ret_program)
{
	uint32_t n = 0;

	*ret_program = *program;
	for (uint32_t i = 0; i < program->insn_cnt; i++) {
		struct bpf_insn insn = program->insns[i];
		int kind = jump_kind(&insn);
		int target = (int)i + 1 + (kind == 2 ? insn.imm : insn.off);
		int change = kind ? ((int)i < (int)at && target > (int)at) - ((int)i > (int)at && target <= (int)at) : 0;

		if (i >= at && i < at + cnt)
			continue;
		if (kind == 1)
			insn.off = (int16_t)(insn.off - change * (int)cnt);
		else if (kind == 2)
			insn.imm -= change * (int)cnt;
		ret_program->insns[n++] = insn;
	}
	ret_program->insn_cnt = n;
}

static void print_candidate(unsigned int parent, const struct gen_program *program)
{
	printf("%u ", parent);
	gen_print(stdout, program);
}

static void shrink_one(unsigned int parent, const struct gen_program *program)
{
	for (uint32_t i = 0; i < program->insn_cnt; i++) {
		uint32_t cnt = is_wide(&program->insns[i]) && i + 1 < program->insn_cnt ? 2 : 1;
		struct gen_program smaller;

		without(program, i, cnt, &smaller);
		if (smaller.insn_cnt)
			print_candidate(parent, &smaller);
		if (i + 8 < program->insn_cnt && i % 4 == 0) {
			without(program, i, 8, &smaller);
			print_candidate(parent, &smaller);
		}
		i += cnt - 1;
	}
}

static int shrink_all(void)
{
	static char line[GEN_INSNS_MAX * 16 + 64];
	unsigned int parent = 0;

	while (fgets(line, sizeof(line), stdin)) {
		struct gen_program program;

		if (gen_parse(line, &program) == 0)
			shrink_one(parent, &program);
		parent++;
	}
	return 0;
}

/* The guest's BTF, when given; the profile's rules that need none work without. */
static void *read_file(const char *path, size_t *ret_bytes)
{
	FILE *file = fopen(path, "r");
	char *bytes = NULL;
	long size;

	*ret_bytes = 0;
	if (!file)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 && (bytes = malloc((size_t)size))) {
		rewind(file);
		*ret_bytes = fread(bytes, 1, (size_t)size, file);
	}
	fclose(file);
	return bytes;
}

int main(int argc, char **argv)
{
	struct bgv_target_spec spec = { .nr_cpus = 1, .flags = BGV_TARGET_MITIGATIONS_OFF };
	struct bgv_target *target;
	OWN_MEM void *btf = NULL;
	int r;

	if (argc >= 4 && !strcmp(argv[3], "shrink"))
		return shrink_all();
	if (argc >= 5 && !strcmp(argv[3], "print")) { /* compare - - print SEED... */
		for (int i = 4; i < argc; i++) {
			struct gen_program program;

			gen_make(strtoull(argv[i], NULL, 10), &program);
			gen_print(stdout, &program);
		}
		return 0;
	}
	if (argc < 4)
		return 2;
	spec.version = argv[1];
	spec.vmlinux_btf = btf = read_file(argv[2], &spec.vmlinux_btf_bytes);
	r = bgv_target_new(&spec, &target);
	if (r < 0) {
		fprintf(stderr, "compare: no profile for %s: %s\n", argv[1], strerror(-r));
		return 2;
	}
	r = compare_all(target, !strcmp(argv[3], "file") && argc > 4 ? argv[4] : NULL);
	bgv_target_free(target);
	return r;
}
