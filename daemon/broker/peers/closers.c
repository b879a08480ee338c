/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stranger's descriptor may sleep in close(2): a socket that lingers, a FUSE file whose server does not answer,
 * a Unix socket in whose queue one of these lies. So the event loop closes only what is known to be quick. The
 * rest goes to processes that share its descriptor table and do nothing but close; one that is stuck
 * costs nobody but the account whose descriptor it was. They are processes and no threads, so that the broker can die
 * without them; when it does, the first of them ends its connections, which the shared table would keep open.
 */
#include "daemon/broker/peers/closers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "config.h"
#include "daemon/broker/store/journal.h"
#include "daemon/broker/store/kinds.h"

#define CLOSERS_OF_ONE_MAX 4	/* of one account at a time */
#define CLOSERS_MAX	   128	/* in all; of the second half each account has one */

struct closing {
	int fd;
	struct quota_account *account;	/* holds a reference; NULL: of nobody that is known */
	bool begun;
	TAILQ_ENTRY(closing) link;
};

/* What a closer is told and says: the descriptor, and for whom. */
struct closers_word {
	struct closing *closing;	/* the broker's own; comes back as it was */
	int fd;
};

struct closers {
	sd_event_source *source, *gone;
	const struct handles *handles;
	closers_room_fn on_room;
	void *ctx;
	int pidfd;			/* of the first process */
	int jobs, more;			/* our ends: words, and a byte for one more process */
	unsigned int cnt, begun_cnt, process_cnt, nobodys_cnt;
	TAILQ_HEAD(, closing) list;
};

/* ---- in the processes: system calls only, they may be copies of anything ---- */

/* It holds the other ends itself, in the shared table: nothing but the death of the first would ever end it. */
static _Noreturn void closers_close(pid_t first, int jobs)
{
	struct closers_word word;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != first)
		_exit(1);
	(void)signal(SIGTERM, SIG_DFL);
	while (recv(jobs, &word, sizeof(word), 0) == (ssize_t)sizeof(word)) {
		(void)close(word.fd);
		if (send(jobs, &word, sizeof(word), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* A connection has its listener's address; handles and channels have none. */
static bool closers_is_connection(int fd)
{
	struct sockaddr_un addr;
	socklen_t addr_len = sizeof(addr), len = sizeof(int);
	int listens = 1;

	return getsockname(fd, (struct sockaddr *)&addr, &addr_len) == 0 &&
	       addr.sun_family == AF_UNIX && addr_len > sizeof(addr.sun_family) &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && !listens;
}

/*
 * The broker has died, or one of us has, with its descriptor open or closed: then the broker ends. Its clients shall know,
 * also when a closer that is stuck keeps the table.
 */
static void closers_on_gone(int signal_number)
{
	struct rlimit limit = { .rlim_cur = 0 };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 0; (rlim_t)fd < limit.rlim_cur; fd++)
		if (closers_is_connection(fd))
			(void)shutdown(fd, SHUT_RDWR);
	_exit(0);
}

static const int closers_calls[] = {
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(close), SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt), SCMP_SYS(shutdown), SCMP_SYS(prctl), SCMP_SYS(prlimit64),
	SCMP_SYS(getrlimit), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall), SCMP_SYS(getppid),
#ifdef BPFGATE_ASAN
	/* its runtime: whenever a process ends, and to report */
	SCMP_SYS(sigaltstack), SCMP_SYS(write), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(tgkill), SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(newfstatat), SCMP_SYS(futex),
#endif
};

static int closers_install_filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_CNT(closers_calls) && r == 0; i++)
		if (closers_calls[i] >= 0)
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, closers_calls[i], 0);
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_EQ, CLONE_FILES | SIGCHLD));
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}

static _Noreturn void closers_make_more(pid_t broker, int more, int jobs)
{
	/* One that is stopped has not died. */
	struct sigaction on_gone = { .sa_handler = closers_on_gone, .sa_flags = SA_NOCLDSTOP };
	pid_t first = getpid();
	char byte;

	(void)sigaction(SIGCHLD, &on_gone, NULL);
	(void)sigaction(SIGTERM, &on_gone, NULL);
	if (prctl(PR_SET_NAME, "bpfgate-closer") < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 ||
	    getppid() != broker || closers_install_filter() < 0)
		_exit(1);
	while (recv(more, &byte, 1, 0) == 1)
		if (syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0) == 0)
			closers_close(first, jobs);
	_exit(0);
}

/* ---- in the broker ---- */

static unsigned int *closers_count_begun(struct closers *closers, struct quota_account *account)
{
	return account ? &account->closing_begun_cnt : &closers->nobodys_cnt;
}

static void closers_end(struct closers *closers, struct closing *closing)
{
	struct quota_account *account = closing->account;

	TAILQ_REMOVE(&closers->list, closing, link);
	closers->cnt--;
	free(closing);
	closers->on_room(closers->ctx, NULL);
	if (account && --account->closing_cnt == CLOSERS_WAITING_MAX - 1)
		closers->on_room(closers->ctx, account);
	quota_account_unref(account);
}

static bool closers_have_process(struct closers *closers)
{
	if (closers->begun_cnt < closers->process_cnt)
		return true;
	if (closers->process_cnt == CLOSERS_MAX || send(closers->more, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
		return false;
	closers->process_cnt++;
	return true;
}

static bool closers_begin(struct closers *closers, struct closing *closing)
{
	struct closers_word word = { closing, closing->fd };
	unsigned int *begun_cnt = closers_count_begun(closers, closing->account);
	unsigned int most = closers->begun_cnt < CLOSERS_MAX / 2 ? CLOSERS_OF_ONE_MAX : 1;

	if (closing->begun || *begun_cnt >= most || !closers_have_process(closers) ||
	    send(closers->jobs, &word, sizeof(word), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return false;
	closing->begun = true;
	++*begun_cnt;
	closers->begun_cnt++;
	return true;
}

static void closers_begin_all(struct closers *closers)
{
	struct closing *closing;

	TAILQ_FOREACH(closing, &closers->list, link)
		(void)closers_begin(closers, closing);
}

static int closers_on_closed(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct closers *closers = ctx;
	struct closers_word word;
	ssize_t n;

	while ((n = recv(fd, &word, sizeof(word), MSG_DONTWAIT)) == (ssize_t)sizeof(word)) {
		assert(word.closing->begun && word.closing->fd == word.fd);
		--*closers_count_begun(closers, word.closing->account);
		closers->begun_cnt--;
		closers_end(closers, word.closing);
	}
	closers_begin_all(closers);
	return 0;
}

/* *ret_pidfd tells when it has ended. */
static int closers_fork(const int jobs[2], const int more[2], int *ret_pidfd)
{
	pid_t broker = getpid();
	long pid = syscall(SYS_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, 0, ret_pidfd, 0, 0);

	if (pid == 0)
		closers_make_more(broker, more[1], jobs[1]);
	return pid < 0 ? -errno : 0;
}

/* Without them nothing may be closed any more; bpfgated starts another broker. */
static int closers_on_lost(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	journal_note(LOG_ERR, NULL, "a closer has died");
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return sd_event_exit(sd_event_source_get_event(source), 1);
}

static int closers_watch(struct closers *closers, sd_event *event, int pidfd)
{
	int r = sd_event_add_io(event, &closers->source, closers->jobs, EPOLLIN, closers_on_closed, closers);

	if (r >= 0)
		r = sd_event_source_set_priority(closers->source, SD_EVENT_PRIORITY_IMPORTANT);
	if (r >= 0)
		r = sd_event_add_io(event, &closers->gone, pidfd, EPOLLIN, closers_on_lost, closers);
	return r;
}

int closers_new(sd_event *event, const struct handles *handles, closers_room_fn on_room, void *ctx,
		struct closers **ret_closers)
{
	struct closers *closers = calloc(1, sizeof(*closers));
	int jobs[2], more[2], r;

	if (!closers)
		return -ENOMEM;
	*closers = (struct closers){ .handles = handles, .on_room = on_room, .ctx = ctx, .jobs = -1,
				     .more = -1, .pidfd = -1 };
	TAILQ_INIT(&closers->list);
	r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, jobs) < 0 ? -errno : 0;
	if (r == 0) {
		closers->jobs = jobs[0];
		r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, more) < 0 ? -errno : 0;
	}
	if (r == 0) {
		closers->more = more[0];
		r = closers_fork(jobs, more, &closers->pidfd);
	}
	if (r >= 0)
		r = closers_watch(closers, event, closers->pidfd);
	if (r < 0) {
		closers_free(closers);
		return r;
	}
	*ret_closers = closers;
	return 0;
}

void closers_free(struct closers *closers)
{
	struct closing *closing;

	if (!closers)
		return;
	sd_event_source_disable_unref(closers->source);
	sd_event_source_disable_unref(closers->gone);
	while ((closing = TAILQ_FIRST(&closers->list))) {
		TAILQ_REMOVE(&closers->list, closing, link);
		if (closing->account)
			closing->account->closing_cnt--;
		quota_account_unref(closing->account);
		free(closing);
	}
	/* Their other ends are the processes': the table is one. */
	own_close_fd(&closers->jobs);
	own_close_fd(&closers->more);
	own_close_fd(&closers->pidfd);
	free(closers);
}

static bool closers_is_handle(const struct closers *closers, int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	/* bpfgated writes nothing into it. */
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 &&
	       handles_find(closers->handles, cookie);
}

void closers_let_go(struct closers *closers, struct quota_account *account, int take_fd)
{
	OWN_FD int fd = take_fd;
	struct closing *closing;

	if (fd < 0 || !closers || closers_is_handle(closers, fd) || kinds_close_is_quick(fd))
		return;
	closing = calloc(1, sizeof(*closing));
	if (!closing) {
		/* Rather a descriptor too many than a broker that sleeps. */
		(void)TAKE_FD(fd);
		return;
	}
	closing->fd = TAKE_FD(fd);
	closing->account = account;
	if (account) {
		account->ref_cnt++;
		account->closing_cnt++;
	}
	TAILQ_INSERT_TAIL(&closers->list, closing, link);
	closers->cnt++;
	(void)closers_begin(closers, closing);
}

void closers_let_go_message(struct closers *closers, struct quota_account *account,
			    struct message *msg)
{
	for (unsigned int i = 0; i < msg->fd_cnt; i++)
		closers_let_go(closers, account, TAKE_FD(msg->fds[i]));
	closers_let_go(closers, account, TAKE_FD(msg->body_fd));
	message_done(msg);
}

unsigned int closers_cnt(const struct closers *closers)
{
	return closers->cnt;
}

bool closers_are_busy(const struct quota_account *account)
{
	return account->closing_cnt >= CLOSERS_WAITING_MAX;
}
