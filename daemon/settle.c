/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that after a start each name stands for the object that it was given to: numbers of kept objects
 * begin anew with bpfgated, so a name whose object is gone must not meet the next one of that number. Where
 * the ledger is new (lost, or the first) nothing is let go: who owns it is unknown, not that nobody does.
 */
#include "daemon/settle.h"

#include "daemon/unpin.h"

void settle_row(struct broker *broker, const struct keep_tell *tell)
{
	if (tell->cookie || !tell->keep_id || ledger_is_new(broker->ledger))
		return;
	/* It stays if a name is recorded for it. */
	(void)unpin_let_go(broker, tell->keep_id);
}

void settle_end(struct broker *broker)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(broker->ledger, LEDGER_PIN, &cursor))) {
		const struct kept_obj *obj = handles_find_kept(broker->handles, rec->pin.keep_id);

		if (!obj || obj->obj_kind != rec->pin.obj_kind || obj->obj_id != rec->pin.obj_id)
			ledger_remove(broker->ledger, LEDGER_PIN, rec->id);
	}
}
