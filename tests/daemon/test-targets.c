/* SPDX-License-Identifier: Apache-2.0 */
/* Programs to which others attach: how they were judged is kept for a while, and rules go by their
 * type. */
#include <check.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/broker/ask/facts.h"
#include "daemon/broker/store/targets.h"
#include "daemon/shared/ledger_layout.h"
#include "proto/own.h"

#define MIB ((size_t)1 << 20)

static struct quota_table *quota;
static struct quota_account *alice, *bob;
static struct ledger *ledger;
static struct targets *targets;

static void set_up(void)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ck_assert_int_eq(ledger_open(fd, quota, &ledger), 0);
	ck_assert_int_eq(quota_account_get(quota, 1000, &alice), 0);
	ck_assert_int_eq(quota_account_get(quota, 1001, &bob), 0);
	ck_assert_int_eq(targets_new(&targets), 0);
}

static void tear_down(void)
{
	targets_free(targets);
	ck_assert_uint_eq(alice->used[QUOTA_TARGET_BYTES], 0);
	ck_assert_uint_eq(bob->used[QUOTA_TARGET_BYTES], 0);
	quota_account_unref(alice);
	quota_account_unref(bob);
	ledger_close(ledger);
	quota_table_free(quota);
}

static struct ledger_rec put(struct quota_account *account, uint32_t id, uint64_t made_ns,
			     size_t bytes)
{
	struct ledger_rec rec = {
		.kind = LEDGER_PROG, .id = id, .uid = account->uid, .made_ns = made_ns
	};
	uint8_t *all = calloc(1, bytes);

	ck_assert_ptr_nonnull(all);
	targets_put(targets, account, &rec, all, bytes);
	return rec;
}

static bool is_kept(const struct ledger_rec *rec)
{
	size_t bytes;

	return targets_find(targets, rec, &bytes) != NULL;
}

START_TEST(a_number_that_is_given_out_again_is_another_program)
{
	struct ledger_rec first = put(alice, 7, 100, 10), second;
	size_t bytes = 0;

	ck_assert_ptr_nonnull(targets_find(targets, &first, &bytes));
	ck_assert_uint_eq(bytes, 10);
	second = first;
	second.made_ns++;
	ck_assert(!is_kept(&second));
	second = put(bob, 7, 101, 20);
	ck_assert(is_kept(&second) && !is_kept(&first));
	ck_assert_uint_eq(alice->used[QUOTA_TARGET_BYTES], 0);
	ck_assert_uint_eq(bob->used[QUOTA_TARGET_BYTES], 20);
}
END_TEST

START_TEST(who_keeps_much_takes_from_itself)
{
	struct ledger_rec bobs = put(bob, 1, 1, 10), rec[5], last;

	for (uint32_t i = 0; i < 5; i++)
		rec[i] = put(alice, 10 + i, 1, 7 * MIB);
	/* 64 MiB for all, half of it for who is alone: the oldest of Alice's has gone, and nothing
	 * of Bob's. */
	ck_assert(!is_kept(&rec[0]) && is_kept(&rec[1]) && is_kept(&rec[4]) && is_kept(&bobs));
	last = put(bob, 2, 1, 15 * MIB);
	ck_assert(is_kept(&last) && is_kept(&rec[1]));
	/* More than there is for anybody is not kept at all. */
	last = put(bob, 3, 1, 40 * MIB);
	ck_assert(!is_kept(&last) && is_kept(&rec[1]));
}
END_TEST

START_TEST(what_the_ledger_forgets_is_let_go)
{
	struct ledger_charge charge = { 0 };
	struct ledger_rec lives = { .kind = LEDGER_PROG, .id = 5, .uid = 1000, .made_ns = 9 }, gone;

	ck_assert_int_eq(ledger_charge(alice, NULL, LEDGER_PROG, 0, &charge), 0);
	ck_assert_int_eq(ledger_add(ledger, &lives, &charge), 0);
	lives = put(alice, 5, 9, 10);
	gone = put(alice, 6, 9, 10);
	ck_assert(is_kept(&gone));
	targets_sweep(targets, ledger);
	ck_assert(is_kept(&lives) && !is_kept(&gone));
	ledger_remove(ledger, LEDGER_PROG, 5);
	targets_sweep(targets, ledger);
	ck_assert(!is_kept(&lives));
}
END_TEST

/* The number counts in the other program's BTF: no name of the kernel's is looked up for it. */
START_TEST(a_function_of_a_program_goes_by_the_programs_type)
{
	static const struct {
		uint32_t type, target;
		enum policy_attach_kind kind;
		const char *name;
	} rows[] = {
		{ BPF_PROG_TYPE_EXT, BPF_PROG_TYPE_XDP, POLICY_ATTACH_EXT, "xdp" },
		{ BPF_PROG_TYPE_EXT, BPF_PROG_TYPE_SCHED_CLS, POLICY_ATTACH_EXT, "sched_cls" },
		{ BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_XDP, POLICY_ATTACH_TRACING, "prog:xdp" },
		{ BPF_PROG_TYPE_TRACING, 4711, POLICY_ATTACH_TRACING, "prog:?" },
	};
	struct policy_target target;
	char name[FACTS_NAME_BYTES];

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		struct ledger_prog prog = { .type = rows[i].type,
					    .expected_attach_type = BPF_TRACE_FENTRY,
					    .attach_btf_id = 1,
					    .target_type = rows[i].target };

		ck_assert(facts_target_of(NULL, &prog, name, sizeof(name), &target));
		ck_assert_int_eq(target.kind, rows[i].kind);
		ck_assert_str_eq(target.name, rows[i].name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("targets");
	TCase *tcase = tcase_create("targets");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_number_that_is_given_out_again_is_another_program);
	tcase_add_test(tcase, who_keeps_much_takes_from_itself);
	tcase_add_test(tcase, what_the_ledger_forgets_is_let_go);
	tcase_add_test(tcase, a_function_of_a_program_goes_by_the_programs_type);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
