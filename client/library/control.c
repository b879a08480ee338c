/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the daemon itself. Promises that one which got lost is asked again, once; each changes nothing, or
 * nothing more the second time.
 */
#include "client/library/control.h"

#include "client/library/conn.h"
#include "proto/path.h"

#include <stdio.h>
#include <string.h>

static int control_read(const struct message *msg, char **ret_json)
{
	struct control_reply reply;
	char *text;
	int r;

	r = codec_decode_control_reply(msg->body, msg->head.body_bytes, &reply);
	if (r < 0)
		return r;
	if (!ret_json)
		return reply.result;
	text = strndup(reply.text, reply.text_bytes);
	if (!text)
		return -ENOMEM;
	*ret_json = text;
	return reply.result;
}

static int control_try(const uint8_t *body, size_t body_bytes, const int *fds, unsigned int fd_cnt,
		       char **ret_json)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct conn *conn;
	int r;

	r = conn_take(&conn);
	if (r < 0)
		return r;
	r = conn_exchange(conn, WIRE_CONTROL, body, body_bytes, fds, fd_cnt, WIRE_CONTROL_REPLY,
			  &msg);
	if (r < 0) {
		conn_drop(conn);
		return r;
	}
	conn_give(conn);
	return control_read(&msg, ret_json);
}

/* Questions change nothing, so one that got lost is asked again. */
int control_ask(uint32_t verb, const char *arg, const int *fds, unsigned int fd_cnt, char **ret_json)
{
	struct control ctl = { verb, arg ? arg : "", arg ? (uint32_t)strlen(arg) : 0 };
	OWN_MEM uint8_t *body = NULL;
	OWN_MEM char *json = NULL;
	size_t body_bytes;
	int r;

	r = codec_encode_control(&ctl, &body, &body_bytes);
	if (r < 0)
		return r;
	r = control_try(body, body_bytes, fds, fd_cnt, &json);
	if (r == -EPIPE || r == -ECONNRESET || r == -ECONNABORTED)
		r = control_try(body, body_bytes, fds, fd_cnt, &json);
	/* A refusal has its words, too. */
	if (json && ret_json)
		*ret_json = TAKE_PTR(json);
	return r;
}

/* The directory's end is marked with a second slash, which no path of a pin has. */
static int control_mark_place(const char *path, const struct codec_place *place, char **ret_arg)
{
	const char *text = place->text ? place->text : path, *below;
	size_t bytes = strlen(text) + 2;
	char *arg;

	below = path_is_plain(text) ? path_last_parts(text, place->below) : NULL;
	if (!below)
		return -ENOENT;
	arg = malloc(bytes);
	if (!arg)
		return -ENOMEM;
	snprintf(arg, bytes, "%.*s/%s", (int)(below - text), text, below);
	*ret_arg = arg;
	return 0;
}

int control_unpin(const struct codec_source *src, int dir_number, const char *path)
{
	OWN_PLACE struct codec_place place = CODEC_PLACE_INIT;
	OWN_MEM char *arg = NULL;
	int r = src->place(src->ctx, dir_number, path, false, &place);

	if (r >= 0)
		r = place.dir < 0 ? -ENOENT : control_mark_place(path, &place, &arg);
	if (r >= 0)
		r = control_ask(WIRE_VERB_UNPIN, arg, &place.dir, 1, NULL);
	/* No path that a pin may have: a name of the daemon's own for what it does not know the path of. */
	if (r == -ENOENT && !strchr(path, '/'))
		r = control_ask(WIRE_VERB_UNPIN, path, NULL, 0, NULL);
	return r;
}
