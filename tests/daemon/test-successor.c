/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker that takes over from one that was killed learns from bpfgated what is kept. Whoever asks
 * before it knows must wait, and not be told that his handle is none.
 */
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/own.h"
#include "tests/daemon/live_main.h"
#include "tests/lib/holds.h"

#define TOO_EARLY_MS 300 /* an answer takes less than one */
#define PATIENCE_MS  20000

static const char policy[] =
	"{\"version\": 1, \"rules\": [{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"xdp\"]}, \"attach\": {\"xdp\": [\"lo\"]}}}]}\n";

static struct live live;

/* ---- alice ---- */

static bool part_asks_twice(void *arg)
{
	int sock = *(int *)arg, prog = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);
	uint32_t id = prog < 0 ? 0 : live_id_of(prog);
	char go;

	if (FAILS(!id || write(sock, "x", 1) != 1 || read(sock, &go, 1) != 1))
		return false;
	return HOLDS(live_id_of(prog) == id) && HOLDS(write(sock, "x", 1) == 1) &&
	       HOLDS(live_link(prog, BPF_XDP, if_nametoindex("lo")) >= 0);
}

/* ---- the daemon, stopped where it matters ---- */

static bool broker_is_another(void *arg)
{
	pid_t now = live_child(&live, "bpfgate-broker");

	return now && now != *(pid_t *)arg;
}

/* The last thing that a broker does before it serves. */
static bool broker_has_its_filter(void *arg)
{
	char path[64], text[4096];
	OWN_FD int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)*(pid_t *)arg);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "Seccomp:\t2\n") != NULL;
}

/* The next broker is started, and bpfgated answers nothing that it asks. */
static bool replace_broker(void)
{
	pid_t broker = live_child(&live, "bpfgate-broker");

	if (FAILS(!broker || kill(broker, SIGKILL) < 0))
		return false;
	while (!broker_is_another(&broker))
		if (FAILS(kill(live.parent, 0) < 0))
			return false;
	if (FAILS(kill(live.parent, SIGSTOP) < 0))
		return false;
	broker = live_child(&live, "bpfgate-broker");
	return HOLDS(live_until(broker_has_its_filter, &broker));
}

static bool answers_within(int sock, int ms)
{
	struct pollfd ready = { .fd = sock, .events = POLLIN };
	char byte;

	return poll(&ready, 1, ms) == 1 && read(sock, &byte, 1) == 1;
}

static bool she_waits(int sock)
{
	bool early;

	if (FAILS(!answers_within(sock, PATIENCE_MS) || !replace_broker() ||
		  write(sock, "x", 1) != 1))
		return false;
	early = answers_within(sock, TOO_EARLY_MS);
	(void)kill(live.parent, SIGCONT);
	return HOLDS(!early) && HOLDS(answers_within(sock, PATIENCE_MS));
}

static bool a_new_broker_answers_nobody_before_it_knows_what_is_kept(void)
{
	int sock[2], status = 1;
	pid_t pid;
	bool ok;

	if (FAILS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(live_as(LIVE_ALICE, part_asks_twice, &sock[1]) ? 0 : 1);
	own_close_fd(&sock[1]);
	ok = HOLDS(she_waits(sock[0]));
	(void)kill(live.parent, SIGCONT);
	own_close_fd(&sock[0]);
	return HOLDS(pid > 0) && HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) &&
	       HOLDS(ok);
}

static const struct live_test tests[] = {
	LIVE_TEST(a_new_broker_answers_nobody_before_it_knows_what_is_kept),
};

int main(void)
{
	return live_main(&live, policy, tests, ARRAY_CNT(tests));
}
