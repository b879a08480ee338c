/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the index of places with jansson's tree of the same bytes: see json_agree.h. */
#include "tests/policy/json_agree.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "policy/json_index.h"
#include "proto/own.h"

struct pair {
	const json_t *value;
	uint32_t node;
};

static bool same_kind(const json_t *value, const struct json_node *node, const char *text)
{
	char first = text[node->value.offset];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return node->is_object && first == '{';
	case JSON_ARRAY:
		return node->is_array && first == '[';
	case JSON_STRING:
		return first == '"' && text[node->value.offset + node->value.len - 1] == '"';
	default:
		return strchr("-0123456789tfn", first) && node->value.len > 0;
	}
}

/* The children of one value go onto the stack in pairs; false when they do not match. */
static bool push_children(const struct json_index *index, struct pair parent, struct pair *stack,
			  size_t *depth)
{
	uint32_t child = json_index_node(index, parent.node)->first_child;
	size_t place = 0, seen = 0;

	for (; child != JSON_NO_NODE; child = json_index_node(index, child)->next) {
		const char *key = json_index_key(index, child);
		const json_t *value = json_is_object(parent.value) ?
					      json_object_get(parent.value, key) :
					      json_array_get(parent.value, place++);

		if (!value)
			return false;
		if (json_is_object(parent.value) &&
		    json_index_member(index, parent.node, key) != child)
			continue; /* a duplicate: jansson keeps the last */
		seen++;
		stack[(*depth)++] = (struct pair){ value, child };
	}
	return seen == (json_is_object(parent.value) ? json_object_size(parent.value) :
							json_array_size(parent.value));
}

static bool trees_agree(const struct json_index *index, const json_t *top, const char *text)
{
	OWN_MEM struct pair *stack = calloc(json_index_cnt(index) + 1, sizeof(*stack));
	size_t depth = 0;

	stack[depth++] = (struct pair){ top, 0 };
	while (depth > 0) {
		struct pair pair = stack[--depth];

		if (!same_kind(pair.value, json_index_node(index, pair.node), text) ||
		    !push_children(index, pair, stack, &depth))
			return false;
	}
	return true;
}

/* What the index refuses because it is too much, not because it is not JSON. */
static bool is_limit(const struct json_fault *fault)
{
	return strstr(fault->message, "more than") || strstr(fault->message, "larger than");
}

/* What jansson refuses and the index does not look at; duplicates are told apart elsewhere. */
static bool is_left_to_jansson(const json_error_t *error)
{
	return json_error_code(error) == json_error_numeric_overflow ||
	       json_error_code(error) == json_error_invalid_utf8;
}

/* jansson passes over a NUL that follows a number or a word; the index takes it for what it is. */
static bool is_nul(const struct json_fault *fault, const char *text, size_t len)
{
	return fault->span.offset < len && text[fault->span.offset] == '\0';
}

bool json_agree(const char *text, size_t len)
{
	struct json_index *index = NULL;
	struct json_fault fault;
	json_error_t error;
	json_t *top = json_loadb(text, len, 0, &error);
	int r = json_index_new(text, len, &index, &fault);
	bool agree;

	if (r == 0 && top)
		agree = trees_agree(index, top, text);
	else if (r == 0)
		agree = is_left_to_jansson(&error);
	else
		agree = r == -EBADMSG && (!top || is_limit(&fault) || is_nul(&fault, text, len));
	json_decref(top);
	json_index_free(index);
	return agree;
}
