/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shrinking by leaving out: first every run of 1, 2, 4 ... instructions alone, then what was good together. Each
 * round is one guest for all programs. Promises that the result was itself put before the kernel and still differs
 * in the same way.
 */
#include "tests/differential/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/differential/rng.h"

#define ROUNDS_MAX	 14
#define CANDIDATES_MAX	 (1u << 16) /* of one program a round; ids are item * this + number */
#define TOGETHER	 24

struct cut {
	uint32_t at, cnt;
	bool good;
};

struct cuts {
	struct cut *cut;
	uint32_t cnt;
	uint64_t together[TOGETHER]; /* seeds of the subsets tried */
};

struct round {
	const struct bgv_target *target;
	const char *version;
	const struct batch *batch;
	struct shrinking *items;
	struct cuts *cuts;
	uint32_t item_cnt;
	bool joint;
};

static void cuts_all(const struct program *p, struct cuts *cuts)
{
	cuts->cnt = 0;
	free(cuts->cut);
	cuts->cut = malloc((size_t)p->insn_cnt * 3 * sizeof(*cuts->cut) + 64);
	for (uint32_t size = 1; cuts->cut && size < p->insn_cnt; size *= 2)
		for (uint32_t at = 0; at + size <= p->insn_cnt && cuts->cnt < p->insn_cnt * 3; at += size > 2 ? size / 2 : 1)
			cuts->cut[cuts->cnt++] = (struct cut){ .at = at, .cnt = size };
}

/* Leaves out the cuts that the seed takes of the good ones, from the end, each if it does not touch the one before. */
static void cut_together(const struct cuts *cuts, uint64_t seed, struct program *p)
{
	uint32_t keep_percent = seed % 4 == 0 ? 100 : 25 * (uint32_t)(seed % 4), low = UINT32_MAX;

	for (uint32_t at = p->insn_cnt; at-- > 0;)
		for (uint32_t i = cuts->cnt; i-- > 0;) {
			const struct cut *cut = &cuts->cut[i];

			if (!cut->good || cut->at != at || cut->at + cut->cnt > low || !rng_chance(&seed, keep_percent))
				continue;
			(void)program_edit(p, cut->at, cut->cnt, NULL, 0);
			low = cut->at;
		}
}

static void candidate(const struct round *round, uint32_t item, uint32_t number, struct program *p)
{
	const struct cuts *cuts = &round->cuts[item];

	*p = round->items[item].program;
	if (round->joint)
		cut_together(cuts, number, p);
	else
		(void)program_edit(p, cuts->cut[number].at, cuts->cut[number].cnt, NULL, 0);
	p->id = (uint64_t)item * CANDIDATES_MAX + number;
}

static uint32_t candidate_cnt(const struct round *round, uint32_t item)
{
	uint32_t cnt = round->joint ? TOGETHER : round->cuts[item].cnt;

	return round->items[item].done ? 0 : cnt < CANDIDATES_MAX ? cnt : CANDIDATES_MAX - 1;
}

static int write_candidates(const struct round *round, const char *path)
{
	OWN_MEM struct program *p = malloc(sizeof(*p));
	FILE *file = fopen(path, "we");
	int r;

	if (!file || !p)
		return -ENOMEM;
	r = batch_begin(file);
	for (uint32_t i = 0; r == 0 && i < batch_base_cnt(round->batch); i++) {
		size_t bytes = 0;
		const uint8_t *base = batch_base_bytes(round->batch, i, &bytes);

		r = batch_put_base(file, base, bytes);
	}
	for (uint32_t item = 0; item < round->item_cnt; item++)
		for (uint32_t n = 0; r == 0 && n < candidate_cnt(round, item); n++) {
			candidate(round, item, n, p);
			if (p->insn_cnt)
				r = batch_put_program(file, p);
		}
	return fclose(file) || r < 0 ? -EIO : 0;
}

static bool same_difference(const struct round *round, const struct shrinking *item, const struct program *p,
			    const struct answer *kernel, int *ret_err)
{
	struct bgv_result ours;
	bool same;

	judge(round->target, p, batch_base(round->batch, p->base), &ours);
	same = judge_compare(round->version, kernel, &ours) == item->class && kernel->err == item->kernel.err &&
	       (item->class != DIFF_ERRNO || ours.err == item->our_err);
	*ret_err = ours.err;
	bgv_result_done(&ours);
	return same;
}

/* What a guest says of one candidate. */
static void take_answer(struct round *round, const struct answer *kernel, struct program *p, struct program *best, bool *better)
{
	uint32_t item = (uint32_t)(kernel->id / CANDIDATES_MAX), number = (uint32_t)(kernel->id % CANDIDATES_MAX);
	struct shrinking *s = &round->items[item];
	int err;

	if (item >= round->item_cnt || number >= candidate_cnt(round, item))
		return;
	candidate(round, item, number, p);
	if (!same_difference(round, s, p, kernel, &err))
		return;
	if (!round->joint)
		round->cuts[item].cut[number].good = true;
	if (p->insn_cnt < best[item].insn_cnt) {
		best[item] = *p;
		best[item].id = s->program.id;
		better[item] = true;
		if (round->joint)
			s->kernel = *kernel;
	}
}

static int ask_round(struct round *round, const char *ask, const char *path, bool *better)
{
	OWN_MEM struct program *best = malloc(round->item_cnt * sizeof(*best) + 1);
	OWN_MEM struct program *p = malloc(sizeof(*p));
	char command[4096], line[2048];
	struct answer kernel;
	FILE *said;
	int r = write_candidates(round, path);

	if (r < 0 || !best || !p)
		return r < 0 ? r : -ENOMEM;
	snprintf(command, sizeof(command), "%s '%s' -v", ask, path);
	said = popen(command, "re");
	if (!said)
		return -errno;
	for (uint32_t i = 0; i < round->item_cnt; i++)
		best[i] = round->items[i].program;
	while (fgets(line, sizeof(line), said))
		if (answer_parse(line, &kernel))
			take_answer(round, &kernel, p, best, better);
	(void)pclose(said);
	for (uint32_t i = 0; round->joint && i < round->item_cnt; i++)
		round->items[i].program = best[i];
	return 0;
}

int shrink_all(const struct bgv_target *target, const char *version, const struct batch *batch, const char *ask,
	       struct shrinking *items, uint32_t cnt)
{
	OWN_MEM struct cuts *cuts = calloc(cnt, sizeof(*cuts));
	OWN_MEM bool *better = calloc(cnt, sizeof(*better));
	struct round round = { target, version, batch, items, cuts, cnt, false };
	char path[] = "/tmp/differ.XXXXXX";
	OWN_FD int fd = mkstemp(path);
	bool more = true;
	int r = 0;

	if (!cuts || !better || fd < 0)
		return -ENOMEM;
	for (int n = 0; r == 0 && more && n < ROUNDS_MAX; n++) {
		round.joint = n % 2;
		memset(better, 0, cnt * sizeof(*better));
		for (uint32_t i = 0; !round.joint && i < cnt; i++)
			cuts_all(&items[i].program, &cuts[i]);
		r = ask_round(&round, ask, path, better);
		more = false;
		for (uint32_t i = 0; i < cnt; i++) {
			items[i].done = !better[i];
			more = more || better[i];
		}
	}
	(void)unlink(path);
	for (uint32_t i = 0; i < cnt; i++)
		free(cuts[i].cut);
	return r;
}
