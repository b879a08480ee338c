/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that who closes an event pays for it no more, and who only hides it (in a map, in a
 * mapping, in another process) goes on paying. One watch per account, so that what one has to show
 * costs no other; trusts the kernel's list of what a watch watches, in /proc/self/fdinfo. A
 * broker's death takes the watches along: its successor begins at nothing.
 */
#include "daemon/broker/store/perfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <uthash.h>

#include "daemon/broker/store/clock.h"
#include "daemon/broker/store/kinds.h"
#include "proto/own.h"

struct perfs_event {
	uint64_t number;
	uint64_t id; /* the kernel's; 0: it has no facts */
	struct perfs_charge charge;
	struct perfs_facts *facts; /* owned; NULL */
	bool lives;
	UT_hash_handle hh, by_id;
};

struct perfs_user {
	uid_t uid;
	int watch;
	struct perfs_event *events;
	uint64_t rest_until_ns; /* who is at the limit and asks on is not looked at all the time */
	UT_hash_handle hh;
};

/* A look at a thousand takes some milliseconds: others are served in between. */
#define PERFS_REST_FACTOR 16u

struct perfs {
	struct perfs_user *users;
	struct perfs_event *by_id;
	uint64_t last_number;
};

int perfs_new(struct perfs **ret_perfs)
{
	*ret_perfs = calloc(1, sizeof(**ret_perfs));
	return *ret_perfs ? 0 : -ENOMEM;
}

void perfs_charge_done(struct perfs_charge *charge)
{
	quota_charge_done(&charge->one);
	quota_charge_done(&charge->bytes);
}

static void perfs_event_drop(struct perfs *perfs, struct perfs_user *user,
			     struct perfs_event *event)
{
	if (event->id)
		HASH_DELETE(by_id, perfs->by_id, event);
	free(event->facts);
	HASH_DELETE(hh, user->events, event);
	perfs_charge_done(&event->charge);
	free(event);
}

static void perfs_user_drop(struct perfs *perfs, struct perfs_user *user)
{
	struct perfs_event *event, *next;

	HASH_ITER (hh, user->events, event, next)
		perfs_event_drop(perfs, user, event);
	HASH_DELETE(hh, perfs->users, user);
	own_close_fd(&user->watch);
	free(user);
}

void perfs_free(struct perfs *perfs)
{
	struct perfs_user *user, *next;

	if (!perfs)
		return;
	HASH_ITER (hh, perfs->users, user, next)
		perfs_user_drop(perfs, user);
	free(perfs);
}

/* ---- looking ---- */

/* A line for each file that is watched, with the number that we gave it. */
static int perfs_mark_living(struct perfs_user *user)
{
	OWN_FILE FILE *file = NULL;
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", user->watch);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		const char *data = strncmp(line, "tfd:", 4) == 0 ? strstr(line, "data:") : NULL;
		struct perfs_event *event;
		uint64_t number;

		if (!data)
			continue;
		number = strtoull(data + 5, NULL, 16);
		HASH_FIND(hh, user->events, &number, sizeof(number), event);
		if (event)
			event->lives = true;
	}
	return ferror(file) ? -EIO : 0;
}

/* true: none is left. */
static bool perfs_look_at(struct perfs *perfs, struct perfs_user *user)
{
	struct perfs_event *event, *next;
	uint64_t began_ns = clock_now_ns(), ended_ns;

	HASH_ITER (hh, user->events, event, next)
		event->lives = false;
	if (perfs_mark_living(user) < 0)
		return false;
	HASH_ITER (hh, user->events, event, next)
		if (!event->lives)
			perfs_event_drop(perfs, user, event);
	ended_ns = clock_now_ns();
	user->rest_until_ns = ended_ns + (ended_ns - began_ns) * PERFS_REST_FACTOR;
	return !user->events;
}

void perfs_look(struct perfs *perfs)
{
	struct perfs_user *user, *next;

	HASH_ITER (hh, perfs->users, user, next)
		if (perfs_look_at(perfs, user))
			perfs_user_drop(perfs, user);
}

/* ---- paying ---- */

static struct perfs_user *perfs_find_user(const struct perfs *perfs, uid_t uid)
{
	struct perfs_user *user;

	HASH_FIND(hh, perfs->users, &uid, sizeof(uid), user);
	return user;
}

static int perfs_charge_both(struct quota_account *account, struct perfs_charge *charge)
{
	int r = quota_charge(account, QUOTA_PERF, 1, &charge->one);

	if (r >= 0)
		r = quota_charge(account, QUOTA_KERNEL_BYTES, PERFS_BYTES_EACH, &charge->bytes);
	if (r < 0)
		perfs_charge_done(charge);
	return r;
}

int perfs_reserve(struct perfs *perfs, struct quota_account *account, struct perfs_charge *charge)
{
	struct perfs_user *user;
	int r = perfs_charge_both(account, charge);

	if (r != -EDQUOT)
		return r;
	user = perfs_find_user(perfs, account->uid);
	if (!user || clock_now_ns() < user->rest_until_ns)
		return r;
	if (perfs_look_at(perfs, user))
		perfs_user_drop(perfs, user);
	return perfs_charge_both(account, charge);
}

static struct perfs_user *perfs_get_user(struct perfs *perfs, uid_t uid)
{
	struct perfs_user *user = perfs_find_user(perfs, uid);

	if (user)
		return user;
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	user->watch = epoll_create1(EPOLL_CLOEXEC);
	if (user->watch < 0) {
		free(user);
		return NULL;
	}
	HASH_ADD(hh, perfs->users, uid, sizeof(user->uid), user);
	return user;
}

/* ---- what they are of ---- */

/* Never given twice by the kernel; 0: that is not a perf event. */
static uint64_t perfs_id_of(int fd)
{
	uint64_t id = 0;

	return ioctl(fd, PERF_EVENT_IOC_ID, &id) < 0 ? 0 : id;
}

static int perfs_note_facts(struct perfs *perfs, struct perfs_event *event, int fd,
			    const struct perfs_facts *facts)
{
	uint64_t id = perfs_id_of(fd);

	if (!id)
		return -EBADF;
	event->facts = malloc(sizeof(*event->facts));
	if (!event->facts)
		return -ENOMEM;
	*event->facts = *facts;
	if (facts->target.name)
		event->facts->target.name = event->facts->name;
	event->id = id;
	HASH_ADD(by_id, perfs->by_id, id, sizeof(event->id), event);
	return 0;
}

const struct perfs_facts *perfs_find(const struct perfs *perfs, int fd)
{
	/* Of what is not a perf event nothing may be asked that could wait. */
	uint64_t id = kinds_of(fd) == KIND_PERF_EVENT ? perfs_id_of(fd) : 0;
	struct perfs_event *event = NULL;

	if (id)
		HASH_FIND(by_id, perfs->by_id, &id, sizeof(id), event);
	return event ? event->facts : NULL;
}

static unsigned int perfs_cnt(const struct perfs_user *user, enum perf_kind kind)
{
	const struct perfs_event *event;
	unsigned int cnt = 0;

	for (event = user->events; event; event = event->hh.next)
		cnt += event->facts && event->facts->kind == kind;
	return cnt;
}

bool perfs_has_room(struct perfs *perfs, uid_t uid, enum perf_kind kind, unsigned int most)
{
	struct perfs_user *user = perfs_find_user(perfs, uid);

	if (!user || perfs_cnt(user, kind) < most)
		return true;
	if (clock_now_ns() < user->rest_until_ns)
		return false;
	if (!perfs_look_at(perfs, user))
		return perfs_cnt(user, kind) < most;
	perfs_user_drop(perfs, user);
	return true;
}

int perfs_add(struct perfs *perfs, int fd, struct perfs_charge *charge,
	      const struct perfs_facts *facts)
{
	struct perfs_user *user = perfs_get_user(perfs, charge->one.account->uid);
	struct perfs_event *event = user ? calloc(1, sizeof(*event)) : NULL;
	struct epoll_event watched = { .events = 0 };
	int r = 0;

	if (!event)
		return -ENOMEM;
	event->number = watched.data.u64 = ++perfs->last_number;
	if (epoll_ctl(user->watch, EPOLL_CTL_ADD, fd, &watched) < 0)
		r = -errno;
	else if (facts)
		r = perfs_note_facts(perfs, event, fd, facts);
	if (r < 0) {
		free(event);
		return r;
	}
	event->charge = *charge;
	*charge = (struct perfs_charge){ 0 };
	HASH_ADD(hh, user->events, number, sizeof(event->number), event);
	return 0;
}
