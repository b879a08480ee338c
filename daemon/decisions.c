/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of decisions is bounded twice: in all, and per uid, so that a busy client cannot push
 * another's refusals out. Texts in a decision come in part from clients (names of programs), so they
 * are made printable before they are kept or logged.
 */
#include "daemon/decisions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/journal.h"
#include "proto/own.h"

#define DECISIONS_MAX		2048u	/* at about 1 KiB with its text: 2 MiB */
#define DECISIONS_PER_UID	256u
#define DECISION_TEXT_MAX	8192u

struct decisions {
	struct decision *ring;	/* DECISIONS_MAX, filled from 0 on demand */
	size_t next, cnt;
	uint64_t next_id;
	uint64_t totals[DECISION_VERDICT_CNT];
};

const char *decision_verdict_name(enum decision_verdict verdict)
{
	static const char *const names[] = { "allowed", "refused", "undecided" };

	return verdict < DECISION_VERDICT_CNT ? names[verdict] : "?";
}

void decision_format_id(uint64_t id, char ret_text[DECISION_ID_BYTES])
{
	snprintf(ret_text, DECISION_ID_BYTES, "D-%llx", (unsigned long long)id);
}

int decisions_new(struct decisions **ret_decisions)
{
	struct decisions *decisions = calloc(1, sizeof(*decisions));
	uint32_t salt;

	if (!decisions)
		return -ENOMEM;
	decisions->ring = calloc(DECISIONS_MAX, sizeof(*decisions->ring));
	if (!decisions->ring || getrandom(&salt, sizeof(salt), 0) != sizeof(salt)) {
		decisions_free(decisions);
		return -ENOMEM;
	}
	decisions->next_id = (uint64_t)(salt | 1) << 24;
	*ret_decisions = decisions;
	return 0;
}

void decisions_free(struct decisions *decisions)
{
	if (!decisions)
		return;
	for (size_t i = 0; decisions->ring && i < decisions->cnt; i++)
		free(decisions->ring[i].text);
	free(decisions->ring);
	free(decisions);
}

uint64_t decisions_next_id(struct decisions *decisions)
{
	return ++decisions->next_id;
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

static struct decision *decisions_slot_at(const struct decisions *decisions, size_t idx)
{
	if (idx >= decisions->cnt)
		return NULL;
	return &decisions->ring[(decisions->next + DECISIONS_MAX - 1 - idx) % DECISIONS_MAX];
}

/* Where a new one goes: over the uid's own oldest when it has many, else over the oldest of all. */
static struct decision *decisions_room_for(struct decisions *decisions, uid_t uid)
{
	struct decision *oldest = NULL, *slot;
	size_t mine = 0;

	for (size_t i = 0; (slot = decisions_slot_at(decisions, i)); i++) {
		if (slot->uid != uid)
			continue;
		oldest = slot;
		mine++;
	}
	if (mine >= DECISIONS_PER_UID)
		oldest->id = 0;
	slot = &decisions->ring[decisions->next];
	decisions->next = (decisions->next + 1) % DECISIONS_MAX;
	if (decisions->cnt < DECISIONS_MAX)
		decisions->cnt++;
	return slot;
}

void decisions_record(struct decisions *decisions, struct decision *decision, bool quiet)
{
	struct decision *slot = decisions_slot_at(decisions, 0);

	decision_clean(decision);
	decisions->totals[decision->verdict]++;
	if (slot && slot->id && decision_is_same(slot, decision)) {
		slot->repeated++;
		slot->id = decision->id;
		slot->time_s = decision->time_s;
		free(slot->text);
		slot->text = TAKE_PTR(decision->text);
		return;
	}
	if (slot && slot->repeated)
		journal_repeated(slot);
	if (!quiet)
		journal_decision(decision);
	slot = decisions_room_for(decisions, decision->uid);
	free(slot->text);
	*slot = *decision;
	decision->text = NULL;
}

const struct decision *decisions_at(const struct decisions *decisions, size_t idx)
{
	return decisions_slot_at(decisions, idx);
}

const struct decision *decisions_last_of(const struct decisions *decisions, uid_t uid)
{
	const struct decision *slot;

	for (size_t i = 0; (slot = decisions_slot_at(decisions, i)); i++)
		if (slot->id && slot->uid == uid)
			return slot;
	return NULL;
}

const struct decision *decisions_find(const struct decisions *decisions, uint64_t id)
{
	const struct decision *slot;

	for (size_t i = 0; id && (slot = decisions_slot_at(decisions, i)); i++)
		if (slot->id == id)
			return slot;
	return NULL;
}

uint64_t decisions_cnt(const struct decisions *decisions, enum decision_verdict verdict)
{
	return decisions->totals[verdict];
}
