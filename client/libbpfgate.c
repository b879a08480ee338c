/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public functions of libbpfgate. Promises bpf(2)'s conventions (-1 and errno) and keeps, per
 * thread, why the last call failed. Everything else is call.c's.
 */
#include "client/bpfgate.h"

#include "client/call.h"
#include "client/conn.h"
#include "client/seal.h"

#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

_Static_assert((int)BPFGATE_STATUS == (int)WIRE_VERB_STATUS, "the wire's numbers");
_Static_assert((int)BPFGATE_LIST == (int)WIRE_VERB_LIST, "the wire's numbers");
_Static_assert((int)BPFGATE_WHY == (int)WIRE_VERB_WHY, "the wire's numbers");
_Static_assert((int)BPFGATE_RELOAD == (int)WIRE_VERB_RELOAD, "the wire's numbers");

/* The library's errno, so to speak. */
static _Thread_local struct call_outcome last_outcome;

PUBLIC int bpfgate_bpf(int cmd, void *attr, unsigned int size)
{
	int saved = errno;
	int r = call_bpf((uint32_t)cmd, attr, size, &last_outcome);

	errno = r < 0 ? -r : saved;
	return r < 0 ? -1 : r;
}

PUBLIC const char *bpfgate_last_reason(void)
{
	return last_outcome.reason;
}

PUBLIC uint64_t bpfgate_last_decision(void)
{
	return last_outcome.decision;
}

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
static int control_ask(uint32_t verb, const char *arg, const int *fds, unsigned int fd_cnt,
		       char **ret_json)
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

PUBLIC int bpfgate_control(enum bpfgate_question what, const char *arg, char **ret_json)
{
	return control_ask((uint32_t)what, arg, NULL, 0, ret_json);
}

PUBLIC int bpfgate_present_object(const char *name, int elf_fd, int sig_fd, char **ret_json)
{
	OWN_FD int elf = -1;
	OWN_FD int sig = -1;
	int r = seal_file(elf_fd, &elf);

	if (r >= 0 && sig_fd >= 0)
		r = seal_file(sig_fd, &sig);
	if (r < 0)
		return r;

	const int fds[2] = { elf, sig };

	return control_ask(WIRE_VERB_OBJECT, name, fds, sig < 0 ? 1 : 2, ret_json);
}

PUBLIC int bpfgate_unpin(const char *path)
{
	return control_ask(WIRE_VERB_UNPIN, path, NULL, 0, NULL);
}
