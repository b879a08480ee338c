/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which way a call goes, and the round trip to the daemon. Promises that operations on maps and
 * other real fds cost nothing but a look into the table; that a call is sent again only when the
 * first attempt cannot have happened or leaves no trace. Trusts the daemon with the outcome, but
 * not with memory: see codec_reply.c.
 */
#include "client/library/call.h"

#include "client/library/conn.h"
#include "client/library/self.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- handles ---- */

static int call_sockopt(int fd, int option)
{
	int value = -1;
	socklen_t bytes = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) < 0 ? -1 : value;
}

bool call_maybe_handle(int fd)
{
	return fd >= 0 && call_sockopt(fd, SO_DOMAIN) == AF_UNIX &&
	       call_sockopt(fd, SO_TYPE) == SOCK_SEQPACKET;
}

/* The same of the source's file `number`. */
static bool call_number_maybe_handle(const struct codec_source *src, int32_t number)
{
	bool maybe;
	int fd;

	if (number < 0 || src->take_fd(src->ctx, number, &fd) < 0)
		return false;
	maybe = call_maybe_handle(fd);
	src->drop_fd(src->ctx, fd);
	return maybe;
}

/* Whether the value of an update holds a handle, where the map's values are fds. */
static bool call_value_is_handle(const struct codec_source *src, const uint8_t *attr, int map_fd,
				 uint16_t value_off)
{
	struct codec_map map;
	int32_t number;
	int fd_off;

	if (src->map_shape(src->ctx, map_fd, &map) < 0)
		return false;
	fd_off = cmd_value_fd_off(map.type);
	if (fd_off < 0)
		return false;
	if (src->read(src->ctx, attr_u64(attr, value_off) + (uint64_t)fd_off, &number,
		      sizeof(number)) < 0)
		return false;
	return call_number_maybe_handle(src, number);
}

static bool call_names_handle(const struct codec_source *src, const struct cmd_row *row,
			      const uint8_t *attr)
{
	for (int i = 0; i < row->fd_cnt; i++)
		if (cmd_fd_used(row, &row->fds[i], attr, src->self_pid) &&
		    call_number_maybe_handle(src, attr_s32(attr, row->fds[i].off)))
			return true;
	for (int i = 0; i < row->ptr_cnt; i++)
		if (row->ptrs[i].content == CMD_VALUE &&
		    call_value_is_handle(src, attr, attr_s32(attr, row->ptrs[i].rec_off),
					 row->ptrs[i].off))
			return true;
	return false;
}

bool call_may_need_daemon(const struct codec_source *src, const struct cmd_row *row,
			  uint64_t attr_addr, uint32_t attr_bytes)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	size_t known = attr_bytes < sizeof(attr) ? attr_bytes : sizeof(attr);

	return src->read(src->ctx, attr_addr, attr, known) == 0 &&
	       call_names_handle(src, row, attr);
}

/* ---- the round trip ---- */

static void call_explain(struct call_outcome *outcome, const char *what, int r)
{
	snprintf(outcome->reason, sizeof(outcome->reason), "%s at %s: %s", what, conn_path(),
		 strerror(-r));
}

static void call_keep_reason(struct call_outcome *outcome, const struct reply *reply)
{
	size_t bytes = reply->reason_bytes;

	if (bytes >= sizeof(outcome->reason))
		bytes = sizeof(outcome->reason) - 1;
	memcpy(outcome->reason, reply->reason, bytes);
	outcome->reason[bytes] = '\0';
	outcome->decision = reply->decision;
}

/* EBADMSG of our own: the peer is not bpfgated. As a result it is the daemon's, about a signature. */
static int call_malformed(int r)
{
	return r == -EBADMSG ? -EPERM : r;
}

/* Takes the answer apart and writes it home. */
static int call_finish(const struct codec_call *call, struct message *msg,
		       struct call_outcome *outcome, int *ret_fd)
{
	struct reply reply;
	int r;

	r = codec_decode_reply(call, msg->body, msg->head.body_bytes, msg->fd_cnt, &reply);
	if (r < 0)
		return call_malformed(r);
	call_keep_reason(outcome, &reply);
	r = codec_copy_out(call, &reply);
	if (r < 0)
		return call_malformed(r);
	if (reply.result_is_fd)
		*ret_fd = TAKE_FD(msg->fds[0]);
	return reply.result;
}

static bool call_never_happened(int r)
{
	return r == -EPIPE || r == -ECONNRESET;
}

/* If the answer got lost, so did the fd, and with it whatever the call had made. */
static bool call_may_repeat(const struct cmd_row *row, int r)
{
	return call_never_happened(r) ||
	       (r == -ECONNABORTED && (row->returns_fd || row->gate == CMD_VIRTUAL));
}

static int call_try(struct codec_call *call, struct call_outcome *outcome, int *ret_fd)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct conn *conn;
	int r;

	r = conn_take(&conn);
	if (r < 0) {
		call_explain(outcome, "no bpfgated answers", r);
		return -EPERM;
	}
	codec_call_for_version(call, conn_version(conn));
	r = conn_exchange(conn, WIRE_REQUEST, call->body, call->body_bytes, call->fds, call->fd_cnt,
			  WIRE_REPLY, &msg);
	if (r < 0) {
		conn_drop(conn);
		call_explain(outcome, "lost bpfgated", r);
		return call_malformed(r);
	}
	conn_give(conn);
	return call_finish(call, &msg, outcome, ret_fd);
}

/* Our own trouble with the daemon, in errnos that bpf(2) has. */
static int call_as_bpf_errno(int r)
{
	if (call_never_happened(r) || r == -ECONNABORTED)
		return -EAGAIN;
	return r;
}

int call_daemon(const struct codec_source *src, uint32_t cmd, uint64_t attr_addr,
		uint32_t attr_bytes, struct call_outcome *outcome, int *ret_fd)
{
	OWN_CALL struct codec_call call = CODEC_CALL_INIT;
	int r;

	*ret_fd = -1;
	r = codec_encode_request(src, cmd, attr_addr, attr_bytes, &call);
	if (r < 0)
		return r;
	r = call_try(&call, outcome, ret_fd);
	if (call_may_repeat(call.row, r))
		r = call_try(&call, outcome, ret_fd);
	return call_as_bpf_errno(r);
}

/* ---- this process ---- */

static int call_daemon_for_self(const struct codec_source *src, uint32_t cmd, const void *attr,
				uint32_t attr_bytes, struct call_outcome *outcome)
{
	OWN_FD int fd = -1;
	int r;

	r = call_daemon(src, cmd, (uintptr_t)attr, attr_bytes, outcome, &fd);
	return r < 0 || fd < 0 ? r : TAKE_FD(fd);
}

/*
 * What the kernel says to a handle, which is no BPF object to it: EINVAL, or, as the value of an element, what that type of map
 * makes of it (a CPU map: ENOMEM).
 */
static bool call_failed_at_handle(const struct cmd_row *row, int r)
{
	return r == -EINVAL || (r < 0 && cmd_id_of(row) == CMD_MAP_UPDATE_ELEM);
}

int call_bpf(uint32_t cmd, const void *attr, uint32_t attr_bytes, struct call_outcome *outcome)
{
	const struct cmd_row *row = cmd_row_of(cmd);
	struct codec_source src;
	int r;

	if (row && row->gate == CMD_LOCAL) {
		r = self_bpf(cmd, attr, attr_bytes);
		if (!call_failed_at_handle(row, r))
			return r;
		self_init_source(&src);
		if (!call_may_need_daemon(&src, row, (uintptr_t)attr, attr_bytes))
			return r;
	}
	self_init_source(&src);
	outcome->decision = 0;
	outcome->reason[0] = '\0';
	return call_daemon_for_self(&src, cmd, attr, attr_bytes, outcome);
}
