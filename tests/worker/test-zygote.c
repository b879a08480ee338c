/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zygote with judges that misbehave on command: what the broker is told, and that nothing survives.
 * The judges here serve one byte: how to end.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "worker/judge.h"
#include "worker/sandbox.h"
#include "worker/zygote.h"

#define WAIT_MS 10000
#define DEADLINE_NS 50000000ull
#define FAR_NS	 60000000000ull

/* ---- judges ---------------------------------------------------------------------------------- */

static int serve_on_command(void *arg, int channel, uint32_t parts)
{
	volatile char how = 0;
	int *volatile nowhere = (int *)8;

	if (packet_recv(channel, (char *)&how, 1, NULL, 0) <= 0)
		return 0;
	if (how == 'c')
		*nowhere = 1;
	if (how == 's')
		return socket(AF_INET, SOCK_DGRAM, 0);
	if (how == 'm')
		return !memset(mmap(NULL, SANDBOX_MEMORY_MAX, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 4096);
	while (how == 'h')
		;
	return how == 'e' ? 7 : 0;
}

/* ---- the rig --------------------------------------------------------------------------------- */

struct rig {
	pid_t zygote;
	int channel;
	uint32_t hello;
};

static const struct zygote_plan usual = { .spares = 2, .want = SANDBOX_ALL, .must = SANDBOX_CORE,
					  .serve = serve_on_command };

static int hear(int fd, struct judge_tell *ret_tell, int *ret_fd)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int r;

	if (poll(&ready, 1, WAIT_MS) <= 0)
		return -ETIMEDOUT;
	r = packet_recv(fd, ret_tell, sizeof(*ret_tell), &fds, 0);
	if (ret_fd)
		*ret_fd = packet_fds_take(&fds, 0);
	return r == (int)sizeof(*ret_tell) ? 0 : -EPIPE;
}

/* Until a word of this kind; others are let go. */
static int hear_kind(const struct rig *rig, uint32_t kind, struct judge_tell *ret_tell, int *ret_fd)
{
	int r;

	do {
		OWN_FD int fd = -1;

		r = hear(rig->channel, ret_tell, &fd);
		if (r == 0 && ret_tell->kind == kind && ret_fd)
			*ret_fd = TAKE_FD(fd);
	} while (r == 0 && ret_tell->kind != kind);
	return r;
}

static bool rig_start(struct rig *rig, const struct zygote_plan *plan)
{
	struct judge_tell tell;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	rig->zygote = fork();
	if (rig->zygote == 0) {
		(void)close(pair[0]);
		if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)))
			_exit(99);
		_exit(zygote_run(pair[1], plan));
	}
	(void)close(pair[1]);
	rig->channel = pair[0];
	if (hear(rig->channel, &tell, NULL) < 0 || tell.kind != JUDGE_TELL_HELLO)
		return false;
	rig->hello = tell.sandbox;
	return true;
}

static int rig_stop(struct rig *rig)
{
	int status = -1;

	own_close_fd(&rig->channel);
	(void)waitpid(rig->zygote, &status, 0);
	return status;
}

/* Gives a judge the command and says how it ended. */
static bool ends(const char *how, uint64_t deadline_ns, bool ask_kill, enum judge_end end, int status)
{
	struct judge_ask ask = { JUDGE_ASK_WATCH, 0, deadline_ns };
	struct iovec parts[] = { { &ask, sizeof(ask) }, { (void *)how, 1 } };
	struct judge_tell ready, gone = { 0 };
	OWN_FD int judge = -1;
	struct rig rig;
	bool ok;

	ok = rig_start(&rig, &usual) && hear_kind(&rig, JUDGE_TELL_READY, &ready, &judge) == 0;
	ask.judge_id = ready.judge_id;
	ok = ok && packet_send(rig.channel, &parts[0], 1, NULL, 0, 0) == 0 &&
	     packet_send(judge, &parts[1], 1, NULL, 0, 0) == 0;
	if (ask_kill) {
		ask.kind = JUDGE_ASK_KILL;
		ok = ok && packet_send(rig.channel, &parts[0], 1, NULL, 0, 0) == 0;
	}
	do { /* spares that this test lets go end too */
		ok = ok && hear_kind(&rig, JUDGE_TELL_GONE, &gone, NULL) == 0;
	} while (ok && gone.judge_id != ready.judge_id);
	ok = ok && gone.how == (uint32_t)end && gone.status == status;
	if (!ok)
		printf("told how %u status %d\n", gone.how, gone.status);
	return rig_stop(&rig) == 0 && ok;
}

static bool hangs_up(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&ready, 1, WAIT_MS) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

/* ---- promises -------------------------------------------------------------------------------- */

static bool judges_wait_in_their_sandbox(void)
{
	struct judge_tell a, b;
	struct rig rig;
	bool ok = rig_start(&rig, &usual) && hear_kind(&rig, JUDGE_TELL_READY, &a, NULL) == 0 &&
		  hear_kind(&rig, JUDGE_TELL_READY, &b, NULL) == 0;
	uint32_t missing = SANDBOX_ALL & ~a.sandbox;

	while (ok && missing) {
		printf("note: this kernel lacks: %s\n", sandbox_part_name(missing & -missing));
		missing &= missing - 1;
	}
	return rig_stop(&rig) == 0 && ok && a.judge_id != b.judge_id &&
	       (a.sandbox & b.sandbox & SANDBOX_CORE) == SANDBOX_CORE;
}

static bool a_judge_that_ends_is_told_with_its_code(void)
{
	return ends("e", FAR_NS, false, JUDGE_END_EXIT, 7) && ends("x", FAR_NS, false, JUDGE_END_EXIT, 0);
}

static bool a_judge_that_crashes_is_told_with_its_signal(void)
{
	return ends("c", FAR_NS, false, JUDGE_END_SIGNAL, SIGSEGV);
}

static bool a_judge_that_makes_a_forbidden_call_is_killed(void)
{
	return ends("s", FAR_NS, false, JUDGE_END_SIGNAL, SIGSYS);
}

static bool a_judge_cannot_have_more_memory_than_its_limit(void)
{
	return ends("m", FAR_NS, false, JUDGE_END_SIGNAL, SIGSEGV);
}

static bool a_judge_past_its_deadline_is_killed(void)
{
	return ends("h", DEADLINE_NS, false, JUDGE_END_DEADLINE, SIGKILL);
}

static bool a_judge_is_killed_on_request(void)
{
	return ends("h", FAR_NS, true, JUDGE_END_ASKED, SIGKILL);
}

static bool a_judge_that_got_a_job_is_replaced(void)
{
	struct judge_ask ask = { JUDGE_ASK_WATCH, 0, FAR_NS };
	struct iovec part = { &ask, sizeof(ask) };
	struct judge_tell first, second, third;
	OWN_FD int judge = -1;
	struct rig rig;
	bool ok = rig_start(&rig, &usual) && hear_kind(&rig, JUDGE_TELL_READY, &first, &judge) == 0 &&
		  hear_kind(&rig, JUDGE_TELL_READY, &second, NULL) == 0;

	ask.judge_id = first.judge_id;
	ok = ok && packet_send(rig.channel, &part, 1, NULL, 0, 0) == 0 &&
	     hear_kind(&rig, JUDGE_TELL_READY, &third, NULL) == 0;
	return rig_stop(&rig) == 0 && ok && third.judge_id > second.judge_id;
}

static bool judges_die_with_the_broker(void)
{
	struct judge_tell ready;
	OWN_FD int judge = -1;
	struct rig rig;
	bool ok = rig_start(&rig, &usual) && hear_kind(&rig, JUDGE_TELL_READY, &ready, &judge) == 0;

	return rig_stop(&rig) == 0 && ok && hangs_up(judge);
}

static bool judges_die_with_a_killed_zygote(void)
{
	struct judge_tell ready;
	OWN_FD int judge = -1;
	struct rig rig;
	bool ok = rig_start(&rig, &usual) && hear_kind(&rig, JUDGE_TELL_READY, &ready, &judge) == 0;

	(void)kill(rig.zygote, SIGKILL);
	ok = ok && hangs_up(judge);
	(void)rig_stop(&rig);
	return ok;
}

/* The control is every other test: with the part wanted, judges are made. */
static bool without_a_part_that_must_be_no_judge_is_made(void)
{
	struct zygote_plan plan = usual;
	struct judge_tell tell;
	struct rig rig;
	bool told;

	plan.want = SANDBOX_ALL & ~SANDBOX_SECCOMP;
	told = rig_start(&rig, &plan) && hear_kind(&rig, JUDGE_TELL_READY, &tell, NULL) == 0;
	return rig_stop(&rig) != 0 && !told;
}

static bool nonsense_from_the_broker_ends_the_zygote(void)
{
	struct judge_ask ask = { 77, 1, 0 };
	struct iovec part = { &ask, sizeof(ask) };
	struct judge_tell ready;
	struct rig rig;
	bool ok = rig_start(&rig, &usual) && hear_kind(&rig, JUDGE_TELL_READY, &ready, NULL) == 0 &&
		  packet_send(rig.channel, &part, 1, NULL, 0, 0) == 0 && hangs_up(rig.channel) == false;

	while (ok && hear(rig.channel, &ready, NULL) == 0)
		;
	return rig_stop(&rig) != 0;
}

static const struct promise {
	const char *name;
	bool (*keep)(void);
} promises[] = {
#define PROMISE(name) { #name, name }
	PROMISE(judges_wait_in_their_sandbox),
	PROMISE(a_judge_that_ends_is_told_with_its_code),
	PROMISE(a_judge_that_crashes_is_told_with_its_signal),
	PROMISE(a_judge_that_makes_a_forbidden_call_is_killed),
	PROMISE(a_judge_cannot_have_more_memory_than_its_limit),
	PROMISE(a_judge_past_its_deadline_is_killed),
	PROMISE(a_judge_is_killed_on_request),
	PROMISE(a_judge_that_got_a_job_is_replaced),
	PROMISE(judges_die_with_the_broker),
	PROMISE(judges_die_with_a_killed_zygote),
	PROMISE(without_a_part_that_must_be_no_judge_is_made),
	PROMISE(nonsense_from_the_broker_ends_the_zygote),
};

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int cnt = 0;

	while (dir && readdir(dir))
		cnt++;
	if (dir)
		(void)closedir(dir);
	return cnt;
}

int main(void)
{
	int passed = 0, failed = 0;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
#ifdef BPFGATE_ASAN
	printf("SKIP: AddressSanitizer needs what the sandbox takes\n");
	return 77;
#endif
	for (i = 0; i < ARRAY_CNT(promises); i++) {
		int before = count_fds();
		bool kept = promises[i].keep();

		if (kept && count_fds() != before) {
			printf("%s left descriptors open\n", promises[i].name);
			kept = false;
		}
		if (!kept)
			printf("FAILED %s\n", promises[i].name);
		kept ? passed++ : failed++;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
