/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients are served one request at a time, and after each the event loop looks whether something more important
 * has come: bpfgated, loaders, judges, new connections. Accounts take turns, however many connections each has.
 * What a request costs in time (of which its bytes are most) the account owes, whether in its turn, when a judge or loader
 * has answered, in the judge, or in the kernel for a loader; it pays with its next turns, so who asks for much waits for
 * those who ask for little.
 */
#include "daemon/broker/work/turns.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/broker/work/session.h"

#define TURNS_NS     200000u	 /* what a turn is worth: several usual requests */

struct turns {
	sd_event_source *source;	/* on while somebody waits */
	TAILQ_HEAD(, quota_account) round;
};

static void turns_leave(struct turns *turns, struct quota_account *account)
{
	TAILQ_REMOVE(&turns->round, account, round);
	account->in_round = false;
	quota_account_unref(account);
}

/* The next who owes no more than a turn; each that is passed over has paid one. */
static struct quota_account *turns_next(struct turns *turns)
{
	struct quota_account *account;

	while ((account = TAILQ_FIRST(&turns->round)) && account->owed_ns > TURNS_NS) {
		account->owed_ns -= TURNS_NS;
		TAILQ_REMOVE(&turns->round, account, round);
		TAILQ_INSERT_TAIL(&turns->round, account, round);
	}
	return account;
}

static void turns_prefer(struct session *session)
{
	struct quota_account *account = session->account;

	TAILQ_REMOVE(&account->waiting, session, turn);
	TAILQ_INSERT_HEAD(&account->waiting, session, turn);
}

static void turns_give(struct turns *turns, struct quota_account *account)
{
	struct session *session = TAILQ_FIRST(&account->waiting);
	uint64_t began_ns = clock_now_ns();
	enum session_turn turn;

	TAILQ_REMOVE(&turns->round, account, round);
	TAILQ_INSERT_TAIL(&turns->round, account, round);
	TAILQ_REMOVE(&account->waiting, session, turn);
	session->waiting = false;
	turn = session->ops->take_turn(session);
	quota_owe(account, clock_now_ns() - began_ns);
	if (turn != SESSION_RESTS)
		turns_want(turns, session);
	/* One large request at a time, or an account would hold as many halves as it has connections. */
	if (turn == SESSION_GOES_ON)
		turns_prefer(session);
	if (account->in_round && TAILQ_EMPTY(&account->waiting))
		turns_leave(turns, account);
}

static int turns_on_event(sd_event_source *source, void *ctx)
{
	struct turns *turns = ctx;
	struct quota_account *account = turns_next(turns);

	if (account)
		turns_give(turns, account);
	if (TAILQ_EMPTY(&turns->round))
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

int turns_new(sd_event *event, struct turns **ret_turns)
{
	struct turns *turns = calloc(1, sizeof(*turns));
	int r;

	if (!turns)
		return -ENOMEM;
	TAILQ_INIT(&turns->round);
	r = sd_event_add_defer(event, &turns->source, turns_on_event, turns);
	if (r >= 0)
		r = sd_event_source_set_priority(turns->source, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_enabled(turns->source, SD_EVENT_OFF);
	if (r < 0) {
		turns_free(turns);
		return r;
	}
	*ret_turns = turns;
	return 0;
}

void turns_free(struct turns *turns)
{
	if (!turns)
		return;
	sd_event_source_disable_unref(turns->source);
	free(turns);
}

void turns_want(struct turns *turns, struct session *session)
{
	struct quota_account *account = session->account;

	if (session->waiting)
		return;
	session->waiting = true;
	TAILQ_INSERT_TAIL(&account->waiting, session, turn);
	if (account->in_round)
		return;
	account->in_round = true;
	account->ref_cnt++;
	TAILQ_INSERT_TAIL(&turns->round, account, round);
	(void)sd_event_source_set_enabled(turns->source, SD_EVENT_ON);
}

void turns_forget(struct turns *turns, struct session *session)
{
	struct quota_account *account = session->account;

	if (!session->waiting)
		return;
	session->waiting = false;
	TAILQ_REMOVE(&account->waiting, session, turn);
	if (TAILQ_EMPTY(&account->waiting))
		turns_leave(turns, account);
}
