/* SPDX-License-Identifier: Apache-2.0 */
/* The part that all ledger records share. */
#ifndef BPFGATE_DAEMON_RECORD_H
#define BPFGATE_DAEMON_RECORD_H

#include "daemon/work.h"

/* Owner, time, decision and rule of a record, from the work that makes the object. */
void record_begin(const struct work *work, struct ledger_rec *rec);

#endif
