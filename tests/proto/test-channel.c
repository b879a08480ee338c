/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over a socket: what is well-formed arrives whole, with its fds; whatever is not leaves the
 * receiver with an error and without a single fd. Every test ends with the fds it began with.
 */
#include "proto/channel.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct channel_scratch scratch;
static int pair[2] = { -1, -1 };
static int fds_before;

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int cnt = 0;

	while (readdir(dir))
		cnt++;
	closedir(dir);
	return cnt;
}

static void set_up(void)
{
	fds_before = count_fds();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static void tear_down(void)
{
	close(pair[0]);
	close(pair[1]);
	ck_assert_int_eq(count_fds(), fds_before);
}

static struct wire_head request_head(void)
{
	return (struct wire_head){ .version = 1, .type = WIRE_REQUEST, .id = 42 };
}

static int send_body(const void *body, size_t bytes, const int *fds, unsigned int fd_cnt)
{
	struct wire_head head = request_head();

	return channel_send(pair[0], &head, body, bytes, fds, fd_cnt, MSG_DONTWAIT);
}

static int recv_msg(struct message *msg)
{
	return channel_recv(pair[1], &scratch, MSG_DONTWAIT, msg);
}

/* A message as a stranger would send it: any bytes, any fds. */
static void send_raw(const void *bytes, size_t n, const int *fds, size_t fd_cnt)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 253)];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes, n };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd_cnt) {
		struct cmsghdr *c = &control.align;

		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * fd_cnt);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fd_cnt);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_cnt);
	}
	ck_assert_int_eq(sendmsg(pair[0], &mh, MSG_NOSIGNAL), (ssize_t)n);
}

static struct wire_head good_head(uint32_t body_bytes, uint16_t fd_cnt, uint16_t flags)
{
	return (struct wire_head){ WIRE_MAGIC, 1, WIRE_REQUEST, 42, body_bytes, fd_cnt, flags };
}

START_TEST(a_frame_arrives_whole)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	int fds[2] = { 0, pair[0] };

	ck_assert_int_eq(send_body("hello", 5, fds, 2), 0);
	ck_assert_int_eq(recv_msg(&msg), 1);
	ck_assert_uint_eq(msg.head.id, 42);
	ck_assert_uint_eq(msg.head.body_bytes, 5);
	ck_assert_mem_eq(msg.body, "hello", 5);
	ck_assert_uint_eq(msg.fd_cnt, 2);
	ck_assert_int_eq(msg.body_fd, -1);
	ck_assert(fcntl(msg.fds[0], F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq(channel_load_body(&msg), 0);
}
END_TEST

START_TEST(the_largest_inline_body_goes_inline)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	OWN_MEM uint8_t *body = calloc(1, WIRE_INLINE_MAX);

	ck_assert_int_eq(send_body(body, WIRE_INLINE_MAX, NULL, 0), 0);
	ck_assert_int_eq(recv_msg(&msg), 1);
	ck_assert_int_eq(msg.head.flags, 0);
	ck_assert_ptr_nonnull(msg.body);
}
END_TEST

START_TEST(a_larger_body_goes_sealed)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	OWN_MEM uint8_t *body = calloc(1, WIRE_INLINE_MAX + 1);
	int fds[1] = { 0 };

	body[WIRE_INLINE_MAX] = 7;
	ck_assert_int_eq(send_body(body, WIRE_INLINE_MAX + 1, fds, 1), 0);
	ck_assert_int_eq(recv_msg(&msg), 1);
	ck_assert_int_eq(msg.head.flags, WIRE_BODY_MEMFD);
	ck_assert_ptr_null(msg.body);
	ck_assert_uint_eq(msg.fd_cnt, 1);
	ck_assert_int_eq(channel_load_body(&msg), 0);
	ck_assert_uint_eq(msg.body[WIRE_INLINE_MAX], 7);
	ck_assert_int_eq(msg.body_fd, -1);
}
END_TEST

START_TEST(as_many_fds_as_promised_fit_beside_a_memfd)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	OWN_MEM uint8_t *body = calloc(1, WIRE_INLINE_MAX + 1);
	int fds[WIRE_FDS_MAX] = { 0 };

	ck_assert_int_eq(send_body(body, WIRE_INLINE_MAX + 1, fds, WIRE_FDS_MAX), 0);
	ck_assert_int_eq(recv_msg(&msg), 1);
	ck_assert_uint_eq(msg.fd_cnt, WIRE_FDS_MAX);
	ck_assert_int_eq(channel_load_body(&msg), 0);
	ck_assert_int_eq(send_body(body, 1, fds, WIRE_FDS_MAX + 1), -E2BIG);
}
END_TEST

START_TEST(a_small_socket_buffer_makes_bodies_go_sealed)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	OWN_MEM uint8_t *body = calloc(1, 64 * 1024);
	int small = 8 * 1024;

	ck_assert_int_eq(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	ck_assert_int_eq(send_body(body, 64 * 1024, NULL, 0), 0);
	ck_assert_int_eq(recv_msg(&msg), 1);
	ck_assert_int_eq(msg.head.flags, WIRE_BODY_MEMFD);
	ck_assert_int_eq(channel_load_body(&msg), 0);
}
END_TEST

START_TEST(the_end_of_the_stream_is_no_error)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;

	ck_assert_int_eq(recv_msg(&msg), -EAGAIN);
	shutdown(pair[0], SHUT_WR);
	ck_assert_int_eq(recv_msg(&msg), 0);
}
END_TEST

START_TEST(a_closed_peer_is_no_signal)
{
	close(pair[1]);
	ck_assert_int_eq(send_body("x", 1, NULL, 0), -EPIPE);
	pair[1] = dup(0);
}
END_TEST

START_TEST(a_closed_fd_is_ebadf)
{
	int fds[1] = { 900 };

	ck_assert_int_eq(send_body("x", 1, fds, 1), -EBADF);
}
END_TEST

/* Sends head and body bytes with fds; expects the receiver to refuse and to keep nothing. */
static void expect_refused(const struct wire_head *head, size_t body_bytes, size_t fd_cnt)
{
	uint8_t bytes[256] = { 0 };
	int fds[253] = { 0 };
	struct message msg;
	int before;

	memcpy(bytes, head, sizeof(*head));
	send_raw(bytes, sizeof(*head) + body_bytes, fds, fd_cnt);
	before = count_fds();
	ck_assert_int_eq(recv_msg(&msg), -EBADMSG);
	ck_assert_int_eq(count_fds(), before);
}

static void expect_taken(const struct wire_head *head, size_t body_bytes, size_t fd_cnt)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	uint8_t bytes[256] = { 0 };
	int fds[253] = { 0 };

	memcpy(bytes, head, sizeof(*head));
	send_raw(bytes, sizeof(*head) + body_bytes, fds, fd_cnt);
	ck_assert_int_eq(recv_msg(&msg), 1);
}

START_TEST(a_head_must_be_one)
{
	struct wire_head head = good_head(8, 0, 0);

	expect_taken(&head, 8, 0);
	head.magic ^= 1;
	expect_refused(&head, 8, 0);
	head = good_head(8, 0, 0);
	head.type = 0;
	expect_refused(&head, 8, 0);
	head.type = WIRE_CONTROL_REPLY + 1;
	expect_refused(&head, 8, 0);
	head = good_head(8, 0, 2);
	expect_refused(&head, 8, 0);
	head = good_head(8, WIRE_FDS_MAX + 1, 0);
	expect_refused(&head, 8, 0);
}
END_TEST

START_TEST(a_length_must_be_true)
{
	struct wire_head head = good_head(8, 0, 0);

	expect_refused(&head, 7, 0);
	expect_refused(&head, 9, 0);
	head.body_bytes = UINT32_MAX;
	expect_refused(&head, 8, 0);
	head = good_head(0, 0, 0);
	expect_taken(&head, 0, 0);
	expect_refused(&head, 1, 0);
}
END_TEST

START_TEST(a_message_cut_inside_the_head_is_refused)
{
	struct wire_head head = good_head(0, 0, 0);
	struct message msg;

	for (size_t n = 1; n < sizeof(head); n++) {
		send_raw(&head, n, NULL, 0);
		ck_assert_int_eq(recv_msg(&msg), -EBADMSG);
	}
	expect_taken(&head, 0, 0);
}
END_TEST

START_TEST(fds_must_be_as_many_as_announced)
{
	struct wire_head head = good_head(8, 2, 0);

	expect_taken(&head, 8, 2);
	expect_refused(&head, 8, 0);
	expect_refused(&head, 8, 1);
	expect_refused(&head, 8, 3);
	expect_refused(&head, 8, 253);
}
END_TEST

START_TEST(an_oversized_message_is_refused)
{
	OWN_MEM uint8_t *bytes = calloc(1, sizeof(scratch.bytes) + 100);
	struct wire_head head = good_head(WIRE_INLINE_MAX + 1, 0, 0);
	struct message msg;
	int fd = 0, before;

	memcpy(bytes, &head, sizeof(head));
	send_raw(bytes, sizeof(head) + WIRE_INLINE_MAX + 1, &fd, 1);
	before = count_fds();
	ck_assert_int_eq(recv_msg(&msg), -EBADMSG);
	send_raw(bytes, sizeof(scratch.bytes) + 100, &fd, 1);
	ck_assert_int_eq(recv_msg(&msg), -EBADMSG);
	ck_assert_int_eq(count_fds(), before);
}
END_TEST

/* With no room for all of them the kernel drops some and says MSG_CTRUNC. */
START_TEST(fds_that_do_not_fit_into_the_process_are_refused)
{
	struct wire_head head = good_head(8, 100, 0);
	uint8_t bytes[32] = { 0 };
	int fds[100] = { 0 };
	struct rlimit few, old;
	struct message msg;
	int before = count_fds();

	memcpy(bytes, &head, sizeof(head));
	send_raw(bytes, sizeof(bytes), fds, 100);
	getrlimit(RLIMIT_NOFILE, &old);
	few = (struct rlimit){ (rlim_t)before + 20, old.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	ck_assert_int_eq(recv_msg(&msg), -EBADMSG);
	setrlimit(RLIMIT_NOFILE, &old);
	ck_assert_int_eq(count_fds(), before);
	expect_taken(&head, 8, 100);
}
END_TEST

/* ---- the memfd of a body ---- */

static int memfd(size_t bytes, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* Sends a frame whose body lies in this fd (consumed); returns what loading the body says. */
static int load_from(int take_fd, uint32_t body_bytes)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct wire_head head = good_head(body_bytes, 0, WIRE_BODY_MEMFD);

	send_raw(&head, sizeof(head), &take_fd, 1);
	close(take_fd);
	ck_assert_int_eq(recv_msg(&msg), 1);
	ck_assert_int_ge(msg.body_fd, 0);
	return channel_load_body(&msg);
}

START_TEST(a_body_must_be_sealed_in_every_way)
{
	const int all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

	ck_assert_int_eq(load_from(memfd(4096, all), 4096), 0);
	ck_assert_int_eq(load_from(memfd(4096, all | F_SEAL_SEAL), 4096), 0);
	ck_assert_int_eq(load_from(memfd(4096, 0), 4096), -EBADMSG);
	ck_assert_int_eq(load_from(memfd(4096, all & ~F_SEAL_WRITE), 4096), -EBADMSG);
	ck_assert_int_eq(load_from(memfd(4096, all & ~F_SEAL_GROW), 4096), -EBADMSG);
	ck_assert_int_eq(load_from(memfd(4096, all & ~F_SEAL_SHRINK), 4096), -EBADMSG);
}
END_TEST

START_TEST(a_body_that_may_not_be_read_is_refused_at_once)
{
	OWN_FD int sealed = memfd(4096, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", sealed);
	errno = EINTR; /* of some call before */
	ck_assert_int_lt(load_from(open(path, O_WRONLY | O_CLOEXEC), 4096), 0);
	ck_assert_int_eq(load_from(open(path, O_RDONLY | O_CLOEXEC), 4096), 0);
}
END_TEST

START_TEST(a_message_that_was_let_go_holds_nothing)
{
	struct message msg = MESSAGE_INIT;
	int fd = dup(STDIN_FILENO);

	ck_assert_int_eq(send_body("12345678", 8, &fd, 1), 0);
	ck_assert_int_eq(recv_msg(&msg), 1);
	ck_assert_uint_eq(msg.fd_cnt, 1);
	message_done(&msg);
	ck_assert(msg.fd_cnt == 0 && msg.body_fd == -1 && !msg.body);
	(void)close(fd);
}
END_TEST

START_TEST(a_body_must_have_its_size)
{
	const int all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

	ck_assert_int_eq(load_from(memfd(4096, all), 4095), -EBADMSG);
	ck_assert_int_eq(load_from(memfd(4096, all), 4097), -EBADMSG);
	ck_assert_int_eq(load_from(memfd(0, all), 4096), -EBADMSG);
	ck_assert_int_eq(load_from(memfd(4096, all), 4096), 0);
}
END_TEST

START_TEST(a_body_in_anything_but_a_memfd_is_refused)
{
	int ends[2];

	ck_assert_int_eq(load_from(open("/proc/self/exe", O_RDONLY), 4096), -EBADMSG);
	ck_assert_int_eq(load_from(open("/dev/zero", O_RDONLY), 4096), -EBADMSG);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[1]);
	ck_assert_int_eq(load_from(ends[0], 4096), -EBADMSG);
}
END_TEST

/* What the sealing is for: a sender that keeps the memfd cannot cut it while it is read. */
START_TEST(a_sealed_body_cannot_be_cut_while_it_is_read)
{
	OWN_FD int sealed = -1;
	OWN_FD int open_ended = memfd(4096, 0);

	ck_assert_int_eq(channel_seal_bytes("0123456789", 10, &sealed), 0);
	ck_assert_int_eq(channel_check_sealed(sealed, 10), 0);
	ck_assert_int_eq(ftruncate(sealed, 0), -1);
	ck_assert_int_eq(pwrite(sealed, "x", 1, 0), -1);
	ck_assert_int_eq(ftruncate(open_ended, 0), 0);
}
END_TEST

START_TEST(a_memfd_must_come_with_its_flag)
{
	struct wire_head head = good_head(8, 0, WIRE_BODY_MEMFD);

	expect_refused(&head, 0, 0); /* the flag without an fd */
	expect_refused(&head, 8, 1); /* and inline bytes */
	head = good_head(8, 0, 0);
	expect_refused(&head, 8, 1); /* an fd without the flag */
}
END_TEST

/* ---- handshake ---- */

static int welcome_for(uint16_t low, uint16_t high, size_t bytes, struct wire_welcome *ret)
{
	struct wire_hello hello = { low, high, 0 };
	struct message msg = { .head = { .type = WIRE_HELLO, .body_bytes = (uint32_t)bytes },
			       .body = (uint8_t *)&hello,
			       .body_fd = -1 };

	return channel_welcome(&msg, ret);
}

START_TEST(the_highest_common_version_is_chosen)
{
	struct wire_welcome welcome;

	ck_assert_int_eq(welcome_for(1, 1, sizeof(struct wire_hello), &welcome), 0);
	ck_assert_uint_eq(welcome.version, 1);
	ck_assert_int_eq(welcome_for(1, 9, sizeof(struct wire_hello), &welcome), 0);
	ck_assert_uint_eq(welcome.version, WIRE_VERSION_MAX);
	ck_assert_int_eq(welcome_for(0, 1, sizeof(struct wire_hello), &welcome), 0);
	ck_assert_uint_eq(welcome.version, 1);
}
END_TEST

START_TEST(a_welcome_arrives_as_it_was_sent)
{
	const struct wire_welcome welcome = { 0x0102, 0x0304, 0x05060708, 0x090a0b0c, 0x0d0e0f10 };
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct wire_welcome got;

	ck_assert_int_eq(channel_send_welcome(pair[0], 0x1122334455667788u, &welcome), 0);
	ck_assert_int_eq(channel_recv(pair[1], &scratch, MSG_DONTWAIT, &msg), 1);
	ck_assert_uint_eq(msg.head.type, WIRE_WELCOME);
	ck_assert_uint_eq(msg.head.id, 0x1122334455667788u);
	ck_assert_uint_eq(msg.head.version, welcome.version);
	ck_assert_uint_eq(msg.head.body_bytes, sizeof(got));
	memcpy(&got, msg.body, sizeof(got));
	ck_assert_uint_eq(le16toh(got.version), welcome.version);
	ck_assert_uint_eq(le16toh(got.version_max), welcome.version_max);
	ck_assert_uint_eq(le32toh(got.inline_max), welcome.inline_max);
	ck_assert_uint_eq(le32toh(got.body_max), welcome.body_max);
	ck_assert_uint_eq(le32toh(got.fds_max), welcome.fds_max);
}
END_TEST

START_TEST(no_common_version_is_said)
{
	struct wire_welcome welcome;

	ck_assert_int_eq(welcome_for(WIRE_VERSION_MAX + 1, 9, sizeof(struct wire_hello), &welcome),
			 -EPROTONOSUPPORT);
	ck_assert_uint_eq(welcome.version, 0);
	ck_assert_uint_eq(welcome.version_max, WIRE_VERSION_MAX);
	ck_assert_int_eq(welcome_for(2, 1, sizeof(struct wire_hello), &welcome), -EBADMSG);
	ck_assert_int_eq(welcome_for(1, 1, 7, &welcome), -EBADMSG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("channel");
	TCase *tcase = tcase_create("channel");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_frame_arrives_whole);
	tcase_add_test(tcase, the_largest_inline_body_goes_inline);
	tcase_add_test(tcase, a_larger_body_goes_sealed);
	tcase_add_test(tcase, as_many_fds_as_promised_fit_beside_a_memfd);
	tcase_add_test(tcase, a_small_socket_buffer_makes_bodies_go_sealed);
	tcase_add_test(tcase, the_end_of_the_stream_is_no_error);
	tcase_add_test(tcase, a_closed_peer_is_no_signal);
	tcase_add_test(tcase, a_closed_fd_is_ebadf);
	tcase_add_test(tcase, a_head_must_be_one);
	tcase_add_test(tcase, a_length_must_be_true);
	tcase_add_test(tcase, a_message_cut_inside_the_head_is_refused);
	tcase_add_test(tcase, fds_must_be_as_many_as_announced);
	tcase_add_test(tcase, an_oversized_message_is_refused);
	tcase_add_test(tcase, fds_that_do_not_fit_into_the_process_are_refused);
	tcase_add_test(tcase, a_body_must_be_sealed_in_every_way);
	tcase_add_test(tcase, a_body_that_may_not_be_read_is_refused_at_once);
	tcase_add_test(tcase, a_message_that_was_let_go_holds_nothing);
	tcase_add_test(tcase, a_body_must_have_its_size);
	tcase_add_test(tcase, a_body_in_anything_but_a_memfd_is_refused);
	tcase_add_test(tcase, a_sealed_body_cannot_be_cut_while_it_is_read);
	tcase_add_test(tcase, a_memfd_must_come_with_its_flag);
	tcase_add_test(tcase, the_highest_common_version_is_chosen);
	tcase_add_test(tcase, a_welcome_arrives_as_it_was_sent);
	tcase_add_test(tcase, no_common_version_is_said);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
