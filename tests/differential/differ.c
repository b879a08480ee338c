/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half that runs here: makes batches, judges the same programs with the library, compares with what a guest's
 * kernel said, shrinks differences.
 *
 *     differ OPTIONS make FIRST CNT BATCH CASE-FILE...   writes BATCH; prints "ID long" for what is too long to ask
 *     differ OPTIONS compare BATCH                       guest lines on stdin; a line for each difference, then sums
 *     differ rest BATCH SAID REST                        writes what is not answered yet; prints the id in flight
 *     differ OPTIONS shrink BATCH DIFFERENCES ASK        compare's lines of one class, as text cases on stdout
 *     differ OPTIONS case BATCH DIFFERENCES              the same, unshrunk
 *     differ OPTIONS pool BATCH CASE-FILE...             writes what would be mutated, as it is
 *
 * OPTIONS: -k VERSION (the guest's kernel) -b BTF (its) -m PERCENT (mutants) -d DIR[:BTF] (bundles DIR/x/y.bpfb, ids of BTF).
 * A difference is "ID CLASS KERNEL-ERRNO OUR-ERRNO KERNEL-COUNT OUR-COUNT SOURCE | OUR-MESSAGE | KERNEL'S".
 */
#include <bpf/btf.h>
#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/differential/batch.h"
#include "tests/differential/casetext.h"
#include "tests/differential/gen.h"
#include "tests/differential/judge.h"
#include "tests/differential/make.h"
#include "tests/differential/shrink.h"

#define DIRS_MAX 8
#define SHRINK_MAX 64

struct differ {
	const char *version, *btf, *dirs[DIRS_MAX];
	uint32_t dir_cnt, mutant_percent;
	struct casenames names;
	struct bgv_target *target;
};

static int differ_begin(struct differ *d)
{
	struct bgv_target_spec spec = { .version = d->version, .nr_cpus = 1, .flags = BGV_TARGET_MITIGATIONS_OFF };
	int r;

	casenames_init_from(&d->names, d->btf ? d->btf : "/dev/null");
	spec.vmlinux_btf = d->names.vmlinux_data;
	spec.vmlinux_btf_bytes = d->names.vmlinux_bytes;
	r = bgv_target_new(&spec, &d->target);
	if (r < 0)
		fprintf(stderr, "differ: no profile for %s: %s\n", d->version ? d->version : "no version", strerror(-r));
	return r;
}

/* "DIR" or "DIR:BTF". */
static int add_dir(struct differ *d, const char *dir, struct pool *pool)
{
	OWN_MEM char *path = strdup(dir), *pattern = NULL;
	char *btf_path = path ? strchr(path, ':') : NULL;
	struct btf *recorded = NULL;
	glob_t found = { 0 };
	int r = 0;

	if (btf_path)
		*btf_path++ = '\0';
	if (!path || asprintf(&pattern, "%s/*/*.bpfb", path) < 0)
		return -ENOMEM;
	if (btf_path && !(recorded = btf__parse_raw(btf_path)))
		return -errno;
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
			r = pool_add_bundle(pool, found.gl_pathv[i], recorded, &d->names);
	globfree(&found);
	btf__free(recorded);
	return r;
}

/* Ids of the kfuncs that the grammar calls, 0 for those that the target lacks. */
static void find_kfuncs(const struct casenames *names, uint32_t ids[GEN_KFUNC_CNT])
{
	for (int i = 0; i < GEN_KFUNC_CNT; i++) {
		int id = names->vmlinux ? btf__find_by_name_kind(names->vmlinux, gen_kfunc_names[i], BTF_KIND_FUNC) : 0;

		ids[i] = id > 0 ? (uint32_t)id : 0;
	}
}

static int verb_make(struct differ *d, int argc, char **argv)
{
	struct pool pool = { 0 };
	struct make make = { .target = d->target, .pool = &pool, .mutant_percent = d->mutant_percent };
	uint32_t kfuncs[GEN_KFUNC_CNT];
	FILE *out = argc >= 3 ? fopen(argv[2], "we") : NULL;
	int r = out ? make_grammar_base(&pool) : -EINVAL;

	for (int i = 3; r == 0 && i < argc; i++)
		r = pool_add_cases(&pool, argv[i], &d->names);
	find_kfuncs(&d->names, kfuncs);
	make.kfuncs = kfuncs;
	make.case_cnt = r == 0 ? pool.cnt - 1 : 0;
	for (uint32_t i = 0; r == 0 && i < d->dir_cnt; i++)
		r = add_dir(d, d->dirs[i], &pool);
	if (r == 0)
		r = make_batch(&make, strtoull(argv[0], NULL, 10), strtoull(argv[1], NULL, 10), out);
	if (r == 0)
		printf("pool cases %u bundles %u left out %u\n", make.case_cnt, pool.cnt - 1 - make.case_cnt, pool.left_out);
	if (out && fclose(out) != 0)
		r = -EIO;
	pool_done(&pool);
	return r;
}

/* The pool's programs themselves: ids are their places. */
static int verb_pool(struct differ *d, int argc, char **argv)
{
	struct pool pool = { 0 };
	OWN_MEM struct program *p = calloc(1, sizeof(*p));
	FILE *out = argc >= 1 ? fopen(argv[0], "we") : NULL;
	int r = out && p ? batch_begin(out) : -EINVAL;

	for (int i = 1; r == 0 && i < argc; i++)
		r = pool_add_cases(&pool, argv[i], &d->names);
	for (uint32_t i = 0; r == 0 && i < d->dir_cnt; i++)
		r = add_dir(d, d->dirs[i], &pool);
	for (uint32_t i = 0; r == 0 && i < pool.cnt; i++) {
		p->id = p->base = i;
		(void)program_from(p, &pool.bases[i].bundle->prog);
		r = batch_put_base(out, pool.bases[i].bytes, pool.bases[i].bytes_cnt) < 0 || batch_put_program(out, p) < 0 ? -EIO : 0;
	}
	if (out && fclose(out) != 0)
		r = -EIO;
	pool_done(&pool);
	return r;
}

struct sums {
	unsigned int cnt[DIFF_CNT], total;
	unsigned int asked[2], accepted[2]; /* of the grammar, of mutants */
};

static void compare_one(const struct differ *d, const struct batch *batch, const struct program *p, const struct answer *kernel,
			struct sums *sums)
{
	struct bgv_result ours;
	enum difference difference;

	judge(d->target, p, batch_base(batch, p->base), &ours);
	difference = judge_compare(d->version, kernel, &ours);
	sums->cnt[difference]++;
	sums->total++;
	if (kernel->err >= 0) {
		bool mutant = strcmp(batch_base_source(batch, p->base), "grammar") != 0;

		sums->asked[mutant]++;
		sums->accepted[mutant] += !kernel->err;
	}
	if (difference != DIFF_AGREED)
		printf("%llu %s %d %d %lu %llu %s | %s | %s\n", (unsigned long long)p->id, difference_names[difference], kernel->err,
		       ours.err, kernel->processed, (unsigned long long)ours.stats.insn_processed, batch_base_source(batch, p->base),
		       ours.message, kernel->reason);
	bgv_result_done(&ours);
}

static int verb_compare(struct differ *d, int argc, char **argv)
{
	OWN_BATCH struct batch *batch = NULL;
	OWN_MEM struct program *p = calloc(1, sizeof(*p));
	struct sums sums = { 0 };
	struct answer kernel;
	char line[2048];
	int r = argc == 1 && p ? batch_open(argv[0], &batch) : -EINVAL;

	p->id = UINT64_MAX;
	while (r >= 0 && fgets(line, sizeof(line), stdin)) {
		if (!answer_parse(line, &kernel))
			continue;
		while (p->id != kernel.id && (r = batch_next(batch, p)) > 0)
			;
		if (r <= 0)
			break;
		compare_one(d, batch, p, &kernel, &sums);
	}
	if (r < 0)
		return r;
	printf("programs %u", sums.total);
	for (int i = 0; i < DIFF_CNT; i++)
		printf(" %s %u", difference_names[i], sums.cnt[i]);
	printf(" grammar %u accepted %u mutants %u accepted %u\n", sums.asked[0], sums.accepted[0], sums.asked[1], sums.accepted[1]);
	return 0;
}

/* The last id that a guest answered; false: none. */
static bool last_answered(const char *path, uint64_t *ret_id)
{
	FILE *file = fopen(path, "re");
	struct answer kernel;
	char line[2048];
	bool any = false;

	while (file && fgets(line, sizeof(line), file))
		if (line[strlen(line) - 1] == '\n' && answer_parse(line, &kernel)) {
			*ret_id = kernel.id;
			any = true;
		}
	if (file)
		(void)fclose(file);
	return any;
}

/* Guests answer in the batch's order: after the last answer is the program that stopped this one; then the rest. */
static int verb_rest(struct differ *d, int argc, char **argv)
{
	OWN_BATCH struct batch *batch = NULL;
	OWN_MEM struct program *p = calloc(1, sizeof(*p));
	FILE *out = argc == 3 ? fopen(argv[2], "we") : NULL;
	bool behind, in_flight = true;
	uint32_t put = 0;
	uint64_t last = 0;
	int r = out && p ? batch_open(argv[0], &batch) : -EINVAL;

	(void)d;
	if (r == 0)
		r = batch_begin(out);
	behind = r == 0 && !last_answered(argv[1], &last);
	while (r >= 0 && (r = batch_next(batch, p)) > 0) {
		for (; put < batch_base_cnt(batch) && r > 0; put++) {
			size_t bytes = 0;
			const uint8_t *base = batch_base_bytes(batch, put, &bytes);

			r = batch_put_base(out, base, bytes) < 0 ? -EIO : r;
		}
		if (behind && in_flight)
			printf("%llu\n", (unsigned long long)p->id);
		else if (behind)
			r = batch_put_program(out, p) < 0 ? -EIO : r;
		in_flight = in_flight && !behind;
		behind = behind || p->id == last;
	}
	if (out && fclose(out) != 0)
		r = -EIO;
	return r;
}

/* Programs of compare's lines. */
static int read_differences(struct differ *d, struct batch *batch, const char *path, struct shrinking *items, uint32_t *ret_cnt)
{
	FILE *file = fopen(path, "re");
	char line[2048], class[16];
	int r = file ? 1 : -errno;

	(void)d;
	*ret_cnt = 0;
	while (r > 0 && *ret_cnt < SHRINK_MAX && fgets(line, sizeof(line), file)) {
		struct shrinking *item = &items[*ret_cnt];
		unsigned long long id;

		if (sscanf(line, "%llu %15s %d %d %lu", &id, class, &item->kernel.err, &item->our_err, &item->kernel.processed) != 5)
			continue;
		for (int i = 0; i < DIFF_CNT; i++)
			if (!strcmp(class, difference_names[i]))
				item->class = (enum difference)i;
		strcpy(item->kernel.reason, "-");
		batch_rewind(batch);
		while ((r = batch_next(batch, &item->program)) > 0 && item->program.id != id)
			;
		*ret_cnt += r > 0;
		r = r < 0 ? r : 1;
	}
	if (file)
		(void)fclose(file);
	return r < 0 ? r : 0;
}

static void print_item(const struct differ *d, const struct batch *batch, const struct shrinking *item)
{
	const struct bgv_program *base = batch_base(batch, item->program.base);
	struct bgv_result ours;

	judge(d->target, &item->program, base, &ours);
	printf("\ncase %llu %s (%s)\n", (unsigned long long)item->program.id, difference_names[item->class],
	       batch_base_source(batch, item->program.base));
	casetext_print(stdout, &item->program, base, d->version, &item->kernel, &d->names);
	printf("# ours: %s %d after %llu: insn %d: %s\n", bgv_verdict_name(ours.verdict), ours.err,
	       (unsigned long long)ours.stats.insn_processed, (int)ours.insn_idx, ours.message);
	bgv_result_done(&ours);
}

static int verb_shrink(struct differ *d, int argc, char **argv)
{
	OWN_BATCH struct batch *batch = NULL;
	OWN_MEM struct shrinking *items = calloc(SHRINK_MAX, sizeof(*items));
	uint32_t cnt = 0;
	int r = argc >= 2 && items ? batch_open(argv[0], &batch) : -EINVAL;

	if (r == 0)
		r = read_differences(d, batch, argv[1], items, &cnt);
	if (r == 0 && argc > 2)
		r = shrink_all(d->target, d->version, batch, argv[2], items, cnt);
	for (uint32_t i = 0; r == 0 && i < cnt; i++)
		print_item(d, batch, &items[i]);
	return r;
}

static const struct {
	const char *name;
	int (*run)(struct differ *d, int argc, char **argv);
	bool needs_target;
} verbs[] = {
	{ "make", verb_make, true },	 { "compare", verb_compare, true }, { "rest", verb_rest, false },
	{ "shrink", verb_shrink, true }, { "case", verb_shrink, true },	    { "pool", verb_pool, true },
};

static int differ_run(struct differ *d, int argc, char **argv)
{
	for (size_t i = 0; argc && i < ARRAY_CNT(verbs); i++)
		if (!strcmp(verbs[i].name, argv[0])) {
			int r = verbs[i].needs_target ? differ_begin(d) : 0;

			return r < 0 ? r : verbs[i].run(d, argc - 1, argv + 1);
		}
	return -EINVAL;
}

int main(int argc, char **argv)
{
	struct differ d = { .mutant_percent = 50 };
	int opt, r;

	while ((opt = getopt(argc, argv, "+k:b:m:d:")) >= 0) {
		if (opt == 'k')
			d.version = optarg;
		else if (opt == 'b')
			d.btf = optarg;
		else if (opt == 'm')
			d.mutant_percent = (uint32_t)strtoul(optarg, NULL, 10);
		else if (opt == 'd' && d.dir_cnt < DIRS_MAX)
			d.dirs[d.dir_cnt++] = optarg;
		else
			return 2;
	}
	r = differ_run(&d, argc - optind, argv + optind);
	if (r < 0)
		fprintf(stderr, "differ: %s\n", strerror(-r));
	bgv_target_free(d.target);
	casenames_done(&d.names);
	return r < 0 ? 2 : 0;
}
