/* SPDX-License-Identifier: Apache-2.0 */
/* One rule held against one request. */
#ifndef BPFGATE_POLICY_MATCH_H
#define BPFGATE_POLICY_MATCH_H

#include "policy/rule.h"

struct match {
	const struct policy *policy;
	const struct rule *rule;
	const struct policy_subject *who;
	const struct policy_request *request;
	bool with_text; /* also say why: costs more than deciding */
};

/*
 * Looks at each condition and fills `ret_steps` (POLICY_COND_CNT of them). Returns whether the rule
 * matches: an allow rule grants everything asked, a deny rule refuses. *ret_failed_cnt is how many
 * conditions fail.
 */
bool match_rule(const struct match *match, struct policy_step *ret_steps, size_t *ret_failed_cnt);

/* Only whether, and whether the caller is meant at all; stops at the first failing condition. */
bool match_rule_quickly(const struct match *match, bool *ret_who_holds);

/* "who" (match_who.c), "signed_by" and "attach" (match_target.c) each by themselves. */
void match_who(const struct match *match, struct policy_step *step);
void match_share(const struct match *match, struct policy_step *step);
void match_attach(const struct match *match, struct policy_step *step);

/* May the caller, with whom the rule shares, write? */
bool match_share_is_rw(const struct match *match);

/* The settings of a step; text only where match->with_text. */
void match_say(const struct match *match, struct policy_step *step, bool holds, const char *format,
	       ...) __attribute__((format(printf, 4, 5)));

/* Helpers that would let a program act as the process that runs it; no rule grants them. */
bool match_is_never_granted(uint32_t helper_id);

#endif
