/* SPDX-License-Identifier: Apache-2.0 */
/* Asking policy about a work, and answering the work when policy says no. */
#ifndef BPFGATE_DAEMON_DECIDE_H
#define BPFGATE_DAEMON_DECIDE_H

#include "daemon/broker/ask/facts.h"
#include "daemon/broker/work/reply_log.h"
#include "daemon/broker/store/people.h"
#include "daemon/broker/work/work.h"

/* Goes on with a work after the world was looked at again. */
typedef void (*decide_again_fn)(struct work *work);

/*
 * Asks the work's rules. request needs its verb and what belongs to it; subject, use, time and paths
 * are filled in here. true: granted, work->ruling has the terms. false: the work has been answered
 * with EPERM and the reason; or the ledger is being reconciled first, because a quota stood in the
 * way, and `again` will be called once (NULL: no second look).
 */
bool decide(struct work *work, struct policy_request *request, decide_again_fn again);

/* The same for a command with a log: the reason stands in it, too. */
bool decide_with_log(struct work *work, struct policy_request *request, decide_again_fn again,
		     const struct reply_log_fields *fields);

/*
 * Charges what is about to be made: a record, one object, its bytes. true: work->charge has them. false: the
 * work has been answered with ENOSPC and the reason; or `again` will be called, as by decide().
 */
bool decide_charge(struct work *work, enum ledger_kind kind, uint64_t bytes, decide_again_fn again);

/*
 * Allows a feature probe under any policy, as far as the small quota for probes goes; work->charge
 * is taken. Otherwise as decide().
 */
bool decide_probe(struct work *work, decide_again_fn again);

/* Whether any rule in force allows this caller anything: asked before what it sent is copied. */
bool decide_names(const struct broker *broker, const struct ident *ident);
/* The same of a work's caller for one verb, and whether no rule denies it everything. */
bool decide_names_for(struct work *work, enum policy_verb verb);
/*
 * The decision about a request of a caller whom no rule names, made before there is a work; its id, or 0. reason
 * is one line.
 */
uint64_t decide_refuse_unnamed(struct broker *broker, const struct ident *ident,
			       const struct quota_account *account, const char *command,
			       const char *reason);

/* Policy's answer alone: for questions whose refusal is not a refusal of the work. */
void decide_silently(struct work *work, struct policy_request *request,
		     struct policy_decision *ret_decision);
/* No more than whether it is yes; no memory: it is not. */
bool decide_allows(struct work *work, struct policy_request *request);

/* The caller, and what deny rules want to know beyond what the kernel attests. Arrays are in here. */
struct decide_caller {
	struct policy_subject subject;
	uid_t owners[PEOPLE_OWNERS_MAX];
	gid_t *member_of;
};

/* Private but for its size. */
struct decide_view {
	const struct policy *policy;
	struct policy_request *request;
	struct decide_caller caller;
	struct policy_path_id *paths;
	struct policy_rule_use *uses;
};

/*
 * decide_silently() of many targets of one request: who asks, what is held, and which objects the rules' paths are is
 * found out once, here. It must be closed before the work waits. Between the two the request's target may change,
 * nothing else of it.
 */
void decide_view_open(struct decide_view *view, struct work *work, struct policy_request *request);
void decide_in_view(const struct decide_view *view, struct policy_decision *ret_decision);
void decide_view_close(struct decide_view *view);

/* Notes that the work was allowed, with the program it is about (rec may be NULL). */
void decide_note_allowed(struct work *work, const struct ledger_rec *rec);
/*
 * Notes a grant that no rule is asked about by itself: an object opened again by its owner, an iterator's
 * descriptor, a perf event. It is written down like any other. No memory: it is not, and nothing else fails.
 */
__attribute__((format(printf, 2, 3))) void decide_note_grant(struct work *work, const char *format, ...);
/* The program's part of a decision record. */
void decide_note_program(struct work *work, const struct ledger_rec *rec);

/* Swaps in the rules of today if the work began under older ones: after a wait. */
void decide_refresh_rules(struct work *work);

#endif
