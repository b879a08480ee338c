/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One channel to bpfgated, the parent and keeper. Each ask is answered exactly once and found again by
 * its id. The parent is trusted; a message of the wrong size means that we are not talking to it, and
 * the broker stops.
 */
#include "daemon/broker/peers/warden.h"

#include <assert.h>
#include <string.h>
#include <uthash.h>

#include "daemon/broker/peers/chan.h"

struct warden_waiter {
	uint64_t ask_id;
	warden_answer_fn on_answer;
	void *ctx;
	UT_hash_handle hh;
};

struct warden {
	struct chan *chan;
	warden_told_fn on_told;
	warden_gone_fn on_gone;
	void *ctx;
	uint64_t next_id;
	struct warden_waiter *waiters;
};

static void warden_on_gone(void *ctx, int err)
{
	struct warden *warden = ctx;

	warden->on_gone(warden->ctx);
}

static void warden_on_answer(struct warden *warden, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct warden_waiter *waiter;

	HASH_FIND(hh, warden->waiters, &tell->ask_id, sizeof(tell->ask_id), waiter);
	if (!waiter)
		return;
	HASH_DELETE(hh, warden->waiters, waiter);
	waiter->on_answer(waiter->ctx, tell, fds);
	free(waiter);
}

static void warden_on_message(void *ctx, const uint8_t *bytes, size_t len, struct packet_fds *fds)
{
	struct warden *warden = ctx;
	struct keep_tell tell;

	if (len != sizeof(tell)) {
		warden->on_gone(warden->ctx);
		return;
	}
	memcpy(&tell, bytes, sizeof(tell));
	if (tell.ask_id)
		warden_on_answer(warden, &tell, fds);
	else
		warden->on_told(warden->ctx, &tell, fds);
}

int warden_new(sd_event *event, uint8_t *scratch, int take_fd, warden_told_fn on_told,
	     warden_gone_fn on_gone, void *ctx, struct warden **ret_warden)
{
	OWN_FD int fd = take_fd;
	struct warden *warden = calloc(1, sizeof(*warden));
	int r;

	if (!warden)
		return -ENOMEM;
	*warden = (struct warden){ .on_told = on_told, .on_gone = on_gone, .ctx = ctx, .next_id = 1 };
	r = chan_new(event, scratch, TAKE_FD(fd), warden_on_message, warden_on_gone, warden, &warden->chan);
	if (r < 0) {
		free(warden);
		return r;
	}
	*ret_warden = warden;
	return 0;
}

unsigned int warden_free(struct warden *warden)
{
	struct warden_waiter *waiter, *next;
	unsigned int cnt;

	if (!warden)
		return 0;
	cnt = HASH_COUNT(warden->waiters);
	chan_free(warden->chan);
	HASH_ITER(hh, warden->waiters, waiter, next) {
		HASH_DELETE(hh, warden->waiters, waiter);
		free(waiter);
	}
	free(warden);
	return cnt;
}

static int warden_add_waiter(struct warden *warden, uint64_t ask_id, warden_answer_fn on_answer, void *ctx,
			   struct warden_waiter **ret_waiter)
{
	struct warden_waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return -ENOMEM;
	*waiter = (struct warden_waiter){ .ask_id = ask_id, .on_answer = on_answer, .ctx = ctx };
	HASH_ADD(hh, warden->waiters, ask_id, sizeof(waiter->ask_id), waiter);
	*ret_waiter = waiter;
	return 0;
}

int warden_ask(struct warden *warden, struct keep_ask *ask, const void *bytes, const int *fds,
	     size_t fd_cnt, warden_answer_fn on_answer, void *ctx)
{
	struct iovec parts[2] = { { ask, sizeof(*ask) }, { (void *)bytes, ask->bytes } };
	struct warden_waiter *waiter = NULL;
	int r;

	ask->ask_id = warden->next_id++;
	if (on_answer) {
		r = warden_add_waiter(warden, ask->ask_id, on_answer, ctx, &waiter);
		if (r < 0)
			return r;
	}
	r = chan_send(warden->chan, parts, ask->bytes ? 2 : 1, fds, fd_cnt);
	if (r < 0 && waiter) {
		HASH_DELETE(hh, warden->waiters, waiter);
		free(waiter);
	}
	return r;
}

void warden_ask_drop(struct warden *warden, uint64_t keep_id)
{
	struct keep_ask ask = { .kind = ASK_DROP, .cnt = 1, .keep_id = { keep_id } };

	(void)warden_ask(warden, &ask, NULL, NULL, 0, NULL, NULL);
}

void warden_tell_text(struct warden *warden, enum keep_ask_kind kind, int result, const char *text)
{
	size_t bytes = strnlen(text, KEEP_STATUS_MAX);
	struct keep_ask ask = { .kind = kind, .result = result, .bytes = (uint32_t)bytes };

	(void)warden_ask(warden, &ask, text, NULL, 0, NULL, NULL);
}

void warden_pong(struct warden *warden)
{
	struct keep_ask ask = { .kind = ASK_PONG };

	(void)warden_ask(warden, &ask, NULL, NULL, 0, NULL, NULL);
}
