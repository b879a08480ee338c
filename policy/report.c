/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of findings. Promises that what comes out of it can be shown on a terminal: bytes that
 * are not printable are escaped, also those quoted from a file that may not be a policy at all. It
 * trusts that spans come from the index of the same text.
 */
#include "policy/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/text.h"
#include "proto/own.h"

#define FINDINGS_MAX	200 /* more than anyone reads; a file of garbage yields no more */
#define EXCERPT_MAX	96  /* bytes of a line that are shown around the caret */
#define EXCERPT_BEFORE	64

struct finding {
	enum policy_severity severity;
	size_t order;
	struct policy_place place;
	uint32_t len;
	char *message;
	char *hint;
	char *excerpt;	     /* escaped, NULL when none */
	uint32_t caret;	     /* columns before the caret in the excerpt */
	char *line;	     /* the one-line form, with the hint after it */
	size_t brief_len;    /* of the line without the hint */
};

struct policy_report {
	struct finding *findings;
	size_t cnt;
	size_t room;
	size_t counts[POLICY_NOTE + 1];
	bool is_lost;
};

static const char *const severity_words[] = {
	[POLICY_ERROR] = "error",
	[POLICY_WARNING] = "warning",
	[POLICY_NOTE] = "note",
};

int report_new(struct policy_report **ret_report)
{
	struct policy_report *report = calloc(1, sizeof(*report));

	if (!report)
		return -ENOMEM;
	*ret_report = report;
	return 0;
}

static void finding_done(struct finding *finding)
{
	free(finding->message);
	free(finding->hint);
	free(finding->excerpt);
	free(finding->line);
}

void policy_report_free(struct policy_report *report)
{
	size_t i;

	if (!report)
		return;
	for (i = 0; i < report->cnt; i++)
		finding_done(&report->findings[i]);
	free(report->findings);
	free(report);
}

bool report_is_lost(const struct policy_report *report)
{
	return report->is_lost;
}

static struct finding *finding_new(struct policy_report *report)
{
	struct finding *grown;
	size_t room;

	if (report->cnt == report->room) {
		room = report->room ? report->room * 2 : 8;
		grown = realloc(report->findings, room * sizeof(*grown));
		if (!grown)
			return NULL;
		report->findings = grown;
		report->room = room;
	}
	memset(&report->findings[report->cnt], 0, sizeof(*report->findings));
	return &report->findings[report->cnt];
}

/* The line around the span, cut to what fits on a screen, tabs as one space. */
static void finding_excerpt(struct finding *finding, const struct policy_text *text,
			    const struct json_span *span)
{
	const char *start = text->bytes + span->offset - (span->column - 1);
	const char *end = memchr(start, '\n', text->len - (size_t)(start - text->bytes));
	size_t before = span->column - 1, len;
	char shown[EXCERPT_MAX * 4 + 1];
	struct text out = TEXT_IN(shown);

	len = end ? (size_t)(end - start) : text->len - (size_t)(start - text->bytes);
	if (before > EXCERPT_BEFORE) {
		start += before - EXCERPT_BEFORE;
		len -= before - EXCERPT_BEFORE;
		before = EXCERPT_BEFORE;
	}
	if (len > EXCERPT_MAX)
		len = EXCERPT_MAX;
	text_add_untrusted(&out, start, before < len ? before : len);
	finding->caret = (uint32_t)text_columns(&out);
	if (before < len)
		text_add_untrusted(&out, start + before, len - before);
	finding->excerpt = strdup(shown);
	if (finding->len > EXCERPT_MAX - before)
		finding->len = (uint32_t)(EXCERPT_MAX - before);
}

static int finding_fill(struct finding *finding, const struct policy_text *text,
			const struct json_span *span, const char *hint, const char *message)
{
	char line[1024];
	struct text out = TEXT_IN(line);

	if (text)
		(void)snprintf(finding->place.file, sizeof(finding->place.file), "%s", text->name);
	finding->place.line = span ? span->line : 0;
	finding->place.column = span ? span->column : 0;
	finding->len = span ? span->len : 0;
	if (text && text->bytes && span && span->line)
		finding_excerpt(finding, text, span);

	if (finding->place.file[0])
		text_addf(&out, "%s:", finding->place.file);
	if (finding->place.line)
		text_addf(&out, "%u:%u:", finding->place.line, finding->place.column);
	text_addf(&out, "%s%s: %s", out.len ? " " : "", severity_words[finding->severity], message);
	finding->brief_len = out.len;
	if (hint)
		text_addf(&out, "; %s", hint);
	finding->line = strdup(line);
	finding->message = strdup(message);
	finding->hint = strdup(hint ? hint : "");
	return finding->line && finding->message && finding->hint ? 0 : -ENOMEM;
}

/* A set that two rules use is read twice, and so are its mistakes. */
static bool finding_is_known(const struct policy_report *report, const struct finding *finding)
{
	size_t i;

	for (i = 0; i < report->cnt; i++) {
		if (strcmp(report->findings[i].line, finding->line) == 0)
			return true;
	}
	return false;
}

void report_add(struct policy_report *report, enum policy_severity severity,
		const struct policy_text *text, const struct json_span *span, const char *hint,
		const char *format, ...)
{
	struct finding *finding;
	char raw[512], message[768];
	struct text escaped = TEXT_IN(message);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	text_add_untrusted(&escaped, raw, strlen(raw));

	if (report->cnt >= FINDINGS_MAX) {
		report->counts[severity]++;
		return;
	}
	finding = finding_new(report);
	if (!finding) {
		report->is_lost = true;
		return;
	}
	finding->severity = severity;
	finding->order = report->cnt;
	if (finding_fill(finding, text, span, hint && *hint ? hint : NULL, message) < 0) {
		finding_done(finding);
		report->is_lost = true;
		return;
	}
	if (finding_is_known(report, finding)) {
		finding_done(finding);
		return;
	}
	report->counts[severity]++;
	report->cnt++;
}

int report_take(struct policy_report *report, struct policy_report *take_from)
{
	struct finding *grown;
	size_t i;

	if (!take_from)
		return 0;
	grown = realloc(report->findings, (report->cnt + take_from->cnt + 1) * sizeof(*grown));
	if (!grown) {
		policy_report_free(take_from);
		return -ENOMEM;
	}
	report->findings = grown;
	if (take_from->cnt)
		memcpy(grown + report->cnt, take_from->findings, take_from->cnt * sizeof(*grown));
	report->cnt += take_from->cnt;
	report->room = report->cnt + 1;
	for (i = 0; i < ARRAY_CNT(report->counts); i++)
		report->counts[i] += take_from->counts[i];
	take_from->cnt = 0;
	policy_report_free(take_from);
	return 0;
}

static int finding_compare(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int r = strcmp(x->place.file, y->place.file);

	if (r != 0)
		return r;
	if (x->place.line != y->place.line)
		return x->place.line < y->place.line ? -1 : 1;
	if (x->place.column != y->place.column)
		return x->place.column < y->place.column ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void report_sort(struct policy_report *report)
{
	if (report->cnt > 1)
		qsort(report->findings, report->cnt, sizeof(*report->findings), finding_compare);
}

size_t policy_report_cnt(const struct policy_report *report, enum policy_severity severity)
{
	return report ? report->counts[severity] : 0;
}

const char *policy_report_line(const struct policy_report *report, size_t idx)
{
	return report && idx < report->cnt ? report->findings[idx].line : NULL;
}

bool policy_report_get(const struct policy_report *report, size_t idx,
		       enum policy_severity *ret_severity, struct policy_place *ret_place,
		       const char **ret_message)
{
	const struct finding *finding;

	if (!report || idx >= report->cnt)
		return false;
	finding = &report->findings[idx];
	if (ret_severity)
		*ret_severity = finding->severity;
	if (ret_place)
		*ret_place = finding->place;
	if (ret_message)
		*ret_message = finding->message;
	return true;
}

const char *policy_report_hint(const struct policy_report *report, size_t idx)
{
	return report && idx < report->cnt ? report->findings[idx].hint : "";
}

static void finding_print(const struct finding *finding, FILE *out)
{
	uint32_t i;

	/* notes are many and say all in their line */
	if (!finding->excerpt || finding->severity == POLICY_NOTE) {
		(void)fprintf(out, "%s\n", finding->line);
		return;
	}
	(void)fprintf(out, "%.*s\n%5u | %s\n      | ", (int)finding->brief_len,
		      finding->line, finding->place.line, finding->excerpt);
	for (i = 0; i < finding->caret; i++)
		(void)fputc(' ', out);
	for (i = 0; i < (finding->len ? finding->len : 1); i++)
		(void)fputc('^', out);
	(void)fprintf(out, "%s%s\n", *finding->hint ? " " : "", finding->hint);
}

void policy_report_print(const struct policy_report *report, enum policy_severity least, FILE *out)
{
	size_t i;

	if (!report)
		return;
	for (i = 0; i < report->cnt; i++) {
		if (report->findings[i].severity <= least)
			finding_print(&report->findings[i], out);
	}
}
