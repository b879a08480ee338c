/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff [--top N] [--all] [KIND...] RESULTS.jsonl: where our verdicts differ from the kernel's,
 * grouped by what both sides said, the largest group first. KIND: laxer, stricter, unsupported,
 * crashed, errno, count; none: all of them. For people who mend the verifier.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/own.h"
#include "tests/conformance/rows.h"

#define KEY_BYTES   400
#define EXAMPLE_CNT 4

struct item {
	const struct row *row;
	char key[KEY_BYTES];
	size_t group_cnt;
};

static bool is_laxer(const struct row *row)
{
	return row->kind == ROW_LAXER;
}

static bool is_stricter(const struct row *row)
{
	return row->kind == ROW_STRICTER;
}

static bool is_unsupported(const struct row *row)
{
	return row->kind == ROW_UNSUPPORTED;
}

static bool is_crashed(const struct row *row)
{
	return row->kind == ROW_CRASHED;
}

static const struct kind {
	const char *name;
	bool (*is)(const struct row *row);
	const char *title;
	bool ours, theirs; /* whose message makes the groups */
} kinds[] = {
	{ "laxer", is_laxer, "we accept, the kernel rejects", false, true },
	{ "stricter", is_stricter, "we reject, the kernel accepts", true, false },
	{ "unsupported", is_unsupported, "we cannot judge", true, false },
	{ "crashed", is_crashed, "we crashed", true, false },
	{ "errno", row_errno_differs, "both reject, errno differs", true, true },
	{ "count", row_count_differs, "both accept, instructions processed differ", false, false },
};

/* Numbers differ from program to program; what remains tells the reason. */
static void add_pattern(char *key, const char *message)
{
	size_t at = strlen(key);

	for (const char *c = message; *c && at + 2 < KEY_BYTES; c++) {
		bool digit = isdigit((unsigned char)*c) || (*c == '-' && isdigit((unsigned char)c[1]));

		if (digit && at && key[at - 1] == '#')
			continue;
		key[at++] = digit ? '#' : *c;
	}
	key[at] = '\0';
}

static void set_key(struct item *item, const struct kind *kind)
{
	const struct row *row = item->row;

	item->key[0] = '\0';
	if (kind->ours) {
		add_pattern(item->key, row->message);
		if (!strcmp(kind->name, "errno"))
			(void)snprintf(item->key + strlen(item->key), 80, " [%s, kernel %s]", row->err,
				       row->kernel_err);
	}
	if (kind->theirs) {
		add_pattern(item->key, kind->ours ? " | kernel: " : "kernel: ");
		add_pattern(item->key, row->kernel_message);
		if (!*row->kernel_message)
			add_pattern(item->key, row->kernel_err);
	}
	if (!*item->key)
		(void)snprintf(item->key, KEY_BYTES, "%s",
			       row->insns > row->kernel_insns ? "we walk more" : "we walk less");
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->key, ((const struct item *)b)->key);
}

static int by_group(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->group_cnt != y->group_cnt)
		return x->group_cnt < y->group_cnt ? 1 : -1;
	if (strcmp(x->key, y->key))
		return strcmp(x->key, y->key);
	if (x->row->kernel_insns != y->row->kernel_insns)
		return x->row->kernel_insns < y->row->kernel_insns ? -1 : 1;
	return strcmp(x->row->input, y->row->input);
}

static void count_groups(struct item *items, size_t cnt)
{
	size_t end;

	qsort(items, cnt, sizeof(*items), by_key);
	for (size_t i = 0; i < cnt; i = end) {
		for (end = i; end < cnt && !strcmp(items[end].key, items[i].key); end++)
			;
		for (size_t j = i; j < end; j++)
			items[j].group_cnt = end - i;
	}
	qsort(items, cnt, sizeof(*items), by_group);
}

static void print_example(const struct row *row, const struct kind *kind)
{
	(void)printf("      %s", row->input);
	if (!strcmp(kind->name, "count"))
		(void)printf("  %llu, kernel %llu", (unsigned long long)row->insns,
			     (unsigned long long)row->kernel_insns);
	else if (row->insn_idx >= 0)
		(void)printf("  at %lld", (long long)row->insn_idx);
	if (kind->ours)
		(void)printf("  %s", row->message);
	if (!row->kernel_accept && !kind->theirs && *row->kernel_message)
		(void)printf("  (kernel: %s)", row->kernel_message);
	(void)putchar('\n');
}

static void print_groups(const struct item *items, size_t cnt, const struct kind *kind, size_t top, bool all)
{
	size_t groups = 0, shown = 0;

	for (size_t i = 0; i < cnt; i++) {
		bool head = !i || strcmp(items[i].key, items[i - 1].key) != 0;

		groups += head;
		if (groups > top) {
			(void)printf("  ... %zu more; --top %zu shows them\n", cnt - i, groups + 100);
			return;
		}
		shown = head ? 0 : shown + 1;
		if (head)
			(void)printf("  %4zu  %s\n", items[i].group_cnt, items[i].key);
		if (all || shown < EXAMPLE_CNT)
			print_example(items[i].row, kind);
	}
}

static int print_kind(const struct rows *rows, const struct kind *kind, size_t top, bool all)
{
	OWN_MEM struct item *items = calloc(rows->cnt + 1, sizeof(*items));
	size_t cnt = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < rows->cnt; i++) {
		if (!kind->is(&rows->row[i]))
			continue;
		items[cnt].row = &rows->row[i];
		set_key(&items[cnt++], kind);
	}
	if (!cnt)
		return 0;
	(void)printf("%s: %zu (%s)\n", kind->name, cnt, kind->title);
	count_groups(items, cnt);
	print_groups(items, cnt, kind, top, all);
	return 0;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: diff [--top N] [--all] [laxer|stricter|unsupported|crashed|errno|"
			      "count]... RESULTS.jsonl\n");
	return 2;
}

/* Which kinds were asked for, as a set of bits, all when none was; 0 when a word is not a kind. */
static unsigned int asked_kinds(char **words, int cnt)
{
	unsigned int asked = 0;

	for (int i = 0; i < cnt; i++) {
		size_t k = 0;

		while (k < ARRAY_CNT(kinds) && strcmp(words[i], kinds[k].name))
			k++;
		if (k == ARRAY_CNT(kinds))
			return 0;
		asked |= 1u << k;
	}
	return asked ? asked : ~0u;
}

int main(int argc, char **argv)
{
	struct rows rows = { 0 };
	size_t top = 12;
	bool all = false;
	unsigned int asked;
	int at = 1, r;

	for (; at < argc && !strncmp(argv[at], "--", 2); at++) {
		if (!strcmp(argv[at], "--all"))
			all = true;
		else if (!strcmp(argv[at], "--top") && at + 1 < argc)
			top = strtoul(argv[++at], NULL, 10);
		else
			return usage();
	}
	if (at >= argc)
		return usage();
	asked = asked_kinds(argv + at, argc - 1 - at);
	if (!asked)
		return usage();
	r = rows_read(&rows, argv[argc - 1]);
	if (r < 0) {
		(void)fprintf(stderr, "diff: %s: %s\n", argv[argc - 1], strerror(-r));
		return 4;
	}
	for (size_t i = 0; i < ARRAY_CNT(kinds); i++)
		if (asked & 1u << i)
			(void)print_kind(&rows, &kinds[i], top, all);
	rows_done(&rows);
	return 0;
}
