/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that after a start each name stands for the object that it was given to: numbers of kept objects
 * begin anew with bpfgated, so a name whose object is gone must not meet the next one of that number. Of what was
 * pinned when the ledger was lost, bpfgated has made orphans (ledger_file.c): they end as such when a ledger
 * that was set aside says whose they are.
 */
#include "daemon/broker/settle.h"

#include "daemon/broker/ask/unpin.h"

void settle_row(struct broker *broker, const struct keep_tell *tell)
{
	if (tell->cookie || !tell->keep_id)
		return;
	/* It stays if a name is recorded for it. */
	(void)unpin_let_go(broker, tell->keep_id);
}

static bool settle_is_named(const struct ledger *ledger, uint64_t keep_id)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(ledger, LEDGER_PIN, &cursor)))
		if (rec->pin.keep_id == keep_id && !ledger_is_orphan(rec))
			return true;
	return false;
}

void settle_end(struct broker *broker)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(broker->ledger, LEDGER_PIN, &cursor))) {
		const struct kept_obj *obj = handles_find_kept(broker->handles, rec->pin.keep_id);

		if (rec->pin.obj_kind == LEDGER_PIN_DIR)
			continue;
		if (!obj || obj->obj_kind != rec->pin.obj_kind || obj->obj_id != rec->pin.obj_id ||
		    (ledger_is_orphan(rec) && settle_is_named(broker->ledger, rec->pin.keep_id)))
			ledger_remove(broker->ledger, LEDGER_PIN, rec->id);
	}
}
