/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What really reaches journald: the bytes of each record, read from its socket, which in a mount
 * namespace of this test's own is ours. Who called stands in our own fields, each there once, and
 * nothing that a client wrote becomes a field. Root needed.
 */
#include <check.h>
#include <endian.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/broker/store/decision_log.h"
#include "daemon/broker/store/journal.h"
#include "proto/own.h"

#define FIELDS_MAX   64
#define RECORD_BYTES 65536

struct field {
	char name[64];
	const char *value;
	size_t bytes;
};

struct record {
	char bytes[RECORD_BYTES];
	struct field fields[FIELDS_MAX];
	size_t cnt;
};

static const char *const known[] = {
	"MESSAGE",
	"MESSAGE_ID",
	"PRIORITY",
	"BPFGATE_PID",
	"BPFGATE_COMMAND",
	"BPFGATE_DECISION_ID",
	"BPFGATE_VERDICT",
	"BPFGATE_REASON_CODE",
	"BPFGATE_RULE",
	"BPFGATE_PLACE",
	"BPFGATE_UID",
	"BPFGATE_UNIT",
	"BPFGATE_SIGNERS",
	"BPFGATE_INSNS",
	"BPFGATE_PROG_NAME",
	"BPFGATE_PROG_TYPE",
	"BPFGATE_PROG_ID",
	"BPFGATE_PROG_TAG",
	"BPFGATE_EXPLANATION",
	"BPFGATE_OBJECT_SHA256",
	"BPFGATE_STATES",
	"BPFGATE_VERIFY_USEC",
	"BPFGATE_POLICY_DIGEST",
	/* Added by the library, of the broker and not of the client. */
	"SYSLOG_IDENTIFIER",
	"CODE_FILE",
	"CODE_LINE",
	"CODE_FUNC",
};

/* journald's socket, from now on; -1: it cannot be taken. */
static int be_journald(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX,
				    .sun_path = "/run/systemd/journal/socket" };
	OWN_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/systemd", 0755) < 0 ||
	    mkdir("/run/systemd/journal", 0755) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* NAME=VALUE\n, or NAME\n, eight bytes of length, VALUE\n. How many bytes it took. */
static size_t parse_field(const char *at, size_t left, struct field *ret_field)
{
	size_t name = 0, head;
	uint64_t bytes;

	while (name < left && at[name] != '=' && at[name] != '\n')
		name++;
	ck_assert(name > 0 && name < left && name < sizeof(ret_field->name));
	memcpy(ret_field->name, at, name);
	ret_field->name[name] = '\0';
	head = name + 1;
	if (at[name] == '=') {
		const char *end = memchr(at + head, '\n', left - head);

		ck_assert_ptr_nonnull(end);
		bytes = (uint64_t)(end - at) - head;
	} else {
		ck_assert_uint_ge(left, head + sizeof(bytes));
		memcpy(&bytes, at + head, sizeof(bytes));
		bytes = le64toh(bytes);
		head += sizeof(bytes);
	}
	ck_assert(bytes < left - head && at[head + bytes] == '\n');
	ret_field->value = at + head;
	ret_field->bytes = bytes;
	return head + bytes + 1;
}

static void hear(int journald, struct record *ret_record)
{
	ssize_t n = recv(journald, ret_record->bytes, sizeof(ret_record->bytes), MSG_DONTWAIT);
	size_t at = 0;

	ck_assert_int_gt(n, 0);
	for (ret_record->cnt = 0; at < (size_t)n; ret_record->cnt++) {
		ck_assert_uint_lt(ret_record->cnt, FIELDS_MAX);
		at += parse_field(ret_record->bytes + at, (size_t)n - at,
				  &ret_record->fields[ret_record->cnt]);
	}
}

static const struct field *find(const struct record *record, const char *name)
{
	const struct field *found = NULL;

	for (size_t i = 0; i < record->cnt; i++) {
		if (strcmp(record->fields[i].name, name) != 0)
			continue;
		ck_assert_msg(!found, "%s stands there twice", name);
		found = &record->fields[i];
	}
	return found;
}

static void check_is(const struct record *record, const char *name, const char *value)
{
	const struct field *field = find(record, name);

	ck_assert_msg(field && field->bytes == strlen(value) &&
			      memcmp(field->value, value, field->bytes) == 0,
		      "%s is not \"%s\" but \"%.*s\"", name, value, field ? (int)field->bytes : 0,
		      field ? field->value : "");
}

static void check_names(const struct record *record)
{
	for (size_t i = 0; i < record->cnt; i++) {
		bool is_known = false;

		for (size_t k = 0; k < ARRAY_CNT(known); k++)
			is_known = is_known || strcmp(known[k], record->fields[i].name) == 0;
		ck_assert_msg(is_known, "a field %s", record->fields[i].name);
		(void)find(record, record->fields[i].name);
	}
}

static struct decision program(void)
{
	return (struct decision){ .id = 0xabc,
				  .uid = 1001,
				  .account = 1000,
				  .pid = 4242,
				  .unit = "app.service",
				  .command = "PROG_LOAD",
				  .verdict = DECISION_REFUSED,
				  .stage = DECISION_BY_VERIFIER,
				  .err = 13,
				  .rule = "own",
				  .place = "50-own.json:1:2",
				  .code = "CODE",
				  .summary = "rejected",
				  .policy_digest = "d1",
				  .prog_name = "p",
				  .prog_type = 6,
				  .prog_id = 9,
				  .has_tag = true,
				  .has_digest = true,
				  .signers = "ours" };
}

/* By way of the memory of decisions, as the broker does it. */
static void tell(struct decision *decision)
{
	struct decision_log *decisions;

	ck_assert_int_eq(decision_log_new(&decisions), 0);
	decision_log_add(decisions, decision, false);
	decision_log_free(decisions);
	free(decision->text);
}

static struct record record;
static int journald = -1;

START_TEST(a_record_says_who_called_in_fields_of_ours)
{
	struct decision decision = program();

	tell(&decision);
	hear(journald, &record);
	check_names(&record);
	check_is(&record, "BPFGATE_UID", "1001");
	check_is(&record, "BPFGATE_PID", "4242");
	check_is(&record, "BPFGATE_UNIT", "app.service");
	check_is(&record, "BPFGATE_COMMAND", "PROG_LOAD");
	check_is(&record, "BPFGATE_VERDICT", "refused");
	check_is(&record, "BPFGATE_RULE", "own");
	check_is(&record, "BPFGATE_DECISION_ID", "D-00000000000abc");
	check_is(&record, "BPFGATE_PROG_NAME", "p");
	check_is(&record, "BPFGATE_SIGNERS", "ours");
	/* journald would believe it of root only, and then not of us. */
	ck_assert_ptr_null(find(&record, "OBJECT_PID"));
	ck_assert_ptr_null(find(&record, "BPFGATE_EXPLANATION"));
}
END_TEST

START_TEST(the_whole_explanation_is_in_the_journal)
{
	enum { LINES = 200 };
	struct decision decision = program();
	char whole[LINES * 32] = "";

	for (int i = 0; i < LINES; i++)
		sprintf(whole + strlen(whole), "line %d of the explanation\n", i);
	decision.text = strdup(whole);
	tell(&decision);
	hear(journald, &record);
	check_names(&record);
	check_is(&record, "BPFGATE_EXPLANATION", whole);
}
END_TEST

#define LIES "x\nOBJECT_PID=1\n_UID=0\nBPFGATE_UID=0\nMESSAGE=lie\nEVIL=1"

static void check_lie(const struct decision *lie)
{
	struct decision decision = *lie;

	tell(&decision);
	hear(journald, &record);
	check_names(&record);
	check_is(&record, "BPFGATE_UID", "1001");
	check_is(&record, "BPFGATE_PID", "4242");
}

START_TEST(nothing_that_a_client_wrote_becomes_a_field)
{
	struct decision lies[5];

	for (size_t i = 0; i < ARRAY_CNT(lies); i++)
		lies[i] = program();
	strcpy(lies[0].summary, LIES);
	strcpy(lies[1].unit, LIES);
	strcpy(lies[2].prog_name, "x\n_UID=0");
	strcpy(lies[3].code, "x\nOBJECT_PID=1");
	lies[4].text = strdup(LIES);
	for (size_t i = 0; i < ARRAY_CNT(lies); i++)
		check_lie(&lies[i]);
	check_is(&record, "BPFGATE_EXPLANATION", LIES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/journal");
	TCase *tc = tcase_create("journal");
	SRunner *runner;
	int failed;

	if (getuid() != 0 || (journald = be_journald()) < 0) {
		printf("skipped: journald's place can be taken by root only\n");
		return 77;
	}
	setenv("JOURNAL_STREAM", "1:2", 1);
	tcase_add_test(tc, a_record_says_who_called_in_fields_of_ours);
	tcase_add_test(tc, the_whole_explanation_is_in_the_journal);
	tcase_add_test(tc, nothing_that_a_client_wrote_becomes_a_field);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
