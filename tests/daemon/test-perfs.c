/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that are paid for as long as they live: counted without a daemon, on files that a watch takes like perf
 * events (tests/daemon/test-recorded has the real ones).
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/broker/store/perfs.h"

enum { LIMIT = 3 };

static struct quota_table *table;
static struct quota_account *alice, *bob;
static struct perfs *perfs;

static void set_up(void)
{
	struct quota_limits limits;

	memset(&limits, 0xff, sizeof(limits));
	limits.per_uid[QUOTA_PERF] = LIMIT;
	ck_assert_int_eq(quota_table_new(&limits, &table), 0);
	ck_assert_int_eq(quota_account_get(table, 1000, &alice), 0);
	ck_assert_int_eq(quota_account_get(table, 1001, &bob), 0);
	ck_assert_int_eq(perfs_new(&perfs), 0);
}

static void tear_down(void)
{
	perfs_free(perfs);
	ck_assert_uint_eq(alice->used[QUOTA_PERF] + bob->used[QUOTA_PERF], 0);
	ck_assert_uint_eq(alice->used[QUOTA_KERNEL_BYTES] + bob->used[QUOTA_KERNEL_BYTES], 0);
	quota_account_unref(alice);
	quota_account_unref(bob);
	quota_table_free(table);
}

/* A new one, or -errno. */
static int open_one(struct quota_account *account)
{
	struct perfs_charge charge = { 0 };
	int r = perfs_reserve(perfs, account, &charge), fd;

	if (r < 0)
		return r;
	fd = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_eq(perfs_add(perfs, fd, &charge, NULL), 0);
	ck_assert_ptr_null(charge.one.account);
	return fd;
}

START_TEST(who_closes_one_may_have_another)
{
	int fds[LIMIT];

	for (int i = 0; i < LIMIT; i++)
		ck_assert_int_ge(fds[i] = open_one(alice), 0);
	ck_assert_int_eq(open_one(alice), -EDQUOT);
	close(fds[1]);
	/* Who was looked at just now is so again a moment later. */
	for (int tries = 0; (fds[1] = open_one(alice)) == -EDQUOT && tries < 1000000; tries++)
		;
	ck_assert_int_ge(fds[1], 0);
	ck_assert_int_eq(open_one(alice), -EDQUOT);
	ck_assert_uint_eq(alice->used[QUOTA_PERF], LIMIT);
	ck_assert_uint_eq(alice->used[QUOTA_KERNEL_BYTES], LIMIT * PERFS_BYTES_EACH);
	for (int i = 0; i < LIMIT; i++)
		close(fds[i]);
}
END_TEST

START_TEST(what_is_held_elsewhere_lives)
{
	int fd = open_one(alice), copy = dup(fd);

	close(fd);
	perfs_look(perfs);
	ck_assert_uint_eq(alice->used[QUOTA_PERF], 1);
	close(copy);
	perfs_look(perfs);
	ck_assert_uint_eq(alice->used[QUOTA_PERF], 0);
}
END_TEST

START_TEST(one_users_are_no_others)
{
	int hers[LIMIT], his;

	for (int i = 0; i < LIMIT; i++)
		ck_assert_int_ge(hers[i] = open_one(alice), 0);
	his = open_one(bob);
	ck_assert_int_ge(his, 0);
	close(his);
	perfs_look(perfs);
	ck_assert_uint_eq(alice->used[QUOTA_PERF], LIMIT);
	ck_assert_uint_eq(bob->used[QUOTA_PERF], 0);
	for (int i = 0; i < LIMIT; i++)
		close(hers[i]);
}
END_TEST

/* A file that cannot be watched is not handed out; what was reserved for it is given back. */
START_TEST(what_cannot_be_watched_is_not_counted)
{
	struct perfs_charge charge = { 0 };
	char path[] = "/tmp/bpfgate-perfs-XXXXXX";
	int fd = mkstemp(path);

	ck_assert(fd >= 0 && unlink(path) == 0);
	ck_assert_int_eq(perfs_reserve(perfs, alice, &charge), 0);
	ck_assert_int_eq(perfs_add(perfs, fd, &charge, NULL), -EPERM);
	ck_assert_uint_eq(alice->used[QUOTA_PERF], 1);
	perfs_charge_done(&charge);
	close(fd);
	ck_assert_uint_eq(alice->used[QUOTA_PERF], 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("perfs");
	TCase *tcase = tcase_create("perfs");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, who_closes_one_may_have_another);
	tcase_add_test(tcase, what_is_held_elsewhere_lives);
	tcase_add_test(tcase, one_users_are_no_others);
	tcase_add_test(tcase, what_cannot_be_watched_is_not_counted);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
