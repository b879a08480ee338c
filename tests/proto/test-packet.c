/* SPDX-License-Identifier: Apache-2.0 */
/* One message with its descriptors: whole or not at all, and nothing left open. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/packet.h"

struct pair {
	int a, b;
};

static void pair_done(struct pair *pair)
{
	own_close_fd(&pair->a);
	own_close_fd(&pair->b);
}
#define OWN_PAIR __attribute__((cleanup(pair_done)))

static struct pair pair_new(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	return (struct pair){ fds[0], fds[1] };
}

static int send_text(int sock, const char *text, const int *fds, size_t fd_cnt)
{
	struct iovec parts[] = { { (void *)text, 1 }, { (void *)(text + 1), strlen(text + 1) } };

	return packet_send(sock, parts, 2, fds, fd_cnt, MSG_DONTWAIT);
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int cnt = 0;

	while (readdir(dir))
		cnt++;
	(void)closedir(dir);
	return cnt;
}

/* ---- promises -------------------------------------------------------------------------------- */

static bool parts_arrive_as_one_message_with_their_descriptors(void)
{
	OWN_PAIR struct pair pair = pair_new();
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	int out[] = { 0, 1, 2 };
	char buf[16] = "";
	int taken;

	if (send_text(pair.a, "hello", out, 3) < 0 || packet_recv(pair.b, buf, sizeof(buf), &fds, 0) != 5 ||
	    strcmp(buf, "hello") != 0 || fds.cnt != 3)
		return false;
	taken = packet_fds_take(&fds, 1);
	(void)close(taken);
	return taken > 2 && packet_fds_take(&fds, 1) == -1 && packet_fds_take(&fds, 3) == -1;
}

static bool a_message_that_does_not_fit_is_refused_with_its_descriptors(void)
{
	OWN_PAIR struct pair pair = pair_new();
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	char small[4], fits[5];
	int out = 0;

	return send_text(pair.a, "hello", &out, 1) == 0 && send_text(pair.a, "hello", &out, 1) == 0 &&
	       packet_recv(pair.b, small, sizeof(small), &fds, 0) == -EMSGSIZE && fds.cnt == 1 &&
	       (packet_fds_done(&fds), true) &&
	       packet_recv(pair.b, fits, sizeof(fits), &fds, 0) == 5 && fds.cnt == 1;
}

static bool descriptors_nobody_asked_for_refuse_the_message(void)
{
	OWN_PAIR struct pair pair = pair_new();
	char buf[8];
	int out = 0;

	return send_text(pair.a, "with", &out, 1) == 0 && send_text(pair.a, "without", NULL, 0) == 0 &&
	       packet_recv(pair.b, buf, sizeof(buf), NULL, 0) == -ETOOMANYREFS &&
	       packet_recv(pair.b, buf, sizeof(buf), NULL, 0) == 7;
}

static bool descriptors_that_got_lost_refuse_the_message(void)
{
	OWN_PAIR struct pair pair = pair_new();
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct rlimit old, tight;
	int out[] = { 0, 1, 2 }, r;
	char buf[8];

	if (send_text(pair.a, "three", out, 3) < 0 || send_text(pair.a, "three", out, 3) < 0 ||
	    getrlimit(RLIMIT_NOFILE, &old) < 0)
		return false;
	tight = old;
	tight.rlim_cur = (rlim_t)pair.b + 2; /* room for one more */
	if (setrlimit(RLIMIT_NOFILE, &tight) < 0)
		return false;
	r = packet_recv(pair.b, buf, sizeof(buf), &fds, 0);
	(void)setrlimit(RLIMIT_NOFILE, &old);
	return r == -ETOOMANYREFS && fds.cnt == 1 && (packet_fds_done(&fds), true) &&
	       packet_recv(pair.b, buf, sizeof(buf), &fds, 0) == 5 && fds.cnt == 3;
}

static bool more_descriptors_than_a_message_holds_are_not_sent(void)
{
	OWN_PAIR struct pair pair = pair_new();
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	int many[PACKET_FDS_MAX + 1];
	char buf[8];
	size_t i;

	for (i = 0; i < ARRAY_CNT(many); i++)
		many[i] = 0;
	return send_text(pair.a, "many", many, ARRAY_CNT(many)) == -EINVAL &&
	       send_text(pair.a, "most", many, PACKET_FDS_MAX) == 0 &&
	       packet_recv(pair.b, buf, sizeof(buf), &fds, 0) == 4 && fds.cnt == PACKET_FDS_MAX;
}

/* Without SIGPIPE, which would end this test. */
static bool a_closed_peer_is_told_apart_from_silence(void)
{
	OWN_PAIR struct pair pair = pair_new();
	char buf[8];

	if (packet_recv(pair.b, buf, sizeof(buf), NULL, MSG_DONTWAIT) != -EAGAIN)
		return false;
	own_close_fd(&pair.a);
	return packet_recv(pair.b, buf, sizeof(buf), NULL, MSG_DONTWAIT) == 0 &&
	       send_text(pair.b, "x", NULL, 0) == -EPIPE;
}

static bool a_full_socket_says_so(void)
{
	OWN_PAIR struct pair pair = pair_new();
	char buf[8];
	int r = 0, sent = 0;

	while ((r = send_text(pair.a, "fill", NULL, 0)) == 0)
		sent++;
	return r == -EAGAIN && sent > 0 && packet_recv(pair.b, buf, sizeof(buf), NULL, 0) == 4 &&
	       send_text(pair.a, "fill", NULL, 0) == 0;
}

static const struct promise {
	const char *name;
	bool (*keep)(void);
} promises[] = {
#define PROMISE(name) { #name, name }
	PROMISE(parts_arrive_as_one_message_with_their_descriptors),
	PROMISE(a_message_that_does_not_fit_is_refused_with_its_descriptors),
	PROMISE(descriptors_nobody_asked_for_refuse_the_message),
	PROMISE(descriptors_that_got_lost_refuse_the_message),
	PROMISE(more_descriptors_than_a_message_holds_are_not_sent),
	PROMISE(a_closed_peer_is_told_apart_from_silence),
	PROMISE(a_full_socket_says_so),
};

int main(void)
{
	int passed = 0, failed = 0;
	size_t i;

	for (i = 0; i < ARRAY_CNT(promises); i++) {
		int before = count_fds();
		bool kept = promises[i].keep() && count_fds() == before;

		if (!kept)
			printf("FAILED %s\n", promises[i].name);
		kept ? passed++ : failed++;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
