/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run [--kernel | --answers VERSION FILE [--no-perfmon]] [--only TEXT] [-v] [FILE...]: judges
 * every text case with the verifier library. With --kernel it has `load` (a program without the
 * verifier) put each case that allows it before the running kernel, and compares verdict, errno
 * and instructions processed. With --answers the target is another kernel, and FILE what `load`
 * printed there: then only that kernel's word counts, not what the cases expect; so it is with
 * --no-perfmon, which judges all of them without CAP_PERFMON. Without files: all *.case files of
 * the source tree.
 */
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/casefile.h"
#include "tests/lib/casenames.h"
#include "verifier/bpfgate-verifier.h"

#ifndef CASES_DIR
#define CASES_DIR "tests/cases"
#endif
#define KERNEL_DEFAULT "6.18.44"
#define TARGETS_MAX 64

struct kernel_answer {
	char name[CASE_NAME_BYTES];
	int err;		/* 0: loaded */
	unsigned long insns;
};

struct target_slot {
	char kernel[32];
	uint32_t cpus, flags;
	bool vmlinux;
	struct bgv_target *target;
};

struct run {
	struct casenames names;
	struct target_slot targets[TARGETS_MAX];
	size_t target_cnt;
	const char *only;
	const char *version;		/* judge as this kernel; NULL: as the cases say */
	bool verbose, no_perfmon;
	struct kernel_answer *answers;
	size_t answer_cnt;
	unsigned int passed, failed, skipped;
};

static struct bgv_target *run_target(struct run *run, const struct tcase *c)
{
	const char *kernel = c->kernel[0] ? c->kernel : run->version ? run->version : KERNEL_DEFAULT;
	uint32_t cpus = c->cpus ? c->cpus : 2;
	struct target_slot *slot;
	struct bgv_target_spec spec;

	for (size_t i = 0; i < run->target_cnt; i++) {
		slot = &run->targets[i];
		if (!strcmp(slot->kernel, kernel) && slot->cpus == cpus &&
		    slot->flags == c->target_flags && slot->vmlinux == c->needs_vmlinux)
			return slot->target;
	}
	if (run->target_cnt == TARGETS_MAX)
		return NULL;
	slot = &run->targets[run->target_cnt++];
	snprintf(slot->kernel, sizeof(slot->kernel), "%s", kernel);
	slot->cpus = cpus;
	slot->flags = c->target_flags;
	slot->vmlinux = c->needs_vmlinux;
	spec = (struct bgv_target_spec){
		.version = kernel, .nr_cpus = cpus, .flags = c->target_flags,
		.vmlinux_btf = slot->vmlinux ? run->names.vmlinux_data : NULL,
		.vmlinux_btf_bytes = slot->vmlinux ? run->names.vmlinux_bytes : 0,
	};
	if (bgv_target_new(&spec, &slot->target) < 0)
		slot->target = NULL;
	return slot->target;
}

static const char *verdict_text(enum bgv_verdict v, int err, char *buf, size_t bytes)
{
	if (v == BGV_REJECT)
		snprintf(buf, bytes, "reject %s", strerrorname_np(err) ? strerrorname_np(err) :
			 err == 524 ? "ENOTSUPP" : "?");
	else
		snprintf(buf, bytes, "%s", bgv_verdict_name(v));
	return buf;
}

static const struct kernel_answer *run_answer(const struct run *run, const char *name)
{
	for (size_t i = 0; i < run->answer_cnt; i++)
		if (!strcmp(run->answers[i].name, name))
			return &run->answers[i];
	return NULL;
}

/* Does the kernel say what the case expects of it? Prints why not. */
static bool run_compare_kernel(const struct run *run, const struct tcase *c,
			       const struct bgv_result *res)
{
	const struct kernel_answer *k = run_answer(run, c->name);
	int want = c->kernel_differs ? c->kernel_err : c->verdict == BGV_ACCEPT ? 0 : c->err;

	if (!run->answers || !c->on_kernel || c->verdict == BGV_UNSUPPORTED)
		return true;
	if (!k) {
		printf("%s:%u: %s: no answer of the kernel\n", c->file, c->line, c->name);
		return false;
	}
	if (k->err != want) {
		printf("%s:%u: %s: the kernel says %d (%s), the case %d\n", c->file, c->line,
		       c->name, k->err, k->err ? strerror(k->err) : "accept", want);
		return false;
	}
	if (!k->err && res->verdict == BGV_ACCEPT && !c->kernel_differs &&
	    k->insns != res->stats.insn_processed) {
		printf("%s:%u: %s: the kernel processed %lu instructions, we %lu\n", c->file, c->line,
		       c->name, k->insns, (unsigned long)res->stats.insn_processed);
		return false;
	}
	return true;
}

/* Does the library say of the other kernel what that kernel said? Cases it was not asked pass. */
static bool run_compare_answer(const struct run *run, const struct tcase *c,
			       const struct bgv_result *res)
{
	const struct kernel_answer *k = run_answer(run, c->name);
	int ours = res->verdict == BGV_REJECT ? res->err : 0;

	if (!k || c->kernel[0] || c->needs_vmlinux || c->kernel_differs)
		return true;
	if (res->verdict != BGV_UNSUPPORTED && k->err == ours &&
	    (k->err || k->insns == res->stats.insn_processed))
		return true;
	printf("%s:%u: %s: the kernel says %d after %lu, we %s %d after %lu (insn %d: %s)\n", c->file,
	       c->line, c->name, k->err, k->insns, bgv_verdict_name(res->verdict), ours,
	       (unsigned long)res->stats.insn_processed, (int)res->insn_idx, res->message);
	return false;
}

/* The diagnostic, which says which of the rules with this errno it was. */
static bool run_code_is(const struct tcase *c, const struct bgv_result *res)
{
	if (!c->code[0] || (res->code && !strcmp(c->code, res->code)))
		return true;
	printf("%s:%u: %s: expected code %s, got %s (%s)\n", c->file, c->line, c->name, c->code,
	       res->code ? res->code : "none", res->message);
	return false;
}

static bool run_compare(const struct run *run, const struct tcase *c, const struct bgv_result *res)
{
	char want[48], got[48];

	if (run->version)
		return run_compare_answer(run, c, res);
	if (res->verdict != c->verdict || (c->verdict == BGV_REJECT && res->err != c->err)) {
		printf("%s:%u: %s: expected %s, got %s (%s%sinsn %d: %s)\n", c->file, c->line, c->name,
		       verdict_text(c->verdict, c->err, want, sizeof(want)),
		       verdict_text(res->verdict, res->err, got, sizeof(got)),
		       res->code ? res->code : "", res->code ? ", " : "", (int)res->insn_idx,
		       res->message);
		return false;
	}
	if (!run_code_is(c, res))
		return false;
	if (c->message[0] && !strstr(res->message, c->message)) {
		printf("%s:%u: %s: message \"%s\" lacks \"%s\"\n", c->file, c->line, c->name,
		       res->message, c->message);
		return false;
	}
	if (c->insns && c->verdict == BGV_ACCEPT && res->stats.insn_processed != c->insns) {
		printf("%s:%u: %s: %lu instructions processed, expected %u\n", c->file, c->line,
		       c->name, (unsigned long)res->stats.insn_processed, c->insns);
		return false;
	}
	return run_compare_kernel(run, c, res);
}

static int run_case(void *arg, struct tcase *c)
{
	struct run *run = arg;
	struct bgv_options opt = { .log_level = run->verbose ? 2 : 0, .log_bytes = 1 << 20 };
	struct bgv_result res;
	struct bgv_target *target;

	bool missing = run->names.missing;

	c->needs_vmlinux = c->needs_vmlinux || run->names.used;
	run->names.used = run->names.missing = false;
	if (run->only && !strstr(c->name, run->only))
		return 0;
	casenames_resolve(&run->names, c);
	run->names.used = false;
	if (c->needs_vmlinux && (missing || !run->names.vmlinux)) {
		run->skipped++;
		return 0;
	}
	if (run->no_perfmon) {
		c->prog.mode = BGV_MODE_NO_PERFMON;
		c->prog.caps = BGV_CAP_BPF | BGV_CAP_NET_ADMIN;
	}
	target = run_target(run, c);
	if (!target || bgv_verify(target, &c->prog, &opt, &res) < 0) {
		printf("%s:%u: %s: no target or no memory\n", c->file, c->line, c->name);
		run->failed++;
		return 0;
	}
	if (run_compare(run, c, &res))
		run->passed++;
	else
		run->failed++;
	if (run->verbose && res.log)
		printf("%s\n", res.log);
	bgv_result_done(&res);
	return 0;
}

static int run_file(struct run *run, const char *path)
{
	struct asm_names names = casenames_asm(&run->names);
	FILE *f = fopen(path, "re");
	int r;

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -errno;
	}
	r = casefile_read(f, path, &names, run_case, run);
	fclose(f);
	if (r < 0)
		run->failed++;
	return 0;
}

static int run_read_answers(struct run *run, FILE *f)
{
	struct kernel_answer a;

	while (fscanf(f, " %95[^\t] %d %lu", a.name, &a.err, &a.insns) == 3) {
		struct kernel_answer *grown = realloc(run->answers,
						      (run->answer_cnt + 1) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		run->answers = grown;
		grown[run->answer_cnt++] = a;
	}
	return 0;
}

/* Runs `load` beside ourselves over the same files and keeps its lines. */
static int run_ask_kernel(struct run *run, char *self, int file_cnt, char **files)
{
	char *dir = dirname(self), *cmd = NULL;
	size_t cmd_bytes;
	FILE *f = open_memstream(&cmd, &cmd_bytes);

	if (!f)
		return -ENOMEM;
	fprintf(f, "'%s/load'", dir);
	for (int i = 0; i < file_cnt; i++)
		fprintf(f, " '%s'", files[i]);
	fclose(f);
	f = popen(cmd, "re");
	free(cmd);
	if (!f)
		return -errno;
	run_read_answers(run, f);
	return pclose(f) ? -EIO : 0;
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	bool kernel = false;
	glob_t all = { 0 };
	int i, cnt;
	char **files;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--kernel"))
			kernel = true;
		else if (!strcmp(argv[i], "-v"))
			run.verbose = true;
		else if (!strcmp(argv[i], "--no-perfmon"))
			run.no_perfmon = true;
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			run.only = argv[++i];
		else if (!strcmp(argv[i], "--answers") && i + 2 < argc) {
			FILE *f = fopen(argv[i + 2], "re");

			run.version = argv[i + 1];
			if (!f || run_read_answers(&run, f) < 0)
				return 2;
			fclose(f);
			i += 2;
		} else {
			fprintf(stderr, "usage: run [--kernel | --answers VERSION FILE [--no-perfmon]] [-v] "
				"[--only TEXT] [FILE...]\n");
			return 2;
		}
	}
	files = argv + i;
	cnt = argc - i;
	if (!cnt) {
		if (glob(CASES_DIR "/*.case", 0, NULL, &all))
			return 2;
		files = all.gl_pathv;
		cnt = (int)all.gl_pathc;
	}
	if (kernel && geteuid() != 0) {
		printf("skipped: --kernel needs root\n");
		return 77;
	}
	casenames_init(&run.names);
	if (kernel && run_ask_kernel(&run, argv[0], cnt, files) < 0)
		fprintf(stderr, "load failed\n");
	for (i = 0; i < cnt; i++)
		run_file(&run, files[i]);
	printf("%u passed, %u failed, %u skipped\n", run.passed, run.failed, run.skipped);
	for (size_t t = 0; t < run.target_cnt; t++)
		bgv_target_free(run.targets[t].target);
	casenames_done(&run.names);
	free(run.answers);
	globfree(&all);
	return run.failed ? 1 : 0;
}
