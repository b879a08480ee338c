/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One channel to bpfgated, the parent and keeper. Each ask is answered exactly once and found again by
 * its id. The parent is trusted; a message of the wrong size means that we are not talking to it, and
 * the broker stops.
 */
#include "daemon/broker/peers/to_parent.h"

#include <assert.h>
#include <string.h>
#include <uthash.h>

#include "daemon/broker/peers/peer.h"

struct to_parent_waiter {
	uint64_t ask_id;
	to_parent_answer_fn on_answer;
	void *ctx;
	UT_hash_handle hh;
};

struct to_parent {
	struct peer *peer;
	to_parent_told_fn on_told;
	to_parent_gone_fn on_gone;
	void *ctx;
	uint64_t next_id;
	struct to_parent_waiter *waiters;
};

static void to_parent_on_gone(void *ctx, int err)
{
	struct to_parent *to_parent = ctx;

	to_parent->on_gone(to_parent->ctx);
}

static void to_parent_on_answer(struct to_parent *to_parent, const struct keep_tell *tell,
				struct packet_fds *fds)
{
	struct to_parent_waiter *waiter;

	HASH_FIND(hh, to_parent->waiters, &tell->ask_id, sizeof(tell->ask_id), waiter);
	if (!waiter)
		return;
	HASH_DELETE(hh, to_parent->waiters, waiter);
	waiter->on_answer(waiter->ctx, tell, fds);
	free(waiter);
}

static void to_parent_on_message(void *ctx, const uint8_t *bytes, size_t len,
				 struct packet_fds *fds)
{
	struct to_parent *to_parent = ctx;
	struct keep_tell tell;

	if (len != sizeof(tell)) {
		to_parent->on_gone(to_parent->ctx);
		return;
	}
	memcpy(&tell, bytes, sizeof(tell));
	if (tell.ask_id)
		to_parent_on_answer(to_parent, &tell, fds);
	else
		to_parent->on_told(to_parent->ctx, &tell, fds);
}

int to_parent_new(sd_event *event, uint8_t *scratch, int take_fd, to_parent_told_fn on_told,
		  to_parent_gone_fn on_gone, void *ctx, struct to_parent **ret_to_parent)
{
	OWN_FD int fd = take_fd;
	struct to_parent *to_parent = calloc(1, sizeof(*to_parent));
	int r;

	if (!to_parent)
		return -ENOMEM;
	*to_parent = (struct to_parent){
		.on_told = on_told, .on_gone = on_gone, .ctx = ctx, .next_id = 1
	};
	r = peer_new(event, scratch, TAKE_FD(fd), to_parent_on_message, to_parent_on_gone,
		     to_parent, &to_parent->peer);
	if (r < 0) {
		free(to_parent);
		return r;
	}
	*ret_to_parent = to_parent;
	return 0;
}

unsigned int to_parent_free(struct to_parent *to_parent)
{
	struct to_parent_waiter *waiter, *next;
	unsigned int cnt;

	if (!to_parent)
		return 0;
	cnt = HASH_COUNT(to_parent->waiters);
	peer_free(to_parent->peer);
	HASH_ITER (hh, to_parent->waiters, waiter, next) {
		HASH_DELETE(hh, to_parent->waiters, waiter);
		free(waiter);
	}
	free(to_parent);
	return cnt;
}

static int to_parent_add_waiter(struct to_parent *to_parent, uint64_t ask_id,
				to_parent_answer_fn on_answer, void *ctx,
				struct to_parent_waiter **ret_waiter)
{
	struct to_parent_waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return -ENOMEM;
	*waiter = (struct to_parent_waiter){ .ask_id = ask_id, .on_answer = on_answer, .ctx = ctx };
	HASH_ADD(hh, to_parent->waiters, ask_id, sizeof(waiter->ask_id), waiter);
	*ret_waiter = waiter;
	return 0;
}

int to_parent_ask(struct to_parent *to_parent, struct keep_ask *ask, const void *bytes,
		  const int *fds, size_t fd_cnt, to_parent_answer_fn on_answer, void *ctx)
{
	struct iovec parts[2] = { { ask, sizeof(*ask) }, { (void *)bytes, ask->bytes } };
	struct to_parent_waiter *waiter = NULL;
	int r;

	ask->ask_id = to_parent->next_id++;
	if (on_answer) {
		r = to_parent_add_waiter(to_parent, ask->ask_id, on_answer, ctx, &waiter);
		if (r < 0)
			return r;
	}
	r = peer_send(to_parent->peer, parts, ask->bytes ? 2 : 1, fds, fd_cnt);
	if (r < 0 && waiter) {
		HASH_DELETE(hh, to_parent->waiters, waiter);
		free(waiter);
	}
	return r;
}

void to_parent_ask_drop(struct to_parent *to_parent, uint64_t keep_id)
{
	struct keep_ask ask = { .kind = ASK_DROP, .cnt = 1, .keep_id = { keep_id } };

	(void)to_parent_ask(to_parent, &ask, NULL, NULL, 0, NULL, NULL);
}

void to_parent_tell_text(struct to_parent *to_parent, enum keep_ask_kind kind, int result,
			 const char *text)
{
	size_t bytes = strnlen(text, KEEP_STATUS_MAX);
	struct keep_ask ask = { .kind = kind, .result = result, .bytes = (uint32_t)bytes };

	(void)to_parent_ask(to_parent, &ask, text, NULL, 0, NULL, NULL);
}

void to_parent_pong(struct to_parent *to_parent)
{
	struct keep_ask ask = { .kind = ASK_PONG };

	(void)to_parent_ask(to_parent, &ask, NULL, NULL, 0, NULL, NULL);
}
