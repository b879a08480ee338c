/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Becoming the thread that a notification is about. Promises to be that thread's user, in its
 * groups and network namespace, or to say that this is not possible: what was reached is compared
 * at the end, by what /proc says of both. Trusts the kernel with who may become whom; the caller
 * makes sure that the tid was not given away.
 */
#include "client/launch/become.h"

#include "proto/own.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BECOME_PATH_BYTES = 48 };

void become_facts_done(struct become_facts *facts)
{
	free(facts->groups);
	facts->groups = NULL;
}

static void become_path(char path[BECOME_PATH_BYTES], pid_t tid, const char *name)
{
	if (tid)
		snprintf(path, BECOME_PATH_BYTES, "/proc/%d/%s", (int)tid, name);
	else
		snprintf(path, BECOME_PATH_BYTES, "/proc/thread-self/%s", name);
}

/* ---- looking ---- */

/* "Uid:\t0\t0\t0\t0\n"; true if the line is of this name. */
static bool become_read_ids(const char *line, const char *name, uint32_t ids[3],
			    unsigned int *found)
{
	size_t bytes = strlen(name);

	if (strncmp(line, name, bytes) != 0)
		return false;
	if (sscanf(line + bytes, "%u %u %u", &ids[0], &ids[1], &ids[2]) == 3)
		++*found;
	return true;
}

/* The lines come in this order, groups last. */
static int become_read_status(FILE *file, struct become_facts *facts)
{
	OWN_MEM char *line = NULL;
	unsigned int found = 0;
	size_t room = 0;

	while (getline(&line, &room, file) > 0) {
		if (become_read_ids(line, "Uid:", facts->uids, &found) ||
		    become_read_ids(line, "Gid:", facts->gids, &found))
			continue;
		if (strncmp(line, "Groups:", 7) == 0) {
			facts->groups = strdup(line + 7);
			return facts->groups && found == 2 ? 0 : -ESRCH;
		}
	}
	return -ESRCH;
}

static int become_look_ns(pid_t tid, const char *name, uint64_t ret_id[2])
{
	char path[BECOME_PATH_BYTES];
	struct stat st;

	become_path(path, tid, name);
	if (stat(path, &st) < 0)
		return -errno;
	ret_id[0] = st.st_dev;
	ret_id[1] = st.st_ino;
	return 0;
}

static int become_open(pid_t tid, const char *name, int *ret_fd)
{
	char path[BECOME_PATH_BYTES];
	int fd;

	become_path(path, tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/*
 * An open status speaks of ids as whoever opened it saw them, also when it is read later and from
 * another user namespace, where ids without a number would all look alike.
 */
static int become_look_by(int status, pid_t tid, struct become_facts *ret_facts)
{
	OWN_BECOME_FACTS struct become_facts facts = { .groups = NULL };
	int copy = fcntl(status, F_DUPFD_CLOEXEC, 0), r;
	FILE *file = copy >= 0 && lseek(copy, 0, SEEK_SET) == 0 ? fdopen(copy, "r") : NULL;

	if (!file) {
		own_close_fd(&copy);
		return -ENOMEM;
	}
	r = become_read_status(file, &facts);
	fclose(file);
	if (r == 0)
		r = become_look_ns(tid, "ns/net", facts.netns);
	if (r == 0)
		r = become_look_ns(tid, "ns/user", facts.userns);
	if (r < 0)
		return r;
	become_facts_done(ret_facts);
	*ret_facts = facts;
	facts.groups = NULL;
	return 0;
}

int become_look(pid_t tid, struct become_facts *ret_facts)
{
	OWN_FD int status = -1;
	int r = become_open(tid, "status", &status);

	ret_facts->groups = NULL;
	return r < 0 ? r : become_look_by(status, tid, ret_facts);
}

static bool become_same_ids(const struct become_facts *a, const struct become_facts *b)
{
	return memcmp(a->uids, b->uids, 2 * sizeof(uid_t)) == 0 &&
	       memcmp(a->gids, b->gids, 2 * sizeof(gid_t)) == 0 &&
	       strcmp(a->groups, b->groups) == 0;
}

static bool become_same_ns(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

bool become_is_same(const struct become_facts *a, const struct become_facts *b)
{
	return become_same_ids(a, b) && become_same_ns(a->netns, b->netns);
}

/* ---- namespaces ---- */

/* Nobody may enter the user namespace that he is in. */
static int become_enter_userns(int userns)
{
	uint64_t here[2] = { 0 };
	struct stat st;
	int r = become_look_ns(0, "ns/user", here);

	if (r < 0)
		return r;
	if (fstat(userns, &st) < 0)
		return -errno;
	if (st.st_dev == here[0] && st.st_ino == here[1])
		return 0;
	return setns(userns, CLONE_NEWUSER) < 0 ? -errno : 0;
}

/*
 * An unprivileged user may enter a network namespace from inside the user namespace that owns it,
 * where he has every capability because he, or a parent of his, made it.
 */
static int become_enter_netns(pid_t tid, bool by_owner)
{
	OWN_FD int netns = -1;
	OWN_FD int owner = -1;
	int r = become_open(tid, "ns/net", &netns);

	if (r < 0)
		return r;
	if (by_owner) {
		owner = ioctl(netns, NS_GET_USERNS);
		r = owner < 0 ? -errno : become_enter_userns(owner);
	}
	if (r < 0)
		return r;
	return setns(netns, CLONE_NEWNET) < 0 ? -errno : 0;
}

static int become_enter(pid_t tid, const struct become_facts *self,
			const struct become_facts *thread)
{
	bool other_userns = !become_same_ns(self->userns, thread->userns);
	OWN_FD int userns = -1;
	int r = 0;

	if (!become_same_ns(self->netns, thread->netns))
		r = become_enter_netns(tid, other_userns);
	if (r < 0 || !other_userns)
		return r;
	/* Only there its ids have names. */
	r = become_open(tid, "ns/user", &userns);
	return r < 0 ? r : become_enter_userns(userns);
}

/* ---- ids ---- */

static int become_set_groups(const char *text)
{
	size_t cnt = 0, room = strlen(text) / 2 + 1;
	OWN_MEM gid_t *groups = calloc(room, sizeof(*groups));
	char *end;

	if (!groups)
		return -ENOMEM;
	for (;;) {
		unsigned long gid = strtoul(text, &end, 10);

		if (end == text)
			break;
		groups[cnt++] = (gid_t)gid;
		text = end;
	}
	return setgroups(cnt, groups) < 0 ? -errno : 0;
}

/* Of what was kept over the change of user, only this is taken up again. */
static void become_keep_reading(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &head, data) < 0)
		return;
	data[0].permitted &= 1u << CAP_SYS_PTRACE;
	data[0].effective = data[0].permitted;
	data[0].inheritable = data[1].permitted = data[1].effective = data[1].inheritable = 0;
	(void)syscall(SYS_capset, &head, data);
}

static int become_set_ids(const struct become_facts *to)
{
	int r = become_set_groups(to->groups);

	if (r < 0)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
	    setresgid(to->gids[0], to->gids[1], to->gids[2]) < 0 ||
	    setresuid(to->uids[0], to->uids[1], to->uids[2]) < 0)
		return -errno;
	become_keep_reading();
	return 0;
}

/* Numbers are those of where we are now. */
static int become_take_ids(pid_t tid)
{
	OWN_BECOME_FACTS struct become_facts thread = { .groups = NULL };
	int r = become_look(tid, &thread);

	return r < 0 ? r : become_set_ids(&thread);
}

/* Us and the thread, as we saw things before anything changed. */
struct become {
	int self_status, thread_status;
	struct become_facts self, thread;
};

static void become_done(struct become *become)
{
	own_close_fd(&become->self_status);
	own_close_fd(&become->thread_status);
	become_facts_done(&become->self);
	become_facts_done(&become->thread);
}
#define OWN_BECOME __attribute__((cleanup(become_done)))

static int become_look_at_both(struct become *become, pid_t tid)
{
	int r = 0;

	if (become->self_status < 0)
		r = become_open(0, "status", &become->self_status);
	if (r == 0 && become->thread_status < 0)
		r = become_open(tid, "status", &become->thread_status);
	if (r == 0)
		r = become_look_by(become->self_status, 0, &become->self);
	if (r == 0)
		r = become_look_by(become->thread_status, tid, &become->thread);
	return r;
}

int become_thread(pid_t tid, const char **ret_what)
{
	OWN_BECOME struct become both = { .self_status = -1, .thread_status = -1 };
	int r;

	*ret_what = "looking at it";
	r = become_look_at_both(&both, tid);
	if (r < 0)
		return r;
	*ret_what = "entering its namespaces";
	r = become_enter(tid, &both.self, &both.thread);
	if (r < 0)
		return r;
	*ret_what = "taking on its user and groups";
	r = become_same_ids(&both.self, &both.thread) ? 0 : become_take_ids(tid);
	if (r == 0)
		r = become_look_at_both(&both, tid);
	if (r < 0)
		return r;
	return become_is_same(&both.self, &both.thread) ? 0 : -EPERM;
}
