/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk as its users see it: verdicts with their counts, budgets, hostile indices, explanations.
 * Rules of single instructions are tests/cases; this is what a text case cannot say.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "proto/own.h"
#include "verifier/bpfgate-verifier.h"
#include "verifier/state/pool.h"

#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define MOV(d, i)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOVX(d, s)	INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD(d, i)	INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LDXW(d, s, o)	INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
#define CALL(id)	INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define EXIT		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define JGTX(d, s, o)	INSN(BPF_JMP | BPF_JGT | BPF_X, d, s, o, 0)
#define CNT(a)		((uint32_t)ARRAY_CNT(a))

static struct bgv_target *target;

static void set_up(void)
{
	const struct bgv_target_spec spec = { .version = "6.18.44", .nr_cpus = 2 };

	ck_assert_int_eq(bgv_target_new(&spec, &target), 0);
}

static void tear_down(void)
{
	bgv_target_free(target);
}

static struct bgv_result judge(const struct bpf_insn *insns, uint32_t cnt, uint32_t type,
			       const struct bgv_options *opt)
{
	const struct bgv_program prog = { .insns = insns, .insn_cnt = cnt, .prog_type = type,
					  .license = "GPL", .caps = BGV_CAP_ALL };
	struct bgv_result res;

	ck_assert_int_eq(bgv_verify(target, &prog, opt, &res), 0);
	return res;
}

/* r1 := data, r2 := data_end; data + proved > data_end leaves; then four bytes at `at` are read. */
static uint32_t packet_program(struct bpf_insn *out, int32_t proved, int16_t at)
{
	const struct bpf_insn insns[] = {
		LDXW(2, 1, 4), LDXW(1, 1, 0), MOV(0, 0), MOVX(3, 1), ADD(3, proved),
		JGTX(3, 2, 1), LDXW(0, 1, at), EXIT,
	};

	memcpy(out, insns, sizeof(insns));
	return CNT(insns);
}

static char *explain(const struct bpf_insn *insns, uint32_t cnt, struct bgv_result *res)
{
	const struct bgv_program prog = { .insns = insns, .insn_cnt = cnt };
	char *text = NULL;

	ck_assert_int_eq(bgv_explain(&prog, res, &text), 0);
	return text;
}

START_TEST(a_short_packet_check_is_told_in_bytes)
{
	const struct bgv_options opt = { .explain = 1 };
	struct bpf_insn insns[8];
	uint32_t cnt = packet_program(insns, 14, 12);
	struct bgv_result res = judge(insns, cnt, BPF_PROG_TYPE_XDP, &opt);
	char *text;

	ck_assert_int_eq(res.verdict, BGV_REJECT);
	ck_assert_int_eq(res.err, EACCES);
	ck_assert_str_eq(res.code, "PKT-RANGE");
	ck_assert_uint_eq(res.insn_idx, 6);
	text = explain(insns, cnt, &res);
	ck_assert_ptr_nonnull(strstr(text, "needs 16 packet bytes, but only 14 are proved"));
	ck_assert_ptr_nonnull(strstr(text, "short by: 2 bytes"));
	ck_assert_ptr_nonnull(strstr(text, "path: 5 (not taken) -> 6"));
	ck_assert_ptr_nonnull(strstr(text, "insn 5: this check proves 14 bytes"));
	free(text);
	bgv_result_done(&res);
}
END_TEST

/* As if each round's memory were given back at the end: what is held grows with every round that is then walked. */
START_TEST(what_is_only_tried_has_little_memory)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD }, {},
		MOV(2, 8), MOV(3, 0), CALL(131),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0), /* no room: leave */
		INSN(0xe5, 0, 0, 1, 0),			     /* may_goto */
		INSN(BPF_JMP | BPF_JA, 0, 0, -8, 0), MOV(0, 0), EXIT,
	};
	const struct bgv_map map = { .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 };
	const struct bgv_program prog = { .insns = insns, .insn_cnt = CNT(insns), .prog_type = BPF_PROG_TYPE_XDP,
					  .license = "GPL", .caps = BGV_CAP_ALL, .maps = &map, .map_cnt = 1 };
	const struct bgv_options opt = { .explain = 1 };
	const struct rlimit room = { 1u << 30, RLIM_INFINITY }; /* it took all of the machine's once */
	struct rusage used;
	struct bgv_result res;

	ck_assert_int_eq(setrlimit(RLIMIT_AS, &room), 0);
	ck_assert_int_eq(bgv_verify(target, &prog, &opt, &res), 0);
	ck_assert_int_eq(res.verdict, BGV_REJECT);
	ck_assert_str_eq(res.code, "REF-LEAK");
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &used), 0);
	ck_assert_int_lt(used.ru_maxrss, 200 << 10); /* KB */
	bgv_result_done(&res);
}
END_TEST

/* What a kernel of that machine says to a program that only returns. */
static enum bgv_verdict on_machine(const char *machine)
{
	static const struct bpf_insn insns[] = { MOV(0, 0), EXIT };
	const struct bgv_target_spec spec = { .version = "6.18.44", .machine = machine };
	struct bgv_target *other, *common = target;
	enum bgv_verdict verdict;
	struct bgv_result res;

	ck_assert_int_eq(bgv_target_new(&spec, &other), 0);
	target = other;
	res = judge(insns, CNT(insns), BPF_PROG_TYPE_SOCKET_FILTER, NULL);
	verdict = res.verdict;
	bgv_result_done(&res);
	bgv_target_free(other);
	target = common;
	return verdict;
}

START_TEST(an_architecture_without_facts_is_unsupported)
{
	ck_assert_int_eq(on_machine("x86_64"), BGV_ACCEPT);
	ck_assert_int_eq(on_machine(NULL), BGV_ACCEPT);
	ck_assert_int_eq(on_machine("aarch64"), BGV_UNSUPPORTED);
	ck_assert_int_eq(on_machine("x86"), BGV_UNSUPPORTED);
	ck_assert_int_eq(on_machine(""), BGV_UNSUPPORTED);
}
END_TEST

START_TEST(a_packet_check_that_reaches_is_accepted)
{
	struct bpf_insn insns[8];
	uint32_t cnt = packet_program(insns, 16, 12);
	const struct bgv_program prog = { .insns = insns, .insn_cnt = cnt };
	struct bgv_result res = judge(insns, cnt, BPF_PROG_TYPE_XDP, NULL);
	char *text = NULL;

	ck_assert_int_eq(res.verdict, BGV_ACCEPT);
	ck_assert_int_eq(bgv_explain(&prog, &res, &text), -EINVAL);
	bgv_result_done(&res);
}
END_TEST

START_TEST(nothing_is_recorded_unless_asked)
{
	struct bpf_insn insns[8];
	struct bgv_result res = judge(insns, packet_program(insns, 14, 12), BPF_PROG_TYPE_XDP, NULL);

	ck_assert_uint_eq(res.event_cnt, 0);
	ck_assert_ptr_null(res.events);
	bgv_result_done(&res);
}
END_TEST

START_TEST(what_an_explanation_costs_is_not_the_verdicts)
{
	const struct bgv_options opt = { .explain = 1 };
	struct bpf_insn insns[8];
	uint32_t cnt = packet_program(insns, 14, 12);
	struct bgv_result plain = judge(insns, cnt, BPF_PROG_TYPE_XDP, NULL);
	struct bgv_result told = judge(insns, cnt, BPF_PROG_TYPE_XDP, &opt);

	ck_assert_uint_gt(told.event_cnt, 0);
	ck_assert_uint_eq(told.stats.insn_processed, plain.stats.insn_processed);
	ck_assert_uint_eq(told.stats.peak_bytes, plain.stats.peak_bytes);
	bgv_result_done(&told);
	bgv_result_done(&plain);
}
END_TEST

START_TEST(a_use_after_a_call_blames_the_call)
{
	static const struct bpf_insn insns[] = { MOV(2, 1), CALL(5), MOVX(0, 2), EXIT };
	const struct bgv_options opt = { .explain = 1 };
	struct bgv_result res = judge(insns, CNT(insns), BPF_PROG_TYPE_SOCKET_FILTER, &opt);

	ck_assert_str_eq(res.code, "REG-UNINIT");
	ck_assert_uint_eq(res.insn_idx, 2);
	bgv_result_done(&res);
}
END_TEST

START_TEST(a_result_that_is_done_may_be_done_again)
{
	const struct bgv_options opt = { .explain = 1, .log_level = 2, .log_bytes = 4096 };
	struct bpf_insn insns[8];
	uint32_t cnt = packet_program(insns, 14, 12);
	struct bgv_result res = judge(insns, cnt, BPF_PROG_TYPE_XDP, &opt);

	ck_assert_uint_gt(res.event_cnt, 0);
	ck_assert_ptr_nonnull(res.log);
	bgv_result_done(&res);
	ck_assert_ptr_null(res.events);
	ck_assert_ptr_null(res.log);
	ck_assert_uint_eq(res.event_cnt, 0);
	bgv_result_done(&res);
	bgv_result_done(NULL);
}
END_TEST

/* Of a log that does not fit the end is kept, or the beginning: never a byte more than was asked for. */
static void see_log(const struct bpf_insn *insns, uint32_t cnt, const char *whole, uint32_t bytes)
{
	const struct bgv_options end = { .log_level = 2, .log_bytes = bytes },
				 head = { .log_level = 2 | 8, .log_bytes = bytes };
	struct bgv_result res = judge(insns, cnt, BPF_PROG_TYPE_SOCKET_FILTER, &end);
	const char *log = res.log ? res.log : "";
	size_t most = strlen(whole);

	ck_assert_int_eq(res.verdict, BGV_ACCEPT);
	ck_assert_msg(strlen(log) < bytes || !*log, "%zu of %u", strlen(log), bytes);
	if (bytes > 1000 && bytes <= most) {
		ck_assert_ptr_nonnull(strstr(log, "bytes of this log are left out)\n"));
		log = strchr(log, '\n') + 1;
		ck_assert_msg(strlen(log) > bytes / 2 - 200, "%zu of %u", strlen(log), bytes);
		ck_assert_str_eq(log, whole + most - strlen(log));
	}
	bgv_result_done(&res);
	res = judge(insns, cnt, BPF_PROG_TYPE_SOCKET_FILTER, &head);
	log = res.log ? res.log : "";
	ck_assert_msg(strlen(log) < bytes || !*log, "%zu of %u", strlen(log), bytes);
	ck_assert_mem_eq(log, whole, strlen(log));
	ck_assert(bytes < 1000 || bytes > most || strlen(log) > bytes - 200);
	bgv_result_done(&res);
}

START_TEST(a_log_keeps_its_end_or_its_beginning)
{
	enum { INSNS = 3000 };
	const struct bgv_options all = { .log_level = 2, .log_bytes = 1 << 20 }, none = { .log_bytes = 1 << 20 },
				 refused = { .log_level = 2 | 16, .log_bytes = 1 << 20 };
	struct bpf_insn *insns = calloc(INSNS, sizeof(*insns));
	struct bgv_result whole, silent;

	for (int i = 0; i < INSNS; i++)
		insns[i] = (struct bpf_insn)MOV(0, 0);
	insns[INSNS - 1] = (struct bpf_insn)EXIT;
	whole = judge(insns, INSNS, BPF_PROG_TYPE_SOCKET_FILTER, &all);
	ck_assert_ptr_nonnull(whole.log);
	ck_assert_ptr_nonnull(strstr(whole.log, "\n0: R1=ctx() R10=fp0\n0: (b7) r0 = 0                        ; R0=0\n1: "));
	ck_assert_str_eq(strstr(whole.log, "\n2999: "), "\n2999: (95) exit\n");
	ck_assert_uint_gt(strlen(whole.log), 3 * 65536);
	silent = judge(insns, INSNS, BPF_PROG_TYPE_SOCKET_FILTER, &none);
	ck_assert_ptr_null(silent.log);
	bgv_result_done(&silent);
	silent = judge(insns, INSNS, BPF_PROG_TYPE_SOCKET_FILTER, &refused);
	ck_assert_ptr_null(silent.log);
	bgv_result_done(&silent);
	for (uint32_t bytes = 0; bytes < 30; bytes++)
		see_log(insns, INSNS, whole.log, bytes);
	for (uint32_t bytes = 65536 - 3; bytes < 65536 + 100; bytes += 20)
		see_log(insns, INSNS, whole.log, bytes);
	see_log(insns, INSNS, whole.log, 2 * 65536);
	see_log(insns, INSNS, whole.log, (uint32_t)strlen(whole.log) + 100);
	bgv_result_done(&whole);
	free(insns);
}
END_TEST

START_TEST(a_masked_sign_is_walked_twice)
{
	static const struct bpf_insn insns[] = {
		CALL(7), INSN(BPF_ALU64 | BPF_ARSH | BPF_K, 0, 0, 0, 63),
		INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, 16), MOV(0, 0), EXIT,
	};
	struct bgv_result res = judge(insns, CNT(insns), BPF_PROG_TYPE_SOCKET_FILTER, NULL);

	ck_assert_int_eq(res.verdict, BGV_ACCEPT);
	ck_assert_uint_eq(res.stats.insn_processed, 5 + 3);	/* from the mask on, once more */
	bgv_result_done(&res);
}
END_TEST

/* Counts to `rounds` one by one, knowing the number all the time. */
static uint32_t loop_program(struct bpf_insn *out, int32_t rounds)
{
	const struct bpf_insn insns[] = {
		MOV(0, 0), ADD(0, 1), INSN(BPF_JMP | BPF_JLT | BPF_K, 0, 0, -2, rounds), EXIT,
	};

	memcpy(out, insns, sizeof(insns));
	return CNT(insns);
}

START_TEST(a_budget_of_instructions_ends_as_undecided)
{
	struct bgv_options opt = { .limits = { .insns = 1000 } };
	struct bpf_insn insns[4];
	uint32_t cnt = loop_program(insns, 1000);
	struct bgv_result res = judge(insns, cnt, BPF_PROG_TYPE_SOCKET_FILTER, &opt);

	ck_assert_int_eq(res.verdict, BGV_UNDECIDED);
	bgv_result_done(&res);
	opt.limits.insns = 3000;
	res = judge(insns, cnt, BPF_PROG_TYPE_SOCKET_FILTER, &opt);
	ck_assert_int_eq(res.verdict, BGV_ACCEPT);
	ck_assert_uint_eq(res.stats.insn_processed, 2002);
	bgv_result_done(&res);
}
END_TEST

START_TEST(a_budget_of_memory_ends_as_undecided)
{
	struct bgv_options opt = { .limits = { .memory_bytes = 64 << 10 } };
	struct bpf_insn insns[4];
	uint32_t cnt = loop_program(insns, 1000);
	struct bgv_result res = judge(insns, cnt, BPF_PROG_TYPE_SOCKET_FILTER, &opt);

	ck_assert_int_eq(res.verdict, BGV_UNDECIDED);
	bgv_result_done(&res);
	opt.limits.memory_bytes = 16 << 20;
	res = judge(insns, cnt, BPF_PROG_TYPE_SOCKET_FILTER, &opt);
	ck_assert_int_eq(res.verdict, BGV_ACCEPT);
	bgv_result_done(&res);
}
END_TEST

START_TEST(the_kernels_own_limit_is_a_rejection)
{
	struct bpf_insn insns[4];
	struct bgv_result res = judge(insns, loop_program(insns, 600000),
				      BPF_PROG_TYPE_SOCKET_FILTER, NULL);

	ck_assert_int_eq(res.verdict, BGV_REJECT);
	ck_assert_int_eq(res.err, E2BIG);
	ck_assert_uint_eq(res.stats.insn_processed, 1000001);
	bgv_result_done(&res);
}
END_TEST

START_TEST(a_map_that_is_not_there_is_a_bad_fd)
{
	static const struct { int32_t idx; int err; } rows[] = {
		{ 0, EBADF }, { -1, EBADF }, { 0x7fffffff, EBADF }, { 0x7ffffffe, EINVAL },
		{ 0x7ffffffd, EBADF },	/* names no array only as an index into one */
	};
	struct bpf_insn insns[] = { INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, 0),
				    INSN(0, 0, 0, 0, 0), MOV(0, 0), EXIT };
	struct bgv_result res;
	size_t i;

	for (i = 0; i < ARRAY_CNT(rows); i++) {
		insns[0].imm = rows[i].idx;
		res = judge(insns, CNT(insns), BPF_PROG_TYPE_SOCKET_FILTER, NULL);
		ck_assert_int_eq(res.verdict, BGV_REJECT);
		ck_assert_int_eq(res.err, rows[i].err);
		bgv_result_done(&res);
	}
}
END_TEST

START_TEST(memory_that_nobody_wrote_is_no_verdict)
{
	struct bpf_insn insns[] = { MOV(0, 0), EXIT };
	struct bgv_result none = { 0 };
	struct bgv_result res = judge(insns, CNT(insns), BPF_PROG_TYPE_SOCKET_FILTER, NULL);

	ck_assert_str_eq(bgv_verdict_name(none.verdict), "none");
	ck_assert_str_eq(bgv_verdict_name(res.verdict), "accept");
	bgv_result_done(&res);
}
END_TEST

START_TEST(a_program_of_no_or_too_many_instructions_is_too_big)
{
	struct bpf_insn *insns = calloc(1000001, sizeof(*insns));
	struct bgv_result res;

	ck_assert_ptr_nonnull(insns);
	res = judge(insns, 1000001, BPF_PROG_TYPE_SOCKET_FILTER, NULL);
	ck_assert_int_eq(res.err, E2BIG);
	bgv_result_done(&res);
	res = judge(insns, 0, BPF_PROG_TYPE_SOCKET_FILTER, NULL);
	ck_assert_int_eq(res.err, E2BIG);
	bgv_result_done(&res);
	free(insns);
}
END_TEST

/* Blocks of all sizes, some given back and taken again: none lies over another, none is askew, none is over the budget. */
START_TEST(blocks_of_a_pool_are_apart)
{
	enum { BLOCKS = 600, LIMIT = 2 << 20 };
	static struct { unsigned char *at; size_t bytes; } block[BLOCKS];
	struct pool *pool = pool_new(LIMIT);
	size_t refused = 0, strangers = 0;

	ck_assert_ptr_nonnull(pool);
	for (size_t i = 0; i < BLOCKS; i++) {
		block[i].bytes = i % 50 == 49 ? 70000 : 1 + i * 7 % 900;
		block[i].at = pool_take(pool, block[i].bytes);
		if (!block[i].at) {
			refused++;
			continue;
		}
		ck_assert_uint_eq((uintptr_t)block[i].at % 16, 0);
		memset(block[i].at, (int)(i % 251), block[i].bytes);
		ck_assert_uint_le(pool_peak_bytes(pool), LIMIT);
		if (i % 3 == 2) {	/* the next of its size is this one again, or one that nobody has */
			pool_give(pool, block[i].at, block[i].bytes);
			block[i].at = pool_take(pool, block[i].bytes);
			ck_assert_ptr_nonnull(block[i].at);
			memset(block[i].at, (int)(i % 251), block[i].bytes);
		}
	}
	for (size_t i = 0; i < BLOCKS; i++)
		for (size_t b = 0; block[i].at && b < block[i].bytes; b++)
			strangers += block[i].at[b] != i % 251;	/* an assertion a byte would take seconds */
	ck_assert_uint_eq(strangers, 0);
	ck_assert_uint_eq(refused, 0);
	ck_assert_ptr_null(pool_take(pool, LIMIT));
	ck_assert_ptr_null(pool_take(pool, SIZE_MAX));
	pool_free(pool);
}
END_TEST

/* A block that was given back is what the next of its size gets: a walk of millions of steps stays small. */
START_TEST(a_pool_takes_again_what_was_given_back)
{
	struct pool *pool = pool_new(0);
	uint64_t bytes, missing = 0;

	ck_assert_ptr_nonnull(pool);
	pool_give(pool, pool_take(pool, 100), 100);
	bytes = pool_peak_bytes(pool);
	for (int i = 0; i < 100000; i++) {
		void *a = pool_take(pool, 100), *b = pool_take(pool, POOL_SMALL_MAX);

		missing += !a + !b;
		pool_give(pool, a, 100);
		pool_give(pool, b, POOL_SMALL_MAX);
	}
	ck_assert_uint_eq(missing, 0);
	ck_assert_uint_le(pool_peak_bytes(pool), bytes);
	pool_give(pool, NULL, 100);
	pool_free(pool);
}
END_TEST


int main(void)
{
	Suite *suite = suite_create("verifier core");
	TCase *tc = tcase_create("core");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, blocks_of_a_pool_are_apart);
	tcase_add_test(tc, a_pool_takes_again_what_was_given_back);
	tcase_add_test(tc, a_short_packet_check_is_told_in_bytes);
	tcase_add_test(tc, a_packet_check_that_reaches_is_accepted);
	tcase_add_test(tc, what_is_only_tried_has_little_memory);
	tcase_add_test(tc, nothing_is_recorded_unless_asked);
	tcase_add_test(tc, what_an_explanation_costs_is_not_the_verdicts);
	tcase_add_test(tc, a_use_after_a_call_blames_the_call);
	tcase_add_test(tc, a_masked_sign_is_walked_twice);
	tcase_add_test(tc, a_log_keeps_its_end_or_its_beginning);
	tcase_add_test(tc, a_result_that_is_done_may_be_done_again);
	tcase_add_test(tc, a_budget_of_instructions_ends_as_undecided);
	tcase_add_test(tc, a_budget_of_memory_ends_as_undecided);
	tcase_add_test(tc, the_kernels_own_limit_is_a_rejection);
	tcase_add_test(tc, a_map_that_is_not_there_is_a_bad_fd);
	tcase_add_test(tc, an_architecture_without_facts_is_unsupported);
	tcase_add_test(tc, memory_that_nobody_wrote_is_no_verdict);
	tcase_add_test(tc, a_program_of_no_or_too_many_instructions_is_too_big);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
