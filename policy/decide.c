/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision. Promises: no matching rule, no grant; a matching deny rule refuses whatever else
 * there is; and the caller is told only of rules that name it. It goes over the rules twice at most:
 * once to decide, and on a refusal once more to find the rule that came nearest, with words.
 */
#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "policy/match.h"
#include "policy/names.h"
#include "policy/text.h"
#include "proto/own.h"

#define POLICY_DIR_HINT "/etc/bpfgate/policy.d"
#define RELOAD_HINT	"systemctl reload bpfgated"

void policy_helper_add(struct policy_prog_facts *facts, uint32_t helper_id)
{
	if (helper_id >= POLICY_HELPER_MAX)
		facts->helper_beyond = true;
	else
		facts->helpers[helper_id / 64] |= (uint64_t)1 << (helper_id % 64);
}

/* What one pass over the rules finds. */
struct tally {
	const struct rule *deny;	/* the first that refuses */
	const struct rule *allow;	/* the most generous that grants */
	const struct rule *shadow_deny;
	const struct rule *shadow_allow;
	size_t naming_cnt;		/* rules that name the caller */
};

/* By program type; one without a row, of a newer kernel, is none. */
static const bool only_own[] = {
#define KERNEL_PROG_TYPE(id, NAME, name, since, load, attach, others) [id] = !(others),
#include "proto/kernel_types.def"
};

/* Types that only touch their holder's own sockets may be handed out as real fds. */
static enum policy_grant grant_of(const struct rule *rule, const struct policy_request *request)
{
	if (rule->programs.has_grant)
		return rule->programs.grant;
	return request->prog && request->prog->type < ARRAY_CNT(only_own) && only_own[request->prog->type] ?
		       POLICY_GRANT_FD :
		       POLICY_GRANT_HANDLE;
}

/*
 * The more generous of two rules that both grant: otherwise a rule that is added could take away what
 * another gives. Equal ones by id, so that the order of files means nothing.
 */
static bool is_more_generous(const struct rule *a, const struct rule *b,
			     const struct policy_request *request)
{
	if (a->programs.perfmon != b->programs.perfmon)
		return a->programs.perfmon > b->programs.perfmon;
	if (grant_of(a, request) != grant_of(b, request))
		return grant_of(a, request) > grant_of(b, request);
	if (a->programs.unsupported != b->programs.unsupported)
		return a->programs.unsupported > b->programs.unsupported;
	if (a->programs.whole_sandbox != b->programs.whole_sandbox)
		return b->programs.whole_sandbox;
	if (a->programs.max_insns != b->programs.max_insns)
		return a->programs.max_insns > b->programs.max_insns;
	if (a->quota.verify_ns != b->quota.verify_ns)
		return a->quota.verify_ns > b->quota.verify_ns;
	return strcmp(a->id, b->id) < 0;
}

static void tally_rule(struct tally *tally, const struct rule *rule,
		       const struct policy_request *request)
{
	const struct rule **slot;

	if (rule->deny)
		slot = rule->shadow ? &tally->shadow_deny : &tally->deny;
	else
		slot = rule->shadow ? &tally->shadow_allow : &tally->allow;
	if (!*slot || (!rule->deny && is_more_generous(rule, *slot, request)))
		*slot = rule;
}

static struct tally tally_rules(const struct policy *policy, const struct policy_subject *who,
				const struct policy_request *request)
{
	struct tally tally = { 0 };
	struct match match = { .policy = policy, .who = who, .request = request };
	bool who_holds;
	size_t i;

	for (i = 0; i < policy->rule_cnt; i++) {
		match.rule = &policy->rules[i];
		if (match_rule_quickly(&match, &who_holds))
			tally_rule(&tally, match.rule, request);
		tally.naming_cnt += who_holds && !match.rule->shadow;
	}
	return tally;
}

struct nearest {
	const struct rule *rule; /* NULL: no allow rule names the caller */
	size_t distance;
	size_t failed_cnt;
	enum policy_condition condition;
	struct policy_step step;
};

static enum policy_condition first_failing(const struct policy_step *steps)
{
	int i;

	for (i = POLICY_COND_WHO; i < POLICY_COND_CNT; i++) {
		if (steps[i].state == POLICY_FAILS)
			return (enum policy_condition)i;
	}
	return POLICY_COND_NONE;
}

/* A rule about other types of program is further away than one that fails in a detail. */
static size_t distance_of(const struct policy_step *steps, size_t failed_cnt)
{
	return failed_cnt + (steps[POLICY_COND_TYPES].state == POLICY_FAILS ? POLICY_COND_CNT : 0);
}

/* The allow rule naming the caller with the fewest conditions that fail. */
static void find_nearest(const struct policy *policy, const struct policy_subject *who,
			 const struct policy_request *request, struct nearest *ret_nearest)
{
	struct match match = { .policy = policy, .who = who, .request = request };
	struct policy_step steps[POLICY_COND_CNT];
	size_t i, failed_cnt;

	*ret_nearest = (struct nearest){ .distance = SIZE_MAX };
	for (i = 0; i < policy->rule_cnt; i++) {
		match.rule = &policy->rules[i];
		if (match.rule->deny || match.rule->shadow)
			continue;
		(void)match_rule(&match, steps, &failed_cnt);
		if (steps[POLICY_COND_WHO].state == POLICY_FAILS ||
		    distance_of(steps, failed_cnt) >= ret_nearest->distance)
			continue;
		ret_nearest->rule = match.rule;
		ret_nearest->distance = distance_of(steps, failed_cnt);
	}
	if (!ret_nearest->rule)
		return;
	match.rule = ret_nearest->rule;
	match.with_text = true;
	(void)match_rule(&match, steps, &ret_nearest->failed_cnt);
	ret_nearest->condition = first_failing(steps);
	ret_nearest->step = steps[ret_nearest->condition];
}

static void rule_place(const struct policy *policy, const struct rule *rule,
		       struct policy_place *ret_place)
{
	(void)snprintf(ret_place->file, sizeof(ret_place->file), "%s",
		       policy->files.items[rule->spots[0].file]);
	ret_place->line = rule->spots[0].line;
	ret_place->column = rule->spots[0].column;
}

/* "program "count" (xdp, 12 instructions)", "map "flows" (hash)", or nothing. */
static void add_object(struct text *out, const struct policy_request *request)
{
	const char *type;

	if (request->prog) {
		type = names_word(NAMES_PROG_TYPE, request->prog->type);
		text_addf(out, " ");
		text_add_name(out, request->prog->name);
		text_addf(out, " (%s, %u instructions)", type ? type : "unknown type",
			  request->prog->insn_cnt);
	} else if (request->map) {
		type = names_word(NAMES_MAP_TYPE, request->map->type);
		text_addf(out, " ");
		text_add_name(out, request->map->name);
		text_addf(out, " (%s, ", type ? type : "unknown type");
		text_add_bytes(out, request->map->bytes);
		text_addf(out, ")");
	}
}

static void admin_text(const struct policy_subject *who, const struct policy_request *request,
		       const char *outcome, struct policy_decision *decision)
{
	struct text out = TEXT_IN(decision->admin_text);

	text_addf(&out, "uid %u", who->uid);
	if (who->unit) {
		text_addf(&out, " (");
		text_add_untrusted(&out, who->unit, strnlen(who->unit, 128));
		text_addf(&out, ")");
	}
	text_addf(&out, " asks to %s", policy_verb_name(request->verb));
	add_object(&out, request);
	text_addf(&out, ": %s", outcome);
}

static void set_terms(const struct policy *policy, const struct policy_subject *who,
		      const struct policy_request *request, const struct rule *rule,
		      struct policy_decision *decision)
{
	struct match match = { .policy = policy, .who = who, .request = request, .rule = rule };

	decision->grant = grant_of(rule, request);
	decision->perfmon = rule->programs.perfmon;
	decision->unsupported = rule->programs.unsupported;
	decision->whole_sandbox = rule->programs.whole_sandbox;
	decision->max_insns = rule->programs.max_insns;
	decision->quota = rule->quota;
	decision->share_rw = request->verb == POLICY_SHARE && match_share_is_rw(&match);
}

static void say_allowed(const struct policy *policy, const struct policy_subject *who,
			const struct policy_request *request, const struct rule *rule,
			struct policy_decision *decision)
{
	struct text out = TEXT_IN(decision->client_text);

	decision->verdict = POLICY_ALLOW;
	rule_place(policy, rule, &decision->place);
	set_terms(policy, who, request, rule, decision);
	text_addf(&out, "rule %s (%s:%u) allows this", rule->id, decision->place.file,
		  decision->place.line);
	admin_text(who, request, decision->client_text, decision);
}

/* What a deny rule matched: the last thing it states says most. */
static void say_denied(const struct policy *policy, const struct policy_subject *who,
		       const struct policy_request *request, const struct rule *rule,
		       struct policy_decision *decision)
{
	struct match match = { policy, rule, who, request, true };
	struct text out = TEXT_IN(decision->client_text);
	struct policy_step steps[POLICY_COND_CNT];
	int i, said = POLICY_COND_WHO;
	size_t failed_cnt;

	(void)match_rule(&match, steps, &failed_cnt);
	for (i = POLICY_COND_WHO; i < POLICY_COND_CNT; i++) {
		if (steps[i].state == POLICY_HOLDS && i != POLICY_COND_EXPIRES)
			said = i;
	}
	decision->by_deny_rule = true;
	decision->condition = (enum policy_condition)said;
	decision->place = steps[said].place;
	text_addf(&out, "rule %s (%s:%u) refuses this: %s: %s", rule->id, steps[0].place.file,
		  steps[0].place.line, policy_condition_name(decision->condition), steps[said].text);
	admin_text(who, request, decision->client_text, decision);
	out = TEXT_IN(decision->remedy);
	text_addf(&out, "a deny rule stands above every allow rule: to permit this, root narrows or "
			"removes rule %s in %s and runs \"" RELOAD_HINT "\"",
		  rule->id, steps[0].place.file);
}

static void say_nobody(const struct policy *policy, const struct policy_subject *who,
		       const struct policy_request *request, struct policy_decision *decision)
{
	struct text out = TEXT_IN(decision->client_text);

	decision->condition = POLICY_COND_WHO;
	if (policy->rule_cnt == 0)
		text_addf(&out, "the policy has no rules: nothing is allowed to anybody");
	else
		text_addf(&out, "no allow rule names the caller (uid %u%s%s); all %zu rules concern "
				"others",
			  who->uid, who->unit ? ", " : "", who->unit ? who->unit : "",
			  policy->rule_cnt);
	admin_text(who, request, decision->client_text, decision);
	out = TEXT_IN(decision->remedy);
	text_addf(&out, "to permit this, root writes a rule with \"who\": {\"users\": [\"%u\"]} into "
			POLICY_DIR_HINT "/NAME.json and runs \"" RELOAD_HINT "\"; \"bpfgate policy "
			"suggest\" prints such a rule, bpfgate-policy(5) explains it",
		  who->uid);
}

static void say_near(const struct policy *policy, const struct policy_subject *who,
		     const struct policy_request *request, const struct nearest *nearest,
		     size_t naming_cnt, struct policy_decision *decision)
{
	struct text out = TEXT_IN(decision->client_text);
	const char *remedy = policy_condition_remedy(nearest->condition);
	size_t others = policy->rule_cnt - naming_cnt;

	decision->condition = nearest->condition;
	decision->place = nearest->step.place;
	(void)snprintf(decision->rule, sizeof(decision->rule), "%s", nearest->rule->id);
	text_addf(&out, "no rule allows this; nearest is %s (%s:%u): %s: %s", nearest->rule->id,
		  decision->place.file, decision->place.line,
		  policy_condition_name(nearest->condition), nearest->step.text);
	if (nearest->failed_cnt > 1)
		text_addf(&out, " (and %zu more)", nearest->failed_cnt - 1);
	admin_text(who, request, decision->client_text, decision);
	if (others)
		text_addf(&out, "; %zu rules concern others", others);
	out = TEXT_IN(decision->remedy);
	text_addf(&out, "to permit this: %s in rule %s (%s:%u), then \"" RELOAD_HINT "\" (both as root)",
		  remedy ? remedy : "change what fails",
		  nearest->rule->id, decision->place.file, decision->place.line);
}

static void say_refused(const struct policy *policy, const struct policy_subject *who,
			const struct policy_request *request, size_t naming_cnt,
			struct policy_decision *decision)
{
	struct nearest nearest;

	find_nearest(policy, who, request, &nearest);
	if (nearest.rule)
		say_near(policy, who, request, &nearest, naming_cnt, decision);
	else
		say_nobody(policy, who, request, decision);
}

/* What would be, if rules marked "shadow" counted. */
static void set_shadow(const struct tally *tally, struct policy_decision *decision)
{
	const struct rule *cause = NULL;

	decision->shadow_verdict = decision->verdict;
	if (decision->verdict == POLICY_ALLOW)
		cause = tally->shadow_deny;
	else if (!tally->deny && !tally->shadow_deny)
		cause = tally->shadow_allow;
	if (!cause)
		return;
	decision->shadow_verdict = cause->deny ? POLICY_DENY : POLICY_ALLOW;
	(void)snprintf(decision->shadow_rule, sizeof(decision->shadow_rule), "%s", cause->id);
}

void policy_decide(const struct policy *policy, const struct policy_subject *who,
		   const struct policy_request *request, struct policy_decision *ret_decision)
{
	struct tally tally = tally_rules(policy, who, request);
	const struct rule *rule = tally.deny ? tally.deny : tally.allow;

	memset(ret_decision, 0, sizeof(*ret_decision));
	ret_decision->verdict = POLICY_DENY;
	if (rule) {
		(void)snprintf(ret_decision->rule, sizeof(ret_decision->rule), "%s", rule->id);
		ret_decision->log = rule->log;
	}
	if (tally.deny)
		say_denied(policy, who, request, rule, ret_decision);
	else if (rule)
		say_allowed(policy, who, request, rule, ret_decision);
	else
		say_refused(policy, who, request, tally.naming_cnt, ret_decision);
	set_shadow(&tally, ret_decision);
}

/* Asked for nothing in particular: only a deny rule without further conditions matches that. */
static bool rule_is_about(const struct policy *policy, const struct rule *rule, const struct policy_subject *who)
{
	const struct policy_request request = { .verb = POLICY_BTF_LOAD };
	struct match match = { policy, rule, who, &request, false };
	bool who_holds = false, matches = match_rule_quickly(&match, &who_holds);

	return rule->deny ? matches && !rule->shadow : who_holds;
}

bool policy_names(const struct policy *policy, const struct policy_subject *who)
{
	for (size_t i = 0; i < policy->rule_cnt; i++) {
		if (!policy->rules[i].deny && rule_is_about(policy, &policy->rules[i], who))
			return true;
	}
	return false;
}

static bool rule_speaks_for(const struct rule *rule, enum policy_verb verb)
{
	bool programs = rule->programs.is_stated, maps = rule->maps.is_stated;

	if (verb == POLICY_MAP_CREATE)
		return maps;
	if (verb == POLICY_BTF_LOAD)
		return programs || maps;
	if (verb == POLICY_PROG_LOAD || verb == POLICY_ATTACH || verb == POLICY_QUERY || verb == POLICY_TEST_RUN)
		return programs;
	return true;
}

bool policy_names_for(const struct policy *policy, const struct policy_subject *who, enum policy_verb verb)
{
	bool named = false;

	for (size_t i = 0; i < policy->rule_cnt; i++) {
		const struct rule *rule = &policy->rules[i];

		if ((!rule->deny && !rule_speaks_for(rule, verb)) || !rule_is_about(policy, rule, who))
			continue;
		if (rule->deny)
			return false;
		named = true;
	}
	return named;
}

void policy_examine(const struct policy *policy, size_t idx, const struct policy_subject *who,
		    const struct policy_request *request, struct policy_outcome *ret_outcome)
{
	const struct rule *rule = &policy->rules[idx];
	struct match match = { policy, rule, who, request, true };

	memset(ret_outcome, 0, sizeof(*ret_outcome));
	memcpy(ret_outcome->rule, rule->id, sizeof(ret_outcome->rule));
	ret_outcome->deny = rule->deny;
	ret_outcome->shadow = rule->shadow;
	rule_place(policy, rule, &ret_outcome->place);
	ret_outcome->matches = match_rule(&match, ret_outcome->steps, &ret_outcome->failed_cnt);
}
