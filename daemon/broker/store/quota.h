/* SPDX-License-Identifier: Apache-2.0 */
/* What each user makes the daemon hold, and how much of it that user may. */
#ifndef BPFGATE_DAEMON_QUOTA_H
#define BPFGATE_DAEMON_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/shared/ledger_rec.h"

enum quota_res {
	QUOTA_CONNECTIONS,	/* open sockets */
	QUOTA_BYTES,		/* request and reply memory */
	QUOTA_FDS,		/* fds received and not yet closed */
	QUOTA_UNREAD,		/* replies with fds that the client has not read */
	QUOTA_QUEUED,		/* judge jobs waiting or running */
	QUOTA_PROGRAMS,		/* kernel objects, by the ledger */
	QUOTA_MAPS,
	QUOTA_MAP_BYTES,
	QUOTA_LINKS,
	QUOTA_BTFS,
	QUOTA_PERF,		/* perf events */
	QUOTA_KERNEL_BYTES,	/* of BTF and perf events: memory that no rule counts */
	QUOTA_PINS,
	QUOTA_PROBES,		/* programs and maps of feature probes */
	QUOTA_HANDLES,		/* further handles of programs: each is a descriptor in bpfgated */
	QUOTA_SLOTS,		/* records in the ledger, made or promised */
	QUOTA_TARGET_BYTES,	/* of programs that others may be attached to: targets.h */
	QUOTA_RES_CNT,
};

struct quota_table;
struct session;

#define QUOTA_RULE_BYTES LEDGER_RULE_BYTES

/* One per user that holds or lately loaded anything, and one per rule by which anybody does. */
struct quota_account {
	uid_t uid;			/* a rule's: (uid_t)-1 */
	char rule[QUOTA_RULE_BYTES];	/* "": a user's */
	unsigned int ref_cnt;
	uint64_t used[QUOTA_RES_CNT];
	uint64_t loads[2];		/* loads in the previous and in the current minute */
	uint64_t minute;		/* number of the current minute */
	uint64_t judge_ns;		/* CPU time judges spent for this uid */
	uint64_t noted_minute;		/* when the journal was last told that it is throttled */
	unsigned int closing_cnt, closing_begun_cnt;	/* closers.c: descriptors that wait to be closed */
	TAILQ_HEAD(, session) waiting;	/* turns.c: connections that have something to say */
	TAILQ_ENTRY(quota_account) round;
	bool in_round;
	uint64_t owed_ns;		/* for what it had done beyond its turns */
	uint64_t loaders_until_ns;	/* loaders.c: so long what it had started lasts */
	struct quota_table *table;
};

/* The right to hold an amount of something; stored in the object it pays for. Zero is empty. */
struct quota_charge {
	struct quota_account *account;
	enum quota_res res;
	uint64_t amount;
};

/* Daemon-wide limits per uid on what policy does not count; reasons beside quota_default_limits. */
struct quota_limits {
	uint64_t per_uid[QUOTA_RES_CNT];	/* UINT64_MAX: policy decides */
};

/* limits NULL: quota_default_limits(). 0 or -ENOMEM. */
int quota_table_new(const struct quota_limits *limits, struct quota_table **ret_table);
/* All charges must have been dropped. NULL is fine. */
void quota_table_free(struct quota_table *table);
const struct quota_limits *quota_default_limits(void);
/* Frees accounts that hold nothing and loaded nothing in the last two minutes. */
void quota_sweep(struct quota_table *table, uint64_t now_ns);

/* The account of uid, with one reference; -ENOMEM. */
int quota_account_get(struct quota_table *table, uid_t uid, struct quota_account **ret_account);
void quota_account_unref(struct quota_account *account);
/* The account of all who use a rule together, with one reference: no limit of ours applies to it. -ENOMEM. */
int quota_rule_get(struct quota_table *table, const char *rule, struct quota_account **ret_account);
/* Walks the rules' accounts; NULL starts, NULL ends. */
struct quota_account *quota_rule_next(struct quota_table *table, struct quota_account *account);
/* Walks the users' accounts; NULL starts, NULL ends. */
struct quota_account *quota_account_next(struct quota_table *table, struct quota_account *account);

/*
 * Charges amount of res, or refuses with -EDQUOT and charges nothing. charge must be empty. The
 * account stays alive as long as the charge.
 */
int quota_charge(struct quota_account *account, enum quota_res res, uint64_t amount,
		 struct quota_charge *charge);
/*
 * Charges one of `whole` that all users share, so that there is always some left for the next: nobody gets
 * to hold more than is free. -ENOSPC, and nothing is charged, when that would happen.
 */
int quota_charge_share(struct quota_account *account, enum quota_res res, uint64_t whole,
		       struct quota_charge *charge);
/* Charges whatever the limit says: for what exists already, found in the ledger after a restart. */
void quota_charge_anyway(struct quota_account *account, enum quota_res res, uint64_t amount,
			 struct quota_charge *charge);
/* What all users hold of it. */
uint64_t quota_total(const struct quota_account *account, enum quota_res res);
/* Gives back; an empty charge is fine. */
void quota_charge_done(struct quota_charge *charge);

/* Counts one load at now_ns (monotonic). */
void quota_note_load(struct quota_account *account, uint64_t now_ns);
/* Loads in the minute before now_ns, interpolated between two counters. */
uint64_t quota_loads_per_minute(struct quota_account *account, uint64_t now_ns);

/* Whether to tell the journal that this uid is throttled: at most once a minute. */
bool quota_may_note(struct quota_account *account, uint64_t now_ns);

/* What was done for the account beyond its turns: it pays with its next ones (turns.c), and never for more than a second. */
void quota_owe(struct quota_account *account, uint64_t ns);

/* "maps", as in lists and reasons; never NULL. */
const char *quota_res_name(enum quota_res res);

#endif
