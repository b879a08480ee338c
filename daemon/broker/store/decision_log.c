/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of decisions is bounded twice: in all, and per user, so that a busy client cannot push
 * another's refusals out. Texts in a decision come in part from clients (names of programs), so they
 * are made printable before they are kept or logged.
 */
#include "daemon/broker/store/decision_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <uthash.h>

#include "daemon/broker/store/journal.h"
#include "daemon/broker/store/journal_ids.h"
#include "proto/own.h"

#define DECISION_LOG_MAX	2048u /* at about 1 KiB with its text: 2 MiB */
#define DECISION_LOG_PER_UID	256u
#define DECISION_TEXT_MAX	8192u
#define DECISION_MODELS_PER_UID	16u	/* of the newest only: at up to 32 KiB each they are what is large */
#define DECISION_MODELS_MAX	128u	/* of all users: 4 MiB */
/* Loaders double their buffer until the log fits: from 64 KiB to what the kernel writes at most, and some more. */
#define DECISION_RETRIES_MAX	16u
#define DECISION_RETRY_S	10	/* they do it at once */
#define DECISION_LOG_LOOKED_AT	16u	/* other threads of the process load meanwhile */
/* Ten a second: more than a person's mistakes make, and less than pushes other services out of the journal. */
#define DECISION_LOG_TOLD_PER_MINUTE 600u

TAILQ_HEAD(decision_list, decision);

/* One per user (account) that decisions are kept of. */
struct decision_owner {
	uid_t uid;
	unsigned int cnt;
	struct decision_list own;	/* newest first */
	int64_t minute;			/* in which these were decided ... */
	struct {
		unsigned int told, untold;	/* ... and told to the journal, or only counted */
	} grants, refusals;
	UT_hash_handle hh;
};

struct decision_log {
	struct decision_list all;	/* newest first */
	struct decision_owner *owners;
	unsigned int cnt;
	uint64_t last_id;
	unsigned int model_cnt;
	uint64_t totals[DECISION_VERDICT_CNT];
};

int decision_log_new(struct decision_log **ret_decisions)
{
	struct decision_log *decisions = calloc(1, sizeof(*decisions));

	if (!decisions)
		return -ENOMEM;
	TAILQ_INIT(&decisions->all);
	*ret_decisions = decisions;
	return 0;
}

static struct decision_owner *decision_log_find_owner(const struct decision_log *decisions,
						      uid_t uid)
{
	struct decision_owner *owner;

	HASH_FIND(hh, decisions->owners, &uid, sizeof(uid), owner);
	return owner;
}

static void decision_log_drop_idle(struct decision_log *decisions, struct decision_owner *owner)
{
	if (owner->cnt > 0)
		return;
	HASH_DELETE(hh, decisions->owners, owner);
	free(owner);
}

static void decision_drop_model(struct decision_log *decisions, struct decision *decision)
{
	decisions->model_cnt -= decision->model != NULL;
	free(decision->model);
	decision->model = NULL;
}

/* Makes room for a new one: its user's oldest give way, then the oldest of all. */
static void decision_log_bound_models(struct decision_log *decisions, struct decision_owner *owner)
{
	struct decision *decision;
	unsigned int own_cnt = 0;

	TAILQ_FOREACH(decision, &owner->own, own)
		if (decision->model && ++own_cnt > DECISION_MODELS_PER_UID)
			decision_drop_model(decisions, decision);
	TAILQ_FOREACH_REVERSE(decision, &decisions->all, decision_list, all) {
		if (decisions->model_cnt <= DECISION_MODELS_MAX)
			break;
		decision_drop_model(decisions, decision);
	}
}

static void decision_log_forget(struct decision_log *decisions, struct decision *decision)
{
	struct decision_owner *owner = decision_log_find_owner(decisions, decision->account);

	TAILQ_REMOVE(&decisions->all, decision, all);
	TAILQ_REMOVE(&owner->own, decision, own);
	decisions->cnt--;
	owner->cnt--;
	decision_log_drop_idle(decisions, owner);
	decision_drop_model(decisions, decision);
	decision_done(decision);
	free(decision);
}

void decision_log_free(struct decision_log *decisions)
{
	struct decision *decision;

	if (!decisions)
		return;
	while ((decision = TAILQ_FIRST(&decisions->all)))
		decision_log_forget(decisions, decision);
	free(decisions);
}

uint64_t decision_log_next_id(struct decision_log *decisions)
{
	uint64_t id;

	/* Unguessable, and none tells how many calls others make; 56 bits do not meet twice among two thousand. */
	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != sizeof(id))
		id = decisions->last_id + 1;
	id &= UINT64_MAX >> 8;
	decisions->last_id = id ? id : 1;
	return decisions->last_id;
}

static void decision_make_printable(char *text, bool keep_newlines)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c < ' ' && !(keep_newlines && (c == '\n' || c == '\t'))) || c >= 0x7f)
			*text = '?';
	}
}

static void decision_clean(struct decision *decision)
{
	decision_make_printable(decision->unit, false);
	decision_make_printable(decision->summary, false);
	decision_make_printable(decision->code, false);
	decision_make_printable(decision->prog_name, false);
	if (!decision->text)
		return;
	if (strlen(decision->text) > DECISION_TEXT_MAX)
		decision->text[DECISION_TEXT_MAX] = '\0';
	decision_make_printable(decision->text, true);
}

static bool decision_is_same(const struct decision *a, const struct decision *b)
{
	return a->uid == b->uid && a->verdict == b->verdict && a->err == b->err &&
	       strcmp(a->command, b->command) == 0 && strcmp(a->rule, b->rule) == 0 &&
	       strcmp(a->summary, b->summary) == 0 && strcmp(a->unit, b->unit) == 0;
}

/* The errno apart: that of a log which does not fit is another. */
static bool decision_is_as_before(const struct decision *a, const struct decision *b)
{
	return a->verdict == b->verdict && a->stage == b->stage && strcmp(a->code, b->code) == 0 &&
	       strcmp(a->rule, b->rule) == 0 && strcmp(a->summary, b->summary) == 0;
}

static bool decision_wants_more_log(const struct decision_request *request,
				    const struct decision_request *before)
{
	return (request->log_level && !before->log_level) || request->log_bytes > before->log_bytes;
}

static bool decision_is_retried(const struct decision *decision, const struct decision_request *request)
{
	return decision->request.known && decision->retries < DECISION_RETRIES_MAX &&
	       memcmp(decision->request.digest, request->digest, sizeof(request->digest)) == 0 &&
	       decision_wants_more_log(request, &decision->request);
}

uint64_t decision_log_find_retried(const struct decision_log *decisions, uid_t account, uid_t uid,
				   pid_t pid, const struct decision_request *request, int64_t now_s)
{
	const struct decision_owner *owner = decision_log_find_owner(decisions, account);
	const struct decision *decision = owner ? TAILQ_FIRST(&owner->own) : NULL;

	for (unsigned int i = 0; decision && i < DECISION_LOG_LOOKED_AT; i++) {
		if (decision->verdict != DECISION_ALLOWED && decision->uid == uid &&
		    decision->pid == pid && now_s - decision->time_s <= DECISION_RETRY_S &&
		    decision_is_retried(decision, request))
			return decision->id;
		decision = TAILQ_NEXT(decision, own);
	}
	return 0;
}

static void decision_take_text(struct decision_log *decisions, struct decision *decision, struct decision *from)
{
	free(decision->text);
	decision->text = TAKE_PTR(from->text);
	decision_drop_model(decisions, decision);
	decision->model = TAKE_PTR(from->model);
	decisions->model_cnt += decision->model != NULL;
}

/* true: it was nothing new. */
static bool decision_log_take_retry(struct decision_log *decisions, struct decision_owner *owner, struct decision *retry)
{
	struct decision *decision;

	TAILQ_FOREACH(decision, &owner->own, own)
		if (decision->id == retry->id)
			break;
	if (!decision || !decision_is_as_before(decision, retry))
		return false;
	decision->request = retry->request;
	decision->retries++;
	if (retry->text)
		decision_take_text(decisions, decision, retry);
	return true;
}

static struct decision_owner *decision_log_get_owner(struct decision_log *decisions, uid_t uid)
{
	struct decision_owner *owner = decision_log_find_owner(decisions, uid);

	if (owner)
		return owner;
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return NULL;
	owner->uid = uid;
	TAILQ_INIT(&owner->own);
	HASH_ADD(hh, decisions->owners, uid, sizeof(owner->uid), owner);
	return owner;
}

static void decision_log_roll_minute(struct decision_owner *owner, int64_t time_s)
{
	if (owner->minute == time_s / 60)
		return;
	if (owner->refusals.untold || owner->grants.untold)
		journal_note(LOG_NOTICE, JOURNAL_ID_THROTTLED,
			     "uid %u: %u refusals and %u grants within a minute were not recorded",
			     (unsigned int)owner->uid, owner->refusals.untold, owner->grants.untold);
	owner->minute = time_s / 60;
	memset(&owner->grants, 0, sizeof(owner->grants));
	memset(&owner->refusals, 0, sizeof(owner->refusals));
}

/* Each has a measure of its own, so that a flood of refusals does not hide a grant, nor one of grants a refusal. */
static bool decision_log_may_tell(struct decision_owner *owner, const struct decision *decision)
{
	bool granted = decision->verdict == DECISION_ALLOWED;
	unsigned int *told, *untold;

	decision_log_roll_minute(owner, decision->time_s);
	told = granted ? &owner->grants.told : &owner->refusals.told;
	untold = granted ? &owner->grants.untold : &owner->refusals.untold;
	if (*told < DECISION_LOG_TOLD_PER_MINUTE) {
		++*told;
		return true;
	}
	++*untold;
	return false;
}

/* Keeps a copy; the user's own oldest gives way when it has many, else the oldest of all. */
static void decision_log_keep(struct decision_log *decisions, struct decision_owner *owner,
			      struct decision *from)
{
	struct decision *decision = malloc(sizeof(*decision));

	if (!decision) {
		decision_log_drop_idle(decisions, owner);
		return;
	}
	*decision = *from;
	decision->first_id = from->id;
	from->text = from->model = NULL;
	decisions->model_cnt += decision->model != NULL;
	TAILQ_INSERT_HEAD(&decisions->all, decision, all);
	TAILQ_INSERT_HEAD(&owner->own, decision, own);
	decisions->cnt++;
	decision_log_bound_models(decisions, owner);
	if (++owner->cnt > DECISION_LOG_PER_UID)
		decision_log_forget(decisions, TAILQ_LAST(&owner->own, decision_list));
	if (decisions->cnt > DECISION_LOG_MAX)
		decision_log_forget(decisions, TAILQ_LAST(&decisions->all, decision_list));
}

/* The same as the one before. */
static void decision_log_repeat(struct decision_log *decisions, struct decision *last, struct decision *decision)
{
	last->repeated++;
	last->id = decision->id;
	last->time_s = decision->time_s;
	last->pid = decision->pid;
	last->request = decision->request;
	last->retries = 0;
	decision_take_text(decisions, last, decision);
}

void decision_log_add(struct decision_log *decisions, struct decision *decision, bool quiet)
{
	struct decision_owner *owner = decision_log_get_owner(decisions, decision->account);
	struct decision *last = owner ? TAILQ_FIRST(&owner->own) : NULL;

	decision_clean(decision);
	if (owner && decision->is_retry && decision_log_take_retry(decisions, owner, decision))
		return;
	decisions->totals[decision->verdict]++;
	if (!owner)
		return;
	if (last && decision_is_same(last, decision)) {
		decision_log_repeat(decisions, last, decision);
		decision_log_bound_models(decisions, owner);
		return;
	}
	if (last && last->repeated && decision_log_may_tell(owner, last))
		journal_repeated(last);
	if (!quiet && decision_log_may_tell(owner, decision))
		journal_decision(decision);
	decision_log_keep(decisions, owner, decision);
}

const struct decision *decision_log_next(const struct decision_log *decisions,
					 const struct decision *after)
{
	return after ? TAILQ_NEXT(after, all) : TAILQ_FIRST(&decisions->all);
}

const struct decision *decision_log_find(const struct decision_log *decisions, uint64_t id)
{
	const struct decision *decision;

	TAILQ_FOREACH(decision, &decisions->all, all)
		if (decision->id == id || decision->first_id == id)
			return decision;
	return NULL;
}

uint64_t decision_log_cnt(const struct decision_log *decisions, enum decision_verdict verdict)
{
	return decisions->totals[verdict];
}
