/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to bpfgate itself: status, list, why. */
#ifndef BPFGATE_DAEMON_CONTROL_H
#define BPFGATE_DAEMON_CONTROL_H

#include <jansson.h>

#include "daemon/broker/session.h"

/*
 * Sends a JSON document (borrowed; NULL is -ENOMEM) and a result (0 or -errno) as the answer to a frame.
 * 0 or -errno.
 */
int control_send(struct session *session, uint64_t frame_id, json_t *json, int result);

/* Answers a WIRE_CONTROL frame with JSON. 0; -EBADMSG: hang up. */
int control_answer(struct session *session, struct message *msg);

#endif
