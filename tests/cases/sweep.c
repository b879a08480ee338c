/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep [--write] [PART]: what the text cases do not go through one by one: values and operators,
 * generated programs, every helper with every sort of argument, every hook. What comes out is
 * compared with sweeps/PART.tsv, which --write records again. Parts that ask the kernel's BTF are
 * compared where it is the recorded one.
 */
#include "proto/own.h"
#include "tests/cases/sweep.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#ifndef CASES_DIR
#define CASES_DIR "tests/cases"
#endif
#define ROW_BYTES      512
#define TEXT_INSNS_MAX 500

const char *const sweep_versions[PROFILE_CNT] = { "6.1.192", "6.12.117", "6.18.15", "6.18.44", "7.0", "7.1", "7.2", "7.3" };

static const struct {
	const char *name;
	void (*run)(struct sweep *s);
	bool kernel; /* asks the running kernel's BTF */
} parts[] = {
	{ "values", sweep_values, false },	  { "generated", sweep_generated, false },
	{ "helpers", sweep_helpers, true },	  { "kfuncs", sweep_kfuncs, true },
	{ "attach", sweep_attach, true },	  { "functions", sweep_functions, true },
	{ "extensions", sweep_extensions, true }, { "actions", sweep_actions, true },
	{ "kernel", sweep_kernel, false },	  { "btf", sweep_btf, false },
	{ "memory", sweep_memory, true },	  { "explained", sweep_explained, true },
	{ "allowed", sweep_allowed, false },	  { "protos", sweep_protos, false },
};

void sweep_row(struct sweep *s, const char *name, const char *text, const struct digest *d)
{
	char row[ROW_BYTES], recorded[ROW_BYTES] = "";

	snprintf(row, sizeof(row), "%s\t%s\t%08x", name, text, (uint32_t)d->hash);
	if (s->write) {
		fprintf(s->rows, "%s\n", row);
		return;
	}
	if (s->rows && fgets(recorded, sizeof(recorded), s->rows))
		recorded[strcspn(recorded, "\n")] = '\0';
	if (!strcmp(row, recorded)) {
		s->passed++;
		return;
	}
	s->failed++;
	if (getenv("ENDS_AT_FIRST_FAILURE")) /* ./dev mutate asks no more */
		exit(1);
	printf("%s: was %s\n%s:  is %s\n", s->part, recorded[0] ? recorded : "not recorded",
	       s->part, row);
}

bool sweep_judge(struct sweep *s, struct digest *d, enum profile profile, bool full,
		 const struct bgv_program *prog, uint32_t insns_max)
{
	const struct bgv_options opt = { .limits.insns = insns_max };
	const struct bgv_target *target = full ? s->full[profile] : s->plain[profile];
	struct bgv_result res;
	bool accepted;

	if (digest_verify(d, target, prog, &opt, &res) < 0)
		exit(2);
	accepted = res.verdict == BGV_ACCEPT;
	bgv_result_done(&res);
	return accepted;
}

struct text_run {
	struct sweep *s;
	struct digest *d;
	unsigned int accepted;
};

static int text_case(void *arg, struct tcase *c)
{
	struct text_run *run = arg;

	casenames_resolve(&run->s->names, c);
	run->s->names.used = run->s->names.missing = false;
	for (int p = 0; p < PROFILE_CNT; p++)
		run->accepted += sweep_judge(run->s, run->d, (enum profile)p, true, &c->prog,
					     TEXT_INSNS_MAX);
	return 0;
}

unsigned int sweep_text(struct sweep *s, struct digest *d, const char *text)
{
	struct text_run run = { s, d, 0 };
	struct asm_names names = casenames_asm(&s->names);
	FILE *f = fmemopen((void *)text, strlen(text), "r");

	if (!f || casefile_read(f, s->part, &names, text_case, &run) < 0) {
		fprintf(stderr, "%s\n", text);
		exit(2);
	}
	fclose(f);
	return run.accepted;
}

static uint64_t sweep_begin(struct sweep *s, const char *part, uint64_t vmlinux)
{
	char path[4096], line[ROW_BYTES] = "";
	uint64_t recorded = 0;

	snprintf(path, sizeof(path), "%s/sweeps/%s.tsv", CASES_DIR, part);
	s->part = part;
	s->rows = fopen(path, s->write ? "we" : "re");
	if (s->rows && s->write)
		fprintf(s->rows, "# vmlinux BTF %016" PRIx64 "; recorded by sweep --write\n",
			vmlinux);
	else if (s->rows && fgets(line, sizeof(line), s->rows))
		sscanf(line, "# vmlinux BTF %" SCNx64, &recorded);
	return recorded;
}

static void sweep_targets(struct sweep *s)
{
	for (int p = 0; p < PROFILE_CNT; p++) {
		struct bgv_target_spec spec = { .version = sweep_versions[p], .nr_cpus = 2 };

		if (bgv_target_new(&spec, &s->plain[p]) < 0)
			exit(2);
		spec.vmlinux_btf = s->names.vmlinux_data;
		spec.vmlinux_btf_bytes = s->names.vmlinux_bytes;
		if (s->names.vmlinux && bgv_target_new(&spec, &s->full[p]) < 0)
			exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct sweep s;
	struct digest btf = { 0 };
	const char *only;

	s.write = argc > 1 && !strcmp(argv[1], "--write");
	only = argc > 1 + s.write ? argv[1 + s.write] : NULL;
	if (only && *only == '-') {
		fprintf(stderr, "usage: sweep [--write] [PART]\n");
		return 2;
	}
	mallopt(M_MMAP_THRESHOLD, 1 << 28);
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	casenames_init(&s.names);
	if (s.names.vmlinux)
		digest_bytes(&btf, s.names.vmlinux_data, s.names.vmlinux_bytes);
	sweep_targets(&s);
	for (size_t i = 0; i < ARRAY_CNT(parts); i++) {
		uint64_t recorded;

		if (only && strcmp(only, parts[i].name))
			continue;
		recorded = sweep_begin(&s, parts[i].name, btf.hash);

		if (!parts[i].kernel || (s.names.vmlinux && (s.write || recorded == btf.hash)))
			parts[i].run(&s);
		else
			s.skipped++;
		if (s.rows)
			fclose(s.rows);
	}
	if (!s.write)
		printf("%u passed, %u failed, %u skipped\n", s.passed, s.failed, s.skipped);
	for (int p = 0; p < PROFILE_CNT; p++) {
		bgv_target_free(s.plain[p]);
		bgv_target_free(s.full[p]);
	}
	casenames_done(&s.names);
	return s.failed ? 1 : 0;
}
