/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an explanation proposes is tried: the program is judged again as if it had been done. A way
 * out is "checked" when the refused instruction then passes, and nothing that is refused after it
 * comes of what was assumed. What is refused then is a problem of its own, and told of in the same
 * run.
 */
#include "verifier/mend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/bpfgate-verifier.h"
#include "verifier/btf/btf.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/profile.h"
#include "verifier/patch.h"
#include "verifier/request.h"
#include "verifier/state/diag.h"
#include "verifier/tell/srcline.h"
#include "verifier/walk/assume.h"

#define MEND_INSNS_MAX                                                                             \
	65536 /* of longer walks only the first problem is told: each more is some walks */
#define MEND_ROOTS_MAX 5
#define MEND_STEPS_MAX 2000000u	/* of all trials together: what is mended may be walked on for long, each time */
/* What is assumed may make a loop of what was refused in its first round, and hold more in every round. */
#define MEND_BYTES_MAX (64u << 20)

/* The problems told so far, and what is assumed of them. */
struct mend {
	struct request q;
	struct bgv_options left;
	uint64_t began_ns;
	uint32_t steps_left;
	struct assume assumes[ASSUME_MAX];
};

/*
 * What is left of the budgets; 0 stands for none, so the least is 1. A recorded walk goes as far as one that was
 * counted before: without it nothing is told.
 */
static void take_budget(struct mend *m, const struct request *q)
{
	const struct bgv_options *opt = q->opt;
	uint64_t used_ns = request_now_ns() - m->began_ns;

	m->left = *opt;
	if (m->left.limits.time_ns)
		m->left.limits.time_ns =
			used_ns < m->left.limits.time_ns ? m->left.limits.time_ns - used_ns : 1;
	if (!q->record && (!m->left.limits.insns || m->left.limits.insns > m->steps_left))
		m->left.limits.insns = m->steps_left;
}

/* What is only tried has less room than the verdict had. */
static void take_room(struct mend *m)
{
	if (!m->left.limits.memory_bytes || m->left.limits.memory_bytes > MEND_BYTES_MAX)
		m->left.limits.memory_bytes = MEND_BYTES_MAX;
}

/* With what is assumed by now. */
static int judge(struct mend *m, const struct request *q, struct bgv_result *ret_res)
{
	struct patch *patch;
	bool once;
	int r = patch_new(q, &patch);

	if (r < 0)
		return r;
	take_budget(m, q);
	if (!q->record)
		take_room(m);
	patch->q.opt = &m->left;
	r = request_verify(&patch->q, ret_res, &once);
	if (r >= 0 && !q->record)
		m->steps_left -= ret_res->stats.insn_processed < m->steps_left - 1 ? (uint32_t)ret_res->stats.insn_processed :
										     m->steps_left - 1;
	patch_free(patch);
	return r;
}

/* The same walk once more, recorded: takes the explanation when it came to the same end; counts
 * stay the verdict's. */
static bool explain_again(struct mend *m, struct bgv_result *res, struct proposals *ret_proposals,
			  bool *ret_comes_of_it)
{
	struct request again = m->q;
	struct bgv_result told;

	again.record = true;
	again.ret_propose = ret_proposals;
	again.ret_comes_of_it = ret_comes_of_it;
	if (judge(m, &again, &told) < 0)
		return false;
	if (told.verdict != res->verdict || told.insn_idx != res->insn_idx ||
	    told.err != res->err) {
		bgv_result_done(&told);
		return false;
	}
	told.stats = res->stats;
	bgv_result_done(res);
	*res = told;
	return true;
}

/* Is it another problem than that one, or none at all? */
static bool is_mended(const struct bgv_result *res, const struct bgv_result *with)
{
	return with->verdict == BGV_ACCEPT ||
	       (with->verdict == BGV_REJECT &&
		(with->insn_idx != res->insn_idx || with->err != res->err ||
		 strcmp(with->code, res->code)));
}

/* Adds it to what is assumed; false: there is no room, or it did not mend anything. */
static bool try_one(struct mend *m, const struct proposal *p, const struct bgv_result *res,
		    struct bgv_result *ret_next)
{
	uint32_t before = m->q.assume_cnt;

	if (before + p->cnt > ASSUME_MAX)
		return false;
	memcpy(m->assumes + before, p->a, p->cnt * sizeof(p->a[0]));
	m->q.assume_cnt += p->cnt;
	if (judge(m, &m->q, ret_next) >= 0) {
		if (is_mended(res, ret_next) && (!p->whole || ret_next->verdict == BGV_ACCEPT))
			return true;
		bgv_result_done(ret_next);
	}
	m->q.assume_cnt = before;
	return false;
}

static bool try_all(struct mend *m, const struct proposals *proposals, struct bgv_result *res,
		    struct bgv_result *ret_next)
{
	uint32_t i;

	for (i = 0; i < proposals->cnt; i++) {
		if (!try_one(m, &proposals->p[i], res, ret_next))
			continue;
		if (*proposals->p[i].text)
			snprintf(res->way_out, sizeof(res->way_out), "%s", proposals->p[i].text);
		res->way_out_checked = !proposals->p[i].goes_on;
		return true;
	}
	return false;
}

/* ---- other rules, other kernels -------------------------------------------------------------- */

static bool is_accepted(struct mend *m, const struct request *q, enum assume_kind kind, uint64_t n)
{
	const struct assume as = { .kind = kind, .n = n };
	struct request with = *q;
	struct bgv_result res;
	bool accepted;

	with.assumes = &as;
	with.assume_cnt = 1;
	if (judge(m, &with, &res) < 0)
		return false;
	accepted = res.verdict == BGV_ACCEPT;
	bgv_result_done(&res);
	return accepted;
}

static void say_first(struct bgv_result *res, const char *text)
{
	char before[sizeof(res->way_out)];

	snprintf(before, sizeof(before), "%s", res->way_out);
	snprintf(res->way_out, sizeof(res->way_out), "%.120s%s%.130s", text, *before ? "; or " : "",
		 before);
	res->way_out_checked = true;
}

/* Would more rights for the same program do? */
static void try_rules(struct mend *m, const struct request *q, struct bgv_result *res)
{
	if (is_accepted(m, q, ASSUME_MODE, BGV_MODE_LEAK_RULES))
		say_first(
			res,
			"ask for a rule with \"perfmon\": \"judged\": by its rules the program loads");
	else if (is_accepted(m, q, ASSUME_MODE, BGV_MODE_FULL))
		say_first(
			res,
			"ask for a rule with \"perfmon\": \"grant\" (\"judged\" is not enough): then the program loads");
}

/* Does a later kernel load it as it is? */
static void try_kernels(struct mend *m, const struct request *q, struct bgv_result *res)
{
	char text[100];
	uint32_t p;

	for (p = q->target->profile + 1u; p < PROFILE_CNT; p++) {
		if (!is_accepted(m, q, ASSUME_KERNEL, p))
			continue;
		snprintf(text, sizeof(text), "use Linux %s or newer, which loads it as it is",
			 profile_name((enum profile)p));
		say_first(res, text);
		return;
	}
}

static void try_elsewhere(struct mend *m, const struct request *q, struct bgv_result *res)
{
	if (res->way_out_checked || res->stats.insn_processed >= MEND_INSNS_MAX || !res->class_name)
		return;
	if (q->prog->mode == BGV_MODE_NO_PERFMON)
		try_rules(m, q, res);
	else if (strcmp(res->class_name, diag_class_name(DIAG_SOURCE)))
		try_kernels(m, q, res);
}

/* ---- one problem after the other ------------------------------------------------------------- */

static bool is_same_place(const struct bgv_program *prog, const struct btf_view *view,
			  const struct bgv_result *a, const struct bgv_result *b)
{
	struct srcline at, of;

	return !strcmp(a->code, b->code) && srcline_find(prog, view, a->insn_idx, &at) &&
	       srcline_find(prog, view, b->insn_idx, &of) &&
	       (of.near || (at.line == of.line && !strcmp(at.file, of.file)));
}

/* One line of source may be many instructions, or many rounds of a loop: they are one problem to
 * who wrote it. */
static void drop_shadows(const struct bgv_program *prog, struct bgv_result *res)
{
	struct btf_view *view = res->more ? srcline_view(prog) : NULL;
	struct bgv_result *one, *before, *last = res;

	while ((one = last->more)) {
		for (before = res; before != one && !is_same_place(prog, view, before, one);
		     before = before->more)
			;
		if (before == one) {
			last = one;
			continue;
		}
		last->more = one->more;
		one->more = NULL;
		bgv_result_done(one);
		free(one);
	}
	btf_view_free(view);
}

static void drop_more(struct bgv_result *res)
{
	struct bgv_result *more = res->more;

	if (more)
		bgv_result_done(more);
	free(more);
	res->more = NULL;
}

static void explain_roots(struct mend *m, struct bgv_result *res)
{
	struct proposals *proposals = malloc(sizeof(*proposals));
	struct bgv_result next, *before = NULL;
	char said[sizeof(next.way_out)]; /* before it was tried */
	bool comes_of_it;
	uint32_t cnt;

	for (cnt = 1; proposals; cnt++) {
		memset(proposals, 0, sizeof(*proposals));
		comes_of_it = false;
		if (!explain_again(m, res, proposals, &comes_of_it))
			break;
		if (before && comes_of_it) {
			before->way_out_checked = false;
			strcpy(before->way_out, said);
			drop_more(before);
			break;
		}
		strcpy(said, res->way_out);
		if (cnt == MEND_ROOTS_MAX || res->stats.insn_processed >= MEND_INSNS_MAX ||
		    !try_all(m, proposals, res, &next))
			break;
		res->more = next.verdict == BGV_REJECT ? malloc(sizeof(next)) : NULL;
		if (!res->more) {
			bgv_result_done(&next);
			break;
		}
		before = res;
		res = res->more;
		*res = next;
	}
	free(proposals);
}

void mend_explain(const struct request *q, struct bgv_result *res, uint64_t began_ns)
{
	struct mend *m = calloc(1, sizeof(*m));

	if (!m)
		return;
	m->q = *q;
	m->q.watch = NULL;
	m->q.assumes = m->assumes;
	m->began_ns = began_ns;
	m->steps_left = MEND_STEPS_MAX;
	explain_roots(m, res);
	try_elsewhere(m, &m->q, res);
	drop_shadows(q->prog, res);
	free(m);
}
