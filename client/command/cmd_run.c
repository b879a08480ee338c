/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate run`: a command, unmodified and perhaps statically linked, whose bpf() calls go through the
 * daemon. Promises the command's own exit code, as env(1) and timeout(1) do: 125 if we failed, 126 and
 * 127 if the command could not be run or found, 128 + n if signal n ended it. Signals sent to us reach
 * it. Trusts the command no more than its user does: it and we are the same user.
 */
#include "client/shared/cmd.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "client/shared/present.h"
#include "client/launch/rootview.h"

#include "client/bpfgate.h"
#include "client/library/conn.h"
#include "client/launch/notify.h"
#include "proto/channel.h"
#include "proto/own.h"

#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUN_FAILED = 125, RUN_CANNOT_INVOKE = 126, RUN_NOT_FOUND = 127, RUN_BY_SIGNAL = 128 };

struct run_args {
	bool verbose;
	bool handles_in_maps;
	bool as_if_root;
	bool only_answers; /* of being root: there is no user namespace to be it in */
	const char *object;
	const char *signature;
	char **argv;
};

/* What the child says before it becomes the command. */
struct run_word {
	int error;
};

static int run_complain(const char *what, int r)
{
	fprintf(stderr, "bpfgate run: %s: %s\n", what, strerror(-r));
	return RUN_FAILED;
}

static int run_take(void *ctx, enum option_id id, char *value)
{
	struct run_args *args = ctx;

	if (id == OPT_OBJECT)
		args->object = value;
	else if (id == OPT_SIGNATURE)
		args->signature = value;
	args->verbose |= id == OPT_VERBOSE;
	args->as_if_root |= id == OPT_AS_IF_ROOT;
	args->handles_in_maps |= id == OPT_HANDLES_IN_MAPS;
	return 0;
}

/* false: nothing is to be run, and *ret_code is what to exit with. */
static bool run_parse(int argc, char **argv, struct run_args *args, int *ret_code)
{
	bool good = options_parse(VERB_RUN, argc, argv, run_take, args, ret_code);

	args->argv = argv + optind;
	if (good && (optind == argc || (args->signature && !args->object))) {
		*ret_code = options_usage(VERB_RUN);
		good = false;
	}
	if (*ret_code == EXIT_USAGE)
		*ret_code = RUN_FAILED;
	return good;
}

/* Shows the daemon signed objects before the command loads programs from them. */
static int run_present(const struct run_args *args)
{
	(void)present_environment();
	return args->object ? present_object(args->object, args->signature) : 0;
}

/* ---- the child ---- */

static int run_send_word(int sock, int error, int fd)
{
	struct run_word word = { error };
	struct wire_head head = { .type = WIRE_CONTROL };

	return channel_send(sock, &head, &word, sizeof(word), &fd, fd >= 0 ? 1 : 0, 0);
}

/* Never returns. The socket is close-on-exec: its end tells the parent that the command runs. */
static _Noreturn void run_child(const struct run_args *args, int sock, const sigset_t *mask)
{
	OWN_FD int listener = -1;
	int r;

	sigprocmask(SIG_SETMASK, mask, NULL);
	if (args->as_if_root && !args->only_answers)
		(void)rootview_enter();
	r = notify_install(args->handles_in_maps, args->only_answers, &listener);
	r = run_send_word(sock, r, listener);
	own_close_fd(&listener);
	if (r < 0)
		_exit(RUN_FAILED);
	execvp(args->argv[0], args->argv);
	r = errno;
	fputs("bpfgate run: ", stderr);
	out_safe(stderr, args->argv[0], false);
	fprintf(stderr, ": %s\n", strerror(r));
	_exit(r == ENOENT ? RUN_NOT_FOUND : RUN_CANNOT_INVOKE);
}

/* ---- the parent ---- */

/* The listener, sent by the child; or what kept it from making one. */
static int run_recv_listener(int sock, int *ret_listener)
{
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct run_word word;
	int r;

	if (!scratch)
		return -ENOMEM;
	r = channel_recv(sock, scratch, 0, &msg);
	if (r <= 0)
		return r < 0 ? r : -ECHILD;
	if (msg.head.body_bytes != sizeof(word))
		return -EBADMSG;
	memcpy(&word, msg.body, sizeof(word));
	if (word.error < 0)
		return word.error;
	if (msg.fd_cnt != 1)
		return -EBADMSG;
	*ret_listener = TAKE_FD(msg.fds[0]);
	return 0;
}

static int run_exit_code(int status)
{
	return WIFSIGNALED(status) ? RUN_BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps whatever ended; true and the command's status if it was the command. */
static bool run_reap(pid_t child, int *ret_status)
{
	bool found = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == child) {
			*ret_status = status;
			found = true;
		}
	}
	return found;
}

/* The terminal's signals reach the whole group, the command included; others were meant for it. */
static void run_pass_on(pid_t child, const siginfo_t *info)
{
	if (info->si_code <= 0)
		kill(child, info->si_signo);
}

static int run_wait(pid_t child, const sigset_t *signals)
{
	siginfo_t info;
	int status;

	for (;;) {
		if (sigwaitinfo(signals, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD)
			run_pass_on(child, &info);
		else if (run_reap(child, &status))
			return run_exit_code(status);
	}
}

/* Who did not ask for every reason is told at the end where the last one is. */
static void run_sum_up(const struct notify_server *server)
{
	uint64_t decision;
	unsigned int cnt = notify_refused(server, &decision);

	if (cnt)
		fprintf(stderr, "bpfgate run: %u call%s refused; bpfgate why D-%014llx\n", cnt, cnt == 1 ? " was" : "s were",
			(unsigned long long)decision);
}

static int run_supervise(const struct run_args *args, pid_t child, int sock,
			 const sigset_t *signals)
{
	struct notify_server *server;
	OWN_FD int listener = -1;
	int code, r;

	r = run_recv_listener(sock, &listener);
	if (r == -EBUSY)
		return run_complain("an outer launcher listens already (seccomp)", r);
	if (r < 0)
		return run_complain("no seccomp notification", r);
	r = notify_serve(listener, args->verbose, args->as_if_root && !args->only_answers, &server);
	if (r < 0)
		return run_complain("cannot serve it", r);
	code = run_wait(child, signals);
	/* What the command left in the background would get ENOSYS for every bpf(). */
	if (notify_is_needed(listener))
		notify_wait(listener);
	if (!args->verbose)
		run_sum_up(server);
	return code;
}

static int run_start(const struct run_args *args, const sigset_t *signals, const sigset_t *old)
{
	int ends[2];
	pid_t child;
	int code;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return run_complain("socketpair", -errno);
	OWN_FD int ours = ends[0];
	OWN_FD int theirs = ends[1];

	child = fork();
	if (child < 0)
		return run_complain("fork", -errno);
	if (child == 0)
		run_child(args, theirs, old);
	own_close_fd(&theirs);
	code = run_supervise(args, child, ours, signals);
	return code;
}

/* ---- as if root ---- */

static int run_write(const char *path, const char *text)
{
	OWN_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

enum { RUN_ONLY_ANSWERS = 1 };

/*
 * The command and we are user 0 of a user namespace of our own. Whoever looks from outside, the kernel and the daemon
 * too, sees the user as before: it changes what geteuid(2) and capget(2) answer, and no right.
 */
static int run_become_root(void)
{
	char uids[48], gids[48];
	int r;

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned int)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned int)getegid());
	if (unshare(CLONE_NEWUSER) < 0) {
		(void)run_complain("no user namespace to be root of (--as-if-root): the command is only told that it is root",
				   -errno);
		return RUN_ONLY_ANSWERS;
	}
	r = run_write("/proc/self/setgroups", "deny");
	if (r == 0)
		r = run_write("/proc/self/uid_map", uids);
	return r == 0 ? run_write("/proc/self/gid_map", gids) : r;
}

/* The command may have other things to do than bpf(): it runs all the same. */
static void run_look_for_daemon(void)
{
	struct conn *conn = NULL;
	int r = conn_take(&conn);

	if (r < 0)
		fprintf(stderr, "bpfgate run: no bpfgated answers at %s (%s): bpf() calls that need it will be refused\n",
			conn_path(), strerror(-r));
	else
		conn_give(conn);
}

int cmd_run(int argc, char **argv)
{
	static const int passed_on[] = { SIGCHLD, SIGHUP,  SIGINT,  SIGQUIT,
					 SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH };
	struct run_args args = { 0 };
	sigset_t signals, old;
	int r = EXIT_OK;

	if (!run_parse(argc, argv, &args, &r))
		return r;
	r = args.as_if_root ? run_become_root() : 0;
	if (r < 0)
		return run_complain("no user namespace to be root of (--as-if-root)", r);
	args.only_answers = r == RUN_ONLY_ANSWERS;
	run_look_for_daemon();
	r = run_present(&args);
	if (r < 0)
		return run_complain(args.object, r);
	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_CNT(passed_on); i++)
		sigaddset(&signals, passed_on[i]);
	sigprocmask(SIG_BLOCK, &signals, &old);
	/* Yama lets only an ancestor read a process: orphans must become our children. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return run_complain("subreaper", -errno);
	return run_start(&args, &signals, &old);
}
