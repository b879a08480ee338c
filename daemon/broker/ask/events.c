/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a name is told only when the kernel says, just then, that the event of that name
 * has that number: numbers of unloaded modules' events are given out again. The list that leads
 * from number to name is only a hint, and read again when it has no answer, once a second at most.
 */
#include "daemon/broker/ask/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "daemon/broker/store/clock.h"
#include "daemon/broker/peers/to_parent.h"
#include "proto/own.h"

#define EVENTS_REST_NS 1000000000ull

struct events_row {
	uint64_t id;
	char name[EVENTS_NAME_BYTES];
	UT_hash_handle hh;
};

struct events {
	struct to_parent *to_parent;
	struct events_row *rows;
	struct events_ask *waiting; /* for the list, which was asked for */
	uint64_t rest_until_ns;
};

/* One question under way. */
struct events_ask {
	struct events *events;
	uint64_t id;
	char name[EVENTS_NAME_BYTES];
	events_found_fn on_found; /* NULL: the list is all that is wanted */
	events_known_fn on_known;
	void *ctx;
	struct events_ask *next; /* of those that wait for the list */
};

int events_new(struct to_parent *to_parent, struct events **ret_events)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return -ENOMEM;
	events->to_parent = to_parent;
	*ret_events = events;
	return 0;
}

static void events_clear(struct events *events)
{
	struct events_row *row, *next;

	HASH_ITER (hh, events->rows, row, next) {
		HASH_DELETE(hh, events->rows, row);
		free(row);
	}
}

void events_free(struct events *events)
{
	if (!events)
		return;
	while (events->waiting) {
		struct events_ask *ask = events->waiting;

		events->waiting = ask->next;
		free(ask);
	}
	events_clear(events);
	free(events);
}

static void events_answer(struct events_ask *ask, const char *name, int err)
{
	if (ask->on_found)
		ask->on_found(ask->ctx, name, err);
	else
		ask->on_known(ask->ctx, err);
	free(ask);
}

static int events_send(struct events *events, enum trace_file what, const char *name,
		       to_parent_answer_fn on_answer, void *ctx)
{
	struct keep_ask question = { .kind = ASK_TRACE,
				     .obj_kind = what,
				     .bytes = name ? (uint32_t)strlen(name) : 0 };

	return to_parent_ask(events->to_parent, &question, name, NULL, 0, on_answer, ctx);
}

/* ---- is it still that number's? ---- */

static void events_on_id(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct events_ask *ask = ctx;
	OWN_FD int fd = packet_fds_take(fds, 0);
	char text[24] = "";

	if (tell->result < 0 || fd < 0 || pread(fd, text, sizeof(text) - 1, 0) <= 0 ||
	    strtoull(text, NULL, 10) != ask->id)
		events_answer(ask, NULL, -EINVAL);
	else
		events_answer(ask, ask->name, 0);
}

static void events_check(struct events_ask *ask, const struct events_row *row)
{
	char path[EVENTS_NAME_BYTES];
	int r;

	memcpy(ask->name, row->name, sizeof(ask->name));
	memcpy(path, row->name, sizeof(path));
	*strchr(path, ':') = '/';
	r = events_send(ask->events, TRACE_EVENT_ID, path, events_on_id, ask);
	if (r < 0)
		events_answer(ask, NULL, r);
}

/* ---- the list ---- */

static const struct events_row *events_row_of(const struct events *events, uint64_t id)
{
	struct events_row *row;

	HASH_FIND(hh, events->rows, &id, sizeof(id), row);
	return row;
}

static void events_add(struct events *events, const char *line)
{
	struct events_row *row, like = { 0 };
	unsigned long long id;

	if (sscanf(line, "%llu %159s", &id, like.name) != 2 || !strchr(like.name, ':') ||
	    events_row_of(events, id))
		return;
	row = malloc(sizeof(*row));
	if (!row)
		return;
	*row = like;
	row->id = id;
	HASH_ADD(hh, events->rows, id, sizeof(row->id), row);
}

static int events_read(struct events *events, int take_fd)
{
	FILE *file = fdopen(take_fd, "r");
	char line[256];

	if (!file) {
		own_close_fd(&take_fd);
		return -ENOMEM;
	}
	events_clear(events);
	while (fgets(line, sizeof(line), file))
		events_add(events, line);
	(void)fclose(file);
	return 0;
}

static void events_go_on(struct events *events, int err)
{
	struct events_ask *ask = events->waiting;

	events->waiting = NULL;
	while (ask) {
		struct events_ask *next = ask->next;
		const struct events_row *row = err < 0 ? NULL : events_row_of(events, ask->id);

		if (row)
			events_check(ask, row);
		else if (ask->on_known && err >= 0)
			events_answer(ask, NULL, 0);
		else
			events_answer(ask, NULL, err < 0 ? -ENOENT : -EINVAL);
		ask = next;
	}
}

static void events_on_list(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct events *events = ctx;
	OWN_FD int fd = packet_fds_take(fds, 0);
	int r = tell->result;

	if (r >= 0)
		r = fd < 0 ? -EIO : events_read(events, TAKE_FD(fd));
	events->rest_until_ns = clock_now_ns() + EVENTS_REST_NS;
	events_go_on(events, r);
}

/* 0: it waits for the list, as others may. */
static int events_wait(struct events *events, struct events_ask *ask)
{
	int r = 0;

	if (!events->waiting) {
		if (clock_now_ns() < events->rest_until_ns)
			return -EINVAL;
		r = events_send(events, TRACE_EVENTS, NULL, events_on_list, events);
	}
	if (r < 0)
		return r;
	ask->next = events->waiting;
	events->waiting = ask;
	return 0;
}

void events_find(struct events *events, uint64_t id, events_found_fn on_found, void *ctx)
{
	const struct events_row *row = events_row_of(events, id);
	struct events_ask *ask = calloc(1, sizeof(*ask));
	int r;

	if (!ask) {
		on_found(ctx, NULL, -ENOMEM);
		return;
	}
	*ask = (struct events_ask){ .events = events, .id = id, .on_found = on_found, .ctx = ctx };
	if (row) {
		events_check(ask, row);
		return;
	}
	r = events_wait(events, ask);
	if (r < 0)
		events_answer(ask, NULL, r);
}

void events_know(struct events *events, events_known_fn on_known, void *ctx)
{
	struct events_ask *ask = calloc(1, sizeof(*ask));
	int r;

	if (!ask) {
		on_known(ctx, -ENOMEM);
		return;
	}
	*ask = (struct events_ask){
		.events = events, .id = UINT64_MAX, .on_known = on_known, .ctx = ctx
	};
	r = events_wait(events, ask);
	/* It was read just now. */
	if (r == -EINVAL)
		r = events->rows ? 1 : -ENOENT;
	if (r != 0)
		events_answer(ask, NULL, r < 0 ? r : 0);
}

void events_each(const struct events *events, void (*each)(void *ctx, const char *name), void *ctx)
{
	for (const struct events_row *row = events->rows; row; row = row->hh.next)
		each(ctx, row->name);
}
