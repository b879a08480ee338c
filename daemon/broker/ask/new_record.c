/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns an object and by which rule is written down the moment it is allowed. Texts that do not fit
 * are cut: they are for people; decisions are taken from uids.
 */
#include "daemon/broker/ask/new_record.h"

#include <stdio.h>

void new_record_begin(const struct work *work, struct ledger_rec *rec)
{
	rec->uid = work->ident->uid;
	rec->account = work->account->uid;
	rec->made_s = (uint64_t)clock_now_s();
	rec->made_ns = clock_now_ns();
	rec->decision = work->decision ? work->decision->id : 0;
	snprintf(rec->rule, sizeof(rec->rule), "%s", work->ruling ? work->ruling->rule : "");
	snprintf(rec->unit, sizeof(rec->unit), "%s", work->ident->unit);
}

int new_record_add(struct work *work, const struct ledger_rec *rec)
{
	ledger_remove(work->broker->ledger, rec->kind, rec->id);
	return ledger_add(work->broker->ledger, rec, &work->charge);
}
