/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "programs" and "maps". Deny by default reaches inside a rule: a list that an allow rule leaves out
 * allows nothing of its kind. An unknown name is an error in an allow rule, since it would grant
 * something nobody can name; in a deny rule a name that only looks like a newer kernel's is a
 * warning, so that one file can serve several versions.
 */
#include "policy/read.h"

#include <stdio.h>
#include <string.h>

#include "proto/own.h"

/* What a list condition is read with: the list and the words it may hold. */
struct list_read {
	struct rule_list *list;
	enum names_kind kind;
};

static void name_unknown(const struct at *at, const char *word, enum names_kind kind)
{
	const struct reader *rd = at->rd;
	const char *nearest = names_nearest(kind, word);
	char hint[128] = "";

	if (nearest)
		(void)snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest);
	if (kind == NAMES_KFUNC || (rd->rule->deny && !nearest))
		read_warning(at, hint, "unknown %s \"%s\" in %s rule \"%s\": perhaps of a newer kernel",
			     names_noun(kind), word, rd->rule->deny ? "deny" : "allow", rd->rule_id);
	else
		read_error(at, hint, "unknown %s \"%s\" in %s rule \"%s\"", names_noun(kind), word,
			   rd->rule->deny ? "deny" : "allow", rd->rule_id);
}

static void one_word(const struct at *at, const char *word, void *dest)
{
	const struct list_read *reading = dest;
	int id = names_find(reading->kind, word);

	/* kfuncs may be patterns: they come and go with kernels and modules */
	if (id < 0 && !(reading->kind == NAMES_KFUNC && strchr(word, '*')))
		name_unknown(at, word, reading->kind);
	if (reading->kind == NAMES_KFUNC) {
		read_append(at->rd, &reading->list->names, word);
		reading->list->cnt++;
	} else if (id >= 0) {
		reading->list->bits[id / 64] |= (uint64_t)1 << (id % 64);
		reading->list->cnt++;
	}
}

static const struct {
	const char *name;
	enum list_mode mode;
	bool for_allow;
	bool for_deny;
} list_modes[] = {
	{ "only", LIST_ONLY, true, false },
	{ "any_except", LIST_ANY_EXCEPT, true, true },
	{ "uses_any", LIST_USES_ANY, false, true },
};

static void one_mode(const struct at *at, const char *key, void *dest)
{
	const struct list_read *reading = dest;
	bool deny = at->rd->rule->deny;
	size_t i;

	for (i = 0; i < ARRAY_CNT(list_modes); i++) {
		if (strcmp(key, list_modes[i].name) == 0)
			break;
	}
	if (i == ARRAY_CNT(list_modes)) {
		read_error(at, NULL, "\"%s\": unknown key; a list is \"only\", \"any_except\" or "
				     "(in deny rules) \"uses_any\"", key);
		return;
	}
	if (!(deny ? list_modes[i].for_deny : list_modes[i].for_allow))
		read_error(at, deny ? "deny rules say \"uses_any\" or \"any_except\"" :
				      "allow rules say \"only\" or \"any_except\"",
			   "\"%s\" in %s rule \"%s\"", key, deny ? "deny" : "allow", at->rd->rule_id);
	if (reading->list->mode != LIST_ABSENT)
		read_error(at, NULL, "say only one of \"only\", \"any_except\" and \"uses_any\"");
	reading->list->mode = list_modes[i].mode;
	/* "any_except": [] is how to say "all": spelt out, and greppable */
	if (list_modes[i].mode != LIST_ANY_EXCEPT || json_array_size(at->value) > 0)
		read_each(at, one_word, dest);
}

static void read_list(const struct at *at, struct rule_list *list, enum names_kind kind)
{
	struct list_read reading = { list, kind };

	read_members(at, one_mode, &reading);
	if (json_is_object(at->value) && json_object_size(at->value) == 0)
		read_error(at, NULL, "\"only\", \"any_except\" or \"uses_any\" is needed here");
}

static void programs_sleepable(const struct at *at, void *dest)
{
	struct rule_programs *programs = dest;
	bool sleepable;

	if (!read_bool(at, &sleepable))
		return;
	if (at->rd->rule->deny && !sleepable)
		read_error(at, NULL, "a deny rule can only refuse \"sleepable\": true");
	programs->sleepable = sleepable;
}

static void programs_grant(const struct at *at, void *dest)
{
	static const char *const words[] = { "handle", "fd", NULL };
	struct rule_programs *programs = dest;
	size_t place;

	if (!read_word(at, words, &place))
		return;
	programs->has_grant = true;
	programs->grant = (enum policy_grant)place;
}

static void programs_test_run(const struct at *at, void *dest)
{
	struct rule_programs *programs = dest;
	bool yes;

	if (json_is_string(at->value) && strcmp(json_string_value(at->value), "live") == 0)
		programs->test_run = TEST_RUN_LIVE;
	else if (json_is_string(at->value))
		read_error(at, NULL, "true, false or \"live\" is needed here");
	else if (read_bool(at, &yes))
		programs->test_run = yes ? TEST_RUN_YES : TEST_RUN_NO;
}

/* Readers by form, one for each row. */
#define PROGRAMS_LIST(key, terms, condition, kind)					\
	static void programs_##key(const struct at *at, void *dest)			\
	{										\
		read_list(at, &((struct rule_programs *)dest)->key, kind);		\
	}
#define PROGRAMS_FLAG(key, terms, condition, field)					\
	static void programs_##key(const struct at *at, void *dest)			\
	{										\
		(void)read_bool(at, &((struct rule_programs *)dest)->field);		\
	}
#define PROGRAMS_UINT(key, terms, condition, least, most, otherwise)			\
	static void programs_##key(const struct at *at, void *dest)			\
	{										\
		(void)read_uint(at, least, most, &((struct rule_programs *)dest)->key);	\
	}
#define PROGRAMS_WORD(key, terms, condition, field, type, ...)				\
	static void programs_##key(const struct at *at, void *dest)			\
	{										\
		static const char *const words[] = { __VA_ARGS__, NULL };		\
		size_t place;								\
											\
		if (read_word(at, words, &place))					\
			((struct rule_programs *)dest)->field = (type)place;		\
	}
#include "policy/programs.def"

#define ANY   false
#define TERMS true
#define PROGRAMS_ROW(key, terms, COND, reader) { #key, reader, .is_terms = terms, .condition = POLICY_COND_##COND },
#define PROGRAMS_LIST(key, terms, COND, ...)	     PROGRAMS_ROW(key, terms, COND, programs_##key)
#define PROGRAMS_FLAG(key, terms, COND, ...)	     PROGRAMS_ROW(key, terms, COND, programs_##key)
#define PROGRAMS_UINT(key, terms, COND, ...)	     PROGRAMS_ROW(key, terms, COND, programs_##key)
#define PROGRAMS_WORD(key, terms, COND, ...)	     PROGRAMS_ROW(key, terms, COND, programs_##key)
#define PROGRAMS_OWN(key, terms, COND, reader, ...) PROGRAMS_ROW(key, terms, COND, reader)
static const struct key programs_keys[] = {
#include "policy/programs.def"
};

void read_programs(const struct at *at, void *dest)
{
	struct rule_programs *programs = dest;

	programs->is_stated = true;
	read_object(at, programs_keys, ARRAY_CNT(programs_keys), programs);
	if (!at->rd->rule->deny && programs->types.mode == LIST_ABSENT && json_is_object(at->value))
		read_error(at, "for example \"types\": {\"only\": [\"xdp\"]}",
			   "\"programs\" of an allow rule must say which \"types\"");
	if (at->rd->rule->deny && json_is_object(at->value) && json_object_size(at->value) == 0)
		read_error(at, NULL, "\"programs\" is empty; leave it out to refuse everything");
}

static void maps_types(const struct at *at, void *dest)
{
	struct rule_maps *maps = dest;

	read_list(at, &maps->types, NAMES_MAP_TYPE);
}

static void maps_max_bytes(const struct at *at, void *dest)
{
	struct rule_maps *maps = dest;

	(void)read_size(at, &maps->max_bytes_each);
}

static void one_pin_dir(const struct at *at, const char *string, void *dest)
{
	struct rule_maps *maps = dest;

	if (string[0] != '/' || strstr(string, "/..") || strstr(string, "//"))
		read_error(at, NULL, "an absolute path without \"..\" is needed here");
	read_append(at->rd, &maps->pin_under, string);
}

static void maps_pin_under(const struct at *at, void *dest)
{
	read_each(at, one_pin_dir, dest);
}

static const struct key maps_keys[] = {
	{ "types", maps_types, .condition = POLICY_COND_MAPS },
	{ "max_bytes_each", maps_max_bytes, .is_terms = true },
	{ "pin_under", maps_pin_under, .is_terms = true, .condition = POLICY_COND_PIN },
	{ "share_with", read_share_with, .is_terms = true, .condition = POLICY_COND_SHARE },
};

void read_maps(const struct at *at, void *dest)
{
	struct rule_maps *maps = dest;

	maps->is_stated = true;
	read_object(at, maps_keys, ARRAY_CNT(maps_keys), maps);
	if (maps->types.mode == LIST_ABSENT && json_is_object(at->value))
		read_error(at, "for example \"types\": {\"only\": [\"hash\", \"array\"]}",
			   "\"maps\" must say which \"types\"");
}
