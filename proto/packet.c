/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a message arrives whole with all of its descriptors, or not at all, and that no
 * descriptor is left behind on any path. Trusts nothing of the peer. Refuses what was cut short.
 */
#include "proto/packet.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Aligned as the kernel wants it; large enough for every descriptor that one message may carry. */
union packet_control {
	struct cmsghdr align;
	char space[CMSG_SPACE(PACKET_FDS_MAX * sizeof(int))];
};

void packet_fds_done(struct packet_fds *fds)
{
	uint32_t i;

	for (i = 0; i < fds->cnt; i++)
		own_close_fd(&fds->fd[i]);
	fds->cnt = 0;
}

int packet_fds_take(struct packet_fds *fds, uint32_t idx)
{
	return idx < fds->cnt ? TAKE_FD(fds->fd[idx]) : -1;
}

static void packet_put_fds(struct msghdr *msg, union packet_control *control, const int *fds,
			   size_t fd_cnt)
{
	struct cmsghdr *cmsg;

	msg->msg_control = control->space;
	msg->msg_controllen = CMSG_SPACE(fd_cnt * sizeof(int));
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(fd_cnt * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, fd_cnt * sizeof(int));
}

int packet_send(int sock, const struct iovec *parts, size_t part_cnt, const int *fds, size_t fd_cnt,
		int flags)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)parts, .msg_iovlen = part_cnt };
	union packet_control control;
	ssize_t sent;

	if (fd_cnt > PACKET_FDS_MAX)
		return -EINVAL;
	if (fd_cnt) {
		memset(&control, 0, CMSG_SPACE(fd_cnt * sizeof(int)));
		packet_put_fds(&msg, &control, fds, fd_cnt);
	}
	do {
		sent = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* A message may hold several SCM_RIGHTS records; together they are bounded by the buffer. */
static void packet_take_fds(struct msghdr *msg, struct packet_fds *ret_fds)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t cnt = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		assert(cnt <= PACKET_FDS_MAX - ret_fds->cnt);
		memcpy(ret_fds->fd + ret_fds->cnt, CMSG_DATA(cmsg), cnt * sizeof(int));
		ret_fds->cnt += (uint32_t)cnt;
	}
}

int packet_recv(int sock, void *buf, size_t buf_bytes, struct packet_fds *ret_fds, int flags)
{
	struct iovec parts[] = { { .iov_base = buf, .iov_len = buf_bytes } };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = ARRAY_CNT(parts) };
	union packet_control control;
	ssize_t got;

	if (ret_fds) {
		ret_fds->cnt = 0;
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
	}
	do {
		got = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (ret_fds)
		packet_take_fds(&msg, ret_fds);
	if (!(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return (int)got;
	return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : -ETOOMANYREFS;
}

int packet_read_payload(int fd, size_t from, void *dst, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got = pread(fd, (uint8_t *)dst + done, bytes - done, (off_t)(from + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EBADMSG;
		done += (size_t)got;
	}
	return 0;
}
