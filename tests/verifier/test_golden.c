/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, spelled out: what each kernel is said to have and to do. A row that changes shows
 * here whether or not a program of the other tests meets it.
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/lib/golden.h"
#include "verifier/kernel/behave.h"
#include "verifier/kernel/ctx_tab.h"
#include "verifier/state/env.h"
#include "verifier/kernel/helper_tab.h"
#include "verifier/kernel/insn.h"
#include "verifier/kernel/names.h"
#include "verifier/kernel/profile.h"
#include "verifier/kernel/progtype.h"
#include "verifier/call/ret.h"
#include "verifier/tell/srcline.h"

/* One line a field: every kernel's value, oldest first. */
static void of_each(struct golden *g, const char *what, const char *name, const uint32_t *values)
{
	char text[PROFILE_CNT * 12] = "";
	int n = 0;

	for (enum profile p = 0; p < PROFILE_CNT; p++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %u", values[p]);
	golden_line(g, "%s %s%s", what, name, text);
}

static void behaviours(struct golden *g)
{
	uint32_t values[PROFILE_CNT];

#define BEHAVE(name, ...)                                                                          \
	for (enum profile p = 0; p < PROFILE_CNT; p++)                                             \
		values[p] = behave_of_profile(p)->name;                                            \
	of_each(g, "behave", #name, values);
#include "verifier/kernel/behave.def"
#undef BEHAVE
}

static void limits(struct golden *g)
{
	uint32_t values[PROFILE_CNT];

#define LIMIT(name, ...)                                                                           \
	for (enum profile p = 0; p < PROFILE_CNT; p++)                                             \
		values[p] = profile_limits_of(p)->name;                                            \
	of_each(g, "limit", #name, values);
#include "verifier/kernel/limits.def"
#undef LIMIT
}

static void names(struct golden *g)
{
	for (uint32_t i = 0; i < AT_CNT; i++)
		golden_line(g, "attach type %u %s", i, names_attach_type(i));
	for (uint32_t i = 0; i < MT_CNT; i++)
		golden_line(g, "map type %u %s", i, names_map_type(i) ? names_map_type(i) : "-");
}

static void instructions(struct golden *g)
{
	for (unsigned int code = 0; code < 256; code++) {
		unsigned int known = 0;

		for (enum profile p = 0; p < PROFILE_CNT; p++)
			known |= (unsigned int)insn_is_known(behave_of_profile(p), (uint8_t)code)
				 << p;
		if (known)
			golden_line(g, "insn %02x %x", code, known);
	}
}

/* Helpers a program of these types may call, with and without each capability. */
static uint64_t helpers_of(uint64_t sum, enum profile p, uint32_t type, uint32_t attach,
			   unsigned int *cnt)
{
	static const uint32_t caps[] = { BGV_CAP_ALL, BGV_CAP_ALL & ~BGV_CAP_PERFMON,
					 BGV_CAP_ALL & ~BGV_CAP_SYS_ADMIN, 0 };

	for (int32_t id = -1; id <= (int32_t)helper_tab_cnt(PROFILE_7_2) + 1; id++)
		for (unsigned int n = 0; n < 16; n++) {
			const struct helper_caller caller = { .profile = p,
							      .prog_type = type,
							      .attach_type = attach,
							      .caps = caps[n % 4],
							      .sleepable = n & 4,
							      .sockopt = n & 8 };
			const struct helper_proto *proto = NULL;
			int r = helper_tab_find(&caller, id, &proto);

			sum = golden_fold_u64(sum, (uint64_t)r);
			if (r == 0)
				sum = golden_fold_u64(sum, proto->flags);
			*cnt += n == 0 && r == 0;
		}
	return sum;
}

static void program_type(struct golden *g, enum profile p, uint32_t type)
{
	const struct progtype *t = progtype_find(p, type);
	uint64_t takes = 0, returns = GOLDEN_SUM, helpers = GOLDEN_SUM;
	unsigned int cnt = 0;

	if (!t)
		return;
	for (uint32_t attach = 0; attach <= AT_CNT; attach++) {
		struct ret_range range = { 0, 0 };
		bool ranged = ret_range_of(p, type, attach, &range);

		if (!progtype_takes_attach(p, type, attach))
			continue;
		takes |= 1ull << attach;
		returns = golden_fold_u64(returns, ranged);
		returns = golden_fold_u64(returns, (uint64_t)range.lo);
		returns = golden_fold_u64(returns, (uint64_t)range.hi);
		returns = golden_fold_u64(returns, progtype_fix_attach(type, attach));
		if (!attach || t->attach_types)
			helpers = helpers_of(helpers, p, type, attach, &cnt);
	}
	golden_line(g,
		    "type %d %u %s caps %x flags %x attach %016" PRIx64 " returns %016" PRIx64
		    " %u helpers %016" PRIx64,
		    p, type, t->name, t->caps, t->flags, takes, returns, cnt, helpers);
}

static void program_types(struct golden *g)
{
	for (enum profile p = 0; p < PROFILE_CNT; p++)
		for (uint32_t type = 0; type <= PT_CNT; type++)
			program_type(g, p, type);
}

static void helper_rows(struct golden *g)
{
	const struct helper_proto *h;

	for (uint32_t row = 0; (h = helper_tab_row(row)); row++) {
		uint64_t sum = GOLDEN_SUM;

		for (int i = 0; i < HELPER_ARGS_MAX; i++) {
			const struct helper_arg *a = &h->arg[i];

			sum = golden_fold_u64(sum, a->kind | (uint64_t)a->size << 8 |
							   (uint64_t)a->flags << 32);
			sum = golden_fold(sum, a->btf ? a->btf : "", a->btf ? strlen(a->btf) : 0);
		}
		golden_line(g,
			    "helper %u %s caps %x types %" PRIx64
			    " %u %x %x ret %u %x %s %016" PRIx64,
			    h->id, h->name, h->caps, h->types, h->sleepable, h->profiles, h->flags,
			    h->ret, h->ret_flags, h->ret_btf ? h->ret_btf : "-", sum);
	}
}

static void helper_maps(struct golden *g)
{
	for (uint32_t id = 0; id <= helper_tab_cnt(PROFILE_7_2); id++) {
		uint64_t takes[PROFILE_CNT] = { 0 }, all = UINT64_MAX;

		for (enum profile p = 0; p < PROFILE_CNT; p++) {
			for (uint32_t map = 0; map < 64; map++)
				takes[p] |= (uint64_t)helper_tab_takes_map(p, id, map) << map;
			all &= takes[p];
		}
		if (~all)
			golden_line(g,
				    "maps of helper %u %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64
				    " %" PRIx64 " %" PRIx64 " %" PRIx64,
				    id, takes[PROFILE_6_1], takes[PROFILE_6_12],
				    takes[PROFILE_6_18], takes[PROFILE_7_0], takes[PROFILE_7_1],
				    takes[PROFILE_7_2], takes[PROFILE_7_3]);
	}
}

/* What of a context may be read and written, at each place by each size, also by none. */
static uint64_t context(uint64_t sum, enum profile p, uint32_t type, uint32_t attach,
			unsigned int *allowed)
{
	static const uint32_t sizes[] = { 0, 1, 2, 3, 4, 8, 9, 16 };

	for (uint32_t n = 0; n < 2 * 8 * 256; n++) {
		const struct ctx_field *f =
			ctx_tab_find(p, KERNEL_ARCH_x86_64, type, attach, n / 16, sizes[n / 2 % 8], n & 1);

		if (!f)
			continue;
		++*allowed;
		sum = golden_fold_u64(sum, n | (uint64_t)attach << 32);
		sum = golden_fold_u64(sum, f->kind | (uint64_t)f->flags << 8);
		sum = golden_fold(sum, f->btf ? f->btf : "", f->btf ? strlen(f->btf) : 0);
	}
	return sum;
}

static void contexts(struct golden *g)
{
	for (enum profile p = 0; p < PROFILE_CNT; p++)
		for (uint32_t type = 0; type <= PT_CNT; type++) {
			uint64_t sum = GOLDEN_SUM;
			unsigned int allowed = 0;

			for (uint32_t attach = 0; attach <= AT_CNT; attach++)
				if (!attach || (progtype_find(p, type) &&
						progtype_find(p, type)->attach_types &&
						progtype_takes_attach(p, type, attach)))
					sum = context(sum, p, type, attach, &allowed);
			if (allowed)
				golden_line(g, "context %d %u: %u accesses %016" PRIx64, p, type,
					    allowed, sum);
		}
}

static void pointees(struct golden *g)
{
	for (uint32_t base = 0; base < REG_BASE_CNT; base++)
		for (uint32_t size = 0; size < 10; size++) {
			uint64_t sum = GOLDEN_SUM;
			unsigned int allowed = 0;

			for (uint32_t off = 0; off < 400; off++)
				if (ctx_tab_pointee(base, off, size)) {
					sum = golden_fold_u64(sum, off);
					allowed++;
				}
			if (allowed)
				golden_line(g, "behind %u by %u: %u places %016" PRIx64, base, size,
					    allowed, sum);
		}
}

START_TEST(the_tables_say_what_they_said)
{
	struct golden *g = golden_begin("tests/verifier/tables.golden");

	behaviours(g);
	limits(g);
	names(g);
	instructions(g);
	program_types(g);
	helper_rows(g);
	helper_maps(g);
	contexts(g);
	pointees(g);
	ck_assert(golden_end(g));
}
END_TEST

/* What each column of a line of C is taken for. */
static void source_line(struct golden *g, const char *text)
{
	char piece[5][24];

	golden_line(g, "%s", text);
	for (uint32_t col = 0; col <= strlen(text) + 1; col++) {
		const struct srcline line = { .file = "f.c", .text = text, .line = 1, .col = col };
		bool has[4] = { srcline_operand(&line, piece[0], sizeof(piece[0])),
				srcline_variable(&line, piece[1], sizeof(piece[1])),
				srcline_index(&line, piece[2], sizeof(piece[2])),
				srcline_callee(&line, piece[3], sizeof(piece[3])) };

		if (has[0] || has[1] || has[2] || has[3])
			golden_line(g, "  %u: '%s' '%s' '%s' '%s'", col, has[0] ? piece[0] : "-",
				    has[1] ? piece[1] : "-", has[2] ? piece[2] : "-",
				    has[3] ? piece[3] : "-");
		for (uint32_t nth = 0; nth < 6; nth++)
			if (srcline_argument(&line, nth, piece[4], sizeof(piece[4])))
				golden_line(g, "  %u: argument %u '%s'", col, nth, piece[4]);
	}
}

START_TEST(each_column_of_a_line_is_taken_for_what_it_was)
{
	static const char *const lines[] = {
		"x = ip->saddr + p.q.r;",
		"\t\treturn *p + buf[i].n;",
		"return (a);",
		"returned = a;",
		"if (**p == &q->r[2] || !x)",
		"r = f(a, (void *)b, &c[1], g(d, e), 5, 6, 7);",
		"r = f((struct s *) *p, (x + 1), sizeof(struct s), \"a,b\")",
		"f(a, b",
		"f (a)",
		"f()",
		"while (bpf_loop(10, cb, &ctx, 0) > 0)",
		"for (i = 0; i < n[k[j]]; i++) sum += a->b[c].d->e[f - 1];",
		"a->b->c[i][j] = 7->x;",
		"a.b . c -> d",
		"p += 2; p++; ++p; p <<= q & r | s ^ t % u / v * w - x;",
		"p   = q",
		"= q",
		"a[b",
		"a]b)c",
		"1 + 2.5",
		"a_long_name_that_does_not_fit(and_one_that_does_not_either, b)",
		"twenty_three_letters_ab = twenty_four_letters_abcd;",
		"caf\303\251 = \001x;",
		"*",
		"&",
		"",
		"do { asm volatile(\"\" : : \"r\"(x)); } while (0);",
		"switch (sizeof(x)) else const struct s y;",
	};
	struct golden *g = golden_begin("tests/verifier/lines.golden");

	for (size_t i = 0; i < ARRAY_CNT(lines); i++)
		source_line(g, lines[i]);
	ck_assert(golden_end(g));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("golden");
	TCase *t = tcase_create("golden");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_tables_say_what_they_said);
	tcase_add_test(t, each_column_of_a_line_is_taken_for_what_it_was);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_set_fork_status(sr, CK_NOFORK);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
