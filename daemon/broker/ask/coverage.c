/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a reload: what is loaded, held against the rules of today. Only what the ledger recorded of a
 * program is looked at, not its owner, whose groups are not known any more, and not quotas, which are for
 * what is yet to come. Nothing is undone here.
 */
#include "daemon/broker/ask/coverage.h"

#include <string.h>
#include <syslog.h>

#include "daemon/broker/ask/facts.h"
#include "daemon/broker/store/journal.h"
#include "daemon/broker/store/journal_ids.h"
#include "daemon/broker/work/work.h"

static void coverage_note(const struct ledger_rec *rec, const char *condition, const char *text)
{
	journal_note(LOG_WARNING, JOURNAL_ID_NOT_COVERED,
		     "program %u of uid %u, granted by rule %s, is no longer covered: %s%s%s", rec->id,
		     (unsigned int)rec->uid, rec->rule, condition, *condition ? ": " : "", text);
}

/* The first condition of the rule that does not hold for the program, or NULL. */
static const struct policy_step *coverage_failing(const struct policy_outcome *outcome,
						  enum policy_condition *ret_condition)
{
	for (int i = 0; i < POLICY_COND_CNT; i++) {
		if (!policy_condition_lasts((enum policy_condition)i) || outcome->steps[i].state != POLICY_FAILS)
			continue;
		*ret_condition = (enum policy_condition)i;
		return &outcome->steps[i];
	}
	return NULL;
}

static bool coverage_check(struct broker *broker, const struct ledger_rec *rec, struct facts *facts)
{
	const struct policy *policy = broker->rules->policy;
	struct policy_subject who = { .uid = rec->uid };
	struct policy_request request = { .verb = POLICY_PROG_LOAD,
					  .now_s = clock_now_s(),
					  .prog = &facts->prog };
	struct policy_outcome outcome;
	const struct policy_step *step;
	enum policy_condition condition;
	int idx = policy_find_rule(policy, rec->rule);

	if (idx < 0) {
		coverage_note(rec, "", "the rule is gone");
		return false;
	}
	facts_of_record(broker->ledger, broker->vmbtf, rec, facts);
	policy_examine(policy, (size_t)idx, &who, &request, &outcome);
	step = coverage_failing(&outcome, &condition);
	if (outcome.deny)
		coverage_note(rec, "", "the rule refuses now");
	else if (step)
		coverage_note(rec, policy_condition_name(condition), step->text);
	return !outcome.deny && !step;
}

size_t coverage_report(struct broker *broker)
{
	OWN_MEM struct facts *facts = malloc(sizeof(*facts));
	const struct ledger_rec *rec;
	uint32_t cursor = 0;
	size_t cnt = 0;

	while (facts && (rec = ledger_walk(broker->ledger, LEDGER_PROG, &cursor)))
		if (rec->rule[0] && !rec->prog.probe)
			cnt += !coverage_check(broker, rec, facts);
	return cnt;
}
