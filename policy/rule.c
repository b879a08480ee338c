/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What readers and matchers of rules share: memory that is freed in one go, patterns and paths.
 * Patterns are matched without recursion, in time proportional to pattern times string at worst.
 */
#include "policy/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/signer.h"
#include "proto/own.h"

struct arena_block {
	struct arena_block *next;
	max_align_t bytes[];
};

struct arena {
	struct arena_block *blocks;
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	struct arena_block *block, *next;

	if (!arena)
		return;
	for (block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

void *arena_zalloc(struct arena *arena, size_t cnt, size_t size)
{
	struct arena_block *block;
	size_t bytes;

	if (!SIZE_MUL(cnt, size, &bytes) || !SIZE_ADD(bytes, sizeof(*block), &bytes))
		return NULL;
	block = calloc(1, bytes);
	if (!block)
		return NULL;
	block->next = arena->blocks;
	arena->blocks = block;
	return block->bytes;
}

char *arena_strdup(struct arena *arena, const char *string)
{
	size_t len = strlen(string) + 1;
	char *copy = arena_zalloc(arena, len, 1);

	return copy ? memcpy(copy, string, len) : NULL;
}

/* On a mismatch after a '*', that '*' takes one byte more; only the last one needs remembering. */
bool rule_glob(const char *glob, const char *string)
{
	const char *star = NULL, *retry = NULL;

	while (*string) {
		if (*glob == '*') {
			star = glob++;
			retry = string;
		} else if (*glob == '?' || *glob == *string) {
			glob++;
			string++;
		} else if (star) {
			glob = star + 1;
			string = ++retry;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

bool rule_path_under(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

void policy_free(struct policy *policy)
{
	size_t i;

	if (!policy)
		return;
	for (i = 0; i < policy->signer_cnt; i++)
		signer_free(policy->signers[i]);
	arena_free(policy->arena);
	free(policy);
}

const char *policy_digest(const struct policy *policy)
{
	return policy->digest_hex;
}

size_t policy_file_cnt(const struct policy *policy)
{
	return policy->files.cnt;
}

size_t policy_rule_cnt(const struct policy *policy)
{
	return policy->rule_cnt;
}

size_t policy_signer_cnt(const struct policy *policy)
{
	return policy->signer_cnt;
}

const struct signer *policy_signer(const struct policy *policy, size_t idx)
{
	return policy->signers[idx];
}

const char *policy_path(const struct policy *policy, size_t idx)
{
	return idx < policy->paths.cnt ? policy->paths.items[idx] : NULL;
}

int policy_find_rule(const struct policy *policy, const char *id)
{
	size_t i;

	for (i = 0; i < policy->rule_cnt; i++) {
		if (strcmp(policy->rules[i].id, id) == 0)
			return (int)i;
	}
	return -ENOENT;
}

bool policy_denies_groups(const struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->rule_cnt; i++) {
		if (policy->rules[i].deny && policy->rules[i].who.has_groups)
			return true;
	}
	return false;
}

bool policy_counts_rules(const struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->rule_cnt; i++) {
		if (policy->rules[i].has_in_all)
			return true;
	}
	return false;
}

bool policy_lists_digest(const struct policy *policy, const uint8_t sha256[POLICY_SHA256_LEN])
{
	size_t i, j;

	for (i = 0; i < policy->rule_cnt; i++) {
		for (j = 0; j < policy->rules[i].digest_cnt; j++) {
			if (memcmp(policy->rules[i].digests[j], sha256, POLICY_SHA256_LEN) == 0)
				return true;
		}
	}
	return false;
}
