/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the broker that need no daemon: logs, ledger, quotas, scanning, names of units, decisions. */
#include <check.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/broker/broker_filter.h"
#include "daemon/broker/ask/caps.h"
#include "daemon/broker/store/decision_log.h"
#include "daemon/broker/cmd/dispatch.h"
#include "daemon/broker/store/handles.h"
#include "daemon/broker/store/ident.h"
#include "daemon/broker/work/log_buf.h"
#include "daemon/broker/store/ledger.h"
#include "daemon/broker/store/mapsize.h"
#include "daemon/broker/store/owner.h"
#include "daemon/broker/store/people.h"
#include "daemon/broker/store/quota.h"
#include "daemon/broker/ask/scan.h"
#include "daemon/shared/ledger_layout.h"
#include "proto/cmd.h"
#include "proto/own.h"

/* ---- logs ---- */

START_TEST(a_log_request_is_checked_as_the_kernel_does)
{
	static const struct {
		struct log_buf_want want;
		int result;
	} rows[] = {
		{ { 0, 0, false }, 0 },		    { { 1, 4096, true }, 0 },
		{ { 2, 1, true }, 0 },		    { { 1, 0, false }, 0 },
		{ { 4 | 8, 128, true }, 0 },	    { { 0, 4096, true }, -EINVAL },
		{ { 1, 0, true }, -EINVAL },	    { { 1, 4096, false }, -EINVAL },
		{ { 16, 4096, true }, -EINVAL },    { { 1, UINT32_MAX >> 2, true }, 0 },
		{ { 1, (UINT32_MAX >> 2) + 1, true }, -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++)
		ck_assert_msg(log_buf_check(&rows[i].want) == rows[i].result, "row %zu", i);
}
END_TEST

START_TEST(a_log_that_does_not_fit_keeps_its_tail_or_when_fixed_its_head)
{
	struct log_buf_want want = { 1, 11, true };
	size_t start, bytes;
	uint32_t true_size;

	ck_assert_int_eq(log_buf_fit(&want, 10, &start, &bytes, &true_size), 0);
	ck_assert(start == 0 && bytes == 10 && true_size == 11);
	ck_assert_int_eq(log_buf_fit(&want, 11, &start, &bytes, &true_size), -ENOSPC);
	ck_assert(start == 1 && bytes == 10 && true_size == 12);
	want.level |= LOG_BUF_FIXED;
	ck_assert_int_eq(log_buf_fit(&want, 11, &start, &bytes, &true_size), -ENOSPC);
	ck_assert(start == 0 && bytes == 10 && true_size == 12);
}
END_TEST

START_TEST(without_a_buffer_the_size_is_told_and_without_a_level_nothing)
{
	struct log_buf_want asks = { 1, 0, false }, silent = { 0, 0, false };
	size_t start, bytes;
	uint32_t true_size;

	ck_assert_int_eq(log_buf_fit(&asks, 99, &start, &bytes, &true_size), 0);
	ck_assert(bytes == 0 && true_size == 100);
	ck_assert_int_eq(log_buf_fit(&silent, 99, &start, &bytes, &true_size), 0);
	ck_assert(bytes == 0 && true_size == 0);
}
END_TEST

/* ---- units ---- */

START_TEST(a_unit_of_a_users_manager_is_not_a_system_unit)
{
	static const struct {
		const char *path, *unit;
	} rows[] = {
		{ "/system.slice/edge-filter.service", "edge-filter.service" },
		{ "/system.slice/edge-filter.service/payload", "edge-filter.service" },
		{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service" },
		{ "/system.slice/_cgroup.service", "cgroup.service" },
		{ "/user.slice/user-5.slice/user@5.service/app.slice/edge-filter.service",
		  "user@5.service" },
		{ "/user.slice/user-5.slice/session-3.scope", "session-3.scope" },
		{ "/edge-filter.service", "edge-filter.service" },
		{ "/docker/0123/edge-filter.service", "" },
		{ "/system.slice", "" },
		{ "/", "" },
		{ "", "" },
		{ "/system.slice/.service", "" },
	};
	char unit[IDENT_UNIT_BYTES];

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		ident_unit_of_cgroup(rows[i].path, unit, sizeof(unit));
		ck_assert_str_eq(unit, rows[i].unit);
	}
	ident_unit_of_cgroup("/system.slice/longer.service", unit, 8);
	ck_assert_str_eq(unit, "");
}
END_TEST

START_TEST(a_cgroups_name_is_not_taken_for_a_hierarchys)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{ "0::/system.slice/a.service\n", "/system.slice/a.service" },
		{ "4:memory:/x\n1:name=systemd:/system.slice/a.service\n0::/\n",
		  "/system.slice/a.service" },
		{ "1:name=systemd:/old\n0::/system.slice/a.service\n", "/system.slice/a.service" },
		/* Whoever may make a cgroup may call it so. */
		{ "4:memory:/user/x:name=systemd:/b.service\n1:name=systemd:/user\n0::/\n", "/user" },
		{ "4:memory:/user/x:name=systemd:/b.service\n0::/user\n", "/user" },
		{ "4:memory:/user/0::/b.service\n0::/user\n", "/user" },
		{ "4:memory:/user\n", NULL },
		{ "nonsense\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		char text[256];

		strcpy(text, rows[i].text);
		ck_assert_pstr_eq(ident_find_cgroup_path(text), rows[i].path);
	}
}
END_TEST

/* ---- people ---- */

struct people_rig {
	char subuid[40], subgid[40];
	struct people *people;
};

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void people_begin(struct people_rig *rig, const char *subuid, const char *subgid)
{
	strcpy(rig->subuid, "/tmp/bpfgate-subuid-XXXXXX");
	strcpy(rig->subgid, "/tmp/bpfgate-subgid-XXXXXX");
	close(mkstemp(rig->subuid));
	close(mkstemp(rig->subgid));
	write_text(rig->subuid, subuid);
	write_text(rig->subgid, subgid);
	ck_assert_int_eq(people_new(rig->subuid, rig->subgid, &rig->people), 0);
}

static void people_end(struct people_rig *rig)
{
	people_free(rig->people);
	(void)unlink(rig->subuid);
	(void)unlink(rig->subgid);
}

START_TEST(a_lent_uid_is_charged_to_whom_it_was_lent)
{
	struct people_rig rig;
	uid_t owners[PEOPLE_OWNERS_MAX];

	people_begin(&rig, "1000:100000:65536\n1001:200000:10\n100005:300000:5\n1002:1002:5\n1007:0:7\n",
		     "1001:500000:10\n");
	ck_assert_uint_eq(people_account_of(rig.people, 99999), 99999);
	ck_assert_uint_eq(people_account_of(rig.people, 100000), 1000);
	ck_assert_uint_eq(people_account_of(rig.people, 165535), 1000);
	ck_assert_uint_eq(people_account_of(rig.people, 165536), 165536);
	ck_assert_uint_eq(people_account_of(rig.people, 200009), 1001);
	/* Lent on. */
	ck_assert_uint_eq(people_account_of(rig.people, 300000), 1000);
	ck_assert_uint_eq(people_owners_of(rig.people, 300000, 0, owners), 2);
	ck_assert(owners[0] == 100005 && owners[1] == 1000);
	/* To oneself; and root is nobody's. */
	ck_assert_uint_eq(people_account_of(rig.people, 1002), 1002);
	ck_assert_uint_eq(people_account_of(rig.people, 1004), 1002);
	ck_assert_uint_eq(people_account_of(rig.people, 0), 0);
	ck_assert_uint_eq(people_account_of(rig.people, 6), 1007);
	/* By a group. */
	ck_assert_uint_eq(people_owners_of(rig.people, 7777, 500009, owners), 1);
	ck_assert_uint_eq(owners[0], 1001);
	ck_assert_uint_eq(people_owners_of(rig.people, 7777, 500010, owners), 0);
	people_end(&rig);
}
END_TEST

START_TEST(lines_that_lend_nothing_are_passed_over_and_a_ring_ends)
{
	static const char text[] = "1000:100000\n:100000:5\n1000::5\n1000:+100000:5\n1000:100000: 5\n"
				   "1000:100000:0\n1000:4294967295:2\n1000:99999999999:1\n# 1:100000:5\n"
				   "no-such-user-here:100000:5\n4294967295:100000:5\n"
				   "2001:2000:1\n2000:2001:1\n1000:4294967294:1";
	struct people_rig rig;
	uid_t owners[PEOPLE_OWNERS_MAX];

	people_begin(&rig, text, "");
	ck_assert_uint_eq(people_account_of(rig.people, 100000), 100000);
	ck_assert_uint_eq(people_account_of(rig.people, 4294967294u), 1000);
	ck_assert_uint_eq(people_owners_of(rig.people, 2000, 0, owners), 1);
	ck_assert_uint_eq(people_account_of(rig.people, 2000), 2001);
	people_end(&rig);
}
END_TEST

START_TEST(what_is_lent_anew_counts_from_then_on)
{
	struct people_rig rig;

	people_begin(&rig, "1000:100000:10\n", "");
	ck_assert_uint_eq(people_account_of(rig.people, 100010), 100010);
	write_text(rig.subuid, "1000:100000:11\n1001:300000:1\n");
	ck_assert_uint_eq(people_account_of(rig.people, 100010), 100010);
	people_refresh(rig.people);
	ck_assert_uint_eq(people_account_of(rig.people, 100010), 1000);
	ck_assert_int_eq(unlink(rig.subuid), 0);
	people_refresh(rig.people);
	ck_assert_uint_eq(people_account_of(rig.people, 100010), 100010);
	people_end(&rig);
}
END_TEST

START_TEST(the_user_database_says_which_groups_root_is_in)
{
	struct people_rig rig;
	const gid_t *groups;
	size_t cnt;

	people_begin(&rig, "", "");
	ck_assert_int_eq(people_groups_of(rig.people, 0, 1, &groups, &cnt), 0);
	ck_assert(cnt >= 1 && groups[0] == 0);
	ck_assert_int_eq(people_groups_of(rig.people, 0, 2, &groups, &cnt), 0);
	ck_assert_uint_ge(cnt, 1);
	ck_assert_int_eq(people_groups_of(rig.people, 4294000000u, 1, &groups, &cnt), 0);
	ck_assert_uint_eq(cnt, 0);
	people_end(&rig);
}
END_TEST

/* ---- quotas ---- */

START_TEST(a_charge_above_the_limit_charges_nothing)
{
	struct quota_limits limits = { { [QUOTA_BYTES] = 100 } };
	struct quota_charge a = { 0 }, b = { 0 };
	struct quota_account *account;
	struct quota_table *table;

	ck_assert_int_eq(quota_table_new(&limits, &table), 0);
	ck_assert_int_eq(quota_account_get(table, 1000, &account), 0);
	ck_assert_int_eq(quota_charge(account, QUOTA_BYTES, 60, &a), 0);
	ck_assert_int_eq(quota_charge(account, QUOTA_BYTES, 41, &b), -EDQUOT);
	ck_assert_int_eq(quota_charge(account, QUOTA_BYTES, UINT64_MAX, &b), -EDQUOT);
	ck_assert_uint_eq(account->used[QUOTA_BYTES], 60);
	ck_assert_int_eq(quota_charge(account, QUOTA_BYTES, 40, &b), 0);
	quota_charge_done(&a);
	quota_charge_done(&a);
	ck_assert_uint_eq(account->used[QUOTA_BYTES], 40);
	quota_charge_done(&b);
	quota_account_unref(account);
	quota_table_free(table);
}
END_TEST

START_TEST(recent_loads_are_remembered_when_their_user_has_gone)
{
	const uint64_t minute = 60ull * 1000000000u, now = 1000 * minute;
	struct quota_account *account;
	struct quota_table *table;

	ck_assert_int_eq(quota_table_new(NULL, &table), 0);
	ck_assert_int_eq(quota_account_get(table, 1000, &account), 0);
	for (int i = 0; i < 10; i++)
		quota_note_load(account, now);
	quota_account_unref(account);
	quota_sweep(table, now + minute);
	ck_assert_int_eq(quota_account_get(table, 1000, &account), 0);
	ck_assert_uint_eq(quota_loads_per_minute(account, now + minute / 2), 10);
	/* Half of the last minute still lies in the minute before now. */
	ck_assert_uint_eq(quota_loads_per_minute(account, now + minute + minute / 2), 5);
	ck_assert_uint_eq(quota_loads_per_minute(account, now + 2 * minute), 0);
	quota_account_unref(account);
	quota_sweep(table, now + 5 * minute);
	ck_assert_ptr_null(quota_account_next(table, NULL));
	quota_table_free(table);
}
END_TEST

/* As much of the whole as it gets; what it got is in charges. */
static size_t take_share(struct quota_account *account, uint64_t whole, struct quota_charge *charges)
{
	size_t cnt = 0;

	while (quota_charge_share(account, QUOTA_SLOTS, whole, &charges[cnt]) == 0)
		cnt++;
	return cnt;
}

START_TEST(who_takes_what_it_can_leaves_as_much_for_the_next)
{
	enum { WHOLE = 64, GREEDY = 5 };
	struct quota_charge charges[GREEDY][WHOLE + 1] = { 0 }, one = { 0 };
	struct quota_account *greedy[GREEDY], *modest;
	struct quota_table *table;
	size_t got[GREEDY];

	ck_assert_int_eq(quota_table_new(NULL, &table), 0);
	for (int i = 0; i < GREEDY; i++) {
		ck_assert_int_eq(quota_account_get(table, 1000 + (uid_t)i, &greedy[i]), 0);
		got[i] = take_share(greedy[i], WHOLE, charges[i]);
	}
	ck_assert_uint_eq(got[0], WHOLE / 2);
	ck_assert_uint_gt(got[GREEDY - 1], 0);
	/* The next one is served, each of the others is not. */
	ck_assert_int_eq(quota_account_get(table, 2000, &modest), 0);
	ck_assert_int_eq(quota_charge_share(modest, QUOTA_SLOTS, WHOLE, &one), 0);
	for (int i = 0; i < GREEDY; i++)
		ck_assert_int_eq(quota_charge_share(greedy[i], QUOTA_SLOTS, WHOLE, &charges[i][got[i]]),
				 -ENOSPC);
	/* What the first gives back, the last may have. */
	for (size_t i = 0; i < got[0]; i++)
		quota_charge_done(&charges[0][i]);
	ck_assert_int_eq(quota_charge_share(greedy[GREEDY - 1], QUOTA_SLOTS, WHOLE,
					    &charges[GREEDY - 1][got[GREEDY - 1]]),
			 0);
	for (int i = 0; i < GREEDY; i++) {
		for (size_t j = 0; j <= got[i]; j++)
			quota_charge_done(&charges[i][j]);
		quota_account_unref(greedy[i]);
	}
	quota_charge_done(&one);
	quota_account_unref(modest);
	quota_table_free(table);
}
END_TEST

START_TEST(what_all_hold_by_a_rule_is_counted_beside_what_each_holds)
{
	struct ledger_charge a = { 0 }, b = { 0 };
	struct quota_account *alice, *bob, *rule;
	struct quota_table *table;

	ck_assert_int_eq(quota_table_new(NULL, &table), 0);
	ck_assert_int_eq(quota_account_get(table, 1000, &alice), 0);
	ck_assert_int_eq(quota_account_get(table, 1001, &bob), 0);
	ck_assert_int_eq(quota_rule_get(table, "edge", &rule), 0);
	ck_assert_int_eq(ledger_charge(alice, "edge", LEDGER_MAP, 4096, &a), 0);
	ck_assert_int_eq(ledger_charge(bob, "edge", LEDGER_MAP, 100, &b), 0);
	ck_assert_uint_eq(alice->used[QUOTA_MAP_BYTES], 4096);
	ck_assert_uint_eq(bob->used[QUOTA_MAPS], 1);
	ck_assert_uint_eq(bob->used[QUOTA_SLOTS], 1);
	ck_assert_uint_eq(rule->used[QUOTA_MAPS], 2);
	ck_assert_uint_eq(rule->used[QUOTA_MAP_BYTES], 4196);
	ck_assert_uint_eq(rule->used[QUOTA_SLOTS], 0);
	ledger_charge_done(&a);
	ck_assert_uint_eq(rule->used[QUOTA_MAP_BYTES], 100);
	ledger_charge_done(&b);
	quota_account_unref(rule);
	quota_account_unref(alice);
	quota_account_unref(bob);
	quota_table_free(table);
}
END_TEST

START_TEST(btf_is_charged_in_bytes_and_a_refusal_charges_nothing)
{
	uint64_t limit = quota_default_limits()->per_uid[QUOTA_KERNEL_BYTES];
	struct ledger_charge a = { 0 }, b = { 0 };
	struct quota_account *account;
	struct quota_table *table;

	ck_assert_int_eq(quota_table_new(NULL, &table), 0);
	ck_assert_int_eq(quota_account_get(table, 1000, &account), 0);
	ck_assert_int_eq(ledger_charge(account, "edge", LEDGER_BTF, limit - 1, &a), 0);
	ck_assert_int_eq(ledger_charge(account, "edge", LEDGER_BTF, 2, &b), -EDQUOT);
	ck_assert_uint_eq(account->used[QUOTA_BTFS], 1);
	ck_assert_uint_eq(account->used[QUOTA_SLOTS], 1);
	ck_assert_int_eq(ledger_charge(account, "edge", LEDGER_BTF, 1, &b), 0);
	ledger_charge_done(&a);
	ledger_charge_done(&b);
	ck_assert_uint_eq(account->used[QUOTA_KERNEL_BYTES], 0);
	quota_account_unref(account);
	quota_table_free(table);
}
END_TEST

START_TEST(every_resource_has_a_name)
{
	for (int i = 0; i < QUOTA_RES_CNT; i++)
		ck_assert_ptr_nonnull(quota_res_name(i));
}
END_TEST

/* ---- ledger ---- */

static struct ledger *open_ledger(int fd, struct quota_table *quota)
{
	struct ledger *ledger = NULL;

	ck_assert_int_eq(ledger_open(fd, quota, &ledger), 0);
	return ledger;
}

static int add_rec(struct ledger *ledger, enum ledger_kind kind, uint32_t id, uid_t uid)
{
	struct ledger_rec rec = { .kind = kind, .id = id, .uid = uid, .account = uid };
	struct ledger_charge charge = { 0 };

	return ledger_add(ledger, &rec, &charge);
}

START_TEST(a_ledger_opened_again_holds_what_was_recorded_and_charges_it)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct quota_account *account;
	struct quota_table *quota;
	struct ledger *ledger;

	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ledger = open_ledger(fd, quota);
	ck_assert_int_eq(add_rec(ledger, LEDGER_PROG, 7, 1000), 0);
	ck_assert_int_eq(add_rec(ledger, LEDGER_MAP, 7, 1000), 0);
	ck_assert_int_eq(add_rec(ledger, LEDGER_PROG, 9, 1001), 0);
	ck_assert_int_eq(add_rec(ledger, LEDGER_PROG, 7, 1002), -EEXIST);
	ledger_remove(ledger, LEDGER_PROG, 9);
	ledger_close(ledger);

	ledger = open_ledger(fd, quota);
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_PROG), 1);
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_MAP), 1);
	ck_assert_uint_eq(ledger_find(ledger, LEDGER_PROG, 7)->uid, 1000);
	ck_assert_ptr_null(ledger_find(ledger, LEDGER_PROG, 9));
	ck_assert_int_eq(quota_account_get(quota, 1000, &account), 0);
	ck_assert_uint_eq(account->used[QUOTA_PROGRAMS], 1);
	ck_assert_uint_eq(account->used[QUOTA_SLOTS], 2);
	quota_account_unref(account);
	ledger_close(ledger);
	quota_table_free(quota);
}
END_TEST

START_TEST(a_record_that_was_not_published_does_not_exist)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct quota_table *quota;
	struct ledger *ledger;
	uint32_t nothing = LEDGER_FREE;
	size_t at = ledger_bytes() - (size_t)LEDGER_SLOTS * sizeof(struct ledger_rec);

	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ledger = open_ledger(fd, quota);
	ck_assert_int_eq(add_rec(ledger, LEDGER_PROG, 7, 1000), 0);
	ledger_close(ledger);
	/* Everything of a record but its kind: as if its writer had been killed before the last word. */
	ck_assert_int_eq(pwrite(fd, &nothing, sizeof(nothing), (off_t)at), sizeof(nothing));
	ledger = open_ledger(fd, quota);
	ck_assert_uint_eq(ledger_cnt(ledger, LEDGER_PROG), 0);
	ck_assert_int_eq(add_rec(ledger, LEDGER_PROG, 7, 1001), 0);
	ck_assert_uint_eq(ledger_find(ledger, LEDGER_PROG, 7)->uid, 1001);
	ledger_close(ledger);
	quota_table_free(quota);
}
END_TEST

START_TEST(a_ledger_of_another_size_or_version_is_refused)
{
	OWN_FD int small = memfd_create("ledger", MFD_CLOEXEC);
	OWN_FD int other = memfd_create("ledger", MFD_CLOEXEC);
	struct quota_table *quota;
	struct ledger *ledger;

	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ck_assert_int_eq(ftruncate(small, 4096), 0);
	ck_assert_int_eq(ledger_open(small, quota, &ledger), -EBADMSG);
	ck_assert_int_eq(ftruncate(other, (off_t)ledger_bytes()), 0);
	ck_assert_int_eq(pwrite(other, "something", 9, 0), 9);
	ck_assert_int_eq(ledger_open(other, quota, &ledger), -EBADMSG);
	quota_table_free(quota);
}
END_TEST

/* The version is the word after magic, two sizes and a count. */
START_TEST(a_ledger_of_another_version_of_the_same_size_is_refused)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct quota_table *quota;
	struct ledger *ledger;
	uint32_t version = 0;

	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ledger_close(open_ledger(fd, quota));
	ledger_close(open_ledger(fd, quota));
	ck_assert_int_eq(pwrite(fd, &version, sizeof(version), 20), sizeof(version));
	ck_assert_int_eq(ledger_open(fd, quota, &ledger), -EBADMSG);
	quota_table_free(quota);
}
END_TEST

static struct ident *ident_of(uid_t uid, const char *unit)
{
	struct ident *ident = calloc(1, sizeof(*ident));

	ck_assert_ptr_nonnull(ident);
	ident->uid = uid;
	strcpy(ident->unit, unit);
	return ident;
}

START_TEST(an_object_is_its_users_and_its_services)
{
	static const struct {
		uid_t uid;
		const char *unit;
		uid_t by;
		const char *made_in;
		bool mine;
	} rows[] = {
		{ 1000, "", 1000, "", true },
		{ 1000, "", 1001, "", false },
		{ 61200, "a.service", 61200, "a.service", true },
		{ 61200, "b.service", 61200, "a.service", false },
		{ 61200, "", 61200, "a.service", false },
		{ 61200, "a.service", 61200, "", false },
		{ 61200, "a.service", 61201, "a.service", false },
		/* A person, here and there. */
		{ 1000, "session-3.scope", 1000, "session-4.scope", true },
		{ 1000, "session-3.scope", 1000, "user@1000.service", true },
		{ 1000, "user@1000.service", 1000, "", true },
		{ 1000, "user@1000.service", 1000, "a.service", false },
		/* Root is root. */
		{ 0, "b.service", 0, "a.service", true },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		OWN_MEM struct ident *ident = ident_of(rows[i].uid, rows[i].unit);

		ck_assert_msg(owner_is(ident, rows[i].by, rows[i].made_in) == rows[i].mine, "row %zu", i);
	}
}
END_TEST

START_TEST(units_that_differ_at_the_very_end_of_their_names_are_two)
{
	OWN_MEM struct ident *ident = ident_of(61200, "");
	char unit[IDENT_UNIT_BYTES];

	memset(unit, 'a', sizeof(unit));
	strcpy(unit + sizeof(unit) - sizeof("x.service"), "x.service");
	strcpy(ident->unit, unit);
	ck_assert(owner_is(ident, 61200, unit));
	unit[sizeof(unit) - sizeof("x.service")] = 'y';
	ck_assert(!owner_is(ident, 61200, unit));
	ck_assert_uint_eq(sizeof(((struct ledger_rec *)0)->unit), sizeof(unit));
}
END_TEST

START_TEST(a_user_walks_over_its_own_records_in_the_order_of_their_ids)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	static const uint32_t ids[] = { 30, 10, 50, 20 };
	struct quota_table *quota;
	struct ledger *ledger;
	const struct ledger_rec *rec;
	OWN_MEM struct ident *user = ident_of(1000, "");

	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ledger = open_ledger(fd, quota);
	for (size_t i = 0; i < ARRAY_CNT(ids); i++)
		ck_assert_int_eq(add_rec(ledger, LEDGER_PROG, ids[i], ids[i] == 20 ? 1001 : 1000), 0);
	rec = owner_next(ledger, LEDGER_PROG, 0, user);
	ck_assert_uint_eq(rec->id, 10);
	rec = owner_next(ledger, LEDGER_PROG, 10, user);
	ck_assert_uint_eq(rec->id, 30);
	rec = owner_next(ledger, LEDGER_PROG, 30, user);
	ck_assert_uint_eq(rec->id, 50);
	ck_assert_ptr_null(owner_next(ledger, LEDGER_PROG, 50, user));
	ck_assert_ptr_null(owner_next(ledger, LEDGER_MAP, 0, user));
	ledger_close(ledger);
	quota_table_free(quota);
}
END_TEST

START_TEST(a_full_ledger_says_so_and_takes_again_what_was_freed)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct quota_table *quota;
	struct ledger *ledger;

	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ledger = open_ledger(fd, quota);
	for (uint32_t i = 1; i <= LEDGER_SLOTS; i++)
		ck_assert_int_eq(add_rec(ledger, LEDGER_MAP, i, 1000), 0);
	ck_assert_int_eq(add_rec(ledger, LEDGER_MAP, LEDGER_SLOTS + 1, 1000), -ENOSPC);
	ledger_remove(ledger, LEDGER_MAP, 5);
	ck_assert_int_eq(add_rec(ledger, LEDGER_MAP, LEDGER_SLOTS + 1, 1000), 0);
	ledger_close(ledger);
	quota_table_free(quota);
}
END_TEST

/* ---- scanning ---- */

static struct scan scan_of(const struct bpf_insn *insns, size_t cnt, int result)
{
	struct scan scan = { 0 };

	ck_assert_int_eq(scan_calls((const uint8_t *)insns, cnt, &scan), result);
	return scan;
}

START_TEST(a_helper_counts_wherever_it_stands)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_write_user },
		/* the second half of a wide load looks like a call and may count as one */
		{ .code = BPF_LD | BPF_DW | BPF_IMM },
		{ .imm = 5 },
		{ .code = BPF_JMP | BPF_CALL, .imm = 511 },
	};
	struct scan scan = scan_of(insns, ARRAY_CNT(insns), 0);

	ck_assert(scan_has_helper(scan.helpers, BPF_FUNC_probe_write_user));
	ck_assert(scan_has_helper(scan.helpers, 511));
	ck_assert(!scan_has_helper(scan.helpers, 5));
	ck_assert(!scan.helper_beyond);
}
END_TEST

START_TEST(libbpfs_poison_is_no_helper_and_an_unknown_number_is_one_that_no_rule_grants)
{
	struct bpf_insn poison[] = { { .code = BPF_JMP | BPF_CALL, .imm = SCAN_POISON + 3 } };
	struct bpf_insn unknown[] = { { .code = BPF_JMP | BPF_CALL, .imm = 5000 } };

	ck_assert(!scan_of(poison, 1, 0).helper_beyond);
	ck_assert(scan_of(unknown, 1, 0).helper_beyond);
}
END_TEST

START_TEST(kfuncs_are_counted_once_and_not_without_end)
{
	struct bpf_insn insns[LEDGER_KFUNCS_MAX + 1];
	struct scan scan;

	for (size_t i = 0; i < ARRAY_CNT(insns); i++)
		insns[i] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL,
					      .src_reg = BPF_PSEUDO_KFUNC_CALL, .imm = 77 };
	scan = scan_of(insns, ARRAY_CNT(insns), 0);
	ck_assert_uint_eq(scan.kfunc_cnt, 1);
	for (size_t i = 0; i < ARRAY_CNT(insns); i++)
		insns[i].imm = 1000 + (int)i;
	scan_of(insns, ARRAY_CNT(insns) - 1, 0);
	scan_of(insns, ARRAY_CNT(insns), -E2BIG);
	insns[0].off = 1;
	ck_assert(scan_of(insns, 1, 0).module_kfuncs);
	insns[0].off = insns[0].imm = 0; /* what libbpf 1.1 writes for one that is not there */
	ck_assert_uint_eq(scan_of(insns, 1, 0).kfunc_cnt, 0);
	insns[0].imm = 1;
	ck_assert_uint_eq(scan_of(insns, 1, 0).kfunc_cnt, 1);
}
END_TEST

/* ---- sizes, capabilities, commands ---- */

START_TEST(a_map_is_charged_for_what_it_may_grow_to)
{
	struct ledger_map array = { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 9,
				    .max_entries = 1000 };
	struct ledger_map hash = array, huge = array;
	const struct mapsize_world four = { .cpu_cnt = 4 }, many = { .cpu_cnt = 256 };

	ck_assert_uint_ge(mapsize_of(&array, &four), 16000);
	ck_assert_uint_lt(mapsize_of(&array, &four), 32000);
	array.type = BPF_MAP_TYPE_PERCPU_ARRAY;
	ck_assert_uint_ge(mapsize_of(&array, &four), 64000);
	hash.type = BPF_MAP_TYPE_HASH;
	ck_assert_uint_ge(mapsize_of(&hash, &four), 64000);
	huge.type = BPF_MAP_TYPE_PERCPU_ARRAY;
	huge.value_size = UINT32_MAX;
	huge.max_entries = UINT32_MAX;
	ck_assert_uint_eq(mapsize_of(&huge, &many), UINT64_MAX);
}
END_TEST

START_TEST(local_storage_is_charged_for_as_many_owners_as_there_are)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_TASK_STORAGE, 32, BPF_MAP_TYPE_INODE_STORAGE,
					  BPF_MAP_TYPE_SK_STORAGE };
	const struct mapsize_world world = { 4, 1000, 2000, 3000, 4000 };
	struct mapsize_world here = { 0 };

	for (size_t i = 0; i < ARRAY_CNT(types); i++) {
		struct ledger_map map = { .type = types[i], .key_size = 4, .value_size = 4096 };

		ck_assert(mapsize_grows(types[i]));
		ck_assert_uint_ge(mapsize_of(&map, &world), (i + 1) * 1000 * 4096);
		ck_assert_uint_lt(mapsize_of(&map, &world), (i + 1) * 1000 * 5000);
	}
	ck_assert(!mapsize_grows(BPF_MAP_TYPE_HASH));
	mapsize_look(&here);
	ck_assert(here.cpu_cnt && here.tasks && here.cgroups && here.inodes && here.sockets);
}
END_TEST

START_TEST(a_map_that_has_grown_is_charged_anew)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	struct ledger_rec rec = { .kind = LEDGER_MAP, .id = 7, .uid = 1000, .account = 1000,
				  .map.bytes = 4096, .rule = "edge" };
	struct quota_account *account, *rule;
	struct ledger_charge charge = { 0 };
	struct quota_table *quota;
	struct ledger *ledger;

	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ck_assert_int_eq(quota_account_get(quota, 1000, &account), 0);
	ck_assert_int_eq(quota_rule_get(quota, "edge", &rule), 0);
	ledger = open_ledger(fd, quota);
	ck_assert_int_eq(ledger_charge(account, "edge", LEDGER_MAP, 4096, &charge), 0);
	ck_assert_int_eq(ledger_add(ledger, &rec, &charge), 0);
	ledger_set_map_bytes(ledger, 7, 1u << 20);
	ledger_set_map_bytes(ledger, 8, 1);
	ck_assert_uint_eq(account->used[QUOTA_MAP_BYTES], 1u << 20);
	ck_assert_uint_eq(rule->used[QUOTA_MAP_BYTES], 1u << 20);
	ledger_close(ledger);
	ledger = open_ledger(fd, quota);
	ck_assert_uint_eq(account->used[QUOTA_MAP_BYTES], 1u << 20);
	ledger_remove(ledger, LEDGER_MAP, 7);
	ck_assert_uint_eq(account->used[QUOTA_MAP_BYTES], 0);
	ck_assert_uint_eq(rule->used[QUOTA_MAP_BYTES], 0);
	ledger_close(ledger);
	quota_account_unref(account);
	quota_account_unref(rule);
	quota_table_free(quota);
}
END_TEST

START_TEST(only_programs_for_their_holders_own_sockets_are_harmless_in_its_hands)
{
	for (uint32_t type = 0; type < 64; type++)
		ck_assert_msg(caps_prog_affects_others(type) !=
				      (type == BPF_PROG_TYPE_SOCKET_FILTER ||
				       type == BPF_PROG_TYPE_SK_REUSEPORT),
			      "type %u", type);
	ck_assert_uint_eq(caps_for_prog(BPF_PROG_TYPE_SOCKET_FILTER), CAPS_BPF);
	ck_assert_uint_eq(caps_for_prog(12345), CAPS_BPF);
	ck_assert_uint_eq(caps_for_prog(BPF_PROG_TYPE_XDP) & CAPS_SYS_ADMIN, 0);
}
END_TEST

START_TEST(every_command_that_the_wire_offers_has_a_handler_or_is_refused)
{
	/* Carried out by the client itself whatever its descriptors are; no handle can be among them. */
	static const uint32_t never_here[] = {
		CMD_MAP_LOOKUP_ELEM, CMD_MAP_DELETE_ELEM, CMD_MAP_GET_NEXT_KEY,
		CMD_MAP_LOOKUP_AND_DELETE_ELEM, CMD_MAP_FREEZE, CMD_MAP_LOOKUP_BATCH,
		CMD_MAP_LOOKUP_AND_DELETE_BATCH, CMD_MAP_UPDATE_BATCH, CMD_MAP_DELETE_BATCH,
		CMD_LINK_DETACH,
		/* refused, with a reason */
		CMD_TASK_FD_QUERY, CMD_PROG_QUERY,
	};

	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++) {
		bool expected = cmd_row_of(cmd)->gate != CMD_REFUSED;

		for (size_t i = 0; i < ARRAY_CNT(never_here); i++)
			expected = expected && never_here[i] != cmd;
		if (expected)
			ck_assert_msg(dispatch_has_handler(cmd), "%s", cmd_row_of(cmd)->name);
	}
	ck_assert(!dispatch_has_handler(CMD_ENABLE_STATS));
	ck_assert(!dispatch_has_handler(CMD_CNT));
}
END_TEST

/* ---- handles ---- */

START_TEST(a_handle_is_known_by_its_cookie_until_it_is_gone)
{
	struct keep_tell tell = { .kind = TELL_KEPT, .keep_id = 5, .cookie = 100,
				  .obj_kind = KEEP_PROG, .obj_id = 42 };
	struct handles *handles;

	ck_assert_int_eq(handles_new(&handles), 0);
	ck_assert_int_eq(handles_on_kept(handles, &tell), 0);
	ck_assert_int_eq(handles_add(handles, 5, 101, NULL), 0);
	ck_assert_int_eq(handles_add(handles, 6, 102, NULL), -ENOENT);
	ck_assert_uint_eq(handles_find(handles, 101)->obj_id, 42);
	ck_assert_ptr_null(handles_find(handles, 102));
	tell.kind = TELL_GONE;
	handles_on_gone(handles, &tell);
	ck_assert_ptr_null(handles_find(handles, 100));
	ck_assert_ptr_nonnull(handles_find(handles, 101));
	tell.cookie = 101;
	tell.flags = KEEP_LAST;
	handles_on_gone(handles, &tell);
	ck_assert_ptr_null(handles_find(handles, 101));
	ck_assert_ptr_null(handles_find_obj(handles, KEEP_PROG, 42));
	handles_free(handles);
}
END_TEST

/* ---- decisions ---- */

static uint64_t decide_once(struct decision_log *decisions, uid_t uid, const char *summary)
{
	struct decision decision = { .id = decision_log_next_id(decisions),
				     .uid = uid,
				     .account = uid,
				     .verdict = DECISION_ALLOWED };

	snprintf(decision.summary, sizeof(decision.summary), "%s", summary);
	decision_log_add(decisions, &decision, true);
	return decision.id;
}

START_TEST(a_busy_user_does_not_push_out_what_others_were_told)
{
	struct decision_log *decisions;
	uint64_t mine;
	char text[32];

	ck_assert_int_eq(decision_log_new(&decisions), 0);
	mine = decide_once(decisions, 1000, "mine");
	for (int i = 0; i < 1500; i++) {
		snprintf(text, sizeof(text), "number %d", i);
		decide_once(decisions, 1001, text);
	}
	ck_assert_ptr_nonnull(decision_log_find(decisions, mine));
	decision_log_free(decisions);
}
END_TEST

START_TEST(the_same_decision_again_is_counted_and_found_by_its_last_number)
{
	struct decision_log *decisions;
	uint64_t last = 0;

	ck_assert_int_eq(decision_log_new(&decisions), 0);
	for (int i = 0; i < 5; i++)
		last = decide_once(decisions, 1000, "again");
	ck_assert_uint_eq(decision_log_find(decisions, last)->repeated, 4);
	ck_assert_ptr_null(decision_log_next(decisions, decision_log_next(decisions, NULL)));
	ck_assert_uint_eq(decision_log_cnt(decisions, DECISION_ALLOWED), 5);
	decision_log_free(decisions);
}
END_TEST

/* Who gets one number learns neither another's nor how many there were. */
START_TEST(a_decisions_number_tells_of_no_other)
{
	enum { CNT = 4096 };
	struct decision_log *decisions;
	uint64_t ids[CNT], all_or = 0, all_and = UINT64_MAX;
	int rising = 0;

	ck_assert_int_eq(decision_log_new(&decisions), 0);
	for (int i = 0; i < CNT; i++) {
		ids[i] = decision_log_next_id(decisions);
		ck_assert(ids[i] != 0 && ids[i] >> 56 == 0);
		all_or |= ids[i];
		all_and &= ids[i];
		/* Of 56 bits that are as good as random, two in a row are so near once in 2^39 times. */
		ck_assert(i == 0 || ids[i] - ids[i - 1] + (1u << 16) > 2u << 16);
		rising += i > 0 && ids[i] > ids[i - 1];
	}
	ck_assert(all_or == UINT64_MAX >> 8 && all_and == 0);
	ck_assert(rising > CNT * 2 / 5 && rising < CNT * 3 / 5);
	decision_log_free(decisions);
}
END_TEST

static void decide_often(struct decision_log *decisions, enum decision_verdict verdict,
			 uid_t account, int n)
{
	for (int i = 0; i < n; i++) {
		struct decision decision = { .id = (uint64_t)i + 1, .uid = account + (uid_t)i % 3,
					     .account = account, .time_s = 120, .verdict = verdict };

		snprintf(decision.summary, sizeof(decision.summary), "%d", i);
		decision_log_add(decisions, &decision, false);
	}
}

/* Records so many refusals and grants within a minute; how many lines the journal, here stderr, got. */
static int lines_of(int refused, int granted, int of_another)
{
	struct decision_log *decisions;
	int lines = 0, saved = dup(STDERR_FILENO), file = memfd_create("stderr", MFD_CLOEXEC);
	char byte;

	ck_assert(decision_log_new(&decisions) == 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO);
	decide_often(decisions, DECISION_REFUSED, 7, refused);
	decide_often(decisions, DECISION_ALLOWED, 7, granted);
	decide_often(decisions, DECISION_ALLOWED, 70, of_another);
	decision_log_free(decisions);
	ck_assert(dup2(saved, STDERR_FILENO) == STDERR_FILENO && lseek(file, 0, SEEK_SET) == 0);
	while (read(file, &byte, 1) == 1)
		lines += byte == '\n';
	close(saved);
	close(file);
	return lines;
}

START_TEST(a_flood_is_counted_be_it_of_refusals_or_of_grants)
{
	ck_assert_int_eq(lines_of(600, 0, 0), 600);
	ck_assert_int_eq(lines_of(2000, 0, 0), 600);
	ck_assert_int_eq(lines_of(0, 600, 0), 600);
	ck_assert_int_eq(lines_of(0, 2000, 0), 600);
	/* One kind does not hide the other, nor one user another. */
	ck_assert_int_eq(lines_of(2000, 1, 0), 601);
	ck_assert_int_eq(lines_of(2000, 2000, 1), 1201);
}
END_TEST

/* ---- what the broker may do ---- */

static int socket_errno(int family)
{
	OWN_FD int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : 0;
}

START_TEST(the_broker_reaches_no_network)
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && socket_errno(AF_INET) == 0 &&
		      broker_filter_install() == 0 && socket_errno(AF_INET) == EPERM &&
		      socket_errno(AF_UNIX) == 0 ? 0 : 1);
	ck_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(what_a_client_wrote_gets_into_no_terminal)
{
	struct decision_log *decisions;

	ck_assert_int_eq(decision_log_new(&decisions), 0);
	decide_once(decisions, 1000, "prog \033[2J\nPRIORITY=0\x9b");
	ck_assert_str_eq(decision_log_next(decisions, NULL)->summary, "prog ?[2J?PRIORITY=0?");
	decision_log_free(decisions);
}
END_TEST

int main(void)
{
	const TTest *const parts_tests[] = {
		a_log_request_is_checked_as_the_kernel_does,
		a_log_that_does_not_fit_keeps_its_tail_or_when_fixed_its_head,
		without_a_buffer_the_size_is_told_and_without_a_level_nothing,
		a_unit_of_a_users_manager_is_not_a_system_unit,
		a_cgroups_name_is_not_taken_for_a_hierarchys,
		a_lent_uid_is_charged_to_whom_it_was_lent,
	lines_that_lend_nothing_are_passed_over_and_a_ring_ends,
	what_is_lent_anew_counts_from_then_on,
	the_user_database_says_which_groups_root_is_in,
	a_charge_above_the_limit_charges_nothing,
		recent_loads_are_remembered_when_their_user_has_gone,
		who_takes_what_it_can_leaves_as_much_for_the_next,
	what_all_hold_by_a_rule_is_counted_beside_what_each_holds,
	btf_is_charged_in_bytes_and_a_refusal_charges_nothing,
	every_resource_has_a_name,
		a_ledger_opened_again_holds_what_was_recorded_and_charges_it,
		a_record_that_was_not_published_does_not_exist,
		a_ledger_of_another_size_or_version_is_refused,
	a_ledger_of_another_version_of_the_same_size_is_refused,
		an_object_is_its_users_and_its_services,
		units_that_differ_at_the_very_end_of_their_names_are_two,
		a_user_walks_over_its_own_records_in_the_order_of_their_ids,
		a_full_ledger_says_so_and_takes_again_what_was_freed,
		a_helper_counts_wherever_it_stands,
		libbpfs_poison_is_no_helper_and_an_unknown_number_is_one_that_no_rule_grants,
		kfuncs_are_counted_once_and_not_without_end,
		a_map_is_charged_for_what_it_may_grow_to,
		local_storage_is_charged_for_as_many_owners_as_there_are,
		a_map_that_has_grown_is_charged_anew,
		only_programs_for_their_holders_own_sockets_are_harmless_in_its_hands,
		every_command_that_the_wire_offers_has_a_handler_or_is_refused,
		a_handle_is_known_by_its_cookie_until_it_is_gone,
		a_busy_user_does_not_push_out_what_others_were_told,
		the_same_decision_again_is_counted_and_found_by_its_last_number,
		a_decisions_number_tells_of_no_other,
		a_flood_is_counted_be_it_of_refusals_or_of_grants,
		the_broker_reaches_no_network,
		what_a_client_wrote_gets_into_no_terminal,
	};
	Suite *suite = suite_create("broker-parts");
	TCase *tcase = tcase_create("parts");
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < ARRAY_CNT(parts_tests); i++)
		tcase_add_test(tcase, parts_tests[i]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
