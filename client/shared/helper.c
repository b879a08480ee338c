/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes the helper binaries of bpfgate(1). Promises to run only what lies in the installed directory, or
 * where the caller's own environment says (bpfgate is not set-user-id: that gives nobody anything).
 */
#include "client/shared/helper.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/shared/cmd.h"

int helper_exec(const char *name, char **argv)
{
	const char *dir = getenv("BPFGATE_LIBEXEC");
	char path[PATH_MAX];

	if (!dir || !*dir)
		dir = BPFGATE_LIBEXECDIR;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
		fprintf(stderr, "bpfgate: BPFGATE_LIBEXEC is too long\n");
		return EXIT_INTERNAL;
	}
	execv(path, argv);
	fprintf(stderr, "bpfgate: %s: %s\n", path, strerror(errno));
	return EXIT_INTERNAL;
}
