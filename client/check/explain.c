/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate-explain: what the policy would say to an object, condition by condition. A binary of its own
 * because it reads objects with libbpf, against a bpf(2) that is made up (object/): nothing reaches the
 * kernel. The caller is who --as says: nothing attests it, and the output says so.
 */
#include "client/check/explain.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "client/shared/cmd.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "client/shared/policy_source.h"
#include "policy/signer.h"
#include "proto/own.h"

#define POLICY_PATHS_MAX 16

/* ---- what is asked ---- */

size_t explain_request_cnt(const struct explain *explain)
{
	return explain->object.map_cnt + explain->object.prog_cnt;
}

void explain_request(const struct explain *explain, size_t idx, struct explain_request *ret_request)
{
	const struct object_facts *object = &explain->object;
	struct policy_request *request = &ret_request->request;
	size_t i;

	memset(ret_request, 0, sizeof(*ret_request));
	request->now_s = time(NULL);
	for (i = 0; i < idx && i < object->map_cnt; i++) {
		request->use.maps++;
		request->use.map_bytes += object->maps[i].facts.bytes;
	}
	if (idx < object->map_cnt) {
		request->verb = POLICY_MAP_CREATE;
		request->map = &object->maps[idx].facts;
		ret_request->noun = "map";
		ret_request->name = object->maps[idx].name;
		return;
	}
	idx -= object->map_cnt;
	request->verb = POLICY_PROG_LOAD;
	request->use.programs = request->use.loads_last_minute = (uint32_t)idx;
	ret_request->prog = object->progs[idx].facts;
	ret_request->prog.proofs = explain->proofs;
	ret_request->prog.proof_cnt = explain->proof_cnt;
	request->prog = &ret_request->prog;
	request->target = object->progs[idx].has_target ? &object->progs[idx].target : NULL;
	ret_request->noun = "program";
	ret_request->name = object->progs[idx].name;
}

/* ---- who ---- */

static int say(const char *what, const char *why)
{
	fprintf(stderr, "bpfgate policy: ");
	out_safe(stderr, what, false);
	fprintf(stderr, ": %s\n", why);
	return EXIT_INPUT;
}

static bool parse_number(const char *text, uint32_t *ret_number)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	*ret_number = (uint32_t)number;
	return *text && !*end && number < UINT32_MAX;
}

static bool add_group(struct explain *explain, const char *name)
{
	const struct group *group = getgrnam(name);
	uint32_t gid;

	if (group)
		gid = group->gr_gid;
	else if (!parse_number(name, &gid))
		return false;
	if (explain->who.group_cnt == EXPLAIN_GROUPS_MAX)
		return false;
	explain->groups[explain->who.group_cnt++] = gid;
	return true;
}

static bool find_user(struct explain *explain)
{
	const struct passwd *user = getpwnam(explain->user);
	int cnt = EXPLAIN_GROUPS_MAX / 2;
	uint32_t id;

	if (user) {
		explain->who.uid = user->pw_uid;
		explain->who.gid = user->pw_gid;
		if (getgrouplist(explain->user, user->pw_gid, explain->groups, &cnt) >= 0)
			explain->who.group_cnt = (size_t)cnt;
		return true;
	}
	if (!parse_number(explain->user, &id))
		return false;
	explain->who.uid = explain->who.gid = id;
	return true;
}

/* USER[:GROUP...][@UNIT], taken apart in place. */
static int parse_who(struct explain *explain, char *as)
{
	char *unit = strchr(as, '@'), *group, *rest;

	if (unit) {
		*unit++ = '\0';
		explain->unit = unit;
		explain->who.unit = unit;
	}
	explain->user = strtok_r(as, ":", &rest);
	explain->who.groups = explain->groups;
	if (!explain->user || !find_user(explain))
		return say(explain->user ? explain->user : as, "no such user");
	while ((group = strtok_r(NULL, ":", &rest))) {
		if (!add_group(explain, group))
			return say(group, "no such group");
	}
	return EXIT_OK;
}

/* ---- text ---- */

static void print_hex(const uint8_t *bytes, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++)
		printf("%02x", bytes[i]);
}

static void print_signed(const struct explain *explain)
{
	size_t i;

	if (!explain->file.cms) {
		puts("Signed   by nobody");
		return;
	}
	if (explain->file.reason != CMS_OK) {
		printf("Signed   badly: %s\n", prove_cms_reason(explain->file.reason));
		return;
	}
	printf("Signed   %u signature%s, of which count:", explain->file.fields.signer_cnt,
	       explain->file.fields.signer_cnt == 1 ? "" : "s");
	for (i = 0; i < explain->proof_cnt; i++)
		printf("%s %s", i ? "," : "", explain->proofs[i].signer);
	puts(explain->proof_cnt ? "" : " none");
}

static void print_head(const struct explain *explain)
{
	size_t i;

	printf("Request  load %zu programs, %zu maps from ", explain->object.prog_cnt, explain->object.map_cnt);
	out_safe(stdout, explain->path, false);
	printf(" (sha256 ");
	print_hex(explain->file.sha256, 4);
	printf("..)\nWho      uid %u (%s)  unit %s   [given with --as, not attested]\n", explain->who.uid,
	       explain->user, explain->unit ? explain->unit : "-");
	print_signed(explain);
	for (i = 0; i < explain->object.unloadable_cnt; i++) {
		printf("Note     this kernel cannot load ");
		out_safe(stdout, explain->object.unloadable[i], false);
		putchar('\n');
	}
	puts("Note     map sizes are estimates; interfaces, cgroups and tracepoints are decided at the attach");
}

static void print_steps(const struct policy_outcome *outcome)
{
	size_t asked_cnt = 0;
	int i;

	for (i = POLICY_COND_WHO; i < POLICY_COND_CNT; i++)
		asked_cnt += outcome->steps[i].state != POLICY_NOT_ASKED;
	printf("    %-20s %s:%u  ", outcome->rule, outcome->place.file, outcome->place.line);
	if (outcome->deny)
		puts("deny rule, matched:");
	else
		printf("%zu of %zu conditions fail:\n", outcome->failed_cnt, asked_cnt);
	for (i = POLICY_COND_WHO; i < POLICY_COND_CNT; i++) {
		const struct policy_step *step = &outcome->steps[i];

		if (step->state == POLICY_NOT_ASKED)
			continue;
		printf("        %-12s %-4s %s", policy_condition_name((enum policy_condition)i),
		       step->state == POLICY_HOLDS ? "ok" : "FAIL", step->text);
		if (step->state == POLICY_FAILS)
			printf("   %s:%u:%u", step->place.file, step->place.line, step->place.column);
		putchar('\n');
	}
}

/* Why a deny rule does not matter: the first thing it states that is not so. */
static void print_aside(const struct policy_outcome *outcome)
{
	int i = POLICY_COND_WHO;

	while (i < POLICY_COND_CNT - 1 && outcome->steps[i].state != POLICY_FAILS)
		i++;
	printf("    %-20s %s:%u  %s%s: %s\n", outcome->rule, outcome->place.file, outcome->place.line,
	       outcome->deny ? "deny rule, not matched: " : "",
	       policy_condition_name((enum policy_condition)i), outcome->steps[i].text);
}

static void print_rules(const struct explain *explain, const struct explain_request *request)
{
	struct policy_outcome outcome;
	size_t i;

	for (i = 0; i < policy_rule_cnt(explain->policy); i++) {
		policy_examine(explain->policy, i, &explain->who, &request->request, &outcome);
		if (outcome.deny ? outcome.matches : outcome.steps[POLICY_COND_WHO].state == POLICY_HOLDS)
			print_steps(&outcome);
		else
			print_aside(&outcome);
	}
}

static bool print_request(const struct explain *explain, size_t idx)
{
	struct explain_request request;
	struct policy_decision decision;

	explain_request(explain, idx, &request);
	policy_decide(explain->policy, &explain->who, &request.request, &decision);
	printf("\n%s  %s ", decision.verdict == POLICY_ALLOW ? "ALLOWED" : "REFUSED", request.noun);
	out_safe(stdout, request.name, false);
	printf(": %s\n", decision.client_text);
	if (decision.verdict == POLICY_ALLOW)
		return true;
	print_rules(explain, &request);
	printf("  %s\n", decision.remedy);
	return false;
}

static int print_text(const struct explain *explain)
{
	bool allowed = true;
	size_t i;

	print_head(explain);
	for (i = 0; i < explain_request_cnt(explain); i++)
		allowed = print_request(explain, i) && allowed;
	printf("\nPolicy   %zu files, %zu rules, digest %.8s..\n", policy_file_cnt(explain->policy),
	       policy_rule_cnt(explain->policy), policy_digest(explain->policy));
	return allowed ? EXIT_OK : EXIT_POLICY;
}

/* ---- JSON ---- */

static json_t *outcome_json(const struct policy_outcome *outcome)
{
	static const char *const states[] = { "not asked", "holds", "fails" };
	json_t *conditions = json_object();
	int i;

	for (i = POLICY_COND_WHO; i < POLICY_COND_CNT; i++) {
		const struct policy_step *step = &outcome->steps[i];

		if (step->state != POLICY_NOT_ASKED)
			(void)json_object_set_new(conditions,
						  policy_condition_name((enum policy_condition)i),
						  json_pack("{s:s, s:s, s:i}", "state",
							    states[step->state], "text", step->text,
							    "line", (int)step->place.line));
	}
	return json_pack("{s:s, s:s, s:i, s:s, s:b, s:o}", "rule", outcome->rule, "file",
			 outcome->place.file, "line", (int)outcome->place.line, "effect",
			 outcome->deny ? "deny" : "allow", "matches", outcome->matches, "conditions",
			 conditions);
}

static json_t *request_json(const struct explain *explain, size_t idx, bool *allowed)
{
	json_t *rules = json_array();
	struct explain_request request;
	struct policy_decision decision;
	struct policy_outcome outcome;
	size_t i;

	explain_request(explain, idx, &request);
	policy_decide(explain->policy, &explain->who, &request.request, &decision);
	*allowed = *allowed && decision.verdict == POLICY_ALLOW;
	for (i = 0; i < policy_rule_cnt(explain->policy); i++) {
		policy_examine(explain->policy, i, &explain->who, &request.request, &outcome);
		(void)json_array_append_new(rules, outcome_json(&outcome));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", request.noun, request.name, "verdict",
			 decision.verdict == POLICY_ALLOW ? "allow" : "deny", "rule", decision.rule,
			 "condition", policy_condition_name(decision.condition), "text",
			 decision.client_text, "remedy", decision.remedy, "noun", request.noun, "rules",
			 rules);
}

static int print_json(const struct explain *explain)
{
	json_t *requests = json_array(), *doc;
	bool allowed = true;
	size_t i;
	int r;

	for (i = 0; i < explain_request_cnt(explain); i++)
		(void)json_array_append_new(requests, request_json(explain, i, &allowed));
	doc = json_pack("{s:s, s:b, s:I, s:s, s:o}", "schema_version", OUT_SCHEMA_VERSION, "allowed",
			allowed, "uid", (json_int_t)explain->who.uid, "policy_digest",
			policy_digest(explain->policy), "requests", requests);
	r = out_json_take(stdout, doc, explain->pretty);
	return r < 0 ? EXIT_INTERNAL : allowed ? EXIT_OK : EXIT_POLICY;
}

/* ---- set-up ---- */

static int load_policy(struct explain *explain, char *const *paths, size_t path_cnt)
{
	struct policy_report *report = NULL;
	struct policy_env env;
	int r;

	policy_env_init(&env);
	env.keys_optional = true; /* whose signature is missing is part of the explanation */
	r = policy_source_load(paths, path_cnt, &env, &explain->policy, &report);
	policy_report_print(report, POLICY_WARNING, stderr);
	policy_report_free(report);
	return r < 0 ? EXIT_INPUT : EXIT_OK;
}

static int load_object(struct explain *explain)
{
	int r = signature_open(explain->path, &explain->file);

	if (r == 0)
		r = object_facts_read(&explain->file, &explain->object);
	return r < 0 ? say(explain->path, r == -EBADMSG ? "not a BPF object" : strerror(-r)) : EXIT_OK;
}

static void prove(struct explain *explain)
{
	if (explain->policy && explain->file.cms && explain->file.reason == CMS_OK)
		(void)prove_cms(explain->policy, explain->file.cms, explain->file.cms_len,
				&explain->file.fields, explain->file.sha256, time(NULL), explain->proofs,
				&explain->proof_cnt, explain->notes);
	for (size_t i = 0; i < explain->proof_cnt; i++)
		explain->proofs[i].by_object = true;
}

struct explain_args {
	struct explain explain;
	char *as;
	char *paths[POLICY_PATHS_MAX];
	size_t path_cnt;
};

static int explain_take(void *ctx, enum option_id id, char *value)
{
	struct explain_args *args = ctx;

	if (id == OPT_AS)
		args->as = value;
	else if (id == OPT_POLICY && args->path_cnt == POLICY_PATHS_MAX)
		return -E2BIG;
	else if (id == OPT_POLICY)
		args->paths[args->path_cnt++] = value;
	else
		args->explain.json = true;
	args->explain.pretty |= id == OPT_PRETTY;
	return 0;
}

static int run(struct explain_args *args, bool suggest)
{
	struct explain *explain = &args->explain;
	int code = parse_who(explain, args->as);

	if (code == EXIT_OK && !suggest)
		code = load_policy(explain, args->paths, args->path_cnt);
	if (code == EXIT_OK)
		code = load_object(explain);
	if (code != EXIT_OK)
		return code;
	if (suggest)
		return suggest_print(explain);
	prove(explain);
	return explain->json ? print_json(explain) : print_text(explain);
}

int main(int argc, char **argv)
{
	struct explain_args args = { 0 };
	bool suggest = strcmp(argv[0], "suggest") == 0;
	enum verb_id verb = suggest ? VERB_POLICY_SUGGEST : VERB_POLICY_EXPLAIN;
	int code;

	if (!options_parse(verb, argc, argv, explain_take, &args, &code))
		return code;
	if (!args.as || optind + 1 != argc)
		return options_usage(verb);
	args.explain.path = argv[optind];
	code = run(&args, suggest);
	object_facts_done(&args.explain.object);
	signature_done(&args.explain.file);
	policy_free(args.explain.policy);
	return code;
}
