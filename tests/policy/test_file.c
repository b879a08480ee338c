/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy directories as an attacker, or an accident, may leave them. Every refusal stands beside the
 * same directory with that one thing put right. Ownership needs root: without it those are skipped.
 */
#include "tests/policy/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/own.h"

#define GOOD  "{\"version\": 1, \"rules\": [{\"id\": \"a\", \"effect\": \"deny\", \"who\": {\"anyone\": true}}]}"
#define OTHER "{\"version\": 1, \"rules\": [{\"id\": \"b\", \"effect\": \"deny\", \"who\": {\"anyone\": true}}]}"

/* Two directories, lib below etc. */
struct dirs {
	char root[64];
	char names[2][80];
	int fds[2];
};

static struct dirs dirs;

static void set_up(void)
{
	int i;

	strcpy(dirs.root, "/tmp/bpfgate-policy-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dirs.root));
	for (i = 0; i < 2; i++) {
		(void)snprintf(dirs.names[i], sizeof(dirs.names[i]), "%s/%s", dirs.root,
			       i ? "etc" : "lib");
		ck_assert_int_eq(mkdir(dirs.names[i], 0755), 0);
		dirs.fds[i] = open(dirs.names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(dirs.fds[i], 0);
	}
}

static void tear_down(void)
{
	char command[96];
	int i;

	for (i = 0; i < 2; i++)
		(void)close(dirs.fds[i]);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dirs.root);
	ck_assert_int_eq(system(command), 0);
}

static void put(int dir, const char *name, const char *text)
{
	OWN_FD int fd = openat(dirs.fds[dir], name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static int open_fd_cnt(void)
{
	int fd, cnt = 0;

	for (fd = 0; fd < 256; fd++)
		cnt += fcntl(fd, F_GETFD) >= 0;
	return cnt;
}

/* Loads both; what is said goes to `said`. Checks that no fd is left behind. */
static int load(bool any_owner, struct policy **ret_policy, char *said, size_t room)
{
	struct policy_source sources[2] = { { "lib", dirs.fds[0] }, { "etc", dirs.fds[1] } };
	struct policy_env env = rig_env();
	struct policy_report *report = NULL;
	int before = open_fd_cnt(), r;
	const char *line;
	size_t i;

	env.any_owner = any_owner;
	*ret_policy = NULL;
	r = policy_load(sources, 2, &env, ret_policy, &report);
	ck_assert_int_eq(open_fd_cnt(), before);
	said[0] = '\0';
	for (i = 0; (line = policy_report_line(report, i)); i++)
		(void)snprintf(said + strlen(said), room - strlen(said), "%s\n", line);
	policy_report_free(report);
	return r;
}

static void expect_good(bool any_owner, size_t rule_cnt)
{
	struct policy *policy;
	char said[4096];
	int r = load(any_owner, &policy, said, sizeof(said));

	ck_assert_msg(r == 0, "%s", said);
	ck_assert_uint_eq(policy_rule_cnt(policy), rule_cnt);
	policy_free(policy);
}

static void expect_bad(bool any_owner, const char *reason)
{
	struct policy *policy;
	char said[4096];

	ck_assert_int_eq(load(any_owner, &policy, said, sizeof(said)), -EBADMSG);
	ck_assert_ptr_null(policy);
	ck_assert_msg(strstr(said, reason), "said: %s\nnot: %s", said, reason);
}

START_TEST(directories_without_files_are_a_policy_without_rules)
{
	expect_good(true, 0);
	put(1, "a.json", GOOD);
	expect_good(true, 1);
}
END_TEST

START_TEST(a_file_replaces_one_of_the_same_name_and_an_empty_one_masks_it)
{
	put(0, "a.json", GOOD);
	put(1, "b.json", OTHER);
	expect_good(true, 2);
	put(1, "a.json", "{\"version\": 1}");
	expect_good(true, 1);
	put(1, "a.json", "");
	expect_good(true, 1);
	ck_assert_int_eq(unlinkat(dirs.fds[1], "a.json", 0), 0);
	ck_assert_int_eq(symlinkat("/dev/null", dirs.fds[1], "a.json"), 0);
	expect_good(true, 1);
}
END_TEST

START_TEST(only_names_that_end_in_json_count)
{
	put(1, "a.json.bak", "not a policy");
	put(1, ".hidden.json", "not a policy");
	put(1, "README", "not a policy");
	expect_good(true, 0);
	put(1, "a.json", "not a policy");
	expect_bad(true, "a.json:1:1: error: '{' was expected");
}
END_TEST

START_TEST(a_half_written_file_keeps_the_whole_set_out)
{
	put(0, "a.json", GOOD);
	put(1, "b.json", "{\"version\": 1, \"rules\": [{\"id\": \"b\", \"eff");
	expect_bad(true, "b.json:1:42: error: the string does not end");
	put(1, "b.json", OTHER);
	expect_good(true, 2);
}
END_TEST

START_TEST(duplicate_keys_keep_the_whole_set_out)
{
	put(1, "a.json", "{\"version\": 1, \"rules\": [], \"rules\": []}");
	expect_bad(true, "\"rules\" is given twice");
	put(1, "a.json", "{\"version\": 1, \"rules\": []}");
	expect_good(true, 0);
}
END_TEST

START_TEST(a_link_is_refused_and_so_is_a_device_a_fifo_or_a_directory)
{
	put(1, "target", GOOD);
	ck_assert_int_eq(symlinkat("target", dirs.fds[1], "a.json"), 0);
	expect_bad(true, "a.json: is a link");
	ck_assert_int_eq(unlinkat(dirs.fds[1], "a.json", 0), 0);
	ck_assert_int_eq(mkfifoat(dirs.fds[1], "a.json", 0644), 0);
	expect_bad(true, "a.json: is not a regular file");
	ck_assert_int_eq(unlinkat(dirs.fds[1], "a.json", 0), 0);
	ck_assert_int_eq(mkdirat(dirs.fds[1], "a.json", 0755), 0);
	expect_bad(true, "a.json: is not a regular file");
	ck_assert_int_eq(unlinkat(dirs.fds[1], "a.json", AT_REMOVEDIR), 0);
	ck_assert_int_eq(linkat(dirs.fds[1], "target", dirs.fds[1], "a.json", 0), 0);
	expect_good(true, 1);
}
END_TEST

START_TEST(a_huge_file_is_refused_unread)
{
	OWN_FD int fd = -1;

	put(1, "a.json", GOOD);
	expect_good(true, 1);
	fd = openat(dirs.fds[1], "a.json", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 1024L * 1024 * 1024 * 1024), 0);
	expect_bad(true, "a.json: is larger than a megabyte");
}
END_TEST

START_TEST(a_name_that_is_too_long_is_refused)
{
	char name[128];

	memset(name, 'a', sizeof(name));
	strcpy(name + sizeof(name) - 6, ".json");
	put(1, name, GOOD);
	expect_bad(true, "a name that is too long");
	ck_assert_int_eq(unlinkat(dirs.fds[1], name, 0), 0);
	put(1, name + 60, GOOD);
	expect_good(true, 1);
}
END_TEST

#define RULE_OF(id)                                                                                \
	"{\"version\": 1, \"rules\": [\n{\"id\": \"" id "\", \"effect\": \"allow\", \"who\": {\"users\": [\"0\"]}, "  \
	"\"signed_by\": {\"unsigned\": true},\n \"maps\": {\"types\": {\"only\": [\"array\"]}}}]}"

/* Also where conditions that it does not state have no place. */
START_TEST(a_decision_names_the_file_of_its_rule)
{
	static const char *const files[] = { "a.json", "b.json", "c.json" };
	struct policy_subject who = { .uid = 0 };
	struct policy_map_facts map = { .type = 2 };
	struct policy_request request = { .verb = POLICY_MAP_CREATE, .map = &map };

	for (size_t i = 0; i < ARRAY_CNT(files); i++) {
		struct policy_decision decision;
		struct policy *policy;
		char said[4096];

		for (size_t k = 0; k < ARRAY_CNT(files); k++)
			put(1, files[k], k == i ? RULE_OF("this") : "{\"version\": 1}");
		ck_assert_msg(load(true, &policy, said, sizeof(said)) == 0, "%s", said);
		policy_decide(policy, &who, &request, &decision);
		ck_assert_int_eq(decision.verdict, POLICY_ALLOW);
		ck_assert_ptr_nonnull(strstr(decision.place.file, files[i]));
		ck_assert_uint_eq(decision.place.line, 2);
		ck_assert_uint_eq(decision.place.column, 1);
		policy_free(policy);
	}
}
END_TEST

START_TEST(all_files_that_are_wrong_are_told)
{
	struct policy *policy;
	char said[4096];

	put(0, "a.json", "{");
	put(1, "b.json", "[");
	ck_assert_int_eq(symlinkat("a", dirs.fds[1], "c.json"), 0);
	ck_assert_int_eq(load(true, &policy, said, sizeof(said)), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(said, "a.json:1:2"));
	ck_assert_ptr_nonnull(strstr(said, "b.json:1:2"));
	ck_assert_ptr_nonnull(strstr(said, "c.json: is a link"));
}
END_TEST

START_TEST(what_others_may_write_is_refused)
{
	put(1, "a.json", GOOD);
	expect_good(false, 1);
	ck_assert_int_eq(fchmodat(dirs.fds[1], "a.json", 0664, 0), 0);
	expect_bad(false, "a.json: must belong to root");
	ck_assert_int_eq(fchmodat(dirs.fds[1], "a.json", 0646, 0), 0);
	expect_bad(false, "a.json: must belong to root");
	ck_assert_int_eq(fchmodat(dirs.fds[1], "a.json", 0644, 0), 0);
	expect_good(false, 1);
	ck_assert_int_eq(fchownat(dirs.fds[1], "a.json", 65534, 0, 0), 0);
	expect_bad(false, "a.json: must belong to root");
	ck_assert_int_eq(fchownat(dirs.fds[1], "a.json", 0, 65534, 0), 0);
	expect_good(false, 1);
}
END_TEST

START_TEST(a_directory_that_others_may_write_is_refused)
{
	put(1, "a.json", GOOD);
	ck_assert_int_eq(fchmod(dirs.fds[1], 01777), 0);
	expect_bad(false, "etc: must belong to root");
	ck_assert_int_eq(fchmod(dirs.fds[1], 0755), 0);
	expect_good(false, 1);
}
END_TEST

START_TEST(what_cannot_be_read_is_told)
{
	put(1, "a.json", GOOD);
	ck_assert_int_eq(fchmod(dirs.fds[1], 0755), 0);
	ck_assert_int_eq(fchmodat(AT_FDCWD, dirs.root, 0755, 0), 0);
	ck_assert_int_eq(fchmodat(dirs.fds[1], "a.json", 0600, 0), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	expect_bad(false, "a.json: Permission denied");
	ck_assert_int_eq(seteuid(0), 0);
	expect_good(false, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy: files");
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, directories_without_files_are_a_policy_without_rules);
	tcase_add_test(tc, a_file_replaces_one_of_the_same_name_and_an_empty_one_masks_it);
	tcase_add_test(tc, only_names_that_end_in_json_count);
	tcase_add_test(tc, a_half_written_file_keeps_the_whole_set_out);
	tcase_add_test(tc, duplicate_keys_keep_the_whole_set_out);
	tcase_add_test(tc, a_link_is_refused_and_so_is_a_device_a_fifo_or_a_directory);
	tcase_add_test(tc, a_huge_file_is_refused_unread);
	tcase_add_test(tc, a_name_that_is_too_long_is_refused);
	tcase_add_test(tc, a_decision_names_the_file_of_its_rule);
	tcase_add_test(tc, all_files_that_are_wrong_are_told);
	if (geteuid() == 0) {
		tcase_add_test(tc, what_others_may_write_is_refused);
		tcase_add_test(tc, a_directory_that_others_may_write_is_refused);
		tcase_add_test(tc, what_cannot_be_read_is_told);
	} else {
		puts("3 tests of ownership skipped: they need root");
	}
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
