/* SPDX-License-Identifier: Apache-2.0 */
/* The table of diagnostics: what a code means, whose doing it is, and a way out. */
#include "verifier/state/diag.h"

#include <string.h>

#include "proto/array.h"

static const struct diag diags[] = {
#define DIAG(name, code, cls, meaning, way_out) { code, DIAG_##cls, meaning, way_out },
#define ALSO(name, code)
#include "verifier/state/diag.def"
#undef DIAG
#undef ALSO
};

const char *diag_code_name(enum diag_code code)
{
	static const char *const names[CODE_CNT] = {
#define DIAG(name, code, cls, meaning, way_out) [CODE_##name] = code,
#define ALSO(name, code) [CODE_##name] = code,
#include "verifier/state/diag.def"
#undef DIAG
#undef ALSO
	};

	return (unsigned int)code < CODE_CNT ? names[code] : NULL;
}

const struct diag *diag_find(const char *code)
{
	const struct diag *best = NULL;
	size_t i, len, best_len = 0;

	for (i = 0; code && i < ARRAY_CNT(diags); i++) {
		len = strlen(diags[i].code);
		if (len > best_len && !strncmp(code, diags[i].code, len)) {
			best = &diags[i];
			best_len = len;
		}
	}
	return best;
}

const struct diag *diag_nth(size_t nth)
{
	return nth < ARRAY_CNT(diags) ? &diags[nth] : NULL;
}

const char *diag_class_name(enum diag_class cls)
{
	static const char *const names[DIAG_CLASS_CNT] = {
		[DIAG_SOURCE] = "your code",   [DIAG_COMPILER] = "compiler lowering",
		[DIAG_IMPRECISION] = "verifier imprecision",
		[DIAG_LIMIT] = "kernel limit", [DIAG_FEATURE] = "missing feature",
		[DIAG_POLICY] = "policy",      [DIAG_OBJECT] = "the object",
	};

	return cls < DIAG_CLASS_CNT ? names[cls] : "?";
}
