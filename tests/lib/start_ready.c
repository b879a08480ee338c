/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start-ready TIMEOUT_MS LOG CMD [ARG]...: starts a daemon in a session of its own with a NOTIFY_SOCKET, waits
 * for READY=1, prints "PID SECONDS" and leaves it running. Exit 1 when it died or was not ready in time (its
 * log is shown). What tests use instead of sleeping.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* An abstract datagram socket; its name goes to NOTIFY_SOCKET. */
static int notify_socket(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char name[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int bytes = snprintf(name, sizeof(name), "@bpfgate-test-%d", getpid());

	if (fd < 0)
		return -errno;
	memcpy(addr.sun_path + 1, name + 1, (size_t)bytes - 1);
	if (bind(fd, (struct sockaddr *)&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)bytes)) < 0)
		return -errno;
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static pid_t spawn(const char *log, char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644), null = open("/dev/null", O_RDONLY);

		setsid();
		dup2(null, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		closefrom(3);
		execvp(argv[0], argv);
		fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	return pid;
}

static int died(pid_t pid, const char *log)
{
	char line[512];
	FILE *file = fopen(log, "r");

	fprintf(stderr, "start-ready: process %d is not ready; its log:\n", pid);
	while (file && fgets(line, sizeof(line), file))
		fputs(line, stderr);
	if (file)
		fclose(file);
	kill(pid, SIGKILL);
	return 1;
}

int main(int argc, char **argv)
{
	double start, end;
	pid_t pid;
	int fd, pidfd;

	if (argc < 4 || (fd = notify_socket()) < 0)
		return 2;
	start = now_s();
	end = start + atof(argv[1]) / 1e3;
	pid = spawn(argv[2], argv + 3);
	pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return 2;
	for (;;) {
		struct pollfd polls[] = { { fd, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
		int left = (int)((end - now_s()) * 1e3);
		char text[2048];
		ssize_t bytes;

		if (left <= 0 || poll(polls, 2, left) <= 0 || (polls[1].revents && !polls[0].revents))
			return died(pid, argv[2]);
		bytes = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
		if (bytes <= 0)
			continue;
		text[bytes] = '\0';
		if (strstr(text, "READY=1"))
			break;
	}
	printf("%d %.3f\n", pid, now_s() - start);
	return 0;
}
