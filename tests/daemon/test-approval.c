/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals with one field changed: which the loader takes, where its pointers then point and which
 * descriptors are open; and what goes back of an outcome. No call is made. Runs in processes whose
 * descriptors lie as a loader's.
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
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/loader/approval.h"
#include "daemon/loader/door.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "tests/lib/golden.h"

#define SEND_DOOR 600
#define SEND_KEEP 601

/* Nothing but 0-2, the two channels, and their other ends. */
static bool be_a_loader(void)
{
	int door[2], keep[2];

	if (close_range(3, ~0u, 0) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, door) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, keep) < 0)
		return false;
	if (dup2(door[1], SEND_DOOR) < 0 || dup2(keep[1], SEND_KEEP) < 0 ||
	    dup2(keep[0], KEEP_FD) < 0)
		return false;
	return close_range(5, SEND_DOOR - 1, 0) == 0 && door[0] == DOOR_FD;
}

static void in_a_loader(bool (*test)(void))
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0)
		_exit(be_a_loader() && test() ? 0 : 1);
	ck_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
	ck_assert_int_eq(status, 0);
}

struct sent {
	struct door_ask ask;
	uint8_t behind[64];
	size_t behind_bytes;
	int fds[8];
	uint32_t fd_cnt;
	struct door_lent lent;
	uint32_t lent_fds;
};

/* A BTF_LOAD with a payload, three pointers, two descriptors and a lent object. */
static void fill(struct sent *s)
{
	memset(s, 0, sizeof(*s));
	s->ask = (struct door_ask){ .approval_id = 77,
				    .op = DOOR_BPF,
				    .cmd = BPF_MAP_CREATE,
				    .result_fd = DOOR_FD_BROKER,
				    .caps = 1,
				    .attr_bytes = 64,
				    .ptr_cnt = 4,
				    .fd_cnt = 2,
				    .lent_cnt = 1,
				    .obj_kind = KEEP_MAP,
				    .payload_bytes = 40,
				    .ptr = { { 8, 0, 16, 0 },
					     { 16, 0, 9, PTR_OUT },
					     { 24, 16, 24, 0 },
					     { 0, 8, 8, PTR_IN_PAYLOAD } } };
	for (size_t i = 0; i < sizeof(s->behind); i++)
		s->behind[i] = (uint8_t)(i + 1);
	s->behind_bytes = 40;
	s->fds[0] = 0;
	s->fds[1] = 1;
	s->fd_cnt = 2;
	s->lent = (struct door_lent){ .approval_id = 77, .cnt = 1 };
	s->lent_fds = 1;
}

static unsigned int open_between(int from, int to)
{
	unsigned int cnt = 0;

	for (int fd = from; fd < to; fd++)
		cnt += fcntl(fd, F_GETFD) >= 0;
	return cnt;
}

/* Where a pointer points: into the payload, into the outputs, or nowhere. */
static long place_of(const struct approval *a, const uint8_t *at)
{
	uint64_t address;

	memcpy(&address, at, sizeof(address));
	if (address - (uint64_t)(uintptr_t)a->payload <= a->ask.payload_bytes)
		return (long)(address - (uint64_t)(uintptr_t)a->payload);
	if (address - (uint64_t)(uintptr_t)a->out <= a->out_bytes)
		return 1000 + (long)(address - (uint64_t)(uintptr_t)a->out);
	return -1;
}

static int receive(const struct sent *s, struct golden *golden, const char *what)
{
	static uint8_t buf[DOOR_MSG_MAX];
	struct iovec parts[2] = { { (void *)(uintptr_t)&s->ask, sizeof(s->ask) },
				  { (void *)(uintptr_t)s->behind, s->behind_bytes } };
	struct iovec lent = { (void *)(uintptr_t)&s->lent, sizeof(s->lent) };
	int fds[4] = { 0, 1, 2, 0 };
	struct approval a;
	int r;

	if (packet_send(SEND_KEEP, &lent, 1, fds, s->lent_fds, 0) < 0 ||
	    packet_send(SEND_DOOR, parts, 2, s->fds, s->fd_cnt, 0) < 0)
		return -1000;
	r = approval_receive(DOOR_FD, KEEP_FD, buf, &a);
	if (r == 1)
		golden_line(golden, "%s: %d, places %ld %ld %ld %ld, out %u at %u, fds %u and %u",
			    what, r, place_of(&a, a.ask.attr + 8), place_of(&a, a.ask.attr + 16),
			    place_of(&a, a.ask.attr + 24), place_of(&a, a.payload), a.out_bytes,
			    a.out_off[1], open_between(DOOR_FD_FIRST, 40),
			    open_between(DOOR_LENT_FIRST, SEND_DOOR));
	else
		golden_line(golden, "%s: %d of %ju", what, r, (uintmax_t)a.ask.approval_id);
	approval_done(&a);
	if (open_between(DOOR_FD_FIRST, SEND_DOOR))
		golden_line(golden, "%s leaves descriptors open", what);
	/* What was lent for a malformed one is let go with the next. */
	while (recv(KEEP_FD, buf, 1, MSG_DONTWAIT) >= 0)
		(void)close_range(5, SEND_DOOR - 1, 0);
	return r;
}

static bool each_word_one_off(void)
{
	static const uint32_t adds[] = { 1, UINT32_MAX, 2, 8, 16, 0x80000000 };
	struct golden *golden = golden_begin("tests/daemon/approval.golden");
	struct sent s;
	char what[40];

	fill(&s);
	if (receive(&s, golden, "as it is") != 1)
		return false;
	for (size_t at = 8; at < offsetof(struct door_ask, ptr) + 4 * sizeof(struct door_ptr);
	     at += 4)
		for (size_t i = 0; i < ARRAY_CNT(adds); i++) {
			fill(&s);
			*(uint32_t *)(void *)((char *)&s.ask + at) += adds[i];
			(void)snprintf(what, sizeof(what), "+%zu by %x", at, adds[i]);
			(void)receive(&s, golden, what);
		}
	return golden_end(golden);
}

static bool each_command_with_each_result(void)
{
	struct golden *golden = golden_begin("tests/daemon/approval-results.golden");
	struct sent s;
	char what[40];

	for (uint32_t op = 0; op < 6; op++)
		for (uint32_t cmd = 0; cmd < (op == DOOR_BPF ? 40 : 1); cmd++)
			for (uint32_t fd = 0; fd < 5; fd++) {
				fill(&s);
				s.ask.op = op;
				s.ask.cmd = cmd;
				s.ask.result_fd = fd;
				(void)snprintf(what, sizeof(what), "op %u, command %u, result %u",
					       op, cmd, fd);
				(void)receive(&s, golden, what);
			}
	return golden_end(golden);
}

static bool counts_at_their_limits(void)
{
	struct golden *golden = golden_begin("tests/daemon/approval-counts.golden");
	struct sent s;

#define TELL(...)                                                                                  \
	do {                                                                                       \
		fill(&s);                                                                          \
		__VA_ARGS__;                                                                       \
		(void)receive(&s, golden, #__VA_ARGS__);                                           \
	} while (0)
	TELL(s.fd_cnt = 1);
	TELL(s.fd_cnt = 3);
	TELL(s.fd_cnt = 0; s.ask.fd_cnt = 0);
	TELL(s.behind_bytes = 39);
	TELL(s.behind_bytes = 41);
	TELL(s.behind_bytes = 0; s.ask.payload_bytes = 0);
	TELL(s.lent.cnt = 0);
	TELL(s.lent.cnt = 2);
	TELL(s.lent_fds = 0);
	TELL(s.lent_fds = 2; s.lent.cnt = 2);
	TELL(s.lent_fds = 2; s.lent.cnt = 2; s.ask.lent_cnt = 2);
	TELL(s.ask.lent_cnt = 0);
	TELL(s.ask.lent_cnt = DOOR_LENT_MAX + 1);
	TELL(s.ask.ptr_cnt = DOOR_PTRS_MAX + 1);
	TELL(s.ask.ptr_cnt = 0);
	TELL(s.ask.fd_cnt = DOOR_FDS_MAX + 1);
	TELL(s.ask.attr_bytes = DOOR_ATTR_MAX);
	TELL(s.ask.attr_bytes = DOOR_ATTR_MAX + 1);
	TELL(s.ask.attr_bytes = 32);
	TELL(s.ask.attr_bytes = 31);
	TELL(s.ask.ptr[1].bytes = DOOR_PAYLOAD_MAX - 7);
	TELL(s.ask.ptr[1].bytes = DOOR_PAYLOAD_MAX);
	TELL(s.ask.ptr[1].bytes = DOOR_PAYLOAD_MAX + 1);
	TELL(s.ask.ptr[1].bytes = UINT32_MAX);
	TELL(s.ask.ptr[1].bytes = UINT32_MAX - 7);
	TELL(s.ask.ptr[0].flags = PTR_OUT);
	TELL(s.ask.ptr[0].flags = PTR_OUT; s.ask.ptr[0].bytes = 1);
	TELL(s.ask.ptr[0].flags = PTR_OUT; s.ask.ptr[0].bytes = 8);
	TELL(s.ask.ptr[3].at = 32);
	TELL(s.ask.ptr[3].at = 33);
	return golden_end(golden);
}

static int payload_fd(size_t bytes, int seals)
{
	int fd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint8_t text[64];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i + 1);
	if (write(fd, text, bytes) != (ssize_t)bytes || fcntl(fd, F_ADD_SEALS, seals) < 0)
		return -1;
	return dup2(fd, 620) == 620 && close(fd) == 0 ? 620 : -1;
}

static bool payloads_in_a_file(void)
{
	struct golden *golden = golden_begin("tests/daemon/approval-files.golden");
	static const int seals[] = { 0,
				     F_SEAL_WRITE,
				     F_SEAL_WRITE | F_SEAL_GROW,
				     F_SEAL_WRITE | F_SEAL_SHRINK,
				     F_SEAL_GROW | F_SEAL_SHRINK,
				     F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK,
				     F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL };
	struct sent s;
	char what[60];

	for (size_t i = 0; i < ARRAY_CNT(seals); i++)
		for (size_t bytes = 39; bytes <= 41; bytes++) {
			fill(&s);
			s.ask.flags = DOOR_PAYLOAD_FD;
			s.behind_bytes = 0;
			s.fds[2] = payload_fd(bytes, seals[i]);
			s.fd_cnt = 3;
			(void)snprintf(what, sizeof(what), "%zu bytes, seals %x", bytes, seals[i]);
			(void)receive(&s, golden, what);
		}
	fill(&s);
	s.ask.flags = DOOR_PAYLOAD_FD;
	s.fds[2] = payload_fd(40, seals[5]);
	s.fd_cnt = 3;
	(void)receive(&s, golden, "in a file and behind");
	s.behind_bytes = 0;
	s.fd_cnt = 2;
	(void)receive(&s, golden, "no file");
	s.fds[2] = 0;
	s.fd_cnt = 3;
	(void)receive(&s, golden, "no file of memory");
	return golden_end(golden);
}

static bool shorter_messages_and_a_closed_door(void)
{
	static uint8_t buf[DOOR_MSG_MAX];
	struct approval a;
	struct sent s;

	fill(&s);
	for (size_t n = 1; n < sizeof(s.ask); n += 100) {
		struct iovec part = { &s.ask, n };

		if (packet_send(SEND_DOOR, &part, 1, NULL, 0, 0) < 0 ||
		    approval_receive(DOOR_FD, KEEP_FD, buf, &a) != -EBADMSG || a.ask.approval_id)
			return false;
	}
	/* A lent object that never comes. */
	{
		struct iovec parts[2] = { { &s.ask, sizeof(s.ask) }, { s.behind, 40 } };

		if (packet_send(SEND_DOOR, parts, 2, s.fds, 2, 0) < 0 || close(SEND_KEEP) < 0 ||
		    approval_receive(DOOR_FD, KEEP_FD, buf, &a) != -EPIPE)
			return false;
	}
	return close(SEND_DOOR) == 0 && approval_receive(DOOR_FD, KEEP_FD, buf, &a) == 0;
}

/* ---- what goes back ---- */

static size_t hear(void *buf, size_t bytes, unsigned int *ret_fds)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	int r = packet_recv(SEND_DOOR, buf, bytes, &fds, 0);

	*ret_fds = fds.cnt;
	return r < 0 ? 0 : (size_t)r;
}

static bool outputs_go_back_as_long_as_they_are(void)
{
	static uint8_t buf[sizeof(struct door_answer) + DOOR_INLINE_MAX + 8], msg[DOOR_MSG_MAX];
	static const uint32_t sizes[] = {
		0, 1, 9, DOOR_INLINE_MAX - 9, DOOR_INLINE_MAX - 8, DOOR_INLINE_MAX
	};
	struct golden *golden = golden_begin("tests/daemon/answers.golden");
	struct door_answer answer;

	for (size_t i = 0; i < ARRAY_CNT(sizes); i++)
		for (uint32_t text = 0; text < 3; text++) {
			struct kern_outcome outcome = { .result = -(int)i, .fd = -1, .cpu_ns = 5 };
			struct iovec parts[2], lent;
			struct approval a;
			struct sent s;
			unsigned int fds;
			size_t n;

			fill(&s);
			s.ask.ptr[0].flags = PTR_OUT | (text ? PTR_TEXT : 0);
			s.ask.ptr[0].bytes = sizes[i];
			parts[0] = (struct iovec){ &s.ask, sizeof(s.ask) };
			parts[1] = (struct iovec){ s.behind, 40 };
			lent = (struct iovec){ &s.lent, sizeof(s.lent) };
			if (packet_send(SEND_KEEP, &lent, 1, s.fds, 1, 0) < 0 ||
			    packet_send(SEND_DOOR, parts, 2, s.fds, 2, 0) < 0 ||
			    approval_receive(DOOR_FD, KEEP_FD, msg, &a) != 1)
				return false;
			memset(a.out, 'x', text == 2 ? a.out_bytes : sizes[i] / 2);
			if (door_answer_outcome(DOOR_FD, KEEP_FD, &a, &outcome) < 0)
				return false;
			n = hear(buf, sizeof(buf), &fds);
			memcpy(&answer, buf, sizeof(answer));
			golden_line(
				golden,
				"%u bytes, text %u: %zu bytes, %u fds, result %d, flags %x, %u out: %u %u %u, attr %016jx, behind %016jx",
				sizes[i], text, n, fds, answer.result, answer.flags,
				answer.out_bytes, answer.out[0], answer.out[1], answer.out[2],
				(uintmax_t)golden_fold(GOLDEN_SUM, answer.attr,
						       sizeof(answer.attr)),
				(uintmax_t)golden_fold(GOLDEN_SUM, buf + sizeof(answer),
						       n - sizeof(answer)));
			approval_done(&a);
		}
	if (door_answer_refused(DOOR_FD, 88, EBADMSG) < 0 ||
	    hear(&answer, sizeof(answer), &(unsigned int){ 0 }) != sizeof(answer))
		return false;
	golden_line(golden, "refused: %ju %d %u", (uintmax_t)answer.approval_id, answer.result,
		    answer.refused);
	return golden_end(golden);
}

#define IN_A_LOADER(name, test)                                                                    \
	START_TEST(name)                                                                           \
	{                                                                                          \
		in_a_loader(test);                                                                 \
	}                                                                                          \
	END_TEST

IN_A_LOADER(an_approval_with_one_word_one_off, each_word_one_off)
IN_A_LOADER(what_may_become_of_a_result, each_command_with_each_result)
IN_A_LOADER(an_approval_at_each_limit, counts_at_their_limits)
IN_A_LOADER(a_payload_in_a_file_is_sealed_and_whole, payloads_in_a_file)
IN_A_LOADER(what_is_too_short_is_no_approval, shorter_messages_and_a_closed_door)
IN_A_LOADER(what_comes_back_is_what_the_kernel_wrote, outputs_go_back_as_long_as_they_are)

int main(void)
{
	Suite *suite = suite_create("daemon/approval");
	TCase *tc = tcase_create("approval");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, an_approval_with_one_word_one_off);
	tcase_add_test(tc, what_may_become_of_a_result);
	tcase_add_test(tc, an_approval_at_each_limit);
	tcase_add_test(tc, a_payload_in_a_file_is_sealed_and_whole);
	tcase_add_test(tc, what_is_too_short_is_no_approval);
	tcase_add_test(tc, what_comes_back_is_what_the_kernel_wrote);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
