/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfgate capture: runs a command with the recorder preloaded. Promises the command's own exit code
 * and output; trusts that the command issues bpf(2) through libc, and says so when nothing came.
 */
#include <errno.h>
#include <getopt.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client/shared/cmd.h"
#include "client/shared/options.h"
#include "client/shared/out.h"
#include "proto/own.h"

#define EXIT_NOT_EXECUTABLE 126 /* as env(1) */
#define EXIT_NOT_FOUND	    127

struct capture_args {
	const char *dir, *prog;
};

static size_t count_bundles(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t cnt = 0;

	while (d && (entry = readdir(d))) {
		const char *dot = strrchr(entry->d_name, '.');

		cnt += dot && !strcmp(dot, ".bpfb");
	}
	if (d)
		(void)closedir(d);
	return cnt;
}

/* Ours comes first: a preloaded syscall() of somebody else's stays after it. */
static int set_environment(const char *dir, const char *prog)
{
	const char *lib_dir = getenv("BPFGATE_LIB"), *old = getenv("LD_PRELOAD");
	char path[PATH_MAX], real[PATH_MAX], list[2 * PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/libbpfgate-capture.so",
		       lib_dir && *lib_dir ? lib_dir : BPFGATE_LIBDIR);
	if (access(path, R_OK) < 0) {
		(void)fprintf(stderr, "bpfgate capture: %s: %s\n", path, strerror(errno));
		return -ENOENT;
	}
	if (!realpath(dir, real)) {
		(void)fprintf(stderr, "bpfgate capture: %s: %s\n", dir, strerror(errno));
		return -ENOENT;
	}
	(void)snprintf(list, sizeof(list), "%s%s%s", path, old && *old ? ":" : "", old ? old : "");
	if (setenv("LD_PRELOAD", list, 1) < 0 || setenv("BPFGATE_CAPTURE_DIR", real, 1) < 0 ||
	    (prog && setenv("BPFGATE_CAPTURE_PROG", prog, 1) < 0))
		return -ENOMEM;
	return 0;
}

static int run_command(const char *dir, const char *prog, char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return EXIT_INTERNAL;
	if (pid == 0) {
		if (set_environment(dir, prog) < 0)
			_exit(EXIT_INTERNAL);
		(void)execvp(argv[0], argv);
		(void)fprintf(stderr, "bpfgate capture: %s: %s\n", argv[0], strerror(errno));
		_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_INTERNAL;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int capture_take(void *ctx, enum option_id id, char *value)
{
	struct capture_args *args = ctx;

	if (id == OPT_OUT)
		args->dir = value;
	else
		args->prog = value;
	return 0;
}

int cmd_capture(int argc, char **argv)
{
	struct capture_args args = { .dir = "." };
	size_t before, after;
	int code;

	if (!options_parse(VERB_CAPTURE, argc, argv, capture_take, &args, &code))
		return code;
	if (optind == argc)
		return options_usage(VERB_CAPTURE);
	if (mkdir(args.dir, 0777) < 0 && errno != EEXIST) {
		(void)fprintf(stderr, "bpfgate capture: %s: %s\n", args.dir, strerror(errno));
		return EXIT_INPUT;
	}
	before = count_bundles(args.dir);
	code = run_command(args.dir, args.prog, argv + optind);
	after = count_bundles(args.dir);
	if (after > before)
		(void)fprintf(stderr, "bpfgate capture: %zu new bundles in %s\n", after - before,
			      args.dir);
	else
		(void)fprintf(stderr, "bpfgate capture: no new program; static and Go binaries, which "
				      "call the kernel past libc, cannot be recorded\n");
	return code;
}
