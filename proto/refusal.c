/* SPDX-License-Identifier: Apache-2.0 */
/* The table of refusals. Pure data: nothing is refused here. */
#include "proto/refusal.h"

#include <assert.h>
#include <string.h>

#define CLASS_REQUEST "the request"
#define CLASS_POLICY  "policy"
#define CLASS_QUOTA   "quota"
#define CLASS_OFFER   "not offered"
#define CLASS_KERNEL  "the kernel"
#define CLASS_DAEMON  "the daemon"
#define CLASS_COMMAND "the command"

static const struct refusal_row rows[REFUSAL_CNT] = {
	[REFUSAL_NONE] = { .code = "" },
#define REFUSAL(NAME, code, cls, meaning, way_out) [REFUSAL_##NAME] = { code, CLASS_##cls, meaning, way_out },
#include "proto/refusal.def"
#undef REFUSAL
};

const char *refusal_code(enum refusal refusal)
{
	assert((unsigned int)refusal < REFUSAL_CNT);
	return rows[refusal].code;
}

const struct refusal_row *refusal_find(const char *code)
{
	for (size_t i = REFUSAL_NONE + 1; i < REFUSAL_CNT; i++)
		if (strcmp(rows[i].code, code) == 0)
			return &rows[i];
	return NULL;
}

const struct refusal_row *refusal_nth(size_t nth)
{
	return nth < REFUSAL_CNT - 1 ? &rows[nth + 1] : NULL;
}
