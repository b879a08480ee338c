/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table [--json] [--guest GUEST.jsonl] SELFTESTS.jsonl [DEBIAN.jsonl]: how good the verifier is, by
 * the names that its goals have. A guest's verdicts count like the host's, its times do not: an
 * emulated kernel is slow. A measure without programs to measure is left out, never invented. Exits
 * 9 when a goal is missed.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "proto/own.h"
#include "tests/conformance/rows.h"

#define SLOW_NS 100000000u /* programs that take the kernel longer have a goal of their own */

struct figures {
	size_t judged, agree, both_accept, count_equal, both_reject, errno_equal, laxer, stricter;
	size_t unsupported, crashed, denied, decided, kernel_accepts;
	double time_ns, kernel_time_ns, worst_slow;
	uint64_t peak_bytes;
};

static void figures_add(struct figures *f, const struct row *row, bool timed)
{
	bool agree = row->kind == ROW_AGREE, decided = agree || row->kind == ROW_LAXER ||
						       row->kind == ROW_STRICTER;

	f->denied += row->kind == ROW_DENIED;
	f->judged += row->kind != ROW_DENIED;
	f->agree += agree;
	f->laxer += row->kind == ROW_LAXER;
	f->stricter += row->kind == ROW_STRICTER;
	f->unsupported += row->kind == ROW_UNSUPPORTED;
	f->crashed += row->kind == ROW_CRASHED;
	f->both_accept += agree && row->accept && row->kernel_insns; /* 0: it did not say (jump tables load once) */
	f->count_equal += agree && row->accept && !row_count_differs(row);
	f->both_reject += agree && !row->accept;
	f->errno_equal += agree && !row->accept && !row_errno_differs(row);
	f->decided += decided;
	f->kernel_accepts += row->kernel_accept;
	if (row->peak_bytes > f->peak_bytes)
		f->peak_bytes = row->peak_bytes;
	if (!agree || !timed)
		return;
	f->time_ns += (double)row->time_ns;
	f->kernel_time_ns += (double)row->kernel_time_ns;
	if (row->kernel_time_ns > SLOW_NS &&
	    (double)row->time_ns / (double)row->kernel_time_ns > f->worst_slow)
		f->worst_slow = (double)row->time_ns / (double)row->kernel_time_ns;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Median over the programs that got a verdict, in microseconds. */
static double median_us(const struct rows *rows)
{
	uint64_t *times = calloc(rows->cnt + 1, sizeof(*times));
	size_t cnt = 0;
	double median;

	if (!times)
		return 0;
	for (size_t i = 0; i < rows->cnt; i++)
		if (rows->row[i].kind < ROW_UNSUPPORTED)
			times[cnt++] = rows->row[i].time_ns;
	qsort(times, cnt, sizeof(*times), by_number);
	median = cnt ? (double)times[cnt / 2] / 1000.0 : 0;
	free(times);
	return median;
}

struct line {
	const char *name;
	double value, limit;
	bool at_least; /* the limit is a floor */
	bool measured;
};

static double pct(size_t part, size_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

#define LINES 10

static void make_lines(struct line lines[LINES], const struct rows *self, const struct figures *s,
		       const struct figures *d)
{
	const struct line made[LINES] = {
		{ "agreement_pct", pct(s->agree, s->judged), 99.5, true, s->judged },
		{ "count_equal_pct", pct(s->count_equal, s->both_accept), 98, true, s->both_accept },
		{ "laxer_count", (double)(s->laxer + d->laxer), 0, false, s->judged },
		{ "debian_accept_pct", pct(d->both_accept, d->kernel_accepts), 99.9, true,
		  d->kernel_accepts },
		{ "unsupported_pct", pct(s->unsupported + d->unsupported, s->judged + d->judged), 0.5,
		  false, s->judged },
		{ "errno_equal_pct", pct(s->errno_equal, s->both_reject), 98, true, s->both_reject },
		{ "time_ratio", s->kernel_time_ns > 0 ? s->time_ns / s->kernel_time_ns : 0, 0.5, false,
		  s->kernel_time_ns > 0 },
		{ "worst_slow_ratio", s->worst_slow, 1, false, s->worst_slow > 0 },
		{ "peak_mb", (double)s->peak_bytes / 1e6, 200, false, s->decided },
		{ "median_us", median_us(self), 30, false, s->decided },
	};

	memcpy(lines, made, sizeof(made));
}

static bool line_ok(const struct line *line)
{
	return line->at_least ? line->value >= line->limit : line->value <= line->limit;
}

static bool print_json(const struct line *lines)
{
	json_t *list = json_array(), *doc;
	bool ok = true;

	for (size_t i = 0; i < LINES; i++) {
		if (!lines[i].measured)
			continue;
		ok &= line_ok(&lines[i]);
		(void)json_array_append_new(list, json_pack("{s:s, s:f, s:f, s:b}", "name",
							    lines[i].name, "value", lines[i].value,
							    "limit", lines[i].limit, "ok",
							    line_ok(&lines[i])));
	}
	doc = json_pack("{s:o}", "results", list);
	(void)json_dumpf(doc, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	(void)putchar('\n');
	json_decref(doc);
	return ok;
}

static void print_corpus(const char *name, const struct figures *f)
{
	if (f->judged)
		(void)printf("%-10s %5zu programs with a verdict of the kernel, %zu without: agree %zu, "
			     "laxer %zu, stricter %zu, unsupported %zu, crashed %zu\n",
			     name, f->judged, f->denied, f->agree, f->laxer, f->stricter,
			     f->unsupported, f->crashed);
}

static bool print_text(const struct line *lines, const struct figures *self, const struct figures *debian)
{
	bool ok = true;

	print_corpus("selftests", self);
	print_corpus("debian", debian);
	(void)printf("%-20s %12s %12s\n", "NAME", "VALUE", "GOAL");
	for (size_t i = 0; i < LINES; i++) {
		if (!lines[i].measured) {
			(void)printf("%-20s %12s\n", lines[i].name, "-");
			continue;
		}
		ok &= line_ok(&lines[i]);
		(void)printf("%-20s %12.3f   %s %8.1f%s\n", lines[i].name, lines[i].value,
			     lines[i].at_least ? ">=" : "<=", lines[i].limit,
			     line_ok(&lines[i]) ? "" : "   missed");
	}
	return ok;
}

static int read_corpus(const char *path, struct rows *rows, struct figures *figures, bool timed)
{
	int r = rows_read(rows, path);

	if (r < 0)
		(void)fprintf(stderr, "table: %s: %s\n", path, strerror(-r));
	for (size_t i = 0; i < rows->cnt; i++)
		figures_add(figures, &rows->row[i], timed);
	return r;
}

struct args {
	bool json;
	const char *guest, *self, *debian;
};

static int parse_args(int argc, char **argv, struct args *args)
{
	int at = 1;

	for (; at < argc && !strncmp(argv[at], "--", 2); at++) {
		if (!strcmp(argv[at], "--json"))
			args->json = true;
		else if (!strcmp(argv[at], "--guest") && at + 1 < argc)
			args->guest = argv[++at];
		else
			return -1;
	}
	if (at >= argc || argc > at + 2)
		return -1;
	args->self = argv[at];
	args->debian = at + 1 < argc ? argv[at + 1] : NULL;
	return 0;
}

int main(int argc, char **argv)
{
	struct rows self = { 0 }, debian = { 0 }, guest = { 0 };
	struct figures s = { 0 }, d = { 0 };
	struct line lines[LINES];
	struct args args = { 0 };
	bool ok;

	if (parse_args(argc, argv, &args) < 0) {
		(void)fprintf(stderr, "usage: table [--json] [--guest GUEST.jsonl] SELFTESTS.jsonl "
				      "[DEBIAN.jsonl]\n");
		return 2;
	}
	if (read_corpus(args.self, &self, &s, true) < 0 ||
	    (args.guest && read_corpus(args.guest, &guest, &s, false) < 0) ||
	    (args.debian && read_corpus(args.debian, &debian, &d, true) < 0))
		return 4;
	if (!s.judged && !d.judged) {
		(void)fprintf(stderr, "table: no program has a verdict of the kernel\n");
		return 4;
	}
	make_lines(lines, &self, &s, &d);
	ok = args.json ? print_json(lines) : print_text(lines, &s, &d);
	rows_done(&self);
	rows_done(&guest);
	rows_done(&debian);
	return ok ? 0 : 9;
}
