/* SPDX-License-Identifier: Apache-2.0 */
/* Loads that were refused and are sent again for their log: one decision, with one number. */
#ifndef BPFGATE_DAEMON_RETRY_H
#define BPFGATE_DAEMON_RETRY_H

#include "daemon/broker/work/reply_log.h"

/*
 * Before anything is decided about a load: knows it again when the same process was refused the
 * same bytes a moment ago and now wants more of the log. Then work->retry_of is that decision's
 * number.
 */
void retry_look(struct work *work, const struct reply_log_fields *fields);

#endif
