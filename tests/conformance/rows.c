/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads bpfgate-check's JSON lines. Decides what kind of agreement a line is, in one place; trusts
 * that the lines are bpfgate-check's and refuses others.
 */
#include "tests/conformance/rows.h"

#include <jansson.h>
#include <string.h>

#include "proto/own.h"

static char *get_text(const json_t *doc, const char *key)
{
	const char *text = json_string_value(json_object_get(doc, key));

	return strdup(text ? text : "");
}

static uint64_t get_count(const json_t *doc, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(doc, key));
}

/*
 * Refusals that come from the machine, not from the program: a capability or lockdown check before
 * the verifier says a word, and kernels built without the symbols of variables.
 */
static const struct {
	const char *err, *message;
} denials[] = {
	{ "EPERM", "" },
	{ "ENOENT", "failed to find the address for kernel symbol" },
};

static bool row_is_denied(const struct row *row)
{
	if (row->kernel_accept)
		return false;
	for (size_t i = 0; i < ARRAY_CNT(denials); i++)
		if (!strcmp(row->kernel_err, denials[i].err) &&
		    (*denials[i].message ? strstr(row->kernel_message, denials[i].message) != NULL :
					   !*row->kernel_message))
			return true;
	return false;
}

static enum row_kind row_kind(const struct row *row, const char *verdict)
{
	if (!strcmp(verdict, "crashed") || !strcmp(verdict, "unreadable"))
		return ROW_CRASHED;
	if (row_is_denied(row))
		return ROW_DENIED;
	if (strcmp(verdict, "accept") && strcmp(verdict, "reject"))
		return ROW_UNSUPPORTED;
	if (row->accept == row->kernel_accept)
		return ROW_AGREE;
	return row->accept ? ROW_LAXER : ROW_STRICTER;
}

static int row_fill(struct row *row, const json_t *doc)
{
	const char *verdict = json_string_value(json_object_get(doc, "verdict"));
	const json_t *ref = json_object_get(doc, "reference");
	const char *ref_verdict = json_string_value(json_object_get(ref, "verdict"));

	if (!verdict)
		return -EBADMSG;
	row->input = get_text(doc, "input");
	row->code = get_text(doc, "code");
	row->message = get_text(doc, "message");
	row->err = get_text(doc, "errno");
	row->kernel_message = get_text(ref, "message");
	row->kernel_err = get_text(ref, "errno");
	row->accept = !strcmp(verdict, "accept");
	row->kernel_accept = ref_verdict && !strcmp(ref_verdict, "accept");
	row->insn_idx = json_is_integer(json_object_get(doc, "insn_idx")) ?
				json_integer_value(json_object_get(doc, "insn_idx")) :
				-1;
	row->insns = get_count(doc, "insns_processed");
	row->kernel_insns = get_count(ref, "insns_processed");
	row->time_ns = get_count(doc, "time_ns");
	row->kernel_time_ns = get_count(ref, "time_ns");
	row->peak_bytes = get_count(doc, "peak_bytes");
	row->kind = row_kind(row, verdict);
	return 0;
}

static int rows_push(struct rows *rows, const json_t *doc)
{
	struct row *grown;

	if (rows->cnt == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 1024;
		grown = reallocarray(rows->row, rows->room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		rows->row = grown;
	}
	memset(&rows->row[rows->cnt], 0, sizeof(*rows->row));
	return row_fill(&rows->row[rows->cnt++], doc);
}

int rows_read(struct rows *rows, const char *path)
{
	FILE *f = fopen(path, "re");
	json_t *doc;
	int r = 0;

	if (!f)
		return -errno;
	while (r >= 0 && (doc = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL))) {
		r = rows_push(rows, doc);
		json_decref(doc);
	}
	if (r >= 0 && fgetc(f) != EOF)
		r = -EBADMSG;
	(void)fclose(f);
	return r;
}

void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->cnt; i++) {
		free(rows->row[i].input);
		free(rows->row[i].code);
		free(rows->row[i].message);
		free(rows->row[i].err);
		free(rows->row[i].kernel_message);
		free(rows->row[i].kernel_err);
	}
	free(rows->row);
	*rows = (struct rows){ 0 };
}

bool row_count_differs(const struct row *row)
{
	return row->kind == ROW_AGREE && row->accept && row->kernel_insns && row->insns != row->kernel_insns;
}

bool row_errno_differs(const struct row *row)
{
	return row->kind == ROW_AGREE && !row->accept && strcmp(row->err, row->kernel_err) != 0;
}
