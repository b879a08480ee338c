/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "rules": one rule after another, and what holds between the keys of one. Whether a rule allows or
 * denies is looked up first, because the same key means different things in the two.
 */
#include "policy/read.h"

#include <stdio.h>
#include <string.h>

#include "policy/signer.h"
#include "proto/own.h"

/*
 * What a rule without "quota", or without one of its keys, gives to each user: enough for one
 * service, too little to hurt the machine.
 */
static const struct policy_quota quota_default = {
	.programs = 16,
	.maps = 32,
	.links = 16,
	.loads_per_minute = 60,
	.pins = 256,
	.btfs = 1024,
	.map_bytes = 64ULL << 20,
	.verify_ns = 5000000000ULL,
	.verify_memory_bytes = 256ULL << 20,
};

/* What is not limited for all together. */
static const struct policy_quota quota_unlimited = {
	.programs = UINT32_MAX,
	.maps = UINT32_MAX,
	.links = UINT32_MAX,
	.loads_per_minute = UINT32_MAX,
	.pins = UINT32_MAX,
	.btfs = UINT32_MAX,
	.map_bytes = UINT64_MAX,
};

static void quota_programs(const struct at *at, void *dest)
{
	(void)read_uint(at, 0, UINT32_MAX, &((struct policy_quota *)dest)->programs);
}

static void quota_maps(const struct at *at, void *dest)
{
	(void)read_uint(at, 0, UINT32_MAX, &((struct policy_quota *)dest)->maps);
}

static void quota_links(const struct at *at, void *dest)
{
	(void)read_uint(at, 0, UINT32_MAX, &((struct policy_quota *)dest)->links);
}

static void quota_loads(const struct at *at, void *dest)
{
	(void)read_uint(at, 0, UINT32_MAX, &((struct policy_quota *)dest)->loads_per_minute);
}

static void quota_pins(const struct at *at, void *dest)
{
	(void)read_uint(at, 0, UINT32_MAX, &((struct policy_quota *)dest)->pins);
}

static void quota_btfs(const struct at *at, void *dest)
{
	(void)read_uint(at, 0, UINT32_MAX, &((struct policy_quota *)dest)->btfs);
}

static void quota_map_bytes(const struct at *at, void *dest)
{
	(void)read_size(at, &((struct policy_quota *)dest)->map_bytes);
}

static void quota_memory(const struct at *at, void *dest)
{
	(void)read_size(at, &((struct policy_quota *)dest)->verify_memory_bytes);
}

static void quota_seconds(const struct at *at, void *dest)
{
	struct policy_quota *quota = dest;
	double seconds = json_number_value(at->value);

	/* an hour: no program that a kernel accepts takes a fraction of it */
	if (!json_is_number(at->value) || !(seconds > 0) || seconds > 3600) {
		read_error(at, NULL, "seconds, above 0 and at most 3600, are needed here");
		return;
	}
	quota->verify_ns = (uint64_t)(seconds * 1e9);
}

/* Accounts are counted together where they hold something; what a verification costs is each one's own. */
static const struct key in_all_keys[] = {
	{ "programs", quota_programs },
	{ "maps", quota_maps },
	{ "links", quota_links },
	{ "loads_per_minute", quota_loads },
	{ "map_bytes", quota_map_bytes },
	{ "pins", quota_pins },
	{ "btfs", quota_btfs },
};

static void quota_in_all(const struct at *at, void *dest)
{
	struct rule *rule = at->rd->rule;

	(void)dest;
	rule->has_in_all = true;
	read_object(at, in_all_keys, ARRAY_CNT(in_all_keys), &rule->in_all);
}

static const struct key quota_keys[] = {
	{ "programs", quota_programs },
	{ "maps", quota_maps },
	{ "links", quota_links },
	{ "loads_per_minute", quota_loads },
	{ "map_bytes", quota_map_bytes },
	{ "pins", quota_pins },
	{ "btfs", quota_btfs },
	{ "verify_seconds", quota_seconds },
	{ "verify_memory", quota_memory },
	{ "in_all", quota_in_all },
};

static void one_signer(const struct at *at, const char *string, void *dest)
{
	struct rule_signed_by *signed_by = dest;
	struct reader *rd = at->rd;
	size_t i, *signers;

	for (i = 0; i < rd->policy->signer_cnt; i++) {
		if (strcmp(signer_name(rd->policy->signers[i]), string) == 0)
			break;
	}
	if (i == rd->policy->signer_cnt) {
		read_error(at, NULL, "no file defines the signer \"%s\"", string);
		return;
	}
	signers = read_grow(rd, signed_by->signers, &signed_by->signer_cnt, sizeof(*signers));
	if (!signers)
		return;
	signed_by->signers = signers;
	signers[signed_by->signer_cnt - 1] = i;
}

static void signed_signers(const struct at *at, void *dest)
{
	read_each(at, one_signer, dest);
}

static void signed_threshold(const struct at *at, void *dest)
{
	(void)read_uint(at, 1, SIGNERS_MAX, &((struct rule_signed_by *)dest)->threshold);
}

static void signed_unsigned(const struct at *at, void *dest)
{
	struct rule_signed_by *signed_by = dest;

	if (read_bool(at, &signed_by->unsigned_ok) && !signed_by->unsigned_ok)
		read_error(at, NULL, "\"unsigned\" can only be true; leave it out otherwise");
}

static void signed_objects_only(const struct at *at, void *dest)
{
	struct rule_signed_by *signed_by = dest;

	if (read_bool(at, &signed_by->objects_only) && !signed_by->objects_only)
		read_error(at, NULL, "\"objects_only\" can only be true; leave it out otherwise");
}

static const struct key signed_keys[] = {
	{ "signers", signed_signers },
	{ "objects_only", signed_objects_only },
	{ "threshold", signed_threshold },
	{ "unsigned", signed_unsigned },
};

static void rule_signed(const struct at *at, void *dest)
{
	struct rule *rule = dest;
	struct rule_signed_by *signed_by = &rule->signed_by;
	size_t named = json_array_size(json_object_get(at->value, "signers"));

	signed_by->is_stated = true;
	signed_by->threshold = 1;
	read_object(at, signed_keys, ARRAY_CNT(signed_keys), signed_by);
	if (named && signed_by->unsigned_ok)
		read_error(at, NULL, "\"signers\" and \"unsigned\" contradict each other");
	if (signed_by->objects_only && signed_by->unsigned_ok)
		read_error(at, NULL, "\"objects_only\" and \"unsigned\" contradict each other");
	if (!named && !signed_by->unsigned_ok && json_is_object(at->value))
		read_error(at, NULL, "\"signers\" or \"unsigned\": true is needed here");
	if (named && signed_by->threshold > named)
		read_error(at, NULL, "\"threshold\" is %u, but only %zu signers are named",
			   signed_by->threshold, named);
}

static void one_digest(const struct at *at, const char *string, void *dest)
{
	struct rule *rule = dest;
	uint8_t(*digests)[POLICY_SHA256_LEN];
	uint8_t digest[POLICY_SHA256_LEN];

	if (strncmp(string, "sha256:", 7) != 0) {
		read_error(at, NULL, "a digest is \"sha256:\" and 64 hexadecimal digits");
		return;
	}
	if (!read_sha256(at, string + 7, digest))
		return;
	digests = read_grow(at->rd, (void *)rule->digests, &rule->digest_cnt, sizeof(*digests));
	if (!digests)
		return;
	memcpy(digests[rule->digest_cnt - 1], digest, sizeof(digest));
	rule->digests = (const uint8_t(*)[POLICY_SHA256_LEN])digests;
}

static void rule_digests(const struct at *at, void *dest)
{
	read_each(at, one_digest, dest);
}

static bool is_rule_id(const char *id)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

	return strlen(id) < POLICY_RULE_ID_MAX && *id && strchr(first, *id) &&
	       strspn(id, more) == strlen(id);
}

static void rule_id(const struct at *at, void *dest)
{
	struct rule *rule = dest;
	const struct policy *policy = at->rd->policy;
	const char *id;
	size_t i;

	if (!read_string(at, &id))
		return;
	if (!is_rule_id(id)) {
		read_error(at, NULL, "an id has up to 63 characters of a-z, 0-9, '.', '_', '-' and "
				     "starts with one of the first two kinds");
		return;
	}
	for (i = 0; i + 1 < policy->rule_cnt; i++) {
		if (strcmp(policy->rules[i].id, id) == 0)
			read_error(at, NULL, "a rule \"%s\" exists already (%s:%u)", id,
				   policy->files.items[policy->rules[i].spots[0].file],
				   policy->rules[i].spots[0].line);
	}
	(void)snprintf(rule->id, sizeof(rule->id), "%s", id);
}

static void rule_effect(const struct at *at, void *dest)
{
	static const char *const words[] = { "allow", "deny", NULL };
	size_t place;

	(void)dest; /* looked up before the rest: see one_rule() */
	(void)read_word(at, words, &place);
}

static void rule_who(const struct at *at, void *dest)
{
	read_who(at, &((struct rule *)dest)->who);
}

static void rule_programs(const struct at *at, void *dest)
{
	read_programs(at, &((struct rule *)dest)->programs);
}

static void rule_maps(const struct at *at, void *dest)
{
	read_maps(at, &((struct rule *)dest)->maps);
}

static void rule_quota(const struct at *at, void *dest)
{
	read_object(at, quota_keys, ARRAY_CNT(quota_keys), &((struct rule *)dest)->quota);
}

static void rule_expires(const struct at *at, void *dest)
{
	(void)read_time(at, &((struct rule *)dest)->expires_s);
}

static void rule_shadow(const struct at *at, void *dest)
{
	struct rule *rule = dest;

	if (read_bool(at, &rule->shadow) && !rule->shadow)
		read_error(at, NULL, "\"shadow\" can only be true; leave it out otherwise");
}

static void rule_log(const struct at *at, void *dest)
{
	static const char *const words[] = { "decisions", "denials", "full", NULL };
	size_t place;

	if (read_word(at, words, &place))
		((struct rule *)dest)->log = (enum policy_log)place;
}

static const struct key rule_keys[] = {
	{ "id", rule_id, .is_required = true },
	{ "effect", rule_effect, .is_required = true },
	{ "who", rule_who, .is_required = true, .condition = POLICY_COND_WHO },
	{ "comment", read_comment },
	{ "expires", rule_expires, .condition = POLICY_COND_EXPIRES },
	{ "signed_by", rule_signed, .condition = POLICY_COND_SIGNED_BY },
	{ "digests", rule_digests, .condition = POLICY_COND_DIGESTS },
	{ "programs", rule_programs },
	{ "maps", rule_maps, .condition = POLICY_COND_MAPS },
	{ "quota", rule_quota, .is_terms = true, .condition = POLICY_COND_QUOTA },
	{ "shadow", rule_shadow },
	{ "log", rule_log },
};

/* What no single key shows. */
static void rule_check(const struct at *at, const struct rule *rule)
{
	if (rule->deny || !json_is_object(at->value))
		return;
	if (!rule->programs.is_stated && !rule->maps.is_stated)
		read_error(at, "add \"programs\" or \"maps\"", "allow rule \"%s\" grants nothing",
			   at->rd->rule_id);
	if (rule->programs.is_stated && !rule->signed_by.is_stated &&
	    !json_object_get(at->value, "digests"))
		read_error(at, "\"signed_by\": {\"unsigned\": true} says that anything goes",
			   "allow rule \"%s\" must say \"signed_by\" or \"digests\"",
			   at->rd->rule_id);
}

static void one_rule(const struct at *at)
{
	struct policy *policy = at->rd->policy;
	const char *id = json_string_value(json_object_get(at->value, "id"));
	const char *effect = json_string_value(json_object_get(at->value, "effect"));
	struct rule *rules;

	if (policy->rule_cnt == RULES_MAX) {
		read_error(at, NULL, "more than %u rules", RULES_MAX);
		return;
	}
	rules = read_grow(at->rd, policy->rules, &policy->rule_cnt, sizeof(*rules));
	if (!rules)
		return;
	policy->rules = rules;
	at->rd->rule = &rules[policy->rule_cnt - 1];
	*at->rd->rule = (struct rule){
		.deny = effect && strcmp(effect, "deny") == 0,
		.expires_s = INT64_MAX,
		.programs = {
			.sleepable = -1,
#define PROGRAMS_UINT(key, terms, condition, least, most, otherwise) .key = otherwise,
#include "policy/programs.def"
		},
		.maps = { .max_bytes_each = UINT64_MAX },
		.quota = quota_default,
		.in_all = quota_unlimited,
	};
	at->rd->rule->spots[POLICY_COND_NONE] = read_spot(at);
	at->rd->rule_id = id ? id : "?";
	read_object(at, rule_keys, ARRAY_CNT(rule_keys), at->rd->rule);
	rule_check(at, at->rd->rule);
}

void read_rules(const struct at *at, void *dest)
{
	const struct json_index *index = at->file->index;
	struct at element = *at;
	size_t i = 0;

	(void)dest;
	if (!json_is_array(at->value)) {
		read_error(at, NULL, "a list [...] of rules is needed here");
		return;
	}
	for (element.node = json_index_node(index, at->node)->first_child;
	     element.node != JSON_NO_NODE; element.node = json_index_node(index, element.node)->next) {
		element.value = json_array_get(at->value, i++);
		one_rule(&element);
	}
}
