/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another process as the source of a call: one that a seccomp notification is about, of the same user
 * and a descendant of ours.
 */
#ifndef BPFGATE_CLIENT_OTHER_H
#define BPFGATE_CLIENT_OTHER_H

#include "proto/codec.h"

#include <sys/types.h>

struct other {
	int listener;	/* borrowed */
	uint64_t id;	/* of the notification */
	pid_t tid;	/* who made the call, as we see it */
	int pidfd;	/* of its process */
	struct codec_source source;
};

/*
 * Prepares `other` for the notification `id` of thread `tid`. Its address must not change until
 * other_done(). Returns 0; -ESRCH: the call is gone, forget it; or -errno of pidfd_open(2).
 */
int other_init(struct other *other, int listener, uint64_t id, pid_t tid);

/* Closes its pidfd. */
void other_done(struct other *other);

/* Whether the notification is still open: the thread is still in this very call. */
bool other_is_waiting(const struct other *other);

/* The text at addr in the source's memory, if it is short enough for text_bytes; false if not. */
bool other_read_text(const struct codec_source *src, uint64_t addr, char *text, size_t text_bytes);

#endif
