/* SPDX-License-Identifier: Apache-2.0 */
/* One decision, and how it is written for people. */
#ifndef BPFGATE_DAEMON_DECISION_H
#define BPFGATE_DAEMON_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "policy/policy.h"

enum decision_verdict {
	DECISION_NONE,		/* nobody decided yet */
	DECISION_ALLOWED,
	DECISION_REFUSED,
	DECISION_UNDECIDED,
	DECISION_VERDICT_CNT
};

/* Who refused; stands in the journal and decides the message id. */
enum decision_stage {
	DECISION_BY_POLICY,
	DECISION_BY_QUOTA,
	DECISION_BY_VERIFIER,
	DECISION_BY_KERNEL,
	DECISION_BY_BROKER,	/* a limit of ours, or something we do not do */
	DECISION_STAGE_CNT
};

/* What was asked for, but for the log: to know it again. */
struct decision_request {
	uint8_t digest[32];
	bool known;			/* false: it was not digested */
	uint32_t log_level, log_bytes;
};

struct decision {
	uint64_t id;
	int64_t time_s;
	uid_t uid, account;		/* account: the user that uid belongs to */
	pid_t pid;
	char unit[256];			/* whole */
	char command[32];
	enum decision_verdict verdict;
	enum decision_stage stage;
	int err;			/* what the client got: 0 or a positive errno */
	char rule[POLICY_RULE_ID_MAX];
	char place[POLICY_FILE_MAX + 24];	/* FILE:LINE:COLUMN of the rule */
	char code[32];
	char summary[256];		/* one line */
	char policy_digest[65];
	char shadow_rule[POLICY_RULE_ID_MAX];
	bool shadow_allows;
	/* programs; zero elsewhere */
	char prog_name[16];
	uint32_t prog_type, prog_id;
	uint8_t prog_tag[8];
	bool has_tag;
	uint64_t insns, states, verify_us;
	uint8_t digest[32];
	bool has_digest;
	char signers[128];
	char *text;			/* what a person reads; owned; may be NULL */
	char *model;			/* a refusal's explanation as JSON (a judge's word); owned; may be NULL */
	uint32_t repeated;		/* times that the same was decided again and not recorded */
	struct decision_request request;
	bool is_retry;			/* of the decision with this id, for more of its log */
	uint32_t retries;		/* how many there were; private */
	uint64_t first_id;		/* by which the journal has it, when it was repeated; private */
	TAILQ_ENTRY(decision) all, own;	/* private */
};

/* Frees what it owns, not itself. */
static inline void decision_done(struct decision *decision)
{
	free(decision->text);
	free(decision->model);
	decision->text = decision->model = NULL;
}

/* "D-" and the number as people see it. */
#define DECISION_ID_BYTES 20
void decision_format_id(uint64_t id, char ret_text[DECISION_ID_BYTES]);

/* One word; "?" for what is none. */
const char *decision_verdict_name(enum decision_verdict verdict);

#endif
