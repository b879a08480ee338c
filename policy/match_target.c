/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "attach": a target is an object. (Binaries are, too: files of the host.) Interfaces are told apart by their network namespace's device and
 * inode before their name is looked at; cgroups by device and inode alone. What a path in a rule is
 * at this moment comes with the request; a path that is not there matches nothing.
 */
#include "policy/match.h"

#include <string.h>

#include "policy/text.h"
#include "proto/own.h"

static bool id_equal(const struct policy_object_id *a, const struct policy_object_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static const struct policy_object_id *path_id(const struct policy_request *request, const char *path)
{
	size_t i;

	for (i = 0; i < request->path_cnt; i++) {
		if (strcmp(request->paths[i].path, path) == 0)
			return &request->paths[i].id;
	}
	return NULL;
}

static bool netns_holds(const struct rule_target *rule, const struct policy_request *request)
{
	const struct policy_object_id *netns = &request->target->netns, *named;

	if (rule->scope == NETNS_HOST)
		return id_equal(netns, &request->host_netns);
	if (rule->scope == NETNS_OTHER)
		return !id_equal(netns, &request->host_netns);
	named = path_id(request, rule->path);
	return named && id_equal(named, netns);
}

static bool interface_holds(const struct rule_target *rule, const struct policy_request *request)
{
	const char *ifname = request->target->ifname;

	if (!netns_holds(rule, request))
		return false;
	return ifname ? rule_glob(rule->glob, ifname) : strcmp(rule->glob, "*") == 0;
}

static bool cgroup_holds(const struct rule_target *rule, const struct policy_request *request)
{
	const struct policy_object_id *named = path_id(request, rule->path);
	size_t i;

	for (i = 0; named && i < request->target->cgroup_cnt; i++) {
		if (id_equal(&request->target->cgroups[i], named))
			return true;
	}
	return false;
}

static bool name_holds(const struct rule_target *rule, const struct policy_request *request)
{
	return request->target->name && rule_glob(rule->glob, request->target->name);
}

/* A pattern is held against the file's name in the host; what has one name in a rule is that file, however called. */
static bool file_holds(const struct rule_target *rule, const struct policy_request *request)
{
	const struct policy_object_id *named = rule->path ? path_id(request, rule->path) : NULL;

	return (named && id_equal(&request->target->file, named)) || name_holds(rule, request);
}

static void interface_text(const struct policy_target *target, struct text *out)
{
	text_addf(out, "interface ");
	text_add_name(out, target->ifname);
	text_addf(out, " (index %u) of network namespace %llu", target->ifindex,
		  (unsigned long long)target->netns.ino);
}

static void cgroup_text(const struct policy_target *target, struct text *out)
{
	text_addf(out, "cgroup %llu",
		  target->cgroup_cnt ? (unsigned long long)target->cgroups[0].ino : 0ULL);
}

static void netns_text(const struct policy_target *target, struct text *out)
{
	text_addf(out, "network namespace %llu", (unsigned long long)target->netns.ino);
}

static void name_text(const struct policy_target *target, struct text *out)
{
	text_add_name(out, target->name);
}

struct form {
	bool (*holds)(const struct rule_target *rule, const struct policy_request *request);
	void (*text)(const struct policy_target *target, struct text *out);
};

/* How rules name a target, by its kind. */
#define FORM_INTERFACE { interface_holds, interface_text }
#define FORM_CGROUP    { cgroup_holds, cgroup_text }
#define FORM_NETNS     { netns_holds, netns_text }
#define FORM_FILE      { file_holds, name_text }
#define FORM_NAME      { name_holds, name_text }
static const struct form forms[POLICY_ATTACH_CNT] = {
#define KERNEL_ATTACH_KIND(kind, word, form, ...) [POLICY_ATTACH_##kind] = FORM_##form,
#include "proto/kernel_types.def"
};

/*
 * An allow rule with any target of such a kind shows the whole; a deny rule hides it that refuses all of them. The
 * addresses are no target's: "kernel_addresses" is asked beside.
 */
static bool whole_is_listed(const struct match *match)
{
	const struct rule_programs *programs = &match->rule->programs;
	bool functions = match->request->target->whole == POLICY_FUNCTIONS;

	if (!functions)
		return !match->rule->deny && programs->target_cnt > 0;
	for (size_t i = 0; i < programs->target_cnt; i++) {
		const struct rule_target *target = &programs->targets[i];

		if ((target->kind == POLICY_ATTACH_KPROBE || target->kind == POLICY_ATTACH_TRACING) &&
		    (!match->rule->deny || strcmp(target->glob, "*") == 0))
			return true;
	}
	return false;
}

static bool target_is_listed(const struct match *match)
{
	const struct rule_programs *programs = &match->rule->programs;
	const struct policy_request *request = match->request;
	const struct form *form = &forms[request->target->kind];
	size_t i;

	if (programs->attach_any)
		return true;
	if (request->target->whole != POLICY_ONE)
		return whole_is_listed(match);
	for (i = 0; i < programs->target_cnt; i++) {
		if (programs->targets[i].kind == request->target->kind &&
		    form->holds(&programs->targets[i], request))
			return true;
	}
	return false;
}

/* What an allow rule must say beside the target; NULL: nothing is missing. */
static const char *missing_word(const struct match *match)
{
	const struct rule_programs *programs = &match->rule->programs;

	if (match->rule->deny)
		return NULL;
	if (match->request->target->others && !programs->any_process)
		return ": it reaches other users' processes, and the rule lacks \"processes\": \"any\"";
	if (match->request->target->samples && !programs->samples)
		return ": it tells more than programs write, and the rule lacks \"samples\": true";
	if (match->request->target->whole == POLICY_ADDRESSES && !programs->addresses)
		return ": the rule lacks \"kernel_addresses\": true";
	return NULL;
}

static void target_text(const struct policy_target *target, struct text *out)
{
	static const char *const wholes[] = { [POLICY_FUNCTIONS] = "the list of all kernel functions",
					      [POLICY_ADDRESSES] = "the addresses of the kernel's symbols" };
	const char *name = policy_attach_name(target->kind);

	if (target->whole != POLICY_ONE) {
		text_addf(out, "%s", wholes[target->whole]);
		return;
	}
	text_addf(out, "%s at ", name ? name : "?");
	forms[target->kind].text(target, out);
}

void match_attach(const struct match *match, struct policy_step *step)
{
	const struct policy_target *target = match->request->target;
	const char *missing;
	char where[200];
	struct text out = TEXT_IN(where);
	bool listed;

	if (!target || target->kind <= POLICY_ATTACH_NONE || target->kind >= POLICY_ATTACH_CNT) {
		match_say(match, step, false, "no target that policy could judge");
		return;
	}
	listed = target_is_listed(match);
	missing = missing_word(match);
	if (!match->with_text)
		return match_say(match, step, listed && !missing, "-");
	target_text(target, &out);
	match_say(match, step, listed && !missing, "%s%s", where,
		  listed && missing		      ? missing :
		  listed			      ? "" :
		  target->whole != POLICY_ONE      ? ": the rule lists no such target" :
		  match->rule->programs.has_attach ? " is not listed" :
						     ": the rule lets nothing be attached");
}
