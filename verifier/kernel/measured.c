/* SPDX-License-Identifier: Apache-2.0 */
/* Looks versions up in measured.def. Trusts its own table, and of a version only what strtoul(3)
 * reads. */
#include "verifier/kernel/measured.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proto/array.h"

static const struct measured series[] = {
#define SERIES(id, major, minor, patch, column, name, builds_) { name, builds_ },
#include "verifier/kernel/measured.def"
#undef SERIES
};

#define SERIES_CNT ARRAY_CNT(series)
#define PATCHES 1000	/* more than a series has */

/* A part of a version, bounded. */
static unsigned long part(const char *text, char **end)
{
	unsigned long n = strtoul(text, end, 10);

	return n < PATCHES ? n : PATCHES - 1;
}

/* "6.12.117" as 6012117; 0: no version. */
static unsigned long version_number(const char *version)
{
	char *end;
	unsigned long number = part(version, &end) * PATCHES;

	if (*end != '.')
		return 0;
	number = (number + part(end + 1, &end)) * PATCHES;
	return *end == '.' ? number + part(end + 1, &end) : number;
}

const struct measured *measured_of(const char *version)
{
	unsigned long number = version_number(version);

	for (size_t i = SERIES_CNT; i-- > 0;)
		if (number >= version_number(series[i].rules))
			return &series[i];
	return NULL;
}

const struct measured *measured_later_patch(const char *version)
{
	const struct measured *rules = measured_of(version);
	const struct measured *next = rules ? rules + 1 : NULL;

	if (!next || next == &series[SERIES_CNT] ||
	    version_number(next->rules) / PATCHES != version_number(version) / PATCHES)
		return NULL;
	return next;
}

size_t measured_series_len(const char *version)
{
	size_t major = strcspn(version, ".");

	return version[major] ? major + 1 + strcspn(version + major + 1, ".") : major;
}

static bool list_has(const char *list, const char *version)
{
	size_t len = strlen(version), word;

	for (; len && *list; list += word + strspn(list + word, " ")) {
		word = strcspn(list, " ");
		if (word == len && !strncmp(list, version, len))
			return true;
	}
	return false;
}

enum measured_confidence measured_confidence(const char *version)
{
	const struct measured *rules = measured_of(version);

	if (!rules)
		return MEASURED_NOT;
	if (list_has(rules->builds, version))
		return MEASURED_BUILD;
	return *rules->builds && version_number(version) / PATCHES == version_number(rules->rules) / PATCHES
		       ? MEASURED_SERIES
		       : MEASURED_MODELLED;
}

const char *measured_name(enum measured_confidence confidence)
{
	static const char *const names[] = {
		[MEASURED_NOT] = "not known",
		[MEASURED_FEATURES] = "features only",
		[MEASURED_MODELLED] = "modelled",
		[MEASURED_SERIES] = "measured on the series",
		[MEASURED_BUILD] = "measured on this build",
	};

	return names[confidence];
}
