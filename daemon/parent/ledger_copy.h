/* SPDX-License-Identifier: Apache-2.0 */
/* Records from one ledger to another, whatever layout the first has. Descriptors are borrowed. */
#ifndef BPFGATE_DAEMON_LEDGER_COPY_H
#define BPFGATE_DAEMON_LEDGER_COPY_H

#include <stddef.h>

#include "daemon/shared/ledger_rec.h"

enum ledger_is {
	LEDGER_IS_EMPTY,   /* nothing was ever in it */
	LEDGER_IS_OURS,	   /* to be read and written where it lies */
	LEDGER_IS_OLD,	   /* of a layout of the past: to be copied */
	LEDGER_IS_UNKNOWN, /* a newer daemon's, or no ledger */
};

/* enum ledger_is, by the header and the size alone; or -errno. */
int ledger_copy_look(int fd);

/*
 * Adds to `to`, which is ours or empty, all records of `from` that it does not have: another pin of
 * the same number gets a number of its own. Doing it twice is doing it once. 0; -EBADMSG: one of
 * them is of no such layout; -ENOSPC: `to` is full; or -errno. What was added stays.
 */
int ledger_copy(int from, int to);
/* The same with cnt records in memory; none at all makes an empty file a ledger. */
int ledger_copy_recs(const struct ledger_rec *recs, size_t cnt, int to);

#endif
