/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy in memory: rules with names turned into numbers. Written by the readers (read_*.c),
 * immutable afterwards. Everything but signers lies in the policy's arena.
 */
#ifndef BPFGATE_POLICY_RULE_H
#define BPFGATE_POLICY_RULE_H

#include "policy/policy.h"

#define RULES_MAX   4096
#define SIGNERS_MAX 64 /* each may cost a public-key check per signature */

struct arena;

/* Where something stands: file by index into policy->files; line 0 = not stated. */
struct spot {
	uint32_t file;
	uint32_t line;
	uint32_t column;
};

struct strings {
	const char **items;
	size_t cnt;
};

/* The ways a list condition can be said. */
enum list_mode {
	LIST_ABSENT,
	LIST_ONLY,	 /* allow: everything used is in the list */
	LIST_ANY_EXCEPT, /* allow: nothing used is in the list; deny: something used is not in it */
	LIST_USES_ANY,	 /* deny: something used is in the list */
};

/* Helpers and types by number; kfuncs by name. */
struct rule_list {
	enum list_mode mode;
	uint64_t bits[POLICY_HELPER_WORDS];
	size_t cnt;
	struct strings names;
};

struct rule_who {
	bool anyone;
	bool has_users;
	bool has_groups;
	uid_t *uids;
	size_t uid_cnt;
	gid_t *gids;
	size_t gid_cnt;
	struct strings users; /* as written, for messages */
	struct strings groups;
	struct strings units;
	struct strings labels;
	struct strings exes;
};

struct rule_signed_by {
	bool is_stated;
	bool unsigned_ok;
	bool objects_only;
	uint32_t threshold;
	size_t *signers; /* indices into policy->signers */
	size_t signer_cnt;
};

/* Which network namespace a pattern for an interface speaks of. */
enum netns_scope { NETNS_HOST, NETNS_PATH, NETNS_OTHER };

/* One entry of "attach". */
struct rule_target {
	enum policy_attach_kind kind;
	enum netns_scope scope;
	const char *path; /* of the namespace, the cgroup or the binary */
	const char *glob; /* interface or name */
	struct spot spot;
};

enum test_run { TEST_RUN_NO, TEST_RUN_YES, TEST_RUN_LIVE };

/* Beside the fields that programs.def makes. */
struct rule_programs {
	bool is_stated;
	bool has_attach;
	bool attach_any; /* "any": ["*"] */
	struct rule_target *targets;
	size_t target_cnt;
	int sleepable; /* -1 not stated */
	bool has_grant;
	enum policy_grant grant;
	enum test_run test_run;
#define PROGRAMS_LIST(key, ...)				       struct rule_list key;
#define PROGRAMS_FLAG(key, terms, condition, field)		       bool field;
#define PROGRAMS_UINT(key, ...)				       uint32_t key;
#define PROGRAMS_WORD(key, terms, condition, field, type, ...) type field;
#include "policy/programs.def"
};

enum share_kind { SHARE_USER, SHARE_GROUP, SHARE_UNIT };

struct rule_share {
	enum share_kind kind;
	bool rw;
	bool is_resolved;
	uint32_t id; /* uid or gid */
	const char *unit;
};

struct rule_maps {
	bool is_stated;
	struct rule_list types;
	uint64_t max_bytes_each;
	struct strings pin_under;
	struct rule_share *shares;
	size_t share_cnt;
};

struct rule {
	char id[POLICY_RULE_ID_MAX];
	bool deny;
	bool shadow;
	int64_t expires_s; /* INT64_MAX = never */
	struct rule_who who;
	struct rule_signed_by signed_by;
	const uint8_t (*digests)[POLICY_SHA256_LEN];
	size_t digest_cnt;
	struct rule_programs programs;
	struct rule_maps maps;
	struct policy_quota quota;	/* of each user */
	struct policy_quota in_all;	/* of all together; without what a verification may cost */
	bool has_in_all;
	enum policy_log log;
	struct spot spots[POLICY_COND_CNT]; /* [POLICY_COND_NONE] = the rule itself */
};

struct policy {
	struct arena *arena;
	struct strings files;
	struct rule *rules;
	size_t rule_cnt;
	struct signer **signers;
	size_t signer_cnt;
	struct strings paths; /* that "attach" names; see policy_path() */
	char digest_hex[2 * POLICY_SHA256_LEN + 1];
};

/* Memory that lives as long as the policy. NULL when there is none left. */
struct arena *arena_new(void);
void arena_free(struct arena *arena);
void *arena_zalloc(struct arena *arena, size_t cnt, size_t size);
char *arena_strdup(struct arena *arena, const char *string);

/* Is the bit set? Ids out of range are in no list. */
static inline bool rule_list_has(const struct rule_list *list, uint32_t id)
{
	return id < POLICY_HELPER_MAX && (list->bits[id / 64] >> (id % 64) & 1);
}

/* Shell pattern with '*' and '?' only; no character is special but these. */
bool rule_glob(const char *glob, const char *string);

/* Is `path` this directory or below it, by whole components? */
bool rule_path_under(const char *path, const char *dir);

#endif
