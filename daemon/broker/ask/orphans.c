/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a program which only the kernel knows is not forgotten silently. Nothing is done to
 * one: somebody may depend on it, and it ends when nobody holds it. A program that is being loaded
 * has no record for a moment, so records are looked up when one is shown.
 */
#include "daemon/broker/ask/orphans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "daemon/broker/store/journal.h"
#include "daemon/broker/store/ledger.h"

#define ORPHANS_MAX 4096u /* more are not listed */

struct orphans {
	uint32_t ids[ORPHANS_MAX]; /* ascending; with and without records */
	size_t cnt, told_cnt;
};

int orphans_new(struct orphans **ret_orphans)
{
	*ret_orphans = calloc(1, sizeof(**ret_orphans));
	return *ret_orphans ? 0 : -ENOMEM;
}

void orphans_free(struct orphans *orphans)
{
	free(orphans);
}

void orphans_set(struct broker *broker, const uint32_t *ids, size_t cnt)
{
	struct orphans *orphans = broker->orphans;

	orphans->cnt = 0;
	for (size_t i = 0; i < cnt && orphans->cnt < ORPHANS_MAX; i++)
		if (!ledger_find(broker->ledger, LEDGER_PROG, ids[i]))
			orphans->ids[orphans->cnt++] = ids[i];
	if (orphans->cnt > orphans->told_cnt)
		journal_note(LOG_WARNING, NULL,
			     "%zu programs of our loaders have no record: bpfgate list orphans",
			     orphans->cnt);
	orphans->told_cnt = orphans->cnt;
}

uint32_t orphans_next(const struct broker *broker, uint32_t after)
{
	const struct orphans *orphans = broker->orphans;

	for (size_t i = 0; i < orphans->cnt; i++)
		if (orphans->ids[i] > after &&
		    !ledger_find(broker->ledger, LEDGER_PROG, orphans->ids[i]))
			return orphans->ids[i];
	return 0;
}

size_t orphans_cnt(const struct broker *broker)
{
	size_t cnt = 0;

	for (uint32_t id = 0; (id = orphans_next(broker, id)) != 0;)
		cnt++;
	return cnt;
}
