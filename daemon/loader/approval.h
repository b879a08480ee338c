/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approval: one bpf(2) call that the broker has decided on, as the loader holds it. Only
 * approval_receive() makes one, and kern_run() takes nothing else: there is no other way to the kernel.
 */
#ifndef BPFGATE_DAEMON_APPROVAL_H
#define BPFGATE_DAEMON_APPROVAL_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/privsep.h"

struct approval {
	struct door_ask ask;		/* attr with real addresses in place of offsets */
	uint8_t *payload;		/* heap: what the pointers of the call read */
	uint8_t *out;			/* heap: what they write, areas in the order of ask.ptr */
	uint32_t out_off[DOOR_PTRS_MAX];
	uint32_t out_bytes;
	uint32_t fd_top;		/* descriptors [DOOR_FD_FIRST, fd_top) are open */
	uint32_t lent_top;		/* descriptors [DOOR_LENT_FIRST, lent_top) are open */
};

/*
 * Waits for the next approval on the door, and for the objects that bpfgated lends for it on the keep
 * channel. 1 with *ret_approval filled (approval_done() it), 0 when the broker has closed the door,
 * -EBADMSG when the message is not an approval (its approval_id is in *ret_approval; nothing else is),
 * or -errno. buf: DOOR_MSG_MAX bytes of scratch, borrowed.
 */
#define DOOR_MSG_MAX (sizeof(struct door_ask) + DOOR_INLINE_MAX)
int approval_receive(int door, int keep, uint8_t *buf, struct approval *ret_approval);

/* Closes its descriptors and frees its memory. Accepts an empty one. */
void approval_done(struct approval *approval);

#endif
