/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The children: which privileges each gets, and what happens when one dies. Promises that a zygote and
 * loaders never outlive the broker they were made for, that a program which a loader sent before it died
 * is not lost, and that a child which dies at once is not restarted in a tight loop.
 */
#include "daemon/parent/parent.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/parent/notify.h"
#include "daemon/parent/spawn.h"
#include "proto/own.h"
#include "proto/packet.h"

#define CAP_BIT(cap)	    (1ull << (cap))
/* The judges need no user namespace for them. */
#define JUDGE_NAMESPACES    (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET)
#define LOADER_CAPS	    (CAP_BIT(CAP_BPF) | CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_NET_ADMIN))
#define RESTART_INTERVAL_NS 1000000000ull /* a child that dies sooner than this waits for the rest of it */
#define LOST_NS		    2000000000ull /* what was killed is dead within milliseconds, or sleeps in the kernel */
#define PATH_BYTES	    512

/* Installed, all lie in one directory; in a build tree each lies in its folder's. */
static int family_find_binary(const struct settings *set, const char *name, char *ret_path)
{
	static const char *const folders[] = { "", "daemon/", "worker/" };
	size_t i;

	for (i = 0; i < ARRAY_CNT(folders); i++) {
		int len = snprintf(ret_path, PATH_BYTES, "%s/%s%s", set->libexec, folders[i], name);

		if (len >= 0 && len < PATH_BYTES && access(ret_path, X_OK) == 0)
			return 0;
	}
	fprintf(stderr, "bpfgated: no %s in %s\n", name, set->libexec);
	return -ENOENT;
}

static int family_pair(int *ret_ours, int *ret_theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

static void ward_started(struct ward *ward, pid_t pid, uid_t runs_as)
{
	*ward = (struct ward){ .pid = pid, .runs_as = runs_as, .started_ns = parent_now_ns() };
}

static void ward_restart_later(struct ward *ward)
{
	uint64_t earliest = ward->started_ns + RESTART_INTERVAL_NS, now = parent_now_ns();

	ward->pid = 0;
	ward->lost_at_ns = 0;
	ward->start_at_ns = earliest > now ? earliest : now;
}

/* ---- broker ---------------------------------------------------------------------------------- */

static char **broker_argv(const struct settings *set, bool set_aside)
{
	char **argv = calloc(set->broker_arg_cnt + 3, sizeof(*argv));
	size_t cnt = 0;

	if (!argv)
		return NULL;
	argv[cnt++] = (char *)"bpfgate-broker";
	if (set_aside) /* before what an administrator may have given: positional words may follow */
		argv[cnt++] = (char *)"--ledger-set-aside";
	memcpy(argv + cnt, set->broker_args, set->broker_arg_cnt * sizeof(*argv));
	return argv;
}

/*
 * The namespace in which a socket was made: no pid is involved, so none can be swapped. A loader lives in its
 * client's, or, as the broker does, in that of the listening socket: our own, which the unit gives us, has nothing in it.
 */
static int netns_of(int sock, int *ret_netns)
{
	int netns = ioctl(sock, SIOCGSKNS);

	if (netns < 0)
		return -errno;
	*ret_netns = netns;
	return 0;
}

int family_start_broker(struct parent *parent)
{
	const struct settings *set = parent->set;
	OWN_MEM char **argv = broker_argv(set, parent->ledger.set_aside > 0);
	OWN_FD int ours = -1, theirs = -1, netns = -1;
	char path[PATH_BYTES];
	pid_t pid;
	int r;

	r = argv ? family_find_binary(set, "bpfgate-broker", path) : -ENOMEM;
	if (r == 0)
		r = family_pair(&ours, &theirs);
	if (r == 0)
		r = netns_of(parent->listen_fd, &netns);
	if (r < 0)
		return r;
	r = spawn_run(&(struct spawn){ .path = path, .argv = argv, .uid = set->broker.uid,
				       .gid = set->broker.gid, .netns = netns, .fd_cnt = 3,
				       .fds = { theirs, parent->listen_fd, parent->ledger.fd } },
		      &pid);
	if (r < 0)
		return r;
	ward_started(&parent->broker, pid, set->broker.uid);
	parent->ping_at_ns = parent->broker.started_ns + PING_INTERVAL_NS;
	parent->pong_by_ns = 0;
	return to_broker_open(&parent->to_broker, parent->epoll, TAKE_FD(ours), ask_ready);
}

/* ---- zygote ---------------------------------------------------------------------------------- */

int family_start_zygote(struct parent *parent)
{
	const struct settings *set = parent->set;
	char apart[SPAWN_FLAGS_TEXT];
	char *argv[] = { (char *)"bpfgate-judge", (char *)"--zygote", (char *)"--apart", apart,
			 (char *)(set->spares ? "--spares" : NULL), (char *)set->spares, NULL };
	struct keep_tell tell = { .kind = TELL_ZYGOTE };
	OWN_FD int ours = -1, theirs = -1;
	char path[PATH_BYTES];
	pid_t pid;
	int r;

	r = family_find_binary(set, "bpfgate-judge", path);
	if (r == 0)
		r = family_pair(&ours, &theirs);
	if (r == 0)
		r = spawn_run(&(struct spawn){ .path = path, .argv = argv, .uid = set->judge.uid,
					       .gid = set->judge.gid, .netns = -1,
					       .unshare = JUDGE_NAMESPACES, .unshared = apart,
					       .fd_cnt = 1, .fds = { theirs } },
			      &pid);
	if (r < 0)
		return r;
	ward_started(&parent->zygote, pid, set->judge.uid);
	return to_broker_tell(&parent->to_broker, &tell, TAKE_FD(ours));
}

/* ---- loaders --------------------------------------------------------------------------------- */

struct loader *family_find_loader(struct parent *parent, uint32_t box_id)
{
	size_t i;

	for (i = 0; i < LOADERS_MAX; i++) {
		if (parent->loaders[i].pid && parent->loaders[i].box_id == box_id)
			return &parent->loaders[i];
	}
	return NULL;
}

/* Holds what a loader made, and tells the broker; with a handle when the client gets one. */
static int loader_keep(struct parent *parent, const struct loader *loader, const struct door_keep *msg,
		       int take_fd)
{
	struct keep_tell tell = { .kind = TELL_KEPT, .approval_id = msg->approval_id,
				  .box_id = loader->box_id, .uid = loader->uid,
				  .obj_kind = msg->obj_kind, .obj_id = msg->obj_id };
	struct kept like = { .approval_id = msg->approval_id, .kind = msg->obj_kind,
			     .obj_id = msg->obj_id, .uid = loader->uid, .box_id = loader->box_id };
	OWN_FD int fd = take_fd, client_fd = -1;
	struct handle *handle;
	struct kept *kept;

	if (loader->ended)
		return 0;
	tell.result = keep_add(&parent->keep, TAKE_FD(fd), &like, &kept);
	if (tell.result == 0 && msg->want_handle) {
		tell.result = keep_add_handle(&parent->keep, kept, &handle, &client_fd);
		if (tell.result < 0)
			keep_drop(&parent->keep, kept);
	}
	if (tell.result < 0)
		return to_broker_tell(&parent->to_broker, &tell, -1);
	tell.keep_id = kept->keep_id;
	if (msg->want_handle) { /* what nobody holds yet is handed over at once, and not stored */
		tell.cookie = handle->cookie;
		notify_store_kept(kept);
		notify_store_handle(handle);
	}
	return to_broker_tell(&parent->to_broker, &tell, TAKE_FD(client_fd));
}

/* Reads one message. 1, 0 when there is none (or the loader closed), or -errno: bpfgated ends. */
static int loader_read(struct parent *parent, struct loader *loader)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct door_keep msg;
	int r = packet_recv(loader->keep.fd, &msg, sizeof(msg), &fds, MSG_DONTWAIT);

	if (r == -EAGAIN || r == 0)
		return 0;
	if (r != (int)sizeof(msg) || fds.cnt != 1 || msg.obj_kind < KEEP_PROG || msg.obj_kind > KEEP_BTF) {
		family_kill_loader(loader);
		return 0;
	}
	r = loader_keep(parent, loader, &msg, packet_fds_take(&fds, 0));
	return r < 0 ? r : 1;
}

static int loader_ready(struct parent *parent, struct source *source, uint32_t events)
{
	struct loader *loader = (struct loader *)source; /* embedded first */
	int r;

	do {
		r = loader_read(parent, loader);
	} while (r > 0);
	if (r == 0 && (events & (EPOLLHUP | EPOLLERR)))
		source_close(parent->epoll, source); /* what remains is reaped */
	return r;
}

/* What it is told to be, and with which capabilities. */
static const char *loader_kind(uint32_t flags, uint64_t *ret_caps)
{
	*ret_caps = LOADER_CAPS;
	if (flags & LOADER_LEDGER) {
		*ret_caps |= CAP_BIT(CAP_SYS_ADMIN);
		return "--ledger";
	}
	if (flags & LOADER_UPROBES) {
		*ret_caps = CAP_BIT(CAP_PERFMON) | CAP_BIT(CAP_SYS_ADMIN);
		return "--uprobes";
	}
	return NULL;
}

static int loader_spawn(struct parent *parent, uint32_t flags, int door, int keep, int netns, pid_t *ret_pid)
{
	const struct settings *set = parent->set;
	uint64_t caps;
	char *argv[] = { (char *)"bpfgate-loader", (char *)loader_kind(flags, &caps), NULL };
	char path[PATH_BYTES];
	int r = family_find_binary(set, "bpfgate-loader", path);

	if (r < 0)
		return r;
	return spawn_run(&(struct spawn){ .path = path, .argv = argv, .uid = set->loader.uid,
					  .gid = set->loader.gid,
					  .caps = caps, .netns = netns, .fd_cnt = 2,
					  .fds = { door, keep } },
			 ret_pid);
}

static struct loader *loader_free_slot(struct parent *parent)
{
	size_t i;

	for (i = 0; i < LOADERS_MAX; i++) {
		if (!parent->loaders[i].pid)
			return &parent->loaders[i];
	}
	return NULL;
}

int family_start_loader(struct parent *parent, uint32_t uid, uint32_t flags, int client_fd,
			uint32_t *ret_box_id, int *ret_door)
{
	OWN_FD int netns = -1, door_ours = -1, door_theirs = -1, keep_ours = -1, keep_theirs = -1;
	struct loader *loader = loader_free_slot(parent);
	pid_t pid;
	int r;

	if (!loader)
		return -EMFILE;
	r = netns_of(client_fd >= 0 ? client_fd : parent->listen_fd, &netns);
	if (r == 0)
		r = family_pair(&door_ours, &door_theirs);
	if (r == 0)
		r = family_pair(&keep_ours, &keep_theirs);
	if (r == 0)
		r = loader_spawn(parent, flags, door_theirs, keep_theirs, netns, &pid);
	if (r < 0)
		return r;
	*loader = (struct loader){ .keep.fd = -1, .pid = pid, .uid = uid,
				   .runs_as = parent->set->loader.uid,
				   .box_id = parent->next_box_id++ };
	r = source_add(parent->epoll, &loader->keep, keep_ours, loader_ready, EPOLLIN);
	if (r < 0) {
		family_kill_loader(loader); /* reaped as any other */
		return r;
	}
	(void)TAKE_FD(keep_ours);
	*ret_box_id = loader->box_id;
	*ret_door = TAKE_FD(door_ours);
	return 0;
}

/* ---- death ----------------------------------------------------------------------------------- */

/*
 * As the child's own user: so no capability is needed that would let us kill anybody. Nobody else is what the pid
 * names, for we have not reaped it. The real uid stays ours; without the way back bpfgated could do nothing more.
 */
static void family_kill(pid_t pid, uid_t runs_as, uint64_t *lost_at_ns)
{
	uid_t ours = geteuid();

	if (!pid)
		return;
	if (setresuid((uid_t)-1, runs_as, (uid_t)-1) == 0) {
		(void)kill(pid, SIGKILL);
		if (setresuid((uid_t)-1, ours, (uid_t)-1) < 0)
			abort();
	}
	if (!*lost_at_ns)
		*lost_at_ns = parent_now_ns() + LOST_NS;
}

void family_kill_ward(struct ward *ward)
{
	family_kill(ward->pid, ward->runs_as, &ward->lost_at_ns);
}

void family_kill_loader(struct loader *loader)
{
	family_kill(loader->pid, loader->runs_as, &loader->lost_at_ns);
}

void family_end_generation(struct parent *parent)
{
	size_t i;

	to_broker_close(&parent->to_broker);
	family_kill_ward(&parent->zygote);
	for (i = 0; i < LOADERS_MAX; i++) {
		if (!parent->loaders[i].pid)
			continue;
		parent->loaders[i].ended = true;
		family_kill_loader(&parent->loaders[i]);
	}
}

/* What was kept but not handed over was known to the old broker only. */
static void family_drop_orphans(struct parent *parent)
{
	struct kept *kept, *tmp;

	HASH_ITER (hh, parent->keep.by_id, kept, tmp) {
		if (!kept_is_held(kept)) /* and so never stored */
			keep_drop(&parent->keep, kept);
	}
}

static int broker_gone(struct parent *parent, int wait_status)
{
	/* Whoever is not there answers no ping, and is not killed for it: pid 0 would be all of us. */
	parent->ping_at_ns = parent->pong_by_ns = 0;
	family_end_generation(parent);
	family_drop_orphans(parent);
	if (parent->stop_by_ns) {
		parent->broker.pid = 0;
		parent->broker.lost_at_ns = 0;
		parent->over = true;
		return 0;
	}
	fprintf(stderr, "bpfgated: broker died (status 0x%x)\n", (unsigned int)wait_status);
	ward_restart_later(&parent->broker);
	if (!parent->ready) {
		parent->exit_status = EXIT_FAILURE; /* it said why */
		parent->over = true;
	}
	return 0;
}

static int zygote_gone(struct parent *parent, int wait_status)
{
	if (!parent->stop_by_ns && parent->broker.pid)
		fprintf(stderr, "bpfgated: zygote died (status 0x%x)\n", (unsigned int)wait_status);
	ward_restart_later(&parent->zygote);
	return 0;
}

static int loader_gone(struct parent *parent, struct loader *loader, int wait_status)
{
	struct keep_tell tell = { .kind = TELL_LOADER_GONE, .box_id = loader->box_id, .uid = loader->uid };
	int r = 0;

	tell.result = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) << 8 : WEXITSTATUS(wait_status);
	while (loader->keep.fd >= 0 && parent->to_broker.source.fd >= 0) {
		r = loader_read(parent, loader); /* what it sent before it died */
		if (r <= 0)
			break;
	}
	source_close(parent->epoll, &loader->keep);
	loader->pid = 0;
	return r < 0 ? r : to_broker_tell(&parent->to_broker, &tell, -1);
}

int family_child_gone(struct parent *parent, pid_t pid, int wait_status)
{
	size_t i;

	if (pid == parent->broker.pid)
		return broker_gone(parent, wait_status);
	if (pid == parent->zygote.pid)
		return zygote_gone(parent, wait_status);
	for (i = 0; i < LOADERS_MAX; i++) {
		if (parent->loaders[i].pid == pid)
			return loader_gone(parent, &parent->loaders[i], wait_status);
	}
	return 0;
}

/* Should it die one day, its pid is nobody's here. */
static int family_give_up_one(struct parent *parent, pid_t pid, uint64_t lost_at_ns, uint64_t now)
{
	if (!pid || !lost_at_ns || lost_at_ns > now)
		return 0;
	fprintf(stderr, "bpfgated: child %d does not die; going on without it\n", (int)pid);
	return family_child_gone(parent, pid, SIGKILL);
}

int family_give_up(struct parent *parent, uint64_t now)
{
	int r = family_give_up_one(parent, parent->broker.pid, parent->broker.lost_at_ns, now);

	if (r == 0)
		r = family_give_up_one(parent, parent->zygote.pid, parent->zygote.lost_at_ns, now);
	for (size_t i = 0; i < LOADERS_MAX && r == 0; i++)
		r = family_give_up_one(parent, parent->loaders[i].pid,
				       parent->loaders[i].lost_at_ns, now);
	return r;
}

uint64_t family_give_up_at(const struct parent *parent)
{
	uint64_t at = parent->broker.pid ? parent->broker.lost_at_ns : 0;

	if (parent->zygote.pid && parent->zygote.lost_at_ns && (!at || parent->zygote.lost_at_ns < at))
		at = parent->zygote.lost_at_ns;
	for (size_t i = 0; i < LOADERS_MAX; i++) {
		const struct loader *loader = &parent->loaders[i];

		if (loader->pid && loader->lost_at_ns && (!at || loader->lost_at_ns < at))
			at = loader->lost_at_ns;
	}
	return at;
}
