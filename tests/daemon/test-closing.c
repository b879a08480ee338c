/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that make whoever closes them sleep, brought to the daemon in every way in which it
 * takes any. While they are stuck everybody else is served. That they do make a process sleep is
 * tried first.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/library/self.h"
#include "proto/channel.h"
#include "proto/codec.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "tests/daemon/attack.h"
#include "tests/daemon/stuck.h"
#include "tests/lib/holds.h"

#define MALLORY	    65533 /* no rule names him */
#define CLOSING_FDS 2400  /* that a process of the daemon may open */

static const char closing_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"socket_filter\", \"cgroup_skb\"]}, \"helpers\": {\"any_except\": []}},\n"
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\"}}]}\n";

static struct live live;
static struct stuck stuck;

/* ---- what is brought ---- */

enum thing_kind {
	THING_FILE,	   /* of FUSE */
	THING_SOCKET,	   /* that lingers */
	THING_FILE_NESTED, /* in the queue of a Unix socket */
	THING_SOCKET_NESTED,
	THING_CNT
};

struct thing {
	int fd, peer;
};

static void thing_done(struct thing *thing)
{
	own_close_fd(&thing->peer);
	own_close_fd(&thing->fd);
}

static struct thing thing_make(enum thing_kind kind)
{
	struct thing thing = { -1, -1 };

	if (kind == THING_FILE || kind == THING_FILE_NESTED)
		thing.fd = dup(stuck.fd);
	else
		thing.fd = stuck_socket(&thing.peer);
	if (thing.fd >= 0 && (kind == THING_FILE_NESTED || kind == THING_SOCKET_NESTED))
		thing.fd = stuck_nest(thing.fd);
	return thing;
}

/* ---- that it does make somebody sleep ---- */

static _Noreturn void close_as_daemon(enum thing_kind kind, int done)
{
	struct thing thing;

	(void)prctl(PR_SET_NAME, "bpfgate-control");
	thing = thing_make(kind);
	close(thing.fd);
	_exit(write(done, "x", 1) == 1 ? 0 : 1);
}

static bool closing_sleeps(enum thing_kind kind)
{
	struct pollfd ready = { .events = POLLIN };
	int done[2];
	pid_t pid;
	bool ok;

	if (FAILS(pipe(done) < 0))
		return false;
	pid = fork();
	if (pid == 0)
		close_as_daemon(kind, done[1]);
	close(done[1]);
	ready.fd = done[0];
	ok = HOLDS(poll(&ready, 1, 200) == 0);
	stuck_let_go(&stuck);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	stuck_hold(&stuck);
	close(done[0]);
	return HOLDS(ok) && HOLDS(pid > 0);
}

/* A file in a queue is let go of without a FLUSH: that it cannot hurt is not a reason not to try. */
static bool the_control_sleeps(void)
{
	return HOLDS(closing_sleeps(THING_FILE)) && HOLDS(closing_sleeps(THING_SOCKET)) &&
	       HOLDS(closing_sleeps(THING_SOCKET_NESTED));
}

/* ---- how it is brought ---- */

enum { BODY_BYTES = 1 << 18 };

/* A frame around one descriptor. */
struct frame {
	struct wire_head head;
	uint8_t body[4096];
	size_t bytes; /* of the body, inline */
	int fds[2];
	size_t fd_cnt;
};

/* A request that is one, about the descriptor. */
static bool fill_request(struct frame *frame)
{
	OWN_CALL struct codec_call call = CODEC_CALL_INIT;
	struct codec_source source;
	uint32_t info[64] = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)frame->fds[0];
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)info;
	self_init_source(&source);
	if (FAILS(codec_encode_request(&source, BPF_OBJ_GET_INFO_BY_FD, (uintptr_t)&attr,
				       sizeof(attr.info), &call) < 0 ||
		  call.fd_cnt != 1 || call.body_bytes > sizeof(frame->body)))
		return false;
	memcpy(frame->body, call.body, call.body_bytes);
	frame->bytes = call.body_bytes;
	return true;
}

static bool fill_garbage(struct frame *frame)
{
	frame->bytes = 64;
	memset(frame->body, 0xa5, frame->bytes);
	return true;
}

static bool fill_bad_head(struct frame *frame)
{
	frame->head.magic++;
	return HOLDS(fill_request(frame));
}

static bool fill_miscounted(struct frame *frame)
{
	frame->head.fd_cnt = 3;
	return HOLDS(fill_request(frame));
}

static bool fill_object(struct frame *frame)
{
	const struct control control = { .verb = WIRE_VERB_OBJECT, .arg = "x", .arg_bytes = 1 };
	OWN_MEM uint8_t *body = NULL;

	frame->head.type = WIRE_CONTROL;
	if (FAILS(codec_encode_control(&control, &body, &frame->bytes) < 0))
		return false;
	memcpy(frame->body, body, frame->bytes);
	return true;
}

/* The descriptor is where the body should be. */
static bool fill_body_fd(struct frame *frame)
{
	frame->head.flags = WIRE_BODY_MEMFD;
	frame->head.fd_cnt = 0;
	frame->head.body_bytes = BODY_BYTES;
	return true;
}

/* A body that is read of those only whom some rule names. */
static bool fill_large(struct frame *frame)
{
	static uint8_t bytes[BODY_BYTES];

	if (FAILS(channel_seal_bytes(bytes, sizeof(bytes), &frame->fds[1]) < 0))
		return false;
	frame->head.flags = WIRE_BODY_MEMFD;
	frame->head.body_bytes = BODY_BYTES;
	frame->fd_cnt = 2;
	return true;
}

struct way {
	bool (*fill)(struct frame *frame);
	uid_t uid;
	bool unread; /* the client goes before it is read */
};

static bool frame_send(int sock, struct frame *frame)
{
	struct iovec parts[2] = { { &frame->head, sizeof(frame->head) },
				  { frame->body, frame->bytes } };

	return HOLDS(packet_send(sock, parts, 2, frame->fds, frame->fd_cnt, 0) == 0);
}

/* A question before, whose answer is not read yet: nothing after it is read by the daemon either.
 */
static bool ask_first(int sock)
{
	struct frame frame = { .head = { .magic = WIRE_MAGIC,
					 .version = WIRE_VERSION_MAX,
					 .type = WIRE_REQUEST,
					 .id = 1 } };
	struct wire_request body = { .cmd = BPF_MAP_GET_NEXT_ID, .attr_bytes = 12 };

	memcpy(frame.body, &body, sizeof(body));
	frame.head.body_bytes = frame.bytes = sizeof(body);
	return HOLDS(frame_send(sock, &frame));
}

static bool read_answer(int sock)
{
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct pollfd ready = { .fd = sock, .events = POLLIN };

	return HOLDS(scratch) && HOLDS(poll(&ready, 1, 10000) == 1) &&
	       HOLDS(channel_recv(sock, scratch, 0, &msg) >= 0);
}

/* Takes the descriptor: the last copy is the daemon's. */
static bool bring(const struct way *way, int take_fd)
{
	struct frame frame = { .head = { .magic = WIRE_MAGIC,
					 .version = WIRE_VERSION_MAX,
					 .type = WIRE_REQUEST,
					 .id = 2,
					 .fd_cnt = 1 },
			       .fds = { take_fd, -1 },
			       .fd_cnt = 1 };
	struct wire_welcome welcome;
	OWN_FD int sock = -1;
	bool ok;

	ok = HOLDS(way->fill(&frame)) &&
	     HOLDS(channel_connect(getenv("BPFGATE_SOCKET"), 10000, &sock, &welcome) == 0);
	if (!frame.head.body_bytes)
		frame.head.body_bytes = (uint32_t)frame.bytes;
	ok = HOLDS(ok) && HOLDS(ask_first(sock)) && HOLDS(frame_send(sock, &frame));
	own_close_fd(&frame.fds[0]);
	own_close_fd(&frame.fds[1]);
	if (!ok || way->unread)
		return ok;
	(void)read_answer(sock);
	(void)read_answer(sock);
	return true;
}

static bool somebody_sleeps(void *arg)
{
	return HOLDS(*stuck.held_cnt > 0);
}

/* The honest thing: the same question about a map, answered while they are stuck. */
static bool is_served(void)
{
	const struct timespec breath = { .tv_nsec = 20 * 1000 * 1000 };
	bool ok = true;

	for (int i = 0; i < 20 && ok; i++) {
		OWN_FD int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

		ok = HOLDS(map >= 0) && HOLDS(live_id_of(map) > 0);
		(void)nanosleep(&breath, NULL);
	}
	return ok;
}

static bool part_bring_all(void *arg)
{
	const struct way *way = arg;
	struct thing things[THING_CNT];
	bool ok = true;

	for (int i = 0; i < THING_CNT; i++)
		things[i] = (struct thing){ -1, -1 };
	for (int i = 0; i < THING_CNT && ok; i++) {
		things[i] = thing_make(i);
		ok = HOLDS(things[i].fd >= 0) && HOLDS(bring(way, TAKE_FD(things[i].fd)));
	}
	if (!way->unread)
		ok = HOLDS(ok) && HOLDS(live_until(somebody_sleeps, NULL));
	ok = HOLDS(ok) && HOLDS((way->uid != LIVE_ALICE || is_served()));
	for (int i = 0; i < THING_CNT; i++)
		thing_done(&things[i]);
	return ok;
}

static bool part_is_served(void *arg)
{
	return HOLDS(is_served());
}

static bool nobody_waits(const struct way *way)
{
	bool ok;

	stuck_hold(&stuck);
	ok = HOLDS(live_as(way->uid, part_bring_all, (void *)(uintptr_t)way)) &&
	     HOLDS(live_as(LIVE_ALICE, part_is_served, NULL));
	stuck_let_go(&stuck);
	return ok;
}

static bool what_a_request_brings_is_closed_without_waiting(void)
{
	return HOLDS(nobody_waits(&(struct way){ fill_request, LIVE_ALICE, false }));
}

static bool what_garbage_brings_is_closed_without_waiting(void)
{
	return HOLDS(nobody_waits(&(struct way){ fill_garbage, LIVE_ALICE, false }));
}

static bool what_comes_under_a_bad_head_is_closed_without_waiting(void)
{
	return HOLDS(nobody_waits(&(struct way){ fill_bad_head, LIVE_ALICE, false }));
}

static bool what_comes_in_a_number_that_was_not_announced_is_closed_without_waiting(void)
{
	return HOLDS(nobody_waits(&(struct way){ fill_miscounted, LIVE_ALICE, false }));
}

static bool what_is_offered_as_an_object_is_closed_without_waiting(void)
{
	return HOLDS(nobody_waits(&(struct way){ fill_object, LIVE_ALICE, false }));
}

static bool what_comes_as_a_body_is_closed_without_waiting(void)
{
	return HOLDS(nobody_waits(&(struct way){ fill_body_fd, LIVE_ALICE, false }));
}

static bool what_comes_with_a_large_request_of_a_stranger_is_closed_without_waiting(void)
{
	return HOLDS(nobody_waits(&(struct way){ fill_large, MALLORY, false }));
}

static bool what_nobody_has_read_when_its_client_goes_is_closed_without_waiting(void)
{
	return HOLDS(nobody_waits(&(struct way){ fill_request, LIVE_ALICE, true }));
}

/* ---- those who close ---- */

static bool part_bring_some(void *arg)
{
	struct thing thing = thing_make(THING_SOCKET);
	bool ok = thing.fd >= 0 && bring(arg, TAKE_FD(thing.fd));

	thing_done(&thing);
	return ok;
}

/* The broker that was there before is not there any more. */
static bool is_replaced(void *arg)
{
	pid_t broker = live_child(&live, "bpfgate-broker");

	return broker > 0 && broker != *(pid_t *)arg;
}

/* Kills the first closer of this broker, or one that it made. */
static bool kill_closer(pid_t broker, bool first)
{
	struct live its = { .parent = broker };
	pid_t closer = live_child(&its, "bpfgate-closer");

	if (first)
		return closer > 0 && kill(closer, SIGKILL) == 0;
	its.parent = closer;
	return closer > 0 && live_signal(&its, "bpfgate-closer", SIGKILL) > 0;
}

static bool loses_a_closer(bool first)
{
	pid_t broker = live_child(&live, "bpfgate-broker");
	bool ok = live_as(LIVE_ALICE, part_is_served, NULL) &&
		  live_child(&live, "bpfgate-broker") == broker;

	return ok && kill_closer(broker, first) && live_until(is_replaced, &broker) &&
	       live_as(LIVE_ALICE, part_is_served, NULL);
}

/* Whoever closes may be killed for want of memory; what it had in hand would never be closed. */
static bool a_broker_without_closers_is_replaced(void)
{
	const struct way way = { fill_garbage, LIVE_ALICE, false };

	stuck_let_go(&stuck);
	/* So that there is one beside the first. */
	return loses_a_closer(true) &&
	       live_as(LIVE_ALICE, part_bring_some, (void *)(uintptr_t)&way) &&
	       loses_a_closer(false);
}

/* ---- more than fits ---- */

/* A message with as many descriptors as one takes, the last of them the one that sleeps however it
 * is closed. */
static bool bring_many(int sock, int last)
{
	struct wire_head head = { .magic = WIRE_MAGIC,
				  .version = WIRE_VERSION_MAX,
				  .type = WIRE_REQUEST,
				  .fd_cnt = WIRE_FDS_MAX };
	struct iovec part = { &head, sizeof(head) };
	int fds[WIRE_FDS_MAX];

	for (int i = 0; i < WIRE_FDS_MAX - 1; i++)
		fds[i] = stuck.fd;
	fds[WIRE_FDS_MAX - 1] = last;
	return packet_send(sock, &part, 1, fds, WIRE_FDS_MAX, MSG_DONTWAIT) == 0;
}

static bool part_bring_many(void *arg)
{
	struct thing thing = thing_make(THING_SOCKET);
	struct wire_welcome welcome;
	int sock, *done = arg;
	char go;
	bool ok = thing.fd >= 0 &&
		  channel_connect(getenv("BPFGATE_SOCKET"), 10000, &sock, &welcome) == 0 &&
		  ask_first(sock) && bring_many(sock, thing.fd);

	own_close_fd(&thing.fd);
	(void)read_answer(sock);
	/* Until the others have brought theirs. */
	ok = write(done[1], ok ? "y" : "n", 1) == 1 && read(done[1], &go, 1) == 0 && ok;
	thing_done(&thing);
	return ok;
}

/* Each of so many users brings one message that is stuck: together more than the daemon may open.
 */
static bool descriptors_that_find_no_room_are_not_closed_by_the_broker(void)
{
	enum { CROWD = 14, CROWD_UID = 61000 };
	pid_t pids[CROWD];
	int pair[2], status;
	char word;
	bool ok = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0;

	stuck_hold(&stuck);
	for (int i = 0; i < CROWD; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(pair[0]);
			_exit(live_become(CROWD_UID + (uid_t)i) && part_bring_many(pair) ? 0 : 1);
		}
		ok = read(pair[0], &word, 1) == 1 && word == 'y' && ok;
	}
	ok = ok && live_as(LIVE_ALICE, part_is_served, NULL);
	close(pair[1]);
	close(pair[0]);
	stuck_let_go(&stuck);
	for (int i = 0; i < CROWD; i++)
		ok = waitpid(pids[i], &status, 0) == pids[i] && status == 0 && ok;
	return ok;
}

static const struct attack_row tests[] = {
	ATTACK(the_control_sleeps),
	ATTACK(what_a_request_brings_is_closed_without_waiting),
	ATTACK(what_garbage_brings_is_closed_without_waiting),
	ATTACK(what_comes_under_a_bad_head_is_closed_without_waiting),
	ATTACK(what_comes_in_a_number_that_was_not_announced_is_closed_without_waiting),
	ATTACK(what_is_offered_as_an_object_is_closed_without_waiting),
	ATTACK(what_comes_as_a_body_is_closed_without_waiting),
	ATTACK(what_comes_with_a_large_request_of_a_stranger_is_closed_without_waiting),
	ATTACK(what_nobody_has_read_when_its_client_goes_is_closed_without_waiting),
	ATTACK_THAT_STOPS(a_broker_without_closers_is_replaced),
	ATTACK(descriptors_that_find_no_room_are_not_closed_by_the_broker),
};

static const uid_t users[] = { LIVE_ALICE, MALLORY };

int main(int argc, char **argv)
{
	struct attack_plan plan = { .live = &live,
				    .policy = closing_policy,
				    .rows = tests,
				    .row_cnt = ARRAY_CNT(tests),
				    .uids = users,
				    .uid_cnt = ARRAY_CNT(users) };
	/* The daemon has a little more than the least it starts with. */
	const struct rlimit limit = { CLOSING_FDS, CLOSING_FDS };
	int r;

	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (getuid() == 0 && !stuck_start(&stuck, "bpfgate")) {
		printf("skipped: no FUSE can be mounted here\n0 passed, 0 failed, %zu skipped\n",
		       ARRAY_CNT(tests));
		return 77;
	}
	r = attack_main(&plan, argc, argv);
	stuck_done(&stuck);
	return r;
}
