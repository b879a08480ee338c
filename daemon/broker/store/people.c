/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two small files of root's and the user database. Both are trusted: who may write there may lend ids. Root is
 * never anybody's. A look-up in the database may ask a local service, so it is made only when a rule needs
 * it and then not for a minute.
 */
#include "daemon/broker/store/people.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "proto/own.h"

#define PEOPLE_LINES_MAX   65536	/* no file that a person wrote is longer */
#define PEOPLE_CACHED_MAX  4096
#define PEOPLE_MEMORY_NS   (60ull * 1000 * 1000 * 1000)
#define PEOPLE_GROUPS_MAX  65536	/* the kernel's NGROUPS_MAX */
#define PEOPLE_NAME_BYTES  256
#define PEOPLE_ENTRY_BYTES 16384	/* a line of the user database */

struct lent {
	uint32_t first, last;
	uid_t owner;
};

/* One file, and what it was when it was read. */
struct people_file {
	const char *path;
	struct timespec mtime, ctime;
	ino_t ino;
	off_t bytes;
	struct lent *lent;
	size_t cnt;
};

struct people_member {
	uid_t uid;
	uint64_t until_ns;
	gid_t *groups;
	int cnt;
	UT_hash_handle hh;
};

struct people {
	struct people_file subuid, subgid;
	struct people_member *members;
};

int people_new(const char *subuid, const char *subgid, struct people **ret_people)
{
	struct people *people = calloc(1, sizeof(*people));

	if (!people)
		return -ENOMEM;
	people->subuid.path = subuid;
	people->subgid.path = subgid;
	people_refresh(people);
	*ret_people = people;
	return 0;
}

static void people_forget_member(struct people *people, struct people_member *member)
{
	HASH_DEL(people->members, member);
	free(member->groups);
	free(member);
}

void people_free(struct people *people)
{
	struct people_member *member, *next;

	if (!people)
		return;
	HASH_ITER(hh, people->members, member, next)
		people_forget_member(people, member);
	free(people->subuid.lent);
	free(people->subgid.lent);
	free(people);
}

/* ---- the files ---- */

/* Digits only: strtoul() would take signs and blanks. */
static bool people_parse_number(const char *text, const char *end, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text == end || end - text > 10)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = 10 * number + (uint64_t)(*text - '0');
	}
	*ret_number = number;
	return true;
}

static bool people_find_user(const char *name, uid_t *ret_uid)
{
	char buffer[PEOPLE_ENTRY_BYTES];
	struct passwd entry, *found = NULL;
	uint64_t number;

	if (people_parse_number(name, name + strlen(name), &number)) {
		*ret_uid = (uid_t)number;
		return number < UINT32_MAX;
	}
	if (getpwnam_r(name, &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return false;
	*ret_uid = found->pw_uid;
	return true;
}

/* NAME:FIRST:COUNT. */
static bool people_parse_line(char *line, struct lent *ret_lent)
{
	char *first = strchr(line, ':'), *count = first ? strchr(first + 1, ':') : NULL;
	uint64_t from, cnt;

	if (!count || first == line)
		return false;
	if (!people_parse_number(first + 1, count, &from) ||
	    !people_parse_number(count + 1, count + 1 + strcspn(count + 1, "\n"), &cnt))
		return false;
	if (cnt == 0 || from > UINT32_MAX || cnt > (uint64_t)UINT32_MAX + 1 - from)
		return false;
	*first = '\0';
	ret_lent->first = (uint32_t)from;
	ret_lent->last = (uint32_t)(from + cnt - 1);
	return people_find_user(line, &ret_lent->owner);
}

static int people_read(FILE *from, struct lent **ret_lent, size_t *ret_cnt)
{
	OWN_MEM struct lent *lent = NULL;
	OWN_MEM char *line = NULL;
	size_t line_bytes = 0, cnt = 0, room = 0;

	while (cnt < PEOPLE_LINES_MAX && getline(&line, &line_bytes, from) > 0) {
		struct lent *more = lent;

		if (cnt == room) {
			room = room ? 2 * room : 16;
			more = reallocarray(lent, room, sizeof(*lent));
		}
		if (!more)
			return -ENOMEM;
		lent = more;
		cnt += people_parse_line(line, &lent[cnt]);
	}
	if (ferror(from))
		return -EIO;
	*ret_lent = TAKE_PTR(lent);
	*ret_cnt = cnt;
	return 0;
}

static bool people_is_same(const struct people_file *file, const struct stat *st)
{
	return file->ino == st->st_ino && file->bytes == st->st_size &&
	       memcmp(&file->mtime, &st->st_mtim, sizeof(file->mtime)) == 0 &&
	       memcmp(&file->ctime, &st->st_ctim, sizeof(file->ctime)) == 0;
}

static void people_refresh_file(struct people_file *file)
{
	struct stat st = { 0 };
	struct lent *lent = NULL;
	size_t cnt = 0;
	FILE *from;
	int r = 0;

	if (stat(file->path, &st) < 0 && errno != ENOENT)
		return;
	if (people_is_same(file, &st))
		return;
	if (st.st_ino) {
		from = fopen(file->path, "re");
		if (!from)
			return;
		r = people_read(from, &lent, &cnt);
		fclose(from);
	}
	if (r < 0)
		return;
	free(file->lent);
	file->lent = lent;
	file->cnt = cnt;
	file->ino = st.st_ino;
	file->bytes = st.st_size;
	file->mtime = st.st_mtim;
	file->ctime = st.st_ctim;
}

void people_refresh(struct people *people)
{
	people_refresh_file(&people->subuid);
	people_refresh_file(&people->subgid);
}

/* ---- whose ids they are ---- */

static const struct lent *people_find_lent(const struct people_file *file, uint32_t id)
{
	for (size_t i = 0; id != 0 && i < file->cnt; i++)
		if (id >= file->lent[i].first && id <= file->lent[i].last)
			return &file->lent[i];
	return NULL;
}

/* A range that holds its own owner leads nowhere: each owner counts once. */
static size_t people_add_owners(const struct people *people, const struct lent *lent, uid_t uid,
				uid_t *owners, size_t cnt)
{
	while (lent && cnt < PEOPLE_OWNERS_MAX && lent->owner != uid) {
		for (size_t i = 0; i < cnt; i++)
			if (owners[i] == lent->owner)
				return cnt;
		owners[cnt++] = lent->owner;
		lent = people_find_lent(&people->subuid, lent->owner);
	}
	return cnt;
}

size_t people_owners_of(const struct people *people, uid_t uid, gid_t gid, uid_t *ret_owners)
{
	size_t cnt = people_add_owners(people, people_find_lent(&people->subuid, uid), uid, ret_owners, 0);

	return people_add_owners(people, people_find_lent(&people->subgid, gid), uid, ret_owners, cnt);
}

uid_t people_account_of(const struct people *people, uid_t uid)
{
	uid_t owners[PEOPLE_OWNERS_MAX];
	size_t cnt = people_add_owners(people, people_find_lent(&people->subuid, uid), uid, owners, 0);

	return cnt ? owners[cnt - 1] : uid;
}

/* ---- the user database ---- */

/* Grows the list until it holds all. */
static int people_list_groups(const char *name, gid_t gid, struct people_member *member)
{
	int room = 64;

	for (;;) {
		gid_t *groups = reallocarray(member->groups, (size_t)room, sizeof(*groups));

		if (!groups)
			return -ENOMEM;
		member->groups = groups;
		member->cnt = room;
		if (getgrouplist(name, gid, groups, &member->cnt) >= 0)
			return 0;
		if (room >= PEOPLE_GROUPS_MAX)
			return -E2BIG;
		room *= 4;
	}
}

static int people_look_up(struct people_member *member)
{
	char buffer[PEOPLE_ENTRY_BYTES], name[PEOPLE_NAME_BYTES];
	struct passwd entry, *found = NULL;
	int r = getpwuid_r(member->uid, &entry, buffer, sizeof(buffer), &found);

	member->cnt = 0;
	/* In these ways the C library says that there is no such user. */
	if (!found)
		return r == 0 || r == ENOENT || r == ESRCH || r == EBADF || r == EPERM ? 0 : -r;
	if (strlen(found->pw_name) >= sizeof(name))
		return -ENAMETOOLONG;
	strcpy(name, found->pw_name);
	return people_list_groups(name, found->pw_gid, member);
}

static struct people_member *people_get_member(struct people *people, uid_t uid)
{
	struct people_member *member, *next;

	HASH_FIND(hh, people->members, &uid, sizeof(uid), member);
	if (member)
		return member;
	if (HASH_COUNT(people->members) >= PEOPLE_CACHED_MAX)
		HASH_ITER(hh, people->members, member, next)
			people_forget_member(people, member);
	member = calloc(1, sizeof(*member));
	if (!member)
		return NULL;
	member->uid = uid;
	HASH_ADD(hh, people->members, uid, sizeof(member->uid), member);
	return member;
}

int people_groups_of(struct people *people, uid_t uid, uint64_t now_ns, const gid_t **ret_groups,
		     size_t *ret_cnt)
{
	struct people_member *member = people_get_member(people, uid);
	int r;

	if (!member)
		return -ENOMEM;
	if (now_ns >= member->until_ns) {
		r = people_look_up(member);
		if (r < 0) {
			people_forget_member(people, member);
			return r;
		}
		member->until_ns = now_ns + PEOPLE_MEMORY_NS;
	}
	*ret_groups = member->groups;
	*ret_cnt = (size_t)member->cnt;
	return 0;
}
