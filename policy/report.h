/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about policy files: collected all, printed with the line and a caret. */
#ifndef BPFGATE_POLICY_REPORT_H
#define BPFGATE_POLICY_REPORT_H

#include "policy/json_index.h"
#include "policy/policy.h"

/* 0 or -ENOMEM. */
int report_new(struct policy_report **ret_report);

/*
 * Adds a finding about `span` of the file (text may be NULL: no excerpt; span->line 0: about the
 * file as a whole). `hint` ("did you mean ...") goes beside the caret; NULL or "" for none.
 * A finding that is there already, word for word, is not added again. Everything is copied. When memory runs out, report_is_lost() says so.
 */
void report_add(struct policy_report *report, enum policy_severity severity,
		const struct policy_text *text, const struct json_span *span, const char *hint,
		const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Memory ran out and findings are missing: what was read is not to be used. */
bool report_is_lost(const struct policy_report *report);

/* Moves all findings of `take_from` (may be NULL) into the report, and frees it. 0 or -ENOMEM. */
int report_take(struct policy_report *report, struct policy_report *take_from);

/* Puts the findings into the order of files and lines; stable. */
void report_sort(struct policy_report *report);

#endif
