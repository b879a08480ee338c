/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON to rules. Each object of the format is a table of keys; each key has a reader. Readers
 * never stop at a mistake: they report it with its place and go on, so that one run tells all.
 */
#ifndef BPFGATE_POLICY_READ_H
#define BPFGATE_POLICY_READ_H

#include <jansson.h>

#include "policy/json_index.h"
#include "policy/names.h"
#include "policy/report.h"
#include "policy/rule.h"

/* One file, parsed. */
struct read_file {
	const struct policy_text *text;
	json_t *json;
	struct json_index *index;
	uint32_t number;
};

/* A value and where it stands. */
struct at {
	struct reader *rd;
	const struct read_file *file;
	json_t *value;
	uint32_t node;
};

struct read_set {
	const char *name;
	struct at at;
	bool is_used;
	struct read_set *next;
};

struct reader {
	struct policy *policy;
	const struct policy_env *env;
	struct policy_report *report;
	struct read_file *files;
	size_t file_cnt;
	struct read_set *sets;
	struct rule *rule;    /* the one being read */
	const char *rule_id;  /* as written, for messages; "?" when it has none */
	bool is_out_of_memory;
};

struct key {
	const char *name;
	void (*read)(const struct at *at, void *dest);
	bool is_required;
	bool is_terms;	/* says on what terms something is granted: a rule that refuses has none */
	enum policy_condition condition; /* that this key states; POLICY_COND_NONE: none */
};

/* ---- read_value.c ---- */

/* Reports about the value, about the key of a member, or about a missing thing in an object. */
void read_error(const struct at *at, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void read_warning(const struct at *at, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Where the value stands, in the file that is read. */
struct spot read_spot(const struct at *at);

/* Goes through the members of an object by a table of keys. */
void read_object(const struct at *at, const struct key *keys, size_t key_cnt, void *dest);

/* The value as what it should be; false (and reported) when it is not. */
bool read_string(const struct at *at, const char **ret_string);
bool read_bool(const struct at *at, bool *ret_bool);
bool read_uint(const struct at *at, uint32_t least, uint32_t most, uint32_t *ret_number);
bool read_size(const struct at *at, uint64_t *ret_bytes);
bool read_time(const struct at *at, int64_t *ret_seconds);
bool read_sha256(const struct at *at, const char *hex, uint8_t ret_digest[POLICY_SHA256_LEN]);
/* The place of the string in `words` (NULL-terminated). */
bool read_word(const struct at *at, const char *const *words, size_t *ret_place);

/* Any value of an object with free keys; `key` is its key. */
void read_members(const struct at *at, void (*read)(const struct at *at, const char *key, void *dest),
		  void *dest);

/* Each string of a list, sets ("@name") taken apart; reports empty lists. */
void read_each(const struct at *at, void (*read)(const struct at *at, const char *string, void *dest),
	       void *dest);

/* Appends a copy, in the policy's arena. */
void read_append(struct reader *rd, struct strings *strings, const char *string);

/* A value that needs no reading: "comment" (a string). */
void read_comment(const struct at *at, void *dest);

/* Grows an array in the arena by one zeroed element; NULL when memory ran out (noted). */
void *read_grow(struct reader *rd, void *array, size_t *cnt, size_t size);

/* ---- the objects ---- */

void read_signers(const struct at *at, void *dest);   /* read_signer.c */
void read_rules(const struct at *at, void *dest);     /* read_rule.c */
void read_who(const struct at *at, void *dest);	      /* read_who.c: struct rule_who */
void read_share_with(const struct at *at, void *dest); /* read_who.c: struct rule_maps */
void read_programs(const struct at *at, void *dest);  /* read_programs.c: struct rule_programs */
void read_attach(const struct at *at, void *dest);    /* read_attach.c: struct rule_programs */
void read_maps(const struct at *at, void *dest);      /* read_programs.c: struct rule_maps */

/* lint.c: rules that cannot be reached, and what each rule is worth. After everything is read. */
void lint_policy(struct reader *rd);

#endif
