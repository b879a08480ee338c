/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of bpfgated: one event at a time, so that a callback may free any source. Promises that its
 * children are supervised (a broker that does not answer is killed and replaced) and that nothing here
 * waits for one of them. Reads signals, hang-ups and fixed-size structs, and nothing of a client's.
 */
#include "daemon/parent/parent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/parent/notify.h"
#include "daemon/parent/pinfs.h"
#include "proto/own.h"

#define BROKER_HUNG_NS 10000000000ull /* five pings long: a loaded machine is not a hung broker */
#define REAP_NS	       2000000000ull
#define NEVER	       UINT64_MAX

uint64_t parent_now_ns(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- what is kept ---------------------------------------------------------------------------- */

int parent_drop_kept(struct parent *parent, struct kept *kept, uint64_t cookie)
{
	struct keep_tell tell = { .kind = TELL_GONE, .flags = KEEP_LAST, .keep_id = kept->keep_id,
				  .cookie = cookie, .uid = kept->uid, .obj_kind = kept->kind,
				  .obj_id = kept->obj_id };
	struct handle *handle;

	for (handle = kept->handles; handle; handle = handle->next)
		notify_forget_handle(handle);
	if (kept->pinned)
		pinfs_unpin(&parent->keep, kept);
	notify_forget_kept(kept);
	keep_drop(&parent->keep, kept);
	return to_broker_tell(&parent->to_broker, &tell, -1);
}

int parent_handle_ready(struct parent *parent, struct source *source, uint32_t events)
{
	struct handle *handle = (struct handle *)source; /* embedded first */
	struct kept *kept = handle->of;
	struct keep_tell tell = { .kind = TELL_GONE, .keep_id = kept->keep_id, .cookie = handle->cookie,
				  .uid = kept->uid, .obj_kind = kept->kind, .obj_id = kept->obj_id };

	if (!(events & EPOLLHUP))
		return 0;
	notify_forget_handle(handle);
	if (keep_close_handle(&parent->keep, handle))
		return parent_drop_kept(parent, kept, tell.cookie);
	return to_broker_tell(&parent->to_broker, &tell, -1);
}

/* ---- signals --------------------------------------------------------------------------------- */

static int on_children(struct parent *parent)
{
	int status, r = 0;
	pid_t pid;

	while (r == 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0)
		r = family_child_gone(parent, pid, status);
	return r;
}

static int on_stop(struct parent *parent)
{
	struct keep_tell tell = { .kind = TELL_STOP };

	notify_stopping();
	if (!parent->stop_by_ns)
		parent->stop_by_ns = parent_now_ns() + STOP_TIMEOUT_NS;
	if (!parent->broker.pid)
		parent->over = true;
	return to_broker_tell(&parent->to_broker, &tell, -1);
}

static int on_reload(struct parent *parent)
{
	struct keep_tell tell = { .kind = TELL_RELOAD };

	notify_reloading();
	return to_broker_tell(&parent->to_broker, &tell, -1);
}

static int signals_ready(struct parent *parent, struct source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	if (read(source->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	if (info.ssi_signo == SIGCHLD)
		return on_children(parent);
	if (info.ssi_signo == SIGHUP)
		return on_reload(parent);
	return on_stop(parent);
}

static int parent_catch_signals(struct parent *parent)
{
	OWN_FD int fd = -1;
	sigset_t set;
	int r;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = source_add(parent->epoll, &parent->signals, fd, signals_ready, EPOLLIN);
	if (r == 0)
		(void)TAKE_FD(fd);
	return r;
}

/* ---- time ------------------------------------------------------------------------------------ */

static int ping_broker(struct parent *parent, uint64_t now)
{
	struct keep_tell tell = { .kind = TELL_PING };

	parent->ping_at_ns = 0;
	if (!parent->ready)
		return 0;
	parent->pong_by_ns = now + BROKER_HUNG_NS;
	return to_broker_tell(&parent->to_broker, &tell, -1);
}

static int start_ward(struct ward *ward, int (*start)(struct parent *), struct parent *parent)
{
	int r;

	ward->start_at_ns = 0;
	r = start(parent);
	if (r < 0) {
		fprintf(stderr, "bpfgated: cannot start a child: %s\n", strerrordesc_np(-r));
		ward->start_at_ns = parent_now_ns() + 1000000000u;
	}
	return parent->ready ? 0 : r;
}

static bool is_due(uint64_t at, uint64_t now)
{
	return at && at <= now;
}

static int parent_do_what_is_due(struct parent *parent)
{
	uint64_t now = parent_now_ns();
	int r = 0;

	if (is_due(parent->stop_by_ns, now))
		family_kill_ward(&parent->broker);
	r = family_give_up(parent, now);
	if (r < 0 || parent->stop_by_ns)
		return r;
	if (is_due(parent->pong_by_ns, now)) {
		fprintf(stderr, "bpfgated: the broker does not answer\n");
		parent->pong_by_ns = 0;
		family_kill_ward(&parent->broker);
	}
	if (is_due(parent->broker.start_at_ns, now) && !parent->zygote.pid)
		r = start_ward(&parent->broker, family_start_broker, parent);
	if (r == 0 && is_due(parent->zygote.start_at_ns, now) && parent->broker.pid)
		r = start_ward(&parent->zygote, family_start_zygote, parent);
	if (r == 0 && is_due(parent->ping_at_ns, now) && parent->broker.pid)
		r = ping_broker(parent, now);
	return r;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return b && b < a ? b : a;
}

/* For epoll_wait: milliseconds until something is due, -1 for never. */
static int parent_timeout_ms(const struct parent *parent)
{
	uint64_t now = parent_now_ns(), at = NEVER;

	/* Once due it has been done: then the broker's death is waited for. */
	if (!parent->broker.lost_at_ns)
		at = sooner(at, parent->stop_by_ns);
	at = sooner(at, family_give_up_at(parent));
	if (!parent->stop_by_ns) {
		at = sooner(at, parent->pong_by_ns);
		at = sooner(at, parent->ping_at_ns);
		if (!parent->zygote.pid)
			at = sooner(at, parent->broker.start_at_ns);
		if (parent->broker.pid)
			at = sooner(at, parent->zygote.start_at_ns);
	}
	if (at == NEVER)
		return -1;
	return at <= now ? 0 : (int)((at - now) / 1000000u) + 1;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int parent_step(struct parent *parent)
{
	struct epoll_event event;
	int r = epoll_wait(parent->epoll, &event, 1, parent_timeout_ms(parent));

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r > 0) {
		struct source *source = event.data.ptr;

		r = source->ready(parent, source, event.events);
		if (r < 0)
			return r;
	}
	return parent_do_what_is_due(parent);
}

int parent_run(struct parent *parent)
{
	int r = parent_catch_signals(parent);

	parent->broker.start_at_ns = parent->zygote.start_at_ns = parent_now_ns();
	if (r == 0)
		r = parent_do_what_is_due(parent);
	while (r == 0 && !parent->over)
		r = parent_step(parent);
	return r < 0 ? r : parent->exit_status;
}

/* Their ends are waited for, but not for ever: one may sleep in the kernel. */
static void parent_reap_all(void)
{
	uint64_t until = parent_now_ns() + REAP_NS, now;
	struct timespec left;
	sigset_t set;
	pid_t pid;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		do {
			pid = waitpid(-1, NULL, WNOHANG);
		} while (pid > 0);
		now = parent_now_ns();
		if (pid < 0 || now >= until)
			return;
		left = (struct timespec){ (time_t)((until - now) / 1000000000u),
					  (long)((until - now) % 1000000000u) };
		(void)sigtimedwait(&set, NULL, &left);
	}
}

void parent_done(struct parent *parent)
{
	family_end_generation(parent);
	family_kill_ward(&parent->broker);
	parent_reap_all();
	keep_done(&parent->keep);
	if (parent->socket_is_ours)
		(void)unlink(parent->set->socket_path);
	source_close(parent->epoll, &parent->signals);
	/* Not the listening socket: who was not accepted yet may have sent what lingers, but at the end of a process. */
	ledger_file_done(&parent->ledger);
	own_close_fd(&parent->epoll);
	free(parent->buf);
}
