/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp user notification for bpf(2), and for what goes with it: readlink(2) of /proc/self/fd,
 * calls with names of files for pins, perf_event_open(2) and the ioctl(2) that attaches to it, open(2) of files that tell root more. Promises that a call is answered once, and that the kernel
 * is told to go on by itself only with calls that ask no privilege: it reads the arguments again
 * then, and a racing thread may have changed them to anything, which the kernel judges with that
 * process's own (absent) rights; and that the daemon is asked by the thread's own user, in its own
 * network namespace, or not at all.
 */
#include "client/launch/notify.h"

#include "client/launch/become.h"
#include "client/library/call.h"
#include "client/launch/notify_filter.h"
#include "client/launch/notify_pins.h"
#include "client/launch/other.h"
#include "client/shared/out.h"
#include "client/library/perf.h"
#include "client/library/tracefile.h"
#include "client/library/whatfd.h"
#include "proto/own.h"
#include "proto/pinname.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* Calls that wait for the daemon at the same time; loads of one process rarely overlap. */
enum { NOTIFY_THREADS = 4 };

int notify_install(bool handles_in_maps, bool answers_as_root, int *ret_listener)
{
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	fd = notify_filter_set(handles_in_maps, answers_as_root);
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

/* ---- refusals, which are counted by processes that stand in for threads, too ---- */

struct notify_refusals {
	atomic_uint cnt;
	atomic_ullong decision; /* the last one's */
};

/* What the kernel says of a program or a call it says to root as well. */
static bool notify_is_refusal(int r, const struct call_outcome *outcome)
{
	return r < 0 && outcome->decision && strncmp(outcome->reason, "the kernel", 10) != 0;
}

static void notify_count(struct notify_refusals *refusals, int r, const struct call_outcome *outcome)
{
	if (!notify_is_refusal(r, outcome))
		return;
	atomic_fetch_add(&refusals->cnt, 1);
	atomic_store(&refusals->decision, outcome->decision);
}

/* ---- one call ---- */

struct notify_server {
	int listener;
	bool verbose;
	bool has_view;
	struct become_facts self;
	atomic_bool told; /* that a thread could not be stood in for */
	struct notify_refusals *refusals;
};

/* ---- who asks ---- */

typedef void (*notify_job)(const struct notify_server *server, struct other *other,
			   const struct seccomp_data *data);

/* The other process of notify_do_as_thread(): it is the thread, as far as that goes, until it ends.
 */
static _Noreturn void notify_be_thread(const struct notify_server *server, struct other *other,
				       const struct seccomp_data *data, notify_job job, int done)
{
	const char *what = "";
	int r = become_thread(other->tid, &what);

	if (r < 0 && (server->verbose || !server->told))
		fprintf(stderr,
			"bpfgate run: process %u is another user or in another network namespace than its "
			"launcher, which cannot stand in for it (%s: %s): its bpf() calls are refused\n",
			other->source.self_pid, what, strerror(-r));
	/* Who it was is known to be true only while it waits. */
	if (r == 0 && other_is_waiting(other))
		job(server, other, data);
	if (write(done, &r, sizeof(r)) < 0)
		_exit(1);
	_exit(0);
}

/* 0: the call is answered. */
static int notify_do_as_thread(const struct notify_server *server, struct other *other,
			       const struct seccomp_data *data, notify_job job)
{
	int ends[2], r = -EPERM;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	OWN_FD int ours = ends[0];
	OWN_FD int theirs = ends[1];

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		notify_be_thread(server, other, data, job, theirs);
	own_close_fd(&theirs);
	while (read(ours, &r, sizeof(r)) < 0 && errno == EINTR)
		;
	/* Unless the main thread did, which reaps everything. */
	(void)waitpid(pid, NULL, 0);
	return r;
}

/*
 * Does what needs the daemon as the user, in the groups and network namespace of the thread that
 * called. false: that is not possible, nothing was done, and the call is still to be answered.
 */
static bool notify_as_thread(struct notify_server *server, struct other *other,
			     const struct seccomp_data *data, notify_job job)
{
	OWN_BECOME_FACTS struct become_facts thread;
	int r = become_look(other->tid, &thread);

	if (!other_is_waiting(other))
		return true;
	if (r == 0 && become_is_same(&server->self, &thread)) {
		job(server, other, data);
		return true;
	}
	r = notify_do_as_thread(server, other, data, job);
	if (r < 0)
		server->told = true;
	return r == 0;
}

/* ---- bpf() ---- */

static void notify_broker(const struct notify_server *server, struct other *other,
			  const struct seccomp_data *data)
{
	struct call_outcome outcome = { 0 };
	uint32_t cmd = (uint32_t)data->args[0];
	OWN_FD int fd = -1;
	int r;

	r = call_daemon(&other->source, cmd, data->args[1], (uint32_t)data->args[2], &outcome, &fd);
	notify_count(server->refusals, r, &outcome);
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

static void notify_bpf(struct notify_server *server, struct other *other,
		       const struct seccomp_data *data)
{
	const struct cmd_row *row = cmd_row_of((uint32_t)data->args[0]);

	/* A command that nobody here knows, or a known one with flags (7.x) that say more than is
	 * known. */
	if (!row)
		notify_answer(server->listener, other->id, 0, -EINVAL, 0);
	else if (notify_is_local(other, row, data))
		notify_continue(server->listener, other->id);
	else if (!notify_as_thread(server, other, data, notify_broker))
		notify_answer(server->listener, other->id, 0, -EPERM, 0);
}

/* ---- what an fd is: tools read it off /proc/self/fd, where a handle would say "socket" ---- */

static const __u64 *notify_link_args(const struct seccomp_data *data)
{
	return data->args + (data->nr == __NR_readlinkat ? 1 : 0);
}

/* What the path's fd is, if that may be a handle: the caller's, or -1. */
static int notify_take_linked(const struct other *other, const struct seccomp_data *data)
{
	const struct codec_source *src = &other->source;
	OWN_FD int fd = -1;
	char path[64];
	int number;

	if (!other_read_text(&other->source, notify_link_args(data)[0], path, sizeof(path)))
		return -1;
	number = whatfd_number(path, (pid_t)src->self_pid);
	if (number < 0 || src->take_fd(src->ctx, number, &fd) < 0 || !call_maybe_handle(fd))
		return -1;
	return TAKE_FD(fd);
}

static void notify_name_link(const struct notify_server *server, struct other *other,
			     const struct seccomp_data *data)
{
	const struct codec_source *src = &other->source;
	const __u64 *args = notify_link_args(data);
	OWN_FD int fd = notify_take_linked(other, data);
	const char *name = fd < 0 ? NULL : whatfd_name(fd);
	size_t bytes = name ? strlen(name) : 0;

	if (bytes > args[2])
		bytes = args[2];
	if (!name || src->write(src->ctx, args[1], name, bytes) < 0)
		notify_continue(server->listener, other->id);
	else
		notify_answer(server->listener, other->id, (int64_t)bytes, 0, 0);
}

static void notify_readlink(struct notify_server *server, struct other *other,
			    const struct seccomp_data *data)
{
	OWN_FD int fd = notify_take_linked(other, data);

	if (fd < 0 || !notify_as_thread(server, other, data, notify_name_link))
		notify_continue(server->listener, other->id);
}

/* ---- pins, which are names that the daemon keeps ---- */

static void notify_explain_pin(const struct notify_server *server, const struct notify_pins_answer *answer)
{
	if (server->verbose && answer->value < 0)
		notify_explain(cmd_row_of(CMD_PIN_NAME), (int)answer->value, &answer->outcome);
}

static void notify_name(const struct notify_server *server, struct other *other,
			const struct seccomp_data *data)
{
	struct notify_pins_answer answer;

	if (!notify_pins_do(other, data, &answer)) {
		notify_continue(server->listener, other->id);
		return;
	}
	OWN_FD int fd = answer.fd;

	notify_explain_pin(server, &answer);
	if (fd >= 0)
		notify_answer_fd(server->listener, other->id, fd);
	else
		notify_answer(server->listener, other->id, answer.value < 0 ? 0 : answer.value,
			      answer.value < 0 ? (int)answer.value : 0, 0);
}

/* ---- perf events ---- */

static void notify_explain_perf(const struct notify_server *server, int r, const char *why,
				const struct call_outcome *outcome)
{
	if (!server->verbose)
		return;
	if (outcome->reason[0])
		notify_explain(cmd_row_of(CMD_PERF_EVENT_OPEN), r, outcome);
	else if (*why)
		fprintf(stderr, "bpfgate: perf_event_open: the daemon is not asked for %s\n", why);
}

/* What the daemon refuses to open, or does not know, the kernel answers: with the caller's own rights. */
static void notify_open_perf(const struct notify_server *server, struct other *other,
			     const struct seccomp_data *data)
{
	const struct perf_caller caller = { &other->source, other->tid };
	const struct perf_args args = { data->args[0], (pid_t)data->args[1], (int)data->args[2],
					(int)data->args[3], data->args[4] };
	OWN_PERF_REQUEST struct perf_request request = PERF_REQUEST_INIT;
	struct call_outcome outcome = { 0 };
	OWN_FD int fd = -1;
	const char *why;
	int r = perf_describe(&caller, &args, &request, &why);

	if (r == 0 && other_is_waiting(other))
		r = fd = call_bpf(CMD_PERF_EVENT_OPEN, &request.open, sizeof(request.open), &outcome);
	notify_count(server->refusals, r, &outcome);
	if (r < 0)
		notify_explain_perf(server, r, why, &outcome);
	if (fd >= 0)
		notify_answer_fd(server->listener, other->id, fd);
	else if (r == -EOPNOTSUPP || r == -EACCES || r == -EPERM)
		notify_continue(server->listener, other->id);
	else
		notify_answer(server->listener, other->id, 0, r, 0);
}

static void notify_perf(struct notify_server *server, struct other *other,
			const struct seccomp_data *data)
{
	if (!notify_as_thread(server, other, data, notify_open_perf))
		notify_continue(server->listener, other->id);
}

/* The call's two numbers stand in our memory; the files are the caller's. */
static int notify_read_here(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	(void)ctx;
	memcpy(buf, (const void *)(uintptr_t)addr, bytes);
	return 0;
}

static void notify_attach_perf(const struct notify_server *server, struct other *other,
			       const struct seccomp_data *data)
{
	const struct perf_set_bpf set = { (int32_t)data->args[0], (int32_t)data->args[2] };
	struct codec_source source = other->source;
	struct call_outcome outcome = { 0 };
	OWN_FD int fd = -1;
	int r;

	source.read = notify_read_here;
	r = call_daemon(&source, CMD_PERF_EVENT_SET_BPF, (uintptr_t)&set, sizeof(set), &outcome, &fd);
	notify_count(server->refusals, r, &outcome);
	if (r < 0 && server->verbose)
		notify_explain(cmd_row_of(CMD_PERF_EVENT_SET_BPF), r, &outcome);
	notify_answer(server->listener, other->id, 0, r < 0 ? r : 0, 0);
}

static void notify_ioctl(struct notify_server *server, struct other *other, const struct seccomp_data *data)
{
	const struct codec_source *src = &other->source;
	OWN_FD int prog = -1;

	if (src->take_fd(src->ctx, (int)data->args[2], &prog) < 0 || !call_maybe_handle(prog) ||
	    !notify_as_thread(server, other, data, notify_attach_perf))
		notify_continue(server->listener, other->id);
}

/* ---- files of tracefs, which is root's, and /proc/kallsyms ---- */

enum { NOTIFY_TRACE_BYTES = 256 }; /* the longest path of such a file */

static bool notify_opens(const struct seccomp_data *data)
{
	return (uint32_t)data->nr == NOTIFY_OLD(open) || data->nr == __NR_openat;
}

/* Opens for reading, or asks whether it is there. */
static bool notify_reads(const struct seccomp_data *data)
{
	const __u64 *args = data->args + ((uint32_t)data->nr == NOTIFY_OLD(open) ? 0 : 1);

	if (notify_opens(data))
		return !(args[1] & (O_ACCMODE | O_CREAT | O_PATH));
	return (uint32_t)data->nr == NOTIFY_OLD(access) || data->nr == __NR_faccessat || data->nr == __NR_faccessat2;
}

static uint64_t notify_path_arg(const struct seccomp_data *data)
{
	bool old = (uint32_t)data->nr == NOTIFY_OLD(open) || (uint32_t)data->nr == NOTIFY_OLD(access);

	return data->args[old ? 0 : 1];
}

/* As the user, who sees of a file what the caller will. */
static void notify_show_trace(const struct notify_server *server, struct other *other,
			      const struct seccomp_data *data)
{
	char path[NOTIFY_TRACE_BYTES];
	OWN_FD int fd = -1;

	if (other_read_text(&other->source, notify_path_arg(data), path, NOTIFY_TRACE_BYTES))
		fd = tracefile_instead(path, notify_opens(data) && !server->has_view, access(path, R_OK) == 0 ? 0 : -errno);
	if (fd < 0)
		notify_continue(server->listener, other->id);
	else if (notify_opens(data))
		notify_answer_fd(server->listener, other->id, fd);
	else
		notify_answer(server->listener, other->id, 0, 0, 0);
}

static int notify_peek(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	struct iovec here = { buf, bytes }, there = { (void *)(uintptr_t)addr, bytes };

	return process_vm_readv(*(const pid_t *)ctx, &here, 1, &there, 1, 0) == (ssize_t)bytes ? 0 : -EFAULT;
}

/*
 * Most names are of other files: for those nothing more is done than this look, which need not be true of this very
 * thread, since the kernel goes on by itself.
 */
static bool notify_concerns_us(const struct seccomp_notif *notif)
{
	pid_t tid = (pid_t)notif->pid;
	const struct codec_source source = { .ctx = &tid, .read = notify_peek };
	char path[NOTIFY_TRACE_BYTES];

	if (notify_pins_is_meant(&source, tid, &notif->data))
		return true;
	return notify_reads(&notif->data) &&
	       other_read_text(&source, notify_path_arg(&notif->data), path, sizeof(path)) && tracefile_concerns(path);
}

/* A call with a name of a file. */
static void notify_file(struct notify_server *server, struct other *other, const struct seccomp_data *data)
{
	bool pin = notify_pins_is_meant(&other->source, other->tid, data);

	if ((!pin && !notify_reads(data)) ||
	    !notify_as_thread(server, other, data, pin ? notify_name : notify_show_trace))
		notify_continue(server->listener, other->id);
}

/* ---- capabilities, where they are only said ---- */

/* As the kernel's linux/capability.h has them: one struct each 32. Of another process the kernel tells. */
static void notify_capget(const struct notify_server *server, struct other *other, const struct seccomp_data *data)
{
	const struct codec_source *src = &other->source;
	const uint32_t high = (1u << (CAP_LAST_CAP - 31)) - 1;
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct caps[2] = { { UINT32_MAX, UINT32_MAX, 0 }, { high, high, 0 } };
	size_t bytes = sizeof(caps);

	if (!data->args[1] || src->read(src->ctx, data->args[0], &head, sizeof(head)) < 0 || head.pid ||
	    (head.version != _LINUX_CAPABILITY_VERSION_1 && head.version != _LINUX_CAPABILITY_VERSION_2 &&
	     head.version != _LINUX_CAPABILITY_VERSION_3)) {
		notify_continue(server->listener, other->id);
		return;
	}
	if (head.version == _LINUX_CAPABILITY_VERSION_1)
		bytes /= 2;
	if (src->write(src->ctx, data->args[1], caps, bytes) < 0)
		notify_answer(server->listener, other->id, 0, -EFAULT, 0);
	else
		notify_answer(server->listener, other->id, 0, 0, 0);
}

static void notify_handle(struct notify_server *server, const struct seccomp_notif *notif)
{
	struct other other;
	int r;

	if (notify_pins_has_call((uint32_t)notif->data.nr) && !notify_concerns_us(notif)) {
		notify_continue(server->listener, notif->id);
		return;
	}
	r = other_init(&other, server->listener, notif->id, (pid_t)notif->pid);
	if (r == -ESRCH)
		return;
	if (r < 0)
		notify_answer(server->listener, notif->id, 0, r, 0);
	else if (notif->data.nr == __NR_bpf)
		notify_bpf(server, &other, &notif->data);
	else if (notif->data.nr == __NR_perf_event_open)
		notify_perf(server, &other, &notif->data);
	else if (notif->data.nr == __NR_capget)
		notify_capget(server, &other, &notif->data);
	else if (notif->data.nr == __NR_ioctl)
		notify_ioctl(server, &other, &notif->data);
	else if (notif->data.nr == __NR_readlinkat || (uint32_t)notif->data.nr == NOTIFY_OLD(readlink))
		notify_readlink(server, &other, &notif->data);
	else
		notify_file(server, &other, &notif->data);
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

static struct notify_server *notify_new(int listener, bool verbose, bool has_view)
{
	struct notify_server *server = calloc(1, sizeof(*server));
	void *refusals = mmap(NULL, sizeof(*server->refusals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!server || refusals == MAP_FAILED) {
		free(server);
		return NULL;
	}
	*server = (struct notify_server){ .listener = listener, .verbose = verbose, .has_view = has_view, .refusals = refusals };
	return server;
}

static void notify_free(struct notify_server *server)
{
	(void)munmap(server->refusals, sizeof(*server->refusals));
	become_facts_done(&server->self);
	free(server);
}

unsigned int notify_refused(const struct notify_server *server, uint64_t *ret_decision)
{
	*ret_decision = atomic_load(&server->refusals->decision);
	return atomic_load(&server->refusals->cnt);
}

int notify_serve(int listener, bool verbose, bool has_view, struct notify_server **ret_server)
{
	struct notify_server *server = notify_new(listener, verbose, has_view);
	int started = 0, r;

	if (!server)
		return -ENOMEM;
	r = become_look(0, &server->self);
	if (r < 0) {
		notify_free(server);
		return r;
	}
	for (int i = 0; i < NOTIFY_THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, notify_thread, server) == 0) {
			pthread_detach(thread);
			started++;
		}
	}
	if (started) {
		*ret_server = server; /* the threads keep it until the process ends */
		return 0;
	}
	notify_free(server);
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
