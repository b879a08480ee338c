/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conditions of a rule, each a small function in one table. Promises that an allow rule matches
 * only when every condition that the request raises holds, also those the rule does not state; that a
 * deny rule matches only when everything it states holds; and that what cannot be known (a helper
 * without a name, a type of a newer kernel) is granted by nothing. Pure.
 */
#include "policy/match.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/names.h"
#include "policy/signer.h"
#include "policy/text.h"
#include "proto/own.h"

void match_say(const struct match *match, struct policy_step *step, bool holds, const char *format,
	       ...)
{
	va_list args;

	step->state = holds ? POLICY_HOLDS : POLICY_FAILS;
	if (!match->with_text)
		return;
	va_start(args, format);
	(void)vsnprintf(step->text, sizeof(step->text), format, args);
	va_end(args);
}

/*
 * A syscall program runs in the process that test-runs it, which is the loader: with these it could
 * call bpf(2) with the loader's capabilities, and open and close the loader's own fds.
 */
bool match_is_never_granted(uint32_t helper_id)
{
	static const char *const names[] = { "bpf_sys_bpf", "bpf_btf_find_by_name_kind",
					     "bpf_sys_close" };
	const char *name = names_word(NAMES_HELPER, helper_id);
	size_t i;

	for (i = 0; name && i < ARRAY_CNT(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* allow: is using this number granted? deny: does using it make the rule match? */
static bool list_holds(const struct rule_list *list, enum names_kind kind, uint32_t id, bool deny)
{
	bool listed = rule_list_has(list, id);

	if (list->mode == LIST_ONLY || list->mode == LIST_USES_ANY)
		return listed;
	if (list->mode == LIST_ANY_EXCEPT)
		return !listed && (deny || names_word(kind, id));
	return false;
}

static void match_expires(const struct match *match, struct policy_step *step)
{
	match_say(match, step, match->request->now_s < match->rule->expires_s,
		  match->request->now_s < match->rule->expires_s ? "not yet" : "the rule has expired");
}

/* Proved by this signer, by the certificate that the policy names now, which is still good; over what the rule wants. */
static bool is_proved(const struct match *match, const struct signer *signer)
{
	const struct policy_prog_facts *prog = match->request->prog;
	size_t i;

	if (signer_usable(signer, match->request->now_s) < 0)
		return false;
	for (i = 0; i < prog->proof_cnt; i++) {
		if (match->rule->signed_by.objects_only && !prog->proofs[i].by_object)
			continue;
		if (strcmp(prog->proofs[i].signer, signer_name(signer)) == 0 &&
		    memcmp(prog->proofs[i].cert_sha256, signer_cert_sha256(signer),
			   POLICY_SHA256_LEN) == 0)
			return true;
	}
	return false;
}

static bool is_proved_by_any(const struct match *match)
{
	size_t i;

	for (i = 0; i < match->policy->signer_cnt; i++) {
		if (is_proved(match, match->policy->signers[i]))
			return true;
	}
	return false;
}

static void match_signed_by(const struct match *match, struct policy_step *step)
{
	const struct rule_signed_by *rule = &match->rule->signed_by;
	char wanted[80], found[80];
	struct text want = TEXT_IN(wanted), have = TEXT_IN(found);
	uint32_t cnt = 0;
	size_t i;

	if (rule->unsigned_ok) {
		match_say(match, step, !match->rule->deny || !is_proved_by_any(match),
			  "unsigned is enough");
		return;
	}
	for (i = 0; i < rule->signer_cnt; i++) {
		const struct signer *signer = match->policy->signers[rule->signers[i]];
		bool proved = is_proved(match, signer);

		cnt += proved;
		if (!match->with_text)
			continue;
		text_addf(&want, "%s%s", i ? ", " : "", signer_name(signer));
		if (proved)
			text_addf(&have, "%s%s", have.len ? ", " : "", signer_name(signer));
	}
	match_say(match, step, cnt >= rule->threshold, "needs %u of [%s]%s; found %s%s", rule->threshold, wanted,
		  rule->objects_only ? " over the whole object" : "", cnt ? found : "none",
		  cnt >= rule->threshold ? "" : " only");
}

static void match_digests(const struct match *match, struct policy_step *step)
{
	const struct policy_prog_facts *prog = match->request->prog;
	size_t i, j;

	for (i = 0; i < match->rule->digest_cnt; i++) {
		for (j = 0; j < prog->digest_cnt; j++) {
			if (memcmp(match->rule->digests[i], prog->digests[j], POLICY_SHA256_LEN) == 0) {
				match_say(match, step, true, "digest %zu of the list", i + 1);
				return;
			}
		}
	}
	match_say(match, step, false, "no digest of the program is listed");
}

static void match_types(const struct match *match, struct policy_step *step)
{
	uint32_t type = match->request->prog->type;
	const char *name = names_word(NAMES_PROG_TYPE, type);
	bool holds = list_holds(&match->rule->programs.types, NAMES_PROG_TYPE, type,
				match->rule->deny);

	if (!match->rule->deny && type > 63)
		holds = false;
	if (name)
		match_say(match, step, holds, "program type %s%s", name, holds ? "" : " is not granted");
	else
		match_say(match, step, holds, "program type %u%s", type, holds ? "" : " is not known");
}

static void add_helper(struct text *out, uint32_t id)
{
	const char *name = names_word(NAMES_HELPER, id);

	text_addf(out, "%s", out->len ? ", " : "");
	if (name)
		text_addf(out, "%s", name);
	else
		text_addf(out, "helper %u", id);
}

/* Counts the helpers used, and those that the list is about: for allow the ones not granted. */
static void count_helpers(const struct match *match, uint32_t *ret_used, uint32_t *ret_hit,
			  struct text *names)
{
	const struct rule_list *list = &match->rule->programs.helpers;
	bool deny = match->rule->deny, holds;
	uint32_t id;

	for (id = 0; id < POLICY_HELPER_MAX; id++) {
		uint64_t word = match->request->prog->helpers[id / 64];

		if (!(word >> (id % 64))) {
			id |= 63; /* nothing more in this word */
			continue;
		}
		if (!(word >> (id % 64) & 1))
			continue;
		++*ret_used;
		holds = list_holds(list, NAMES_HELPER, id, deny);
		if (!deny && match_is_never_granted(id))
			holds = false;
		if (holds != deny)
			continue;
		++*ret_hit;
		if (match->with_text)
			add_helper(names, id);
	}
}

static void match_helpers(const struct match *match, struct policy_step *step)
{
	bool deny = match->rule->deny, beyond = match->request->prog->helper_beyond;
	const struct rule_list *list = &match->rule->programs.helpers;
	uint32_t used = 0, hit = 0;
	char names[128];
	struct text out = TEXT_IN(names);

	count_helpers(match, &used, &hit, &out);
	if (deny && hit)
		match_say(match, step, true, "uses %s", names);
	else if (deny && beyond && list->mode == LIST_ANY_EXCEPT)
		match_say(match, step, true, "uses a helper that this bpfgate does not know");
	else if (deny)
		match_say(match, step, false, "uses none of its %zu helpers", list->cnt);
	else if (beyond)
		match_say(match, step, false, "a helper is called that this bpfgate does not know");
	else if (hit)
		match_say(match, step, false, "%s %s not granted", names, hit > 1 ? "are" : "is");
	else
		match_say(match, step, true, "%u of %u allowed", used, used);
}

static bool kfunc_listed(const struct rule_list *list, const char *kfunc)
{
	size_t i;

	for (i = 0; i < list->names.cnt; i++) {
		if (rule_glob(list->names.items[i], kfunc))
			return true;
	}
	return false;
}

static void match_kfuncs(const struct match *match, struct policy_step *step)
{
	const struct policy_prog_facts *prog = match->request->prog;
	const struct rule_list *list = &match->rule->programs.kfuncs;
	bool wanted = list->mode == LIST_ONLY || list->mode == LIST_USES_ANY;
	char names[128];
	struct text out = TEXT_IN(names);
	size_t i;

	for (i = 0; i < prog->kfunc_cnt; i++) {
		bool holds = list->mode != LIST_ABSENT && kfunc_listed(list, prog->kfuncs[i]) == wanted;

		if (holds != match->rule->deny)
			continue;
		text_add_name(&out, prog->kfuncs[i]);
		match_say(match, step, match->rule->deny, "kfunc %s %s", names,
			  match->rule->deny ? "is used" : "is not granted");
		return;
	}
	match_say(match, step, !match->rule->deny, "%zu used", prog->kfunc_cnt);
}

static void match_sleepable(const struct match *match, struct policy_step *step)
{
	bool sleepable = match->request->prog->sleepable;

	if (match->rule->deny)
		match_say(match, step, sleepable, sleepable ? "sleepable" : "not sleepable");
	else
		match_say(match, step, !sleepable || match->rule->programs.sleepable == 1,
			  sleepable ? "the program is sleepable" : "not sleepable");
}

static void match_max_insns(const struct match *match, struct policy_step *step)
{
	uint32_t cnt = match->request->prog->insn_cnt, most = match->rule->programs.max_insns;

	match_say(match, step, cnt <= most, "%u of %u instructions", cnt, most);
}

static void match_test_run(const struct match *match, struct policy_step *step)
{
	enum test_run asked = match->request->live_frames ? TEST_RUN_LIVE : TEST_RUN_YES;

	match_say(match, step, match->rule->programs.test_run >= asked,
		  asked == TEST_RUN_LIVE ? "test run with live frames" : "test run");
}

static bool map_holds(const struct match *match, const struct policy_map_facts *map)
{
	const struct rule_maps *rule = &match->rule->maps;

	if (!rule->is_stated || map->type > 63)
		return false;
	return list_holds(&rule->types, NAMES_MAP_TYPE, map->type, match->rule->deny) &&
	       (match->rule->deny || map->bytes <= rule->max_bytes_each);
}

static void map_text(const struct match *match, const struct policy_map_facts *map, struct text *out)
{
	const char *type = names_word(NAMES_MAP_TYPE, map->type);

	text_add_name(out, map->name);
	text_addf(out, " %s ", type ? type : "of unknown type");
	text_add_bytes(out, map->bytes);
	if (!match->rule->deny && match->rule->maps.max_bytes_each != UINT64_MAX) {
		text_addf(out, " of ");
		text_add_bytes(out, match->rule->maps.max_bytes_each);
	}
}

static void match_maps(const struct match *match, struct policy_step *step)
{
	const struct policy_request *request = match->request;
	const struct policy_map_facts *maps = request->prog ? request->prog->maps : request->map;
	size_t cnt = request->prog ? request->prog->map_cnt : request->map ? 1 : 0, i;
	bool deny = match->rule->deny;
	char about[128];
	struct text out = TEXT_IN(about);

	for (i = 0; i < cnt; i++) {
		if (map_holds(match, &maps[i]) != deny)
			continue;
		if (match->with_text)
			map_text(match, &maps[i], &out);
		match_say(match, step, deny, "%s%s", about, deny ? "" : " is not granted");
		return;
	}
	if (cnt == 1 && match->with_text)
		map_text(match, &maps[0], &out);
	else
		text_addf(&out, "%zu maps", cnt);
	match_say(match, step, !deny, "%s", about);
}

static void match_pin(const struct match *match, struct policy_step *step)
{
	const struct strings *dirs = &match->rule->maps.pin_under;
	const char *path = match->request->pin_path;
	char about[160];
	struct text out = TEXT_IN(about);
	bool holds = false;
	size_t i;

	for (i = 0; path && !holds && i < dirs->cnt; i++)
		holds = rule_path_under(path, dirs->items[i]);
	if (match->with_text)
		text_add_name(&out, path);
	match_say(match, step, holds, "%s%s", about, holds ? "" : " is under no directory it grants");
}

struct quota_line {
	const char *noun;
	uint64_t after;
	uint64_t most;
	bool is_bytes;
};

static void quota_text(const struct quota_line *line, struct text *out)
{
	text_addf(out, "%s", out->len ? ", " : "");
	if (line->is_bytes) {
		text_add_bytes(out, line->after);
		text_addf(out, " of ");
		text_add_bytes(out, line->most);
	} else {
		text_addf(out, "%llu of %llu", (unsigned long long)line->after,
			  (unsigned long long)line->most);
	}
	text_addf(out, " %s", line->noun);
}

/* What the request would bring those to who hold `use`, for the resources it takes. */
static size_t quota_lines(const struct policy_request *request, const struct policy_use *use,
			  const struct policy_quota *quota, struct quota_line lines[2])
{
	uint64_t bytes = UINT64_MAX;

	if (request->verb == POLICY_PROG_LOAD) {
		lines[0] = (struct quota_line){ "programs", use->programs + 1ULL, quota->programs };
		lines[1] = (struct quota_line){ "loads a minute", use->loads_last_minute + 1ULL,
						quota->loads_per_minute };
		return 2;
	}
	if (request->verb == POLICY_MAP_CREATE) {
		if (request->map)
			(void)SIZE_ADD(use->map_bytes, request->map->bytes, &bytes);
		if (request->map && bytes < use->map_bytes)
			bytes = UINT64_MAX; /* wrapped */
		lines[0] = (struct quota_line){ "maps", use->maps + 1ULL, quota->maps };
		lines[1] = (struct quota_line){ "map memory", bytes, quota->map_bytes, true };
		return 2;
	}
	if (request->verb == POLICY_PIN)
		lines[0] = (struct quota_line){ "pins", use->pins + 1ULL, quota->pins };
	else if (request->verb == POLICY_BTF_LOAD)
		lines[0] = (struct quota_line){ "BTF objects", use->btfs + 1ULL, quota->btfs };
	else
		lines[0] = (struct quota_line){ "links", use->links + 1ULL, quota->links };
	return 1;
}

/* Whether all lines hold; those are told, of all together only the ones that are limited. */
static bool quota_holds(const struct quota_line *lines, size_t cnt, const char *who, struct text *out)
{
	bool holds = true;
	size_t i;

	for (i = 0; i < cnt; i++) {
		holds = holds && lines[i].after <= lines[i].most;
		if (out && (!*who || lines[i].most < (lines[i].is_bytes ? UINT64_MAX : UINT32_MAX))) {
			quota_text(&lines[i], out);
			text_addf(out, "%s", who);
		}
	}
	return holds;
}

static const struct policy_use *quota_find_use(const struct match *match)
{
	static const struct policy_use nothing;
	const struct policy_request *request = match->request;
	size_t i;

	for (i = 0; i < request->rule_use_cnt; i++) {
		if (strcmp(request->rule_uses[i].rule, match->rule->id) == 0)
			return &request->rule_uses[i].use;
	}
	return &nothing;
}

static void match_quota(const struct match *match, struct policy_step *step)
{
	const struct rule *rule = match->rule;
	struct quota_line lines[2];
	char about[256];
	struct text out = TEXT_IN(about);
	struct text *told = match->with_text ? &out : NULL;
	bool holds;
	size_t cnt;

	cnt = quota_lines(match->request, &match->request->use, &rule->quota, lines);
	holds = quota_holds(lines, cnt, "", told);
	if (rule->has_in_all) {
		cnt = quota_lines(match->request, quota_find_use(match), &rule->in_all, lines);
		holds = quota_holds(lines, cnt, " of all together", told) && holds &&
			!match->request->rule_uses_unknown;
	}
	match_say(match, step, holds, "after this: %s", about);
}

#define VERB(verb) (1U << (verb))
#define ALL_VERBS  (VERB(POLICY_VERB_CNT) - 1)
#define WITH_PROG  (VERB(POLICY_PROG_LOAD) | VERB(POLICY_ATTACH) | VERB(POLICY_TEST_RUN))
#define ABOUT_TARGETS \
	(VERB(POLICY_PROG_LOAD) | VERB(POLICY_ATTACH) | VERB(POLICY_QUERY) | VERB(POLICY_PERF_EVENT))

/*
 * For each condition: the requests that raise it, and how it is judged. `raised` narrows that for
 * allow rules, `stated` says whether a deny rule speaks of it.
 */
struct condition {
	uint32_t verbs;
	void (*judge)(const struct match *match, struct policy_step *step);
	bool (*raised)(const struct match *match);
	bool (*stated)(const struct rule *rule);
};

static bool has_expiry(const struct match *match)
{
	return match->rule->expires_s != INT64_MAX;
}

static bool has_signed_by(const struct match *match)
{
	return match->rule->signed_by.is_stated;
}

static bool has_digests(const struct match *match)
{
	return match->rule->digest_cnt > 0;
}

static bool has_target(const struct match *match)
{
	return match->request->verb != POLICY_PROG_LOAD || match->request->target;
}

static bool makes_something(const struct match *match)
{
	return match->request->verb != POLICY_PIN || !match->request->opens_pin;
}

static bool states_who(const struct rule *rule)
{
	(void)rule;
	return true;
}

static bool states_expiry(const struct rule *rule)
{
	return rule->expires_s != INT64_MAX;
}

static bool states_signed_by(const struct rule *rule)
{
	return rule->signed_by.is_stated;
}

static bool states_digests(const struct rule *rule)
{
	return rule->digest_cnt > 0;
}

static bool states_types(const struct rule *rule)
{
	return rule->programs.types.mode != LIST_ABSENT;
}

static bool states_helpers(const struct rule *rule)
{
	return rule->programs.helpers.mode != LIST_ABSENT;
}

static bool states_kfuncs(const struct rule *rule)
{
	return rule->programs.kfuncs.mode != LIST_ABSENT;
}

static bool states_sleepable(const struct rule *rule)
{
	return rule->programs.sleepable == 1;
}

static bool states_attach(const struct rule *rule)
{
	return rule->programs.has_attach;
}

static bool states_maps(const struct rule *rule)
{
	return rule->maps.is_stated;
}

static const struct condition conditions[POLICY_COND_CNT] = {
#define COND(name, key, verbs, judge, raised, stated, lasting, remedy) \
	[POLICY_COND_##name] = { verbs, judge, raised, stated },
#include "policy/condition.def"
#undef COND
};

static bool needs_prog(const struct condition *condition)
{
	return condition->verbs == WITH_PROG;
}

/* A deny rule that speaks of something the request does not have is not about this request. */
static void judge_deny(const struct match *match, const struct condition *condition,
		       struct policy_step *step)
{
	if (!condition->stated || !condition->stated(match->rule))
		return;
	if (!(condition->verbs & VERB(match->request->verb)) ||
	    (needs_prog(condition) && !match->request->prog) ||
	    (condition->judge == match_attach && !match->request->target))
		match_say(match, step, false, "not part of this request");
	else
		condition->judge(match, step);
}

static void judge_allow(const struct match *match, const struct condition *condition,
			struct policy_step *step)
{
	if (!(condition->verbs & VERB(match->request->verb)))
		return;
	if (condition->raised && !condition->raised(match))
		return;
	if (needs_prog(condition) && !match->request->prog)
		match_say(match, step, false, "the request names no program");
	else
		condition->judge(match, step);
}

static void judge(const struct match *match, enum policy_condition condition,
		  struct policy_step *step)
{
	step->state = POLICY_NOT_ASKED;
	step->text[0] = '\0';
	if (!conditions[condition].judge)
		return;
	if (match->rule->deny)
		judge_deny(match, &conditions[condition], step);
	else
		judge_allow(match, &conditions[condition], step);
}

bool match_rule_quickly(const struct match *match, bool *ret_who_holds)
{
	struct policy_step step;
	int i;

	*ret_who_holds = false;
	for (i = POLICY_COND_WHO; i < POLICY_COND_CNT; i++) {
		judge(match, (enum policy_condition)i, &step);
		if (step.state == POLICY_FAILS)
			return false;
		if (i == POLICY_COND_WHO)
			*ret_who_holds = true;
	}
	return true;
}

static void step_place(const struct match *match, int condition, struct policy_place *ret_place)
{
	const struct spot *spot = &match->rule->spots[condition];

	if (!spot->line)
		spot = &match->rule->spots[POLICY_COND_NONE];
	(void)snprintf(ret_place->file, sizeof(ret_place->file), "%s",
		       match->policy->files.items[spot->file]);
	ret_place->line = spot->line;
	ret_place->column = spot->column;
}

bool match_rule(const struct match *match, struct policy_step *ret_steps, size_t *ret_failed_cnt)
{
	int i;

	*ret_failed_cnt = 0;
	for (i = 0; i < POLICY_COND_CNT; i++) {
		judge(match, (enum policy_condition)i, &ret_steps[i]);
		*ret_failed_cnt += ret_steps[i].state == POLICY_FAILS;
		if (match->with_text)
			step_place(match, i, &ret_steps[i].place);
	}
	return *ret_failed_cnt == 0;
}
