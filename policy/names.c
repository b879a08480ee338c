/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary of the rules as constant tables, made from the facts about Linux 6.1 to 7.3
 * (proto/kernel_types.def). Promises that a word and its number are one to one; trusts nothing and refuses
 * nothing: an unknown word is -ENOENT, and the caller decides whether that is an error.
 */
#include "policy/names.h"

#include <errno.h>
#include <string.h>

#include "policy/policy.h"
#include "proto/kernel_types.h"
#include "proto/own.h"

#define WORD_MAX 63

struct word {
	uint32_t id;
	const char *text;
};

static const struct word helper_words[] = {
#define KERNEL_HELPER(id, name, text, ...) { id, text },
#include "proto/kernel_types.def"
};

static const struct word prog_type_words[] = {
#define KERNEL_PROG_TYPE(id, NAME, text, ...) { id, text },
#include "proto/kernel_types.def"
};

static const struct word map_type_words[] = {
#define KERNEL_MAP_TYPE(id, NAME, text, ...) { id, text },
#include "proto/kernel_types.def"
};

static const struct word kfunc_words[] = {
#define KERNEL_KFUNC(text) { 0, text },
#include "proto/kernel_types.def"
};

static const struct word attach_words[] = {
#define KERNEL_ATTACH_KIND(NAME, word, ...) { POLICY_ATTACH_##NAME, word },
#include "proto/kernel_types.def"
};

static const struct {
	const char *noun;
	const struct word *words;
	size_t cnt;
} tables[NAMES_CNT] = {
	[NAMES_HELPER] = { "helper", helper_words, ARRAY_CNT(helper_words) },
	[NAMES_PROG_TYPE] = { "program type", prog_type_words, ARRAY_CNT(prog_type_words) },
	[NAMES_MAP_TYPE] = { "map type", map_type_words, ARRAY_CNT(map_type_words) },
	[NAMES_ATTACH] = { "attach kind", attach_words, ARRAY_CNT(attach_words) },
	[NAMES_KFUNC] = { "kfunc", kfunc_words, ARRAY_CNT(kfunc_words) },
};

const char *names_noun(enum names_kind kind)
{
	return tables[kind].noun;
}

int names_find(enum names_kind kind, const char *word)
{
	size_t i;

	for (i = 0; i < tables[kind].cnt; i++) {
		if (strcmp(tables[kind].words[i].text, word) == 0)
			return kind == NAMES_KFUNC ? (int)i : (int)tables[kind].words[i].id;
	}
	return -ENOENT;
}

const char *names_word(enum names_kind kind, uint32_t id)
{
	size_t i;

	/* numbers run from 1 without a gap but for the newest: look there first */
	if (id > 0 && id <= tables[kind].cnt && tables[kind].words[id - 1].id == id)
		return tables[kind].words[id - 1].text;
	for (i = 0; i < tables[kind].cnt; i++) {
		if (tables[kind].words[i].id == id)
			return tables[kind].words[i].text;
	}
	return NULL;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* The restricted Damerau-Levenshtein distance, three rows at a time. */
unsigned int names_distance(const char *a, const char *b, unsigned int limit)
{
	unsigned int rows[3][WORD_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b), i, j;

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return limit + 1;
	for (j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned int)j;
	for (i = 1; i <= a_len; i++) {
		unsigned int *row = rows[i % 3], *above = rows[(i - 1) % 3];
		const unsigned int *second = rows[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (j = 1; j <= b_len; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    second[j - 2] + 1 < row[j])
				row[j] = second[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len] > limit ? limit + 1 : rows[a_len % 3][b_len];
}

unsigned int names_slip_limit(size_t len)
{
	return len < 4 ? 1 : len < 12 ? 2 : 3;
}

/* Also "map_lookup_elem" and "BPF_MAP_TYPE_HASH"-like spellings: the tail of a known word. */
static bool is_tail(const char *known, const char *word)
{
	size_t known_len = strlen(known), word_len = strlen(word);

	return word_len >= 4 && word_len < known_len &&
	       strcmp(known + known_len - word_len, word) == 0;
}

const char *names_nearest(enum names_kind kind, const char *word)
{
	unsigned int best = names_slip_limit(strlen(word)) + 1, distance;
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < tables[kind].cnt; i++) {
		const char *known = tables[kind].words[i].text;

		distance = names_distance(known, word, best);
		if (distance < best) {
			best = distance;
			nearest = known;
		} else if (!nearest && is_tail(known, word)) {
			nearest = known;
		}
	}
	return nearest;
}

const char *policy_prog_type_name(uint32_t type)
{
	return names_word(NAMES_PROG_TYPE, type);
}

const char *policy_map_type_name(uint32_t type)
{
	return names_word(NAMES_MAP_TYPE, type);
}

const char *policy_helper_name(uint32_t id)
{
	return names_word(NAMES_HELPER, id);
}

const char *policy_attach_name(enum policy_attach_kind kind)
{
	return names_word(NAMES_ATTACH, kind);
}

int policy_prog_type_id(const char *name)
{
	return names_find(NAMES_PROG_TYPE, name);
}

int policy_map_type_id(const char *name)
{
	return names_find(NAMES_MAP_TYPE, name);
}

int policy_helper_id(const char *name)
{
	return names_find(NAMES_HELPER, name);
}

int policy_attach_kind_id(const char *name)
{
	return names_find(NAMES_ATTACH, name);
}

/* ---- what an attach type and a load say of the target ---- */

static const struct {
	uint32_t loaded_as;
	const char *prefix;
} attach_kinds[POLICY_ATTACH_CNT] = {
#define KERNEL_ATTACH_KIND(NAME, word, form, loaded_as, prefix) [POLICY_ATTACH_##NAME] = { KERNEL_PROG_##loaded_as, prefix },
#include "proto/kernel_types.def"
};

static const uint8_t kind_of_attach_type[KERNEL_ATTACH_CNT] = {
#define KERNEL_ATTACH_TYPE(number, NAME, since, LINK, fields, target, KIND) [number] = POLICY_ATTACH_##KIND,
#include "proto/kernel_types.def"
};

enum policy_attach_kind policy_attach_kind_of(uint32_t attach_type)
{
	return attach_type < KERNEL_ATTACH_CNT ? kind_of_attach_type[attach_type] : POLICY_ATTACH_NONE;
}

enum policy_attach_kind policy_attach_at_load(uint32_t prog_type, uint32_t attach_type, const char **ret_prefix)
{
	/* of struct_ops it is the number of a member */
	enum policy_attach_kind kind = prog_type == KERNEL_PROG_STRUCT_OPS ? POLICY_ATTACH_STRUCT_OPS :
									     policy_attach_kind_of(attach_type);

	if (!attach_kinds[kind].loaded_as || attach_kinds[kind].loaded_as != prog_type)
		return POLICY_ATTACH_NONE;
	*ret_prefix = attach_kinds[kind].prefix;
	return kind;
}

static const struct {
	const char *name;
	const char *remedy;
	bool lasts;
} conditions[POLICY_COND_CNT] = {
	[POLICY_COND_NONE] = { "-" },
#define COND(cond, key, verbs, judge, raised, stated, lasting, text) \
	[POLICY_COND_##cond] = { key, .remedy = text, .lasts = lasting },
#include "policy/condition.def"
#undef COND
};

static const char *const verb_names[POLICY_VERB_CNT] = {
	[POLICY_PROG_LOAD] = "load a program",
	[POLICY_MAP_CREATE] = "create a map",
	[POLICY_BTF_LOAD] = "load BTF",
	[POLICY_ATTACH] = "attach a program",
	[POLICY_QUERY] = "query what is attached",
	[POLICY_PERF_EVENT] = "open a perf event",
	[POLICY_TEST_RUN] = "test-run a program",
	[POLICY_PIN] = "pin an object",
	[POLICY_SHARE] = "use another's object",
};

const char *policy_condition_name(enum policy_condition condition)
{
	return condition < POLICY_COND_CNT ? conditions[condition].name : "-";
}

const char *policy_condition_remedy(enum policy_condition condition)
{
	return condition < POLICY_COND_CNT ? conditions[condition].remedy : NULL;
}

bool policy_condition_lasts(enum policy_condition condition)
{
	return condition < POLICY_COND_CNT && conditions[condition].lasts;
}

const char *policy_verb_name(enum policy_verb verb)
{
	return verb < POLICY_VERB_CNT ? verb_names[verb] : "-";
}
