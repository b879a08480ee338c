/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls travel to a loader of the right uid and network namespace and their outcome comes back, whole
 * or not at all: a loader that dies, hangs or talks nonsense ends its one call with an error and is
 * replaced for the next. What a lost call may have made closes with the loader, or is dropped when
 * bpfgated reports it. Loaders are not believed on anything that was not asked.
 */
#include "daemon/broker/peers/loaders.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/broker/store/clock.h"
#include "daemon/broker/peers/peer.h"
#include "proto/channel.h"

/* An idle loader costs half a megabyte; a new one a few milliseconds. */
#define LOADER_IDLE_USEC	(15ull * 1000 * 1000)
/* Calls of one uid that may wait for its loader: more than the unread-reply limit lets it have. */
#define LOADER_QUEUE_MAX	1024u
/* One for each network namespace that a user calls from: more is somebody who makes namespaces. */
#define LOADERS_PER_UID 8u
/* To start one costs more than most calls: of each account so many at once, and then two a second. */
#define LOADERS_STARTED_MAX 64u
#define LOADERS_STARTED_NS  500000000ull

TAILQ_HEAD(loader_queue, loader_call);

struct loader {
	struct loaders *loaders;
	uid_t uid;
	uint64_t netns_cookie;
	uint32_t loader_flags;
	uint32_t box_id;		/* 0 while it is being started */
	struct peer *peer;
	int lent_sock;			/* our copy of the client's socket while bpfgated has one, else -1 */
	struct quota_account *account;	/* for whom it was started; NULL: for us */
	struct loader_queue queue;	/* the first one is running when it was sent */
	unsigned int queued;
	sd_event_source *timer;		/* deadline of the running call, or idleness */
	int failed;			/* what the timer reports instead of -ETIMEDOUT */
	bool stopping, in_callback;
	TAILQ_ENTRY(loader) link;
};

struct loaders {
	sd_event *event;
	uint8_t *scratch;
	struct closers *closers;
	struct to_parent *to_parent;
	uint64_t next_approval;
	unsigned int busy, cnt;
	TAILQ_HEAD(, loader) all;
};

static void loader_run_next(struct loader *loader);

/* ---- building a call ---- */

struct loader_call *loader_call_new(void)
{
	struct loader_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->netns_sock = -1;
	call->result_fd = -1;
	call->handle_fd = -1;
	return call;
}

void loader_call_free(struct loader_call *call)
{
	if (!call)
		return;
	own_close_fd(&call->result_fd);
	own_close_fd(&call->handle_fd);
	free(call->payload);
	free(call->outs);
	free(call);
}

int loader_add_in(struct loader_call *call, uint32_t at, const void *bytes, size_t byte_cnt,
		uint32_t *ret_off)
{
	size_t off = (call->payload_bytes + 7) & ~(size_t)7, end;
	uint8_t *grown;

	if (call->ask.ptr_cnt >= DOOR_PTRS_MAX || !SIZE_ADD(off, byte_cnt, &end) ||
	    end > DOOR_PAYLOAD_MAX)
		return -E2BIG;
	grown = realloc(call->payload, end ? end : 1);
	if (!grown)
		return -ENOMEM;
	memset(grown + call->payload_bytes, 0, off - call->payload_bytes);
	if (byte_cnt > 0)
		memcpy(grown + off, bytes, byte_cnt);
	call->payload = grown;
	call->payload_bytes = end;
	call->ask.ptr[call->ask.ptr_cnt++] = (struct door_ptr){ .at = at, .off = (uint32_t)off,
								.bytes = (uint32_t)byte_cnt };
	if (ret_off)
		*ret_off = (uint32_t)off;
	return 0;
}

int loader_add_out(struct loader_call *call, uint32_t at, uint32_t byte_cnt, uint32_t flags)
{
	if (call->ask.ptr_cnt >= DOOR_PTRS_MAX)
		return -E2BIG;
	call->ask.ptr[call->ask.ptr_cnt++] = (struct door_ptr){ .at = at, .bytes = byte_cnt,
								.flags = PTR_OUT | flags };
	return 0;
}

int loader_add_both(struct loader_call *call, uint32_t at, const void *bytes, size_t byte_cnt, uint32_t *ret_off)
{
	int r = loader_add_in(call, at, bytes, byte_cnt, ret_off);

	if (r == 0)
		call->ask.ptr[call->ask.ptr_cnt - 1].flags = PTR_OUT | PTR_BACK;
	return r;
}

int loader_add_fd(struct loader_call *call, int fd)
{
	for (uint32_t i = 0; i < call->fd_cnt; i++)
		if (call->fds[i] == fd)
			return (int)(DOOR_FD_FIRST + i);
	if (call->fd_cnt >= DOOR_FDS_MAX)
		return -EMFILE;
	call->fds[call->fd_cnt] = fd;
	return (int)(DOOR_FD_FIRST + call->fd_cnt++);
}

int loader_add_lent(struct loader_call *call, uint64_t keep_id)
{
	for (uint32_t i = 0; i < call->lent_cnt; i++)
		if (call->lent[i] == keep_id)
			return (int)(DOOR_LENT_FIRST + i);
	if (call->lent_cnt >= DOOR_LENT_MAX)
		return -EMFILE;
	call->lent[call->lent_cnt] = keep_id;
	return (int)(DOOR_LENT_FIRST + call->lent_cnt++);
}

const uint8_t *loader_result_out(const struct loader_call *call, const struct loader_result *result,
			       unsigned int idx, uint32_t *ret_bytes)
{
	size_t off = 0;
	unsigned int nth = 0;

	*ret_bytes = 0;
	if (!result->answer || !result->outs)
		return NULL;
	for (uint32_t i = 0; i < call->ask.ptr_cnt; i++) {
		if (!(call->ask.ptr[i].flags & PTR_OUT))
			continue;
		if (nth++ == idx) {
			*ret_bytes = result->answer->out[i];
			return result->outs + off;
		}
		off += result->answer->out[i];
	}
	return NULL;
}

/* ---- the end of a call ---- */

/* What the kernel computed for it, which no loader can say to be more than the time that went by. */
static uint64_t loader_cost_ns(const struct loader_call *call)
{
	uint64_t passed_ns = clock_now_ns() - call->sent_ns;

	if (!call->answered)
		return 0;
	return call->answer.cpu_ns < passed_ns ? call->answer.cpu_ns : passed_ns;
}

static void loader_finish(struct loader_call *call, int err)
{
	struct loader *loader = call->loader;
	struct closers *closers = loader->loaders->closers;
	struct quota_account *account = call->account;
	uint64_t began_ns = clock_now_ns();
	struct loader_result result = {
		.err = err,
		.answer = err == 0 ? &call->answer : NULL,
		.outs = err == 0 ? call->outs : NULL,
		.fd = err == 0 ? TAKE_FD(call->result_fd) : -1,
		.handle_fd = err == 0 ? TAKE_FD(call->handle_fd) : -1,
		.keep_id = call->kept.keep_id,
		.cookie = call->kept.cookie,
	};

	/* A call that failed: what it made goes with our descriptor, and a link or event detaches. That takes time. */
	closers_let_go(closers, account, TAKE_FD(call->result_fd));
	TAILQ_REMOVE(&loader->queue, call, link);
	loader->queued--;
	loader->loaders->busy--;
	call->loader = NULL;
	loader->in_callback = true;
	if (account) {
		account->ref_cnt++;
		quota_owe(account, loader_cost_ns(call));
	}
	call->on_done(call->ctx, &result);
	if (account)
		quota_owe(account, clock_now_ns() - began_ns);
	/* The client may have closed its own by now: then ours is the last. */
	closers_let_go(closers, account, result.fd);
	own_close_fd(&result.handle_fd);
	quota_account_unref(account);
	loader->in_callback = false;
}

/* bpfgated has closed its copy: whatever became of the session, ours is the last, or another of the client's. */
static void loader_close_lent(struct loader *loader)
{
	closers_let_go(loader->loaders->closers, loader->account, TAKE_FD(loader->lent_sock));
}

static void loader_discard(struct loader *loader)
{
	sd_event_source_disable_unref(loader->timer);
	loader_close_lent(loader);
	quota_account_unref(loader->account);
	free(loader);
}

static void loader_free(struct loader *loader)
{
	TAILQ_REMOVE(&loader->loaders->all, loader, link);
	loader->loaders->cnt--;
	peer_free(loader->peer);
	loader_discard(loader);
}

/* Fails what waits and forgets the loader; bpfgated is told to kill the process, if there is one. */
static void loader_abandon(struct loader *loader, int err)
{
	struct keep_ask ask = { .kind = ASK_STOP_LOADER, .box_id = loader->box_id };
	struct loader_call *call;

	loader->stopping = true;
	if (loader->box_id)
		(void)to_parent_ask(loader->loaders->to_parent, &ask, NULL, NULL, 0, NULL, NULL);
	while ((call = TAILQ_FIRST(&loader->queue)))
		loader_finish(call, err);
	loader_free(loader);
}

static bool loader_call_wants_kept(const struct loader_call *call)
{
	return call->ask.result_fd == DOOR_FD_KEEP || call->ask.result_fd == DOOR_FD_HANDLE;
}

static void loader_check_done(struct loader_call *call)
{
	struct loader *loader = call->loader;
	int err = 0;

	if (!call->answered)
		return;
	if (call->answer.result >= 0 && loader_call_wants_kept(call)) {
		if (!call->is_kept)
			return;
		err = call->kept.result;
	}
	sd_event_source_set_enabled(loader->timer, SD_EVENT_OFF);
	loader_finish(call, err);
	loader_run_next(loader);
}

/* ---- the loader's answer ---- */

static bool loader_answer_fits(const struct loader_call *call, const struct door_answer *answer)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < DOOR_PTRS_MAX; i++) {
		bool out = i < call->ask.ptr_cnt && (call->ask.ptr[i].flags & PTR_OUT);

		if (answer->out[i] > (out ? call->ask.ptr[i].bytes : 0))
			return false;
		sum += answer->out[i];
	}
	return answer->approval_id == call->ask.approval_id && sum == answer->out_bytes &&
	       answer->attr_bytes <= DOOR_ATTR_MAX;
}

static int loader_read_outs(struct loader_call *call, const uint8_t *tail, size_t tail_bytes,
			  struct packet_fds *fds)
{
	size_t bytes = call->answer.out_bytes;
	OWN_FD int memfd = -1;
	struct stat st;

	if (bytes == 0)
		return tail_bytes == 0 ? 0 : -EBADMSG;
	call->outs = malloc(bytes);
	if (!call->outs)
		return -ENOMEM;
	if (!(call->answer.flags & DOOR_OUT_FD)) {
		if (tail_bytes != bytes)
			return -EBADMSG;
		memcpy(call->outs, tail, bytes);
		return 0;
	}
	if (fds->cnt == 0)
		return -EBADMSG;
	memfd = packet_fds_take(fds, fds->cnt - 1);
	fds->cnt--;
	if (fstat(memfd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size < bytes)
		return -EBADMSG;
	return pread(memfd, call->outs, bytes, 0) == (ssize_t)bytes ? 0 : -EBADMSG;
}

static int loader_take_answer(struct loader_call *call, const uint8_t *bytes, size_t len,
			    struct packet_fds *fds)
{
	int r;

	if (len < sizeof(call->answer))
		return -EBADMSG;
	memcpy(&call->answer, bytes, sizeof(call->answer));
	if (!loader_answer_fits(call, &call->answer))
		return -EBADMSG;
	r = loader_read_outs(call, bytes + sizeof(call->answer), len - sizeof(call->answer), fds);
	if (r < 0)
		return r;
	if (call->ask.result_fd == DOOR_FD_BROKER && call->answer.result >= 0) {
		call->result_fd = packet_fds_take(fds, 0);
		if (call->result_fd < 0)
			return -EBADMSG;
	}
	return 0;
}

static void loader_on_message(void *ctx, const uint8_t *bytes, size_t len, struct packet_fds *fds)
{
	struct loader *loader = ctx;
	struct loader_call *call = TAILQ_FIRST(&loader->queue);

	if (!call || !call->sent || call->answered ||
	    loader_take_answer(call, bytes, len, fds) < 0) {
		loader_abandon(loader, -EIO);
		return;
	}
	call->answered = true;
	loader_check_done(call);
}

static void loader_on_gone(void *ctx, int err)
{
	loader_abandon(ctx, -EIO);
}

static int loader_on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct loader *loader = ctx;

	loader_abandon(loader, loader->failed ? loader->failed : -ETIMEDOUT);
	return 0;
}

/* ---- sending ---- */

static void loader_arm(struct loader *loader, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(loader->timer, usec);
	(void)sd_event_source_set_enabled(loader->timer, SD_EVENT_ONESHOT);
}

static int loader_lend(struct loader *loader, const struct loader_call *call)
{
	struct keep_ask ask = { .kind = ASK_LEND,
				.box_id = loader->box_id,
				.approval_id = call->ask.approval_id,
				.cnt = call->lent_cnt };

	if (call->lent_cnt == 0)
		return 0;
	memcpy(ask.keep_id, call->lent, call->lent_cnt * sizeof(ask.keep_id[0]));
	return to_parent_ask(loader->loaders->to_parent, &ask, NULL, NULL, 0, NULL, NULL);
}

static int loader_send(struct loader *loader, struct loader_call *call)
{
	struct iovec parts[2] = { { &call->ask, sizeof(call->ask) },
				  { call->payload, call->payload_bytes } };
	int fds[DOOR_FDS_MAX + 1];
	size_t fd_cnt = call->fd_cnt, part_cnt = call->payload_bytes ? 2 : 1;
	OWN_FD int memfd = -1;
	int r;

	memcpy(fds, call->fds, fd_cnt * sizeof(fds[0]));
	if (call->payload_bytes > DOOR_INLINE_MAX) {
		r = channel_seal_bytes(call->payload, call->payload_bytes, &memfd);
		if (r < 0)
			return r;
		fds[fd_cnt++] = memfd;
		part_cnt = 1;
		call->ask.flags |= DOOR_PAYLOAD_FD;
	}
	return peer_send(loader->peer, parts, part_cnt, fds, fd_cnt);
}

static void loader_run_next(struct loader *loader)
{
	struct loader_call *call = TAILQ_FIRST(&loader->queue);
	uint64_t timeout_ns;
	int r;

	if (!loader->peer || loader->stopping)
		return;
	if (!call) {
		loader_arm(loader, LOADER_IDLE_USEC);
		return;
	}
	if (call->sent)
		return;
	call->sent = true;
	call->sent_ns = clock_now_ns();
	timeout_ns = call->timeout_ns ? call->timeout_ns : LOADER_TIMEOUT_NS;
	loader_arm(loader, timeout_ns / 1000);
	r = loader_lend(loader, call);
	if (r >= 0)
		r = loader_send(loader, call);
	if (r < 0) {
		/* Our caller may be the one who submits: it hears of it from the event loop. */
		loader->failed = r;
		loader_arm(loader, 0);
	}
}

/* ---- starting ---- */

static void loader_on_started(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct loader *loader = ctx;
	int r = tell->result;

	loader_close_lent(loader);
	loader->box_id = tell->box_id;
	if (r >= 0)
		r = peer_new(loader->loaders->event, loader->loaders->scratch,
			     packet_fds_take(fds, 0), loader_on_message, loader_on_gone, loader,
			     &loader->peer);
	if (r < 0)
		loader_abandon(loader, r);
	else
		loader_run_next(loader);
}

static unsigned int loaders_cnt_of(const struct loaders *loaders, uid_t uid)
{
	const struct loader *loader;
	unsigned int cnt = 0;

	TAILQ_FOREACH(loader, &loaders->all, link)
		cnt += loader->uid == uid;
	return cnt;
}

/*
 * At the limit the loader that idles longest gives way, at a user's own limit one of its own; loaders
 * are in order of last use.
 */
static void loaders_make_room(struct loaders *loaders, uid_t uid)
{
	bool own = loaders_cnt_of(loaders, uid) >= LOADERS_PER_UID;
	struct loader *loader;

	if (loaders->cnt < LOADERS_MAX && !own)
		return;
	TAILQ_FOREACH(loader, &loaders->all, link) {
		if (own && loader->uid != uid)
			continue;
		if (loader->peer && TAILQ_EMPTY(&loader->queue) && !loader->in_callback &&
		    !loader->stopping) {
			loader_abandon(loader, 0);
			return;
		}
	}
}

/* It is started in the namespace of the client's socket, of which we keep a copy until then. */
static int loader_ask_for(struct loader *loader, const struct loader_call *call)
{
	struct keep_ask ask = { .kind = ASK_LOADER, .uid = call->uid, .flags = call->loader_flags };

	if (call->netns_cookie) {
		loader->lent_sock = fcntl(call->netns_sock, F_DUPFD_CLOEXEC, 0);
		if (loader->lent_sock < 0)
			return -errno;
	}
	return to_parent_ask(loader->loaders->to_parent, &ask, NULL, &loader->lent_sock,
			     call->netns_cookie ? 1 : 0, loader_on_started, loader);
}

static int loader_start(struct loaders *loaders, const struct loader_call *call, struct loader **ret_loader)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	int r;

	if (!loader)
		return -ENOMEM;
	*loader = (struct loader){ .loaders = loaders, .uid = call->uid, .netns_cookie = call->netns_cookie,
				   .loader_flags = call->loader_flags, .lent_sock = -1,
				   .account = call->loader_flags & LOADER_LEDGER ? NULL : call->account };
	if (loader->account)
		loader->account->ref_cnt++;
	TAILQ_INIT(&loader->queue);
	r = sd_event_add_time_relative(loaders->event, &loader->timer, CLOCK_MONOTONIC, UINT64_MAX / 2, 0,
				       loader_on_timer, loader);
	if (r >= 0)
		r = loader_ask_for(loader, call);
	if (r < 0) {
		loader_discard(loader);
		return r;
	}
	TAILQ_INSERT_TAIL(&loaders->all, loader, link);
	loaders->cnt++;
	*ret_loader = loader;
	return 0;
}

static bool loaders_may_start(struct quota_account *account)
{
	uint64_t now = clock_now_ns(), from;

	if (!account)
		return true;
	from = account->loaders_until_ns > now ? account->loaders_until_ns : now;
	if (from > now + LOADERS_STARTED_MAX * LOADERS_STARTED_NS)
		return false;
	account->loaders_until_ns = from + LOADERS_STARTED_NS;
	return true;
}

static struct loader *loaders_find(struct loaders *loaders, const struct loader_call *call)
{
	struct loader *loader;

	TAILQ_FOREACH(loader, &loaders->all, link)
		if (!loader->stopping && loader->uid == call->uid &&
		    loader->netns_cookie == call->netns_cookie &&
		    loader->loader_flags == call->loader_flags)
			return loader;
	return NULL;
}

int loaders_submit(struct loaders *loaders, struct loader_call *call)
{
	struct loader *loader = loaders_find(loaders, call);
	int r;

	if (!loader) {
		if (!loaders_may_start(call->loader_flags & LOADER_LEDGER ? NULL : call->account))
			return -ENOBUFS;
		loaders_make_room(loaders, call->uid);
		if (loaders_cnt_of(loaders, call->uid) >= LOADERS_PER_UID)
			return -ENOBUFS;
		r = loader_start(loaders, call, &loader);
		if (r < 0)
			return r;
	} else {
		TAILQ_REMOVE(&loaders->all, loader, link);
		TAILQ_INSERT_TAIL(&loaders->all, loader, link);
	}
	if (loader->queued >= LOADER_QUEUE_MAX)
		return -ENOBUFS;
	call->ask.approval_id = loaders->next_approval++;
	call->ask.fd_cnt = call->fd_cnt;
	call->ask.lent_cnt = call->lent_cnt;
	call->ask.payload_bytes = call->payload_bytes;
	call->loader = loader;
	TAILQ_INSERT_TAIL(&loader->queue, call, link);
	loader->queued++;
	loaders->busy++;
	if (TAILQ_FIRST(&loader->queue) == call)
		loader_run_next(loader);
	return 0;
}

/* ---- what bpfgated tells ---- */

bool loaders_on_kept(struct loaders *loaders, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct loader *loader;

	TAILQ_FOREACH(loader, &loaders->all, link) {
		struct loader_call *call = TAILQ_FIRST(&loader->queue);

		if (!call || !call->sent || call->is_kept || loader->box_id != tell->box_id ||
		    call->ask.approval_id != tell->approval_id)
			continue;
		call->kept = *tell;
		call->handle_fd = packet_fds_take(fds, 0);
		call->is_kept = true;
		loader_check_done(call);
		return true;
	}
	return false;
}

void loaders_on_loader_gone(struct loaders *loaders, const struct keep_tell *tell)
{
	struct loader *loader;

	TAILQ_FOREACH(loader, &loaders->all, link) {
		if (loader->box_id == tell->box_id && !loader->stopping) {
			loader->box_id = 0;
			loader_abandon(loader, -EIO);
			return;
		}
	}
}

int loaders_new(sd_event *event, uint8_t *scratch, struct closers *closers,
		struct to_parent *to_parent, struct loaders **ret_loaders)
{
	struct loaders *loaders = calloc(1, sizeof(*loaders));

	if (!loaders)
		return -ENOMEM;
	*loaders = (struct loaders){
		.event = event, .scratch = scratch, .closers = closers, .to_parent = to_parent
	};
	TAILQ_INIT(&loaders->all);
	/* A new life starts elsewhere: what an earlier broker began is nobody's here. */
	if (getrandom(&loaders->next_approval, sizeof(loaders->next_approval), 0) < 0)
		loaders->next_approval = (uint64_t)getpid() << 32;
	loaders->next_approval |= 1;
	*ret_loaders = loaders;
	return 0;
}

void loaders_free(struct loaders *loaders)
{
	struct loader *loader;

	if (!loaders)
		return;
	while ((loader = TAILQ_FIRST(&loaders->all))) {
		struct loader_call *call;

		while ((call = TAILQ_FIRST(&loader->queue)))
			loader_finish(call, -ECANCELED);
		loader_free(loader);
	}
	free(loaders);
}

unsigned int loaders_busy(const struct loaders *loaders)
{
	return loaders->busy;
}
