/* SPDX-License-Identifier: Apache-2.0 */
/* Promises the same words wherever a decision is shown: in the journal, in a log, in an answer. */
#include "daemon/broker/store/decision.h"

#include <stdio.h>

const char *decision_verdict_name(enum decision_verdict verdict)
{
	static const char *const names[] = { "none", "allowed", "refused", "undecided" };

	return verdict < DECISION_VERDICT_CNT ? names[verdict] : "?";
}

void decision_format_id(uint64_t id, char ret_text[DECISION_ID_BYTES])
{
	snprintf(ret_text, DECISION_ID_BYTES, "D-%014llx", (unsigned long long)id);
}
