/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bpf(2) call of a client, from its frame to its reply.
 *
 * A work owns its frame, its charges and its answer. It lives until it is answered, also when the
 * client has gone meanwhile: what judge and loader bring back must land somewhere. Each handler ends
 * with exactly one work_reply*(), at once or from a callback; afterwards the work is gone.
 */
#ifndef BPFGATE_DAEMON_WORK_H
#define BPFGATE_DAEMON_WORK_H

#include "daemon/broker/work/broker.h"
#include "daemon/broker/store/ident.h"
#include "daemon/broker/store/ledger.h"
#include "proto/codec.h"
#include "proto/refusal.h"

/* What is done with a work when that for which it waited is there: err is 0, or -errno as whoever was asked says. */
typedef void (*work_then_fn)(struct work *work, int err);

struct work {
	struct broker *broker;
	struct session *session;	/* NULL once the client has gone */
	struct ident *ident;
	struct quota_account *account;
	struct rules *rules;		/* the set this work is decided by */
	struct message msg;
	struct request req;
	struct reply reply;
	struct quota_charge bytes, fds;
	struct quota_charge room;	/* for what the reply may bring */
	uint64_t began_ns;

	struct decision *decision;	/* being filled; NULL: nothing is decided here */
	struct decision_request request;	/* a load's, see retry.h */
	uint64_t retry_of;		/* it was refused already by this decision, and is sent again for its log; else 0 */
	struct policy_decision *ruling;	/* what policy said last; NULL: was not asked */
	struct ledger_charge charge;	/* reserved for what is being made */

	bool loading;			/* its body is still being copied; nothing was begun */
	void (*next)(struct work *work); /* what it does in its account's next turn; NULL: nothing, or it waits */
	bool reconciled;		/* the ledger was compared with the kernel for this work */
	char *text, *log;		/* owned: the reason and the log that the reply points at */

	uint8_t iter_fd;		/* 1 + the word of iter_info that is a descriptor; 0: none is */
	bool reuses_link;		/* the link it asks for is one that is there already */
	bool kept_anyway;		/* what is being handed over is also kept for another reason */
	bool undecided;			/* refused, but nobody said that it is wrong */

	work_then_fn then;		/* see work_then(); NULL: it waits for none of those who use it */
	void *about;

	int lent_sock;			/* our copy of the client's socket while bpfgated has one, else -1 */
	uint64_t handle_of;		/* virtual.c: the kept object that gets one more handle */
	struct quota_charge handle;	/* ... and what is paid for it */

	void *state;			/* the handler's own, freed by state_free */
	void (*state_free)(void *state);
	struct loader_call *loader_call;
	struct judge_call *judge_call;
	bool ctx_comes_back; /* of a test run: what the program made of its context */
	TAILQ_ENTRY(work) link;
};

/*
 * Takes over the message. 0 and *ret_work, of which nothing is read yet; -EDQUOT, -ENOMEM.
 */
int work_new(struct session *session, struct message *take_msg, struct work **ret_work);
/*
 * Reads on, for no longer than a turn lasts. 1: there is more; 0: it can be dispatched; -EBADMSG for a body that is no
 * request, -EDQUOT, -ENOMEM, -EINVAL, -E2BIG: the work is gone.
 */
int work_load(struct work *work);
/* Forgets one that was not dispatched, or waits for nothing but its turn. */
void work_drop(struct work *work);
/* Whether it waits for its turn; work may be NULL. */
bool work_wants_turn(const struct work *work);
/*
 * Goes on with next: at once, or for a large request in another turn, so that no turn is as long as its whole. The last
 * thing that a caller does with the work.
 */
void work_go_on(struct work *work, void (*next)(struct work *work));

/*
 * For who finds something out about a work, and may have to wait for it: what comes after, and what it is about (borrowed,
 * lies in the handler's state). One such thing at a time.
 */
void work_then(struct work *work, work_then_fn then, void *about);
/* What work_then() was told. */
void *work_about(const struct work *work);
/* It is found out, or cannot be. The last thing that a caller does with the work. */
void work_resume(struct work *work, int err);

/* The frame's fd that the client calls `number` (borrowed), or -EBADF. */
int work_fd(const struct work *work, int32_t number);
/*
 * What the attr's fd field at this offset names (borrowed), by the table's row for it and nothing else, so that
 * whoever decides sees what is executed: -ENOENT when it names none, -EBADF as above.
 */
int work_fd_at(const struct work *work, uint16_t attr_off);
/* The number in a field that names one: for messages, and to know it again in fd_array and instructions. */
int32_t work_fd_number(const struct work *work, uint16_t attr_off);
uint32_t work_u32(const struct work *work, size_t attr_off);
uint64_t work_u64(const struct work *work, size_t attr_off);
const struct request_ptr *work_ptr(const struct work *work, uint16_t attr_off);

/* Has the kernel's view of a pointer: -EFAULT when the client cannot read there or it is NULL. */
int work_need_ptr(const struct work *work, uint16_t attr_off, const struct request_ptr **ret_ptr);

/*
 * A decision about what this caller asks, with a number and by these rules, recorded nowhere yet. The caller's, by
 * free(), its text apart; NULL: no memory.
 */
struct decision *work_new_decision(const struct broker *broker, const struct ident *ident,
				   const struct quota_account *account, const struct policy *policy,
				   const char *command);
/* Begins a decision about this work (once). -ENOMEM. */
int work_begin_decision(struct work *work);

/* Ends the work with a result (>= 0 or -errno). */
void work_reply(struct work *work, int result);
/* Ends it with -err (positive errno) and a one-line reason; what was decided is recorded so. */
__attribute__((format(printf, 5, 6))) void work_refuse(struct work *work, int err,
							enum decision_stage stage,
							enum refusal refusal, const char *format, ...);
/* The same with a code of another table: the verifier's, or a condition's key. */
__attribute__((format(printf, 5, 6))) void work_refuse_as(struct work *work, int err,
							   enum decision_stage stage, const char *code,
							   const char *format, ...);
/* Ends it with a descriptor as the result. */
void work_reply_fd(struct work *work, int fd);
/*
 * Ends it with a kept object's own fd, which bpfgated sends. When that fails the object is let go of,
 * unless `pinned` says that it is kept for another reason.
 */
void work_reply_kept(struct work *work, uint64_t keep_id, bool pinned);

/* A call to the loader of this work's user, with the client's attr in it (fds not yet translated). */
struct loader_call *work_new_loader_call(struct work *work, uint32_t cmd, uint64_t caps);
/*
 * Interfaces and sockets are those of the network namespace in which the client made its socket: the call
 * is made there. 0, or -EPIPE when the client has gone meanwhile and its namespace with it.
 */
int work_enter_netns(struct work *work);
/* Submits work->loader_call; on failure the work is answered. */
void work_submit_loader(struct work *work, loader_done_fn on_done);
/* Submits work->judge_call; on failure the work is answered. */
void work_submit_judge(struct work *work, judge_done_fn on_done);
/*
 * The common end of a loader call: true when the kernel answered; else the work was answered with
 * our own failure.
 */
bool work_loader_answered(struct work *work, const struct loader_result *result);

#endif
