/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's family, told apart by name and parent: the broker, its closers (which are children
 * of it), the zygote and its judges, the loaders. A process that is dead and not yet waited for is
 * none.
 */
#include "tests/chaos/victims.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/own.h"
#include "tests/chaos/chaos.h"

#define FAMILY_MAX 256u

enum role { ROLE_BROKER, ROLE_CLOSER, ROLE_ZYGOTE, ROLE_JUDGE, ROLE_LOADER, ROLE_CNT };

struct member {
	pid_t pid, parent;
	char name[16], state;
	bool inside; /* a descendant of whoever is looked for */
};

static bool read_member(pid_t pid, struct member *ret_member)
{
	char path[64], text[512], *end;
	struct member member = { .pid = pid };
	OWN_FD int fd = -1;
	ssize_t n;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')');
	if (!end || sscanf(end, ") %c %d", &member.state, &parent) != 2)
		return false;
	*end = '\0';
	member.parent = parent;
	snprintf(member.name, sizeof(member.name), "%.15s", strchr(text, '(') + 1);
	*ret_member = member;
	return true;
}

static size_t read_family(struct member *members)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t cnt = 0;

	while (proc && (entry = readdir(proc)) && cnt < FAMILY_MAX) {
		pid_t pid = atoi(entry->d_name);

		/* One that bpfgated has just made still has its name. */
		if (pid > 0 && read_member(pid, &members[cnt]) &&
		    strncmp(members[cnt].name, "bpfgate", 7) == 0 && members[cnt].state != 'Z')
			cnt++;
	}
	if (proc)
		closedir(proc);
	return cnt;
}

static void mark_inside(struct member *members, size_t cnt, pid_t root)
{
	for (size_t depth = 0; depth < 4; depth++)
		for (size_t i = 0; i < cnt; i++)
			for (size_t j = 0; j < cnt && !members[i].inside; j++)
				members[i].inside =
					members[i].parent == root ||
					(members[j].inside && members[i].parent == members[j].pid);
}

static enum role role_of(const struct member *member, pid_t root)
{
	if (strcmp(member->name, "bpfgate-broker") == 0)
		return member->parent == root ? ROLE_BROKER : ROLE_CLOSER;
	if (strcmp(member->name, "bpfgate-closer") == 0)
		return ROLE_CLOSER;
	if (strcmp(member->name, "bpfgate-loader") == 0)
		return ROLE_LOADER;
	return member->parent == root ? ROLE_ZYGOTE : ROLE_JUDGE;
}

pid_t victims_choose(pid_t bpfgated, uint64_t *random)
{
	/* A broker is started once a second at most: killed more often, nobody else would live. */
	static const enum role wanted[] = { ROLE_BROKER, ROLE_CLOSER, ROLE_ZYGOTE, ROLE_JUDGE,
					    ROLE_JUDGE,	 ROLE_JUDGE,  ROLE_JUDGE,  ROLE_LOADER,
					    ROLE_LOADER, ROLE_LOADER, ROLE_LOADER, ROLE_LOADER };
	enum role role = wanted[chaos_random(random, ARRAY_CNT(wanted))];
	struct member members[FAMILY_MAX];
	size_t cnt = read_family(members), found = 0;
	pid_t pids[FAMILY_MAX];

	mark_inside(members, cnt, bpfgated);
	for (size_t i = 0; i < cnt; i++)
		if (members[i].inside && role_of(&members[i], bpfgated) == role)
			pids[found++] = members[i].pid;
	return found ? pids[chaos_random(random, (uint32_t)found)] : 0;
}

bool victims_left(void)
{
	struct member members[FAMILY_MAX];
	size_t cnt = read_family(members);

	mark_inside(members, cnt, getpid());
	for (size_t i = 0; i < cnt; i++)
		if (members[i].inside)
			return true;
	return false;
}

void victims_print(void)
{
	struct member members[FAMILY_MAX];
	size_t cnt = read_family(members);

	mark_inside(members, cnt, getpid());
	for (size_t i = 0; i < cnt; i++)
		if (members[i].inside)
			printf("  %s %d (%c, child of %d)\n", members[i].name,
			       (int)members[i].pid, members[i].state, (int)members[i].parent);
}

static bool fd_says(pid_t pid, const char *fd_name, const char *line)
{
	char path[300], text[1024], *at;
	OWN_FD int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)pid, fd_name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strstr(text, line);
	return at && at[strlen(line)] == '\n';
}

static void print_holder(const struct member *member, const char *line)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)member->pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (fd_says(member->pid, entry->d_name, line))
			printf("  held by %s %d (%c, child of %d) as %s\n", member->name,
			       (int)member->pid, member->state, (int)member->parent, entry->d_name);
	if (dir)
		closedir(dir);
}

void victims_print_holders(const char *line)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct member member;

	while (proc && (entry = readdir(proc)))
		if (atoi(entry->d_name) > 0 && read_member(atoi(entry->d_name), &member))
			print_holder(&member, line);
	if (proc)
		closedir(proc);
}
