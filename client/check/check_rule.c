/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of --fail-on, read again for each result: they are a few words long. Trusts nothing but its
 * own table. */
#include "client/check/check_rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"

#define WORD_BYTES 64
#define NS_PER_MS  1000000.0
#define B_PER_MB   1048576.0

static double insns_of(const struct check_result *result)
{
	return (double)result->stats.insn_processed;
}

static double states_of(const struct check_result *result)
{
	return (double)result->stats.total_states;
}

static double time_of(const struct check_result *result)
{
	return (double)result->stats.time_ns / NS_PER_MS;
}

static double memory_of(const struct check_result *result)
{
	return (double)result->stats.peak_bytes / B_PER_MB;
}

static const struct {
	const char *name;
	double (*of)(const struct check_result *result);
} numbers[] = {
	{ "insns", insns_of },
	{ "states", states_of },
	{ "time", time_of },
	{ "memory", memory_of },
};

static bool is_unknown(const struct check_result *result)
{
	return result->verdict == BGV_UNSUPPORTED || result->verdict == BGV_UNDECIDED;
}

/* "insns>100" or "insns>+20%": the number; NAN-free. False: it is none of these. */
static bool parse_number(const char *word, size_t *ret_which, double *ret_limit, bool *ret_change)
{
	char *end;

	for (size_t i = 0; i < ARRAY_CNT(numbers); i++) {
		size_t len = strlen(numbers[i].name);

		if (strncmp(word, numbers[i].name, len) != 0 || word[len] != '>')
			continue;
		word += len + 1;
		*ret_change = *word == '+';
		word += *ret_change;
		if (!isdigit((unsigned char)*word))
			return false;
		*ret_which = i;
		*ret_limit = strtod(word, &end);
		return *ret_change ? !strcmp(end, "%") : !*end;
	}
	return false;
}

static bool word_is_code(const char *word)
{
	size_t len = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return len && !word[len];
}

static bool word_is_good(const char *word)
{
	double limit;
	size_t which;
	bool change;

	return !strcmp(word, "reject") || !strcmp(word, "unknown") || !strcmp(word, "modelled") ||
	       !strcmp(word, "changed") || word_is_code(word) ||
	       parse_number(word, &which, &limit, &change);
}

/* The next condition into word; false: there is none, or it is too long to be one (then word is
 * ""). */
static bool next_word(const char **rule, char word[WORD_BYTES])
{
	size_t len = strcspn(*rule, ",");

	word[0] = '\0';
	if (!**rule)
		return false;
	if (len < WORD_BYTES) {
		memcpy(word, *rule, len);
		word[len] = '\0';
	}
	*rule += len + ((*rule)[len] == ',');
	return true;
}

bool check_rule_is_good(const char *rule)
{
	char word[WORD_BYTES];
	bool any = false;

	while (next_word(&rule, word)) {
		if (!word_is_good(word))
			return false;
		any = true;
	}
	return any;
}

static bool word_hits(const char *word, const struct check_result *result)
{
	double limit;
	size_t which;
	bool change;

	if (parse_number(word, &which, &limit, &change))
		return !change && numbers[which].of(result) > limit;
	if (!strcmp(word, "reject"))
		return result->verdict == BGV_REJECT;
	if (!strcmp(word, "unknown"))
		return is_unknown(result);
	if (!strcmp(word, "modelled"))
		return !strcmp(result->confidence, "modelled") ||
		       !strcmp(result->confidence, "features only");
	return !strcmp(word, result->code);
}

bool check_rule_hits(const char *rule, const struct check_result *result)
{
	char word[WORD_BYTES];

	while (rule && next_word(&rule, word))
		if (word_hits(word, result))
			return true;
	return false;
}

bool check_rule_hits_change(const char *rule, const struct check_result *before,
			    const struct check_result *after)
{
	const char *rest = rule;
	char word[WORD_BYTES];
	double limit, was;
	size_t which;
	bool change;

	while (rest && next_word(&rest, word)) {
		if (!strcmp(word, "changed") && before->verdict != after->verdict)
			return true;
		if (!parse_number(word, &which, &limit, &change) || !change)
			continue;
		was = numbers[which].of(before);
		if (numbers[which].of(after) > was + was * limit / 100)
			return true;
	}
	return check_rule_hits(rule, after);
}
