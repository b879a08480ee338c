/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace [--write | --show] [--only TEXT] [FILE...]: does the verifier go the way it went? Every
 * text case, and a few programs that differ a little from it, are judged by the rules of every
 * profile and mode; what was answered and a number for the way there (digest.h) stand in
 * traces/NAME.tsv, one row a case. --write records them anew, --show prints each verification. Rows
 * of cases that use the kernel's BTF are compared where that BTF is the recorded one.
 */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <libgen.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/own.h"
#include "tests/cases/digest.h"
#include "tests/differential/mutate.h"
#include "tests/differential/rng.h"
#include "tests/lib/casefile.h"
#include "tests/lib/casenames.h"

#ifndef CASES_DIR
#define CASES_DIR "tests/cases"
#endif
#define FLAG_TEST_STATE_FREQ (1u << 3)
#define TARGETS_MAX	     64
#define ROW_BYTES	     1024
#define MUTANTS		     24
#define RECORD_MUTANTS	     40
#define INSNS_MAX	     3000 /* of a walk: its beginning says enough */
#define MUTANT_INSNS_MAX     400

/* The columns: one a profile. The first is the one the others are told against. */
static const char *const versions[] = { "6.18.44", "6.12.117", "6.1.192", "7.0", "7.3" };

/* What a case is judged as, beside what it says itself. */
static const struct variant {
	const char *name;
	enum bgv_mode mode;
	uint32_t flags, caps; /* caps 0: the case's */
	bool as_said;
} variants[] = {
	{ "as said", .as_said = true },
	{ "all states kept", BGV_MODE_FULL, FLAG_TEST_STATE_FREQ, BGV_CAP_ALL },
	{ "leak rules", BGV_MODE_LEAK_RULES, 0, 0 },
	{ "no perfmon", BGV_MODE_NO_PERFMON, 0, BGV_CAP_BPF | BGV_CAP_NET_ADMIN },
};

struct slot_of_target {
	const char *version;
	uint32_t cpus, flags;
	bool vmlinux;
	struct bgv_target *target;
};

struct trace {
	struct casenames names;
	uint64_t vmlinux; /* hash of the BTF of this machine's kernel */
	struct slot_of_target targets[TARGETS_MAX];
	size_t target_cnt;
	const char *only;
	bool write, show;
	bool ends;	   /* a failure is enough (./dev mutate) */
	FILE *rows;	   /* of the file at hand, read or written */
	bool same_vmlinux; /* the rows were recorded with this machine's BTF */
	struct bpf_insn
		last_insns[PROGRAM_INSNS_MAX]; /* of the case before: mutants take pieces of it */
	struct bgv_program other;
	unsigned int passed, failed, skipped;
};

static struct bgv_target *trace_target(struct trace *t, const char *version, const struct tcase *c)
{
	uint32_t cpus = c->cpus ? c->cpus : 2;
	struct slot_of_target *slot;
	struct bgv_target_spec spec = {
		.version = version,
		.nr_cpus = cpus,
		.flags = c->target_flags,
		.vmlinux_btf = c->needs_vmlinux ? t->names.vmlinux_data : NULL,
		.vmlinux_btf_bytes = c->needs_vmlinux ? t->names.vmlinux_bytes : 0,
	};

	for (size_t i = 0; i < t->target_cnt; i++) {
		slot = &t->targets[i];
		if (slot->version == version && slot->cpus == cpus &&
		    slot->flags == c->target_flags && slot->vmlinux == c->needs_vmlinux)
			return slot->target;
	}
	slot = &t->targets[t->target_cnt];
	*slot = (struct slot_of_target){ version, cpus, c->target_flags, c->needs_vmlinux, NULL };
	if (t->target_cnt == TARGETS_MAX || bgv_target_new(&spec, &slot->target) < 0) {
		fprintf(stderr, "no target %s\n", version);
		exit(2);
	}
	t->target_cnt++;
	return slot->target;
}

/* "accept 12/3/2" (instructions, states in all, at most at once) or "reject EINVAL CODE@7 5/1/1".
 */
static void trace_answer_text(const struct bgv_result *res, char *text, size_t bytes)
{
	const char *err = res->err == 524 ? "ENOTSUPP" : strerrorname_np(res->err);
	int n = res->verdict == BGV_ACCEPT
			? snprintf(text, bytes, "accept")
			: snprintf(text, bytes, "%s %s%s%s@%d", bgv_verdict_name(res->verdict),
				   res->verdict == BGV_REJECT ? err : "",
				   res->verdict == BGV_REJECT ? " " : "", res->code,
				   (int)res->insn_idx);

	snprintf(text + n, bytes - (size_t)n, " %" PRIu64 "/%" PRIu64 "/%" PRIu64,
		 res->stats.insn_processed, res->stats.total_states, res->stats.peak_states);
}

/* One verification; true: accepted. text may be NULL. */
static bool trace_verify(struct trace *t, struct digest *d, const struct bgv_target *target,
			 const struct bgv_program *prog, uint32_t insns_max, const char *what,
			 char *text, size_t bytes)
{
	const struct bgv_options opt = { .limits.insns = insns_max, .explain = 1 };
	struct bgv_result res;
	char shown[160];
	bool accept;

	if (digest_verify(d, target, prog, &opt, &res) < 0) {
		fprintf(stderr, "no memory\n");
		exit(2);
	}
	accept = res.verdict == BGV_ACCEPT;
	trace_answer_text(&res, shown, sizeof(shown));
	if (text)
		snprintf(text, bytes, "%s", shown);
	if (t->show)
		printf("  %-6s %-16s %08x %s%s%s\n", bgv_target_profile(target), what,
		       (uint32_t)d->hash, shown, res.message[0] ? ": " : "", res.message);
	bgv_result_done(&res);
	return accept;
}

/* A profile's column: the answer to the case as it is, and a digest of all variants. */
static void trace_profile(struct trace *t, struct tcase *c, const struct bgv_target *target,
			  char *text, size_t bytes, struct digest *d)
{
	for (size_t i = 0; i < ARRAY_CNT(variants); i++) {
		const struct variant *v = &variants[i];
		struct bgv_program prog = c->prog;

		if (!v->as_said) {
			prog.mode = v->mode;
			prog.prog_flags |= v->flags;
			prog.caps = v->caps ? v->caps : prog.caps;
		}
		trace_verify(t, d, target, &prog, INSNS_MAX, v->name, v->as_said ? text : NULL,
			     bytes);
	}
}

/* Bytes of the program's own types and records changed: what is read from them is hostile, too. */
static void trace_records(struct trace *t, struct tcase *c, const struct digest *name,
			  struct digest *d)
{
	const struct bgv_blob *btf = c->prog.btf_cnt == 1 ? &c->prog.btfs[0] : NULL;
	OWN_MEM uint8_t *types = btf ? malloc(btf->bytes) : NULL,
			*records = btf ? malloc(c->prog.func_info.bytes + 1) : NULL;
	uint64_t rng = name->hash;

	for (int i = 0; types && records && i < RECORD_MUTANTS; i++) {
		struct bgv_program prog = c->prog;
		struct bgv_blob blob = { types, btf->bytes };

		memcpy(types, btf->data, btf->bytes);
		if (prog.func_info.bytes)
			memcpy(records, prog.func_info.data, prog.func_info.bytes);
		if (prog.func_info.bytes && i % 8 == 7)
			records[rng_pick(&rng, (uint32_t)prog.func_info.bytes)] ^=
				(uint8_t)(1u << rng_pick(&rng, 4));
		else
			types[rng_pick(&rng, (uint32_t)btf->bytes)] +=
				(uint8_t)(rng_chance(&rng, 60) ? 1 : rng_next(&rng));
		prog.btfs = &blob;
		if (prog.func_info.bytes)
			prog.func_info.data = records;
		for (size_t v = 0; v < ARRAY_CNT(versions); v++) {
			const struct bgv_target *target = trace_target(t, versions[v], c);
			char message[256] = "";
			int r = bgv_btf_check(target, blob.data, blob.bytes, message);

			digest_bytes(d, &r, sizeof(r));
			digest_text(d, message);
			trace_verify(t, d, target, &prog, MUTANT_INSNS_MAX, "record", NULL, 0);
		}
	}
}

/* The last column: how many of the mutants' verifications accept, and their digest. */
static int trace_mutants(struct trace *t, struct tcase *c, char *text, size_t bytes)
{
	OWN_MEM struct program *p = malloc(sizeof(*p));
	struct digest name = { 0 }, d = { 0 };
	unsigned int accepted = 0, asked = 0;
	uint64_t rng;

	if (!p)
		return -ENOMEM;
	digest_text(&name, c->name);
	rng = name.hash;
	for (int i = 0; i < MUTANTS; i++) {
		struct bgv_program prog;
		OWN_MEM void *view = NULL;

		if (!program_from(p, &c->prog) || !p->insn_cnt)
			break;
		mutate(p, &t->other, &rng);
		view = program_view(p, &c->prog, &prog);
		if (!view)
			return -ENOMEM;
		for (size_t v = 0; v < ARRAY_CNT(versions); v++, asked++)
			accepted += trace_verify(t, &d, trace_target(t, versions[v], c), &prog,
						 MUTANT_INSNS_MAX, "mutant", NULL, 0);
	}
	trace_records(t, c, &name, &d);
	snprintf(text, bytes, "%u/%u %08x", accepted, asked, (uint32_t)d.hash);
	return 0;
}

/* With too little memory the answer is the same or none, never another. */
static void trace_budgets(struct trace *t, struct tcase *c, const struct bgv_target *target)
{
	const struct bgv_options opt = { .limits.insns = INSNS_MAX };
	struct bgv_result full, res;

	if (bgv_verify(target, &c->prog, &opt, &full) < 0)
		exit(2);
	for (uint64_t pages = 1; pages < 24; pages += 1 + pages / 8) {
		const struct bgv_options small = { .limits.insns = INSNS_MAX,
						   .limits.memory_bytes = pages * 4096 };

		if (bgv_verify(target, &c->prog, &small, &res) < 0)
			continue;
		if (res.verdict != BGV_UNDECIDED &&
		    (res.verdict != full.verdict || res.err != full.err ||
		     res.stats.peak_bytes > pages * 4096)) {
			printf("%s:%u: %s: %s within %u pages, else %s\n", c->file, c->line,
			       c->name, bgv_verdict_name(res.verdict), (unsigned int)pages,
			       bgv_verdict_name(full.verdict));
			t->failed++;
		}
		bgv_result_done(&res);
	}
	bgv_result_done(&full);
}

static int trace_row(struct trace *t, struct tcase *c, char *row, size_t bytes)
{
	char first[160] = "", text[160];
	size_t n = (size_t)snprintf(row, bytes, "%s", c->name);

	for (size_t v = 0; v < ARRAY_CNT(versions); v++) {
		struct digest d = { 0 };

		trace_profile(t, c, trace_target(t, versions[v], c), text, sizeof(text), &d);
		n += (size_t)snprintf(row + n, bytes - n, "\t%s %08x",
				      strcmp(first, text) ? text : "=", (uint32_t)d.hash);
		if (!v)
			snprintf(first, sizeof(first), "%s", text);
	}
	trace_budgets(t, c, trace_target(t, versions[0], c));
	if (trace_mutants(t, c, text, sizeof(text)) < 0)
		return -ENOMEM;
	snprintf(row + n, bytes - n, "\t%s", text);
	return 0;
}

/* Keeps a copy: the case is gone when its successor's mutants ask. */
static void trace_remember(struct trace *t, const struct tcase *c)
{
	if (!c->prog.insn_cnt || c->prog.insn_cnt > PROGRAM_INSNS_MAX)
		return;
	memcpy(t->last_insns, c->prog.insns, c->prog.insn_cnt * sizeof(*t->last_insns));
	t->other.insns = t->last_insns;
	t->other.insn_cnt = c->prog.insn_cnt;
}

/* The recorded row of the case; rows stand in the order of the cases. */
static bool trace_recorded(struct trace *t, char *row, size_t bytes)
{
	if (!t->rows || !fgets(row, (int)bytes, t->rows))
		row[0] = 0;
	row[strcspn(row, "\n")] = 0;
	return row[0];
}

static void trace_compare(struct trace *t, const struct tcase *c, const char *row,
			  const char *recorded)
{
	if (!strcmp(row, recorded)) {
		t->passed++;
		return;
	}
	t->failed++;
	t->ends = getenv("ENDS_AT_FIRST_FAILURE");
	printf("%s:%u: went another way:\n  was %s\n  is  %s\n", c->file, c->line,
	       recorded[0] ? recorded : "not recorded", row);
}

static int trace_case(void *arg, struct tcase *c)
{
	char row[ROW_BYTES], recorded[ROW_BYTES] = "";
	struct trace *t = arg;
	bool chosen = !t->only || strstr(c->name, t->only);
	int r = 0;

	c->needs_vmlinux = c->needs_vmlinux || t->names.used;
	t->names.used = t->names.missing = false;
	casenames_resolve(&t->names, c);
	t->names.used = false;
	if (!t->write && !t->show)
		trace_recorded(t, recorded, sizeof(recorded));
	if (c->needs_vmlinux && !t->write && !t->show && !t->same_vmlinux) {
		t->skipped++;
	} else if (chosen) {
		if (t->show)
			printf("%s\n", c->name);
		r = trace_row(t, c, row, sizeof(row));
		if (r == 0 && t->write)
			fprintf(t->rows, "%s\n", row);
		else if (r == 0 && !t->show)
			trace_compare(t, c, row, recorded);
	}
	trace_remember(t, c);
	return t->ends ? -ECANCELED : r;
}

/* The first line: which BTF the rows of cases that use the kernel's were recorded with. */
static void trace_head(struct trace *t)
{
	char line[ROW_BYTES] = "";
	uint64_t recorded = 0;

	if (t->rows && t->write)
		fprintf(t->rows,
			"# vmlinux BTF %016" PRIx64
			"; name, 6.18, 6.12, 6.1, 7.2, mutants: see README.md, trace --write\n",
			t->vmlinux);
	else if (t->rows && fgets(line, sizeof(line), t->rows))
		sscanf(line, "# vmlinux BTF %" SCNx64, &recorded);
	t->same_vmlinux = t->vmlinux && recorded == t->vmlinux;
}

static int trace_file(struct trace *t, const char *path)
{
	OWN_MEM char *copy = strdup(path);
	struct asm_names names = casenames_asm(&t->names);
	char rows[4096], left[ROW_BYTES];
	FILE *f = fopen(path, "re");
	char *base = copy ? basename(copy) : NULL;
	int r;

	if (!f || !base || !strrchr(base, '.')) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		t->failed++;
		return -errno;
	}
	snprintf(rows, sizeof(rows), "%s/traces/%.*s.tsv", CASES_DIR,
		 (int)(strrchr(base, '.') - base), base);
	t->rows = t->show ? NULL : fopen(rows, t->write ? "we" : "re");
	t->other = (struct bgv_program){ 0 };
	trace_head(t);
	r = casefile_read(f, path, &names, trace_case, t);
	if (r < 0 || (!t->write && !t->show && trace_recorded(t, left, sizeof(left)))) {
		printf("%s: %s\n", rows, r < 0 ? "unreadable cases" : "more rows than cases");
		t->failed++;
	}
	if (t->rows)
		fclose(t->rows);
	fclose(f);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: trace [--write | --show] [--only TEXT] [FILE...]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct trace t;
	struct digest btf = { 0 };
	glob_t all = { 0 };
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--write"))
			t.write = true;
		else if (!strcmp(argv[i], "--show"))
			t.show = true;
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			t.only = argv[++i];
		else
			return usage();
	}
	if (t.write && (t.only || t.show))
		return usage();
	mallopt(M_MMAP_THRESHOLD,
		1 << 28); /* each verification's memory is given back at once, and wanted again */
	mallopt(M_TRIM_THRESHOLD, 1 << 28);
	casenames_init(&t.names);
	if (t.names.vmlinux) {
		digest_bytes(&btf, t.names.vmlinux_data, t.names.vmlinux_bytes);
		t.vmlinux = btf.hash;
	}
	if (i == argc && glob(CASES_DIR "/*.case", 0, NULL, &all))
		return 2;
	for (size_t n = 0; n < all.gl_pathc && !t.ends; n++)
		trace_file(&t, all.gl_pathv[n]);
	for (; i < argc; i++)
		trace_file(&t, argv[i]);
	if (!t.write)
		printf("%u passed, %u failed, %u skipped\n", t.passed, t.failed, t.skipped);
	for (size_t n = 0; n < t.target_cnt; n++)
		bgv_target_free(t.targets[n].target);
	casenames_done(&t.names);
	globfree(&all);
	return t.failed ? 1 : 0;
}
