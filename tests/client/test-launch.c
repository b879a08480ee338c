/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An unmodified application under the preload library and, statically linked, under `bpfgate run`: it
 * sees bpf(2) and nothing else changes for it. Paths of what is tested come from the build.
 */
#include "tests/client/fake.h"

#include "proto/own.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PROBE	     TEST_BUILDDIR "/tests/client/probe"
#define PROBE_STATIC TEST_BUILDDIR "/tests/client/probe-static"
#define PRELOAD	     TEST_BUILDDIR "/.libs/libbpfgate-preload.so"
#define BPFGATE	     TEST_BUILDDIR "/client/bpfgate"

static struct fake fake;

static void set_up(void)
{
	fake_start(&fake);
}

static void tear_down(void)
{
	fake_remove(&fake);
}

/* The exit code of a command, whose output goes to fd; 128 + n for signal n. */
static int run_to(int fd, const char *preload, const char *const *argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(fd, 1);
		dup2(fd, 2);
		if (preload)
			setenv("LD_PRELOAD", preload, 1);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The same, its output thrown away. */
static int run(const char *preload, const char *const *argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), r = run_to(null, preload, argv);

	close(null);
	return r;
}

static int under_preload(const char *probe)
{
	const char *argv[] = { PROBE, probe, NULL };

	return run(PRELOAD, argv);
}

static int under_run(const char *probe)
{
	const char *argv[] = { BPFGATE, "run", "--", PROBE_STATIC, probe, NULL };

	return run(NULL, argv);
}

static int on_its_own(const char *probe)
{
	const char *argv[] = { PROBE, probe, NULL };

	return run(NULL, argv);
}

START_TEST(the_probe_alone_does_not_reach_the_daemon)
{
	on_its_own("create");
	ck_assert_int_eq(fake.counts->requests, 0);
}
END_TEST

START_TEST(preloading_brings_calls_to_the_daemon)
{
	ck_assert_int_eq(under_preload("create"), 0);
	ck_assert_int_eq(fake.counts->requests, 1);
	ck_assert_int_eq(under_preload("refused"), 0);
	ck_assert_int_eq(under_preload("handle"), 0);
	ck_assert_int_eq(under_preload("bad-pointer"), 0);
	ck_assert_int_eq(under_preload("threads"), 0);
}
END_TEST

START_TEST(preloading_makes_handles_look_like_programs)
{
	ck_assert_int_eq(under_preload("links"), 0);
	ck_assert_int_eq(on_its_own("links"), 1);
}
END_TEST

START_TEST(preloading_changes_nothing_else)
{
	ck_assert_int_eq(under_preload("other"), 0);
	ck_assert_int_eq(under_preload("local"), 0);
	ck_assert_int_eq(under_preload("exit-3"), 3);
	ck_assert_int_eq(fake.counts->connections, 0);
}
END_TEST

/* A refusal may quote the program, whose author is not the one who reads it. */
START_TEST(a_reason_brings_no_control_bytes_to_the_terminal)
{
	const char *argv[] = { BPFGATE, "run", "-v", "--", PROBE_STATIC, "refused", NULL };
	int out = memfd_create("stderr", MFD_CLOEXEC);
	char text[1024] = "";

	ck_assert_int_eq(run_to(out, NULL, argv), 0);
	ck_assert(pread(out, text, sizeof(text) - 1, 0) > 0);
	ck_assert_ptr_nonnull(strstr(text, "because\\x1b[2J"));
	ck_assert_ptr_null(strchr(text, '\033'));
	close(out);
}
END_TEST

START_TEST(running_brings_calls_to_the_daemon)
{
	ck_assert_int_eq(under_run("create"), 0);
	ck_assert_int_eq(fake.counts->requests, 1);
	ck_assert_int_eq(under_run("refused"), 0);
	ck_assert_int_eq(under_run("handle"), 0);
	ck_assert_int_eq(under_run("bad-pointer"), 0);
	ck_assert_int_eq(under_run("threads"), 0);
	ck_assert_int_eq(under_run("other"), 0);
}
END_TEST

START_TEST(running_makes_handles_look_like_programs)
{
	ck_assert_int_eq(under_run("links"), 0);
}
END_TEST

START_TEST(running_leaves_local_calls_local)
{
	ck_assert_int_eq(under_run("local"), 0);
	ck_assert_int_eq(fake.counts->requests, 0);
}
END_TEST

/* Commands of later kernels, and known ones with flags that say more: nobody here can tell what they ask for. */
START_TEST(an_unknown_command_never_reaches_the_kernel)
{
	ck_assert_int_eq(on_its_own("unknown"), 1);
	ck_assert_int_eq(under_run("unknown"), 0);
	ck_assert_int_eq(fake.counts->requests, 0);
}
END_TEST

START_TEST(what_outlives_the_command_is_served)
{
	ck_assert_int_eq(under_run("orphan"), 0);
	ck_assert_int_eq(fake.counts->requests, 1);
}
END_TEST

START_TEST(run_exits_as_the_command_does)
{
	const char *missing[] = { BPFGATE, "run", "--", "/nonexistent", NULL };
	const char *no_program[] = { BPFGATE, "run", "--", "/etc/passwd", NULL };
	const char *nothing[] = { BPFGATE, "run", NULL };
	const char *nested[] = { BPFGATE, "run", "--", BPFGATE, "run", "--", PROBE, "exit-3", NULL };

	ck_assert_int_eq(run(NULL, nothing), 125);
	ck_assert_int_eq(run(NULL, missing), 127);
	ck_assert_int_eq(run(NULL, no_program), 126);
	ck_assert_int_eq(run(NULL, nested), 125);
	ck_assert_int_eq(under_run("killed"), 128 + SIGTERM);
}
END_TEST

/* `bpfgate run` needs Linux 5.19 and no outer filter that takes seccomp(2) away. */
static bool has_notification(void)
{
	struct seccomp_notif_sizes sizes;

	return syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0;
}

static void add_run_tests(TCase *tcase)
{
	tcase_add_test(tcase, running_brings_calls_to_the_daemon);
	tcase_add_test(tcase, a_reason_brings_no_control_bytes_to_the_terminal);
	tcase_add_test(tcase, running_makes_handles_look_like_programs);
	tcase_add_test(tcase, running_leaves_local_calls_local);
	tcase_add_test(tcase, an_unknown_command_never_reaches_the_kernel);
	tcase_add_test(tcase, what_outlives_the_command_is_served);
	tcase_add_test(tcase, run_exits_as_the_command_does);
}

int main(void)
{
	Suite *suite = suite_create("launch");
	TCase *tcase = tcase_create("launch");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_probe_alone_does_not_reach_the_daemon);
	tcase_add_test(tcase, preloading_brings_calls_to_the_daemon);
	tcase_add_test(tcase, preloading_makes_handles_look_like_programs);
	tcase_add_test(tcase, preloading_changes_nothing_else);
	if (has_notification())
		add_run_tests(tcase);
	else
		printf("skipped: bpfgate run, for lack of seccomp notification\n");
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
