/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is recorded: the journal's fields, caught on their way to journald, and the ledger, held
 * against a list of its own that does the same.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "daemon/broker/store/journal.h"
#include "daemon/broker/store/journal_ids.h"
#include "daemon/broker/store/ledger.h"
#include "daemon/broker/store/owner.h"
#include "proto/own.h"
#include "tests/lib/golden.h"

/* ---- the journal ---- */

static struct golden *caught;
static unsigned int record_cnt;

/* Instead of the library's. */
int sd_journal_sendv_with_location(const char *file, const char *line, const char *func,
				   const struct iovec *iov, int n)
{
	golden_line(caught, "record %u: %d fields", ++record_cnt, n);
	for (int i = 0; i < n; i++)
		golden_line(caught, "  %.*s", (int)(iov[i].iov_len < 600 ? iov[i].iov_len : 600),
			    (const char *)iov[i].iov_base);
	return 0;
}

static void fill(struct decision *d)
{
	*d = (struct decision){ .id = 0xabc,
				.uid = 1001,
				.account = 1000,
				.pid = 42,
				.unit = "a.service",
				.command = "PROG_LOAD",
				.verdict = DECISION_REFUSED,
				.stage = DECISION_BY_VERIFIER,
				.err = 13,
				.rule = "r",
				.place = "f.json:1:2",
				.code = "CODE",
				.summary = "no",
				.policy_digest = "d1",
				.prog_name = "p",
				.prog_type = 6,
				.prog_id = 9,
				.prog_tag = { 0, 1, 0xfe },
				.has_tag = true,
				.insns = 7,
				.states = 8,
				.verify_us = 9,
				.digest = { 0xaa, 0x0b },
				.has_digest = true,
				.signers = "s,t",
				.repeated = 3 };
}

static void tell_decisions(void)
{
	struct decision d;

	for (enum decision_verdict verdict = DECISION_NONE; verdict < DECISION_VERDICT_CNT;
	     verdict++)
		for (enum decision_stage stage = 0; stage < DECISION_STAGE_CNT; stage++) {
			fill(&d);
			d.verdict = verdict;
			d.stage = stage;
			journal_decision(&d);
			journal_repeated(&d);
		}
	fill(&d);
	d.unit[0] = d.rule[0] = d.signers[0] = '\0';
	d.has_tag = d.has_digest = false;
	d.prog_id = 0;
	journal_decision(&d);
	d.prog_type = 0;
	d.text = (char *)(uintptr_t) "line one\nline two\n";
	journal_decision(&d);
	d.prog_type = 99;
	strcpy(d.shadow_rule, "shadow");
	journal_decision(&d);
	d.shadow_allows = true;
	memset(d.summary, 'x', sizeof(d.summary) - 1);
	memset(d.unit, 'u', sizeof(d.unit) - 1);
	journal_decision(&d);
	journal_note(LOG_WARNING, JOURNAL_ID_QUOTA, "%s %d", "note", 5);
	journal_note(LOG_INFO, NULL, "%600s", "long");
}

START_TEST(each_record_with_all_its_fields)
{
	caught = golden_begin("tests/daemon/journal.golden");
	setenv("JOURNAL_STREAM", "1:2", 1);
	tell_decisions();
	unsetenv("JOURNAL_STREAM");
	ck_assert(golden_end(caught));
}
END_TEST

START_TEST(without_a_journal_each_record_is_a_line)
{
	int saved = dup(STDERR_FILENO), file = memfd_create("stderr", MFD_CLOEXEC);
	struct golden *golden = golden_begin("tests/daemon/journal-lines.golden");
	char *line = NULL;
	size_t room = 0;
	FILE *lines;

	unsetenv("JOURNAL_STREAM");
	ck_assert(dup2(file, STDERR_FILENO) == STDERR_FILENO);
	tell_decisions();
	ck_assert(dup2(saved, STDERR_FILENO) == STDERR_FILENO && lseek(file, 0, SEEK_SET) == 0);
	lines = fdopen(file, "r");
	while (getline(&line, &room, lines) > 0)
		golden_line(golden, "%.*s", (int)strcspn(line, "\n"), line);
	free(line);
	(void)fclose(lines);
	close(saved);
	ck_assert_uint_eq(record_cnt, 0);
	ck_assert(golden_end(golden));
}
END_TEST

/* ---- the ledger ---- */

enum { IDS = 40, OPS = 6000, USERS = 3 };

struct model {
	struct {
		bool there;
		uid_t uid;
		uint64_t bytes;
		uint32_t prog;
		bool probe;
	} rec[LEDGER_KIND_CNT][IDS];
};

static uint64_t bytes_of(enum ledger_kind kind, uint64_t bytes)
{
	return kind == LEDGER_MAP || kind == LEDGER_BTF || kind == LEDGER_PERF ? bytes : 0;
}

static void fill_rec(struct ledger_rec *rec, enum ledger_kind kind, uint32_t id, uid_t uid,
		     uint64_t bytes, bool probe)
{
	*rec = (struct ledger_rec){
		.kind = kind, .id = id, .uid = uid, .account = uid, .decision = id, .name = "n"
	};
	if (!probe)
		(void)snprintf(rec->rule, sizeof(rec->rule), "rule-%u", uid % 2);
	if (kind == LEDGER_PROG)
		rec->prog.probe = probe;
	if (kind == LEDGER_MAP)
		rec->map.bytes = bytes;
	if (kind == LEDGER_BTF)
		rec->btf.bytes = bytes;
	if (kind == LEDGER_PERF)
		rec->perf.bytes = bytes;
}

static void check_used(struct quota_table *quota, const struct model *model)
{
	static const enum quota_res res[LEDGER_KIND_CNT] = {
		[LEDGER_PROG] = QUOTA_PROGRAMS, [LEDGER_MAP] = QUOTA_MAPS,
		[LEDGER_LINK] = QUOTA_LINKS,	[LEDGER_BTF] = QUOTA_BTFS,
		[LEDGER_PIN] = QUOTA_PINS,	[LEDGER_PERF] = QUOTA_PERF
	};
	uint64_t rules[2][QUOTA_RES_CNT] = { 0 };

	for (uid_t uid = 0; uid < USERS; uid++) {
		uint64_t want[QUOTA_RES_CNT] = { 0 };
		struct quota_account *account;

		for (int kind = 1; kind < LEDGER_KIND_CNT; kind++)
			for (int id = 0; id < IDS; id++) {
				bool probe = model->rec[kind][id].probe;
				enum quota_res bytes =
					kind == LEDGER_MAP ? QUOTA_MAP_BYTES : QUOTA_KERNEL_BYTES;

				if (!model->rec[kind][id].there || model->rec[kind][id].uid != uid)
					continue;
				want[QUOTA_SLOTS]++;
				want[probe ? QUOTA_PROBES : res[kind]]++;
				want[bytes] += bytes_of((enum ledger_kind)kind,
							model->rec[kind][id].bytes);
				if (probe)
					continue;
				rules[uid % 2][res[kind]]++;
				rules[uid % 2][bytes] += bytes_of((enum ledger_kind)kind,
								  model->rec[kind][id].bytes);
			}
		ck_assert_int_eq(quota_account_get(quota, uid, &account), 0);
		for (int r = 0; r < QUOTA_RES_CNT; r++)
			ck_assert_msg(account->used[r] == want[r], "uid %u %s: %ju, not %ju", uid,
				      quota_res_name((enum quota_res)r),
				      (uintmax_t)account->used[r], (uintmax_t)want[r]);
		quota_account_unref(account);
	}
	for (int i = 0; i < 2; i++) {
		struct quota_account *rule;

		ck_assert_int_eq(quota_rule_get(quota, i ? "rule-1" : "rule-0", &rule), 0);
		for (int r = 0; r < QUOTA_RES_CNT; r++)
			ck_assert_uint_eq(rule->used[r], rules[i][r]);
		quota_account_unref(rule);
	}
}

static void check_ledger(struct ledger *ledger, const struct model *model)
{
	for (int kind = 1; kind < LEDGER_KIND_CNT; kind++) {
		unsigned int there = 0, walked = 0;
		const struct ledger_rec *rec;
		uint32_t cursor = 0;

		for (uint32_t id = 0; id < IDS; id++) {
			rec = ledger_find(ledger, (enum ledger_kind)kind, id);
			ck_assert_int_eq(!!rec, model->rec[kind][id].there);
			there += !!rec;
			if (!rec)
				continue;
			ck_assert(rec->id == id && rec->uid == model->rec[kind][id].uid &&
				  rec->decision == id);
			if (kind == LEDGER_MAP)
				ck_assert_uint_eq(rec->map.bytes, model->rec[kind][id].bytes);
			if (kind == LEDGER_LINK)
				ck_assert_uint_eq(rec->link.prog_id, model->rec[kind][id].prog);
		}
		while ((rec = ledger_walk(ledger, (enum ledger_kind)kind, &cursor)))
			walked += model->rec[kind][rec->id].there;
		ck_assert_uint_eq(walked, there);
		ck_assert_uint_eq(ledger_cnt(ledger, (enum ledger_kind)kind), there);
	}
}

static void add_one(struct ledger *ledger, struct quota_table *quota, struct model *model,
		    enum ledger_kind kind, uint32_t id, uid_t uid, uint64_t bytes)
{
	bool probe = kind == LEDGER_PROG && bytes % 4 == 0, there = model->rec[kind][id].there;
	struct ledger_charge charge = { 0 };
	struct quota_account *account;
	struct ledger_rec rec;
	char rule[16];

	(void)snprintf(rule, sizeof(rule), "rule-%u", uid % 2);
	ck_assert_int_eq(quota_account_get(quota, uid, &account), 0);
	fill_rec(&rec, kind, id, uid, bytes, probe);
	ck_assert_int_eq(probe ? ledger_charge_probe(account, &charge)
			       : ledger_charge(account, rule, kind, bytes_of(kind, bytes), &charge),
			 0);
	ck_assert_int_eq(ledger_add(ledger, &rec, &charge), there ? -EEXIST : 0);
	ck_assert_int_eq(charge.one.account != NULL, there);
	ledger_charge_done(&charge);
	if (!there) {
		model->rec[kind][id].there = true;
		model->rec[kind][id].uid = uid;
		model->rec[kind][id].bytes = bytes;
		model->rec[kind][id].prog = 0;
		model->rec[kind][id].probe = probe;
	}
	quota_account_unref(account);
}

START_TEST(a_ledger_does_what_a_list_does)
{
	OWN_FD int fd = memfd_create("ledger", MFD_CLOEXEC);
	static struct model model;
	struct quota_table *quota;
	struct ledger *ledger;
	uint32_t x = 12345;

	ck_assert_int_eq(quota_table_new(NULL, &quota), 0);
	ck_assert_int_eq(ledger_open(fd, quota, &ledger), 0);
	for (int op = 0; op < OPS; op++) {
		enum ledger_kind kind;
		uint32_t id;

		x = x * 1664525u + 1013904223u;
		kind = (enum ledger_kind)(1 + (x >> 8) % (LEDGER_KIND_CNT - 1));
		id = (x >> 12) % IDS;
		if ((x >> 28) < 8) {
			add_one(ledger, quota, &model, kind, id, (x >> 20) % USERS,
				(x >> 4) % 5000);
		} else if ((x >> 28) < 13) {
			ledger_remove(ledger, kind, id);
			model.rec[kind][id].there = model.rec[kind][id].probe = false;
		} else if ((x >> 28) == 13) {
			/* What was charged nothing stays so. */
			if (model.rec[LEDGER_MAP][id].there && model.rec[LEDGER_MAP][id].bytes) {
				ledger_set_map_bytes(ledger, id, x % 777 + 1);
				model.rec[LEDGER_MAP][id].bytes = x % 777 + 1;
			} else if (!model.rec[LEDGER_MAP][id].there) {
				ledger_set_map_bytes(ledger, id, 5);
			}
		} else {
			ledger_set_link_prog(ledger, id, x % 999);
			model.rec[LEDGER_LINK][id].prog =
				model.rec[LEDGER_LINK][id].there ? x % 999 : 0;
		}
		if (op % 500 == 499) {
			check_ledger(ledger, &model);
			check_used(quota, &model);
			ledger_close(ledger);
			ck_assert_int_eq(ledger_open(fd, quota, &ledger), 0);
			check_ledger(ledger, &model);
			check_used(quota, &model);
		}
	}
	ledger_close(ledger);
	ledger_close(NULL);
	quota_sweep(quota, UINT64_MAX);
	quota_table_free(quota);
}
END_TEST

START_TEST(a_charge_that_is_refused_halfway_leaves_nothing)
{
	struct quota_limits limits = *quota_default_limits();
	struct ledger_charge charge = { 0 };
	struct quota_account *account;
	struct quota_table *quota;

	limits.per_uid[QUOTA_BTFS] = 1;
	limits.per_uid[QUOTA_KERNEL_BYTES] = 10;
	limits.per_uid[QUOTA_PROBES] = 1;
	ck_assert_int_eq(quota_table_new(&limits, &quota), 0);
	ck_assert_int_eq(quota_account_get(quota, 7, &account), 0);
	ck_assert_int_eq(ledger_charge(account, "r", LEDGER_BTF, 11, &charge), -EDQUOT);
	for (int i = 0; i < QUOTA_RES_CNT; i++)
		ck_assert_uint_eq(account->used[i], 0);
	ck_assert_uint_eq(account->ref_cnt, 1);
	ck_assert_int_eq(ledger_charge(account, "", LEDGER_BTF, 10, &charge), 0);
	ck_assert_ptr_null(charge.rule_one.account);
	ledger_charge_done(&charge);
	ck_assert_int_eq(ledger_charge(account, NULL, LEDGER_BTF, 0, &charge), 0);
	ck_assert_ptr_null(charge.bytes.account);
	ledger_charge_done(&charge);
	ck_assert_int_eq(ledger_charge_probe(account, &charge), 0);
	{
		struct ledger_charge second = { 0 };

		ck_assert_int_eq(ledger_charge_probe(account, &second), -EDQUOT);
		ck_assert_uint_eq(account->used[QUOTA_SLOTS], 1);
	}
	ledger_charge_done(&charge);
	quota_account_unref(account);
	quota_sweep(quota, UINT64_MAX);
	quota_table_free(quota);
}
END_TEST

START_TEST(which_pins_are_nobodys)
{
	struct ledger_rec rec = { .kind = LEDGER_PIN, .pin.path = "orphan-5" };

	ck_assert(ledger_is_orphan(&rec));
	strcpy(rec.pin.path, "/orphan-5");
	ck_assert(!ledger_is_orphan(&rec));
	strcpy(rec.pin.path, "orphan5");
	ck_assert(!ledger_is_orphan(&rec));
	strcpy(rec.pin.path, "orphan-");
	ck_assert(ledger_is_orphan(&rec));
	rec.kind = LEDGER_MAP;
	ck_assert(!ledger_is_orphan(&rec));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/records");
	TCase *tc = tcase_create("records");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, each_record_with_all_its_fields);
	tcase_add_test(tc, without_a_journal_each_record_is_a_line);
	tcase_add_test(tc, a_ledger_does_what_a_list_does);
	tcase_add_test(tc, a_charge_that_is_refused_halfway_leaves_nothing);
	tcase_add_test(tc, which_pins_are_nobodys);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
