/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From texts to a policy. Promises all or nothing: either every file is right and the caller gets a
 * new policy, or it gets every mistake in every file and no policy. Signers and sets of all files are
 * read before the rules of any, so that the order of files means nothing.
 */
#include "policy/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/signer.h"
#include "policy/text.h"
#include "proto/own.h"

static void top_version(const struct at *at, void *dest)
{
	(void)dest;
	if (!json_is_integer(at->value) || json_integer_value(at->value) != 1)
		read_error(at, NULL, "this bpfgate reads \"version\": 1 and no other");
}

static void set_element(const struct at *at, const char *string, void *dest)
{
	(void)dest;
	if (string[0] == '@')
		read_error(at, NULL, "a set cannot hold another set");
}

static bool is_set_name(const char *name)
{
	static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return name[0] == '@' && name[1] >= 'a' && name[1] <= 'z' &&
	       strspn(name + 1, more) == strlen(name + 1);
}

/*
 * A set is only remembered here: what its words must be shows where it is used. Elements that are
 * sets themselves are refused at once, so that using a set cannot go round in circles.
 */
static void one_set(const struct at *at, const char *key, void *dest)
{
	struct reader *rd = at->rd;
	struct read_set *set;
	struct at element = *at;
	size_t i;

	(void)dest;
	if (!is_set_name(key))
		read_error(at, NULL, "the name of a set is \"@\" and a-z, 0-9, '_', '-'");
	for (set = rd->sets; set; set = set->next) {
		if (strcmp(set->name, key) == 0)
			read_error(at, NULL, "another file defines the set \"%s\" as well", key);
	}
	if (!json_is_array(at->value)) {
		read_error(at, NULL, "a list [...] of strings is needed here");
		return;
	}
	element.node = json_index_node(at->file->index, at->node)->first_child;
	for (i = 0; element.node != JSON_NO_NODE; i++) {
		element.value = json_array_get(at->value, i);
		if (json_is_string(element.value))
			set_element(&element, json_string_value(element.value), NULL);
		element.node = json_index_node(at->file->index, element.node)->next;
	}
	set = arena_zalloc(rd->policy->arena, 1, sizeof(*set));
	if (!set) {
		rd->is_out_of_memory = true;
		return;
	}
	*set = (struct read_set){ .name = key, .at = *at, .next = rd->sets };
	rd->sets = set;
}

static void top_sets(const struct at *at, void *dest)
{
	read_members(at, one_set, dest);
}

static void top_later(const struct at *at, void *dest)
{
	(void)at; /* rules are read when all signers and sets are known */
	(void)dest;
}

static const struct key top_keys[] = {
	{ "version", top_version, true }, { "comment", read_comment }, { "signers", read_signers },
	{ "sets", top_sets },		  { "rules", top_later },
};

static struct at file_top(struct reader *rd, const struct read_file *file)
{
	return (struct at){ .rd = rd, .file = file, .value = file->json };
}

static void read_file_rules(struct reader *rd, const struct read_file *file)
{
	struct at at = file_top(rd, file);

	at.value = json_object_get(file->json, "rules");
	at.node = json_index_member(file->index, 0, "rules");
	if (at.value && at.node != JSON_NO_NODE)
		read_rules(&at, NULL);
}

static void report_duplicates(struct reader *rd, const struct read_file *file)
{
	uint32_t i, cnt = json_index_cnt(file->index);

	for (i = 0; i < cnt; i++) {
		const struct json_node *node = json_index_node(file->index, i);

		if (node->is_duplicate)
			report_add(rd->report, POLICY_ERROR, file->text, &node->key, NULL,
				   "\"%s\" is given twice", json_index_key(file->index, i));
	}
}

static bool span_holds(const struct json_span *span, size_t offset)
{
	return span->offset <= offset && offset - span->offset < span->len;
}

/* The shortest key or value around a byte; the whole file when there is none. */
static struct json_span span_around(const struct json_index *index, size_t offset)
{
	struct json_span best = { .line = 0 };
	uint32_t i, cnt = json_index_cnt(index);

	for (i = 0; i < cnt; i++) {
		const struct json_node *node = json_index_node(index, i);
		const struct json_span *spans[] = { &node->key, &node->value };

		for (size_t k = 0; k < ARRAY_CNT(spans); k++)
			if (span_holds(spans[k], offset) && (!best.line || spans[k]->len <= best.len))
				best = *spans[k];
	}
	return best;
}

/* Only what the index does not check is left for jansson to refuse: UTF-8 and number ranges. */
static void parse_values(struct reader *rd, struct read_file *file)
{
	struct json_span place;
	json_error_t error;

	file->json = json_loadb(file->text->bytes, file->text->len, 0, &error);
	if (file->json)
		return;
	/* jansson's position is past the last byte that it took */
	place = span_around(file->index, error.position > 0 ? (size_t)error.position - 1 : 0);
	report_add(rd->report, POLICY_ERROR, file->text, &place, NULL, "not JSON: %s", error.text);
}

static int parse_file(struct reader *rd, struct read_file *file)
{
	struct json_fault fault;
	int r;

	r = json_index_new(file->text->bytes, file->text->len, &file->index, &fault);
	if (r == -EBADMSG) {
		/* no excerpt of what is beyond any limit: the message says enough */
		report_add(rd->report, POLICY_ERROR, file->text, &fault.span, NULL, "%s",
			   fault.message);
		return 0;
	}
	if (r < 0)
		return r;
	report_duplicates(rd, file);
	parse_values(rd, file);
	return 0;
}

static void files_done(struct reader *rd)
{
	size_t i;

	for (i = 0; rd->files && i < rd->file_cnt; i++) {
		json_decref(rd->files[i].json);
		json_index_free(rd->files[i].index);
	}
	free(rd->files);
}

static int policy_seal(struct reader *rd, const struct policy_text *texts, size_t text_cnt)
{
	OWN_MEM uint8_t *sums = calloc(text_cnt + 1, 2 * POLICY_SHA256_LEN);
	uint8_t digest[POLICY_SHA256_LEN];
	size_t i;
	int r = sums ? 0 : -ENOMEM;

	/* names and contents, each hashed by itself, so that no boundary can be moved */
	for (i = 0; r == 0 && i < text_cnt; i++) {
		r = signer_sha256(texts[i].name, strlen(texts[i].name),
				  sums + 2 * i * POLICY_SHA256_LEN);
		if (r == 0)
			r = signer_sha256(texts[i].bytes, texts[i].len,
					  sums + (2 * i + 1) * POLICY_SHA256_LEN);
	}
	if (r == 0)
		r = signer_sha256(sums, 2 * text_cnt * POLICY_SHA256_LEN, digest);
	for (i = 0; r == 0 && i < sizeof(digest); i++)
		(void)snprintf(rd->policy->digest_hex + 2 * i, 3, "%02x", digest[i]);
	return r;
}

static int read_all(struct reader *rd, const struct policy_text *texts, size_t text_cnt)
{
	size_t i;
	int r;

	rd->files = calloc(text_cnt + 1, sizeof(*rd->files));
	if (!rd->files)
		return -ENOMEM;
	rd->file_cnt = text_cnt;
	for (i = 0; i < text_cnt; i++) {
		rd->files[i].text = &texts[i];
		rd->files[i].number = (uint32_t)i;
		read_append(rd, &rd->policy->files, texts[i].name);
		r = parse_file(rd, &rd->files[i]);
		if (r < 0)
			return r;
	}
	if (rd->is_out_of_memory)
		return -ENOMEM;
	for (i = 0; i < text_cnt; i++) {
		struct at top = file_top(rd, &rd->files[i]);

		if (top.value)
			read_object(&top, top_keys, ARRAY_CNT(top_keys), NULL);
	}
	for (i = 0; i < text_cnt; i++) {
		if (rd->files[i].json)
			read_file_rules(rd, &rd->files[i]);
	}
	lint_policy(rd);
	r = policy_seal(rd, texts, text_cnt);
	report_sort(rd->report);
	return r == 0 && (rd->is_out_of_memory || report_is_lost(rd->report)) ? -ENOMEM : r;
}

int policy_from_texts(const struct policy_text *texts, size_t text_cnt, const struct policy_env *env,
		      struct policy **ret_policy, struct policy_report **ret_report)
{
	struct reader rd = { .env = env, .rule_id = "?" };
	int r;

	rd.policy = calloc(1, sizeof(*rd.policy));
	if (!rd.policy)
		return -ENOMEM;
	rd.policy->arena = arena_new();
	r = rd.policy->arena ? report_new(&rd.report) : -ENOMEM;
	if (r == 0)
		r = read_all(&rd, texts, text_cnt);
	files_done(&rd);
	if (r == 0 && policy_report_cnt(rd.report, POLICY_ERROR) > 0)
		r = -EBADMSG;
	if (r == 0)
		*ret_policy = rd.policy;
	else
		policy_free(rd.policy);
	if (ret_report && (r == 0 || r == -EBADMSG))
		*ret_report = rd.report;
	else
		policy_report_free(rd.report);
	return r;
}
