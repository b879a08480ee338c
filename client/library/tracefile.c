/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to take nothing for a file of tracefs that is none: two roots, then the very parts that
 * such a path has. What a client could not read it often takes for "there is none" and goes on with
 * less: so it is said, once.
 */
#include "client/library/tracefile.h"

#include "client/library/call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/raw.h"
#include "proto/trace.h"

#define TRACEFILE_NAME_MAX 160u
#define TRACEFILE_KALLSYMS "/proc/kallsyms"

struct tracefile {
	enum trace_file_kind what;
	char name[TRACEFILE_NAME_MAX]; /* "CATEGORY/EVENT"; "" */
};

static const char *const tracefile_roots[] = { "/sys/kernel/tracing/",
					       "/sys/kernel/debug/tracing/" };

static const char tracefile_not_shown[] =
	"it is root's, and bpfgate shows of tracefs only lists, and tracepoints that a rule names (\"attach\": {\"tracepoint\": ...})";

static const char *tracefile_below_root(const char *path)
{
	for (size_t i = 0; i < ARRAY_CNT(tracefile_roots); i++)
		if (strncmp(path, tracefile_roots[i], strlen(tracefile_roots[i])) == 0)
			return path + strlen(tracefile_roots[i]);
	return NULL;
}

/* "events/CATEGORY/EVENT/id" and "events/CATEGORY/EVENT/format" */
static bool tracefile_of_event(const char *below, struct tracefile *ret_file)
{
	char category[80], event[80], file[16];
	int end = 0;

	if (sscanf(below, "events/%79[^/]/%79[^/]/%15[^/]%n", category, event, file, &end) != 3 ||
	    below[end])
		return false;
	ret_file->what = strcmp(file, "id") == 0       ? TRACE_FILE_ID
			 : strcmp(file, "format") == 0 ? TRACE_FILE_FORMAT
						       : TRACE_FILE_NONE;
	return ret_file->what != TRACE_FILE_NONE &&
	       snprintf(ret_file->name, sizeof(ret_file->name), "%s/%s", category, event) <
		       (int)sizeof(ret_file->name);
}

static bool tracefile_of_path(const char *path, struct tracefile *ret_file)
{
	const char *below = tracefile_below_root(path);

	*ret_file = (struct tracefile){ .what = TRACE_FILE_NONE };
	if (strcmp(path, TRACEFILE_KALLSYMS) == 0)
		ret_file->what = TRACE_FILE_SYMBOLS;
	else if (!below)
		return false;
	else if (strcmp(below, "available_events") == 0)
		ret_file->what = TRACE_FILE_EVENTS;
	else if (strcmp(below, "available_filter_functions") == 0)
		ret_file->what = TRACE_FILE_FUNCTIONS;
	return ret_file->what != TRACE_FILE_NONE || tracefile_of_event(below, ret_file);
}

static int tracefile_open(const struct tracefile *file, struct call_outcome *outcome)
{
	const struct trace_open open = { .what = file->what,
					 .name = file->name[0] ? (uintptr_t)file->name : 0 };

	return call_bpf(CMD_TRACE_OPEN, &open, sizeof(open), outcome);
}

/* The kernel shows everybody the list, and zeroes for addresses to all but root. */
static bool tracefile_lacks_addresses(void)
{
	char first[16] = "";
	long fd = raw_syscall(__NR_openat, AT_FDCWD, (long)(uintptr_t)TRACEFILE_KALLSYMS,
			      O_RDONLY | O_CLOEXEC, 0, 0, 0);
	ssize_t n = fd < 0 ? 0 : read((int)fd, first, sizeof(first));

	if (fd >= 0)
		(void)close((int)fd);
	return n == (ssize_t)sizeof(first) && memcmp(first, "0000000000000000", sizeof(first)) == 0;
}

static void tracefile_complain(const char *path, int r, const struct call_outcome *outcome)
{
	static atomic_bool told[2];
	bool addresses = strcmp(path, TRACEFILE_KALLSYMS) == 0;
	const char *reason = outcome->reason[0] ? outcome->reason
			     : addresses	? "no rule shows them"
						: strerror(-r);

	/* What is not there is not there for root either. */
	if ((r == -ENOENT && !addresses) || atomic_exchange(&told[addresses], true))
		return;
	fprintf(stderr, "bpfgate: %s %s: %s\n", path,
		addresses ? "is shown without addresses, so kernel stacks have no names"
			  : "is not shown",
		reason);
}

/* Of r, what the kernel answered to an open for reading; ENOENT: tracefs is not mounted for this
 * process. */
static bool tracefile_sees_less(const struct tracefile *file, long r)
{
	if (file->what == TRACE_FILE_SYMBOLS)
		return r >= 0 && tracefile_lacks_addresses();
	return r == -EACCES || r == -EPERM || r == -ENOENT;
}

bool tracefile_concerns(const char *path)
{
	return tracefile_below_root(path) || strcmp(path, TRACEFILE_KALLSYMS) == 0;
}

int tracefile_instead(const char *path, bool opens, long r)
{
	struct call_outcome outcome = { 0 };
	struct tracefile file;
	int fd = -EACCES;

	if (!tracefile_concerns(path))
		return -1;
	if (tracefile_of_path(path, &file)) {
		if (!tracefile_sees_less(&file, r))
			return -1;
		fd = tracefile_open(&file, &outcome);
	} else if (!opens || (r != -EACCES && r != -EPERM)) {
		return -1;
	} else {
		snprintf(outcome.reason, sizeof(outcome.reason), "%s", tracefile_not_shown);
	}
	if (fd < 0)
		tracefile_complain(path, fd, &outcome);
	return fd < 0 ? -1 : fd;
}
