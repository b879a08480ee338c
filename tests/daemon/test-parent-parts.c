/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of bpfgated that need no child: what is kept and when it is let go, under which names the
 * service manager holds it, and the clients' socket. Inheriting runs in processes of its own, whose
 * descriptors lie as systemd's.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/parent/confine.h"
#include "daemon/parent/keep.h"
#include "daemon/parent/listen.h"
#include "daemon/parent/notify.h"
#include "daemon/privsep.h"
#include "daemon/parent/tracefs.h"
#include "proto/own.h"
#include "proto/packet.h"

static int nothing_ready(struct parent *parent, struct source *source, uint32_t events)
{
	return 0;
}

/* ---- what is kept ---- */

struct kit {
	struct keep keep;
	int epoll;
};

static void kit_begin(struct kit *kit, uint32_t fd_max)
{
	kit->epoll = epoll_create1(EPOLL_CLOEXEC);
	keep_init(&kit->keep, kit->epoll, nothing_ready, 0);
	kit->keep.fd_max = fd_max;
}

static void kit_end(struct kit *kit)
{
	keep_done(&kit->keep);
	ck_assert_uint_eq(kit->keep.fd_cnt, 0);
	close(kit->epoll);
}

static struct kept *keep_one(struct kit *kit, uint64_t keep_id, uint32_t pinned)
{
	struct kept like = { .keep_id = keep_id,
			     .kind = KEEP_PROG,
			     .obj_id = 9,
			     .uid = 1000,
			     .pinned = pinned },
		    *kept = NULL;

	ck_assert_int_eq(keep_add(&kit->keep, memfd_create("o", MFD_CLOEXEC), &like, &kept), 0);
	return kept;
}

START_TEST(as_many_descriptors_are_kept_as_may_be_open_but_for_the_spare_ones)
{
	struct rlimit was, limit;
	struct keep keep;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = was;
	limit.rlim_cur = 100;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	keep_init(&keep, -1, nothing_ready, 30);
	ck_assert_uint_eq(keep.fd_max, 70);
	keep_init(&keep, -1, nothing_ready, 99);
	ck_assert_uint_eq(keep.fd_max, 1);
	keep_init(&keep, -1, nothing_ready, 100);
	ck_assert_uint_eq(keep.fd_max, 0);
	keep_init(&keep, -1, nothing_ready, 101);
	ck_assert_uint_eq(keep.fd_max, 0);
	ck_assert(keep.next_id == 1 && keep.epoll == -1 && keep.fd_cnt == 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
}
END_TEST

START_TEST(numbers_of_what_is_kept_never_come_again)
{
	struct kept *first, *given, *next;
	struct kit kit;

	kit_begin(&kit, 100);
	first = keep_one(&kit, 0, 1);
	ck_assert_uint_eq(first->keep_id, 1);
	given = keep_one(&kit, 7, 1);
	ck_assert_uint_eq(given->keep_id, 7);
	next = keep_one(&kit, 0, 1);
	ck_assert_uint_eq(next->keep_id, 8);
	ck_assert_uint_eq(keep_one(&kit, 5, 1)->keep_id, 5);
	ck_assert_ptr_eq(keep_find(&kit.keep, 7), given);
	ck_assert_ptr_null(keep_find(&kit.keep, 9));
	keep_drop(&kit.keep, next);
	ck_assert_ptr_null(keep_find(&kit.keep, 8));
	ck_assert_uint_eq(keep_one(&kit, 0, 1)->keep_id, 9);
	ck_assert_uint_eq(kit.keep.fd_cnt, 4);
	kit_end(&kit);
}
END_TEST

START_TEST(an_object_is_held_by_its_handles_and_its_pin)
{
	struct handle *one, *two;
	struct kept *kept;
	struct kit kit;
	struct epoll_event event;
	int client[2], fd;

	kit_begin(&kit, 100);
	kept = keep_one(&kit, 0, 0);
	fd = kept->fd;
	ck_assert(!kept_is_held(kept));
	ck_assert_int_eq(keep_add_handle(&kit.keep, kept, &one, &client[0]), 0);
	ck_assert_int_eq(keep_add_handle(&kit.keep, kept, &two, &client[1]), 0);
	ck_assert(one->cookie != two->cookie && one->of == kept && kit.keep.fd_cnt == 3);
	ck_assert(kept_is_held(kept));
	/* Nothing is read: a client cannot fill it. And when it lets go, that is told. */
	ck_assert(send(client[0], "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE);
	ck_assert_int_eq(epoll_wait(kit.epoll, &event, 1, 0), 0);
	close(client[0]);
	ck_assert_int_eq(epoll_wait(kit.epoll, &event, 1, 1000), 1);
	ck_assert(event.data.ptr == &one->source && (event.events & EPOLLHUP));
	ck_assert(!keep_close_handle(&kit.keep, one));
	ck_assert_uint_eq(kit.keep.fd_cnt, 2);
	kept->pinned = 1;
	ck_assert(!keep_close_handle(&kit.keep, two));
	ck_assert_int_eq(
		keep_restore_handle(&kit.keep, kept, memfd_create("h", MFD_CLOEXEC), 55) < 0, 1);
	ck_assert_uint_eq(kit.keep.fd_cnt, 1);
	kept->pinned = 0;
	close(client[1]);
	ck_assert_int_eq(keep_add_handle(&kit.keep, kept, &one, &client[1]), 0);
	ck_assert(keep_close_handle(&kit.keep, one));
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	keep_drop(&kit.keep, kept);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	close(client[1]);
	kit_end(&kit);
}
END_TEST

/* The handle in the middle of three goes, then the ends. */
START_TEST(handles_go_in_any_order)
{
	struct handle *handle[3];
	struct kept *kept;
	struct kit kit;
	int client[3];

	kit_begin(&kit, 100);
	kept = keep_one(&kit, 0, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(keep_add_handle(&kit.keep, kept, &handle[i], &client[i]), 0);
	ck_assert(!keep_close_handle(&kit.keep, handle[1]));
	ck_assert(!keep_close_handle(&kit.keep, handle[0]));
	ck_assert(kept->handles == handle[2] && !handle[2]->next);
	ck_assert(keep_close_handle(&kit.keep, handle[2]));
	ck_assert_uint_eq(kit.keep.fd_cnt, 1);
	for (int i = 0; i < 3; i++)
		close(client[i]);
	kit_end(&kit);
}
END_TEST

START_TEST(a_full_table_takes_neither_object_nor_handle)
{
	struct kept like = { .kind = KEEP_MAP }, *kept, *more = NULL;
	struct handle *handle;
	struct kit kit;
	int client, fd = memfd_create("more", MFD_CLOEXEC);

	kit_begin(&kit, 2);
	kept = keep_one(&kit, 0, 1);
	ck_assert_int_eq(keep_add_handle(&kit.keep, kept, &handle, &client), 0);
	ck_assert_int_eq(keep_add(&kit.keep, fd, &like, &more), -EMFILE);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	ck_assert_ptr_null(more);
	ck_assert_int_eq(keep_add_handle(&kit.keep, kept, &handle, &(int){ -1 }), -EMFILE);
	ck_assert_int_eq(keep_restore_handle(&kit.keep, kept, memfd_create("h", MFD_CLOEXEC), 3),
			 -EMFILE);
	close(client);
	kit_end(&kit);
}
END_TEST

/* ---- what the service manager is told ---- */

/* A service manager: a datagram socket under an abstract name. */
static int manager_begin(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[60];

	(void)snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "bpfgate-parts-%d", getpid());
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr,
			      (socklen_t)(sizeof(sa_family_t) + 1 + strlen(addr.sun_path + 1))),
			 0);
	(void)snprintf(name, sizeof(name), "@%.50s", addr.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

/* The next message, and how many descriptors came with it; "" when there is none. */
static const char *manager_hears(int fd, unsigned int *ret_fds)
{
	static char text[512];
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	int n = packet_recv(fd, text, sizeof(text) - 1, &fds, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	*ret_fds = fds.cnt;
	return text;
}

#define HEARS(want, want_fds)                                                                      \
	do {                                                                                       \
		unsigned int heard_fds;                                                            \
		const char *text = manager_hears(manager, &heard_fds);                             \
		ck_assert_str_eq(text, want);                                                      \
		ck_assert_uint_eq(heard_fds, (want_fds));                                          \
	} while (0)

START_TEST(what_is_kept_is_stored_under_a_name_that_says_all_of_it)
{
	struct kept kept = { .keep_id = 12,
			     .fd = STDIN_FILENO,
			     .kind = KEEP_LINK,
			     .obj_id = 34,
			     .uid = 56,
			     .pinned = 1 };
	struct handle handle = { .source = { .fd = STDIN_FILENO }, .of = &kept, .cookie = 78 };
	int manager = manager_begin();

	notify_store_kept(&kept);
	ck_assert(kept.stored);
	HEARS("FDSTORE=1\nFDPOLL=0\nFDNAME=kept.12.3.34.56.1", 1);
	notify_store_kept(&kept);
	HEARS("", 0);
	notify_forget_kept(&kept);
	ck_assert(!kept.stored);
	HEARS("FDSTOREREMOVE=1\nFDNAME=kept.12.3.34.56.1", 0);
	notify_forget_kept(&kept);
	HEARS("", 0);
	/* What nobody holds is not stored. */
	kept.pinned = 0;
	notify_store_kept(&kept);
	HEARS("", 0);
	ck_assert(!kept.stored);
	kept.handles = &handle;
	notify_store_kept(&kept);
	HEARS("FDSTORE=1\nFDPOLL=0\nFDNAME=kept.12.3.34.56.0", 1);
	notify_store_handle(&handle);
	HEARS("FDSTORE=1\nFDPOLL=0\nFDNAME=handle.12.78", 1);
	notify_forget_handle(&handle);
	HEARS("FDSTOREREMOVE=1\nFDNAME=handle.12.78", 0);
	close(manager);
}
END_TEST

START_TEST(states_are_told_in_the_service_managers_words)
{
	int manager = manager_begin();
	unsigned int fds;
	struct ledger_file file = { .fd = STDIN_FILENO,
				    .aside = { STDOUT_FILENO, STDERR_FILENO },
				    .aside_cnt = 2 };

	notify_ready("all is well");
	HEARS("READY=1\nSTATUS=all is well", 0);
	notify_status("so so");
	HEARS("STATUS=so so", 0);
	notify_stopping();
	HEARS("STOPPING=1", 0);
	notify_watchdog();
	HEARS("WATCHDOG=1", 0);
	notify_reloading();
	ck_assert_int_eq(strncmp(manager_hears(manager, &fds), "RELOADING=1\nMONOTONIC_USEC=", 27),
			 0);
	notify_store_ledger(&file);
	HEARS("FDSTOREREMOVE=1\nFDNAME=ledger-aside", 0);
	HEARS("FDSTORE=1\nFDPOLL=0\nFDNAME=ledger-aside", 1);
	HEARS("FDSTORE=1\nFDPOLL=0\nFDNAME=ledger-aside", 1);
	HEARS("FDSTOREREMOVE=1\nFDNAME=ledger", 0);
	HEARS("FDSTORE=1\nFDPOLL=0\nFDNAME=ledger", 1);
	close(manager);
	unsetenv("NOTIFY_SOCKET");
	notify_ready("nobody hears");
}
END_TEST

START_TEST(the_watchdogs_time_is_in_nanoseconds)
{
	unsetenv("WATCHDOG_USEC");
	ck_assert_uint_eq(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "2500000", 1);
	ck_assert_uint_eq(notify_watchdog_ns(), 2500000000ull);
	unsetenv("WATCHDOG_USEC");
}
END_TEST

/* ---- what is inherited ---- */

struct given {
	const char *name;
	enum { A_FILE, A_LISTENER, A_STREAM, A_PAIR } what;
};

static int given_fd(int what)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, pair[2];

	if (what == A_FILE)
		return memfd_create("f", 0);
	if (what == A_PAIR)
		return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 ? -1 : pair[0];
	fd = socket(AF_UNIX, what == A_LISTENER ? SOCK_SEQPACKET : SOCK_STREAM, 0);
	return bind(fd, (struct sockaddr *)&addr, sizeof(sa_family_t)) < 0 || listen(fd, 1) < 0
		       ? -1
		       : fd;
}

/* In a process of its own: lays them at 3 and on, inherits, and asks. */
static bool inherit(const struct given *given, int cnt,
		    bool (*ask)(struct keep *keep, const struct inherited *inherited))
{
	struct inherited inherited;
	char names[400] = "", text[20];
	struct keep keep;
	pid_t pid = fork();
	int status = 1;

	if (pid) {
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		return status == 0;
	}
	(void)close_range(3, ~0u, 0);
	for (int i = 0; i < cnt; i++) {
		int fd = given_fd(given[i].what);

		if (dup2(fd, 100 + i) < 0 || close(fd) < 0)
			_exit(2);
		(void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			       i ? ":" : "", given[i].name);
	}
	(void)close_range(3, 99, 0);
	for (int i = 0; i < cnt; i++)
		if (dup2(100 + i, 3 + i) < 0)
			_exit(3);
	(void)close_range(100, ~0u, 0);
	(void)snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	(void)snprintf(text, sizeof(text), "%d", cnt);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	keep_init(&keep, epoll_create1(EPOLL_CLOEXEC), nothing_ready, 0);
	_exit(notify_inherit(&keep, &inherited) == 0 && ask(&keep, &inherited) ? 0 : 1);
}

static bool ask_all(struct keep *keep, const struct inherited *in)
{
	struct kept *pinned = keep_find(keep, 5), *handled = keep_find(keep, 6);

	return in->listen_fd == 3 && in->ledger.fd == 4 && in->ledger.aside_cnt == 1 &&
	       in->ledger.aside[0] == 5 && pinned && pinned->kind == 3 && pinned->obj_id == 40 &&
	       pinned->uid == 1000 && pinned->pinned == 1 && pinned->stored && !pinned->handles &&
	       handled && handled->handles && handled->handles->cookie == 99 &&
	       !handled->handles->next && !keep_find(keep, 7) && keep->next_id == 8 &&
	       keep->fd_cnt == 3;
}

START_TEST(what_was_stored_comes_back)
{
	static const struct given all[] = {
		{ "bpfgate.socket", A_LISTENER }, { "ledger", A_FILE },
		{ "ledger-aside", A_FILE },	  { "handle.6.99", A_PAIR },
		{ "kept.5.3.40.1000.1", A_FILE }, { "kept.6.1.41.1000.0", A_FILE },
		{ "kept.7.1.42.1000.0", A_FILE }, /* nobody holds it */
		{ "handle.77.1", A_PAIR },	  /* of nothing */
		{ "something else", A_FILE },
	};

	ck_assert(inherit(all, ARRAY_CNT(all), ask_all));
}
END_TEST

static bool ask_firsts(struct keep *keep, const struct inherited *in)
{
	/* The second of each is closed. */
	return in->listen_fd == 3 && in->ledger.fd == 5 && fcntl(4, F_GETFD) < 0 &&
	       fcntl(6, F_GETFD) < 0 && keep->fd_cnt == 1 && keep_find(keep, 5)->obj_id == 40 &&
	       fcntl(8, F_GETFD) < 0;
}

START_TEST(of_two_the_first_counts)
{
	static const struct given two[] = { { "a", A_LISTENER },
					    { "b", A_LISTENER },
					    { "ledger", A_FILE },
					    { "ledger", A_FILE },
					    { "kept.5.3.40.1000.1", A_FILE },
					    { "kept.5.3.41.1000.1", A_FILE } };

	ck_assert(inherit(two, ARRAY_CNT(two), ask_firsts));
}
END_TEST

static bool ask_nothing(struct keep *keep, const struct inherited *in)
{
	return in->listen_fd == -1 && in->ledger.fd == -1 && in->ledger.aside_cnt == 0 &&
	       keep->fd_cnt == 0 && fcntl(3, F_GETFD) < 0;
}

START_TEST(a_name_that_says_nothing_is_closed)
{
	static const struct given odd[] = { { "kept.0.3.40.1000.1", A_FILE },
					    { "kept.5.3.40.1000", A_FILE },
					    { "kept.", A_FILE },
					    { "kept", A_FILE },
					    { "handle.", A_PAIR },
					    { "ledgers", A_FILE },
					    { "x", A_STREAM },
					    { "y", A_PAIR },
					    { "z", A_FILE } };

	for (size_t i = 0; i < ARRAY_CNT(odd); i++)
		ck_assert_msg(inherit(&odd[i], 1, ask_nothing), "%s", odd[i].name);
}
END_TEST

/* ---- the socket ---- */

static bool connects(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	OWN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
}

START_TEST(the_socket_has_its_owner_before_it_has_its_name)
{
	char dir[] = "/tmp/bpfgate-parts-XXXXXX", path[120], deep[160];
	struct stat st;
	int fd = -1, second = -1;

	if (getuid() != 0) {
		printf("skipped: giving a socket to a group needs root\n");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/run/sock", dir);
	ck_assert_int_eq(listen_on_path(path, "12345", &fd), 0);
	ck_assert(stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 07777) == 0660 &&
		  st.st_uid == 0 && st.st_gid == 12345);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(connects(path));
	/* A living one is left alone, a dead one replaced. */
	ck_assert_int_eq(listen_on_path(path, "12345", &second), -EADDRINUSE);
	ck_assert(connects(path) && second == -1);
	close(fd);
	ck_assert(!connects(path));
	ck_assert_int_eq(listen_on_path(path, "root", &second), 0);
	ck_assert(connects(path) && stat(path, &st) == 0 && st.st_gid == 0);
	close(second);
	ck_assert_int_eq(listen_on_path(path, "no-such-group-here", &fd), -ESRCH);
	ck_assert_int_eq(listen_on_path(path, "", &fd), -ESRCH);
	ck_assert_int_eq(listen_on_path(path, "5x", &fd), -ESRCH);
	ck_assert_int_eq(listen_on_path(path, "4294967295", &fd), -ESRCH);
	ck_assert_int_eq(listen_on_path(path, "4294967294", &fd), 0);
	close(fd);
	(void)snprintf(deep, sizeof(deep), "%s/none/run/sock", dir);
	ck_assert_int_eq(listen_on_path(deep, "0", &fd), -ENOENT);
	(void)snprintf(deep, sizeof(deep), "%s.new", path);
	ck_assert_int_lt(access(deep, F_OK), 0);
	(void)unlink(path);
	(void)rmdir(dirname(path));
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* What a child of a killed daemon does: it holds the socket for another moment. */
static pid_t hold_for_a_moment(int take_fd)
{
	OWN_FD int fd = take_fd;
	pid_t pid = fork();

	if (pid == 0) {
		(void)poll(NULL, 0, 300);
		_exit(0);
	}
	return pid;
}

/* As the unit runs it: nobody, who may become somebody. 0 when the kernel's files are opened, and only by way of tracefs_open(). */
static int read_tracefs_as_nobody(uint64_t caps)
{
	static const char event[] = "sched/sched_switch";
	OWN_FD int fd = -1;

	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresgid(65534, 65534, 65534) < 0 ||
	    setresuid(65534, 65534, 65534) < 0 || confine_caps(caps, 0) < 0)
		return 2;
	fd = tracefs_open(TRACE_EVENT_ID, (const uint8_t *)event, strlen(event));
	if (open("/sys/kernel/tracing/events/sched/sched_switch/id", O_RDONLY | O_CLOEXEC) >= 0)
		return 3;
	return fd < 0;
}

START_TEST(the_kernels_files_are_read_without_being_root)
{
	static const uint64_t caps[] = { 1ull << CAP_SETUID, 0 };
	int i, status;

	if (getuid() != 0 || access("/sys/kernel/tracing/events/sched/sched_switch/id", R_OK) < 0) {
		printf("skipped: needs root and tracefs\n");
		return;
	}
	for (i = 0; i < 2; i++) { /* the control: who may not become root reads nothing */
		pid_t pid = fork();

		if (pid == 0)
			_exit(read_tracefs_as_nobody(caps[i]));
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, W_EXITCODE(i, 0));
	}
}
END_TEST

START_TEST(the_socket_of_a_daemon_that_is_dying_is_waited_for)
{
	char dir[] = "/tmp/bpfgate-parts-XXXXXX", path[120];
	int fd = -1;
	pid_t pid;

	if (getuid() != 0) {
		printf("skipped: giving a socket to a group needs root\n");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/sock", dir);
	ck_assert_int_eq(listen_on_path(path, "0", &fd), 0);
	pid = hold_for_a_moment(TAKE_FD(fd));
	ck_assert(connects(path));
	ck_assert_int_eq(listen_on_path(path, "0", &fd), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(connects(path));
	close(fd);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_too_long)
{
	char path[120] = "/tmp/";
	int fd;

	memset(path + 5, 'x', 107 - 5 - 4);
	ck_assert_int_eq(listen_on_path(path, "no-such-group-here", &fd), -ESRCH);
	strcat(path, "x");
	ck_assert_int_eq(listen_on_path(path, "no-such-group-here", &fd), -ENAMETOOLONG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/parent-parts");
	TCase *tc = tcase_create("parts");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, as_many_descriptors_are_kept_as_may_be_open_but_for_the_spare_ones);
	tcase_add_test(tc, numbers_of_what_is_kept_never_come_again);
	tcase_add_test(tc, an_object_is_held_by_its_handles_and_its_pin);
	tcase_add_test(tc, handles_go_in_any_order);
	tcase_add_test(tc, a_full_table_takes_neither_object_nor_handle);
	tcase_add_test(tc, what_is_kept_is_stored_under_a_name_that_says_all_of_it);
	tcase_add_test(tc, states_are_told_in_the_service_managers_words);
	tcase_add_test(tc, the_watchdogs_time_is_in_nanoseconds);
	tcase_add_test(tc, what_was_stored_comes_back);
	tcase_add_test(tc, of_two_the_first_counts);
	tcase_add_test(tc, a_name_that_says_nothing_is_closed);
	tcase_add_test(tc, the_socket_has_its_owner_before_it_has_its_name);
	tcase_add_test(tc, the_kernels_files_are_read_without_being_root);
	tcase_add_test(tc, the_socket_of_a_daemon_that_is_dying_is_waited_for);
	tcase_add_test(tc, a_path_that_does_not_fit_is_too_long);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
