/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "who" and "share_with": names of people become numbers here, once, at load. A name that nobody
 * has matches nobody; that is a warning, not an error, because accounts come and go and one of them
 * must not take the whole policy down.
 */
#include "policy/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"

/* "1000" as a number: services without an entry in the user database. */
static bool parse_id(const char *string, uint32_t *ret_id)
{
	char *end;
	unsigned long id;

	if (*string < '0' || *string > '9')
		return false;
	errno = 0;
	id = strtoul(string, &end, 10);
	/* the kernel's (uid_t)-1 is "no id": it must match nobody */
	if (*end || errno || id >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

static bool find_user(const struct at *at, const char *name, uint32_t *ret_id)
{
	uid_t uid;
	int r;

	if (parse_id(name, ret_id))
		return true;
	r = at->rd->env->find_user(at->rd->env->ctx, name, &uid);
	if (r < 0) {
		read_warning(at, NULL, "no user \"%s\" on this machine (%s): matches nobody", name,
			     strerror(-r));
		return false;
	}
	*ret_id = uid;
	return true;
}

static bool find_group(const struct at *at, const char *name, uint32_t *ret_id)
{
	gid_t gid;
	int r;

	if (parse_id(name, ret_id))
		return true;
	r = at->rd->env->find_group(at->rd->env->ctx, name, &gid);
	if (r < 0) {
		read_warning(at, NULL, "no group \"%s\" on this machine (%s): matches nobody", name,
			     strerror(-r));
		return false;
	}
	*ret_id = gid;
	return true;
}

static void one_user(const struct at *at, const char *string, void *dest)
{
	struct rule_who *who = dest;
	uint32_t id;
	uid_t *uids;

	read_append(at->rd, &who->users, string);
	if (!find_user(at, string, &id))
		return;
	uids = read_grow(at->rd, who->uids, &who->uid_cnt, sizeof(*uids));
	if (!uids)
		return;
	who->uids = uids;
	uids[who->uid_cnt - 1] = id;
}

static void one_group(const struct at *at, const char *string, void *dest)
{
	struct rule_who *who = dest;
	uint32_t id;
	gid_t *gids;

	read_append(at->rd, &who->groups, string);
	if (!find_group(at, string, &id))
		return;
	gids = read_grow(at->rd, who->gids, &who->gid_cnt, sizeof(*gids));
	if (!gids)
		return;
	who->gids = gids;
	gids[who->gid_cnt - 1] = id;
}

/* "name.service": exact, since a pattern would match what somebody else may name. */
static bool is_unit(const char *string)
{
	const char *dot = strrchr(string, '.');

	return dot && dot > string && dot[1] && !strpbrk(string, "/*?[");
}

static void one_unit(const struct at *at, const char *string, void *dest)
{
	struct rule_who *who = dest;

	if (!is_unit(string))
		read_error(at, NULL, "a system unit in full is needed here, such as \"%s.service\"",
			   strpbrk(string, "/*?[.") ? "edge-filter" : string);
	read_append(at->rd, &who->units, string);
}

static void one_label(const struct at *at, const char *string, void *dest)
{
	struct rule_who *who = dest;

	read_append(at->rd, &who->labels, string);
}

static void one_exe(const struct at *at, const char *string, void *dest)
{
	struct rule_who *who = dest;

	if (string[0] != '/')
		read_error(at, NULL, "the path of an executable starts with '/'");
	read_append(at->rd, &who->exes, string);
}

static void who_users(const struct at *at, void *dest)
{
	((struct rule_who *)dest)->has_users = true;
	read_each(at, one_user, dest);
}

static void who_groups(const struct at *at, void *dest)
{
	((struct rule_who *)dest)->has_groups = true;
	read_each(at, one_group, dest);
}

static void who_units(const struct at *at, void *dest)
{
	read_each(at, one_unit, dest);
}

static void who_labels(const struct at *at, void *dest)
{
	read_each(at, one_label, dest);
}

static void who_exe(const struct at *at, void *dest)
{
	read_each(at, one_exe, dest);
}

static void who_anyone(const struct at *at, void *dest)
{
	struct rule_who *who = dest;

	if (read_bool(at, &who->anyone) && !who->anyone)
		read_error(at, NULL, "\"anyone\" can only be true; leave it out otherwise");
}

static const struct key who_keys[] = {
	{ "users", who_users },	  { "groups", who_groups }, { "units", who_units },
	{ "labels", who_labels }, { "exe", who_exe },	    { "anyone", who_anyone },
};

void read_who(const struct at *at, void *dest)
{
	struct rule_who *who = dest;
	size_t cnt = json_object_size(at->value);

	read_object(at, who_keys, ARRAY_CNT(who_keys), who);
	if (json_is_object(at->value) && cnt == 0)
		read_error(at, "say \"anyone\": true if you mean everybody", "\"who\" is empty");
	if (who->anyone && cnt > 1)
		read_error(at, NULL, "\"anyone\" takes no other condition beside it");
	if (who->exes.cnt && cnt == 1)
		read_error(at, "add \"users\", \"groups\", \"units\" or \"labels\"",
			   "\"exe\" alone is too weak: any user can execute that file");
}

static void share_user(const struct at *at, const char *name, struct rule_share *share)
{
	share->kind = SHARE_USER;
	share->is_resolved = find_user(at, name, &share->id);
}

static void share_group(const struct at *at, const char *name, struct rule_share *share)
{
	share->kind = SHARE_GROUP;
	share->is_resolved = find_group(at, name, &share->id);
}

static void share_unit(const struct at *at, const char *name, struct rule_share *share)
{
	share->kind = SHARE_UNIT;
	share->unit = arena_strdup(at->rd->policy->arena, name);
	share->is_resolved = share->unit != NULL;
	if (!is_unit(name))
		read_error(at, NULL, "a system unit in full is needed here");
}

static const struct {
	const char *prefix;
	void (*read)(const struct at *at, const char *name, struct rule_share *share);
} share_kinds[] = {
	{ "user:", share_user },
	{ "group:", share_group },
	{ "unit:", share_unit },
};

/* Cuts ":rw" or ":ro" off the end of a copy. */
static bool cut_mode(char *string)
{
	size_t len = strlen(string);
	bool rw = len > 3 && strcmp(string + len - 3, ":rw") == 0;

	if (rw || (len > 3 && strcmp(string + len - 3, ":ro") == 0))
		string[len - 3] = '\0';
	return rw;
}

static void one_share(const struct at *at, const char *string, void *dest)
{
	struct rule_maps *maps = dest;
	struct rule_share share = { 0 }, *shares;
	char *name = arena_strdup(at->rd->policy->arena, string);
	size_t i;

	if (!name) {
		at->rd->is_out_of_memory = true;
		return;
	}
	share.rw = cut_mode(name);
	for (i = 0; i < ARRAY_CNT(share_kinds); i++) {
		size_t len = strlen(share_kinds[i].prefix);

		if (strncmp(name, share_kinds[i].prefix, len) == 0) {
			share_kinds[i].read(at, name + len, &share);
			break;
		}
	}
	if (i == ARRAY_CNT(share_kinds))
		read_error(at, NULL, "\"user:NAME\", \"group:NAME\" or \"unit:NAME\" is needed here, "
				     "with \":rw\" appended where writing is meant");
	shares = read_grow(at->rd, maps->shares, &maps->share_cnt, sizeof(*shares));
	if (!shares)
		return;
	maps->shares = shares;
	shares[maps->share_cnt - 1] = share;
}

void read_share_with(const struct at *at, void *dest)
{
	read_each(at, one_share, dest);
}
