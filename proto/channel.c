/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over a socket. Promises that a receiver holds either a whole, well-formed frame or nothing
 * (no stray fd, no half body), and that a body from a memfd was copied from bytes that nobody can
 * change any more. Trusts the kernel; refuses fds beyond what the head announces, and memfds that
 * are not sealed.
 */
#include "proto/channel.h"

#include "proto/packet.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#define CHANNEL_SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

void message_done(struct message *msg)
{
	for (unsigned int i = 0; i < msg->fd_cnt; i++)
		own_close_fd(&msg->fds[i]);
	own_close_fd(&msg->body_fd);
	free(msg->body);
	msg->body = NULL;
	msg->fd_cnt = 0;
}

/* ---- sealed bytes ---- */

int channel_seal_bytes(const void *data, size_t bytes, int *ret_fd)
{
	OWN_FD int fd = memfd_create("bpfgate", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < bytes) {
		ssize_t n = write(fd, (const uint8_t *)data + done, bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, CHANNEL_SEALS | F_SEAL_SEAL) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int channel_check_sealed(int fd, uint64_t bytes)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & CHANNEL_SEALS) != CHANNEL_SEALS)
		return -EBADMSG;
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != bytes)
		return -EBADMSG;
	return 0;
}

int channel_load_some(struct message *msg, size_t most)
{
	size_t bytes = msg->head.body_bytes - msg->loaded;
	int r;

	if (msg->body_fd < 0)
		return 0;
	if (!msg->body) {
		r = channel_check_sealed(msg->body_fd, msg->head.body_bytes);
		if (r < 0)
			return r;
		msg->body = malloc(msg->head.body_bytes ? msg->head.body_bytes : 1);
		if (!msg->body)
			return -ENOMEM;
	}
	bytes = bytes < most ? bytes : most;
	r = packet_read_payload(msg->body_fd, msg->loaded, msg->body + msg->loaded, bytes);
	if (r < 0)
		return r;
	msg->loaded += bytes;
	return msg->loaded < msg->head.body_bytes;
}

int channel_load_body(struct message *msg)
{
	int r = channel_load_some(msg, SIZE_MAX);

	if (r == 0)
		own_close_fd(&msg->body_fd);
	return r;
}

/* ---- sending ---- */

/* With a body_fd that goes last of all fds, and no body inline. */
static int channel_send_parts(int sock, const struct wire_head *head, const void *body,
			      const int *fds, unsigned int fd_cnt, int body_fd, int flags)
{
	struct wire_head wire = { .magic = htole32(WIRE_MAGIC),
				  .version = htole16(head->version),
				  .type = htole16(head->type),
				  .id = htole64(head->id),
				  .body_bytes = htole32(head->body_bytes),
				  .fd_cnt = htole16((uint16_t)fd_cnt),
				  .flags = htole16(body_fd >= 0 ? WIRE_BODY_MEMFD : 0) };
	const struct iovec parts[2] = { { &wire, sizeof(wire) },
					{ (void *)(uintptr_t)body, head->body_bytes } };
	int all[WIRE_FDS_MAX + 1];

	if (body_fd < 0)
		return packet_send(sock, parts, 2, fds, fd_cnt, flags);
	if (fd_cnt)
		memcpy(all, fds, sizeof(int) * fd_cnt);
	all[fd_cnt] = body_fd;
	return packet_send(sock, parts, 1, all, fd_cnt + 1, flags);
}

int channel_send(int sock, const struct wire_head *head, const void *body, size_t body_bytes,
		 const int *fds, unsigned int fd_cnt, int flags)
{
	struct wire_head full = *head;
	OWN_FD int body_fd = -1;
	int r;

	if (body_bytes > WIRE_BODY_MAX || fd_cnt > WIRE_FDS_MAX)
		return -E2BIG;
	full.body_bytes = (uint32_t)body_bytes;
	if (body_bytes <= WIRE_INLINE_MAX) {
		r = channel_send_parts(sock, &full, body, fds, fd_cnt, -1, flags);
		if (r != -EMSGSIZE)
			return r;
		/* An administrator made SO_SNDBUF's default small. */
	}
	r = channel_seal_bytes(body, body_bytes, &body_fd);
	if (r < 0)
		return r;
	return channel_send_parts(sock, &full, NULL, fds, fd_cnt, body_fd, flags);
}

/* ---- receiving ---- */

/* Gives the message its fds: as many as the head says, and then the body's memfd. */
static int channel_take_fds(struct packet_fds *fds, struct message *msg)
{
	bool has_body = msg->head.flags & WIRE_BODY_MEMFD;

	if (fds->cnt != msg->head.fd_cnt + (has_body ? 1u : 0u))
		return -EBADMSG;
	while (msg->fd_cnt < msg->head.fd_cnt) {
		msg->fds[msg->fd_cnt] = packet_fds_take(fds, msg->fd_cnt);
		msg->fd_cnt++;
	}
	if (has_body)
		msg->body_fd = packet_fds_take(fds, msg->fd_cnt);
	return 0;
}

static bool channel_head_ok(const struct wire_head *head, size_t inline_bytes)
{
	bool in_memfd = head->flags & WIRE_BODY_MEMFD;

	if (head->magic != WIRE_MAGIC || head->type < WIRE_HELLO || head->type > WIRE_CONTROL_REPLY)
		return false;
	if (head->flags & ~WIRE_BODY_MEMFD || head->fd_cnt > WIRE_FDS_MAX)
		return false;
	if (head->body_bytes > WIRE_BODY_MAX)
		return false;
	return inline_bytes == (in_memfd ? 0 : head->body_bytes);
}

static int channel_parse(const struct channel_scratch *scratch, size_t bytes, struct message *msg)
{
	struct wire_head wire;
	size_t inline_bytes;

	if (bytes < sizeof(wire) || bytes >= sizeof(scratch->bytes))
		return -EBADMSG;
	memcpy(&wire, scratch->bytes, sizeof(wire));
	msg->head = (struct wire_head){ .magic = le32toh(wire.magic),
					.version = le16toh(wire.version),
					.type = le16toh(wire.type),
					.id = le64toh(wire.id),
					.body_bytes = le32toh(wire.body_bytes),
					.fd_cnt = le16toh(wire.fd_cnt),
					.flags = le16toh(wire.flags) };
	inline_bytes = bytes - sizeof(wire);
	if (!channel_head_ok(&msg->head, inline_bytes))
		return -EBADMSG;
	if (msg->head.flags & WIRE_BODY_MEMFD)
		return 0;
	msg->body = malloc(inline_bytes ? inline_bytes : 1);
	if (!msg->body)
		return -ENOMEM;
	memcpy(msg->body, scratch->bytes + sizeof(wire), inline_bytes);
	return 0;
}

/* What came with no frame: its last place is the body's. */
static void channel_take_stray_fds(struct packet_fds *fds, struct message *msg)
{
	msg->fd_cnt = 0;
	while (msg->fd_cnt < fds->cnt && msg->fd_cnt < WIRE_FDS_MAX) {
		msg->fds[msg->fd_cnt] = packet_fds_take(fds, msg->fd_cnt);
		msg->fd_cnt++;
	}
	if (fds->cnt > WIRE_FDS_MAX)
		msg->body_fd = packet_fds_take(fds, WIRE_FDS_MAX);
}

_Static_assert(PACKET_FDS_MAX <= WIRE_FDS_MAX + 1, "a message holds whatever came");

int channel_recv_any(int sock, struct channel_scratch *scratch, int flags, struct message *ret_msg)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	int r;

	*ret_msg = MESSAGE_INIT;
	r = packet_recv(sock, scratch->bytes, sizeof(scratch->bytes), &fds, flags);
	if (r == 0 && !fds.cnt)
		return 0;
	if (r >= 0)
		r = channel_parse(scratch, (size_t)r, ret_msg);
	if (r == 0)
		r = channel_take_fds(&fds, ret_msg);
	if (r == 0)
		return 1;
	channel_take_stray_fds(&fds, ret_msg);
	return r == -EMSGSIZE || r == -ETOOMANYREFS ? -EBADMSG : r;
}

int channel_recv(int sock, struct channel_scratch *scratch, int flags, struct message *ret_msg)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	int r = channel_recv_any(sock, scratch, flags, &msg);

	if (r <= 0)
		return r;
	*ret_msg = msg;
	msg = MESSAGE_INIT;
	return 1;
}

/* ---- handshake ---- */

static int channel_open(const char *path, unsigned int timeout_ms, int *ret_sock)
{
	OWN_FD int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct timeval tv = { .tv_sec = timeout_ms / 1000,
			      .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t path_bytes = strlen(path);

	if (sock < 0)
		return -errno;
	if (path_bytes >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, path_bytes);
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
		return -errno;
	if (connect(sock, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	*ret_sock = TAKE_FD(sock);
	return 0;
}

static int channel_read_welcome(const struct message *msg, struct wire_welcome *ret)
{
	struct wire_welcome wire;

	if (msg->head.type != WIRE_WELCOME || msg->head.body_bytes < sizeof(wire) || !msg->body)
		return -EBADMSG;
	memcpy(&wire, msg->body, sizeof(wire));
	*ret = (struct wire_welcome){ le16toh(wire.version), le16toh(wire.version_max),
				      le32toh(wire.inline_max), le32toh(wire.body_max),
				      le32toh(wire.fds_max) };
	if (ret->version < WIRE_VERSION_MIN || ret->version > WIRE_VERSION_MAX)
		return -EPROTONOSUPPORT;
	return 0;
}

int channel_connect(const char *path, unsigned int timeout_ms, int *ret_sock,
		    struct wire_welcome *ret_welcome)
{
	struct wire_hello hello = { htole16(WIRE_VERSION_MIN), htole16(WIRE_VERSION_MAX), 0 };
	struct wire_head head = { .version = WIRE_VERSION_MIN, .type = WIRE_HELLO };
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	OWN_FD int sock = -1;
	int r;

	if (!scratch)
		return -ENOMEM;
	r = channel_open(path, timeout_ms, &sock);
	if (r == 0)
		r = channel_send(sock, &head, &hello, sizeof(hello), NULL, 0, 0);
	if (r < 0)
		return r;
	r = channel_recv(sock, scratch, 0, &msg);
	if (r <= 0)
		return r < 0 ? r : -ECONNRESET;
	r = channel_read_welcome(&msg, ret_welcome);
	if (r < 0)
		return r;
	*ret_sock = TAKE_FD(sock);
	return 0;
}

int channel_welcome(const struct message *hello, struct wire_welcome *ret)
{
	struct wire_hello wire;
	uint16_t low, high;

	if (hello->head.type != WIRE_HELLO || hello->head.body_bytes < sizeof(wire) || !hello->body)
		return -EBADMSG;
	memcpy(&wire, hello->body, sizeof(wire));
	low = le16toh(wire.version_min);
	high = le16toh(wire.version_max);
	if (low > high)
		return -EBADMSG;
	*ret = (struct wire_welcome){ .version_max = WIRE_VERSION_MAX,
				      .inline_max = WIRE_INLINE_MAX,
				      .body_max = WIRE_BODY_MAX,
				      .fds_max = WIRE_FDS_MAX };
	if (low > WIRE_VERSION_MAX || high < WIRE_VERSION_MIN)
		return -EPROTONOSUPPORT;
	ret->version = high < WIRE_VERSION_MAX ? high : WIRE_VERSION_MAX;
	return 0;
}

int channel_send_welcome(int sock, uint64_t id, const struct wire_welcome *welcome)
{
	struct wire_welcome wire = { htole16(welcome->version), htole16(welcome->version_max),
				     htole32(welcome->inline_max), htole32(welcome->body_max),
				     htole32(welcome->fds_max) };
	struct wire_head head = { .version = welcome->version, .type = WIRE_WELCOME, .id = id };

	return channel_send(sock, &head, &wire, sizeof(wire), NULL, 0, MSG_DONTWAIT);
}
