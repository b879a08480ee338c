/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for bpfgate-judge in tests of bpfgated: the real zygote and sandbox, judges without a verifier. */
#include <stdlib.h>
#include <string.h>

#include "proto/packet.h"
#include "worker/judge.h"
#include "worker/sandbox.h"
#include "worker/zygote.h"

static int serve_echo(void *arg, int channel, uint32_t parts)
{
	char byte;
	struct iovec part = { &byte, 1 };

	while (packet_recv(channel, &byte, 1, NULL, 0) == 1 && packet_send(channel, &part, 1, NULL, 0, 0) == 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct zygote_plan plan = { .spares = 1, .want = SANDBOX_ALL,
				    .given = sandbox_of_namespaces(strtoul(argc > 3 ? argv[3] : "0", NULL, 0)), .must = SANDBOX_CORE,
				    .serve = serve_echo };

	if (argc < 2 || strcmp(argv[1], "--zygote") != 0)
		return 1;
	return zygote_run(ZYGOTE_FD, &plan);
}
