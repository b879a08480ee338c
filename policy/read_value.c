/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plain values of the format. Promises that a reader that returns true has written its output,
 * and one that returns false has reported why at the value's own place. Trusts that jansson's tree
 * and the index were made from the same bytes.
 */
#include "policy/read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policy/text.h"
#include "proto/own.h"

static const struct json_node *at_node(const struct at *at)
{
	return json_index_node(at->file->index, at->node);
}

static void report_at(const struct at *at, enum policy_severity severity, const char *hint,
		      const char *format, va_list args)
{
	char message[384];

	(void)vsnprintf(message, sizeof(message), format, args);
	report_add(at->rd->report, severity, at->file->text, &at_node(at)->value, hint, "%s",
		   message);
}

void read_error(const struct at *at, const char *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_at(at, POLICY_ERROR, hint, format, args);
	va_end(args);
}

void read_warning(const struct at *at, const char *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_at(at, POLICY_WARNING, hint, format, args);
	va_end(args);
}

struct spot read_spot(const struct at *at)
{
	const struct json_node *node = at_node(at);
	const struct json_span *span = node->has_key ? &node->key : &node->value;

	return (struct spot){ at->file->number, span->line, span->column };
}

static const struct key *key_find(const struct key *keys, size_t key_cnt, const char *name)
{
	size_t i;

	for (i = 0; i < key_cnt; i++) {
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static void key_unknown(const struct at *member, const char *name, const struct key *keys,
			size_t key_cnt)
{
	unsigned int best = names_slip_limit(strlen(name)) + 1, distance;
	const char *nearest = NULL;
	char hint[128] = "";
	size_t i;

	for (i = 0; i < key_cnt; i++) {
		distance = names_distance(keys[i].name, name, best);
		if (distance < best) {
			best = distance;
			nearest = keys[i].name;
		}
	}
	if (nearest)
		(void)snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest);
	report_add(member->rd->report, POLICY_ERROR, member->file->text, &at_node(member)->key, hint,
		   "\"%s\": unknown key", name);
}

/* The member as a place; false where a duplicate made jansson keep another value. */
static bool at_member(const struct at *object, uint32_t node, struct at *ret_member)
{
	const struct json_index *index = object->file->index;

	*ret_member = *object;
	ret_member->node = node;
	ret_member->value = json_object_get(object->value, json_index_key(index, node));
	return json_index_member(index, object->node, json_index_key(index, node)) == node &&
	       ret_member->value;
}

static bool is_object(const struct at *at)
{
	if (json_is_object(at->value))
		return true;
	read_error(at, NULL, "an object {...} is needed here");
	return false;
}

static void key_read(const struct key *key, const struct at *member, void *dest)
{
	struct rule *rule = member->rd->rule;

	if (key->is_terms && rule->deny)
		read_error(member, NULL, "\"%s\" has no meaning in a deny rule", key->name);
	if (key->condition)
		rule->spots[key->condition] = read_spot(member);
	key->read(member, dest);
}

void read_object(const struct at *at, const struct key *keys, size_t key_cnt, void *dest)
{
	const struct json_index *index = at->file->index;
	const struct key *key;
	struct at member;
	uint32_t node;
	size_t i;

	if (!is_object(at))
		return;
	for (node = at_node(at)->first_child; node != JSON_NO_NODE;
	     node = json_index_node(index, node)->next) {
		if (!at_member(at, node, &member))
			continue;
		key = key_find(keys, key_cnt, json_index_key(index, node));
		if (key)
			key_read(key, &member, dest);
		else
			key_unknown(&member, json_index_key(index, node), keys, key_cnt);
	}
	for (i = 0; i < key_cnt; i++) {
		if (keys[i].is_required && !json_object_get(at->value, keys[i].name))
			read_error(at, NULL, "\"%s\" is missing", keys[i].name);
	}
}

void read_members(const struct at *at, void (*read)(const struct at *at, const char *key, void *dest),
		  void *dest)
{
	const struct json_index *index = at->file->index;
	struct at member;
	uint32_t node;

	if (!is_object(at))
		return;
	for (node = at_node(at)->first_child; node != JSON_NO_NODE;
	     node = json_index_node(index, node)->next) {
		if (at_member(at, node, &member))
			read(&member, json_index_key(index, node), dest);
	}
}

bool read_string(const struct at *at, const char **ret_string)
{
	if (!json_is_string(at->value) || json_string_length(at->value) == 0) {
		read_error(at, NULL, "a string is needed here");
		return false;
	}
	*ret_string = json_string_value(at->value);
	return true;
}

bool read_bool(const struct at *at, bool *ret_bool)
{
	if (!json_is_boolean(at->value)) {
		read_error(at, NULL, "true or false is needed here, without quotes");
		return false;
	}
	*ret_bool = json_is_true(at->value);
	return true;
}

bool read_uint(const struct at *at, uint32_t least, uint32_t most, uint32_t *ret_number)
{
	json_int_t number = json_integer_value(at->value);

	if (!json_is_integer(at->value) || number < least || number > most) {
		read_error(at, NULL, "a whole number from %u to %u is needed here", least, most);
		return false;
	}
	*ret_number = (uint32_t)number;
	return true;
}

/* Digits and at most one of K, M, G, T (powers of 1024). */
static bool parse_size(const char *string, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	uint64_t bytes = 0;
	const char *unit;

	if (*string < '0' || *string > '9')
		return false;
	for (; *string >= '0' && *string <= '9'; string++) {
		if (!SIZE_MUL(bytes, (uint64_t)10, &bytes) ||
		    !SIZE_ADD(bytes, (uint64_t)(*string - '0'), &bytes))
			return false;
	}
	if (*string) {
		unit = strchr(units, *string++);
		if (!unit || !SIZE_MUL(bytes, (uint64_t)1 << (10 * (unit - units + 1)), &bytes))
			return false;
	}
	*ret_bytes = bytes;
	return *string == '\0';
}

bool read_size(const struct at *at, uint64_t *ret_bytes)
{
	const char *string = json_string_value(at->value);

	if (!string || !parse_size(string, ret_bytes)) {
		read_error(at, NULL, "a size in quotes is needed here, such as \"64M\" (K, M, G, T)");
		return false;
	}
	return true;
}

/* RFC 3339 in UTC, whole seconds: nothing else, so that no two people read it differently. */
bool read_time(const struct at *at, int64_t *ret_seconds)
{
	const char *string = json_string_value(at->value), *end;
	struct tm tm = { 0 };
	time_t seconds;
	char back[32];

	end = string ? strptime(string, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;
	if (end && *end == '\0') {
		seconds = timegm(&tm);
		/* 31 February is normalised by timegm(): it does not come back as it went in */
		if (strftime(back, sizeof(back), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0 &&
		    strcmp(back, string) == 0) {
			*ret_seconds = seconds;
			return true;
		}
	}
	read_error(at, NULL, "a time in UTC is needed here, such as \"2027-01-31T23:59:59Z\"");
	return false;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

bool read_sha256(const struct at *at, const char *hex, uint8_t ret_digest[POLICY_SHA256_LEN])
{
	size_t i;

	for (i = 0; strlen(hex) == 2 * POLICY_SHA256_LEN && i < POLICY_SHA256_LEN; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			break;
		ret_digest[i] = (uint8_t)(high << 4 | low);
	}
	if (i == POLICY_SHA256_LEN)
		return true;
	read_error(at, NULL, "a SHA-256 is 64 hexadecimal digits in lower case");
	return false;
}

bool read_word(const struct at *at, const char *const *words, size_t *ret_place)
{
	const char *string = json_string_value(at->value);
	char list[128];
	struct text out = TEXT_IN(list);
	size_t i;

	for (i = 0; words[i]; i++) {
		if (string && strcmp(string, words[i]) == 0) {
			*ret_place = i;
			return true;
		}
		text_addf(&out, "%s\"%s\"", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	read_error(at, NULL, "%s is needed here", list);
	return false;
}

void *read_grow(struct reader *rd, void *array, size_t *cnt, size_t size)
{
	/* capacity is the next power of two, so it need not be remembered */
	if ((*cnt & (*cnt - 1)) == 0) {
		void *grown = arena_zalloc(rd->policy->arena, *cnt ? *cnt * 2 : 1, size);

		if (!grown) {
			rd->is_out_of_memory = true;
			return NULL;
		}
		if (*cnt)
			memcpy(grown, array, *cnt * size);
		array = grown;
	}
	++*cnt;
	return array;
}

void read_append(struct reader *rd, struct strings *strings, const char *string)
{
	char *copy = arena_strdup(rd->policy->arena, string);
	const char **items = copy ? read_grow(rd, strings->items, &strings->cnt, sizeof(*items)) :
				    NULL;

	if (!items) {
		rd->is_out_of_memory = true;
		return;
	}
	strings->items = items;
	items[strings->cnt - 1] = copy;
}

static struct read_set *set_find(struct reader *rd, const char *name)
{
	struct read_set *set = rd->sets;

	while (set && strcmp(set->name, name) != 0)
		set = set->next;
	return set;
}

static void set_unknown(const struct at *at, const char *name)
{
	unsigned int best = names_slip_limit(strlen(name)) + 1, distance;
	const struct read_set *set, *nearest = NULL;
	char hint[128] = "";

	for (set = at->rd->sets; set; set = set->next) {
		distance = names_distance(set->name, name, best);
		if (distance < best) {
			best = distance;
			nearest = set;
		}
	}
	if (nearest)
		(void)snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest->name);
	read_error(at, hint, "no file defines the set \"%s\"", name);
}

/* Goes through the elements of an array, which the caller has seen to be one. */
static void each_element(const struct at *list,
			 void (*read)(const struct at *at, const char *string, void *dest),
			 void *dest)
{
	struct at element = *list;
	const char *string;
	size_t i = 0;

	for (element.node = at_node(list)->first_child; element.node != JSON_NO_NODE;
	     element.node = at_node(&element)->next) {
		element.value = json_array_get(list->value, i++);
		if (element.value && read_string(&element, &string))
			read(&element, string, dest);
	}
}

struct expansion {
	void (*read)(const struct at *at, const char *string, void *dest);
	void *dest;
};

static void expand(const struct at *at, const char *string, void *dest)
{
	const struct expansion *expansion = dest;
	struct read_set *set;

	if (string[0] != '@') {
		expansion->read(at, string, expansion->dest);
		return;
	}
	set = set_find(at->rd, string);
	if (!set) {
		set_unknown(at, string);
		return;
	}
	set->is_used = true;
	/* its strings are reported where the set is written; sets in sets were refused there */
	each_element(&set->at, expansion->read, expansion->dest);
}

void read_each(const struct at *at, void (*read)(const struct at *at, const char *string, void *dest),
	       void *dest)
{
	struct expansion expansion = { read, dest };

	if (!json_is_array(at->value)) {
		read_error(at, NULL, "a list [...] of strings is needed here");
		return;
	}
	if (json_array_size(at->value) == 0)
		read_error(at, NULL, "the list is empty");
	each_element(at, expand, &expansion);
}

void read_comment(const struct at *at, void *dest)
{
	(void)dest;
	if (!json_is_string(at->value))
		read_error(at, NULL, "a string is needed here");
}
