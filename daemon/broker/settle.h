/* SPDX-License-Identifier: Apache-2.0 */
/* Once at the start: the ledger's pins and what bpfgated holds are brought together. */
#ifndef BPFGATE_DAEMON_SETTLE_H
#define BPFGATE_DAEMON_SETTLE_H

#include "daemon/broker/work/broker.h"

/* One row of the first listing. A pin that was never recorded, because the broker died first, is let go. */
void settle_row(struct broker *broker, const struct keep_tell *tell);
/* After the last row: names of what is held no more are forgotten. */
void settle_end(struct broker *broker);

#endif
