/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not wrong but should be known: rules that cannot take effect (warnings) and what a rule is
 * worth to whoever it names (notes). It changes nothing; the rules were read before.
 */
#include "policy/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/match.h"
#include "policy/signer.h"
#include "policy/worth.h"
#include "proto/own.h"

/* Types that are worth more than they look, in few words; helpers and kernel functions: worth.def. */
static const struct {
	const char *type;
	const char *worth;
} type_worths[] = {
	{ "lsm", "decides about security for the whole machine" },
	{ "struct_ops", "replaces parts of the kernel, such as congestion control" },
	{ "ext", "replaces functions of other programs" },
	{ "syscall", "runs with the credentials of whoever test-runs it" },
	{ "kprobe", "looks at any kernel function's arguments" },
};

static const struct policy_text *rule_text(const struct reader *rd, const struct rule *rule)
{
	return rd->files[rule->spots[0].file].text;
}

/* Column and line of a spot, enough for a finding; the offset is found again from them. */
static struct json_span spot_span(const struct reader *rd, const struct spot *spot)
{
	const struct policy_text *text = rd->files[spot->file].text;
	struct json_span span = { .line = spot->line, .column = spot->column, .len = 1 };
	const char *at = text->bytes, *next;
	uint32_t line;

	for (line = 1; line < spot->line; line++) {
		next = memchr(at, '\n', text->len - (size_t)(at - text->bytes));
		if (!next)
			break;
		at = next + 1;
	}
	span.offset = (uint32_t)(at - text->bytes) + spot->column - 1;
	return span;
}

static void lint(struct reader *rd, enum policy_severity severity, const struct rule *rule,
		 enum policy_condition condition, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static void lint(struct reader *rd, enum policy_severity severity, const struct rule *rule,
		 enum policy_condition condition, const char *format, ...)
{
	const struct spot *spot = &rule->spots[condition];
	struct json_span span;
	char message[256];
	va_list args;

	if (!spot->line)
		spot = &rule->spots[POLICY_COND_NONE];
	span = spot_span(rd, spot);
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	report_add(rd->report, severity, rule_text(rd, rule), &span, NULL, "rule \"%s\": %s", rule->id,
		   message);
}

static bool allows_word(const struct rule_list *list, enum names_kind kind, const char *word)
{
	int id = names_find(kind, word);
	bool listed = id >= 0 && rule_list_has(list, (uint32_t)id);

	return (list->mode == LIST_ONLY && listed) || (list->mode == LIST_ANY_EXCEPT && !listed);
}

static bool allows_helper(const struct rule *rule, const char *name)
{
	return allows_word(&rule->programs.helpers, NAMES_HELPER, name);
}

static bool allows_kfunc(const struct rule *rule, const char *name)
{
	const struct rule_list *list = &rule->programs.kfuncs;
	bool listed = false;
	size_t i;

	for (i = 0; i < list->names.cnt; i++)
		listed = listed || rule_glob(list->names.items[i], name);
	return (list->mode == LIST_ONLY && listed) || (list->mode == LIST_ANY_EXCEPT && !listed);
}

static void note_names(struct reader *rd, const struct rule *rule, enum policy_condition condition,
		       enum worth worth, const char *names)
{
	if (names[0])
		lint(rd, POLICY_NOTE, rule, condition, "grants: %s%s %s", names,
		     strchr(names, ',') ? ": each" : "", worth_text(worth));
}

/* All that the rule gives of one worth, by name: a line, or more when they are many. */
static void note_class(struct reader *rd, const struct rule *rule, enum policy_condition condition,
		       enum worth worth, const struct worth_row *(*row_at)(size_t idx),
		       bool (*allows)(const struct rule *rule, const char *name))
{
	const struct worth_row *row;
	char names[128] = "";
	size_t i, used = 0;

	for (i = 0; worth_text(worth) && (row = row_at(i)); i++) {
		if (row->worth != worth || !allows(rule, row->name))
			continue;
		if (used + strlen(row->name) + 3 > sizeof(names)) {
			note_names(rd, rule, condition, worth, names);
			used = 0;
		}
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
					 row->name);
	}
	note_names(rd, rule, condition, worth, names);
}

static void note_worth(struct reader *rd, const struct rule *rule)
{
	const struct rule_programs *programs = &rule->programs;
	size_t i;

	for (i = 0; i < ARRAY_CNT(type_worths); i++) {
		if (allows_word(&programs->types, NAMES_PROG_TYPE, type_worths[i].type))
			lint(rd, POLICY_NOTE, rule, POLICY_COND_TYPES, "grants: %s %s",
			     type_worths[i].type, type_worths[i].worth);
	}
	for (i = 0; i < WORTH_CNT; i++) {
		note_class(rd, rule, POLICY_COND_HELPERS, (enum worth)i, worth_helper, allows_helper);
		note_class(rd, rule, POLICY_COND_KFUNCS, (enum worth)i, worth_kfunc, allows_kfunc);
	}
}

static void note_terms(struct reader *rd, const struct rule *rule)
{
	const struct rule_programs *programs = &rule->programs;

	if (rule->who.anyone)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_WHO, "grants: to everybody");
	if (rule->signed_by.unsigned_ok)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_SIGNED_BY,
		     "grants: programs need no signature");
	if (programs->grant == POLICY_GRANT_FD && programs->has_grant)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "grants: \"grant\": \"fd\" is the right to attach without \"attach\" being asked");
	if (programs->perfmon == POLICY_PERFMON_GRANT)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "grants: with \"perfmon\": \"grant\" the kernel lets programs leak its addresses");
	if (programs->any_process)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "grants: \"processes\": \"any\" looks into other users' processes");
	if (programs->samples)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "grants: \"samples\" reveals kernel addresses and what tracepoints see of everybody");
	if (programs->addresses)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "grants: \"kernel_addresses\" tells where the kernel lies, which its randomised layout hides");
	if (programs->unsupported == POLICY_UNSUPPORTED_KERNEL)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "grants: what our verifier cannot judge is left to the kernel's");
}

/* Types that the kernel does not load without CAP_PERFMON. */
static void warn_perfmon(struct reader *rd, const struct rule *rule)
{
	static const char *const types[] = { "kprobe", "tracepoint", "perf_event", "raw_tracepoint",
					     "raw_tracepoint_writable", "tracing", "lsm", "struct_ops", "ext" };
	size_t i;

	if (rule->programs.perfmon == POLICY_PERFMON_GRANT ||
	    rule->programs.types.mode != LIST_ONLY)
		return;
	for (i = 0; i < ARRAY_CNT(types); i++) {
		if (allows_word(&rule->programs.types, NAMES_PROG_TYPE, types[i]))
			lint(rd, POLICY_WARNING, rule, POLICY_COND_TYPES,
			     "%s loads only with \"perfmon\": \"grant\"", types[i]);
	}
}

static void warn_never_granted(struct reader *rd, const struct rule *rule)
{
	uint32_t id;

	if (rule->programs.helpers.mode != LIST_ONLY)
		return;
	for (id = 0; id < POLICY_HELPER_MAX; id++) {
		if (rule_list_has(&rule->programs.helpers, id) && match_is_never_granted(id))
			lint(rd, POLICY_WARNING, rule, POLICY_COND_HELPERS,
			     "%s is never granted: it would act as the daemon's own process",
			     names_word(NAMES_HELPER, id));
	}
}

static void warn_effect(struct reader *rd, const struct rule *rule)
{
	bool has_programs = rule->programs.is_stated;

	/* not an error: a rule that runs out must not take the others down at the next start */
	if (rule->expires_s <= rd->env->now_s)
		lint(rd, POLICY_WARNING, rule, POLICY_COND_EXPIRES, "has expired: it does nothing");
	/* the broker may not read which file another user's process executes */
	if (rule->who.exes.cnt)
		lint(rd, POLICY_WARNING, rule, POLICY_COND_WHO,
		     "this bpfgated cannot establish \"exe\": the rule matches nobody");
	if (rule->deny)
		return;
	if (has_programs && rule->programs.helpers.mode == LIST_ABSENT)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "without \"helpers\" programs may call none");
	if (has_programs && !rule->programs.has_attach)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "without \"attach\" programs can be loaded but not attached");
	if (has_programs && !rule->maps.is_stated)
		lint(rd, POLICY_NOTE, rule, POLICY_COND_NONE,
		     "without \"maps\" programs can use none");
	warn_perfmon(rd, rule);
	warn_never_granted(rd, rule);
}

/* Does a deny rule that speaks of nothing but people refuse everyone this rule names? */
static bool denies_all_of(const struct rule *deny, const struct rule *allow)
{
	size_t i, j;

	if (!deny->deny || deny->shadow || deny->programs.is_stated || deny->maps.is_stated ||
	    deny->signed_by.is_stated || deny->digest_cnt || deny->expires_s != INT64_MAX)
		return false;
	if (deny->who.anyone)
		return true;
	if (deny->who.units.cnt || deny->who.labels.cnt || deny->who.exes.cnt ||
	    deny->who.has_groups || !allow->who.has_users)
		return false;
	for (i = 0; i < allow->who.uid_cnt; i++) {
		for (j = 0; j < deny->who.uid_cnt; j++) {
			if (deny->who.uids[j] == allow->who.uids[i])
				break;
		}
		if (j == deny->who.uid_cnt)
			return false;
	}
	return true;
}

static void warn_unreachable(struct reader *rd, const struct rule *rule)
{
	const struct policy *policy = rd->policy;
	size_t i;

	if (rule->deny)
		return;
	for (i = 0; i < policy->rule_cnt; i++) {
		if (denies_all_of(&policy->rules[i], rule))
			lint(rd, POLICY_WARNING, rule, POLICY_COND_NONE,
			     "cannot be reached: rule \"%s\" refuses everyone it names",
			     policy->rules[i].id);
	}
}

static void note_unused(struct reader *rd)
{
	const struct read_set *set;

	for (set = rd->sets; set; set = set->next) {
		if (!set->is_used)
			report_add(rd->report, POLICY_NOTE, set->at.file->text,
				   &json_index_node(set->at.file->index, set->at.node)->key, NULL,
				   "no rule uses the set \"%s\"", set->name);
	}
}

void lint_policy(struct reader *rd)
{
	size_t i;

	for (i = 0; i < rd->policy->rule_cnt; i++) {
		const struct rule *rule = &rd->policy->rules[i];

		if (!rule->id[0])
			continue; /* an error already, and nothing to call it by */
		warn_effect(rd, rule);
		warn_unreachable(rd, rule);
		if (!rule->deny) {
			note_worth(rd, rule);
			note_terms(rd, rule);
		}
	}
	note_unused(rd);
}
