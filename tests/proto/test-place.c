/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What travels beside a path: the directory that is there, what watches it, the file of a probe and
 * its process. Which numbers they have, that they are asked for as the call says, and that each is
 * closed with the call, whoever failed.
 */
#include "proto/codec.h"
#include "proto/pinname.h"
#include "tests/proto/source.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/own.h"

/* What the callbacks say, and what they were asked. */
static struct answers {
	int result, below;
	const char *text;
	bool has_dir, has_watch;
	int file_result, process_result;
} answers;

static struct asked {
	unsigned int place_cnt, file_cnt, process_cnt;
	int dir_number, pid;
	bool watch;
	char path[64];
} asked;

static int new_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static int open_cnt(void)
{
	int cnt = 0;

	for (int fd = 0; fd < 256; fd++)
		cnt += fcntl(fd, F_GETFD) >= 0;
	return cnt;
}

static int give_place(void *ctx, int dir_number, const char *path, bool watch, struct codec_place *ret_place)
{
	(void)ctx;
	asked.place_cnt++;
	asked.dir_number = dir_number;
	asked.watch = watch;
	snprintf(asked.path, sizeof(asked.path), "%s", path);
	if (answers.result < 0)
		return answers.result;
	ret_place->dir = answers.has_dir ? new_fd() : -1;
	ret_place->watch = answers.has_watch ? new_fd() : -1;
	ret_place->below = (uint32_t)answers.below;
	ret_place->text = answers.text ? strdup(answers.text) : NULL;
	return 0;
}

static int give_file(void *ctx, const char *path, int *ret_fd)
{
	(void)ctx;
	asked.file_cnt++;
	snprintf(asked.path, sizeof(asked.path), "%s", path);
	if (answers.file_result < 0)
		return answers.file_result;
	*ret_fd = new_fd();
	return 0;
}

static int give_process(void *ctx, int pid, int *ret_fd)
{
	(void)ctx;
	asked.process_cnt++;
	asked.pid = pid;
	if (answers.process_result < 0)
		return answers.process_result;
	*ret_fd = new_fd();
	return 0;
}

static struct codec_source full_source(struct source_counts *counts)
{
	struct codec_source source = source_init(counts);

	source.place = give_place;
	source.open_file = give_file;
	source.open_process = give_process;
	asked = (struct asked){ 0 };
	return source;
}

static bool has_number(const struct codec_call *call, int32_t number)
{
	for (unsigned int i = 0; i < call->fd_cnt; i++)
		if (call->fd_numbers[i] == number)
			return fcntl(call->fds[i], F_GETFD) >= 0;
	return false;
}

/* ---- pins ---- */

static void fill_pin(uint8_t attr[ATTR_BYTES], const char *path, uint32_t flags)
{
	memset(attr, 0, ATTR_BYTES);
	attr_put_u64(attr, ATTR_OBJ_PATHNAME, (uintptr_t)path);
	attr_put_u32(attr, ATTR_OBJ_BPF_FD, 3);
	attr_put_u32(attr, ATTR_OBJ_FILE_FLAGS, flags);
	attr_put_u32(attr, ATTR_OBJ_PATH_FD, 7);
}

static void see_pin(uint32_t cmd, bool by_fd, const char *text)
{
	static const char path[] = "/sys/fs/bpf/a/b";
	uint8_t attr[ATTR_BYTES];
	struct source_counts counts;
	const struct codec_source source = full_source(&counts);
	int before = open_cnt(), r;
	struct codec_call call;
	struct request req;

	answers.text = text;
	fill_pin(attr, path, by_fd ? CMD_F_PATH_FD : 0);
	if (cmd != BPF_OBJ_PIN)
		attr_put_u32(attr, ATTR_OBJ_BPF_FD, 0);
	r = codec_encode_request(&source, cmd, (uintptr_t)attr, ATTR_OBJ_PATH_FD + 4, &call);
	ck_assert_int_eq(r, answers.result);
	ck_assert_uint_eq(asked.place_cnt, 1);
	ck_assert_int_eq(asked.dir_number, by_fd ? 7 : -1);
	ck_assert_str_eq(asked.path, path);
	ck_assert(asked.watch == (cmd == BPF_OBJ_PIN));
	if (r == 0) {
		ck_assert_int_eq(codec_decode_request(call.body, call.body_bytes, call.fd_cnt, &req), 0);
		ck_assert_str_eq((const char *)request_ptr_at(&req, ATTR_OBJ_PATHNAME)->data, text ? text : path);
		ck_assert_uint_eq(request_ptr_at(&req, ATTR_OBJ_PATHNAME)->bytes, strlen(text ? text : path) + 1);
		ck_assert(has_number(&call, WIRE_FD_PLACE - answers.below) == answers.has_dir);
		ck_assert(has_number(&call, WIRE_FD_WATCH) == answers.has_watch);
	}
	codec_call_done(&call);
	ck_assert_int_eq(open_cnt(), before);
	ck_assert_int_eq(counts.taken, counts.dropped);
}

START_TEST(a_pin_s_place_travels_with_its_path)
{
	static const char *const texts[] = { NULL, "/x", "/a/much/longer/path/than/the/one/that/was/given" };

	for (unsigned int n = 0; n < 2 * 2 * 2 * 2 * ARRAY_CNT(texts); n++) {
		answers = (struct answers){ .has_dir = n & 4, .has_watch = n & 8, .below = (int)(n % 3) };
		see_pin(n & 1 ? BPF_OBJ_PIN : BPF_OBJ_GET, n & 2, texts[n / 16]);
	}
	answers = (struct answers){ .result = -ENOENT };
	see_pin(BPF_OBJ_PIN, false, NULL);
	see_pin(BPF_OBJ_GET, true, NULL);
}
END_TEST

/* Who has no place for it sends the path alone. */
START_TEST(a_path_without_a_place_travels_as_it_is)
{
	uint8_t attr[ATTR_BYTES];
	struct source_counts counts;
	struct codec_source source = full_source(&counts);
	struct codec_call call;

	source.place = NULL;
	fill_pin(attr, "/sys/fs/bpf/a", 0);
	ck_assert_int_eq(codec_encode_request(&source, BPF_OBJ_PIN, (uintptr_t)attr, ATTR_OBJ_PATH_FD + 4, &call), 0);
	ck_assert_uint_eq(call.fd_cnt, 1);
	ck_assert_int_eq(call.fd_numbers[0], 3);
	codec_call_done(&call);
	ck_assert_int_eq(counts.taken, counts.dropped);
}
END_TEST

/* What is made in a directory ends with it: so that is watched; what is only looked at is not. */
START_TEST(a_name_of_ours_is_watched_when_it_is_made)
{
	for (uint32_t op = PIN_NAME_LOOK; op < PIN_NAME_RENAME; op++) {
		const struct cmd_row *row = cmd_row_of(CMD_PIN_NAME);
		uint8_t attr[ATTR_BYTES] = { 0 };
		struct source_counts counts;
		const struct codec_source source = full_source(&counts);
		struct codec_call call;

		answers = (struct answers){ .has_dir = true, .has_watch = true, .below = 1 };
		attr_put_u32(attr, 0, op);
		for (int i = 0; i < row->ptr_cnt; i++)
			if (row->ptrs[i].content == CMD_PATH)
				attr_put_u64(attr, row->ptrs[i].off, (uintptr_t)"/sys/fs/bpf/n");
		ck_assert_int_eq(codec_encode_request(&source, CMD_PIN_NAME, (uintptr_t)attr, row->attr_end, &call), 0);
		ck_assert_uint_ge(asked.place_cnt, 1);
		ck_assert_int_eq(asked.dir_number, -1);
		ck_assert_msg(asked.watch == (op == PIN_NAME_MKDIR), "op %u", op);
		codec_call_done(&call);
	}
}
END_TEST

/* ---- probes in files ---- */

enum { UPROBE_MULTI = 48 };

static int encode_probe(const struct codec_source *source, uint32_t pid, struct codec_call *call)
{
	static const uint64_t offset = 16;
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_LINK_CREATE_PROG_FD, 3);
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, UPROBE_MULTI);
	attr_put_u64(attr, ATTR_LINK_CREATE_UPROBE_MULTI_PATH, (uintptr_t)"/bin/true");
	attr_put_u64(attr, ATTR_LINK_CREATE_UPROBE_MULTI_OFFSETS, (uintptr_t)&offset);
	attr_put_u32(attr, ATTR_LINK_CREATE_UPROBE_MULTI_CNT, 1);
	attr_put_u32(attr, ATTR_LINK_CREATE_UPROBE_MULTI_PID, pid);
	return codec_encode_request(source, BPF_LINK_CREATE, (uintptr_t)attr, ATTR_LINK_CREATE_UPROBE_MULTI_PID + 4, call);
}

static void see_probe(uint32_t pid, bool has_file, bool has_process)
{
	struct source_counts counts;
	struct codec_source source = full_source(&counts);
	int want = !has_file ? 0 : answers.file_result < 0 ? answers.file_result : pid && has_process ? answers.process_result : 0;
	int before = open_cnt();
	struct codec_call call;

	if (!has_file)
		source.open_file = NULL;
	if (!has_process)
		source.open_process = NULL;
	ck_assert_int_eq(encode_probe(&source, pid, &call), want);
	ck_assert_uint_eq(asked.file_cnt, has_file);
	ck_assert_uint_eq(asked.process_cnt, has_file && has_process && pid && answers.file_result == 0);
	if (has_file)
		ck_assert_str_eq(asked.path, "/bin/true");
	if (asked.process_cnt)
		ck_assert_int_eq(asked.pid, (int)pid);
	if (want == 0) {
		ck_assert(has_number(&call, WIRE_FD_FILE) == has_file);
		ck_assert(has_number(&call, WIRE_FD_PROCESS) == (asked.process_cnt != 0));
	}
	codec_call_done(&call);
	ck_assert_int_eq(open_cnt(), before);
	ck_assert_int_eq(counts.taken, counts.dropped);
}

START_TEST(a_probe_s_file_and_process_travel_with_it)
{
	static const int results[] = { 0, -ENOENT, -EOPNOTSUPP };

	for (unsigned int n = 0; n < 8 * 9; n++) {
		answers = (struct answers){ .file_result = results[n / 8 % 3], .process_result = results[n / 24] };
		see_probe(n & 1 ? 4242 : 0, n & 2, n & 4);
	}
}
END_TEST

/* ---- numbers ---- */

static int take_any(void *ctx, int number, int *ret_fd)
{
	struct source_counts *counts = ctx;

	counts->taken++;
	*ret_fd = SOURCE_FD(number % 1000);
	return 0;
}

/* No client's number is ever one of ours, and all others are its own. */
START_TEST(numbers_of_ours_are_nobody_else_s)
{
	static const int32_t numbers[] = { -1, 0, 1, 1 << 20, WIRE_FD_OURS - 1, WIRE_FD_OURS, WIRE_FD_OURS + 1,
					   WIRE_FD_FILE, WIRE_FD_PROCESS, WIRE_FD_PLACE - 1, WIRE_FD_PLACE };

	for (size_t i = 0; i < ARRAY_CNT(numbers); i++) {
		uint8_t attr[ATTR_BYTES];
		struct source_counts counts;
		struct codec_source source = full_source(&counts);
		struct codec_call call;

		answers = (struct answers){ 0 };
		source.take_fd = take_any;
		fill_pin(attr, "/sys/fs/bpf/a", 0);
		attr_put_u32(attr, ATTR_OBJ_BPF_FD, (uint32_t)numbers[i]);
		ck_assert_int_eq(codec_encode_request(&source, BPF_OBJ_PIN, (uintptr_t)attr, ATTR_OBJ_PATH_FD + 4, &call), 0);
		ck_assert_msg(call.fd_cnt == (numbers[i] >= 0 && numbers[i] < WIRE_FD_OURS), "%d", numbers[i]);
		codec_call_done(&call);
		ck_assert_int_eq(counts.taken, counts.dropped);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("place");
	TCase *tc = tcase_create("place");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, a_pin_s_place_travels_with_its_path);
	tcase_add_test(tc, a_path_without_a_place_travels_as_it_is);
	tcase_add_test(tc, a_name_of_ours_is_watched_when_it_is_made);
	tcase_add_test(tc, a_probe_s_file_and_process_travel_with_it);
	tcase_add_test(tc, numbers_of_ours_are_nobody_else_s);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
