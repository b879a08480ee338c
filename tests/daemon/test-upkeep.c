/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker does for itself, without a client: policies are read and read again, programs are
 * held against the rules of today, the ledger against the kernel. This test is bpfgated, and the
 * loader that counts.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/broker/work/broker.h"
#include "daemon/broker/ask/coverage.h"
#include "daemon/broker/ask/facts.h"
#include "daemon/broker/signed/signed_dirs.h"
#include "daemon/broker/ask/orphans.h"
#include "daemon/broker/ask/reconcile.h"
#include "daemon/broker/reload.h"
#include "daemon/broker/store/targets.h"
#include "daemon/broker/peers/to_parent.h"
#include "proto/own.h"
#include "proto/packet.h"

static struct house {
	struct broker broker;
	int parent, ledger_fd;
	char dir[40];
	char said[4096]; /* to the journal, here stderr */
} house;

static void on_told(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	if (tell->kind == TELL_LOADER_GONE)
		loaders_on_loader_gone(house.broker.loaders, tell);
}

static void on_gone(void *ctx)
{
}

static void run(void)
{
	while (sd_event_run(house.broker.event, 0) > 0)
		;
}

static void write_policy(const char *text)
{
	char path[80];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/p.json", house.dir);
	if (!text) {
		(void)unlink(path);
		return;
	}
	file = fopen(path, "we");
	ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, 0644) == 0);
}

static void house_begin(const char *policy)
{
	struct broker *b = &house.broker;
	int sock[2];

	memset(&house, 0, sizeof(house));
	strcpy(house.dir, "/tmp/bpfgate-upkeep-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(house.dir));
	ck_assert_int_eq(chmod(house.dir, 0755), 0);
	write_policy(policy);
	b->options.dirs.path[b->options.dirs.cnt++] = house.dir;
	b->peer_scratch = malloc(PACKET_BYTES_MAX);
	house.ledger_fd = memfd_create("ledger", MFD_CLOEXEC);
	ck_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) == 0 &&
		  sd_event_new(&b->event) >= 0);
	house.parent = sock[1];
	ck_assert(to_parent_new(b->event, b->peer_scratch, sock[0], on_told, on_gone, b,
				&b->to_parent) == 0 &&
		  quota_table_new(NULL, &b->quota) == 0 &&
		  ledger_open(house.ledger_fd, b->quota, &b->ledger) == 0 &&
		  vmbtf_new(&b->vmbtf) == 0 &&
		  loaders_new(b->event, b->peer_scratch, NULL, b->to_parent, &b->loaders) == 0 &&
		  targets_new(&b->targets) == 0 && reconcile_new(b, &b->reconcile) == 0 &&
		  orphans_new(&b->orphans) == 0 &&
		  signed_dirs_new(b, &b->signed_dirs) == 0);
}

static void house_end(void)
{
	struct broker *b = &house.broker;

	loaders_free(b->loaders);
	signed_dirs_free(b->signed_dirs);
	reconcile_free(b->reconcile);
	orphans_free(b->orphans);
	to_parent_free(b->to_parent);
	vmbtf_free(b->vmbtf);
	targets_free(b->targets);
	ledger_close(b->ledger);
	quota_sweep(b->quota, UINT64_MAX);
	quota_table_free(b->quota);
	rules_unref(b->rules);
	sd_event_unref(b->event);
	free(b->peer_scratch);
	close(house.parent);
	close(house.ledger_fd);
	write_policy(NULL);
	ck_assert_int_eq(rmdir(house.dir), 0);
}

/* Runs it; what it says is in house.said. */
#define LISTEN(...)                                                                                \
	do {                                                                                       \
		int saved = dup(STDERR_FILENO), file = memfd_create("stderr", MFD_CLOEXEC);        \
		ssize_t said_bytes;                                                                \
		ck_assert(dup2(file, STDERR_FILENO) == STDERR_FILENO);                             \
		__VA_ARGS__;                                                                       \
		ck_assert(dup2(saved, STDERR_FILENO) == STDERR_FILENO);                            \
		said_bytes = pread(file, house.said, sizeof(house.said) - 1, 0);                   \
		house.said[said_bytes > 0 ? said_bytes : 0] = '\0';                                \
		close(saved);                                                                      \
		close(file);                                                                       \
	} while (0)

/* The status line that bpfgated is told. */
static const char *status_told(uint32_t kind, int result)
{
	static char buf[sizeof(struct keep_ask) + KEEP_STATUS_MAX + 1];
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct keep_ask ask = { 0 };
	int n;

	run();
	n = packet_recv(house.parent, buf, sizeof(buf) - 1, &fds, MSG_DONTWAIT);
	ck_assert_int_ge(n, (int)sizeof(ask));
	memcpy(&ask, buf, sizeof(ask));
	ck_assert(ask.kind == kind && ask.result == result &&
		  ask.bytes == (uint32_t)n - sizeof(ask));
	buf[n] = '\0';
	return buf + sizeof(ask);
}

#define RULE(id, more)                                                                                                                                                                                          \
	"{\"id\": \"" id                                                                                                                                                                                        \
	"\", \"effect\": \"allow\", \"who\": {\"anyone\": true}, \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"xdp\"]}, \"helpers\": {\"only\": [\"bpf_map_lookup_elem\"]}" more \
	"}}"
#define POLICY(rules) "{\"version\": 1, \"rules\": [" rules "]}"

static bool is_root(void)
{
	if (getuid() != 0)
		printf("skipped: policy files must be root's\n");
	return getuid() == 0;
}

/* ---- policy ---- */

START_TEST(a_policy_is_read_and_a_bad_one_changes_nothing)
{
	struct broker *b = &house.broker;
	struct rules *held;

	if (!is_root())
		return;
	house_begin(POLICY(RULE("one", "")));
	LISTEN(ck_assert_int_eq(reload_first(b), 0));
	ck_assert(policy_rule_cnt(b->rules->policy) == 1 && b->rules->generation == 1 &&
		  b->rules->ref_cnt == 1 && !*b->trouble && b->rules->loaded_s);
	reload_tell_status(b, ASK_READY, 5);
	ck_assert_ptr_nonnull(strstr(status_told(ASK_READY, 5),
				     " (1 rules, 0 signers): 0 programs, 0 connections"));
	held = rules_ref(b->rules);
	ck_assert_uint_eq(b->rules->ref_cnt, 2);
	write_policy("{\"version\": 1,\n \"rulez\": []}");
	LISTEN(reload_answer(b));
	ck_assert(b->rules == held && strstr(b->trouble, "p.json:2:2: error: ") &&
		  strstr(house.said, "p.json:2:2: error: ") &&
		  strstr(house.said, "policy not reloaded: "));
	ck_assert_ptr_nonnull(
		strstr(status_told(ASK_RELOADED, -EBADMSG), "Policy refused, the old one stays: "));
	write_policy(POLICY(RULE("one", "") ", " RULE("two", "")));
	LISTEN(ck_assert_int_eq(reload_now(b), 0));
	ck_assert(b->rules != held && held->ref_cnt == 1 && b->rules->generation == 2 &&
		  !*b->trouble && policy_rule_cnt(b->rules->policy) == 2);
	ck_assert_ptr_nonnull(strstr(house.said, " in force, 2 rules"));
	ck_assert_ptr_nonnull(strstr(status_told(ASK_STATUS, 0), "(2 rules, 0 signers)"));
	rules_unref(held);
	b->options.ledger_set_aside = true;
	b->session_cnt = 3;
	reload_tell_status(b, ASK_STATUS, 0);
	{
		const char *status = status_told(ASK_STATUS, 0);

		ck_assert(!strncmp(status, "ANOTHER VERSION'S LEDGER IS SET ASIDE; Policy ", 45) &&
			  strstr(status, "0 programs, 3 connections"));
	}
	house_end();
}
END_TEST

START_TEST(a_bad_policy_at_the_start_is_none_at_all)
{
	struct broker *b = &house.broker;

	if (!is_root())
		return;
	house_begin("{");
	LISTEN(ck_assert_int_eq(reload_first(b), 0));
	ck_assert(policy_rule_cnt(b->rules->policy) == 0 && b->rules->generation == 1 &&
		  strstr(b->trouble, "p.json:1:") && strstr(house.said, "NO RULES are in force"));
	reload_tell_status(b, ASK_READY, 0);
	ck_assert_int_eq(strncmp(status_told(ASK_READY, 0), "NO RULES, everything kept: ", 27), 0);
	house_end();
}
END_TEST

START_TEST(a_directory_that_is_none_is_left_out_and_one_that_cannot_be_opened_is_not)
{
	struct rules_dirs dirs = { { "/no/such/dir", "/dev/null" }, 1 };
	char trouble[RULES_TROUBLE_MAX], *text = NULL;
	struct rules *rules = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	ck_assert_int_eq(rules_load(&dirs, 7, out, trouble, &rules), 0);
	ck_assert(rules->generation == 7 && policy_rule_cnt(rules->policy) == 0 && !*trouble);
	rules_unref(rules);
	rules_unref(NULL);
	dirs.cnt = 2;
	ck_assert_int_eq(rules_load(&dirs, 7, out, trouble, &rules), -ENOTDIR);
	ck_assert_str_eq(trouble, "/dev/null: Not a directory");
	(void)fclose(out);
	ck_assert_str_eq(text, "/dev/null: Not a directory\n");
	free(text);
	ck_assert_int_eq(rules_none(9, &rules), 0);
	ck_assert(rules->generation == 9 && rules->ref_cnt == 1 &&
		  policy_rule_cnt(rules->policy) == 0);
	rules_unref(rules);
}
END_TEST

START_TEST(warnings_are_told_and_notes_are_not)
{
	struct broker *b = &house.broker;

	if (!is_root())
		return;
	house_begin(
		"{\"version\": 1, \"rules\": [{\"id\": \"old\", \"effect\": \"deny\", \"who\": {\"anyone\": true}, \"expires\": \"2001-01-01T00:00:00Z\"}, " RULE(
			"one", "") "]}");
	LISTEN(ck_assert_int_eq(reload_first(b), 0));
	ck_assert(!*b->trouble && strstr(house.said, "warning: ") && !strstr(house.said, "note: "));
	house_end();
}
END_TEST

START_TEST(paths_of_rules_are_what_they_are_now)
{
	struct broker *b = &house.broker;
	struct policy_path_id *paths;
	struct stat st;
	size_t cnt;

	if (!is_root())
		return;
	house_begin(POLICY(RULE(
		"one",
		", \"attach\": {\"cgroup\": [\"/no/such/dir\", \"/tmp\"], \"xdp\": [\"netns:/proc/self/ns/net:lo\"]}")));
	LISTEN(ck_assert_int_eq(reload_first(b), 0));
	ck_assert_int_eq(rules_resolve_paths(b->rules, &paths, &cnt), 0);
	ck_assert_uint_eq(cnt, 2);
	for (size_t i = 0; i < cnt; i++)
		ck_assert(stat(paths[i].path, &st) == 0 && paths[i].id.dev == st.st_dev &&
			  paths[i].id.ino == st.st_ino);
	free(paths);
	house_end();
}
END_TEST

/* ---- programs ---- */

static void record(enum ledger_kind kind, struct ledger_rec rec)
{
	struct ledger_charge charge = { 0 };

	rec.kind = kind;
	ck_assert_int_eq(ledger_add(house.broker.ledger, &rec, &charge), 0);
}

START_TEST(facts_are_what_was_recorded_and_what_is_gone_is_granted_by_nobody)
{
	static struct facts facts;
	struct ledger_rec rec = { .kind = LEDGER_PROG,
				  .id = 9,
				  .name = "0123456789abcdef",
				  .prog = { .type = 6,
					    .insn_cnt = 7,
					    .prog_flags = 16,
					    .helper_beyond = 1,
					    .helpers = { 5, 0, 0, 0, 0, 0, 0, 9 },
					    .map_cnt = 2,
					    .maps = { 70, 71 },
					    .kfunc_cnt = 1,
					    .kfuncs = { 0xfffffff0 },
					    .proof_cnt = 1,
					    .proofs = { { "signer", { 1, 2 } } },
					    .digest_cnt = 2,
					    .digests = { { 3 }, { 4 } } } };

	house_begin(NULL);
	record(LEDGER_MAP,
	       (struct ledger_rec){ .id = 70, .name = "m", .map = { .type = 2, .bytes = 4096 } });
	facts_of_record(house.broker.ledger, house.broker.vmbtf, &rec, &facts);
	ck_assert(facts.prog.type == 6 && facts.prog.insn_cnt == 7 && facts.prog.sleepable &&
		  facts.prog.helper_beyond && facts.prog.helpers[0] == 5 &&
		  facts.prog.helpers[7] == 9);
	ck_assert_str_eq(facts.prog.name, "0123456789abcde");
	ck_assert(facts.prog.map_cnt == 2 && facts.prog.maps[0].type == 2 &&
		  facts.prog.maps[0].bytes == 4096 && !strcmp(facts.prog.maps[0].name, "m") &&
		  facts.prog.maps[1].type == 0);
	ck_assert(facts.prog.kfunc_cnt == 1 && !strcmp(facts.prog.kfuncs[0], "#4294967280"));
	ck_assert(facts.prog.proof_cnt == 1 && !strcmp(facts.prog.proofs[0].signer, "signer") &&
		  facts.prog.proofs[0].cert_sha256[1] == 2);
	ck_assert(facts.prog.digest_cnt == 2 && facts.prog.digests[0][0] == 3 &&
		  facts.prog.digests[1][0] == 4);
	rec.prog.prog_flags = ~16u;
	rec.prog.map_cnt = LEDGER_MAPS_MAX + 5;
	rec.prog.kfunc_cnt = LEDGER_KFUNCS_MAX + 5;
	rec.prog.proof_cnt = LEDGER_PROOFS_MAX + 5;
	rec.prog.by_object = 1u << 1;
	rec.prog.digest_cnt = LEDGER_DIGESTS_MAX + 5;
	facts_of_record(house.broker.ledger, house.broker.vmbtf, &rec, &facts);
	ck_assert(!facts.prog.sleepable && facts.prog.map_cnt == LEDGER_MAPS_MAX &&
		  facts.prog.kfunc_cnt == LEDGER_KFUNCS_MAX &&
		  facts.prog.proof_cnt == LEDGER_PROOFS_MAX && !facts.proofs[0].by_object &&
		  facts.proofs[1].by_object &&
		  facts.prog.digest_cnt == LEDGER_DIGESTS_MAX);
	house_end();
}
END_TEST

/* How many of these are told, when the rules are those of the policy. */
static size_t uncovered(const char *policy)
{
	static const struct {
		const char *rule;
		uint32_t type, flags, insn_cnt;
		uint64_t helpers;
		bool probe;
	} progs[] = {
		{ "one", 6, 0, 10, 2, false },	{ "one", 1, 0, 10, 2, false },
		{ "one", 6, 0, 10, 4, false },	{ "one", 6, 16, 10, 2, false },
		{ "one", 6, 0, 101, 2, false }, { "gone", 6, 0, 10, 2, false },
		{ "", 1, 0, 10, 2, false },	{ "one", 1, 0, 10, 2, true },
	};
	size_t cnt;

	house_begin(policy);
	LISTEN(ck_assert_int_eq(reload_first(&house.broker), 0));
	for (uint32_t i = 0; i < ARRAY_CNT(progs); i++) {
		struct ledger_rec rec = { .id = 100 + i,
					  .uid = 1000,
					  .prog = { .type = progs[i].type,
						    .prog_flags = progs[i].flags,
						    .insn_cnt = progs[i].insn_cnt,
						    .helpers = { progs[i].helpers },
						    .probe = progs[i].probe } };

		strcpy(rec.rule, progs[i].rule);
		record(LEDGER_PROG, rec);
	}
	LISTEN(cnt = coverage_report(&house.broker));
	house_end();
	return cnt;
}

START_TEST(a_program_that_its_rule_would_not_grant_today_is_told)
{
	if (!is_root())
		return;
	ck_assert_uint_eq(
		uncovered(POLICY(RULE("one", ", \"max_insns\": 100, \"sleepable\": false"))), 5);
	ck_assert_ptr_nonnull(strstr(
		house.said,
		"program 101 of uid 1000, granted by rule one, is no longer covered: types"));
	ck_assert_ptr_nonnull(strstr(
		house.said,
		"program 102 of uid 1000, granted by rule one, is no longer covered: helpers"));
	ck_assert_ptr_nonnull(strstr(
		house.said,
		"program 103 of uid 1000, granted by rule one, is no longer covered: sleepable"));
	ck_assert_ptr_nonnull(strstr(
		house.said,
		"program 104 of uid 1000, granted by rule one, is no longer covered: max_insns"));
	ck_assert_ptr_nonnull(strstr(
		house.said,
		"program 105 of uid 1000, granted by rule gone, is no longer covered: the rule is gone"));
	ck_assert(!strstr(house.said, "program 100 ") && !strstr(house.said, "program 106 ") &&
		  !strstr(house.said, "program 107 "));
	/* Neither size nor sleep is a condition now. */
	ck_assert_uint_eq(uncovered(POLICY(RULE("one", ", \"sleepable\": true"))), 3);
	ck_assert_uint_eq(uncovered(POLICY("")), 6);
}
END_TEST

/* ---- the ledger beside the kernel ---- */

static unsigned int again_cnt;

static void again(struct work *work)
{
	again_cnt++;
}

/* Answers each question for ids of a kind with those of `ids`; which kinds were asked for. */
static uint32_t count_as_a_loader(const uint32_t *ids, uint32_t cnt, int result)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct keep_tell tell = { .kind = ANS_LOADER, .box_id = 3 };
	struct iovec part = { &tell, sizeof(tell) };
	uint32_t kinds = 0;
	struct keep_ask ask;
	struct door_ask door_ask;
	int door[2];

	run();
	do /* what is told of the loader before is of no interest */
		if (packet_recv(house.parent, &ask, sizeof(ask), &fds, MSG_DONTWAIT) != (int)sizeof(ask))
			return 0;
	while (ask.kind != ASK_LOADER);
	ck_assert(ask.kind == ASK_LOADER && ask.flags == LOADER_LEDGER && ask.uid == UINT32_MAX);
	tell.ask_id = ask.ask_id;
	ck_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, door) == 0 &&
		  packet_send(house.parent, &part, 1, &door[0], 1, 0) == 0);
	close(door[0]);
	run();
	while (packet_recv(door[1], &door_ask, sizeof(door_ask), &fds, MSG_DONTWAIT) ==
	       (int)sizeof(door_ask)) {
		struct door_answer answer = { .approval_id = door_ask.approval_id,
					      .result = result,
					      .out = { 4 * cnt },
					      .out_bytes = 4 * cnt };
		struct iovec parts[2] = { { &answer, sizeof(answer) },
					  { (void *)(uintptr_t)ids, 4 * cnt } };

		ck_assert(door_ask.op == DOOR_IDS && door_ask.ptr_cnt == 1 &&
			  door_ask.attr_bytes == 8 && (door_ask.ptr[0].flags & PTR_OUT));
		ck_assert_uint_eq(door_ask.caps, door_ask.obj_kind == KEEP_BTF
							 ? 1ull << 21
							 : 1ull << 39 | 1ull << 38);
		kinds |= 1u << door_ask.obj_kind;
		ck_assert_int_eq(packet_send(door[1], parts, 2, NULL, 0, 0), 0);
		run();
	}
	close(door[1]);
	run();
	return kinds;
}

static void record_some(void)
{
	for (enum ledger_kind kind = LEDGER_PROG; kind <= LEDGER_PIN; kind++)
		for (uint32_t id = 5; id < 8; id++)
			record(kind, (struct ledger_rec){ .id = id,
							  .made_ns = id == 7 ? UINT64_MAX : 1 });
}

START_TEST(what_the_kernel_has_no_more_is_forgotten)
{
	static const uint32_t ids[] = { 99, 5, 1 };
	struct ledger *ledger;

	house_begin(NULL);
	ledger = house.broker.ledger;
	again_cnt = 0;
	ck_assert_int_eq(reconcile_then(&house.broker, NULL, again), 0);
	/* Nothing is recorded: the loader is asked for programs of ours without a record, and for nothing else. */
	ck_assert_uint_eq(again_cnt, 0);
	ck_assert_uint_eq(count_as_a_loader(ids, 0, 0), 1u << IDS_OWN);
	ck_assert_uint_eq(again_cnt, 1);
	record_some();
	ck_assert_int_eq(reconcile_then(&house.broker, NULL, again), 0);
	ck_assert_int_eq(reconcile_then(&house.broker, NULL, again), 0);
	ck_assert_int_eq(reconcile_then(&house.broker, NULL, NULL), 0);
	ck_assert_uint_eq(again_cnt, 1);
	ck_assert_uint_eq(count_as_a_loader(ids, 3, 0),
			  1u << KEEP_LINK | 1u << KEEP_PROG | 1u << KEEP_MAP | 1u << KEEP_BTF | 1u << IDS_OWN);
	ck_assert_uint_eq(again_cnt, 3);
	for (enum ledger_kind kind = LEDGER_PROG; kind <= LEDGER_PIN; kind++) {
		ck_assert_ptr_nonnull(ledger_find(ledger, kind, 5));
		/* 7 was made while we looked; pins are names of ours. */
		ck_assert_ptr_nonnull(ledger_find(ledger, kind, 7));
		ck_assert_int_eq(ledger_find(ledger, kind, 6) != NULL, kind == LEDGER_PIN);
	}
	house_end();
}
END_TEST

START_TEST(a_kernel_that_lists_nothing_takes_nothing_away_but_an_empty_list_does)
{
	for (int result = -1; result <= 0; result++) {
		house_begin(NULL);
		record_some();
		again_cnt = 0;
		ck_assert_int_eq(reconcile_then(&house.broker, NULL, again), 0);
		(void)count_as_a_loader(NULL, 0, result * ENOSYS);
		ck_assert_uint_eq(again_cnt, 1);
		ck_assert_uint_eq(ledger_cnt(house.broker.ledger, LEDGER_MAP), result ? 3 : 1);
		house_end();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/upkeep");
	TCase *tc = tcase_create("upkeep");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_policy_is_read_and_a_bad_one_changes_nothing);
	tcase_add_test(tc, a_bad_policy_at_the_start_is_none_at_all);
	tcase_add_test(tc,
		       a_directory_that_is_none_is_left_out_and_one_that_cannot_be_opened_is_not);
	tcase_add_test(tc, warnings_are_told_and_notes_are_not);
	tcase_add_test(tc, paths_of_rules_are_what_they_are_now);
	tcase_add_test(tc, facts_are_what_was_recorded_and_what_is_gone_is_granted_by_nobody);
	tcase_add_test(tc, a_program_that_its_rule_would_not_grant_today_is_told);
	tcase_add_test(tc, what_the_kernel_has_no_more_is_forgotten);
	tcase_add_test(tc, a_kernel_that_lists_nothing_takes_nothing_away_but_an_empty_list_does);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
