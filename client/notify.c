/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp user notification for bpf(2), and for what goes with it: readlink(2) of /proc/self/fd,
 * unlink(2) of pins, perf_event_open(2). Promises that a call is answered once, and that the kernel is
 * told to go on by itself only with calls that ask no privilege: it reads the arguments anew then,
 * and a racing thread may have changed them to anything, which the kernel judges with that process's own
 * (absent) rights.
 */
#include "client/notify.h"

#include "client/call.h"
#include "client/control.h"
#include "client/other.h"
#include "client/out.h"
#include "client/perf.h"
#include "client/whatfd.h"
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

/* The older calls, where the architecture has them; else the number of no call. */
#ifdef __NR_readlink
#define NOTIFY_READLINK __NR_readlink
#define NOTIFY_UNLINK	__NR_unlink
#else
#define NOTIFY_READLINK UINT32_MAX
#define NOTIFY_UNLINK	UINT32_MAX
#endif

/* Where every tool pins. */
#define NOTIFY_BPFFS "/sys/fs/bpf/"

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
		IF_EQUAL(NOTIFY_ARCH, 0, 13),
		LOAD_WORD(nr),
		IF_EQUAL(__NR_unlinkat, 10, 0),
		IF_EQUAL(NOTIFY_UNLINK, 9, 0),
		IF_EQUAL(__NR_perf_event_open, 8, 0),
		IF_EQUAL(__NR_readlinkat, 7, 0),
		IF_EQUAL(NOTIFY_READLINK, 6, 0),
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

static void notify_continue(int listener, uint64_t id)
{
	notify_answer(listener, id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
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
	OWN_MEM char *text = NULL;
	size_t bytes;
	FILE *mem = outcome->reason[0] ? open_memstream(&text, &bytes) : NULL;

	if (!mem)
		return;
	/* It may show a program's own lines, and names that its author gave. */
	fprintf(mem, "bpfgate: BPF_%s: %s: ", row->name, strerror(-r));
	out_safe(mem, outcome->reason, true);
	/* One write, so that threads do not mix their lines. */
	if (fclose(mem) == 0)
		fprintf(stderr, "%s\n", text);
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

static bool notify_is_local(const struct other *other, const struct cmd_row *row,
			    const struct seccomp_data *data)
{
	return row->gate == CMD_LOCAL &&
	       !call_may_need_daemon(&other->source, row, data->args[1], (uint32_t)data->args[2]);
}

static void notify_bpf(const struct notify_server *server, struct other *other,
		       const struct seccomp_data *data)
{
	const struct cmd_row *row = cmd_row_of((uint32_t)data->args[0]);

	/* A command that nobody here knows, or a known one with flags (7.x) that say more than is known. */
	if (!row)
		notify_answer(server->listener, other->id, 0, -EINVAL, 0);
	else if (notify_is_local(other, row, data))
		notify_continue(server->listener, other->id);
	else
		notify_broker(server, other, data);
}

/* ---- what an fd is: tools read it off /proc/self/fd, where a handle would say "socket" ---- */

/* The text at addr if it is short enough for path_bytes; false if not. */
static bool notify_read_path(const struct codec_source *src, uint64_t addr, char *path,
			     size_t path_bytes)
{
	enum { PAGE = 4096 };
	size_t first = PAGE - addr % PAGE;

	if (first > path_bytes)
		first = path_bytes;
	if (src->read(src->ctx, addr, path, first) < 0)
		return false;
	if (memchr(path, 0, first))
		return true;
	return src->read(src->ctx, addr + first, path + first, path_bytes - first) == 0 &&
	       memchr(path, 0, path_bytes);
}

/* The name of what the path's fd stands for, if that is a handle. */
static const char *notify_name_link(const struct codec_source *src, uint64_t path_addr)
{
	OWN_FD int fd = -1;
	char path[64];
	int number;

	if (!notify_read_path(src, path_addr, path, sizeof(path)))
		return NULL;
	number = whatfd_number(path, (pid_t)src->self_pid);
	if (number < 0 || src->take_fd(src->ctx, number, &fd) < 0)
		return NULL;
	return whatfd_name(fd);
}

static void notify_readlink(const struct notify_server *server, struct other *other,
			    const struct seccomp_data *data)
{
	const struct codec_source *src = &other->source;
	const __u64 *args = data->args + (data->nr == __NR_readlinkat ? 1 : 0);
	const char *name = notify_name_link(src, args[0]);
	size_t bytes = name ? strlen(name) : 0;

	if (bytes > args[2])
		bytes = args[2];
	if (!name || src->write(src->ctx, args[1], name, bytes) < 0)
		notify_continue(server->listener, other->id);
	else
		notify_answer(server->listener, other->id, (int64_t)bytes, 0, 0);
}

/* ---- pins, which are names that the daemon keeps ---- */

/* A pin of the caller's goes first; whatever else has that name is the kernel's to remove. */
static void notify_unlink(const struct notify_server *server, struct other *other,
			  const struct seccomp_data *data)
{
	const __u64 *args = data->args + (data->nr == __NR_unlinkat ? 1 : 0);
	char path[256]; /* the longest name that a pin may have */

	if (notify_read_path(&other->source, args[0], path, sizeof(path)) &&
	    !strncmp(path, NOTIFY_BPFFS, strlen(NOTIFY_BPFFS)) &&
	    control_unpin(&other->source, -1, path) == 0)
		notify_answer(server->listener, other->id, 0, 0, 0);
	else
		notify_continue(server->listener, other->id);
}

/* ---- perf events that programs write into ---- */

static void notify_perf(const struct notify_server *server, struct other *other,
			const struct seccomp_data *data)
{
	const struct codec_source *src = &other->source;
	struct perf_event_attr attr;
	OWN_FD int fd = -1;

	if (src->read(src->ctx, data->args[0], &attr, PERF_ATTR_SIZE_VER0) == 0)
		fd = perf_open_output(&attr, (pid_t)data->args[1], (int)data->args[2],
				      (int)data->args[3]);
	if (fd >= 0)
		notify_answer_fd(server->listener, other->id, fd);
	else
		notify_continue(server->listener, other->id);
}

static void notify_handle(const struct notify_server *server, const struct seccomp_notif *notif)
{
	struct other other;
	int r;

	r = other_init(&other, server->listener, notif->id, (pid_t)notif->pid);
	if (r == -ESRCH)
		return;
	if (r < 0)
		notify_answer(server->listener, notif->id, 0, r, 0);
	else if (notif->data.nr == __NR_bpf)
		notify_bpf(server, &other, &notif->data);
	else if (notif->data.nr == __NR_perf_event_open)
		notify_perf(server, &other, &notif->data);
	else if (notif->data.nr == __NR_unlinkat || (uint32_t)notif->data.nr == NOTIFY_UNLINK)
		notify_unlink(server, &other, &notif->data);
	else
		notify_readlink(server, &other, &notif->data);
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
