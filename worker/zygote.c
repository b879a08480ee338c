/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a judge is in its sandbox, confirmed, before its channel is handed out; that a judge past
 * its deadline is killed whatever it does; and that each death is told, with how it came about. Trusts the
 * broker for deadlines. Never reads from a judge after that one word of confirmation.
 */
#include "worker/zygote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/packet.h"
#include "worker/judge.h"
#include "worker/sandbox.h"

#define SEAL_TIMEOUT_MS 5000 /* a loaded machine; a judge that has read nothing cannot be hostile */
#define ZYGOTE_NICE	10
#define NO_SLOT		JUDGES_MAX

struct judge_child {
	pid_t pid;		/* 0: free */
	uint32_t id;
	bool working;		/* has a job */
	uint64_t deadline_ns;	/* CLOCK_MONOTONIC; 0: none */
	enum judge_end how;	/* JUDGE_END_EXIT until we kill it */
};

struct zygote {
	const struct zygote_plan *plan;
	struct sock_fprog filter;
	int channel;
	int signals;
	uint32_t parts;		/* of stage one */
	uint32_t next_id;
	struct judge_child judges[JUDGES_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int zygote_tell(const struct zygote *zygote, const struct judge_tell *tell, int fd)
{
	struct iovec part = { (void *)tell, sizeof(*tell) };

	return packet_send(zygote->channel, &part, 1, &fd, fd >= 0 ? 1 : 0, 0);
}

/* ---- making a judge -------------------------------------------------------------------------- */

static _Noreturn void judge_live(const struct zygote *zygote, int channel, int other_end)
{
	const struct zygote_plan *plan = zygote->plan;
	struct iovec part;
	uint32_t parts;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(other_end); /* also unsandboxed: else it would not see the broker hang up */
	parts = zygote->parts | sandbox_seal(plan->want, channel, &zygote->filter);
	channel = parts & SANDBOX_FDS_CLOSED ? SANDBOX_FD : channel;
	part = (struct iovec){ &parts, sizeof(parts) };
	if (packet_send(channel, &part, 1, NULL, 0, 0) < 0)
		_exit(EXIT_FAILURE);
	_exit(plan->serve(plan->arg, channel, parts));
}

/* Waits for the judge's one word. 0 or -errno: it died, or lacks what it must have. */
static int judge_wait_sealed(const struct zygote *zygote, int channel, uint32_t *ret_parts)
{
	struct pollfd ready = { .fd = channel, .events = POLLIN };
	uint32_t parts;
	int r = poll(&ready, 1, SEAL_TIMEOUT_MS);

	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	r = packet_recv(channel, &parts, sizeof(parts), NULL, MSG_DONTWAIT);
	if (r != (int)sizeof(parts))
		return -EPROTO;
	if ((parts & zygote->plan->must) != zygote->plan->must)
		return -EOPNOTSUPP;
	*ret_parts = parts;
	return 0;
}

static uint32_t zygote_find(const struct zygote *zygote, pid_t pid)
{
	uint32_t i = 0;

	while (i < JUDGES_MAX && zygote->judges[i].pid != pid)
		i++;
	return i;
}

static int zygote_make_judge(struct zygote *zygote)
{
	uint32_t slot = zygote_find(zygote, 0);
	struct judge_child *judge = &zygote->judges[slot];
	struct judge_tell tell = { .kind = JUDGE_TELL_READY };
	OWN_FD int ours = -1, theirs = -1;
	int pair[2], r;

	if (slot == NO_SLOT)
		return 0; /* made when one has died */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	*judge = (struct judge_child){ .id = zygote->next_id++ };
	judge->pid = fork();
	if (judge->pid < 0) {
		judge->pid = 0;
		return -errno;
	}
	if (judge->pid == 0)
		judge_live(zygote, theirs, ours);
	own_close_fd(&theirs);
	r = judge_wait_sealed(zygote, ours, &tell.sandbox);
	if (r < 0) {
		(void)kill(judge->pid, SIGKILL);
		return r;
	}
	tell.judge_id = judge->id;
	return zygote_tell(zygote, &tell, ours);
}

static uint32_t zygote_count_waiting(const struct zygote *zygote)
{
	uint32_t i, cnt = 0;

	for (i = 0; i < JUDGES_MAX; i++)
		cnt += zygote->judges[i].pid && !zygote->judges[i].working;
	return cnt;
}

static int zygote_refill(struct zygote *zygote)
{
	int r = 0;

	while (r == 0 && zygote_count_waiting(zygote) < zygote->plan->spares &&
	       zygote_find(zygote, 0) != NO_SLOT)
		r = zygote_make_judge(zygote);
	return r;
}

/* ---- the end of one -------------------------------------------------------------------------- */

static uint64_t rusage_cpu_ns(const struct rusage *usage)
{
	uint64_t sec = (uint64_t)usage->ru_utime.tv_sec + (uint64_t)usage->ru_stime.tv_sec;
	uint64_t usec = (uint64_t)usage->ru_utime.tv_usec + (uint64_t)usage->ru_stime.tv_usec;

	return sec * 1000000000u + usec * 1000u;
}

static int zygote_tell_gone(struct zygote *zygote, struct judge_child *judge, int status,
			    const struct rusage *usage)
{
	struct judge_tell tell = { .kind = JUDGE_TELL_GONE, .judge_id = judge->id, .how = judge->how,
				   .cpu_ns = rusage_cpu_ns(usage),
				   .peak_bytes = (uint64_t)usage->ru_maxrss * 1024u };

	tell.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	if (judge->how == JUDGE_END_EXIT && WIFSIGNALED(status))
		tell.how = JUDGE_END_SIGNAL;
	judge->pid = 0;
	return zygote_tell(zygote, &tell, -1);
}

static int zygote_reap(struct zygote *zygote)
{
	struct signalfd_siginfo info;
	struct rusage usage;
	int status, r = 0;
	uint32_t slot;
	pid_t pid;

	(void)!read(zygote->signals, &info, sizeof(info));
	while (r == 0 && (pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		slot = zygote_find(zygote, pid);
		if (slot != NO_SLOT)
			r = zygote_tell_gone(zygote, &zygote->judges[slot], status, &usage);
	}
	return r;
}

static void judge_kill(struct judge_child *judge, enum judge_end how)
{
	judge->deadline_ns = 0;
	judge->how = how;
	(void)kill(judge->pid, SIGKILL); /* ours, and not reaped yet: the pid is right */
}

/* Kills what is due. Returns milliseconds until the next deadline, -1 for none. */
static int zygote_enforce_deadlines(struct zygote *zygote)
{
	uint64_t now = now_ns(), next = UINT64_MAX;
	uint32_t i;

	for (i = 0; i < JUDGES_MAX; i++) {
		struct judge_child *judge = &zygote->judges[i];

		if (!judge->pid || !judge->deadline_ns)
			continue;
		if (judge->deadline_ns <= now)
			judge_kill(judge, JUDGE_END_DEADLINE);
		else if (judge->deadline_ns < next)
			next = judge->deadline_ns;
	}
	return next == UINT64_MAX ? -1 : (int)((next - now) / 1000000u) + 1;
}

/* ---- what the broker asks -------------------------------------------------------------------- */

static void zygote_obey(struct zygote *zygote, const struct judge_ask *ask)
{
	uint64_t now = now_ns();
	uint32_t i;

	for (i = 0; i < JUDGES_MAX; i++) {
		struct judge_child *judge = &zygote->judges[i];

		if (!judge->pid || judge->id != ask->judge_id)
			continue;
		if (ask->kind == JUDGE_ASK_KILL)
			judge_kill(judge, JUDGE_END_ASKED);
		else if (!SIZE_ADD(now, ask->deadline_ns, &judge->deadline_ns))
			judge->deadline_ns = 0; /* centuries: none */
		judge->working = true;
	}
}

/* 1, 0 when the broker has closed, or -errno. */
static int zygote_listen(struct zygote *zygote)
{
	struct judge_ask ask;
	int r;

	for (;;) {
		r = packet_recv(zygote->channel, &ask, sizeof(ask), NULL, MSG_DONTWAIT);
		if (r == -EAGAIN)
			return 1;
		if (r == 0 || r == -ECONNRESET)
			return 0;
		if (r != (int)sizeof(ask) || ask.kind < JUDGE_ASK_WATCH || ask.kind > JUDGE_ASK_KILL)
			return r < 0 ? r : -EBADMSG;
		zygote_obey(zygote, &ask);
	}
}

/* Refills after listening, so that a judge that got a job is replaced while it works. */
static int zygote_loop(struct zygote *zygote)
{
	struct pollfd fds[] = { { .fd = zygote->channel, .events = POLLIN },
				{ .fd = zygote->signals, .events = POLLIN } };
	int r;

	for (;;) {
		r = zygote_refill(zygote);
		if (r < 0)
			return r;
		if (poll(fds, ARRAY_CNT(fds), zygote_enforce_deadlines(zygote)) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents) {
			r = zygote_reap(zygote);
			if (r < 0)
				return r;
		}
		r = fds[0].revents ? zygote_listen(zygote) : 1;
		if (r <= 0)
			return r;
	}
}

/* ---- start ----------------------------------------------------------------------------------- */

static int zygote_catch_children(struct zygote *zygote)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	zygote->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return zygote->signals < 0 ? -errno : 0;
}

static int zygote_be(struct zygote *zygote)
{
	const struct zygote_plan *plan = zygote->plan;
	struct judge_tell hello = { .kind = JUDGE_TELL_HELLO, .status = JUDGE_VERSION };
	int r;

	r = sandbox_build_filter(&zygote->filter);
	if (r == 0)
		r = zygote_catch_children(zygote);
	if (r == 0 && plan->prepare)
		r = plan->prepare(plan->arg);
	if (r < 0)
		return r;
	zygote->parts |= sandbox_give_up(plan->want);
	if (plan->want & SANDBOX_SECCOMP)
		r = sandbox_filter_zygote();
	hello.sandbox = zygote->parts;
	if (r == 0)
		r = zygote_tell(zygote, &hello, -1);
	return r < 0 ? r : zygote_loop(zygote);
}

/* The first process of the pid namespace is the zygote; this one stays outside and waits for it. */
static int zygote_guard(pid_t pid, int channel, uint32_t want)
{
	int status;

	(void)close(channel);
	(void)sandbox_give_up(want & ~SANDBOX_LANDLOCK_SCOPE); /* its death must reach the zygote */
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILURE;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int zygote_run_inside(struct zygote *zygote)
{
	int r = zygote_be(zygote);

	free(zygote->filter.filter);
	if (r >= 0 || r == -EPIPE || r == -ECONNRESET) /* the broker has gone */
		return EXIT_SUCCESS;
	fprintf(stderr, "bpfgate-judge: zygote: %s\n", strerror(-r));
	return EXIT_FAILURE;
}

int zygote_run(int channel, const struct zygote_plan *plan)
{
	struct zygote zygote = { .plan = plan, .channel = channel, .signals = -1, .next_id = 1 };
	pid_t pid;

	/* Judges compute, for one caller each; broker and loaders, who serve all, go first. */
	(void)setpriority(PRIO_PROCESS, 0, ZYGOTE_NICE);
	zygote.parts = plan->given | sandbox_unshare(plan->want & ~plan->given);
	if (!(zygote.parts & SANDBOX_PID_NS))
		return zygote_run_inside(&zygote);
	pid = fork();
	if (pid < 0)
		return EXIT_FAILURE;
	if (pid > 0)
		return zygote_guard(pid, channel, plan->want);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getpid() != 1) /* it was said, and is not so */
		return EXIT_FAILURE;
	return zygote_run_inside(&zygote);
}
