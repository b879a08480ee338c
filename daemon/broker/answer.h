/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to what is no call: JSON documents. */
#ifndef BPFGATE_DAEMON_ANSWER_H
#define BPFGATE_DAEMON_ANSWER_H

#include <jansson.h>

#include "daemon/broker/work/session.h"

/*
 * Sends a JSON document (borrowed; NULL is -ENOMEM) and a result (0 or -errno) as the answer to a frame.
 * 0 or -errno.
 */
int answer_send(struct session *session, uint64_t frame_id, json_t *json, int result);

#endif
