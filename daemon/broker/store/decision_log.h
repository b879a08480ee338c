/* SPDX-License-Identifier: Apache-2.0 */
/* What was decided: one journal record each, and the last ones kept for `bpfgate why` and `list`. */
#ifndef BPFGATE_DAEMON_DECISION_LOG_H
#define BPFGATE_DAEMON_DECISION_LOG_H

#include "daemon/broker/store/decision.h"

struct decision_log;

/* 0 or -ENOMEM; NULL may be freed. */
int decision_log_new(struct decision_log **ret_decisions);
void decision_log_free(struct decision_log *decisions);

/* A new number: never 0, hard to guess. */
uint64_t decision_log_next_id(struct decision_log *decisions);

/*
 * The number of a decision by which this process of the account's user was refused the same a moment ago, when it now
 * asks for more of the log than it did then; 0: of none.
 */
uint64_t decision_log_find_retried(const struct decision_log *decisions, uid_t account, uid_t uid,
				   pid_t pid, const struct decision_request *request,
				   int64_t now_s);

/*
 * Records it: in the journal unless `quiet`, and among the last ones. Takes over decision->text and ->model. A
 * decision equal to the user's previous one is only counted there. Of what comes in floods the journal is
 * told 600 grants and 600 refusals a minute of each user, and how many more there were. A retry with the same
 * outcome is no further decision: only its text, which tells more, takes the place of the earlier one's.
 */
void decision_log_add(struct decision_log *decisions, struct decision *decision, bool quiet);

/* One by number, or by that of the first of those that were only counted; NULL when it is not there any more. */
const struct decision *decision_log_find(const struct decision_log *decisions, uint64_t id);
/* From the newest (after NULL) back; NULL past the oldest. */
const struct decision *decision_log_next(const struct decision_log *decisions,
					 const struct decision *after);
uint64_t decision_log_cnt(const struct decision_log *decisions, enum decision_verdict verdict);

#endif
