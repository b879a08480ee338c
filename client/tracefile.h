/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tracefs, which is root's: which of them the daemon shows, and having them shown. */
#ifndef BPFGATE_CLIENT_TRACEFILE_H
#define BPFGATE_CLIENT_TRACEFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "client/call.h"
#include "proto/trace.h"

#define TRACEFILE_NAME_MAX 160u

struct tracefile {
	enum trace_file_kind what;
	char name[TRACEFILE_NAME_MAX]; /* "CATEGORY/EVENT"; "" */
};

/* Whether this is the path of such a file, below either place where tracefs is mounted. */
bool tracefile_of_path(const char *path, struct tracefile *ret_file);

/* Asks the daemon. The file's descriptor, the caller's to close, at its beginning; or -errno, and
 * why in *outcome. */
int tracefile_open(const struct tracefile *file, struct call_outcome *outcome);

/*
 * After this process could not open a file for reading, or could (r >= 0): whether it saw less than
 * root does, of what tracing clients read. Says so on stderr as below.
 */
void tracefile_look_after(const char *path, long r);

/* Says on stderr, once in a process for tracefs and once for the kernel's addresses, that a file
 * cannot be shown, and why. */
void tracefile_complain(const char *path, int r, const struct call_outcome *outcome);

#endif
