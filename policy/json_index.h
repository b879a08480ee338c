/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a JSON text each key and value stands. jansson tells positions of syntax errors only, so
 * this reads the same bytes beside it and keeps the places, as a tree of nodes.
 */
#ifndef BPFGATE_POLICY_JSON_INDEX_H
#define BPFGATE_POLICY_JSON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_BYTES_MAX (1024 * 1024) /* a policy file above a megabyte is a mistake */
#define JSON_DEPTH_MAX 16	     /* rules need 6 */
#define JSON_NODES_MAX 65536
#define JSON_KEYS_MAX  1024	     /* in one object; bounds the search for duplicates */

#define JSON_NO_NODE UINT32_MAX

/* line and column from 1, columns and lengths in bytes. */
struct json_span {
	uint32_t offset;
	uint32_t len;
	uint32_t line;
	uint32_t column;
};

struct json_node {
	uint32_t parent;
	uint32_t first_child;
	uint32_t last_child;
	uint32_t next;		/* sibling */
	uint32_t child_cnt;
	uint32_t key_offset;	/* decoded key, NUL-terminated, in the index's own text */
	bool has_key;
	bool is_object;
	bool is_array;
	bool is_duplicate;	/* an earlier sibling has the same key */
	struct json_span key;
	struct json_span value;
};

struct json_index;

struct json_fault {
	struct json_span span;
	const char *message; /* static */
};

/*
 * Reads a whole text. Returns 0, -EBADMSG with *ret_fault set (not JSON, or beyond a limit), or
 * -ENOMEM. Node 0 is the top. Accepts what jansson accepts with strict UTF-8 left to jansson; the
 * top must be an object or an array.
 */
int json_index_new(const char *bytes, size_t len, struct json_index **ret_index,
		   struct json_fault *ret_fault);
void json_index_free(struct json_index *index);

/* How many nodes there are; node must be below that, as the walk over children makes sure. Borrowed from the index. */
uint32_t json_index_cnt(const struct json_index *index);
const struct json_node *json_index_node(const struct json_index *index, uint32_t node);

/* The decoded key of a member of an object; "" for others. */
const char *json_index_key(const struct json_index *index, uint32_t node);

/* The last member of that name (as jansson keeps the last), or JSON_NO_NODE. */
uint32_t json_index_member(const struct json_index *index, uint32_t object, const char *key);

#endif
