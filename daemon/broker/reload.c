/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a mistake in a policy file takes nothing away: at a reload the old rules stay, at a start
 * there are none, and in both cases all that is loaded, pinned and recorded stays as it is. Whoever asks
 * is told the file and the line, until a policy is read that has no mistake.
 */
#include "daemon/broker/reload.h"

#include <stdio.h>
#include <syslog.h>

#include "daemon/broker/ask/coverage.h"
#include "daemon/broker/store/journal.h"
#include "daemon/broker/store/journal_ids.h"
#include "daemon/broker/signed/signed_dirs.h"
#include "daemon/broker/ask/orphans.h"

/* What is wrong comes first: a status line is cut at its end. */
void reload_status_text(const struct broker *broker, char *text, size_t bytes)
{
	const struct policy *policy = broker->rules->policy;
	const char *aside = broker->options.ledger_set_aside ? "ANOTHER VERSION'S LEDGER IS SET ASIDE; " : "";
	size_t orphan_cnt = orphans_cnt(broker);
	char orphans[32] = "";

	if (orphan_cnt)
		snprintf(orphans, sizeof(orphans), "%zu orphans; ", orphan_cnt);

	if (broker->trouble[0])
		snprintf(text, bytes, "%s%s%s: %s", aside, orphans,
			 policy_rule_cnt(policy) ? "Policy refused, the old one stays" :
						   "NO RULES, everything kept",
			 broker->trouble);
	else
		snprintf(text, bytes, "%s%sPolicy %.8s (%zu rules, %zu signers): %zu programs, %u connections",
			 aside, orphans, policy_digest(policy), policy_rule_cnt(policy), policy_signer_cnt(policy),
			 ledger_cnt(broker->ledger, LEDGER_PROG), broker->session_cnt);
}

void reload_tell_status(struct broker *broker, enum keep_ask_kind kind, int result)
{
	char text[KEEP_STATUS_MAX];

	reload_status_text(broker, text, sizeof(text));
	to_parent_tell_text(broker->to_parent, kind, result, text);
}

int reload_first(struct broker *broker)
{
	if (rules_load(&broker->options.dirs, 1, stderr, broker->trouble, &broker->rules) == 0)
		return 0;
	journal_note(LOG_ERR, JOURNAL_ID_POLICY_REJECTED, "NO RULES are in force, everything is kept: %s",
		     broker->trouble);
	return rules_none(1, &broker->rules);
}

static int reload_read(struct broker *broker)
{
	struct rules *rules = NULL;
	int r = rules_load(&broker->options.dirs, broker->rules->generation + 1, stderr,
			   broker->trouble, &rules);

	if (r < 0) {
		journal_note(LOG_ERR, JOURNAL_ID_POLICY_REJECTED,
			     "policy not reloaded: %s; the old one (%.8s) stays in force",
			     broker->trouble, policy_digest(broker->rules->policy));
		return r;
	}
	rules_unref(broker->rules);
	broker->rules = rules;
	journal_note(LOG_NOTICE, JOURNAL_ID_POLICY_LOADED, "policy %s in force, %zu rules",
		     policy_digest(rules->policy), policy_rule_cnt(rules->policy));
	signed_dirs_scan(broker->signed_dirs);
	(void)coverage_report(broker);
	return 0;
}

int reload_now(struct broker *broker)
{
	int r = reload_read(broker);

	reload_tell_status(broker, ASK_STATUS, 0);
	return r;
}

void reload_answer(struct broker *broker)
{
	reload_tell_status(broker, ASK_RELOADED, reload_read(broker));
}
