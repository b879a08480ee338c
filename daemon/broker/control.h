/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to bpfgate itself: status, list, why. */
#ifndef BPFGATE_DAEMON_CONTROL_H
#define BPFGATE_DAEMON_CONTROL_H

#include "daemon/broker/work/session.h"

/* Answers a WIRE_CONTROL frame with JSON. 0; -EBADMSG: hang up. */
int control_answer(struct session *session, struct message *msg);

#endif
