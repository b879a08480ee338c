/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to the daemon. Promises that a frame never goes to anything but a connection this very
 * process made, as the user and in the network namespace that the calling thread is in now: a forked child has
 * inherited its parent's sockets, threads change who they are, and an application may have closed our fd
 * behind our back and given its number to another file. All are found out before use. What belongs to another identity
 * is closed: it would keep rights that were given up, and a namespace alive that was left. No locks,
 * so no lock can be held across fork().
 */
#include "client/library/conn.h"

#include "client/library/who.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define CONN_DEFAULT_PATH BPFGATE_RUNDIR "/bpfgate.sock"

enum {
	CONN_IDLE_MAX = 4,	      /* more threads than these rarely load programs at once */
	CONN_HANDSHAKE_MS = 10 * 1000, /* a daemon that is starting up takes half a second */
	CONN_AWAKE_NS = 100 * 1000      /* twice what creating a map takes; to be woken from sleep costs 20 of them */
};

struct conn {
	pid_t pid;	 /* who made it */
	struct who who;	 /* as which thread of that process */
	uint64_t cookie; /* of the socket */
	int sock;
	uint64_t last_id;
	uint16_t version;
	struct channel_scratch scratch;
};

/* The only state of the library that outlives a call, beside each thread's last reason. */
static _Atomic(struct conn *) conn_idle[CONN_IDLE_MAX];

const char *conn_path(void)
{
	const char *path = secure_getenv("BPFGATE_SOCKET");

	return path && *path ? path : CONN_DEFAULT_PATH;
}

static uint64_t conn_cookie(int sock)
{
	uint64_t cookie = 0;
	socklen_t bytes = sizeof(cookie);

	if (getsockopt(sock, SOL_SOCKET, SO_COOKIE, &cookie, &bytes) < 0)
		return 0;
	return cookie;
}

void conn_drop(struct conn *conn)
{
	if (!conn)
		return;
	if (conn_cookie(conn->sock) == conn->cookie)
		own_close_fd(&conn->sock);
	free(conn);
}

/* Still our socket, made by us, and the daemon's end is open and silent. */
static bool conn_usable(const struct conn *conn)
{
	char byte;

	if (conn->pid != getpid() || conn_cookie(conn->sock) != conn->cookie)
		return false;
	return recv(conn->sock, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* An exchange takes as long as it takes: a load may queue behind others. */
static int conn_unlimit(int sock)
{
	struct timeval forever = { 0 };

	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever)) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &forever, sizeof(forever)) < 0)
		return -errno;
	return 0;
}

static int conn_new(const struct who *who, struct conn **ret_conn)
{
	struct wire_welcome welcome;
	OWN_FD int sock = -1;
	struct conn *conn;
	int r;

	r = channel_connect(conn_path(), CONN_HANDSHAKE_MS, &sock, &welcome);
	if (r == 0)
		r = conn_unlimit(sock);
	if (r < 0)
		return r;
	conn = calloc(1, sizeof(*conn));
	if (!conn)
		return -ENOMEM;
	conn->pid = getpid();
	conn->who = *who;
	conn->cookie = conn_cookie(sock);
	conn->version = welcome.version;
	conn->sock = TAKE_FD(sock);
	*ret_conn = conn;
	return 0;
}

int conn_take(struct conn **ret_conn)
{
	struct who who;
	int r = who_look(&who);

	if (r < 0)
		return r;
	for (int i = 0; i < CONN_IDLE_MAX; i++) {
		struct conn *conn = atomic_exchange(&conn_idle[i], NULL);

		if (conn && who_is_same(&conn->who, &who) && conn_usable(conn)) {
			*ret_conn = conn;
			return 0;
		}
		conn_drop(conn);
	}
	return conn_new(&who, ret_conn);
}

void conn_give(struct conn *conn)
{
	for (int i = 0; i < CONN_IDLE_MAX && conn; i++) {
		struct conn *none = NULL;

		if (atomic_compare_exchange_strong(&conn_idle[i], &none, conn))
			return;
	}
	conn_drop(conn);
}

static int64_t conn_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/*
 * The answer to a small call is there before a thread that went to sleep for it would run again. So look for
 * a moment first, leaving the CPU to whoever else wants it (the broker, on a machine with one), then sleep.
 */
static int conn_await(struct conn *conn, struct message *ret_msg)
{
	const int64_t until = conn_now_ns() + CONN_AWAKE_NS;
	int r;

	do {
		r = channel_recv(conn->sock, &conn->scratch, MSG_DONTWAIT, ret_msg);
		if (r != -EAGAIN)
			return r;
		sched_yield();
	} while (conn_now_ns() < until);
	return channel_recv(conn->sock, &conn->scratch, 0, ret_msg);
}

uint16_t conn_version(const struct conn *conn)
{
	return conn->version;
}

int conn_exchange(struct conn *conn, enum wire_type type, const void *body, size_t body_bytes,
		  const int *fds, unsigned int fd_cnt, enum wire_type answer_type,
		  struct message *ret_msg)
{
	struct wire_head head = { .version = conn->version, .type = type, .id = ++conn->last_id };
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	int r;

	r = channel_send(conn->sock, &head, body, body_bytes, fds, fd_cnt, 0);
	if (r < 0)
		return r;
	r = conn_await(conn, &msg);
	if (r == 0 || r == -ECONNRESET)
		return -ECONNABORTED;
	if (r < 0)
		return r;
	if (msg.head.type != answer_type || msg.head.id != head.id)
		return -EBADMSG;
	r = channel_load_body(&msg);
	if (r < 0)
		return r;
	*ret_msg = msg;
	msg = MESSAGE_INIT;
	return 0;
}
