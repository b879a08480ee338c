/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that two pins have the same name only when the kernel says that their directories are one; learns that
 * like kinds.c, without waiting for anybody's file system. Numbers of devices and inodes are given out again, so what
 * a file system says of an inode's birth counts, and the end of a directory is heard of by the inotify instance that
 * the client made: it holds up no umount(2), needs no right of ours, and in other hands than its maker's can only
 * take that maker's pins away. Nothing is read from it.
 */
#include "daemon/broker/ask/places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/broker/peers/closers.h"
#include "daemon/broker/store/kinds.h"
#include "proto/path.h"

#define PLACES_WATCHES_MAX 512u /* descriptors; more directories than this are pinned in by few machines' users together */

struct places_watch {
	struct places *places;
	struct ledger_rec owner;	/* uid, unit and place count */
	struct quota_charge charge;
	struct quota_account *account;
	sd_event_source *source;
	int fd;
	TAILQ_ENTRY(places_watch) link;
};

struct places {
	struct broker *broker;
	places_drop_fn drop;
	TAILQ_HEAD(, places_watch) watches;
	unsigned int watch_cnt;
};

/* ---- which directory it is ---- */

/* What the kernel itself has noted of an open file, where its file system tells strangers nothing. */
static int places_read_ino(int fd, uint64_t *ret_ino)
{
	char path[40], text[512], *at;
	OWN_FD int info = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n <= 0)
		return -EINVAL;
	text[n] = '\0';
	at = strstr(text, "\nino:");
	if (!at)
		return -EINVAL;
	*ret_ino = strtoull(at + strlen("\nino:"), NULL, 10);
	return 0;
}

int places_identify(int fd, uint32_t below, struct ledger_place *ret_place)
{
	struct ledger_place place = { .state = LEDGER_PLACE_KNOWN, .below = below };
	const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
	struct statx stx;
	char name[2];
	int r;

	kinds_read_name(fd, name, sizeof(name));
	if (*name != '/')
		return -EINVAL;
	memset(&stx, 0, sizeof(stx));
	/* Asked for nothing, those answer, too, who tell strangers nothing. */
	if (statx(fd, "", flags, STATX_INO | STATX_BTIME, &stx) < 0 && statx(fd, "", flags, 0, &stx) < 0)
		return -EINVAL;
	place.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	place.ino = stx.stx_ino;
	if (stx.stx_mask & STATX_BTIME)
		place.born_ns = (uint64_t)stx.stx_btime.tv_sec * 1000000000u + stx.stx_btime.tv_nsec;
	r = place.ino ? 0 : places_read_ino(fd, &place.ino);
	if (r >= 0)
		*ret_place = place;
	return r;
}

int places_of_work(const struct work *work, struct ledger_place *ret_place)
{
	const struct request *req = &work->req;

	for (unsigned int i = req->fd_cnt; i-- > 0;) {
		int32_t below = WIRE_FD_PLACE - req->fd_numbers[i];

		if (below > 0 && below <= WIRE_PLACE_PARTS_MAX)
			return places_identify(work->msg.fds[i], (uint32_t)below, ret_place);
	}
	*ret_place = (struct ledger_place){ .state = LEDGER_PLACE_NONE };
	return 0;
}

bool places_are_same(const struct ledger_place *a, const struct ledger_place *b)
{
	if (a->state != LEDGER_PLACE_KNOWN || b->state != LEDGER_PLACE_KNOWN)
		return a->state == b->state;
	return a->dev == b->dev && a->ino == b->ino &&
	       (a->born_ns == b->born_ns || !a->born_ns || !b->born_ns);
}

const char *places_rest(const struct ledger_pin *pin)
{
	const char *rest = NULL;

	/* In the ledger it may have been written by somebody who did not know its end. */
	if (pin->path[sizeof(pin->path) - 1])
		return "";
	if (pin->place.state == LEDGER_PLACE_KNOWN && !pin->place.below)
		return ""; /* the directory itself */
	if (pin->place.state == LEDGER_PLACE_KNOWN)
		rest = path_last_parts(pin->path, pin->place.below);
	return rest ? rest : pin->path;
}

bool places_name_same(const struct ledger_pin *a, const struct ledger_pin *b)
{
	return places_are_same(&a->place, &b->place) && a->place.below == b->place.below &&
	       strcmp(places_rest(a), places_rest(b)) == 0;
}

/* ---- watching ---- */

static bool places_is_owners(const struct ledger_rec *owner, const struct ledger_rec *pin)
{
	return owner->uid == pin->uid && places_are_same(&owner->pin.place, &pin->pin.place) &&
	       strncmp(owner->unit, pin->unit, sizeof(owner->unit)) == 0;
}

static struct places_watch *places_find(struct places *places, const struct ledger_rec *pin)
{
	struct places_watch *watch;

	TAILQ_FOREACH(watch, &places->watches, link)
		if (places_is_owners(&watch->owner, pin))
			return watch;
	return NULL;
}

static void places_forget(struct places_watch *watch)
{
	struct places *places = watch->places;

	TAILQ_REMOVE(&places->watches, watch, link);
	places->watch_cnt--;
	sd_event_source_disable_unref(watch->source);
	quota_charge_done(&watch->charge);
	/* Closing it waits until no processor looks at it any more. */
	closers_let_go(places->broker->closers, watch->account, TAKE_FD(watch->fd));
	quota_account_unref(watch->account);
	free(watch);
}

static const struct ledger_rec *places_next(struct places *places, const struct ledger_rec *owner)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(places->broker->ledger, LEDGER_PIN, &cursor)))
		if (places_is_owners(owner, rec))
			return rec;
	return NULL;
}

static int places_on_gone(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct places_watch *watch = ctx;
	struct places *places = watch->places;
	const struct ledger_rec owner = watch->owner, *rec;

	places_forget(watch);
	while ((rec = places_next(places, &owner)))
		(void)places->drop(places->broker, rec);
	return 0;
}

/* A request may be read in the same turn in which the end of its directory is heard of: the end came first. */
static struct places_watch *places_find_ended(struct places *places, const struct ledger_place *place)
{
	struct places_watch *watch;

	TAILQ_FOREACH(watch, &places->watches, link) {
		struct pollfd ready = { .fd = watch->fd, .events = POLLIN };

		if (places_are_same(&watch->owner.pin.place, place) && poll(&ready, 1, 0) == 1)
			return watch;
	}
	return NULL;
}

void places_look(struct places *places, const struct ledger_place *place)
{
	struct places_watch *watch;

	while ((watch = places_find_ended(places, place)))
		(void)places_on_gone(watch->source, watch->fd, EPOLLIN, watch);
}

static int places_begin(struct places_watch *watch, struct work *work, int *fd)
{
	int r = quota_charge(work->account, QUOTA_FDS, 1, &watch->charge);

	if (r >= 0)
		r = sd_event_add_io(work->broker->event, &watch->source, *fd, EPOLLIN, places_on_gone, watch);
	if (r >= 0)
		watch->fd = TAKE_FD(*fd);
	return r;
}

void places_watch(struct work *work, const struct ledger_rec *pin)
{
	struct places *places = work->broker->places;
	int idx = request_find_fd(&work->req, WIRE_FD_WATCH);
	struct places_watch *watch;
	char name[32];

	if (idx < 0 || pin->pin.place.state != LEDGER_PLACE_KNOWN ||
	    places->watch_cnt >= PLACES_WATCHES_MAX || places_find(places, pin))
		return;
	kinds_read_name(work->msg.fds[idx], name, sizeof(name));
	if (strcmp(name, "anon_inode:inotify") != 0)
		return;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return;
	*watch = (struct places_watch){ .places = places, .owner = *pin, .account = work->account, .fd = -1 };
	watch->account->ref_cnt++;
	TAILQ_INSERT_TAIL(&places->watches, watch, link);
	places->watch_cnt++;
	if (places_begin(watch, work, &work->msg.fds[idx]) < 0)
		places_forget(watch);
}

void places_look_after(struct places *places, const struct ledger_rec *pin)
{
	struct places_watch *watch = places_find(places, pin);

	if (watch && !places_next(places, &watch->owner))
		places_forget(watch);
}

int places_new(struct broker *broker, places_drop_fn drop, struct places **ret_places)
{
	struct places *places = calloc(1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	places->broker = broker;
	places->drop = drop;
	TAILQ_INIT(&places->watches);
	*ret_places = places;
	return 0;
}

void places_free(struct places *places)
{
	struct places_watch *watch;

	while (places && (watch = TAILQ_FIRST(&places->watches)))
		places_forget(watch);
	free(places);
}
