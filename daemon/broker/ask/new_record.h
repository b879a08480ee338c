/* SPDX-License-Identifier: Apache-2.0 */
/* The part that all ledger records share. */
#ifndef BPFGATE_DAEMON_NEW_RECORD_H
#define BPFGATE_DAEMON_NEW_RECORD_H

#include "daemon/broker/work/work.h"

/* Owner, time, decision and rule of a record, from the work that makes the object. */
void new_record_begin(const struct work *work, struct ledger_rec *rec);
/*
 * Adds it, with the work's charge: new_record_begin() must have been called since the object was
 * made. An older record of the same id is of an object that is gone, since the kernel gave the id
 * again. 0 or -errno.
 */
int new_record_add(struct work *work, const struct ledger_rec *rec);

#endif
