/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate unpin`: removes pins by name. Promises to try each one and to say which could not be
 * removed; the daemon sees to it that they are the caller's.
 */
#include "client/shared/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/bpfgate.h"
#include "client/shared/out.h"

static int unpin_one(const char *path, bool anywhere)
{
	int r = anywhere ? bpfgate_control(BPFGATE_UNPIN, path, NULL) : bpfgate_unpin(path);

	if (r == 0)
		return EXIT_OK;
	fputs("bpfgate unpin: ", stderr);
	out_safe(stderr, path, false);
	fprintf(stderr, ": %s\n", strerror(-r));
	return r == -ENOENT || r == -ENOTUNIQ ? EXIT_INPUT : EXIT_DAEMON;
}

int cmd_unpin(int argc, char **argv)
{
	bool anywhere = argc > 1 && strcmp(argv[1], "--anywhere") == 0;
	int first = anywhere ? 2 : 1, code = EXIT_OK;

	if (argc <= first || argv[first][0] == '-') {
		fputs("usage: bpfgate unpin [--anywhere] PATH...\n", stderr);
		return EXIT_USAGE;
	}
	for (int i = first; i < argc; i++) {
		int one = unpin_one(argv[i], anywhere);

		code = one > code ? one : code;
	}
	return code;
}
