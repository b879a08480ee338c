/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for the broker in tests of bpfgated: hands its channel, the listening socket and the ledger to
 * the test over the abstract socket named by --puppet, and waits until the test lets go or kills it.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/privsep.h"
#include "proto/packet.h"

int main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fds[] = { CHANNEL_FD, LISTEN_FD, LEDGER_FD };
	pid_t self = getpid();
	struct iovec part = { &self, sizeof(self) };
	char byte;
	int sock;

	if (argc != 3 || strcmp(argv[1], "--puppet") != 0 || strlen(argv[2]) > 64)
		return EXIT_FAILURE;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	strcpy(to.sun_path + 1, argv[2]);
	if (sock < 0 || connect(sock, (struct sockaddr *)&to,
				(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					    strlen(argv[2]))) < 0)
		return EXIT_FAILURE;
	if (packet_send(sock, &part, 1, fds, 3, 0) < 0)
		return EXIT_FAILURE;
	while (read(sock, &byte, 1) > 0)
		;
	return EXIT_SUCCESS;
}
