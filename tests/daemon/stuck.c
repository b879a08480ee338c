/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest FUSE server that can be opened, and sockets that linger; see stuck.h. */
#include "tests/daemon/stuck.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/packet.h"

enum {
	STUCK_BUF = 1 << 17,
	STUCK_HELD_MAX = 256,
	STUCK_LINGER_S = 10,
};

/* ---- the server ---- */

struct server {
	int dev;
	const char *whom;
	uint64_t held[STUCK_HELD_MAX]; /* requests that are not answered yet */
	int *held_cnt;
	bool lets_go;
};

static void server_say(const struct server *server, uint64_t unique, int err, const void *bytes,
		       size_t cnt)
{
	struct fuse_out_header head = { (uint32_t)(sizeof(head) + cnt), -err, unique };
	struct iovec parts[2] = { { &head, sizeof(head) }, { (void *)(uintptr_t)bytes, cnt } };

	if (writev(server->dev, parts, cnt ? 2 : 1) < 0 && errno != ENOENT)
		_exit(1);
}

static bool server_is_theirs(const struct server *server, uint32_t pid)
{
	char path[32], name[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
	own_close_fd(&fd);
	if (n <= 0)
		return false;
	name[n] = '\0';
	return strncmp(name, server->whom, strlen(server->whom)) == 0;
}

static void server_flush(struct server *server, const struct fuse_in_header *in)
{
	if (server->lets_go || *server->held_cnt == STUCK_HELD_MAX ||
	    !server_is_theirs(server, in->pid))
		server_say(server, in->unique, 0, NULL, 0);
	else
		server->held[(*server->held_cnt)++] = in->unique;
}

static void server_attr(struct server *server, const struct fuse_in_header *in)
{
	struct fuse_attr_out out = { .attr_valid = 1000,
				     .attr = { .ino = 1, .mode = S_IFREG | 0666, .nlink = 1 } };

	server_say(server, in->unique, 0, &out, sizeof(out));
}

static void server_init(struct server *server, const struct fuse_in_header *in)
{
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096 };

	server_say(server, in->unique, 0, &out, sizeof(out));
}

static void server_answer(struct server *server, const struct fuse_in_header *in)
{
	struct fuse_open_out opened = { .open_flags = FOPEN_DIRECT_IO };

	if (in->opcode == FUSE_INIT)
		server_init(server, in);
	else if (in->opcode == FUSE_GETATTR)
		server_attr(server, in);
	else if (in->opcode == FUSE_OPEN)
		server_say(server, in->unique, 0, &opened, sizeof(opened));
	else if (in->opcode == FUSE_FLUSH)
		server_flush(server, in);
	else if (in->opcode == FUSE_RELEASE)
		server_say(server, in->unique, 0, NULL, 0);
	else if (in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET &&
		 in->opcode != FUSE_INTERRUPT)
		server_say(server, in->unique, ENOSYS, NULL, 0);
}

static void server_hear(struct server *server, char word)
{
	server->lets_go = word == 'g';
	for (int i = 0; server->lets_go && i < *server->held_cnt; i++)
		server_say(server, server->held[i], 0, NULL, 0);
	if (server->lets_go)
		*server->held_cnt = 0;
}

static _Noreturn void server_run(struct server *server, int word)
{
	static uint8_t buf[STUCK_BUF] __attribute__((aligned(8)));
	struct pollfd ready[2] = { { .fd = server->dev, .events = POLLIN },
				   { .fd = word, .events = POLLIN } };
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (poll(ready, 2, -1) > 0) {
		if (ready[0].revents && read(server->dev, buf, sizeof(buf)) > 0)
			server_answer(server, (const struct fuse_in_header *)buf);
		if (ready[1].revents && read(word, &byte, 1) != 1)
			break;
		if (ready[1].revents)
			server_hear(server, byte);
	}
	_exit(0);
}

/* ---- the test's side ---- */

static int stuck_mount(struct stuck *stuck)
{
	OWN_FD int dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];
	int file;

	if (dev < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	strcpy(stuck->path, "/tmp/bpfgate-stuck-XXXXXX");
	file = mkstemp(stuck->path);
	if (file < 0)
		return -1;
	close(file);
	snprintf(options, sizeof(options), "fd=%d,rootmode=100666,user_id=0,group_id=0,allow_other",
		 dev);
	if (mount("bpfgate-test", stuck->path, "fuse.test", MS_NOSUID | MS_NODEV, options) < 0)
		return -1;
	return TAKE_FD(dev);
}

bool stuck_start(struct stuck *stuck, const char *whom)
{
	struct server server = { .whom = whom };
	int words[2];

	*stuck = (struct stuck){ .fd = -1, .word = -1 };
	server.dev = stuck_mount(stuck);
	server.held_cnt = stuck->held_cnt =
		mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (server.dev < 0 || stuck->held_cnt == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, words) < 0)
		return false;
	stuck->server = fork();
	if (stuck->server == 0) {
		close(words[0]);
		server_run(&server, words[1]);
	}
	close(words[1]);
	close(server.dev);
	stuck->word = words[0];
	stuck->fd = open(stuck->path, O_RDWR | O_CLOEXEC);
	return stuck->fd >= 0;
}

void stuck_let_go(struct stuck *stuck)
{
	(void)send(stuck->word, "g", 1, MSG_NOSIGNAL);
}

void stuck_hold(struct stuck *stuck)
{
	(void)send(stuck->word, "h", 1, MSG_NOSIGNAL);
}

void stuck_done(struct stuck *stuck)
{
	own_close_fd(&stuck->fd);
	own_close_fd(&stuck->word);
	if (stuck->server > 0)
		(void)waitpid(stuck->server, NULL, 0);
	if (stuck->path[0]) {
		(void)umount2(stuck->path, MNT_DETACH);
		(void)unlink(stuck->path);
	}
}

/* ---- sockets ---- */

static int stuck_connect(int *ret_peer)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	OWN_FD int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	OWN_FD int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0 || sock < 0 || bind(listener, (struct sockaddr *)&addr, len) < 0 ||
	    listen(listener, 1) < 0 || getsockname(listener, (struct sockaddr *)&addr, &len) < 0 ||
	    connect(sock, (struct sockaddr *)&addr, len) < 0)
		return -1;
	*ret_peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return *ret_peer < 0 ? -1 : TAKE_FD(sock);
}

int stuck_socket(int *ret_peer)
{
	static const uint8_t bytes[1 << 16];
	struct linger linger = { .l_onoff = 1, .l_linger = STUCK_LINGER_S };
	OWN_FD int sock = stuck_connect(ret_peer);

	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0)
		return -1;
	while (send(sock, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	return TAKE_FD(sock);
}

int stuck_nest(int take_fd)
{
	OWN_FD int fd = take_fd;
	struct iovec part = { (void *)"", 1 };
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	r = packet_send(pair[1], &part, 1, &fd, 1, 0);
	close(pair[1]);
	if (r == 0)
		return pair[0];
	close(pair[0]);
	return -1;
}
