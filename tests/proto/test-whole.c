/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file or nothing: bounded, of one size, and only what is a file. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/whole.h"

#define TEXT "the whole text"

static int file_with(const char *text)
{
	int fd = memfd_create("whole", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static int read_most(int fd, size_t most, const char *want)
{
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt = 99;
	int r = whole_read(fd, most, &bytes, &cnt);

	ck_assert_msg((r == 0) == (bytes != NULL), "written on success only");
	if (r == 0)
		ck_assert_msg(cnt == strlen(want) && !strcmp((char *)bytes, want), "%zu: %s", cnt, (char *)bytes);
	return r;
}

START_TEST(all_of_it_is_read_wherever_its_offset_is)
{
	OWN_FD int fd = file_with(TEXT), empty = file_with("");

	ck_assert_int_eq(read_most(fd, 4096, TEXT), 0);
	ck_assert_int_eq(lseek(fd, 4, SEEK_SET), 4);
	ck_assert_int_eq(read_most(fd, 4096, TEXT), 0);
	ck_assert_int_eq(read_most(empty, 4096, ""), 0);
}
END_TEST

START_TEST(no_more_than_the_caller_has_room_for)
{
	OWN_FD int fd = file_with(TEXT);

	ck_assert_int_eq(read_most(fd, strlen(TEXT) - 1, TEXT), -EFBIG);
	ck_assert_int_eq(read_most(fd, strlen(TEXT), TEXT), 0);
}
END_TEST

/* Files of proc have no size and say something: as one that grew since its size was asked. */
START_TEST(a_file_of_another_size_than_it_said_is_refused)
{
	OWN_FD int grown = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(read_most(grown, 1 << 20, ""), -EAGAIN);
}
END_TEST

START_TEST(what_is_not_a_file_is_not_read)
{
	OWN_FD int dir = open("/", O_RDONLY | O_CLOEXEC), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	OWN_FD int name = open("/proc/self/status", O_PATH | O_CLOEXEC);

	ck_assert_int_eq(read_most(dir, 4096, ""), -EINVAL);
	ck_assert_int_eq(read_most(null, 4096, ""), -EINVAL);
	ck_assert_int_eq(read_most(name, 4096, ""), -EBADF);
	ck_assert_int_eq(read_most(-1, 4096, ""), -EBADF);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proto/whole");
	TCase *tc = tcase_create("whole");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, all_of_it_is_read_wherever_its_offset_is);
	tcase_add_test(tc, no_more_than_the_caller_has_room_for);
	tcase_add_test(tc, a_file_of_another_size_than_it_said_is_refused);
	tcase_add_test(tc, what_is_not_a_file_is_not_read);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
