/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpfgate against a daemon that follows a script: results and errno are bpf(2)'s, local commands
 * stay local, and nothing that happens to connections (forks, threads, restarts, an application that closes
 * everything) ends in a wrong answer or in somebody else's file.
 */
#include "client/bpfgate.h"
#include "proto/cmd.h"
#include "proto/own.h"
#include "tests/client/fake.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct fake fake;

static void set_up(void)
{
	fake_start(&fake);
}

static void tear_down(void)
{
	fake_remove(&fake);
}

static int call_map_create(void)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_MAP_CREATE_TYPE, BPF_MAP_TYPE_ARRAY);
	return bpfgate_bpf(CMD_MAP_CREATE, attr, sizeof(attr));
}

/* A load of that many exit instructions. */
static int call_load(uint32_t insn_cnt, char *log, uint32_t log_bytes)
{
	const struct bpf_insn insns[4] = { { .code = 0x95 }, { .code = 0x95 } };
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_PROG_LOAD_TYPE, 6);
	attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, insn_cnt);
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)insns);
	attr_put_u64(attr, ATTR_PROG_LOAD_LICENSE, (uintptr_t) "GPL");
	attr_put_u32(attr, ATTR_PROG_LOAD_LOG_LEVEL, log ? 1 : 0);
	attr_put_u32(attr, ATTR_PROG_LOAD_LOG_SIZE, log_bytes);
	attr_put_u64(attr, ATTR_PROG_LOAD_LOG_BUF, (uintptr_t)log);
	return bpfgate_bpf(CMD_PROG_LOAD, attr, sizeof(attr));
}

static int call_next_id(uint32_t start, uint32_t *ret_next)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	int r;

	attr_put_u32(attr, ATTR_ID_START_ID, start);
	r = bpfgate_bpf(CMD_PROG_GET_NEXT_ID, attr, sizeof(attr));
	*ret_next = attr_u32(attr, ATTR_ID_NEXT_ID);
	return r;
}

static int call_info(int fd, uint8_t *info, uint32_t bytes)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_INFO_BPF_FD, (uint32_t)fd);
	attr_put_u32(attr, ATTR_INFO_INFO_LEN, bytes);
	attr_put_u64(attr, ATTR_INFO_INFO, (uintptr_t)info);
	return bpfgate_bpf(CMD_OBJ_GET_INFO_BY_FD, attr, ATTR_END_INFO_INFO);
}

START_TEST(a_result_may_be_an_fd)
{
	int fd = call_map_create();

	ck_assert_int_ge(fd, 0);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	ck_assert_int_eq(fake.counts->requests, 1);
}
END_TEST

START_TEST(a_refusal_brings_errno_log_and_reason)
{
	char log[64] = "untouched";

	errno = 0;
	ck_assert_int_eq(call_load(1, log, sizeof(log)), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_str_eq(log, "no\n");
	ck_assert_str_eq(bpfgate_last_reason(), "because\033[2J");
	ck_assert_uint_eq(bpfgate_last_decision(), 0x7f3a91);
}
END_TEST

START_TEST(success_leaves_errno_and_no_old_reason)
{
	uint32_t next;

	ck_assert_int_eq(call_load(1, NULL, 0), -1);
	ck_assert_str_ne(bpfgate_last_reason(), "");
	errno = 12345;
	ck_assert_int_eq(call_next_id(7, &next), 0);
	ck_assert_uint_eq(next, 8);
	ck_assert_int_eq(errno, 12345);
	ck_assert_str_eq(bpfgate_last_reason(), "");
}
END_TEST

START_TEST(local_commands_never_reach_the_daemon)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	OWN_FD int file = open("/dev/null", O_RDONLY);

	attr_put_u32(attr, ATTR_ELEM_MAP_FD, 900);
	ck_assert_int_eq(bpfgate_bpf(CMD_MAP_LOOKUP_ELEM, attr, 32), -1);
	ck_assert_int_eq(errno, EBADF);
	attr_put_u32(attr, ATTR_ELEM_MAP_FD, (uint32_t)file);
	ck_assert_int_eq(bpfgate_bpf(CMD_MAP_UPDATE_ELEM, attr, 32), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fake.counts->requests, 0);
	ck_assert_int_eq(fake.counts->connections, 0);
}
END_TEST

START_TEST(a_local_command_on_a_handle_does)
{
	OWN_FD int handle = call_load(2, NULL, 0);
	uint8_t info[256] = { 0 };

	ck_assert_int_ge(handle, 0);
	ck_assert_int_eq(fake.counts->requests, 1);
	ck_assert_int_eq(call_info(handle, info, sizeof(info)), 0);
	ck_assert_uint_eq(attr_u32(info, 0), 6);
	ck_assert_int_eq(fake.counts->requests, 2);
	ck_assert_int_eq(fake.counts->last_cmd, CMD_OBJ_GET_INFO_BY_FD);
}
END_TEST

START_TEST(a_duplicated_handle_is_one_too)
{
	OWN_FD int handle = call_load(2, NULL, 0);
	OWN_FD int copy = fcntl(handle, F_DUPFD_CLOEXEC, 100);
	uint8_t info[256] = { 0 };

	own_close_fd(&handle);
	ck_assert_int_eq(call_info(copy, info, sizeof(info)), 0);
	ck_assert_uint_eq(attr_u32(info, 0), 6);
}
END_TEST

START_TEST(another_kind_of_socket_is_no_handle)
{
	OWN_FD int sock = socket(AF_UNIX, SOCK_STREAM, 0);
	uint8_t info[256] = { 0 };

	ck_assert_int_eq(call_info(sock, info, sizeof(info)), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fake.counts->requests, 0);
}
END_TEST

START_TEST(without_a_daemon_the_answer_is_eperm_and_why)
{
	uint32_t next;

	fake_stop(&fake);
	ck_assert_int_eq(call_map_create(), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_ptr_nonnull(strstr(bpfgate_last_reason(), fake.path));
	fake_restart(&fake);
	ck_assert_int_eq(call_next_id(1, &next), 0);
}
END_TEST

START_TEST(a_malformed_attr_needs_no_daemon)
{
	uint8_t attr[ATTR_BYTES + 8] = { 0 };

	attr[ATTR_BYTES] = 1;
	ck_assert_int_eq(bpfgate_bpf(CMD_MAP_CREATE, attr, sizeof(attr)), -1);
	ck_assert_int_eq(errno, E2BIG);
	ck_assert_int_eq(bpfgate_bpf(CMD_MAP_CREATE, (void *)8, 8), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(bpfgate_bpf(CMD_CNT, attr, 8), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fake.counts->connections, 0);
}
END_TEST

START_TEST(one_connection_serves_many_calls)
{
	uint32_t next;

	for (uint32_t i = 0; i < 100; i++) {
		ck_assert_int_eq(call_next_id(i, &next), 0);
		ck_assert_uint_eq(next, i + 1);
	}
	ck_assert_int_eq(fake.counts->connections, 1);
}
END_TEST

START_TEST(a_forked_child_connects_itself)
{
	uint32_t next;
	int status;
	pid_t pid;

	ck_assert_int_eq(call_next_id(1, &next), 0);
	pid = fork();
	if (pid == 0) {
		for (uint32_t i = 0; i < 50; i++)
			if (call_next_id(i, &next) < 0 || next != i + 1)
				_exit(1);
		_exit(0);
	}
	for (uint32_t i = 100; i < 150; i++) {
		ck_assert_int_eq(call_next_id(i, &next), 0);
		ck_assert_uint_eq(next, i + 1);
	}
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(fake.counts->connections, 2);
}
END_TEST

static void *call_many(void *arg)
{
	uint32_t base = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = base; i < base + 300; i++) {
		uint32_t next = 0;

		if (call_next_id(i, &next) < 0 || next != i + 1)
			return (void *)1;
	}
	return NULL;
}

START_TEST(threads_get_their_own_answers)
{
	pthread_t threads[8];
	void *failed;

	for (uintptr_t i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, call_many, (void *)(i * 1000)),
				 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	ck_assert_int_eq(fake.counts->requests, 8 * 300);
}
END_TEST

START_TEST(a_restart_of_the_daemon_is_not_noticed)
{
	uint32_t next;

	ck_assert_int_eq(call_next_id(1, &next), 0);
	fake_stop(&fake);
	fake_restart(&fake);
	ck_assert_int_eq(call_next_id(2, &next), 0);
	ck_assert_uint_eq(next, 3);
}
END_TEST

/* It may have happened: only the application can find out. */
START_TEST(an_attach_whose_answer_got_lost_is_not_repeated)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	fake.counts->hang_up_next = 1;
	ck_assert_int_eq(bpfgate_bpf(CMD_PROG_ATTACH, attr, 32), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_str_ne(bpfgate_last_reason(), "");
	ck_assert_int_eq(fake.counts->requests, 1);
	ck_assert_int_eq(bpfgate_bpf(CMD_PROG_ATTACH, attr, 32), 0);
}
END_TEST

/* The map went with the fd that nobody received. */
START_TEST(a_creation_whose_answer_got_lost_is_repeated_once)
{
	OWN_FD int fd = -1;

	fake.counts->hang_up_next = 1;
	fd = call_map_create();
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fake.counts->requests, 2);
	fake.counts->hang_up_next = 2;
	ck_assert_int_eq(call_map_create(), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(fake.counts->requests, 4);
}
END_TEST

START_TEST(a_daemon_that_talks_nonsense_grants_nothing)
{
	uint32_t next;

	fake.counts->lie_next = 1;
	ck_assert_int_eq(call_map_create(), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(call_next_id(1, &next), 0);
}
END_TEST

/* Closes every connection of the library behind its back, as daemons that close all fds do. */
static int close_connections(void)
{
	int closed = 0;

	for (int fd = 3; fd < 64; fd++) {
		int type = 0;
		socklen_t bytes = sizeof(type);

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 &&
		    type == SOCK_SEQPACKET && close(fd) == 0)
			closed++;
	}
	return closed;
}

START_TEST(a_file_that_took_our_fd_is_left_alone)
{
	struct stat st;
	uint32_t next;
	char path[64];
	int files[20];

	ck_assert_int_eq(call_next_id(1, &next), 0);
	ck_assert_int_eq(close_connections(), 1);
	snprintf(path, sizeof(path), "%s/file", fake.dir);
	for (int i = 0; i < 20; i++)
		files[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(call_next_id(2, &next), 0);
	ck_assert_uint_eq(next, 3);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(fstat(files[i], &st), 0);
		ck_assert_int_eq(st.st_size, 0);
		close(files[i]);
	}
	unlink(path);
}
END_TEST

START_TEST(questions_are_answered_in_json)
{
	char *json = NULL;
	FILE *object = tmpfile();

	ck_assert_ptr_nonnull(object);
	ck_assert_int_eq(bpfgate_control(BPFGATE_WHY, "7f3a91", &json), 0);
	ck_assert_str_eq(json, "{\"verb\":3,\"arg\":\"7f3a91\",\"fds\":0}");
	free(json);
	ck_assert_int_eq(bpfgate_present_object("a.bpf.o", fileno(object), fileno(object), &json), 0);
	ck_assert_str_eq(json, "{\"verb\":4,\"arg\":\"a.bpf.o\",\"fds\":2}");
	free(json);
	fclose(object);
	fake_stop(&fake);
	ck_assert_int_eq(bpfgate_control(BPFGATE_STATUS, NULL, &json), -ECONNREFUSED);
}
END_TEST

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int cnt = 0;

	while (readdir(dir))
		cnt++;
	closedir(dir);
	return cnt;
}

START_TEST(calls_leave_no_fds_behind)
{
	uint8_t info[256];
	uint32_t next;
	int before;

	ck_assert_int_eq(call_next_id(1, &next), 0);
	before = count_fds();
	for (int i = 0; i < 20; i++) {
		OWN_FD int map = call_map_create();
		OWN_FD int handle = call_load(2, NULL, 0);

		ck_assert_int_eq(call_load(1, NULL, 0), -1);
		ck_assert_int_eq(call_info(handle, info, sizeof(info)), 0);
		ck_assert_int_ge(map, 0);
	}
	ck_assert_int_eq(count_fds(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("libbpfgate");
	TCase *tcase = tcase_create("library");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_result_may_be_an_fd);
	tcase_add_test(tcase, a_refusal_brings_errno_log_and_reason);
	tcase_add_test(tcase, success_leaves_errno_and_no_old_reason);
	tcase_add_test(tcase, local_commands_never_reach_the_daemon);
	tcase_add_test(tcase, a_local_command_on_a_handle_does);
	tcase_add_test(tcase, a_duplicated_handle_is_one_too);
	tcase_add_test(tcase, another_kind_of_socket_is_no_handle);
	tcase_add_test(tcase, without_a_daemon_the_answer_is_eperm_and_why);
	tcase_add_test(tcase, a_malformed_attr_needs_no_daemon);
	tcase_add_test(tcase, one_connection_serves_many_calls);
	tcase_add_test(tcase, a_forked_child_connects_itself);
	tcase_add_test(tcase, threads_get_their_own_answers);
	tcase_add_test(tcase, a_restart_of_the_daemon_is_not_noticed);
	tcase_add_test(tcase, an_attach_whose_answer_got_lost_is_not_repeated);
	tcase_add_test(tcase, a_creation_whose_answer_got_lost_is_repeated_once);
	tcase_add_test(tcase, a_daemon_that_talks_nonsense_grants_nothing);
	tcase_add_test(tcase, a_file_that_took_our_fd_is_left_alone);
	tcase_add_test(tcase, questions_are_answered_in_json);
	tcase_add_test(tcase, calls_leave_no_fds_behind);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
