/* SPDX-License-Identifier: Apache-2.0 */
/* Looks versions up in measured.def. Trusts its own table, and of a version only what strtoul(3)
 * reads. */
#include "verifier/kernel/measured.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct measured series[] = {
#define SERIES(id, major, minor, name, builds_) { name, builds_ },
#include "verifier/kernel/measured.def"
#undef SERIES
};

#define SERIES_CNT (sizeof(series) / sizeof(series[0]))

/* "6.12.117" as 6 * 1000 + 12. */
static unsigned long series_number(const char *version)
{
	char *end;
	unsigned long major = strtoul(version, &end, 10);

	return *end == '.' && major < 1000 ? major * 1000 + strtoul(end + 1, NULL, 10) % 1000 : 0;
}

const struct measured *measured_of(const char *version)
{
	unsigned long number = series_number(version);

	for (size_t i = SERIES_CNT; i-- > 0;)
		if (number >= series_number(series[i].rules))
			return &series[i];
	return NULL;
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
	return *rules->builds && series_number(version) == series_number(rules->rules)
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
