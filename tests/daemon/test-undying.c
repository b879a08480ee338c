/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children of bpfgated that were killed and do not die: at its end each closes a descriptor for
 * which the kernel waits. It is their standard input, a file of FUSE; while the server holds them
 * nothing ends that sleep. Others take their place, and bpfgated itself ends when it is told to.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"
#include "tests/daemon/stuck.h"

#define UNDYING_STOP_S 12 /* what bpfgated gives its children, twice over */

static const char undying_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"socket_filter\"]},\n"
	"  \"attach\": {\"tcx\": [\"*\", \"netns:*:*\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}}}]}\n";

static struct live live;
static struct stuck stuck;

static bool part_map(void *arg)
{
	OWN_FD int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

	return map >= 0;
}

static bool is_served(void *arg)
{
	return live_as(LIVE_ALICE, part_map, NULL);
}

static bool somebody_sleeps(void *arg)
{
	return *stuck.held_cnt > 0;
}

static char state_of(pid_t pid)
{
	char path[64], text[512] = "", *end;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	own_close_fd(&fd);
	end = strrchr(text, ')');
	return end ? end[2] : '\0';
}

static bool is_dead(void *arg)
{
	char state = state_of(*(pid_t *)arg);

	return state == 'Z' || state == '\0';
}

/* ---- loaders ---- */

/* Asks from as many network namespaces: more than a user has loaders, so that one after the other
 * is ended. */
static bool query_from(int namespaces)
{
	enum { TCX_INGRESS = 46 };
	bool ok = true;

	for (int i = 0; i < namespaces && ok; i++) {
		int status = 1;
		pid_t pid = fork();

		if (pid == 0) {
			union bpf_attr attr;

			memset(&attr, 0, sizeof(attr));
			attr.query.target_fd = 1;
			attr.query.attach_type = TCX_INGRESS;
			_exit(unshare(CLONE_NEWNET) == 0 && live_become(LIVE_ALICE) &&
					      live_call(BPF_PROG_QUERY, &attr,
							sizeof(attr.query)) == 0
				      ? 0
				      : 1);
		}
		ok = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
	}
	return ok;
}

static bool loaders_that_do_not_die_are_replaced(void)
{
	bool ok = query_from(12);

	stuck_hold(&stuck);
	ok = ok && query_from(24) && somebody_sleeps(NULL) && live_says(&live, "does not die");
	ok = ok && is_served(NULL);
	stuck_let_go(&stuck);
	return ok;
}

/* ---- the broker ---- */

/* Whoever shares its descriptors would close them in its place. */
static bool kill_closers(pid_t broker)
{
	struct live its = { .parent = broker };
	pid_t closer = live_child(&its, "bpfgate-closer");

	return closer > 0 && kill(closer, SIGKILL) == 0 && live_until(is_dead, &closer);
}

static bool a_broker_that_does_not_die_is_replaced(void)
{
	pid_t broker = live_child(&live, "bpfgate-broker");
	bool ok = is_served(NULL) && kill(broker, SIGSTOP) == 0 && kill_closers(broker);
	char given_up[64];

	/* its very own line: loaders of the test before may have left some */
	snprintf(given_up, sizeof(given_up), "child %d does not die", (int)broker);
	stuck_hold(&stuck);
	(void)kill(broker, SIGKILL);
	ok = ok && live_until(somebody_sleeps, NULL) && state_of(broker) == 'D';
	/* After it has not answered for ten seconds. */
	ok = ok && live_says(&live, given_up) && live_until(is_served, NULL) &&
	     state_of(broker) == 'D';
	stuck_let_go(&stuck);
	return ok;
}

/* ---- bpfgated ---- */

static bool has_ended(void *arg)
{
	struct live *other = arg;
	int status;

	if (waitpid(other->parent, &status, WNOHANG) != other->parent)
		return false;
	other->parent = -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Seconds that it took another daemon to end; UNDYING_STOP_S: it did not, or not well. */
static time_t stop_another(bool hold)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	struct live other = { .ready = -1 };
	struct timespec begin, end;
	char cmd[128];
	bool ok = live_start(&other, builddir, undying_policy) && is_served(NULL);

	if (hold)
		stuck_hold(&stuck);
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	(void)kill(other.parent, SIGTERM);
	ok = live_until(has_ended, &other) && ok && (!hold || somebody_sleeps(NULL));
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	stuck_let_go(&stuck);
	if (other.parent > 0)
		(void)waitpid(other.parent, NULL, 0);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", other.dir);
	setenv("BPFGATE_SOCKET", live.socket, 1);
	own_close_fd(&other.ready);
	return system(cmd) == 0 && ok ? end.tv_sec - begin.tv_sec : UNDYING_STOP_S;
}

static bool bpfgated_ends_without_those_who_do_not(void)
{
	return stop_another(false) < UNDYING_STOP_S && stop_another(true) < UNDYING_STOP_S;
}

static const struct attack_row tests[] = {
	ATTACK_THAT_STOPS(loaders_that_do_not_die_are_replaced),
	ATTACK_THAT_STOPS(a_broker_that_does_not_die_is_replaced),
	ATTACK_THAT_STOPS(bpfgated_ends_without_those_who_do_not),
};

static const uid_t users[] = { LIVE_ALICE };

int main(int argc, char **argv)
{
	struct attack_plan plan = { .live = &live,
				    .policy = undying_policy,
				    .rows = tests,
				    .row_cnt = ARRAY_CNT(tests),
				    .uids = users,
				    .uid_cnt = ARRAY_CNT(users) };
	int r;

	/* Not bpfgated itself, whose name ends before the dash. */
	if (getuid() == 0 &&
	    (!stuck_start(&stuck, "bpfgate-") || dup2(stuck.fd, STDIN_FILENO) < 0)) {
		printf("skipped: no FUSE can be mounted here\n0 passed, 0 failed, %zu skipped\n",
		       ARRAY_CNT(tests));
		return 77;
	}
	stuck_let_go(&stuck);
	r = attack_main(&plan, argc, argv);
	stuck_done(&stuck);
	return r;
}
