/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "attach": which targets of each kind. Interfaces and namespaces are bound to a network namespace
 * by a path that root writes into the rule; cgroups are directories. Both are compared by device and
 * inode when a request comes, so the paths are also collected for policy_path().
 */
#include "policy/read.h"

#include <stdio.h>
#include <string.h>

#include "proto/own.h"

#define NETNS_PREFIX "netns:"

struct attach_read {
	struct rule_programs *programs;
	enum policy_attach_kind kind;
};

static void path_add(struct reader *rd, const char *path)
{
	size_t i;

	for (i = 0; i < rd->policy->paths.cnt; i++) {
		if (strcmp(rd->policy->paths.items[i], path) == 0)
			return;
	}
	read_append(rd, &rd->policy->paths, path);
}

static bool is_plain_path(const char *path)
{
	return path[0] == '/' && path[1] && !strstr(path, "/..") && !strstr(path, "//");
}

/* "NAME", "netns:PATH:NAME", "netns:*:NAME". Writes into the copy. */
static bool parse_interface(const struct at *at, char *string, struct rule_target *target)
{
	char *colon;

	target->glob = string;
	if (strncmp(string, NETNS_PREFIX, strlen(NETNS_PREFIX)) == 0) {
		string += strlen(NETNS_PREFIX);
		colon = strrchr(string, ':');
		if (!colon || !colon[1]) {
			read_error(at, "for example \"netns:/run/netns/blue:veth*\"",
				   "an interface must follow the network namespace");
			return false;
		}
		*colon = '\0';
		target->glob = colon + 1;
		target->scope = strcmp(string, "*") == 0 ? NETNS_OTHER : NETNS_PATH;
		target->path = string;
	}
	if (target->scope == NETNS_PATH && !is_plain_path(target->path)) {
		read_error(at, NULL, "a network namespace is an absolute path, or \"*\"");
		return false;
	}
	if (strlen(target->glob) > 15 || strchr(target->glob, '/')) {
		read_error(at, NULL, "an interface name has at most 15 characters and no '/'");
		return false;
	}
	return true;
}

/* "host", "netns:PATH", "netns:*" */
static bool parse_netns(const struct at *at, char *string, struct rule_target *target)
{
	if (strcmp(string, "host") == 0)
		return true;
	if (strcmp(string, NETNS_PREFIX "*") == 0) {
		target->scope = NETNS_OTHER;
		return true;
	}
	target->scope = NETNS_PATH;
	target->path = string + strlen(NETNS_PREFIX);
	if (strncmp(string, NETNS_PREFIX, strlen(NETNS_PREFIX)) == 0 && is_plain_path(target->path))
		return true;
	read_error(at, NULL, "\"host\", \"netns:/path\" or \"netns:*\" is needed here");
	return false;
}

static bool parse_cgroup(const struct at *at, char *string, struct rule_target *target)
{
	target->path = string;
	if (is_plain_path(string))
		return true;
	read_error(at, "for example \"/sys/fs/cgroup/app.slice\"",
		   "a cgroup is named by the absolute path of its directory");
	return false;
}

/* One file, which the broker opens, or a pattern for names of files in the host. */
static bool parse_file(const struct at *at, char *string, struct rule_target *target)
{
	bool is_pattern = strpbrk(string, "*?");

	target->glob = string;
	if (!is_pattern)
		target->path = string;
	if (string[0] == '*' || (is_pattern ? string[0] == '/' : is_plain_path(string)))
		return true;
	read_error(at, "for example \"/usr/bin/bash\" or \"/usr/lib/*\"",
		   "a binary is named by the absolute path of its file");
	return false;
}

static bool parse_name(const struct at *at, char *string, struct rule_target *target)
{
	(void)at;
	target->glob = string;
	return true;
}

/* How rules name a target, by its kind. */
#define FORM_INTERFACE parse_interface
#define FORM_CGROUP    parse_cgroup
#define FORM_NETNS     parse_netns
#define FORM_FILE      parse_file
#define FORM_NAME      parse_name
static bool (*const parsers[POLICY_ATTACH_CNT])(const struct at *at, char *string, struct rule_target *target) = {
#define KERNEL_ATTACH_KIND(kind, word, form, ...) [POLICY_ATTACH_##kind] = FORM_##form,
#include "proto/kernel_types.def"
};

static void one_target(const struct at *at, const char *string, void *dest)
{
	const struct attach_read *reading = dest;
	struct rule_programs *programs = reading->programs;
	struct rule_target target = { .kind = reading->kind, .spot = read_spot(at) }, *targets;
	char *copy = arena_strdup(at->rd->policy->arena, string);

	if (!copy) {
		at->rd->is_out_of_memory = true;
		return;
	}
	if (!parsers[target.kind](at, copy, &target))
		return;
	if (target.path && target.scope != NETNS_OTHER)
		path_add(at->rd, target.path);
	targets = read_grow(at->rd, programs->targets, &programs->target_cnt, sizeof(*targets));
	if (!targets)
		return;
	programs->targets = targets;
	targets[programs->target_cnt - 1] = target;
}

static void only_star(const struct at *at, const char *string, void *dest)
{
	(void)dest;
	if (strcmp(string, "*") != 0)
		read_error(at, NULL, "\"any\" takes [\"*\"] and nothing else");
}

static void one_kind(const struct at *at, const char *key, void *dest)
{
	struct rule_programs *programs = dest;
	struct attach_read reading = { programs, POLICY_ATTACH_NONE };
	int kind = names_find(NAMES_ATTACH, key);
	const char *nearest;
	char hint[96] = "";

	if (strcmp(key, "any") == 0) {
		programs->attach_any = true;
		read_each(at, only_star, NULL);
		return;
	}
	if (kind < 0) {
		nearest = names_nearest(NAMES_ATTACH, key);
		if (nearest)
			(void)snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest);
		read_error(at, hint, "unknown attach kind \"%s\"", key);
		return;
	}
	reading.kind = (enum policy_attach_kind)kind;
	read_each(at, one_target, &reading);
}

void read_attach(const struct at *at, void *dest)
{
	struct rule_programs *programs = dest;

	programs->has_attach = true;
	read_members(at, one_kind, programs);
}
