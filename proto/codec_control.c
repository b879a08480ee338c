/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to bpfgate itself: a verb and a text there, a text back. Text holds no NUL; what it
 * means is for others to judge.
 */
#include "proto/codec.h"

#include "proto/bytes.h"

#include <endian.h>
#include <string.h>

/* Eight bytes of head, then text: the shape that both directions share. */
struct control_frame {
	uint32_t first;
	uint32_t text_bytes;
};

_Static_assert(sizeof(struct control_frame) == sizeof(struct wire_control), "one shape");
_Static_assert(sizeof(struct control_frame) == sizeof(struct wire_control_reply), "one shape");

static int control_encode(uint32_t first, const char *text, uint32_t text_bytes, uint32_t max,
			  uint8_t **ret_body, size_t *ret_bytes)
{
	struct control_frame head = { htole32(first), htole32(text_bytes) };
	struct bytes_out out = { 0 };

	if (text_bytes > max)
		return -E2BIG;
	bytes_put(&out, &head, sizeof(head));
	bytes_put(&out, text, text_bytes);
	if (out.error) {
		free(out.data);
		return out.error;
	}
	*ret_body = out.data;
	*ret_bytes = out.len;
	return 0;
}

static int control_decode(const uint8_t *body, size_t body_bytes, uint32_t max,
			  uint32_t *ret_first, const char **ret_text, uint32_t *ret_bytes)
{
	struct bytes_in in = { .start = body, .len = body_bytes };
	struct control_frame head;
	const uint8_t *text;
	uint32_t bytes;

	if (!bytes_get(&in, &head, sizeof(head)))
		return -EBADMSG;
	bytes = le32toh(head.text_bytes);
	if (bytes > max)
		return -EBADMSG;
	text = bytes_take(&in, bytes);
	if (!bytes_all_taken(&in) || memchr(text, 0, bytes))
		return -EBADMSG;
	*ret_first = le32toh(head.first);
	*ret_text = (const char *)text;
	*ret_bytes = bytes;
	return 0;
}

int codec_encode_control(const struct control *ctl, uint8_t **ret_body, size_t *ret_bytes)
{
	return control_encode(ctl->verb, ctl->arg, ctl->arg_bytes, WIRE_CONTROL_ARG_MAX, ret_body,
			      ret_bytes);
}

int codec_decode_control(const uint8_t *body, size_t body_bytes, struct control *ctl)
{
	return control_decode(body, body_bytes, WIRE_CONTROL_ARG_MAX, &ctl->verb, &ctl->arg,
			      &ctl->arg_bytes);
}

int codec_encode_control_reply(const struct control_reply *reply, uint8_t **ret_body,
			       size_t *ret_bytes)
{
	return control_encode((uint32_t)reply->result, reply->text, reply->text_bytes,
			      WIRE_CONTROL_TEXT_MAX, ret_body, ret_bytes);
}

int codec_decode_control_reply(const uint8_t *body, size_t body_bytes, struct control_reply *reply)
{
	uint32_t result;
	int r;

	r = control_decode(body, body_bytes, WIRE_CONTROL_TEXT_MAX, &result, &reply->text,
			   &reply->text_bytes);
	if (r == 0)
		reply->result = (int32_t)result;
	return r;
}
