/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client puts into the queue of its connection whatever it likes, and who closes the last copy of
 * a socket closes what lies in its queue: a socket that lingers would make bpfgated sleep. A
 * process that ends does not linger. So a socket with anything in its queue is left to a child that
 * ends once our copy is closed. Only sockets and what never sleeps are expected here: the broker
 * passes nothing else on.
 */
#include "daemon/parent/letgo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool letgo_is_quick(int fd)
{
	socklen_t len = sizeof(int);
	int domain;
	char byte;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return true; /* no socket */
	/* At its end an empty queue looks like a message of no bytes: taken for one. */
	return domain == AF_UNIX && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}

/* Of all that bpfgated holds it keeps this one alive, and no other. */
static _Noreturn void letgo_hold(int fd, int turn)
{
	char byte;

	if (dup2(fd, STDIN_FILENO) < 0 || dup2(turn, STDOUT_FILENO) < 0)
		_exit(1);
	(void)close_range(STDERR_FILENO, ~0u, 0);
	(void)!read(STDOUT_FILENO, &byte, 1);
	_exit(0);
}

void letgo_fd(int take_fd)
{
	OWN_FD int fd = take_fd;
	int turn[2];
	pid_t pid;

	if (fd < 0 || letgo_is_quick(fd))
		return;
	if (pipe2(turn, O_CLOEXEC) < 0) {
		/* Rather a descriptor too many than a bpfgated that sleeps. */
		(void)TAKE_FD(fd);
		return;
	}
	pid = fork();
	if (pid == 0)
		letgo_hold(fd, turn[0]);
	if (pid < 0)
		(void)TAKE_FD(fd);
	own_close_fd(&fd);
	close(turn[0]);
	close(turn[1]); /* our copy is closed: its turn */
}

void letgo_fds(struct packet_fds *fds)
{
	for (uint32_t i = 0; i < fds->cnt; i++)
		letgo_fd(TAKE_FD(fds->fd[i]));
	fds->cnt = 0;
}
