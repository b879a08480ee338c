/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "who" and "share_with": the caller's attested identity against numbers resolved at load. Kinds that
 * a rule names must all hold (unit and user), within a kind one is enough.
 */
#include "policy/match.h"

#include <string.h>

#include "policy/text.h"
#include "proto/own.h"

/* One question of a rule: about whom, and whether it is there to refuse. */
struct asking {
	const struct rule_who *rule;
	const struct policy_subject *who;
	bool deny;
};

static bool has_gid(const struct policy_subject *who, gid_t gid)
{
	size_t i;

	if (who->gid == gid)
		return true;
	for (i = 0; i < who->group_cnt; i++) {
		if (who->groups[i] == gid)
			return true;
	}
	return false;
}

/* What is refused to a person is refused to all uids that the person was lent. */
static bool is_user(const struct asking *asking, uid_t uid)
{
	size_t i;

	if (asking->who->uid == uid)
		return true;
	for (i = 0; asking->deny && i < asking->who->owner_cnt; i++) {
		if (asking->who->owners[i] == uid)
			return true;
	}
	return false;
}

/* What is refused to a group is refused to its members, whatever they have left. */
static bool is_in_group(const struct asking *asking, gid_t gid)
{
	size_t i;

	if (has_gid(asking->who, gid))
		return true;
	for (i = 0; asking->deny && i < asking->who->member_cnt; i++) {
		if (asking->who->member_of[i] == gid)
			return true;
	}
	return false;
}

static bool users_hold(const struct asking *asking)
{
	size_t i;

	for (i = 0; i < asking->rule->uid_cnt; i++) {
		if (is_user(asking, asking->rule->uids[i]))
			return true;
	}
	return !asking->rule->has_users;
}

static bool groups_hold(const struct asking *asking)
{
	size_t i;

	if (asking->deny && asking->who->membership_unknown)
		return true;
	for (i = 0; i < asking->rule->gid_cnt; i++) {
		if (is_in_group(asking, asking->rule->gids[i]))
			return true;
	}
	return !asking->rule->has_groups;
}

static bool string_holds(const struct strings *strings, const char *fact)
{
	size_t i;

	for (i = 0; fact && i < strings->cnt; i++) {
		if (strcmp(strings->items[i], fact) == 0)
			return true;
	}
	return strings->cnt == 0;
}

static bool units_hold(const struct asking *asking)
{
	return string_holds(&asking->rule->units, asking->who->unit);
}

static bool labels_hold(const struct asking *asking)
{
	return string_holds(&asking->rule->labels, asking->who->label);
}

static bool exes_hold(const struct asking *asking)
{
	return string_holds(&asking->rule->exes, asking->who->exe);
}

static const struct {
	bool (*holds)(const struct asking *asking);
	size_t names; /* offset of the strings as written */
	const char *noun;
} kinds[] = {
	{ units_hold, offsetof(struct rule_who, units), "unit" },
	{ users_hold, offsetof(struct rule_who, users), "user" },
	{ groups_hold, offsetof(struct rule_who, groups), "in group" },
	{ labels_hold, offsetof(struct rule_who, labels), "label" },
	{ exes_hold, offsetof(struct rule_who, exes), "executable" },
};

static void add_names(struct text *out, const char *noun, const struct strings *names)
{
	size_t i;

	text_addf(out, "%s%s", out->len ? ", " : "", noun);
	for (i = 0; i < names->cnt; i++)
		text_addf(out, "%s%s", i ? " or " : " ", names->items[i]);
}

/* The subject that `who` of this rule speaks of: whose objects are shared, in a sharing rule. */
static const struct policy_subject *subject_of(const struct match *match)
{
	const struct policy_request *request = match->request;

	if (request->verb == POLICY_SHARE && !match->rule->deny && request->owner)
		return request->owner;
	return match->who;
}

void match_who(const struct match *match, struct policy_step *step)
{
	const struct rule_who *rule = &match->rule->who;
	const struct asking asking = { rule, subject_of(match), match->rule->deny };
	char held[128], missing[128];
	struct text good = TEXT_IN(held), bad = TEXT_IN(missing);
	bool holds = true;
	size_t i;

	for (i = 0; i < ARRAY_CNT(kinds); i++) {
		const struct strings *names = (const void *)((const char *)rule + kinds[i].names);
		bool kind_holds = kinds[i].holds(&asking);

		holds = holds && kind_holds;
		if (match->with_text && names->cnt)
			add_names(kind_holds ? &good : &bad, kinds[i].noun, names);
	}
	if (rule->anyone)
		match_say(match, step, true, "anyone");
	else if (holds)
		match_say(match, step, true, "%s", held);
	else
		match_say(match, step, false, "not %s", missing);
}

static bool share_holds(const struct rule_share *share, const struct policy_subject *who)
{
	if (!share->is_resolved)
		return false;
	if (share->kind == SHARE_USER)
		return share->id == who->uid;
	if (share->kind == SHARE_GROUP)
		return has_gid(who, share->id);
	return who->unit && strcmp(share->unit, who->unit) == 0;
}

/* Who is named twice has the wider of the two rights; see decide.c for rw. */
void match_share(const struct match *match, struct policy_step *step)
{
	const struct rule_maps *maps = &match->rule->maps;
	size_t i;

	for (i = 0; i < maps->share_cnt; i++) {
		if (share_holds(&maps->shares[i], match->who)) {
			match_say(match, step, true, "shared with the caller");
			return;
		}
	}
	match_say(match, step, false, "the owner's rule does not share with the caller");
}

bool match_share_is_rw(const struct match *match)
{
	const struct rule_maps *maps = &match->rule->maps;
	size_t i;

	for (i = 0; i < maps->share_cnt; i++) {
		if (maps->shares[i].rw && share_holds(&maps->shares[i], match->who))
			return true;
	}
	return false;
}
