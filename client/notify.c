/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp user notification for bpf(2). Promises that a call is answered once, and that the kernel is
 * told to go on by itself only with calls that ask no privilege: it reads the arguments anew then,
 * and a racing thread may have changed them to anything, which the kernel judges with that process's own
 * (absent) rights.
 */
#include "client/notify.h"

#include "client/call.h"
#include "client/other.h"
#include "proto/own.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NOTIFY_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NOTIFY_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define NOTIFY_ARCH AUDIT_ARCH_RISCV64
#else
#error "notify.c needs the audit number of this architecture"
#endif

/* Calls that wait for the daemon at the same time; loads of one process rarely overlap. */
enum { NOTIFY_THREADS = 4 };

/* ---- the filter ---- */

#define LOAD_WORD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define ANSWER(action)		 BPF_STMT(BPF_RET | BPF_K, (action))

/* Element operations need no privilege and are too frequent to wait for anybody. */
static int notify_set_filter(bool handles_in_maps)
{
	/* The command is the low half of the first argument: all our architectures are little-endian. */
	struct sock_filter insns[] = {
		LOAD_WORD(arch),
		IF_EQUAL(NOTIFY_ARCH, 0, 8),
		LOAD_WORD(nr),
		IF_EQUAL(__NR_bpf, 0, 6),
		LOAD_WORD(args[0]),
		IF_EQUAL(CMD_MAP_LOOKUP_ELEM, 4, 0),
		IF_EQUAL(CMD_MAP_DELETE_ELEM, 3, 0),
		IF_EQUAL(CMD_MAP_GET_NEXT_KEY, 2, 0),
		IF_EQUAL(handles_in_maps ? UINT32_MAX : CMD_MAP_UPDATE_ELEM, 1, 0),
		ANSWER(SECCOMP_RET_USER_NOTIF),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_CNT(insns), insns };

	return (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER |
				    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			    &prog);
}

int notify_install(bool handles_in_maps, int *ret_listener)
{
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	fd = notify_set_filter(handles_in_maps);
	if (fd < 0)
		return -errno;
	*ret_listener = fd;
	return 0;
}

/* ---- answers ---- */

static void notify_answer(int listener, uint64_t id, int64_t value, int error, uint32_t flags)
{
	struct seccomp_notif_resp resp = { .id = id, .val = value, .error = error, .flags = flags };

	/* ENOENT: the caller was killed meanwhile. Nobody is left to be told. */
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

/* The caller finds the fd among its own, and the call returns its number: in one step. */
static void notify_answer_fd(int listener, uint64_t id, int fd)
{
	struct seccomp_notif_addfd add = { .id = id,
					   .flags = SECCOMP_ADDFD_FLAG_SEND,
					   .srcfd = (uint32_t)fd,
					   .newfd_flags = O_CLOEXEC };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno != ENOENT)
		notify_answer(listener, id, 0, -errno, 0);
}

static void notify_explain(const struct cmd_row *row, int r, const struct call_outcome *outcome)
{
	/* One write, so that threads do not mix their lines. The reason is the daemon's own text. */
	if (outcome->reason[0])
		fprintf(stderr, "bpfgate: BPF_%s: %s: %s\n", row->name, strerror(-r),
			outcome->reason);
}

/* ---- one call ---- */

struct notify_server {
	int listener;
	bool verbose;
};

static void notify_broker(const struct notify_server *server, struct other *other,
			  const struct seccomp_data *data)
{
	struct call_outcome outcome = { 0 };
	uint32_t cmd = (uint32_t)data->args[0];
	OWN_FD int fd = -1;
	int r;

	r = call_daemon(&other->source, cmd, data->args[1], (uint32_t)data->args[2], &outcome, &fd);
	if (r < 0 && server->verbose)
		notify_explain(cmd_row_of(cmd), r, &outcome);
	if (r >= 0 && fd >= 0)
		notify_answer_fd(server->listener, other->id, fd);
	else
		notify_answer(server->listener, other->id, r < 0 ? 0 : r, r < 0 ? r : 0, 0);
}

static void notify_handle(const struct notify_server *server, const struct seccomp_notif *notif)
{
	const struct seccomp_data *data = &notif->data;
	const struct cmd_row *row = cmd_row_of((uint32_t)data->args[0]);
	struct other other;
	int r;

	r = other_init(&other, server->listener, notif->id, (pid_t)notif->pid);
	if (r == -ESRCH)
		return;
	if (r < 0)
		notify_answer(server->listener, notif->id, 0, r, 0);
	else if (!row || (row->gate == CMD_LOCAL &&
			  !call_may_need_daemon(&other.source, row, data->args[1],
						(uint32_t)data->args[2])))
		notify_answer(server->listener, notif->id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else
		notify_broker(server, &other, data);
	other_done(&other);
}

static void *notify_thread(void *arg)
{
	struct notify_server *server = arg;

	for (;;) {
		struct seccomp_notif notif = { 0 };

		if (ioctl(server->listener, SECCOMP_IOCTL_NOTIF_RECV, &notif) == 0)
			notify_handle(server, &notif);
		else if (errno != EINTR && errno != ENOENT)
			return NULL;
	}
}

int notify_serve(int listener, bool verbose)
{
	struct notify_server *server = malloc(sizeof(*server));
	int started = 0;

	if (!server)
		return -ENOMEM;
	*server = (struct notify_server){ listener, verbose };
	for (int i = 0; i < NOTIFY_THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, notify_thread, server) == 0) {
			pthread_detach(thread);
			started++;
		}
	}
	if (started)
		return 0; /* the threads keep `server` until the process ends */
	free(server);
	return -EAGAIN;
}

bool notify_is_needed(int listener)
{
	struct pollfd pfd = { .fd = listener, .events = 0 };

	return poll(&pfd, 1, 0) == 0;
}

void notify_wait(int listener)
{
	struct pollfd pfd = { .fd = listener, .events = 0 };

	while (poll(&pfd, 1, -1) < 0 && errno == EINTR)
		;
}
