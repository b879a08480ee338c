/* SPDX-License-Identifier: Apache-2.0 */
/* Promises that an answer is sent whole, or that its caller hears that it was not. */
#include "daemon/broker/answer.h"

#include <errno.h>
#include <string.h>

#include "proto/codec.h"

int answer_send(struct session *session, uint64_t frame_id, json_t *json, int result)
{
	OWN_MEM char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	OWN_MEM uint8_t *body = NULL;
	struct control_reply reply = { .result = result, .text = text };
	size_t bytes = 0;
	int r;

	if (!text)
		return -ENOMEM;
	reply.text_bytes = (uint32_t)strlen(text);
	r = codec_encode_control_reply(&reply, &body, &bytes);
	if (r == 0)
		session_reply(session, WIRE_CONTROL_REPLY, frame_id, body, bytes, -1);
	return r;
}
