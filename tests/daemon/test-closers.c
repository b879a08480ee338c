/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes that close for the broker, and their ends: none outlives its broker, whenever that
 * dies; one that is stopped is not a dead one.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/channel.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "tests/daemon/live_main.h"
#include "tests/daemon/stuck.h"
#include "tests/lib/holds.h"

#define WINDOW_MS 300 /* what would go wrong takes one or two */

static const char policy[] =
	"{\"version\": 1, \"rules\": [{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\"}}]}\n";

static struct live live;

/* ---- who closes ------------------------------------------------------------------------------ */

struct closers {
	pid_t broker, first, other; /* other: made by the first; 0: none yet */
};

static pid_t closer_of(pid_t parent)
{
	struct live its = { .parent = parent };

	return parent ? live_child(&its, "bpfgate-closer") : 0;
}

static void closers_look(struct closers *closers)
{
	closers->broker = live_child(&live, "bpfgate-broker");
	closers->first = closer_of(closers->broker);
	closers->other = closer_of(closers->first);
}

static bool has_other(void *arg)
{
	closers_look(arg);
	return ((struct closers *)arg)->other != 0;
}

/* A socket that lingers is what they are for: it is in the hands of one until its peer goes. */
static bool part_bring(void *arg)
{
	struct wire_head head = { .magic = WIRE_MAGIC, .version = WIRE_VERSION_MAX,
				  .type = WIRE_REQUEST, .fd_cnt = 1 };
	struct iovec part = { &head, sizeof(head) };
	struct wire_welcome welcome;
	OWN_FD int sock = -1;
	OWN_FD int peer = -1;
	OWN_FD int fd = stuck_socket(&peer);

	return HOLDS(fd >= 0) &&
	       HOLDS(channel_connect(getenv("BPFGATE_SOCKET"), 10000, &sock, &welcome) == 0) &&
	       HOLDS(packet_send(sock, &part, 1, &fd, 1, 0) == 0);
}

static bool part_makes_a_map(void *arg)
{
	return HOLDS(live_map(BPF_MAP_TYPE_ARRAY, 0) >= 0);
}

static char state_of(pid_t pid)
{
	char path[64], text[512] = "", *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	(void)!fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

static bool is_stopped(void *arg)
{
	return state_of(*(pid_t *)arg) == 'T';
}

static bool has_gone(void *arg)
{
	char state = state_of(*(pid_t *)arg);

	return !state || state == 'Z';
}

static bool broker_is_another(void *arg)
{
	pid_t now = live_child(&live, "bpfgate-broker");

	return now && now != *(pid_t *)arg;
}

static bool stays(pid_t pid)
{
	struct timespec pause = { .tv_nsec = 1000 * 1000 };

	for (int ms = 0; ms < WINDOW_MS; ms++) {
		if (has_gone(&pid))
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

/* ---- a closer that is stopped ---------------------------------------------------------------- */

static bool nothing_ends_while_it_is_stopped(const struct closers *closers)
{
	pid_t other = closers->other;

	if (FAILS(kill(other, SIGSTOP) < 0 || !live_until(is_stopped, &other)))
		return false;
	return HOLDS(stays(closers->broker)) && HOLDS(kill(other, SIGCONT) == 0) &&
	       HOLDS(stays(closers->broker));
}

static bool a_stopped_closer_ends_nothing(void)
{
	struct closers closers;

	if (FAILS(!live_as(LIVE_ALICE, part_bring, NULL) || !live_until(has_other, &closers)))
		return false;
	return HOLDS(nothing_ends_while_it_is_stopped(&closers)) &&
	       HOLDS(live_as(LIVE_ALICE, part_makes_a_map, NULL)) &&
	       /* The control: a dead one is noticed. */
	       HOLDS(kill(closers.other, SIGKILL) == 0) &&
	       HOLDS(live_until(broker_is_another, &closers.broker)) &&
	       HOLDS(live_as(LIVE_ALICE, part_makes_a_map, NULL));
}

/* ---- a closer that has just been made -------------------------------------------------------- */

/* Lets the first one go on, and the other with it, until the first has made the other: that has
 * not done anything then. */
static bool catch_birth(const struct closers *closers, pid_t *ret_born)
{
	unsigned long born = 0;
	int status = 0;

	if (FAILS(!live_as(LIVE_ALICE, part_bring, NULL) ||
		  waitpid(closers->first, &status, __WALL) != closers->first ||
		  status >> 8 != (SIGTRAP | PTRACE_EVENT_FORK << 8) ||
		  ptrace(PTRACE_GETEVENTMSG, closers->first, NULL, &born) < 0))
		return false;
	*ret_born = (pid_t)born;
	return HOLDS(waitpid(*ret_born, &status, __WALL) == *ret_born) &&
	       HOLDS(WIFSTOPPED(status));
}

/* The traced one gets its signals from us. */
static bool let_die(pid_t pid)
{
	int status;

	if (FAILS(ptrace(PTRACE_CONT, pid, NULL, NULL) < 0))
		return false;
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		if (FAILS(ptrace(PTRACE_CONT, pid, NULL, (long)WSTOPSIG(status)) < 0))
			return false;
	return true;
}

static bool a_closer_that_was_just_made_ends_with_its_broker(void)
{
	struct closers closers;
	pid_t born = 0;

	closers_look(&closers);
	if (FAILS(!closers.first || closers.other ||
		  ptrace(PTRACE_SEIZE, closers.first, NULL, PTRACE_O_TRACEFORK) < 0 ||
		  !catch_birth(&closers, &born)))
		return false;
	return HOLDS(kill(closers.broker, SIGKILL) == 0) && HOLDS(let_die(closers.first)) &&
	       HOLDS(ptrace(PTRACE_DETACH, born, NULL, NULL) == 0) &&
	       HOLDS(live_until(has_gone, &born)) &&
	       HOLDS(live_until(broker_is_another, &closers.broker)) &&
	       HOLDS(live_as(LIVE_ALICE, part_makes_a_map, NULL));
}

static const struct live_test tests[] = {
	LIVE_TEST(a_closer_that_was_just_made_ends_with_its_broker),
	LIVE_TEST(a_stopped_closer_ends_nothing),
};

int main(void)
{
	return live_main(&live, policy, tests, ARRAY_CNT(tests));
}
