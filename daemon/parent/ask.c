/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker asks of bpfgated: one row a question. Promises that each is answered once, that a
 * program's descriptor leaves towards its client or a loader only, never towards the broker, and that a
 * broker which sends anything else than a well-formed question is ended.
 */
#include "daemon/parent/parent.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/parent/letgo.h"
#include "daemon/parent/notify.h"
#include "daemon/parent/pinfs.h"
#include "daemon/parent/tracefs.h"
#include "proto/own.h"
#include "proto/packet.h"

#define ANSWER_OF(ask) ((ask) - ASK_LOADER + ANS_LOADER)

/* One question in work: what came, and what goes back. */
struct question {
	const struct keep_ask *ask;
	const uint8_t *behind;		/* ask->bytes of them */
	struct packet_fds *fds;
	struct kept *kept;		/* NEEDS_KEPT: ask->keep_id[0] */
	struct keep_tell answer;
	int answer_fd;			/* owned; -1 */
};

/* Its result becomes the answer's. */
typedef int (*ask_fn)(struct parent *parent, struct question *q);

static int ask_loader(struct parent *parent, struct question *q)
{
	q->answer.uid = q->ask->uid;
	return family_start_loader(parent, q->ask->uid, q->ask->flags,
				   q->fds->cnt ? q->fds->fd[0] : -1, &q->answer.box_id,
				   &q->answer_fd);
}

static int ask_stop_loader(struct parent *parent, struct question *q)
{
	struct loader *loader = family_find_loader(parent, q->ask->box_id);

	if (!loader)
		return -ESRCH;
	family_kill_loader(loader);
	return 0;
}

/*
 * What was accepted at the clients' socket bears its name. Any other could be a way back to the broker, or to a
 * service that believes what root says to it.
 */
static bool is_client(const struct parent *parent, int fd)
{
	struct sockaddr_un ours = { 0 }, theirs = { 0 };
	socklen_t our_len = sizeof(ours), their_len = sizeof(theirs), len = sizeof(int);
	int type = 0;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET &&
	       getsockname(fd, (struct sockaddr *)&theirs, &their_len) == 0 &&
	       getsockname(parent->listen_fd, (struct sockaddr *)&ours, &our_len) == 0 &&
	       our_len > sizeof(ours.sun_family) && our_len == their_len &&
	       memcmp(&ours, &theirs, our_len) == 0;
}

/* fd 0 is the client's socket; the kept object's own fd comes first in the reply, then the others. */
static int ask_hand_over(struct parent *parent, struct question *q)
{
	struct iovec part = { (void *)q->behind, q->ask->bytes };
	int r, client = q->fds->fd[0];

	if (!is_client(parent, client))
		return -EPERM;
	q->fds->fd[0] = q->kept->fd;
	r = packet_send(client, &part, 1, q->fds->fd, q->fds->cnt, MSG_DONTWAIT);
	q->fds->fd[0] = client;
	if (r == 0 && !kept_is_held(q->kept))
		r = parent_drop_kept(parent, q->kept, 0);
	return r;
}

/* Collects what is lent; 0 when any of it is not kept: then nothing is. */
static uint32_t find_lent(struct parent *parent, const struct keep_ask *ask, int *ret_fds)
{
	uint32_t i;

	for (i = 0; i < ask->cnt; i++) {
		const struct kept *kept = keep_find(&parent->keep, ask->keep_id[i]);

		if (!kept)
			return 0;
		ret_fds[i] = kept->fd;
	}
	return ask->cnt;
}

/* The loader waits for it, so it is told also when there is nothing to lend: it refuses the approval. */
static int ask_lend(struct parent *parent, struct question *q)
{
	struct loader *loader = family_find_loader(parent, q->ask->box_id);
	struct door_lent lent = { .approval_id = q->ask->approval_id, .cnt = q->ask->cnt };
	struct iovec part = { &lent, sizeof(lent) };
	int fds[DOOR_LENT_MAX];
	uint32_t found;
	int r;

	if (!loader || loader->keep.fd < 0)
		return -ESRCH;
	found = find_lent(parent, q->ask, fds);
	r = packet_send(loader->keep.fd, &part, 1, fds, found, MSG_DONTWAIT);
	return r < 0 ? r : found ? 0 : -ENOENT;
}

static int ask_handle(struct parent *parent, struct question *q)
{
	struct handle *handle;
	int r = keep_add_handle(&parent->keep, q->kept, &handle, &q->answer_fd);

	if (r < 0)
		return r;
	q->answer.cookie = handle->cookie;
	notify_store_kept(q->kept);
	notify_store_handle(handle);
	return 0;
}

/* A name in the file system is never there without the store saying "pinned". */
static void set_pinned(struct parent *parent, struct kept *kept, uint32_t pinned)
{
	if (!pinned)
		pinfs_unpin(&parent->keep, kept);
	notify_forget_kept(kept); /* its name in the store tells whether it is pinned */
	kept->pinned = pinned;
	notify_store_kept(kept);
	if (pinned)
		pinfs_pin(&parent->keep, kept);
}

static int pin_new(struct parent *parent, struct question *q)
{
	struct kept like = { .kind = q->ask->obj_kind, .obj_id = q->ask->obj_id, .uid = q->ask->uid,
			     .pinned = 1 };
	struct kept *kept;
	int r = keep_add(&parent->keep, packet_fds_take(q->fds, 0), &like, &kept);

	if (r < 0)
		return r;
	q->answer.keep_id = kept->keep_id;
	notify_store_kept(kept);
	pinfs_pin(&parent->keep, kept);
	return 0;
}

static int ask_pin(struct parent *parent, struct question *q)
{
	struct kept *kept = keep_find(&parent->keep, q->ask->keep_id[0]);

	if (!q->ask->keep_id[0])
		return q->fds->cnt ? pin_new(parent, q) : -EBADF;
	if (!kept)
		return -ENOENT;
	if (!kept->pinned)
		set_pinned(parent, kept, 1);
	return 0;
}

static int ask_unpin(struct parent *parent, struct question *q)
{
	if (!q->kept->pinned)
		return -ENOENT;
	set_pinned(parent, q->kept, 0);
	return kept_is_held(q->kept) ? 0 : parent_drop_kept(parent, q->kept, 0);
}

static int ask_drop(struct parent *parent, struct question *q)
{
	return parent_drop_kept(parent, q->kept, 0);
}

static int tell_kept(struct parent *parent, const struct kept *kept, uint64_t cookie)
{
	struct keep_tell tell = { .kind = TELL_KEPT, .approval_id = kept->approval_id,
				  .keep_id = kept->keep_id, .cookie = cookie, .uid = kept->uid,
				  .box_id = kept->box_id, .obj_kind = kept->kind,
				  .obj_id = kept->obj_id };

	return to_broker_tell(&parent->to_broker, &tell, -1);
}

static int ask_list(struct parent *parent, struct question *q)
{
	struct kept *kept, *tmp;
	struct handle *handle;
	int r = 0;

	HASH_ITER (hh, parent->keep.by_id, kept, tmp) {
		if (kept->pinned || !kept->handles)
			r = tell_kept(parent, kept, 0);
		for (handle = kept->handles; r == 0 && handle; handle = handle->next)
			r = tell_kept(parent, kept, handle->cookie);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Text for the service manager: one line, whatever the broker sent. */
static void copy_status(const struct question *q, char *ret_text)
{
	uint32_t i;

	for (i = 0; i < q->ask->bytes; i++)
		ret_text[i] = isprint(q->behind[i]) ? (char)q->behind[i] : ' ';
	ret_text[i] = 0;
}

static int ask_status(struct parent *parent, struct question *q)
{
	char text[KEEP_STATUS_MAX + 1];

	copy_status(q, text);
	notify_status(text);
	return 0;
}

static int ask_ready_now(struct parent *parent, struct question *q)
{
	char text[KEEP_STATUS_MAX + 1];

	copy_status(q, text);
	if (q->ask->result < 0 && !parent->ready) {
		fprintf(stderr, "bpfgated: cannot start: %s\n", text);
		parent->exit_status = 1;
		parent->over = true;
		return 0;
	}
	if (!parent->ready)
		fprintf(stderr, "bpfgated: ready: %s\n", text);
	parent->ready = true;
	parent->ping_at_ns = parent_now_ns() + PING_INTERVAL_NS;
	notify_ready(text);
	return 0;
}

static int ask_reloaded(struct parent *parent, struct question *q)
{
	char text[KEEP_STATUS_MAX + 1];

	copy_status(q, text);
	fprintf(stderr, "bpfgated: reload %s: %s\n", q->ask->result < 0 ? "refused" : "done", text);
	notify_ready(text);
	return 0;
}

static int ask_pong(struct parent *parent, struct question *q)
{
	parent->pong_by_ns = 0;
	parent->ping_at_ns = parent_now_ns() + PING_INTERVAL_NS;
	notify_watchdog();
	return 0;
}

static int ask_trace(struct parent *parent, struct question *q)
{
	int fd = tracefs_open((enum trace_file)q->ask->obj_kind, q->behind, q->ask->bytes);

	(void)parent;
	if (fd < 0)
		return fd;
	q->answer_fd = fd;
	return 0;
}

#define NEEDS_KEPT (1u << 0)
#define NO_ANSWER  (1u << 1)

static const struct ask_row {
	ask_fn fn;
	uint32_t fd_min, fd_max;
	uint32_t bytes_max;
	uint32_t how;
} ask_rows[KEEP_ASK_END] = {
	[ASK_LOADER] = { ask_loader, 0, 1, 0, 0 },
	[ASK_STOP_LOADER] = { ask_stop_loader, 0, 0, 0, 0 },
	[ASK_HAND_OVER] = { ask_hand_over, 1, 8, KEEP_FRAME_MAX, NEEDS_KEPT },
	[ASK_LEND] = { ask_lend, 0, 0, 0, 0 },
	[ASK_HANDLE] = { ask_handle, 0, 0, 0, NEEDS_KEPT },
	[ASK_PIN] = { ask_pin, 0, 1, 0, 0 },
	[ASK_UNPIN] = { ask_unpin, 0, 0, 0, NEEDS_KEPT },
	[ASK_DROP] = { ask_drop, 0, 0, 0, NEEDS_KEPT },
	[ASK_LIST] = { ask_list, 0, 0, 0, 0 },
	[ASK_STATUS] = { ask_status, 0, 0, KEEP_STATUS_MAX, 0 },
	[ASK_READY] = { ask_ready_now, 0, 0, KEEP_STATUS_MAX, 0 },
	[ASK_RELOADED] = { ask_reloaded, 0, 0, KEEP_STATUS_MAX, 0 },
	[ASK_PONG] = { ask_pong, 0, 0, 0, NO_ANSWER },
	[ASK_TRACE] = { ask_trace, 0, 0, TRACE_NAME_MAX, 0 },
};

static const struct ask_row *ask_find_row(const struct keep_ask *ask, size_t bytes, uint32_t fd_cnt)
{
	const struct ask_row *row;

	if (bytes < sizeof(*ask) || ask->kind >= KEEP_ASK_END || !ask_rows[ask->kind].fn)
		return NULL;
	row = &ask_rows[ask->kind];
	if (ask->bytes != bytes - sizeof(*ask) || ask->bytes > row->bytes_max || ask->zero ||
	    ask->cnt > DOOR_LENT_MAX || fd_cnt < row->fd_min || fd_cnt > row->fd_max)
		return NULL;
	return row;
}

static int ask_answer(struct parent *parent, struct packet_fds *fds, size_t bytes)
{
	const struct keep_ask *ask = (const struct keep_ask *)parent->buf;
	const struct ask_row *row = ask_find_row(ask, bytes, fds->cnt);
	struct question q = { .ask = ask, .behind = parent->buf + sizeof(*ask), .fds = fds,
			      .answer_fd = -1 };

	if (!row)
		return -EBADMSG;
	q.answer.kind = ANSWER_OF(ask->kind);
	q.answer.ask_id = ask->ask_id;
	q.answer.keep_id = ask->keep_id[0];
	if (row->how & NEEDS_KEPT)
		q.kept = keep_find(&parent->keep, ask->keep_id[0]);
	q.answer.result = (row->how & NEEDS_KEPT) && !q.kept ? -ENOENT : row->fn(parent, &q);
	/* Before the answer: until then the broker holds a copy, too. */
	letgo_fds(fds);
	if (row->how & NO_ANSWER)
		return 0;
	return to_broker_tell(&parent->to_broker, &q.answer, q.answer_fd);
}

int ask_ready(struct parent *parent, struct source *source, uint32_t events)
{
	OWN_LETGO_FDS struct packet_fds fds = { .cnt = 0 };
	int r = 0;

	if (events & EPOLLOUT)
		r = to_broker_flush(&parent->to_broker);
	if (r < 0 || !(events & (EPOLLIN | EPOLLHUP)))
		return r;
	r = packet_recv(source->fd, parent->buf, PARENT_BUF_BYTES, &fds, MSG_DONTWAIT);
	if (r == -EAGAIN)
		return 0;
	if (r > 0)
		r = ask_answer(parent, &fds, (size_t)r);
	else
		r = r == 0 || r == -ECONNRESET ? -EPIPE : -EBADMSG;
	if (r == -EPIPE || r == -EBADMSG) {
		if (r == -EBADMSG)
			fprintf(stderr, "bpfgated: the broker sent what is not a question\n");
		to_broker_close(&parent->to_broker);
		family_kill_ward(&parent->broker);
		return 0;
	}
	return r;
}
