/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON tokenizer that keeps places. Promises: no recursion, depth, nodes and keys are bounded
 * before anything is stored, and every value that jansson finds in the same bytes has a node here
 * (fuzzed against each other). It trusts nothing; invalid UTF-8 and numbers out of range are left
 * for jansson to refuse.
 */
#include "policy/json_index.h"

#include <errno.h>
#include <string.h>

#include "proto/own.h"

struct json_index {
	struct json_node *nodes;
	uint32_t node_cnt;
	uint32_t node_room;
	char *keys; /* decoded keys: never longer than the text itself, plus a NUL each */
	uint32_t key_len;
};

struct scan {
	const char *bytes;
	size_t len;
	size_t at;
	uint32_t line;
	size_t line_start;
	uint32_t parents[JSON_DEPTH_MAX];
	unsigned int depth;
	struct json_index *index;
	struct json_fault *fault;
};

void json_index_free(struct json_index *index)
{
	if (!index)
		return;
	free(index->nodes);
	free(index->keys);
	free(index);
}

static int scan_fault(struct scan *scan, const char *message)
{
	scan->fault->span.offset = (uint32_t)scan->at;
	scan->fault->span.len = 1;
	scan->fault->span.line = scan->line;
	scan->fault->span.column = (uint32_t)(scan->at - scan->line_start) + 1;
	scan->fault->message = message;
	return -EBADMSG;
}

static struct json_span scan_span(const struct scan *scan)
{
	return (struct json_span){
		.offset = (uint32_t)scan->at,
		.line = scan->line,
		.column = (uint32_t)(scan->at - scan->line_start) + 1,
	};
}

static int scan_peek(const struct scan *scan)
{
	return scan->at < scan->len ? (unsigned char)scan->bytes[scan->at] : -1;
}

static void scan_space(struct scan *scan)
{
	for (; scan->at < scan->len; scan->at++) {
		char c = scan->bytes[scan->at];

		if (c == '\n') {
			scan->line++;
			scan->line_start = scan->at + 1;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			return;
		}
	}
}

static int hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int scan_hex4(struct scan *scan, uint32_t *ret_code)
{
	uint32_t code = 0;
	int i, digit;

	for (i = 0; i < 4; i++, scan->at++) {
		digit = hex_value(scan_peek(scan));
		if (digit < 0)
			return scan_fault(scan, "\\u needs four hexadecimal digits");
		code = code * 16 + (uint32_t)digit;
	}
	*ret_code = code;
	return 0;
}

static size_t utf8_put(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* After "\u". A high surrogate must be followed by a low one, as jansson wants it. */
static int scan_unicode(struct scan *scan, char *out, size_t *ret_len)
{
	uint32_t code, low;
	int r;

	r = scan_hex4(scan, &code);
	if (r < 0)
		return r;
	if (code >= 0xd800 && code <= 0xdbff) {
		if (scan->len - scan->at < 2 || memcmp(scan->bytes + scan->at, "\\u", 2) != 0)
			return scan_fault(scan, "half of a surrogate pair");
		scan->at += 2;
		r = scan_hex4(scan, &low);
		if (r < 0)
			return r;
		if (low < 0xdc00 || low > 0xdfff)
			return scan_fault(scan, "half of a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	} else if (code >= 0xdc00 && code <= 0xdfff) {
		return scan_fault(scan, "half of a surrogate pair");
	}
	if (code == 0)
		return scan_fault(scan, "a string cannot hold \\u0000");
	*ret_len = utf8_put(out, code);
	return 0;
}

static int scan_escape(struct scan *scan, char *out, size_t *ret_len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	int c;

	scan->at++; /* the backslash */
	c = scan_peek(scan);
	if (c == 'u') {
		scan->at++;
		return scan_unicode(scan, out, ret_len);
	}
	found = c > 0 ? strchr(from, c) : NULL;
	if (!found)
		return scan_fault(scan, "unknown escape in a string");
	scan->at++;
	out[0] = to[found - from];
	*ret_len = 1;
	return 0;
}

/* A string; its decoded bytes go to `out` (room for as many as are encoded) unless NULL. */
static int scan_string(struct scan *scan, struct json_span *ret_span, char *out, size_t *ret_len)
{
	char escaped[4];
	size_t used = 0, piece = 0;
	int c, r;

	*ret_span = scan_span(scan);
	scan->at++;
	for (;;) {
		c = scan_peek(scan);
		if (c < 0x20)
			return scan_fault(scan, c < 0 ? "the string does not end" :
							"control character in a string");
		if (c == '"')
			break;
		if (c == '\\') {
			r = scan_escape(scan, escaped, &piece);
			if (r < 0)
				return r;
		} else {
			escaped[0] = (char)c;
			piece = 1;
			scan->at++;
		}
		if (out)
			memcpy(out + used, escaped, piece);
		used += piece;
	}
	scan->at++;
	ret_span->len = (uint32_t)scan->at - ret_span->offset;
	if (ret_len)
		*ret_len = used;
	return 0;
}

static size_t scan_digits(struct scan *scan)
{
	size_t start = scan->at;

	while (scan_peek(scan) >= '0' && scan_peek(scan) <= '9')
		scan->at++;
	return scan->at - start;
}

static int scan_number(struct scan *scan)
{
	if (scan_peek(scan) == '-')
		scan->at++;
	if (scan_peek(scan) == '0')
		scan->at++;
	else if (scan_digits(scan) == 0)
		return scan_fault(scan, "not a number");
	if (scan_peek(scan) == '.') {
		scan->at++;
		if (scan_digits(scan) == 0)
			return scan_fault(scan, "digits must follow the point");
	}
	if (scan_peek(scan) == 'e' || scan_peek(scan) == 'E') {
		scan->at++;
		if (scan_peek(scan) == '+' || scan_peek(scan) == '-')
			scan->at++;
		if (scan_digits(scan) == 0)
			return scan_fault(scan, "digits must follow the exponent");
	}
	return 0;
}

static int scan_word(struct scan *scan)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i, len;

	for (i = 0; i < ARRAY_CNT(words); i++) {
		len = strlen(words[i]);
		if (scan->len - scan->at >= len && memcmp(scan->bytes + scan->at, words[i], len) == 0) {
			scan->at += len;
			return 0;
		}
	}
	return scan_fault(scan, "a value was expected here");
}

/* The caller fills in the spans. */
static int index_add(struct scan *scan, uint32_t *ret_node)
{
	struct json_index *index = scan->index;
	uint32_t parent = scan->depth ? scan->parents[scan->depth - 1] : JSON_NO_NODE;
	struct json_node *grown;
	uint32_t room;

	if (index->node_cnt == JSON_NODES_MAX)
		return scan_fault(scan, "more than 65536 values in one file");
	if (index->node_cnt == index->node_room) {
		room = index->node_room ? index->node_room * 2 : 64;
		grown = realloc(index->nodes, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		index->nodes = grown;
		index->node_room = room;
	}
	*ret_node = index->node_cnt++;
	index->nodes[*ret_node] = (struct json_node){
		.parent = parent,
		.first_child = JSON_NO_NODE,
		.last_child = JSON_NO_NODE,
		.next = JSON_NO_NODE,
	};
	if (parent == JSON_NO_NODE)
		return 0;
	if (index->nodes[parent].child_cnt++ == 0)
		index->nodes[parent].first_child = *ret_node;
	else
		index->nodes[index->nodes[parent].last_child].next = *ret_node;
	index->nodes[parent].last_child = *ret_node;
	return 0;
}

static bool key_is_repeated(const struct json_index *index, uint32_t node)
{
	const char *key = index->keys + index->nodes[node].key_offset;
	uint32_t other = index->nodes[index->nodes[node].parent].first_child;

	for (; other != node; other = index->nodes[other].next) {
		if (strcmp(index->keys + index->nodes[other].key_offset, key) == 0)
			return true;
	}
	return false;
}

/* Key and colon of a member, whose node is made already. */
static int scan_key(struct scan *scan, uint32_t node)
{
	struct json_index *index = scan->index;
	struct json_node *member = &index->nodes[node];
	size_t len;
	int r;

	if (scan_peek(scan) != '"')
		return scan_fault(scan, "a key in quotes was expected here");
	if (index->nodes[member->parent].child_cnt > JSON_KEYS_MAX)
		return scan_fault(scan, "more than 1024 keys in one object");
	r = scan_string(scan, &member->key, index->keys + index->key_len, &len);
	if (r < 0)
		return r;
	member->has_key = true;
	member->key_offset = index->key_len;
	index->keys[index->key_len + len] = '\0';
	index->key_len += (uint32_t)len + 1;
	member->is_duplicate = key_is_repeated(index, node);
	scan_space(scan);
	if (scan_peek(scan) != ':')
		return scan_fault(scan, "':' was expected after the key");
	scan->at++;
	scan_space(scan);
	return 0;
}

/* A value at scan->at; objects and arrays are opened, not read through. */
static int scan_value(struct scan *scan, uint32_t node)
{
	struct json_node *value = &scan->index->nodes[node];
	int c = scan_peek(scan), r;

	value->value = scan_span(scan);
	if (c == '{' || c == '[') {
		if (scan->depth == JSON_DEPTH_MAX)
			return scan_fault(scan, "nested more than 16 deep");
		value->is_object = c == '{';
		value->is_array = c == '[';
		value->value.len = 1;
		scan->parents[scan->depth++] = node;
		scan->at++;
		return 0;
	}
	if (c == '"')
		return scan_string(scan, &value->value, NULL, NULL);
	r = c == '-' || (c >= '0' && c <= '9') ? scan_number(scan) : scan_word(scan);
	if (r == 0)
		value->value.len = (uint32_t)scan->at - value->value.offset;
	return r;
}

/* The next member or element of the innermost open object or array. */
static int scan_child(struct scan *scan)
{
	uint32_t parent = scan->parents[scan->depth - 1], node;
	int r;

	r = index_add(scan, &node);
	if (r < 0)
		return r;
	if (scan->index->nodes[parent].is_object) {
		r = scan_key(scan, node);
		if (r < 0)
			return r;
	}
	return scan_value(scan, node);
}

/* One step inside the innermost: its end, or (after a comma, where one is due) its next child. */
static int scan_step(struct scan *scan)
{
	const struct json_node *parent = &scan->index->nodes[scan->parents[scan->depth - 1]];

	scan_space(scan);
	if (scan_peek(scan) == (parent->is_object ? '}' : ']')) {
		scan->at++;
		scan->depth--;
		return 0;
	}
	if (parent->child_cnt > 0) {
		if (scan_peek(scan) != ',')
			return scan_fault(scan, parent->is_object ? "',' or '}' was expected here" :
								    "',' or ']' was expected here");
		scan->at++;
		scan_space(scan);
	}
	return scan_child(scan);
}

static int scan_text(struct scan *scan)
{
	uint32_t top;
	int c, r;

	scan_space(scan);
	c = scan_peek(scan);
	if (c != '{' && c != '[')
		return scan_fault(scan, "'{' was expected here");
	r = index_add(scan, &top);
	if (r < 0)
		return r;
	r = scan_value(scan, top);
	while (r == 0 && scan->depth > 0)
		r = scan_step(scan);
	if (r < 0)
		return r;
	scan_space(scan);
	return scan->at == scan->len ? 0 : scan_fault(scan, "something follows the end of the JSON");
}

int json_index_new(const char *bytes, size_t len, struct json_index **ret_index,
		   struct json_fault *ret_fault)
{
	struct scan scan = { .bytes = bytes, .len = len, .line = 1, .fault = ret_fault };
	int r;

	if (len > JSON_BYTES_MAX)
		return scan_fault(&scan, "larger than a megabyte");
	scan.index = calloc(1, sizeof(*scan.index));
	if (!scan.index)
		return -ENOMEM;
	scan.index->keys = malloc(len + 1);
	r = scan.index->keys ? scan_text(&scan) : -ENOMEM;
	if (r < 0) {
		json_index_free(scan.index);
		return r;
	}
	*ret_index = scan.index;
	return 0;
}

uint32_t json_index_cnt(const struct json_index *index)
{
	return index->node_cnt;
}

const struct json_node *json_index_node(const struct json_index *index, uint32_t node)
{
	return &index->nodes[node];
}

const char *json_index_key(const struct json_index *index, uint32_t node)
{
	return index->nodes[node].has_key ? index->keys + index->nodes[node].key_offset : "";
}

uint32_t json_index_member(const struct json_index *index, uint32_t object, const char *key)
{
	uint32_t node = index->nodes[object].first_child, found = JSON_NO_NODE;

	for (; node != JSON_NO_NODE; node = index->nodes[node].next) {
		if (strcmp(json_index_key(index, node), key) == 0)
			found = node;
	}
	return found;
}
