/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bpfgated and its loaders promise: what is kept, what survives whose death, what a loader may do, and
 * that nothing is left behind. The test speaks as the broker (rig.h); programs are two instructions long.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/packet.h"
#include "tests/daemon/rig.h"
#include "tests/daemon/stuck.h"
#include "tests/lib/holds.h"
#include "worker/judge.h"

#define BIT(cap)     (1ull << (cap))
#define PAYLOAD_MAX  4096
#define FILTER	     BPF_PROG_TYPE_SOCKET_FILTER

static struct rig rig;

/* A program behind a handle, as a client would hold it. */
struct held {
	struct rig_loader loader;
	uint64_t keep_id, cookie, approval_id;
	uint32_t prog_id;
	int handle;
};

static bool load_kept(struct held *held, enum door_result_fd how)
{
	uint8_t payload[PAYLOAD_MAX];
	struct door_answer answer;
	struct keep_tell tell;
	struct door_ask ask;

	*held = (struct held){ .handle = -1, .loader.door = -1 };
	rig_fill_load(&ask, payload, FILTER, BIT(CAP_BPF), how);
	if (FAILS(!rig_loader_start(&rig, -1, &held->loader) ||
		  !rig_approve(&held->loader, &ask, payload, NULL, 0, &answer) ||
		  answer.result != 0 || !rig_hear(&rig, TELL_KEPT, &tell, &held->handle)))
		return false;
	held->keep_id = tell.keep_id;
	held->cookie = tell.cookie;
	held->approval_id = tell.approval_id;
	held->prog_id = answer.obj_id;
	return HOLDS(tell.approval_id == ask.approval_id) && HOLDS(tell.obj_id == answer.obj_id) &&
	       HOLDS(tell.uid == RIG_CLIENT_UID) && HOLDS(answer.obj_id) &&
	       HOLDS(rig_prog_lives(answer.obj_id));
}

static bool let_go(struct held *held)
{
	bool ok = HOLDS(rig_loader_stop(&rig, &held->loader));

	own_close_fd(&held->handle);
	return HOLDS(ok) && HOLDS(rig_prog_dies(held->prog_id));
}

/* ---- keeping --------------------------------------------------------------------------------- */

static bool a_program_lives_as_long_as_its_handle(void)
{
	struct keep_tell tell;
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE)) && HOLDS(held.handle >= 0);
	OWN_FD int copy = dup(held.handle);

	own_close_fd(&held.handle);
	ok = HOLDS(ok) && HOLDS(rig_loader_stop(&rig, &held.loader)) &&
	     HOLDS(rig_prog_lives(held.prog_id));
	own_close_fd(&copy);
	return HOLDS(ok) && HOLDS(rig_hear(&rig, TELL_GONE, &tell, NULL)) &&
	       HOLDS(tell.keep_id == held.keep_id) && HOLDS(tell.cookie == held.cookie) &&
	       HOLDS(tell.flags & KEEP_LAST) && HOLDS(rig_prog_dies(held.prog_id));
}

static bool a_handle_is_known_by_its_cookie(void)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int domain = 0, type = 0;
	socklen_t int_len = sizeof(int);
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE)) &&
		  HOLDS(getsockopt(held.handle, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0) &&
		  HOLDS(getsockopt(held.handle, SOL_SOCKET, SO_DOMAIN, &domain, &int_len) == 0) &&
		  HOLDS(getsockopt(held.handle, SOL_SOCKET, SO_TYPE, &type, &int_len) == 0);

	ok = HOLDS(ok) && HOLDS(cookie == held.cookie) && HOLDS(domain == AF_UNIX) &&
	     HOLDS(type == SOCK_SEQPACKET);
	return HOLDS(let_go(&held)) && HOLDS(ok);
}

static bool a_client_cannot_fill_a_handle(void)
{
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE)) &&
		  HOLDS(send(held.handle, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) &&
		  HOLDS(errno == EPIPE) && HOLDS(rig_prog_lives(held.prog_id));

	return HOLDS(let_go(&held)) && HOLDS(ok);
}

static bool a_second_handle_holds_alone(void)
{
	struct keep_ask ask = { .kind = ASK_HANDLE };
	struct keep_tell tell, gone;
	OWN_FD int second = -1;
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE));

	ask.keep_id[0] = held.keep_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &ask, NULL, 0, &tell, &second) == 0) &&
	     HOLDS(second >= 0) && HOLDS(tell.cookie != held.cookie);
	own_close_fd(&held.handle);
	ok = HOLDS(ok) && HOLDS(rig_hear(&rig, TELL_GONE, &gone, NULL)) &&
	     HOLDS(!(gone.flags & KEEP_LAST)) && HOLDS(gone.cookie == held.cookie) &&
	     HOLDS(rig_prog_lives(held.prog_id));
	own_close_fd(&second);
	ok = HOLDS(ok) && HOLDS(rig_hear(&rig, TELL_GONE, &gone, NULL)) &&
	     HOLDS(gone.flags & KEEP_LAST) && HOLDS(gone.cookie == tell.cookie);
	return HOLDS(let_go(&held)) && HOLDS(ok);
}

static bool a_pin_holds_without_a_handle(void)
{
	struct keep_ask pin = { .kind = ASK_PIN }, unpin = { .kind = ASK_UNPIN };
	struct keep_tell tell;
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE));

	pin.keep_id[0] = unpin.keep_id[0] = held.keep_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &pin, NULL, 0, NULL, NULL) == 0);
	own_close_fd(&held.handle);
	ok = HOLDS(ok) && HOLDS(rig_hear(&rig, TELL_GONE, &tell, NULL)) &&
	     HOLDS(!(tell.flags & KEEP_LAST)) && HOLDS(rig_prog_lives(held.prog_id)) &&
	     HOLDS(rig_call(&rig, &unpin, NULL, 0, NULL, NULL) == 0);
	return HOLDS(let_go(&held)) && HOLDS(ok);
}

static bool a_dropped_program_hangs_up_its_handle(void)
{
	struct keep_ask drop = { .kind = ASK_DROP };
	struct held held;
	char byte;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE));

	drop.keep_id[0] = held.keep_id;
	ok = HOLDS(ok) && HOLDS(recv(held.handle, &byte, 1, MSG_DONTWAIT) < 0) &&
	     HOLDS(errno == EAGAIN) && HOLDS(rig_call(&rig, &drop, NULL, 0, NULL, NULL) == 0) &&
	     HOLDS(recv(held.handle, &byte, 1, 0) == 0) && HOLDS(rig_prog_dies(held.prog_id)) &&
	     HOLDS(rig_call(&rig, &drop, NULL, 0, NULL, NULL) == -ENOENT);
	return HOLDS(let_go(&held)) && HOLDS(ok);
}

/* A client's two ends: the one that the broker accepted, and its own. */
static bool connect_client(int ends[2])
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	strcpy(at.sun_path, rig.socket);
	ends[1] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (FAILS(ends[1] < 0 || connect(ends[1], (struct sockaddr *)&at, sizeof(at)) < 0))
		return false;
	ends[0] = accept4(rig.listen, NULL, NULL, SOCK_CLOEXEC);
	return HOLDS(ends[0] >= 0);
}

/* What could be the broker's own way to it, or lead to somebody who trusts root, is not a client's socket. */
static bool the_program_fd_goes_to_the_client_only(void)
{
	char frame[] = "a reply frame", got[64] = "";
	struct keep_ask ask = { .kind = ASK_HAND_OVER, .bytes = sizeof(frame) };
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct keep_tell tell;
	struct held held;
	int client[2] = { -1, -1 }, other[2];
	bool ok = HOLDS(load_kept(&held, DOOR_FD_KEEP)) && HOLDS(held.handle < 0) &&
		  HOLDS(connect_client(client)) &&
		  HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, other) == 0);

	ask.keep_id[0] = held.keep_id;
	ok = HOLDS(ok) && HOLDS(rig_ask(&rig, &ask, frame, other, 1)) &&
	     HOLDS(rig_hear(&rig, ANS_HAND_OVER, &tell, NULL)) && HOLDS(tell.result == -EPERM) &&
	     HOLDS(packet_recv(other[1], got, sizeof(got), &fds, MSG_DONTWAIT) == -EAGAIN);
	ok = HOLDS(ok) && HOLDS(rig_ask(&rig, &ask, frame, client, 1)) &&
	     HOLDS(rig_hear(&rig, TELL_GONE, &tell, NULL)) && HOLDS(tell.keep_id == held.keep_id) &&
	     HOLDS(rig_hear(&rig, ANS_HAND_OVER, &tell, NULL)) && HOLDS(tell.result == 0);
	ok = HOLDS(ok) &&
	     HOLDS(packet_recv(client[1], got, sizeof(got), &fds, 0) == (int)sizeof(frame)) &&
	     HOLDS(strcmp(got, frame) == 0) && HOLDS(fds.cnt == 1) &&
	     HOLDS(rig_prog_lives(held.prog_id));
	packet_fds_done(&fds);
	for (int i = 0; i < 2; i++) {
		own_close_fd(&client[i]);
		own_close_fd(&other[i]);
	}
	return HOLDS(let_go(&held)) && HOLDS(ok);
}

/* BPF_PROG_TEST_RUN by a program fd that only bpfgated holds. */
static void fill_test_run(struct door_ask *ask, uint8_t *payload, uint32_t prog_fd, uint32_t repeat)
{
	union bpf_attr attr = { .test = { .prog_fd = prog_fd, .repeat = repeat, .data_size_in = 64 } };

	memset(ask, 0, sizeof(*ask));
	memset(payload, 0, 64);
	memcpy(ask->attr, &attr, sizeof(attr));
	ask->approval_id = (uint64_t)random() << 16 | 2;
	ask->op = DOOR_BPF;
	ask->cmd = BPF_PROG_TEST_RUN;
	ask->caps = BIT(CAP_BPF);
	ask->attr_bytes = sizeof(attr.test);
	ask->payload_bytes = 64;
	ask->ptr_cnt = 1;
	ask->ptr[0] = (struct door_ptr){ offsetof(union bpf_attr, test.data_in), 0, 64, 0 };
	ask->lent_cnt = prog_fd == DOOR_LENT_FIRST;
}

static bool a_kept_program_is_lent_for_one_approval(void)
{
	uint8_t payload[PAYLOAD_MAX];
	struct keep_ask lend = { .kind = ASK_LEND, .cnt = 1 };
	struct door_answer answer, after;
	struct door_ask ask, again;
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE));

	fill_test_run(&ask, payload, DOOR_LENT_FIRST, 1);
	lend.keep_id[0] = held.keep_id;
	lend.box_id = held.loader.box_id;
	lend.approval_id = ask.approval_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &lend, NULL, 0, NULL, NULL) == 0) &&
	     HOLDS(rig_approve(&held.loader, &ask, payload, NULL, 0, &answer)) &&
	     HOLDS(answer.result == 0) && HOLDS(!answer.refused);
	again = ask; /* the same number, not lent again */
	again.lent_cnt = 0;
	again.approval_id++;
	ok = HOLDS(ok) && HOLDS(rig_approve(&held.loader, &again, payload, NULL, 0, &after)) &&
	     HOLDS(after.result == -EBADF);
	return HOLDS(let_go(&held)) && HOLDS(ok);
}

static bool what_is_not_kept_is_not_lent(void)
{
	uint8_t payload[PAYLOAD_MAX];
	struct keep_ask lend = { .kind = ASK_LEND, .cnt = 1, .keep_id = { 123456 } };
	struct door_answer answer;
	struct door_ask ask;
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE));

	fill_test_run(&ask, payload, DOOR_LENT_FIRST, 1);
	lend.box_id = held.loader.box_id;
	lend.approval_id = ask.approval_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &lend, NULL, 0, NULL, NULL) == -ENOENT) &&
	     HOLDS(rig_approve(&held.loader, &ask, payload, NULL, 0, &answer)) &&
	     HOLDS(answer.refused) && HOLDS(answer.result == -ENOENT);
	return HOLDS(let_go(&held)) && HOLDS(ok);
}

/* ---- death ----------------------------------------------------------------------------------- */

static bool kill_broker(void)
{
	(void)kill(rig.broker, SIGKILL);
	return HOLDS(rig_next_broker(&rig)) &&
	       HOLDS(rig_hear(&rig, TELL_ZYGOTE, NULL, &rig.zygote));
}

static bool listed(uint64_t keep_id, uint64_t cookie)
{
	struct keep_ask list = { .kind = ASK_LIST };
	struct keep_tell tell;

	return HOLDS(rig_ask(&rig, &list, NULL, NULL, 0)) &&
	       HOLDS(rig_hear(&rig, TELL_KEPT, &tell, NULL)) && HOLDS(tell.keep_id == keep_id) &&
	       HOLDS(tell.cookie == cookie) && HOLDS(rig_hear(&rig, ANS_LIST, &tell, NULL)) &&
	       HOLDS(tell.ask_id == list.ask_id);
}

static bool a_killed_broker_loses_no_program_and_no_ledger(void)
{
	char text[8] = "";
	struct keep_tell tell;
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE)) &&
		  HOLDS(pwrite(rig.ledger, "ledger", 6, 0) == 6);

	own_close_fd(&held.loader.door);
	ok = HOLDS(ok) && HOLDS(kill_broker()) && HOLDS(rig_prog_lives(held.prog_id)) &&
	     HOLDS(listed(held.keep_id, held.cookie)) &&
	     HOLDS(pread(rig.ledger, text, 6, 0) == 6) && HOLDS(strcmp(text, "ledger") == 0);
	ok = HOLDS(ftruncate(rig.ledger, 0) == 0) && HOLDS(ok);
	own_close_fd(&held.handle);
	return HOLDS(ok) && HOLDS(rig_hear(&rig, TELL_GONE, &tell, NULL)) &&
	       HOLDS(rig_prog_dies(held.prog_id));
}

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/*
 * A connection of which bpfgated gets the last copy, with this descriptor in its queue, goes to it beside a question; bpfgated
 * stands still until then.
 */
static bool pass_last_copy(int take_fd)
{
	struct keep_ask ask = { .kind = ASK_HAND_OVER, .bytes = 1, .keep_id = { UINT64_MAX } };
	struct iovec part = { "x", 1 };
	OWN_FD int fd = take_fd;
	int client[2] = { -1, -1 };
	bool ok = HOLDS(connect_client(client)) &&
		  HOLDS(packet_send(client[1], &part, 1, &fd, 1, 0) == 0);

	ok = HOLDS(ok) && HOLDS(rig_ask(&rig, &ask, "x", client, 1));
	own_close_fd(&client[0]);
	own_close_fd(&client[1]);
	return ok;
}

/* How long the broker, or the next one, waits for its next answer; below 0: for ever. */
static int64_t wait_behind(int take_fd, bool broker_dies)
{
	struct keep_ask list = { .kind = ASK_LIST };
	uint64_t begin;
	bool ok;

	(void)kill(rig.parent, SIGSTOP);
	ok = pass_last_copy(take_fd);
	if (broker_dies) {
		(void)kill(rig.broker, SIGKILL);
		own_close_fd(&rig.channel);
	}
	begin = now_ms();
	(void)kill(rig.parent, SIGCONT);
	if (broker_dies)
		ok = rig_next_broker(&rig) && rig_hear(&rig, TELL_ZYGOTE, NULL, &rig.zygote) && ok;
	ok = rig_call(&rig, &list, NULL, 0, NULL, NULL) == 0 && ok;
	return ok ? (int64_t)(now_ms() - begin) : -1;
}

/* It would linger for ten seconds; a broker is restarted after one. The control waits for nothing. */
static bool waits_for_no_queue(bool broker_dies)
{
	int peer = -1;
	int64_t plain = wait_behind(dup(STDERR_FILENO), broker_dies);
	int64_t stuck = wait_behind(stuck_socket(&peer), broker_dies);
	bool ok = HOLDS(plain >= 0) && HOLDS(plain < 5000) && HOLDS(stuck >= 0) &&
		  HOLDS(stuck < 5000) && HOLDS(peer >= 0);

	if (!ok)
		printf("waited %lld ms, %lld ms without\n", (long long)stuck, (long long)plain);
	own_close_fd(&peer);
	return ok;
}

static bool what_lies_in_a_clients_queue_is_not_waited_for(void)
{
	return HOLDS(waits_for_no_queue(false));
}

static bool nor_when_the_broker_has_died(void)
{
	return HOLDS(waits_for_no_queue(true));
}

static bool what_no_client_got_dies_with_the_broker(void)
{
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_KEEP));

	own_close_fd(&held.loader.door);
	return HOLDS(kill_broker()) && HOLDS(ok) && HOLDS(rig_prog_dies(held.prog_id));
}

/* bpfgated hears of the broker's death first, and then of a program that was meant for it. */
static bool what_a_loader_makes_after_the_brokers_death_is_dropped(void)
{
	uint8_t payload[PAYLOAD_MAX];
	struct rig_loader loader;
	struct door_answer answer = { 0 };
	struct door_ask ask;
	bool ok =
		HOLDS(rig_loader_start(&rig, -1, &loader)) && HOLDS(kill(rig.parent, SIGSTOP) == 0);

	rig_fill_load(&ask, payload, FILTER, BIT(CAP_BPF), DOOR_FD_KEEP);
	ok = HOLDS(ok) && HOLDS(kill(rig.broker, SIGKILL) == 0) &&
	     HOLDS(rig_approve(&loader, &ask, payload, NULL, 0, &answer)) &&
	     HOLDS(answer.result == 0) && HOLDS(rig_prog_lives(answer.obj_id));
	(void)kill(rig.parent, SIGCONT);
	own_close_fd(&loader.door);
	return HOLDS(rig_next_broker(&rig)) &&
	       HOLDS(rig_hear(&rig, TELL_ZYGOTE, NULL, &rig.zygote)) && HOLDS(ok) &&
	       HOLDS(rig_prog_dies(answer.obj_id));
}

static bool a_killed_loader_loses_no_program(void)
{
	struct keep_ask stop = { .kind = ASK_STOP_LOADER };
	struct keep_tell tell;
	struct held held;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE));

	stop.box_id = held.loader.box_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &stop, NULL, 0, NULL, NULL) == 0) &&
	     HOLDS(rig_hear(&rig, TELL_LOADER_GONE, &tell, NULL)) &&
	     HOLDS(tell.box_id == held.loader.box_id) && HOLDS(tell.result == SIGKILL << 8) &&
	     HOLDS(rig_prog_lives(held.prog_id)) &&
	     HOLDS(rig_call(&rig, &stop, NULL, 0, NULL, NULL) == -ESRCH);
	own_close_fd(&held.loader.door);
	own_close_fd(&held.handle);
	return HOLDS(ok) && HOLDS(rig_hear(&rig, TELL_GONE, &tell, NULL)) &&
	       HOLDS(rig_prog_dies(held.prog_id));
}

/* In the kernel for minutes, unless it is killed. */
static bool a_loader_is_killed_in_the_middle_of_a_call(void)
{
	uint8_t payload[PAYLOAD_MAX];
	struct keep_ask lend = { .kind = ASK_LEND, .cnt = 1 }, stop = { .kind = ASK_STOP_LOADER };
	struct keep_tell tell;
	struct door_ask ask;
	struct iovec parts[] = { { &ask, sizeof(ask) }, { payload, 64 } };
	struct held held;
	char byte;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE));

	fill_test_run(&ask, payload, DOOR_LENT_FIRST, UINT32_MAX);
	lend.keep_id[0] = held.keep_id;
	lend.box_id = stop.box_id = held.loader.box_id;
	lend.approval_id = ask.approval_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &lend, NULL, 0, NULL, NULL) == 0) &&
	     HOLDS(packet_send(held.loader.door, parts, 2, NULL, 0, 0) == 0) &&
	     HOLDS(recv(held.loader.door, &byte, 1, MSG_DONTWAIT) < 0) && HOLDS(errno == EAGAIN) &&
	     HOLDS(rig_call(&rig, &stop, NULL, 0, NULL, NULL) == 0) &&
	     HOLDS(rig_hear(&rig, TELL_LOADER_GONE, &tell, NULL)) &&
	     HOLDS(recv(held.loader.door, &byte, 1, 0) <= 0) && HOLDS(rig_prog_lives(held.prog_id));
	own_close_fd(&held.loader.door);
	own_close_fd(&held.handle);
	return HOLDS(ok) && HOLDS(rig_hear(&rig, TELL_GONE, &tell, NULL)) &&
	       HOLDS(rig_prog_dies(held.prog_id));
}

static bool a_killed_zygote_is_replaced(void)
{
	pid_t pid = rig_child(&rig, "bpfgate-judge");
	bool ok;

	own_close_fd(&rig.zygote);
	ok = HOLDS(pid > 0) && HOLDS(kill(pid, SIGKILL) == 0) &&
	     HOLDS(rig_hear(&rig, TELL_ZYGOTE, NULL, &rig.zygote)) &&
	     HOLDS(rig_child(&rig, "bpfgate-judge") != pid);
	return HOLDS(ok) && HOLDS(rig.zygote >= 0);
}

static bool a_broker_that_talks_nonsense_is_replaced(void)
{
	struct keep_ask ask = { .kind = 99 };
	pid_t before = rig.broker;

	return HOLDS(rig_ask(&rig, &ask, NULL, NULL, 0)) && HOLDS(rig_next_broker(&rig)) &&
	       HOLDS(rig.broker != before) && HOLDS(rig_hear(&rig, TELL_ZYGOTE, NULL, &rig.zygote));
}

/* The control is every other test: there pings are answered. */
static bool a_broker_that_does_not_answer_is_replaced(void)
{
	struct held held;
	pid_t before = rig.broker;
	bool ok = HOLDS(load_kept(&held, DOOR_FD_HANDLE));

	own_close_fd(&held.loader.door);
	ok = HOLDS(ok) && HOLDS(rig_next_broker(&rig)) && HOLDS(rig.broker != before) &&
	     HOLDS(rig_hear(&rig, TELL_ZYGOTE, NULL, &rig.zygote)) &&
	     HOLDS(rig_prog_lives(held.prog_id)) && HOLDS(listed(held.keep_id, held.cookie));
	own_close_fd(&held.handle);
	return HOLDS(ok) && HOLDS(rig_prog_dies(held.prog_id));
}

static bool rig_outlives(pid_t pid, int timeout_ms)
{
	OWN_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd end = { .fd = fd, .events = POLLIN };

	return HOLDS(fd >= 0) && HOLDS(poll(&end, 1, timeout_ms) == 0);
}

/* The broker is away when its answer is due: nobody else must die for it. */
static bool a_broker_that_is_away_is_not_killed_with_everybody_else(void)
{
	char cmd[256];
	bool ok = HOLDS(rig_hear(&rig, TELL_PING, NULL, NULL));

	(void)snprintf(cmd, sizeof(cmd), "mv '%s/bpfgate-broker' '%s/away'", rig.dir, rig.dir);
	ok = HOLDS(system(cmd) == 0) && HOLDS(kill(rig.broker, SIGKILL) == 0) && HOLDS(ok);
	ok = HOLDS(rig_outlives(rig.parent, 11000)) &&
	     HOLDS(ok); /* a second more than a broker has for its answer */
	(void)snprintf(cmd, sizeof(cmd), "mv '%s/away' '%s/bpfgate-broker'", rig.dir, rig.dir);
	return HOLDS(system(cmd) == 0) && HOLDS(ok) && HOLDS(rig_next_broker(&rig)) &&
	       HOLDS(rig_hear(&rig, TELL_ZYGOTE, NULL, &rig.zygote));
}

static bool a_question_with_too_many_descriptors_is_nonsense(void)
{
	struct keep_ask ask = { .kind = ASK_LIST };
	int fds[] = { 1, 2 };

	return HOLDS(rig_ask(&rig, &ask, NULL, fds, 2)) && HOLDS(rig_next_broker(&rig)) &&
	       HOLDS(rig_hear(&rig, TELL_ZYGOTE, NULL, &rig.zygote));
}

static bool sighup_reaches_the_broker(void)
{
	return HOLDS(kill(rig.parent, SIGHUP) == 0) &&
	       HOLDS(rig_hear(&rig, TELL_RELOAD, NULL, NULL));
}

/* More words than the channel holds are queued, in order, and lose nothing. */
static bool a_broker_that_reads_slowly_hears_everything(void)
{
	enum { CNT = 600 };
	struct keep_ask ask = { .kind = ASK_DROP, .keep_id = { 999999 } };
	struct iovec part = { &ask, sizeof(ask) };
	struct keep_tell tell;
	int sent, heard = 0;
	bool ok = true;

	for (sent = 0; sent < CNT; sent++) {
		ask.ask_id = (uint64_t)sent;
		if (packet_send(rig.channel, &part, 1, NULL, 0, MSG_DONTWAIT) == 0)
			continue;
		if (FAILS(!rig_hear(&rig, ANS_DROP, &tell, NULL)))
			return false;
		ok = HOLDS(ok) && HOLDS(tell.ask_id == (uint64_t)heard++);
		sent--;
	}
	while (heard < CNT && rig_hear(&rig, ANS_DROP, &tell, NULL))
		ok = HOLDS(ok) && HOLDS(tell.ask_id == (uint64_t)heard++) &&
		     HOLDS(tell.result == -ENOENT);
	return HOLDS(ok) && HOLDS(heard == CNT);
}

/* ---- loaders --------------------------------------------------------------------------------- */

/* r1 = map_fd; *(u64 *)value = r10 would leak a kernel address: refused without CAP_PERFMON. */
static void fill_leak(struct door_ask *ask, uint8_t *payload, uint64_t caps)
{
	static const struct bpf_insn insns[] = {
		{ BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4 },
		{ BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, DOOR_FD_FIRST },
		{ 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem },
		{ BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 1, 0 },
		{ BPF_STX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_10, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr *attr = (union bpf_attr *)ask->attr;

	rig_fill_load(ask, payload, FILTER, caps, DOOR_FD_KEEP);
	memcpy(payload, insns, sizeof(insns));
	memcpy(payload + sizeof(insns), "GPL", 4);
	attr->insn_cnt = ARRAY_CNT(insns);
	ask->payload_bytes = sizeof(insns) + 4;
	ask->ptr[0].bytes = sizeof(insns);
	ask->ptr[1].off = sizeof(insns);
	ask->fd_cnt = 1;
}

static bool make_map(const struct rig_loader *loader, int *ret_fd)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
				.max_entries = 1 };
	struct door_ask ask = { .approval_id = 5, .op = DOOR_BPF, .cmd = BPF_MAP_CREATE,
				.result_fd = DOOR_FD_BROKER, .caps = BIT(CAP_BPF),
				.attr_bytes = sizeof(attr), .obj_kind = KEEP_MAP };
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct iovec part = { &ask, sizeof(ask) };
	struct door_answer answer;

	memcpy(ask.attr, &attr, sizeof(attr));
	if (FAILS(packet_send(loader->door, &part, 1, NULL, 0, 0) < 0 ||
		  packet_recv(loader->door, &answer, sizeof(answer), &fds, 0) !=
			  (int)sizeof(answer) ||
		  answer.result != 0 || !answer.obj_id))
		return false;
	*ret_fd = packet_fds_take(&fds, 0);
	return HOLDS(*ret_fd >= 0);
}

static bool capabilities_are_those_of_the_approval(void)
{
	uint8_t payload[PAYLOAD_MAX];
	struct door_answer leak, leak_perfmon, xdp, xdp_net;
	struct keep_ask drop = { .kind = ASK_DROP };
	struct rig_loader loader;
	struct keep_tell tell;
	OWN_FD int map = -1;
	struct door_ask ask;
	bool ok = HOLDS(rig_loader_start(&rig, -1, &loader)) && HOLDS(make_map(&loader, &map));

	fill_leak(&ask, payload, BIT(CAP_BPF));
	ok = HOLDS(ok) && HOLDS(rig_approve(&loader, &ask, payload, &map, 1, &leak)) &&
	     HOLDS(leak.result == -EACCES);
	fill_leak(&ask, payload, BIT(CAP_BPF) | BIT(CAP_PERFMON));
	ok = HOLDS(ok) && HOLDS(rig_approve(&loader, &ask, payload, &map, 1, &leak_perfmon)) &&
	     HOLDS(leak_perfmon.result == 0) && HOLDS(rig_hear(&rig, TELL_KEPT, &tell, NULL));
	drop.keep_id[0] = tell.keep_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &drop, NULL, 0, NULL, NULL) == 0);
	rig_fill_load(&ask, payload, BPF_PROG_TYPE_XDP, BIT(CAP_BPF), DOOR_FD_KEEP);
	ok = HOLDS(ok) && HOLDS(rig_approve(&loader, &ask, payload, NULL, 0, &xdp)) &&
	     HOLDS(xdp.result == -EPERM);
	rig_fill_load(&ask, payload, BPF_PROG_TYPE_XDP, BIT(CAP_BPF) | BIT(CAP_NET_ADMIN), DOOR_FD_KEEP);
	ok = HOLDS(ok) && HOLDS(rig_approve(&loader, &ask, payload, NULL, 0, &xdp_net)) &&
	     HOLDS(xdp_net.result == 0) && HOLDS(rig_hear(&rig, TELL_KEPT, &tell, NULL));
	drop.keep_id[0] = tell.keep_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &drop, NULL, 0, NULL, NULL) == 0);
	return HOLDS(rig_loader_stop(&rig, &loader)) && HOLDS(ok) &&
	       HOLDS(rig_prog_dies(xdp_net.obj_id));
}

static bool a_capability_outside_the_loader_is_refused(void)
{
	uint8_t payload[PAYLOAD_MAX];
	struct rig_loader loader;
	struct door_answer answer;
	struct door_ask ask;
	bool ok = HOLDS(rig_loader_start(&rig, -1, &loader));

	rig_fill_load(&ask, payload, FILTER, BIT(CAP_BPF) | BIT(CAP_SYS_ADMIN), DOOR_FD_KEEP);
	ok = HOLDS(ok) && HOLDS(rig_approve(&loader, &ask, payload, NULL, 0, &answer)) &&
	     HOLDS(answer.refused) && HOLDS(answer.result == -EPERM);
	return HOLDS(rig_loader_stop(&rig, &loader)) && HOLDS(ok);
}

typedef void (*spoil_fn)(struct door_ask *ask);

/* A program's descriptor is not the broker's to have, nor to be left open in the loader. */
static void spoil_to_broker(struct door_ask *ask)
{
	ask->result_fd = DOOR_FD_BROKER;
}

static void spoil_to_nobody(struct door_ask *ask)
{
	ask->result_fd = DOOR_FD_NONE;
}

static void spoil_nothing(struct door_ask *ask)
{
}
static void spoil_op(struct door_ask *ask)
{
	ask->op = 77;
}
static void spoil_ptr_cnt(struct door_ask *ask)
{
	ask->ptr_cnt = DOOR_PTRS_MAX + 1;
}
static void spoil_attr_bytes(struct door_ask *ask)
{
	ask->attr_bytes = DOOR_ATTR_MAX + 1;
}
static void spoil_payload_bytes(struct door_ask *ask)
{
	ask->payload_bytes++;
}
static void spoil_ptr_off(struct door_ask *ask)
{
	ask->ptr[0].off = UINT32_MAX - 4;
}
static void spoil_ptr_bytes(struct door_ask *ask)
{
	ask->ptr[0].bytes = (uint32_t)ask->payload_bytes + 1;
}
static void spoil_ptr_at(struct door_ask *ask)
{
	ask->ptr[0].at = ask->attr_bytes - 7;
}
static void spoil_out_bytes(struct door_ask *ask)
{
	ask->ptr[0].flags = PTR_OUT;
	ask->ptr[0].bytes = UINT32_MAX;
}
static void spoil_fd_cnt(struct door_ask *ask)
{
	ask->fd_cnt = 1;
}

static bool malformed_approvals_never_reach_the_kernel(void)
{
	static const spoil_fn spoils[] = { spoil_op, spoil_ptr_cnt, spoil_attr_bytes, spoil_ptr_off,
					   spoil_ptr_bytes, spoil_ptr_at, spoil_out_bytes, spoil_fd_cnt,
					   spoil_payload_bytes, spoil_to_broker, spoil_to_nobody,
					   spoil_nothing };
	struct keep_ask drop = { .kind = ASK_DROP };
	uint8_t payload[PAYLOAD_MAX];
	struct rig_loader loader;
	struct keep_tell tell;
	struct door_answer answer;
	struct door_ask ask;
	bool ok = HOLDS(rig_loader_start(&rig, -1, &loader));
	size_t i;

	for (i = 0; ok && i < ARRAY_CNT(spoils); i++) {
		bool control = spoils[i] == spoil_nothing;
		struct iovec parts[] = { { &ask, sizeof(ask) }, { payload, 20 } };

		rig_fill_load(&ask, payload, FILTER, BIT(CAP_BPF), DOOR_FD_KEEP);
		spoils[i](&ask);
		ok = HOLDS(packet_send(loader.door, parts, 2, NULL, 0, 0) == 0);
		OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
		ok = HOLDS(ok) && HOLDS(packet_recv(loader.door, &answer, sizeof(answer), &fds,
						    0) == (int)sizeof(answer));
		ok = HOLDS(ok) && HOLDS(answer.approval_id == ask.approval_id) &&
		     HOLDS(answer.refused == !control) && HOLDS(fds.cnt == 0);
		ok = HOLDS(ok) && HOLDS((!control || rig_hear(&rig, TELL_KEPT, &tell, NULL)));
		if (!ok)
			printf("spoilt approval %zu\n", i);
	}
	drop.keep_id[0] = tell.keep_id;
	ok = HOLDS(ok) && HOLDS(rig_call(&rig, &drop, NULL, 0, NULL, NULL) == 0);
	return HOLDS(rig_loader_stop(&rig, &loader)) && HOLDS(ok);
}

/* The same bytes in a memfd: taken when sealed, refused when they could still change. */
static bool an_unsealed_payload_is_refused(void)
{
	uint8_t payload[PAYLOAD_MAX];
	OWN_FD int fd = memfd_create("payload", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	struct door_answer open_one, sealed, as_fd;
	struct rig_loader loader;
	struct door_ask ask;
	bool ok = HOLDS(rig_loader_start(&rig, -1, &loader));

	rig_fill_load(&ask, payload, FILTER, BIT(CAP_BPF), DOOR_FD_KEEP);
	ask.flags = DOOR_PAYLOAD_FD;
	ask.cmd = 12345; /* the control is refused by the kernel itself: EINVAL */
	ask.result_fd = DOOR_FD_NONE;
	ok = HOLDS(ok) &&
	     HOLDS(write(fd, payload, ask.payload_bytes) == (ssize_t)ask.payload_bytes) &&
	     HOLDS(rig_approve(&loader, &ask, NULL, &fd, 1, &open_one)) &&
	     HOLDS(open_one.refused) &&
	     HOLDS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) == 0) &&
	     HOLDS(rig_approve(&loader, &ask, NULL, &fd, 1, &sealed)) && HOLDS(!sealed.refused) &&
	     HOLDS(sealed.result == -EINVAL);
	/* Only what a command that makes a descriptor returns is taken for one. */
	ask.result_fd = DOOR_FD_BROKER;
	ok = HOLDS(ok) && HOLDS(rig_approve(&loader, &ask, NULL, &fd, 1, &as_fd)) &&
	     HOLDS(as_fd.refused);
	return HOLDS(rig_loader_stop(&rig, &loader)) && HOLDS(ok);
}

static bool a_log_comes_back_and_no_address_does(void)
{
	uint8_t payload[PAYLOAD_MAX];
	struct door_answer answer;
	struct rig_loader loader;
	struct door_ask ask;
	union bpf_attr *attr = (union bpf_attr *)ask.attr, *back = (union bpf_attr *)answer.attr;
	bool ok = HOLDS(rig_loader_start(&rig, -1, &loader));

	rig_fill_load(&ask, payload, FILTER, BIT(CAP_BPF), DOOR_FD_KEEP);
	((struct bpf_insn *)payload)[0].code = BPF_ALU64 | BPF_MOV | BPF_X; /* R0 = R5, which nobody set */
	((struct bpf_insn *)payload)[0].src_reg = BPF_REG_5;
	attr->log_level = 1;
	attr->log_size = 1 << 20;
	ask.ptr_cnt = 3;
	ask.ptr[2] = (struct door_ptr){ offsetof(union bpf_attr, log_buf), 0, 1 << 20, PTR_OUT | PTR_TEXT };
	ok = HOLDS(ok) && HOLDS(rig_approve(&loader, &ask, payload, NULL, 0, &answer)) &&
	     HOLDS(answer.result == -EACCES) && HOLDS(answer.out[2] > 10) &&
	     HOLDS(answer.out[2] == answer.out_bytes) && HOLDS(answer.out_bytes < 4096) &&
	     HOLDS(back->insns == 0) && HOLDS(back->log_buf == 0) && HOLDS(back->license == 0);
	return HOLDS(rig_loader_stop(&rig, &loader)) && HOLDS(ok);
}

/* Ids of one kind into ids[]; how many, or -errno. */
static int take_census(const struct rig_loader *loader, uint32_t kind, uint32_t *ids, uint32_t max)
{
	struct door_ask ask = { .approval_id = 11, .op = DOOR_IDS, .obj_kind = kind, .ptr_cnt = 1,
				.caps = BIT(CAP_BPF) | BIT(CAP_PERFMON), .attr_bytes = 8 };
	OWN_MEM uint8_t *buf = malloc(sizeof(struct door_answer) + DOOR_INLINE_MAX);
	struct door_answer *answer = (struct door_answer *)buf;
	struct iovec part = { &ask, sizeof(ask) };

	ask.ptr[0] = (struct door_ptr){ 0, 0, max * 4, PTR_OUT };
	if (packet_send(loader->door, &part, 1, NULL, 0, 0) < 0 ||
	    packet_recv(loader->door, buf, sizeof(*answer) + DOOR_INLINE_MAX, NULL, 0) < (int)sizeof(*answer))
		return -EPIPE;
	if (answer->result < 0)
		return answer->result;
	memcpy(ids, answer + 1, answer->out_bytes);
	return (int)(answer->out_bytes / 4);
}

static bool in_list(uint32_t id, const uint32_t *ids, int cnt)
{
	while (cnt-- > 0) {
		if (ids[cnt] == id)
			return true;
	}
	return false;
}

/* A program of root's own; the caller closes it. Its id, or 0. */
static uint32_t load_as_root(int *ret_fd)
{
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
				    { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr;
	struct bpf_prog_info info = { 0 };

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	*ret_fd = (int)syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)*ret_fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	return syscall(__NR_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0 ? 0 : info.id;
}

static bool the_census_lists_what_the_kernel_holds(void)
{
	enum { MAX = 16384 };
	OWN_MEM uint32_t *ids = malloc(MAX * sizeof(*ids));
	struct keep_ask ask = { .kind = ASK_LOADER, .flags = LOADER_LEDGER, .uid = UINT32_MAX };
	struct rig_loader counter = { 0, -1 };
	struct keep_tell tell;
	struct held held;
	OWN_FD int root = -1;
	uint32_t roots = load_as_root(&root);
	int cnt;
	bool ok = HOLDS(roots) && HOLDS(load_kept(&held, DOOR_FD_HANDLE)) &&
		  HOLDS(rig_call(&rig, &ask, NULL, 0, &tell, &counter.door) == 0);

	counter.box_id = tell.box_id;
	cnt = ok ? take_census(&counter, KEEP_PROG, ids, MAX) : 0;
	ok = HOLDS(ok) && HOLDS(cnt > 0) && HOLDS(in_list(held.prog_id, ids, cnt)) &&
	     HOLDS(!in_list(0, ids, cnt)) &&
	     HOLDS(take_census(&counter, KEEP_MAP, ids, MAX) >= 0) &&
	     HOLDS(take_census(&counter, KEEP_LINK, ids, MAX) >= 3) &&
	     HOLDS(take_census(&counter, KEEP_PROG, ids, 1) == -ERANGE) &&
	     HOLDS(take_census(&held.loader, KEEP_PROG, ids, MAX) == -ENOSYS);
	/* Of those that the loaders' user made: a client's, and not root's. */
	cnt = ok ? take_census(&counter, IDS_OWN, ids, MAX) : 0;
	ok = HOLDS(ok) && HOLDS(in_list(held.prog_id, ids, cnt)) && HOLDS(!in_list(roots, ids, cnt)) &&
	     HOLDS((cnt = take_census(&counter, KEEP_PROG, ids, MAX)) > 0) && HOLDS(in_list(roots, ids, cnt));
	own_close_fd(&held.handle);
	ok = HOLDS(ok) && HOLDS(rig_prog_dies(held.prog_id));
	cnt = ok ? take_census(&counter, KEEP_PROG, ids, MAX) : 0;
	ok = HOLDS(ok) && HOLDS(cnt > 0) && HOLDS(!in_list(held.prog_id, ids, cnt));
	ok = HOLDS(rig_loader_stop(&rig, &counter)) && HOLDS(ok);
	return HOLDS(let_go(&held)) && HOLDS(ok);
}

static bool netns_of(const struct rig_loader *loader, struct door_netns *ret_view)
{
	struct door_ask ask = { .approval_id = 9, .op = DOOR_NETNS, .attr_bytes = sizeof(*ret_view) };
	struct door_netns in = { .ifindex = 1 };
	struct door_answer answer;

	memcpy(ask.attr, &in, sizeof(in));
	if (FAILS(!rig_approve(loader, &ask, NULL, NULL, 0, &answer) || answer.result != 0))
		return false;
	memcpy(ret_view, answer.attr, sizeof(*ret_view));
	return true;
}

/* A client that made its socket in a namespace of its own. */
static int client_elsewhere(struct stat *ret_ns)
{
	int out[2];
	pid_t pid;
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	char byte;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		struct iovec part = { &byte, 1 };
		int made[2];

		if (unshare(CLONE_NEWNET) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, made) < 0)
			_exit(1);
		made[1] = open("/proc/self/ns/net", O_RDONLY);
		_exit(packet_send(out[1], &part, 1, made, 2, 0) < 0);
	}
	(void)close(out[1]);
	(void)packet_recv(out[0], &byte, 1, &fds, 0);
	(void)waitpid(pid, NULL, 0);
	(void)close(out[0]);
	return fds.cnt == 2 && fstat(fds.fd[1], ret_ns) == 0 ? packet_fds_take(&fds, 0) : -1;
}

static bool a_loader_stands_in_its_clients_network_namespace(void)
{
	struct door_netns host = { 0 }, other = { 0 };
	struct rig_loader here = { 0, -1 }, there = { 0, -1 };
	struct stat ours, theirs;
	OWN_FD int client = client_elsewhere(&theirs);
	bool ok = HOLDS(client >= 0) && HOLDS(stat("/proc/self/ns/net", &ours) == 0) &&
		  HOLDS(rig_loader_start(&rig, -1, &here)) && HOLDS(netns_of(&here, &host)) &&
		  HOLDS(rig_loader_stop(&rig, &here)) &&
		  HOLDS(rig_loader_start(&rig, client, &there)) &&
		  HOLDS(netns_of(&there, &other)) && HOLDS(rig_loader_stop(&rig, &there));

	own_close_fd(&here.door); /* when a step before failed */
	own_close_fd(&there.door);
	return HOLDS(ok) && HOLDS(host.ino == ours.st_ino) && HOLDS(other.ino == theirs.st_ino) &&
	       HOLDS(host.ino != other.ino) && HOLDS(strcmp(host.ifname, "lo") == 0) &&
	       HOLDS(strcmp(other.ifname, "lo") == 0);
}

static uint64_t status_field(pid_t pid, const char *name, int base)
{
	char path[64], line[256];
	uint64_t value = UINT64_MAX;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), NULL, base);
	}
	if (file)
		(void)fclose(file);
	return value;
}

static bool runs_as(pid_t pid, uint64_t uid, uint64_t caps, uint64_t seccomp)
{
	return HOLDS(pid > 0) && HOLDS(status_field(pid, "Uid:", 10) == uid) &&
	       HOLDS(status_field(pid, "CapPrm:", 16) == caps) &&
	       HOLDS(status_field(pid, "CapBnd:", 16) == caps) &&
	       HOLDS(status_field(pid, "CapAmb:", 16) == 0) &&
	       HOLDS(status_field(pid, "NoNewPrivs:", 10) == 1) &&
	       HOLDS(status_field(pid, "Seccomp:", 10) == seccomp);
}

static bool each_child_has_its_own_uid_and_least_capabilities(void)
{
	uint64_t loader_caps = BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_NET_ADMIN);
	struct door_netns view;
	struct rig_loader loader;
	bool ok = HOLDS(rig_loader_start(&rig, -1, &loader)) && HOLDS(netns_of(&loader, &view));
	pid_t pid = rig_child(&rig, "bpfgate-loader");

	ok = HOLDS(ok) && HOLDS(runs_as(pid, RIG_LOADER_UID, loader_caps, 2)) &&
	     HOLDS(status_field(pid, "CapEff:", 16) == 0) &&
	     HOLDS(status_field(pid, "CapInh:", 16) == 0);
	ok = HOLDS(ok) && HOLDS(runs_as(rig.broker, RIG_BROKER_UID, 0,
					0)); /* the puppet has no filter of its own */
	ok = HOLDS(ok) &&
	     HOLDS(status_field(rig_child(&rig, "bpfgate-judge"), "Uid:", 10) == RIG_JUDGE_UID);
	ok = HOLDS(ok) &&
	     HOLDS(status_field(rig.parent, "CapPrm:", 16) ==
		   status_field(rig.parent, "CapBnd:", 16)) &&
	     HOLDS(!(status_field(rig.parent, "CapPrm:", 16) &
		     (BIT(CAP_SYS_MODULE) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_KILL)))) &&
	     HOLDS(status_field(rig.parent, "NoNewPrivs:", 10) == 1);
	return HOLDS(rig_loader_stop(&rig, &loader)) && HOLDS(ok);
}

static bool loaders_are_counted(void)
{
	struct rig_loader loaders[LOADERS_MAX], extra;
	size_t i, cnt = 0;
	bool ok;

	while (cnt < LOADERS_MAX && rig_loader_start(&rig, -1, &loaders[cnt]))
		cnt++;
	ok = HOLDS(cnt == LOADERS_MAX) && HOLDS(!rig_loader_start(&rig, -1, &extra));
	for (i = 0; i < cnt; i++) {
		own_close_fd(&loaders[i].door);
		ok = HOLDS(rig_hear(&rig, TELL_LOADER_GONE, NULL, NULL)) && HOLDS(ok);
	}
	ok = HOLDS(ok) && HOLDS(rig_loader_start(&rig, -1, &extra));
	return HOLDS(ok) && HOLDS(rig_loader_stop(&rig, &extra));
}

static bool the_socket_of_a_living_daemon_is_not_taken(void)
{
	const char *builddir = getenv("builddir") ?: ".";
	char cmd[512];

	(void)snprintf(cmd, sizeof(cmd),
		       "%s/daemon/bpfgated --socket %s --group root --libexec %s --broker-user 1 "
		       "--judge-user 1 --loader-user 1 2>/dev/null", builddir, rig.socket, rig.dir);
	return HOLDS(WEXITSTATUS(system(cmd)) == 1) && HOLDS(access(rig.socket, F_OK) == 0);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static const struct promise {
	const char *name;
	bool (*keep)(void);
} promises[] = {
#define PROMISE(name) { #name, name }
	PROMISE(a_program_lives_as_long_as_its_handle),
	PROMISE(a_handle_is_known_by_its_cookie),
	PROMISE(a_client_cannot_fill_a_handle),
	PROMISE(a_second_handle_holds_alone),
	PROMISE(a_pin_holds_without_a_handle),
	PROMISE(a_dropped_program_hangs_up_its_handle),
	PROMISE(the_program_fd_goes_to_the_client_only),
	PROMISE(a_kept_program_is_lent_for_one_approval),
	PROMISE(what_is_not_kept_is_not_lent),
	PROMISE(a_killed_broker_loses_no_program_and_no_ledger),
	PROMISE(what_lies_in_a_clients_queue_is_not_waited_for),
	PROMISE(nor_when_the_broker_has_died),
	PROMISE(what_no_client_got_dies_with_the_broker),
	PROMISE(what_a_loader_makes_after_the_brokers_death_is_dropped),
	PROMISE(a_killed_loader_loses_no_program),
	PROMISE(a_loader_is_killed_in_the_middle_of_a_call),
	PROMISE(a_killed_zygote_is_replaced),
	PROMISE(a_broker_that_talks_nonsense_is_replaced),
	PROMISE(a_question_with_too_many_descriptors_is_nonsense),
	PROMISE(a_broker_that_does_not_answer_is_replaced),
	PROMISE(a_broker_that_is_away_is_not_killed_with_everybody_else),
	PROMISE(sighup_reaches_the_broker),
	PROMISE(a_broker_that_reads_slowly_hears_everything),
	PROMISE(capabilities_are_those_of_the_approval),
	PROMISE(a_capability_outside_the_loader_is_refused),
	PROMISE(malformed_approvals_never_reach_the_kernel),
	PROMISE(an_unsealed_payload_is_refused),
	PROMISE(a_log_comes_back_and_no_address_does),
	PROMISE(the_census_lists_what_the_kernel_holds),
	PROMISE(a_loader_stands_in_its_clients_network_namespace),
	PROMISE(each_child_has_its_own_uid_and_least_capabilities),
	PROMISE(loaders_are_counted),
	PROMISE(the_socket_of_a_living_daemon_is_not_taken),
};

/* bpfgated closes a moment after it has told; a leak stays. */
static bool fds_return_to(int before)
{
	int tries;

	for (tries = 0; rig_fd_cnt(&rig) != before; tries++) {
		if (FAILS(tries == 1000))
			return false;
		(void)usleep(1000);
	}
	return true;
}

static bool keep(const struct promise *p)
{
	struct keep_ask list = { .kind = ASK_LIST };
	int settled = rig_call(&rig, &list, NULL, 0, NULL, NULL); /* what went before is done */
	int before = rig_fd_cnt(&rig);
	bool kept = settled == 0 && holds_run(p->keep);

	if (kept && !fds_return_to(before)) {
		printf("bpfgated had %d descriptors and now has %d\n", before, rig_fd_cnt(&rig));
		kept = false;
	}
	if (!kept)
		printf("FAILED %s\n", p->name);
	return kept;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid()) {
		printf("SKIP: needs root, as bpfgated does\n");
		return 77;
	}
	if (!rig_start(&rig, getenv("builddir") ?: ".")) {
		printf("FAILED bpfgated does not start\n0 passed, 1 failed\n");
		return EXIT_FAILURE;
	}
	for (i = 0; i < ARRAY_CNT(promises); i++) {
		if (argc == 1 || strcmp(argv[1], promises[i].name) == 0)
			keep(&promises[i]) ? passed++ : failed++;
	}
	if (rig_stop(&rig) != 0 || access(rig.socket, F_OK) == 0) {
		printf("FAILED sigterm_ends_it_with_success_and_without_its_socket\n");
		failed++;
	} else {
		passed++;
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
