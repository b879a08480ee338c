/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaders, as the broker uses them: one per (user, network namespace), started when first needed, one
 * call at a time in each, so that a slow call delays only the user that made it.
 */
#ifndef BPFGATE_DAEMON_LOADERS_H
#define BPFGATE_DAEMON_LOADERS_H

#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "daemon/broker/peers/closers.h"
#include "daemon/broker/store/quota.h"
#include "daemon/broker/peers/to_parent.h"
#include "daemon/privsep.h"

struct loaders;
struct loader;
struct loader_call;

/* How a call ended. fds may be taken (TAKE_FD); what is left is closed after the callback. */
struct loader_result {
	int err;			/* 0: answer holds; else -errno: the call was not made or is lost */
	const struct door_answer *answer;
	const uint8_t *outs;		/* outputs of all PTR_OUT areas, one after the other */
	int fd;				/* DOOR_FD_BROKER: what the call made, or -1 */
	uint64_t keep_id, cookie;	/* DOOR_FD_KEEP, DOOR_FD_HANDLE */
	int handle_fd;			/* DOOR_FD_HANDLE: the client's end, or -1 */
};
typedef void (*loader_done_fn)(void *ctx, struct loader_result *result);

/*
 * One call to be made. The caller fills the first part, keeps fds and payload open until on_done, and
 * forgets the call in on_done (loader_call_free()).
 */
struct loader_call {
	struct door_ask ask;		/* approval_id, payload_bytes and *_cnt are filled in */
	uid_t uid;
	struct quota_account *account;	/* borrowed: whose request it is; NULL: our own */
	int netns_sock;			/* the client's socket when its namespace matters, else -1 */
	uint64_t netns_cookie;		/* of netns_sock; 0: the daemon's own */
	uint32_t loader_flags;		/* LOADER_* */
	uint8_t *payload;		/* owned */
	size_t payload_bytes;
	int fds[DOOR_FDS_MAX];		/* borrowed */
	uint32_t fd_cnt;
	uint64_t lent[DOOR_LENT_MAX];
	uint32_t lent_cnt;
	uint64_t timeout_ns;		/* from when the loader gets it; 0: LOADER_TIMEOUT_NS */
	loader_done_fn on_done;
	void *ctx;

	/* private */
	struct loader *loader;
	struct door_answer answer;
	uint8_t *outs;
	int result_fd;
	struct keep_tell kept;
	int handle_fd;
	uint64_t sent_ns;
	bool sent, answered, is_kept;
	TAILQ_ENTRY(loader_call) link;
};

/* The kernel's longest verification that we saw takes seconds; a minute means that it hangs. */
#define LOADER_TIMEOUT_NS	(60ull * 1000 * 1000 * 1000)

/* NULL: no memory. Freeing closes and frees what it holds; NULL is fine. */
struct loader_call *loader_call_new(void);
void loader_call_free(struct loader_call *call);

/*
 * Appends bytes to the payload and a pointer at attr offset `at` to them. 0, -E2BIG or -ENOMEM.
 * *ret_off (may be NULL) is where they lie in the payload.
 */
int loader_add_in(struct loader_call *call, uint32_t at, const void *bytes, size_t byte_cnt,
		uint32_t *ret_off);
/* As loader_add_in(), and what the kernel makes of the bytes is an output. */
int loader_add_both(struct loader_call *call, uint32_t at, const void *bytes, size_t byte_cnt, uint32_t *ret_off);
/* A pointer at attr offset `at` to `byte_cnt` bytes of output. flags: PTR_TEXT, PTR_IN_PAYLOAD or 0. */
int loader_add_out(struct loader_call *call, uint32_t at, uint32_t byte_cnt, uint32_t flags);
/* The descriptor number that this (borrowed) fd will have in the loader, or -EMFILE. */
int loader_add_fd(struct loader_call *call, int fd);
/* The same for a kept object. */
int loader_add_lent(struct loader_call *call, uint64_t keep_id);
/* Output number idx (in order of loader_add_out) of a result: bytes, and *ret_bytes. */
const uint8_t *loader_result_out(const struct loader_call *call, const struct loader_result *result,
			       unsigned int idx, uint32_t *ret_bytes);

/* closers and to_parent are borrowed. */
int loaders_new(sd_event *event, uint8_t *scratch, struct closers *closers,
		struct to_parent *to_parent, struct loaders **ret_loaders);
void loaders_free(struct loaders *loaders);
/* Queues the call; on_done is called exactly once, later (never from within). 0 or -errno. */
int loaders_submit(struct loaders *loaders, struct loader_call *call);
/* TELL_KEPT; false when no call waits for it (then it stays with the caller). */
bool loaders_on_kept(struct loaders *loaders, const struct keep_tell *tell, struct packet_fds *fds);
void loaders_on_loader_gone(struct loaders *loaders, const struct keep_tell *tell);
/* Calls in hand: waiting or running. */
unsigned int loaders_busy(const struct loaders *loaders);

#endif
