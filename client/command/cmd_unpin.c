/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `bpfgate unpin`: removes pins by name. Promises to try each one and to say which could not be
 * removed; the daemon sees to it that they are the caller's.
 */
#include "client/shared/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client/bpfgate.h"
#include "client/shared/options.h"
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

static int unpin_take(void *ctx, enum option_id id, char *value)
{
	bool *anywhere = ctx;

	(void)id;
	(void)value;
	*anywhere = true;
	return 0;
}

int cmd_unpin(int argc, char **argv)
{
	bool anywhere = false;
	int code;

	if (!options_parse(VERB_UNPIN, argc, argv, unpin_take, &anywhere, &code))
		return code;
	if (optind == argc)
		return options_usage(VERB_UNPIN);
	code = EXIT_OK;
	for (int i = optind; i < argc; i++) {
		int one = unpin_one(argv[i], anywhere);

		code = one > code ? one : code;
	}
	return code;
}
