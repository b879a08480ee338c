/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's tracepoints: which number is which name. */
#ifndef BPFGATE_DAEMON_EVENTS_H
#define BPFGATE_DAEMON_EVENTS_H

#include <stddef.h>
#include <stdint.h>

struct events;
struct to_parent;

#define EVENTS_NAME_BYTES 160 /* "category:event" */

/* to_parent is borrowed: bpfgated reads what is root's. *ret_events is the caller's. -ENOMEM. */
int events_new(struct to_parent *to_parent, struct events **ret_events);
void events_free(struct events *events);

/*
 * Called once, perhaps before events_find() returns, with the name of the event that has this
 * number now; or with NULL and -errno: -EINVAL, there is none; -ENOENT, the daemon cannot see the
 * kernel's events.
 */
typedef void (*events_found_fn)(void *ctx, const char *name, int err);
void events_find(struct events *events, uint64_t id, events_found_fn on_found, void *ctx);

/* Called once, perhaps before events_know() returns: 0, and the list is there, at most a second
 * old; or -errno as above. */
typedef void (*events_known_fn)(void *ctx, int err);
void events_know(struct events *events, events_known_fn on_known, void *ctx);
/* Each name, in no order. */
void events_each(const struct events *events, void (*each)(void *ctx, const char *name), void *ctx);

#endif
