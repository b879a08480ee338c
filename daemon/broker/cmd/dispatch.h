/* SPDX-License-Identifier: Apache-2.0 */
/* From a decoded request to the code that answers it. */
#ifndef BPFGATE_DAEMON_DISPATCH_H
#define BPFGATE_DAEMON_DISPATCH_H

#include "daemon/broker/work/work.h"

/* Answers the work, now or later. The work may be gone on return. */
void dispatch_work(struct work *work);

/* Has this command a handler? For a test that walks the table. */
bool dispatch_has_handler(uint32_t cmd);

#endif
