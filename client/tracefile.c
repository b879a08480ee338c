/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to take nothing for a file of tracefs that is none: two roots, then the very parts that
 * such a path has. What a client could not read it often takes for "there is none" and goes on with
 * less: so it is said, once.
 */
#include "client/tracefile.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "client/out.h"
#include "proto/own.h"

static const char *const tracefile_roots[] = { "/sys/kernel/tracing/",
					       "/sys/kernel/debug/tracing/" };

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

bool tracefile_of_path(const char *path, struct tracefile *ret_file)
{
	const char *below = tracefile_below_root(path);

	*ret_file = (struct tracefile){ .what = TRACE_FILE_NONE };
	if (!below)
		return false;
	if (strcmp(below, "available_events") == 0) {
		ret_file->what = TRACE_FILE_EVENTS;
		return true;
	}
	return tracefile_of_event(below, ret_file);
}

int tracefile_open(const struct tracefile *file, struct call_outcome *outcome)
{
	const struct trace_open open = { .what = file->what,
					 .name = file->name[0] ? (uintptr_t)file->name : 0 };

	return call_bpf(CMD_TRACE_OPEN, &open, sizeof(open), outcome);
}

void tracefile_complain(const char *path, int r, const struct call_outcome *outcome)
{
	static atomic_bool told;
	const char *reason = outcome->reason[0] ? outcome->reason : strerror(-r);

	/* What is not there is not there for root either. */
	if (r == -ENOENT || atomic_exchange(&told, true))
		return;
	fprintf(stderr, "bpfgate: %s is not shown: %s\n", path, reason);
}
